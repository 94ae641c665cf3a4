//! Defects inside the handlers: each function stands at one decision of the plain registry and changes it for the mutants
//! that get it wrong.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use hyper::Method;
use hyper::header;

use super::lists::{left_by_tag, took_tag_of};
use super::server_error;
use crate::oci::digest::{Algorithm, Digest};
use crate::oci::error_body::ErrorCode;
use crate::oci::media_type::MediaType;
use crate::oci::reference::{Reference, RepositoryName, Tag};
use crate::registry::Mutant as M;
use crate::registry::range::Wanted;
use crate::registry::request::Request;
use crate::registry::respond::Failure;
use crate::registry::routes::Route;
use crate::registry::server::Registry;
use crate::registry::store::{Manifest, Store, Upload};

/// The length from which the digest of a blob is not checked, in bytes.
const LARGE: usize = 1 << 20;

/// The length in bytes from which manifests, and parts of blobs, are handled wrongly.
const LONG: usize = 64 << 10;

/// What 24 bits can count to.
const BITS_24: usize = (1 << 24) - 1;

/// Routes and pulls.
impl Registry {
    /// Where a mutant takes a request that the plain registry would refuse.
    pub(in crate::registry) fn rewritten(&self, route: Route, request: &Request) -> Route {
        let Some(mutant) = self.mutant() else { return route };
        let route = super::hardening::rewritten(mutant, &route, request).unwrap_or(route);
        let path = request.uri.path();
        let reads = request.method.is_safe();
        let found = |text: &str| -> Option<String> {
            match mutant {
                M::UpperCaseDigestFound if reads && text.contains(':') => Some(text.to_lowercase()),
                M::DigestUpperAlgorithmFound if reads => {
                    text.strip_prefix("SHA256:").map(|hex| format!("sha256:{hex}"))
                }
                M::DigestBareHexFound if reads => {
                    let hex = text.trim_start_matches(':');
                    (hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit())).then(|| format!("sha256:{hex}"))
                }
                _ => None,
            }
        };
        match (mutant, route) {
            (M::NameUpperCaseFolded, Route::BadName(error)) => match Route::of(&path.to_lowercase()) {
                Route::BadName(_) => Route::BadName(error),
                route => route,
            },
            (M::TagsMadeToFit, Route::Manifest(name, text)) if !text.contains(':') && text.parse::<Tag>().is_err() => {
                let fits = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
                let mut fitting = text.trim_start_matches(['.', '-']).replace(|c| !fits(c), "_");
                fitting.truncate(128);
                Route::Manifest(name, fitting)
            }
            (M::ReferenceCleaned, Route::Manifest(name, text)) => {
                let last = text.rsplit(['/', '@']).next().map(str::to_owned);
                Route::Manifest(name, last.unwrap_or(text))
            }
            (M::MalformedDigestIsTag | M::MalformedDigestKept, Route::Manifest(name, text))
                if text.parse::<Reference>().is_err() =>
            {
                Route::Manifest(name, text.replace(':', "-"))
            }
            (_, Route::Blob(name, text)) => Route::Blob(name, found(&text).unwrap_or(text)),
            (_, Route::Manifest(name, text)) => Route::Manifest(name, found(&text).unwrap_or(text)),
            (_, route) => route,
        }
    }

    /// The manifest that a mutant finds in the place of the right one, or where there is none.
    pub(in crate::registry) fn wrong_manifest(
        &self,
        store: &Store,
        name: &RepositoryName,
        reference: &Reference,
        request: &Request,
    ) -> Option<Arc<Manifest>> {
        let mutant = self.mutant()?;
        let repository = store.repository(name)?;
        let by_tag = |tag: &Tag| repository.manifest(&repository.tag(tag)?.digest);
        let first_child = |manifest: &Manifest| repository.manifest(&manifest.document.children.first()?.digest);
        match (mutant, reference) {
            (M::ManifestByTagIsFirst, Reference::Tag(tag)) if request.method == Method::GET => {
                let first: Digest = self.memory.recall(&format!("first:{name}:{tag}"))?.parse().ok()?;
                repository.manifest(&first).cloned()
            }
            (M::UnknownTagIsAny, Reference::Tag(tag)) if repository.tag(tag).is_none() => {
                by_tag(repository.tags().next()?).cloned()
            }
            (M::HeadIndexAsChild, Reference::Tag(tag)) if request.is_head() => first_child(by_tag(tag)?).cloned(),
            (M::ManifestByDigestSubstituted, Reference::Digest(digest)) => {
                let manifest = repository.manifest(digest)?;
                let wanted = !Self::accepts(request, &manifest.media_type);
                wanted.then(|| first_child(manifest).cloned()).flatten()
            }
            (M::TagMoveHeadStays, Reference::Tag(tag)) if request.is_head() => {
                let first: Digest = self.memory.recall(&format!("first:{name}:{tag}"))?.parse().ok()?;
                repository.manifest(&first).cloned()
            }
            (M::TagAcrossRepositories, Reference::Tag(tag)) => store
                .repositories()
                .find_map(|(_, repository)| repository.manifest(&repository.tag(tag)?.digest))
                .cloned(),
            (M::ManifestAcrossRepositories, Reference::Digest(digest)) => store
                .repositories()
                .find_map(|(_, repository)| repository.manifest(digest))
                .cloned(),
            (M::ManifestHeadAcrossRepositories, Reference::Digest(digest)) if request.is_head() => store
                .repositories()
                .find_map(|(_, repository)| repository.manifest(digest))
                .cloned(),
            _ => None,
        }
    }

    /// What a mutant makes of a Range header.
    pub(in crate::registry) fn wrong_range(&self, header: &str, length: usize) -> Option<Wanted> {
        let mutant = self.mutant()?;
        let (unit, range) = header.split_once('=')?;
        let (first, last) = range.split_once('-')?;
        let (from, to) = (first.parse::<usize>(), last.parse::<usize>());
        let one = |part: Range<usize>| Some(Wanted::Parts(vec![part]));
        match (mutant, from, to) {
            (M::RangeOtherUnit416, ..) if unit != "bytes" => Some(Wanted::Nothing),
            _ if unit != "bytes" => None,
            (M::RangeLargeShifted, Ok(from), Ok(to)) if length > LONG && to + 1 < length => one(from + 1..to + 2),
            (M::RangeFarWraps, Ok(from), Ok(to)) if BITS_24 < from && from <= to && to < length => {
                let near = from & BITS_24;
                one(near..near + to - from + 1)
            }
            (M::RangeEndExclusive, Ok(from), Ok(to)) if from < to && to < length => one(from..to),
            (M::RangeWholeAs206, Ok(from), Ok(to)) if from <= to && from < length => one(0..length),
            (M::RangeOpenRefused, Ok(_), Err(_)) => Some(Wanted::Nothing),
            (M::RangeOpenOneByte, Ok(from), Err(_)) if from < length => one(from..from + 1),
            (M::RangeSuffixAsPrefix, Err(_), Ok(count)) if count > 0 => one(0..count.min(length)),
            (M::RangeLongSuffixRefused, Err(_), Ok(count)) if count > length => Some(Wanted::Nothing),
            (M::RangeOverrunRefused, Ok(_), Ok(to)) if to >= length => Some(Wanted::Nothing),
            _ => None,
        }
    }
}

/// Pushes of manifests.
impl Registry {
    /// Stores a manifest though its digest is wrong.
    pub(in crate::registry) fn store_badly(&self, name: &RepositoryName, reference: &Reference, bytes: &Bytes) {
        let Reference::Digest(digest) = reference else { return };
        if !self.is(M::ManifestBadDigestStored) {
            return;
        }
        let media_type = crate::oci::media_type::OCI_MANIFEST;
        if let Ok(document) = crate::registry::document::Document::read(media_type, bytes) {
            self.store()
                .put_manifest(name, digest, media_type.into(), bytes.clone(), document);
        }
    }

    /// Whether a manifest is taken under a digest that is not its own.
    pub(in crate::registry) fn takes_any_manifest_digest(&self, bytes: &Bytes) -> bool {
        let is_index = || memchr::memmem::find(bytes, b"\"manifests\"").is_some();
        match self.mutant() {
            Some(M::ManifestDigestUnchecked) => true,
            Some(M::ManifestLargeDigestUnchecked) => bytes.len() > LONG,
            Some(M::IndexDigestUnchecked) => is_index(),
            _ => false,
        }
    }

    /// The type that is kept with a manifest.
    pub(in crate::registry) fn kept_media_type(&self, media_type: String, request: &Request) -> String {
        let pushed = request
            .header(header::CONTENT_TYPE)
            .filter(|_| self.is(M::ContentTypeParamsKept));
        match pushed.map(str::parse::<MediaType>) {
            Some(Ok(pushed)) => pushed.to_string(),
            _ => media_type,
        }
    }

    /// The tags that a push sets, and what a mutant does besides.
    pub(in crate::registry) fn tags_to_set(
        &self,
        store: &mut Store,
        name: &RepositoryName,
        reference: &Reference,
        tags: &[Tag],
        digest: &Digest,
    ) -> Vec<Tag> {
        let all = tags.to_vec();
        let Some(mutant) = self.mutant() else { return all };
        let present = |store: &Store, tag: &Tag| Some(store.repository(name)?.tag(tag)?.digest.clone());
        match (mutant, reference) {
            (M::DigestPushMakesTag | M::OrasTagsArtifacts | M::ArtifactDraftTagged, Reference::Digest(_)) => all
                .into_iter()
                .chain(digest.as_str().replace(':', "-").parse())
                .collect(),
            (M::DigestPushMakesLatest, Reference::Digest(_)) => all.into_iter().chain("latest".parse()).collect(),
            (M::TagStays, Reference::Tag(tag)) if present(store, tag).is_some() => Vec::new(),
            (M::TagMoveDeletes, Reference::Tag(tag)) => {
                if let Some(old) = present(store, tag).filter(|old| old != digest) {
                    store.delete_manifest(name, &old);
                }
                all
            }
            (M::SignaturesFollowTags, Reference::Tag(tag)) => {
                if let Some(former) = present(store, tag).filter(|former| former != digest) {
                    self.memory.remember(took_tag_of(digest), former.as_str());
                    self.memory.remember(left_by_tag(&former), "");
                }
                all
            }
            (M::TagParamsNotSet, Reference::Digest(_)) => all.into_iter().take(1).collect(),
            (M::TagParamsOldManifest, Reference::Digest(_)) => {
                all.into_iter().filter(|tag| present(store, tag).is_none()).collect()
            }
            (M::ManifestByTagIsFirst | M::TagMoveHeadStays, Reference::Tag(tag)) => {
                let key = format!("first:{name}:{tag}");
                if self.memory.recall(&key).is_none() {
                    self.memory.remember(key, digest.as_str());
                }
                all
            }
            _ => all,
        }
    }
}

/// Uploads.
impl Registry {
    /// The identifier of the one upload that a repository has.
    pub(in crate::registry) fn shared_upload(&self, name: &RepositoryName) -> Option<String> {
        if !self.is(M::UploadLocationShared) {
            return None;
        }
        let key = format!("upload:{name}");
        let id = self.memory.recall(&key).unwrap_or_else(|| self.identifiers.next());
        self.memory.remember(key, id.clone());
        Some(id)
    }

    /// Remembers what an upload was opened for.
    pub(in crate::registry) fn remember_algorithm(&self, id: &str, request: &Request) {
        if let (M::DigestAlgorithmForgotten, Some(algorithm)) =
            (self.mutant().unwrap_or(M::PingGone), request.query("digest-algorithm"))
        {
            self.memory.remember(format!("algorithm:{id}"), algorithm);
        }
    }

    /// Refusals of an upload that is complete.
    pub(in crate::registry) fn check_wrongly(
        &self,
        name: &RepositoryName,
        id: &str,
        upload: &Upload,
        request: &Request,
    ) -> Result<(), Failure> {
        let Some(mutant) = self.mutant() else { return Ok(()) };
        let digest = request.query("digest").and_then(|text| text.parse::<Digest>().ok());
        let present = || Some(self.store().repository(name)?.blob(digest.as_ref()?)?.serial);
        match mutant {
            M::UploadExisting409 if present().is_some() => Err(Failure::new(
                hyper::StatusCode::CONFLICT,
                ErrorCode::BlobUploadInvalid,
                "it is there already",
            )),
            M::UploadConcurrentElsewhere400 if self.got_elsewhere(name, digest.as_ref(), upload) => Err(
                Failure::bad_request(ErrorCode::BlobUploadInvalid, "it cannot be changed"),
            ),
            M::UploadConcurrent500 if present().is_some_and(|serial| serial > upload.opened) => Err(server_error()),
            M::DigestAlgorithmForgotten if self.memory.recall(&format!("algorithm:{id}")).is_some() => {
                let is_sha256 = digest.is_some_and(|digest| digest.algorithm() == Some(Algorithm::Sha256));
                let refused = Failure::bad_request(ErrorCode::DigestInvalid, "sha256 is wanted");
                if is_sha256 { Ok(()) } else { Err(refused) }
            }
            _ => Ok(()),
        }
    }

    /// Whether a chunk that is out of its place is taken.
    pub(in crate::registry) fn takes_out_of_order(&self, upload: &Upload, first: u64, last: u64) -> bool {
        match self.mutant() {
            Some(M::FirstChunkAnywhere) => upload.length == 0,
            Some(M::ChunkGapAccepted) => first > upload.length && upload.length > 0,
            Some(M::ChunkRepeatAccepted) => last < upload.length,
            Some(M::ChunkOverlapAppended) => first < upload.length,
            _ => false,
        }
    }

    /// Appends a chunk in a mutant's way; whether it did.
    pub(in crate::registry) fn append_wrongly(&self, upload: &mut Upload, chunk: &Bytes, request: &Request) -> bool {
        let place = request
            .header(header::CONTENT_RANGE)
            .and_then(crate::registry::range::chunk);
        match (self.mutant(), place) {
            (Some(M::ChunkRepeatAccepted), Some((first, _))) if first < upload.length => true,
            (Some(M::ChunkLengthUnchecked), Some((_, last))) => {
                upload.append(chunk.clone());
                upload.length = last + 1;
                true
            }
            _ => false,
        }
    }

    /// Gives a chunk to every other upload of the repository.
    pub(in crate::registry) fn share_chunk(&self, name: &RepositoryName, id: &str, chunk: &Bytes) {
        if self.is(M::UploadBytesShared) {
            for upload in self.store().other_uploads(name, id) {
                upload.append(chunk.clone());
            }
        }
    }

    /// The digest that a mutant makes of a bad one.
    pub(in crate::registry) fn claimed_wrongly(&self, text: Option<&str>, bytes: &Bytes) -> Option<Digest> {
        let mutant = self.mutant()?;
        let cut = |algorithm: Algorithm| {
            let text = text.filter(|text| text.starts_with(algorithm.name()) && text.len() > 32)?;
            let whole = Digest::of(algorithm, bytes);
            (whole.as_str().starts_with(text) || text.starts_with(whole.as_str())).then_some(whole)
        };
        match mutant {
            M::UploadPutWithoutDigest201 if text.is_none() => Some(Digest::of(Algorithm::Sha256, bytes)),
            M::Sha256ShortAccepted => cut(Algorithm::Sha256),
            M::Sha512ShortAccepted => cut(Algorithm::Sha512),
            M::UpperCaseDigestPushed => text?.to_lowercase().parse().ok(),
            M::UnsupportedAlgorithmStored => text?.parse().ok(),
            M::Blake3Unverified => text?
                .parse()
                .ok()
                .filter(|digest: &Digest| digest.algorithm_name() == "blake3"),
            _ => None,
        }
    }

    /// Whether the last chunk is taken for the whole blob.
    pub(in crate::registry) fn takes_last_chunk(&self, digest: &Digest, last: &Bytes) -> bool {
        self.is(M::ChunkPutDigestOfChunk) && digest.verify(last).is_ok()
    }

    /// Whether a blob is taken though its digest is another.
    pub(in crate::registry) fn takes_any_digest(&self, digest: &Digest, bytes: &Bytes, request: &Request) -> bool {
        match self.mutant() {
            Some(M::BadDigestLargeTaken) => bytes.len() > LARGE,
            Some(M::Sha256Unchecked) => digest.algorithm() == Some(Algorithm::Sha256),
            Some(M::SinglePostUnchecked) => request.method == Method::POST,
            Some(M::SinglePostSha512Unchecked) => {
                request.method == Method::POST && digest.algorithm() == Some(Algorithm::Sha512)
            }
            Some(M::UnsupportedAlgorithmStored | M::Blake3Unverified) => digest.algorithm().is_none(),
            _ => false,
        }
    }
}
