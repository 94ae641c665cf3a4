//! The generic object draft: a manifest of objects, each made of components that may refer to content.
//!
//! Follows [the proposal](https://github.com/opencontainers/artifacts/pull/37), which was never released, in all three of
//! its forms. They name things differently; what a server has to see is the same in each: which components are blobs,
//! which are references to other manifests, and their digests and sizes. Everything else is for clients and kept out.

use serde_json::Value;

use super::{Link, Members, Role, read_media_type};
use crate::oci::digest::Digest;
use crate::oci::media_type::{MediaType, OCI_ARTIFACT_WITHDRAWN, OCI_DISTRIBUTION_DRAFT, OCI_OBJECT_DRAFT};
use crate::oci::violation::{At, Collector, Fault};

/// What an object manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectManifest {
    /// The member `mediaType`, which tells the form of the draft.
    pub media_type: MediaType,
    /// The objects, possibly none.
    pub objects: Vec<Object>,
}

/// One object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// What it is: a reverse domain name, or in later forms a media type.
    pub object_type: String,
    /// Its components that refer to content.
    pub components: Vec<Component>,
}

/// A component that refers to content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// What it refers to.
    pub kind: ComponentKind,
    /// Which content.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
}

/// What a component refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ComponentKind {
    /// A blob, whatever its media type.
    Blob,
    /// A manifest.
    Manifest,
}

impl ObjectManifest {
    /// Whether the document names things as the last form does.
    fn is_last_form(media_type: &MediaType) -> bool {
        media_type.essence() == OCI_ARTIFACT_WITHDRAWN
    }

    /// Reads either of the first two forms, which have media types of their own.
    pub(super) fn read(collector: &mut Collector<'_>, at: &At<'_>) -> Option<Self> {
        Self::read_as(collector, at, &[OCI_OBJECT_DRAFT, OCI_DISTRIBUTION_DRAFT])
    }

    /// Reads the last form, which has the media type of an artifact manifest.
    pub(super) fn read_last(collector: &mut Collector<'_>, at: &At<'_>) -> Option<Self> {
        Self::read_as(collector, at, &[OCI_ARTIFACT_WITHDRAWN])
    }

    fn read_as(collector: &mut Collector<'_>, at: &At<'_>, expected: &[&str]) -> Option<Self> {
        let media_type = collector.required(at, "mediaType", |collector, at| {
            read_media_type(collector, at, expected)
        })?;
        let is_last = Self::is_last_form(&media_type);
        let objects = collector.optional(at, "objects", |collector, at| {
            collector.array(at, |collector, at| Object::read(collector, at, is_last))
        });
        Some(Self {
            media_type,
            objects: objects?.unwrap_or_default(),
        })
    }

    pub(super) fn links(&self) -> Vec<Link<'_>> {
        let components = self.objects.iter().flat_map(|object| &object.components);
        let link = |component: &'_ Component| match component.kind {
            ComponentKind::Blob => Role::Blob,
            ComponentKind::Manifest => Role::Manifest,
        };
        let mut links: Vec<_> = components
            .map(|component| Link {
                role: link(component),
                digest: &component.digest,
                size: Some(component.size),
                media_type: None,
            })
            .collect();
        links.sort_by_key(|link| link.role);
        links
    }

    pub(super) fn to_json(&self) -> Value {
        let is_last = Self::is_last_form(&self.media_type);
        let objects: Vec<_> = self.objects.iter().map(|object| object.to_json(is_last)).collect();
        Members::new()
            .put_media_type("mediaType", Some(&self.media_type))
            .put("objects", objects)
            .finish()
    }
}

impl Object {
    fn read(collector: &mut Collector<'_>, at: &At<'_>, is_last: bool) -> Option<Self> {
        collector.object(at)?;
        let name = if at.has("artifactType") { "artifactType" } else { "type" };
        let object_type = collector.required(at, name, Collector::text);
        let components = collector.optional(at, "components", |collector, at| {
            collector.array(at, |collector, at| Component::read(collector, at, is_last))
        });
        let components = components?.unwrap_or_default().into_iter().flatten().collect();
        Some(Self {
            object_type: object_type?,
            components,
        })
    }

    fn to_json(&self, is_last: bool) -> Value {
        let components: Vec<_> = self
            .components
            .iter()
            .map(|component| component.to_json(is_last))
            .collect();
        Members::new()
            .put("type", self.object_type.as_str())
            .put("components", components)
            .finish()
    }
}

impl Component {
    /// Reads a component; `Some(None)` if it refers to nothing.
    fn read(collector: &mut Collector<'_>, at: &At<'_>, is_last: bool) -> Option<Option<Self>> {
        collector.object(at)?;
        let (name, manifest) = if is_last {
            ("type", "manifest")
        } else {
            ("rtype", "reference")
        };
        let kind = collector.optional(at, name, |collector, at| match collector.string(at)? {
            "blob" => Some(ComponentKind::Blob),
            text if text == manifest => Some(ComponentKind::Manifest),
            _ => collector.check(
                at,
                Err(Fault::Choice(if is_last {
                    "blob, manifest"
                } else {
                    "blob, reference"
                })),
            ),
        });
        let Some(kind) = kind? else {
            return Some(None);
        };
        let (digest, size) = collector.required(at, "descriptor", |collector, at| {
            collector.object(at)?;
            let digest = collector.required(at, "digest", Collector::digest);
            let size = collector.required(at, "size", Collector::size);
            Some((digest?, size?))
        })?;
        Some(Some(Self { kind, digest, size }))
    }

    fn to_json(&self, is_last: bool) -> Value {
        let (name, manifest) = if is_last {
            ("type", "manifest")
        } else {
            ("rtype", "reference")
        };
        let kind = match self.kind {
            ComponentKind::Blob => "blob",
            ComponentKind::Manifest => manifest,
        };
        let descriptor = Members::new()
            .put("digest", self.digest.as_str())
            .put("size", self.size)
            .finish();
        Members::new().put(name, kind).put("descriptor", descriptor).finish()
    }
}
