//! Redirects: where variants send clients for content, and the other host that hands it out there.
//!
//! The plain registry redirects nothing.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use hyper::header;
use hyper::{Response, StatusCode};
use serde_json::json;

use super::request::Request;
use super::respond::{Answer, Failure, Reply};
use super::routes::Route;
use super::server::{OPAQUE_UPLOADS, REDIRECTED, Registry};
use super::{Mutant, Variant};
use crate::oci::digest::Digest;
use crate::oci::error_body::ErrorCode;
use crate::oci::reference::RepositoryName;

impl Registry {
    /// Where GET and HEAD of a blob go instead, if anywhere.
    pub(super) fn redirected_blob(&self, name: &RepositoryName, digest: &Digest, request: &Request) -> Option<Reply> {
        let path = format!("{REDIRECTED}/{name}/blobs/{digest}?signature=a%2Bb%3D");
        let to = |location: String| Some(Reply::new(StatusCode::TEMPORARY_REDIRECT).location(location));
        match self.other_host {
            Some(host) => to(format!("http://{host}{path}")),
            None if self.has(Variant::BlobRedirect) && !request.uri.path().starts_with(REDIRECTED) => to(path),
            None => None,
        }
    }

    /// The upload of this identifier, wherever it belongs.
    pub(super) fn opaque_upload(&self, id: &str) -> Route {
        let owner = self
            .store()
            .upload(id, self.limits.upload_idle)
            .map(|upload| upload.repository.clone());
        // An upload that nobody has is looked for in a repository that nobody has.
        let nobody = || OPAQUE_UPLOADS.trim_matches('/').parse().ok();
        owner
            .or_else(nobody)
            .map_or(Route::Unknown, |name| Route::Upload(name, id.to_owned()))
    }

    /// The answer of the other host, which knows content and nothing else. It takes no credentials: as with signed URLs of
    /// object stores, two ways to say who one is are one too many.
    pub(super) fn respond_as_other_host(
        &self,
        request: hyper::Request<Incoming>,
    ) -> Response<BoxBody<Bytes, Infallible>> {
        let request = Request::new(request);
        let reply = self.content(&request).unwrap_or_else(|failure| {
            // It has errors of its own.
            let body = json!({"error": {"code": failure.status.as_u16(), "message": "not as it should be"}});
            let reply = failure.into_reply();
            Reply {
                body: body.to_string().into(),
                ..reply
            }
        });
        reply.into_response(request.is_head())
    }

    fn content(&self, request: &Request) -> Answer {
        let has_credentials = request.headers.contains_key(header::AUTHORIZATION);
        if has_credentials != self.is(Mutant::RedirectNeedsCredentials) {
            let status = if has_credentials {
                StatusCode::BAD_REQUEST
            } else {
                StatusCode::UNAUTHORIZED
            };
            return Err(Failure::new(
                status,
                ErrorCode::Unauthorized,
                "the URL is signed, or should be",
            ));
        }
        let path = request.uri.path().strip_prefix(REDIRECTED).unwrap_or_default();
        match Route::of(&format!("/v2{path}")) {
            Route::Blob(name, digest) if request.query("signature") == Some("a+b=") => {
                let mut reply = self.read_blob(&name, &digest, request)?;
                if self.is(Mutant::RedirectHeadNoSize) && request.is_head() {
                    reply.sized = false;
                }
                Ok(reply)
            }
            _ => Err(Failure::new(
                StatusCode::FORBIDDEN,
                ErrorCode::Denied,
                "the signature does not fit",
            )),
        }
    }
}
