//! Lines through a session of the receiver, without sockets.

use questdb_receiver::internal::SocketlessTcp;

use crate::encoders::Ours;
use crate::shapes::{ROWS, S1, S2, S3, S5, S6, S7, Shape};
use crate::variant::{Emptied, InRust, Variant};

/// As much as one read gives when a lot has arrived.
pub const PIECE: usize = 64 << 10;

/// The lines of one shape, in one protocol version.
pub struct Lines {
    pub name: String,
    /// The lines of [`ROWS`] different rows.
    pub bytes: Vec<u8>,
}

/// Returns lines of every shape that is measured.
pub fn all_lines() -> Vec<Lines> {
    vec![
        lines::<S1>(1),
        lines::<S1>(2),
        lines::<S2>(1),
        lines::<S2>(2),
        lines::<S3>(1),
        lines::<S5>(2),
        lines::<S6>(1),
        lines::<S7>(3),
    ]
}

fn lines<S: Shape>(version: u8) -> Lines {
    let bytes = InRust::new(Ours::<false>::new(version), S::rows()).output();
    Lines { name: format!("{}-v{version}", S::NAME), bytes }
}

/// A session that reads lines of one shape.
pub struct Received {
    session: SocketlessTcp,
    bytes: Vec<u8>,
}

impl Received {
    /// With `parser_only` no line takes the fast way.
    pub fn new(lines: &Lines, parser_only: bool) -> Received {
        let session = SocketlessTcp::new(parser_only).expect("a session");
        Received { session, bytes: lines.bytes.clone() }
    }
}

impl Variant for Received {
    /// Reads about that many rows: all different ones over and over.
    fn run(&mut self, rows: usize, _: Emptied) {
        let before = self.session.rows();
        for _ in 0..rows.div_ceil(ROWS) {
            for piece in self.bytes.chunks(PIECE) {
                let open = self.session.feed(piece);
                assert!(open, "{:?}", self.session.last_refusal());
            }
        }
        self.session.commit();
        assert_eq!(self.session.rows() - before, rows.next_multiple_of(ROWS) as u64);
        self.session.clear();
    }

    fn output(&mut self) -> Vec<u8> {
        self.bytes.clone()
    }
}
