//! Manifests of all families: which kind a document is, what it says, and what it refers to.
//!
//! A document is of the kind that its declared media type names; without one, of the kind that its member `mediaType`
//! names; without either, of the kind that its members show. A document that can be read as two kinds is refused, for
//! two programs that read it could each be right and disagree
//! ([the ambiguity that both specifications warn of](https://github.com/opencontainers/distribution-spec/security/advisories/GHSA-mc8v-mgrf-8f4m)).
//! The bytes stay beside what was read from them, since only they have a digest. Whether what a manifest refers to
//! exists is the business of a registry. The first schema of Docker stands apart: it has no descriptors, and the digest of
//! a signed one is not that of its bytes.

mod artifact;
mod image;
mod index;
mod object;
mod schema1;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

pub use artifact::{ArtifactManifest, SubjectName};
pub use image::ImageManifest;
pub use index::ImageIndex;
pub use object::{Component, ComponentKind, Object, ObjectManifest};
pub use schema1::{FirstSchema, FirstSchemaLayer, FirstSchemaSignature};

use crate::oci::descriptor::Descriptor;
use crate::oci::digest::{Algorithm, Digest};
use crate::oci::json::{self, Limits};
use crate::oci::media_type::{self, MediaType};
use crate::oci::violation::{At, Collector, Fault, Violation};

/// The kinds of manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// OCI image manifest.
    Image,
    /// OCI image index.
    Index,
    /// Docker manifest, schema 2.
    DockerSchema2,
    /// Docker manifest list.
    DockerList,
    /// ORAS artifact manifest.
    OrasArtifact,
    /// The withdrawn OCI artifact manifest, and the drafts that used its media type before.
    OciArtifact,
    /// The generic object draft, under its own media types.
    ObjectDraft,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Image,
        Self::Index,
        Self::DockerSchema2,
        Self::DockerList,
        Self::OrasArtifact,
        Self::OciArtifact,
        Self::ObjectDraft,
    ];

    /// The kind that a media type names, whatever its parameters.
    pub fn of(media_type: &MediaType) -> Option<Self> {
        if media_type.essence() == media_type::OCI_DISTRIBUTION_DRAFT {
            return Some(Self::ObjectDraft);
        }
        Self::ALL
            .into_iter()
            .find(|kind| kind.media_type() == media_type.essence())
    }

    /// The media type that names this kind.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Image => media_type::OCI_MANIFEST,
            Self::Index => media_type::OCI_INDEX,
            Self::DockerSchema2 => media_type::DOCKER_MANIFEST,
            Self::DockerList => media_type::DOCKER_LIST,
            Self::OrasArtifact => media_type::ORAS_ARTIFACT,
            Self::OciArtifact => media_type::OCI_ARTIFACT_WITHDRAWN,
            Self::ObjectDraft => media_type::OCI_OBJECT_DRAFT,
        }
    }

    /// The members that another kind is known by, and that therefore make a document of this kind ambiguous.
    fn foreign_members(self) -> &'static [&'static str] {
        match self {
            Self::Image | Self::DockerSchema2 => &["manifests"],
            Self::Index | Self::DockerList => &["config", "layers"],
            Self::OrasArtifact | Self::OciArtifact | Self::ObjectDraft => &[],
        }
    }
}

/// Whether a media type names a manifest of any kind, Docker's first schema among them.
pub fn names_manifest(media_type: &MediaType) -> bool {
    let first_schema = [media_type::DOCKER_SCHEMA1, media_type::DOCKER_SCHEMA1_SIGNED];
    Kind::of(media_type).is_some() || first_schema.contains(&media_type.essence())
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Image => "image manifest",
            Self::Index => "image index",
            Self::DockerSchema2 => "Docker manifest",
            Self::DockerList => "Docker manifest list",
            Self::OrasArtifact => "ORAS artifact manifest",
            Self::OciArtifact => "OCI artifact manifest",
            Self::ObjectDraft => "object manifest",
        })
    }
}

/// What a manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manifest {
    /// OCI image manifest.
    Image(ImageManifest),
    /// OCI image index.
    Index(ImageIndex),
    /// Docker manifest, schema 2.
    DockerSchema2(ImageManifest),
    /// Docker manifest list.
    DockerList(ImageIndex),
    /// ORAS artifact manifest.
    OrasArtifact(ArtifactManifest),
    /// The withdrawn OCI artifact manifest.
    OciArtifact(ArtifactManifest),
    /// The generic object draft, under any of its media types.
    ObjectDraft(ObjectManifest),
}

/// In which role a manifest refers to content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The configuration of an image: a blob.
    Config,
    /// A layer of an image: a blob.
    Layer,
    /// A part of an artifact: a blob.
    Blob,
    /// A child of an index: a manifest.
    Manifest,
    /// The manifest that this one is about. Unlike the others it does not have to exist.
    Subject,
}

impl Role {
    /// Whether content in this role is a blob, as opposed to a manifest.
    pub fn is_blob(self) -> bool {
        matches!(self, Self::Config | Self::Layer | Self::Blob)
    }
}

/// A reference from a manifest to content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link<'a> {
    /// In which role.
    pub role: Role,
    /// Which content.
    pub digest: &'a Digest,
    /// Its length in bytes, if that is said.
    pub size: Option<u64>,
    /// What it is, if that is said.
    pub media_type: Option<&'a MediaType>,
}

impl<'a> Link<'a> {
    pub(super) fn new(role: Role, descriptor: &'a Descriptor) -> Self {
        let Descriptor {
            media_type,
            digest,
            size,
            ..
        } = descriptor;
        Self {
            role,
            digest,
            size: Some(*size),
            media_type: Some(media_type),
        }
    }
}

impl Manifest {
    /// Which kind of manifest it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Image(_) => Kind::Image,
            Self::Index(_) => Kind::Index,
            Self::DockerSchema2(_) => Kind::DockerSchema2,
            Self::DockerList(_) => Kind::DockerList,
            Self::OrasArtifact(_) => Kind::OrasArtifact,
            Self::OciArtifact(_) => Kind::OciArtifact,
            Self::ObjectDraft(_) => Kind::ObjectDraft,
        }
    }

    /// All that it refers to, in the order of the roles and then of the document.
    pub fn links(&self) -> Vec<Link<'_>> {
        match self {
            Self::Image(image) | Self::DockerSchema2(image) => image.links(),
            Self::Index(index) | Self::DockerList(index) => index.links(),
            Self::OrasArtifact(artifact) | Self::OciArtifact(artifact) => artifact.links(),
            Self::ObjectDraft(object) => object.links(),
        }
    }

    /// The manifest that this one is about.
    pub fn subject(&self) -> Option<&Descriptor> {
        match self {
            Self::Image(image) => image.subject.as_ref(),
            Self::Index(index) => index.subject.as_ref(),
            Self::OrasArtifact(artifact) | Self::OciArtifact(artifact) => artifact.subject.as_ref(),
            Self::DockerSchema2(_) | Self::DockerList(_) | Self::ObjectDraft(_) => None,
        }
    }

    /// What kind of artifact it is, by the rule for lists of referrers: its `artifactType`, or else for an image
    /// manifest the media type of its config
    /// ([listing referrers](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers)).
    pub fn artifact_type(&self) -> Option<&MediaType> {
        match self {
            Self::Image(image) | Self::DockerSchema2(image) => {
                Some(image.artifact_type.as_ref().unwrap_or(&image.config.media_type))
            }
            Self::Index(index) | Self::DockerList(index) => index.artifact_type.as_ref(),
            Self::OrasArtifact(artifact) | Self::OciArtifact(artifact) => artifact.artifact_type.as_ref(),
            Self::ObjectDraft(_) => None,
        }
    }

    /// Its annotations.
    pub fn annotations(&self) -> Option<&BTreeMap<String, String>> {
        match self {
            Self::Image(image) | Self::DockerSchema2(image) => image.annotations.as_ref(),
            Self::Index(index) | Self::DockerList(index) => index.annotations.as_ref(),
            Self::OrasArtifact(artifact) | Self::OciArtifact(artifact) => artifact.annotations.as_ref(),
            Self::ObjectDraft(_) => None,
        }
    }

    /// The manifest as JSON. What this type does not know of a document that was read is not in it.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Image(image) | Self::DockerSchema2(image) => image.to_json(),
            Self::Index(index) | Self::DockerList(index) => index.to_json(),
            Self::OrasArtifact(artifact) | Self::OciArtifact(artifact) => artifact.to_json(),
            Self::ObjectDraft(object) => object.to_json(),
        }
    }
}

/// A manifest and the bytes that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    bytes: Arc<[u8]>,
    manifest: Manifest,
}

impl Document {
    /// Reads a manifest that was declared to be of a media type, or was not.
    ///
    /// # Errors
    /// The first violation.
    pub fn parse(bytes: &[u8], declared: Option<&MediaType>) -> Result<Self, Violation> {
        Self::parse_all(bytes, declared, Limits::default()).map_err(|violations| {
            // An error has a violation at the least; the default only stands in for a proof of that.
            violations
                .into_iter()
                .next()
                .unwrap_or_else(|| at_start(bytes, Fault::Shapeless))
        })
    }

    /// Reads a manifest under limits of the caller's choice.
    ///
    /// # Errors
    /// All violations, up to [`MAX_VIOLATIONS`](crate::oci::violation::MAX_VIOLATIONS). If the bytes are no JSON, or
    /// nothing tells what kind of manifest they are, that is the only one.
    pub fn parse_all(bytes: &[u8], declared: Option<&MediaType>, limits: Limits) -> Result<Self, Vec<Violation>> {
        let (root, duplicates) = json::read(bytes, limits).map_err(|error| vec![error.into()])?;
        let mut collector = Collector::new(bytes);
        for duplicate in duplicates {
            collector.add(duplicate);
        }
        let manifest = read(&mut collector, &At::root(&root), declared);
        collector.finish(manifest).map(|manifest| Self {
            bytes: bytes.into(),
            manifest,
        })
    }

    /// The bytes, exactly as they were.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What they say.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The digest of the bytes.
    pub fn digest(&self, algorithm: Algorithm) -> Digest {
        Digest::of(algorithm, &self.bytes)
    }
}

fn at_start(bytes: &[u8], fault: Fault) -> Violation {
    Violation {
        pointer: String::new(),
        position: json::Position::of(bytes, 0),
        fault,
    }
}

pub(super) fn read(collector: &mut Collector<'_>, at: &At<'_>, declared: Option<&MediaType>) -> Option<Manifest> {
    collector.object(at)?;
    let kind = read_kind(collector, at, declared)?;
    for name in kind.foreign_members() {
        if let Some(member) = at.member(name) {
            collector.report(&member, Fault::Ambiguous);
        }
    }
    match kind {
        Kind::Image => ImageManifest::read(collector, at).map(Manifest::Image),
        Kind::Index => ImageIndex::read(collector, at).map(Manifest::Index),
        Kind::DockerSchema2 => ImageManifest::read_docker(collector, at).map(Manifest::DockerSchema2),
        Kind::DockerList => ImageIndex::read_docker(collector, at).map(Manifest::DockerList),
        Kind::OrasArtifact => ArtifactManifest::read_oras(collector, at).map(Manifest::OrasArtifact),
        // The last form of the object draft took this media type too; only its shape tells it from an artifact.
        Kind::OciArtifact if at.has("objects") => ObjectManifest::read_last(collector, at).map(Manifest::ObjectDraft),
        Kind::OciArtifact => ArtifactManifest::read_oci(collector, at).map(Manifest::OciArtifact),
        Kind::ObjectDraft => ObjectManifest::read(collector, at).map(Manifest::ObjectDraft),
    }
}

fn read_kind(collector: &mut Collector<'_>, at: &At<'_>, declared: Option<&MediaType>) -> Option<Kind> {
    if let Some(declared) = declared {
        let kind = Kind::of(declared).ok_or_else(|| Fault::UnknownMediaType(declared.essence().to_owned()));
        return collector.check(at, kind);
    }
    if let Some(member) = at.member("mediaType") {
        let named = collector.media_type(&member)?;
        let kind = Kind::of(&named).ok_or_else(|| Fault::UnknownMediaType(named.essence().to_owned()));
        return collector.check(&member, kind);
    }
    match (at.has("config") || at.has("layers"), at.has("manifests")) {
        (true, false) => Some(Kind::Image),
        (false, true) => Some(Kind::Index),
        (true, true) => collector.check(at, Err(Fault::Ambiguous)),
        (false, false) => collector.check(at, Err(Fault::Shapeless)),
    }
}

/// Reads the member `mediaType`, which has to be exactly one of the expected.
fn read_media_type(collector: &mut Collector<'_>, at: &At<'_>, expected: &[&str]) -> Option<MediaType> {
    let found = collector.media_type(at)?;
    if expected.contains(&found.as_written()) {
        return Some(found);
    }
    let expected = expected.first().copied().unwrap_or_default().to_owned();
    collector.check(
        at,
        Err(Fault::OtherMediaType {
            expected,
            found: found.as_written().to_owned(),
        }),
    )
}

/// The members of a manifest that is being written as JSON.
struct Members(serde_json::Map<String, Value>);

impl Members {
    fn new() -> Self {
        Self(serde_json::Map::new())
    }

    fn put(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    fn put_some<T: Into<Value>>(self, name: &str, value: Option<T>) -> Self {
        match value {
            Some(value) => self.put(name, value),
            None => self,
        }
    }

    fn put_media_type(self, name: &str, media_type: Option<&MediaType>) -> Self {
        self.put_some(name, media_type.map(MediaType::as_written))
    }

    fn put_descriptors(self, name: &str, descriptors: &[Descriptor]) -> Self {
        self.put(name, descriptors.iter().map(Descriptor::to_json).collect::<Vec<_>>())
    }

    fn put_annotations(self, annotations: Option<&BTreeMap<String, String>>) -> Self {
        self.put_some(
            "annotations",
            annotations.map(crate::oci::descriptor::annotations_to_json),
        )
    }

    fn finish(self) -> Value {
        Value::Object(self.0)
    }
}
