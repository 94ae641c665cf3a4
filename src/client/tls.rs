//! TLS settings, one set for both transports.
//!
//! Owns which certificates are trusted and shown. Opens no connection.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

/// What the user says about TLS.
#[derive(Clone, Debug, Default)]
pub struct TlsOptions {
    /// Certificates to trust beside those of the system, in PEM.
    pub ca_file: Option<PathBuf>,
    /// The certificate chain to show to the target, in PEM; needs `client_key`.
    pub client_cert: Option<PathBuf>,
    /// Its private key, in PEM.
    pub client_key: Option<PathBuf>,
    /// Whether any certificate is accepted.
    pub insecure: bool,
}

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file that cannot be read or holds nothing usable.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A certificate without key, or a key without certificate.
    #[error("a client certificate and its key are needed together")]
    HalfIdentity,
    /// Certificate and key do not fit.
    #[error("the client certificate cannot be used: {0}")]
    Identity(rustls::Error),
}

/// Builds the settings, without a choice of application protocol.
pub(super) fn configure(options: &TlsOptions) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(ring::default_provider());
    // reqwest looks for the provider of the process; a second installation is refused and does no harm.
    let _ = CryptoProvider::install_default(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3");
    let builder = if options.insecure {
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AcceptAny(provider)))
    } else {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(system_roots().iter().cloned());
        if let Some(path) = &options.ca_file {
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|e| file_error(path, e))?;
            }
        }
        builder.with_root_certificates(roots)
    };
    match (&options.client_cert, &options.client_key) {
        (None, None) => Ok(builder.with_no_client_auth()),
        (Some(cert), Some(key)) => {
            let chain = certificates(cert)?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(|e| file_error(key, e))?;
            builder.with_client_auth_cert(chain, key).map_err(TlsError::Identity)
        }
        _ => Err(TlsError::HalfIdentity),
    }
}

/// The certificates that the system trusts, read once. A system without any is no error: a target may be plain HTTP or
/// have its certificate named.
fn system_roots() -> &'static [CertificateDer<'static>] {
    static ROOTS: OnceLock<Vec<CertificateDer<'static>>> = OnceLock::new();
    ROOTS.get_or_init(|| rustls_native_certs::load_native_certs().certs)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(path).map_err(|e| file_error(path, e))?;
    let found = read.collect::<Result<Vec<_>, _>>().map_err(|e| file_error(path, e))?;
    if found.is_empty() {
        return Err(file_error(path, "holds no certificate in PEM"));
    }
    Ok(found)
}

fn file_error(path: &Path, reason: impl fmt::Display) -> TlsError {
    TlsError::File {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

/// Accepts any certificate. Signatures are still checked, so that the handshake is a real one.
#[derive(Debug)]
struct AcceptAny(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
