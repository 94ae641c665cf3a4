//! Where mutants act that need no place of their own in the plain registry: before a request is handled, when it is
//! refused, and after it was answered.
//!
//! Nothing here is reached without a mutant, so whoever reads the plain registry can leave this folder out. Each defect is
//! one arm of a `match`, in the file of the area it belongs to.

mod auth;
mod before;
mod cache;
mod collect;
mod deep;
mod deletions;
mod documents;
mod drafts;
mod failed;
mod flows;
mod hardening;
mod http;
mod inside;
mod legacy;
mod lists;
mod memory;
mod oras;
mod pull;
mod push;
mod race;
mod scale;
mod wire;

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue};
use serde_json::Value;

use super::Mutant;
use super::request::Request;
use super::respond::{Answer, Failure, Reply};
use super::routes::Route;
use super::server::Registry;
use super::store::Manifest;
use crate::oci::digest::Digest;
use crate::oci::error_body::ErrorCode;
use crate::oci::reference::{Reference, RepositoryName, Tag};

pub(super) use cache::Cache;
pub(super) use memory::Memory;
pub(super) use wire::{HEAD_WITH_BODY, Relabel};

/// A request, where it went, and the defect.
struct Seen<'a> {
    registry: &'a Registry,
    mutant: Mutant,
    route: &'a Route,
    request: &'a Request,
}

impl Registry {
    /// The answer of a mutant that does not get as far as the handler.
    pub(super) fn interfere(&self, route: &Route, request: &Request) -> Option<Answer> {
        let seen = Seen {
            registry: self,
            mutant: self.mutant()?,
            route,
            request,
        };
        collect::interfere(&seen)
            .or_else(|| deep::interfere(&seen))
            .or_else(|| hardening::interfere(&seen))
            .or_else(|| oras::interfere(&seen))
            .or_else(|| drafts::interfere(&seen))
            .or_else(|| legacy::interfere(&seen))
            .or_else(|| before::interfere(&seen))
    }

    /// What a mutant makes of an answer.
    pub(super) fn distort(&self, route: &Route, request: &Request, answer: Answer) -> Answer {
        let Some(mutant) = self.mutant() else { return answer };
        let seen = Seen {
            registry: self,
            mutant,
            route,
            request,
        };
        let reply = match hardening::answer(&seen, cache::answer(&seen, answer)) {
            Ok(reply) => reply,
            Err(failure) => flows::refused(&seen, failure).or_else(|failure| failed::replace(&seen, failure))?,
        };
        let reply = scale::answer(&seen, deep::answer(&seen, reply)?);
        let reply = match route {
            Route::Extensions => oras::extensions(&seen, auth::other(&seen, reply)),
            Route::Ping | Route::Token => auth::other(&seen, reply),
            Route::Oras(..) => oras::list(&seen, reply),
            Route::Blob(..) => pull::blob(&seen, reply),
            Route::Manifest(_, reference) if request.method.is_safe() => {
                let reply = legacy::manifest(&seen, reference, drafts::manifest(&seen, reply));
                pull::manifest(&seen, reference, flows::manifest(&seen, reply))
            }
            Route::Manifest(_, reference) => push::manifest(&seen, reference, reply),
            Route::Uploads(name) => push::uploads(&seen, name, reply),
            Route::Upload(name, id) => push::upload(&seen, name, id, reply),
            Route::Tags(name) => lists::tags(&seen, name, reply),
            Route::Referrers(..) => flows::referrers(&seen, lists::referrers(&seen, reply))?,
            Route::Catalog | Route::Draft(..) | Route::BadName(_) | Route::Unknown => reply,
        };
        Ok(reply)
    }

    /// What a mutant makes of any answer at all.
    pub(super) fn disfigure(&self, route: &Route, request: &Request, reply: Reply) -> Reply {
        match self.mutant() {
            Some(mutant) => {
                let seen = Seen {
                    registry: self,
                    mutant,
                    route,
                    request,
                };
                http::any(&seen, hardening::any(&seen, auth::any(&seen, reply)))
            }
            None => reply,
        }
    }
}

/// What mutants look up in what the registry holds.
impl Seen<'_> {
    fn has_blob(&self, name: &RepositoryName, digest: &Digest) -> bool {
        self.registry
            .store()
            .repository(name)
            .is_some_and(|repository| repository.blob(digest).is_some())
    }

    fn manifest(&self, name: &RepositoryName, reference: &Reference) -> Option<Arc<Manifest>> {
        let store = self.registry.store();
        let repository = store.repository(name)?;
        let digest = match reference {
            Reference::Digest(digest) => digest,
            Reference::Tag(tag) => &repository.tag(tag)?.digest,
        };
        repository.manifest(digest).cloned()
    }

    fn is_tagged(&self, name: &RepositoryName, digest: &str) -> bool {
        let store = self.registry.store();
        store.repository(name).is_some_and(|repository| {
            repository.tags().any(|tag| {
                repository
                    .tag(tag)
                    .is_some_and(|tagged| tagged.digest.as_str() == digest)
            })
        })
    }

    fn is_named_by_manifest(&self, name: &RepositoryName, digest: &str) -> bool {
        let store = self.registry.store();
        store.repository(name).is_some_and(|repository| {
            let names = |manifest: &Arc<Manifest>| manifest.document.blobs.iter().any(|d| d.digest.as_str() == digest);
            repository.manifests().any(names)
        })
    }

    fn delete_tags(&self, name: &RepositoryName, digest: &str) {
        let mut store = self.registry.store();
        let Some(repository) = store.repository(name) else {
            return;
        };
        let points = |tag: &&Tag| {
            repository
                .tag(tag)
                .is_some_and(|tagged| tagged.digest.as_str() == digest)
        };
        let tags: Vec<Tag> = repository.tags().filter(points).cloned().collect();
        for tag in tags {
            store.delete_tag(name, &tag);
        }
    }

    /// How many chunks an upload has.
    fn chunks(&self, id: &str) -> usize {
        let idle = self.registry.limits.upload_idle;
        self.registry
            .store()
            .upload(id, idle)
            .map_or(0, |upload| upload.pieces.len())
    }
}

impl Reply {
    fn status(mut self, status: u16) -> Self {
        self.status = StatusCode::from_u16(status).unwrap_or(self.status);
        self
    }

    /// The same answer with one line of this header, whatever there was before.
    fn set(mut self, name: HeaderName, value: impl std::fmt::Display) -> Self {
        if let Ok(value) = HeaderValue::try_from(value.to_string()) {
            self.headers.insert(name, value);
        }
        self
    }

    fn without(mut self, name: HeaderName) -> Self {
        self.headers.remove(name);
        self
    }

    /// The first line of a header.
    fn text(&self, name: HeaderName) -> Option<String> {
        self.headers.get(name)?.to_str().ok().map(str::to_owned)
    }

    /// The same answer with a change in its JSON body.
    fn edited(mut self, edit: impl FnOnce(&mut Value)) -> Self {
        if let Ok(mut value) = serde_json::from_slice(&self.body) {
            edit(&mut value);
            self.body = value.to_string().into();
        }
        self
    }

    fn is_ok(&self) -> bool {
        self.status == StatusCode::OK
    }
}

impl Failure {
    fn status(mut self, status: u16) -> Self {
        self.status = StatusCode::from_u16(status).unwrap_or(self.status);
        self
    }
}

/// A failure of the registry itself, which no conforming one has.
pub(in crate::registry) fn server_error() -> Failure {
    Failure::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::parse("UNKNOWN"),
        "something broke",
    )
}
