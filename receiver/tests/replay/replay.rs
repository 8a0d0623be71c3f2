//! Replays the inputs of `inputs.txt` against a server, which may be the receiver or QuestDB, and tells what became of them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use questdb_ingress_testkit::questdb::http::{percent_encoded, request};
use serde_json::{Map, Value, json};

const INPUTS: &str = include_str!("inputs.txt");
/// What QuestDB 9.3.4 did, one input a line.
pub(super) const ANSWERS: &str = include_str!("answers.jsonl");
/// The table whose rows show that a connection went on behind an input.
const MARKER: &str = "marker";
/// So many inputs are sent before their tables are read.
const AT_ONCE: usize = 100;

/// Inputs for servers of one configuration.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: &'static str,
    /// Lines of `server.conf`.
    pub(super) conf: String,
    pub(super) cases: Vec<Case>,
}

/// An input, and what it is sent to.
#[derive(Debug, Clone)]
pub(super) struct Case {
    /// The number of the input in the whole table, from 1.
    number: usize,
    pub(super) section: &'static str,
    create: Option<&'static str>,
    query: Option<&'static str>,
    table: &'static str,
    pub(super) input: &'static str,
    /// Why the receiver differs, over each of the two transports.
    pub(super) differs: [Option<&'static str>; 2],
}

/// The two ways to send an input, in the order of [`Case::differs`].
pub(super) const TRANSPORTS: [&str; 2] = ["http", "tcp"];

/// Reads the table of inputs.
pub(super) fn groups() -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let nothing = Case {
        number: 0,
        section: "",
        create: None,
        query: None,
        table: "$",
        input: "",
        differs: [None; 2],
    };
    let mut next = nothing.clone();
    let mut all = [None; 2];
    for line in INPUTS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[') {
            let name = name.strip_suffix(']').unwrap();
            groups.push(Group { name, conf: String::new(), cases: Vec::new() });
        } else if let Some(conf) = line.strip_prefix("conf: ") {
            groups.last_mut().unwrap().conf.push_str(&format!("{conf}\n"));
        } else if let Some(section) = line.strip_prefix("= ") {
            next = Case { number: next.number, section, ..nothing.clone() };
            all = [None; 2];
        } else if let Some(create) = line.strip_prefix("create: ") {
            next.create = Some(create);
        } else if let Some(query) = line.strip_prefix("query: ") {
            next.query = Some(query);
        } else if let Some(table) = line.strip_prefix("table: ") {
            next.table = table;
        } else if let Some(why) = line.strip_prefix("differs: ") {
            (all, next.differs) = ([Some(why); 2], [Some(why); 2]);
        } else if let Some((transport, why)) =
            line.strip_prefix('!').and_then(|l| l.split_once(' '))
        {
            for (differs, name) in next.differs.iter_mut().zip(TRANSPORTS) {
                if transport.is_empty() || transport == name {
                    *differs = Some(why);
                }
            }
        } else {
            next.number += 1;
            next.input = line;
            groups.last_mut().unwrap().cases.push(next.clone());
            next.differs = all;
        }
    }
    groups
}

impl Case {
    /// Returns the name of the table over a transport, for which `$` stands.
    fn stem(&self, transport: &str) -> String {
        format!("r{}{}", self.number, &transport[..1])
    }

    /// Returns what is sent.
    fn bytes(&self, stem: &str) -> Vec<u8> {
        let open = self.input.ends_with("{}");
        let mut bytes = bytes(self.input, stem);
        if !open && bytes.last() != Some(&b'\n') {
            bytes.push(b'\n');
        }
        bytes
    }

    fn transports(&self) -> impl Iterator<Item = &'static str> {
        // The parameters of a request have no counterpart over TCP.
        TRANSPORTS.into_iter().take(if self.query.is_some() { 1 } else { 2 })
    }
}

/// Returns the bytes that a text of the table stands for.
fn bytes(text: &str, stem: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '{' => {
                let (hex, after) = rest.split_once('}').unwrap();
                let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
                out.extend(pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()));
                rest = after;
            }
            '$' => {
                out.extend_from_slice(stem.as_bytes());
                if let Some(after) = rest.strip_prefix('b') {
                    out.extend_from_slice(b"_b");
                    rest = after;
                }
            }
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out
}

/// A server, which listens on the loopback address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Server {
    pub(super) http: u16,
    pub(super) tcp: u16,
}

impl Server {
    /// Sends all inputs of a group, then reads what they have made of the tables. `settle` waits until everything is stored
    /// that was sent over TCP.
    pub(super) fn replay(self, group: &Group, settle: impl Fn()) -> Vec<Value> {
        let created = self.sql(&format!(
            "create table {MARKER} (n long, timestamp timestamp) timestamp(timestamp) partition by day wal"
        ));
        assert!(created.is_ok(), "{created:?}");
        // A server keeps files of the tables open that were read, so tables are dropped again.
        let some = |cases: &[Case]| {
            let sent: Vec<_> = cases.iter().map(|case| self.send(case)).collect();
            settle();
            let markers = self.read(MARKER).map_or(Vec::new(), |table| numbers(&table));
            let read = |(case, ends)| self.outcome(case, ends, &markers);
            cases.iter().zip(sent).map(read).collect::<Vec<_>>()
        };
        group.cases.chunks(AT_ONCE).flat_map(some).collect()
    }

    /// Adds what can be read to what is known of an input.
    fn outcome(self, case: &Case, ends: Vec<Map<String, Value>>, markers: &[usize]) -> Value {
        let mut outcome = Map::new();
        outcome.insert("input".to_owned(), case.input.into());
        for (transport, mut end) in case.transports().zip(ends) {
            if end.contains_key("open") {
                end.insert("open".to_owned(), markers.contains(&case.number).into());
            }
            if !end.contains_key("create") {
                self.read_tables(case, transport, &mut end);
            }
            outcome.insert(transport.to_owned(), Value::Object(end));
        }
        Value::Object(outcome)
    }

    /// Sends an input over each transport. Returns what is known about each at once.
    fn send(self, case: &Case) -> Vec<Map<String, Value>> {
        let send = |transport| {
            let stem = case.stem(transport);
            let mut end = Map::new();
            if let Some(create) = case.create
                && let Err(error) = self.sql(&create.replace('$', &stem))
            {
                end.insert("create".to_owned(), error.into());
                return end;
            }
            let bytes = case.bytes(&stem);
            match transport {
                "http" => self.post(case, &bytes, &stem, &mut end),
                _ => self.stream(case.number, &bytes, &mut end),
            }
            end
        };
        case.transports().map(send).collect()
    }

    fn post(self, case: &Case, body: &[u8], stem: &str, end: &mut Map<String, Value>) {
        let query = case.query.map_or(String::new(), |query| format!("?{query}"));
        let answer = request(self.http, "POST", &format!("/write{query}"), &[], body).unwrap();
        end.insert("status".to_owned(), answer.status.into());
        if answer.body.is_empty() {
            return;
        }
        let error = answer.json();
        for key in ["code", "message", "line"] {
            let mut value = error[key].clone();
            if let Value::String(text) = &mut value {
                *text = text.replace(stem, "$");
            }
            end.insert(key.to_owned(), value);
        }
    }

    fn stream(self, number: usize, bytes: &[u8], end: &mut Map<String, Value>) {
        let mut tcp = TcpStream::connect(("127.0.0.1", self.tcp)).unwrap();
        tcp.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut bytes = bytes.to_vec();
        if bytes.last() == Some(&b'\n') {
            bytes.extend_from_slice(format!("{MARKER} n={number}i 1\n").as_bytes());
            end.insert("open".to_owned(), Value::Null);
        }
        // The peer may close the connection at any time.
        let _ = tcp.write_all(&bytes);
        let _ = tcp.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        if let Err(error) = tcp.read_to_end(&mut answer) {
            let kind = error.kind();
            assert_ne!(kind, std::io::ErrorKind::WouldBlock, "input {number}: not closed");
        }
        assert_eq!(answer, b"", "input {number}: an answer over TCP");
    }

    fn read_tables(self, case: &Case, transport: &str, end: &mut Map<String, Value>) {
        let stem = case.stem(transport);
        let mut add = |key: &str, text: &str| {
            let name = String::from_utf8(bytes(text, &stem)).unwrap();
            let table = self.read(&name);
            if table.is_some() {
                let _ = self.sql(&format!("drop table \"{name}\""));
            }
            end.insert(key.to_owned(), table.unwrap_or_default());
        };
        add("table", case.table);
        if case.input.contains("$b") {
            add("second", "$b");
        }
    }

    /// Returns the columns and rows of a table, if there is one.
    fn read(self, table: &str) -> Option<Value> {
        let _ = self.sql(&format!("select wait_wal_table('{}')", table.replace('\'', "''")));
        let answer = match self.sql(&format!("select * from \"{table}\"")) {
            Err(error) if error.contains("does not exist") => return None,
            // QuestDB 9.3.4 makes a table that it cannot read when a field is called `Timestamp`.
            Err(error) if error.contains("Duplicate column") => return Some("unreadable".into()),
            answer => answer.unwrap_or_else(|error| panic!("reading {table}: {error}")),
        };
        let columns = answer["columns"].as_array().unwrap().iter().map(|column| {
            let text = |key: &str| column[key].as_str().unwrap_or_default().to_owned();
            let dimensions = column["dim"].as_u64().map_or(String::new(), |n| format!(" {n}"));
            format!("{} {}{dimensions}", text("name"), text("type"))
        });
        let mut rows = answer["dataset"].clone();
        for row in rows.as_array_mut().unwrap() {
            row.as_array_mut().unwrap().iter_mut().for_each(blur);
        }
        Some(json!({"columns": columns.collect::<Vec<_>>(), "rows": rows}))
    }

    fn sql(self, statement: &str) -> Result<Value, String> {
        let target = format!("/exec?query={}", percent_encoded(statement));
        let answer = request(self.http, "GET", &target, &[], b"").unwrap();
        let body = answer.json();
        match answer.status {
            200 => Ok(body),
            _ => Err(body["error"].as_str().unwrap_or_default().to_owned()),
        }
    }
}

/// Returns the numbers of the inputs behind which a connection went on.
fn numbers(table: &Value) -> Vec<usize> {
    let rows = table["rows"].as_array().unwrap();
    rows.iter().filter_map(|row| usize::try_from(row[0].as_u64()?).ok()).collect()
}

/// Removes what may differ: the clock, and the last digit of doubles, which JSON parsers round.
fn blur(cell: &mut Value) {
    if cell.as_str().is_some_and(|text| text.starts_with("20") && text.ends_with('Z')) {
        *cell = "now".into();
    } else if let Some(double) = cell.as_f64().filter(|_| cell.is_f64()) {
        *cell = format!("{double:.13e}").into();
    } else if let Value::Array(items) = cell {
        items.iter_mut().for_each(blur);
    }
}
