//! Defects of the drafts before ORAS.

use std::sync::Arc;

use hyper::header;
use serde_json::{Value, json};

use super::{Seen, server_error};
use crate::oci::digest::Digest;
use crate::oci::error_body::ErrorCode;
use crate::oci::media_type::JSON;
use crate::oci::reference::RepositoryName;
use crate::registry::Mutant as M;
use crate::registry::document::{Descriptor, Document, Kind};
use crate::registry::drafts::{OBJECT_SIGNED, has_type};
use crate::registry::respond::{Answer, Failure, Reply};
use crate::registry::routes::Route;
use crate::registry::server::Registry;
use crate::registry::store::{Manifest, Repository, Store};

/// Members that an artifact or an object manifest and its objects may have by the drafts.
const KNOWN: [&str; 16] = [
    "schemaVersion",
    "mediaType",
    "artifactType",
    "blobs",
    "config",
    "manifests",
    "subjectManifest",
    "annotations",
    "objects",
    "type",
    "version",
    "relation",
    "filters",
    "filter",
    "components",
    "descriptor",
];

impl Registry {
    /// What a mutant makes of a manifest that was read, or was not.
    pub(in crate::registry) fn wrong_draft(
        &self,
        media_type: &str,
        bytes: &[u8],
        document: Result<Document, String>,
    ) -> Result<Document, String> {
        let Some(mutant) = self.mutant() else { return document };
        let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
        match (&document, mutant) {
            (Err(_), M::ArtifactDraftTypelessTaken) if value.get("objects").is_none() && value.is_object() => {
                Ok(Document::empty(Kind::ArtifactDraft))
            }
            (Err(_), M::ObjectDraftVersionless) if value.get("schemaVersion").is_none() && value.is_object() => {
                Ok(Document::empty(Kind::Object))
            }
            (Err(_), M::ObjectDraftOtherTypeTaken) if value["mediaType"] != media_type && value.is_object() => {
                Ok(Document::empty(Kind::Object))
            }
            (Ok(read), _) if refuses(mutant, read, &value) => Err("refused".into()),
            _ => document,
        }
    }

    /// What a mutant says to a manifest that it refuses.
    pub(in crate::registry) fn draft_broken(&self, media_type: &str, bytes: &[u8], failure: Failure) -> Failure {
        let is_json = serde_json::from_slice::<Value>(bytes).is_ok();
        match self.mutant() {
            Some(M::ObjectDraftSignedServerError) if media_type == OBJECT_SIGNED => server_error(),
            Some(M::ObjectDraftBrokenServerError) if media_type != OBJECT_SIGNED && !is_json => server_error(),
            _ => failure,
        }
    }

    /// What a mutant makes of the artifacts that are about a manifest.
    pub(in crate::registry) fn mislist_draft(
        &self,
        store: &Store,
        (name, subject): (&RepositoryName, &Digest),
        all: &mut Vec<Arc<Manifest>>,
    ) {
        let of = |repository: &Repository, digest: &Digest| repository.referrers(digest).cloned().collect::<Vec<_>>();
        let repository = store.repository(name);
        match self.mutant() {
            Some(M::ArtifactDraftLosesLast) if all.len() > 1 => drop(all.pop()),
            Some(M::ArtifactDraftOneTarget) => {
                all.retain(|manifest| manifest.document.subject.as_ref() == Some(subject));
            }
            Some(M::ArtifactDraftTaggedUnlisted) => all.retain(|manifest| {
                let mut tags = repository.into_iter().flat_map(|repository| {
                    let tagged = repository.tags().filter_map(|tag| repository.tag(tag));
                    tagged.map(|tagged| &tagged.digest)
                });
                !tags.any(|digest| *digest == manifest.digest)
            }),
            Some(M::ArtifactDraftListsDescendants) => {
                let deeper = all.iter().flat_map(|manifest| {
                    let of_it = repository.map(|repository| of(repository, &manifest.digest));
                    of_it.unwrap_or_default()
                });
                let deeper: Vec<_> = deeper.collect();
                all.extend(deeper);
            }
            Some(M::ArtifactDraftListsElsewhere) => {
                let others = store.repositories().filter(|(other, _)| *other != name);
                all.extend(others.flat_map(|(_, repository)| of(repository, subject)));
            }
            _ => {}
        }
    }

    /// What a mutant makes of an entry.
    pub(in crate::registry) fn distort_draft_entry(&self, entry: &mut Value) {
        let members = entry.as_object_mut();
        match self.mutant() {
            Some(M::ArtifactDraftEntryBare) => drop(members.and_then(|members| members.remove("manifest"))),
            Some(M::ArtifactDraftEntryOfSubject) => {
                entry["digest"] = entry["manifest"]["subjectManifest"]["digest"].clone();
            }
            Some(M::ArtifactDraftEntrySpilled) => {
                for name in ["blobs", "subjectManifest", "annotations"] {
                    let manifest = entry["manifest"].as_object_mut();
                    if let Some(member) = manifest.and_then(|manifest| manifest.remove(name)) {
                        entry[name] = member;
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether a mutant hides what objects refer to.
    fn hides_parts(&self, name: &RepositoryName, digest: &str) -> bool {
        if !self.is(M::ObjectDraftPartsHidden) && !self.is(M::ObjectDraftSecondHidden) {
            return false;
        }
        let store = self.store();
        let is_part = |manifest: &Arc<Manifest>| {
            let Document {
                kind, blobs, children, ..
            } = &manifest.document;
            let is_meant = |part: &Descriptor| part.digest.as_str() == digest;
            let is_hidden = match self.is(M::ObjectDraftPartsHidden) {
                true => blobs.iter().chain(children).any(is_meant),
                false => blobs.iter().skip(1).any(is_meant),
            };
            *kind == Kind::Object && is_hidden
        };
        let repository = store.repository(name);
        repository.is_some_and(|repository| repository.manifests().any(is_part))
    }

    /// The digests that a mutant finds in the text of an object manifest.
    pub(in crate::registry) fn named_digests(&self, manifest: &Manifest) -> Vec<Digest> {
        if !self.is(M::GcKeepsNamedByObjects) || manifest.document.kind != Kind::Object {
            return Vec::new();
        }
        let text = String::from_utf8_lossy(&manifest.content.bytes).into_owned();
        text.split('"').filter_map(|part| part.parse().ok()).collect()
    }
}

/// Whether a mutant refuses a manifest that is right.
fn refuses(mutant: M, document: &Document, value: &Value) -> bool {
    let is_artifact = document.kind == Kind::ArtifactDraft;
    let object = &value["objects"][0];
    let components = || object["components"].as_array().into_iter().flatten();
    let is_strange = |value: &Value| {
        let members = value.as_object().into_iter().flatten();
        members
            .map(|(name, _)| name)
            .any(|name| !KNOWN.contains(&name.as_str()))
    };
    match mutant {
        M::DraftRefusedStored => true,
        M::ArtifactDraftRefused => is_artifact,
        M::ArtifactDraftBlobTypesRefused => {
            let is_foreign = |media_type: &str| !media_type.starts_with("application/vnd.oci.");
            is_artifact && document.blobs.iter().any(|blob| is_foreign(&blob.media_type))
        }
        M::ArtifactDraftWithoutBlobsRefused => is_artifact && document.blobs.is_empty(),
        M::ArtifactDraftStrangeRefused => is_artifact && is_strange(value),
        M::ObjectDraftVersionNumber => !is_artifact && value["schemaVersion"].is_string(),
        M::ObjectDraftStrangeRefused => !is_artifact && is_strange(object),
        M::ObjectDraftLinklessChecked => {
            components().any(|component| component.get("rtype").is_none() && component.get("descriptor").is_some())
        }
        M::ObjectDraftTwiceRefused => {
            let mut digests: Vec<&Value> = components()
                .map(|component| &component["descriptor"]["digest"])
                .collect();
            let all = digests.len();
            digests.sort_by_key(|digest| digest.to_string());
            digests.dedup();
            digests.len() < all
        }
        M::ObjectDraftBlobsFirst => {
            let mut kinds = components().filter_map(|component| component["rtype"].as_str());
            kinds.any(|kind| kind == "reference") && kinds.any(|kind| kind == "blob")
        }
        _ => false,
    }
}

/// The answer of a mutant that does not get as far as the handler.
pub(super) fn interfere(seen: &Seen<'_>) -> Option<Answer> {
    if let Route::Blob(name, digest) | Route::Manifest(name, digest) = seen.route
        && seen.request.method.is_safe()
        && seen.registry.hides_parts(name, digest)
    {
        return Some(Err(Failure::not_found(ErrorCode::ManifestUnknown, "hidden")));
    }
    let Route::Manifest(name, reference) = seen.route else {
        return None;
    };
    let content_type = seen.request.header(header::CONTENT_TYPE).unwrap_or_default();
    if seen.mutant == M::ObjectDraftByTagRefused {
        let is_tag = !reference.contains(':');
        let is_push = seen.request.method == hyper::Method::PUT && content_type.contains(".object.");
        let refused = Failure::bad_request(ErrorCode::ManifestInvalid, "objects have no tags");
        return (is_tag && is_push).then_some(Err(refused));
    }
    if seen.mutant != M::ArtifactDraftHidesSubject || !seen.request.method.is_safe() {
        return None;
    }
    let store = seen.registry.store();
    let repository = store.repository(name)?;
    let is_about = |manifest: &Arc<Manifest>| {
        let document = &manifest.document;
        document.kind == Kind::ArtifactDraft && document.about().any(|digest| digest.as_str() == reference)
    };
    let hidden = repository.manifests().any(is_about);
    hidden.then(|| Err(Failure::not_found(ErrorCode::ManifestUnknown, "hidden")))
}

/// What a mutant makes of a manifest that is pulled.
pub(super) fn manifest(seen: &Seen<'_>, reply: Reply) -> Reply {
    let content_type = reply.text(header::CONTENT_TYPE).unwrap_or_default();
    let is_object = content_type.contains(".object.");
    if !has_type(&content_type) {
        return reply;
    }
    match seen.mutant {
        M::ArtifactDraftRewritten if !is_object => reply.edited(|body| body["blobs"] = Value::Null),
        M::ArtifactDraftServedAsJson if !is_object => reply.set(header::CONTENT_TYPE, JSON),
        M::ObjectDraftRewritten if is_object => reply.edited(|body| body["annotations"] = json!({})),
        M::ObjectDraftServedAsJson if is_object => reply.set(header::CONTENT_TYPE, JSON),
        _ => reply,
    }
}
