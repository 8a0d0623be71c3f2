//! The command line.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::Parser;
use clap_complete::Shell;
use questdb_receiver::{Configuration, ConfigurationSources};

/// How help and usage are laid out: all of it fits a terminal of 24 lines.
const TEMPLATE: &str = "{about}\n{usage-heading} {usage}\n\n{options}";

/// Takes rows over HTTP and TCP as QuestDB does. Shows them, unless it has a folder.
#[derive(Debug, Parser)]
#[command(name = "questdb-receiver", version, help_template = TEMPLATE, term_width = 80)]
#[command(
    override_usage = "questdb-receiver [-d DIR] [OPTION]...",
    disable_help_flag = true,
    disable_version_flag = true
)]
#[command(allow_negative_numbers = true)]
pub(crate) struct Cli {
    /// Be a server: DIR/conf/server.conf, DIR/ports
    #[arg(short, long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Set a key of server.conf; may be repeated
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) set: Vec<(String, String)>,
    /// Show every key, its value and its source
    #[arg(long)]
    pub(crate) check_config: bool,
    /// Listen on this IP address [127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) bind: Option<IpAddr>,
    /// Port of HTTP; 0 takes a free one [9000]
    #[arg(long, value_name = "PORT")]
    pub(crate) http: Option<u16>,
    /// Port of ILP over TCP; 0 takes a free one [9009]
    #[arg(long, value_name = "PORT")]
    pub(crate) tcp: Option<u16>,
    /// Ask for HTTP basic authentication
    #[arg(long, num_args = 2, value_names = ["NAME", "PASSWORD"], allow_hyphen_values = true)]
    pub(crate) user: Option<Vec<String>>,
    /// Ask for this HTTP bearer token
    #[arg(long, value_name = "TOKEN", allow_hyphen_values = true)]
    pub(crate) token: Option<String>,
    /// Ask TCP clients to sign; X, Y base64url
    #[arg(long, num_args = 3, value_names = ["ID", "X", "Y"], allow_hyphen_values = true)]
    pub(crate) ecdsa: Vec<String>,
    /// Speak TLS with these PEM files
    #[arg(long, num_args = 2, value_names = ["CHAIN", "KEY"])]
    pub(crate) tls: Option<Vec<PathBuf>>,
    /// Answer bad lines over TCP by a line of text
    #[arg(long)]
    pub(crate) error_replies: bool,
    /// Let rows make decimal columns, unlike QuestDB
    #[arg(long)]
    pub(crate) create_decimals: bool,
    /// Show at most so many rows at a time [20]
    #[arg(long, value_name = "ROWS")]
    pub(crate) show: Option<usize>,
    /// End after so many rows
    #[arg(long, value_name = "ROWS")]
    pub(crate) exit_after: Option<u64>,
    /// Obey standard input: tables, clear, create
    #[arg(long)]
    pub(crate) commands: bool,
    /// Log error, warn, info or debug [info]
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log: Option<String>,
    /// Print a completion script: bash, fish, zsh, …
    #[arg(long, value_name = "SHELL", hide_possible_values = true)]
    pub(crate) completions: Option<Shell>,
    /// Print this
    #[arg(short, long, action = clap::ArgAction::Help)]
    help: Option<bool>,
    /// Print the version
    #[arg(short = 'V', long, action = clap::ArgAction::Version)]
    version: Option<bool>,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("it is not KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

impl Cli {
    /// Reads all sources of the configuration: folder, environment, and this command line.
    pub(crate) fn configuration(&self) -> Configuration {
        let mut sources = ConfigurationSources::default();
        match &self.dir {
            Some(dir) => sources.read_folder(dir),
            // Whoever only tries it out, or tests with it, may run several at once.
            None => sources.replace_default("a server without folder", "http.min.enabled", "false"),
        }
        if self.commands {
            // It stands for QuestDB then, and nobody may be reading what it logs.
            sources.replace_default("--commands", "line.tcp.error.replies", "false");
            sources.replace_default("--commands", "receiver.log.level", "error");
        }
        sources.read_variables(std::env::vars_os());
        self.set_keys(&mut sources);
        sources.resolve()
    }

    fn set_keys(&self, sources: &mut ConfigurationSources) {
        for (key, value) in &self.set {
            sources.set("--set", key, value);
        }
        self.set_address(sources, "--http", "http.net.bind.to", self.http);
        self.set_address(sources, "--tcp", "line.tcp.net.bind.to", self.tcp);
        if let Some([name, password]) = self.user.as_deref() {
            sources.set("--user", "http.user", name);
            sources.set("--user", "http.password", password);
        }
        if let Some(token) = &self.token {
            sources.set("--token", "http.token", token);
        }
        if let Some([chain, key]) = self.tls.as_deref() {
            sources.set("--tls", "tls.enabled", "true");
            sources.set("--tls", "tls.cert.path", &from_here(chain));
            sources.set("--tls", "tls.private.key.path", &from_here(key));
        }
        if self.error_replies {
            sources.set("--error-replies", "line.tcp.error.replies", "true");
        }
        if self.create_decimals {
            sources.set("--create-decimals", "receiver.create.decimals", "true");
        }
        if let Some(level) = &self.log {
            sources.set("--log", "receiver.log.level", level);
        }
    }

    /// Sets host or port of an address, and keeps of it what the options do not name.
    fn set_address(
        &self,
        sources: &mut ConfigurationSources,
        by: &str,
        key: &str,
        port: Option<u16>,
    ) {
        if self.bind.is_none() && port.is_none() {
            return;
        }
        let configured = sources.clone().resolve();
        let text = configured.text(key).unwrap_or_default();
        let (host, old_port) = text.rsplit_once(':').unwrap_or(("127.0.0.1", text));
        let host = match self.bind {
            Some(IpAddr::V6(ip)) => format!("[{ip}]"),
            Some(IpAddr::V4(ip)) => ip.to_string(),
            None => host.to_owned(),
        };
        let port = port.map_or_else(|| old_port.to_owned(), |port| port.to_string());
        let by = if port == old_port { "--bind" } else { by };
        sources.set(by, key, &format!("{host}:{port}"));
    }

    /// Returns how many of the rows that came together are shown.
    pub(crate) fn shown_rows(&self) -> usize {
        let quiet = self.dir.is_some() || self.commands;
        self.show.unwrap_or(if quiet { 0 } else { 20 })
    }
}

/// Paths of the command line begin where the program was started, not in the server's folder.
fn from_here(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn help_fits_a_screen() {
        let help = Cli::command().render_help().to_string();
        assert!(help.lines().count() <= 23, "{} lines\n{help}", help.lines().count());
        assert!(help.lines().all(|l| l.chars().count() <= 80), "{help}");
    }

    #[test]
    fn the_options_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_keep_what_they_do_not_name() {
        let of = |args: &[&str]| {
            let cli = Cli::try_parse_from([&["questdb-receiver"], args].concat()).unwrap();
            let configuration = cli.configuration();
            assert_eq!(configuration.problems(), [""; 0]);
            ["http.net.bind.to", "line.tcp.net.bind.to"]
                .map(|key| configuration.text(key).unwrap().to_owned())
        };
        assert_eq!(of(&[]), ["127.0.0.1:9000", "127.0.0.1:9009"]);
        assert_eq!(of(&["--http", "0"]), ["127.0.0.1:0", "127.0.0.1:9009"]);
        assert_eq!(of(&["--bind", "::1", "--tcp", "7"]), ["[::1]:9000", "[::1]:7"]);
        let set = "http.net.bind.to=0.0.0.0:80";
        assert_eq!(of(&["-s", set, "--http", "81"])[0], "0.0.0.0:81");
        assert_eq!(of(&["-s", set, "--bind", "127.0.0.2"])[0], "127.0.0.2:80");
        assert_eq!(of(&["-s", "http.net.bind.to=80", "--bind", "127.0.0.2"])[0], "127.0.0.2:80");
    }
}
