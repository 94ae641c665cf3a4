//! Defects that show when several clients are at work: what a registry does between reading and writing.
//!
//! Each stretches that moment, so that it is not left to chance whether requests meet in it.

use std::time::Duration;

use bytes::Bytes;
use hyper::header::HeaderValue;
use hyper::{Method, StatusCode};

use super::{before, server_error};
use crate::oci::digest::Digest;
use crate::oci::error_body::ErrorCode;
use crate::oci::media_type;
use crate::oci::reference::{RepositoryName, Tag};
use crate::registry::Mutant as M;
use crate::registry::request::Request;
use crate::registry::respond::{Answer, DOCKER_CONTENT_DIGEST, Failure, Reply};
use crate::registry::routes::Route;
use crate::registry::server::Registry;
use crate::registry::store::Upload;

/// How long a registry takes between reading and writing.
const BETWEEN: Duration = Duration::from_millis(150);
/// How long a request takes until it reads, where it has to meet a write.
const BEFORE: Duration = Duration::from_millis(40);

/// What a request saw before it changed anything.
#[derive(Default)]
pub(in crate::registry) struct Race {
    /// The answer, if nothing else is done.
    pub(in crate::registry) answer: Option<Answer>,
    tags: Option<Vec<Tag>>,
    referrers: Option<Vec<Digest>>,
    holders: Option<(Digest, Vec<RepositoryName>)>,
    key: Option<String>,
}

/// Uploads between whose openings no more happened than so many events count as simultaneous.
const A_MOMENT: u64 = 16;

impl Registry {
    /// What a mutant sees and does before a request is handled.
    pub(in crate::registry) async fn enter_race(&self, route: &Route, request: &Request) -> Race {
        let mut race = Race::default();
        let Some(mutant) = self.mutant() else { return race };
        let deletes = request.method == Method::DELETE;
        let mount = || request.query("mount")?.parse::<Digest>().ok();
        match (mutant, route) {
            (M::TagsLostUpdate, Route::Manifest(name, tag)) if request.method == Method::PUT && !tag.contains(':') => {
                race.tags = Some(self.tags_of(name));
            }
            (M::ReferrersLostUpdate, Route::Manifest(name, _)) if request.method == Method::PUT => {
                race.referrers = Some(self.manifests_of(name));
            }
            (M::ManifestConcurrent400, Route::Manifest(..)) if request.method == Method::PUT => {
                self.claim(format!("pushing {}", request.uri.path()), &mut race, || {
                    Err(Failure::bad_request(ErrorCode::ManifestInvalid, "it is being pushed"))
                });
            }
            (M::TagMoveGap, Route::Manifest(name, tag)) if request.method == Method::PUT => {
                let Ok(tag) = tag.parse::<Tag>() else { return race };
                self.store().delete_tag(name, &tag);
            }
            (M::BlobRepushGap | M::UploadConcurrentTorn, Route::Upload(name, _)) if request.method == Method::PUT => {
                let Some(digest) = request.query("digest").and_then(|digest| digest.parse().ok()) else {
                    return race;
                };
                if mutant == M::BlobRepushGap {
                    self.store().delete_blob(name, &digest);
                } else {
                    self.claim(format!("storing {digest}"), &mut race, || {
                        self.store().put_blob(name, &digest, Bytes::from_static(b"torn"));
                        Ok(before::created(name, &digest))
                    });
                }
            }
            (M::DeleteReadEmpty | M::DeleteRead500, Route::Blob(..) | Route::Manifest(..)) if deletes => {
                race.key = self.mark(format!("deleting {}", request.uri.path()));
            }
            (M::DeleteReadEmpty | M::DeleteRead500, Route::Blob(..) | Route::Manifest(..))
                if request.method == Method::GET =>
            {
                tokio::time::sleep(BEFORE).await;
                let deleting = self.memory.recall(&format!("deleting {}", request.uri.path()));
                let empty = || Reply::new(StatusCode::OK).content(media_type::OCTET_STREAM, Bytes::new());
                let fails = mutant == M::DeleteRead500;
                race.answer = deleting.map(|_| if fails { Err(server_error()) } else { Ok(empty()) });
                return race;
            }
            (M::BlobRepushGap, Route::Blob(..)) | (M::TagMoveGap, Route::Manifest(..))
                if request.method == Method::GET =>
            {
                tokio::time::sleep(BEFORE).await;
                return race;
            }
            (M::DeleteTakesUpload, Route::Blob(_, digest)) if deletes => {
                let Ok(digest) = digest.parse::<Digest>() else {
                    return race;
                };
                let holders = self.holders(&digest);
                race.holders = Some((digest, holders));
            }
            (M::MountDangling | M::MountWhileDeleted404, Route::Blob(_, digest)) if deletes => {
                race.key = self.mark(format!("deleting {digest}"));
            }
            (M::MountDangling | M::MountWhileDeleted404, Route::Uploads(name)) => {
                let Some(digest) = mount() else { return race };
                tokio::time::sleep(BEFORE).await;
                let deleting = self.memory.recall(&format!("deleting {digest}"));
                race.answer = deleting.map(|_| match mutant {
                    M::MountDangling => Ok(before::created(name, &digest)),
                    _ => Err(Failure::not_found(ErrorCode::BlobUnknown, "it is being deleted")),
                });
                return race;
            }
            _ => return race,
        }
        if race.answer.is_none() {
            tokio::time::sleep(BETWEEN).await;
        }
        race
    }

    /// What a mutant does after a request was handled, of all that it saw before.
    pub(in crate::registry) fn leave_race(&self, route: &Route, race: Race, answer: &Answer) {
        if let Some(key) = race.key {
            self.memory.forget(&key);
        }
        let Ok(reply) = answer else { return };
        if let (Some(tags), Route::Manifest(name, tag)) = (race.tags, route) {
            for other in self.tags_of(name) {
                if other.as_str() != tag && !tags.contains(&other) {
                    self.store().delete_tag(name, &other);
                }
            }
        }
        if let (Some(seen), Route::Manifest(name, _)) = (race.referrers, route) {
            self.list_alone(name, reply, &seen);
        }
        if let Some((digest, before)) = race.holders {
            for holder in self.holders(&digest) {
                if !before.contains(&holder) {
                    self.store().delete_blob(&holder, &digest);
                }
            }
        }
    }

    /// Whether somebody tried to close an upload of the same blob to another repository that was opened at about the same
    /// time. Each is too late for the other, so that it does not matter who comes first.
    pub(super) fn got_elsewhere(&self, name: &RepositoryName, digest: Option<&Digest>, upload: &Upload) -> bool {
        let Some(digest) = digest else { return false };
        let key = format!("elsewhere:{digest}");
        let tried = self.memory.recall(&key).unwrap_or_default();
        self.memory.remember(key, format!("{tried}{name} {}\n", upload.opened));
        tried
            .lines()
            .filter_map(|line| line.split_once(' '))
            .any(|(other, opened)| {
                let is_near = |opened: u64| opened.abs_diff(upload.opened) <= A_MOMENT;
                other != name.as_str() && opened.parse().is_ok_and(is_near)
            })
    }

    /// Takes a key, or gives the other answer if somebody has it.
    fn claim(&self, key: String, race: &mut Race, otherwise: impl FnOnce() -> Answer) {
        if self.memory.recall(&key).is_some() {
            race.answer = Some(otherwise());
        } else {
            race.key = self.mark(key);
        }
    }

    fn mark(&self, key: String) -> Option<String> {
        self.memory.remember(key.clone(), "");
        Some(key)
    }

    /// Lists a manifest with those that were there before it, and none that came meanwhile.
    fn list_alone(&self, name: &RepositoryName, reply: &Reply, seen: &[Digest]) {
        let header = reply.headers.get(DOCKER_CONTENT_DIGEST).map(HeaderValue::to_str);
        let Some(Ok(Ok(digest))) = header.map(|text| text.map(str::parse::<Digest>)) else {
            return;
        };
        let mut store = self.store();
        let Some(repository) = store.repository(name) else {
            return;
        };
        let subject = repository
            .manifest(&digest)
            .and_then(|manifest| manifest.document.subject.clone());
        let Some(subject) = subject else { return };
        let came = repository.referrers(&subject).map(|manifest| manifest.digest.clone());
        let came: Vec<Digest> = came.filter(|other| *other != digest && !seen.contains(other)).collect();
        store.unlist_referrers(name, &subject, &came);
    }

    fn tags_of(&self, name: &RepositoryName) -> Vec<Tag> {
        let store = self.store();
        store
            .repository(name)
            .map_or(Vec::new(), |repository| repository.tags().cloned().collect())
    }

    fn manifests_of(&self, name: &RepositoryName) -> Vec<Digest> {
        let store = self.store();
        let digests = |repository: &crate::registry::store::Repository| {
            repository.manifests().map(|manifest| manifest.digest.clone()).collect()
        };
        store.repository(name).map_or(Vec::new(), digests)
    }

    fn holders(&self, digest: &Digest) -> Vec<RepositoryName> {
        let store = self.store();
        let holding = store
            .repositories()
            .filter(|(_, repository)| repository.blob(digest).is_some());
        holding.map(|(name, _)| name.clone()).collect()
    }
}
