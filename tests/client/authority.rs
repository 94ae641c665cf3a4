//! A certificate authority of its own for one test.

use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::ring::default_provider;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::PrivateKeyDer;

pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub fn new() -> Authority {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority {
            issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap(),
        }
    }

    #[allow(
        dead_code,
        reason = "shared by several test programs, not all of which use all of it"
    )]
    /// Writes the certificate of the authority.
    pub fn write(&self, path: &Path) {
        std::fs::write(path, self.issuer.pem()).unwrap();
    }

    #[allow(
        dead_code,
        reason = "shared by several test programs, not all of which use all of it"
    )]
    /// Writes a client's certificate and key.
    pub fn write_identity(&self, cert: &Path, key: &Path) {
        let pair = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["client.example".to_owned()]).unwrap();
        std::fs::write(cert, params.signed_by(&pair, &self.issuer).unwrap().pem()).unwrap();
        std::fs::write(key, pair.serialize_pem()).unwrap();
    }

    /// A server for 127.0.0.1; it may ask for a client certificate.
    pub fn server(&self, ask: bool) -> ServerConfig {
        self.configured("127.0.0.1", false, ask)
    }

    #[allow(
        dead_code,
        reason = "shared by several test programs, not all of which use all of it"
    )]
    /// A server with a certificate for `name`, which may be over.
    pub fn server_for(&self, name: &str, over: bool) -> ServerConfig {
        self.configured(name, over, false)
    }

    fn configured(&self, name: &str, over: bool, ask: bool) -> ServerConfig {
        let provider = Arc::new(default_provider());
        let pair = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if over {
            params.not_after = rcgen::date_time_ymd(2001, 1, 1);
        }
        let cert = params.signed_by(&pair, &self.issuer).unwrap();
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if ask {
            let mut roots = RootCertStore::empty();
            roots.add(self.issuer.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .unwrap();
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::try_from(pair.serialize_der()).unwrap();
        builder.with_single_cert(vec![cert.der().clone()], key).unwrap()
    }
}
