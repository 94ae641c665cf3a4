//! Reading and deleting blobs.
//!
//! Follows [Pulling blobs](https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-blobs) and
//! [Deleting blobs](https://github.com/opencontainers/distribution-spec/blob/main/spec.md#deleting-blobs). How they come
//! to be is told in [`upload`](super::upload).

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header;

use super::delayed::Doomed;
use super::range::{Wanted, wanted};
use super::request::Request;
use super::respond::{Answer, Failure, Reply};
use super::server::Registry;
use super::store::{Blob, Store};
use super::{Mutant, Variant};
use crate::oci::digest::Digest;
use crate::oci::error_body::ErrorCode;
use crate::oci::media_type;
use crate::oci::reference::RepositoryName;

impl Registry {
    /// GET and HEAD of a blob.
    pub(super) fn get_blob(&self, name: &RepositoryName, digest: &str, request: &Request) -> Answer {
        let known: Digest = digest.parse().map_err(|error| self.malformed(error, blob_unknown()))?;
        self.find_blob(&self.store(), name, &known, request)?;
        match self.redirected_blob(name, &known, request) {
            Some(redirect) => Ok(redirect),
            None => self.read_blob(name, digest, request),
        }
    }

    /// The content of a blob.
    pub(super) fn read_blob(&self, name: &RepositoryName, digest: &str, request: &Request) -> Answer {
        let digest: Digest = digest.parse().map_err(|_| blob_unknown())?;
        let blob = self.find_blob(&self.store(), name, &digest, request)?;
        let tag = entity_tag(&digest);
        let whole = blob.content.bytes.clone();
        let reply = Reply::new(StatusCode::OK).digest(&digest).with(header::ETAG, &tag);
        if let Some(status) = self.precondition(request, Some(&tag)) {
            return Ok(Reply { status, ..reply });
        }
        if self.has(Variant::RangesOff) || self.is(Mutant::RangeIgnored) {
            return Ok(reply.content(media_type::OCTET_STREAM, whole));
        }
        self.select_range(reply.with(header::ACCEPT_RANGES, "bytes"), whole, &tag, request)
    }

    /// The part of a blob that the client wants. Range has a meaning on GET only, and none if the client goes by a state
    /// of the blob that is not the present one; several ranges at once are answered with everything.
    fn select_range(&self, reply: Reply, whole: Bytes, tag: &str, request: &Request) -> Answer {
        let counts = !request.is_head() || self.is(Mutant::RangeOnHead);
        let range = request.header(header::RANGE).filter(|_| counts);
        let range = range.filter(|_| {
            request
                .header(header::IF_RANGE)
                .is_none_or(|condition| condition == tag || self.is(Mutant::RangeIfRangeIgnored))
        });
        let length = whole.len();
        let wanted = match range {
            Some(range) => self.wrong_range(range, length).unwrap_or_else(|| wanted(range, length)),
            None => Wanted::Whole,
        };
        match wanted {
            Wanted::Parts(parts) if parts.len() == 1 => {
                let part = parts.into_iter().next().unwrap_or_default();
                let reply = Reply {
                    status: StatusCode::PARTIAL_CONTENT,
                    ..reply
                };
                let place = match self.has(Variant::RangesOfUnknownLength) {
                    true => format!("Bytes {}-{}/*", part.start, part.end.saturating_sub(1)),
                    false => content_range(&part, length),
                };
                let reply = reply.with(header::CONTENT_RANGE, place);
                Ok(reply.content(media_type::OCTET_STREAM, whole.slice(part)))
            }
            Wanted::Parts(parts) if self.has(Variant::RangesMultipart) => Ok(multipart(reply, &whole, &parts)),
            Wanted::Invalid if !self.has(Variant::InvalidRange416) => {
                Ok(reply.content(media_type::OCTET_STREAM, whole))
            }
            Wanted::Whole | Wanted::Parts(_) => Ok(reply.content(media_type::OCTET_STREAM, whole)),
            Wanted::Nothing | Wanted::Invalid => {
                let message = format!("the blob has {length} bytes");
                Err(
                    Failure::new(StatusCode::RANGE_NOT_SATISFIABLE, ErrorCode::SizeInvalid, message)
                        .with(header::CONTENT_RANGE, format!("bytes */{length}")),
                )
            }
        }
    }

    /// DELETE of a blob. What manifests say of it is not looked at.
    pub(super) fn delete_blob(self: &Arc<Self>, name: &RepositoryName, digest: &str, request: &Request) -> Answer {
        let digest: Digest = digest.parse().map_err(|_| blob_unknown())?;
        let mut store = self.store();
        let blob = self.find_blob(&store, name, &digest, request)?;
        let is_named = || store.repository(name).is_some_and(|r| r.names(&digest));
        if self.has(Variant::DeletionOfReferencedOff) && is_named() {
            return Err(in_use());
        }
        if self.is(Mutant::DeleteUsedBlobStays) && is_named() {
            return Ok(Reply::new(StatusCode::ACCEPTED));
        }
        if self.has(Variant::DeletionDelayed) {
            self.delete_later(Doomed::Blob(name.clone(), digest, blob.serial));
            return Ok(Reply::new(StatusCode::ACCEPTED));
        }
        self.also_delete_blob(&mut store, name, &digest);
        store.delete_blob(name, &digest);
        Ok(Reply::new(StatusCode::ACCEPTED))
    }

    /// A blob that the repository has.
    fn find_blob(
        &self,
        store: &Store,
        name: &RepositoryName,
        digest: &Digest,
        request: &Request,
    ) -> Result<Blob, Failure> {
        if self.is(Mutant::BlobAcrossRepositories) || self.is(Mutant::BlobHeadAcrossRepositories) && request.is_head() {
            let anywhere = store.repositories().find_map(|(_, repository)| repository.blob(digest));
            return anywhere.cloned().ok_or_else(blob_unknown);
        }
        let repository = store.repository(name).ok_or_else(|| name_unknown(name))?;
        repository.blob(digest).cloned().ok_or_else(blob_unknown)
    }

    /// The refusal of a pull by something that is neither tag nor digest: such a thing is not found, or it is malformed.
    pub(super) fn malformed(&self, error: impl std::fmt::Display, otherwise: Failure) -> Failure {
        if self.has(Variant::MalformedReferences400) {
            return Failure::bad_request(ErrorCode::DigestInvalid, error);
        }
        otherwise
    }
}

/// The entity tag of immutable content: its digest.
pub(super) fn entity_tag(digest: &Digest) -> String {
    format!("\"{digest}\"")
}

impl Registry {
    /// What conditions in a request come to for a resource in a state of this entity tag, or without any state
    /// ([RFC 9110, section 13](https://www.rfc-editor.org/rfc/rfc9110#section-13)): nothing if the request is to be
    /// answered as always.
    pub(super) fn precondition(&self, request: &Request, tag: Option<&str>) -> Option<StatusCode> {
        if self.has(Variant::EntityTagsOff) {
            return None;
        }
        let matches = |name: header::HeaderName, weakly: bool| {
            let condition = request.list(name);
            let same =
                |item: &str| tag.is_some_and(|tag| item == tag || weakly && item.strip_prefix("W/") == Some(tag));
            let holds = condition.iter().any(|item| *item == "*" && tag.is_some() || same(item));
            (!condition.is_empty()).then_some(holds)
        };
        if matches(header::IF_MATCH, false) == Some(false) {
            return Some(StatusCode::PRECONDITION_FAILED);
        }
        if matches(header::IF_NONE_MATCH, true) == Some(true) {
            let reads = request.method.is_safe() && !self.is(Mutant::NotModified412);
            return Some(if reads {
                StatusCode::NOT_MODIFIED
            } else {
                StatusCode::PRECONDITION_FAILED
            });
        }
        None
    }
}

/// Several parts of a blob in one body ([RFC 9110, section 14.6](https://www.rfc-editor.org/rfc/rfc9110#section-14.6)).
fn multipart(reply: Reply, whole: &Bytes, parts: &[Range<usize>]) -> Reply {
    let mut body = Vec::new();
    for part in parts {
        let head = format!("content-type: {}\r\ncontent-range: ", media_type::OCTET_STREAM);
        let place = content_range(part, whole.len());
        body.extend_from_slice(format!("\r\n--{BOUNDARY}\r\n{head}{place}\r\n\r\n").as_bytes());
        body.extend_from_slice(whole.get(part.clone()).unwrap_or_default());
    }
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    let reply = Reply {
        status: StatusCode::PARTIAL_CONTENT,
        ..reply
    };
    reply.content(&format!("multipart/byteranges; boundary={BOUNDARY}"), body.into())
}

/// Stands between the parts of a body; long enough that no content has it by chance.
const BOUNDARY: &str = "4f8a1c5e9d3b7062-reference-registry-5e1d9c3a7b2f8046";

fn content_range(part: &Range<usize>, length: usize) -> String {
    format!("bytes {}-{}/{length}", part.start, part.end.saturating_sub(1))
}

/// 404 for a repository to which nothing was ever pushed.
pub(super) fn name_unknown(name: &RepositoryName) -> Failure {
    Failure::not_found(
        ErrorCode::NameUnknown,
        format_args!("nothing was ever pushed to {name}"),
    )
}

/// 405 for the deletion of what a manifest needs.
pub(super) fn in_use() -> Failure {
    Failure::new(
        StatusCode::METHOD_NOT_ALLOWED,
        ErrorCode::Unsupported,
        "a manifest needs it",
    )
    .with(header::ALLOW, "GET, HEAD")
}

fn blob_unknown() -> Failure {
    Failure::not_found(ErrorCode::BlobUnknown, "the repository does not have this blob")
}
