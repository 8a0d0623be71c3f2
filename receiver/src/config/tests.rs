//! Tests of reading a configuration: precedence, warnings, problems, and what becomes of values.

use std::path::{Path, PathBuf};

use super::*;
use crate::ErrorKind;

fn of_file(content: &str) -> ConfigurationSources {
    let mut sources = ConfigurationSources::default();
    sources.read_content(Path::new("server.conf"), content.as_bytes());
    sources
}

fn variables(sources: &mut ConfigurationSources, pairs: &[(&str, &str)]) {
    sources.read_variables(pairs.iter().map(|(name, value)| (name.into(), value.into())));
}

/// Makes an empty folder for a test.
fn folder(name: &str) -> PathBuf {
    let folder =
        std::env::temp_dir().join(format!("questdb-receiver-{}-{name}", std::process::id()));
    std::fs::create_dir_all(folder.join("conf")).unwrap();
    folder
}

#[test]
fn defaults_are_in_force_where_nothing_is_set() {
    let configuration = ConfigurationSources::default().resolve();
    assert_eq!(configuration.problems(), [""; 0]);
    assert_eq!(configuration.warnings(), [""; 0]);
    assert!(configuration.values().iter().all(|v| v.source == ValueSource::Default));
    let builder = configuration.receiver().unwrap();
    assert_eq!(builder.tcp_addr.to_string(), "127.0.0.1:9009");
    assert_eq!(builder.http_addr.to_string(), "127.0.0.1:9000");
    assert_eq!(builder.tcp.commit_interval.as_millis(), 1000);
    assert_eq!(
        (builder.max_line, builder.max_body, builder.max_stored),
        (1 << 30, 1 << 30, 2 << 30)
    );
    assert!(builder.error_replies && builder.strict_decimals);
    let monitor = builder.monitor.unwrap();
    assert_eq!((monitor.addr.to_string().as_str(), monitor.connections), ("127.0.0.1:9003", 4));
}

#[test]
fn the_command_line_goes_before_the_environment_and_that_before_the_file() {
    let mut sources =
        of_file("http.net.bind.to=1\nline.tcp.net.bind.to=2\nhttp.net.connection.limit=7");
    sources.set("--http", "http.net.bind.to", "3");
    variables(&mut sources, &[("QDB_HTTP_NET_BIND_TO", "4"), ("QDB_LINE_TCP_NET_BIND_TO", "5")]);
    let configuration = sources.resolve();
    assert_eq!(configuration.warnings(), [""; 0]);
    let values = configuration.values();
    let shown = |key: &str| {
        let value = values.iter().find(|v| v.key == key).unwrap();
        format!("{} from {}", value.shown, value.source)
    };
    assert_eq!(shown("http.net.bind.to"), "3 from --http");
    assert_eq!(
        shown("line.tcp.net.bind.to"),
        "5 from environment variable QDB_LINE_TCP_NET_BIND_TO"
    );
    assert_eq!(shown("http.net.connection.limit"), "7 from server.conf, line 3");
}

#[test]
fn of_two_names_for_one_thing_the_documents_wins_and_the_log_says_so() {
    let configuration = of_file(
        "line.tcp.max.recv.buf.size=2k\nline.tcp.max.recv.buffer.size=4k\nhttp.user=a\nhttp.user=b\nhttp.password=c",
    )
    .resolve();
    assert_eq!(configuration.text("line.tcp.max.recv.buffer.size"), Some("2k"));
    assert_eq!(
        configuration.warnings(),
        [
            "server.conf, line 2: line.tcp.max.recv.buffer.size has no effect: line.tcp.max.recv.buf.size \
             (server.conf, line 1) goes before it",
            "server.conf, line 3: http.user has no effect: http.user (server.conf, line 4) goes before it",
        ]
    );
    assert_eq!(configuration.receiver().unwrap().basic, Some(("b".into(), "c".into())));
    // A variable goes before the file, whichever of the names it has.
    let mut sources = of_file("line.tcp.max.recv.buf.size=2k");
    variables(&mut sources, &[("QDB_LINE_TCP_MAX_RECV_BUFFER_SIZE", "4k")]);
    assert_eq!(sources.resolve().receiver().unwrap().max_line, 4096);
}

#[test]
fn unknown_keys_are_warned_about_or_refused_and_the_nearest_is_named() {
    let content = "http.net.bindto=1\ncairo.sql.copy.root=x\n";
    let said = [
        "server.conf, line 1: unknown key http.net.bindto; did you mean http.net.bind.to?",
        "server.conf, line 2: unknown key cairo.sql.copy.root",
        "environment variable QDB_HTTP_USR: unknown key QDB_HTTP_USR; did you mean QDB_HTTP_USER?",
    ];
    let foreign = [("QDB_HTTP_USR", "x"), ("QDB_CLIENT_CONF", "http::addr=a;"), ("PATH", "/bin")];
    let mut sources = of_file(content);
    variables(&mut sources, &foreign);
    let lenient = sources.resolve();
    assert_eq!(lenient.warnings(), said);
    assert!(lenient.receiver().is_ok());
    let mut sources = of_file(&format!("{content}config.validation.strict=true"));
    variables(&mut sources, &foreign);
    let strict = sources.resolve();
    assert_eq!(strict.problems(), said);
    let error = strict.receiver().unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Config, said[0]));
}

#[test]
fn every_problem_names_its_place_key_value_and_range() {
    let mut sources = of_file(
        "line.tcp.net.connection.limit=0\nline.tcp.default.partition.by=MINUTE\nhttp.password=\\u00\n",
    );
    variables(&mut sources, &[("QDB_METRICS_ENABLED", "maybe")]);
    sources.set("--http", "http.net.bind.to", "70000");
    assert_eq!(
        sources.resolve().problems(),
        [
            "server.conf, line 3: \\u00 is no character: four hexadecimal digits follow \\u",
            "server.conf, line 1: line.tcp.net.connection.limit: \"0\" is out of range: 1 to 1000000",
            "server.conf, line 2: line.tcp.default.partition.by: \"MINUTE\" is out of range: NONE, HOUR, DAY, WEEK, MONTH, YEAR",
            "--http: http.net.bind.to: \"70000\" is out of range: HOST:PORT or PORT; port 0 takes a free one",
            "environment variable QDB_METRICS_ENABLED: QDB_METRICS_ENABLED: \"maybe\" is out of range: true or false",
        ]
    );
}

#[test]
fn a_key_without_effect_says_so() {
    let configuration = of_file("line.tcp.writer.queue.capacity=64").resolve();
    assert_eq!(
        configuration.warnings(),
        [
            "server.conf, line 1: line.tcp.writer.queue.capacity has no effect: there is no queue: a connection is not read \
          while its rows cannot be taken"
        ]
    );
}

#[test]
fn values_reach_the_receiver() {
    let builder = of_file(
        "line.tcp.enabled=false\nline.tcp.net.connection.limit=3\nline.tcp.net.connection.queue.timeout=1s\n\
         line.tcp.net.connection.timeout=0\nline.tcp.net.recv.buf.size=4k\nline.tcp.max.measurement.size=9\n\
         line.tcp.commit.interval.default=100\nline.tcp.commit.interval.fraction=0.25\nline.auto.create.new.tables=false\n\
         line.tcp.auto.create.new.columns=false\nline.default.partition.by=month\nline.tcp.timestamp=u\n\
         line.tcp.disconnect.on.error=false\nline.log.message.on.error=false\nline.tcp.error.replies=false\n\
         http.enabled=false\nhttp.net.connection.limit=5\nhttp.net.connection.timeout=2m\nhttp.token=t\nhttp.min.enabled=false\n\
         receiver.memory.limit=1m\nreceiver.max.columns=11\nreceiver.create.decimals=true\ncairo.max.file.name.length=20\n\
         http.net.bind.to=localhost:80\nline.tcp.net.bind.to=[::1]:81\n",
    )
    .resolve()
    .receiver()
    .unwrap();
    let tcp = &builder.tcp;
    assert!(!tcp.enabled && !tcp.disconnect_on_error && !tcp.log_text && !builder.error_replies);
    assert_eq!((tcp.connections, tcp.queue_timeout.as_secs(), tcp.idle_timeout), (3, 1, None));
    assert_eq!((tcp.first_buffer, tcp.max_fields, tcp.commit_interval.as_millis()), (4096, 9, 25));
    assert_eq!(tcp.timestamp_unit, crate::line::TimeUnit::Micros);
    let http = &builder.http;
    assert_eq!((http.enabled, http.connections), (false, 5));
    assert_eq!(http.idle_timeout.map(|t| t.as_secs()), Some(120));
    let tables = &builder.tables;
    assert_eq!((tables.create_tables, tables.create_columns), (false, false));
    assert_eq!(tables.partition_by, options::PartitionBy::Month);
    assert_eq!((builder.max_stored, builder.max_columns, builder.max_name_len), (1 << 20, 11, 20));
    assert!(!builder.strict_decimals && builder.monitor.is_none());
    assert_eq!(builder.bearer.as_deref(), Some("t"));
    assert!(builder.http_addr.ip().is_loopback() && builder.http_addr.port() == 80);
    assert_eq!(builder.tcp_addr.to_string(), "[::1]:81");
}

#[test]
fn files_are_found_from_the_folder_and_their_errors_name_the_key() {
    let folder = folder("files");
    let conf = folder.join("conf").join("server.conf");
    std::fs::write(&conf, "line.tcp.auth.db.path=conf/auth.txt\n").unwrap();
    let receiver = || {
        let mut sources = ConfigurationSources::default();
        sources.read_folder(&folder);
        sources.resolve().receiver()
    };
    let place = format!("{}, line 1: ", conf.display());
    let said = receiver().unwrap_err().to_string();
    assert!(said.starts_with(&format!("{place}line.tcp.auth.db.path: cannot read ")), "{said}");
    let auth = folder.join("conf").join("auth.txt");
    std::fs::write(&auth, "alice ec-p-256-sha256 x y\n").unwrap();
    assert_eq!(receiver().unwrap().ecdsa, [("alice".into(), "x".into(), "y".into())]);
    std::fs::write(&auth, "alice\n").unwrap();
    let said = receiver().unwrap_err().to_string();
    let expected = "line.tcp.auth.db.path: line 1 is not KEY_ID ec-p-256-sha256 X Y";
    assert_eq!(said, format!("{place}{expected}"));
    std::fs::write(&conf, "tls.enabled=true\n").unwrap();
    let said = receiver().unwrap_err().to_string();
    assert_eq!(said, format!("{place}tls.enabled: there is no tls.cert.path beside it"));
    std::fs::write(&conf, "http.user=a\n").unwrap();
    let said = receiver().unwrap_err().to_string();
    assert_eq!(said, format!("{place}http.user: there is no http.password beside it"));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn secrets_come_from_files_and_are_never_told() {
    let folder = folder("secrets");
    let file = folder.join("password");
    std::fs::write(&file, "hush hush\r\n").unwrap();
    let mut sources = ConfigurationSources::default();
    let path = file.to_str().unwrap();
    variables(&mut sources, &[("QDB_HTTP_USER", "alice"), ("QDB_HTTP_PASSWORD_FILE", path)]);
    let configuration = sources.resolve();
    let values = configuration.values();
    let password = values.iter().find(|v| v.key == "http.password").unwrap();
    assert_eq!(password.shown, "********");
    assert_eq!(
        password.source,
        ValueSource::Environment { variable: "QDB_HTTP_PASSWORD_FILE".into() }
    );
    let basic = configuration.receiver().unwrap().basic;
    assert_eq!(basic, Some(("alice".into(), "hush hush".into())));
    // A file that is not there is a problem; a key that is no secret has no such variable.
    let mut sources = ConfigurationSources::default();
    let missing = [("QDB_HTTP_TOKEN_FILE", "/no/such"), ("QDB_HTTP_USER_FILE", path)];
    variables(&mut sources, &missing);
    let configuration = sources.resolve();
    let said = &configuration.problems()[0];
    assert!(said.starts_with("environment variable QDB_HTTP_TOKEN_FILE: /no/such: "), "{said}");
    assert!(configuration.warnings()[0].contains("unknown key QDB_HTTP_USER_FILE"));
    std::fs::remove_dir_all(folder).unwrap();
}
