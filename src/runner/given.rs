//! Content that a registry has already and that a run reads: which it is, and what is known of it.
//!
//! What is true of it is its digest: given by the user, or that of the bytes which a tag leads to, and for blobs and the
//! manifests of an index that of the descriptor which names them. Bytes that do not have it are not kept, and are the
//! cases' to judge.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use serde_json::Value;

use super::control::Refusal;
use super::expand::accept_manifests;
use crate::case::{Case, GIVEN, GivenPart, Node, NodeKind};
use crate::client::{Answer, Client, Purpose, RequestSpec, TransportError};
use crate::content::{Built, Data, Role};
use crate::expect;
use crate::oci::digest::Digest;
use crate::oci::media_type::{DOCKER_MANIFEST, DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED, OCI_MANIFEST, OCTET_STREAM};
use crate::oci::reference::{RepositoryName, Tag};

/// Blobs larger than this are not downloaded to be cut in pieces.
const BLOB: u64 = 8 << 20;

/// Repositories of a catalogue that are looked into, for it may name many in which nothing is left.
const REPOSITORIES: usize = 100;

/// Tags that are tried, children and blobs of which one is to be there.
const TRIES: usize = 8;

/// How many contents are found in a repository.
const FOUND: usize = 2;

/// How a run reads what is there.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// What it was given; found in the catalogue where there is nothing.
    pub wanted: Vec<Wanted>,
    /// Whether it does nothing else.
    pub only: bool,
}

/// Content as a user names it: `REPOSITORY[:TAG][@DIGEST]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    repo: RepositoryName,
    tag: Option<Tag>,
    digest: Option<Digest>,
}

/// Why a text names no content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}; write REPOSITORY, REPOSITORY:TAG or REPOSITORY@DIGEST, without the registry")]
pub struct WantedError(String);

impl FromStr for Wanted {
    type Err = WantedError;

    fn from_str(text: &str) -> Result<Self, WantedError> {
        let (text, digest) = match text.split_once('@') {
            Some((text, digest)) => (text, Some(digest)),
            None => (text, None),
        };
        let (repo, tag) = match text.split_once(':') {
            Some((repo, tag)) => (repo, Some(tag)),
            None => (text, None),
        };
        let wrong = |what: &str, text: &str, error: &dyn std::fmt::Display| {
            WantedError(format!("`{text}` is not a {what}: {error}"))
        };
        Ok(Self {
            repo: repo.parse().map_err(|error| wrong("repository", repo, &error))?,
            tag: match tag {
                Some(tag) => Some(tag.parse().map_err(|error| wrong("tag", tag, &error))?),
                None => None,
            },
            digest: match digest {
                Some(digest) => Some(digest.parse().map_err(|error| wrong("digest", digest, &error))?),
                None => None,
            },
        })
    }
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.repo.as_str())?;
        if let Some(tag) = &self.tag {
            write!(f, ":{}", tag.as_str())?;
        }
        self.digest.iter().try_for_each(|digest| write!(f, "@{digest}"))
    }
}

/// What is known of one content.
#[derive(Debug, Clone)]
pub struct Given {
    /// The repository that has it.
    pub repo: String,
    /// The tag that leads to it, if it was named by one.
    pub tag: Option<String>,
    /// Whether it was named by its digest, so that it has to stay.
    pub is_pinned: bool,
    /// Its parts.
    pub parts: BTreeMap<GivenPart, Arc<Built>>,
    /// What is worth knowing about it.
    pub note: String,
}

impl Given {
    /// Whether it has what this capability is about.
    pub fn offers(&self, capability: &str) -> bool {
        let part = |part| self.parts.contains_key(&part);
        match capability {
            "given-tag" => self.tag.is_some(),
            "given-index" => part(GivenPart::Index),
            "given-blob" => part(GivenPart::Blob),
            _ => true,
        }
    }

    /// Whether a case that wants content can have this.
    pub fn suits(&self, case: &Case) -> bool {
        let has = |node: &Node| match node.kind {
            NodeKind::Given(part) => self.parts.contains_key(&part),
            _ => true,
        };
        case.needs.iter().all(|need| self.offers(need)) && case.content.iter().all(has)
    }
}

/// Whether the tag by which content was found is gone by now, or leads elsewhere: others may be at work, and nothing keeps what
/// has no tag.
pub async fn has_changed(client: &Client, given: &Given) -> bool {
    let (Some(tag), Some(before)) = (&given.tag, given.parts.get(&GivenPart::Manifest)) else {
        return false;
    };
    let mut request = RequestSpec::path("GET", format!("/v2/{}/manifests/{tag}", given.repo));
    request = request.header("Accept", accept_manifests());
    request.purpose = Purpose::Probe;
    let answer = client.send(request).await;
    if breaks_off(&answer) {
        return false;
    }
    let is_manifest = || {
        answer
            .body
            .json()
            .is_some_and(|json| json.get("schemaVersion").is_some())
    };
    match answer.status() {
        Some(404) => true,
        Some(200) if !given.is_pinned && is_manifest() => digest_of(&answer).is_some_and(|now| now != before.digest),
        _ => false,
    }
}

/// The capabilities that contents give to a run.
pub fn gives(given: &[Given]) -> Vec<&'static str> {
    let gives = |name: &&str| given.iter().any(|given| given.offers(name));
    GIVEN.into_iter().filter(gives).collect()
}

/// Reads what is wanted, or finds something.
///
/// # Errors
/// If there is no answer, or what was named is not there.
pub async fn find(client: &Client, wanted: &[Wanted], url: &str) -> Result<Vec<Given>, Refusal> {
    let finder = Finder { client, url };
    let mut given = Vec::new();
    for wanted in wanted {
        if wanted.tag.is_some() || wanted.digest.is_some() {
            given.push(finder.read(wanted).await?);
            continue;
        }
        let found = finder.in_repository(&wanted.repo).await?;
        if found.is_empty() {
            return Err(finder.nothing(wanted, "has no tags; name a digest"));
        }
        given.extend(found);
    }
    if wanted.is_empty() {
        given = finder.in_catalogue().await?;
    }
    if given.is_empty() {
        let advice = "leads to no repository with tags; name some content with --content REPOSITORY:TAG";
        return Err(finder.nothing(&"the catalogue", advice));
    }
    Ok(given)
}

struct Finder<'a> {
    client: &'a Client,
    url: &'a str,
}

impl Finder<'_> {
    async fn get(&self, path: String) -> Result<Answer, Refusal> {
        let answer = self.send(RequestSpec::path("GET", path)).await;
        super::control::refuse_unanswered(&answer, self.url)?;
        Ok(answer)
    }

    /// Content of which a digest is known may break off: whose doing that is, the cases find out.
    async fn content(&self, path: String, accept: Option<String>) -> Result<Answer, Refusal> {
        let mut request = RequestSpec::path("GET", path);
        if let Some(accept) = accept {
            request = request.header("Accept", accept);
        }
        let answer = self.send(request).await;
        if !breaks_off(&answer) {
            super::control::refuse_unanswered(&answer, self.url)?;
        }
        Ok(answer)
    }

    async fn send(&self, mut request: RequestSpec) -> Answer {
        request.purpose = Purpose::Probe;
        self.client.send(request).await
    }

    fn nothing(&self, what: &dyn std::fmt::Display, seen: &str) -> Refusal {
        Refusal::Content {
            what: what.to_string(),
            url: self.url.to_string(),
            seen: seen.to_string(),
        }
    }

    /// The first repositories of the catalogue, until one has tags; nothing where there is no catalogue.
    async fn in_catalogue(&self) -> Result<Vec<Given>, Refusal> {
        let answer = self.get(format!("/v2/_catalog?n={REPOSITORIES}")).await?;
        if answer.status() != Some(200) {
            let status = expect::status_text(&answer);
            let seen = format!("is answered with {status}; name some content with --content REPOSITORY:TAG");
            return Err(self.nothing(&"the catalogue", &seen));
        }
        let names = strings(&answer, "/repositories");
        let names = names.iter().filter_map(|name| name.parse().ok());
        for repo in names.take(REPOSITORIES).collect::<Vec<RepositoryName>>() {
            let found = self.in_repository(&repo).await?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    /// What `latest` or else the last tag leads to, and something of the other kind, image or index, if a few tries find it.
    async fn in_repository(&self, repo: &RepositoryName) -> Result<Vec<Given>, Refusal> {
        let path = format!("/v2/{}/tags/list", repo.as_str());
        let answer = self.get(path).await?;
        let mut tags = strings(&answer, "/tags");
        tags.sort_by_key(|tag| tag != "latest");
        let rest = tags.split_off(tags.len().min(1));
        tags.extend(rest.into_iter().rev().take(TRIES - 1));
        let mut found: Vec<Given> = Vec::new();
        for tag in tags.iter().filter_map(|tag| tag.parse().ok()) {
            let wanted = Wanted {
                repo: repo.clone(),
                tag: Some(tag),
                digest: None,
            };
            let Ok(given) = self.read(&wanted).await else { continue };
            let kind = |given: &Given| given.parts.contains_key(&GivenPart::Index);
            if found.iter().all(|other| kind(other) != kind(&given)) {
                found.push(given);
            }
            if found.len() == FOUND {
                break;
            }
        }
        Ok(found)
    }

    async fn read(&self, wanted: &Wanted) -> Result<Given, Refusal> {
        let repo = wanted.repo.as_str();
        let reference = match (&wanted.digest, &wanted.tag) {
            (Some(digest), _) => digest.as_str(),
            (None, Some(tag)) => tag.as_str(),
            (None, None) => return Err(self.nothing(wanted, "has no reference")),
        };
        let path = format!("/v2/{repo}/manifests/{reference}");
        let answer = self.content(path, Some(accept_manifests())).await?;
        if answer.status() != Some(200) {
            let seen = format!("is answered with {}", expect::status_text(&answer));
            return Err(self.nothing(wanted, &seen));
        }
        let announced = announced(&answer);
        if breaks_off(&answer) && announced.is_none() {
            super::control::refuse_unanswered(&answer, self.url)?;
        }
        let digest = match &wanted.digest {
            Some(digest) => digest.clone(),
            None => digest_of(&answer).ok_or_else(|| self.nothing(wanted, "has no digest"))?,
        };
        let manifest = manifest(&answer, digest, announced);
        if is_first_schema(&answer, &manifest) {
            let seen = "is a manifest of Docker's first schema, whose digest is not that of its bytes";
            return Err(self.nothing(wanted, seen));
        }
        let mut parts = BTreeMap::new();
        let mut note = format!("{wanted} is {}, {}", manifest.digest, manifest.media_type);
        if breaks_off(&answer) {
            note.push_str("; the answer broke off");
        }
        let document = answer.body.json().cloned().unwrap_or_default();
        let image = match document.get("manifests").and_then(Value::as_array) {
            None => Some((manifest.clone(), document)),
            Some(children) => {
                parts.insert(GivenPart::Index, Arc::new(manifest.clone()));
                self.child(repo, children).await?
            }
        };
        parts.insert(GivenPart::Manifest, Arc::new(manifest));
        match image {
            None => note.push_str("; no image that it lists is there"),
            Some((image, document)) => {
                match self.blob(repo, &document).await? {
                    Some(blob) => drop(parts.insert(GivenPart::Blob, Arc::new(blob))),
                    None => note.push_str("; no blob of it is there"),
                }
                parts.insert(GivenPart::Image, Arc::new(image));
            }
        }
        Ok(Given {
            repo: repo.to_string(),
            tag: wanted.tag.as_ref().map(|tag| tag.as_str().to_string()),
            is_pinned: wanted.digest.is_some(),
            parts,
            note,
        })
    }

    /// The first image of an index that is there: a registry may have an index without all that it lists.
    async fn child(&self, repo: &str, children: &[Value]) -> Result<Option<(Built, Value)>, Refusal> {
        let image = |child: &&Value| {
            let media_type = child.get("mediaType").and_then(Value::as_str);
            media_type.is_none_or(|name| [OCI_MANIFEST, DOCKER_MANIFEST].contains(&name))
        };
        for child in children.iter().filter(image).take(TRIES) {
            let Some((digest, size)) = descriptor(child) else {
                continue;
            };
            let path = format!("/v2/{repo}/manifests/{digest}");
            let answer = self.content(path, Some(accept_manifests())).await?;
            if answer.status() == Some(404) {
                continue;
            }
            let document = answer.body.json().cloned().unwrap_or_default();
            return Ok(Some((manifest(&answer, digest, Some(size)), document)));
        }
        Ok(None)
    }

    /// The smallest blob of an image that is there, of those that a registry is meant to have.
    async fn blob(&self, repo: &str, document: &Value) -> Result<Option<Built>, Refusal> {
        let layers = document.get("layers").and_then(Value::as_array);
        let named = document.get("config").into_iter().chain(layers.into_iter().flatten());
        let here = |blob: &&Value| {
            let media_type = blob.get("mediaType").and_then(Value::as_str).unwrap_or_default();
            let elsewhere = ["nondistributable", "foreign"];
            blob.get("urls").is_none() && !elsewhere.iter().any(|word| media_type.contains(word))
        };
        let mut blobs: Vec<_> = named.filter(here).filter_map(descriptor).collect();
        blobs.retain(|(_, size)| *size >= 2);
        blobs.sort_by_key(|(_, size)| *size);
        for (digest, size) in blobs.into_iter().take(TRIES) {
            let mut data = Data::Named {
                digest: Some(digest.clone()),
                len: size,
            };
            if size <= BLOB {
                let answer = self.content(format!("/v2/{repo}/blobs/{digest}"), None).await?;
                if answer.status() == Some(404) {
                    continue;
                }
                data = known(&answer, &digest, Some(size));
            }
            return Ok(Some(built(digest, data, OCTET_STREAM.to_string(), Role::Blob)));
        }
        Ok(None)
    }
}

/// Whether an answer began and ended too early.
fn breaks_off(answer: &Answer) -> bool {
    answer.status().is_some() && matches!(answer.error(), Some(TransportError::BodyShort { .. }))
}

/// The length of all that an answer was to be, if only a part of it came.
fn announced(answer: &Answer) -> Option<u64> {
    match answer.error() {
        Some(TransportError::BodyShort { expected, .. }) => *expected,
        _ => None,
    }
}

/// The digest of what was answered, however much of it was kept; of what broke off, the one that it says it has.
fn digest_of(answer: &Answer) -> Option<Digest> {
    if breaks_off(answer) {
        return answer.header("Docker-Content-Digest")?.parse().ok();
    }
    format!("sha256:{}", answer.body.sha256).parse().ok()
}

fn is_first_schema(answer: &Answer, manifest: &Built) -> bool {
    let version = answer.body.json().and_then(|document| document.get("schemaVersion"));
    let is_of = |name: &str| manifest.media_type == name;
    version == Some(&Value::from(1)) || is_of(DOCKER_SCHEMA1) || is_of(DOCKER_SCHEMA1_SIGNED)
}

/// A manifest as it was answered; its type is the one that it says itself.
fn manifest(answer: &Answer, digest: Digest, size: Option<u64>) -> Built {
    let document = answer.body.json();
    let own = document.and_then(|document| document.get("mediaType")?.as_str());
    let media_type = own.map(str::to_string).or_else(|| {
        let header = answer.header("Content-Type")?;
        Some(header.split(';').next().unwrap_or(header).trim().to_string())
    });
    let data = known(answer, &digest, size);
    built(digest, data, media_type.unwrap_or_default(), Role::Manifest)
}

/// The bytes of an answer, if they are those of the digest.
fn known(answer: &Answer, digest: &Digest, size: Option<u64>) -> Data {
    let body = &answer.body;
    let named = Data::Named {
        digest: Some(digest.clone()),
        len: size.unwrap_or(body.len),
    };
    let whole = answer.status() == Some(200) && body.bytes.len() as u64 == body.len;
    if whole && named.is(body.len, &body.sha256, || body.sha512()) {
        return Data::Bytes(body.bytes.clone());
    }
    named
}

fn built(digest: Digest, data: Data, media_type: String, role: Role) -> Built {
    Built {
        name: String::new(),
        data,
        digest,
        media_type,
        role,
        requires: Vec::new(),
        parts: BTreeMap::new(),
        artifact_type: None,
    }
}

fn descriptor(value: &Value) -> Option<(Digest, u64)> {
    let digest = value.get("digest")?.as_str()?.parse().ok()?;
    Some((digest, value.get("size")?.as_u64()?))
}

/// The texts of an array in a body; none if there is no such array.
fn strings(answer: &Answer, pointer: &str) -> Vec<String> {
    let document = answer.body.json().filter(|_| answer.status() == Some(200));
    let array = document.and_then(|document| document.pointer(pointer)?.as_array());
    let texts = array.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_named_as_images_are() {
        let digest = format!("sha256:{}", "0".repeat(64));
        let all = format!("library/alpine:3.20@{digest}");
        for text in ["alpine", "library/alpine:3.20", all.as_str()] {
            assert_eq!(
                text.parse::<Wanted>().map(|wanted| wanted.to_string()).as_deref(),
                Ok(text)
            );
        }
        for text in ["", "Alpine", "alpine:", "alpine@sha256:0", "localhost:5000/alpine:3"] {
            let error = text.parse::<Wanted>().unwrap_err().to_string();
            assert!(error.contains("without the registry"), "{error}");
        }
    }
}
