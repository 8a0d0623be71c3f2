//! The two senders behind one face.

use questdb::ingress as q;
use questdb_ingress as ours;

use crate::encoders::{Ours, Theirs, VAL};
use crate::shapes::{Encoder, Names, ROWS, S1, Shape};

/// A sender with a buffer for rows of shape s1, protocol version 2, names checked beforehand.
pub trait Client {
    /// Appends rows `0..count` of the endless repetition.
    fn rows(&mut self, count: usize);
    fn flush(&mut self);
    fn flush_and_keep(&mut self);
    fn clear(&mut self);
    fn buffered(&self) -> usize;
}

pub const NAMES: [&str; 2] = ["ours", "official"];

/// Opens `NAMES[which]`.
pub fn open(which: usize, conf: &str) -> Box<dyn Client> {
    let names = Names::new(S1::TABLE, S1::COLUMNS);
    let rows = S1::rows();
    if which == 0 {
        let sender = ours::Sender::from_conf(conf).expect("the sink is there");
        Box::new(Both { sender, buffer: Ours::<true>::new(2), names, rows })
    } else {
        let sender = q::Sender::from_conf(conf).expect("the sink is there");
        Box::new(Both { sender, buffer: Theirs::<VAL>::new(2), names, rows })
    }
}

/// Opens and closes, and nothing else.
pub fn only_open(which: usize, conf: &str) {
    if which == 0 {
        drop(ours::Sender::from_conf(conf).expect("the sink is there"));
    } else {
        drop(q::Sender::from_conf(conf).expect("the sink is there"));
    }
}

struct Both<S, E> {
    sender: S,
    buffer: E,
    names: Names,
    rows: &'static [S1],
}

impl<S, E: Encoder> Both<S, E> {
    fn write(&mut self, mut count: usize) {
        while count > 0 {
            let some = count.min(ROWS);
            for row in &self.rows[..some] {
                if let Err(e) = row.write(&mut self.buffer, &self.names) {
                    panic!("{e}");
                }
            }
            count -= some;
        }
    }
}

macro_rules! client {
    ($sender:ty, $buffer:ty) => {
        impl Client for Both<$sender, $buffer> {
            fn rows(&mut self, count: usize) {
                self.write(count);
            }

            fn flush(&mut self) {
                self.sender.flush(&mut self.buffer.0).expect("the sink takes everything");
            }

            fn flush_and_keep(&mut self) {
                self.sender.flush_and_keep(&self.buffer.0).expect("the sink takes everything");
            }

            fn clear(&mut self) {
                self.buffer.clear();
            }

            fn buffered(&self) -> usize {
                self.buffer.bytes().len()
            }
        }
    };
}

client!(ours::Sender, Ours<true>);
client!(q::Sender, Theirs<VAL>);
