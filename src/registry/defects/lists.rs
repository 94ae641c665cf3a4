//! Defects in the lists of tags and of referrers.

use std::collections::HashSet;
use std::sync::Arc;

use hyper::StatusCode;
use hyper::header;
use serde_json::{Map, Value, json};

use super::Seen;
use crate::oci::digest::{Algorithm, Digest};
use crate::oci::error_body::ErrorCode;
use crate::oci::media_type::{OCI_CONFIG, OCI_INDEX, OCI_MANIFEST};
use crate::oci::reference::{Reference, RepositoryName, Tag};
use crate::registry::Mutant as M;
use crate::registry::document::Kind;
use crate::registry::respond::{Failure, OCI_FILTERS_APPLIED, Reply};
use crate::registry::routes::Route;
use crate::registry::server::Registry;
use crate::registry::store::{Manifest, Repository, Store};
use crate::registry::tags::{Asked, Page};

/// What a mutant makes of a list of tags.
pub(super) fn tags(seen: &Seen<'_>, name: &RepositoryName, reply: Reply) -> Reply {
    if !reply.is_ok() {
        return reply;
    }
    let n = seen.request.query("n");
    let path = seen.request.uri.path();
    let link = reply.text(header::LINK);
    let last = seen.request.query("last");
    let list: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let tags: Vec<&str> = list["tags"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let relink = |reply: Reply, edit: &dyn Fn(String) -> String| match link.clone() {
        Some(link) => reply.set(header::LINK, edit(link)),
        None => reply,
    };
    match seen.mutant {
        M::TagsIs203 => reply.status(203),
        M::TagsNameUnknown => Reply {
            body: json!({"errors": [{"code": "NAME_UNKNOWN", "message": "no such repository"}]})
                .to_string()
                .into(),
            ..reply.status(404)
        },
        M::TagsBareArray => Reply {
            body: json!(tags).to_string().into(),
            ..reply
        },
        M::TagsObjects => {
            let objects: Vec<Value> = tags.iter().map(|tag| json!({"name": tag})).collect();
            Reply {
                body: json!({"name": name.as_str(), "tags": objects}).to_string().into(),
                ..reply
            }
        }
        M::TagsNameShort => {
            let short = name.as_str().rsplit('/').next().unwrap_or_default();
            reply.edited(|list| list["name"] = short.into())
        }
        M::TagsContentTypeText => reply.set(header::CONTENT_TYPE, "text/plain"),
        M::TagsZeroNull if n == Some("0") => reply.edited(|list| list["tags"] = Value::Null),
        M::TagsZeroLink if n == Some("0") => reply.with(header::LINK, format_args!("<{path}?n=1>; rel=\"next\"")),
        M::TagsNameLost if last.is_some() => {
            reply.edited(|list| drop(list.as_object_mut().map(|list| list.remove("name"))))
        }
        M::TagsLimitCapped if tags.len() > 100 => reply.without(header::LINK).edited(|list| {
            if let Some(tags) = list["tags"].as_array_mut() {
                tags.truncate(100);
            }
        }),
        M::TagsLinkNoRelation => relink(reply, &|link| link.replace("; rel=\"next\"", "")),
        M::TagsLinkBare => relink(reply, &|link| link.replace(['<', '>'], "")),
        M::TagsLinkPrevious => relink(reply, &|link| link.replace("next", "prev")),
        M::TagsLinkToStart => relink(reply, &|_| format!("<{path}?n={}>; rel=\"next\"", n.unwrap_or("1"))),
        M::TagsSecondPageNoList if last.is_some() => Reply {
            body: json!({"tags": {"name": tags}}).to_string().into(),
            ..reply.without(header::LINK)
        },
        M::TagsSecondPageNoLink if last.is_some() => reply.without(header::LINK),
        M::TagsLinkAtEnd if link.is_none() && n.is_some_and(|n| n != "0") => {
            let last = tags.last().copied().or(last).unwrap_or_default();
            let n = n.unwrap_or_default();
            reply.with(header::LINK, format_args!("<{path}?n={n}&last={last}>; rel=\"next\""))
        }
        _ => reply,
    }
}

impl Registry {
    /// All tags as a mutant sees them, if it sees them otherwise.
    pub(in crate::registry) fn wrong_tags(
        &self,
        store: &Store,
        name: &RepositoryName,
        repository: &Repository,
    ) -> Option<Vec<String>> {
        let texts = |tags: Vec<&Tag>| tags.into_iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut by_age: Vec<&Tag> = repository.tags().collect();
        by_age.sort_by_key(|tag| repository.tag(tag).map(|tagged| tagged.serial));
        let mut all: Vec<&Tag> = repository.tags().collect();
        match self.mutant()? {
            M::TagsFallbackLost => {
                all.retain(|tag| !tag.as_str().starts_with("sha256-"));
                Some(texts(all))
            }
            M::TagsPrefixLost => {
                let starts_another = |tag: &Tag| {
                    repository
                        .tags()
                        .any(|other| other != tag && other.as_str().starts_with(tag.as_str()))
                };
                all.retain(|tag| !starts_another(tag));
                Some(texts(all))
            }
            M::TagsNewestLost => {
                let newest = by_age.last().copied();
                all.retain(|tag| Some(*tag) != newest);
                Some(texts(all))
            }
            M::TagsOfNestedNames => {
                let below = format!("{name}/");
                let family = store
                    .repositories()
                    .filter(|(other, _)| *other == name || other.as_str().starts_with(&below));
                let mut all = texts(family.flat_map(|(_, repository)| repository.tags()).collect());
                all.sort();
                all.dedup();
                Some(all)
            }
            M::TagsAcrossRepositories => {
                let everywhere = store.repositories().flat_map(|(_, repository)| repository.tags());
                let mut all = texts(everywhere.collect());
                all.sort();
                all.dedup();
                Some(all)
            }
            M::TagsByAge => Some(texts(by_age)),
            M::TagsTiesUnstable => {
                let is_odd = self.memory.count("lists") % 2 == 1;
                all.sort_by_key(|tag| tag.as_str().to_lowercase());
                let mut all = texts(all);
                for at in 1..all.len() {
                    if is_odd && all[at - 1].to_lowercase() == all[at].to_lowercase() {
                        all.swap(at - 1, at);
                    }
                }
                Some(all)
            }
            M::TagsDeletedListed | M::DeleteManifestListsTags => {
                let ghosts = self.memory.recall(&format!("ghosts:{name}")).unwrap_or_default();
                let mut all = texts(all);
                all.extend(ghosts.split_whitespace().map(str::to_owned));
                all.sort();
                all.dedup();
                Some(all)
            }
            _ => None,
        }
    }

    /// A page as a mutant cuts it, if it cuts otherwise.
    pub(in crate::registry) fn wrong_page(&self, sorted: &[String], asked: &Asked) -> Option<Page> {
        let plain = |asked: Asked| Page::of(sorted.to_vec(), &asked);
        let (most, after) = (asked.most, asked.after.clone());
        let reversed = |mut page: Page| {
            page.items.reverse();
            page
        };
        Some(match self.mutant()? {
            M::TagsReversed => reversed(plain(asked.clone())),
            M::TagsLimitIgnored => plain(Asked {
                most: most.filter(|most| *most == 0),
                after,
                ..asked.clone()
            }),
            M::TagsLimitMinusOne => {
                let page = plain(Asked {
                    most: most.map(|most| most.saturating_sub(1)),
                    after,
                    ..asked.clone()
                });
                Page {
                    resume_after: None,
                    ..page
                }
            }
            M::TagsLimitPlusOne => plain(Asked {
                most: most.map(|most| if most > 0 { most + 1 } else { 0 }),
                after,
                ..asked.clone()
            }),
            M::TagsLimitFromEnd => {
                let all = plain(Asked {
                    most: None,
                    after,
                    ..asked.clone()
                })
                .items;
                let skipped = all.len().saturating_sub(most.unwrap_or(usize::MAX));
                Page {
                    items: all.into_iter().skip(skipped).collect(),
                    resume_after: None,
                }
            }
            M::TagsLimitReversed if most.is_some() => reversed(plain(asked.clone())),
            M::TagsZeroAll if most == Some(0) => plain(Asked {
                most: None,
                after,
                ..asked.clone()
            }),
            M::TagsLastInclusive => {
                let mut page = plain(asked.clone());
                if let Some(after) = after.filter(|after| sorted.contains(after)) {
                    page.items.insert(0, after);
                    page.items.truncate(most.unwrap_or(usize::MAX));
                }
                page
            }
            M::TagsLastIgnored => plain(Asked {
                most,
                after: None,
                ..asked.clone()
            }),
            M::TagsLastSkips if after.is_some() => {
                let mut page = plain(asked.clone());
                page.items.drain(..page.items.len().min(1));
                page
            }
            M::TagsLastByBytes => {
                let mut sorted = sorted.to_vec();
                sorted.sort_by_key(|tag| (tag.to_lowercase(), tag.clone()));
                Page::of(sorted, asked)
            }
            M::TagsLastDropsLimit if after.is_some() => plain(Asked {
                most: None,
                after,
                ..asked.clone()
            }),
            M::TagsLastReversed if after.is_some() => reversed(plain(asked.clone())),
            M::TagsLinkSkips => {
                let page = plain(asked.clone());
                let next = page
                    .resume_after
                    .as_ref()
                    .and_then(|last| sorted.iter().find(|tag| *tag > last))
                    .cloned();
                Page {
                    resume_after: next,
                    ..page
                }
            }
            _ => return None,
        })
    }

    /// The referrers of a subject as a mutant sees them, if it sees them otherwise.
    pub(in crate::registry) fn wrong_referrers(
        &self,
        store: &Store,
        name: &RepositoryName,
        subject: &Digest,
    ) -> Option<Vec<Arc<Manifest>>> {
        let mutant = self.mutant()?;
        let repository = store.repository(name)?;
        let all: Vec<_> = repository.referrers(subject).cloned().collect();
        let subject_serial = repository.manifest(subject).map(|manifest| manifest.serial);
        let tags_of = |manifest: &Manifest| {
            let points = |tag: &&Tag| {
                repository
                    .tag(tag)
                    .is_some_and(|tagged| tagged.digest == manifest.digest)
            };
            repository.tags().filter(points).count()
        };
        let only = |keep: &dyn Fn(&Manifest) -> bool| all.iter().filter(|manifest| keep(manifest)).cloned().collect();
        Some(match mutant {
            M::ReferrersNeedSubject => only(&|_| subject_serial.is_some()),
            M::SubjectLateUnlisted => only(&|manifest| subject_serial.is_none_or(|serial| serial < manifest.serial)),
            M::ReferrersTransitive => {
                let further = all
                    .iter()
                    .flat_map(|manifest| repository.referrers(&manifest.digest))
                    .cloned();
                all.iter().cloned().chain(further).collect()
            }
            M::ReferrersAcrossRepositories => {
                let everywhere = store
                    .repositories()
                    .flat_map(|(_, repository)| repository.referrers(subject));
                let mut seen = HashSet::new();
                everywhere
                    .filter(|manifest| seen.insert(manifest.digest.clone()))
                    .cloned()
                    .collect()
            }
            M::ReferrersTrustFallback => {
                let listed = fallback_children(repository, subject);
                let also = listed.iter().filter_map(|digest| repository.manifest(digest)).cloned();
                let known: HashSet<_> = all.iter().map(|manifest| manifest.digest.clone()).collect();
                all.iter()
                    .cloned()
                    .chain(also.filter(|manifest| !known.contains(&manifest.digest)))
                    .collect()
            }
            M::ReferrersSha512Unlisted => only(&|_| subject.algorithm() != Some(Algorithm::Sha512)),
            M::ReferrersIndexUnlisted => only(&|manifest| manifest.document.kind == Kind::Image),
            M::ReferrersUntaggedUnlisted => only(&|manifest| tags_of(manifest) > 0),
            M::ReferrersDuplicates => all
                .iter()
                .flat_map(|manifest| vec![manifest.clone(); 1 + tags_of(manifest)])
                .collect(),
            M::ReferrersFallbackHides => {
                let children = fallback_children(repository, subject);
                only(&|manifest| !children.contains(&manifest.digest))
            }
            M::SignaturesUnlisted => Vec::new(),
            M::SignaturesOfAll => {
                let here = repository
                    .manifests()
                    .filter(|manifest| manifest.document.subject.is_some());
                let elsewhere = store.repositories().flat_map(|(_, other)| other.referrers(subject));
                let mut seen = HashSet::new();
                here.chain(elsewhere)
                    .filter(|manifest| seen.insert(manifest.digest.clone()))
                    .cloned()
                    .collect()
            }
            M::SignaturesByLayers => {
                let is_of_some = |blob: &Digest| all.iter().any(|referrer| has_blob(referrer, blob));
                let shares = |manifest: &&Arc<Manifest>| {
                    let mut blobs = manifest.document.blobs.iter();
                    manifest.document.subject.is_none() && blobs.any(|blob| is_of_some(&blob.digest))
                };
                all.iter()
                    .chain(repository.manifests().filter(shares))
                    .cloned()
                    .collect()
            }
            M::SignaturesFollowTags => {
                let mut all = if self.memory.recall(&left_by_tag(subject)).is_some() {
                    Vec::new()
                } else {
                    all
                };
                let former = self
                    .memory
                    .recall(&took_tag_of(subject))
                    .and_then(|former| former.parse().ok());
                all.extend(former.iter().flat_map(|former| repository.referrers(former)).cloned());
                all
            }
            M::ReferrersCutAtHundred => all.iter().take(100).cloned().collect(),
            M::ReferrersCut => all.iter().take(20).cloned().collect(),
            _ => return None,
        })
    }

    /// Whether a referrer passes a mutant's filter, if it filters otherwise.
    pub(in crate::registry) fn wrong_filter(&self, manifest: &Manifest, filter: &str) -> Option<bool> {
        let artifact_type = manifest.document.artifact_type.as_deref().unwrap_or_default();
        match self.mutant()? {
            M::ReferrersFilterIgnored | M::ReferrersFilterNothing | M::ReferrersFilterIgnoredShort => Some(true),
            M::ReferrersFilterPrefix => Some(artifact_type.starts_with(filter)),
            M::ReferrersFilterPlus => Some(artifact_type == filter.replace('+', " ")),
            M::ReferrersFilterOwnTypeOnly => Some(declared_type(manifest).as_deref() == Some(filter)),
            _ => None,
        }
    }

    /// The descriptor of a referrer as a mutant gives it.
    pub(in crate::registry) fn distort_entry(&self, manifest: &Manifest, entry: &mut Map<String, Value>) {
        let Some(mutant) = self.mutant() else { return };
        let config = manifest
            .document
            .blobs
            .first()
            .filter(|_| manifest.document.kind == Kind::Image);
        match mutant {
            M::ReferrersIndexAsImage => {
                entry.insert("mediaType".into(), OCI_MANIFEST.into());
            }
            M::ReferrersSizeWrong => {
                entry.insert("size".into(), (manifest.content.bytes.len() + 1).into());
            }
            M::ReferrersSizeCapped => {
                entry.insert("size".into(), manifest.content.bytes.len().min(4096).into());
            }
            M::ReferrersTypeOfBodyOnly if !says_its_type(manifest) => {
                entry.insert("mediaType".into(), "".into());
            }
            M::ReferrersDigestOfConfig => {
                let other = Digest::of(Algorithm::Sha256, manifest.digest.as_str().as_bytes());
                let digest = config.map_or(other, |config| config.digest.clone());
                entry.insert("digest".into(), digest.as_str().into());
            }
            M::ReferrersNoSize => drop(entry.remove("size")),
            M::SignaturesUntyped => drop(entry.remove("artifactType")),
            M::AnnotationsUnlisted => {
                let is_json = |value: &Value| serde_json::from_str::<Value>(value.as_str().unwrap_or_default()).is_ok();
                let annotations = entry.get_mut("annotations").and_then(Value::as_object_mut);
                annotations
                    .into_iter()
                    .for_each(|all| all.retain(|_, value| is_json(value)));
            }
            M::ReferrersConfigType => {
                if let Some(config) = config {
                    entry.insert("artifactType".into(), config.media_type.clone().into());
                }
            }
            M::ReferrersNoArtifactType => drop(entry.remove("artifactType")),
            M::ReferrersNoDerivedType if declared_type(manifest).is_none() => drop(entry.remove("artifactType")),
            M::ReferrersOrdinaryConfigType if entry.get("artifactType").is_some_and(|t| t == OCI_CONFIG) => {
                entry.remove("artifactType");
            }
            M::ReferrersIndexEmptyType if !entry.contains_key("artifactType") => {
                entry.insert("artifactType".into(), "".into());
            }
            M::ReferrersNoAnnotations => drop(entry.remove("annotations")),
            M::ReferrersEmptyAnnotationLost => {
                if let Some(annotations) = entry.get_mut("annotations").and_then(Value::as_object_mut) {
                    annotations.retain(|_, value| value != "");
                }
            }
            M::ReferrersLongAnnotationsLost => {
                let is_long = |value: &Value| value.as_str().is_some_and(|value| value.len() > 1024);
                if let Some(annotations) = entry.get_mut("annotations").and_then(Value::as_object_mut) {
                    annotations.retain(|_, value| !is_long(value));
                }
            }
            M::ReferrersAnnotationsCut => {
                if let Some(annotations) = entry.get_mut("annotations").and_then(Value::as_object_mut) {
                    *annotations = std::mem::take(annotations).into_iter().take(8).collect();
                }
            }
            M::ReferrersAsciiAnnotations => {
                for value in entry
                    .get_mut("annotations")
                    .and_then(Value::as_object_mut)
                    .into_iter()
                    .flatten()
                {
                    let ascii: String = value
                        .1
                        .as_str()
                        .unwrap_or_default()
                        .chars()
                        .filter(char::is_ascii)
                        .collect();
                    *value.1 = ascii.into();
                }
            }
            M::ReferrersAnnotationsNull if !entry.contains_key("annotations") => {
                entry.insert("annotations".into(), Value::Null);
            }
            _ => {}
        }
    }
}

fn says_its_type(manifest: &Manifest) -> bool {
    serde_json::from_slice::<Value>(&manifest.content.bytes).is_ok_and(|body| body.get("mediaType").is_some())
}

fn has_blob(manifest: &Manifest, digest: &Digest) -> bool {
    manifest.document.blobs.iter().any(|blob| blob.digest == *digest)
}

/// Under what a manifest is kept that a tag was moved away from.
pub(super) fn left_by_tag(digest: &Digest) -> String {
    format!("left by tag:{digest}")
}

/// Under what the manifest is kept that a tag pointed at before it was moved to this one.
pub(super) fn took_tag_of(digest: &Digest) -> String {
    format!("took tag of:{digest}")
}

/// What the index under the fallback tag of a subject lists.
fn fallback_children(repository: &Repository, subject: &Digest) -> Vec<Digest> {
    let encoded: String = subject.encoded().chars().take(64).collect();
    let tag = format!("{}-{encoded}", subject.algorithm_name()).parse::<Tag>().ok();
    let tagged = tag.and_then(|tag| repository.tag(&tag));
    let index = tagged.and_then(|tagged| repository.manifest(&tagged.digest));
    let children = index.map(|index| index.document.children.iter().map(|child| child.digest.clone()));
    children.into_iter().flatten().collect()
}

/// What a mutant makes of a list of referrers.
pub(super) fn referrers(seen: &Seen<'_>, reply: Reply) -> Reply {
    if !reply.is_ok() {
        return reply;
    }
    let list: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let is_empty = list["manifests"].as_array().is_some_and(Vec::is_empty);
    let link = reply.text(header::LINK);
    let is_filtered = reply.headers.contains_key(OCI_FILTERS_APPLIED);
    let of_nobody = || match seen.route {
        Route::Referrers(name, digest) => digest
            .parse()
            .is_ok_and(|digest| seen.manifest(name, &Reference::Digest(digest)).is_none()),
        _ => false,
    };
    let relink = |reply: Reply, edit: &dyn Fn(String) -> String| match link.clone() {
        Some(link) => reply.set(header::LINK, edit(link)),
        None => reply,
    };
    match seen.mutant {
        M::ReferrersIs203 => reply.status(203),
        M::ReferrersUnknown404 if is_empty => {
            Failure::new(StatusCode::NOT_FOUND, ErrorCode::ManifestUnknown, "it has no referrers").into_reply()
        }
        M::ReferrersBareArray => Reply {
            body: list["manifests"].to_string().into(),
            ..reply
        },
        M::ReferrersSchemaVersion => reply.edited(|index| index["schemaVersion"] = 1.into()),
        M::ReferrersMediaType => reply.edited(|index| index["mediaType"] = OCI_MANIFEST.into()),
        M::ReferrersContentTypeJson => reply.set(header::CONTENT_TYPE, "application/json"),
        M::ReferrersEmptyContentTypeJson if is_empty => reply.set(header::CONTENT_TYPE, "application/json"),
        M::ReferrersEmptyNull if is_empty => reply.edited(|index| index["manifests"] = Value::Null),
        M::ReferrersEmptyMissing if is_empty => Reply {
            body: json!({"schemaVersion": 2, "mediaType": OCI_INDEX}).to_string().into(),
            ..reply
        },
        M::ReferrersCached => {
            let body = String::from_utf8_lossy(&reply.body).into_owned();
            seen.registry.memory.remember(seen.request.uri.to_string(), body);
            reply
        }
        M::ReferrersLinkBare => relink(reply, &|link| link.replace(['<', '>'], "")),
        M::ReferrersLinkNoRelation => relink(reply, &|link| link.replace("; rel=\"next\"", "")),
        M::ReferrersSecondPageNoList if seen.request.query("last").is_some() => Reply {
            body: json!({"schemaVersion": 2, "manifests": {}}).to_string().into(),
            ..reply.without(header::LINK)
        },
        M::ReferrersFilterForgotten => relink(reply, &|link| {
            let (before, rest) = link.split_once("artifactType=").unwrap_or(("", ""));
            rest.split_once('&')
                .map_or(link.clone(), |(_, after)| format!("{before}{after}"))
        }),
        M::ReferrersFilterLosesOne if is_filtered => reply.edited(|index| {
            if let Some(list) = index["manifests"].as_array_mut().filter(|list| list.len() > 1) {
                list.pop();
            }
        }),
        M::ReferrersFilterOfNobodyEmpty if is_filtered && of_nobody() => {
            reply.edited(|index| index["manifests"] = json!([]))
        }
        M::ReferrersFilterOfNobody404 if is_filtered && of_nobody() => Reply {
            body: json!({"errors": [{"code": "MANIFEST_UNKNOWN", "message": "no such manifest"}]})
                .to_string()
                .into(),
            ..reply.status(404)
        },
        M::ReferrersOfNobodyBare if of_nobody() => bare(reply),
        M::ReferrersFilteredBare if is_filtered => bare(reply),
        M::ReferrersFilterIgnoredShort if is_filtered => {
            let kept = |entry: &Value| entry["artifactType"].as_str() != seen.request.query("artifactType");
            reply.without(OCI_FILTERS_APPLIED).edited(|index| {
                if let Some(list) = index["manifests"].as_array_mut() {
                    list.retain(kept);
                }
            })
        }
        M::ReferrersFilterEmptyUnsaid if is_filtered && is_empty => reply.without(OCI_FILTERS_APPLIED),
        M::ReferrersFilterIgnored | M::ReferrersFilterHeaderMissing => reply.without(OCI_FILTERS_APPLIED),
        M::ReferrersFilterHeaderValue if is_filtered => {
            let value = seen.request.query("artifactType").unwrap_or_default();
            reply.set(OCI_FILTERS_APPLIED, value)
        }
        M::ReferrersFilterHeaderList if is_filtered => reply.set(OCI_FILTERS_APPLIED, "[\"artifactType\"]"),
        _ => reply,
    }
}

/// A list whose entries have no annotations and no type of artifact.
fn bare(reply: Reply) -> Reply {
    reply.edited(|index| {
        let entries = index["manifests"].as_array_mut().into_iter().flatten();
        for entry in entries.filter_map(Value::as_object_mut) {
            entry.retain(|name, _| name != "annotations" && name != "artifactType");
        }
    })
}

/// The `artifactType` that stands in the manifest itself.
fn declared_type(manifest: &Manifest) -> Option<String> {
    let document: Value = serde_json::from_slice(&manifest.content.bytes).ok()?;
    document["artifactType"]
        .as_str()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}
