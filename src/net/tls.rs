//! TLS policy: trusted roots, client certificates and the rustls client configuration.
#![expect(
    clippy::disallowed_methods,
    reason = "reads the certificate files that the configuration names"
)]

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, ClientConfig, RootCertStore, SignatureScheme};

use super::broken::TlsError;
use crate::config::{Roots, Tls};
use crate::error::{ErrorParts as _, Result, err};

/// A larger PEM file is not a bundle of certificates.
const MAX_PEM_BYTES: u64 = 1 << 20;

/// How this client speaks TLS.
pub(crate) struct ClientTls {
    pub(crate) config: Arc<ClientConfig>,
    certificate: Arc<NotedCertificate>,
}

impl ClientTls {
    /// Returns whether a server has asked for the client's certificate since the last call.
    pub(crate) fn was_certificate_wanted(&self) -> bool {
        self.certificate.was_wanted.swap(false, Ordering::Relaxed)
    }
}

/// The client's certificate, if it has one. It also records whether a server wanted it.
#[derive(Debug)]
struct NotedCertificate {
    inner: Arc<dyn ResolvesClientCert>,
    was_wanted: AtomicBool,
}

impl ResolvesClientCert for NotedCertificate {
    fn resolve(
        &self,
        root_hint_subjects: &[&[u8]],
        sigschemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.was_wanted.store(true, Ordering::Relaxed);
        self.inner.resolve(root_hint_subjects, sigschemes)
    }

    fn only_raw_public_keys(&self) -> bool {
        self.inner.only_raw_public_keys()
    }

    fn has_certs(&self) -> bool {
        self.inner.has_certs()
    }
}

/// Builds the client configuration. Every problem with a file is found here, before any connection.
pub(crate) fn client_tls(tls: &Tls) -> Result<ClientTls> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| err!(Tls, "could not set up TLS: {e}").caused_by(TlsError(e)))?;
    let builder = if tls.verify {
        builder.with_root_certificates(roots(&tls.roots)?)
    } else {
        unverified(builder, provider)?
    };
    let mut config = match &tls.client_cert {
        None => builder.with_no_client_auth(),
        Some((cert, key)) => {
            let chain = certificates("tls_cert", cert)?;
            let pem = read_pem("tls_key", key)?;
            let key = PrivateKeyDer::from_pem_slice(&pem)
                .map_err(|e| err!(Config, "tls_key: no private key in {}: {e}", key.display()))?;
            builder.with_client_auth_cert(chain, key).map_err(|e| {
                err!(Config, "tls_cert and tls_key cannot be used: {e}").caused_by(TlsError(e))
            })?
        }
    };
    let certificate = Arc::new(NotedCertificate {
        inner: Arc::clone(&config.client_auth_cert_resolver),
        was_wanted: AtomicBool::new(false),
    });
    config.client_auth_cert_resolver = Arc::<NotedCertificate>::clone(&certificate);
    Ok(ClientTls { config: Arc::new(config), certificate })
}

/// Returns what went wrong in TLS, in words that say what to do about it.
#[cold]
pub(crate) fn explain(e: &rustls::Error) -> String {
    let rustls::Error::InvalidCertificate(why) = e else { return e.to_string() };
    let why = match why {
        CertificateError::UnknownIssuer => {
            "it is not signed by an authority that is trusted: name the authority's certificate with tls_roots, or \
             choose other authorities with tls_ca"
        }
        CertificateError::BadEncoding => "it is not a well-formed X.509 certificate",
        CertificateError::BadSignature => {
            "its signature is not that of the trusted authority of this name: is tls_roots the right file?"
        }
        CertificateError::Revoked => "it was revoked",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it is not meant for servers: its extended key usage lacks serverAuth"
        }
        CertificateError::UnhandledCriticalExtension => {
            "it has a critical extension that this client does not know"
        }
        // These are names of errors of the library that checks certificates.
        CertificateError::Other(other) => match other.to_string().as_str() {
            "CaUsedAsEndEntity" => {
                "it is the certificate of an authority (CA:TRUE), as openssl req -x509 makes it, and no server may use \
                 one: make it with -addext basicConstraints=critical,CA:FALSE, or sign a certificate for the server with it"
            }
            "UnsupportedCertVersion" => {
                "it is an X.509 certificate of version 1: make one of version 3, with a subjectAltName"
            }
            "EndEntityUsedAsCa" => {
                "it is signed by a certificate that is not that of an authority (CA:FALSE)"
            }
            other => return format!("the server's certificate cannot be used: {other}"),
        },
        other => return format!("the server's certificate cannot be used: {other}"),
    };
    format!("the server's certificate cannot be used: {why}")
}

fn roots(wanted: &Roots) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    if matches!(wanted, Roots::Webpki | Roots::WebpkiAndOs) {
        store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    if matches!(wanted, Roots::Os | Roots::WebpkiAndOs) {
        // One broken certificate of the system must not make the others useless.
        let (added, _) = store.add_parsable_certificates(system_certificates());
        if added == 0 && matches!(wanted, Roots::Os) {
            return Err(err!(
                Config,
                "tls_ca=os_roots: the operating system offers no usable root certificates"
            ));
        }
    }
    if let Roots::PemFile(path) = wanted {
        for cert in certificates("tls_roots", path)? {
            store.add(cert).map_err(|e| {
                err!(
                    Config,
                    "tls_roots: {} holds a certificate that cannot be a root: {e}",
                    path.display()
                )
            })?;
        }
    }
    Ok(store)
}

/// Returns the certificates that the system trusts. `load_native_certs` alone would let `SSL_CERT_FILE` and `SSL_CERT_DIR`
/// of the environment replace them, so where certificates are files, they are named here.
#[cfg(all(unix, not(target_os = "macos")))]
fn system_certificates() -> Vec<CertificateDer<'static>> {
    const FILES: [&str; 6] = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
        "/usr/local/share/certs/ca-root-nss.crt",
    ];
    const FOLDERS: [&str; 3] = ["/etc/ssl/certs", "/etc/pki/tls/certs", "/usr/local/share/certs"];
    rustls_native_certs::load_certs_from_paths(first_of(&FILES), first_of(&FOLDERS)).certs
}

#[cfg(all(unix, not(target_os = "macos")))]
fn first_of(paths: &[&'static str]) -> Option<&'static Path> {
    paths.iter().copied().map(Path::new).find(|path| path.exists())
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn system_certificates() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}

fn certificates(key: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let pem = read_pem(key, path)?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|e| err!(Config, "{key}: {} is not PEM: {e}", path.display()))?;
    if found.is_empty() {
        return Err(err!(Config, "{key}: no certificate in {}", path.display()));
    }
    Ok(found)
}

fn read_pem(key: &str, path: &Path) -> Result<Vec<u8>> {
    let unreadable = |e: std::io::Error| {
        err!(Config, "{key}: could not read {}: {e}", path.display()).caused_by(e)
    };
    // The kind of file is checked before opening it, because opening a FIFO would block.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(err!(Config, "{key}: {} is not a regular file", path.display()));
    }
    let file = File::open(path).map_err(unreadable)?;
    let mut pem = Vec::new();
    file.take(MAX_PEM_BYTES + 1).read_to_end(&mut pem).map_err(unreadable)?;
    if pem.len() as u64 > MAX_PEM_BYTES {
        return Err(err!(Config, "{key}: {} is larger than {MAX_PEM_BYTES} bytes", path.display()));
    }
    Ok(pem)
}

type Builder = rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>;
type Verified = rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>;

#[cfg(not(feature = "insecure-skip-verify"))]
fn unverified(_: Builder, _: Arc<CryptoProvider>) -> Result<Verified> {
    Err(err!(
        Config,
        "tls_verify=unsafe_off needs a library built with the feature insecure-skip-verify"
    ))
}

#[cfg(feature = "insecure-skip-verify")]
fn unverified(builder: Builder, provider: Arc<CryptoProvider>) -> Result<Verified> {
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(any_certificate::AnyCertificate(provider))))
}

#[cfg(feature = "insecure-skip-verify")]
mod any_certificate {
    use std::sync::Arc;

    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
    use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
    use rustls::{DigitallySignedStruct, Error, SignatureScheme};

    /// Trusts every certificate; the handshake itself is still checked.
    #[derive(Debug)]
    pub(super) struct AnyCertificate(pub(super) Arc<CryptoProvider>);

    impl ServerCertVerifier for AnyCertificate {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.0.signature_verification_algorithms.supported_schemes()
        }
    }
}
