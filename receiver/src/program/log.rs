//! The log: lines of `key=value` on standard error.

use tracing::Level;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::output::LogWriter;

/// Starts the log with one of the levels of the key `receiver.log.level`.
pub(crate) fn start(level: &str) {
    let level = match level {
        "error" => Level::ERROR,
        "warn" => Level::WARN,
        "debug" => Level::DEBUG,
        _ => Level::INFO,
    };
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .with_ansi(false)
        .with_span_events(FmtSpan::NONE)
        // A log that cannot be written must not end the program, nor be told on the same stream.
        .log_internal_errors(false)
        .with_writer(|| LogWriter)
        .finish();
    // It fails only if there is a log already, and the program starts one.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
