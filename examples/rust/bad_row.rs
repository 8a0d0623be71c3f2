//! Drops the bad row and keeps the rest: a row that cannot be built, and one that the server refuses.

use std::time::Duration;

use questdb_ingress::{Error, Outcome, Result, Sender};

fn main() -> Result<()> {
    let conf = std::env::args().nth(1).unwrap_or_else(|| "http::addr=localhost:9000;".into());
    let mut sender = Sender::from_conf(&conf)?;
    // The third row has no value. The fourth has text where the others have numbers, which only the server can notice.
    for (n, text) in
        [(Some(1), None), (Some(2), None), (None, None), (None, Some("four")), (Some(5), None)]
    {
        if let Err(e) = measurement(&mut sender, n, text) {
            complain("left out", &e); // only this row is dropped
        }
    }
    while let Err(e) = sender.flush_own() {
        let (Outcome::Rejected, Some(row)) = (e.outcome(), e.server_line()) else {
            return Err(e); // nothing is known about a single row
        };
        complain("refused", &e);
        sender.remove_rows(row, 1)?; // the other rows are still in the buffer
    }
    sender.close(Duration::from_secs(10)).result
}

fn measurement(sender: &mut Sender, n: Option<i64>, text: Option<&str>) -> Result<()> {
    let row = sender.row("measurements")?;
    row.column_i64("value", n)?.column_str("value", text)?.at_now()
}

#[allow(clippy::print_stderr, reason = "the library's own rules, not those of its users")]
fn complain(what: &str, e: &Error) {
    eprintln!("{what}: {e}");
}
