//! What a signature of Notation is over, and the manifest that holds one.
//!
//! Follows [the signature specification](https://github.com/notaryproject/specifications/blob/main/specs/signature-specification.md).
//! The envelope is JWS or COSE and not looked into.

use crate::oci::descriptor::Descriptor;
use crate::oci::json::{self, Json, Limits};
use crate::oci::manifest::{ImageManifest, Link, Role};
use crate::oci::media_type::{NOTATION_SIGNATURE, OCI_EMPTY};
use crate::oci::violation::{At, Collector, Fault};

const THUMBPRINTS: &str = "io.cncf.notary.x509chain.thumbprint#S256";

/// What a signature is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotationPayload {
    /// What was signed.
    pub target: Descriptor,
}

impl NotationPayload {
    pub(in crate::oci) fn read(collector: &mut Collector<'_>, at: &At<'_>) -> Option<Self> {
        collector.object(at)?;
        let target = collector.required(at, "targetArtifact", Descriptor::read)?;
        Some(Self { target })
    }

    pub(in crate::oci) fn links(&self) -> Vec<Link<'_>> {
        vec![Link::new(Role::Subject, &self.target)]
    }
}

/// Looks for what a manifest lacks that says of itself, in the new way or in the old one, that it is a signature.
pub(in crate::oci) fn check_manifest(collector: &mut Collector<'_>, at: &At<'_>, image: &ImageManifest) {
    let config = image.config.media_type.essence();
    match image.artifact_type.as_ref().map(|named| named.essence()) {
        Some(NOTATION_SIGNATURE) => {
            if config != OCI_EMPTY
                && let Some(member) = at.member("config")
                && let Some(member) = member.member("mediaType")
            {
                let found = image.config.media_type.as_written().to_owned();
                let expected = OCI_EMPTY.to_owned();
                collector.report(&member, Fault::OtherMediaType { expected, found });
            }
        }
        None if config == NOTATION_SIGNATURE => {}
        _ => return,
    }
    if let Some(layers) = at.member("layers") {
        let actual = image.layers.len();
        if actual != 1 {
            collector.report(&layers, Fault::Length { expected: 1, actual });
        }
        let is_envelope = |essence: &str| matches!(essence, "application/jose+json" | "application/cose");
        let are_envelopes = image.layers.iter().all(|layer| is_envelope(layer.media_type.essence()));
        if !are_envelopes {
            collector.report(&layers, Fault::Choice("application/jose+json, application/cose"));
        }
    }
    if image.subject.is_none() {
        collector.report_missing(at, "subject", Fault::Missing);
    }
    match at.member("annotations") {
        None => collector.report_missing(at, "annotations", Fault::Missing),
        Some(annotations) => {
            // What is wrong has been reported by then.
            let _ = collector.required(&annotations, THUMBPRINTS, |collector, at| {
                let prints = is_list_of_prints(collector.string(at)?);
                collector.check(
                    at,
                    if prints {
                        Ok(())
                    } else {
                        Err(Fault::Embedded("array of SHA-256 in hex"))
                    },
                )
            });
        }
    }
}

fn is_list_of_prints(text: &str) -> bool {
    let Ok(list) = json::parse(text.as_bytes(), Limits::default()) else {
        return false;
    };
    let is_print = |json: &Json| match json {
        Json::String(text) => text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
        _ => false,
    };
    match &list.value {
        Json::Array(items) => !items.is_empty() && items.iter().all(|item| is_print(&item.value)),
        _ => false,
    }
}
