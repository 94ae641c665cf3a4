//! How blobs come into a repository: uploads in all their forms, and mounts.
//!
//! Follows [Pushing blobs](https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-blobs). An upload
//! changes only by requests that succeed: after any refusal it stands where it stood, and the client can go on from there.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::header;
use hyper::{Method, StatusCode};

use super::auth::{Action, Caller};
use super::referrers::percent_encode;
use super::request::{BodyError, Request};
use super::respond::{Answer, Failure, OCI_CHUNK_MIN_LENGTH, Reply};
use super::server::{OPAQUE_UPLOADS, Registry};
use super::store::{Store, Upload};
use super::{Mutant, Variant, range};
use crate::oci::digest::{Algorithm, Digest};
use crate::oci::error_body::ErrorCode;
use crate::oci::reference::RepositoryName;

/// Content that is longer than this is hashed where it does not keep other requests waiting.
const HASH_INLINE: usize = 1 << 20;

/// The least size of chunks but the last, in the variant that has one.
const CHUNK_MINIMUM: usize = 64 << 10;

impl Registry {
    /// POST: mounts a blob, takes a whole blob, or opens an upload.
    pub(super) async fn start_upload(
        self: &Arc<Self>,
        name: &RepositoryName,
        caller: &Caller,
        request: &mut Request,
    ) -> Answer {
        if let Some(digest) = request.query("mount") {
            return Ok(match self.mount(name, digest, request.query("from"), caller) {
                Some(digest) => blob_created(name, &digest),
                None => self.open_upload(name, request),
            });
        }
        if request.query("digest").is_some() && !self.has(Variant::SinglePostOff) {
            let bytes = request
                .body(self.limits.blob)
                .await
                .map_err(|error| self.unreadable_blob(error))?;
            let digest = self.claimed(request.query("digest"), &bytes)?;
            let digest = self.finish(name, digest, bytes, request).await?;
            return Ok(blob_created(name, &digest));
        }
        if let Some(algorithm) = request.query("digest-algorithm")
            && !self.supports(Algorithm::parse(algorithm))
        {
            return Err(unsupported(algorithm));
        }
        Ok(self.open_upload(name, request))
    }

    /// Links a blob that another repository has, if the caller may read it there. That it cannot be mounted is no
    /// failure: the client is to upload it then.
    fn mount(&self, name: &RepositoryName, digest: &str, from: Option<&str>, caller: &Caller) -> Option<Digest> {
        // What a repository has needs no mount.
        if self.has(Variant::MountOff) && from != Some(name.as_str()) {
            return None;
        }
        let digest: Digest = digest.parse().ok()?;
        let mut store = self.store();
        let from: RepositoryName = match from {
            Some(_) if self.has(Variant::MountSourceIgnored) => holder(&store, &digest, caller)?,
            Some(from) => from.parse().ok()?,
            None if self.has(Variant::MountWithoutFrom) => holder(&store, &digest, caller)?,
            None => return None,
        };
        if !caller.may(&from, Action::Pull) && !self.is(Mutant::AuthMountUnchecked) {
            return None;
        }
        let bytes = store.repository(&from)?.blob(&digest)?.content.bytes.clone();
        store.put_blob(name, &digest, bytes);
        if self.is(Mutant::MountMoves) && from != *name {
            store.delete_blob(&from, &digest);
        }
        self.remember_mount(name, &digest);
        Some(digest)
    }

    fn open_upload(&self, name: &RepositoryName, request: &Request) -> Reply {
        let id = self.shared_upload(name).unwrap_or_else(|| self.identifiers.next());
        self.remember_algorithm(&id, request);
        self.store()
            .open_upload(id.clone(), name.clone(), self.upload_idle(), self.limits.uploads);
        let minimum = Some(CHUNK_MINIMUM).filter(|_| self.has(Variant::ChunkMinimum));
        Reply::new(StatusCode::ACCEPTED)
            .location(self.upload_location(name, &id, 0, request))
            .with_some(OCI_CHUNK_MIN_LENGTH, minimum)
    }

    /// PATCH: takes the next chunk, or with no word about its place a stream of any length.
    pub(super) async fn patch_upload(&self, name: &RepositoryName, id: &str, request: &mut Request) -> Answer {
        let early = self.with_upload(name, id, request, |upload| self.check_chunk(upload, request, None))?;
        if early.is_err() && !self.is(Mutant::Chunk416Appends) {
            early?;
        }
        let chunk = match request.body(self.limits.blob).await {
            Ok(chunk) => chunk,
            Err(error) => {
                self.keep_broken_chunk(name, id, request);
                return Err(self.unreadable_blob(error));
            }
        };
        let length = self.with_upload(name, id, request, |upload| {
            // Another request may have moved the upload while the body came.
            let checked = self.check_chunk(upload, request, Some(chunk.len()));
            if checked.is_err() && self.is(Mutant::Chunk416Appends) {
                upload.append(chunk.clone());
            }
            checked?;
            self.check_blob_length(upload, &chunk)?;
            if !self.append_wrongly(upload, &chunk, request) {
                upload.append(chunk.clone());
            }
            Ok(upload.length)
        })??;
        self.share_chunk(name, id, &chunk);
        Ok(Reply::new(StatusCode::ACCEPTED)
            .location(self.upload_location(name, id, length, request))
            .with(header::RANGE, received(length)))
    }

    /// What becomes of a chunk that broke off. It is dropped, unless this registry is another than the plain one.
    fn keep_broken_chunk(&self, name: &RepositoryName, id: &str, request: &mut Request) {
        let part = request.take_part();
        if self.is(Mutant::BrokenChunkCloses) {
            self.store().close_upload(id);
        }
        if self.is(Mutant::BrokenChunkUncounted) {
            self.memory.remember(format!("uncounted:{id}"), part.len().to_string());
        }
        if self.has(Variant::BrokenChunkKept) || self.is(Mutant::BrokenChunkUncounted) {
            let _ = self.with_upload(name, id, request, |upload| upload.append(part));
        }
    }

    /// PUT: takes the last chunk, if it has one, and makes a blob of it all.
    pub(super) async fn put_upload(&self, name: &RepositoryName, id: &str, request: &mut Request) -> Answer {
        let early = self.with_upload(name, id, request, |upload| self.check_chunk(upload, request, None))?;
        if early.is_err() && self.is(Mutant::OutOfOrderStored) {
            let digest = self.claimed(request.query("digest"), &Bytes::new())?;
            self.store()
                .put_blob(name, &digest, Bytes::from_static(b"out of order"));
        }
        early?;
        let chunk = request
            .body(self.limits.blob)
            .await
            .map_err(|error| self.unreadable_blob(error))?;
        let upload = self.with_upload(name, id, request, |upload| {
            self.check_chunk(upload, request, Some(chunk.len()))?;
            self.check_blob_length(upload, &chunk)?;
            let mut upload = upload.clone();
            if !(self.is(Mutant::FinalPutIgnored) && upload.length > 0) {
                upload.append(chunk);
            }
            Ok(upload)
        })??;
        self.check_wrongly(name, id, &upload, request)?;
        let last = upload.pieces.last().cloned();
        let bytes = joined(upload.pieces);
        let digest = self.claimed(request.query("digest"), &bytes)?;
        let bytes = last
            .filter(|last| self.takes_last_chunk(&digest, last))
            .unwrap_or(bytes);
        let digest = self.finish(name, digest, bytes, request).await?;
        if !self.is(Mutant::UploadOpenAfterPut) {
            self.store().close_upload(id);
        }
        Ok(blob_created(name, &digest))
    }

    /// GET: where the upload stands. Before the first byte there is no right answer; this one is what most registries
    /// give, though it is also that of an upload of one byte.
    pub(super) fn upload_status(&self, name: &RepositoryName, id: &str, request: &Request) -> Answer {
        let length = self.with_upload(name, id, request, |upload| upload.length)?;
        let uncounted = self.memory.recall(&format!("uncounted:{id}"));
        let length = length - uncounted.and_then(|count| count.parse().ok()).unwrap_or(0);
        let reply = Reply::new(StatusCode::NO_CONTENT).location(self.upload_location(name, id, length, request));
        if length == 0 && self.has(Variant::StatusNoRangeAtStart) {
            return Ok(reply);
        }
        if length == 0 && self.has(Variant::StatusMinusOneAtStart) {
            return Ok(reply.with(header::RANGE, "0--1"));
        }
        Ok(reply.with(header::RANGE, received(length)))
    }

    /// DELETE: gives the upload up.
    pub(super) fn cancel_upload(&self, name: &RepositoryName, id: &str, request: &Request) -> Answer {
        self.with_upload(name, id, request, |_| ())?;
        if !self.is(Mutant::CancelDoesNothing) {
            self.store().close_upload(id);
        }
        Ok(Reply::new(StatusCode::NO_CONTENT))
    }

    /// Does something with an upload of this repository.
    fn with_upload<T>(
        &self,
        name: &RepositoryName,
        id: &str,
        request: &Request,
        act: impl FnOnce(&mut Upload) -> T,
    ) -> Result<T, Failure> {
        let mut store = self.store();
        match store.upload(id, self.upload_idle()) {
            Some(upload)
                if (upload.repository == *name || self.is(Mutant::UploadAcrossRepositories))
                    && self.is_upload_location(id, upload.length, request) =>
            {
                Ok(act(upload))
            }
            _ => Err(Failure::not_found(
                ErrorCode::BlobUploadUnknown,
                "there is no such upload in this repository",
            )),
        }
    }

    /// Whether a chunk says of itself what is true, as far as that is known: its place follows what has come, and its
    /// length is that of the place. A chunk that says nothing of its place goes to the end.
    fn check_chunk(&self, upload: &Upload, request: &Request, length: Option<usize>) -> Result<(), Failure> {
        let length = length.map(|length| length as u64).or_else(|| request.content_length());
        let last_is_short = upload.pieces.last().is_some_and(|piece| piece.len() < CHUNK_MINIMUM);
        if self.has(Variant::ChunkMinimum) && last_is_short && length.is_some_and(|length| length > 0) {
            let message = format!("the chunk before had fewer than {CHUNK_MINIMUM} bytes");
            return Err(Failure::bad_request(ErrorCode::SizeInvalid, message));
        }
        let Some(place) = request.headers.get(header::CONTENT_RANGE) else {
            return Ok(());
        };
        if self.is(Mutant::FinalPutOutOfOrderIgnored) && request.method == Method::PUT {
            return Ok(());
        }
        let is_right = |place: &(u64, u64)| place.0 != place.1 || !self.is(Mutant::ChunkOfOneByteRefused);
        let Some((first, last)) = place.to_str().ok().and_then(range::chunk).filter(is_right) else {
            if self.is(Mutant::ContentRangeMalformedIgnored) {
                return Ok(());
            }
            let message = "Content-Range has to be <first>-<last>, both inclusive";
            return Err(Failure::bad_request(ErrorCode::BlobUploadInvalid, message));
        };
        if let Some(length) = length
            && length != last - first + 1
            && !self.is(Mutant::ChunkLengthUnchecked)
        {
            let message = format!("the chunk has {length} bytes, and Content-Range says {first}-{last}");
            return Err(Failure::bad_request(ErrorCode::SizeInvalid, message));
        }
        if first != upload.length && !self.takes_out_of_order(upload, first, last) {
            let message = format!("the next chunk has to start at byte {}", upload.length);
            let id = request.uri.path().rsplit('/').next().unwrap_or_default();
            return Err(
                Failure::new(StatusCode::RANGE_NOT_SATISFIABLE, ErrorCode::BlobUploadInvalid, message)
                    .with(
                        header::LOCATION,
                        self.upload_location(&upload.repository, id, upload.length, request),
                    )
                    .with(header::RANGE, received(upload.length)),
            );
        }
        Ok(())
    }

    fn check_blob_length(&self, upload: &Upload, chunk: &Bytes) -> Result<(), Failure> {
        if upload.length.saturating_add(chunk.len() as u64) > self.limits.blob as u64 {
            return Err(self.unreadable_blob(BodyError::TooLarge));
        }
        Ok(())
    }

    /// The digest that a blob is pushed by, in an algorithm that can be checked.
    fn claimed(&self, text: Option<&str>, bytes: &Bytes) -> Result<Digest, Failure> {
        if let Some(digest) = self.claimed_wrongly(text, bytes) {
            return Ok(digest);
        }
        let invalid = |message: String| Failure::bad_request(ErrorCode::DigestInvalid, message);
        let text = text.ok_or_else(|| invalid("the query has no digest".into()))?;
        let digest: Digest = text.parse().map_err(|error| invalid(format!("{error}")))?;
        if self.supports(digest.algorithm()) {
            Ok(digest)
        } else {
            Err(unsupported(digest.algorithm_name()))
        }
    }

    /// Gives a repository a blob, if it is that of the digest, and says by which digest it is kept.
    async fn finish(
        &self,
        name: &RepositoryName,
        digest: Digest,
        bytes: Bytes,
        request: &Request,
    ) -> Result<Digest, Failure> {
        if self.has(Variant::EmptyBlobsOff) && bytes.is_empty() {
            return Err(Failure::bad_request(
                ErrorCode::BlobUploadInvalid,
                "the blob has no bytes",
            ));
        }
        let is_there = || {
            self.store()
                .repository(name)
                .is_some_and(|known| known.blob(&digest).is_some())
        };
        if self.is(Mutant::ExistingBlobUnverified) && is_there() {
            return Ok(digest);
        }
        let verified = verify(&digest, &bytes).await;
        if verified.is_err() && !self.takes_any_digest(&digest, &bytes, request) {
            if self.is(Mutant::ExistingBlobOverwritten) && is_there() {
                self.store().delete_blob(name, &digest);
                self.store().put_blob(name, &digest, bytes);
            } else if self.is(Mutant::BadDigestStored) {
                self.store().put_blob(name, &digest, bytes);
            }
            return verified.map(|()| digest);
        }
        if self.swallows(name, &digest) {
            return Ok(digest);
        }
        let digest = match self.has(Variant::BlobsKeptBySha256) {
            true => Digest::of(Algorithm::Sha256, &bytes),
            false => digest,
        };
        let bytes = self.altered_blob(bytes);
        self.store().put_blob(name, &digest, bytes);
        Ok(digest)
    }

    /// Whether content can be kept by this algorithm.
    pub(super) fn supports(&self, algorithm: Option<Algorithm>) -> bool {
        match algorithm {
            Some(Algorithm::Sha256) => true,
            Some(Algorithm::Sha512) => !self.has(Variant::NoSha512),
            None => false,
        }
    }

    pub(super) fn upload_idle(&self) -> Duration {
        self.limits.upload_idle
    }

    fn unreadable_blob(&self, error: BodyError) -> Failure {
        match error {
            BodyError::TooLarge => {
                let message = format!("blobs may have {} bytes", self.limits.blob);
                Failure::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::SizeInvalid, message)
            }
            BodyError::Broken => Failure::bad_request(ErrorCode::BlobUploadInvalid, "the body broke off"),
        }
    }

    /// The URL of an upload in its present state.
    fn upload_location(&self, name: &RepositoryName, id: &str, length: u64, request: &Request) -> String {
        let path = format!("/v2/{name}/blobs/uploads/{id}");
        if self.has(Variant::UploadLocationAbsolute) {
            return request.origin() + &path;
        }
        if self.has(Variant::UploadLocationDots) {
            return format!("/v2/elsewhere/../{name}/blobs/./uploads/{id}");
        }
        if self.has(Variant::UploadLocationOpaque) {
            return format!("{OPAQUE_UPLOADS}{id}");
        }
        if self.has(Variant::UploadLocationOfPath) {
            // `.../blobs/uploads` without a slash at the end is the same resource, and another base.
            return match request.uri.path().ends_with("/uploads") {
                true => format!("uploads/{id}"),
                false => id.to_string(),
            };
        }
        if self.has(Variant::UploadLocationQuery) {
            return format!(
                "{path}?part=1&_state={}",
                percent_encode(&upload_state(id)).replace('/', "%2F")
            );
        }
        if self.has(Variant::UploadLocationMoves) {
            return format!("{path}?at={length}");
        }
        path
    }

    /// Whether a request came to a URL that is good for it, where not every one is.
    fn is_upload_location(&self, id: &str, length: u64, request: &Request) -> bool {
        if self.has(Variant::UploadLocationQuery) {
            return request.query("_state") == Some(&upload_state(id));
        }
        if self.has(Variant::UploadLocationMoves) && [Method::PATCH, Method::PUT].contains(&request.method) {
            return request.query("at") == Some(&length.to_string());
        }
        true
    }
}

/// A parameter that does not survive careless handling.
fn upload_state(id: &str) -> String {
    format!("{id}/a+b==")
}

/// A repository that has the blob and that the caller may read.
fn holder(store: &Store, digest: &Digest, caller: &Caller) -> Option<RepositoryName> {
    let mut repositories = store.repositories();
    let holds =
        repositories.find(|(name, repository)| repository.blob(digest).is_some() && caller.may(name, Action::Pull));
    holds.map(|(name, _)| name.clone())
}

/// Compares content with its digest.
async fn verify(digest: &Digest, bytes: &Bytes) -> Result<(), Failure> {
    let result = if bytes.len() <= HASH_INLINE {
        digest.verify(bytes)
    } else {
        let (digest, bytes) = (digest.clone(), bytes.clone());
        let hashing = tokio::task::spawn_blocking(move || digest.verify(&bytes)).await;
        hashing.map_err(|_| Failure::bad_request(ErrorCode::BlobUploadInvalid, "the registry is stopping"))?
    };
    result.map_err(|error| Failure::bad_request(ErrorCode::DigestInvalid, error))
}

fn joined(mut pieces: Vec<Bytes>) -> Bytes {
    if pieces.len() <= 1 {
        return pieces.pop().unwrap_or_default();
    }
    let mut whole = BytesMut::with_capacity(pieces.iter().map(Bytes::len).sum());
    pieces.iter().for_each(|piece| whole.extend_from_slice(piece));
    whole.freeze()
}

/// What has come, from the first to the last byte.
fn received(length: u64) -> String {
    format!("0-{}", length.saturating_sub(1))
}

fn unsupported(algorithm: &str) -> Failure {
    Failure::bad_request(
        ErrorCode::DigestInvalid,
        format_args!("the algorithm {algorithm} is not supported"),
    )
}

fn blob_created(name: &RepositoryName, digest: &Digest) -> Reply {
    Reply::new(StatusCode::CREATED)
        .location(format_args!("/v2/{name}/blobs/{digest}"))
        .digest(digest)
}
