//! Defects in how manifests and blobs are handed out.

use hyper::StatusCode;
use hyper::header;
use serde_json::Value;

use super::{Seen, server_error};
use crate::oci::digest::{Algorithm, Digest};
use crate::oci::error_body::ErrorCode;
use crate::oci::media_type::{DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, OCTET_STREAM, ORAS_ARTIFACT};
use crate::registry::Mutant as M;
use crate::registry::gzip;
use crate::registry::respond::{DOCKER_CONTENT_DIGEST, Failure, Reply};

/// What a mutant makes of a manifest that was found.
pub(super) fn manifest(seen: &Seen<'_>, reference: &str, reply: Reply) -> Reply {
    if !reply.is_ok() {
        return not_modified(seen, reply);
    }
    let by_digest = reference.contains(':');
    let content_type = reply.text(header::CONTENT_TYPE).unwrap_or_default();
    let is_index = content_type == OCI_INDEX;
    match (seen.mutant, seen.request.method.as_str()) {
        (M::ManifestLargeTag404, _) if !by_digest && reply.body.len() > 1 << 20 => reply.status(404),
        (M::HeadManifest204, "HEAD") if reply.body.windows(9).any(|window| window == b"\"subject\"") => {
            reply.status(204)
        }
        (M::ManifestByDigestIs203, "GET") if by_digest => reply.status(203),
        (M::ManifestByTagEmpty, "GET") if !by_digest => reply.status(204),
        (M::ManifestContentTypeJson, _) => reply.set(header::CONTENT_TYPE, "application/json"),
        (M::ManifestContentTypeText, _) if is_index => reply.set(header::CONTENT_TYPE, "text/plain"),
        (M::IndexServedAsImage, _) if is_index => reply.set(header::CONTENT_TYPE, OCI_MANIFEST),
        (M::DockerServedAsOci, _) => match content_type.as_str() {
            DOCKER_MANIFEST => reply.set(header::CONTENT_TYPE, OCI_MANIFEST),
            DOCKER_LIST => reply.set(header::CONTENT_TYPE, OCI_INDEX),
            _ => reply,
        },
        (M::OrasServedAsJson, _) if content_type == ORAS_ARTIFACT => {
            reply.set(header::CONTENT_TYPE, "application/json")
        }
        (M::OrasAmbiguousAsImage, "GET") if content_type == ORAS_ARTIFACT => {
            let has_config = reply.body.windows(8).any(|window| window == b"\"config\"");
            if has_config {
                reply.set(header::CONTENT_TYPE, OCI_MANIFEST)
            } else {
                reply
            }
        }
        (M::LegacySubjectDropped, "GET") if content_type == DOCKER_MANIFEST => reply.edited(|body| {
            body.as_object_mut().and_then(|body| body.remove("subject"));
        }),
        (M::OrasRewritten, "GET") if content_type == ORAS_ARTIFACT => reply.edited(|body| body["blobs"] = Value::Null),
        (M::ContentTypeCharset, _) => reply.set(header::CONTENT_TYPE, format_args!("{content_type}; charset=utf-8")),
        (M::ManifestGetNoDigest, "GET") => reply.without(DOCKER_CONTENT_DIGEST),
        (M::ManifestGetByTagNoDigest, "GET") if !by_digest => reply.without(DOCKER_CONTENT_DIGEST),
        (M::ManifestGetDigestWrong, _) => wrong_digest(reply),
        (M::IndexGetDigestOfChild, "GET") if is_index => {
            let child = serde_json::from_slice::<Value>(&reply.body).ok();
            match child
                .as_ref()
                .and_then(|index| index.pointer("/manifests/0/digest")?.as_str())
            {
                Some(digest) => reply.set(DOCKER_CONTENT_DIGEST, digest),
                None => reply,
            }
        }
        (M::HeadManifestNoDigest, "HEAD") => reply.without(DOCKER_CONTENT_DIGEST),
        (M::HeadTagNoDigest, "HEAD") if !by_digest => reply.without(DOCKER_CONTENT_DIGEST),
        (M::HeadManifestNoLength, "HEAD") => without_length(reply),
        (M::HeadManifestLengthZero, "HEAD") => reply.set(header::CONTENT_LENGTH, 0),
        (M::HeadOtherType, "HEAD") => reply.set(header::CONTENT_TYPE, OCTET_STREAM),
        (M::AcceptRequired, _) if !seen.accepts(&content_type, Reading::Exact) => not_found(),
        (M::AcceptWildcard404, _) if !seen.accepts(&content_type, Reading::NoWildcards) => not_found(),
        (M::AcceptFirstOnly, _) if !seen.accepts(&content_type, Reading::FirstType) => not_found(),
        (M::AcceptWeightUnknown, _) if !seen.accepts(&content_type, Reading::NoWeights) => not_found(),
        (M::AcceptFirstLineOnly, _) if !seen.accepts(&content_type, Reading::FirstLine) => not_found(),
        _ => not_modified(seen, reply),
    }
}

/// What a mutant makes of a blob that was found, or of the end of one.
pub(super) fn blob(seen: &Seen<'_>, reply: Reply) -> Reply {
    if seen.request.method == hyper::Method::DELETE {
        return match seen.mutant {
            M::DeleteBlobIs200 => reply.status(200),
            M::DeleteBlobIs204 => reply.status(204),
            _ => reply,
        };
    }
    let is_partial = reply.status == StatusCode::PARTIAL_CONTENT;
    if !reply.is_ok() && !is_partial {
        return not_modified(seen, reply);
    }
    let digest = reply.text(DOCKER_CONTENT_DIGEST).unwrap_or_default();
    let takes_gzip = seen
        .request
        .list(header::ACCEPT_ENCODING)
        .iter()
        .any(|coding| coding.starts_with("gzip"));
    match (seen.mutant, seen.request.method.as_str()) {
        (M::HeadBlobLarge404, "HEAD") if reply.body.len() > 100 << 10 => {
            Failure::not_found(ErrorCode::BlobUnknown, "no such blob").into_reply()
        }
        (M::HeadBlob204, "HEAD") if reply.body.len() >= 1024 => reply.status(204),
        (M::BlobCut, "GET") if reply.body.len() >= 1024 && !is_partial => {
            let body = reply.body.slice(..reply.body.len() - 1);
            Reply { body, ..reply }
        }
        (M::BlobGetIs203, "GET") if !is_partial => reply.status(203),
        (M::BlobGetNoDigest, "GET") => reply.without(DOCKER_CONTENT_DIGEST),
        (M::BlobGetDigestWrong, "GET") => wrong_digest(reply),
        (M::BlobGetDigestOfSha256, "GET") if digest.starts_with("sha512:") => {
            let short = digest.get(7..71).unwrap_or_default();
            reply.set(DOCKER_CONTENT_DIGEST, format_args!("sha256:{short}"))
        }
        (M::BlobGetNoLength, "GET") if !is_partial => Reply { sized: false, ..reply }.set(header::CONNECTION, "close"),
        (M::RangeNoContentRange, _) if is_partial => reply.without(header::CONTENT_RANGE),
        (M::RangeTotalOfPart, _) if is_partial => {
            let range = reply.text(header::CONTENT_RANGE).unwrap_or_default();
            let place = range.split('/').next().unwrap_or_default().to_owned();
            let total = reply.body.len();
            reply.set(header::CONTENT_RANGE, format_args!("{place}/{total}"))
        }
        (M::RangeOverrunUnclamped, _) if is_partial => {
            let asked = seen
                .request
                .header(header::RANGE)
                .and_then(|range| range.strip_prefix("bytes="))
                .unwrap_or("");
            let range = reply.text(header::CONTENT_RANGE).unwrap_or_default();
            let total = range.rsplit('/').next().unwrap_or_default().to_owned();
            let is_closed = asked
                .split_once('-')
                .is_some_and(|(first, last)| !first.is_empty() && !last.is_empty());
            if is_closed {
                reply.set(header::CONTENT_RANGE, format_args!("bytes {asked}/{total}"))
            } else {
                reply
            }
        }
        (M::HeadBlobNoDigest, "HEAD") => reply.without(DOCKER_CONTENT_DIGEST),
        (M::HeadBlobNoLength, "HEAD") => without_length(reply),
        (M::HeadBlobLengthZero, "HEAD") => reply.set(header::CONTENT_LENGTH, 0),
        (M::HeadOtherEntityTag, "HEAD") => reply.set(header::ETAG, "\"head\""),
        (M::GzipWrongLength, "HEAD") if takes_gzip => {
            let length = gzip::stored(&reply.body).len();
            reply.set(header::CONTENT_LENGTH, length)
        }
        (M::GzipUnlabelled, "GET") if takes_gzip && !is_partial => {
            let body = gzip::stored(&reply.body).into();
            Reply { body, ..reply }
        }
        _ => not_modified(seen, reply),
    }
}

/// How a mutant reads Accept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// The type has to be there.
    Exact,
    /// Absent is fine; wildcards are not understood.
    NoWildcards,
    /// A type with a weight is another type.
    NoWeights,
    /// The first type of the first line is all there is.
    FirstType,
    /// The first line is all there is.
    FirstLine,
}

impl Seen<'_> {
    fn accepts(&self, media_type: &str, reading: Reading) -> bool {
        let all = self.request.list(header::ACCEPT);
        let first_line = self
            .request
            .header(header::ACCEPT)
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .collect();
        let (types, if_absent) = match reading {
            Reading::Exact => (all, false),
            Reading::NoWildcards | Reading::NoWeights => (all, true),
            Reading::FirstType => (all.into_iter().take(1).collect(), true),
            Reading::FirstLine => (first_line, true),
        };
        let types: Vec<&str> = types
            .iter()
            .filter(|t| reading != Reading::NoWeights || !t.contains(';'))
            .filter_map(|t| t.split(';').next())
            .map(str::trim)
            .collect();
        let wildcard = |t: &&str| t.ends_with("/*") && !matches!(reading, Reading::NoWildcards | Reading::Exact);
        (if_absent && types.iter().all(|t| t.is_empty())) || types.iter().any(|t| *t == media_type || wildcard(t))
    }
}

fn not_found() -> Reply {
    let failure = server_error().status(404);
    let code = crate::oci::error_body::ErrorCode::ManifestUnknown;
    crate::registry::respond::Failure { code, ..failure }.into_reply()
}

fn not_modified(seen: &Seen<'_>, reply: Reply) -> Reply {
    let has_condition = seen.request.headers.contains_key(header::IF_NONE_MATCH);
    if seen.mutant == M::NotModifiedAlways && has_condition {
        reply.status(304)
    } else {
        reply
    }
}

fn wrong_digest(reply: Reply) -> Reply {
    reply.set(DOCKER_CONTENT_DIGEST, Digest::of(Algorithm::Sha256, b""))
}

/// The same answer without its length.
fn without_length(reply: Reply) -> Reply {
    Reply { sized: false, ..reply }
}
