//! Fakes and helpers shared by the integration tests.

pub(crate) mod questdb;
