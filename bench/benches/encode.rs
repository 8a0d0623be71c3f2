//! Encodes rows into a buffer: ours and the official client's in one run, over the same rows and with the same bytes.
//!
//! ```text
//! cargo bench -p questdb-ingress-bench --bench encode                     all shapes, buffer cleared every 1000 rows
//! cargo bench -p questdb-ingress-bench --bench encode -- s1 s4-v2         some shapes
//! cargo bench -p questdb-ingress-bench --bench encode -- --fresh          a new buffer every 75,000 rows
//! cargo bench -p questdb-ingress-bench --bench encode -- --count          instructions per row, by callgrind
//! cargo bench -p questdb-ingress-bench --bench encode -- --check          ours against the committed ledger: a test
//! cargo bench -p questdb-ingress-bench --bench encode -- --one s1-v2 "Rust raw" 1000000    one variant, for a profiler
//! ```
//!
//! The first four leave their tables in `target/report`.

use std::process::{Command, ExitCode};

use questdb_ingress_bench::artifact::Artifact;
use questdb_ingress_bench::c::{CShape, InC, Way};
use questdb_ingress_bench::clock::thread_cpu_ns;
use questdb_ingress_bench::encoders::{ALL, Ours, PRE, Theirs, VAL};
use questdb_ingress_bench::ledger::{Ledger, MARKED};
use questdb_ingress_bench::official::{self, InOfficial};
use questdb_ingress_bench::prepared::{Collector, Columns, Rows};
use questdb_ingress_bench::shapes::{ROWS, S1, S2, S3, S4, S5, S6, S7};
use questdb_ingress_bench::sweep::{Swept, axes};
use questdb_ingress_bench::variant::{Emptied, InRust, Variant};

const LEDGER: Ledger = Ledger { bench: "encode", rows: 4000 };

/// What a variant is compared with.
#[derive(Clone, Copy, PartialEq)]
enum Against {
    Itself,
    /// The line with this number: the official client in the same language, if it is available.
    Line(usize),
}

struct Line {
    name: &'static str,
    against: Against,
    marks: Mark,
    variant: Box<dyn Variant>,
}

/// Ratios to reach: at least, and aim.
type Mark = (f64, f64);

/// The marks of one shape.
struct Marks {
    raw: Mark,
    checked: Mark,
    prepared: Mark,
    columns: Mark,
}

/// The results of a run so far.
#[derive(Default)]
struct Shown {
    text: Artifact,
    /// The variants that did not reach "at least".
    below: Vec<String>,
}

const fn all(mark: Mark) -> Marks {
    Marks { raw: mark, checked: mark, prepared: mark, columns: mark }
}

struct Case {
    name: String,
    make: fn(u8, &Marks) -> Vec<Line>,
    version: u8,
    marks: Marks,
}

fn lines<S: CShape>(version: u8, marks: &Marks) -> Vec<Line> {
    let rows = S::rows();
    let layout = Collector::of(&rows[..1]).layout::<S>();
    let line = |name, against, marks, variant| Line { name, against, marks, variant };
    let theirs = |name, variant| line(name, Against::Itself, (0.0, 0.0), variant);
    let mut lines = vec![
        theirs("official pre", Box::new(InRust::new(Theirs::<PRE>::new(version), rows))),
        theirs("official val", Box::new(InRust::new(Theirs::<VAL>::new(version), rows))),
        theirs("official all", Box::new(InRust::new(Theirs::<ALL>::new(version), rows))),
    ];
    let (val, all) = (Against::Line(1), Against::Line(2));
    lines.extend([
        line("Rust raw", all, marks.raw, Box::new(InRust::new(Ours::<false>::new(version), rows))),
        line(
            "Rust interned",
            val,
            marks.checked,
            Box::new(InRust::new(Ours::<true>::new(version), rows)),
        ),
        line(
            "Rust prepared",
            val,
            marks.prepared,
            Box::new(InRust::new(Rows::new(version, layout), rows)),
        ),
        line("Rust columns", val, marks.columns, Box::new(Columns::new(version, rows))),
    ]);
    let (val, all) = match official::available() {
        false => (val, all),
        true => {
            let first = lines.len();
            for (name, write) in
                ["official C pre", "official C val", "official C all"].into_iter().zip(S::OFFICIAL)
            {
                lines.push(theirs(name, Box::new(InOfficial::new(version, write, rows))));
            }
            (Against::Line(first + 1), Against::Line(first + 2))
        }
    };
    let in_c = |way| Box::new(InC::new(version, way, rows));
    lines.extend([
        line("C raw", all, marks.raw, in_c(Way::Raw)),
        line("C interned", val, marks.checked, in_c(Way::Checked)),
        line("C prepared", val, marks.prepared, in_c(Way::Prepared)),
        line("C columns", val, marks.columns, in_c(Way::Columns)),
    ]);
    lines
}

fn cases() -> Vec<Case> {
    let case = |shape: &str, make: fn(u8, &Marks) -> Vec<Line>, version: u8, marks: Marks| Case {
        name: format!("{shape}-v{version}"),
        make,
        version,
        marks,
    };
    let s1_v2 =
        Marks { raw: (4.5, 6.0), checked: (3.7, 6.0), prepared: (4.5, 7.0), columns: (9.0, 10.0) };
    let s2_v2 =
        Marks { raw: (6.0, 6.0), checked: (4.4, 6.0), prepared: (6.5, 6.5), columns: (6.5, 9.0) };
    vec![
        case("s1", lines::<S1>, 1, Marks { raw: (4.5, 5.5), ..all((4.0, 5.5)) }),
        case("s1", lines::<S1>, 2, s1_v2),
        case("s2", lines::<S2>, 1, all((3.4, 3.6))),
        case("s2", lines::<S2>, 2, s2_v2),
        case("s3", lines::<S3>, 1, all((3.4, 3.7))),
        case("s3", lines::<S3>, 2, all((4.5, 5.2))),
        case("s4", lines::<S4>, 1, all((3.0, 3.6))),
        case("s4", lines::<S4>, 2, all((3.0, 3.6))),
        case("s5", lines::<S5>, 2, all((1.5, 2.0))),
        case("s6", lines::<S6>, 2, all((10.0, 14.0))),
        // No mark has been set for decimals.
        case("s7", lines::<S7>, 3, all((1.0, 1.0))),
    ]
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let wanted = |case: &Case| {
        let mut shapes = args.iter().filter(|a| !a.starts_with("--")).peekable();
        shapes.peek().is_none() || shapes.any(|a| case.name.starts_with(a.as_str()))
    };
    if let Some([shape, name, rows]) =
        args.iter().position(|a| a == "--one").and_then(|i| args.get(i + 1..i + 4))
    {
        one(shape, name, rows.parse().expect("a number of rows"));
        return ExitCode::SUCCESS;
    }
    let has = |flag: &str| args.iter().any(|a| a == flag);
    if has("--check") || has("--bless") {
        let mut names = Vec::new();
        ours(|name, _| names.push(name));
        return LEDGER.check(&names, has("--bless"));
    }
    if has(MARKED) {
        ours(|_, variant| LEDGER.run_marked(variant));
        return ExitCode::SUCCESS;
    }
    let (counting, fresh) = (has("--count"), has("--fresh"));
    let mut shown = Shown::default();
    for case in cases().iter().filter(|c| wanted(c)) {
        let mut lines = (case.make)(case.version, &case.marks);
        let bytes = same_bytes(&case.name, &mut lines);
        if counting {
            count(case, &lines, &mut shown);
        } else {
            compare(case, lines, bytes, fresh, &mut shown);
        }
    }
    let below = if shown.below.is_empty() { "none".into() } else { shown.below.join(", ") };
    shown.text.line(&format!("\nbelow \"at least\": {below}"));
    shown.text.write(match (counting, fresh) {
        (true, _) => "encode-count.txt",
        (_, true) => "encode-fresh.txt",
        _ => "encode.txt",
    });
    ExitCode::SUCCESS
}

/// Calls `each` with every variant of ours and its name: those of the shapes, and those of the sweep where cliffs were.
fn ours(mut each: impl FnMut(String, &mut dyn Variant)) {
    for case in cases() {
        for mut line in (case.make)(case.version, &case.marks) {
            if line.against != Against::Itself {
                each(format!("{} {}", case.name, line.name), &mut *line.variant);
            }
        }
    }
    for cliff in axes::cliffs() {
        let rows = &*Box::leak(Box::new(cliff.rows));
        for way in cliff.ways {
            each(format!("{} {way}", cliff.name), &mut Swept::new(rows, way));
        }
    }
}

/// Checks that every variant makes the same output. Returns the bytes per row.
fn same_bytes(case: &str, lines: &mut [Line]) -> usize {
    let mut first: Option<Vec<u8>> = None;
    for line in lines {
        let bytes = line.variant.output();
        let expected = first.get_or_insert_with(|| bytes.clone());
        if *expected != bytes {
            let at = expected.iter().zip(&bytes).take_while(|(a, b)| a == b).count();
            let around = |b: &[u8]| {
                let end = b.len().min(at + 60);
                String::from_utf8_lossy(&b[at.saturating_sub(60).min(end)..end]).into_owned()
            };
            panic!(
                "{case}: {} differs at byte {at}:\n{}\n{}",
                line.name,
                around(expected),
                around(&bytes)
            );
        }
    }
    first.map_or(0, |b| b.len() / ROWS)
}

/// Runs the variants in turns; the shortest time of each counts.
fn compare(case: &Case, mut lines: Vec<Line>, bytes: usize, fresh: bool, shown: &mut Shown) {
    let (rows, passes, emptied) = if fresh {
        (75_000, 15, Emptied::Replaced(75_000))
    } else {
        (4000, 200, Emptied::Cleared(1000))
    };
    let mut least = vec![f64::MAX; lines.len()];
    for _ in 0..passes {
        for (line, least) in lines.iter_mut().zip(&mut least) {
            let start = thread_cpu_ns();
            line.variant.run(rows, emptied);
            *least = least.min((thread_cpu_ns() - start) as f64 / rows as f64);
        }
    }
    let what = format!("{bytes} B/row, {emptied:?}, least of {passes} passes of {rows} rows");
    table(case, &lines, &what, "ns", &least, shown);
}

/// Prints the costs of all variants of a shape, and their ratios to those of the official client.
fn table(case: &Case, lines: &[Line], what: &str, unit: &str, costs: &[f64], shown: &mut Shown) {
    shown.text.line(&format!("\n{}  {what}", case.name));
    let unit = format!("{unit}/row");
    let head = format!("  {:<16}{unit:>9}    ratio  to              at least       aim", "");
    shown.text.line(&head);
    for (line, cost) in lines.iter().zip(costs) {
        let cost_text = format!("  {:<16}{cost:>9.1}", line.name);
        let Against::Line(reference) = line.against else {
            shown.text.line(&cost_text);
            continue;
        };
        let ratio = costs[reference] / cost;
        let (at_least, aim) = line.marks;
        let verdict = |mark: f64| if ratio >= mark { "reached" } else { "BELOW" };
        shown.text.line(&format!(
            "{cost_text}{ratio:>9.2}  {:<14}   {at_least:>4} {:<8}  {aim:>4} {}",
            lines[reference].name,
            verdict(at_least),
            verdict(aim)
        ));
        if ratio < at_least {
            shown.below.push(format!("{} {} ({ratio:.2} of {at_least})", case.name, line.name));
        }
    }
}

/// Runs one variant and nothing else.
fn one(shape: &str, name: &str, rows: usize) {
    let case = cases().into_iter().find(|c| c.name == shape).expect("a shape such as s1-v2");
    let lines = (case.make)(case.version, &case.marks);
    let mut line = lines.into_iter().find(|l| l.name == name).expect("a variant such as \"C raw\"");
    line.variant.run(rows, Emptied::Cleared(1000));
}

/// Counts instructions per row, as the difference of two runs under callgrind that differ only in their rows.
fn count(case: &Case, lines: &[Line], shown: &mut Shown) {
    let instructions = |name: &str, rows: usize| {
        let this = std::env::current_exe().expect("the path of this program");
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(this)
            .args(["--one", &case.name, name, &rows.to_string()])
            .output()
            .expect("valgrind is installed");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let collected = text.lines().find_map(|l| l.split("Collected : ").nth(1));
        collected.and_then(|n| n.trim().parse::<f64>().ok()).unwrap_or_else(|| panic!("{text}"))
    };
    let cost = |line: &Line| {
        let (short, long) = (instructions(line.name, 4000), instructions(line.name, 14_000));
        (long - short) / 10_000.0
    };
    let costs: Vec<f64> = lines.iter().map(cost).collect();
    table(case, lines, "instructions, by callgrind", "instr", &costs, shown);
}
