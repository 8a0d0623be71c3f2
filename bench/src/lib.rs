//! What the benchmarks share: the row shapes, ways to encode them (ours and the official client's), clocks.

pub mod c;
pub mod clients;
pub mod clock;
pub mod encoders;
pub mod prepared;
pub mod shapes;
pub mod sink;
pub mod variant;
