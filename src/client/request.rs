//! What a caller asks the client to send.
//!
//! Owns the vocabulary of a request: exact target, header fields, bodies of any size, and how redirects, logins and
//! repetitions are to be treated. Sends nothing.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::exchange::Purpose;

/// One request, as exactly as HTTP/1.1 can carry it.
#[derive(Clone)]
pub struct RequestSpec {
    /// The method, sent as written.
    pub method: String,
    /// Where to.
    pub target: Target,
    /// Header fields in order, sent as written. `Host`, `User-Agent`, `Accept: */*`, the length of the body and
    /// `Authorization` are added unless given here or named in `omit`.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Names of the header fields that are not to be added.
    pub omit: Vec<String>,
    /// The body.
    pub body: Body,
    /// What to do with a redirect.
    pub redirects: Redirects,
    /// Who sends it.
    pub auth: Auth,
    /// Which transport.
    pub via: Via,
    /// What it is for.
    pub purpose: Purpose,
    /// Scopes to ask for beside those of the challenge, such as `repository:other/name:pull` for a mount.
    pub scopes: Vec<String>,
    /// Body bytes read at most; more is [`super::TransportError::TooLarge`]. Without it, a body of any length is read
    /// and hashed within the time limit.
    pub max_body: Option<u64>,
    /// Body bytes kept at most, if not as in [`super::Options::keep`].
    pub keep: Option<usize>,
    /// The time limit of the whole exchange, if not as in [`super::Limits::total`].
    pub total: Option<Duration>,
    /// Whether 408, 429, 503 with `Retry-After` and lost connections lead to a repetition.
    pub repeat: bool,
    /// Whether the evidence may be cut down to the method and the status, and bodies go without hashes: for whoever sends
    /// so much that nobody will read it.
    pub brief: bool,
}

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A request target on the base URL, sent exactly as written: usually path and query.
    Path(String),
    /// An absolute URL, from [`super::resolve_location`]; path and query are sent exactly as written.
    Url(String),
}

/// A request body.
#[derive(Clone)]
pub enum Body {
    /// None. `Content-Length: 0` is sent with POST, PUT and PATCH.
    Empty,
    /// These bytes, with their length.
    Bytes(Bytes),
    /// Without a length: each piece is one chunk of `Transfer-Encoding: chunked`.
    Chunked(Vec<Bytes>),
    /// These bytes, though a greater length is announced; then the connection is closed, and there is no answer.
    Cut {
        /// What is sent.
        bytes: Bytes,
        /// The length that is announced.
        announced: u64,
    },
    /// Made while it is sent, so that it can be larger than memory.
    Generated {
        /// Length in bytes.
        len: u64,
        /// Makes the bytes.
        fill: Fill,
        /// Whether it is sent without a length.
        chunked: bool,
    },
}

/// Fills the buffer with the bytes of a body from an offset on; must give the same bytes each time.
pub type Fill = Arc<dyn Fn(u64, &mut [u8]) + Send + Sync>;

/// What to do with a redirect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Redirects {
    /// Follow it.
    #[default]
    Follow,
    /// The 3xx response is the answer.
    Keep,
}

/// Who sends a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    /// The login of the run; a 401 from the target leads to a login and a repetition. Without credentials a token is
    /// asked for anonymously. An `Authorization` among the header fields wins.
    #[default]
    Auto,
    /// Nobody: no `Authorization`, and a 401 is the answer.
    Anonymous,
}

/// Which transport to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Via {
    /// The pooled one, unless it would change or refuse what is asked.
    #[default]
    Auto,
    /// Byte for byte, on a connection of its own.
    Raw,
    /// Kept-alive connections without any library between: the fastest, for plain HTTP without a proxy. What cannot travel
    /// so goes as with `Auto`.
    Kept,
}

impl RequestSpec {
    /// A request without body or header fields of its own.
    pub fn new(method: impl Into<String>, target: Target) -> RequestSpec {
        RequestSpec {
            method: method.into(),
            target,
            headers: Vec::new(),
            omit: Vec::new(),
            body: Body::Empty,
            redirects: Redirects::default(),
            auth: Auth::default(),
            via: Via::default(),
            purpose: Purpose::default(),
            scopes: Vec::new(),
            max_body: None,
            keep: None,
            total: None,
            repeat: true,
            brief: false,
        }
    }

    /// A request to a path of the target.
    pub fn path(method: impl Into<String>, path: impl Into<String>) -> RequestSpec {
        RequestSpec::new(method, Target::Path(path.into()))
    }

    /// The same with one more header field.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> RequestSpec {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(super) fn omits(&self, name: &str) -> bool {
        self.omit.iter().any(|omitted| omitted.eq_ignore_ascii_case(name))
    }

    /// The same with a body.
    pub fn body(mut self, bytes: impl Into<Bytes>) -> RequestSpec {
        self.body = Body::Bytes(bytes.into());
        self
    }
}

impl Body {
    /// The length that is announced; none for a body without length.
    pub fn announced(&self) -> Option<u64> {
        match self {
            Body::Empty => Some(0),
            Body::Bytes(bytes) => Some(bytes.len() as u64),
            Body::Cut { announced, .. } => Some(*announced),
            Body::Generated {
                len, chunked: false, ..
            } => Some(*len),
            Body::Chunked(_) | Body::Generated { chunked: true, .. } => None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Body::Empty => true,
            Body::Bytes(bytes) => bytes.is_empty(),
            Body::Chunked(_) | Body::Cut { .. } | Body::Generated { .. } => false,
        }
    }
}

/// Percent-encodes what has a meaning in a query; a colon has none.
pub fn encode_query(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_value_keeps_its_meaning() {
        assert_eq!(
            encode_query("application/vnd.a+json; q=1&x"),
            "application/vnd.a%2Bjson%3B%20q%3D1%26x"
        );
        assert_eq!(encode_query("sha256:ab"), "sha256:ab");
    }
}
