//! The row shapes s1 to s7: their names, 4096 different rows of each, and how any [`Encoder`] writes a row.
//!
//! The layout of the rows is shared with c/abi.h.

use questdb_ingress as ours;

/// How many different rows each shape has.
pub const ROWS: usize = 4096;

/// Bytes in the layout of a C pointer and length. All texts live until the end of the run.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Text {
    ptr: *const u8,
    len: usize,
}

// SAFETY: the pointer is to memory that is never changed or freed.
unsafe impl Send for Text {}
// SAFETY: the pointer is to memory that is never changed or freed.
unsafe impl Sync for Text {}

impl Text {
    fn new(bytes: impl Into<Vec<u8>>) -> Text {
        let bytes: &'static [u8] = Vec::leak(bytes.into());
        Text { ptr: bytes.as_ptr(), len: bytes.len() }
    }

    #[inline(always)]
    pub fn bytes(self) -> &'static [u8] {
        // SAFETY: pointer and length are those of a vector that `new` leaked.
        unsafe { std::slice::from_raw_parts(self.ptr, self.len) }
    }

    /// Returns the text, for callers who have checked all values before.
    #[inline(always)]
    pub fn checked_before(self) -> &'static str {
        // SAFETY: all texts are made from strings, or are never read as one (binary decimals).
        unsafe { std::str::from_utf8_unchecked(self.bytes()) }
    }
}

/// A name in every form that is measured.
pub struct Name {
    pub raw: Text,
    pub ours: ours::ColumnName,
    pub theirs: questdb::ingress::ColumnName<'static>,
}

/// The names of a shape.
pub struct Names {
    pub table: Text,
    pub ours: ours::TableName,
    pub theirs: questdb::ingress::TableName<'static>,
    pub columns: [Name; 11],
}

impl Names {
    pub fn new(table: &'static str, columns: &[&'static str]) -> Names {
        Names {
            table: Text::new(table),
            ours: ours::TableName::new(table).unwrap(),
            theirs: questdb::ingress::TableName::new(table).unwrap(),
            columns: std::array::from_fn(|i| {
                let name = columns.get(i).copied().unwrap_or("unused");
                Name {
                    raw: Text::new(name),
                    ours: ours::ColumnName::new(name).unwrap(),
                    theirs: questdb::ingress::ColumnName::new(name).unwrap(),
                }
            }),
        }
    }
}

/// Something that rows are written to. Its errors are those of the library that it uses.
pub trait Encoder {
    type Error: std::fmt::Display;

    fn table(&mut self, names: &Names) -> Result<(), Self::Error>;
    fn symbol(&mut self, name: &Name, value: Text) -> Result<(), Self::Error>;
    fn bool(&mut self, name: &Name, value: bool) -> Result<(), Self::Error>;
    fn i64(&mut self, name: &Name, value: i64) -> Result<(), Self::Error>;
    fn f64(&mut self, name: &Name, value: f64) -> Result<(), Self::Error>;
    fn str(&mut self, name: &Name, value: Text) -> Result<(), Self::Error>;
    fn ts_micros(&mut self, name: &Name, value: i64) -> Result<(), Self::Error>;
    fn book(&mut self, name: &Name, value: &'static [f64; 100]) -> Result<(), Self::Error>;
    fn dec_str(&mut self, name: &Name, value: Text) -> Result<(), Self::Error>;
    fn dec(&mut self, name: &Name, scale: u32, unscaled: Text) -> Result<(), Self::Error>;
    fn at_nanos(&mut self, nanos: i64) -> Result<(), Self::Error>;
    fn at_micros(&mut self, micros: i64) -> Result<(), Self::Error>;

    fn fresh(&mut self);
    fn clear(&mut self);
    fn bytes(&self) -> &[u8];
}

/// A kind of row.
pub trait Shape: Sized + 'static {
    const NAME: &'static str;
    const TABLE: &'static str;
    const COLUMNS: &'static [&'static str];

    fn make(i: usize, random: &mut Random) -> Self;

    fn write<E: Encoder>(&self, e: &mut E, n: &Names) -> Result<(), E::Error>;

    fn rows() -> &'static [Self] {
        let mut random = Random::new();
        (0..ROWS).map(|i| Self::make(i, &mut random)).collect::<Vec<_>>().leak()
    }
}

/// SplitMix64, which makes the same rows in every run.
pub struct Random(u64);

impl Default for Random {
    fn default() -> Self {
        Random::new()
    }
}

impl Random {
    /// Returns the generator with which all rows are made.
    pub fn new() -> Random {
        Random(0x5EED)
    }

    /// Returns a generator of other rows.
    pub fn seeded(seed: u64) -> Random {
        Random(seed)
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.bits() % n
    }

    /// Returns a number from 0 to 1 with full precision.
    fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Returns a number with two decimals.
    pub fn cents(&mut self, max: u64) -> f64 {
        self.below(max) as f64 / 100.0
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }
}

const START_NANOS: i64 = 1_753_086_397_609_765_000;

fn nanos(i: usize) -> i64 {
    START_NANOS + i as i64 * 1_000_417
}

const PAIRS: &[&str] =
    &["ETH-USD", "BTC-USD", "SOL-USDT", "ADA", "XRP-EUR", "DOGE-USDT", "LTC-BTC", "BNB", "DOT-USD"];

/// Trades: two symbols, two doubles.
#[repr(C)]
pub struct S1 {
    symbol: Text,
    side: Text,
    price: f64,
    amount: f64,
    at: i64,
}

impl Shape for S1 {
    const NAME: &'static str = "s1";
    const TABLE: &'static str = "trades";
    const COLUMNS: &'static [&'static str] = &["symbol", "side", "price", "amount"];

    fn make(i: usize, r: &mut Random) -> S1 {
        S1 {
            symbol: Text::new(r.pick(PAIRS)),
            side: Text::new(r.pick(&["buy", "sell"])),
            price: r.cents(9_000_000),
            amount: r.below(100_000_000) as f64 / 100_000.0,
            at: nanos(i),
        }
    }

    fn write<E: Encoder>(&self, e: &mut E, n: &Names) -> Result<(), E::Error> {
        let c = &n.columns;
        e.table(n)?;
        e.symbol(&c[0], self.symbol)?;
        e.symbol(&c[1], self.side)?;
        e.f64(&c[2], self.price)?;
        e.f64(&c[3], self.amount)?;
        e.at_nanos(self.at)
    }
}

/// Sensors: one symbol, five doubles with two decimals, five with full precision.
#[repr(C)]
pub struct S2 {
    sensor: Text,
    values: [f64; 10],
    at: i64,
}

impl Shape for S2 {
    const NAME: &'static str = "s2";
    const TABLE: &'static str = "sensors";
    const COLUMNS: &'static [&'static str] = &[
        "sensor",
        "temp_in",
        "temp_out",
        "humidity",
        "pressure",
        "voltage",
        "accel_x",
        "accel_y",
        "accel_z",
        "flow_rate",
        "vibration",
    ];

    fn make(i: usize, r: &mut Random) -> S2 {
        S2 {
            sensor: Text::new(format!("unit-{:04}", r.below(1000))),
            values: std::array::from_fn(|k| if k < 5 { r.cents(100_000) } else { r.unit() * 40.0 }),
            at: nanos(i),
        }
    }

    fn write<E: Encoder>(&self, e: &mut E, n: &Names) -> Result<(), E::Error> {
        let (c, v) = (&n.columns, &self.values);
        e.table(n)?;
        e.symbol(&c[0], self.sensor)?;
        e.f64(&c[1], v[0])?;
        e.f64(&c[2], v[1])?;
        e.f64(&c[3], v[2])?;
        e.f64(&c[4], v[3])?;
        e.f64(&c[5], v[4])?;
        e.f64(&c[6], v[5])?;
        e.f64(&c[7], v[6])?;
        e.f64(&c[8], v[7])?;
        e.f64(&c[9], v[8])?;
        e.f64(&c[10], v[9])?;
        e.at_nanos(self.at)
    }
}

/// Orders: three symbols, two integers, two doubles, two strings (one with four escapes), a boolean, a timestamp.
#[repr(C)]
pub struct S3 {
    symbols: [Text; 3],
    strings: [Text; 2],
    doubles: [f64; 2],
    integers: [i64; 2],
    stamp: i64,
    at: i64,
    flag: bool,
}

impl Shape for S3 {
    const NAME: &'static str = "s3";
    const TABLE: &'static str = "orders";
    const COLUMNS: &'static [&'static str] = &[
        "venue", "symbol", "side", "order_id", "quantity", "price", "fee", "client", "note",
        "filled", "received",
    ];

    fn make(i: usize, r: &mut Random) -> S3 {
        let client = format!("client-{:08x}-{:06}", r.bits() as u32, r.below(1_000_000));
        let note = format!("\"{:04}\" path \\a\\b {:05}", r.below(10_000), r.below(100_000));
        S3 {
            symbols: [
                Text::new(r.pick(&["NYSE", "XETRA", "LSE-IL", "BINANCE"])),
                Text::new(r.pick(PAIRS)),
                Text::new(r.pick(&["buy", "sell"])),
            ],
            strings: [Text::new(&client[..21]), Text::new(note)],
            doubles: [r.cents(9_000_000), r.below(1_000_000) as f64 / 10_000.0],
            integers: [(r.bits() >> 24) as i64, r.below(100_000) as i64],
            stamp: (START_NANOS + i as i64 * 911_003) / 1000,
            at: nanos(i) / 1000,
            flag: r.below(2) == 1,
        }
    }

    fn write<E: Encoder>(&self, e: &mut E, n: &Names) -> Result<(), E::Error> {
        let c = &n.columns;
        e.table(n)?;
        e.symbol(&c[0], self.symbols[0])?;
        e.symbol(&c[1], self.symbols[1])?;
        e.symbol(&c[2], self.symbols[2])?;
        e.i64(&c[3], self.integers[0])?;
        e.i64(&c[4], self.integers[1])?;
        e.f64(&c[5], self.doubles[0])?;
        e.f64(&c[6], self.doubles[1])?;
        e.str(&c[7], self.strings[0])?;
        e.str(&c[8], self.strings[1])?;
        e.bool(&c[9], self.flag)?;
        e.ts_micros(&c[10], self.stamp)?;
        e.at_micros(self.at)
    }
}

/// Counters: one integer.
#[repr(C)]
pub struct S4 {
    value: i64,
    at: i64,
}

impl Shape for S4 {
    const NAME: &'static str = "s4";
    const TABLE: &'static str = "counters";
    const COLUMNS: &'static [&'static str] = &["count"];

    fn make(i: usize, r: &mut Random) -> S4 {
        S4 { value: r.below(10_000_000_000) as i64, at: nanos(i) }
    }

    fn write<E: Encoder>(&self, e: &mut E, n: &Names) -> Result<(), E::Error> {
        e.table(n)?;
        e.i64(&n.columns[0], self.value)?;
        e.at_nanos(self.at)
    }
}

/// Books: one symbol, one array of 20 x 5 doubles.
#[repr(C)]
pub struct S5 {
    symbol: Text,
    book: *const [f64; 100],
    at: i64,
}

impl Shape for S5 {
    const NAME: &'static str = "s5";
    const TABLE: &'static str = "books";
    const COLUMNS: &'static [&'static str] = &["symbol", "book"];

    fn make(i: usize, r: &mut Random) -> S5 {
        let book: &'static [f64; 100] =
            Box::leak(Box::new(std::array::from_fn(|_| r.cents(900_000))));
        S5 { symbol: Text::new(r.pick(PAIRS)), book, at: nanos(i) }
    }

    fn write<E: Encoder>(&self, e: &mut E, n: &Names) -> Result<(), E::Error> {
        e.table(n)?;
        e.symbol(&n.columns[0], self.symbol)?;
        // SAFETY: `make` leaked the memory, so it is never freed.
        e.book(&n.columns[1], unsafe { &*self.book })?;
        e.at_nanos(self.at)
    }
}

/// Logs: four ASCII strings of 100 bytes, one of 100 bytes of characters of two and three bytes.
#[repr(C)]
pub struct S6 {
    lines: [Text; 5],
    at: i64,
}

fn ascii(r: &mut Random) -> String {
    const WORDS: &[&str] = &[
        "request", "GET", "took", "ms", "user", "id", "cache", "hit", "retry", "ok", "node",
        "ERROR",
    ];
    let mut text = String::new();
    while text.len() < 100 {
        text.push_str(r.pick(WORDS));
        text.push_str(r.pick(&[" ", ": ", "/", "; "]));
        text.push_str(&r.below(1000).to_string());
        text.push(' ');
    }
    text.truncate(100);
    text
}

fn beyond_ascii(r: &mut Random) -> String {
    let mut text = String::new();
    while text.len() < 100 {
        text.push_str(match 100 - text.len() {
            2 | 4 => "é",
            3 => "温",
            _ => r.pick(&["é", "ü", "ж", "温", "度", "∞"]),
        });
    }
    assert_eq!(text.len(), 100);
    text
}

impl Shape for S6 {
    const NAME: &'static str = "s6";
    const TABLE: &'static str = "logs";
    const COLUMNS: &'static [&'static str] = &["source", "method", "result", "detail", "place"];

    fn make(i: usize, r: &mut Random) -> S6 {
        S6 {
            lines: std::array::from_fn(|k| {
                Text::new(if k < 4 { ascii(r) } else { beyond_ascii(r) })
            }),
            at: nanos(i),
        }
    }

    fn write<E: Encoder>(&self, e: &mut E, n: &Names) -> Result<(), E::Error> {
        let c = &n.columns;
        e.table(n)?;
        e.str(&c[0], self.lines[0])?;
        e.str(&c[1], self.lines[1])?;
        e.str(&c[2], self.lines[2])?;
        e.str(&c[3], self.lines[3])?;
        e.str(&c[4], self.lines[4])?;
        e.at_nanos(self.at)
    }
}

/// Quotes: one symbol, a decimal as text, a binary decimal.
#[repr(C)]
pub struct S7 {
    symbol: Text,
    bid: Text,
    ask: Text,
    at: i64,
    scale: u32,
}

impl Shape for S7 {
    const NAME: &'static str = "s7";
    const TABLE: &'static str = "quotes";
    const COLUMNS: &'static [&'static str] = &["symbol", "bid", "ask"];

    fn make(i: usize, r: &mut Random) -> S7 {
        let bid = r.below(900_000_000);
        S7 {
            symbol: Text::new(r.pick(PAIRS)),
            bid: Text::new(format!("{}.{:04}", bid / 10_000, bid % 10_000)),
            ask: Text::new((bid + r.below(5_000)).to_be_bytes()[2..].to_vec()),
            at: nanos(i),
            scale: 4,
        }
    }

    fn write<E: Encoder>(&self, e: &mut E, n: &Names) -> Result<(), E::Error> {
        let c = &n.columns;
        e.table(n)?;
        e.symbol(&c[0], self.symbol)?;
        e.dec_str(&c[1], self.bid)?;
        e.dec(&c[2], self.scale, self.ask)?;
        e.at_nanos(self.at)
    }
}
