//! The one environment variable that this library reads.
#![expect(clippy::disallowed_methods, reason = "the owner of the environment variable")]

use std::env::{self, VarError};

use zeroize::Zeroizing;

use crate::error::{Result, err};

const NAME: &str = "QDB_CLIENT_CONF";

/// The connection string in the environment; wiped when dropped, as it may hold secrets.
pub(super) fn client_conf() -> Result<Zeroizing<String>> {
    match env::var(NAME) {
        Ok(mut conf) => {
            // Files and templates that variables are filled from end with a line end.
            conf.truncate(conf.trim_end_matches(['\r', '\n']).len());
            Ok(Zeroizing::new(conf))
        }
        Err(VarError::NotPresent) => {
            Err(err!(Config, "the environment variable {NAME} is not set"))
        }
        Err(VarError::NotUnicode(_)) => {
            Err(err!(Config, "the environment variable {NAME} is not valid UTF-8"))
        }
    }
}
