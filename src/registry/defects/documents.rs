//! Defects in what counts as a manifest: refusals that nobody may expect, and leniency that nobody may rely on.
//!
//! A mutant that refuses too much does so in [`Registry::whim`], before the plain registry reads the document. One that
//! takes too much reads another document than the one it was given: [`Registry::forgiven`] repairs it.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{scale, server_error};
use crate::oci::digest::{Algorithm, Digest};
use crate::oci::error_body::ErrorCode;
use crate::oci::media_type::{self, MediaType};
use crate::oci::reference::{RepositoryName, Tag};
use crate::registry::Mutant as M;
use crate::registry::document::Document;
use crate::registry::respond::Failure;
use crate::registry::server::Registry;
use crate::registry::store::{Repository, Store};

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

/// What every descriptor has.
const DESCRIPTOR: [&str; 3] = ["mediaType", "digest", "size"];

impl Registry {
    /// Why a mutant refuses a manifest that is fine.
    pub(in crate::registry) fn whim(
        &self,
        repository: Option<&Repository>,
        media_type: &str,
        bytes: &Bytes,
    ) -> Result<(), Failure> {
        let Some(mutant) = self.mutant() else { return Ok(()) };
        if mutant == M::LegacySchema1ServerError && media_type.contains("distribution.manifest.v1+") {
            return Err(server_error());
        }
        let Ok(document) = serde_json::from_slice::<Value>(bytes) else {
            return if mutant == M::BadJsonServerError {
                Err(server_error())
            } else {
                Ok(())
            };
        };
        self.misunderstands(&document)?;
        let is_index = media_type == media_type::OCI_INDEX;
        let layers = || document["layers"].as_array().into_iter().flatten();
        let children = || document["manifests"].as_array().into_iter().flatten();
        let descriptors = || {
            layers()
                .chain(children())
                .chain([&document["config"], &document["subject"]])
        };
        let present = || {
            let single = [document.get("config"), document.get("subject")];
            layers().chain(children()).chain(single.into_iter().flatten())
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
            M::ManyLayersRefused => layers().count() > scale::MANY_LAYERS,
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
            M::LegacyForeignServerError if layers().any(|layer| type_of(layer) == media_type::DOCKER_LAYER_FOREIGN) => {
                return Err(server_error());
            }
            M::LegacyZstdRefused => layers().any(|layer| type_of(layer).ends_with(".tar.zstd")),
            M::LegacyMixedRefused => {
                let is_dockers = |text: &str| text.contains(".docker.");
                children().any(|child| is_dockers(&type_of(child)) != is_dockers(media_type))
            }
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
            M::SchemaVersionServerError => document.get("schemaVersion") != Some(&json!(2)),
            M::MediaTypeOtherServerError => document.get("mediaType").is_some_and(|own| own != media_type),
            M::ManifestTypeServerError => !Document::is_known(media_type),
            M::ConfigMissingServerError => !is_index && !document["config"].is_object(),
            M::IndexManifestsMissingServerError => is_index && !document["manifests"].is_array(),
            M::PlatformServerError => children()
                .filter_map(|child| child.get("platform"))
                .any(|platform| !["architecture", "os"].iter().all(|name| platform[*name].is_string())),
            M::UrlsServerError => present()
                .filter_map(|descriptor| descriptor.get("urls"))
                .any(|urls| !urls.as_array().is_some_and(|urls| urls.iter().all(Value::is_string))),
            M::LayersTextServerError => layers().any(|layer| !layer.is_object()),
            M::DescriptorFieldsServerError => {
                present().any(|descriptor| !DESCRIPTOR.iter().all(|name| descriptor.get(*name).is_some()))
            }
            M::DescriptorDigestServerError => present()
                .filter_map(|descriptor| descriptor.get("digest"))
                .any(|digest| digest.as_str().is_none_or(|text| text.parse::<Digest>().is_err())),
            M::DescriptorTypeServerError => descriptors()
                .filter_map(|descriptor| descriptor["mediaType"].as_str())
                .any(|text| MediaType::bare(text).is_err()),
            M::DescriptorSizeServerError => descriptors()
                .filter_map(|descriptor| descriptor.get("size"))
                .any(|size| size.as_i64().is_none_or(|size| size >= 1 << 53)),
            M::DescriptorSizeNegativeServerError => {
                descriptors().any(|descriptor| descriptor["size"].as_i64() < Some(0) && descriptor["size"].is_i64())
            }
            M::DataServerError => descriptors().any(has_other_data),
            M::LayersNullServerError => document.get("layers").is_some_and(|layers| !layers.is_array()),
            M::ArtifactTypeServerError => document
                .get("artifactType")
                .is_some_and(|value| value.as_str().is_none_or(|text| MediaType::bare(text).is_err())),
            M::ArtifactTypeMissingServerError => {
                config_type == media_type::OCI_EMPTY && document.get("artifactType").is_none()
            }
            M::AnnotationsServerError => present()
                .chain([&document])
                .filter_map(|object| object.get("annotations"))
                .any(|annotations| {
                    !annotations
                        .as_object()
                        .is_some_and(|map| map.values().all(Value::is_string))
                }),
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
            false => json!({
                "schemaVersion": 2,
                "config": {"mediaType": media_type::OCTET_STREAM, "digest": "unknown:0", "size": 0},
            }),
        };
        if mutant == M::ManifestRepaired {
            return repaired(bytes);
        }
        let mut document = serde_json::from_slice::<Value>(bytes).ok();
        if mutant == M::DeepAnnotationKills {
            let object = document.as_mut()?.as_object_mut()?;
            object.remove("annotations");
            return Some(document?.to_string().into());
        }
        let is_manifest = document
            .as_ref()
            .and_then(Value::as_object)
            .is_some_and(|object| object.contains_key("config") || object.contains_key("manifests"));
        (mutant == M::BadJsonAccepted && !is_manifest).then(|| nothing().to_string().into())
    }

    /// The bytes that a mutant stores in the place of a manifest's.
    pub(in crate::registry) fn altered(
        &self,
        repository: Option<&Repository>,
        media_type: &str,
        bytes: Bytes,
    ) -> Bytes {
        let Some(mutant) = self.mutant() else { return bytes };
        if mutant == M::ManifestRepaired && Document::read(media_type, &bytes).is_err() {
            return repaired(&bytes).unwrap_or(bytes);
        }
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

    /// Keeps what is refused, under its tags.
    pub(in crate::registry) fn keep_refused(
        &self,
        store: &mut Store,
        (name, digest, tags): (&RepositoryName, &Digest, &[Tag]),
        (media_type, bytes): (&str, &Bytes),
    ) {
        if self.is(M::RefusedReplaced)
            && let Ok(document) = Document::opaque(media_type::JSON, b"{}")
        {
            store.put_manifest(name, digest, media_type.to_owned(), Bytes::from_static(b"{}"), document);
        }
        if (self.is(M::LegacyRefusedTagged) || self.is(M::OrasRefusedStored) || self.is(M::DraftRefusedStored))
            && let Ok(document) = Document::opaque(media_type::JSON, bytes)
        {
            store.put_manifest(name, digest, media_type.to_owned(), bytes.clone(), document);
            for tag in tags {
                store.put_tag(name, tag.clone(), digest.clone());
            }
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

/// A document as it comes out of a reader that overlooks what is wrong, printed anew.
fn repaired(bytes: &[u8]) -> Option<Bytes> {
    let value: Value = serde_json::from_str(&String::from_utf8_lossy(bytes)).ok()?;
    Some(format!("{value:#}").into())
}

/// Whether embedded content is another than size and digest say.
fn has_other_data(descriptor: &Value) -> bool {
    use base64::Engine as _;
    let Some(data) = descriptor["data"].as_str() else {
        return descriptor.get("data").is_some();
    };
    let Ok(data) = base64::engine::general_purpose::STANDARD.decode(data) else {
        return true;
    };
    let digest = descriptor["digest"]
        .as_str()
        .and_then(|text| text.parse::<Digest>().ok());
    descriptor["size"].as_u64() != Some(data.len() as u64) || digest.is_none_or(|digest| digest.verify(&data).is_err())
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
