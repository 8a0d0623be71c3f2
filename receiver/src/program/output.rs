//! What the program writes: rows and answers to standard output, the log and one live line to standard error. A pipe that was
//! closed ends neither the program nor the receiver.

use std::io::{self, IsTerminal as _, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Both streams. They may be the same terminal, so that one lock is for both.
#[derive(Debug)]
pub(crate) struct Output {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Whether the live line stands at the bottom of the terminal, without a line end.
    live: bool,
    closed: bool,
}

/// The only output of the program.
pub(crate) static OUTPUT: Output =
    Output { state: Mutex::new(State { live: false, closed: false }) };

impl Output {
    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.live {
            state.live = false;
            // Whether the terminal has gone matters to nobody here.
            let _ = io::stderr().write_all(b"\r\x1b[2K");
        }
        state
    }

    /// Writes text to standard output. Returns false if nobody can read it any more.
    pub(crate) fn say(&self, text: &str) -> bool {
        let mut state = self.state();
        if !state.closed {
            let mut out = io::stdout().lock();
            state.closed = out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err();
        }
        !state.closed
    }

    /// Writes a message about the program itself to standard error.
    pub(crate) fn complain(&self, message: &str) {
        let _state = self.state();
        // There is nowhere else to tell it.
        let _ = writeln!(io::stderr(), "questdb-receiver: {message}");
    }

    /// Writes the live line, in place of the last one.
    pub(crate) fn live(&self, line: &str) {
        let mut state = self.state();
        state.live = write!(io::stderr(), "{line}").is_ok();
    }

    /// Returns whether somebody looks at standard error.
    pub(crate) fn is_watched() -> bool {
        io::stderr().is_terminal()
    }
}

/// Writes the log, line by line, around the live line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let _state = OUTPUT.state();
        io::stderr().write_all(buf).map(|()| buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
