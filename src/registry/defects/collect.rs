//! Defects of the collector that show in what is answered: content that is gone and still listed, or back again.

use super::{Seen, server_error};
use crate::oci::digest::Digest;
use crate::oci::error_body::ErrorCode;
use crate::oci::reference::RepositoryName;
use crate::registry::Mutant as M;
use crate::registry::document::Document;
use crate::registry::respond::{Answer, Failure};
use crate::registry::retention::{lost_tag, was_child};
use crate::registry::routes::Route;
use crate::registry::server::Registry;
use crate::registry::store::Store;

/// Under what the number of collections that swept is kept.
const SWEPT: &str = "swept";

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
        (M::GcResurrects, Route::Manifest(name, reference)) if reference.contains(':') && seen.request.method == "DELETE" => {
            memory.remember(hidden(name, reference), "");
            seen.delete_tags(name, reference);
            Some(Ok(crate::registry::respond::Reply::new(hyper::StatusCode::ACCEPTED)))
        }
        (M::GcServerErrors, Route::Manifest(..) | Route::Blob(..)) if seen.registry.collections.is_running() => {
            Some(Err(server_error()))
        }
        (M::GcReferrers404, Route::Referrers(name, digest)) if memory.recall(SWEPT).is_some() => {
            let digest: Digest = digest.parse().ok()?;
            let store = seen.registry.store();
            let is_there = store.repository(name).is_some_and(|repository| repository.manifest(&digest).is_some());
            (!is_there).then(|| Err(Failure::not_found(ErrorCode::ManifestUnknown, "there is no such subject")))
        }
        _ => None,
    }
}

impl Registry {
    /// Whether a manifest is only hidden, and stays in the lists.
    pub(in crate::registry) fn hides_instead(&self, store: &Store, name: &RepositoryName, digest: &Digest) -> bool {
        let Some(mutant) = self.mutant() else { return false };
        self.memory.remember(SWEPT, "");
        let is_referrer = store
            .repository(name)
            .and_then(|repository| repository.manifest(digest))
            .is_some_and(|manifest| manifest.document.subject.is_some());
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

    /// Notes that a manifest lost a tag.
    pub(in crate::registry) fn remember_lost_tag(&self, digest: &Digest) {
        if matches!(self.mutant(), Some(M::GcKeepsSuperseded | M::GcLosesRetagged)) {
            self.memory.remember(lost_tag(digest), "");
        }
    }
}
