//! Artifact manifests: that of ORAS, and the one that was in release candidates of OCI image 1.1 and was withdrawn.
//!
//! Follows [the ORAS artifact manifest](https://github.com/oras-project/artifacts-spec/blob/main/artifact-manifest.md) and
//! [the withdrawn one](https://github.com/opencontainers/image-spec/blob/v1.1.0-rc2/artifact.md) together with the drafts
//! before it, which had other names for the subject and could list manifests and a configuration.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Link, Members, Role, names_manifest, read_media_type};
use crate::oci::descriptor::Descriptor;
use crate::oci::media_type::{MediaType, OCI_ARTIFACT_WITHDRAWN, ORAS_ARTIFACT};
use crate::oci::violation::{At, Collector, Fault};

/// What an artifact manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactManifest {
    /// The member `mediaType`. The first draft of ORAS had none.
    pub media_type: Option<MediaType>,
    /// What kind of artifact it is. ORAS demands it.
    pub artifact_type: Option<MediaType>,
    /// The configuration; only an early draft of OCI has one.
    pub config: Option<Descriptor>,
    /// The parts.
    pub blobs: Vec<Descriptor>,
    /// The manifests that an early draft of OCI lists.
    pub manifests: Vec<Descriptor>,
    /// The manifest that this one is about.
    pub subject: Option<Descriptor>,
    /// Under which name the document has its subject.
    pub subject_name: SubjectName,
    /// Anything else.
    pub annotations: Option<BTreeMap<String, String>>,
}

/// The names that drafts have for the subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum SubjectName {
    /// `subject`, the name that remained.
    #[default]
    Subject,
    /// `refers`, in the first release candidate.
    Refers,
    /// `subjectManifest`, in the proposal before it.
    SubjectManifest,
}

impl SubjectName {
    const ALL: [Self; 3] = [Self::Subject, Self::Refers, Self::SubjectManifest];

    /// The name of the member.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Refers => "refers",
            Self::SubjectManifest => "subjectManifest",
        }
    }
}

impl ArtifactManifest {
    pub(super) fn read_oras(collector: &mut Collector<'_>, at: &At<'_>) -> Option<Self> {
        let media_type = collector.optional(at, "mediaType", |collector, at| {
            read_media_type(collector, at, &[ORAS_ARTIFACT])
        });
        let artifact_type = collector.required(at, "artifactType", Collector::media_type);
        let blobs = collector.optional(at, "blobs", |collector, at| collector.array(at, read_blob));
        let subject = collector.optional(at, "subject", Descriptor::read);
        let annotations = collector.optional(at, "annotations", Collector::annotations);
        Some(Self {
            media_type: media_type?,
            artifact_type: Some(artifact_type?),
            config: None,
            blobs: blobs?.unwrap_or_default(),
            manifests: Vec::new(),
            subject: subject?,
            subject_name: SubjectName::Subject,
            annotations: annotations?,
        })
    }

    pub(super) fn read_oci(collector: &mut Collector<'_>, at: &At<'_>) -> Option<Self> {
        let media_type = collector.required(at, "mediaType", |collector, at| {
            read_media_type(collector, at, &[OCI_ARTIFACT_WITHDRAWN])
        });
        let artifact_type = collector.optional(at, "artifactType", Collector::media_type);
        let config = collector.optional(at, "config", Descriptor::read);
        let blobs = read_descriptors(collector, at, "blobs");
        let manifests = read_descriptors(collector, at, "manifests");
        let mut names = SubjectName::ALL.into_iter().filter(|name| at.has(name.as_str()));
        let subject_name = names.next().unwrap_or_default();
        for name in names {
            if let Some(member) = at.member(name.as_str()) {
                collector.report(&member, Fault::Ambiguous);
            }
        }
        let subject = collector.optional(at, subject_name.as_str(), Descriptor::read);
        let annotations = collector.optional(at, "annotations", Collector::annotations);
        Some(Self {
            media_type: Some(media_type?),
            artifact_type: artifact_type?,
            config: config?,
            blobs: blobs?,
            manifests: manifests?,
            subject: subject?,
            subject_name,
            annotations: annotations?,
        })
    }

    pub(super) fn links(&self) -> Vec<Link<'_>> {
        let config = self.config.as_ref().map(|config| Link::new(Role::Config, config));
        let blobs = self.blobs.iter().map(|blob| Link::new(Role::Blob, blob));
        let manifests = self
            .manifests
            .iter()
            .map(|manifest| Link::new(Role::Manifest, manifest));
        let subject = self.subject.as_ref().map(|subject| Link::new(Role::Subject, subject));
        config
            .into_iter()
            .chain(blobs)
            .chain(manifests)
            .chain(subject)
            .collect()
    }

    pub(super) fn to_json(&self) -> Value {
        let mut members = Members::new()
            .put_media_type("mediaType", self.media_type.as_ref())
            .put_media_type("artifactType", self.artifact_type.as_ref())
            .put_some("config", self.config.as_ref().map(Descriptor::to_json))
            .put_some(
                self.subject_name.as_str(),
                self.subject.as_ref().map(Descriptor::to_json),
            )
            .put_annotations(self.annotations.as_ref());
        for (name, descriptors) in [("blobs", &self.blobs), ("manifests", &self.manifests)] {
            if !descriptors.is_empty() {
                members = members.put_descriptors(name, descriptors);
            }
        }
        members.finish()
    }
}

/// A blob of an ORAS artifact, which must not be a manifest.
fn read_blob(collector: &mut Collector<'_>, at: &At<'_>) -> Option<Descriptor> {
    let blob = Descriptor::read(collector, at)?;
    match at.member("mediaType") {
        Some(member) if names_manifest(&blob.media_type) => collector.check(&member, Err(Fault::ManifestAsBlob)),
        _ => Some(blob),
    }
}

/// The descriptors of a member that may be missing.
fn read_descriptors(collector: &mut Collector<'_>, at: &At<'_>, name: &str) -> Option<Vec<Descriptor>> {
    let read = collector.optional(at, name, |collector, at| collector.array(at, Descriptor::read));
    read.map(Option::unwrap_or_default)
}
