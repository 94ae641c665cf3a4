//! What passed between Referee and a target, as evidence: plain data that is printed, serialised and compared.
//!
//! Owns the shape of an [`Exchange`] and the escaping that makes any bytes printable. Knows nothing of sockets, of
//! requirements or of verdicts. Everything in an [`Exchange`] has been redacted before it got here; the live values
//! (a `Location` with a signed query, the bytes of a body) are in the [`Answer`], which is never serialised.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256, Sha512};

/// Bytes of a body that are shown in a [`BodyRecord`].
pub const PREVIEW: usize = 4096;

/// The most values that a body may have to be read as JSON.
pub const MOST_VALUES: usize = 1 << 19;

/// What stands in place of a secret.
pub const REDACTED: &str = "<redacted>";

/// One request and its response, as evidence. Holds no secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// The last request: the one that got `response`, after any redirect.
    pub request: Request,
    /// The response, if a status line and a header could be read; also beside an `error` that came later.
    pub response: Option<Response>,
    /// What went wrong on the way: of the network or of the framing, never a verdict.
    pub error: Option<TransportError>,
    /// The redirects that were followed before `request`, oldest first.
    pub hops: Vec<Hop>,
    /// When the request was started, in milliseconds since the client was made.
    pub started_ms: u64,
    /// From the first attempt to the last byte of the response, in milliseconds, waiting for `Retry-After` included.
    pub elapsed_ms: f64,
    /// How often the request was sent: 1, unless it was repeated for 408, 429, 503, a login or a lost connection.
    pub attempts: u32,
    /// What the request was for.
    pub purpose: Purpose,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// A step of a case, which expectations judge.
    #[default]
    Case,
    /// Finding out what the registry offers.
    Probe,
    /// Preparing a case.
    Setup,
    /// Removing what a run left.
    Cleanup,
    /// Getting a token.
    Auth,
}

/// How a request reached the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// Over the shared HTTP client: kept-alive connections, HTTP/2 where offered.
    #[default]
    Pooled,
    /// Written byte for byte as HTTP/1.1 on a connection of its own.
    Raw,
}

/// A request as it was sent, with secrets replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The method, in the case in which it was sent.
    pub method: String,
    /// The absolute URL, its path and query exactly as sent.
    pub url: String,
    /// The header fields in order. Over [`Transport::Pooled`] the names reach the wire in lower case.
    pub headers: Vec<(String, String)>,
    /// The body that was sent.
    pub body: BodyRecord,
    /// How it was sent.
    pub transport: Transport,
}

/// A response as it was read, with secrets replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// `HTTP/1.1`, `HTTP/2.0`, ...
    pub version: String,
    /// The reason phrase, where the transport shows it.
    pub reason: Option<String>,
    /// The header fields in order of arrival; bytes that are not printable UTF-8 are escaped as `\xNN`.
    pub headers: Vec<(String, String)>,
    /// The body that arrived.
    pub body: BodyRecord,
    /// The first bytes as they arrived, escaped, if the reply is malformed.
    pub raw_head: Option<String>,
    /// Bytes that arrived after the end of the response, for instance a body in answer to HEAD. Only the raw transport
    /// can see them.
    pub trailing: u64,
}

/// A body in short: enough to show it, to recognise it and to compare it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyRecord {
    /// Length in bytes.
    pub len: u64,
    /// SHA-256 of the whole body, in lower-case hex without a prefix.
    pub sha256: String,
    /// The first [`PREVIEW`] bytes, escaped (see [`escape`]).
    pub preview: String,
    /// Whether the body is longer than the preview.
    pub truncated: bool,
    /// Whether the preview had to be escaped, so that it is not the text of the body.
    pub binary: bool,
}

/// A redirect that was followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// The request that was redirected.
    pub request: Request,
    /// The 3xx answer, which names the next target in `Location`.
    pub response: Response,
}

/// A failure of the network or of HTTP itself, below everything that a registry specification speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum TransportError {
    /// No connection: name not found, refused, unreachable.
    #[error("cannot connect to {host}: {reason}")]
    Connect {
        /// `host:port`.
        host: String,
        /// The system's words.
        reason: String,
    },
    /// A time limit passed.
    #[error("no answer in time: {phase} took longer than {limit_ms} ms")]
    Timeout {
        /// What took too long.
        phase: Phase,
        /// The limit in milliseconds.
        limit_ms: u64,
    },
    /// The TLS handshake failed, or a certificate was refused.
    #[error("TLS with {host} failed: {reason}")]
    Tls {
        /// `host:port`.
        host: String,
        /// The words of the TLS library.
        reason: String,
    },
    /// The reply is not HTTP.
    #[error("the reply is not valid HTTP: {reason}")]
    MalformedResponse {
        /// What is wrong with it.
        reason: String,
        /// Its first bytes, escaped; empty if the transport did not keep them.
        head: String,
    },
    /// The connection was lost before a response was complete.
    #[error("the connection was closed before the response: {reason}")]
    Reset {
        /// The system's words.
        reason: String,
        /// Whether the other side ended the connection in order, without a byte, after it had read all that was sent: who
        /// closes with something unread breaks the connection off. Only the raw transport can tell.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        ended: bool,
    },
    /// The response body ended before its announced length.
    #[error("the response body ended after {received} bytes{}", .expected.map(|n| format!(" of {n} announced")).unwrap_or_default())]
    BodyShort {
        /// The announced length; none if the body was chunked.
        expected: Option<u64>,
        /// The bytes that arrived.
        received: u64,
    },
    /// The target sent more than was allowed.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// `response header`, `response body`, ...
        what: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// More redirects than are followed.
    #[error("gave up after {limit} redirects")]
    RedirectLoop {
        /// How many were followed.
        limit: u32,
    },
    /// A redirect that must not be followed.
    #[error("redirect not followed: {reason}")]
    Redirect {
        /// Why.
        reason: String,
    },
    /// Logging in failed: the token endpoint refused, or sent nothing usable, or must not be trusted.
    #[error("login failed: {reason}")]
    Login {
        /// Why, without any secret.
        reason: String,
        /// Whether it is the credentials that were refused, rather than nobody there to take them.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        refused: bool,
    },
    /// The request cannot be put on the wire as asked.
    #[error("the request cannot be sent: {reason}")]
    Unsendable {
        /// Why.
        reason: String,
    },
}

/// The part of an exchange to which a time limit applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Name resolution, TCP and TLS.
    Connect,
    /// Writing the request.
    Send,
    /// Waiting for bytes of the response, for the first or for the next.
    Read,
    /// The whole exchange.
    Total,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Phase::Connect => "connecting",
            Phase::Send => "sending the request",
            Phase::Read => "waiting for the response",
            Phase::Total => "the whole exchange",
        })
    }
}

impl Exchange {
    /// The status of the response, if there is one.
    pub fn status(&self) -> Option<u16> {
        self.response.as_ref().map(|r| r.status)
    }

    /// A `curl` command line that sends the request again. It never holds a secret: `Authorization` becomes a shell
    /// variable that the reader sets. A body of which only the start was kept is expected in `body.bin`.
    pub fn curl(&self) -> String {
        super::curl::line(&self.request)
    }
}

impl Request {
    /// The first value of a header field; names are compared without regard to case.
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// All values of a header field, in order.
    pub fn headers_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        all(&self.headers, name)
    }
}

impl Response {
    /// The first value of a header field; names are compared without regard to case.
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// All values of a header field, in order.
    pub fn headers_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        all(&self.headers, name)
    }
}

impl BodyRecord {
    /// The record of no body.
    pub fn empty() -> BodyRecord {
        BodyRecord::of(b"")
    }

    /// The record of a body of which nothing was written down.
    pub(super) fn unknown() -> BodyRecord {
        BodyRecord {
            len: 0,
            sha256: String::new(),
            preview: String::new(),
            truncated: true,
            binary: false,
        }
    }

    /// The record of a body that is at hand, without redaction.
    pub fn of(body: &[u8]) -> BodyRecord {
        let sha256 = hex::encode(Sha256::digest(body));
        BodyRecord::of_stream(body.len() as u64, sha256, body, |text, _| text.to_owned())
    }

    /// The record of a body of which only the start is at hand. `redact` sees the escaped start, and whether it was cut.
    pub(super) fn of_stream(
        len: u64,
        sha256: String,
        head: &[u8],
        redact: impl Fn(&str, bool) -> String,
    ) -> BodyRecord {
        let whole = head.len() as u64 == len;
        // More than is shown, so that a secret across the cut is seen whole.
        let shown = &head[..head.len().min(2 * PREVIEW)];
        let (text, binary) = escape(shown);
        let mut preview = redact(&text, shown.len() as u64 != len);
        let mut end = preview.len().min(PREVIEW);
        while !preview.is_char_boundary(end) {
            end -= 1;
        }
        let truncated = !whole || head.len() > 2 * PREVIEW || end < preview.len();
        preview.truncate(end);
        BodyRecord {
            len,
            sha256,
            preview,
            truncated,
            binary,
        }
    }
}

/// The live result of a request: the evidence, and what matchers and captures need beside it. May hold secrets, hence
/// neither `Serialize` nor `Debug`.
#[derive(Clone)]
pub struct Answer {
    /// The evidence.
    pub exchange: Exchange,
    /// The exchanges that went before: the 401 that asked for a login and the request for a token.
    pub before: Vec<Exchange>,
    /// The absolute URL that gave the response, against which its `Location` and `Link` are resolved.
    pub url: String,
    /// The header fields of the response as they arrived, unredacted; unprintable bytes are escaped.
    pub headers: Vec<(String, String)>,
    /// The body of the response.
    pub body: Received,
}

impl Answer {
    /// The status of the response, if there is one.
    pub fn status(&self) -> Option<u16> {
        self.exchange.status()
    }

    /// The error of the transport, if there was one.
    pub fn error(&self) -> Option<&TransportError> {
        self.exchange.error.as_ref()
    }

    /// The first value of a header field of the response; names are compared without regard to case.
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// All values of a header field of the response, in order.
    pub fn headers_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        all(&self.headers, name)
    }
}

/// The body of a response. A body larger than the client keeps is known by length and hashes only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The bytes: all of them if `whole`, else the first ones.
    pub bytes: Bytes,
    /// Whether `bytes` is the whole body as it arrived.
    pub whole: bool,
    /// Length in bytes.
    pub len: u64,
    /// SHA-256 of the whole body, lower-case hex; empty in the answer to a brief request.
    pub sha256: String,
    /// SHA-512 of a body that is not there whole.
    pub(super) sha512: Option<String>,
    /// The body as JSON, read when it is first asked for.
    pub(super) document: Document,
}

/// What the bytes of a body say as JSON: a function of the bytes, so that it adds nothing to a comparison.
#[derive(Clone, Debug, Default)]
pub(super) struct Document(Arc<OnceLock<Option<Value>>>);

impl PartialEq for Document {
    fn eq(&self, _: &Document) -> bool {
        true
    }
}

impl Eq for Document {}

impl Received {
    /// A body that is at hand.
    pub fn of(bytes: impl Into<Bytes>) -> Received {
        let bytes = bytes.into();
        Received {
            len: bytes.len() as u64,
            sha256: hex::encode(Sha256::digest(&bytes)),
            sha512: None,
            whole: true,
            bytes,
            document: Document::default(),
        }
    }

    /// SHA-512 of the whole body, lower-case hex. Few ask for it.
    pub fn sha512(&self) -> String {
        self.sha512
            .clone()
            .unwrap_or_else(|| hex::encode(Sha512::digest(&self.bytes)))
    }

    /// The body as JSON, if it is there whole and is JSON. Read once, however many ask: a list may have megabytes.
    pub fn json(&self) -> Option<&Value> {
        let read = || {
            let readable = self.whole && self.has_few_values();
            readable.then(|| serde_json::from_slice(&self.bytes).ok()).flatten()
        };
        self.document.0.get_or_init(read).as_ref()
    }

    /// Whether it is more than is read as JSON, though it came whole.
    pub fn is_too_much(&self) -> bool {
        self.len > self.bytes.len() as u64 || !self.has_few_values()
    }

    /// Whether it has no more values than are read as JSON. Each takes a byte of the text: a short one need not be looked through.
    pub fn has_few_values(&self) -> bool {
        self.bytes.len() < MOST_VALUES || self.most_values() <= MOST_VALUES
    }

    /// More values than the body has as JSON, nested ones included: each takes many times the memory of its text.
    pub fn most_values(&self) -> usize {
        1 + memchr::memchr3_iter(b',', b'[', b'{', &self.bytes).count()
    }
}

/// Makes any bytes printable: text stays as it is; control characters other than tab and line ends, and bytes that are
/// not UTF-8, become `\xNN`. The flag tells whether anything had to be escaped. A backslash is left alone, so the
/// escaping is for reading and cannot always be undone.
pub fn escape(bytes: &[u8]) -> (String, bool) {
    if is_plain(bytes) {
        return (String::from_utf8_lossy(bytes).into_owned(), false);
    }
    let mut text = String::with_capacity(bytes.len());
    let mut escaped = false;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() && !matches!(c, '\t' | '\n' | '\r') {
                escaped = true;
                let mut buffer = [0; 4];
                c.encode_utf8(&mut buffer).bytes().for_each(|b| push_byte(&mut text, b));
            } else {
                text.push(c);
            }
        }
        for b in chunk.invalid() {
            escaped = true;
            push_byte(&mut text, *b);
        }
    }
    (text, escaped)
}

/// A byte as it is escaped. A body of random bytes has thousands.
fn push_byte(text: &mut String, byte: u8) {
    let digit = |value: u8| char::from(if value < 10 { b'0' + value } else { b'A' + value - 10 });
    text.extend(['\\', 'x', digit(byte >> 4), digit(byte & 0xF)]);
}

/// As [`escape`], of bytes that are not needed any more: nearly all are plain text and need no copy.
pub(super) fn escaped(bytes: Vec<u8>) -> String {
    if is_plain(&bytes) {
        return String::from_utf8(bytes).unwrap_or_default();
    }
    escape(&bytes).0
}

/// Nearly everything is, and every header field of every exchange is asked.
fn is_plain(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| matches!(b, b' '..=b'~' | b'\t' | b'\n' | b'\r'))
}

fn first<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, v)| v.as_str())
}

fn all<'a>(headers: &'a [(String, String)], name: &'a str) -> impl Iterator<Item = &'a str> {
    headers
        .iter()
        .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, v)| v.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping_keeps_text_and_shows_bytes() {
        assert_eq!(escape("a\tb\nü\\".as_bytes()), ("a\tb\nü\\".to_owned(), false));
        assert_eq!(escape(b"a\x00\xff\x7f"), ("a\\x00\\xFF\\x7F".to_owned(), true));
    }

    #[test]
    fn a_long_body_is_cut_on_a_character() {
        let body = "ü".repeat(4000);
        let record = BodyRecord::of(body.as_bytes());
        assert_eq!(record.len, 8000);
        assert!(record.truncated && !record.binary);
        assert_eq!(record.preview.len(), PREVIEW);
        let odd = format!("a{body}");
        assert_eq!(BodyRecord::of(odd.as_bytes()).preview.len(), PREVIEW - 1);
        assert!(!BodyRecord::of(&[b'a'; PREVIEW]).truncated);
        assert!(BodyRecord::of(&[b'a'; PREVIEW + 1]).truncated);
    }

    #[test]
    fn an_exchange_survives_json() {
        let exchange = Exchange {
            request: Request {
                method: "GET".into(),
                url: "http://127.0.0.1:5000/v2/".into(),
                headers: vec![("Accept".into(), "*/*".into())],
                body: BodyRecord::empty(),
                transport: Transport::Raw,
            },
            response: None,
            error: Some(TransportError::Timeout {
                phase: Phase::Read,
                limit_ms: 10,
            }),
            hops: vec![],
            started_ms: 1,
            elapsed_ms: 2.5,
            attempts: 1,
            purpose: Purpose::Probe,
        };
        let json = serde_json::to_string(&exchange).unwrap();
        assert_eq!(serde_json::from_str::<Exchange>(&json).unwrap(), exchange);
        assert_eq!(exchange.request.header("accept"), Some("*/*"));
        let short = TransportError::BodyShort {
            expected: Some(9),
            received: 3,
        };
        assert_eq!(
            short.to_string(),
            "the response body ended after 3 bytes of 9 announced"
        );
    }
}
