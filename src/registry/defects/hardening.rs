//! Defects that only hostile requests bring out: what climbs, overrides, poisons, repeats, leaks and gives in.

use hyper::header::{self, HeaderName};
use hyper::{Method, StatusCode};

use super::{Seen, before, deep, server_error};
use crate::oci::digest::Digest;
use crate::oci::error_body::ErrorCode;
use crate::oci::media_type;
use crate::oci::reference::{Reference, RepositoryName};
use crate::registry::Mutant as M;
use crate::registry::document::Document;
use crate::registry::request::{Request, percent_decode};
use crate::registry::respond::{Answer, DOCKER_CONTENT_DIGEST, Failure, Reply};
use crate::registry::routes::Route;
use crate::registry::server::Registry;

/// From how many items or levels on something is much for a mutant.
const MUCH: usize = 20;

/// From how many bytes on a manifest is large for a mutant.
const LARGE: usize = 100_000;

const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const ORIGINAL_URL: HeaderName = HeaderName::from_static("x-original-url");
const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");
const INJECTED: HeaderName = HeaderName::from_static("x-injected");

/// For how long a mutant lets caches keep what they should not.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Where a mutant takes a request to.
pub(super) fn rewritten(mutant: M, route: &Route, request: &Request) -> Option<Route> {
    match (mutant, route) {
        (M::TargetOverride, _) => request.header(ORIGINAL_URL).map(Route::of),
        (M::NameCleaned, Route::BadName(_) | Route::Unknown) => Some(Route::of(&cleaned(request.uri.path()))),
        (M::DigestCleaned, Route::Blob(name, text)) => {
            let last = text.rsplit('/').next().unwrap_or_default();
            let end = last.find([';', '#', '?']).unwrap_or(last.len());
            let text = last.get(..end).unwrap_or_default();
            let text = text.trim_matches(|letter: char| letter.is_control() || letter == ' ');
            Some(Route::Blob(name.clone(), text.to_owned()))
        }
        _ => None,
    }
}

/// A path without its dots, empty parts and control letters, as a file system would read it.
fn cleaned(path: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    let path = percent_decode(path).replace(|letter: char| letter.is_control(), "");
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part.to_owned()),
        }
    }
    format!("/{}", parts.join("/"))
}

/// The answer of a mutant that does not get as far as the handler.
pub(super) fn interfere(seen: &Seen<'_>) -> Option<Answer> {
    let request = seen.request;
    let path = request.uri.path();
    match (seen.mutant, seen.route) {
        (M::NegativeLimitLost, Route::Tags(_)) if request.query("n").is_some_and(|n| n.starts_with('-')) => {
            deep::vanish()
        }
        (M::NullLetterLost, _) if path.contains("%00") => deep::vanish(),
        (M::LimitServerError, Route::Tags(_) | Route::Catalog) => {
            let n = request.query("n")?;
            let is_beyond = n.bytes().all(|byte| byte.is_ascii_digit()) && n.parse::<i32>().is_err() && !n.is_empty();
            is_beyond.then(|| Err(server_error()))
        }
        (M::MethodOverride, Route::Manifest(name, reference)) => {
            request.header(METHOD_OVERRIDE)?;
            let digest: Digest = reference.parse().ok()?;
            seen.registry.store().delete_manifest(name, &digest);
            Some(Ok(Reply::new(StatusCode::ACCEPTED)))
        }
        (M::DeleteByPattern, Route::Manifest(name, reference))
            if request.method == Method::DELETE && reference.contains('*') =>
        {
            seen.delete_all_tags(name);
            Some(Ok(Reply::new(StatusCode::ACCEPTED)))
        }
        (M::DeletedEverywhere, Route::Manifest(..) | Route::Blob(..)) if request.method == Method::DELETE => {
            seen.delete_everywhere();
            None
        }
        (M::ConditionBeforeLookup, Route::Blob(_, digest)) => {
            let condition = request.header(header::IF_NONE_MATCH)?;
            condition
                .contains(digest.as_str())
                .then(|| Ok(Reply::new(StatusCode::NOT_MODIFIED)))
        }
        (M::DedupeByDigest | M::DedupeDespiteRefusal, Route::Upload(name, _)) if request.method == Method::PUT => {
            let digest: Digest = request.query("digest")?.parse().ok()?;
            seen.link_from_elsewhere(name, &digest)
                .filter(|()| seen.mutant == M::DedupeByDigest)
                .map(|()| Ok(before::created(name, &digest)))
        }
        (M::UploadEndedByStranger, Route::Upload(name, id)) => {
            let mut store = seen.registry.store();
            let upload = store.upload(id, seen.registry.limits.upload_idle)?;
            if upload.repository != *name {
                store.close_upload(id);
            }
            None
        }
        (M::OpenUploadsExhaust, Route::Uploads(name)) => {
            seen.registry.memory.count(&format!("opened:{name}"));
            None
        }
        (M::OpenUploadsExhaust, Route::Manifest(name, _)) if request.method == Method::PUT => {
            let opened: usize = seen.registry.memory.recall(&format!("opened:{name}"))?.parse().ok()?;
            let failure = || Failure::bad_request(ErrorCode::Denied, "too many uploads are open");
            (opened > MUCH).then(|| Err(failure()))
        }
        (M::OddListPoisons, Route::Tags(_) | Route::Catalog) => {
            let is_odd = |text: &str| text.len() > 9 || !text.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if request.query("n").is_some_and(is_odd) || request.query("last").is_some_and(|last| last.contains("..")) {
                let whose = seen.route.repository().map(ToString::to_string).unwrap_or_default();
                seen.registry.memory.remember(format!("poisoned:{whose}"), "");
            }
            None
        }
        (M::OddListPoisons | M::RefusalPoisons, Route::Manifest(name, _)) if request.method == Method::GET => seen
            .registry
            .memory
            .recall(&format!("poisoned:{name}"))
            .map(|_| Err(server_error())),
        (M::CachePoisoned, Route::Manifest(..)) => match request.header(FORWARDED_HOST) {
            Some(host) => {
                seen.registry.memory.remember(format!("cached:{path}"), host);
                None
            }
            None => seen
                .registry
                .memory
                .recall(&format!("cached:{path}"))
                .map(|_| Err(Failure::not_found(ErrorCode::ManifestUnknown, "nothing is there"))),
        },
        (M::ForwardedRedirect, Route::Manifest(..)) => {
            let host = request.header(FORWARDED_HOST)?;
            request.header(FORWARDED_PROTO)?;
            let reply = Reply::new(StatusCode::MOVED_PERMANENTLY);
            Some(Ok(reply.location(format_args!("https://{host}{path}"))))
        }
        _ => None,
    }
}

/// What a mutant makes of an answer, be it a refusal.
pub(super) fn answer(seen: &Seen<'_>, answer: Answer) -> Answer {
    let is_manifest = matches!(seen.route, Route::Manifest(..));
    match (seen.mutant, answer) {
        (M::UploadDigestUnchecked, Err(failure)) if failure.code == ErrorCode::DigestInvalid => match seen.route {
            Route::Upload(..) => Ok(Reply::new(StatusCode::CREATED).location("/v2/")),
            _ => Err(failure),
        },
        (M::UploadMadeUp, Err(failure)) if failure.code == ErrorCode::BlobUploadUnknown => {
            Ok(Reply::new(StatusCode::ACCEPTED)
                .location(seen.request.uri.path())
                .with(header::RANGE, "0-0"))
        }
        (M::RefusalPoisons, Err(failure)) if is_manifest && seen.request.method == Method::PUT => {
            if let Some(name) = seen.route.repository() {
                seen.registry.memory.remember(format!("poisoned:{name}"), "");
            }
            Err(failure)
        }
        (M::MissingRemembered, Err(failure)) => {
            if let Route::Manifest(_, reference) = seen.route {
                seen.registry.memory.remember(format!("missing:{reference}"), "");
            }
            Err(failure)
        }
        (M::MissingRemembered, Ok(reply)) if is_manifest && seen.request.method == Method::GET => {
            let digest = reply.text(DOCKER_CONTENT_DIGEST).unwrap_or_default();
            match seen.registry.memory.recall(&format!("missing:{digest}")) {
                Some(_) => Err(Failure::not_found(
                    ErrorCode::ManifestUnknown,
                    "it was not there before",
                )),
                None => Ok(reply),
            }
        }
        (M::BlobServedAsManifest, Err(failure)) if is_manifest && seen.request.method.is_safe() => {
            Ok(seen.blob_at(seen.route).ok_or(failure)?)
        }
        (M::TakenNotServed, Ok(reply)) if is_manifest && seen.request.method == Method::GET => {
            let entries = String::from_utf8_lossy(&reply.body).matches("\"digest\"").count();
            if deep::depth(&reply.body) > MUCH || entries > MUCH {
                return Err(server_error());
            }
            Ok(reply)
        }
        (M::TypeFollowsAccept, Ok(reply)) if is_manifest && reply.is_ok() => {
            let wanted = seen.request.list(header::ACCEPT).first().copied().unwrap_or("*/*");
            match wanted.contains('*') {
                true => Ok(reply),
                false => Ok(reply.set(header::CONTENT_TYPE, wanted)),
            }
        }
        (M::TagImmutable, Ok(reply)) if is_manifest => Ok(reply.set(header::CACHE_CONTROL, FOR_EVER)),
        (M::MissingImmutable, Err(failure)) => Err(failure.with(header::CACHE_CONTROL, FOR_EVER)),
        (M::ReferrersEverywhere, Ok(reply)) => match seen.route {
            Route::Referrers(_, subject) => Ok(seen.with_all_referrers(subject, reply)),
            _ => Ok(reply),
        },
        (M::ReferrersFloodLost, Ok(reply)) if matches!(seen.route, Route::Referrers(..)) => Ok(reply.edited(|body| {
            if let Some(list) = body["manifests"].as_array_mut() {
                list.truncate(MUCH);
            }
        })),
        (M::ReferrersLargeLost, Ok(reply)) if matches!(seen.route, Route::Referrers(..)) => Ok(reply.edited(|body| {
            if let Some(list) = body["manifests"].as_array_mut() {
                list.retain(|entry| entry["size"].as_u64() < Some(LARGE as u64));
            }
        })),
        (M::LinkFollowsForwarded, Ok(reply)) => match (seen.request.header(FORWARDED_HOST), reply.text(header::LINK)) {
            (Some(host), Some(link)) => Ok(reply.set(header::LINK, link.replacen('<', &format!("<//{host}"), 1))),
            _ => Ok(reply),
        },
        (_, answer) => answer,
    }
}

/// What a mutant makes of any answer at all.
pub(super) fn any(seen: &Seen<'_>, reply: Reply) -> Reply {
    let asked = || percent_decode(&seen.request.uri.to_string());
    let is_error = reply.status.is_client_error();
    let say = |reply: Reply, kind: &str, text: String| Reply {
        body: text.into(),
        ..reply.set(header::CONTENT_TYPE, kind)
    };
    match seen.mutant {
        M::HeaderInjected if asked().contains("\nX-Injected:") => reply.with(INJECTED, "yes"),
        M::ErrorHasMarkup if is_error => say(reply, "text/html", format!("<p>{} is wrong", asked())),
        M::ErrorHasControlBytes if is_error => say(reply, "text/plain", format!("{} is wrong", asked())),
        M::ErrorHasStack if is_error => {
            let stack = "goroutine 7 [running]:\nmain.handle(...)\n\t/src/handlers/manifests.go:93";
            say(reply, "text/plain", stack.to_owned())
        }
        M::LocationHasPassword => match reply.text(header::LOCATION) {
            Some(location) => reply.set(
                header::LOCATION,
                format_args!("http://user:secret@{}{location}", seen.request.host()),
            ),
            None => reply,
        },
        M::RealmFollowsForwarded => {
            let challenge = reply.text(header::WWW_AUTHENTICATE);
            match (seen.request.header(FORWARDED_HOST), challenge) {
                (Some(host), Some(challenge)) => reply.set(
                    header::WWW_AUTHENTICATE,
                    challenge.replace(&format!("//{}/", seen.request.host()), &format!("//{host}/")),
                ),
                _ => reply,
            }
        }
        _ => reply,
    }
}

impl Registry {
    /// Keeps a manifest that is about to be refused.
    pub(in crate::registry) fn keep_hostile(
        &self,
        name: &RepositoryName,
        reference: &Reference,
        digest: &Digest,
        media_type: &str,
        bytes: &bytes::Bytes,
    ) {
        if !self.is(M::RefusedKept) || Document::read(media_type, bytes).is_ok() {
            return;
        }
        let nothing = br#"{"schemaVersion":2,"manifests":[]}"#;
        let Ok(document) = Document::read(media_type::OCI_INDEX, nothing) else {
            return;
        };
        let mut store = self.store();
        store.put_manifest(name, digest, media_type.into(), bytes.clone(), document);
        if let Some(tag) = reference.tag() {
            store.put_tag(name, tag.clone(), digest.clone());
        }
    }
}

impl Seen<'_> {
    fn names(&self) -> Vec<RepositoryName> {
        let store = self.registry.store();
        store.repositories().map(|(name, _)| name.clone()).collect()
    }

    fn delete_all_tags(&self, name: &RepositoryName) {
        let mut store = self.registry.store();
        let tags: Vec<_> = match store.repository(name) {
            Some(repository) => repository.tags().cloned().collect(),
            None => return,
        };
        for tag in tags {
            store.delete_tag(name, &tag);
        }
    }

    fn delete_everywhere(&self) {
        let names = self.names();
        let mut store = self.registry.store();
        for name in names {
            match self.route {
                Route::Blob(_, digest) => {
                    if let Ok(digest) = digest.parse() {
                        store.delete_blob(&name, &digest);
                    }
                }
                Route::Manifest(_, reference) => {
                    if let Ok(Reference::Digest(digest)) = reference.parse() {
                        store.delete_manifest(&name, &digest);
                    }
                }
                _ => {}
            }
        }
    }

    /// The blob that a reference of a manifest leads to.
    fn blob_at(&self, route: &Route) -> Option<Reply> {
        let Route::Manifest(name, reference) = route else {
            return None;
        };
        let digest: Digest = reference.parse().ok()?;
        let store = self.registry.store();
        let bytes = store.repository(name)?.blob(&digest)?.content.bytes.clone();
        Some(Reply::new(StatusCode::OK).content(media_type::OCI_MANIFEST, bytes))
    }

    /// Gives a repository the blob that another one has.
    fn link_from_elsewhere(&self, name: &RepositoryName, digest: &Digest) -> Option<()> {
        let mut store = self.registry.store();
        let blob = store
            .repositories()
            .find_map(|(_, repository)| repository.blob(digest))?;
        let bytes = blob.content.bytes.clone();
        store.put_blob(name, digest, bytes);
        Some(())
    }

    fn with_all_referrers(&self, subject: &str, reply: Reply) -> Reply {
        let Ok(subject) = subject.parse::<Digest>() else {
            return reply;
        };
        let store = self.registry.store();
        let all: Vec<_> = store
            .repositories()
            .flat_map(|(_, repository)| repository.referrers(&subject))
            .map(|manifest| {
                serde_json::json!({
                    "mediaType": manifest.media_type,
                    "digest": manifest.digest.as_str(),
                    "size": manifest.content.bytes.len(),
                })
            })
            .collect();
        drop(store);
        reply.edited(|body| body["manifests"] = all.into())
    }
}
