//! Image indexes, of OCI and of Docker: a list of manifests.
//!
//! Follows [the index section of the image specification](https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md)
//! and [its forerunner](https://distribution.github.io/distribution/spec/manifest-v2-2/#manifest-list). It does not judge
//! the types of the manifests that are listed.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Link, Members, Role, read_media_type};
use crate::oci::descriptor::Descriptor;
use crate::oci::media_type::{DOCKER_LIST, MediaType, OCI_INDEX};
use crate::oci::violation::{At, Collector};

/// What an image index says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageIndex {
    /// The member `mediaType`, if it is there.
    pub media_type: Option<MediaType>,
    /// What kind of artifact it is. Always `None` for Docker.
    pub artifact_type: Option<MediaType>,
    /// The manifests, possibly none.
    pub manifests: Vec<Descriptor>,
    /// The manifest that this one is about. Always `None` for Docker.
    pub subject: Option<Descriptor>,
    /// Anything else. Always `None` for Docker.
    pub annotations: Option<BTreeMap<String, String>>,
}

impl ImageIndex {
    pub(super) fn read(collector: &mut Collector<'_>, at: &At<'_>) -> Option<Self> {
        let media_type = collector.optional(at, "mediaType", |collector, at| {
            read_media_type(collector, at, &[OCI_INDEX])
        });
        let manifests = Self::read_manifests(collector, at);
        let artifact_type = collector.optional(at, "artifactType", Collector::media_type);
        let subject = collector.optional(at, "subject", Descriptor::read);
        let annotations = collector.optional(at, "annotations", Collector::annotations);
        Some(Self {
            media_type: media_type?,
            artifact_type: artifact_type?,
            manifests: manifests?,
            subject: subject?,
            annotations: annotations?,
        })
    }

    pub(super) fn read_docker(collector: &mut Collector<'_>, at: &At<'_>) -> Option<Self> {
        let media_type = collector.required(at, "mediaType", |collector, at| {
            read_media_type(collector, at, &[DOCKER_LIST])
        });
        let manifests = Self::read_manifests(collector, at)?;
        Some(Self {
            media_type: Some(media_type?),
            artifact_type: None,
            manifests,
            subject: None,
            annotations: None,
        })
    }

    fn read_manifests(collector: &mut Collector<'_>, at: &At<'_>) -> Option<Vec<Descriptor>> {
        let version = collector.required(at, "schemaVersion", |collector, at| collector.schema_version(at, 2));
        let manifests = collector.required(at, "manifests", |collector, at| collector.array(at, Descriptor::read));
        version.and(manifests)
    }

    pub(super) fn links(&self) -> Vec<Link<'_>> {
        let manifests = self
            .manifests
            .iter()
            .map(|manifest| Link::new(Role::Manifest, manifest));
        let subject = self.subject.as_ref().map(|subject| Link::new(Role::Subject, subject));
        manifests.chain(subject).collect()
    }

    pub(super) fn to_json(&self) -> Value {
        Members::new()
            .put("schemaVersion", 2)
            .put_media_type("mediaType", self.media_type.as_ref())
            .put_media_type("artifactType", self.artifact_type.as_ref())
            .put_descriptors("manifests", &self.manifests)
            .put_some("subject", self.subject.as_ref().map(Descriptor::to_json))
            .put_annotations(self.annotations.as_ref())
            .finish()
    }
}
