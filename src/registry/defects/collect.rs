//! Defects of the collector that show in what is answered: content that is gone and still listed, or back again.

use hyper::StatusCode;

use super::{Seen, server_error};
use crate::oci::digest::Digest;
use crate::oci::error_body::ErrorCode;
use crate::oci::reference::RepositoryName;
use crate::registry::Mutant as M;
use crate::registry::document::Document;
use crate::registry::respond::{Answer, Failure, Reply};
use crate::registry::retention::{deleted, lost_tag, was_child};
use crate::registry::routes::Route;
use crate::registry::server::Registry;
use crate::registry::store::{Manifest, Store};

/// Under what the number of collections that swept is kept.
const SWEPT: &str = "swept";

/// Under what an upload is kept that was open through a collection.
fn stale(id: &str) -> String {
    format!("stale:{id}")
}

fn hidden(name: &RepositoryName, digest: &str) -> String {
    format!("hidden:{name}:{digest}")
}

/// The answer to a request that a collection has spoilt.
pub(super) fn interfere(seen: &Seen<'_>) -> Option<Answer> {
    let memory = &seen.registry.memory;
    match (seen.mutant, seen.route) {
        (M::GcListsLost | M::GcResurrects, Route::Manifest(name, reference)) if seen.request.reads() => {
            let is_hidden = memory.recall(&hidden(name, reference)).is_some();
            let gone = || Failure::not_found(ErrorCode::ManifestUnknown, "it was collected");
            is_hidden.then(|| Err(gone()))
        }
        (M::GcResurrects, Route::Manifest(name, reference))
            if reference.contains(':') && seen.request.method == "DELETE" =>
        {
            memory.remember(hidden(name, reference), "");
            memory.remember(deleted(reference), "");
            seen.delete_tags(name, reference);
            Some(Ok(Reply::new(StatusCode::ACCEPTED)))
        }
        (M::GcServesDeleted, Route::Manifest(name, reference))
            if reference.contains(':') && seen.request.method == "DELETE" =>
        {
            memory.remember(format!("doomed:{name}:{reference}"), "");
            Some(Ok(Reply::new(StatusCode::ACCEPTED)))
        }
        (M::GcNegativeCache, Route::Blob(_, digest)) if seen.request.method == "GET" => {
            let is_lost = memory.recall(&deleted(digest)).is_some();
            is_lost.then(|| Err(Failure::not_found(ErrorCode::BlobUnknown, "it was collected")))
        }
        (M::GcNegativeCache, Route::Manifest(name, reference)) if seen.request.method == "GET" => {
            let manifest = seen.manifest(name, &reference.parse().ok()?)?;
            let is_lost = memory.recall(&deleted(manifest.digest.as_str())).is_some();
            is_lost.then(|| Err(Failure::not_found(ErrorCode::ManifestUnknown, "it was collected")))
        }
        (M::GcUploadsFail | M::GcUploadsLost, Route::Upload(name, id)) if seen.request.method == "PUT" => {
            memory.recall(&stale(id))?;
            if seen.mutant == M::GcUploadsFail {
                return Some(Err(server_error()));
            }
            let location = format!("/v2/{name}/blobs/{}", seen.request.query("digest")?);
            Some(Ok(Reply::new(StatusCode::CREATED).location(location)))
        }
        (M::GcReferrersOff, Route::Referrers(..)) => {
            let is_off = seen.registry.collections.is_running() || memory.recall(SWEPT).is_some();
            is_off.then(|| {
                Err(Failure::not_found(
                    ErrorCode::Unsupported,
                    "there is nothing at this path",
                ))
            })
        }
        (M::GcCyclePoisons, Route::Tags(name)) => memory.recall(&format!("cycle:{name}")).map(|_| Err(server_error())),
        (M::GcDigestTagsFail, Route::Manifest(_, reference)) if seen.request.reads() => {
            let fails = reference.starts_with("sha256-") && reference.contains('.') && memory.recall(SWEPT).is_some();
            fails.then(|| Err(server_error()))
        }
        (M::GcServerErrors, Route::Manifest(..) | Route::Blob(..)) if seen.registry.collections.is_running() => {
            Some(Err(server_error()))
        }
        (M::GcReferrers404, Route::Referrers(name, digest)) if memory.recall(SWEPT).is_some() => {
            let digest: Digest = digest.parse().ok()?;
            let store = seen.registry.store();
            let is_there = store
                .repository(name)
                .is_some_and(|repository| repository.manifest(&digest).is_some());
            (!is_there).then(|| {
                Err(Failure::not_found(
                    ErrorCode::ManifestUnknown,
                    "there is no such subject",
                ))
            })
        }
        _ => None,
    }
}

impl Registry {
    /// Whether a manifest is only hidden, and stays in the lists.
    pub(in crate::registry) fn hides_instead(&self, store: &Store, name: &RepositoryName, digest: &Digest) -> bool {
        let Some(mutant) = self.mutant() else { return false };
        self.memory.remember(SWEPT, "");
        let manifest = store
            .repository(name)
            .and_then(|repository| repository.manifest(digest));
        let is_referrer = manifest.is_some_and(|manifest| manifest.document.subject.is_some());
        let is_cycle = manifest.is_some_and(|manifest| {
            let children = &manifest.document.children;
            children
                .iter()
                .any(|child| Some(&child.digest) == manifest.document.subject.as_ref())
        });
        if is_cycle && mutant == M::GcCyclePoisons {
            self.memory.remember(format!("cycle:{name}"), "");
        }
        let hides = mutant == M::GcListsLost && is_referrer;
        if hides {
            self.memory.remember(hidden(name, digest.as_str()), "");
        }
        hides
    }

    /// Brings back what was deleted.
    pub(in crate::registry) fn reveal_hidden(&self, dry: bool) {
        if self.is(M::GcResurrects) && !dry {
            self.memory.forget_all("hidden:");
        }
    }

    /// Notes a blob that was collected, for the one that does not take it again.
    pub(in crate::registry) fn remember_swept(&self, name: &RepositoryName, digest: &Digest) {
        if self.is(M::GcBlobsStayLost) {
            self.memory.remember(format!("swept:{name}:{digest}"), "");
        }
        if self.is(M::GcNegativeCache) {
            self.memory.remember(deleted(digest.as_str()), "");
        }
    }

    /// What the sweep of a mutant does beside removing garbage.
    pub(in crate::registry) fn sweep_more(&self, store: &mut Store, cutoff: std::time::Instant) {
        match self.mutant() {
            Some(M::GcUploadsFail | M::GcUploadsLost) => {
                for id in store.open_uploads() {
                    self.memory.remember(stale(id), "");
                }
            }
            Some(M::GcServesDeleted) => {
                let is_doomed = |name: &RepositoryName, digest: &Digest| {
                    self.memory.recall(&format!("doomed:{name}:{digest}")).is_some()
                };
                remove(store, |name, manifest| is_doomed(name, &manifest.digest));
            }
            Some(M::GcLosesNewReferrers) => {
                remove(store, |_, manifest| {
                    manifest.document.subject.is_some() && manifest.stored > cutoff
                });
            }
            _ => {}
        }
    }

    /// Whether a blob that comes again is taken for one that is there.
    pub(in crate::registry) fn swallows(&self, name: &RepositoryName, digest: &Digest) -> bool {
        self.is(M::GcBlobsStayLost) && self.memory.recall(&format!("swept:{name}:{digest}")).is_some()
    }

    /// Notes what a manifest names and which manifest a tag leaves, for those that go by it.
    pub(in crate::registry) fn remember_references(&self, document: &Document) {
        if matches!(self.mutant(), Some(M::GcKeepsUntagged | M::GcKeepsBlobs)) {
            for descriptor in document.blobs.iter().chain(&document.children) {
                self.memory.remember(was_child(&descriptor.digest), "");
            }
        }
    }

    /// Notes what a deleted manifest was, and what it listed.
    pub(in crate::registry) fn remember_deleted(&self, manifest: &Manifest) {
        match self.mutant() {
            Some(M::GcLosesElsewhere | M::GcNegativeCache) => {
                self.memory.remember(deleted(manifest.digest.as_str()), "")
            }
            Some(M::GcLosesSharedBlobs) => {
                for blob in &manifest.document.blobs {
                    self.memory.remember(deleted(blob.digest.as_str()), "");
                }
            }
            Some(M::GcLosesSharedChildren) => {
                for child in &manifest.document.children {
                    self.memory.remember(deleted(child.digest.as_str()), "");
                }
            }
            _ => {}
        }
    }

    /// Notes that a manifest lost a tag.
    pub(in crate::registry) fn remember_lost_tag(&self, digest: &Digest) {
        if matches!(self.mutant(), Some(M::GcKeepsSuperseded | M::GcLosesRetagged)) {
            self.memory.remember(lost_tag(digest), "");
        }
    }
}

fn remove(store: &mut Store, wanted: impl Fn(&RepositoryName, &Manifest) -> bool) {
    let mut all = Vec::new();
    for (name, repository) in store.repositories() {
        let wanted = repository.manifests().filter(|manifest| wanted(name, manifest));
        all.extend(wanted.map(|manifest| (name.clone(), manifest.digest.clone())));
    }
    for (name, digest) in all {
        store.delete_manifest(&name, &digest);
    }
}
