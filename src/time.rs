//! Timestamp types; the only reader of the wall clock.
