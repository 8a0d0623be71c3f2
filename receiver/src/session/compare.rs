//! Compares the two ways of reading lines: by the parser alone, and straight into columns where lines look alike.

use super::lines::{BadLine, LineReader};
use crate::Receiver;
use crate::line::TimeUnit;
use crate::shared::Shared;

/// One way of reading, with tables of its own.
struct Way {
    shared: Shared,
    reader: LineReader,
    /// The refused lines.
    bad: Vec<BadLine>,
    /// Whether the rest of a refused line is skipped.
    skipping: bool,
}

impl Way {
    fn new(parser_only: bool) -> Option<Way> {
        let shared = Shared::new(Receiver::builder().options().ok()?);
        let mut reader = LineReader::new(&shared.store, TimeUnit::Nanos, 64);
        reader.batch().set_clock(|| 1_700_000_000_000_000_000);
        if parser_only {
            reader.batch().use_parser_only();
        }
        Some(Way { shared, reader, bad: Vec::new(), skipping: false })
    }

    /// Reads a piece as a TCP session does that skips bad lines.
    fn feed(&mut self, mut piece: &[u8]) {
        if self.skipping {
            let end = piece.iter().position(|b| *b == b'\n');
            let len = end.map_or(piece.len(), |end| end + 1);
            self.reader.skipped(len);
            piece = &piece[len..];
            self.skipping = end.is_none();
        }
        while let Err(bad) = self.reader.feed(&self.shared.store, piece) {
            self.bad.push(bad);
            piece = &[];
            if !self.reader.skip_line() {
                self.skipping = true;
                return;
            }
        }
    }

    fn commit(&mut self) {
        let chunks = self.reader.batch().take();
        let _ = self.shared.store.commit(chunks);
    }

    /// Returns everything but refused lines that can be seen from outside, line by line.
    fn seen(&self) -> Vec<String> {
        let mut seen = vec![format!("{} {}", self.reader.bytes(), self.reader.unfinished())];
        for name in self.shared.store.table_names() {
            let Some(table) = self.shared.store.table(&name) else { continue };
            seen.push(name);
            let columns = table.columns().iter();
            seen.extend(
                columns.map(|column| format!("{} {}", column.name(), column.column_type())),
            );
            seen.extend((0..table.row_count()).map(|row| format!("{:?}", table.row(row))));
        }
        seen
    }
}

/// Reads the input in both ways, cut into pieces of the given lengths over and over, with a commit after every third piece.
/// Returns the first thing in which they differ, and how many rows were stored.
pub(crate) fn compare(input: &[u8], cuts: &[usize]) -> Result<u64, String> {
    let (Some(mut fast), Some(mut slow)) = (Way::new(false), Way::new(true)) else {
        return Err("no receiver".to_owned());
    };
    let mut lengths = cuts.iter().copied().cycle();
    let (mut rest, mut pieces) = (input, 0);
    while !rest.is_empty() {
        let len = lengths.next().unwrap_or(usize::MAX).clamp(1, rest.len());
        let (piece, after) = rest.split_at(len);
        rest = after;
        pieces += 1;
        for way in [&mut fast, &mut slow] {
            way.feed(piece);
            if pieces % 3 == 0 {
                way.commit();
            }
        }
    }
    fast.commit();
    slow.commit();
    if fast.bad != slow.bad {
        return Err(format!("fast: {:?}\nslow: {:?}", fast.bad, slow.bad));
    }
    let (fast_seen, slow_seen) = (fast.seen(), slow.seen());
    for (a, b) in fast_seen.iter().zip(&slow_seen) {
        if a != b {
            return Err(format!("fast: {a}\nslow: {b}"));
        }
    }
    match fast_seen.len() == slow_seen.len() {
        true => Ok(fast.shared.store.total_rows()),
        false => Err(format!("{} and {} things seen", fast_seen.len(), slow_seen.len())),
    }
}

/// Compares both ways for a fuzz target: the first bytes say how the rest is cut.
///
/// # Panics
/// If they differ.
#[cfg(fuzzing)]
#[expect(clippy::panic, reason = "the verdict of a fuzz target")]
pub fn compare_readers(data: &[u8]) {
    let Some((cuts, input)) = data.split_first_chunk::<2>() else { return };
    let cuts = cuts.map(|cut| usize::from(cut) + 1);
    if let Err(difference) = compare(input, &cuts) {
        panic!("{difference}");
    }
    // Cut nowhere, whole lines take the fast way more often.
    if let Err(difference) = compare(input, &[]) {
        panic!("{difference}");
    }
}

#[cfg(test)]
mod tests {
    use super::compare;

    /// SplitMix64.
    struct Random(u64);

    impl Random {
        fn below(&mut self, n: usize) -> usize {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut x = self.0;
            x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            usize::try_from((x ^ (x >> 31)) % n as u64).unwrap()
        }

        fn pick<'a>(&mut self, of: &[&'a [u8]]) -> &'a [u8] {
            of[self.below(of.len())]
        }
    }

    const SYMBOLS: &[&[u8]] = &[
        b"a",
        b"buy",
        b"sell",
        b"",
        b"x\\ y",
        b"\xc3\xa9",
        b"\xff",
        b"\\",
        b"a=b",
        b"1\r",
        b"long-long-long-long",
    ];
    const TEXTS: &[&[u8]] = &[
        b"\"text\"",
        b"\"\"",
        b"\"a\\\"b\\\\c\"",
        b"\"line\\\nfeed\"",
        b"\"a longer text, with = and spaces \"",
        b"\"\xe6\xb8\xa9\"",
        b"\"\xff\"",
        b"\"not\nended\"",
        b"\"a\"b",
        b"\"caf\xc3\xa9\\\\\\\" and more than eight\"",
    ];
    const DOUBLES: &[&[u8]] = &[
        b"1.5",
        b"-0.0",
        b"2615.54",
        b"0.00044",
        b"39.123456789012345",
        b"1e5",
        b"1.5E-7",
        b"NaN",
        b"-Infinity",
        b"5.",
        b".5",
        b"-",
        b"1.2.3",
        b"12345678.87654321",
        b"12345678901234567890.1",
        b"0.1234567890123456789",
        b"7D",
        b"1i",
        b"+1.5",
        b"123456789012345678",
        b"1_0",
        b"9007199254740993",
        b"--1",
    ];
    const LONGS: &[&[u8]] = &[
        b"1i",
        b"-12i",
        b"0i",
        b"9223372036854775807i",
        b"-9223372036854775808i",
        b"9223372036854775808i",
        b"1_000i",
        b"12345678i",
        b"1234567890123456i",
        b"i",
        b"1.5",
        b"1L",
        b"1Li",
        b"00000000000000000000001i",
    ];
    const OTHERS: &[&[u8]] = &[
        b"t",
        b"FALSE",
        b"f",
        b"1t",
        b"1700000000000000t",
        b"1700000000000000000n",
        b"1700000000000m",
        b"0x1fi",
        b"0xgi",
        b"1.5d",
        b"-3d",
        b"",
        b"=\x0e\x0a\x01\x01\0\0\0\0\0\0\0\0\0\xf0?",
        b"==",
        b"=\x10\0\0\0\0\0\0\xf0?",
        b"=\x10\x0a\x0a\x0a,=\"\x0a\x0a",
        b"=\x0f\x01\0\0\0\0\0\0\0",
        b"=\x03\x01\0\0\0",
        b"=\x06\x01",
        b"=\x02\0\0\x80?",
        b"=\x0d\x02\x01\0\0\0\0\0\0\0",
        b"=\x0d\0\x01\0\0\0\0\0\0\0",
        b"=\x0e\x0a\x01\x02\0\0\0AAAAAAAABBBBBBB\n",
        b"=\x17\x02\x01\x7b",
        b"=\x17\x02\0",
        b"=\x63",
    ];
    const ENDS: &[&[u8]] = &[
        b"\n",
        b" 1700000000000000000\n",
        b" 1700000000000000001\r\n",
        b" 1700000000000001t\n",
        b" 1700000000000m\n",
        b" 17n\n",
        b" \n",
        b" -5\n",
        b" 99999999999999999999\n",
        b" 1_0\n",
        b" x\n",
        b"\r\n",
        b" 5 6\n",
        b",\n",
        b" 9223372036854775807\n",
    ];

    /// The name of a column, values for it, and how many of these the column takes.
    type Candidates<'a> = (&'a [u8], &'a [&'a [u8]], usize);

    /// A line, usually in the shape that the columns say, now and then in another.
    fn line(random: &mut Random, odd: usize, lines: &mut Vec<u8>) {
        let tables: &[&[u8]] = &[b"trades", b"Trades", b"t\\,u", b"v"];
        let is_odd = |random: &mut Random| random.below(odd) == 0;
        let table = if is_odd(random) { random.pick(tables) } else { tables[0] };
        lines.extend(table);
        for name in [&b"side"[..], b"symbol"] {
            if !is_odd(random) {
                let value =
                    if is_odd(random) { random.pick(SYMBOLS) } else { random.pick(&SYMBOLS[..3]) };
                lines.extend([b",", name, b"=", value].concat());
            }
        }
        let columns: &[Candidates<'_>] = &[
            (b"price", DOUBLES, 5),
            (b"amount", DOUBLES, 6),
            (b"count", LONGS, 4),
            (b"note", TEXTS, 3),
            (b"flag", &OTHERS[..3], 3),
            (b"seen", &OTHERS[3..7], 4),
            (b"big", &OTHERS[7..], 1),
            (b"bin", &OTHERS[14..], 2),
            (b"array", &OTHERS[12..], 1),
            (b"NOTE", TEXTS, 3),
            (b"timestamp", &OTHERS[4..5], 1),
        ];
        let mut separator = b' ';
        for (at, (name, values, good)) in columns.iter().enumerate() {
            // The last two are unusual: another spelling, and the column for the time.
            if is_odd(random) != (at >= 9) {
                continue;
            }
            let value = match random.below(4 * odd) {
                0 => random.pick(&[DOUBLES, LONGS, TEXTS, OTHERS].concat()),
                1 | 2 => random.pick(values),
                _ => random.pick(&values[..*good]),
            };
            lines.push(separator);
            lines.extend([name, &b"="[..], value].concat());
            separator = b',';
        }
        let end = if is_odd(random) { random.pick(ENDS) } else { ENDS[1 + random.below(2)] };
        lines.extend(end);
        if is_odd(random) && is_odd(random) {
            let at = lines.len() - 1 - random.below(lines.len().min(60));
            lines[at] = u8::try_from(random.below(256)).unwrap();
        }
    }

    #[test]
    fn lines_that_look_alike_are_read_as_the_parser_reads_them() {
        let mut stored = 0;
        for seed in 0..300 {
            let mut random = Random(seed);
            let odd = [4, 20, 100, 10_000][random.below(4)];
            let mut lines = Vec::new();
            (0..80).for_each(|_| line(&mut random, odd, &mut lines));
            let most = [5, 60, 1000, 100_000][random.below(4)];
            let cuts: Vec<usize> = (0..7).map(|_| 1 + random.below(most)).collect();
            stored += compare(&lines, &cuts).unwrap_or_else(|difference| {
                panic!("seed {seed}, cuts {cuts:?}: {difference}");
            });
        }
        // Most lines are good, or this test would show little.
        assert!(stored > 10_000, "{stored}");
    }

    #[test]
    fn each_form_of_a_value_is_read_alike_after_a_row_that_was_learned() {
        let all = [SYMBOLS, TEXTS, DOUBLES, LONGS, OTHERS].concat();
        for (column, first) in
            [("s", &b"t,s=a"[..]), ("d", b"t d=1.5"), ("l", b"t l=1i"), ("x", b"t x=\"a\"")]
        {
            for value in &all {
                for end in ENDS {
                    let lead = if column == "s" { "," } else { " " };
                    let next =
                        [b"t", lead.as_bytes(), column.as_bytes(), b"=", value, end].concat();
                    let lines = [first, b" 1\n", first, b" 2\n", &next, first, b" 3\n"].concat();
                    if let Err(difference) = compare(&lines, &[]) {
                        panic!("{}: {difference}", lines.escape_ascii());
                    }
                }
            }
        }
    }

    #[test]
    fn a_line_is_read_alike_wherever_it_is_cut() {
        let mut random = Random(7);
        let mut lines = Vec::new();
        (0..12).for_each(|_| line(&mut random, 1000, &mut lines));
        for cut in 1..lines.len() {
            compare(&lines, &[cut, usize::MAX]).unwrap();
        }
    }
}
