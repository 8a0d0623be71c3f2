//! Certificates made when the tests run: authorities, servers and clients, good and bad.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

use crate::raw_tls::chacha_only;
use crate::scratch_folder;

/// A certificate authority and the file that holds its certificate.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pub file: PathBuf,
}

/// A certificate with its key, as PEM.
pub struct Leaf {
    pub cert: String,
    pub key: String,
}

/// The authority that the tests trust.
pub fn authority() -> &'static Authority {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    AUTHORITY.get_or_init(|| Authority::new("trusted"))
}

/// An authority that nobody trusts.
pub fn stranger() -> &'static Authority {
    static STRANGER: OnceLock<Authority> = OnceLock::new();
    STRANGER.get_or_init(|| Authority::new("stranger"))
}

impl Authority {
    fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let file = write_file(&issuer.pem());
        Authority { issuer, file }
    }

    /// Creates a certificate for these names, changed by `edit`.
    pub fn leaf(&self, names: &[&str], edit: impl FnOnce(&mut CertificateParams)) -> Leaf {
        let key = KeyPair::generate().unwrap();
        let mut params = leaf_params(names);
        edit(&mut params);
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        Leaf { cert: cert.pem(), key: key.serialize_pem() }
    }

    /// Creates a valid certificate for `localhost` and 127.0.0.1.
    pub fn server(&self) -> Leaf {
        self.leaf(&["localhost", "127.0.0.1"], |_| {})
    }
}

fn leaf_params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2120, 1, 1);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

/// Creates a certificate that is signed by itself.
pub fn self_signed() -> Leaf {
    let key = KeyPair::generate().unwrap();
    let cert = leaf_params(&["localhost"]).self_signed(&key).unwrap();
    Leaf { cert: cert.pem(), key: key.serialize_pem() }
}

/// Creates the configuration of a server with this certificate. `client` is the authority that the certificates of clients
/// must come from.
pub fn server_config(
    leaf: &Leaf,
    versions: &[&'static SupportedProtocolVersion],
    client: Option<&Authority>,
) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .unwrap();
    let builder = match client {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.issuer.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let chain = vec![CertificateDer::from_pem_slice(leaf.cert.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(leaf.key.as_bytes()).unwrap();
    Arc::new(builder.with_single_cert(chain, key).unwrap())
}

/// Creates a server of this TLS version whose session can be ended by any message, see [`crate::raw_tls`]. It may ask the
/// client for a certificate, but does not require one.
pub fn raw_server(
    version: &'static SupportedProtocolVersion,
    wants_certificate: bool,
) -> Arc<ServerConfig> {
    let (leaf, provider) = (authority().server(), chacha_only());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[version])
        .unwrap();
    let builder = if wants_certificate {
        let mut roots = RootCertStore::empty();
        roots.add(authority().issuer.der().clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.allow_unauthenticated().build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    let chain = vec![CertificateDer::from_pem_slice(leaf.cert.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(leaf.key.as_bytes()).unwrap();
    let mut config = builder.with_single_cert(chain, key).unwrap();
    config.enable_secret_extraction = true;
    config.send_tls13_tickets = 0;
    Arc::new(config)
}

/// Creates a certificate as `openssl req -x509` does in one command: that of an authority, for `localhost`.
pub fn self_signed_authority() -> Leaf {
    let key = KeyPair::generate().unwrap();
    let mut params = leaf_params(&["localhost"]);
    params.extended_key_usages.clear();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Leaf { cert: params.self_signed(&key).unwrap().pem(), key: key.serialize_pem() }
}

/// Returns the configuration of a server that has nothing wrong.
pub fn good_server() -> Arc<ServerConfig> {
    server_config(&authority().server(), rustls::ALL_VERSIONS, None)
}

/// Returns the option that trusts [`authority`].
pub fn trust() -> String {
    format!("tls_roots={};", authority().file.display())
}

/// Writes this content to a file of its own in the folder for test files.
pub fn write_file(content: &str) -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("certs-{}-{}.pem", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let path = scratch_folder().join(name);
    std::fs::write(&path, content).unwrap();
    path
}
