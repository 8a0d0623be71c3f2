//! What the fuzz targets share: how they read their input, and what they ask of every error.

pub mod arrow;
pub mod cells;
pub mod checks;
pub mod conf;
pub mod handles;
pub mod input;
pub mod memory;
pub mod pieces;
pub mod prepared;

pub use input::Input;
