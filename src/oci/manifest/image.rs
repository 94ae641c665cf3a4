//! Image manifests, of OCI and of Docker's schema 2: a configuration and layers.
//!
//! Follows [the manifest section of the image specification](https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md)
//! and [its forerunner](https://distribution.github.io/distribution/spec/manifest-v2-2/). It does not judge the types of
//! configuration and layers: whoever stores a manifest must not refuse unknown ones.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Link, Members, Role, read_media_type};
use crate::oci::descriptor::Descriptor;
use crate::oci::media_type::{DOCKER_MANIFEST, MediaType, OCI_EMPTY, OCI_MANIFEST};
use crate::oci::violation::{At, Collector, Fault};

/// What an image manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageManifest {
    /// The member `mediaType`, if it is there.
    pub media_type: Option<MediaType>,
    /// What kind of artifact it is, if it is no image. Always `None` for Docker.
    pub artifact_type: Option<MediaType>,
    /// The configuration.
    pub config: Descriptor,
    /// The layers, the lowest first. None at all is legal, if unusual.
    pub layers: Vec<Descriptor>,
    /// The manifest that this one is about. Always `None` for Docker.
    pub subject: Option<Descriptor>,
    /// Anything else. Always `None` for Docker.
    pub annotations: Option<BTreeMap<String, String>>,
}

impl ImageManifest {
    pub(super) fn read(collector: &mut Collector<'_>, at: &At<'_>) -> Option<Self> {
        let media_type = collector.optional(at, "mediaType", |collector, at| {
            read_media_type(collector, at, &[OCI_MANIFEST])
        });
        let common = Self::read_common(collector, at);
        let artifact_type = collector.optional(at, "artifactType", Collector::media_type);
        let subject = collector.optional(at, "subject", Descriptor::read);
        let annotations = collector.optional(at, "annotations", Collector::annotations);
        let (config, layers) = common?;
        if config.media_type.essence() == OCI_EMPTY && artifact_type == Some(None) {
            collector.report_missing(at, "artifactType", Fault::NoArtifactType);
        }
        Some(Self {
            media_type: media_type?,
            artifact_type: artifact_type?,
            config,
            layers,
            subject: subject?,
            annotations: annotations?,
        })
    }

    pub(super) fn read_docker(collector: &mut Collector<'_>, at: &At<'_>) -> Option<Self> {
        let media_type = collector.required(at, "mediaType", |collector, at| {
            read_media_type(collector, at, &[DOCKER_MANIFEST])
        });
        let (config, layers) = Self::read_common(collector, at)?;
        Some(Self {
            media_type: Some(media_type?),
            artifact_type: None,
            config,
            layers,
            subject: None,
            annotations: None,
        })
    }

    fn read_common(collector: &mut Collector<'_>, at: &At<'_>) -> Option<(Descriptor, Vec<Descriptor>)> {
        let version = collector.required(at, "schemaVersion", |collector, at| collector.schema_version(at, 2));
        let config = collector.required(at, "config", Descriptor::read);
        let layers = collector.required(at, "layers", |collector, at| collector.array(at, Descriptor::read));
        version.and(Some((config?, layers?)))
    }

    pub(super) fn links(&self) -> Vec<Link<'_>> {
        let layers = self.layers.iter().map(|layer| Link::new(Role::Layer, layer));
        let subject = self.subject.as_ref().map(|subject| Link::new(Role::Subject, subject));
        std::iter::once(Link::new(Role::Config, &self.config))
            .chain(layers)
            .chain(subject)
            .collect()
    }

    pub(super) fn to_json(&self) -> Value {
        Members::new()
            .put("schemaVersion", 2)
            .put_media_type("mediaType", self.media_type.as_ref())
            .put_media_type("artifactType", self.artifact_type.as_ref())
            .put("config", self.config.to_json())
            .put_descriptors("layers", &self.layers)
            .put_some("subject", self.subject.as_ref().map(Descriptor::to_json))
            .put_annotations(self.annotations.as_ref())
            .finish()
    }
}
