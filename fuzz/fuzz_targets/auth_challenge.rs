//! Takes any bytes as the challenge of a TCP server. At most 4 KiB are a challenge, exactly the challenge is signed, and it
//! does not matter how the bytes are cut into pieces.

#![no_main]

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use libfuzzer_sys::fuzz_target;
use questdb_ingress::fuzzing::{End, Script, Server};
use questdb_ingress::internal::OwnBuffer as _;
use questdb_ingress::{Config, Error, ErrorCode, Outcome};
use questdb_ingress_fuzz::Input;
use questdb_ingress_fuzz::checks::assert_error;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);
/// The public sample key of QuestDB's documentation.
const X: &str = "fLKYEaoEb9lrn3nkwLDA-M_xnuFOdSt9y0Z7_vWSHLU";
const Y: &str = "Dt5tbS1dEDMSYfym3fgMv0B99szno-dFc1rYF9t0aac";
const D: &str = "5UjEMuA0Pj5pjK8a-fa24dyIf-Es5mYny3oE_Wmus48";
static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    let limits = "init_buf_size=1024;auth_timeout=15000;connect_timeout=5000;";
    let key = format!("username=testUser1;token={D};token_x={X};token_y={Y};");
    Config::from_conf(&format!("tcp::addr=db;{limits}{key}")).unwrap()
});
static PUBLIC: LazyLock<UnparsedPublicKey<Vec<u8>>> = LazyLock::new(|| {
    let part = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, [&[4][..], &part(X), &part(Y)].concat())
});
const HELLO: &[u8] = b"testUser1\n";
const LONGEST: usize = 4096;
/// How many bytes beyond it may be read at once.
const CHUNK: usize = 1024;

/// What the client does with a challenge.
#[derive(Debug, PartialEq)]
enum Login {
    Done,
    Failed(ErrorCode, bool, String),
}

fn log_in(server: &Server) -> Login {
    match server.sender(&CONFIG) {
        Ok(mut sender) => {
            sender.own_buffer().table("t").unwrap().column_i64("x", 1).unwrap();
            sender.at_now().unwrap();
            if let Err(e) = sender.flush_own() {
                assert_error(&e);
                assert_eq!(e.outcome(), Outcome::NotSent, "{e:?}");
            }
            Login::Done
        }
        Err(e) => {
            assert_error(&e);
            assert_no_key(&e);
            Login::Failed(e.code(), e.is_retryable(), e.message().to_owned())
        }
    }
}

fn assert_no_key(e: &Error) {
    let text = format!("{e:?}");
    assert!(!text.contains(D) && !text.contains(X) && !text.contains(Y), "{text}");
}

/// Checks that the signature verifies, and that it is that of the challenge.
fn assert_signed(received: &[u8], challenge: &[u8]) {
    let answer = received.strip_prefix(HELLO).unwrap();
    let line = answer.split(|b| *b == b'\n').next().unwrap();
    let signature = BASE64_STANDARD.decode(line).unwrap();
    PUBLIC.verify(challenge, &signature).unwrap();
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let plan = input.byte();
    let end = [End::Silent, End::Closed, End::Reset, End::Endless][usize::from(plan & 3)];
    let mut pieces: Vec<u8> = input.take(usize::from(plan >> 2 & 3)).to_vec();
    let filler = if plan & 16 != 0 { usize::from(input.u16()) % 6000 } else { 0 };
    if filler > 0 {
        pieces.iter_mut().for_each(|piece| *piece |= 64);
    }
    let mut challenge = vec![b'c'; filler];
    challenge.extend_from_slice(input.rest());
    if plan & 32 != 0 {
        challenge.push(b'\n');
    }
    let newline = challenge.iter().position(|b| *b == b'\n');
    let alone = newline.is_none_or(|at| at + 1 == challenge.len());

    let server = |pieces: &[u8]| {
        let (answers, pieces, early) = (vec![challenge.clone()], pieces.to_vec(), None);
        Server::new(Script { answers, pieces, early, end }, *EPOCH)
    };
    let whole = server(&[]);
    let login = log_in(&whole);
    assert!(whole.elapsed() <= Duration::from_secs(20));
    if end != End::Endless {
        assert!(whole.read() <= LONGEST + 2 * CHUNK, "{} bytes read", whole.read());
    }
    match newline {
        Some(at) if alone && at <= LONGEST => {
            assert_eq!(login, Login::Done);
            // Verifying takes longer than everything else, so it is not done every time.
            if challenge.len() % 8 == 1 {
                assert_signed(&whole.received(), &challenge[..at]);
            }
        }
        // What follows the challenge is noticed now, or before the first flush.
        Some(at) if at <= LONGEST => {}
        _ if end == End::Endless && challenge.len() <= LONGEST => {}
        _ => assert!(matches!(login, Login::Failed(..)), "{login:?}"),
    }
    if alone && end != End::Endless && (!pieces.is_empty() || challenge.len() % 8 == 2) {
        let pieces = if pieces.is_empty() { &[200][..] } else { &pieces };
        assert_eq!(log_in(&server(pieces)), login, "in pieces of {pieces:?}");
    }
});
