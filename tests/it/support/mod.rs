//! Helpers shared by the integration tests; fake servers are in the testkit.

pub(crate) mod fault_case;
pub(crate) mod fault_client;
