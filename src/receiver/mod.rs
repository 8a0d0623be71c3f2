//! The embedded ILP receiver.
