//! Flushes over loopback to a sink process: what is measured, and how.

pub mod bare;
pub mod check;
pub mod children;
pub mod clients;
pub mod instructions;
pub mod latency;
pub mod opening;
pub mod rates;
pub mod report;
pub mod sink;
pub mod system_calls;
