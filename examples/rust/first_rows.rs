//! Sends rows over any protocol. The connection string is the argument.

use std::time::Duration;

use questdb_ingress::{Result, Sender, TimestampNanos};

fn main() -> Result<()> {
    let conf = std::env::args().nth(1).unwrap_or_else(|| "http::addr=localhost:9000;".into());
    run(&conf)
}

// [readme]
fn run(conf: &str) -> Result<()> {
    let mut sender = Sender::from_conf(conf)?;
    for price in [2615.54, 2616.1] {
        let row = sender.row("trades")?.symbol("symbol", "ETH-USD")?;
        // Ends the row, and flushes by itself when a limit is reached.
        row.column_f64("price", price)?.column_i64("amount", 3)?.at(TimestampNanos::now())?;
    }
    sender.close(Duration::from_secs(10)).result // an error says what is known about the rows
}
// [/readme]
