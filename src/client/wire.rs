//! What both transports share: a request made ready, the reply that came, the counting of bodies in both directions,
//! and the time limits.
//!
//! Owns values only; the sockets belong to [`super::pooled`] and [`super::raw`].

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use sha2::{Digest, Sha256, Sha512};
use tokio::time::{Instant, timeout};

use super::Limits;
use super::exchange::{BodyRecord, Document, PREVIEW, Phase, Received, TransportError};
use super::redact::Redactor;
use super::request::Body;
use super::target::Place;

/// Bytes that are generated and written in one go.
pub(super) const PIECE: usize = 64 * 1024;

/// How long an unused connection is kept. Shorter than any server's usual patience, for a request on a connection that the
/// server has just closed fails.
pub(super) const IDLE: Duration = Duration::from_secs(3);

/// The header fields that say where a message ends and what becomes of its connection, in small letters.
pub(super) const FRAMING: [&str; 8] = [
    "host",
    "connection",
    "transfer-encoding",
    "expect",
    "upgrade",
    "te",
    "trailer",
    "keep-alive",
];

/// Header fields in order; values as bytes.
pub(super) type Fields = Vec<(String, Vec<u8>)>;

/// A request made ready: nothing is added to it any more.
pub(super) struct Outgoing {
    pub method: String,
    pub place: Place,
    pub headers: Fields,
    pub body: Body,
    /// Response body bytes kept, and read at most.
    pub keep: usize,
    pub max_body: Option<u64>,
    /// Whether bodies are known by their bytes alone, without hashes.
    pub brief: bool,
}

/// What became of it.
pub(super) struct Wire {
    pub sent: Sent,
    pub reply: Option<Reply>,
    pub error: Option<TransportError>,
}

/// A response.
pub(super) struct Reply {
    pub status: u16,
    pub version: String,
    pub reason: Option<String>,
    pub headers: Fields,
    pub body: Received,
    /// The first bytes of a malformed reply.
    pub raw_head: Option<Vec<u8>>,
    pub trailing: u64,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        field(&self.headers, name)
    }
}

/// The first value of a header field.
pub(super) fn field<'a>(headers: &'a Fields, name: &str) -> Option<&'a [u8]> {
    headers
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, v)| v.as_slice())
}

/// The time limits of one exchange, with the moment at which it must be over.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    pub limits: Limits,
    pub deadline: Instant,
}

impl Clock {
    pub fn start(limits: Limits) -> Clock {
        Clock {
            limits,
            deadline: Instant::now() + limits.total,
        }
    }

    pub fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Waits no longer than the limit of the phase and of the whole.
    pub async fn bound<F: Future>(&self, phase: Phase, future: F) -> Result<F::Output, TransportError> {
        let limit = match phase {
            Phase::Connect => self.limits.connect,
            Phase::Send | Phase::Read => self.limits.read,
            Phase::Total => self.limits.total,
        };
        let left = self.left();
        let (phase, limit, wait) = if left < limit {
            (Phase::Total, self.limits.total, left)
        } else {
            (phase, limit, limit)
        };
        let late = |()| TransportError::Timeout {
            phase,
            limit_ms: limit.as_millis() as u64,
        };
        // What is always ready would never be asked for the time.
        if wait.is_zero() {
            return Err(late(()));
        }
        timeout(wait, future).await.map_err(|_| late(()))
    }
}

/// Takes in a response body: keeps the start, hashes the whole.
pub(super) struct Intake {
    keep: usize,
    max: Option<u64>,
    bytes: Vec<u8>,
    whole: bool,
    pub len: u64,
    /// Whether its hashes are wanted.
    hashed: bool,
    /// Those of a body that is not kept, so far.
    hashes: Option<(Sha256, Sha512)>,
}

impl Intake {
    /// The body of the answer to a request.
    pub fn of(out: &Outgoing) -> Intake {
        let mut intake = Intake::new(out.keep, out.max_body);
        if out.brief {
            intake.hashed = false;
        }
        intake
    }

    pub fn new(keep: usize, max: Option<u64>) -> Intake {
        Intake {
            keep,
            max,
            bytes: Vec::new(),
            whole: true,
            len: 0,
            hashed: true,
            hashes: None,
        }
    }

    /// The length is known: what is kept need not be moved while it grows.
    pub fn expect(&mut self, len: u64) {
        if let Some(len) = usize::try_from(len).ok().filter(|len| *len <= self.keep) {
            self.bytes.reserve_exact(len);
        }
    }

    pub fn push(&mut self, piece: &[u8]) -> Result<(), TransportError> {
        self.len += piece.len() as u64;
        if let Some(limit) = self.max.filter(|max| self.len > *max) {
            return Err(TransportError::TooLarge {
                what: "the response body".to_owned(),
                limit,
            });
        }
        if let Some(hashes) = &mut self.hashes {
            hash(hashes, piece);
        }
        if self.whole {
            if self.bytes.len() + piece.len() <= self.keep {
                self.bytes.extend_from_slice(piece);
            } else {
                // Known by its hashes from here on: only what is shown stays in memory.
                if self.hashed {
                    let mut hashes = (Sha256::new(), Sha512::new());
                    hash(&mut hashes, &self.bytes);
                    hash(&mut hashes, piece);
                    self.hashes = Some(hashes);
                }
                let more = (2 * PREVIEW).saturating_sub(self.bytes.len()).min(piece.len());
                self.bytes.extend_from_slice(&piece[..more]);
                self.bytes.truncate(2 * PREVIEW);
                self.bytes.shrink_to_fit();
                self.whole = false;
            }
        }
        Ok(())
    }

    pub fn finish(self) -> Received {
        let (sha256, sha512) = match self.hashes {
            Some((sha256, sha512)) => (hex::encode(sha256.finalize()), Some(hex::encode(sha512.finalize()))),
            None if self.hashed => (hex::encode(Sha256::digest(&self.bytes)), None),
            None => Default::default(),
        };
        Received {
            bytes: Bytes::from(self.bytes),
            whole: self.whole,
            len: self.len,
            sha256,
            sha512,
            document: Document::default(),
        }
    }
}

fn hash((sha256, sha512): &mut (Sha256, Sha512), piece: &[u8]) {
    sha256.update(piece);
    sha512.update(piece);
}

/// Counts a request body while it is sent.
#[derive(Clone, Default)]
pub(super) struct Sent {
    len: u64,
    sha256: Sha256,
    head: Vec<u8>,
}

impl Sent {
    /// A body that was sent whole.
    pub fn of(body: &Body, brief: bool) -> Sent {
        let mut sent = Sent::default();
        if let Body::Bytes(bytes) = body
            && !brief
        {
            sent.push(bytes);
        }
        sent
    }

    pub fn push(&mut self, piece: &[u8]) {
        self.len += piece.len() as u64;
        self.sha256.update(piece);
        let more = (2 * PREVIEW).saturating_sub(self.head.len()).min(piece.len());
        self.head.extend_from_slice(&piece[..more]);
    }

    pub fn record(&self, redactor: &Redactor) -> BodyRecord {
        let sha256 = hex::encode(self.sha256.clone().finalize());
        BodyRecord::of_stream(self.len, sha256, &self.head, |text, cut| redactor.body(text, cut))
    }
}

/// The pieces of a body, one after another, each made when it is asked for.
pub(super) struct Pieces {
    body: Body,
    next: usize,
    offset: u64,
}

impl Pieces {
    pub fn of(body: &Body) -> Pieces {
        Pieces {
            body: body.clone(),
            next: 0,
            offset: 0,
        }
    }
}

impl Iterator for Pieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        match &self.body {
            Body::Empty => None,
            Body::Bytes(bytes) | Body::Cut { bytes, .. } => {
                let start = self.next;
                self.next = bytes.len().min(start + PIECE);
                (start < self.next).then(|| bytes.slice(start..self.next))
            }
            // An empty piece would end the body.
            Body::Chunked(chunks) => {
                let at = self.next
                    + chunks[self.next.min(chunks.len())..]
                        .iter()
                        .position(|c| !c.is_empty())?;
                self.next = at + 1;
                Some(chunks[at].clone())
            }
            Body::Generated { len, fill, .. } => {
                let size = (len - self.offset).min(PIECE as u64) as usize;
                if size == 0 {
                    return None;
                }
                let mut piece = vec![0; size];
                fill(self.offset, &mut piece);
                self.offset += size as u64;
                Some(Bytes::from(piece))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_body_leaves_hashes_and_a_head() {
        let mut intake = Intake::new(10_000, None);
        for _ in 0..5 {
            intake.push(&[b'a'; 4000]).unwrap();
        }
        let received = intake.finish();
        assert_eq!(
            (received.len, received.whole, received.bytes.len()),
            (20_000, false, 2 * PREVIEW)
        );
        assert_eq!(received.sha256, hex::encode(Sha256::digest([b'a'; 20_000])));
        assert_eq!(received.sha512(), hex::encode(Sha512::digest([b'a'; 20_000])));
        let mut bounded = Intake::new(10, Some(3));
        assert!(bounded.push(b"abc").is_ok() && bounded.push(b"d").is_err());
    }

    #[test]
    fn bodies_come_in_pieces() {
        let joined = |body: &Body| Pieces::of(body).map(|p| p.to_vec()).collect::<Vec<_>>();
        assert_eq!(joined(&Body::Bytes(Bytes::from(vec![1; PIECE + 1]))).len(), 2);
        let chunks = Body::Chunked(vec![
            Bytes::new(),
            Bytes::from_static(b"a"),
            Bytes::new(),
            Bytes::from_static(b"b"),
        ]);
        assert_eq!(joined(&chunks), [b"a", b"b"]);
        let fill: crate::client::Fill = std::sync::Arc::new(|offset, buf| buf.fill((offset / PIECE as u64) as u8));
        let made = joined(&Body::Generated {
            len: PIECE as u64 + 2,
            fill,
            chunked: true,
        });
        assert_eq!((made.len(), made[1].clone()), (2, vec![1, 1]));
    }
}
