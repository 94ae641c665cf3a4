//! The collector: finds what nothing needs any more, and removes it while the registry goes on.
//!
//! What is garbage is found twice. Between the two the registry serves on, and what was pushed, tagged or named meanwhile
//! is no garbage the second time; only what was garbage both times goes. That is what keeps a push that comes during a
//! collection whole.

use std::collections::HashSet;
use std::time::Instant;

use super::retention::{Retention, deleted};
use super::server::Registry;
use super::store::Store;
use super::{Mutant, Variant};
use crate::oci::digest::Digest;
use crate::oci::reference::RepositoryName;

/// What is to be removed.
#[derive(Debug, Default)]
pub(super) struct Garbage {
    manifests: HashSet<(RepositoryName, Digest)>,
    blobs: HashSet<(RepositoryName, Digest)>,
}

/// How much was removed, or would have been.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Removed {
    /// Manifests.
    pub(super) manifests: usize,
    /// Blobs.
    pub(super) blobs: usize,
    /// Uploads.
    pub(super) uploads: usize,
}

impl Registry {
    /// What is garbage now, of what was there at `cutoff`.
    pub(super) fn garbage(&self, cutoff: Instant) -> Garbage {
        self.garbage_in(&self.store(), cutoff)
    }

    fn garbage_in(&self, store: &Store, cutoff: Instant) -> Garbage {
        let mut garbage = Garbage::default();
        if self.retention() == Retention::Nothing {
            return garbage;
        }
        for (name, repository) in store.repositories() {
            let live = self.live(repository, cutoff);
            for manifest in repository.manifests() {
                if !live.manifests.contains(&manifest.digest) {
                    garbage.manifests.insert((name.clone(), manifest.digest.clone()));
                }
            }
            for (digest, _) in repository.blobs() {
                if !live.blobs.contains(digest) {
                    garbage.blobs.insert((name.clone(), digest.clone()));
                }
            }
        }
        self.misjudge(store, &mut garbage);
        garbage
    }

    /// Removes what was garbage already when it was found first.
    pub(super) fn sweep(&self, found: Garbage, cutoff: Instant, dry: bool) -> Removed {
        let mut store = self.store();
        let now = self.garbage_in(&store, cutoff);
        let found = if self.is(Mutant::GcIgnoresGrace) || self.is(Mutant::GcLosesEverything) {
            self.garbage_in(&store, Instant::now())
        } else {
            found
        };
        let stale_blobs = self.is(Mutant::GcSweepsStaleBlobs);
        let stale_manifests = self.is(Mutant::GcSweepsStaleManifests);
        let manifests: Vec<_> = found
            .manifests
            .into_iter()
            .filter(|garbage| stale_manifests || now.manifests.contains(garbage))
            .collect();
        let blobs: Vec<_> = found
            .blobs
            .into_iter()
            .filter(|garbage| stale_blobs || now.blobs.contains(garbage))
            .collect();
        let mut removed = Removed {
            manifests: manifests.len(),
            blobs: blobs.len(),
            uploads: 0,
        };
        if dry && !self.is(Mutant::GcDryRunSweeps) {
            return removed;
        }
        self.sweep_more(&mut store, cutoff);
        let mut touched = HashSet::new();
        for (name, digest) in manifests {
            if self.hides_instead(&store, &name, &digest) {
                continue;
            }
            store.delete_manifest(&name, &digest);
            touched.insert(name);
        }
        for (name, digest) in blobs {
            store.delete_blob(&name, &digest);
            self.remember_swept(&name, &digest);
            touched.insert(name);
        }
        let idle = self.limits.upload_idle.max(self.collections.settings.grace);
        let idle_since = match self.is(Mutant::GcEndsUploads) {
            true => Some(Instant::now()),
            false => Instant::now().checked_sub(idle),
        };
        removed.uploads = idle_since.map_or(0, |since| store.close_uploads_before(since));
        if self.has(Variant::EmptyRepositoriesCollected) {
            touched.iter().for_each(|name| store.forget_empty(name));
        }
        removed
    }
}

/// Decisions that mutants get wrong.
impl Registry {
    /// What a mutant takes for garbage beyond what is.
    fn misjudge(&self, store: &Store, garbage: &mut Garbage) {
        let Some(mutant) = self.mutant() else { return };
        let mut more_blobs = Vec::new();
        let mut more_manifests = Vec::new();
        for (name, digest) in &garbage.manifests {
            let Some(manifest) = store
                .repository(name)
                .and_then(|repository| repository.manifest(digest))
            else {
                continue;
            };
            let blobs = manifest.document.blobs.iter().map(|blob| blob.digest.clone());
            if mutant == Mutant::GcLosesSharedBlobs {
                more_blobs.extend(blobs.map(|blob| (name.clone(), blob)));
            }
        }
        for (name, repository) in store.repositories() {
            let marked = |digest: &Digest| self.memory.recall(&deleted(digest.as_str())).is_some();
            if matches!(mutant, Mutant::GcLosesSharedChildren | Mutant::GcLosesElsewhere) {
                let manifests = repository.manifests().map(|manifest| &manifest.digest);
                more_manifests.extend(
                    manifests
                        .filter(|digest| marked(digest))
                        .map(|digest| (name.clone(), digest.clone())),
                );
            }
            if mutant == Mutant::GcLosesSharedBlobs {
                let blobs = repository.blobs().map(|(digest, _)| digest);
                more_blobs.extend(
                    blobs
                        .filter(|digest| marked(digest))
                        .map(|digest| (name.clone(), digest.clone())),
                );
            }
            if mutant == Mutant::GcLosesMountedBlobs {
                let is_garbage = |digest: &Digest| garbage.blobs.iter().any(|(_, other)| other == digest);
                let blobs = repository.blobs().map(|(digest, _)| digest);
                more_blobs.extend(
                    blobs
                        .filter(|digest| is_garbage(digest))
                        .map(|digest| (name.clone(), digest.clone())),
                );
            }
        }
        garbage.blobs.extend(more_blobs);
        garbage.manifests.extend(more_manifests);
    }
}
