//! Keys and certificates for the tests: made anew in each run, or published as samples.

use std::net::TcpStream;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{EcdsaKeyPair, EcdsaSigningAlgorithm};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

pub(super) const KEY_ID: &str = "testUser1";
pub(super) const X: &str = "fLKYEaoEb9lrn3nkwLDA-M_xnuFOdSt9y0Z7_vWSHLU";
pub(super) const Y: &str = "Dt5tbS1dEDMSYfym3fgMv0B99szno-dFc1rYF9t0aac";
const D: &str = "5UjEMuA0Pj5pjK8a-fa24dyIf-Es5mYny3oE_Wmus48";

/// Returns the signature by the sample key, in base64.
pub(super) fn sign(algorithm: &'static EcdsaSigningAlgorithm, message: &[u8]) -> String {
    let random = SystemRandom::new();
    let bytes = |text| URL_SAFE_NO_PAD.decode(text).unwrap();
    let public = [vec![4], bytes(X), bytes(Y)].concat();
    let key = EcdsaKeyPair::from_private_key_and_public_key(algorithm, &bytes(D), &public, &random);
    STANDARD.encode(key.unwrap().sign(&random, message).unwrap())
}

/// A self-signed certificate for the loopback address.
pub(super) struct Tls {
    pub(super) certificate_pem: String,
    pub(super) key_pem: String,
    client: Arc<ClientConfig>,
}

impl Tls {
    pub(super) fn new() -> Tls {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Tls {
            certificate_pem: made.cert.pem(),
            key_pem: made.signing_key.serialize_pem(),
            client: Arc::new(client),
        }
    }

    pub(super) fn connect(&self, socket: TcpStream) -> StreamOwned<ClientConnection, TcpStream> {
        let name = "127.0.0.1".try_into().unwrap();
        let session = ClientConnection::new(Arc::clone(&self.client), name).unwrap();
        StreamOwned::new(session, socket)
    }
}
