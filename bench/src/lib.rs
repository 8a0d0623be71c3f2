//! What the benchmarks share: the row shapes, ways to encode them (ours and the official client's), clocks, and flushing.

// This links the exported functions, which the C code of bench/c calls by their symbols.
use questdb_ingress_capi as _;

pub mod artifact;
pub mod c;
pub mod clock;
pub mod encoders;
pub mod flush;
pub mod ledger;
pub mod official;
pub mod prepared;
pub mod receive;
pub mod shapes;
pub mod sweep;
pub mod variant;
