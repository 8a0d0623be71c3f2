//! Many producers, one pool: each thread hands its rows over and goes on, one thread reads what became of them, and the rows of
//! batches that failed go to a file. Those in doubt may be stored already: sent again without dedup keys they may be there twice.
//! It ends in order on SIGTERM. `cargo run --example pool "http::addr=localhost:9000;" 1000 failed.txt`

use std::fs::File;
use std::io::{Write, stderr, stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;
use std::time::Duration;

use questdb_ingress::{Buffer, Pool, Result, Submit};

fn produce(pool: &Pool, name: char, batch: i64, buffer: &mut Buffer) -> Result<()> {
    for i in 0..10 {
        let row = buffer.row("events")?.symbol("producer", name.to_string().as_str())?;
        row.column_i64("value", batch * 10 + i)?.at_now()?;
    }
    let how = Submit::default().order_key(name.into()); // the batches of one producer stay in their order
    pool.submit_with(buffer, how)?.detach(); // the buffer is empty and can be filled again
    Ok(())
}

/// Reads what became of all batches.
fn read_completions(pool: &Pool, closed: &AtomicBool, file: &File) -> std::io::Result<()> {
    let (mut stored, mut refused, mut unsure) = (0, 0, 0);
    loop {
        let last = closed.load(Ordering::SeqCst); // looked at first: what came before the end is read
        let Some(done) = pool.next(Duration::from_millis(200)) else {
            if last {
                break;
            }
            continue;
        };
        match &done.error {
            None => stored += done.rows,
            Some(e) if e.in_doubt() => unsure += done.rows,
            Some(_) => refused += done.rows,
        }
        if let Some(rows) = done.failed_rows {
            (&*file).write_all(rows.peek())?;
        }
    }
    writeln!(stdout(), "{stored} rows stored, {refused} not stored, {unsure} in doubt")
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let conf = args.next().unwrap_or_else(|| "http::addr=localhost:9000;".into());
    let batches = args.next().map_or(Ok(1000_i64), |text| text.parse())?;
    let path = args.next().unwrap_or_else(|| "failed.txt".into());
    #[expect(clippy::disallowed_methods, reason = "a rule for the library, not for its users")]
    let file = File::options().append(true).create(true).open(path)?;
    let (stopped, closed) = (Arc::new(AtomicBool::new(false)), AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGTERM, Arc::clone(&stopped))?;
    let pool = Pool::from_conf(&conf)?;
    scope(|threads| {
        let reader = threads.spawn(|| read_completions(&pool, &closed, &file));
        let producers = ['a', 'b', 'c', 'd'].map(|name| {
            let (pool, stopped, mut file) = (&pool, &stopped, &file);
            threads.spawn(
                move || -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
                    let mut buffer = pool.new_buffer()?;
                    let mut rest = (0..batches).take_while(|_| !stopped.load(Ordering::Relaxed));
                    let result = rest.try_for_each(|batch| produce(pool, name, batch, &mut buffer));
                    file.write_all(buffer.peek())?; // empty, unless there was no room in time
                    Ok(result?)
                },
            )
        });
        for failed in producers.into_iter().filter_map(|thread| thread.join().ok()?.err()) {
            writeln!(stderr(), "{failed}")?;
        }
        let report = pool.close(Duration::from_secs(10)); // sends the rest; whatever it could not send is a completion
        closed.store(true, Ordering::SeqCst);
        report.result.or_else(|e| writeln!(stderr(), "{e}"))?;
        Ok(reader.join().map_err(|_| "the reader panicked")??)
    })
}
