//! Defects in what counts as a manifest: refusals that nobody may expect, and leniency that nobody may rely on.
//!
//! A mutant that refuses too much does so in [`Registry::whim`], before the plain registry reads the document. One that
//! takes too much reads another document than the one it was given: [`Registry::forgiven`] repairs it.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::server_error;
use crate::oci::digest::{Algorithm, Digest};
use crate::oci::error_body::ErrorCode;
use crate::oci::media_type::{self, MediaType};
use crate::registry::Mutant as M;
use crate::registry::respond::Failure;
use crate::registry::server::Registry;
use crate::registry::store::Repository;

/// What an image manifest or an index may have, to a mutant that knows nothing else.
const PROPERTIES: [&str; 9] = [
    "schemaVersion",
    "mediaType",
    "artifactType",
    "config",
    "layers",
    "manifests",
    "subject",
    "annotations",
    "blobs",
];

impl Registry {
    /// Why a mutant refuses a manifest that is fine.
    pub(in crate::registry) fn whim(
        &self,
        repository: Option<&Repository>,
        media_type: &str,
        bytes: &Bytes,
    ) -> Result<(), Failure> {
        let Some(mutant) = self.mutant() else { return Ok(()) };
        let Ok(document) = serde_json::from_slice::<Value>(bytes) else {
            return if mutant == M::BadJsonServerError {
                Err(server_error())
            } else {
                Ok(())
            };
        };
        let is_index = media_type == media_type::OCI_INDEX;
        let layers = || document["layers"].as_array().into_iter().flatten();
        let children = || document["manifests"].as_array().into_iter().flatten();
        let descriptors = || {
            layers()
                .chain(children())
                .chain([&document["config"], &document["subject"]])
        };
        let type_of = |descriptor: &Value| descriptor["mediaType"].as_str().unwrap_or_default().to_owned();
        let algorithm = |descriptor: &Value| descriptor["digest"].as_str()?.split(':').next().map(str::to_owned);
        let known = |algorithm: &str| Algorithm::parse(algorithm).is_some();
        let has_unknown = || descriptors().filter_map(algorithm).any(|algorithm| !known(&algorithm));
        let config_type = type_of(&document["config"]);
        let is_known_config = [media_type::OCI_CONFIG, media_type::OCI_EMPTY, media_type::DOCKER_CONFIG];
        let is_known_config = is_known_config.contains(&config_type.as_str());
        let is_known_layer = |layer: &Value| {
            let layer = type_of(layer);
            layer.starts_with("application/vnd.oci.image.layer.v1.")
                || layer.contains("nondistributable")
                || layer.starts_with("application/vnd.docker.image.rootfs.")
                || layer == media_type::OCI_EMPTY
        };
        let annotations = || document["annotations"].as_object().into_iter().flatten();
        let has_data = || descriptors().any(|descriptor| descriptor.get("data").is_some());
        let refused = match mutant {
            M::UnknownAlgorithmRefused => has_unknown(),
            M::MixedAlgorithmsRefused => {
                let mut algorithms: Vec<String> = descriptors().filter_map(algorithm).collect();
                algorithms.dedup();
                algorithms.len() > 1
            }
            M::DataRefused => has_data(),
            M::MediaTypeFieldRequired => document.get("mediaType").is_none(),
            M::IndexMediaTypeFieldRequired => is_index && document.get("mediaType").is_none(),
            M::LayersRequired => !is_index && layers().next().is_none(),
            M::ConfigImageRefused => config_type == media_type::OCI_CONFIG,
            M::ConfigUnknownRefused => !is_index && !is_known_config,
            M::ConfigParsed => {
                let digest = document["config"]["digest"]
                    .as_str()
                    .and_then(|text| text.parse::<Digest>().ok());
                let config = digest.and_then(|digest| repository?.blob(&digest).cloned());
                config.is_some_and(|config| serde_json::from_slice::<Value>(&config.content.bytes).is_err())
            }
            M::LayerNonDistributableRefused => layers().any(|layer| type_of(layer).contains("nondistributable")),
            M::LayerTarRefused => layers().any(|layer| type_of(layer).ends_with(".tar")),
            M::LayerZstdRefused => layers().any(|layer| type_of(layer).ends_with("+zstd")),
            M::LayerUnknownRefused => !layers().all(is_known_layer),
            M::ArtifactTypeUnknownRefused => document.get("artifactType").is_some(),
            M::EmptyDescriptorRefused => descriptors().any(|descriptor| type_of(descriptor) == media_type::OCI_EMPTY),
            M::AnnotationsUnknownRefused => annotations().any(|(key, _)| !key.starts_with("org.opencontainers.")),
            M::IndexChildrenRefused => children().count() > 1,
            M::IndexNestedRefused => children().any(|child| type_of(child) == media_type::OCI_INDEX),
            M::IndexUnknownChildRefused => children().any(|child| {
                let child = type_of(child);
                !child.contains("manifest") && !child.contains("index")
            }),
            M::UnknownPropertyRefused => document
                .as_object()
                .is_some_and(|object| object.keys().any(|key| !PROPERTIES.contains(&key.as_str()))),
            M::CanonicalJsonRequired => {
                bytes.iter().any(u8::is_ascii_whitespace) && document.to_string().as_bytes() != bytes
            }
            _ => false,
        };
        let breaks = match mutant {
            M::UnknownAlgorithmServerError => has_unknown(),
            M::MediaTypeRequired => document.get("mediaType").is_none(),
            M::LayersNullServerError => document.get("layers").is_some_and(|layers| !layers.is_array()),
            M::ArtifactTypeServerError => document["artifactType"]
                .as_str()
                .is_some_and(|text| MediaType::bare(text).is_err()),
            M::ArtifactTypeMissingServerError => {
                config_type == media_type::OCI_EMPTY && document.get("artifactType").is_none()
            }
            M::AnnotationsServerError => annotations().any(|(_, value)| !value.is_string()),
            M::DuplicateNamesServerError => has_duplicate_names(bytes),
            M::SubjectRequiredServerError => self.lacks_subject(repository, &document),
            _ => false,
        };
        if self.is(M::SubjectRequired) && self.lacks_subject(repository, &document) {
            return Err(Failure::not_found(
                ErrorCode::ManifestBlobUnknown,
                "the subject is not there",
            ));
        }
        match (refused, breaks) {
            (true, _) => Err(Failure::bad_request(
                ErrorCode::ManifestInvalid,
                "this registry does not want it",
            )),
            (_, true) => Err(server_error()),
            _ => Ok(()),
        }
    }

    fn lacks_subject(&self, repository: Option<&Repository>, document: &Value) -> bool {
        let subject = document["subject"]["digest"]
            .as_str()
            .and_then(|text| text.parse::<Digest>().ok());
        subject.is_some_and(|subject| repository.is_none_or(|repository| repository.manifest(&subject).is_none()))
    }

    /// The document that a lenient mutant reads instead of a bad one.
    pub(in crate::registry) fn forgiven(&self, media_type: &str, bytes: &Bytes) -> Option<Bytes> {
        let mutant = self.mutant()?;
        let is_index = [media_type::OCI_INDEX, media_type::DOCKER_LIST].contains(&media_type);
        let nothing = || match is_index {
            true => json!({"schemaVersion": 2, "manifests": []}),
            false => json!({"schemaVersion": 2, "config": repaired_descriptor(Map::new())}),
        };
        let Ok(mut document) = serde_json::from_slice::<Value>(bytes) else {
            return (mutant == M::BadJsonAccepted).then(|| nothing().to_string().into());
        };
        let Some(object) = document.as_object_mut() else {
            return (mutant == M::BadJsonAccepted).then(|| nothing().to_string().into());
        };
        match mutant {
            M::BadJsonAccepted => {
                if !object.contains_key("config") && !object.contains_key("manifests") {
                    return Some(nothing().to_string().into());
                }
            }
            M::DeepAnnotationKills => drop(object.remove("annotations")),
            M::SchemaVersionUnchecked => drop(object.insert("schemaVersion".into(), 2.into())),
            M::MediaTypeUnchecked => drop(object.remove("mediaType")),
            M::ConfigOptional if !is_index && !object.contains_key("config") => {
                return Some(nothing().to_string().into());
            }
            M::LayersUnchecked => {
                if !object.get("layers").is_some_and(|layers| {
                    layers
                        .as_array()
                        .is_some_and(|layers| layers.iter().all(Value::is_object))
                }) {
                    object.remove("layers");
                }
            }
            M::IndexManifestsOptional if is_index && !object.contains_key("manifests") => {
                object.insert("manifests".into(), json!([]));
            }
            M::DescriptorFieldsUnchecked
            | M::DescriptorTypeUnchecked
            | M::DescriptorSizeNegative
            | M::DataUnchecked => repair_descriptors(mutant, object),
            _ => return None,
        }
        Some(document.to_string().into())
    }

    /// The bytes that a mutant stores in the place of a manifest's.
    pub(in crate::registry) fn altered(&self, repository: Option<&Repository>, bytes: Bytes) -> Bytes {
        let Some(mutant) = self.mutant() else { return bytes };
        let Ok(text) = str::from_utf8(&bytes) else { return bytes };
        let parsed = || serde_json::from_str::<Value>(text).unwrap_or_default();
        match mutant {
            M::ManifestReserialised => parsed().to_string().into(),
            M::ManifestTrimmed => text.trim().to_owned().into(),
            M::Utf8Escaped => escaped(text).into(),
            M::DescriptorSizeRounded => {
                let mut document = parsed();
                round_numbers(&mut document);
                if document == parsed() {
                    bytes
                } else {
                    document.to_string().into()
                }
            }
            M::DataAdded => {
                let mut document = parsed();
                let digest = document["config"]["digest"]
                    .as_str()
                    .and_then(|text| text.parse::<Digest>().ok());
                let Some(config) = digest.and_then(|digest| repository?.blob(&digest).cloned()) else {
                    return bytes;
                };
                use base64::Engine as _;
                let data = base64::engine::general_purpose::STANDARD.encode(&config.content.bytes);
                document["config"]["data"] = data.into();
                document.to_string().into()
            }
            _ => bytes,
        }
    }

    /// The bytes that a mutant stores in the place of a blob's.
    pub(in crate::registry) fn altered_blob(&self, bytes: Bytes) -> Bytes {
        match serde_json::from_slice::<Value>(&bytes) {
            Ok(value) if self.is(M::ContentNormalised) => format!("{value:#}\n").into(),
            _ => bytes,
        }
    }
}

/// Makes descriptors pass that lack something, or have something that is wrong.
fn repair_descriptors(mutant: M, object: &mut Map<String, Value>) {
    let lists = ["layers", "manifests"];
    let in_lists = |object: &mut Map<String, Value>, name: &str, act: &dyn Fn(&mut Value)| {
        object
            .get_mut(name)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
            .for_each(act);
    };
    let repair = |value: &mut Value| {
        let Some(descriptor) = value.as_object_mut() else {
            return;
        };
        match mutant {
            M::DescriptorFieldsUnchecked => *value = repaired_descriptor(std::mem::take(descriptor)),
            M::DescriptorTypeUnchecked => {
                descriptor.insert("mediaType".into(), media_type::OCTET_STREAM.into());
            }
            M::DescriptorSizeNegative if descriptor.get("size").is_some_and(|size| size.as_i64() < Some(0)) => {
                *value = repaired_descriptor(Map::new());
            }
            M::DataUnchecked => drop(descriptor.remove("data")),
            _ => {}
        }
    };
    for name in ["config", "subject"] {
        object.get_mut(name).into_iter().for_each(repair);
    }
    for name in lists {
        in_lists(object, name, &repair);
    }
}

/// A descriptor of nothing that anybody has to have, unless everything is there.
fn repaired_descriptor(descriptor: Map<String, Value>) -> Value {
    if ["mediaType", "digest", "size"]
        .iter()
        .all(|name| descriptor.contains_key(*name))
    {
        return descriptor.into();
    }
    json!({"mediaType": media_type::OCTET_STREAM, "digest": "unknown:0", "size": 0})
}

/// Numbers as they come out of a reader that knows only floating point.
fn round_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(whole) = number.as_i64() {
                *value = ((whole as f64) as i64).into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(round_numbers),
        Value::Object(object) => object.values_mut().for_each(round_numbers),
        _ => {}
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii() {
            out.push(letter);
        } else {
            letter
                .encode_utf16(&mut [0; 2])
                .iter()
                .for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        }
    }
    out
}

/// Whether a name of the outermost object occurs twice, as far as a look at the text can tell.
fn has_duplicate_names(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    PROPERTIES.iter().any(|name| {
        let is_nested = ["mediaType", "annotations", "artifactType"].contains(name);
        !is_nested && text.matches(&format!("\"{name}\"")).count() > 1
    })
}
