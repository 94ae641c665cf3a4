//! Where variants act that are about what is offered at all, or about how answers look.
//!
//! Nothing here is reached without a variant, so whoever reads the plain registry can leave this file out.

use bytes::Bytes;
use hyper::header::{self, HeaderName};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::defects::server_error;
use super::drafts::Form;
use super::gzip;
use super::request::Request;
use super::respond::{Answer, DOCKER_CONTENT_DIGEST, Failure, Reply};
use super::routes::Route;
use super::server::Registry;
use super::{Mutant, Variant as V};
use crate::oci::digest::{Algorithm, Digest};
use crate::oci::error_body::{ErrorBody, ErrorCode};
use crate::oci::media_type;
use crate::oci::reference::RepositoryName;

/// Every so many requests, one is too many.
const THROTTLE_EVERY: usize = 5;
/// The same where it does not say for how long, and the client waits for longer.
const THROTTLE_SELDOM_EVERY: usize = 50;
/// Every so many requests, the registry is busy.
const OVERLOAD_EVERY: usize = 7;
/// Every so many requests, one has not come in time.
const TIME_OUT_EVERY: usize = 6;

impl Registry {
    /// The answer of a variant that does not offer what is asked for.
    pub(super) fn decline(&self, route: &Route, request: &Request) -> Option<Answer> {
        let method = &request.method;
        let is_deletion = *method == Method::DELETE;
        let off = |off_400: V, off_405: V, allow: &'static str| {
            let failure = |status| Failure::new(status, ErrorCode::Unsupported, "deletion is switched off");
            if self.has(off_400) {
                return Some(Err(failure(StatusCode::BAD_REQUEST)));
            }
            let failure = failure(StatusCode::METHOD_NOT_ALLOWED).with(header::ALLOW, allow);
            self.has(off_405).then_some(Err(failure))
        };
        if let Some(busy) = self.busy(request) {
            return Some(Err(busy));
        }
        let is_of_content = matches!(route, Route::Manifest(..) | Route::Blob(..));
        if is_deletion && is_of_content && self.has(V::DeletionForbidden) {
            let reply = Reply::new(StatusCode::FORBIDDEN).content("text/html", "<p>Nobody may delete.</p>".into());
            return Some(Ok(reply));
        }
        let has_body = *method == Method::PUT || *method == Method::PATCH || *method == Method::POST;
        if self.has(V::LengthRequired) && has_body && request.content_length().is_none() {
            let failure = Failure::new(
                StatusCode::LENGTH_REQUIRED,
                ErrorCode::SizeInvalid,
                "a length is needed",
            );
            return Some(Err(failure));
        }
        let is_deep = |name: &RepositoryName| name.as_str().split('/').count() > 2;
        if self.has(V::NamesOfTwoComponents) && route.repository().is_some_and(is_deep) {
            return Some(Err(Failure::bad_request(
                ErrorCode::NameInvalid,
                "the name is too deep",
            )));
        }
        let absent = || {
            Some(Err(Failure::not_found(
                ErrorCode::Unsupported,
                "there is nothing at this path",
            )))
        };
        match route {
            Route::Manifest(_, reference) if is_deletion && reference.contains(':') => {
                off(V::ManifestDeletionOff400, V::ManifestDeletionOff405, "GET, HEAD, PUT")
            }
            Route::Manifest(..) if is_deletion => off(V::TagDeletionOff400, V::TagDeletionOff405, "GET, HEAD, PUT"),
            Route::Blob(..) if is_deletion => off(V::BlobDeletionOff400, V::BlobDeletionOff405, "GET, HEAD"),
            Route::Upload(..) if is_deletion && self.has(V::CancelForbidden) => Some(Err(Failure::new(
                StatusCode::FORBIDDEN,
                ErrorCode::Denied,
                "nobody may cancel",
            ))),
            Route::Upload(..)
                if *method == Method::PATCH
                    && self.has(V::UnplacedChunksOff)
                    && request.header(header::CONTENT_RANGE).is_none() =>
            {
                let failure = Failure::bad_request(ErrorCode::BlobUploadInvalid, "where does this chunk belong?");
                Some(Err(failure))
            }
            Route::Upload(..) if is_deletion && self.has(V::CancelOff) => {
                let failure = Failure::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::Unsupported, "no cancelling");
                Some(Err(failure.with(header::ALLOW, "GET, HEAD, PATCH, PUT")))
            }
            Route::Referrers(..) if self.has(V::NoReferrers) || self.has(V::RetentionUnaware) => absent(),
            Route::Oras(..) if !self.knows_oras() => absent(),
            Route::Oras(_, None) if self.is(Mutant::OrasPathGone) => absent(),
            Route::Manifest(name, _) if *method == Method::PUT && self.fails_to_list() => {
                self.memory.count(&format!("pushes to {name}"));
                None
            }
            Route::Oras(name, _) if self.is(Mutant::OrasListServerError) && !self.is_only_an_image(name) => {
                Some(Err(server_error()))
            }
            Route::Draft(..) if !self.knows_drafts() => absent(),
            Route::Draft(form, ..) if self.is(Mutant::ArtifactDraftPathServerError) && *form == Form::References => {
                Some(Err(server_error()))
            }
            Route::Draft(Form::Referrers, name, _)
                if self.is(Mutant::ArtifactDraftListServerError) && !self.is_only_an_image(name) =>
            {
                Some(Err(server_error()))
            }
            Route::Extensions if self.has(V::ExtensionsOff) => absent(),
            Route::Catalog if self.has(V::CatalogOff) => absent(),
            _ => None,
        }
    }

    fn fails_to_list(&self) -> bool {
        self.is(Mutant::OrasListServerError) || self.is(Mutant::ArtifactDraftListServerError)
    }

    /// Whether all that was ever pushed to a repository is one image. There a mutant lists what it should: a registry that
    /// lists nothing anywhere does not seem to have such lists.
    fn is_only_an_image(&self, name: &RepositoryName) -> bool {
        let pushes = self.memory.recall(&format!("pushes to {name}"));
        let store = self.store();
        let manifests = store
            .repository(name)
            .into_iter()
            .flat_map(|repository| repository.manifests());
        let types: Vec<String> = manifests.map(|manifest| manifest.media_type.to_string()).collect();
        pushes.as_deref() == Some("1") && types == [media_type::OCI_MANIFEST]
    }

    /// Turns every so many requests away, but no request twice in a row: a client that tries again gets through.
    fn busy(&self, request: &Request) -> Option<Failure> {
        let (variant, every, status, message) = [
            (
                V::Throttled,
                THROTTLE_EVERY,
                StatusCode::TOO_MANY_REQUESTS,
                "too many requests",
            ),
            (
                V::ThrottledUnsaid,
                THROTTLE_SELDOM_EVERY,
                StatusCode::TOO_MANY_REQUESTS,
                "too many requests",
            ),
            (
                V::Overloaded,
                OVERLOAD_EVERY,
                StatusCode::SERVICE_UNAVAILABLE,
                "the registry is busy",
            ),
            (
                V::RequestsTimeOut,
                TIME_OUT_EVERY,
                StatusCode::REQUEST_TIMEOUT,
                "the request did not come",
            ),
        ]
        .into_iter()
        .find(|(variant, ..)| self.has(*variant))?;
        let this = format!("turned away: {} {}", request.method, request.uri);
        if self.memory.forget(&this) || !self.memory.count(variant.name()).is_multiple_of(every) {
            return None;
        }
        self.memory.remember(this, "");
        let failure = Failure::new(status, ErrorCode::TooManyRequests, message);
        let says_when = matches!(variant, V::Throttled | V::Overloaded);
        Some(if says_when {
            failure.with(header::RETRY_AFTER, 0)
        } else {
            failure
        })
    }

    /// How a refusal is said. A refusal for missing references has to have its code, and so stays JSON.
    pub(super) fn say(&self, failure: Failure) -> Reply {
        let has_code = failure.code == ErrorCode::ManifestBlobUnknown;
        let (code, message) = (failure.code.clone(), failure.message.clone());
        let reply = failure.into_reply();
        let say = |reply: Reply, content_type: &str, body: String| {
            let mut reply = reply;
            reply.headers.remove(header::CONTENT_TYPE);
            reply.content(content_type, body.into())
        };
        if self.has(V::ErrorsDetailed) {
            let body = ErrorBody::new(code, message).with_detail(json!({"hint": [1, null, "two"]}));
            let body = body.and(ErrorCode::Unsupported, "").to_string();
            return say(reply, media_type::JSON, body);
        }
        if self.has(V::ErrorsText) && !has_code {
            return say(reply, "text/plain; charset=utf-8", format!("{message}\n"));
        }
        if self.has(V::ErrorsHtml) && !has_code {
            return say(
                reply,
                "text/html",
                format!("<!doctype html><title>Error</title><p>{}", html_escaped(&message)),
            );
        }
        if self.has(V::ErrorsEmpty) && !has_code {
            let mut reply = reply;
            reply.headers.remove(header::CONTENT_TYPE);
            return Reply {
                body: Bytes::new(),
                ..reply
            };
        }
        reply
    }

    /// How an answer looks.
    pub(super) fn dress(&self, route: &Route, request: &Request, mut reply: Reply) -> Reply {
        let is_pull = matches!(route, Route::Blob(..) | Route::Manifest(..)) && request.method.is_safe();
        if self.has(V::PullsWithoutDigestHeader) && is_pull {
            reply.headers.remove(DOCKER_CONTENT_DIGEST);
        }
        if self.has(V::DigestHeaderSha512) && is_pull && reply.status == StatusCode::OK {
            reply.headers.remove(DOCKER_CONTENT_DIGEST);
            let digest = Digest::of(Algorithm::Sha512, &reply.body);
            reply = reply.digest(&digest);
        }
        if self.has(V::UploadsWithoutDigestHeader) && matches!(route, Route::Uploads(_) | Route::Upload(..)) {
            reply.headers.remove(DOCKER_CONTENT_DIGEST);
        }
        if self.has(V::EntityTagsOff) {
            reply.headers.remove(header::ETAG);
        }
        if self.has(V::BlobsWithoutContentType) && matches!(route, Route::Blob(..)) && reply.status.is_success() {
            reply.headers.remove(header::CONTENT_TYPE);
        }
        if self.has(V::ChunkedDownloads) && matches!(route, Route::Blob(..)) && request.method == Method::GET {
            reply.sized = false;
        }
        let is_json = reply
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|t| t == media_type::JSON);
        if self.has(V::JsonCharset) && is_json {
            reply.headers.remove(header::CONTENT_TYPE);
            reply = reply.with(header::CONTENT_TYPE, "application/json; charset=utf-8");
        }
        if self.has(V::Gzip) && reply.status == StatusCode::OK && !reply.body.is_empty() {
            reply = coded(request, reply);
        }
        if self.has(V::ExtensionsPaged) && matches!(route, Route::Extensions) {
            reply = match request.query("last") {
                Some(_) => Reply::json(&json!({"extensions": []})),
                None => reply.with(header::LINK, "</v2/_oci/ext/discover?last=_oci>; rel=\"next\""),
            };
        }
        if self.has(V::AccessTokenOnly) && matches!(route, Route::Token) {
            let mut body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            body.as_object_mut().and_then(|body| body.remove("token"));
            reply.body = body.to_string().into();
        }
        self.adorn(request, reply)
    }

    /// Headers that come with any answer.
    fn adorn(&self, request: &Request, mut reply: Reply) -> Reply {
        let link = reply
            .headers
            .get(header::LINK)
            .and_then(|link| link.to_str().ok())
            .map(str::to_owned);
        let other = link.and_then(|link| match () {
            () if self.has(V::LinksAbsolute) => Some(link.replacen('<', &format!("<{}", request.origin()), 1)),
            () if self.has(V::LinksOfOtherHost) => {
                let other_name = request.origin().replace("127.0.0.1", "localhost");
                Some(link.replacen('<', &format!("<{other_name}"), 1))
            }
            () if self.has(V::LinksUnquoted) => Some(link.replace("rel=\"next\"", "title=more; rel=next")),
            () => None,
        });
        if let Some(link) = other {
            reply.headers.remove(header::LINK);
            reply = reply.with(header::LINK, link);
        }
        if self.has(V::UnknownHeaders) {
            let unknown = [
                ("server", "reference/1"),
                ("x-request-id", "1"),
                ("via", "1.1 cache"),
                ("age", "0"),
            ];
            for (name, value) in unknown
                .into_iter()
                .chain([("oci-unknown", "a, b; c=\"d\""), ("set-cookie", "a=b")])
            {
                reply = reply.with(HeaderName::from_static(name), value);
            }
        }
        if self.has(V::Warnings) {
            reply = reply
                .with(header::WARNING, "299 - \"This registry is a variant.\"")
                .with(header::WARNING, "299 - \"It says \\\"so\\\", again and again.\"");
        }
        if self.has(V::ConnectionsClosed) {
            reply = reply.with(header::CONNECTION, "close");
        }
        if let (true, Some(namespace)) = (self.has(V::NamespaceEchoed), request.query("ns")) {
            reply = reply.with(HeaderName::from_static("oci-namespace"), namespace);
        }
        reply
    }

    /// Whether Accept has a type, by itself or by a wildcard; a client that sends none takes anything.
    pub(super) fn accepts(request: &Request, media_type: &str) -> bool {
        let types = request.list(header::ACCEPT);
        let family = media_type.split('/').next().unwrap_or_default();
        let has = |accepted: &&str| {
            let accepted = accepted.split(';').next().unwrap_or_default().trim();
            accepted.eq_ignore_ascii_case(media_type)
                || accepted == "*/*"
                || accepted.strip_suffix("/*") == Some(family)
        };
        types.is_empty() || types.iter().any(has)
    }
}

/// The answer under gzip if the client takes it. HEAD stays as it is: it tells of the content without a coding.
fn coded(request: &Request, reply: Reply) -> Reply {
    let takes_gzip = request.list(header::ACCEPT_ENCODING).iter().any(|coding| {
        let (coding, weight) = coding.split_once(';').unwrap_or((coding, ""));
        coding.trim().eq_ignore_ascii_case("gzip") && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    });
    let reply = reply.with(header::VARY, "Accept-Encoding");
    if !takes_gzip || request.is_head() {
        return reply;
    }
    let mut reply = reply.with(header::CONTENT_ENCODING, "gzip");
    if let Some(tag) = reply.headers.remove(header::ETAG) {
        reply = reply.with(header::ETAG, format_args!("W/{}", tag.to_str().unwrap_or_default()));
    }
    Reply {
        body: gzip::stored(&reply.body).into(),
        ..reply
    }
}

fn html_escaped(message: &str) -> String {
    message.replace('&', "&amp;").replace('<', "&lt;")
}
