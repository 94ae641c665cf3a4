//! Defects of ORAS artifacts and their lists.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header;
use serde_json::{Value, json};

use super::{Seen, server_error};
use crate::oci::digest::Digest;
use crate::oci::error_body::ErrorCode;
use crate::oci::media_type;
use crate::oci::reference::RepositoryName;
use crate::registry::Mutant as M;
use crate::registry::document::{Document, Kind};
use crate::registry::respond::{Answer, Failure, Reply};
use crate::registry::routes::Route;
use crate::registry::server::Registry;
use crate::registry::store::{Manifest, Repository, Store};

impl Registry {
    /// Why a mutant refuses an artifact that is right.
    pub(in crate::registry) fn wrong_artifact(&self, document: &Document) -> Option<Failure> {
        let refused = match self.mutant()? {
            M::OrasRefused => true,
            M::OrasRootRefused => document.subject.is_none(),
            M::OrasWithoutBlobsRefused => document.blobs.is_empty(),
            M::OrasBlobTypesRefused => document
                .blobs
                .iter()
                .any(|blob| !blob.media_type.starts_with("application/vnd.oci.")),
            _ => false,
        };
        refused.then(|| Failure::new(StatusCode::FORBIDDEN, ErrorCode::ManifestInvalid, "refused"))
    }

    /// Whether a mutant takes an artifact, of ORAS or of the draft, about a subject that it does not have.
    pub(in crate::registry) fn overlooks_subject(
        &self,
        store: &Store,
        repository: Option<&Repository>,
        subject: &Digest,
    ) -> bool {
        let has_blob = || repository.is_some_and(|repository| repository.blob(subject).is_some());
        match self.mutant() {
            Some(M::OrasSubjectMissingAccepted | M::ArtifactDraftSubjectMissingTaken) => !has_blob(),
            Some(M::OrasSubjectBlobAccepted | M::ArtifactDraftSubjectBlobTaken) => has_blob(),
            Some(M::OrasSubjectElsewhereAccepted | M::ArtifactDraftSubjectElsewhereTaken) => store
                .repositories()
                .any(|(_, repository)| repository.manifest(subject).is_some()),
            _ => false,
        }
    }

    /// What a mutant stumbles over in an artifact.
    pub(in crate::registry) fn check_oddity(&self, bytes: &[u8]) -> Result<(), Failure> {
        let has = |name: &str| bytes.windows(name.len()).any(|window| window == name.as_bytes());
        let is_odd = !has("\"mediaType\":\"application/vnd.cncf.oras.artifact.manifest.v1+json\"") || has("\"config\"");
        match self.is(M::OrasOddServerError) && is_odd {
            true => Err(server_error()),
            false => Ok(()),
        }
    }

    /// Whether a mutant has dealt with a deletion of its own way.
    pub(in crate::registry) fn deletes_otherwise(
        &self,
        store: &mut Store,
        name: &RepositoryName,
        manifest: &Manifest,
    ) -> bool {
        let Some(subject) = manifest
            .document
            .subject
            .as_ref()
            .filter(|_| manifest.document.kind == Kind::Artifact)
        else {
            return false;
        };
        if self.is(M::OrasDeletionTakesOthers) {
            let all: Vec<Digest> = store
                .repository(name)
                .into_iter()
                .flat_map(|repository| repository.referrers(subject))
                .map(|manifest| manifest.digest.clone())
                .collect();
            for digest in all {
                store.delete_manifest(name, &digest);
            }
            return true;
        }
        self.is(M::OrasDeletionIgnored)
    }

    /// Whether a mutant hides what an artifact names.
    fn hides(&self, name: &RepositoryName, digest: &str, of: impl Fn(&Document) -> Vec<Digest>) -> bool {
        self.store().repository(name).is_some_and(|repository| {
            let mut artifacts = repository
                .manifests()
                .filter(|manifest| manifest.document.kind == Kind::Artifact);
            artifacts.any(|artifact| of(&artifact.document).iter().any(|named| named.as_str() == digest))
        })
    }

    /// What a mutant makes of the artifacts that are about a subject.
    pub(in crate::registry) fn mislist_oras(
        &self,
        store: &Store,
        (name, subject): (&RepositoryName, &Digest),
        is_known: bool,
        all: &mut Vec<Arc<Manifest>>,
    ) {
        let repository = store.repository(name);
        let subject_kind = repository
            .and_then(|repository| repository.manifest(subject))
            .map(|manifest| manifest.document.kind);
        match self.mutant() {
            Some(M::OrasListForgetsDeleted) if !is_known => all.clear(),
            Some(M::OrasIndexReferrersUnlisted) if subject_kind == Some(Kind::Index) => all.clear(),
            Some(M::OrasChainUnlisted) if subject_kind == Some(Kind::Artifact) => all.clear(),
            Some(M::OrasListsTwice) => all.extend(all.clone()),
            Some(M::OrasListLosesLast) if all.len() > 1 => drop(all.pop()),
            Some(M::OrasListsDescendants) => {
                let deeper: Vec<_> = all
                    .iter()
                    .flat_map(|manifest| {
                        repository
                            .into_iter()
                            .flat_map(|repository| repository.referrers(&manifest.digest))
                    })
                    .cloned()
                    .collect();
                all.extend(deeper);
            }
            Some(M::OrasListsElsewhere) => {
                let elsewhere = store.repositories().filter(|(other, _)| *other != name);
                all.extend(elsewhere.flat_map(|(_, repository)| repository.referrers(subject).cloned()));
            }
            _ => {}
        }
    }

    /// Whether a list for one type has a manifest.
    pub(in crate::registry) fn passes_oras(&self, manifest: &Manifest, filter: &str) -> bool {
        let own = manifest.document.artifact_type.as_deref();
        match self.mutant() {
            Some(M::OrasFilterLosesPlus) => own == Some(filter) && !filter.contains('+'),
            Some(M::OrasFilterEmpty) => false,
            _ => own == Some(filter),
        }
    }

    /// What a mutant makes of an entry.
    pub(in crate::registry) fn distort_oras_entry(&self, entry: &mut Value) {
        match self.mutant() {
            Some(M::OrasEntryNoType) => entry["artifactType"] = Value::Null,
            Some(M::OrasEntrySizeText) => entry["size"] = entry["size"].to_string().into(),
            Some(M::OrasEntryAsImage) => entry["mediaType"] = media_type::OCI_MANIFEST.into(),
            _ => {}
        }
    }
}

/// The answer of a mutant that hides what artifacts name.
pub(super) fn interfere(seen: &Seen<'_>) -> Option<Answer> {
    if !seen.request.method.is_safe() {
        return None;
    }
    let hidden = match (seen.mutant, seen.route) {
        (M::OrasHidesSubject, Route::Manifest(name, digest)) => {
            let subject = |document: &Document| document.subject.iter().cloned().collect();
            seen.registry.hides(name, digest, subject)
        }
        (M::OrasBlobsHidden, Route::Blob(name, digest)) => {
            let blobs = |document: &Document| document.blobs.iter().map(|blob| blob.digest.clone()).collect();
            seen.registry.hides(name, digest, blobs)
        }
        _ => false,
    };
    hidden.then(|| Err(Failure::not_found(ErrorCode::ManifestUnknown, "hidden")))
}

/// What a mutant makes of a list.
pub(super) fn list(seen: &Seen<'_>, reply: Reply) -> Reply {
    match seen.mutant {
        M::OrasListText => reply.set(header::CONTENT_TYPE, "text/plain"),
        _ => reply,
    }
}

/// What a mutant makes of the list of extensions.
pub(super) fn extensions(seen: &Seen<'_>, reply: Reply) -> Reply {
    match seen.mutant {
        M::OrasNotAdvertised => reply.edited(|body| {
            if let Some(list) = body["extensions"].as_array_mut() {
                list.retain(|extension| extension["name"] != "_oras");
            }
        }),
        M::OrasEndpointsEmpty => reply.edited(|body| body["extensions"][1]["endpoints"] = json!([])),
        M::OrasNoUrl => reply.edited(|body| body["extensions"][1]["url"] = Value::Null),
        _ => reply,
    }
}
