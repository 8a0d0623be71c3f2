//! Counters of a receiver, and their text for Prometheus.
//!
//! Names are QuestDB's where they mean the same there. What QuestDB does not count begins with `questdb_receiver_`. No text of a
//! client becomes a label: codes are a fixed set of words.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::Listener;
use crate::clock::since_1970;
use crate::events::ReceiverEvent;

/// The upper bounds of the buckets of commit times, in microseconds, and as Prometheus writes seconds.
const BUCKETS: [(u64, &str); 12] = [
    (100, "0.0001"),
    (250, "0.00025"),
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (500_000, "0.5"),
    (2_500_000, "2.5"),
];

/// The counters. All of them only grow, except open connections and the time of the last commit.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    http: PortMetrics,
    tcp: PortMetrics,
    commits: AtomicU64,
    commit_micros: AtomicU64,
    /// Commits by time: not more than each bound, and slower than all of them.
    commit_buckets: [AtomicU64; BUCKETS.len() + 1],
    /// Milliseconds since 1970, or 0 before the first commit.
    last_commit: AtomicU64,
    refused: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
    unfinished: AtomicU64,
}

/// The counters of one port.
#[derive(Debug, Default)]
struct PortMetrics {
    connected: AtomicU64,
    disconnected: AtomicU64,
    turned_away: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
}

/// What the metrics show besides what is counted here.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Gauges {
    /// The rows that the store has taken since the start.
    pub(crate) rows: u64,
    /// The tables that there are.
    pub(crate) tables: usize,
    /// The bytes that rows take, stored or on their way.
    pub(crate) bytes: usize,
    /// The bytes that they may take.
    pub(crate) max_bytes: usize,
}

fn add(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Metrics {
    fn port(&self, listener: Listener) -> &PortMetrics {
        match listener {
            Listener::Http => &self.http,
            Listener::Tcp => &self.tcp,
        }
    }

    /// Counts bytes that a port received.
    pub(crate) fn received(&self, listener: Listener, bytes: u64) {
        add(&self.port(listener).bytes, bytes);
    }

    /// Counts a row over TCP whose connection ended before it did.
    pub(crate) fn unfinished(&self) {
        add(&self.unfinished, 1);
    }

    /// Returns how often something was refused, by transport and code.
    pub(crate) fn refusals(&self) -> Vec<(&'static str, &'static str, u64)> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.iter().map(|((listener, code), n)| (*listener, *code, *n)).collect()
    }

    /// Counts an event.
    pub(crate) fn count(&self, event: &ReceiverEvent<'_>) {
        match *event {
            ReceiverEvent::Connected { listener, .. } => add(&self.port(listener).connected, 1),
            ReceiverEvent::Disconnected { listener, .. } => {
                add(&self.port(listener).disconnected, 1);
            }
            ReceiverEvent::TurnedAway { listener, .. } => add(&self.port(listener).turned_away, 1),
            ReceiverEvent::Committed { listener, rows, took } => {
                add(&self.port(listener).rows, rows);
                self.committed(took);
            }
            ReceiverEvent::Refused { listener, code, .. } => {
                let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
                *refused.entry((listener.name(), code)).or_default() += 1;
            }
        }
    }

    fn committed(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        add(&self.commits, 1);
        add(&self.commit_micros, micros);
        let bucket = BUCKETS.iter().position(|(bound, _)| micros <= *bound);
        add(&self.commit_buckets[bucket.unwrap_or(BUCKETS.len())], 1);
        let millis = u64::try_from(since_1970().as_millis()).unwrap_or(u64::MAX);
        self.last_commit.fetch_max(millis, Ordering::Relaxed);
    }

    /// Returns all counters in Prometheus' text format.
    pub(crate) fn text(&self, gauges: Gauges) -> String {
        let mut text = Exposition::default();
        let ports = [("http", &self.http), ("tcp", &self.tcp)];
        let open =
            |port: &PortMetrics| get(&port.connected).saturating_sub(get(&port.disconnected));
        text.plain("questdb_http_connections", "gauge", "Open HTTP connections.", open(&self.http));
        text.plain(
            "questdb_line_tcp_connections",
            "gauge",
            "Open TCP connections.",
            open(&self.tcp),
        );
        let bytes = [("http", &self.http), ("tcp", &self.tcp)];
        for (name, port) in bytes {
            let metric = format!("questdb_line_{name}_recv_bytes");
            text.plain(
                &metric,
                "gauge",
                "Bytes of rows received since the start.",
                get(&port.bytes),
            );
        }
        text.plain("questdb_commits_total", "counter", "Commits.", get(&self.commits));
        text.plain("questdb_committed_rows_total", "counter", "Rows stored.", gauges.rows);
        text.head("questdb_receiver_rows_total", "counter", "Rows stored, by port.");
        for (name, port) in ports {
            text.labelled("questdb_receiver_rows_total", &[("transport", name)], get(&port.rows));
        }
        self.lost_rows(&mut text);
        let (connections, away) =
            ("questdb_receiver_connections_total", "questdb_receiver_refused_connections_total");
        text.head(connections, "counter", "Connections accepted.");
        ports.iter().for_each(|(name, port)| {
            text.labelled(connections, &[("transport", name)], get(&port.connected));
        });
        text.head(away, "counter", "Connections closed at once, because there were too many.");
        ports.iter().for_each(|(name, port)| {
            text.labelled(away, &[("transport", name)], get(&port.turned_away));
        });
        self.commit_times(&mut text);
        let tables = gauges.tables as u64;
        text.plain("questdb_receiver_tables", "gauge", "Tables.", tables);
        let (bytes, max) =
            ("questdb_receiver_buffered_bytes", "questdb_receiver_memory_limit_bytes");
        text.plain(bytes, "gauge", "Bytes that rows take in memory.", gauges.bytes as u64);
        text.plain(max, "gauge", "Bytes that they may take.", gauges.max_bytes as u64);
        text.0
    }

    fn lost_rows(&self, text: &mut Exposition) {
        let metric = "questdb_receiver_rejected_total";
        text.head(metric, "counter", "What was refused, by transport and reason.");
        for (transport, code, count) in self.refusals() {
            text.labelled(metric, &[("transport", transport), ("code", code)], count);
        }
        text.plain(
            "questdb_receiver_unfinished_rows_total",
            "counter",
            "Rows over TCP whose connection ended before they did.",
            get(&self.unfinished),
        );
    }

    fn commit_times(&self, text: &mut Exposition) {
        let metric = "questdb_receiver_commit_seconds";
        text.head(metric, "histogram", "How long commits took.");
        let bucket = format!("{metric}_bucket");
        let mut so_far = 0;
        let bounds = BUCKETS.iter().map(|(_, bound)| *bound).chain(["+Inf"]);
        for (bound, commits) in bounds.zip(&self.commit_buckets) {
            so_far += get(commits);
            text.labelled(&bucket, &[("le", bound)], so_far);
        }
        let micros = get(&self.commit_micros);
        text.line(&format!("{metric}_sum {}.{:06}", micros / 1_000_000, micros % 1_000_000));
        text.line(&format!("{metric}_count {so_far}"));
        let metric = "questdb_receiver_last_commit_timestamp_seconds";
        text.head(metric, "gauge", "The time of the last commit, in seconds since 1970.");
        let millis = get(&self.last_commit);
        text.line(&format!("{metric} {}.{:03}", millis / 1000, millis % 1000));
    }
}

/// Text in Prometheus' format.
#[derive(Default)]
struct Exposition(String);

impl Exposition {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn head(&mut self, metric: &str, kind: &str, help: &str) {
        self.line(&format!("# HELP {metric} {help}"));
        self.line(&format!("# TYPE {metric} {kind}"));
    }

    fn plain(&mut self, metric: &str, kind: &str, help: &str, value: u64) {
        self.head(metric, kind, help);
        self.labelled(metric, &[], value);
    }

    /// Writes a value with labels, which are words of ours and need no escapes.
    fn labelled(&mut self, metric: &str, labels: &[(&str, &str)], value: u64) {
        let labels: Vec<String> = labels.iter().map(|(k, v)| format!("{k}=\"{v}\"")).collect();
        let labels =
            if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{metric}{labels} {value}");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn events_become_the_text_that_prometheus_reads() {
        let metrics = Metrics::default();
        let (listener, peer) = (Listener::Tcp, None);
        metrics.count(&ReceiverEvent::Connected { listener, peer });
        metrics.count(&ReceiverEvent::Connected { listener: Listener::Http, peer });
        metrics.count(&ReceiverEvent::Disconnected { listener: Listener::Http, peer });
        metrics.count(&ReceiverEvent::TurnedAway { listener, peer });
        for micros in [100, 101, 3_000_000] {
            let took = Duration::from_micros(micros);
            metrics.count(&ReceiverEvent::Committed { listener, rows: 2, took });
        }
        let refused = |code| ReceiverEvent::Refused {
            listener,
            peer,
            code,
            line: None,
            message: "",
            text: "",
        };
        ["cast", "time", "cast"].iter().for_each(|code| metrics.count(&refused(code)));
        assert_eq!(metrics.refusals(), [("tcp", "cast", 2), ("tcp", "time", 1)]);
        metrics.received(Listener::Http, 7);
        metrics.unfinished();
        let text = metrics.text(Gauges { rows: 6, tables: 1, bytes: 5, max_bytes: 9 });
        for line in [
            "questdb_http_connections 0",
            "questdb_line_tcp_connections 1",
            "questdb_line_http_recv_bytes 7",
            "questdb_line_tcp_recv_bytes 0",
            "# TYPE questdb_commits_total counter",
            "questdb_commits_total 3",
            "questdb_committed_rows_total 6",
            "questdb_receiver_rows_total{transport=\"tcp\"} 6",
            "questdb_receiver_rejected_total{transport=\"tcp\",code=\"cast\"} 2",
            "questdb_receiver_rejected_total{transport=\"tcp\",code=\"time\"} 1",
            "questdb_receiver_unfinished_rows_total 1",
            "questdb_receiver_connections_total{transport=\"http\"} 1",
            "questdb_receiver_refused_connections_total{transport=\"tcp\"} 1",
            "questdb_receiver_commit_seconds_bucket{le=\"0.0001\"} 1",
            "questdb_receiver_commit_seconds_bucket{le=\"0.00025\"} 2",
            "questdb_receiver_commit_seconds_bucket{le=\"2.5\"} 2",
            "questdb_receiver_commit_seconds_bucket{le=\"+Inf\"} 3",
            "questdb_receiver_commit_seconds_sum 3.000201",
            "questdb_receiver_commit_seconds_count 3",
            "questdb_receiver_tables 1",
            "questdb_receiver_buffered_bytes 5",
            "questdb_receiver_memory_limit_bytes 9",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
        // Each metric is described once, before its values.
        let named = |l: &str| l.split(['{', ' ']).next().unwrap().to_owned();
        for value in text.lines().filter(|l| !l.starts_with('#')).map(named) {
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|s| value.strip_suffix(s));
            let described = [Some(value.as_str()), base]
                .into_iter()
                .flatten()
                .any(|metric| text.matches(&format!("# TYPE {metric} ")).count() == 1);
            assert!(described, "{value}");
        }
    }

    #[test]
    fn the_dashboard_shows_the_metrics_that_there_are() {
        let dashboard = include_str!("../dashboard/questdb-receiver.json");
        let dashboard: serde_json::Value = serde_json::from_str(dashboard).unwrap();
        let text = Metrics::default().text(Gauges::default());
        let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        let there_are: BTreeSet<&str> = types.filter_map(|line| line.split(' ').next()).collect();
        let mut asked = BTreeSet::new();
        for panel in dashboard["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().unwrap() {
                let expression = target["expr"].as_str().unwrap();
                let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                let metrics = words.filter(|word| word.starts_with("questdb_"));
                asked.extend(metrics.map(|word| word.strip_suffix("_bucket").unwrap_or(word)));
            }
        }
        assert_eq!(asked, there_are);
    }
}
