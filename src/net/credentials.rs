//! Credentials in the form that servers expect: the HTTP authorization header, and signed challenges for a stream of lines.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use zeroize::{Zeroize, Zeroizing};

use super::base64::{decode_url, encode};
use crate::config::{Auth, Secret};
use crate::error::{Result, err};

/// The length of a coordinate or scalar of the curve P-256.
const SCALAR_BYTES: usize = 32;

/// Returns the value of the `Authorization` header, if there is one.
pub(crate) fn authorization(auth: &Auth) -> Option<Zeroizing<String>> {
    match auth {
        Auth::Basic { username, password } => {
            let pair = joined(&[username, ":", password.expose()]);
            Some(joined(&["Basic ", &encode(pair.as_bytes())]))
        }
        Auth::Bearer(token) => Some(joined(&["Bearer ", token.expose()])),
        _ => None,
    }
}

/// Joins secrets in one allocation of exactly their size: a growing string would leave copies behind that are not wiped.
pub(super) fn joined(parts: &[&str]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum()));
    parts.iter().for_each(|part| text.push_str(part));
    text
}

/// A key that signs the challenge of an ILP/TCP server.
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

    /// Returns the public name of the key.
    pub(crate) fn id(&self) -> &str {
        &self.key_id
    }

    /// Returns the signature of a challenge, in base64.
    pub(crate) fn sign(&self, challenge: &[u8]) -> Result<Zeroizing<String>> {
        let signature = self
            .pair
            .sign(&self.random, challenge)
            .map_err(|_| err!(Auth, "could not sign the authentication challenge"))?;
        Ok(encode(signature.as_ref()))
    }
}

/// Overwrites the stack below its caller. ring and moves leave copies of a key there, which nothing else would wipe.
#[inline(never)]
fn wipe_stack() {
    let mut room = [0_u8; 16 * 1024];
    room.zeroize();
    std::hint::black_box(&mut room);
}

fn decode(key: &str, text: &str) -> Result<Zeroizing<[u8; SCALAR_BYTES]>> {
    let bad = || err!(Config, "{key} is not {SCALAR_BYTES} bytes of base64url without padding");
    let mut bytes = Zeroizing::new([0; SCALAR_BYTES]);
    let len = decode_url(text, &mut *bytes).ok_or_else(bad)?;
    // Some tools drop leading zero bytes.
    let mut padded = Zeroizing::new([0; SCALAR_BYTES]);
    padded[SCALAR_BYTES - len..].copy_from_slice(&bytes[..len]);
    Ok(padded)
}
