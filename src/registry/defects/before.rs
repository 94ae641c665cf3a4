//! Defects that act before the handler: refusals that nobody may expect, and answers that skip the work.

use hyper::StatusCode;
use hyper::header;

use super::{Seen, server_error};
use crate::oci::digest::Digest;
use crate::oci::error_body::ErrorCode;
use crate::oci::media_type;
use crate::oci::reference::{Reference, RepositoryName};
use crate::registry::Mutant as M;
use crate::registry::respond::{Answer, Failure, Reply};
use crate::registry::routes::Route;

/// How often the mutants that throttle do so: every so many requests.
const THROTTLE_EVERY: usize = 4;

/// The answer of a mutant that does not get as far as the handler.
pub(super) fn interfere(seen: &Seen<'_>) -> Option<Answer> {
    if let Some(name) = seen.route.repository()
        && let Some(failure) = name_refused(seen.mutant, name)
    {
        return Some(Err(failure));
    }
    throttle(seen).or_else(|| match seen.route {
        Route::Ping => match seen.mutant {
            M::PingGone => Some(Err(Failure::not_found(ErrorCode::Unsupported, "nothing is here"))),
            M::PingServerError => Some(Err(server_error())),
            _ => None,
        },
        Route::Blob(name, digest) => blob(seen, name, digest),
        Route::Manifest(name, reference) => manifest(seen, name, reference),
        Route::Uploads(_) | Route::Upload(..) if breaks_over_sha512(seen) => Some(Err(server_error())),
        Route::Uploads(name) => uploads(seen, name),
        Route::Upload(name, id) => upload(seen, name, id),
        Route::Tags(_) => tags(seen),
        Route::Referrers(name, digest) => referrers(seen, name, digest),
        Route::Token => token(seen),
        Route::Catalog
        | Route::Extensions
        | Route::Oras(..)
        | Route::Draft(..)
        | Route::BadName(_)
        | Route::Unknown => None,
    })
}

fn refuse(status: u16, code: ErrorCode) -> Option<Answer> {
    Some(Err(Failure::bad_request(code, "refused").status(status)))
}

fn accept(status: u16) -> Option<Answer> {
    Some(Ok(Reply::new(StatusCode::OK).status(status)))
}

fn no_method(allow: &str) -> Option<Answer> {
    let failure = Failure::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::Unsupported, "no such method");
    Some(Err(failure.with(header::ALLOW, allow)))
}

fn name_refused(mutant: M, name: &RepositoryName) -> Option<Failure> {
    let name = name.as_str();
    let is_refused = match mutant {
        M::NameOneLetter400 => name
            .split('/')
            .any(|part| part.len() == 1 && !part.starts_with(|c: char| c.is_ascii_digit())),
        M::NameNested400 => name.contains('/'),
        M::NameDot400 => name.contains('.'),
        M::NameDoubleUnderscore400 => name.contains("__"),
        M::NameHyphens400 => name.contains("--"),
        _ => false,
    };
    let words = ["blobs", "manifests", "tags", "uploads", "list", "referrers"];
    if mutant == M::NameLikeEndpoint404 && name.split('/').any(|component| words.contains(&component)) {
        return Some(Failure::not_found(ErrorCode::NameUnknown, "no such repository"));
    }
    is_refused.then(|| Failure::bad_request(ErrorCode::NameInvalid, "the name is not valid"))
}

/// Whether a blob comes by a digest that is too much for the mutant.
fn breaks_over_sha512(seen: &Seen<'_>) -> bool {
    let is_sha512 = |digest: &str| digest.starts_with("sha512:");
    seen.mutant == M::Sha512BlobServerError && seen.request.query("digest").is_some_and(is_sha512)
}

/// How often a mutant's gateway has no registry: every so many requests.
const ALONE_EVERY: usize = 40;

fn throttle(seen: &Seen<'_>) -> Option<Answer> {
    if seen.mutant == M::GatewayAlone {
        let alone = seen.registry.memory.count("requests").is_multiple_of(ALONE_EVERY);
        return alone.then(|| Ok(Reply::new(StatusCode::BAD_GATEWAY)));
    }
    let (code, after) = match seen.mutant {
        M::ErrorTooManyRequests => (ErrorCode::Denied, true),
        M::ThrottleNoRetryAfter => (ErrorCode::TooManyRequests, false),
        _ => return None,
    };
    if !seen.registry.memory.count("requests").is_multiple_of(THROTTLE_EVERY) {
        return None;
    }
    let failure = Failure::new(StatusCode::TOO_MANY_REQUESTS, code, "too many requests");
    Some(Err(if after {
        failure.with(header::RETRY_AFTER, 0)
    } else {
        failure
    }))
}

fn blob(seen: &Seen<'_>, name: &RepositoryName, digest: &str) -> Option<Answer> {
    let key = format!("blob:{name}:{digest}");
    let has = || digest.parse().is_ok_and(|digest| seen.has_blob(name, &digest));
    match (seen.mutant, seen.request.method.as_str()) {
        (M::BlobDownloadMissing, "GET") => no_method("HEAD, DELETE"),
        (M::HeadBlobEmpty404, "HEAD") if digest.parse::<Digest>().is_ok_and(|digest| digest.verify(b"").is_ok()) => {
            refuse(404, ErrorCode::BlobUnknown)
        }
        (M::HeadBlob405, "HEAD") => no_method("GET, DELETE"),
        (M::BlobSha512Get404, "GET") if digest.starts_with("sha512") => refuse(404, ErrorCode::BlobUnknown),
        (M::BlobOnlyWithManifest, "GET" | "HEAD") if !seen.is_named_by_manifest(name, digest) => {
            refuse(404, ErrorCode::BlobUnknown)
        }
        (M::UploadPutNotVisible, "GET" | "HEAD") if has() && seen.registry.memory.is_first(key.as_str()) => {
            refuse(404, ErrorCode::BlobUnknown)
        }
        (M::DeleteBlobOff404, "DELETE") => refuse(404, ErrorCode::Unsupported),
        (M::ErrorUnsupported, "DELETE") => deletion_denied(),
        (M::DeleteBlobDoesNothing, "DELETE") if has() => accept(202),
        (M::DeleteBlobComesBack, "DELETE") if has() => {
            seen.registry.memory.remember(format!("gone:{digest}"), name.as_str());
            accept(202)
        }
        (M::DeleteBlobComesBack, "GET" | "HEAD") => {
            let gone = format!("gone:{digest}");
            match seen.registry.memory.recall(&gone) {
                Some(from) if from == name.as_str() => refuse(404, ErrorCode::BlobUnknown),
                Some(_) if has() => {
                    seen.registry.memory.forget(&gone);
                    None
                }
                _ => None,
            }
        }
        (M::RepushIgnored, "DELETE") if has() => {
            seen.registry.memory.remember(key, "deleted");
            None
        }
        (M::RepushIgnored, "GET" | "HEAD") if seen.registry.memory.recall(&key).is_some() => {
            refuse(404, ErrorCode::BlobUnknown)
        }
        _ => None,
    }
}

fn deletion_denied() -> Option<Answer> {
    let failure = Failure::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::Denied, "deletion is off");
    Some(Err(failure.with(header::ALLOW, "GET, HEAD")))
}

fn manifest(seen: &Seen<'_>, name: &RepositoryName, text: &str) -> Option<Answer> {
    let memory = &seen.registry.memory;
    let key = format!("manifest:{name}:{text}");
    let reference = text.parse::<Reference>().ok();
    let exists = || {
        reference
            .as_ref()
            .is_some_and(|reference| seen.manifest(name, reference).is_some())
    };
    let is_large = || {
        let manifest = reference.as_ref().and_then(|reference| seen.manifest(name, reference));
        manifest.is_some_and(|manifest| manifest.content.bytes.len() > 64 * 1024)
    };
    let by_digest = text.contains(':');
    let unknown = || refuse(404, ErrorCode::ManifestUnknown);
    let has_fallback_form = text.starts_with("sha256-") || text.starts_with("sha512-");
    match (seen.mutant, seen.request.method.as_str()) {
        (M::Sha512ManifestServerError, "PUT") if text.starts_with("sha512:") => Some(Err(server_error())),
        (M::ManifestsReadOnly, "PUT") => no_method("GET, HEAD, DELETE"),
        (M::HeadManifest405, "HEAD") => no_method("GET, PUT, DELETE"),
        (M::HeadManifestLarge404, "HEAD") if is_large() => unknown(),
        (M::HeadManifestLongTag404, "HEAD") if !by_digest && text.len() > 100 => unknown(),
        (M::HeadManifestByDigest404, "HEAD") if by_digest => unknown(),
        (M::ManifestByDigestUntagged404, "GET" | "HEAD") if by_digest && !seen.is_tagged(name, text) => unknown(),
        (M::ManifestPutByTag403, "PUT") if !by_digest => refuse(403, ErrorCode::Denied),
        (M::DeleteTagLong404, "DELETE") if !by_digest && text_is_long(seen) => {
            Some(Err(Failure::not_found(ErrorCode::ManifestUnknown, "no such tag")))
        }
        (M::MalformedDigestPull500, "GET" | "HEAD") if by_digest && reference.is_none() => Some(Err(server_error())),
        (M::MalformedDigestPush500, "PUT") if by_digest && reference.is_none() => Some(Err(server_error())),
        (M::Tag64, "PUT") if !by_digest && text.len() > 64 => refuse(400, ErrorCode::ManifestInvalid),
        (M::TagUnderscore400, "PUT") if text.starts_with('_') => refuse(400, ErrorCode::ManifestInvalid),
        (M::FallbackTagRefused, "PUT") if has_fallback_form => refuse(400, ErrorCode::ManifestInvalid),
        (M::FallbackTagServerError, "PUT") if has_fallback_form => Some(Err(server_error())),
        (M::ManifestPutDigest405, "PUT") if by_digest => no_method("GET, HEAD, DELETE"),
        (M::NoContentType500, "PUT") if !seen.request.headers.contains_key(header::CONTENT_TYPE) => {
            Some(Err(server_error()))
        }
        (M::ContentTypeParamsRefused, "PUT")
            if seen
                .request
                .header(header::CONTENT_TYPE)
                .is_some_and(|t| t.contains(';')) =>
        {
            refuse(400, ErrorCode::ManifestInvalid)
        }
        (M::ManifestAgain409, "PUT") if exists() => refuse(409, ErrorCode::Denied),
        (M::ManifestAgain500, "PUT") if exists() => Some(Err(server_error())),
        (M::ManifestNotVisible, "GET" | "HEAD") if exists() && memory.is_first(key.as_str()) => unknown(),
        (M::ManifestHeadNotVisible, "HEAD") if exists() && memory.is_first(key.as_str()) => unknown(),
        (M::ManifestByTagOnly, "GET" | "HEAD") if memory.recall(&key).is_some() => unknown(),
        (M::DeleteTagOff403, "DELETE") if !by_digest => refuse(403, ErrorCode::Unsupported),
        (M::DeleteTagOff404, "DELETE") if !by_digest => refuse(404, ErrorCode::Unsupported),
        (M::DeleteManifestOff501, "DELETE") if by_digest => refuse(501, ErrorCode::Unsupported),
        (M::ErrorUnsupported, "DELETE") => deletion_denied(),
        (M::DeleteTagDoesNothing, "DELETE") if !by_digest && exists() => accept(202),
        (M::DeleteManifestDoesNothing, "DELETE") if by_digest && exists() => accept(202),
        (M::DeleteTagHeadStays, "DELETE") if !by_digest && exists() => hide(seen, key),
        (M::DeleteTagHeadStays, "GET") if memory.recall(&key).is_some() => unknown(),
        (M::DeleteManifestGetStays, "DELETE") if by_digest && exists() => hide(seen, key),
        (M::DeleteManifestGetStays, "HEAD") if memory.recall(&key).is_some() => unknown(),
        (M::ManifestRepushIgnored, "DELETE") if by_digest && exists() => {
            memory.remember(key, "");
            None
        }
        (M::ManifestRepushIgnored, "GET" | "HEAD") if memory.recall(&key).is_some() => unknown(),
        (M::DeleteManifestKeepsTags, "DELETE") if by_digest && exists() => hide(seen, key),
        (M::DeleteManifestKeepsTags, "GET" | "HEAD") if memory.recall(&key).is_some() => unknown(),
        (M::DeleteTagRepushIgnored, "DELETE") if !by_digest && exists() => {
            memory.remember(key, "");
            None
        }
        (M::DeleteTagRepushIgnored, "GET" | "HEAD") if memory.recall(&key).is_some() => unknown(),
        (M::DeleteTagComesBack, "PUT") if !by_digest && exists() => {
            let before = seen.manifest(name, reference.as_ref()?)?;
            memory.remember(key, before.digest.as_str());
            None
        }
        (M::DeleteTagComesBack, "DELETE") => {
            let before: Digest = memory.recall(&key)?.parse().ok()?;
            let tag = reference.as_ref()?.tag()?.clone();
            seen.registry.store().put_tag(name, tag, before);
            accept(202)
        }
        (M::DeletedReferrerListed, "DELETE") if by_digest && exists() => {
            seen.delete_tags(name, text);
            hide(seen, key)
        }
        (M::DeletedReferrerListed, "GET" | "HEAD") if memory.recall(&key).is_some() => unknown(),
        (
            M::DeleteManifestKeepsTags | M::DeletedReferrerListed | M::DeleteTagHeadStays | M::DeleteManifestGetStays,
            "PUT",
        ) => {
            memory.forget(&key);
            None
        }
        _ => None,
    }
}

/// Remembers that something counts as deleted, and leaves it where it is.
fn hide(seen: &Seen<'_>, key: String) -> Option<Answer> {
    if !seen.registry.memory.is_first(key) {
        return refuse(404, ErrorCode::ManifestUnknown);
    }
    accept(202)
}

/// Whether the last part of the path has more than 64 characters.
fn text_is_long(seen: &Seen<'_>) -> bool {
    let last = seen.request.uri.path().rsplit('/').next();
    last.is_some_and(|last| last.len() > 64)
}

fn uploads(seen: &Seen<'_>, name: &RepositoryName) -> Option<Answer> {
    let request = seen.request;
    let mount = request.query("mount").and_then(|digest| digest.parse::<Digest>().ok());
    let from = request.query("from");
    let blob = |digest: &Digest| Some(Ok(created(name, digest)));
    match (seen.mutant, mount) {
        (M::UploadsMissing, _) => no_method("GET, HEAD"),
        (M::SinglePostEncodedRefused, _) if request.uri.query().is_some_and(|query| query.contains("%3A")) => {
            refuse(400, ErrorCode::DigestInvalid)
        }
        (M::SinglePostRefused, _) if request.query("digest").is_some() => refuse(404, ErrorCode::Unsupported),
        (M::SinglePostFallbackDead, _) if request.query("digest").is_some() => {
            let id = seen.registry.identifiers.next();
            Some(Ok(
                Reply::new(StatusCode::ACCEPTED).location(format_args!("/v2/{name}/blobs/uploads/{id}"))
            ))
        }
        (M::ChunkPost411, _) if request.uri.query().is_none() => refuse(411, ErrorCode::SizeInvalid),
        (M::DigestAlgorithmRefused, _) if request.query("digest-algorithm").is_some() => {
            refuse(400, ErrorCode::DigestInvalid)
        }
        (M::MountForbidden, Some(_)) => refuse(403, ErrorCode::Denied),
        (M::MountWithoutFrom400, Some(_)) if from.is_none() => refuse(400, ErrorCode::NameInvalid),
        (M::MountNothing, Some(digest)) => {
            let from: RepositoryName = from?.parse().ok()?;
            if seen.has_blob(&from, &digest) {
                blob(&digest)
            } else {
                None
            }
        }
        (M::MountLargeNothing, Some(digest)) => {
            let from: RepositoryName = from?.parse().ok()?;
            let store = seen.registry.store();
            let length = store.repository(&from)?.blob(&digest)?.content.bytes.len();
            drop(store);
            if length > 64 << 10 { blob(&digest) } else { None }
        }
        (M::MountExistingNoLocation, Some(digest)) if from.is_some() && seen.has_blob(name, &digest) => {
            Some(Ok(created(name, &digest).without(header::LOCATION)))
        }
        (M::MountExisting409, Some(digest)) if seen.has_blob(name, &digest) => {
            refuse(409, ErrorCode::BlobUploadInvalid)
        }
        (M::MountChain404, Some(digest)) => {
            let mounts = seen.registry.memory.recall(&format!("mounts:{digest}"))?;
            if mounts.split_whitespace().any(|mount| Some(mount) == from) {
                refuse(404, ErrorCode::BlobUnknown)
            } else {
                None
            }
        }
        (M::MountBadSource400, Some(_)) if from?.parse::<RepositoryName>().is_err() => {
            refuse(400, ErrorCode::NameInvalid)
        }
        _ => None,
    }
}

pub(super) fn created(name: &RepositoryName, digest: &Digest) -> Reply {
    Reply::new(StatusCode::CREATED)
        .location(format_args!("/v2/{name}/blobs/{digest}"))
        .digest(digest)
}

fn upload(seen: &Seen<'_>, name: &RepositoryName, id: &str) -> Option<Answer> {
    let request = seen.request;
    let state = seen.registry.memory.recall(&format!("state:{name}:{id}"));
    match (seen.mutant, request.method.as_str()) {
        (M::UploadStatusIs404, "GET") => refuse(404, ErrorCode::Unsupported),
        (M::UploadStatusOld404, "GET") if state.is_some() && request.query("state") != state.as_deref() => {
            refuse(404, ErrorCode::BlobUploadUnknown)
        }
        (M::UploadStatusEnds, "PATCH") if seen.registry.memory.recall(&format!("asked:{id}")).is_some() => {
            refuse(404, ErrorCode::BlobUploadUnknown)
        }
        (M::ThirdChunkRefused, "PATCH") if seen.chunks(id) > 1 => refuse(400, ErrorCode::BlobUploadInvalid),
        (M::FinalPatchRefused, "PUT") if request.content_length() == Some(0) && seen.chunks(id) > 0 => {
            refuse(400, ErrorCode::SizeInvalid)
        }
        (M::SingleChunkRefused, "PUT") if request.content_length() == Some(0) && seen.chunks(id) == 1 => {
            refuse(400, ErrorCode::BlobUploadInvalid)
        }
        (M::ContentRangeUnitRequired, "PATCH" | "PUT")
            if request
                .header(header::CONTENT_RANGE)
                .is_some_and(|range| !range.starts_with("bytes ")) =>
        {
            refuse(400, ErrorCode::BlobUploadInvalid)
        }
        (M::ChunkMinimumUnannounced, "PATCH") if request.content_length().is_some_and(|length| length < 4096) => {
            refuse(400, ErrorCode::SizeInvalid)
        }
        (M::ChunkMinimumForLast, "PATCH" | "PUT")
            if request.headers.contains_key(header::CONTENT_RANGE)
                && request.content_length().is_some_and(|length| length < 4096) =>
        {
            refuse(400, ErrorCode::SizeInvalid)
        }
        _ => None,
    }
}

fn tags(seen: &Seen<'_>) -> Option<Answer> {
    let (n, last) = (seen.request.query("n"), seen.request.query("last"));
    match seen.mutant {
        M::TagsMissing => refuse(404, ErrorCode::Unsupported),
        M::TagsZero400 if n == Some("0") => refuse(400, ErrorCode::Unsupported),
        M::TagsLargeLimit400 if n.is_some_and(|n| n.parse().is_ok_and(|n: u64| n > 1000)) => {
            refuse(400, ErrorCode::Unsupported)
        }
        M::TagsLastNeedsLimit if last.is_some() && n.is_none() => refuse(400, ErrorCode::Unsupported),
        _ => None,
    }
}

fn referrers(seen: &Seen<'_>, name: &RepositoryName, digest: &str) -> Option<Answer> {
    match seen.mutant {
        M::DeletedSubject404 => {
            seen.registry.memory.recall(&format!("gone:{name}:{digest}"))?;
            refuse(404, ErrorCode::ManifestUnknown)
        }
        M::ReferrersAbsent405 => no_method("PUT"),
        M::ReferrersAbsent500 => refuse(501, ErrorCode::Unsupported),
        M::SubjectHeaderWithoutApi => refuse(404, ErrorCode::Unsupported),
        M::ReferrersFilter400 if seen.request.query("artifactType").is_some() => refuse(400, ErrorCode::Unsupported),
        M::ReferrersCached => {
            let text = seen.registry.memory.recall(&seen.request.uri.to_string())?;
            Some(Ok(
                Reply::new(StatusCode::OK).content(media_type::OCI_INDEX, text.into())
            ))
        }
        _ => None,
    }
}

fn token(seen: &Seen<'_>) -> Option<Answer> {
    let asks_for_more = |scope: &str| {
        let actions = scope.rsplit_once(':').map_or("", |(_, actions)| actions);
        actions
            .split(',')
            .any(|action| !["pull", "push", "delete", "*"].contains(&action))
    };
    let asks_for_more = seen
        .request
        .queries("scope")
        .flat_map(str::split_whitespace)
        .any(asks_for_more);
    match seen.mutant {
        M::AuthMoreThanAllowed403 if asks_for_more => refuse(403, ErrorCode::Denied),
        M::AuthManyScopes400 if seen.request.queries("scope").count() > 1 => refuse(400, ErrorCode::Unsupported),
        _ => None,
    }
}
