//! [`Secret`]: text that no message, log or `Debug` ever shows, and that is overwritten when it is dropped.

use std::fmt;

use zeroize::Zeroizing;

/// A password, token or private key. Overwritten in memory when dropped; every copy is wiped by itself.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub(crate) fn new(text: &str) -> Secret {
        // One exact allocation: a growing string would leave unwiped copies behind.
        Secret(Zeroizing::new(text.to_owned()))
    }

    /// The text itself. Copies made of it are the caller's to wipe.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Copies the text; the original is the caller's to wipe.
impl From<&str> for Secret {
    fn from(text: &str) -> Secret {
        Secret::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
