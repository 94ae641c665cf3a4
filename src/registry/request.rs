//! A request as the handlers see it: raw path, decoded query, headers, and a body that is never read without a bound.
//!
//! It knows HTTP and URLs, and nothing of registries.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{self, AsHeaderName, HeaderMap};
use hyper::{Method, Uri};

/// How much of an unread body is taken in before a refusal, so that a client that sends first and reads later sees it.
const DRAIN_LIMIT: usize = 64 << 20;

/// How many bytes are set aside for a body before any of it has come.
const FIRST_ALLOCATION: u64 = 1 << 20;

/// A request.
pub(super) struct Request {
    /// The method.
    pub(super) method: Method,
    /// Path and query as they came.
    pub(super) uri: Uri,
    /// All headers.
    pub(super) headers: HeaderMap,
    query: Vec<(String, String)>,
    body: Option<Incoming>,
    part: Bytes,
}

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    /// It is longer than allowed.
    TooLarge,
    /// The connection broke or the framing is wrong.
    Broken,
}

impl Request {
    /// Takes a request apart.
    pub(super) fn new(request: hyper::Request<Incoming>) -> Self {
        let (head, body) = request.into_parts();
        let query = head
            .uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty());
        let query = query
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (percent_decode(name), percent_decode(value))
            })
            .collect();
        Self {
            method: head.method,
            uri: head.uri,
            headers: head.headers,
            query,
            body: Some(body),
            part: Bytes::new(),
        }
    }

    /// Whether the client wants the headers only.
    pub(super) fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }

    /// The first query parameter of this name, decoded.
    pub(super) fn query<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.queries(name).next()
    }

    /// All query parameters of this name, decoded.
    pub(super) fn queries<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first header of this name, if it is text.
    pub(super) fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().map(str::trim)
    }

    /// The elements of a header that is a comma-separated list, over all its lines.
    pub(super) fn list(&self, name: impl AsHeaderName) -> Vec<&str> {
        let lines = self
            .headers
            .get_all(name)
            .into_iter()
            .filter_map(|line| line.to_str().ok());
        lines
            .flat_map(|line| line.split(','))
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .collect()
    }

    /// The length that the client announced.
    pub(super) fn content_length(&self) -> Option<u64> {
        self.header(header::CONTENT_LENGTH)?.parse().ok()
    }

    /// The host and port that the client used.
    pub(super) fn host(&self) -> &str {
        self.uri
            .authority()
            .map(|authority| authority.as_str())
            .or_else(|| self.header(header::HOST))
            .unwrap_or_default()
    }

    /// Scheme, host and port that the client used.
    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.host())
    }

    /// The whole body.
    ///
    /// # Errors
    /// If there is more than `limit` bytes of it, which is told before any of it is read if its length was announced, or
    /// if it breaks off.
    pub(super) async fn body(&mut self, limit: usize) -> Result<Bytes, BodyError> {
        let announced = self.content_length().unwrap_or_default();
        if announced > limit as u64 {
            return Err(BodyError::TooLarge);
        }
        let Some(body) = self.body.as_mut() else {
            return Ok(Bytes::new());
        };
        let mut whole = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else {
                self.part = whole.freeze();
                return Err(BodyError::Broken);
            };
            let Ok(piece) = frame.into_data() else { continue };
            if whole.len() + piece.len() > limit {
                return Err(BodyError::TooLarge);
            }
            if whole.is_empty() {
                whole.reserve(announced.min(FIRST_ALLOCATION) as usize);
            }
            whole.extend_from_slice(&piece);
        }
        self.body = None;
        Ok(whole.freeze())
    }

    /// What came of a body that broke off.
    pub(super) fn take_part(&mut self) -> Bytes {
        std::mem::take(&mut self.part)
    }

    /// Reads away what nobody read, up to a bound. A client that waits for permission to send is not asked to send.
    pub(super) async fn drain(mut self) {
        if self.headers.contains_key(header::EXPECT) {
            return;
        }
        let Some(body) = self.body.as_mut() else { return };
        let mut seen = 0;
        while let Some(Ok(frame)) = body.frame().await {
            seen += frame.data_ref().map_or(0, Bytes::len);
            if seen > DRAIN_LIMIT {
                return;
            }
        }
    }
}

/// Decodes percent-encoded bytes; a percent sign that is not followed by two digits stands for itself, and so does a
/// plus sign, which media types have and spaces in no parameter of this protocol.
pub(super) fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let decoded = if byte == b'%' {
            after.get(..2).and_then(|digits| hex::decode(digits).ok())
        } else {
            None
        };
        match decoded {
            Some(decoded) => {
                bytes.extend(decoded);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
