//! Takes any bytes as the JSON body of a refusal, and refusals made from any text. The accessors return what the server
//! said, on one line and cut to a limited length.

#![no_main]

use std::sync::LazyLock;
use std::time::Instant;

use libfuzzer_sys::fuzz_target;
use questdb_ingress::fuzzing::{End, Script, Server};
use questdb_ingress::internal::OwnBuffer as _;
use questdb_ingress::{Config, Error, Outcome};
use questdb_ingress_fuzz::Input;
use questdb_ingress_fuzz::checks::{SHOWN, assert_error};

static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);
static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    let conf = "http::addr=db;init_buf_size=1024;protocol_version=1;retry_timeout=0;";
    Config::from_conf(conf).unwrap()
});
const STATUSES: [u16; 12] = [400, 401, 403, 404, 405, 413, 415, 421, 429, 500, 503, 507];
const TYPES: [&str; 4] =
    ["application/json", "application/json; charset=utf-8", "Application/JSON", "text/plain"];
/// How many bytes of an id or a code are kept.
const WORD: usize = 128;

/// Flushes a row of one table to a server that refuses it with this body.
fn refuse(status: u16, content_type: &str, body: &[u8]) -> Error {
    let head = format!(
        "HTTP/1.1 {status} No\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let answer = [head.as_bytes(), body].concat();
    let (pieces, early, end) = (Vec::new(), None, End::Silent);
    let script = Script { answers: vec![answer], pieces, early, end };
    let mut sender = Server::new(script, *EPOCH).sender(&CONFIG).unwrap();
    sender.own_buffer().table("t").unwrap().column_i64("x", 1).unwrap();
    sender.at_now().unwrap();
    let e = sender.flush_own().unwrap_err();
    assert_error(&e);
    assert_eq!((e.http_status(), e.attempts(), e.table()), (Some(status), 1, Some("t")));
    assert!(matches!(e.outcome(), Outcome::Rejected | Outcome::InDoubt), "{e:?}");
    for word in [e.server_error_id(), e.server_code()].into_iter().flatten() {
        // A byte is shown by at most six, and a note says how much was cut.
        assert!(word.len() <= 6 * WORD + 32, "{word}");
    }
    assert_eq!(sender.buffer().peek(), b"t x=1i\n");
    e
}

/// Appends the text as JSON, with escapes where `mask` says.
fn quoted(text: &str, mask: u8, json: &mut String) {
    json.push('"');
    for (i, c) in text.chars().enumerate() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if c < ' ' || mask >> (i % 8) & 1 == 1 => {
                c.encode_utf16(&mut [0; 2])
                    .iter()
                    .for_each(|unit| json.push_str(&format!("\\u{unit:04x}")));
            }
            c => json.push(c),
        }
    }
    json.push('"');
}

/// Checks what is shown of a text: all of it if it is plain, its beginning if it is long.
fn assert_shown(shown: &str, said: &str, most: usize) {
    let plain = said.bytes().all(|b| matches!(b, b' '..=b'~'));
    if plain && said.len() <= most {
        assert!(shown.contains(said), "{said:?} is not in {shown:?}");
    }
    if said.len() > most {
        assert!(shown.contains(&format!("… ({} bytes)", said.len())), "no note in {shown:?}");
    }
}

fn built(input: &mut Input<'_>) {
    let status = input.one(&STATUSES);
    let mask = input.byte();
    let repeat = if input.byte() == 255 { 1 + usize::from(input.byte()) } else { 1 };
    let mut text = || String::from_utf8_lossy(input.bytes()).into_owned();
    let (message, id, code) = (text(), text(), text());
    // The text is long enough to be cut.
    let message = message.repeat(repeat.min(1 + 1500 / message.len().max(1)));
    let line = input.u64();
    let order = input.byte();
    let mut fields = Vec::new();
    for (name, value) in [("message", &message), ("errorId", &id), ("code", &code)] {
        let mut field = format!("\"{name}\":");
        quoted(value, mask, &mut field);
        fields.push(field);
    }
    fields.push(format!("\"line\":{line}"));
    fields.rotate_left(usize::from(order & 3));
    let e = refuse(
        status,
        TYPES[usize::from(order >> 2 & 1)],
        format!("{{{}}}", fields.join(",")).as_bytes(),
    );
    assert_eq!(e.server_line(), usize::try_from(line).ok().filter(|line| *line != 0));
    assert_shown(e.message(), &message, SHOWN);
    assert_shown(e.server_error_id().unwrap(), &id, WORD);
    assert_shown(e.server_code().unwrap(), &code, WORD);
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let plan = input.byte();
    if plan & 1 == 1 {
        return built(&mut input);
    }
    let status = STATUSES[usize::from(plan >> 1 & 15) % STATUSES.len()];
    let content_type = TYPES[usize::from(plan >> 5 & 3)];
    let e = refuse(status, content_type, input.rest());
    if content_type == "text/plain" {
        assert_eq!((e.server_error_id(), e.server_code(), e.server_line()), (None, None, None));
    }
});
