//! Content and steps of the runner's own, for what it has to find out before or beside the cases.

use crate::case::{Action, BlobSource, Child, ManifestFields, Node, NodeKind, Origin, Size, Step, Template};
use crate::oci::digest::Algorithm;
use crate::oci::media_type::{OCI_MANIFEST, OCTET_STREAM};

/// A step that only acts.
pub fn bare(action: Action) -> Step {
    Step {
        action,
        repo: None,
        needs: Vec::new(),
        only_if: None,
        expect: Vec::new(),
        record: Vec::new(),
        capture: Vec::new(),
        within: None,
        continue_if: Vec::new(),
        origin: nowhere(),
    }
}

/// A small image.
pub fn image(name: &str) -> Node {
    node(name, NodeKind::Image(fields()))
}

/// A small artifact with a subject.
pub fn referrer(name: &str, subject: &str) -> Node {
    let fields = ManifestFields {
        subject: Some(subject.to_string()),
        artifact_type: Some(Template::literal("application/vnd.referee.probe")),
        ..fields()
    };
    node(name, NodeKind::Artifact(fields))
}

/// As many bytes as a blob has whose length does not matter.
pub const SMALL: u64 = 64;

/// A blob of so many bytes.
pub fn blob(name: &str, length: u64) -> Node {
    node(
        name,
        NodeKind::Blob {
            source: BlobSource::Random(Size::bytes(length)),
            algorithm: Algorithm::Sha256,
            media_type: Template::literal(OCTET_STREAM),
        },
    )
}

fn fields() -> ManifestFields {
    ManifestFields {
        layers: vec![Child::Generated(Size::bytes(64))],
        config: None,
        manifests: Vec::new(),
        subject: None,
        artifact_type: None,
        annotations: Vec::new(),
        media_type: Template::literal(OCI_MANIFEST),
        algorithm: Algorithm::Sha256,
        patches: Vec::new(),
        pad: None,
        nonce: true,
    }
}

fn node(name: &str, kind: NodeKind) -> Node {
    Node {
        name: name.to_string(),
        kind,
        origin: nowhere(),
    }
}

fn nowhere() -> Origin {
    Origin {
        file: "".into(),
        line: 0,
        column: 0,
    }
}
