//! Configuration: from keys and values to checked options.

pub(crate) mod options;
