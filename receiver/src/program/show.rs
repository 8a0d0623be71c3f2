//! Rows as they come, and the live line.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use questdb_receiver::Receiver;
use tracing::warn;

use crate::output::{OUTPUT, Output};

/// Rows are shown when no further rows have arrived for this time.
const LULL: Duration = Duration::from_millis(300);
/// The time to sleep when there is nothing to show.
const LONG: Duration = Duration::from_secs(3600);
/// The time between two states of the live line.
const TICK: Duration = Duration::from_secs(1);

/// What was shown of each table.
#[derive(Debug)]
pub(crate) struct Display {
    most: usize,
    shown: Mutex<HashMap<String, usize>>,
}

impl Display {
    /// Shows at most so many of the rows that came together. With 0 it shows nothing.
    pub(crate) fn new(most: usize) -> Display {
        Display { most, shown: Mutex::default() }
    }

    /// Shows rows until so many have come.
    pub(crate) fn show_until(&self, receiver: &Receiver, exit_after: u64) {
        let mut seen = 0;
        let mut all_shown = true;
        while seen < exit_after {
            let rows = receiver.wait_for_more(seen, if all_shown { LONG } else { LULL });
            all_shown = rows == seen || rows >= exit_after;
            seen = rows;
            if all_shown {
                self.show_new(receiver);
            }
        }
    }

    /// Shows the rows that came since the last call.
    pub(crate) fn show_new(&self, receiver: &Receiver) {
        if self.most == 0 {
            return;
        }
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        for name in receiver.table_names() {
            let Some(table) = receiver.table(&name) else { continue };
            let before = shown.insert(name, table.row_count()).unwrap_or(0);
            if table.row_count() > before {
                let rows = before..before.saturating_add(self.most);
                if !OUTPUT.say(&format!("\n{}\n", table.show_rows(rows))) {
                    warn!("standard output is closed: rows are not shown");
                    return;
                }
            }
        }
    }
}

/// Keeps a line with the rate of rows at the bottom of the terminal, for as long as the program runs.
pub(crate) fn keep_live_line(receiver: std::sync::Arc<Receiver>) {
    if !Output::is_watched() {
        return;
    }
    let watch = move || {
        let (mut before, mut at) = (receiver.stats().rows, Instant::now());
        loop {
            thread::sleep(TICK);
            let (stats, now) = (receiver.stats(), Instant::now());
            let rate = per_second(stats.rows - before, now - at);
            OUTPUT.live(&live_line(stats.rows, rate, stats.rejected));
            (before, at) = (stats.rows, now);
        }
    };
    // Without a thread there is no live line, and everything else works.
    let _ = thread::Builder::new().name("receiver-live".into()).spawn(watch);
}

fn live_line(rows: u64, rate: u64, refused: u64) -> String {
    format!("{} rows, {} rows/s, {} refused", grouped(rows), grouped(rate), grouped(refused))
}

fn per_second(rows: u64, took: Duration) -> u64 {
    let millis = took.as_millis().max(1);
    u64::try_from(u128::from(rows) * 1000 / millis).unwrap_or(u64::MAX)
}

/// Writes a number in groups of three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_live_line_is_easy_to_read() {
        assert_eq!(live_line(1_234_567, 999, 0), "1,234,567 rows, 999 rows/s, 0 refused");
        assert_eq!(per_second(500, Duration::from_millis(250)), 2000);
        assert_eq!(per_second(5, Duration::ZERO), 5000);
    }
}
