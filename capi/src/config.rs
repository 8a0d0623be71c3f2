//! `questdb_config_*`: options for a sender, from a connection string or set one by one.
#![expect(unsafe_code, reason = "exports functions")]

use std::ffi::c_char;
use std::ptr;

use crate::guard::{Failed, Handle, State, guard, guard_drop, guard_free};
use crate::text::{checked, put, required};
use client::Config;
use client::Result;

/// Options for a sender.
///
/// Threads: may move between threads; used by one at a time.
#[derive(Debug)]
pub struct questdb_config {
    state: State,
    pub(crate) config: Config,
}

impl Handle for questdb_config {
    const NAME: &'static str = "questdb_config";

    fn state(&mut self) -> &mut State {
        &mut self.state
    }
}

unsafe fn make(out: *mut *mut questdb_config, config: impl FnOnce() -> Result<Config>) -> Failed {
    put(out, ptr::null_mut());
    guard_free(|| {
        required(out, "config")?;
        put(out, Box::into_raw(Box::new(questdb_config { state: State::Fine, config: config()? })));
        Ok(())
    })
}

/// Makes an empty configuration. Before it can be used, `protocol` and `addr` must be set.
///
/// Ownership: `*config` is yours until `questdb_config_free`; NULL after an error.
/// Errors: INVALID_ARGUMENT.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_config_new(config: *mut *mut questdb_config) -> Failed {
    make(config, || Ok(Config::new()))
}

/// Makes a configuration from a connection string such as `http::addr=localhost:9000;`.
///
/// Ownership: `*config` is yours until `questdb_config_free`; NULL after an error.
/// Errors: CONFIG, with the position and the key; INVALID_UTF8; INVALID_ARGUMENT.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_config_from_conf(
    conf: *const c_char,
    conf_len: usize,
    config: *mut *mut questdb_config,
) -> Failed {
    make(config, || Config::from_conf(checked(conf, conf_len, "connection string")?))
}

/// Makes a configuration from the connection string in the environment variable `QDB_CLIENT_CONF`.
///
/// Ownership: `*config` is yours until `questdb_config_free`; NULL after an error.
/// Errors: CONFIG, also when the variable is not set; INVALID_ARGUMENT.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_config_from_env(config: *mut *mut questdb_config) -> Failed {
    make(config, Config::from_env)
}

/// Copies a configuration, including its secrets. `config` does not change, and each copy is freed separately.
///
/// Ownership: `*copy` is yours until `questdb_config_free`; NULL after an error.
/// Errors: INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_config_clone(
    config: Option<&mut questdb_config>,
    copy: *mut *mut questdb_config,
) -> Failed {
    put(copy, ptr::null_mut());
    guard(config, |c| {
        required(copy, "copy")?;
        let config = c.config.clone();
        put(copy, Box::into_raw(Box::new(questdb_config { state: State::Fine, config })));
        Ok(())
    })
}

/// Sets one option and replaces an earlier value. Keys and values are those of the connection string; the key `protocol` sets
/// what stands before `::` there.
///
/// Errors: CONFIG, with the key, the value and the range, and the configuration stays as it was; INVALID_UTF8;
/// INVALID_ARGUMENT.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_config_set(
    config: Option<&mut questdb_config>,
    key: *const c_char,
    key_len: usize,
    value: *const c_char,
    value_len: usize,
) -> Failed {
    guard(config, |c| {
        c.config.set(checked(key, key_len, "key")?, checked(value, value_len, "value")?)
    })
}

/// Checks that all options fit together. Making a sender makes the same check.
///
/// Errors: CONFIG; INVALID_ARGUMENT.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_config_validate(config: Option<&mut questdb_config>) -> Failed {
    guard(config, |c| c.config.validate().map(drop))
}

/// Frees a configuration. NULL is fine.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_config_free(config: Option<Box<questdb_config>>) {
    guard_drop(config);
}
