//! `questdb-receiver`: the receiver as a program. Without a folder it shows the rows that arrive; with one it is a server.
#![forbid(unsafe_code)]
#![expect(
    clippy::disallowed_methods,
    reason = "a program reads the files and the environment that it is told to, and ends itself"
)]

mod cli;
mod commands;
mod log;
mod output;
mod ports;
mod show;
mod signals;

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use clap::{CommandFactory as _, Parser as _};
use questdb_receiver::{Configuration, Listener, Receiver};
use tracing::{info, warn};

use cli::Cli;
use output::OUTPUT;
use ports::PortsFile;
use show::Display;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            // Help and version come this way too. Nobody may be there to read it.
            let _ = e.print();
            return u8::try_from(e.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from);
        }
    };
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(messages) => {
            messages.iter().for_each(|message| OUTPUT.complain(message));
            ExitCode::FAILURE
        }
    }
}

/// Does what the command line says. The error has one message for everything that is wrong.
fn run(cli: &Cli) -> Result<(), Vec<String>> {
    if let Some(shell) = cli.completions {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "questdb-receiver", &mut script);
        OUTPUT.say(&String::from_utf8_lossy(&script));
        return Ok(());
    }
    let configuration = cli.configuration();
    if cli.check_config {
        return check(&configuration);
    }
    serve(cli, &configuration)
}

/// Shows every key with its value and source, and everything that is wrong.
fn check(configuration: &Configuration) -> Result<(), Vec<String>> {
    let values = configuration.values();
    let width = |len: &dyn Fn(usize) -> usize| (0..values.len()).map(len).max().unwrap_or(0);
    let keys = width(&|i| values[i].key.len());
    let shown = width(&|i| values[i].shown.chars().count()).min(40);
    let mut text = String::new();
    for value in &values {
        let line = format!("{:keys$} = {:shown$}  {}\n", value.key, value.shown, value.source);
        text.push_str(&line);
    }
    OUTPUT.say(&text);
    configuration.warnings().iter().for_each(|w| OUTPUT.complain(&format!("warning: {w}")));
    if !configuration.problems().is_empty() {
        return Err(configuration.problems().to_vec());
    }
    // What stands in other files is checked too.
    configuration.receiver().map(drop).map_err(|e| vec![e.to_string()])
}

/// Starts the receiver and stays until its end.
fn serve(cli: &Cli, configuration: &Configuration) -> Result<(), Vec<String>> {
    if !configuration.problems().is_empty() {
        return Err(configuration.problems().to_vec());
    }
    log::start(configuration.text("receiver.log.level").unwrap_or_default());
    configuration.warnings().iter().for_each(|warning| warn!("{warning}"));
    let one = |e: &dyn std::fmt::Display| vec![e.to_string()];
    let mut builder = configuration.receiver().map_err(|e| one(&e))?;
    for key in cli.ecdsa.chunks_exact(3) {
        builder = builder.auth_ecdsa(&key[0], &key[1], &key[2]);
    }
    if let Some(dir) = &cli.dir {
        std::fs::create_dir_all(dir).map_err(|e| vec![format!("cannot make {dir:?}: {e}")])?;
    }
    let events = log::EventLog::default();
    let builder = builder.on_event(move |event| events.tell(event));
    let receiver = Arc::new(builder.start().map_err(|e| one(&e))?);
    let ports = match &cli.dir {
        Some(dir) => Some(
            PortsFile::write(dir, &receiver)
                .map_err(|e| vec![format!("cannot write {:?}: {e}", dir.join("ports"))])?,
        ),
        None => None,
    };
    told_start(cli, configuration, &receiver);
    let display = Arc::new(Display::new(cli.shown_rows()));
    let ports = Arc::new(Mutex::new(ports));
    let end = Ending { receiver: Arc::clone(&receiver), display: Arc::clone(&display), ports };
    let by_signal = end.clone();
    signals::on_signal(move |signal| {
        info!(signal, "stopping");
        by_signal.end();
        // The other threads wait for rows or commands that nobody needs any more.
        std::process::exit(0);
    })
    .map_err(|e| vec![format!("cannot handle signals: {e}")])?;
    for listener in [Listener::Http, Listener::Tcp] {
        if receiver.addr(listener).is_some() {
            OUTPUT.say(&format!("{}\n", receiver.conf(listener)));
        }
    }
    if cli.commands {
        let obeyed = commands::obey(&receiver).map_err(|e| vec![e]);
        end.end();
        return obeyed;
    }
    show::keep_live_line(Arc::clone(&receiver));
    display.show_until(&receiver, cli.exit_after.unwrap_or(u64::MAX));
    end.end();
    let stats = receiver.stats();
    OUTPUT
        .say(&format!("{} rows, {} bytes, {} refused\n", stats.rows, stats.bytes, stats.rejected));
    Ok(())
}

/// Says where the receiver listens and what limits it has.
fn told_start(cli: &Cli, configuration: &Configuration, receiver: &Receiver) {
    let text = |key: &str| configuration.text(key).unwrap_or_default();
    let addr = |wanted: &str| {
        let found = ports::listening(receiver).into_iter().find(|(name, _)| *name == wanted);
        found.map_or_else(|| "off".to_owned(), |(_, addr)| addr.to_string())
    };
    info!(
        version = env!("CARGO_PKG_VERSION"),
        http = addr("http"),
        tcp = addr("tcp"),
        monitoring = addr("monitoring"),
        tls = text("tls.enabled"),
        folder = cli.dir.as_ref().map_or_else(|| "none".to_owned(), |d| d.display().to_string()),
        memory_limit = text("receiver.memory.limit"),
        tcp_connections = text("line.tcp.net.connection.limit"),
        http_connections = text("http.net.connection.limit"),
        longest_row = text("line.tcp.max.recv.buf.size"),
        largest_body = text("line.http.max.recv.buffer.size"),
        "started"
    );
}

/// What is done at the end, whoever asks for it.
#[derive(Clone)]
struct Ending {
    receiver: Arc<Receiver>,
    display: Arc<Display>,
    ports: Arc<Mutex<Option<PortsFile>>>,
}

impl Ending {
    fn end(&self) {
        // From here on nobody should be told to come.
        drop(self.ports.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.receiver.shutdown();
        self.display.show_new(&self.receiver);
        let stats = self.receiver.stats();
        info!(rows = stats.rows, bytes = stats.bytes, refused = stats.rejected, "stopped");
    }
}
