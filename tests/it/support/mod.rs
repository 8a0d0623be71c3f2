//! Fakes and helpers shared by the integration tests.

pub(crate) mod haproxy;
pub(crate) mod lossy;
pub(crate) mod questdb;
