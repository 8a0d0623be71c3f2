//! Names and values of every kind go through our encoder and back through the receiver's parser, which shares no code with
//! it. Whatever is accepted arrives unchanged, in exactly one row; the rest is a typed error that leaves no trace.

use std::time::Instant;

use fastrand::Rng;
use questdb_ingress::{Buffer, ErrorCode, ProtocolVersion};
use questdb_ingress_testkit::row_model::{At, Seen, SeenRow, parse};
use questdb_receiver::line::{Stamp, TimeUnit};

/// How many random names and values; `QUESTDB_ROUND_TRIP_VALUES` changes it.
const DEFAULT_COUNT: u64 = 200_000;

/// Returns how many names and values a row has.
fn names_and_values(row: &SeenRow) -> u64 {
    2 + 2 * (row.symbols.len() + row.fields.len()) as u64
}

/// The places in a row at which a character can stand.
const PLACES: [&str; 5] = ["table", "symbol name", "symbol value", "column name", "string value"];

fn with_text(place: &str, text: &str, version: ProtocolVersion) -> SeenRow {
    let or = |name: &str, plain: &str| if place == name { text } else { plain }.as_bytes().to_vec();
    SeenRow {
        table: or("table", "t"),
        symbols: vec![(or("symbol name", "s"), or("symbol value", "v"))],
        fields: vec![
            (or("column name", "c"), Seen::Text(or("string value", "x"))),
            ("last".into(), Seen::Long(1)),
        ],
        stamp: At::Nanos(1).seen(version).unwrap(),
    }
}

/// No injection is possible: every character up to U+2FFF, and special ones beyond, is tried at every place of a row, alone,
/// first, in the middle and last.
#[test]
fn no_character_makes_another_row() {
    let odd =
        "\u{feff}\u{fffd}\u{fffe}\u{ffff}\u{d7ff}\u{e000}\u{10000}\u{1f600}\u{e0001}\u{10ffff}";
    let characters = (0..0x3000).filter_map(char::from_u32).chain(odd.chars());
    let (mut rows, mut refused) = (0, 0);
    for character in characters {
        for place in PLACES {
            for text in [
                format!("{character}"),
                format!("{character}b"),
                format!("a{character}b"),
                format!("a{character}"),
                format!("a{character}{character} x=1 2\u{a}t"),
            ] {
                for version in [ProtocolVersion::V1, ProtocolVersion::V2] {
                    let mut buffer = Buffer::new(version);
                    let row = with_text(place, &text, version);
                    if let Err(e) = row.append(&mut buffer) {
                        let name = place.contains("name") || place == "table";
                        let wanted =
                            if name { ErrorCode::InvalidName } else { ErrorCode::InvalidArgument };
                        assert_eq!(e.code(), wanted, "{place} {text:?}: {e}");
                        assert!(name || (place == "symbol value" && character == '\0'), "{e}");
                        assert!(!e.message().chars().any(char::is_control), "{e:?}");
                        assert!(buffer.is_empty(), "{place} {text:?}");
                        refused += 1;
                        continue;
                    }
                    assert_eq!(parse(buffer.peek()), [row], "{place} {text:?}");
                    rows += 1;
                }
            }
        }
    }
    println!("Injection: {rows} rows arrived as they were, {refused} were refused, 0 mismatches");
    assert!(rows > 400_000 && refused > 1000, "{rows} {refused}");
}

/// Makes random rows, and prefers what is difficult.
struct Maker(Rng);

impl Maker {
    fn character(&mut self, hard: &str) -> char {
        match self.0.u8(0..8) {
            0..=3 => self.0.lowercase(),
            4..=5 => hard.chars().nth(self.0.usize(..hard.chars().count())).unwrap(),
            6 => self.0.char('\u{80}'..'\u{3000}'),
            _ => self.0.char(..),
        }
    }

    fn text(&mut self, hard: &str) -> String {
        // Some texts are long enough for code that processes many bytes at once.
        let len = if self.0.u8(0..8) == 0 { self.0.usize(16..80) } else { self.0.usize(0..12) };
        (0..len).map(|_| self.character(hard)).collect()
    }

    /// Returns a name, which is mostly allowed.
    fn name(&mut self) -> String {
        let hard = if self.0.u8(0..64) == 0 { "\n.?\u{feff}" } else { " =_\u{1f}" };
        let mut name = self.text(hard);
        while name.len() > 120 {
            name.pop();
        }
        if name.is_empty() { "n".into() } else { name }
    }

    /// Returns text without NUL, which a symbol may not hold.
    fn symbol(&mut self) -> String {
        self.text("\n\r\"\\ ,='\t\u{feff}\u{2028}\u{85}").replace('\0', "0")
    }

    fn value(&mut self) -> Seen {
        match self.0.u8(0..6) {
            0 => Seen::Bool(self.0.bool()),
            1 => Seen::Long(*self.0.choice(&[i64::MIN, i64::MAX, 0, -1]).unwrap()),
            2 => Seen::Long(self.0.i64(..) >> self.0.u32(0..64)),
            3 => Seen::Double(self.0.u64(..)),
            4 => Seen::Time(TimeUnit::Nanos, self.0.i64(..)),
            _ => Seen::Text(self.text("\n\r\0\"\\ ,='\t\u{feff}\u{2028}\u{85}").into()),
        }
    }

    fn row(&mut self) -> SeenRow {
        SeenRow {
            table: self.name().into(),
            symbols: (0..self.0.u8(0..3))
                .map(|_| (self.name().into(), self.symbol().into()))
                .collect(),
            fields: (0..self.0.u8(1..5)).map(|_| (self.name().into(), self.value())).collect(),
            stamp: Some(Stamp {
                value: self.0.i64(0..9_214_646_399_999_999_999),
                unit: Some(TimeUnit::Nanos),
            }),
        }
    }
}

/// Many random names and values all arrive unchanged.
#[test]
fn many_at_random() {
    let count = std::env::var("QUESTDB_ROUND_TRIP_VALUES")
        .map_or(DEFAULT_COUNT, |text| text.parse().expect("a number"));
    let seed = fastrand::u64(..);
    let begin = Instant::now();
    let mut maker = Maker(Rng::with_seed(seed));
    let (mut arrived, mut refused) = (0, 0);
    let mut buffer = Buffer::new(ProtocolVersion::V2);
    while arrived < count {
        buffer.clear();
        let mut sent = Vec::new();
        for _ in 0..50 {
            let row = maker.row();
            match row.append(&mut buffer) {
                Ok(()) => sent.push(row),
                Err(e) => {
                    let code = e.code();
                    assert!(
                        matches!(code, ErrorCode::InvalidName | ErrorCode::InvalidArgument),
                        "seed {seed}: {e:?}"
                    );
                    refused += 1;
                }
            }
        }
        let parsed = parse(buffer.peek());
        assert_eq!(parsed, sent, "seed {seed}");
        arrived += sent.iter().map(names_and_values).sum::<u64>();
    }
    assert!(refused * 3 < arrived, "{refused} refused");
    println!(
        "R16   {arrived} random names and values (seed {seed}), {refused} rows refused, 0 mismatches, {} ms",
        begin.elapsed().as_millis()
    );
}
