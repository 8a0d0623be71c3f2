//! The senders that are compared, behind one trait.

use std::fmt;
use std::str::FromStr;

use questdb::ingress as q;
use questdb_ingress as ours;

use super::bare::Bare;
use crate::encoders::{ALL, Ours, Theirs, VAL};
use crate::prepared::Columns;
use crate::shapes::{Encoder, Names, ROWS, S1, S2, S3, S4, S5, S6, S7, Shape};
use crate::variant::{Emptied, Variant};

/// A sender, and how it is given rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Our sender: names are checked before, one call per cell.
    Ours,
    /// The official client: names are checked before and values in the call, one call per cell.
    Official,
    /// Rows that were encoded before, one blocking call to send them, and one to receive the answer. This is what the kernel
    /// and the sink cost.
    Bare,
    /// Our sender: many rows with one call; symbols come as codes of a dictionary.
    Columns,
    /// Our sender: names as text, which are checked in each call.
    OursText,
    /// The official client: names as text, which are checked in each call.
    OfficialText,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Who::Ours => "ours",
            Who::Official => "official",
            Who::Bare => "bare",
            Who::Columns => "columns",
            Who::OursText => "ours-text",
            Who::OfficialText => "official-text",
        })
    }
}

impl FromStr for Who {
    type Err = String;

    fn from_str(name: &str) -> Result<Who, String> {
        use Who::{Bare, Columns, Official, OfficialText, Ours, OursText};
        [Ours, Official, Bare, Columns, OursText, OfficialText]
            .into_iter()
            .find(|who| who.to_string() == name)
            .ok_or_else(|| format!("nobody is called {name}"))
    }
}

/// A sender with a buffer for rows of one shape.
pub trait Client {
    /// Appends `count` rows to an empty buffer; after the last different row the first one follows again.
    fn rows(&mut self, count: usize);
    fn flush(&mut self);
    fn flush_and_keep(&mut self);
    fn clear(&mut self);
    fn buffered(&self) -> usize;
}

/// Opens a sender for rows of `shape`, such as "s1"; `conf` must say the protocol version.
pub fn open(who: Who, shape: &str, conf: &str) -> Box<dyn Client> {
    match shape {
        "s1" => open_for::<S1>(who, conf),
        "s2" => open_for::<S2>(who, conf),
        "s3" => open_for::<S3>(who, conf),
        "s4" => open_for::<S4>(who, conf),
        "s5" => open_for::<S5>(who, conf),
        "s6" => open_for::<S6>(who, conf),
        "s7" => open_for::<S7>(who, conf),
        _ => panic!("there is no shape {shape}"),
    }
}

fn open_for<S: Shape>(who: Who, conf: &str) -> Box<dyn Client> {
    let version = match setting(conf, "protocol_version") {
        Some("1") => 1,
        Some("2") => 2,
        Some("3") => 3,
        other => panic!("protocol_version={other:?}"),
    };
    let rows = Rows { names: Names::new(S::TABLE, S::COLUMNS), rows: S::rows() };
    let sender = || ours::Sender::from_conf(conf).expect("the sink is there");
    let official = || q::Sender::from_conf(conf).expect("the sink is there");
    match who {
        Who::Ours => Box::new(Both { sender: sender(), buffer: Ours::<true>::new(version), rows }),
        Who::Columns => {
            Box::new(ByColumns { sender: sender(), columns: Columns::new(version, rows.rows) })
        }
        Who::OursText => {
            Box::new(Both { sender: sender(), buffer: Ours::<false>::new(version), rows })
        }
        Who::Official => {
            Box::new(Both { sender: official(), buffer: Theirs::<VAL>::new(version), rows })
        }
        Who::OfficialText => {
            Box::new(Both { sender: official(), buffer: Theirs::<ALL>::new(version), rows })
        }
        Who::Bare => {
            let bare = Bare::connect(conf).expect("the sink is there");
            Box::new(Premade { bare, buffer: Ours::<true>::new(version), rows, made: 0 })
        }
    }
}

/// Opens a sender and closes it, and does nothing else. Without a protocol version, it asks for `/settings`.
pub fn only_open(who: Who, conf: &str) {
    match who {
        Who::Ours | Who::OursText | Who::Columns => {
            drop(ours::Sender::from_conf(conf).expect("the sink is there"));
        }
        Who::Official | Who::OfficialText => {
            drop(q::Sender::from_conf(conf).expect("the sink is there"));
        }
        Who::Bare => Bare::connect(conf).and_then(|mut bare| bare.settings()).expect("an answer"),
    }
}

/// Returns a value of a connection string.
pub(super) fn setting<'a>(conf: &'a str, key: &str) -> Option<&'a str> {
    let (_, pairs) = conf.split_once("::")?;
    pairs.split(';').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='))
}

struct Rows<S: 'static> {
    names: Names,
    rows: &'static [S],
}

impl<S: Shape> Rows<S> {
    fn write<E: Encoder>(&self, buffer: &mut E, mut count: usize) {
        while count > 0 {
            let some = count.min(ROWS);
            for row in &self.rows[..some] {
                if let Err(e) = row.write(buffer, &self.names) {
                    panic!("{e}");
                }
            }
            count -= some;
        }
    }
}

struct Both<S: 'static, Sender, Buffer> {
    sender: Sender,
    buffer: Buffer,
    rows: Rows<S>,
}

macro_rules! client {
    ($sender:ty, $buffer:ty) => {
        impl<S: Shape> Client for Both<S, $sender, $buffer> {
            fn rows(&mut self, count: usize) {
                self.rows.write(&mut self.buffer, count);
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
client!(ours::Sender, Ours<false>);
client!(q::Sender, Theirs<VAL>);
client!(q::Sender, Theirs<ALL>);

struct ByColumns {
    sender: ours::Sender,
    columns: Columns,
}

impl Client for ByColumns {
    fn rows(&mut self, count: usize) {
        self.columns.run(count, Emptied::Cleared(count));
    }

    fn flush(&mut self) {
        self.sender.flush(self.columns.buffer_mut()).expect("the sink takes everything");
    }

    fn flush_and_keep(&mut self) {
        self.sender.flush_and_keep(self.columns.buffer_mut()).expect("the sink takes everything");
    }

    fn clear(&mut self) {
        self.columns.buffer_mut().clear();
    }

    fn buffered(&self) -> usize {
        self.columns.buffer().len()
    }
}

struct Premade<S: 'static> {
    bare: Bare,
    buffer: Ours<true>,
    rows: Rows<S>,
    made: usize,
}

impl<S: Shape> Client for Premade<S> {
    fn rows(&mut self, count: usize) {
        if self.made != count {
            self.clear();
            self.rows.write(&mut self.buffer, count);
            self.made = count;
        }
    }

    fn flush(&mut self) {
        self.flush_and_keep();
    }

    fn flush_and_keep(&mut self) {
        self.bare.send(self.buffer.bytes()).expect("the sink takes everything");
    }

    fn clear(&mut self) {
        self.buffer.clear();
        self.made = 0;
    }

    fn buffered(&self) -> usize {
        self.buffer.bytes().len()
    }
}
