//! Defects in how requests are refused: another status, another code, or no refusal at all.

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header;
use serde_json::json;

use super::{Seen, before, server_error};
use crate::oci::digest::Digest;
use crate::oci::error_body::{ErrorCode, LegacyCode};
use crate::oci::media_type;
use crate::oci::reference::Tag;
use crate::registry::Mutant as M;
use crate::registry::respond::{Answer, Failure, Reply};
use crate::registry::routes::Route;

/// What a mutant makes of a refusal.
pub(super) fn replace(seen: &Seen<'_>, failure: Failure) -> Answer {
    let failure = recode(seen, failure);
    match seen.route {
        Route::Blob(..) => blob(seen, failure),
        Route::Manifest(_, reference) => manifest(seen, reference, failure),
        Route::Uploads(_) | Route::Upload(..) => upload(seen, failure),
        Route::Tags(name) if failure.code == ErrorCode::NameUnknown => match seen.mutant {
            M::TagsUnknownRepository200 => Ok(Reply::json(&json!({"name": name.as_str(), "tags": []}))),
            M::TagsUnknownRepository400 => Err(failure.status(400)),
            _ => Err(failure),
        },
        Route::Referrers(..) if failure.status == StatusCode::BAD_REQUEST => match seen.mutant {
            M::ReferrersBadDigest404 => Err(failure.status(404)),
            M::ReferrersBadDigestEmpty => {
                let index = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": []});
                Ok(Reply::new(StatusCode::OK).content(media_type::OCI_INDEX, index.to_string().into()))
            }
            _ => Err(failure),
        },
        _ => Err(failure),
    }
}

/// Another code, or a header less.
fn recode(seen: &Seen<'_>, mut failure: Failure) -> Failure {
    let is_upload = matches!(seen.route, Route::Upload(..));
    let is_416 = failure.status == StatusCode::RANGE_NOT_SATISFIABLE;
    let other = match (seen.mutant, &failure.code) {
        (M::ErrorBlobUnknown, ErrorCode::BlobUnknown) => ErrorCode::ManifestUnknown,
        (M::ErrorUploadInvalid, ErrorCode::BlobUploadInvalid) => ErrorCode::Unsupported,
        (M::ErrorUploadUnknown, ErrorCode::BlobUploadUnknown) => ErrorCode::BlobUnknown,
        (M::ErrorDigestInvalid, ErrorCode::DigestInvalid) => ErrorCode::ManifestInvalid,
        (M::ErrorManifestInvalid, ErrorCode::ManifestInvalid) => ErrorCode::Unsupported,
        (M::ErrorManifestUnknown, ErrorCode::ManifestUnknown) => ErrorCode::BlobUnknown,
        (M::ErrorNameInvalid, ErrorCode::NameInvalid) => ErrorCode::NameUnknown,
        (M::ErrorNameUnknown, ErrorCode::NameUnknown) => ErrorCode::NameInvalid,
        (M::ErrorSizeInvalid, ErrorCode::SizeInvalid) => ErrorCode::Unsupported,
        (M::ErrorUnauthorized, ErrorCode::Unauthorized) => ErrorCode::Denied,
        (M::ErrorDenied, ErrorCode::Denied) => ErrorCode::Unsupported,
        (M::ErrorCodeLowerCase, code) => ErrorCode::Other(code.as_str().to_lowercase()),
        (M::ErrorCodeDashes, code) => ErrorCode::Other(code.as_str().replace('_', "-")),
        (M::ErrorCodePagination, _) if matches!(seen.route, Route::Tags(_)) && failure.status == 400 => {
            ErrorCode::Legacy(LegacyCode::PaginationNumberInvalid)
        }
        (M::ErrorCodeRange, _) if is_upload && is_416 => ErrorCode::Legacy(LegacyCode::RangeInvalid),
        (M::ErrorCodeNotFound, _) if failure.status == 404 => ErrorCode::Legacy(LegacyCode::NotFound),
        (M::MissingBlobUnknown, ErrorCode::ManifestBlobUnknown) => ErrorCode::BlobUnknown,
        (M::MissingChildUnknown, ErrorCode::ManifestBlobUnknown) if seen.pushes_index() => ErrorCode::ManifestUnknown,
        (_, code) => code.clone(),
    };
    failure.code = other;
    for (name, value) in &mut failure.headers {
        if *name == header::WWW_AUTHENTICATE {
            *value = super::auth::challenge(seen.mutant, value);
        }
    }
    let dropped = match seen.mutant {
        M::AuthNoChallenge if seen.route.repository().is_some() => header::WWW_AUTHENTICATE,
        M::MethodNoAllow => header::ALLOW,
        M::Range416NoLength => header::CONTENT_RANGE,
        _ => return failure,
    };
    failure.headers.retain(|(name, _)| *name != dropped);
    failure
}

fn blob(seen: &Seen<'_>, failure: Failure) -> Answer {
    let (status, code) = (failure.status.as_u16(), failure.code.clone());
    let reads = seen.request.method.is_safe();
    let is_sha512 = seen.request.uri.path().contains("/sha512:");
    match (seen.mutant, seen.request.method.as_str(), status) {
        (M::UnknownBlobServerError, _, 404) if reads => Err(server_error()),
        (M::UnknownBlobSha512Is400, _, 404) if reads && is_sha512 => Err(failure.status(400)),
        (M::UnknownBlobEmpty, "GET", 404) => Ok(Reply::new(StatusCode::OK)),
        (M::HeadMissingBlob200, "HEAD", 404) => Ok(Reply::new(StatusCode::OK)),
        (M::UnknownRepository400, _, 404) if reads && code == ErrorCode::NameUnknown => Err(failure.status(400)),
        (M::RangeBeyondServerError, _, 416) => Err(server_error()),
        (M::RangeBeyondEmpty, _, 416) => {
            Ok(Reply::new(StatusCode::PARTIAL_CONTENT).content(media_type::OCTET_STREAM, Bytes::new()))
        }
        (M::RangeRefusalCutShort, _, 416) => {
            let reply = seen.registry.say(failure).with(header::CONTENT_LENGTH, 2048);
            Ok(Reply { sized: false, ..reply })
        }
        (M::DeleteBlobUnknown202, "DELETE", 404) => Ok(Reply::new(StatusCode::ACCEPTED)),
        _ => Err(failure),
    }
}

fn manifest(seen: &Seen<'_>, reference: &str, failure: Failure) -> Answer {
    let (status, code) = (failure.status.as_u16(), failure.code.clone());
    let by_digest = reference.contains(':');
    let deleted = || Ok(Reply::new(StatusCode::ACCEPTED));
    match (seen.mutant, seen.request.method.as_str(), status) {
        (M::UnknownManifestServerError, "GET" | "HEAD", 404) if by_digest => Err(server_error()),
        (M::UnknownManifestSha512Is400, "GET" | "HEAD", 404) if reference.starts_with("sha512:") => {
            Err(failure.status(400))
        }
        (M::UnknownManifestEmpty, "GET", 404) if by_digest => Ok(Reply::new(StatusCode::OK)),
        (M::HeadMissingManifest200, "HEAD", 404) if by_digest => Ok(Reply::new(StatusCode::OK)),
        (M::HeadMissingTag200, "HEAD", 404) if !by_digest => Ok(Reply::new(StatusCode::OK)),
        (M::UnknownRepository400, "GET" | "HEAD", 404) if code == ErrorCode::NameUnknown => Err(failure.status(400)),
        (M::UnknownRepositoryEmpty, "GET", 404) if code == ErrorCode::NameUnknown => {
            Ok(Reply::new(StatusCode::NO_CONTENT))
        }
        (M::MissingReferenceNoBody, _, 400) if code == ErrorCode::ManifestBlobUnknown => {
            Ok(Reply::new(StatusCode::BAD_REQUEST))
        }
        (M::RefusedPushUntags, "PUT", 400..=499) => {
            if let (Some(name), Ok(tag)) = (seen.route.repository(), reference.parse::<Tag>()) {
                seen.registry.store().delete_tag(name, &tag);
            }
            Err(failure)
        }
        (M::ManifestTooLarge400, _, 413) => Err(failure.status(400)),
        (M::DeleteTagUnknown202, "DELETE", 404) if !by_digest => deleted(),
        (M::DeleteUnknownRepository202, "DELETE", 404) if code == ErrorCode::NameUnknown => deleted(),
        (M::DeleteManifestUnknown202, "DELETE", 404) if by_digest && code == ErrorCode::ManifestUnknown => deleted(),
        (M::DeleteManifestUnknown500, "DELETE", 404) if by_digest => Err(server_error()),
        _ => Err(failure),
    }
}

fn upload(seen: &Seen<'_>, failure: Failure) -> Answer {
    let (status, code) = (failure.status.as_u16(), failure.code.clone());
    let is_unknown = code == ErrorCode::BlobUploadUnknown;
    let is_bad_digest = code == ErrorCode::DigestInvalid;
    let digest = seen.request.query("digest").map(str::parse::<Digest>);
    let range_is_malformed = || {
        let range = seen.request.header(header::CONTENT_RANGE);
        range.is_some_and(|range| crate::registry::range::chunk(range).is_none())
    };
    let name = seen.route.repository();
    match (seen.mutant, seen.request.method.as_str(), status) {
        (M::UploadPutUnknown500, "PUT", 404) if is_unknown => Err(server_error()),
        (M::UploadPutUnknownIs201, "PUT", 404) if is_unknown => match (name, digest) {
            (Some(name), Some(Ok(digest))) => Ok(before::created(name, &digest)),
            _ => Err(failure),
        },
        (M::ChunkPatchUnknown500, "PATCH", 404) if is_unknown => Err(server_error()),
        (M::ChunkPatchUnknownIs202, "PATCH", 404) if is_unknown => Ok(Reply::new(StatusCode::ACCEPTED)
            .location(seen.request.uri.path())
            .with(header::RANGE, "0-0")),
        (M::UploadStatusUnknown204, "GET", 404) if is_unknown => Ok(Reply::new(StatusCode::NO_CONTENT)
            .location(seen.request.uri.path())
            .with(header::RANGE, "0-0")),
        (M::CancelUnknown204, "DELETE", 404) => Ok(Reply::new(StatusCode::NO_CONTENT)),
        (M::CancelUnknown500, "DELETE", 404) => Err(server_error()),
        (M::UploadPutWithoutDigest500, "PUT", 400) if digest.is_none() => Err(server_error()),
        (M::BadDigest422, _, 400) if is_bad_digest && digest.is_some() => Err(failure.status(422)),
        (M::BadDigestSinglePost500, "POST", 400) if is_bad_digest && digest.is_some() => Err(server_error()),
        (M::BadDigestMalformed500, "PUT", 400) if matches!(digest, Some(Err(_))) => Err(server_error()),
        (M::UnsupportedAlgorithm404, _, 400) if digest.is_some_and(|d| d.is_ok_and(|d| d.algorithm().is_none())) => {
            Err(failure.status(404))
        }
        (M::DigestAlgorithmUnsupported500, "POST", 400) if seen.request.query("digest-algorithm").is_some() => {
            Err(server_error())
        }
        (M::ChunkGap400, "PATCH", 416) => Err(failure.status(400)),
        (M::FinalPutOutOfOrder400, "PUT", 416) => Err(failure.status(400)),
        (M::ContentRangeMalformed500, _, 400) if range_is_malformed() => Err(server_error()),
        (M::Chunk416Closes, _, 416) => {
            if let Route::Upload(_, id) = seen.route {
                seen.registry.store().close_upload(id);
            }
            Err(failure)
        }
        _ => Err(failure),
    }
}
