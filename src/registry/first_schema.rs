//! Docker's first schema, which only a variant takes.
//!
//! Follows [its page](https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/manifest-v2-1.md) and what
//! distribution 2 does where it was told to take such manifests: one that is signed has the digest of what was signed, its
//! layers have to be there, and they live as long as it does. Signatures are not verified: their keys stand beside them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde_json::{Map, Value};

use super::document::{self, Descriptor, Document, Kind};
use super::server::Registry;
use super::{Mutant, Variant};
use crate::oci::digest::{Algorithm, Digest};
use crate::oci::media_type::{DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED};

/// What a layer is said to be where the manifest itself does not say it.
const LAYER: &str = "application/vnd.docker.container.image.rootfs.diff+x-gtar";

/// Whether a manifest of this type is one of the first schema.
pub(super) fn has_type(media_type: &str) -> bool {
    [DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED].contains(&media_type)
}

impl Registry {
    /// Whether this registry takes such manifests. What is defective about them, or about collections, is so in the variant
    /// that does.
    pub(super) fn takes_first_schema(&self) -> bool {
        let is_about_it = |breaks: &str| breaks.starts_with("gc-") || breaks.starts_with("legacy-first-schema");
        self.has(Variant::FirstSchemaTaken) || self.mutant().is_some_and(|mutant| is_about_it(mutant.breaks()))
    }

    /// The bytes that the digest of a pushed manifest is of.
    pub(super) fn digested(&self, media_type: &str, bytes: &Bytes) -> Bytes {
        let is_signed = media_type == DOCKER_SCHEMA1_SIGNED && self.takes_first_schema();
        if !is_signed || self.is(Mutant::FirstSchemaDigestOfBytes) {
            return bytes.clone();
        }
        let signed = document::parse(bytes).and_then(|object| signed(&object, bytes));
        signed.map_or_else(|_| bytes.clone(), Bytes::from)
    }
}

/// Reads a manifest.
///
/// # Errors
/// In words, what is wrong with it.
pub(super) fn read(media_type: &str, bytes: &[u8]) -> Result<Document, String> {
    let object = document::parse(bytes)?;
    if object.get("schemaVersion").and_then(Value::as_u64) != Some(1) {
        return Err("schemaVersion has to be 1".into());
    }
    let others = ["config", "layers", "manifests", "mediaType"];
    if let Some(other) = others.iter().find(|name| object.contains_key(**name)) {
        return Err(format!("a manifest of the first schema has no property {other}"));
    }
    for name in ["name", "tag"] {
        if !object.get(name).is_some_and(Value::is_string) {
            return Err(format!("{name} is not a string"));
        }
    }
    let list = |name: &str| object.get(name).ok_or(format!("{name} is missing"));
    let layers = document::each(list("fsLayers")?, layer).map_err(|error| format!("fsLayers: {error}"))?;
    let history = document::each(list("history")?, |entry| {
        let text = entry.get("v1Compatibility").and_then(Value::as_str);
        text.map(drop).ok_or("v1Compatibility is not a string".into())
    });
    if history.map_err(|error| format!("history: {error}"))?.len() != layers.len() {
        return Err("there are not as many entries of history as layers".into());
    }
    match media_type {
        DOCKER_SCHEMA1_SIGNED => drop(signed(&object, bytes)?),
        _ if object.contains_key("signatures") => return Err("it is signed, and was pushed as one that is not".into()),
        _ => {}
    }
    Ok(Document {
        blobs: layers,
        ..Document::empty(Kind::FirstSchema)
    })
}

fn layer(layer: &Value) -> Result<Descriptor, String> {
    let text = layer.get("blobSum").and_then(Value::as_str);
    let digest: Digest = text
        .ok_or("blobSum is not a string")?
        .parse()
        .map_err(|error| format!("blobSum: {error}"))?;
    if digest.algorithm() != Some(Algorithm::Sha256) {
        return Err("blobSum is not one of SHA-256".into());
    }
    Ok(Descriptor {
        media_type: LAYER.to_owned(),
        digest,
        size: None,
    })
}

/// What was signed: the part of the document that every protected header names. It has to say what the document says.
fn signed(object: &Map<String, Value>, bytes: &[u8]) -> Result<Vec<u8>, String> {
    let signatures = object.get("signatures").ok_or("signatures is missing")?;
    let payloads = document::each(signatures, |signature| {
        let protected = decoded(signature.get("protected"))?;
        let protected: Value = serde_json::from_slice(&protected).map_err(|error| error.to_string())?;
        let length = protected.get("formatLength").and_then(Value::as_u64);
        let start = length
            .and_then(|length| bytes.get(..usize::try_from(length).ok()?))
            .ok_or("formatLength is not within the document")?;
        let tail = decoded(protected.get("formatTail"))?;
        Ok([start, tail.as_slice()].concat())
    });
    let mut payloads = payloads.map_err(|error| format!("signatures: {error}"))?;
    let payload = payloads.pop().ok_or("there is no signature")?;
    if payloads.iter().any(|other| *other != payload) {
        return Err("the signatures are over different bytes".into());
    }
    let mut others = object.clone();
    others.remove("signatures");
    if document::parse(&payload)? != others {
        return Err("what was signed is not what the document says".into());
    }
    Ok(payload)
}

fn decoded(text: Option<&Value>) -> Result<Vec<u8>, String> {
    let text = text.and_then(Value::as_str).ok_or("it is not protected")?;
    URL_SAFE_NO_PAD.decode(text).map_err(|error| error.to_string())
}
