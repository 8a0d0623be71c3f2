//! SIGTERM and SIGINT: the first one stops the receiver in order, a second one ends the program at once.

/// Calls `stop` with the name of the first signal, on a thread of its own.
///
/// # Errors
/// The system refuses a handler or a thread.
#[cfg(unix)]
pub(crate) fn on_signal(stop: impl FnOnce(&'static str) + Send + 'static) -> std::io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    let stopping = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        // The order matters: the first signal must not find what it sets itself.
        let code = 128 + signal;
        signal_hook::flag::register_conditional_shutdown(signal, code, Arc::clone(&stopping))?;
        signal_hook::flag::register(signal, Arc::clone(&stopping))?;
    }
    std::thread::Builder::new().name("receiver-signals".into()).spawn(move || {
        if let Some(signal) = signals.forever().next() {
            stop(if signal == SIGINT { "SIGINT" } else { "SIGTERM" });
        }
    })?;
    Ok(())
}

/// Elsewhere the system ends the program without asking.
#[cfg(not(unix))]
pub(crate) fn on_signal(_stop: impl FnOnce(&'static str) + Send + 'static) -> std::io::Result<()> {
    Ok(())
}
