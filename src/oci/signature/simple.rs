//! Simple signing: a document that names a manifest by its digest, signed by cosign or by tools of containers/image.
//!
//! Follows [the container signature format](https://github.com/containers/image/blob/main/docs/containers-signature.5.md)
//! and [what cosign makes of it](https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#simple-signing).
//! What is critical admits no member that is not known; what is optional admits any.

use crate::oci::digest::Digest;
use crate::oci::json::Json;
use crate::oci::manifest::{Link, Role};
use crate::oci::violation::{At, Collector, Fault};

/// Whose document it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SimpleKind {
    /// That of the format itself.
    Atomic,
    /// That of cosign.
    Cosign,
}

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimpleSigning {
    /// Whose document it is.
    pub kind: SimpleKind,
    /// The manifest.
    pub digest: Digest,
    /// The name that the signer gives it. Cosign reads nothing into it.
    pub reference: String,
}

impl SimpleKind {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "atomic container signature" => Some(Self::Atomic),
            "cosign container image signature" => Some(Self::Cosign),
            _ => None,
        }
    }
}

impl SimpleSigning {
    /// Reads a payload, which has to be of the kind that it was declared to be.
    pub(in crate::oci) fn read(
        collector: &mut Collector<'_>,
        at: &At<'_>,
        declared: Option<SimpleKind>,
    ) -> Option<Self> {
        collector.closed(at, &["critical", "optional"])?;
        let critical = collector.required(at, "critical", |collector, at| {
            collector.object(at)?;
            let is_closed = collector.closed(at, &["type", "image", "identity"]);
            let kind = collector.required(at, "type", |collector, at| {
                let kind = SimpleKind::parse(collector.string(at)?);
                let kind = kind.filter(|kind| declared.is_none_or(|declared| declared == *kind));
                collector.check(at, kind.ok_or(Fault::Choice(choices(declared))))
            });
            let digest = only(collector, at, "image", "docker-manifest-digest", Collector::digest);
            let reference = only(collector, at, "identity", "docker-reference", Collector::text);
            is_closed?;
            Some((kind?, digest?, reference?))
        });
        let optional = read_optional(collector, at, critical.as_ref().map(|(kind, ..)| *kind));
        let (kind, digest, reference) = critical?;
        optional?;
        Some(Self {
            kind,
            digest,
            reference,
        })
    }

    pub(in crate::oci) fn links(&self) -> Vec<Link<'_>> {
        vec![Link {
            role: Role::Subject,
            digest: &self.digest,
            size: None,
            media_type: None,
        }]
    }
}

fn choices(declared: Option<SimpleKind>) -> &'static str {
    match declared {
        Some(SimpleKind::Cosign) => "cosign container image signature",
        Some(SimpleKind::Atomic) => "atomic container signature",
        None => "atomic container signature, cosign container image signature",
    }
}

/// Reads the one member of an object that has to have it and no other.
fn only<'c, T>(
    collector: &mut Collector<'c>,
    at: &At<'_>,
    object: &str,
    name: &str,
    read: impl FnOnce(&mut Collector<'c>, &At<'_>) -> Option<T>,
) -> Option<T> {
    collector.required(at, object, |collector, at| {
        collector.object(at)?;
        let is_closed = collector.closed(at, &[name]);
        let value = collector.required(at, name, read);
        is_closed?;
        value
    })
}

fn read_optional(collector: &mut Collector<'_>, at: &At<'_>, kind: Option<SimpleKind>) -> Option<()> {
    collector.required(at, "optional", |collector, at| {
        // Cosign writes null where its user says nothing.
        if kind == Some(SimpleKind::Cosign) && at.node().value == Json::Null {
            return Some(());
        }
        collector.object(at)?;
        let creator = collector.optional(at, "creator", Collector::text);
        let timestamp = collector.optional(at, "timestamp", Collector::integer);
        creator.and(timestamp).map(drop)
    })
}
