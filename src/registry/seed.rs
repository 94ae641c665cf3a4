//! Content that the registry has from the start, for those who only read: an image, an index of two, and what refers to
//! them.

use bytes::Bytes;
use serde_json::{Value, json};

use super::document::Document;
use super::store::Store;
use crate::oci::digest::{Algorithm, Digest};
use crate::oci::media_type::{OCI_CONFIG, OCI_EMPTY, OCI_INDEX, OCI_LAYER, OCI_MANIFEST};
use crate::oci::reference::{RepositoryName, Tag};

/// The repository that has it.
pub(super) const REPOSITORY: &str = "referee/given";

/// Tags of the image; `latest` is that of the index.
const TAGS: [&str; 4] = ["1.0", "1.0.1", "image", "stable"];

/// Puts it there; whether all of it could be made, which a test holds.
pub(super) fn seed(store: &mut Store) -> Option<()> {
    let mut seeding = Seeding {
        name: REPOSITORY.parse().ok()?,
        store,
    };
    let [image, other] = [("amd64", "first"), ("arm64", "second")].map(|(architecture, text)| {
        let config = json!({
            "architecture": architecture, "os": "linux", "rootfs": {"type": "layers", "diff_ids": []},
        });
        let config = seeding.blob(OCI_CONFIG, config.to_string());
        let layer = seeding.blob(OCI_LAYER, text.repeat(600));
        let image = json!({
            "schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [layer],
        });
        seeding.manifest(OCI_MANIFEST, &image)
    });
    let (image, other) = (image?, other?);
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [image, other]});
    let index = seeding.manifest(OCI_INDEX, &index)?;
    for subject in [&image, &index] {
        for kind in ["signature", "sbom"] {
            let empty = seeding.blob(OCI_EMPTY, "{}".into());
            let referrer = json!({
                "schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": empty, "layers": [empty],
                "artifactType": format!("application/vnd.example.{kind}"), "subject": subject,
            });
            seeding.manifest(OCI_MANIFEST, &referrer)?;
        }
    }
    for tag in TAGS {
        seeding.tag(tag, &image)?;
    }
    seeding.tag("latest", &index)
}

struct Seeding<'a> {
    name: RepositoryName,
    store: &'a mut Store,
}

impl Seeding<'_> {
    /// The descriptor of a blob that is now there.
    fn blob(&mut self, media_type: &str, bytes: String) -> Value {
        let bytes = Bytes::from(bytes);
        let digest = Digest::of(Algorithm::Sha256, &bytes);
        let descriptor = json!({"mediaType": media_type, "digest": digest.as_str(), "size": bytes.len()});
        self.store.put_blob(&self.name, &digest, bytes);
        descriptor
    }

    /// The descriptor of a manifest that is now there.
    fn manifest(&mut self, media_type: &str, document: &Value) -> Option<Value> {
        let bytes = Bytes::from(document.to_string());
        let digest = Digest::of(Algorithm::Sha256, &bytes);
        let descriptor = json!({"mediaType": media_type, "digest": digest.as_str(), "size": bytes.len()});
        let document = Document::read(media_type, &bytes).ok()?;
        self.store
            .put_manifest(&self.name, &digest, media_type.to_string(), bytes, document);
        Some(descriptor)
    }

    fn tag(&mut self, tag: &str, descriptor: &Value) -> Option<()> {
        let tag: Tag = tag.parse().ok()?;
        let digest = descriptor.get("digest")?.as_str()?.parse().ok()?;
        self.store.put_tag(&self.name, tag, digest);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_there() {
        let mut store = Store::default();
        seed(&mut store).unwrap();
        let repository = store.repository(&REPOSITORY.parse().unwrap()).unwrap();
        assert_eq!(repository.manifests().count(), 7);
        assert_eq!(repository.tags().count(), TAGS.len() + 1);
    }
}
