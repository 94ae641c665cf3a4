//! Reading, pushing and deleting manifests and tags.
//!
//! Follows [Pulling manifests](https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests),
//! [Pushing manifests](https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests) and
//! [Content management](https://github.com/opencontainers/distribution-spec/blob/main/spec.md#content-management).
//! What a manifest says is read in [`document`](super::document).

use std::sync::Arc;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header;
use serde_json::{Value, json};

use super::blobs::{entity_tag, in_use, name_unknown};
use super::defects::server_error;
use super::delayed::Doomed;
use super::document::{self, Descriptor, Document, Kind};
use super::drafts;
use super::first_schema;
use super::request::{BodyError, Request};
use super::respond::{Answer, Failure, OCI_SUBJECT, OCI_TAG, Reply};
use super::server::Registry;
use super::store::{Manifest, Repository, Store};
use super::{Mutant, Variant};
use crate::oci::digest::{Algorithm, Digest};
use crate::oci::error_body::ErrorCode;
use crate::oci::media_type::{self, MediaType, OCI_INDEX, ORAS_ARTIFACT};
use crate::oci::reference::{Reference, RepositoryName, Tag};

impl Registry {
    /// GET and HEAD of a manifest. `Accept` is not looked at: there is one representation, and a client that did not
    /// list it is better served with it than with nothing.
    pub(super) fn get_manifest(&self, name: &RepositoryName, reference: &str, request: &Request) -> Answer {
        let reference: Reference = reference
            .parse()
            .map_err(|error| self.malformed(error, manifest_unknown()))?;
        let manifest = {
            let store = self.store();
            let wrong = self.wrong_manifest(&store, name, &reference, request);
            wrong.map_or_else(|| find_manifest(&store, name, &reference), Ok)?
        };
        if self.has(Variant::TagRedirect) && reference.tag().is_some() {
            let location = format!("/v2/{name}/manifests/{}", manifest.digest);
            return Ok(Reply::new(StatusCode::TEMPORARY_REDIRECT).location(location));
        }
        let selected = self.select_platform(name, &reference, &manifest, request);
        let manifest = selected.unwrap_or(manifest);
        let tag = entity_tag(&manifest.digest);
        let reply = Reply::new(StatusCode::OK)
            .digest(&manifest.digest)
            .with(header::ETAG, &tag);
        let selects = self.has(Variant::PlatformSelection) || self.has(Variant::Unacceptable406);
        let reply = if selects {
            reply.with(header::VARY, "Accept")
        } else {
            reply
        };
        if self.has(Variant::Unacceptable406) && !Self::accepts(request, &manifest.media_type) {
            return Err(Failure::new(
                StatusCode::NOT_ACCEPTABLE,
                ErrorCode::ManifestUnknown,
                "of another type",
            )
            .with(header::VARY, "Accept"));
        }
        if let Some(status) = self.precondition(request, Some(&tag)) {
            return Ok(Reply { status, ..reply });
        }
        Ok(reply.content(&manifest.media_type, manifest.content.bytes.clone()))
    }

    /// The first child of a tagged index, for a client that takes images and no indexes.
    fn select_platform(
        &self,
        name: &RepositoryName,
        reference: &Reference,
        manifest: &Manifest,
        request: &Request,
    ) -> Option<Arc<Manifest>> {
        if !self.has(Variant::PlatformSelection) && !self.is(Mutant::VaryMissing) {
            return None;
        }
        reference.tag()?;
        let child = manifest.document.children.first()?;
        let wanted = !Self::accepts(request, &manifest.media_type) && Self::accepts(request, &child.media_type);
        wanted
            .then(|| self.store().repository(name)?.manifest(&child.digest).cloned())
            .flatten()
    }

    /// PUT of a manifest.
    pub(super) async fn put_manifest(
        self: &Arc<Self>,
        name: &RepositoryName,
        reference: &str,
        request: &mut Request,
    ) -> Answer {
        let reference = pushed_reference(reference)?;
        let tags = self.pushed_tags(&reference, request)?;
        let bytes = request
            .body(self.manifest_limit())
            .await
            .map_err(|error| self.unreadable(error))?;
        let media_type = pushed_media_type(request, &bytes);
        let digested = media_type
            .as_ref()
            .map_or(bytes.clone(), |media_type| self.digested(media_type, &bytes));
        let digest = self
            .pushed_digest(&reference, &digested)
            .inspect_err(|_| self.store_badly(name, &reference, &bytes))?;
        let media_type = media_type?;
        self.deep_push(name, &digest, &media_type, &bytes).await?;
        self.keep_hostile(name, &reference, &digest, &media_type, &bytes);

        let mut store = self.store();
        check_conditions(self, &store, name, &reference, request)?;
        self.whim(store.repository(name), &media_type, &bytes)?;
        let document = self
            .read_document(&media_type, &bytes)
            .inspect_err(|_| self.keep_refused(&mut store, (name, &digest, &tags), (&media_type, &bytes)))?;
        if !self.has(Variant::MissingReferencesAccepted) {
            match self.check_references(store.repository(name), &document) {
                Err(_) if self.is(Mutant::SparseNotKept) => {
                    let location = format!("/v2/{name}/manifests/{digest}");
                    return Ok(Reply::new(StatusCode::CREATED).location(location).digest(&digest));
                }
                checked => checked?,
            }
        }
        if self.has(Variant::ConfigsChecked) {
            check_config(store.repository(name), &bytes)?;
        }
        let repository = store.repository(name);
        let checked = self
            .check_oras(&store, repository, &document)
            .and_then(|()| self.check_draft(&store, repository, &document));
        checked.inspect_err(|_| self.keep_refused(&mut store, (name, &digest, &tags), (&media_type, &bytes)))?;
        if !self.is(Mutant::TypeFollowsPush) {
            check_same_type(&store, name, &digest, &media_type)?;
        }
        let is_of_oci = document.kind.is_of_oci();
        let subject = document.subject.clone().filter(|_| is_of_oci);
        let bytes = self.altered(store.repository(name), &media_type, bytes);
        let media_type = self.kept_media_type(media_type, request);
        self.remember_references(&document);
        let (media_type_of_subject, length) = (media_type.clone(), bytes.len());
        store.put_manifest(name, &digest, media_type, bytes, document);
        for tag in self.tags_to_set(&mut store, name, &reference, &tags, &digest) {
            let former = store.repository(name).and_then(|repository| repository.tag(&tag));
            let former = former
                .map(|former| former.digest.clone())
                .filter(|former| *former != digest);
            store.put_tag(name, tag, digest.clone());
            if let Some(former) = former {
                self.remember_lost_tag(&former);
                if self.has(Variant::LastTagTakesManifest) && !is_in_use(&store, name, &former) {
                    store.delete_manifest(name, &former);
                }
            }
        }
        if self.has(Variant::ReferrersMade) && is_of_oci && subject.is_none() {
            make_referrer(&mut store, name, (&media_type_of_subject, &digest, length));
        }
        drop(store);

        let shown = if self.has(Variant::ManifestLocationByReference) {
            reference.as_str()
        } else {
            digest.as_str()
        };
        let origin = if self.has(Variant::ManifestLocationAbsolute) {
            request.origin()
        } else {
            String::new()
        };
        let reply = Reply::new(StatusCode::CREATED)
            .location(format_args!("{origin}/v2/{name}/manifests/{shown}"))
            .digest(&digest)
            .with(header::ETAG, entity_tag(&digest))
            .with_some(
                OCI_SUBJECT,
                subject.filter(|_| !self.has(Variant::NoReferrers) && !self.has(Variant::RetentionUnaware)),
            );
        let confirmed: Vec<&str> = tags
            .iter()
            .filter(|_| reference.digest().is_some())
            .map(Tag::as_str)
            .collect();
        if self.has(Variant::TagParametersInOneLine) && !confirmed.is_empty() {
            return Ok(reply.with(OCI_TAG, confirmed.join(", ")));
        }
        Ok(confirmed.iter().fold(reply, |reply, tag| reply.with(OCI_TAG, tag)))
    }

    fn manifest_limit(&self) -> usize {
        match self.mutant() {
            Some(Mutant::ManifestUnlimited) => self.limits.blob,
            Some(Mutant::ManifestLimit1MiB) => 1 << 20,
            _ if self.has(Variant::ManifestLimit4MB) => 4_000_000,
            _ => self.limits.manifest,
        }
    }

    /// What the manifest says.
    fn read_document(&self, media_type: &str, bytes: &Bytes) -> Result<Document, Failure> {
        if self.has(Variant::AnyManifestType) && !Document::is_known(media_type) {
            return Document::opaque(media_type, bytes).map_err(manifest_invalid);
        }
        if media_type == ORAS_ARTIFACT {
            return self.read_oras(bytes);
        }
        if first_schema::has_type(media_type) && self.takes_first_schema() {
            return first_schema::read(media_type, bytes).map_err(manifest_invalid);
        }
        if drafts::has_type(media_type) || media_type == drafts::OBJECT_SIGNED {
            return self.read_draft(media_type, bytes);
        }
        let forgiven = self.forgiven(media_type, bytes);
        let bytes = forgiven.as_ref().unwrap_or(bytes);
        let document = Document::read(media_type, bytes);
        if self.is(Mutant::ManifestRepaired) && document.is_err() {
            return Document::opaque(media_type, bytes).map_err(manifest_invalid);
        }
        if self.has(Variant::DocumentsUnchecked) && document.is_err() {
            return Document::read_leniently(media_type, bytes).map_err(manifest_invalid);
        }
        if self.has(Variant::IndexesOff) && media_type == OCI_INDEX {
            return Err(manifest_invalid("indexes are not taken"));
        }
        document.map_err(manifest_invalid)
    }

    /// The tags that a push is to set: the one in the path, or those in the query of a push by digest.
    fn pushed_tags(&self, reference: &Reference, request: &Request) -> Result<Vec<Tag>, Failure> {
        match reference {
            Reference::Tag(tag) => Ok(vec![tag.clone()]),
            Reference::Digest(_) if self.has(Variant::TagParametersOff) => Ok(Vec::new()),
            Reference::Digest(_) => {
                let most = match self.mutant() {
                    Some(Mutant::TagParamsFive) => 5,
                    _ => usize::MAX,
                };
                let mut tags = Vec::new();
                for tag in request.queries("tag") {
                    let tag: Tag = tag.parse().map_err(manifest_invalid)?;
                    if !tags.contains(&tag) && tags.len() < most {
                        tags.push(tag);
                    }
                }
                if self.has(Variant::TagParametersTen) && tags.len() > 10 {
                    let message = "no more than ten tags at once";
                    return Err(Failure::new(
                        StatusCode::URI_TOO_LONG,
                        ErrorCode::ManifestInvalid,
                        message,
                    ));
                }
                Ok(tags)
            }
        }
    }

    /// DELETE of a manifest, which takes its tags with it, or of a tag, which leaves the manifest.
    pub(super) fn delete_manifest(self: &Arc<Self>, name: &RepositoryName, reference: &str) -> Answer {
        let reference: Reference = reference.parse().map_err(|_| manifest_unknown())?;
        let mut store = self.store();
        let manifest = find_manifest(&store, name, &reference)?;
        let is_named = |repository: &Repository| repository.names(&manifest.digest);
        let is_in_use = reference.digest().is_some() && store.repository(name).is_some_and(is_named);
        let tags = store
            .repository(name)
            .map_or(0, |repository| tags_on(repository, &manifest.digest));
        if self.has(Variant::DeletionOfTaggedOff) && reference.digest().is_some() && tags > 0 {
            return Err(Failure::new(StatusCode::CONFLICT, ErrorCode::Denied, "it has tags"));
        }
        if self.has(Variant::DeletionOfReferencedOff) && is_in_use {
            return Err(in_use());
        }
        if self.is(Mutant::DeleteListedManifestStays) && is_in_use {
            return Ok(Reply::new(StatusCode::ACCEPTED));
        }
        if self.has(Variant::DeletionDelayed) {
            let name = name.clone();
            let doomed = match reference {
                Reference::Digest(digest) => Doomed::Manifest(name, digest, manifest.serial),
                Reference::Tag(tag) => {
                    let serial = store
                        .repository(&name)
                        .and_then(|repository| repository.tag(&tag))
                        .map(|t| t.serial);
                    Doomed::Tag(name, tag, serial.unwrap_or_default())
                }
            };
            self.delete_later(doomed);
            return Ok(Reply::new(StatusCode::ACCEPTED));
        }
        if self.deletes_otherwise(&mut store, name, &manifest) {
            return Ok(Reply::new(StatusCode::ACCEPTED));
        }
        self.also_delete_manifest(&mut store, name, &reference, &manifest);
        match &reference {
            Reference::Tag(_) if self.has(Variant::LastTagTakesManifest) && tags == 1 => {
                store.delete_manifest(name, &manifest.digest)
            }
            Reference::Tag(tag) => {
                self.remember_lost_tag(&manifest.digest);
                store.delete_tag(name, tag)
            }
            Reference::Digest(digest) => {
                self.remember_deleted(&manifest);
                store.delete_manifest(name, digest)
            }
        };
        Ok(Reply::new(StatusCode::ACCEPTED))
    }

    /// The digest that a manifest is kept under: the one it was pushed by, or the usual one if it was pushed by tag.
    fn pushed_digest(&self, reference: &Reference, bytes: &Bytes) -> Result<Digest, Failure> {
        let digest = match reference {
            Reference::Tag(_) => return Ok(Digest::of(Algorithm::Sha256, bytes)),
            Reference::Digest(digest) => digest,
        };
        if !self.supports(digest.algorithm()) {
            let message = format!("the algorithm {} is not supported", digest.algorithm_name());
            return Err(Failure::bad_request(ErrorCode::DigestInvalid, message));
        }
        match digest.verify(bytes) {
            Err(error) if !self.takes_any_manifest_digest(bytes) => {
                Err(Failure::bad_request(ErrorCode::DigestInvalid, error))
            }
            _ => Ok(digest.clone()),
        }
    }

    /// Whether everything is there that the manifest consists of, in the length that it says. The subject is no part of
    /// it, and neither is content by an algorithm that this registry could not hold.
    fn check_references(&self, repository: Option<&Repository>, document: &Document) -> Result<(), Failure> {
        let blob = |digest: &Digest| Some(repository?.blob(digest)?.content.bytes.len());
        let manifest = |digest: &Digest| Some(repository?.manifest(digest)?.content.bytes.len());
        let check = |descriptor: &Descriptor, held: Option<usize>| {
            let digest = &descriptor.digest;
            match held {
                Some(length) if descriptor.size.is_none_or(|size| size == length as u64) => Ok(()),
                None if self.is(Mutant::OrasMissingBlobServerError) && document.kind == Kind::Artifact => {
                    Err(server_error())
                }
                None if self.is(Mutant::ObjectDraftMissingBlobServerError) && document.kind == Kind::Object => {
                    Err(server_error())
                }
                Some(_) if self.is(Mutant::DescriptorSizeOtherServerError) => Err(server_error()),
                Some(_) if self.is(Mutant::ManifestRepaired) || self.has(Variant::DocumentsUnchecked) => Ok(()),
                Some(length) => {
                    let message = format!(
                        "{digest} has {length} bytes, not {}",
                        descriptor.size.unwrap_or_default()
                    );
                    Err(Failure::bad_request(ErrorCode::SizeInvalid, message))
                }
                None if !self.supports(digest.algorithm()) => Ok(()),
                None => {
                    let is_404 = self.has(Variant::MissingReferences404);
                    let status = if is_404 {
                        StatusCode::NOT_FOUND
                    } else {
                        StatusCode::BAD_REQUEST
                    };
                    let message = format!("the repository does not have {digest}");
                    Err(Failure::new(status, ErrorCode::ManifestBlobUnknown, message))
                }
            }
        };
        let also_manifests = document.kind == Kind::ArtifactDraft && self.is(Mutant::ArtifactDraftManifestAsBlobTaken);
        for descriptor in &document.blobs {
            let manifest = || manifest(&descriptor.digest).filter(|_| also_manifests);
            check(descriptor, blob(&descriptor.digest).or_else(manifest))?;
        }
        // What an object refers to as a manifest is checked as one.
        let children = document.children.iter().filter(|_| document.kind != Kind::Object);
        for descriptor in children {
            check(
                descriptor,
                manifest(&descriptor.digest).or_else(|| blob(&descriptor.digest)),
            )?;
        }
        Ok(())
    }

    /// 413 for a manifest that is too large, 400 for one that broke off.
    fn unreadable(&self, error: BodyError) -> Failure {
        match error {
            BodyError::TooLarge => {
                let message = format!("manifests may have {} bytes", self.manifest_limit());
                Failure::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::SizeInvalid, message)
            }
            BodyError::Broken => manifest_invalid("the body broke off"),
        }
    }
}

/// A manifest that the repository has.
pub(super) fn find_manifest(
    store: &Store,
    name: &RepositoryName,
    reference: &Reference,
) -> Result<Arc<Manifest>, Failure> {
    let repository = store.repository(name).ok_or_else(|| name_unknown(name))?;
    let digest = match reference {
        Reference::Digest(digest) => Some(digest),
        Reference::Tag(tag) => repository.tag(tag).map(|tagged| &tagged.digest),
    };
    digest
        .and_then(|digest| repository.manifest(digest))
        .cloned()
        .ok_or_else(manifest_unknown)
}

/// The reference of a push, which says more when it is bad than that of a pull.
fn pushed_reference(text: &str) -> Result<Reference, Failure> {
    let code = if text.contains(':') {
        ErrorCode::DigestInvalid
    } else {
        ErrorCode::ManifestInvalid
    };
    text.parse().map_err(|error| Failure::bad_request(code, error))
}

/// The type that the client gave the manifest, without parameters, or else the type that the manifest gives itself.
fn pushed_media_type(request: &Request, bytes: &Bytes) -> Result<String, Failure> {
    let text = match request.header(header::CONTENT_TYPE) {
        Some(header) => header.to_owned(),
        None => document::own_media_type(bytes).ok_or_else(|| manifest_invalid("it has no media type"))?,
    };
    text.parse()
        .map(|media_type: MediaType| media_type.essence().to_owned())
        .map_err(manifest_invalid)
}

/// Whether the conditions of a push hold for what its reference leads to now.
fn check_conditions(
    registry: &Registry,
    store: &Store,
    name: &RepositoryName,
    reference: &Reference,
    request: &Request,
) -> Result<(), Failure> {
    let present = find_manifest(store, name, reference)
        .ok()
        .map(|manifest| entity_tag(&manifest.digest));
    match registry.precondition(request, present.as_deref()) {
        Some(status) => Err(Failure::new(
            status,
            ErrorCode::Denied,
            "the reference leads to something else by now",
        )),
        None => Ok(()),
    }
}

/// One digest means one thing: bytes that are kept as one type of manifest are not taken as another.
fn check_same_type(store: &Store, name: &RepositoryName, digest: &Digest, media_type: &str) -> Result<(), Failure> {
    match store
        .repository(name)
        .and_then(|repository| repository.manifest(digest))
    {
        Some(manifest) if manifest.media_type != media_type => Err(manifest_invalid(format_args!(
            "it was pushed before, as {}",
            manifest.media_type
        ))),
        _ => Ok(()),
    }
}

fn manifest_invalid(message: impl std::fmt::Display) -> Failure {
    Failure::bad_request(ErrorCode::ManifestInvalid, message)
}

fn manifest_unknown() -> Failure {
    Failure::not_found(ErrorCode::ManifestUnknown, "the repository does not have this manifest")
}

/// Refuses an image whose config is none of the
/// [image specification](https://github.com/opencontainers/image-spec/blob/main/config.md), or that of another image.
fn check_config(repository: Option<&Repository>, manifest: &[u8]) -> Result<(), Failure> {
    let manifest: Value = serde_json::from_slice(manifest).unwrap_or_default();
    if manifest["config"]["mediaType"] != media_type::OCI_CONFIG {
        return Ok(());
    }
    let digest = manifest["config"]["digest"].as_str().and_then(|text| text.parse().ok());
    let Some(config) = digest.and_then(|digest| repository?.blob(&digest)) else {
        return Ok(());
    };
    let config: Value = serde_json::from_slice(&config.content.bytes).unwrap_or_default();
    let layers = manifest["layers"].as_array().map(Vec::len);
    let ids = config["rootfs"]["diff_ids"].as_array().map(Vec::len);
    if config["architecture"].is_string() && config["os"].is_string() && layers == ids {
        return Ok(());
    }
    Err(manifest_invalid("the config is not that of this image"))
}

/// Pushes an artifact about a manifest, as registries do that sign or scan what they get.
fn make_referrer(store: &mut Store, name: &RepositoryName, (media_type, digest, length): (&str, &Digest, usize)) {
    let empty = Bytes::from_static(b"{}");
    let config = Digest::of(Algorithm::Sha256, &empty);
    let descriptor = json!({"mediaType": media_type::OCI_EMPTY, "digest": config.as_str(), "size": empty.len()});
    let document = json!({
        "schemaVersion": 2,
        "mediaType": media_type::OCI_MANIFEST,
        "artifactType": "application/vnd.example.scan",
        "config": descriptor,
        "layers": [descriptor],
        "subject": {"mediaType": media_type, "digest": digest.as_str(), "size": length},
    });
    let bytes = Bytes::from(document.to_string());
    let Ok(document) = Document::read(media_type::OCI_MANIFEST, &bytes) else {
        return;
    };
    let made = Digest::of(Algorithm::Sha256, &bytes);
    store.put_blob(name, &config, empty);
    store.put_manifest(name, &made, media_type::OCI_MANIFEST.to_owned(), bytes, document);
}

/// How many tags a manifest has.
fn tags_on(repository: &Repository, digest: &Digest) -> usize {
    let tags = repository.tags().filter_map(|tag| repository.tag(tag));
    tags.filter(|tagged| tagged.digest == *digest).count()
}

/// Whether a manifest has a tag, or another manifest names it.
fn is_in_use(store: &Store, name: &RepositoryName, digest: &Digest) -> bool {
    let is_used = |repository: &Repository| repository.names(digest) || tags_on(repository, digest) > 0;
    store.repository(name).is_some_and(is_used)
}
