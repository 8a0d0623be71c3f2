//! [`Secret`]: text that no message, log or `Debug` output ever shows, and that is overwritten when it is dropped.

use std::fmt;

use zeroize::Zeroizing;

/// A password, token or private key. Its memory is overwritten when it is dropped; so is that of every copy.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub(crate) fn new(text: &str) -> Secret {
        // The memory is allocated once and exactly: a string that grows would leave copies that are not overwritten.
        Secret(Zeroizing::new(text.to_owned()))
    }

    /// Returns the text. Overwriting copies of it is up to the caller.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Copies the text. Overwriting the original is up to the caller.
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
