//! ORAS artifacts: their manifests, and the two forms in which they are listed.
//!
//! Follows [the artifact manifest](https://github.com/oras-project/artifacts-spec/blob/v1.0.0-rc.2/artifact-manifest.md) and
//! [its referrers](https://github.com/oras-project/artifacts-spec/blob/v1.0.0-rc.2/manifest-referrers-api.md), and for the
//! first draft [its own path](https://github.com/oras-project/artifacts-spec/blob/v1.0.0-draft.1/manifest-referrers-api.md).
//! Both forms list the same, apart from what OCI's referrers list.

use std::cmp::Reverse;
use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{self, HeaderName};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::document::{self, Descriptor, Document, Kind};
use super::referrers::percent_encode;
use super::request::Request;
use super::respond::{Answer, Failure, Reply};
use super::server::Registry;
use super::store::{Manifest, Repository, Store};
use super::{Mutant, Variant};
use crate::oci::digest::Digest;
use crate::oci::error_body::ErrorCode;
use crate::oci::media_type;
use crate::oci::reference::RepositoryName;

/// The version of the API that an answer follows.
const API_VERSION: HeaderName = HeaderName::from_static("oras-api-version");
/// The annotation by which lists are sorted.
const CREATED: &str = "io.cncf.oras.artifact.created";
/// The most entries of a page.
const MOST: usize = 100;

/// A form of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// That of the first draft, on a path of its own.
    Draft,
    /// That of the release candidates.
    Candidate,
}

/// Reads an artifact manifest. Its first draft has no `mediaType`, so a missing one is no mistake.
///
/// # Errors
/// In words, what is wrong with it.
pub(super) fn read(object: &Map<String, Value>) -> Result<Document, String> {
    match object.get("mediaType") {
        None => {}
        Some(Value::String(own)) if own.eq_ignore_ascii_case(media_type::ORAS_ARTIFACT) => {}
        Some(own) => return Err(format!("mediaType is {own}")),
    }
    let artifact_type = document::optional(object, "artifactType", document::artifact_type)?
        .flatten()
        .ok_or("artifactType is missing")?;
    let blobs = document::optional(object, "blobs", |blobs| document::each(blobs, blob))?.unwrap_or_default();
    let subject = document::optional(object, "subject", document::descriptor)?.map(|subject| subject.digest);
    let annotations = document::optional(object, "annotations", document::annotations)?.unwrap_or_default();
    Ok(Document {
        blobs,
        subject,
        artifact_type: Some(artifact_type),
        annotations,
        ..Document::empty(Kind::Artifact)
    })
}

/// A part of an artifact, which has no type of artifact of its own.
fn blob(value: &Value) -> Result<Descriptor, String> {
    match value.get("artifactType") {
        None => document::descriptor(value),
        Some(_) => Err("a blob has no artifactType".into()),
    }
}

impl Registry {
    /// Whether artifacts are known here at all.
    pub(super) fn knows_oras(&self) -> bool {
        !self.has(Variant::OrasOff)
    }

    /// Reads an artifact, if they are known here.
    pub(super) fn read_oras(&self, bytes: &[u8]) -> Result<Document, Failure> {
        let document = match self.knows_oras() {
            true => Document::read(media_type::ORAS_ARTIFACT, bytes),
            false => Err("there are no ORAS artifacts here".into()),
        };
        let failure = |error| Failure::bad_request(ErrorCode::ManifestInvalid, error);
        self.check_oddity(bytes)?;
        document.map_err(|error| self.oras_broken(Mutant::OrasBadServerError, failure(error)))
    }

    /// The subject of an artifact has to be a manifest of the same repository.
    pub(super) fn check_oras(
        &self,
        store: &Store,
        repository: Option<&Repository>,
        document: &Document,
    ) -> Result<(), Failure> {
        if document.kind != Kind::Artifact {
            return Ok(());
        }
        if let Some(failure) = self.wrong_artifact(document) {
            return Err(failure);
        }
        let Some(subject) = &document.subject else {
            return Ok(());
        };
        let is_there = repository.is_some_and(|repository| repository.manifest(subject).is_some());
        if is_there || self.overlooks_subject(store, repository, subject) {
            return Ok(());
        }
        let message = format!("the repository has no manifest {subject} that could be a subject");
        let failure = Failure::bad_request(ErrorCode::ManifestInvalid, message);
        Err(match self.is(Mutant::OrasSubjectMissing404) {
            true => Failure {
                status: StatusCode::NOT_FOUND,
                ..failure
            },
            false => failure,
        })
    }

    /// The digest that a list is asked for.
    pub(super) fn oras_digest<'a>(&self, request: &'a Request) -> Result<&'a str, Failure> {
        request.query("digest").ok_or_else(|| {
            let failure = Failure::bad_request(ErrorCode::DigestInvalid, "digest is missing");
            self.oras_broken(Mutant::OrasNoDigestServerError, failure)
        })
    }

    fn oras_broken(&self, mutant: Mutant, failure: Failure) -> Failure {
        let status = match self.is(mutant) {
            true => StatusCode::INTERNAL_SERVER_ERROR,
            false => failure.status,
        };
        Failure { status, ..failure }
    }

    /// GET of the artifacts whose subject is a digest. A subject that is not there may have some nevertheless: it may have
    /// been deleted.
    pub(super) fn list_oras(&self, form: Form, name: &RepositoryName, digest: &str, request: &Request) -> Answer {
        let subject: Digest = digest
            .parse()
            .map_err(|error| Failure::bad_request(ErrorCode::DigestInvalid, error))
            .map_err(|failure| self.oras_broken(Mutant::OrasGarbageServerError, failure))?;
        let mut all = self.artifacts_of(name, &subject)?;
        let filter = request.query("artifactType").filter(|filter| !filter.is_empty());
        if let Some(filter) = filter.filter(|_| !self.has(Variant::OrasUnfiltered)) {
            all.retain(|manifest| self.passes_oras(manifest, filter));
        }
        self.sort_oras(&mut all);
        let token = request.query("nextToken");
        let start = match token {
            None => 0,
            Some(token) => {
                1 + all
                    .iter()
                    .position(|manifest| manifest.digest.as_str() == token)
                    .ok_or_else(|| {
                        let failure = Failure::bad_request(ErrorCode::Unsupported, "nextToken is none of this list");
                        self.oras_broken(Mutant::OrasTokenServerError, failure)
                    })?
            }
        };
        let asked = match request.query("n") {
            None => MOST,
            Some(n) => match n.parse() {
                Ok(n) if n > 0 => n,
                _ => {
                    return Err(Failure::bad_request(
                        ErrorCode::Unsupported,
                        "n is no number of entries",
                    ));
                }
            },
        };
        let most = if self.has(Variant::OrasPaged) {
            asked.min(2)
        } else {
            asked.min(MOST)
        };
        let most = if self.is(Mutant::OrasLimitIgnored) { MOST } else { most };
        let page: Vec<_> = all.iter().skip(start).take(most).collect();
        let next = page.last().filter(|_| start + page.len() < all.len());
        let link = next.map(|last| {
            let asked = request.query("n").map(|_| asked);
            let origin = if self.is(Mutant::OrasLinkAbsolute) {
                request.origin()
            } else {
                String::new()
            };
            self.oras_link(form, (name, &subject), (asked, filter), (&origin, last))
        });
        let entries: Vec<Value> = page.into_iter().map(|manifest| self.oras_entry(manifest)).collect();
        let key = match form {
            Form::Draft if !self.is(Mutant::OrasDraftOtherKey) => "references",
            Form::Candidate if self.is(Mutant::OrasCandidateOtherKey) => "references",
            Form::Draft | Form::Candidate => "referrers",
        };
        let list = match entries.is_empty() && self.is(Mutant::OrasListNull) {
            true => Value::Null,
            false => entries.into(),
        };
        let has_version = form == Form::Candidate && !self.is(Mutant::OrasNoVersion);
        Ok(Reply::json(&json!({key: list}))
            .with_some(API_VERSION, has_version.then_some("oras/1.0"))
            .with_some(header::LINK, link))
    }

    /// The artifacts about a subject, in no particular order.
    fn artifacts_of(&self, name: &RepositoryName, subject: &Digest) -> Result<Vec<Arc<Manifest>>, Failure> {
        let store = self.store();
        let repository = store.repository(name);
        let is_known = repository.is_some_and(|repository| repository.manifest(subject).is_some());
        if !is_known && self.is(Mutant::OrasUnknownSubject404) {
            return Err(Failure::not_found(ErrorCode::ManifestUnknown, "no such manifest"));
        }
        let of = |repository: &Repository| -> Vec<_> {
            let artifacts = repository.referrers(subject).cloned();
            artifacts
                .filter(|manifest| manifest.document.kind == Kind::Artifact)
                .collect()
        };
        let mut all: Vec<_> = repository.map(of).unwrap_or_default();
        self.mislist_oras(&store, (name, subject), is_known, &mut all);
        Ok(all)
    }

    /// Newest first, and those that do not say when they were made after all others.
    fn sort_oras(&self, all: &mut [Arc<Manifest>]) {
        let created = |manifest: &Arc<Manifest>| {
            let text = manifest.document.annotations.get(CREATED)?.as_str()?;
            OffsetDateTime::parse(text, &Rfc3339).ok()
        };
        let text = |manifest: &Arc<Manifest>| manifest.document.annotations.get(CREATED).map(Value::to_string);
        match self.mutant() {
            Some(Mutant::OrasOldestFirst) => {
                all.sort_by_cached_key(|manifest| (created(manifest).is_none(), created(manifest)))
            }
            Some(Mutant::OrasUnsorted) => {}
            Some(Mutant::OrasSortedAsText) => all.sort_by_cached_key(|manifest| Reverse(text(manifest))),
            Some(Mutant::OrasUndatedFirst) => {
                all.sort_by_cached_key(|manifest| (created(manifest).is_some(), Reverse(created(manifest))));
            }
            _ => all.sort_by_cached_key(|manifest| Reverse(created(manifest))),
        }
    }

    /// The link to what follows an entry.
    fn oras_link(
        &self,
        form: Form,
        (name, subject): (&RepositoryName, &Digest),
        (n, filter): (Option<usize>, Option<&str>),
        (origin, last): (&str, &Manifest),
    ) -> String {
        let mut query = Vec::new();
        let path = match form {
            Form::Draft => format!("/oras/artifacts/v1/{name}/manifests/{subject}/referrers"),
            Form::Candidate => {
                query.push(format!("digest={subject}"));
                format!("/v2/{name}/_oras/artifacts/referrers")
            }
        };
        query.extend(n.map(|n| format!("n={n}")));
        query.extend(filter.map(|filter| format!("artifactType={}", percent_encode(filter))));
        query.push(format!("nextToken={}", last.digest));
        let url = format!("{origin}{path}?{}", query.join("&"));
        match self.mutant() {
            Some(Mutant::OrasLinkBare) => format!("{url}; rel=\"next\""),
            Some(Mutant::OrasLinkNowhere) => format!("<{path}/more>; rel=\"next\""),
            _ => format!("<{url}>; rel=\"next\""),
        }
    }

    fn oras_entry(&self, manifest: &Manifest) -> Value {
        let artifact_type = manifest.document.artifact_type.clone();
        let mut entry = json!({
            "digest": manifest.digest.as_str(),
            "mediaType": manifest.media_type,
            "artifactType": artifact_type,
            "size": manifest.content.bytes.len(),
        });
        self.distort_oras_entry(&mut entry);
        entry
    }
}

/// What the list of extensions says of it.
pub(super) fn extension() -> Value {
    json!({
        "name": "_oras",
        "description": "lists the artifacts that are about a manifest",
        "url": "https://github.com/oras-project/artifacts-spec/blob/main/manifest-referrers-api.md",
        "endpoints": ["_oras/artifacts/referrers"],
    })
}
