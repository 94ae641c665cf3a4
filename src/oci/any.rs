//! A document of any family: a manifest, or what older registries, signatures and encryption have beside them.
//!
//! A declared media type decides which family it is; without one, what the document says of itself or shows by its members.
//! Here the rules of a family bind an image manifest too that says it belongs to one, as a signature or by an encrypted
//! layer; whoever stores manifests has no such duty, and reads them with [`Document`](crate::oci::manifest::Document).

use crate::oci::descriptor::Descriptor;
use crate::oci::digest::{Algorithm, Digest};
use crate::oci::encryption::Encryption;
use crate::oci::json::{self, Json, Limits, Node};
use crate::oci::manifest::{self, FirstSchema, Link, Manifest, Role};
use crate::oci::media_type::{
    COSIGN_PAYLOAD, DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED, MediaType, NOTATION_PAYLOAD, OCI_DESCRIPTOR,
    SIGSTORE_BUNDLE, SIGSTORE_BUNDLE_PARAMETER,
};
use crate::oci::signature::{Bundle, NotationPayload, SimpleKind, SimpleSigning, check_notation_manifest};
use crate::oci::violation::{At, Collector, Violation};

/// What a document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnyDocument {
    /// A manifest of descriptors, and how its encrypted layers are encrypted.
    Manifest(Box<Manifest>, Vec<Encryption>),
    /// A Docker manifest of the first schema.
    FirstSchema(FirstSchema),
    /// A descriptor, and how the layer is encrypted if it is about one that is.
    Descriptor(Descriptor, Option<Encryption>),
    /// What cosign or containers/image sign.
    SimpleSigning(SimpleSigning),
    /// What Notation signs.
    NotationPayload(NotationPayload),
    /// A signature with what its verification takes.
    Bundle(Bundle),
}

/// The families that are not manifests of descriptors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    FirstSchema { is_signed: bool },
    Descriptor,
    SimpleSigning(Option<SimpleKind>),
    NotationPayload,
    Bundle,
}

/// The media types of documents that are no manifests of descriptors.
pub const MEDIA_TYPES: [&str; 7] = [
    DOCKER_SCHEMA1,
    DOCKER_SCHEMA1_SIGNED,
    OCI_DESCRIPTOR,
    COSIGN_PAYLOAD,
    NOTATION_PAYLOAD,
    SIGSTORE_BUNDLE,
    SIGSTORE_BUNDLE_PARAMETER,
];

impl Family {
    fn of(essence: &str) -> Option<Self> {
        Some(match essence {
            DOCKER_SCHEMA1 => Self::FirstSchema { is_signed: false },
            DOCKER_SCHEMA1_SIGNED => Self::FirstSchema { is_signed: true },
            OCI_DESCRIPTOR => Self::Descriptor,
            COSIGN_PAYLOAD => Self::SimpleSigning(Some(SimpleKind::Cosign)),
            NOTATION_PAYLOAD => Self::NotationPayload,
            SIGSTORE_BUNDLE | SIGSTORE_BUNDLE_PARAMETER => Self::Bundle,
            _ => return None,
        })
    }

    /// The family that a document shows by itself.
    fn shown(root: &Node) -> Option<Self> {
        let has = |name| root.member(name).is_some();
        let named = match root.member("mediaType").map(|node| &node.value) {
            Some(Json::String(text)) => text.parse::<MediaType>().ok(),
            _ => None,
        };
        match named.as_ref().and_then(|named| Self::of(named.essence())) {
            Some(family) => Some(family),
            None if named.is_some() => None,
            None if has("fsLayers") => Some(Self::FirstSchema { is_signed: false }),
            None if has("critical") => Some(Self::SimpleSigning(None)),
            None if has("targetArtifact") => Some(Self::NotationPayload),
            None if has("verificationMaterial") => Some(Self::Bundle),
            None => None,
        }
    }
}

impl AnyDocument {
    /// Reads a document that was declared to be of a media type, or was not.
    ///
    /// # Errors
    /// All violations, up to [`MAX_VIOLATIONS`](crate::oci::violation::MAX_VIOLATIONS).
    pub fn parse_all(bytes: &[u8], declared: Option<&MediaType>, limits: Limits) -> Result<Self, Vec<Violation>> {
        let (root, duplicates) = json::read(bytes, limits).map_err(|error| vec![error.into()])?;
        let mut collector = Collector::new(bytes);
        for duplicate in duplicates {
            collector.add(duplicate);
        }
        let family = match declared {
            Some(declared) => Family::of(declared.essence()),
            None => Family::shown(&root),
        };
        let at = At::root(&root);
        let read = match family {
            Some(family) => Self::read(&mut collector, &at, bytes, family),
            None => Self::read_manifest(&mut collector, &at, declared),
        };
        collector.finish(read)
    }

    fn read(collector: &mut Collector<'_>, at: &At<'_>, bytes: &[u8], family: Family) -> Option<Self> {
        Some(match family {
            Family::FirstSchema { is_signed } => Self::FirstSchema(FirstSchema::read(collector, at, bytes, is_signed)?),
            Family::Descriptor => {
                let descriptor = Descriptor::read(collector, at)?;
                let encryption = Encryption::read(collector, at, &descriptor)?;
                Self::Descriptor(descriptor, encryption)
            }
            Family::SimpleSigning(kind) => Self::SimpleSigning(SimpleSigning::read(collector, at, kind)?),
            Family::NotationPayload => Self::NotationPayload(NotationPayload::read(collector, at)?),
            Family::Bundle => Self::Bundle(Bundle::read(collector, at)?),
        })
    }

    fn read_manifest(collector: &mut Collector<'_>, at: &At<'_>, declared: Option<&MediaType>) -> Option<Self> {
        let manifest = manifest::read(collector, at, declared)?;
        let Manifest::Image(image) = &manifest else {
            return Some(Self::Manifest(Box::new(manifest), Vec::new()));
        };
        check_notation_manifest(collector, at, image);
        let mut layers = image.layers.iter();
        let encrypted = collector.required(at, "layers", |collector, at| {
            collector.array(at, |collector, at| Encryption::read(collector, at, layers.next()?))
        })?;
        let encrypted = encrypted.into_iter().flatten().collect();
        Some(Self::Manifest(Box::new(manifest), encrypted))
    }

    /// What it is, for people.
    pub fn name(&self) -> String {
        match self {
            Self::Manifest(manifest, _) => manifest.kind().to_string(),
            Self::FirstSchema(manifest) if manifest.signatures.is_empty() => {
                "Docker manifest of the first schema".into()
            }
            Self::FirstSchema(manifest) => {
                let count = manifest.signatures.len();
                format!("Docker manifest of the first schema, signatures: {count}")
            }
            Self::Descriptor(..) => "descriptor".into(),
            Self::SimpleSigning(payload) => match payload.kind {
                SimpleKind::Atomic => "payload of a container signature".into(),
                SimpleKind::Cosign => "payload of a cosign signature".into(),
            },
            Self::NotationPayload(_) => "payload of a Notation signature".into(),
            Self::Bundle(bundle) => format!("Sigstore bundle 0.{}", bundle.version),
        }
    }

    /// The digest by which it is known: that of its bytes, unless it is signed within.
    pub fn digest(&self, bytes: &[u8]) -> Digest {
        match self {
            Self::FirstSchema(manifest) => manifest.digest(Algorithm::Sha256),
            _ => Digest::of(Algorithm::Sha256, bytes),
        }
    }

    /// All that it refers to.
    pub fn links(&self) -> Vec<Link<'_>> {
        match self {
            Self::Manifest(manifest, _) => manifest.links(),
            Self::FirstSchema(manifest) => manifest.links(),
            Self::Descriptor(descriptor, _) => vec![Link::new(Role::Blob, descriptor)],
            Self::SimpleSigning(payload) => payload.links(),
            Self::NotationPayload(payload) => payload.links(),
            Self::Bundle(bundle) => bundle.links(),
        }
    }

    /// How its encrypted layers are encrypted.
    pub fn encryptions(&self) -> &[Encryption] {
        match self {
            Self::Manifest(_, encryptions) => encryptions,
            Self::Descriptor(_, encryption) => encryption.as_slice(),
            Self::FirstSchema(_) | Self::SimpleSigning(_) | Self::NotationPayload(_) | Self::Bundle(_) => &[],
        }
    }
}
