//! Docker's first schema: layers by digest alone, and signatures inside the document that they are about.
//!
//! Follows [its page](https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/manifest-v2-1.md), and for what
//! a signature covers [libtrust](https://github.com/docker/libtrust/blob/master/jsonsign.go), on which the page leans: the
//! payload is the first `formatLength` bytes of the document and `formatTail` after them, both of which each protected
//! header repeats. A payload that says something else than the document around it would let two readers see two images,
//! and is refused. Signatures are not verified: their keys stand beside them and prove nothing.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::{Link, Role};
use crate::oci::digest::{Algorithm, Digest};
use crate::oci::json::{self, Json, Limits, Node};
use crate::oci::violation::{At, Collector, Fault};

/// What a manifest of the first schema says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstSchema {
    /// The repository that it was made for.
    pub name: String,
    /// The tag that it was made for.
    pub tag: String,
    /// The processor, if that is said.
    pub architecture: Option<String>,
    /// The layers, the highest first.
    pub layers: Vec<FirstSchemaLayer>,
    /// The signatures, none if it is not signed.
    pub signatures: Vec<FirstSchemaSignature>,
    /// The bytes that signatures are over and that have the digest of the manifest.
    pub payload: Vec<u8>,
}

/// A layer, and what the image was up to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstSchemaLayer {
    /// Its bytes.
    pub digest: Digest,
    /// JSON of the image format before this one.
    pub history: String,
}

/// A signature over a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstSchemaSignature {
    /// The algorithm, by its name in JOSE.
    pub algorithm: String,
    /// The bytes of the signature.
    pub signature: Vec<u8>,
}

/// The part of a document that is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Format {
    length: usize,
    tail: Vec<u8>,
}

impl FirstSchema {
    /// Reads a manifest, which has to have signatures if it was declared as a signed one.
    pub(in crate::oci) fn read(
        collector: &mut Collector<'_>,
        at: &At<'_>,
        bytes: &[u8],
        is_signed: bool,
    ) -> Option<Self> {
        collector.object(at)?;
        for name in ["config", "layers", "manifests"] {
            if let Some(member) = at.member(name) {
                collector.report(&member, Fault::Ambiguous);
            }
        }
        let version = collector.required(at, "schemaVersion", |collector, at| collector.schema_version(at, 1));
        let name = collector.required(at, "name", Collector::text);
        let tag = collector.required(at, "tag", Collector::text);
        let architecture = collector.optional(at, "architecture", Collector::text);
        let digests = collector.required(at, "fsLayers", |collector, at| collector.array(at, read_layer));
        let history = collector.required(at, "history", |collector, at| {
            let history = collector.array(at, read_history)?;
            match &digests {
                Some(digests) if digests.len() != history.len() => {
                    let (expected, actual) = (digests.len(), history.len());
                    collector.check(at, Err(Fault::Length { expected, actual }))
                }
                _ => Some(history),
            }
        });
        let signed = if is_signed {
            collector.required(at, "signatures", read_signatures).map(Some)
        } else {
            collector.optional(at, "signatures", read_signatures)
        };
        let (signatures, payload) = match signed? {
            Some((signatures, format)) => (signatures, read_payload(collector, at, bytes, &format)?),
            None => (Vec::new(), bytes.to_vec()),
        };
        version?;
        let layers = digests?.into_iter().zip(history?);
        Some(Self {
            name: name?,
            tag: tag?,
            architecture: architecture?,
            layers: layers
                .map(|(digest, history)| FirstSchemaLayer { digest, history })
                .collect(),
            signatures,
            payload,
        })
    }

    /// The digest of the manifest: that of what is signed, so that another signature does not change it.
    pub fn digest(&self, algorithm: Algorithm) -> Digest {
        Digest::of(algorithm, &self.payload)
    }

    pub(in crate::oci) fn links(&self) -> Vec<Link<'_>> {
        let layers = self.layers.iter();
        layers
            .map(|layer| Link {
                role: Role::Layer,
                digest: &layer.digest,
                size: None,
                media_type: None,
            })
            .collect()
    }
}

fn read_layer(collector: &mut Collector<'_>, at: &At<'_>) -> Option<Digest> {
    collector.object(at)?;
    collector.required(at, "blobSum", |collector, at| {
        let digest = collector.digest(at)?;
        let is_sha256 = digest.algorithm() == Some(Algorithm::Sha256);
        collector.check(at, if is_sha256 { Ok(digest) } else { Err(Fault::NotSha256) })
    })
}

fn read_history(collector: &mut Collector<'_>, at: &At<'_>) -> Option<String> {
    collector.object(at)?;
    collector.required(at, "v1Compatibility", |collector, at| {
        let text = collector.text(at)?;
        let held = embedded_object(text.as_bytes()).map(|_| text);
        collector.check(at, held.ok_or(Fault::Embedded("object")))
    })
}

/// Reads the signatures, and the format that they agree on.
fn read_signatures(collector: &mut Collector<'_>, at: &At<'_>) -> Option<(Vec<FirstSchemaSignature>, Format)> {
    let mut agreed: Option<Format> = None;
    let signatures = collector.array(at, |collector, at| {
        collector.object(at)?;
        let algorithm = collector.required(at, "header", read_header);
        let signature = collector.required(at, "signature", |collector, at| {
            let decoded = base64url(collector.string(at)?);
            collector.check(at, decoded.filter(|bytes| !bytes.is_empty()).ok_or(Fault::Base64Url))
        });
        let format = collector.required(at, "protected", |collector, at| {
            let format = Format::parse(collector.string(at)?);
            let format = collector.check(at, format)?;
            match &agreed {
                Some(other) if *other != format => collector.check(at, Err(Fault::Differs("the first signature"))),
                _ => Some(format),
            }
        });
        agreed = agreed.take().or(Some(format?));
        Some(FirstSchemaSignature {
            algorithm: algorithm?,
            signature: signature?,
        })
    })?;
    // Without a signature nothing says which part of the document was signed.
    let format = collector.check(at, agreed.ok_or(Fault::Empty))?;
    Some((signatures, format))
}

/// Reads the header that is not protected: the algorithm, and a key or a chain of certificates.
fn read_header(collector: &mut Collector<'_>, at: &At<'_>) -> Option<String> {
    collector.object(at)?;
    let algorithm = collector.required(at, "alg", Collector::some_text);
    let chain = collector.optional(at, "x5c", |collector, at| {
        collector.array(at, |collector, at| {
            let decoded = STANDARD.decode(collector.string(at)?);
            collector.check(at, decoded.map(drop).map_err(|_| Fault::Base64))
        })
    })?;
    let key = |collector: &mut Collector<'_>, at: &At<'_>| {
        collector.object(at)?;
        collector.required(at, "kty", Collector::some_text).map(drop)
    };
    match chain {
        Some(chain) if !chain.is_empty() => collector.optional(at, "jwk", key).map(drop)?,
        _ => collector.required(at, "jwk", key)?,
    }
    algorithm
}

impl Format {
    fn parse(protected: &str) -> Result<Self, Fault> {
        let header = base64url(protected).ok_or(Fault::Base64Url)?;
        let header = embedded_object(&header).ok_or(Fault::Embedded("object"))?;
        let length = match header.member("formatLength").map(|node| &node.value) {
            Some(Json::Number(text)) => text.parse().ok(),
            _ => None,
        };
        let tail = match header.member("formatTail").map(|node| &node.value) {
            Some(Json::String(text)) => base64url(text),
            _ => None,
        };
        Ok(Self {
            length: length.ok_or(Fault::Protected("formatLength"))?,
            tail: tail.ok_or(Fault::Protected("formatTail"))?,
        })
    }
}

/// Puts together what was signed, and compares it with the document.
fn read_payload(collector: &mut Collector<'_>, at: &At<'_>, bytes: &[u8], format: &Format) -> Option<Vec<u8>> {
    let payload = bytes
        .get(..format.length)
        .map(|start| [start, format.tail.as_slice()].concat());
    let payload = payload.ok_or(Fault::Protected("formatLength")).and_then(|payload| {
        let signed = embedded_object(&payload).ok_or(Fault::Embedded("object"))?;
        if is_same_but_for_signatures(&signed, at.node()) {
            Ok(payload)
        } else {
            Err(Fault::OtherPayload)
        }
    });
    let signatures = at.member("signatures")?;
    collector.check(&signatures, payload)
}

fn is_same_but_for_signatures(signed: &Node, document: &Node) -> bool {
    match (&signed.value, &document.value) {
        (Json::Object(signed), Json::Object(document)) => {
            let others = document.iter().filter(|member| member.name != "signatures");
            signed.iter().eq(others)
        }
        _ => false,
    }
}

fn embedded_object(bytes: &[u8]) -> Option<Node> {
    let node = json::parse(bytes, Limits::default()).ok()?;
    matches!(node.value, Json::Object(_)).then_some(node)
}

fn base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
