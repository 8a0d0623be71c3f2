//! Credentials: the ECDSA challenge of ILP/TCP and the HTTP authorization header.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use zeroize::{Zeroize, Zeroizing};

use super::broken::Broken;
use super::connection::{Conn, Outgoing};
use super::os::{Deadline, Net};
use crate::config::{Auth, Secret};
use crate::error::{Error, Result, err, foreign};

/// A challenge is 512 bytes and a line end; anything much longer is not a challenge.
const MAX_CHALLENGE_BYTES: usize = 4096;
/// A coordinate or scalar of the curve P-256.
const SCALAR_BYTES: usize = 32;

/// The value of the `Authorization` header, if there is one.
pub(crate) fn authorization(auth: &Auth) -> Option<Zeroizing<String>> {
    match auth {
        Auth::Basic { username, password } => {
            let pair = joined(&[username, ":", password.expose()]);
            let encoded = Zeroizing::new(BASE64_STANDARD.encode(pair.as_bytes()));
            Some(joined(&["Basic ", &encoded]))
        }
        Auth::Bearer(token) => Some(joined(&["Bearer ", token.expose()])),
        _ => None,
    }
}

/// Secrets in one exact allocation: a growing string would leave unwiped copies behind.
pub(super) fn joined(parts: &[&str]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum()));
    parts.iter().for_each(|part| text.push_str(part));
    text
}

/// A key that answers the challenge of an ILP/TCP server.
pub(crate) struct SigningKey {
    key_id: String,
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl SigningKey {
    /// Decodes the base64url key parts and checks that they belong together.
    pub(crate) fn new(key_id: &str, d: &Secret, x: &str, y: &str) -> Result<SigningKey> {
        let made = SigningKey::decoded(key_id, d, x, y);
        wipe_stack();
        made
    }

    #[inline(never)]
    fn decoded(key_id: &str, d: &Secret, x: &str, y: &str) -> Result<SigningKey> {
        let scalar = decode("token", d.expose())?;
        let mut public = vec![4]; // SEC 1, 2.3.3: an uncompressed point
        public.extend_from_slice(&*decode("token_x", x)?);
        public.extend_from_slice(&*decode("token_y", y)?);
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &*scalar,
            &public,
            &random,
        )
        .map_err(|_| {
            err!(Config, "token, token_x and token_y are not one key pair of the curve P-256")
        })?;
        Ok(SigningKey { key_id: key_id.to_owned(), pair, random })
    }

    /// Runs the login on a fresh connection. The server answers nothing: a refusal shows as a closed connection later.
    pub(crate) fn log_in(&self, conn: &mut Conn, net: &dyn Net, deadline: Deadline) -> Result<()> {
        let hello = format!("{}\n", self.key_id);
        conn.write(net, &mut Outgoing::new(hello.as_bytes(), &[]), deadline, false)
            .map_err(|broken| broken.into_error("could not send the key id"))?;
        let challenge = read_challenge(conn, net, deadline)?;
        let signature = self
            .pair
            .sign(&self.random, &challenge)
            .map_err(|_| err!(Auth, "could not sign the authentication challenge"))?;
        let answer = format!("{}\n", BASE64_STANDARD.encode(signature));
        conn.write(net, &mut Outgoing::new(answer.as_bytes(), &[]), deadline, false)
            .map_err(|broken| broken.into_error("could not send the signed challenge"))?;
        Ok(())
    }
}

/// Overwrites the stack below its caller: ring and moves leave copies of a key there, which nothing else would wipe.
#[inline(never)]
fn wipe_stack() {
    let mut room = [0_u8; 16 * 1024];
    room.zeroize();
    std::hint::black_box(&mut room);
}

fn decode(key: &str, text: &str) -> Result<Zeroizing<[u8; SCALAR_BYTES]>> {
    let bad = || err!(Config, "{key} is not {SCALAR_BYTES} bytes of base64url without padding");
    let bytes = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| bad())?);
    // Some tools drop leading zero bytes.
    let start = SCALAR_BYTES.checked_sub(bytes.len()).ok_or_else(bad)?;
    let mut padded = Zeroizing::new([0; SCALAR_BYTES]);
    padded[start..].copy_from_slice(&bytes);
    Ok(padded)
}

fn read_challenge(conn: &mut Conn, net: &dyn Net, deadline: Deadline) -> Result<Vec<u8>> {
    let mut challenge = Vec::with_capacity(520);
    let mut chunk = [0; 1024];
    loop {
        let n = match conn.read(net, &mut chunk, deadline) {
            Ok(0) | Err(Broken::Closed) => {
                return Err(no_challenge("the server closed the connection before it sent"));
            }
            Err(Broken::Timeout) => {
                return Err(err!(
                    Timeout,
                    "auth_timeout passed while waiting for the authentication challenge; \
                     is the server configured to require authentication?"
                )
                .retryable(true));
            }
            Err(broken) => {
                return Err(broken.into_error("could not read the authentication challenge"));
            }
            Ok(n) => n,
        };
        challenge.extend_from_slice(&chunk[..n]);
        let end = challenge.iter().position(|b| *b == b'\n');
        if end.unwrap_or(challenge.len()) > MAX_CHALLENGE_BYTES {
            return Err(err!(
                Auth,
                "the authentication challenge is longer than {MAX_CHALLENGE_BYTES} bytes"
            ));
        }
        if let Some(end) = end {
            if end + 1 != challenge.len() {
                let extra = foreign(&challenge[end + 1..], 64).to_string();
                return Err(err!(
                    Auth,
                    "the server sent more than an authentication challenge: {extra}"
                ));
            }
            challenge.truncate(end);
            return Ok(challenge);
        }
    }
}

#[cold]
fn no_challenge(what: &str) -> Error {
    err!(Auth, "{what} an authentication challenge; is it configured to require authentication?")
}
