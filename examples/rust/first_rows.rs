//! Sends rows over any protocol. The connection string is the argument.

use std::time::Duration;

use questdb_ingress::{Result, Sender};

fn main() -> Result<()> {
    let conf = std::env::args().nth(1).unwrap_or_else(|| "http::addr=localhost:9000;".into());
    run(&conf)
}

// [readme]
fn run(conf: &str) -> Result<()> {
    let mut sender = Sender::from_conf(conf)?;
    let start = 1_700_000_000_000_000_000;
    for (price, nanos) in [(2615.54, start), (2616.1, start + 1)] {
        let row = sender.row("trades")?.symbol("symbol", "ETH-USD")?;
        // Ends the row, and flushes by itself when a limit is reached.
        row.column_f64("price", price)?.column_i64("amount", 3)?.at_nanos(nanos)?;
    }
    sender.close(Duration::from_secs(10)).result // an error says what is known about the rows
}
// [/readme]
