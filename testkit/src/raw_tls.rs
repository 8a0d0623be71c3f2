//! A TLS server that sends what no TLS library lets it send: any alert, and a request to renegotiate. The integration tests
//! and the simulation use it.

use std::sync::Arc;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring as provider;
use rustls::{CipherSuite, ConnectionTrafficSecrets, ProtocolVersion, ServerConnection};

/// Every alert that has a number.
pub const ALERTS: [u8; 34] = [
    10, 20, 21, 22, 30, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 60, 70, 71, 80, 86, 90,
    100, 109, 110, 111, 112, 113, 114, 115, 116, 120, 255,
];

/// Returns the alert with which a server ends a connection.
pub fn fatal(alert: u8) -> (u8, Vec<u8>) {
    (21, vec![2, alert])
}

/// Returns the message with which a server of TLS 1.2 asks for a renegotiation.
pub fn hello_request() -> (u8, Vec<u8>) {
    (22, vec![0; 4])
}

/// Returns a provider with the one cipher that is implemented by hand below.
pub fn chacha_only() -> Arc<CryptoProvider> {
    let mut provider = provider::default_provider();
    provider.cipher_suites.retain(|suite| {
        matches!(
            suite.suite(),
            CipherSuite::TLS13_CHACHA20_POLY1305_SHA256
                | CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
                | CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
        )
    });
    Arc::new(provider)
}

/// Returns these messages, each with its type, as the records that the server would send next. The session must have nothing
/// pending.
pub fn records(session: ServerConnection, messages: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let is_13 = session.protocol_version() == Some(ProtocolVersion::TLSv1_3);
    let secrets = session.dangerous_extract_secrets().unwrap();
    let (first, ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv }) = secrets.tx else {
        panic!("another cipher");
    };
    let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key.as_ref()).unwrap());
    let mut out = Vec::new();
    for (sequence, (kind, message)) in (first..).zip(messages) {
        let mut nonce = [0; 12];
        nonce.copy_from_slice(iv.as_ref());
        for (byte, number) in nonce[4..].iter_mut().zip(sequence.to_be_bytes()) {
            *byte ^= number;
        }
        let mut text = message.clone();
        if is_13 {
            text.push(*kind);
        }
        let length = |more: usize| u16::try_from(text.len() + more).unwrap().to_be_bytes();
        let outer = if is_13 { 23 } else { *kind };
        let head = [&[outer, 3, 3][..], &length(16)].concat();
        let aad = if is_13 {
            head.clone()
        } else {
            [&sequence.to_be_bytes()[..], &[*kind, 3, 3], &length(0)].concat()
        };
        let nonce = Nonce::assume_unique_for_key(nonce);
        key.seal_in_place_append_tag(nonce, Aad::from(aad), &mut text).unwrap();
        out.extend(head);
        out.extend(text);
    }
    out
}
