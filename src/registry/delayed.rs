//! Deletion that takes its time, for the variant that answers 202 and means it.

use std::sync::Arc;
use std::time::Duration;

use super::server::Registry;
use crate::oci::digest::Digest;
use crate::oci::reference::{RepositoryName, Tag};

/// How long it takes until what was deleted is gone.
const DELAY: Duration = Duration::from_millis(50);

/// What is to be deleted: where, what, and the serial by which it is told from what is pushed in its place meanwhile.
#[derive(Debug)]
pub(super) enum Doomed {
    /// A blob.
    Blob(RepositoryName, Digest, u64),
    /// A manifest, with its tags.
    Manifest(RepositoryName, Digest, u64),
    /// A tag.
    Tag(RepositoryName, Tag, u64),
}

impl Registry {
    /// Deletes something after a while, unless it was pushed again by then.
    pub(super) fn delete_later(self: &Arc<Self>, doomed: Doomed) {
        let registry = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(DELAY).await;
            registry.delete_now(&doomed);
        });
    }

    fn delete_now(&self, doomed: &Doomed) {
        let mut store = self.store();
        let (Doomed::Blob(name, ..) | Doomed::Manifest(name, ..) | Doomed::Tag(name, ..)) = doomed;
        let Some(repository) = store.repository(name) else {
            return;
        };
        match doomed {
            Doomed::Blob(name, digest, serial)
                if repository.blob(digest).is_some_and(|blob| blob.serial == *serial) =>
            {
                store.delete_blob(name, digest);
            }
            Doomed::Manifest(name, digest, serial)
                if repository
                    .manifest(digest)
                    .is_some_and(|manifest| manifest.serial == *serial) =>
            {
                store.delete_manifest(name, digest);
            }
            Doomed::Tag(name, tag, serial) if repository.tag(tag).is_some_and(|tagged| tagged.serial == *serial) => {
                store.delete_tag(name, tag);
            }
            _ => {}
        }
    }
}
