//! Sigstore bundles: a signature with everything that its verification takes.
//!
//! Follows [the bundle's protocol buffer](https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto)
//! and [the JSON of protocol buffers](https://protobuf.dev/programming-guides/json/): a member may have either of two
//! names, null is as good as absent, numbers may be texts, bytes are base64 of any sort, and a zero may be left out.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use crate::oci::digest::{Algorithm, Digest};
use crate::oci::json::{self, Json, Limits, Node};
use crate::oci::manifest::{Link, Role};
use crate::oci::media_type::SIGSTORE_BUNDLE;
use crate::oci::violation::{At, Collector, Fault};

const TYPES: &str = "application/vnd.dev.sigstore.bundle.v0.3+json, application/vnd.dev.sigstore.bundle+json;version=0.1, \
    application/vnd.dev.sigstore.bundle+json;version=0.2, application/vnd.dev.sigstore.bundle+json;version=0.3";

const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// What a bundle says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Its version: 1, 2 or 3 for 0.1, 0.2 and 0.3.
    pub version: u8,
    /// How the key is found.
    pub key: BundleKey,
    /// In how many entries of transparency logs it is.
    pub log_entries: usize,
    /// The signature, and over what.
    pub content: BundleContent,
}

/// How the key to a signature is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BundleKey {
    /// By something that signer and verifier know.
    Hint(String),
    /// In the first of so many certificates.
    Certificates(usize),
}

/// What a bundle holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BundleContent {
    /// A signature over bytes, whose digest may be said.
    Message(Option<Digest>),
    /// An envelope around what is signed.
    Envelope {
        /// What kind of document is in it.
        payload_type: String,
        /// What that document is about, if it is an in-toto statement.
        subjects: Vec<Digest>,
    },
}

/// A member under both of its names.
type Names = [&'static str; 2];

impl Bundle {
    pub(in crate::oci) fn read(collector: &mut Collector<'_>, at: &At<'_>) -> Option<Self> {
        collector.object(at)?;
        let version = required(collector, at, ["mediaType", "media_type"], |collector, at| {
            let version = version_of(collector.string(at)?);
            collector.check(at, version.ok_or(Fault::Choice(TYPES)))
        });
        let material = required(
            collector,
            at,
            ["verificationMaterial", "verification_material"],
            |collector, at| {
                collector.object(at)?;
                let key = read_key(collector, at);
                let entries = optional(collector, at, ["tlogEntries", "tlog_entries"], |collector, at| {
                    collector.array(at, |collector, at| read_entry(collector, at, version))
                });
                let times = optional(
                    collector,
                    at,
                    ["timestampVerificationData", "timestamp_verification_data"],
                    read_times,
                );
                times?;
                Some((key?, entries?.map_or(0, |entries| entries.len())))
            },
        );
        let kinds: [Names; 2] = [
            ["messageSignature", "message_signature"],
            ["dsseEnvelope", "dsse_envelope"],
        ];
        let content = match one_of(collector, at, &kinds, "messageSignature, dsseEnvelope")? {
            (0, member) => read_message(collector, &member),
            (_, member) => read_envelope(collector, &member, material.as_ref().map(|(key, _)| key)),
        };
        let (key, log_entries) = material?;
        Some(Self {
            version: version?,
            key,
            log_entries,
            content: content?,
        })
    }

    pub(in crate::oci) fn links(&self) -> Vec<Link<'_>> {
        let subjects: Vec<&Digest> = match &self.content {
            BundleContent::Message(digest) => digest.iter().collect(),
            BundleContent::Envelope { subjects, .. } => subjects.iter().collect(),
        };
        let link = |digest| Link {
            role: Role::Subject,
            digest,
            size: None,
            media_type: None,
        };
        subjects.into_iter().map(link).collect()
    }
}

fn version_of(text: &str) -> Option<u8> {
    match text {
        SIGSTORE_BUNDLE | "application/vnd.dev.sigstore.bundle+json;version=0.3" => Some(3),
        "application/vnd.dev.sigstore.bundle+json;version=0.2" => Some(2),
        "application/vnd.dev.sigstore.bundle+json;version=0.1" => Some(1),
        _ => None,
    }
}

fn read_key(collector: &mut Collector<'_>, at: &At<'_>) -> Option<BundleKey> {
    let kinds: [Names; 3] = [
        ["publicKey", "public_key"],
        ["x509CertificateChain", "x509_certificate_chain"],
        ["certificate", "certificate"],
    ];
    let (kind, member) = one_of(collector, at, &kinds, "publicKey, x509CertificateChain, certificate")?;
    collector.object(&member)?;
    match kind {
        0 => {
            let hint = optional(collector, &member, ["hint", "hint"], Collector::text)?;
            Some(BundleKey::Hint(hint.unwrap_or_default()))
        }
        1 => required(collector, &member, ["certificates", "certificates"], |collector, at| {
            let certificates = collector.array(at, read_certificate)?;
            let count = certificates.len();
            collector.check(
                at,
                if count == 0 {
                    Err(Fault::Empty)
                } else {
                    Ok(BundleKey::Certificates(count))
                },
            )
        }),
        _ => read_certificate(collector, &member).map(|()| BundleKey::Certificates(1)),
    }
}

fn read_certificate(collector: &mut Collector<'_>, at: &At<'_>) -> Option<()> {
    collector.object(at)?;
    required(collector, at, ["rawBytes", "raw_bytes"], some_bytes).map(drop)
}

fn read_entry(collector: &mut Collector<'_>, at: &At<'_>, version: Option<u8>) -> Option<()> {
    collector.object(at)?;
    let index = optional(collector, at, ["logIndex", "log_index"], number);
    let time = optional(collector, at, ["integratedTime", "integrated_time"], number);
    let log = required(collector, at, ["logId", "log_id"], |collector, at| {
        collector.object(at)?;
        required(collector, at, ["keyId", "key_id"], some_bytes)
    });
    let kind = required(collector, at, ["kindVersion", "kind_version"], |collector, at| {
        collector.object(at)?;
        let kind = required(collector, at, ["kind", "kind"], Collector::some_text);
        let version = required(collector, at, ["version", "version"], Collector::some_text);
        kind.and(version)
    });
    let promise_names = ["inclusionPromise", "inclusion_promise"];
    let read_promise = |collector: &mut Collector<'_>, at: &At<'_>| {
        collector.object(at)?;
        required(
            collector,
            at,
            ["signedEntryTimestamp", "signed_entry_timestamp"],
            some_bytes,
        )
        .map(drop)
    };
    let proof_names = ["inclusionProof", "inclusion_proof"];
    // The first version leans on the promise, the later ones on the proof.
    let (promise, proof) = if version == Some(1) {
        let promise = required(collector, at, promise_names, read_promise).map(Some);
        (promise, optional(collector, at, proof_names, read_proof))
    } else {
        let promise = optional(collector, at, promise_names, read_promise);
        (promise, required(collector, at, proof_names, read_proof).map(Some))
    };
    let body = optional(collector, at, ["canonicalizedBody", "canonicalized_body"], bytes);
    index.and(time)?;
    log.and(kind)?;
    promise.and(proof)?;
    body.map(drop)
}

fn read_proof(collector: &mut Collector<'_>, at: &At<'_>) -> Option<()> {
    collector.object(at)?;
    let index = optional(collector, at, ["logIndex", "log_index"], number);
    let root = required(collector, at, ["rootHash", "root_hash"], some_bytes);
    let size = required(collector, at, ["treeSize", "tree_size"], number);
    let hashes = optional(collector, at, ["hashes", "hashes"], |collector, at| {
        collector.array(at, some_bytes)
    });
    let checkpoint = required(collector, at, ["checkpoint", "checkpoint"], |collector, at| {
        collector.object(at)?;
        required(collector, at, ["envelope", "envelope"], Collector::some_text)
    });
    index.and(root)?;
    size.and(hashes)?;
    checkpoint.map(drop)
}

fn read_times(collector: &mut Collector<'_>, at: &At<'_>) -> Option<()> {
    collector.object(at)?;
    let times = optional(
        collector,
        at,
        ["rfc3161Timestamps", "rfc3161_timestamps"],
        |collector, at| {
            collector.array(at, |collector, at| {
                collector.object(at)?;
                required(collector, at, ["signedTimestamp", "signed_timestamp"], some_bytes)
            })
        },
    );
    times.map(drop)
}

fn read_message(collector: &mut Collector<'_>, at: &At<'_>) -> Option<BundleContent> {
    collector.object(at)?;
    let signature = required(collector, at, ["signature", "signature"], some_bytes);
    let digest = optional(collector, at, ["messageDigest", "message_digest"], |collector, at| {
        collector.object(at)?;
        let algorithm = optional(collector, at, ["algorithm", "algorithm"], |_, at| {
            Some(algorithm_of(at.node()))
        })?;
        let Some(algorithm) = algorithm.flatten() else {
            return optional(collector, at, ["digest", "digest"], bytes).map(|_| None);
        };
        required(collector, at, ["digest", "digest"], |collector, at| {
            let bytes = bytes(collector, at)?;
            let expected = algorithm.hex_len() / 2;
            let actual = bytes.len();
            if actual != expected {
                return collector.check(
                    at,
                    Err(Fault::DataSize {
                        expected: expected as u64,
                        actual: actual as u64,
                    }),
                );
            }
            Some(digest_of(algorithm.name(), &bytes))
        })
    });
    signature?;
    Some(BundleContent::Message(digest?.flatten()))
}

fn read_envelope(collector: &mut Collector<'_>, at: &At<'_>, key: Option<&BundleKey>) -> Option<BundleContent> {
    collector.object(at)?;
    let payload_type = required(collector, at, ["payloadType", "payload_type"], Collector::some_text);
    let is_statement = payload_type.as_deref() == Some("application/vnd.in-toto+json");
    let subjects = required(collector, at, ["payload", "payload"], |collector, at| {
        let payload = bytes(collector, at)?;
        if !is_statement {
            return Some(Vec::new());
        }
        collector.check(at, subjects_of(&payload).ok_or(Fault::Embedded("object")))
    });
    let signatures = required(collector, at, ["signatures", "signatures"], |collector, at| {
        let signatures = collector.array(at, |collector, at| {
            collector.object(at)?;
            let signature = required(collector, at, ["sig", "sig"], some_bytes);
            let named = optional(collector, at, ["keyid", "keyid"], |collector, at| {
                let named = collector.text(at)?;
                let is_other = matches!(key, Some(BundleKey::Hint(hint)) if !hint.is_empty() && !named.is_empty() && *hint != named);
                collector.check(at, if is_other { Err(Fault::Differs("the hint")) } else { Ok(()) })
            });
            signature.and(named)
        })?;
        let actual = signatures.len();
        collector.check(
            at,
            if actual == 1 {
                Ok(())
            } else {
                Err(Fault::Length { expected: 1, actual })
            },
        )
    });
    signatures?;
    Some(BundleContent::Envelope {
        payload_type: payload_type?,
        subjects: subjects?,
    })
}

/// What an in-toto statement is about; nothing if the bytes are not even an object.
fn subjects_of(payload: &[u8]) -> Option<Vec<Digest>> {
    let statement = json::parse(payload, Limits::default()).ok()?;
    let Json::Object(_) = statement.value else {
        return None;
    };
    let Some(Json::Array(subjects)) = statement.member("subject").map(|node| &node.value) else {
        return Some(Vec::new());
    };
    let digest = |subject: &Node| match &subject.member("digest")?.member("sha256")?.value {
        Json::String(hex) => format!("sha256:{hex}").parse().ok(),
        _ => None,
    };
    Some(subjects.iter().filter_map(digest).collect())
}

fn algorithm_of(node: &Node) -> Option<Algorithm> {
    match &node.value {
        Json::String(name) if name == "SHA2_256" => Some(Algorithm::Sha256),
        Json::String(name) if name == "SHA2_512" => Some(Algorithm::Sha512),
        Json::Number(number) if **number == *"1" => Some(Algorithm::Sha256),
        Json::Number(number) if **number == *"3" => Some(Algorithm::Sha512),
        _ => None,
    }
}

fn digest_of(name: &str, bytes: &[u8]) -> Option<Digest> {
    format!("{name}:{}", hex::encode(bytes)).parse().ok()
}

/// A member that is there under one of its names and is not null.
fn field<'a>(at: &'a At<'a>, names: Names) -> Option<At<'a>> {
    names
        .into_iter()
        .filter_map(|name| at.member(name))
        .find(|member| member.node().value != Json::Null)
}

fn required<'c, T>(
    collector: &mut Collector<'c>,
    at: &At<'_>,
    names: Names,
    read: impl FnOnce(&mut Collector<'c>, &At<'_>) -> Option<T>,
) -> Option<T> {
    match field(at, names) {
        Some(member) => read(collector, &member),
        None => {
            collector.report_missing(at, names[0], Fault::Missing);
            None
        }
    }
}

fn optional<'c, T>(
    collector: &mut Collector<'c>,
    at: &At<'_>,
    names: Names,
    read: impl FnOnce(&mut Collector<'c>, &At<'_>) -> Option<T>,
) -> Option<Option<T>> {
    field(at, names).map_or(Some(None), |member| read(collector, &member).map(Some))
}

/// The one member that is there of several that exclude each other, and which it is.
fn one_of<'a>(
    collector: &mut Collector<'_>,
    at: &'a At<'a>,
    kinds: &[Names],
    listed: &'static str,
) -> Option<(usize, At<'a>)> {
    let mut there = kinds
        .iter()
        .enumerate()
        .filter_map(|(kind, names)| Some((kind, field(at, *names)?)));
    match (there.next(), there.next()) {
        (Some(one), None) => Some(one),
        _ => collector.check(at, Err(Fault::OneOf(listed))),
    }
}

fn number(collector: &mut Collector<'_>, at: &At<'_>) -> Option<()> {
    match &at.node().value {
        Json::String(text) => collector.check(at, text.parse::<i64>().map(drop).map_err(|_| Fault::NotInteger)),
        _ => collector.integer(at).map(drop),
    }
}

fn bytes(collector: &mut Collector<'_>, at: &At<'_>) -> Option<Vec<u8>> {
    let text = collector.string(at)?;
    let alphabet = if text.contains(['-', '_']) {
        &URL_SAFE
    } else {
        &STANDARD
    };
    let decoded = GeneralPurpose::new(alphabet, ANY_PADDING).decode(text);
    collector.check(at, decoded.map_err(|_| Fault::Base64))
}

fn some_bytes(collector: &mut Collector<'_>, at: &At<'_>) -> Option<Vec<u8>> {
    let bytes = bytes(collector, at)?;
    collector.check(at, if bytes.is_empty() { Err(Fault::Empty) } else { Ok(bytes) })
}
