//! The sweep: rows that differ in one property at a time, written in every way, next to the official client. One friendly
//! shape of row hides what a neighbour of it costs; the sweep finds the neighbours.

pub mod axes;
pub mod calls;
pub mod in_c;
pub mod plot;
pub mod rows;
pub mod whole;

use std::ops::Range;

use self::calls::{Calls, Ours, Theirs};
use self::in_c::{Foreign, InC, Way};
use self::rows::Rows;
use self::whole::{ByColumns, ByRows};
use crate::clock::thread_cpu_ns;
use crate::variant::{Emptied, Variant};

/// A way to write rows.
pub trait Writer {
    /// Does what is done once for all rows.
    fn prepare(&mut self) {}
    /// Appends these rows.
    fn write(&mut self, rows: Range<usize>);
    fn clear(&mut self);
    /// Takes a new buffer.
    fn renew(&mut self);
    fn bytes(&self) -> Vec<u8>;
}

/// What a way of ours is compared with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// It is the official client.
    Itself,
    /// The official client that checks every name in the loop.
    Names,
    /// The official client with names that were checked before.
    Values,
}

/// Names the ways in the order of [`writers`].
pub const WAYS: [(&str, Against); 10] = [
    ("official text", Against::Itself),
    ("official checked", Against::Itself),
    ("Rust text", Against::Names),
    ("Rust checked", Against::Values),
    ("Rust prepared", Against::Values),
    ("Rust columns", Against::Values),
    ("C text", Against::Names),
    ("C checked", Against::Values),
    ("C prepared", Against::Values),
    ("C columns", Against::Values),
];

/// Returns all ways to write these rows.
pub fn writers<'r>(rows: &'r Rows, foreign: &'r Foreign<'r>) -> Vec<Box<dyn Writer + 'r>> {
    vec![
        Box::new(ByCalls { calls: Theirs::<true>::new(rows), rows }),
        Box::new(ByCalls { calls: Theirs::<false>::new(rows), rows }),
        Box::new(ByCalls { calls: Ours::<false>::new(rows), rows }),
        Box::new(ByCalls { calls: Ours::<true>::new(rows), rows }),
        Box::new(ByRows::new(rows)),
        Box::new(ByColumns::new(rows)),
        Box::new(InC::new(rows, foreign, Way::Text)),
        Box::new(InC::new(rows, foreign, Way::Checked)),
        Box::new(InC::new(rows, foreign, Way::Prepared)),
        Box::new(InC::new(rows, foreign, Way::Columns)),
    ]
}

/// One call for each value.
struct ByCalls<'r, C> {
    calls: C,
    rows: &'r Rows,
}

impl<C: Calls> Writer for ByCalls<'_, C> {
    #[inline(never)]
    fn write(&mut self, rows: Range<usize>) {
        for row in rows {
            if let Err(e) = calls::row(&mut self.calls, self.rows, row) {
                panic!("row {row}: {e}");
            }
        }
    }

    fn clear(&mut self) {
        self.calls.clear();
    }

    fn renew(&mut self) {
        self.calls.renew();
    }

    fn bytes(&self) -> Vec<u8> {
        self.calls.bytes().to_vec()
    }
}

/// Writes all rows once, in batches.
fn pass(writer: &mut dyn Writer, rows: &Rows) {
    writer.prepare();
    for start in (0..rows.at.len()).step_by(rows.batch) {
        if rows.renewed {
            writer.renew()
        } else {
            writer.clear()
        }
        writer.write(start..rows.at.len().min(start + rows.batch));
    }
}

/// The cost of each way, in nanoseconds per row, and the bytes of a row.
pub struct Costs {
    pub ns: Vec<f64>,
    pub bytes: usize,
}

/// Measures all ways in turns, for about `budget` nanoseconds; the shortest time of each counts.
///
/// # Panics
/// If two ways write different bytes.
pub fn measure(rows: &Rows, budget: u64) -> Costs {
    let foreign = Foreign::new(rows);
    let mut writers = writers(rows, &foreign);
    let checked = rows.at.len().min(rows.batch);
    let mut expected = Vec::new();
    for (writer, (name, _)) in writers.iter_mut().zip(WAYS) {
        writer.prepare();
        writer.clear();
        writer.write(0..checked);
        let bytes = writer.bytes();
        if expected.is_empty() {
            expected = bytes;
        } else {
            let at = expected.iter().zip(&bytes).take_while(|(a, b)| a == b).count();
            assert!(expected == bytes, "{name} differs at byte {at}");
        }
    }
    let mut ns = vec![f64::MAX; writers.len()];
    let (mut spent, mut passes) = (0, 0);
    while spent < budget || passes < 3 {
        for (writer, ns) in writers.iter_mut().zip(&mut ns) {
            let start = thread_cpu_ns();
            pass(&mut **writer, rows);
            let time = thread_cpu_ns() - start;
            *ns = ns.min(time as f64 / rows.at.len() as f64);
            spent += time;
        }
        passes += 1;
    }
    Costs { ns, bytes: expected.len() / checked }
}

/// One way to write the rows of a sweep, as a line of a ledger.
pub struct Swept {
    rows: &'static Rows,
    writer: Box<dyn Writer>,
    at: usize,
}

impl Swept {
    /// Takes the way with this name.
    pub fn new(rows: &'static Rows, way: &str) -> Swept {
        let foreign: &'static Foreign<'static> = Box::leak(Box::new(Foreign::new(rows)));
        let place = WAYS.iter().position(|(name, _)| *name == way).expect("the name of a way");
        let mut writer = writers(rows, foreign).swap_remove(place);
        writer.prepare();
        Swept { rows, writer, at: 0 }
    }
}

impl Variant for Swept {
    fn run(&mut self, mut rows: usize, _: Emptied) {
        while rows > 0 {
            let some = rows.min(self.rows.batch).min(self.rows.at.len() - self.at);
            self.writer.clear();
            self.writer.write(self.at..self.at + some);
            self.at = (self.at + some) % self.rows.at.len();
            rows -= some;
        }
    }

    fn output(&mut self) -> Vec<u8> {
        self.writer.clear();
        self.writer.write(0..self.rows.at.len());
        self.writer.bytes()
    }
}
