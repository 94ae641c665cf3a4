//! What a collection keeps: everything that can be reached from what it starts at.
//!
//! The specification leaves open whether a manifest lives as long as its subject. Each answer that registries give is a
//! [`Retention`]; the plain registry has referrers follow their subject.

use std::collections::HashSet;
use std::time::Instant;

use super::document::Kind;
use super::server::Registry;
use super::store::{Manifest, Repository};
use super::{Mutant, Variant};
use crate::oci::digest::Digest;

/// What subjects mean to a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retention {
    /// Nothing is ever collected.
    Nothing,
    /// Nothing: the registry does not know subjects.
    Unaware,
    /// A referrer lives as long as its subject.
    Follows,
    /// A referrer always lives.
    Keeps,
    /// A referrer always lives, and its subject with it.
    Pins,
}

/// What lives in one repository.
#[derive(Debug, Default)]
pub(super) struct Live {
    /// Manifests.
    pub(super) manifests: HashSet<Digest>,
    /// Blobs.
    pub(super) blobs: HashSet<Digest>,
}

impl Registry {
    /// The choice of this registry.
    pub(super) fn retention(&self) -> Retention {
        match () {
            () if self.has(Variant::RetentionNothing) => Retention::Nothing,
            () if self.has(Variant::RetentionUnaware) => Retention::Unaware,
            () if self.has(Variant::RetentionKeeps) => Retention::Keeps,
            () if self.has(Variant::RetentionPins) => Retention::Pins,
            () => Retention::Follows,
        }
    }

    /// What lives in a repository, when everything that came after `cutoff` does.
    pub(super) fn live(&self, repository: &Repository, cutoff: Instant) -> Live {
        let retention = self.retention();
        let is_young = |stored: Instant| stored > cutoff && !self.is(Mutant::GcIgnoresGrace);
        let mut live = Live::default();
        if self.is(Mutant::GcLosesEverything) {
            return live;
        }
        // A manifest, and how deep in indexes it was found.
        let mut open: Vec<(Digest, usize)> = Vec::new();
        for tag in repository.tags() {
            if let Some(tagged) = repository.tag(tag)
                && !self.overlooks_tag(repository, tag.as_str(), &tagged.digest)
            {
                open.push((tagged.digest.clone(), 0));
            }
        }
        for manifest in repository.manifests() {
            let pins = matches!(retention, Retention::Keeps | Retention::Pins) && manifest.document.subject.is_some();
            let stays = self.has(Variant::UntaggedKept) || is_young(manifest.stored) || pins;
            if stays || self.keeps_garbage(repository, manifest) {
                open.push((manifest.digest.clone(), 0));
            }
            if retention == Retention::Pins && pins {
                open.extend(manifest.document.subject.clone().map(|subject| (subject, 0)));
            }
        }
        for (digest, blob) in repository.blobs() {
            if is_young(blob.stored) || self.keeps_blob(digest) {
                live.blobs.insert(digest.clone());
            }
        }
        while let Some((digest, depth)) = open.pop() {
            let Some(manifest) = repository.manifest(&digest) else {
                continue;
            };
            if !live.manifests.insert(digest) {
                continue;
            }
            let document = &manifest.document;
            let blobs = document.blobs.iter().skip(self.overlooked_blobs(manifest));
            live.blobs.extend(blobs.map(|blob| blob.digest.clone()));
            if !self.is(Mutant::GcLosesForeignLayers) {
                live.blobs.extend(document.foreign.iter().cloned());
            }
            if !self.overlooks_children(repository, manifest, depth) {
                live.blobs
                    .extend(document.children.iter().map(|child| child.digest.clone()));
                open.extend(document.children.iter().map(|child| (child.digest.clone(), depth + 1)));
            }
            live.blobs.extend(self.named_digests(manifest));
            if retention != Retention::Unaware && !self.overlooks_referrers(manifest, depth) {
                let lost = |referrer: &Manifest| match referrer.document.kind {
                    Kind::Artifact => self.is(Mutant::OrasGcLosesReferrers),
                    Kind::ArtifactDraft => self.is(Mutant::GcLosesArtifactDrafts),
                    _ => false,
                };
                let referrers = repository
                    .referrers(&manifest.digest)
                    .filter(|referrer| !lost(referrer));
                open.extend(referrers.map(|referrer| (referrer.digest.clone(), 0)));
            }
        }
        live
    }
}

/// Decisions that mutants get wrong.
impl Registry {
    fn overlooks_tag(&self, repository: &Repository, tag: &str, digest: &Digest) -> bool {
        let referred = || {
            repository
                .manifest(digest)
                .and_then(|manifest| manifest.document.subject.clone())
        };
        match self.mutant() {
            Some(Mutant::GcLosesDigestTags) => tag.starts_with("sha256-") && tag.contains('.'),
            Some(Mutant::GcLosesTaggedReferrers) => {
                referred().is_some_and(|subject| repository.manifest(&subject).is_none())
            }
            Some(Mutant::OrasGcLosesTagged) => {
                let is_artifact = repository
                    .manifest(digest)
                    .is_some_and(|manifest| manifest.document.kind == Kind::Artifact);
                is_artifact && referred().is_some_and(|subject| repository.manifest(&subject).is_none())
            }
            Some(Mutant::GcExpiresTags) => self.memory.count(&format!("kept:{tag}")) > 2,
            Some(Mutant::GcLosesRetagged) => self.memory.recall(&lost_tag(digest)).is_some(),
            _ => false,
        }
    }

    fn keeps_garbage(&self, repository: &Repository, manifest: &Manifest) -> bool {
        match self.mutant() {
            Some(Mutant::GcResurrects) => self.memory.recall(&deleted(manifest.digest.as_str())).is_some(),
            Some(Mutant::GcKeepsUntagged) => self.memory.recall(&was_child(&manifest.digest)).is_some(),
            Some(Mutant::GcKeepsSuperseded) => self.memory.recall(&lost_tag(&manifest.digest)).is_some(),
            Some(Mutant::GcKeepsOrphans) => {
                manifest.document.subject.is_some() && !self.is_subject_lost(repository, manifest)
            }
            Some(Mutant::GcKeepsArtifactDrafts) => manifest.document.kind == Kind::ArtifactDraft,
            Some(Mutant::GcKeepsObjects) => manifest.document.kind == Kind::Object,
            Some(Mutant::GcKeepsCycles) => {
                let children = &manifest.document.children;
                let subject = manifest.document.subject.as_ref();
                children.iter().any(|child| Some(&child.digest) == subject)
            }
            _ => false,
        }
    }

    fn is_subject_lost(&self, repository: &Repository, manifest: &Manifest) -> bool {
        let subject = manifest.document.subject.as_ref();
        subject.is_some_and(|subject| repository.manifest(subject).is_none())
    }

    fn keeps_blob(&self, digest: &Digest) -> bool {
        self.is(Mutant::GcKeepsBlobs) && self.memory.recall(&was_child(digest)).is_some()
    }

    /// How many of the blobs of a manifest are forgotten.
    fn overlooked_blobs(&self, manifest: &Manifest) -> usize {
        match self.mutant() {
            Some(Mutant::GcLosesConfigs) => 1,
            Some(Mutant::GcLosesFirstSchemaLayers) if manifest.document.kind == Kind::FirstSchema => usize::MAX,
            Some(Mutant::GcLosesObjectBlobs) if manifest.document.kind == Kind::Object => usize::MAX,
            Some(Mutant::GcHalvesReferrers) if manifest.document.subject.is_some() => usize::MAX,
            _ => 0,
        }
    }

    fn overlooks_children(&self, repository: &Repository, index: &Manifest, depth: usize) -> bool {
        match self.mutant() {
            Some(Mutant::GcLosesIndexChildren) => true,
            Some(Mutant::GcLosesObjectReferences) => index.document.kind == Kind::Object,
            Some(Mutant::GcLosesNestedChildren) => depth > 0,
            Some(Mutant::GcLosesFallbackEntries) => {
                let is_fallback = |tag: &&crate::oci::reference::Tag| {
                    tag.as_str().starts_with("sha256-")
                        && repository.tag(tag).is_some_and(|tagged| tagged.digest == index.digest)
                };
                repository.tags().any(|tag| is_fallback(&tag))
            }
            Some(Mutant::GcTakesMoreEachTime) => {
                !index.document.children.is_empty() && self.memory.count(&format!("seen:{}", index.digest)) > 2
            }
            _ => false,
        }
    }

    fn overlooks_referrers(&self, subject: &Manifest, depth: usize) -> bool {
        match self.mutant() {
            Some(Mutant::GcLosesReferrers) => true,
            Some(Mutant::GcLosesReferrersOfReferrers) => subject.document.subject.is_some(),
            Some(Mutant::GcLosesReferrersOfChildren) => depth > 0,
            _ => false,
        }
    }
}

/// Where mutants remember that something was deleted, or an index that listed it.
pub(super) fn deleted(digest: &str) -> String {
    format!("deleted:{digest}")
}

/// Where mutants remember that a manifest lost a tag.
pub(super) fn lost_tag(digest: &Digest) -> String {
    format!("lost tag:{digest}")
}

/// Where mutants remember that something was named by a manifest.
pub(super) fn was_child(digest: &Digest) -> String {
    format!("was child:{digest}")
}
