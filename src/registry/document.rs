//! What the registry has to know of a manifest: what it needs, what it is about, and whether it is one at all.
//!
//! Follows [the image manifest](https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md) and
//! [the image index](https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md). Media types of configs,
//! layers and children, annotations and properties that are unknown here are nobody's mistake. It does not know what the
//! registry holds.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{drafts, oras};
use crate::oci::digest::Digest;
use crate::oci::media_type::{self, MediaType};

/// How deep arrays and objects of a manifest may be nested.
const MAX_DEPTH: usize = 64;

/// What a manifest says, as far as a registry acts on it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Document {
    /// Which family it belongs to.
    pub(super) kind: Kind,
    /// Blobs that have to be there: the config and the layers that are not fetched from elsewhere.
    pub(super) blobs: Vec<Descriptor>,
    /// The digests of layers that may be elsewhere, and may be here all the same.
    pub(super) foreign: Vec<Digest>,
    /// The children of an index: manifests, or content of any other type.
    pub(super) children: Vec<Descriptor>,
    /// The digest of the manifest that it is about.
    pub(super) subject: Option<Digest>,
    /// The digests of further manifests that it is about, which only the draft of artifacts has.
    pub(super) also_about: Vec<Digest>,
    /// What it is: its own `artifactType`, or for an image manifest without one the media type of the config.
    pub(super) artifact_type: Option<String>,
    /// Its annotations.
    pub(super) annotations: Map<String, Value>,
}

/// The family of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An image manifest.
    Image,
    /// An image index.
    Index,
    /// An ORAS artifact.
    Artifact,
    /// An artifact of the draft before ORAS.
    ArtifactDraft,
    /// An object manifest.
    Object,
    /// A Docker manifest of the first schema.
    FirstSchema,
}

impl Kind {
    /// Whether OCI's lists of referrers have it.
    pub(super) fn is_of_oci(self) -> bool {
        matches!(self, Self::Image | Self::Index)
    }
}

/// A descriptor as far as a registry acts on it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Descriptor {
    /// The type of the content.
    pub(super) media_type: String,
    /// The digest of the content.
    pub(super) digest: Digest,
    /// The length of the content in bytes; a layer of Docker's first schema does not tell it.
    pub(super) size: Option<u64>,
}

impl Document {
    /// A document that says nothing.
    pub(super) fn empty(kind: Kind) -> Self {
        Self {
            kind,
            blobs: Vec::new(),
            foreign: Vec::new(),
            children: Vec::new(),
            subject: None,
            also_about: Vec::new(),
            artifact_type: None,
            annotations: Map::new(),
        }
    }

    /// The digests of all manifests that it is about.
    pub(super) fn about(&self) -> impl Iterator<Item = &Digest> {
        self.subject.iter().chain(&self.also_about)
    }

    /// Reads the manifest that was pushed as `media_type`.
    ///
    /// # Errors
    /// In words, what is wrong with it.
    pub(super) fn read(media_type: &str, bytes: &[u8]) -> Result<Self, String> {
        let kind = match media_type {
            media_type::OCI_MANIFEST | media_type::DOCKER_MANIFEST => Kind::Image,
            media_type::OCI_INDEX | media_type::DOCKER_LIST => Kind::Index,
            media_type::ORAS_ARTIFACT => return oras::read(&parse(bytes)?),
            draft if drafts::has_type(draft) => return drafts::read(draft, &parse(bytes)?),
            other => return Err(format!("manifests of type {other} are not supported")),
        };
        let object = parse(bytes)?;
        if object.get("schemaVersion").and_then(Value::as_u64) != Some(2) {
            return Err("schemaVersion has to be 2".into());
        }
        match object.get("mediaType") {
            None => {}
            Some(Value::String(own)) if own.eq_ignore_ascii_case(media_type) => {}
            Some(own) => {
                return Err(format!(
                    "mediaType is {own}, but the manifest was pushed as {media_type}"
                ));
            }
        }
        let declared = optional(&object, "artifactType", artifact_type)?.flatten();
        let subject = optional(&object, "subject", descriptor)?.map(|subject| subject.digest);
        let annotations = optional(&object, "annotations", annotations)?.unwrap_or_default();
        let document = |blobs, children, artifact_type| Self {
            blobs,
            children,
            subject,
            artifact_type,
            annotations,
            ..Self::empty(kind)
        };
        match kind {
            Kind::Image => {
                if object.contains_key("manifests") {
                    return Err("an image manifest has no property manifests".into());
                }
                let config =
                    descriptor(object.get("config").ok_or("config is missing")?).map_err(|e| format!("config: {e}"))?;
                if config.media_type == media_type::OCI_EMPTY && declared.is_none() {
                    return Err("artifactType is required when the config is empty".into());
                }
                let artifact_type = Some(declared.unwrap_or_else(|| config.media_type.clone()));
                let (foreign, layers): (Vec<_>, Vec<_>) = optional(&object, "layers", layers)?
                    .unwrap_or_default()
                    .into_iter()
                    .partition(|(_, is_foreign)| *is_foreign);
                let blobs = std::iter::once(config).chain(layers.into_iter().map(|(layer, _)| layer));
                let mut document = document(blobs.collect(), Vec::new(), artifact_type);
                document.foreign = foreign.into_iter().map(|(layer, _)| layer.digest).collect();
                Ok(document)
            }
            Kind::Index | Kind::Artifact | Kind::ArtifactDraft | Kind::Object | Kind::FirstSchema => {
                if object.contains_key("config") || object.contains_key("layers") {
                    return Err("an index has neither config nor layers".into());
                }
                let children = object.get("manifests").ok_or("manifests is missing")?;
                let children = each(children, descriptor).map_err(|e| format!("manifests: {e}"))?;
                Ok(document(Vec::new(), children, declared))
            }
        }
    }
}

/// Readings that only variants have.
impl Document {
    /// Whether manifests of this type are looked into.
    pub(super) fn is_known(media_type: &str) -> bool {
        let known = [
            media_type::OCI_MANIFEST,
            media_type::OCI_INDEX,
            media_type::DOCKER_MANIFEST,
            media_type::DOCKER_LIST,
            media_type::ORAS_ARTIFACT,
        ];
        known.contains(&media_type)
    }

    /// A manifest of a type that nobody looks into.
    ///
    /// # Errors
    /// If it is not even a JSON object.
    pub(super) fn opaque(media_type: &str, bytes: &[u8]) -> Result<Self, String> {
        if !media_type.ends_with("json") {
            return Err(format!("{media_type} is no type of a JSON document"));
        }
        parse(bytes)?;
        Ok(Self::empty(Kind::Image))
    }

    /// What can be made of a manifest that breaks rules: everything in it that is as it should be.
    ///
    /// # Errors
    /// If it is not an object, or has nothing of what its type is about.
    pub(super) fn read_leniently(media_type: &str, bytes: &[u8]) -> Result<Self, String> {
        let object = parse(bytes)?;
        if media_type == media_type::ORAS_ARTIFACT {
            return oras::read(&object);
        }
        let is_index = [media_type::OCI_INDEX, media_type::DOCKER_LIST].contains(&media_type);
        let kind = if is_index { Kind::Index } else { Kind::Image };
        if !Self::is_known(media_type) || !object.contains_key(if is_index { "manifests" } else { "config" }) {
            return Err(format!("this is no {media_type}"));
        }
        let list = |name: &str| {
            let items = object.get(name).and_then(Value::as_array).into_iter().flatten();
            items.filter_map(|item| descriptor(item).ok()).collect::<Vec<_>>()
        };
        let config = object.get("config").and_then(|config| descriptor(config).ok());
        let declared = object
            .get("artifactType")
            .and_then(|value| artifact_type(value).ok())
            .flatten();
        let config_type = config.as_ref().map(|config| config.media_type.clone());
        Ok(Self {
            blobs: if is_index {
                Vec::new()
            } else {
                config.into_iter().chain(list("layers")).collect()
            },
            children: if is_index { list("manifests") } else { Vec::new() },
            subject: object
                .get("subject")
                .and_then(|subject| descriptor(subject).ok())
                .map(|subject| subject.digest),
            artifact_type: declared.or(config_type.filter(|_| !is_index)),
            annotations: object
                .get("annotations")
                .and_then(|value| annotations(value).ok())
                .unwrap_or_default(),
            ..Self::empty(kind)
        })
    }
}

/// The media type that a manifest gives itself, if it is readable enough to have one.
pub(super) fn own_media_type(bytes: &[u8]) -> Option<String> {
    parse(bytes).ok()?.get("mediaType")?.as_str().map(str::to_owned)
}

pub(super) fn optional<T>(
    object: &Map<String, Value>,
    name: &str,
    read: impl Fn(&Value) -> Result<T, String>,
) -> Result<Option<T>, String> {
    object
        .get(name)
        .map(|value| read(value).map_err(|error| format!("{name}: {error}")))
        .transpose()
}

pub(super) fn each<T>(array: &Value, read: impl Fn(&Value) -> Result<T, String>) -> Result<Vec<T>, String> {
    let items = array.as_array().ok_or("is not an array")?;
    items
        .iter()
        .enumerate()
        .map(|(at, item)| read(item).map_err(|error| format!("item {at}: {error}")))
        .collect()
}

/// The layers, and whether each may be elsewhere.
fn layers(array: &Value) -> Result<Vec<(Descriptor, bool)>, String> {
    let layers = each(array, |layer| Ok((descriptor(layer)?, layer.get("urls").is_some())))?;
    let is_foreign = |layer: &Descriptor, has_urls: bool| {
        let may_be_elsewhere = layer.media_type.starts_with(media_type::OCI_LAYER_NONDISTRIBUTABLE)
            || layer.media_type == media_type::DOCKER_LAYER_FOREIGN;
        may_be_elsewhere || has_urls
    };
    Ok(layers
        .into_iter()
        .map(|(layer, has_urls)| {
            let is_foreign = is_foreign(&layer, has_urls);
            (layer, is_foreign)
        })
        .collect())
}

pub(super) fn descriptor(value: &Value) -> Result<Descriptor, String> {
    let object = value.as_object().ok_or("is not an object")?;
    let text = |name: &str| match object.get(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(format!("{name} is not a string")),
        None => Err(format!("{name} is missing")),
    };
    let media_type = text("mediaType")?.clone();
    MediaType::bare(&media_type).map_err(|error| format!("mediaType: {error}"))?;
    let digest: Digest = text("digest")?.parse().map_err(|error| format!("digest: {error}"))?;
    let size = object.get("size").ok_or("size is missing")?;
    let size = size
        .as_u64()
        .filter(|size| i64::try_from(*size).is_ok())
        .ok_or("size is not a number of bytes")?;
    optional(object, "annotations", annotations)?;
    optional(object, "artifactType", artifact_type)?;
    optional(object, "urls", |urls| {
        each(urls, |url| url.as_str().map(drop).ok_or("is not a string".into()))
    })?;
    optional(object, "data", |data| embedded(data, &digest, size))?;
    optional(object, "platform", platform)?;
    Ok(Descriptor {
        media_type,
        digest,
        size: Some(size),
    })
}

/// Content that is embedded in a descriptor has to be the content that the descriptor is about.
fn embedded(data: &Value, digest: &Digest, size: u64) -> Result<(), String> {
    let data = data.as_str().ok_or("is not a string")?;
    let data = BASE64.decode(data).map_err(|error| format!("is not base64: {error}"))?;
    if data.len() as u64 != size {
        return Err(format!("has {} bytes, and size says {size}", data.len()));
    }
    if digest.algorithm().is_some() {
        digest.verify(&data).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn platform(value: &Value) -> Result<(), String> {
    let is_missing = |name: &&&str| !value.get(**name).is_some_and(Value::is_string);
    match ["os", "architecture"].iter().find(is_missing) {
        Some(name) => Err(format!("{name} is missing")),
        None => Ok(()),
    }
}

/// A type, or nothing if it is the empty text, which is as good as absent.
pub(super) fn artifact_type(value: &Value) -> Result<Option<String>, String> {
    let text = value.as_str().ok_or("is not a string")?;
    if text.is_empty() {
        return Ok(None);
    }
    MediaType::bare(text).map_err(|error| error.to_string())?;
    Ok(Some(text.to_owned()))
}

pub(super) fn annotations(value: &Value) -> Result<Map<String, Value>, String> {
    let map = value.as_object().ok_or("is not an object")?;
    match map.iter().find(|(_, value)| !value.is_string()) {
        Some((key, _)) => Err(format!("the value of {key:?} is not a string")),
        None => Ok(map.clone()),
    }
}

/// Parses an object, and refuses what two readers could read in two ways: a name that occurs twice, text after the end.
pub(super) fn parse(bytes: &[u8]) -> Result<Map<String, Value>, String> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: 0 }
        .deserialize(&mut deserializer)
        .map_err(|error| error.to_string())?;
    deserializer.end().map_err(|error| error.to_string())?;
    match value {
        Value::Object(object) => Ok(object),
        _ => Err("a manifest is a JSON object".into()),
    }
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let seed = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(seed)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let seed = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(serde::de::Error::custom(format_args!(
                    "the name {name:?} occurs twice in one object"
                )));
            }
            object.insert(name, members.next_value_seed(seed)?);
        }
        Ok(Value::Object(object))
    }
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format_args!("nested more than {MAX_DEPTH} deep")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}
