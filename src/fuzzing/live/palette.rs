//! Content that every repository of a run can have: what generated manifests refer to, so that a registry that looks for
//! it finds it.

use std::sync::LazyLock;

use crate::oci::digest::{Algorithm, Digest};
use crate::oci::media_type;

/// What all digests of the palette begin with, and how long they are.
const ALGORITHM: &str = "sha256";
const DIGEST: usize = ALGORITHM.len() + 1 + 64;

/// A piece of content.
#[derive(Debug)]
pub struct Piece {
    /// Its name in cases.
    pub name: &'static str,
    /// The bytes, which are text.
    pub text: &'static str,
    /// Its media type.
    pub media_type: &'static str,
    /// Whether it is pushed as a manifest.
    pub is_manifest: bool,
    /// Its digest.
    pub digest: Digest,
}

/// All pieces; a manifest stands after the blobs that it refers to.
pub static PIECES: LazyLock<Vec<Piece>> = LazyLock::new(|| {
    let piece = |name, text: &'static str, media_type, is_manifest| Piece {
        name,
        text,
        media_type,
        is_manifest,
        digest: Digest::of(Algorithm::Sha256, text.as_bytes()),
    };
    vec![
        piece(
            "config",
            r#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#,
            media_type::OCI_CONFIG,
            false,
        ),
        piece("layer", "a layer of the fuzzer", media_type::OCI_LAYER_GZIP, false),
        piece("empty", "{}", media_type::OCI_EMPTY, false),
        piece("child", CHILD, media_type::OCI_MANIFEST, true),
    ]
});

const CHILD: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.example.child","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}"#;

/// The pieces that a document names by their digests, with what these need in turn.
pub fn named_in(bytes: &[u8]) -> Vec<usize> {
    let mut found = digests_in(bytes);
    let manifests = found.iter().map(|at| &PIECES[*at]).filter(|piece| piece.is_manifest);
    let inner: Vec<usize> = manifests.flat_map(|piece| digests_in(piece.text.as_bytes())).collect();
    found.extend(inner);
    found.sort_unstable();
    found.dedup();
    found
}

/// The pieces whose digests occur. A document may have megabytes, so it is gone through once.
fn digests_in(bytes: &[u8]) -> Vec<usize> {
    let mut found = Vec::new();
    for at in memchr::memchr_iter(b':', bytes) {
        let digest = at
            .checked_sub(ALGORITHM.len())
            .and_then(|at| bytes.get(at..)?.get(..DIGEST));
        let piece = digest.and_then(|digest| {
            PIECES
                .iter()
                .position(|piece| piece.digest.as_str().as_bytes() == digest)
        });
        found.extend(piece.filter(|piece| !found.contains(piece)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_brings_what_it_needs() {
        let names = |text: &str| {
            named_in(text.as_bytes())
                .iter()
                .map(|at| PIECES[*at].name)
                .collect::<Vec<_>>()
        };
        assert_eq!(names(PIECES[3].digest.as_str()), ["empty", "child"]);
        assert_eq!(names(&format!("\"{}\"", PIECES[0].digest)), ["config"]);
        assert!(names("{}").is_empty());
        let child = crate::oci::manifest::Document::parse(CHILD.as_bytes(), None);
        assert!(child.is_ok(), "{child:?}");
    }
}
