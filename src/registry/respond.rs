//! Answers: what handlers return, and how it becomes an HTTP response.
//!
//! It does not know which answer belongs to which request.

use std::convert::Infallible;
use std::fmt::Display;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode, Version};
use serde_json::Value;

use crate::oci::digest::Digest;
use crate::oci::error_body::{ErrorBody, ErrorCode};
use crate::oci::media_type;

/// The digest of what is returned or was stored.
pub(super) const DOCKER_CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
/// The subject whose referrers a pushed manifest joined.
pub(super) const OCI_SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
/// The tags that a push by digest has set.
pub(super) const OCI_TAG: HeaderName = HeaderName::from_static("oci-tag");
/// The filters that a list of referrers went through.
pub(super) const OCI_FILTERS_APPLIED: HeaderName = HeaderName::from_static("oci-filters-applied");
/// The least size of a chunk that is not the last.
pub(super) const OCI_CHUNK_MIN_LENGTH: HeaderName = HeaderName::from_static("oci-chunk-min-length");

/// How much of a body goes into one piece when its length is not announced.
const PIECE: usize = 64 << 10;

/// What a handler returns: an answer, or the reason why there is none.
pub(super) type Answer = Result<Reply, Failure>;

/// An answer.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    /// The status.
    pub(super) status: StatusCode,
    /// All headers but the length.
    pub(super) headers: HeaderMap,
    /// The body as it would follow a GET, also when HEAD was asked.
    pub(super) body: Bytes,
    /// Whether the length is announced.
    pub(super) sized: bool,
}

impl Reply {
    /// An answer without headers and body.
    pub(super) fn new(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            sized: true,
        }
    }

    /// An answer with a JSON body.
    pub(super) fn json(value: &Value) -> Self {
        Self::new(StatusCode::OK).content(media_type::JSON, value.to_string().into())
    }

    /// The same answer with one more header line; a value that no header can carry is left out.
    pub(super) fn with(mut self, name: HeaderName, value: impl Display) -> Self {
        if let Ok(value) = HeaderValue::try_from(value.to_string()) {
            self.headers.append(name, value);
        }
        self
    }

    /// The same answer with one more header line if there is a value for it.
    pub(super) fn with_some(self, name: HeaderName, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The same answer with a body and its type.
    pub(super) fn content(mut self, content_type: &str, body: Bytes) -> Self {
        self.body = body;
        self.with(header::CONTENT_TYPE, content_type)
    }

    /// The same answer with the URL of what it speaks of.
    pub(super) fn location(self, location: impl Display) -> Self {
        self.with(header::LOCATION, location)
    }

    /// The same answer with the digest of what it speaks of.
    pub(super) fn digest(self, digest: &Digest) -> Self {
        self.with(DOCKER_CONTENT_DIGEST, digest)
    }

    /// What goes over the wire. After HEAD the length is announced and the body is not sent.
    pub(super) fn into_response(self, to_head: bool) -> Response<BoxBody<Bytes, Infallible>> {
        let has_no_body = self.status == StatusCode::NO_CONTENT || self.status == StatusCode::NOT_MODIFIED;
        let length = self.body.len();
        let body = if to_head || has_no_body {
            Empty::new().boxed()
        } else if self.sized {
            Full::new(self.body).boxed()
        } else {
            let mut rest = self.body;
            let pieces = std::iter::from_fn(move || {
                let piece = rest.split_to(PIECE.min(rest.len()));
                (!piece.is_empty()).then(|| Ok(Frame::data(piece)))
            });
            StreamBody::new(stream::iter(pieces)).boxed()
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        if !self.sized
            && response
                .headers()
                .get(header::CONNECTION)
                .is_some_and(|value| value == "close")
        {
            // Its end is that of the connection; in the newer version it would come in chunks.
            *response.version_mut() = Version::HTTP_10;
        }
        if self.sized && !has_no_body && !response.headers().contains_key(header::CONTENT_LENGTH) {
            response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
        }
        response
    }
}

/// Why a request is refused.
#[derive(Debug)]
pub(super) struct Failure {
    /// The status.
    pub(super) status: StatusCode,
    /// The first error of the body.
    pub(super) code: ErrorCode,
    /// The same for people.
    pub(super) message: String,
    /// Headers that go with it.
    pub(super) headers: Vec<(HeaderName, String)>,
}

impl Failure {
    /// A refusal with one error.
    pub(super) fn new(status: StatusCode, code: ErrorCode, message: impl Display) -> Self {
        Self {
            status,
            code,
            message: message.to_string(),
            headers: Vec::new(),
        }
    }

    /// A refusal with status 400.
    pub(super) fn bad_request(code: ErrorCode, message: impl Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// A refusal with status 404.
    pub(super) fn not_found(code: ErrorCode, message: impl Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// The same refusal with one more header.
    pub(super) fn with(mut self, name: HeaderName, value: impl Display) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// The answer that says it.
    pub(super) fn into_reply(self) -> Reply {
        let body = ErrorBody::new(self.code, self.message).to_string();
        let reply = Reply::new(self.status).content(media_type::JSON, body.into());
        self.headers
            .into_iter()
            .fold(reply, |reply, (name, value)| reply.with(name, value))
    }
}
