//! What the registry holds: content, repositories that link to it, tags, and uploads that are under way.
//!
//! Content is kept once, however many repositories have it; a repository sees only what it has a link to. It knows
//! nothing of HTTP, and of manifests only what [`document`](super::document) read from them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::document::{Document, Kind};
use crate::oci::digest::Digest;
use crate::oci::reference::{RepositoryName, Tag};

/// Everything. Whoever locks it does so for a few map operations and never across an await.
#[derive(Debug, Default)]
pub(super) struct Store {
    repositories: BTreeMap<RepositoryName, Repository>,
    content: HashMap<Digest, Weak<Content>>,
    uploads: HashMap<String, Upload>,
    serial: u64,
}

/// Bytes that some repository has a link to.
#[derive(Debug)]
pub(super) struct Content {
    /// The bytes.
    pub(super) bytes: Bytes,
}

/// What one repository has. It comes to be with its first blob or manifest and stays when the last one goes.
#[derive(Debug, Default)]
pub(super) struct Repository {
    blobs: HashMap<Digest, Blob>,
    manifests: BTreeMap<Digest, Arc<Manifest>>,
    tags: BTreeMap<Tag, Tagged>,
    referrers: HashMap<Digest, BTreeSet<Digest>>,
}

/// A repository's link to a blob.
#[derive(Debug, Clone)]
pub(super) struct Blob {
    /// The blob.
    pub(super) content: Arc<Content>,
    /// Tells this link from an earlier one to the same blob.
    pub(super) serial: u64,
    /// When it came.
    pub(super) stored: Instant,
}

/// A manifest as a repository has it.
#[derive(Debug)]
pub(super) struct Manifest {
    /// Its digest, by the algorithm it was pushed with.
    pub(super) digest: Digest,
    /// The bytes as they were pushed.
    pub(super) content: Arc<Content>,
    /// The media type it was pushed with, without parameters.
    pub(super) media_type: String,
    /// What it says.
    pub(super) document: Document,
    /// Tells this manifest from an earlier one with the same digest.
    pub(super) serial: u64,
    /// When it came.
    pub(super) stored: Instant,
}

/// Where a tag points.
#[derive(Debug, Clone)]
pub(super) struct Tagged {
    /// The manifest's digest.
    pub(super) digest: Digest,
    /// Tells this tag from an earlier one of the same name.
    pub(super) serial: u64,
}

/// An upload that is under way.
#[derive(Debug, Clone)]
pub(super) struct Upload {
    /// The repository it belongs to.
    pub(super) repository: RepositoryName,
    /// What has come, in its order.
    pub(super) pieces: Vec<Bytes>,
    /// How many bytes that is.
    pub(super) length: u64,
    /// Tells what was there before it from what came after.
    pub(super) opened: u64,
    touched: Instant,
}

impl Store {
    /// The repository, if anything was ever pushed to it.
    pub(super) fn repository(&self, name: &RepositoryName) -> Option<&Repository> {
        self.repositories.get(name)
    }

    /// All repositories in the order of their names.
    pub(super) fn repositories(&self) -> impl Iterator<Item = (&RepositoryName, &Repository)> {
        self.repositories.iter()
    }

    /// Gives a repository a blob.
    pub(super) fn put_blob(&mut self, name: &RepositoryName, digest: &Digest, bytes: Bytes) {
        let content = self.keep(digest, bytes);
        let serial = self.next_serial();
        self.repositories.entry(name.clone()).or_default().blobs.insert(
            digest.clone(),
            Blob {
                content,
                serial,
                stored: Instant::now(),
            },
        );
    }

    /// Takes a blob from a repository; whether it had it.
    pub(super) fn delete_blob(&mut self, name: &RepositoryName, digest: &Digest) -> bool {
        let blob = self
            .repositories
            .get_mut(name)
            .and_then(|repository| repository.blobs.remove(digest));
        let existed = blob.is_some();
        drop(blob);
        self.forget_unlinked(digest);
        existed
    }

    /// Gives a repository a manifest, in the place of an earlier one with the same digest.
    pub(super) fn put_manifest(
        &mut self,
        name: &RepositoryName,
        digest: &Digest,
        media_type: String,
        bytes: Bytes,
        document: Document,
    ) {
        let content = match document.kind {
            // Where it is signed, its bytes are not those that its digest is of, which may be a blob too.
            Kind::FirstSchema => Arc::new(Content { bytes }),
            _ => self.keep(digest, bytes),
        };
        let serial = self.next_serial();
        let repository = self.repositories.entry(name.clone()).or_default();
        for subject in document.about() {
            let referrers = repository.referrers.entry(subject.clone()).or_default();
            referrers.insert(digest.clone());
        }
        let manifest = Manifest {
            digest: digest.clone(),
            content,
            media_type,
            document,
            serial,
            stored: Instant::now(),
        };
        repository.manifests.insert(digest.clone(), Arc::new(manifest));
    }

    /// Takes a manifest from a repository, and every tag that points at it; whether it had it.
    pub(super) fn delete_manifest(&mut self, name: &RepositoryName, digest: &Digest) -> bool {
        let Some(repository) = self.repositories.get_mut(name) else {
            return false;
        };
        let Some(manifest) = repository.manifests.remove(digest) else {
            return false;
        };
        repository.tags.retain(|_, tagged| tagged.digest != *digest);
        for subject in manifest.document.about() {
            if let Some(referrers) = repository.referrers.get_mut(subject) {
                referrers.remove(digest);
                if referrers.is_empty() {
                    repository.referrers.remove(subject);
                }
            }
        }
        drop(manifest);
        self.forget_unlinked(digest);
        true
    }

    /// Strikes manifests from the list of referrers of their subject, though they stay.
    pub(super) fn unlist_referrers(&mut self, name: &RepositoryName, subject: &Digest, unlisted: &[Digest]) {
        let referrers = self
            .repositories
            .get_mut(name)
            .and_then(|repository| repository.referrers.get_mut(subject));
        if let Some(referrers) = referrers {
            referrers.retain(|digest| !unlisted.contains(digest));
        }
    }

    /// Points a tag at a manifest, wherever it pointed before.
    pub(super) fn put_tag(&mut self, name: &RepositoryName, tag: Tag, digest: Digest) {
        let serial = self.next_serial();
        self.repositories
            .entry(name.clone())
            .or_default()
            .tags
            .insert(tag, Tagged { digest, serial });
    }

    /// Takes a tag from a repository and leaves the manifest; whether the tag was there.
    pub(super) fn delete_tag(&mut self, name: &RepositoryName, tag: &Tag) -> bool {
        self.repositories
            .get_mut(name)
            .is_some_and(|repository| repository.tags.remove(tag).is_some())
    }

    /// Opens an upload. Uploads that were idle for longer than `idle` are dropped, and if as many as `most` are still
    /// open, the one that was idle longest.
    pub(super) fn open_upload(&mut self, id: String, repository: RepositoryName, idle: Duration, most: usize) {
        let now = Instant::now();
        self.uploads
            .retain(|_, upload| now.duration_since(upload.touched) <= idle);
        if self.uploads.len() >= most {
            let oldest = self
                .uploads
                .iter()
                .min_by_key(|(_, upload)| upload.touched)
                .map(|(id, _)| id.clone());
            oldest.and_then(|id| self.uploads.remove(&id));
        }
        let upload = Upload {
            repository,
            pieces: Vec::new(),
            length: 0,
            opened: self.serial,
            touched: now,
        };
        self.uploads.insert(id, upload);
    }

    /// An upload that is under way and was not idle for longer than `idle`.
    pub(super) fn upload(&mut self, id: &str, idle: Duration) -> Option<&mut Upload> {
        let upload = self
            .uploads
            .get_mut(id)
            .filter(|upload| upload.touched.elapsed() <= idle)?;
        upload.touched = Instant::now();
        Some(upload)
    }

    /// The other uploads of a repository.
    pub(super) fn other_uploads(&mut self, name: &RepositoryName, id: &str) -> impl Iterator<Item = &mut Upload> {
        let others = self
            .uploads
            .iter_mut()
            .filter(move |(other, upload)| *other != id && upload.repository == *name);
        others.map(|(_, upload)| upload)
    }

    /// Forgets a repository in which nothing is left.
    pub(super) fn forget_empty(&mut self, name: &RepositoryName) {
        let is_empty = |r: &Repository| r.blobs.is_empty() && r.manifests.is_empty() && r.tags.is_empty();
        if self.repositories.get(name).is_some_and(is_empty) {
            self.repositories.remove(name);
        }
    }

    /// The uploads that are under way.
    pub(super) fn open_uploads(&self) -> impl Iterator<Item = &str> {
        self.uploads.keys().map(String::as_str)
    }

    /// Ends the uploads that were idle since before `cutoff`; how many.
    pub(super) fn close_uploads_before(&mut self, cutoff: Instant) -> usize {
        let before = self.uploads.len();
        self.uploads.retain(|_, upload| upload.touched > cutoff);
        before - self.uploads.len()
    }

    /// Ends an upload; what had come is dropped.
    pub(super) fn close_upload(&mut self, id: &str) {
        self.uploads.remove(id);
    }

    fn keep(&mut self, digest: &Digest, bytes: Bytes) -> Arc<Content> {
        if let Some(content) = self.content.get(digest).and_then(Weak::upgrade) {
            return content;
        }
        let content = Arc::new(Content { bytes });
        self.content.insert(digest.clone(), Arc::downgrade(&content));
        content
    }

    fn forget_unlinked(&mut self, digest: &Digest) {
        if self
            .content
            .get(digest)
            .is_some_and(|content| content.strong_count() == 0)
        {
            self.content.remove(digest);
        }
    }

    fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }
}

impl Repository {
    /// A blob of this repository.
    pub(super) fn blob(&self, digest: &Digest) -> Option<&Blob> {
        self.blobs.get(digest)
    }

    /// All blobs.
    pub(super) fn blobs(&self) -> impl Iterator<Item = (&Digest, &Blob)> {
        self.blobs.iter()
    }

    /// A manifest of this repository.
    pub(super) fn manifest(&self, digest: &Digest) -> Option<&Arc<Manifest>> {
        self.manifests.get(digest)
    }

    /// All manifests in the order of their digests.
    pub(super) fn manifests(&self) -> impl Iterator<Item = &Arc<Manifest>> {
        self.manifests.values()
    }

    /// Whether a manifest has this among its blobs or children.
    pub(super) fn names(&self, digest: &Digest) -> bool {
        self.manifests.values().any(|manifest| {
            let document = &manifest.document;
            document
                .blobs
                .iter()
                .chain(&document.children)
                .any(|descriptor| descriptor.digest == *digest)
        })
    }

    /// Where a tag points.
    pub(super) fn tag(&self, tag: &Tag) -> Option<&Tagged> {
        self.tags.get(tag)
    }

    /// All tags in byte order.
    pub(super) fn tags(&self) -> impl Iterator<Item = &Tag> {
        self.tags.keys()
    }

    /// The manifests whose subject this is, in the order of their digests.
    pub(super) fn referrers<'a>(&'a self, subject: &Digest) -> impl Iterator<Item = &'a Arc<Manifest>> {
        self.referrers
            .get(subject)
            .into_iter()
            .flatten()
            .filter_map(|digest| self.manifests.get(digest))
    }
}

impl Upload {
    /// Adds bytes at the end.
    pub(super) fn append(&mut self, piece: Bytes) {
        self.length += piece.len() as u64;
        if !piece.is_empty() {
            self.pieces.push(piece);
        }
    }
}
