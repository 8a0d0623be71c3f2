//! Who may send rows: basic and bearer credentials over HTTP, a signed challenge over TCP.

use std::collections::HashMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

use crate::error::{Result, err};

/// The length of a challenge in bytes.
pub(crate) const CHALLENGE_LEN: usize = 512;
/// The longest line in bytes that a client may send while it authenticates.
pub(crate) const MAX_AUTH_LINE: usize = 512;
/// The longest signature in base64 that QuestDB reads, in bytes.
const MAX_SIGNATURE: usize = 96;

/// The values of the header `Authorization` that are accepted.
#[derive(Clone, Default)]
pub(crate) struct HttpAuth {
    accepted: Vec<Vec<u8>>,
    schemes: Vec<&'static str>,
}

impl fmt::Debug for HttpAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpAuth").field("schemes", &self.schemes).finish_non_exhaustive()
    }
}

impl HttpAuth {
    pub(crate) fn new(basic: Option<(String, String)>, bearer: Option<String>) -> HttpAuth {
        let mut auth = HttpAuth::default();
        if let Some((user, password)) = basic {
            auth.accepted.push(STANDARD.encode(format!("{user}:{password}")).into_bytes());
            auth.schemes.push("Basic");
        }
        if let Some(token) = bearer {
            auth.accepted.push(token.into_bytes());
            auth.schemes.push("Bearer");
        }
        auth
    }

    /// Returns whether a request with this `Authorization` is accepted.
    pub(crate) fn admits(&self, authorization: Option<&[u8]>) -> bool {
        if self.schemes.is_empty() {
            return true;
        }
        let Some(value) = authorization else { return false };
        let Some(space) = value.iter().position(|b| *b == b' ') else { return false };
        let (scheme, credentials) = (&value[..space], value[space..].trim_ascii());
        let mut known = self.schemes.iter().zip(&self.accepted);
        known.any(|(s, c)| scheme.eq_ignore_ascii_case(s.as_bytes()) && credentials == c)
    }
}

/// A public key on the curve P-256.
#[derive(Debug, Clone)]
pub(crate) struct EcdsaKey([u8; 65]);

impl EcdsaKey {
    pub(crate) fn from_base64url(x: &str, y: &str) -> Result<EcdsaKey> {
        let mut key = [0; 65];
        // The first byte 4 marks an uncompressed point.
        key[0] = 4;
        for (name, text, place) in [("x", x, 1), ("y", y, 33)] {
            let bytes = URL_SAFE_NO_PAD
                .decode(text)
                .map_err(|e| err!(Config, "{name} of the public key is not base64url: {e}"))?;
            if bytes.len() != 32 {
                let len = bytes.len();
                return Err(err!(Config, "{name} of the public key has {len} bytes instead of 32"));
            }
            key[place..place + 32].copy_from_slice(&bytes);
        }
        Ok(EcdsaKey(key))
    }
}

/// The public keys, by key id, whose signatures are accepted.
pub(crate) type EcdsaKeys = HashMap<String, EcdsaKey>;

/// Returns random printable characters, or `None` if the system has no randomness.
pub(crate) fn new_challenge() -> Option<[u8; CHALLENGE_LEN]> {
    const PRINTABLE: u8 = 95;
    let mut challenge = [0; CHALLENGE_LEN];
    let mut filled = 0;
    let mut random = [0; CHALLENGE_LEN];
    while filled < CHALLENGE_LEN {
        SystemRandom::new().fill(&mut random).ok()?;
        // Larger bytes are dropped: two whole cycles of the alphabet remain, so that all characters are equally likely.
        let usable = random.iter().filter(|b| **b < 2 * PRINTABLE);
        for (slot, b) in challenge[filled..].iter_mut().zip(usable) {
            *slot = b' ' + b % PRINTABLE;
            filled += 1;
        }
    }
    Some(challenge)
}

/// Returns whether `signature`, in base64, is a signature of the challenge with the key of that id.
pub(crate) fn verify(keys: &EcdsaKeys, id: &[u8], challenge: &[u8], signature: &[u8]) -> bool {
    let Some(key) = std::str::from_utf8(id).ok().and_then(|id| keys.get(id)) else {
        return false;
    };
    if signature.len() > MAX_SIGNATURE {
        return false;
    }
    let Ok(signature) = STANDARD.decode(signature) else {
        return false;
    };
    let algorithm =
        if signature.len() == 64 { &ECDSA_P256_SHA256_FIXED } else { &ECDSA_P256_SHA256_ASN1 };
    UnparsedPublicKey::new(algorithm, key.0).verify(challenge, &signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_signature_verifies_over_the_challenge_without_its_line_feed() {
        let key = EcdsaKey::from_base64url(
            "fLKYEaoEb9lrn3nkwLDA-M_xnuFOdSt9y0Z7_vWSHLU",
            "Dt5tbS1dEDMSYfym3fgMv0B99szno-dFc1rYF9t0aac",
        )
        .unwrap();
        let keys = EcdsaKeys::from([("testUser1".to_owned(), key)]);
        let mut challenge: Vec<u8> =
            (0..CHALLENGE_LEN).map(|i| 0x20 + u8::try_from(7 * i % 95).unwrap()).collect();
        let signature = b"IL/ZzUFgmsoOCoCfBmHtLiryS/XbzaFZcFTwuxURA+bWR+XvGd0g2wUZvbvRrrAab2vHCi7nwhOdapBK1KnK1w==";
        assert!(verify(&keys, b"testUser1", &challenge, signature));
        assert!(!verify(&keys, b"testUser2", &challenge, signature));
        assert!(!verify(&keys, b"testUser1", &challenge, b"AAAA"));
        assert!(!verify(&keys, b"testUser1", &challenge, &[b'A'; 97]));
        challenge.push(b'\n');
        assert!(!verify(&keys, b"testUser1", &challenge, signature));
        assert!(EcdsaKey::from_base64url("AA", "AA").is_err());
    }

    #[test]
    fn challenges_are_printable_and_differ() {
        let (a, b) = (new_challenge().unwrap(), new_challenge().unwrap());
        assert!(a.iter().all(|b| (0x20..=0x7E).contains(b)));
        assert_ne!(a, b);
    }
}
