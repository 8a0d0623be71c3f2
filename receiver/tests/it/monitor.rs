//! Tests of what a receiver tells of itself: events, metrics, and the port that answers them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use questdb_ingress_testkit::raw_client::{Http, PATIENCE, connect};
use questdb_receiver::{ConfigurationSources, Listener, Receiver, ReceiverEvent};

fn get(addr: SocketAddr, path: &str) -> (u16, String) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut client = Http::over(connect(addr));
    let answer = client.ask(request);
    (answer.status, answer.body)
}

fn any_port() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// Returns the value of a metric, by its name and labels.
fn value(text: &str, metric: &str) -> String {
    let line = text.lines().find_map(|l| l.strip_prefix(metric)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{metric} is not in\n{text}")).to_owned()
}

#[test]
fn metrics_count_what_is_stored_and_refused() {
    let receiver = Receiver::builder().monitor(any_port()).start().unwrap();
    let monitor = receiver.monitor_addr().unwrap();
    let mut http = Http::over(connect(receiver.http_addr()));
    assert_eq!(http.write("t x=1i\nt x=2i").status, 204);
    assert_eq!(http.write("t x=1i\nt x=\"a\"").status, 400);
    let mut tcp = connect(receiver.tcp_addr());
    tcp.write_all(b"t x=3i\n").unwrap();
    receiver.wait_for_rows("t", 3, PATIENCE).unwrap();
    let (status, text) = get(monitor, "/metrics");
    assert_eq!(status, 200);
    for (metric, expected) in [
        ("questdb_committed_rows_total", "3"),
        ("questdb_commits_total", "2"),
        ("questdb_receiver_rows_total{transport=\"http\"}", "2"),
        ("questdb_receiver_rows_total{transport=\"tcp\"}", "1"),
        ("questdb_receiver_rejected_total{transport=\"http\",code=\"CAST\"}", "1"),
        ("questdb_http_connections", "1"),
        ("questdb_line_tcp_connections", "1"),
        ("questdb_line_tcp_recv_bytes", "7"),
        ("questdb_receiver_commit_seconds_count", "2"),
        ("questdb_receiver_tables", "1"),
    ] {
        // The last commit is counted just after its rows can be seen.
        let mut text = text.clone();
        while value(&text, metric) != expected {
            let now = value(&text, metric);
            assert!(now.as_str() < expected, "{metric} {now}");
            text = receiver.metrics();
        }
    }
    assert!(value(&text, "questdb_receiver_buffered_bytes").parse::<u64>().unwrap() > 0);
    assert_eq!(get(monitor, "/status"), (200, "Status: Healthy\n".to_owned()));
}

#[test]
fn the_monitoring_port_is_strict_about_nothing_but_its_limits() {
    let receiver = Receiver::builder().monitor(any_port()).start().unwrap();
    let monitor = receiver.monitor_addr().unwrap();
    // As in QuestDB, every path is about the health.
    assert_eq!(get(monitor, "/anything?x=1").0, 200);
    let mut client = Http::over(connect(monitor));
    assert_eq!(client.ask("POST /metrics HTTP/1.1\r\nContent-Length: 0\r\n\r\n").status, 405);
    let mut client = Http::over(connect(monitor));
    let long = format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(9 << 10));
    assert_eq!(client.ask(long).status, 431);
    // Those who say nothing take the places of others only for a while, and do not delay the end.
    let silent: Vec<_> = (0..8).map(|_| connect(monitor)).collect();
    drop(receiver);
    for mut socket in silent {
        let _ = socket.read(&mut [0; 8]);
    }
}

#[test]
fn without_metrics_only_the_status_is_answered() {
    let mut sources = ConfigurationSources::default();
    for (key, value) in [
        ("http.enabled", "false"),
        ("line.tcp.net.bind.to", "0"),
        ("http.min.net.bind.to", "0"),
        ("metrics.enabled", "false"),
    ] {
        sources.set("a test", key, value);
    }
    let receiver = sources.resolve().receiver().unwrap().start().unwrap();
    let monitor = receiver.monitor_addr().unwrap();
    assert_eq!(get(monitor, "/metrics").0, 404);
    assert_eq!(get(monitor, "/status").0, 200);
    // A port that is switched off does not exist.
    assert_eq!(receiver.addr(Listener::Http), None);
    assert_eq!(receiver.http_addr().port(), 0);
    connect(receiver.addr(Listener::Tcp).unwrap());
}

#[test]
fn events_tell_who_sent_what_and_why_it_was_refused() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&told);
    let tell = move |event: &ReceiverEvent<'_>| log.lock().unwrap().push(format!("{event:?}"));
    let receiver = Receiver::builder().on_event(tell).start().unwrap();
    let mut http = Http::over(connect(receiver.http_addr()));
    assert_eq!(http.write("t x=1i\n\nt x=2i\nt x=\"a\x1b[0m\"").status, 400);
    let stream = http.into_inner();
    let peer = stream.local_addr().unwrap();
    drop(stream);
    let mut tcp = connect(receiver.tcp_addr());
    tcp.write_all(b"t x=3i\nt x=\"a\"\n").unwrap();
    let _ = tcp.read(&mut [0; 8]);
    receiver.shutdown();
    let told = told.lock().unwrap();
    let of = |start: &str| told.iter().filter(|e| e.starts_with(start)).collect::<Vec<_>>();
    assert_eq!(of("Connected").len(), 2);
    assert_eq!(of("Disconnected").len(), 2);
    assert_eq!(of("Committed { listener: Tcp, rows: 1,").len(), 1);
    let refused = of("Refused");
    assert_eq!(refused.len(), 2, "{refused:?}");
    let http =
        format!("Refused {{ listener: Http, peer: Some({peer}), code: \"CAST\", line: Some(3), ");
    assert!(refused[0].starts_with(&http), "{}", refused[0]);
    // What a client sends is escaped.
    let text = r#" text: "t x=\"a\\u{1b}[0m\"" }"#;
    assert!(refused[0].ends_with(text), "{}", refused[0]);
    assert!(
        refused[1].contains("listener: Tcp") && refused[1].contains("line: Some(2)"),
        "{}",
        refused[1]
    );
}
