//! Fakes and helpers shared by the integration tests.

pub(crate) mod certs;
pub(crate) mod fault_case;
pub(crate) mod fault_client;
pub(crate) mod fault_server;
pub(crate) mod haproxy;
pub(crate) mod lossy;
pub(crate) mod questdb;
pub(crate) mod raw_tls;
