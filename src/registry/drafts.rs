//! Drafts that came before ORAS: the artifact manifest with the list of what is about a manifest, and the object manifest.
//!
//! Follows [the artifact manifest](https://github.com/opencontainers/artifacts/pull/29) in its two late forms, whose lists
//! stand at different paths, and [the object manifest](https://github.com/opencontainers/artifacts/pull/37) in its three. One
//! media type is shared by both; the members tell which of them a document is.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::document::{self, Descriptor, Document, Kind};
use super::manifests::find_manifest;
use super::referrers::percent_encode;
use super::request::Request;
use super::respond::{Answer, Failure, Reply};
use super::server::Registry;
use super::store::{Manifest, Repository, Store};
use super::{Mutant, Variant};
use crate::oci::digest::Digest;
use crate::oci::error_body::ErrorCode;
use crate::oci::media_type::{OCI_ARTIFACT_WITHDRAWN, OCI_DISTRIBUTION_DRAFT, OCI_OBJECT_DRAFT};
use crate::oci::reference::{Reference, RepositoryName};

/// The type that examples of the artifact manifest have.
const ARTIFACT_CANDIDATE: &str = "application/vnd.oci.artifact.manifest.v1-rc1+json";
/// The signed form of the object manifest, which is not taken here.
pub(super) const OBJECT_SIGNED: &str = "application/vnd.oci.object.manifest.v1+jwt";
/// Entries of a page, unless another number is asked for.
const USUAL: usize = 10;
/// The most entries of a page.
const MOST: usize = 100;

/// A form of the list of what is about a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `v1`: references, of a digest or a tag.
    References,
    /// `v1-rc1`: referrers, of a digest.
    Referrers,
}

impl Form {
    /// The path below the extension's.
    fn path(self, name: &RepositoryName, reference: &str) -> String {
        match self {
            Self::References => format!("/v2/_ext/oci-artifacts/v1/{name}/manifests/{reference}/references"),
            Self::Referrers => format!("/v2/_ext/oci-artifacts/v1-rc1/{name}/manifests/{reference}/referrers"),
        }
    }
}

/// Whether a manifest of this type belongs to one of the drafts.
pub(super) fn has_type(media_type: &str) -> bool {
    let types = [
        OCI_ARTIFACT_WITHDRAWN,
        ARTIFACT_CANDIDATE,
        OCI_OBJECT_DRAFT,
        OCI_DISTRIBUTION_DRAFT,
    ];
    types.contains(&media_type)
}

/// Reads a manifest of one of the drafts.
///
/// # Errors
/// In words, what is wrong with it.
pub(super) fn read(media_type: &str, object: &Map<String, Value>) -> Result<Document, String> {
    match object.get("mediaType") {
        Some(Value::String(own)) if own.eq_ignore_ascii_case(media_type) => {}
        Some(own) => return Err(format!("mediaType is {own}")),
        None => return Err("mediaType is missing".into()),
    }
    let is_artifact =
        media_type == ARTIFACT_CANDIDATE || media_type == OCI_ARTIFACT_WITHDRAWN && !object.contains_key("objects");
    match is_artifact {
        true => read_artifact(object),
        false => read_objects(media_type, object),
    }
}

/// Reads an artifact. What release candidates of OCI made of it later is another manifest, which is not taken here.
fn read_artifact(object: &Map<String, Value>) -> Result<Document, String> {
    if !matches!(object.get("schemaVersion").and_then(Value::as_u64), Some(1..=3)) {
        return Err("schemaVersion is none of 1, 2 and 3".into());
    }
    if object.contains_key("subject") || object.contains_key("refers") {
        return Err("it is about something in a form that is not supported".into());
    }
    // Its own examples are no media types.
    let artifact_type = object.get("artifactType").and_then(Value::as_str).unwrap_or_default();
    if artifact_type.is_empty() {
        return Err("artifactType is missing".into());
    }
    let config = document::optional(object, "config", document::descriptor)?;
    let blobs = document::optional(object, "blobs", |blobs| document::each(blobs, document::descriptor))?;
    let subject = document::optional(object, "subjectManifest", document::descriptor)?;
    let subjects = document::optional(object, "manifests", |list| document::each(list, document::descriptor))?;
    let mut about = subject.into_iter().chain(subjects.into_iter().flatten());
    Ok(Document {
        blobs: config.into_iter().chain(blobs.into_iter().flatten()).collect(),
        subject: about.next().map(|subject| subject.digest),
        also_about: about.map(|subject| subject.digest).collect(),
        artifact_type: Some(artifact_type.to_owned()),
        annotations: document::optional(object, "annotations", document::annotations)?.unwrap_or_default(),
        ..Document::empty(Kind::ArtifactDraft)
    })
}

/// Reads an object manifest: the links of its components, in whatever order, and nothing else.
fn read_objects(media_type: &str, object: &Map<String, Value>) -> Result<Document, String> {
    let version = object.get("schemaVersion").ok_or("schemaVersion is missing")?;
    if version.as_u64().is_none() && !version.is_string() {
        return Err("schemaVersion is neither a number nor a text".into());
    }
    let (name, reference) = match media_type {
        OCI_ARTIFACT_WITHDRAWN => ("type", "manifest"),
        _ => ("rtype", "reference"),
    };
    let mut document = Document::empty(Kind::Object);
    let mut read_component = |component: &Value| {
        let kind = match component.get(name) {
            None => return Ok(()),
            Some(kind) => kind.as_str().unwrap_or_default(),
        };
        let link = link(component.get("descriptor").ok_or("has no descriptor")?)?;
        match kind {
            "blob" => document.blobs.push(link),
            kind if kind == reference => document.children.push(link),
            other => return Err(format!("refers to a {other:?}")),
        }
        Ok(())
    };
    let objects = object.get("objects").cloned().unwrap_or_else(|| json!([]));
    for object in objects.as_array().ok_or("objects is not an array")? {
        let is_named = ["type", "artifactType"].iter().any(|name| object.get(name).is_some());
        if !is_named {
            return Err("an object has no type".into());
        }
        if let Some(components) = object.get("components") {
            for component in components.as_array().ok_or("components is not an array")? {
                read_component(component).map_err(|error| format!("a component {error}"))?;
            }
        }
    }
    Ok(document)
}

/// What a server reads of a descriptor.
fn link(value: &Value) -> Result<Descriptor, String> {
    let digest = value.get("digest").and_then(Value::as_str).ok_or("has no digest")?;
    let digest = digest.parse().map_err(|error| format!("has a bad digest: {error}"))?;
    let size = value.get("size").and_then(Value::as_u64).ok_or("has no size")?;
    let media_type = value.get("mediaType").and_then(Value::as_str).unwrap_or_default();
    Ok(Descriptor {
        media_type: media_type.to_owned(),
        digest,
        size: Some(size),
    })
}

impl Registry {
    /// Whether the drafts are known here at all.
    pub(super) fn knows_drafts(&self) -> bool {
        !self.has(Variant::DraftsOff) && !self.has(Variant::AnyManifestType)
    }

    /// Reads a manifest of one of the drafts, if they are known here.
    pub(super) fn read_draft(&self, media_type: &str, bytes: &[u8]) -> Result<Document, Failure> {
        let document = match self.knows_drafts() {
            true => Document::read(media_type, bytes),
            false => Err("there are no such drafts here".into()),
        };
        self.wrong_draft(media_type, bytes, document).map_err(|error| {
            let failure = Failure::bad_request(ErrorCode::ManifestInvalid, error);
            self.draft_broken(media_type, bytes, failure)
        })
    }

    /// What an artifact is about has to be manifests of the same repository, and what an object refers to as manifests has
    /// to be manifests.
    pub(super) fn check_draft(
        &self,
        store: &Store,
        repository: Option<&Repository>,
        document: &Document,
    ) -> Result<(), Failure> {
        let is_there = |digest: &Digest| repository.is_some_and(|repository| repository.manifest(digest).is_some());
        let missing = match document.kind {
            Kind::Image | Kind::Index | Kind::Artifact | Kind::FirstSchema => None,
            Kind::Object if self.has(Variant::MissingReferencesAccepted) => None,
            Kind::Object if self.is(Mutant::ObjectDraftAnyLinkTaken) => None,
            Kind::Object => {
                let children = document.children.iter().map(|child| &child.digest);
                children.into_iter().find(|digest| !is_there(digest))
            }
            Kind::ArtifactDraft => document
                .about()
                .find(|digest| !is_there(digest) && !self.overlooks_subject(store, repository, digest)),
        };
        match missing {
            Some(digest) => {
                let message = format!("{digest} is no manifest of the repository");
                Err(Failure::bad_request(ErrorCode::ManifestInvalid, message))
            }
            None => Ok(()),
        }
    }

    /// GET of what is about a manifest. A digest of nothing has nothing about it; a tag of nothing is unknown.
    pub(super) fn list_draft(&self, form: Form, name: &RepositoryName, reference: &str, request: &Request) -> Answer {
        let malformed = |error: &dyn std::fmt::Display| Failure::bad_request(ErrorCode::DigestInvalid, error);
        let parsed: Reference = reference.parse().map_err(|error| malformed(&error))?;
        let subject = match (&parsed, form) {
            (Reference::Digest(digest), _) => digest.clone(),
            (Reference::Tag(_), Form::Referrers) => return Err(malformed(&"a digest is needed")),
            (Reference::Tag(_), Form::References) => match self.draft_tag(name, &parsed)? {
                Some(digest) => digest,
                None => return Ok(Reply::json(&json!({"tag": reference, "references": []}))),
            },
        };
        let mut all: Vec<Arc<Manifest>> = {
            let store = self.store();
            let repository = store.repository(name);
            let referrers = repository
                .into_iter()
                .flat_map(|repository| repository.referrers(&subject));
            let mut all = referrers
                .filter(|manifest| manifest.document.kind == Kind::ArtifactDraft)
                .cloned()
                .collect();
            self.mislist_draft(&store, (name, &subject), &mut all);
            all
        };
        // The text says artifactType, the first implementation artifact-type.
        let filter = request.query("artifactType").or_else(|| request.query("artifact-type"));
        if let Some(filter) = filter {
            let passes = |manifest: &Arc<Manifest>| manifest.document.artifact_type.as_deref() == Some(filter);
            all.retain(|manifest| passes(manifest) && !self.is(Mutant::ArtifactDraftFilterEmpty));
        }
        let most = match request.query("n").map(str::parse::<usize>) {
            None if self.is(Mutant::ArtifactDraftAllAtOnce) => usize::MAX,
            None => USUAL,
            Some(Ok(n)) if n > 0 => n.min(MOST),
            Some(_) => {
                return Err(Failure::bad_request(
                    ErrorCode::Unsupported,
                    "n is no number of entries",
                ));
            }
        };
        let after = request.query("after").unwrap_or_default();
        let mut rest = all.iter().skip_while(|manifest| manifest.digest.as_str() <= after);
        let page: Vec<&Arc<Manifest>> = rest.by_ref().take(most).collect();
        let mut answer =
            json!({"references": page.iter().map(|manifest| self.draft_entry(manifest)).collect::<Vec<_>>()});
        if form == Form::References {
            answer[if parsed.tag().is_some() { "tag" } else { "digest" }] = reference.into();
        }
        if let (Some(_), Some(last)) = (rest.next(), page.last()) {
            let filter = filter.map(|filter| format!("&artifactType={}", percent_encode(filter)));
            let query = format!("?n={most}{}&after={}", filter.unwrap_or_default(), last.digest);
            let path = match self.is(Mutant::ArtifactDraftNextNowhere) {
                true => "/v2/_ext/oci-artifacts/next".into(),
                false => form.path(name, reference),
            };
            answer["@nextLink"] = format!("{path}{query}").into();
        }
        if page.is_empty() && self.is(Mutant::ArtifactDraftListsNull) {
            answer["references"] = Value::Null;
        }
        Ok(Reply::json(&answer))
    }

    /// Where a tag leads for a list; nowhere for a mutant that does not know that it has to be there.
    fn draft_tag(&self, name: &RepositoryName, tag: &Reference) -> Result<Option<Digest>, Failure> {
        let found = find_manifest(&self.store(), name, tag).map(|manifest| Some(manifest.digest.clone()));
        match self.mutant() {
            Some(Mutant::ArtifactDraftTagUnknown) => {
                Err(Failure::not_found(ErrorCode::ManifestUnknown, "tags are not looked up"))
            }
            Some(Mutant::ArtifactDraftUnknownTagEmpty) => Ok(found.ok().flatten()),
            _ => found,
        }
    }

    fn draft_entry(&self, manifest: &Manifest) -> Value {
        let document: Value = serde_json::from_slice(&manifest.content.bytes).unwrap_or_default();
        let mut entry = json!({"digest": manifest.digest.as_str(), "manifest": document});
        self.distort_draft_entry(&mut entry);
        entry
    }
}
