//! Defects in what follows a push, a mount or a deletion that succeeded.

use hyper::header;
use hyper::{Method, StatusCode};

use super::Seen;
use crate::oci::digest::{Algorithm, Digest};
use crate::oci::error_body::ErrorCode;
use crate::oci::media_type::{MediaType, OCI_INDEX};
use crate::oci::reference::{Reference, RepositoryName};
use crate::registry::Mutant as M;
use crate::registry::document::Kind;
use crate::registry::respond::{DOCKER_CONTENT_DIGEST, Failure, OCI_CHUNK_MIN_LENGTH, OCI_SUBJECT, OCI_TAG, Reply};
use crate::registry::routes::Route;

/// What a mutant makes of a pushed or deleted manifest.
pub(super) fn manifest(seen: &Seen<'_>, reference: &str, reply: Reply) -> Reply {
    let by_digest = reference.contains(':');
    if seen.request.method == Method::DELETE {
        return match seen.mutant {
            M::DeleteTagIs200 if !by_digest => reply.status(200),
            M::DeleteTagIs204 if !by_digest => reply.status(204),
            M::DeleteManifestIs200 if by_digest => reply.status(200),
            M::DeleteManifestIs204 if by_digest => reply.status(204),
            _ => reply,
        };
    }
    if reply.status != StatusCode::CREATED {
        return reply;
    }
    let digest = reply.text(DOCKER_CONTENT_DIGEST).unwrap_or_default();
    let location = reply.text(header::LOCATION).unwrap_or_default();
    let has_subject = reply.headers.contains_key(OCI_SUBJECT);
    let of_index = || {
        let Route::Manifest(name, _) = seen.route else {
            return false;
        };
        let subject = reply.text(OCI_SUBJECT).and_then(|subject| subject.parse().ok());
        subject
            .and_then(|subject| seen.manifest(name, &Reference::Digest(subject)))
            .is_some_and(|manifest| manifest.document.kind == Kind::Index)
    };
    let path = seen.request.uri.path();
    let by_tag_only = format!(
        "manifest:{}:{digest}",
        seen.route.repository().map_or("", RepositoryName::as_str)
    );
    match seen.mutant {
        M::MalformedDigestKept if !by_digest && path.contains("/sha256:") => reply.status(400),
        M::ManifestPutIs200 if !by_digest => reply.status(200),
        M::ManifestPutIs202 if !by_digest => reply.status(202),
        M::ManifestPutDigestIs200 if by_digest => reply.status(200),
        M::ManifestPutNoLocation => reply.without(header::LOCATION),
        M::ManifestLocationDead => reply.set(header::LOCATION, format_args!("{location}0")),
        M::ManifestLocationOfBlob => reply.set(header::LOCATION, location.replace("/manifests/", "/blobs/")),
        M::ManifestPutDigestSha256 if digest.starts_with("sha512:") => {
            let short = digest.get(7..71).unwrap_or_default();
            reply.set(DOCKER_CONTENT_DIGEST, format_args!("sha256:{short}"))
        }
        M::ManifestPutDigestWrong if !by_digest => reply.set(DOCKER_CONTENT_DIGEST, Digest::of(Algorithm::Sha256, b"")),
        M::ManifestPutOtherDigest if by_digest => reply.set(DOCKER_CONTENT_DIGEST, Digest::of(Algorithm::Sha256, b"")),
        M::ManifestPutNoDigest => reply.without(DOCKER_CONTENT_DIGEST),
        M::ManifestByTagOnly => {
            if by_digest {
                seen.registry.memory.forget(&by_tag_only);
            } else {
                seen.registry.memory.remember(by_tag_only, "");
            }
            reply
        }
        M::TagParamsNoHeader if reply.headers.contains_key(OCI_TAG) => {
            let tags = reply.text(OCI_TAG).unwrap_or_default();
            reply
                .without(OCI_TAG)
                .with(header::HeaderName::from_static("oci-tags"), tags)
        }
        M::TagParamsJson if reply.headers.contains_key(OCI_TAG) => {
            let tags: Vec<&str> = reply
                .headers
                .get_all(OCI_TAG)
                .iter()
                .filter_map(|tag| tag.to_str().ok())
                .collect();
            let json = serde_json::to_string(&tags).unwrap_or_default();
            reply.set(OCI_TAG, json)
        }
        M::TagParamsUnconfirmed => match reply.text(OCI_TAG) {
            Some(first) => reply.set(OCI_TAG, first),
            None => reply,
        },
        M::SubjectHeaderMissing => reply.without(OCI_SUBJECT),
        M::SubjectHeaderByDigestOnly if !by_digest => reply.without(OCI_SUBJECT),
        M::SubjectHeaderOnce if has_subject && !seen.registry.memory.is_first(path) => reply.without(OCI_SUBJECT),
        M::SubjectHeaderTrue if has_subject => reply.set(OCI_SUBJECT, "true"),
        M::SubjectHeaderOwnDigest if has_subject => reply.set(OCI_SUBJECT, digest),
        M::SubjectHeaderIndexMissing if seen.pushes_index() => reply.without(OCI_SUBJECT),
        M::SubjectHeaderOfIndexMissing if of_index() => reply.without(OCI_SUBJECT),
        M::SubjectHeaderSha512Missing if reference.starts_with("sha512:") => reply.without(OCI_SUBJECT),
        M::SubjectHeaderAlways if !has_subject => reply.set(OCI_SUBJECT, digest),
        M::ReferrersAbsent405 | M::ReferrersAbsent500 => reply.without(OCI_SUBJECT),
        _ => reply,
    }
}

/// What a mutant makes of an upload that was opened, of a single POST and of a mount.
pub(super) fn uploads(seen: &Seen<'_>, name: &RepositoryName, reply: Reply) -> Reply {
    let created = reply.status == StatusCode::CREATED;
    let opened = reply.status == StatusCode::ACCEPTED;
    let mount = seen.request.query("mount");
    let is_mount = mount.is_some();
    let dead = || format!("/v2/{name}/blobs/uploads/{}", seen.registry.identifiers.next());
    let from_unknown = || {
        let from: Option<RepositoryName> = seen.request.query("from").and_then(|from| from.parse().ok());
        from.is_some_and(|from| seen.registry.store().repository(&from).is_none())
    };
    let location = reply.text(header::LOCATION).unwrap_or_default();
    match seen.mutant {
        M::UploadPostIs201 if opened => reply.status(201),
        M::UploadPostIs200 if opened => reply.status(200),
        M::UploadPostNoLocation if opened => reply.without(header::LOCATION),
        M::LocationNotRooted if opened => reply.set(header::LOCATION, location.trim_start_matches('/')),
        M::ChunkMinimumText if opened => reply.set(OCI_CHUNK_MIN_LENGTH, "4KiB"),
        M::ChunkMinimumForLast if opened => reply.set(OCI_CHUNK_MIN_LENGTH, 4096),
        M::SinglePostIs200 if created && !is_mount => reply.status(200),
        M::SinglePostNoLocation if created && !is_mount => reply.without(header::LOCATION),
        M::SinglePostLocationDead if created && !is_mount => reply.set(header::LOCATION, format_args!("{location}0")),
        M::MountIs200 if created && is_mount => reply.status(200),
        M::MountIs202 if created && is_mount => reply.status(202).set(header::LOCATION, dead()),
        M::MountNoLocation if created && is_mount => reply.without(header::LOCATION),
        M::MountLocationOfUpload if created && is_mount => reply.set(header::LOCATION, dead()),
        M::MountMissing404 if opened && is_mount => refused(404, ErrorCode::BlobUnknown),
        M::MountUnknownSource404 if opened && is_mount && from_unknown() => refused(404, ErrorCode::NameUnknown),
        M::MountFallbackNoLocation if opened && is_mount => reply.without(header::LOCATION),
        M::MountFallbackDead if opened && is_mount => reply.set(header::LOCATION, dead()),
        M::MountAbsent201 if opened => match mount {
            Some(digest) => reply
                .status(201)
                .set(header::LOCATION, format_args!("/v2/{name}/blobs/{digest}")),
            None => reply,
        },
        M::UploadStatusOld404 if opened => {
            with_state(seen, name, location.rsplit('/').next().unwrap_or_default(), reply)
        }
        _ => reply,
    }
}

/// What a mutant makes of a step of an upload that succeeded.
pub(super) fn upload(seen: &Seen<'_>, name: &RepositoryName, id: &str, reply: Reply) -> Reply {
    let range = reply.text(header::RANGE).unwrap_or_default();
    let end = range.trim_start_matches("0-").parse().unwrap_or(0_u64);
    let length = seen.request.content_length().unwrap_or(0);
    let memory = &seen.registry.memory;
    let has_chunks = || memory.recall(&format!("chunks:{id}")).is_some();
    let path = seen.request.uri.path();
    let by_sha512 = seen
        .request
        .query("digest")
        .is_some_and(|digest| digest.starts_with("sha512:"));
    match (seen.mutant, seen.request.method.as_str()) {
        (M::UploadPutIs200, "PUT") => reply.status(200),
        (M::UploadPutIs204, "PUT") => reply.status(204),
        (M::UploadPutNoLocation, "PUT") => reply.without(header::LOCATION),
        (M::UploadPutLocationOfUpload, "PUT") => reply.set(header::LOCATION, path),
        (M::UploadPutLocationSha256, "PUT") if by_sha512 => {
            let other = Digest::of(Algorithm::Sha256, path.as_bytes());
            reply.set(header::LOCATION, format_args!("/v2/{name}/blobs/{other}"))
        }
        (M::ChunkPutSha512NoLocation, "PUT") if by_sha512 && has_chunks() => reply.without(header::LOCATION),
        (M::UploadPutLocationOfManifest, "PUT") => {
            let location = reply
                .text(header::LOCATION)
                .unwrap_or_default()
                .replace("/blobs/", "/manifests/");
            reply.set(header::LOCATION, location)
        }
        (M::ChunkPutIs200, "PUT") if has_chunks() => reply.status(200),
        (M::ChunkPutNoLocation, "PUT") if has_chunks() => reply.without(header::LOCATION),
        (M::ChunkPutIs200 | M::ChunkPutNoLocation | M::ChunkPutSha512NoLocation, "PATCH") => {
            memory.remember(format!("chunks:{id}"), "");
            reply
        }
        (M::ChunkPatchIs201, "PATCH") => reply.status(201),
        (M::ChunkPatchIs204, "PATCH") => reply.status(204),
        (M::SecondChunkPatchIs204, "PATCH") if memory.count(id) > 1 => reply.status(204),
        (M::ChunkPatchNoLocation, "PATCH") => reply.without(header::LOCATION),
        (M::ChunkPatchNoRange, "PATCH") => reply.without(header::RANGE),
        (M::ChunkPatchRangeUnit, "PATCH") => reply.set(header::RANGE, format_args!("bytes={range}")),
        (M::ChunkRangeOfChunk, "PATCH") => reply.set(header::RANGE, format_args!("0-{}", length.saturating_sub(1))),
        (M::ChunkRangeStuck, "PATCH") => {
            let stuck = memory.recall(id).unwrap_or(range);
            memory.remember(id, stuck.clone());
            reply.set(header::RANGE, stuck)
        }
        (M::ChunkRangeExclusive, "PATCH") => reply.set(header::RANGE, format_args!("0-{}", end + 1)),
        (M::UploadStatusFirstChunk, "PATCH") => {
            if memory.recall(id).is_none() {
                memory.remember(id, range);
            }
            reply
        }
        (M::UploadStatusFirstChunk, "GET") => match memory.recall(id) {
            Some(first) => reply.set(header::RANGE, first),
            None => reply,
        },
        (M::UploadStatusOld404, "PATCH") => with_state(seen, name, id, reply),
        (M::UploadStatusEnds, "GET") => {
            memory.remember(format!("asked:{id}"), "");
            reply
        }
        (M::UploadStatusIs200, "GET") => reply.status(200),
        (M::UploadStatusNoLocation, "GET") => reply.without(header::LOCATION),
        (M::UploadStatusLocationDead, "GET") => {
            let id = seen.registry.identifiers.next();
            reply.set(header::LOCATION, format_args!("/v2/{name}/blobs/uploads/{id}"))
        }
        (M::UploadStatusNoRange, "GET") => reply.without(header::RANGE),
        (M::CancelIs200, "DELETE") => reply.status(200),
        (M::CancelIs202, "DELETE") => reply.status(202),
        _ => reply,
    }
}

impl Seen<'_> {
    /// Whether the request has an index for a body, by its own word.
    pub(super) fn pushes_index(&self) -> bool {
        let media_type = self
            .request
            .header(header::CONTENT_TYPE)
            .and_then(|text| text.parse::<MediaType>().ok());
        media_type.is_some_and(|media_type| media_type.essence() == OCI_INDEX)
    }
}

/// Gives an upload a new URL, and remembers it as the newest.
fn with_state(seen: &Seen<'_>, name: &RepositoryName, id: &str, reply: Reply) -> Reply {
    let state = seen.registry.memory.count(&format!("states:{id}"));
    seen.registry
        .memory
        .remember(format!("state:{name}:{id}"), state.to_string());
    reply.set(
        header::LOCATION,
        format_args!("/v2/{name}/blobs/uploads/{id}?state={state}"),
    )
}

fn refused(status: u16, code: ErrorCode) -> Reply {
    Failure::bad_request(code, "refused").status(status).into_reply()
}
