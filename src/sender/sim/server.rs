//! The scripted servers: one speaks HTTP and answers request by request, one takes ILP over TCP with a login; both also
//! within TLS.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use questdb_ingress_testkit::raw_tls;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion};

/// The certificate of the authority that has signed those of the TLS servers.
pub(super) const ROOTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/certs/ca.pem");

/// The public sample key of QuestDB's documentation.
pub(super) const KEY: &str = "username=testUser1;token=5UjEMuA0Pj5pjK8a-fa24dyIf-Es5mYny3oE_Wmus48;\
     token_x=fLKYEaoEb9lrn3nkwLDA-M_xnuFOdSt9y0Z7_vWSHLU;\
     token_y=Dt5tbS1dEDMSYfym3fgMv0B99szno-dFc1rYF9t0aac;";
const KEY_X: &str = "fLKYEaoEb9lrn3nkwLDA-M_xnuFOdSt9y0Z7_vWSHLU";
const KEY_Y: &str = "Dt5tbS1dEDMSYfym3fgMv0B99szno-dFc1rYF9t0aac";
const CHALLENGE: &[u8] = b"challenge-of-forty-bytes-0123456789abcde";

/// What a server does after a byte.
pub(super) enum Step {
    Say(Vec<u8>),
    Commit(Vec<u8>),
    /// Sends these messages of TLS and ends the connection.
    SayRaw(Vec<(u8, Vec<u8>)>),
    /// A request was read completely.
    Counted,
    /// The settings were asked for.
    Asked,
}

/// An answer to a request.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) bytes: &'static str,
    pub(super) commits: bool,
    /// Whether the server closes the connection after it.
    pub(super) closes: bool,
    /// The server answers when it has this many bytes of the body, and reads no more.
    pub(super) early: Option<usize>,
    /// The server ends TLS with this alert instead of answering.
    pub(super) alert: Option<u8>,
    /// The server asks for a renegotiation before that.
    pub(super) renegotiates: bool,
}

impl Reply {
    pub(super) const fn new(bytes: &'static str) -> Reply {
        Reply {
            bytes,
            commits: false,
            closes: false,
            early: None,
            alert: None,
            renegotiates: false,
        }
    }
}

/// The server's end of one connection.
pub(super) struct Server {
    input: Vec<u8>,
    done: bool,
    reads: bool,
    protocol: Dialogue,
    settings: &'static str,
    /// What the server says before it is asked anything.
    greeting: &'static str,
    tls: Option<Box<ServerConnection>>,
    /// The TLS record that is coming in.
    record: Vec<u8>,
}

enum Dialogue {
    /// The answers by the number of the request; the last one is repeated.
    Http(&'static [Reply]),
    Ilp(Login),
    /// The server says this at the first line end.
    Outspoken(&'static str),
}

#[derive(PartialEq)]
enum Login {
    KeyId,
    Signature,
    Done,
}

impl Server {
    pub(super) fn http(replies: &'static [Reply]) -> Server {
        Server::of(Dialogue::Http(replies))
    }

    pub(super) fn ilp(login: bool) -> Server {
        let login = if login { Login::KeyId } else { Login::Done };
        Server::of(Dialogue::Ilp(login))
    }

    /// Creates a server that answers the first line of a stream.
    pub(super) fn that_speaks_first(text: &'static str) -> Server {
        Server::of(Dialogue::Outspoken(text))
    }

    fn of(protocol: Dialogue) -> Server {
        Server {
            input: Vec::new(),
            done: false,
            reads: true,
            protocol,
            settings: SETTINGS,
            greeting: "",
            tls: None,
            record: Vec::new(),
        }
    }

    /// Returns the same with another answer to `/settings`.
    pub(super) fn answering_settings(mut self, bytes: &'static str) -> Server {
        self.settings = bytes;
        self
    }

    /// Returns the same, but it speaks first.
    pub(super) fn greeting(mut self, bytes: &'static str) -> Server {
        self.greeting = bytes;
        self
    }

    pub(super) fn greeting_text(&self) -> &'static str {
        self.greeting
    }

    /// Returns the same within TLS.
    pub(super) fn in_tls(self) -> Server {
        static CONFIG: OnceLock<Arc<ServerConfig>> = OnceLock::new();
        let config = CONFIG.get_or_init(|| Arc::new(tls_config(None, rustls::ALL_VERSIONS, false)));
        self.in_tls_with(config)
    }

    /// Returns the same within TLS of this configuration.
    pub(super) fn in_tls_with(mut self, config: &Arc<ServerConfig>) -> Server {
        self.tls = Some(Box::new(ServerConnection::new(Arc::clone(config)).unwrap()));
        self
    }

    /// Returns whether the server takes bytes.
    pub(super) fn reads(&self) -> bool {
        self.reads && !self.done
    }

    /// Returns whether the server closes the connection as soon as everything is said.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// Returns the stream of rows so far.
    pub(super) fn received(&self) -> &[u8] {
        match self.protocol {
            Dialogue::Ilp(Login::Done) => &self.input,
            _ => &[],
        }
    }

    /// Called when the client has ended its half of the stream.
    pub(super) fn ended(&mut self) {
        self.done = true;
    }

    /// Takes a byte; `nth` is the number of the request that it belongs to.
    pub(super) fn take(&mut self, byte: u8, nth: usize) -> Vec<Step> {
        let Some(mut tls) = self.tls.take() else { return self.take_plain(byte, nth) };
        self.record.push(byte);
        if !is_whole_record(&self.record) {
            self.tls = Some(tls);
            return Vec::new();
        }
        let (mut steps, mut raw) = (Vec::new(), Vec::new());
        let record = std::mem::take(&mut self.record);
        let mut rest = &record[..];
        while !rest.is_empty() && matches!(tls.read_tls(&mut rest), Ok(1..)) {}
        match tls.process_new_packets() {
            Ok(_) => {
                let mut plain = Vec::new();
                let _ = tls.reader().read_to_end(&mut plain);
                for byte in plain {
                    for step in self.take_plain(byte, nth) {
                        match step {
                            Step::Say(bytes) => tls.writer().write_all(&bytes).unwrap(),
                            Step::SayRaw(messages) => raw = messages,
                            other => steps.push(other),
                        }
                    }
                }
                if self.done && raw.is_empty() {
                    tls.send_close_notify();
                }
            }
            Err(_) => self.done = true,
        }
        let mut out = Vec::new();
        while tls.wants_write() {
            tls.write_tls(&mut out).unwrap();
        }
        if raw.is_empty() {
            self.tls = Some(tls);
        } else {
            out.extend(raw_tls::records(*tls, &raw));
        }
        if !out.is_empty() {
            steps.push(Step::Say(out));
        }
        steps
    }

    fn take_plain(&mut self, byte: u8, nth: usize) -> Vec<Step> {
        self.input.push(byte);
        match &mut self.protocol {
            Dialogue::Http(replies) => {
                let replies: &[Reply] = replies;
                self.take_http(byte, &replies[nth.min(replies.len() - 1)])
            }
            Dialogue::Ilp(Login::Done) => Vec::new(),
            Dialogue::Outspoken(text) if byte == b'\n' => {
                vec![Step::Say(std::mem::take(text).into())]
            }
            Dialogue::Outspoken(_) => Vec::new(),
            Dialogue::Ilp(_) if byte == b'\n' => self.take_login(),
            Dialogue::Ilp(_) => Vec::new(),
        }
    }

    fn take_login(&mut self) -> Vec<Step> {
        let mut line = std::mem::take(&mut self.input);
        line.pop();
        let Dialogue::Ilp(login) = &mut self.protocol else { return Vec::new() };
        if *login == Login::KeyId {
            if line != b"testUser1" {
                self.done = true;
                return Vec::new();
            }
            *login = Login::Signature;
            return vec![Step::Say([CHALLENGE, b"\n"].concat())];
        }
        let mut key = vec![4];
        key.extend(BASE64_URL_SAFE_NO_PAD.decode(KEY_X).unwrap());
        key.extend(BASE64_URL_SAFE_NO_PAD.decode(KEY_Y).unwrap());
        let signature = BASE64_STANDARD.decode(&line).unwrap_or_default();
        match UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).verify(CHALLENGE, &signature) {
            Ok(()) => *login = Login::Done,
            Err(_) => self.done = true,
        }
        Vec::new()
    }

    fn take_http(&mut self, byte: u8, reply: &Reply) -> Vec<Step> {
        let Some(end) = self.input.windows(4).position(|w| w == b"\r\n\r\n") else {
            return Vec::new();
        };
        let head_ends = byte == b'\n' && self.input.len() == end + 4;
        let (kind, length) = match read_head(&self.input[..end]) {
            Ok(head) => head,
            Err(refusal) => {
                // Nothing is read after a request that is not understood.
                self.done = true;
                return vec![Step::Say(refusal.as_bytes().to_vec())];
            }
        };
        let body = &self.input[end + 4..];
        if kind == RequestKind::Settings {
            if !head_ends {
                return Vec::new();
            }
            self.input.clear();
            return vec![Step::Asked, Step::Say(self.settings.as_bytes().to_vec())];
        }
        if reply.early.is_some_and(|early| body.len() >= early.min(length)) {
            self.reads = false;
            return vec![Step::Counted, Step::Say(reply.bytes.into())];
        }
        if body.len() < length {
            return Vec::new();
        }
        let body = body.to_vec();
        self.input.clear();
        self.done = reply.closes;
        let mut steps = vec![Step::Counted, Step::Say(reply.bytes.into())];
        if let Some(alert) = reply.alert {
            self.done = true;
            let anew = reply.renegotiates.then(raw_tls::hello_request);
            steps.push(Step::SayRaw(anew.into_iter().chain([raw_tls::fatal(alert)]).collect()));
        }
        if reply.commits {
            steps.push(Step::Commit(body));
        }
        steps
    }
}

/// Returns whether the bytes are a whole record. What is no record counts as whole, so that it is judged at once.
fn is_whole_record(bytes: &[u8]) -> bool {
    let [_, _, _, high, low, rest @ ..] = bytes else { return false };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    rest.len() >= length || length > (1 << 14) + 256
}

/// Returns a configuration. With `wants_certificate` the server asks the client for a certificate, but does not require one.
pub(super) fn tls_config(
    provider: Option<Arc<CryptoProvider>>,
    versions: &[&'static SupportedProtocolVersion],
    wants_certificate: bool,
) -> ServerConfig {
    let folder = Path::new(ROOTS).parent().unwrap();
    let chain = vec![CertificateDer::from_pem_file(folder.join("server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
    let provider = provider.unwrap_or_else(|| Arc::new(rustls::crypto::ring::default_provider()));
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_protocol_versions(versions).unwrap();
    let builder = if wants_certificate {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(ROOTS).unwrap()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.allow_unauthenticated().build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    builder.with_single_cert(chain, key).unwrap()
}

#[derive(PartialEq)]
enum RequestKind {
    Write,
    Settings,
}

pub(super) const SETTINGS: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 53\r\n\r\n\
     {\"config\":{\"line.proto.support.versions\":[1,2,3]}}   ";

/// Returns what is asked for and how long its body is, or the refusal if this is no request.
fn read_head(head: &[u8]) -> Result<(RequestKind, usize), &'static str> {
    const BAD: &str = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    const LOST: &str = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let head = std::str::from_utf8(head).map_err(|_| BAD)?;
    let mut lines = head.split("\r\n");
    let kind = match lines.next() {
        Some("POST /write?precision=n HTTP/1.1") => RequestKind::Write,
        Some("GET /settings HTTP/1.1") => RequestKind::Settings,
        Some(line) if line.ends_with(" HTTP/1.1") && line.is_ascii() => return Err(LOST),
        _ => return Err(BAD),
    };
    let mut length = None;
    for line in lines {
        let (name, value) = line.split_once(':').ok_or(BAD)?;
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.trim().parse().map_err(|_| BAD)?);
        }
    }
    match (kind, length) {
        (RequestKind::Settings, _) => Ok((RequestKind::Settings, 0)),
        (kind, Some(length)) => Ok((kind, length)),
        (_, None) => Err("HTTP/1.1 411 Length Required\r\nconnection: close\r\n\r\n"),
    }
}
