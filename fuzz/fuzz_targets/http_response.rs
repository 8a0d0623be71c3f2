//! Takes any bytes as a server's answer. There is no panic, memory is bounded, success is only what the answer calls
//! success, and the verdict is the same in whatever pieces the bytes arrive.

#![no_main]

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use questdb_ingress::fuzzing::{End, Script, Server};
use questdb_ingress::internal::OwnBuffer as _;
use questdb_ingress::{Config, Error, ErrorCode, Outcome, Sender};
use questdb_ingress_fuzz::Input;
use questdb_ingress_fuzz::checks::assert_error;

static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);
static WRITE: LazyLock<Config> = LazyLock::new(|| config("protocol_version=1;retry_timeout=0;"));
static RETRY: LazyLock<Config> = LazyLock::new(|| config("protocol_version=1;retry_timeout=500;"));
static ASK: LazyLock<Config> = LazyLock::new(|| config("retry_timeout=0;"));

/// How many bytes of a body are kept.
const MOST_OF_BODY: usize = 64 << 10;
/// The most bytes that are read: a head, a body, and what arrives at once.
const MOST_READ: usize = 4 * MOST_OF_BODY;
const ROWS: &[u8] = b"t x=1i\nu x=1i\n";

fn config(more: &str) -> Config {
    Config::from_conf(&format!("http::addr=db;init_buf_size=1024;{more}")).unwrap()
}

/// What a caller can see of a flush, except times.
#[derive(Debug, PartialEq)]
enum Verdict {
    Stored(Outcome),
    Failed {
        code: ErrorCode,
        outcome: Outcome,
        retryable: bool,
        in_doubt: bool,
        status: u16,
        retry_after: Option<Duration>,
        id: Option<String>,
        server_code: Option<String>,
        line: u64,
        message: String,
    },
}

fn verdict(result: Result<Outcome, Error>) -> Verdict {
    match result {
        Ok(outcome) => Verdict::Stored(outcome),
        Err(e) => {
            assert_error(&e);
            Verdict::Failed {
                code: e.code(),
                outcome: e.outcome(),
                retryable: e.is_retryable(),
                in_doubt: e.in_doubt(),
                status: e.http_status().unwrap_or(0),
                retry_after: e.retry_after(),
                id: e.server_error_id().map(str::to_owned),
                server_code: e.server_code().map(str::to_owned),
                line: e.server_line().unwrap_or(0) as u64,
                // What is not HTTP is shown as far as it has arrived.
                message: if e.message().contains("not HTTP") {
                    String::new()
                } else {
                    e.message().to_owned()
                },
            }
        }
    }
}

/// Flushes rows of two tables, and once more after a success. The rows of a flush that failed must stay as they are.
fn flush_twice(server: &Server, config: &Config) -> [Verdict; 2] {
    let mut sender = server.sender(config).unwrap();
    let mut flush = || {
        let buffer = sender.own_buffer();
        buffer.clear();
        for table in ["t", "u"] {
            buffer.table(table).unwrap().column_i64("x", 1).unwrap().at_now().unwrap();
        }
        let verdict = verdict(sender.flush_own());
        let kept = match verdict {
            Verdict::Stored(_) => &b""[..],
            Verdict::Failed { .. } => ROWS,
        };
        assert_eq!(sender.buffer().peek(), kept, "{verdict:?}");
        assert!(server.elapsed() <= Duration::from_secs(60));
        verdict
    };
    let first = flush();
    let second = match first {
        Verdict::Stored(_) => flush(),
        Verdict::Failed { .. } => return [first, Verdict::Stored(Outcome::NotSent)],
    };
    [first, second]
}

fn negotiate(server: &Server) -> Result<(u8, usize), Verdict> {
    let made = server.sender(&ASK).map(|s: Sender| (s.protocol_version() as u8, s.max_name_len()));
    if let Ok((version, longest)) = made {
        assert!((1..=3).contains(&version) && longest > 0);
    }
    made.map_err(|e| verdict(Err(e)))
}

/// Returns the status and the headers of the last head in an answer of several heads, found without the parser under test.
fn last_head(mut answer: &[u8]) -> (&[u8], &[u8]) {
    loop {
        let start = answer.iter().position(|b| !matches!(b, b'\r' | b'\n')).unwrap_or(0);
        answer = &answer[start..];
        let status = answer.get(9..12).unwrap_or_default();
        let end = (1..answer.len()).find(|i| {
            answer[*i] == b'\n'
                && matches!(answer[i - 1..], [b'\n', ..] | [b'\r', ..])
                && answer[..*i].strip_suffix(b"\r").unwrap_or(&answer[..*i]).ends_with(b"\n")
        });
        let (head, rest) = answer.split_at(end.map_or(answer.len(), |end| end + 1));
        if status.first() != Some(&b'1') || rest.is_empty() {
            return (status, head);
        }
        answer = rest;
    }
}

/// Checks that success was 204, or 200 with a body that is declared empty.
fn assert_success_is_said(answer: &[u8]) {
    let (status, head) = last_head(answer);
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    match status {
        b"204" => {}
        b"200" => assert!(
            head.contains("transfer-encoding:")
                || head.lines().any(|line| {
                    let length = line.strip_prefix("content-length:");
                    length.is_some_and(|n| n.trim().trim_start_matches('0').is_empty())
                }),
            "success without an empty body: {head:?}"
        ),
        _ => panic!("success with status {:?}", String::from_utf8_lossy(status)),
    }
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let plan = input.byte();
    let end = [End::Silent, End::Closed, End::Reset, End::Endless][usize::from(plan & 3)];
    let early = (plan & 4 != 0).then(|| 1 + usize::from(input.byte()));
    let mut pieces: Vec<u8> = input.take(usize::from(plan >> 3 & 3)).to_vec();
    let retries = plan & 32 != 0;
    let asks = plan & 64 != 0;
    // Long answers are slow, so they are rare.
    let filler = match if plan & 128 != 0 { usize::from(input.u16()) } else { 0 } {
        more @ 0xF000.. => (more & 0xFFF) * 24,
        some => some % 2048,
    };
    let place = if filler > 0 { usize::from(input.byte()) } else { 0 };
    if filler > 0 {
        // A head is examined again with every piece, so a long head in many small pieces would take long.
        pieces.iter_mut().for_each(|piece| *piece |= 64);
    }
    let mut answer = input.rest().to_vec();
    let place = place.min(answer.len());
    answer.splice(place..place, std::iter::repeat_n(b'1', filler));

    let script = |pieces: &[u8]| Script {
        answers: vec![answer.clone()],
        pieces: pieces.to_vec(),
        early,
        end,
    };
    let server = |pieces: &[u8]| Server::new(script(pieces), *EPOCH);

    if asks {
        let whole = negotiate(&server(&[]));
        if end != End::Endless {
            assert_eq!(negotiate(&server(&pieces)), whole, "in pieces of {pieces:?}");
        }
        return;
    }
    // Only a long answer can be too long.
    if end == End::Endless || answer.len() > MOST_OF_BODY {
        let once = server(&pieces);
        if let Ok((_, kept)) = once.post(&WRITE, ROWS) {
            assert!(kept <= MOST_OF_BODY, "{kept} bytes of a body");
        }
        assert!(once.read() <= answer.len() + MOST_READ, "{} bytes read", once.read());
    }
    let config = if retries { &*RETRY } else { &*WRITE };
    let whole = server(&[]);
    let verdicts = flush_twice(&whole, config);
    if matches!(verdicts[0], Verdict::Stored(_)) {
        assert_eq!(verdicts[0], Verdict::Stored(Outcome::Committed));
        assert!(early.is_none_or(|most| whole.received().len() < most), "before all was sent");
        assert_success_is_said(&answer);
    }
    if end != End::Endless {
        let small = match answer.len() {
            ..64 => 1,
            64..512 => 7,
            _ => 101,
        };
        let pieces = if pieces.is_empty() { &[small][..] } else { &pieces };
        assert_eq!(flush_twice(&server(pieces), config), verdicts, "in pieces of {pieces:?}");
    }
});
