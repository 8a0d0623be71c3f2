//! Reads the only environment variable that this library uses.
#![expect(clippy::disallowed_methods, reason = "the owner of the environment variable")]

use std::env::{self, VarError};

use zeroize::Zeroizing;

use crate::error::{Result, err};

const NAME: &str = "QDB_CLIENT_CONF";

/// Returns the connection string in the environment. It may hold secrets, so it is overwritten when it is dropped.
pub(super) fn client_conf() -> Result<Zeroizing<String>> {
    match env::var(NAME) {
        Ok(mut conf) => {
            // Files and templates from which variables are filled often end with a line end.
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
