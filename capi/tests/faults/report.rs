//! Makes tests of rows, and a table of their results in `target/report/faults.md`.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use questdb_ingress_testkit::scratch_folder;

use crate::client::Language;

/// The most time that the calls of all rows may take in total, without the time that they waited for a processor.
const LONGEST: Duration = Duration::from_secs(120);

/// The result of a row.
pub(crate) struct Row {
    pub(crate) id: &'static str,
    pub(crate) what: String,
    pub(crate) by: Language,
    /// How long the call took, and by how much it exceeded its deadline, without the time that it waited for a processor.
    pub(crate) elapsed: Duration,
    pub(crate) over: Duration,
    /// The requests that the server read, and the bodies that it stored.
    pub(crate) requests: usize,
    pub(crate) committed: usize,
    pub(crate) outcome: String,
    pub(crate) in_doubt: bool,
    /// The error was in doubt although the server never had the whole request.
    pub(crate) needless: bool,
    /// What is wrong, one sentence each.
    pub(crate) wrong: Vec<String>,
}

impl Row {
    /// Returns a row that is right and has no figures except its time.
    pub(crate) fn right(id: &'static str, what: &str, by: Language, elapsed: Duration) -> Row {
        Row {
            id,
            what: what.to_owned(),
            by,
            elapsed,
            over: Duration::ZERO,
            requests: 0,
            committed: 0,
            outcome: String::new(),
            in_doubt: false,
            needless: false,
            wrong: Vec::new(),
        }
    }
}

static ROWS: Mutex<Vec<Row>> = Mutex::new(Vec::new());

/// Returns what a row is about as a part of a name: `503, then 204` becomes `503_then_204`.
pub(crate) fn slug(what: &str) -> String {
    let words = what.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_").to_ascii_lowercase()
}

/// Makes a test of a row, with the name `ID_WHAT::LANGUAGE`.
pub(crate) fn row_test(
    id: &'static str,
    what: &str,
    by: Language,
    run: impl FnOnce() -> Row + Send + 'static,
) -> Trial {
    let what = what.to_owned();
    Trial::test(format!("{id}_{}::{}", slug(&what), by.suffix()), move || {
        let row = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
            let mut row = Row::right(id, &what, by, Duration::ZERO);
            row.wrong.push("a check of the row itself failed".into());
            ROWS.lock().unwrap().push(row);
            resume_unwind(panic)
        });
        let verdict = if row.wrong.is_empty() {
            Ok(())
        } else {
            Err(Failed::from(format!("{}\n  came out as {}", row.wrong.join("; "), row.outcome)))
        };
        ROWS.lock().unwrap().push(row);
        verdict
    })
}

/// Writes the table of the rows that were run. Returns what is wrong with all of them together.
pub(crate) fn finish(tests: usize) -> Result<(), String> {
    let mut rows = std::mem::take(&mut *ROWS.lock().unwrap());
    rows.sort_by_key(|row| (row.place(), row.what.clone(), row.by as u8));
    if rows.is_empty() {
        return Ok(());
    }
    let (file, total) = (file(), rows.iter().map(|row| row.elapsed).sum::<Duration>());
    std::fs::write(&file, text(&rows, tests, total)).unwrap();
    println!("The table of {} rows is {}", rows.len(), file.display());
    if total > LONGEST {
        return Err(format!("the calls of all rows took {total:?}, at most {LONGEST:?} are right"));
    }
    Ok(())
}

fn file() -> PathBuf {
    let folder = scratch_folder().with_file_name("report");
    std::fs::create_dir_all(&folder).unwrap();
    folder.join("faults.md")
}

impl Row {
    /// Returns a key that sorts `H9` before `H9b` before `H10`.
    fn place(&self) -> (&'static str, u32, &'static str) {
        let digits = self.id.find(|c: char| c.is_ascii_digit()).unwrap();
        let (letters, rest) = self.id.split_at(digits);
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        (letters, rest[..end].parse().unwrap(), &rest[end..])
    }
}

fn text(rows: &[Row], tests: usize, total: Duration) -> String {
    let count = |is: fn(&Row) -> bool| rows.iter().filter(|row| is(row)).count();
    let build = if cfg!(debug_assertions) { "with" } else { "without" };
    let most = rows.iter().map(|row| row.over).max().unwrap_or_default();
    let mut text = format!(
        "# The fault table\n\nWritten by `cargo test --test faults`, {build} debug assertions.\n\n| figure | |\n|---|---|\n\
         | rows run, of all tests | {} of {tests} |\n| from Rust, from C, by a sender of a pool | {}, {}, {} |\n| wrong | {} |\n| in doubt | {} |\n\
         | in doubt although the server never had the whole request | {} |\n| secrets shown | {} |\n\
         | longest overshoot of a deadline | {} ms |\n| all calls, one after the other | {:.1} s |\n\n",
        rows.len(),
        count(|row| row.by == Language::Rust),
        count(|row| row.by == Language::C),
        count(|row| row.by == Language::Pool),
        count(|row| !row.wrong.is_empty()),
        count(|row| row.in_doubt),
        count(|row| row.needless),
        count(|row| row.wrong.iter().any(|wrong| wrong == crate::case::SECRET_SHOWS)),
        most.as_millis(),
        total.as_secs_f64(),
    );
    text.push_str(
        "| id | from | what the other side does | verdict | ms | requests | stored | outcome |\n",
    );
    text.push_str("|---|---|---|---|---|---|---|---|\n");
    for row in rows {
        let verdict = if row.wrong.is_empty() { "right".into() } else { row.wrong.join("; ") };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            row.id,
            row.by.name(),
            row.what.replace('|', "\\|"),
            verdict.replace('|', "\\|"),
            row.elapsed.as_millis(),
            row.requests,
            row.committed,
            row.outcome
        );
    }
    text
}
