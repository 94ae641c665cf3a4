//! Signatures as manifests of Docker's first schema have them: inside the document that they are about.
//!
//! Follows [the page of the schema](https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/manifest-v2-1.md) and
//! [libtrust](https://github.com/docker/libtrust/blob/master/jsonsign.go). Registries verify such a signature with the key
//! beside it, so anybody's key will do: this one is for everybody to read and proves nothing. RS256 gives the same text
//! the same signature, so that a case is the same each time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::json;

/// A key of 2048 bits in PKCS #8.
const KEY: &[u8] = include_bytes!("signed.der");

/// The document with a signature over all of it as its last member, if it is an object that is not empty.
pub(super) fn signed(document: &str) -> Option<String> {
    // What is signed is the text up to its last brace, which the signature stands before, and that brace.
    let start = document.strip_suffix('}').filter(|start| start.len() > 1)?;
    let protected = json!({"formatLength": start.len(), "formatTail": base64url(b"}"), "time": "2016-01-02T03:04:05Z"});
    let protected = base64url(protected.to_string().as_bytes());
    let key = RsaKeyPair::from_pkcs8(KEY).ok()?;
    let message = format!("{protected}.{}", base64url(document.as_bytes()));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        message.as_bytes(),
        &mut signature,
    )
    .ok()?;
    let public: PublicKeyComponents<Vec<u8>> = key.public().into();
    let signature = json!({
        "header": {"jwk": {"kty": "RSA", "n": base64url(&public.n), "e": base64url(&public.e)}, "alg": "RS256"},
        "signature": base64url(&signature),
        "protected": protected,
    });
    Some(format!("{start},\"signatures\":[{signature}]}}"))
}

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use ring::signature::RSA_PKCS1_2048_8192_SHA256;
    use serde_json::Value;

    use super::*;
    use crate::oci::any::AnyDocument;
    use crate::oci::digest::{Algorithm, Digest};
    use crate::oci::media_type::DOCKER_SCHEMA1_SIGNED;

    const DOCUMENT: &str = r#"{"schemaVersion":1,"name":"a/b","tag":"c","fsLayers":[],"history":[]}"#;

    #[test]
    fn a_parser_finds_what_was_signed_and_its_digest() {
        let signed = signed(DOCUMENT).unwrap();
        let declared = DOCKER_SCHEMA1_SIGNED.parse().unwrap();
        let document = AnyDocument::parse_all(signed.as_bytes(), Some(&declared), Default::default()).unwrap();
        let digest = document.digest(signed.as_bytes());
        assert_eq!(digest, Digest::of(Algorithm::Sha256, DOCUMENT.as_bytes()));
    }

    #[test]
    fn the_signature_is_verified_by_the_key_beside_it() {
        let document: Value = serde_json::from_str(&signed(DOCUMENT).unwrap()).unwrap();
        let signature = &document["signatures"][0];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let bytes = |value: &Value| URL_SAFE_NO_PAD.decode(text(value)).unwrap();
        let jwk = &signature["header"]["jwk"];
        let key = PublicKeyComponents {
            n: bytes(&jwk["n"]),
            e: bytes(&jwk["e"]),
        };
        let message = format!("{}.{}", text(&signature["protected"]), base64url(DOCUMENT.as_bytes()));
        key.verify(
            &RSA_PKCS1_2048_8192_SHA256,
            message.as_bytes(),
            &bytes(&signature["signature"]),
        )
        .unwrap();
    }

    #[test]
    fn it_is_the_same_each_time_and_only_objects_have_one() {
        assert_eq!(signed(DOCUMENT), signed(DOCUMENT));
        assert_eq!(signed("[]"), None);
        assert_eq!(signed("{}"), None);
    }
}
