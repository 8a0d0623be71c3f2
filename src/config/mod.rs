//! (under construction)
/// Configuration.
#[derive(Debug, Clone)]
pub struct Config;
