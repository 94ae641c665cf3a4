//! Defects of deletions: what a mutant deletes besides, or remembers of what is gone.

use std::sync::Arc;

use crate::oci::digest::Digest;
use crate::oci::reference::{Reference, RepositoryName, Tag};
use crate::registry::Mutant as M;
use crate::registry::document::Descriptor;
use crate::registry::server::Registry;
use crate::registry::store::{Manifest, Repository, Store};

impl Registry {
    /// What a mutant deletes besides a blob.
    pub(in crate::registry) fn also_delete_blob(&self, store: &mut Store, name: &RepositoryName, digest: &Digest) {
        let holders: Vec<RepositoryName> = store.repositories().map(|(name, _)| name.clone()).collect();
        let mounts = self.memory.recall(&format!("mounts:{digest}")).unwrap_or_default();
        let also = |holder: &&RepositoryName| match self.mutant() {
            Some(M::DeleteBlobEverywhere) => true,
            Some(M::DeleteMountedSource) => mounts.split_whitespace().any(|mount| mount == holder.as_str()),
            _ => false,
        };
        for holder in holders.iter().filter(|holder| *holder != name).filter(also) {
            store.delete_blob(holder, digest);
        }
    }

    /// Remembers where a blob was mounted to.
    pub(in crate::registry) fn remember_mount(&self, name: &RepositoryName, digest: &Digest) {
        if self.is(M::DeleteMountedSource) || self.is(M::MountChain404) {
            let key = format!("mounts:{digest}");
            let mounts = self.memory.recall(&key).unwrap_or_default();
            self.memory.remember(key, format!("{mounts} {name}"));
        }
    }

    /// What a mutant deletes besides a manifest or a tag, or remembers of it.
    pub(in crate::registry) fn also_delete_manifest(
        &self,
        store: &mut Store,
        name: &RepositoryName,
        reference: &Reference,
        manifest: &Manifest,
    ) {
        let Some(mutant) = self.mutant() else { return };
        let tags = |store: &Store| -> Vec<Tag> {
            let Some(repository) = store.repository(name) else {
                return Vec::new();
            };
            let points = |tag: &&Tag| {
                repository
                    .tag(tag)
                    .is_some_and(|tagged| tagged.digest == manifest.digest)
            };
            repository.tags().filter(points).cloned().collect()
        };
        let ghosts = |tags: &[Tag]| {
            let key = format!("ghosts:{name}");
            let mut all = self.memory.recall(&key).unwrap_or_default();
            tags.iter().for_each(|tag| all.push_str(&format!(" {tag}")));
            self.memory.remember(key, all);
        };
        let names = |store: &Store| -> Vec<RepositoryName> {
            let names = store.repositories().map(|(name, _)| name.clone());
            names.collect()
        };
        match (mutant, reference) {
            (M::DeleteTagTakesManifest, Reference::Tag(_)) => drop(store.delete_manifest(name, &manifest.digest)),
            (M::DeleteTagTakesSiblings, Reference::Tag(_)) => {
                for tag in tags(store) {
                    store.delete_tag(name, &tag);
                }
            }
            (M::DeleteTagTakesLonger, Reference::Tag(tag)) => {
                let longer = |other: &&Tag| other.as_str().starts_with(tag.as_str());
                let tags = store.repository(name).into_iter().flat_map(Repository::tags);
                let doomed: Vec<Tag> = tags.filter(longer).cloned().collect();
                for other in doomed {
                    store.delete_tag(name, &other);
                }
            }
            (M::DeleteTagEverywhere, Reference::Tag(tag)) => {
                for other in names(store).iter().filter(|other| *other != name) {
                    store.delete_tag(other, tag);
                }
            }
            (M::TagsDeletedListed, Reference::Tag(tag)) => ghosts(std::slice::from_ref(tag)),
            (M::DeleteManifestListsTags, Reference::Digest(_)) => ghosts(&tags(store)),
            (M::DeleteManifestTakesBlobs, Reference::Digest(_)) => {
                for blob in &manifest.document.blobs {
                    store.delete_blob(name, &blob.digest);
                }
            }
            (M::DeleteEverywhere, Reference::Digest(digest)) => {
                for other in names(store).iter().filter(|other| *other != name) {
                    store.delete_manifest(other, digest);
                }
            }
            (M::DeletedSubject404, Reference::Digest(digest)) => {
                self.memory.remember(format!("gone:{name}:{digest}"), "");
            }
            (M::DeleteManifestTakesAllTags, Reference::Digest(_)) => {
                let all: Vec<Tag> = store
                    .repository(name)
                    .into_iter()
                    .flat_map(Repository::tags)
                    .cloned()
                    .collect();
                for tag in all {
                    store.delete_tag(name, &tag);
                }
            }
            (_, Reference::Digest(digest)) => {
                for kin in self.kin(store, name, digest, manifest) {
                    store.delete_manifest(name, &kin);
                }
            }
            _ => {}
        }
    }

    /// The manifests that a mutant deletes with another one.
    fn kin(&self, store: &Store, name: &RepositoryName, digest: &Digest, manifest: &Manifest) -> Vec<Digest> {
        let Some(repository) = store.repository(name) else {
            return Vec::new();
        };
        let digests = |descriptors: &[Descriptor]| -> Vec<Digest> {
            let digests = descriptors.iter().map(|descriptor| descriptor.digest.clone());
            digests.collect()
        };
        let lists = |other: &&Arc<Manifest>| digests(&other.document.children).contains(digest);
        let shares = |other: &&Arc<Manifest>| {
            let blobs = digests(&manifest.document.blobs);
            other.document.blobs.iter().any(|blob| blobs.contains(&blob.digest))
        };
        let kin: Vec<Digest> = match (self.mutant(), &manifest.document.subject) {
            (Some(M::DeleteIndexTakesChildren), _) => digests(&manifest.document.children),
            (Some(M::DeleteChildTakesSiblings), _) => {
                let parents = repository.manifests().filter(lists);
                parents.flat_map(|parent| digests(&parent.document.children)).collect()
            }
            (Some(M::DeleteManifestTakesKin), _) => {
                let others = repository.manifests().filter(shares);
                others.map(|other| other.digest.clone()).collect()
            }
            (Some(M::DeletedReferrerTakesKin), Some(subject)) => {
                let others = repository.referrers(subject);
                others.map(|other| other.digest.clone()).collect()
            }
            (Some(M::DeletedReferrerTakesSubject), Some(subject)) => vec![subject.clone()],
            _ => Vec::new(),
        };
        kin.into_iter().filter(|other| other != digest).collect()
    }
}
