//! Reading a response from a connection, within bounds.
//!
//! Owns response heads, the three framings of a body and what comes after it, as in
//! [RFC 9112](https://www.rfc-editor.org/rfc/rfc9112). Everything read here was written by an adversary: sizes of lines,
//! heads and trailers are bounded, and a body is never held beyond what the [`Intake`] keeps.

use std::io;
use std::mem::MaybeUninit;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::lost;
use crate::client::exchange::{Phase, TransportError, escape};
use crate::client::wire::{Clock, Fields, Intake, field};

/// Bytes of a response head at most.
const HEAD: usize = 64 * 1024;

/// Fields in a response head at most.
const FIELDS: usize = 256;

/// Interim (1xx) responses that are skipped.
const INTERIM: usize = 16;

/// Bytes of a chunk-size line or of a trailer field at most, and trailer fields at most.
const LINE: usize = 4096;
const TRAILERS: usize = 64;

/// Bytes kept of the start of every reply, to show if it is malformed.
const FIRST: usize = 4096;

/// How long bytes are waited for that must not come, and how many of them are counted.
const TRAILING_WAIT: Duration = Duration::from_millis(150);
const TRAILING: u64 = 64 * 1024;

/// A status line and header.
pub(super) struct Head {
    pub status: u16,
    pub version: String,
    pub reason: Option<String>,
    pub headers: Fields,
}

/// Reads one response.
pub(super) struct Reader<R> {
    io: R,
    clock: Clock,
    host: String,
    buffer: BytesMut,
    first: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Framing {
    None,
    Length(u64),
    Chunked,
    Close,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    pub fn new(io: R, clock: Clock, host: String) -> Reader<R> {
        Reader {
            io,
            clock,
            host,
            buffer: BytesMut::new(),
            first: Vec::new(),
        }
    }

    /// Begins to read another response from the same connection.
    pub fn begin(&mut self, clock: Clock) {
        self.clock = clock;
        self.first.clear();
    }

    /// The connection.
    pub fn io(&mut self) -> &mut R {
        &mut self.io
    }

    /// How many bytes were read that nothing has asked for.
    pub fn left_over(&self) -> usize {
        self.buffer.len()
    }

    /// The first bytes of the reply.
    pub fn first(&self) -> &[u8] {
        &self.first
    }

    /// Reads up to the end of the final header; `100 Continue` is told to the writer. Has no time limit of its own:
    /// how long it may take depends on the writer.
    pub async fn head(&mut self, proceed: &Notify) -> Result<Head, TransportError> {
        for _ in 0..INTERIM {
            let head = self.any_head().await?;
            match head.status {
                101 | 200.. => return Ok(head),
                100 => proceed.notify_one(),
                _ => {}
            }
        }
        Err(self.malformed(format!("more than {INTERIM} interim responses")))
    }

    async fn any_head(&mut self) -> Result<Head, TransportError> {
        // A head is parsed again only when a line has been completed.
        let mut seen = 0;
        loop {
            let line_ended = self.buffer[seen..].contains(&b'\n') || seen == 0;
            if line_ended && let Some((head, len)) = self.parse()? {
                self.buffer.advance(len);
                return Ok(head);
            }
            seen = self.buffer.len();
            if seen > HEAD {
                return Err(TransportError::TooLarge {
                    what: "the response header".to_owned(),
                    limit: HEAD as u64,
                });
            }
            match self.fill().await {
                Ok(0) if self.first.is_empty() => {
                    return Err(TransportError::Reset {
                        reason: "no byte of a response arrived".to_owned(),
                        ended: true,
                    });
                }
                Ok(0) => return Err(self.malformed("it ends within the header".to_owned())),
                Ok(_) => {}
                Err(e) => return Err(lost(&e, &self.host)),
            }
        }
    }

    fn parse(&self) -> Result<Option<(Head, usize)>, TransportError> {
        if self.buffer.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count() > 8 {
            return Err(self.malformed("it begins with empty lines".to_owned()));
        }
        let mut fields = [const { MaybeUninit::uninit() }; FIELDS];
        let mut response = httparse::Response::new(&mut []);
        let config = httparse::ParserConfig::default();
        let len = match config.parse_response_with_uninit_headers(&mut response, &self.buffer, &mut fields) {
            Ok(httparse::Status::Complete(len)) => len,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(httparse::Error::TooManyHeaders) => {
                return Err(self.malformed(format!("it has more than {FIELDS} header fields")));
            }
            Err(e) => return Err(self.malformed(e.to_string())),
        };
        let status = response.code.unwrap_or_default();
        if !(100..=999).contains(&status) {
            return Err(self.malformed(format!("its status is {status}")));
        }
        let head = Head {
            status,
            version: format!("HTTP/1.{}", response.version.unwrap_or_default()),
            reason: response.reason.filter(|r| !r.is_empty()).map(str::to_owned),
            headers: response
                .headers
                .iter()
                .map(|f| (f.name.to_owned(), f.value.to_vec()))
                .collect(),
        };
        Ok(Some((head, len)))
    }

    /// Reads the body that the header announces.
    pub async fn body(&mut self, head: &Head, is_head: bool, into: &mut Intake) -> Result<(), TransportError> {
        let framing = framing(head, is_head).map_err(|reason| self.malformed(reason))?;
        let end = match framing {
            Framing::None => Ok(()),
            Framing::Length(len) => {
                into.expect(len);
                self.length(len, into).await
            }
            Framing::Chunked => self.chunked(into).await,
            Framing::Close => self.close(into).await,
        };
        end.map_err(|error| match (error, framing) {
            (TransportError::BodyShort { .. }, Framing::Length(expected)) => TransportError::BodyShort {
                expected: Some(expected),
                received: into.len,
            },
            (TransportError::BodyShort { .. }, _) => TransportError::BodyShort {
                expected: None,
                received: into.len,
            },
            (other, _) => other,
        })
    }

    /// How many bytes follow the response. They are waited for only where a body would be a violation.
    pub async fn trailing(&mut self, head: &Head, is_head: bool) -> u64 {
        let mut count = self.buffer.len() as u64;
        self.buffer.clear();
        if !(is_head || matches!(head.status, 204 | 304)) {
            return count;
        }
        let until = Instant::now() + TRAILING_WAIT.min(self.clock.left());
        while count < TRAILING {
            match timeout(until.saturating_duration_since(Instant::now()), self.fill()).await {
                Ok(Ok(n)) if n > 0 => count += n as u64,
                _ => break,
            }
            self.buffer.clear();
        }
        count
    }

    async fn length(&mut self, mut left: u64, into: &mut Intake) -> Result<(), TransportError> {
        while left > 0 {
            if self.buffer.is_empty() {
                self.more().await?;
            }
            let take = self.buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            into.push(&self.buffer[..take])?;
            self.buffer.advance(take);
            left -= take as u64;
        }
        Ok(())
    }

    async fn chunked(&mut self, into: &mut Intake) -> Result<(), TransportError> {
        loop {
            let line = self.line().await?;
            let digits = line.split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
            let size = std::str::from_utf8(digits)
                .ok()
                .filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
            let Some(size) = size.and_then(|d| u64::from_str_radix(d, 16).ok()) else {
                return Err(self.malformed(format!("`{}` is not the size of a chunk", escape(&line).0)));
            };
            if size == 0 {
                break;
            }
            self.length(size, into).await?;
            if !self.line().await?.is_empty() {
                return Err(self.malformed("a chunk is longer than its size".to_owned()));
            }
        }
        for _ in 0..TRAILERS {
            if self.line().await?.is_empty() {
                return Ok(());
            }
        }
        Err(self.malformed(format!("more than {TRAILERS} trailer fields")))
    }

    async fn close(&mut self, into: &mut Intake) -> Result<(), TransportError> {
        loop {
            into.push(&self.buffer)?;
            self.buffer.clear();
            let clock = self.clock;
            match clock.bound(Phase::Read, self.fill()).await? {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                // Many servers end TLS without saying so.
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(_) => {
                    return Err(TransportError::BodyShort {
                        expected: None,
                        received: 0,
                    });
                }
            }
        }
    }

    /// One line without its end.
    async fn line(&mut self) -> Result<Vec<u8>, TransportError> {
        loop {
            if let Some(end) = self.buffer.iter().take(LINE).position(|b| *b == b'\n') {
                let line = self.buffer.split_to(end + 1);
                let line = &line[..end];
                return Ok(line.strip_suffix(b"\r").unwrap_or(line).to_vec());
            }
            if self.buffer.len() >= LINE {
                return Err(self.malformed(format!("a line of the chunked body is longer than {LINE} bytes")));
            }
            self.more().await?;
        }
    }

    /// More bytes of the body, or why there are none.
    async fn more(&mut self) -> Result<(), TransportError> {
        let clock = self.clock;
        match clock.bound(Phase::Read, self.fill()).await? {
            Ok(n) if n > 0 => Ok(()),
            // The counts are filled in by `body`.
            Ok(_) | Err(_) => Err(TransportError::BodyShort {
                expected: None,
                received: 0,
            }),
        }
    }

    async fn fill(&mut self) -> io::Result<usize> {
        self.buffer.reserve(16 * 1024);
        let before = self.buffer.len();
        let n = self.io.read_buf(&mut self.buffer).await?;
        let room = FIRST.saturating_sub(self.first.len()).min(n);
        self.first.extend_from_slice(&self.buffer[before..before + room]);
        Ok(n)
    }

    fn malformed(&self, reason: String) -> TransportError {
        TransportError::MalformedResponse {
            reason,
            head: escape(&self.first).0,
        }
    }
}

/// How the length of the body is told, [RFC 9112 section 6.3](https://www.rfc-editor.org/rfc/rfc9112#section-6.3).
fn framing(head: &Head, is_head: bool) -> Result<Framing, String> {
    if is_head || head.status < 200 || matches!(head.status, 204 | 304) {
        return Ok(Framing::None);
    }
    if let Some(coding) = field(&head.headers, "Transfer-Encoding") {
        let last = coding.rsplit(|b| *b == b',').next().unwrap_or_default().trim_ascii();
        return Ok(if last.eq_ignore_ascii_case(b"chunked") {
            Framing::Chunked
        } else {
            Framing::Close
        });
    }
    let mut length = None;
    let values = head
        .headers
        .iter()
        .filter(|(n, _)| n.eq_ignore_ascii_case("content-length"));
    for value in values.flat_map(|(_, v)| v.split(|b| *b == b',')) {
        let text = std::str::from_utf8(value.trim_ascii())
            .ok()
            .filter(|t| t.bytes().all(|b| b.is_ascii_digit()));
        let Some(n) = text.and_then(|t| t.parse::<u64>().ok()) else {
            return Err(format!("its Content-Length is `{}`", escape(value).0));
        };
        if length.is_some_and(|m| m != n) {
            return Err("it has two different Content-Lengths".to_owned());
        }
        length = Some(n);
    }
    Ok(length.map_or(Framing::Close, Framing::Length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Limits;

    async fn read(bytes: &[u8], is_head: bool) -> (Result<u16, TransportError>, u64) {
        let mut reader = Reader::new(bytes, Clock::start(Limits::default()), "h".to_owned());
        let mut intake = Intake::new(1024, None);
        let head = match reader.head(&Notify::new()).await {
            Ok(head) => head,
            Err(error) => return (Err(error), 0),
        };
        let result = reader.body(&head, is_head, &mut intake).await.map(|()| head.status);
        reader.trailing(&head, is_head).await;
        (result, intake.len)
    }

    #[tokio::test]
    async fn no_reply_makes_the_reader_panic_or_hang() {
        let seeds = [
            &b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcdeEXTRA"[..],
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5;a=b\r\nabcde\r\n0\r\nT: v\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 404 No\r\nContent-Length: 1, 1\r\n\r\na",
        ];
        let parts: [&[u8]; 10] = [
            b"\r\n",
            b"\n",
            b"0",
            b"ffffffffffffffff",
            b"-",
            b":",
            b";",
            b"\x00",
            b"\xff",
            b"HTTP/1.1 204 N\r\n\r\n",
        ];
        let mut random = fastrand::Rng::with_seed(7);
        let (mut good, mut bad) = (0, 0);
        for _ in 0..3000 {
            let mut bytes = random.choice(seeds).unwrap().to_vec();
            for _ in 0..random.usize(0..4) {
                let at = random.usize(0..=bytes.len());
                let cut = random.usize(0..4).min(bytes.len() - at);
                bytes.splice(at..at + cut, random.choice(parts).unwrap().iter().copied());
            }
            match read(&bytes, random.u8(0..8) == 0).await.0 {
                Ok(_) => good += 1,
                Err(_) => bad += 1,
            }
        }
        assert!(good > 500 && bad > 500, "{good} {bad}");
    }

    #[tokio::test]
    async fn sizes_are_bounded() {
        let many = "X: y\r\n".repeat(FIELDS + 1);
        let large = format!("X: {}", "y".repeat(HEAD));
        let line = format!("Transfer-Encoding: chunked\r\n\r\n1;{}", "y".repeat(2 * LINE));
        let trailers = format!(
            "Transfer-Encoding: chunked\r\n\r\n0\r\n{}",
            "X: y\r\n".repeat(TRAILERS + 1)
        );
        let interim = "HTTP/1.1 103 H\r\n\r\n".repeat(INTERIM + 1);
        for text in [many, large, line, trailers] {
            assert!(
                read(format!("HTTP/1.1 200 OK\r\n{text}").as_bytes(), false)
                    .await
                    .0
                    .is_err()
            );
        }
        assert!(read(interim.as_bytes(), false).await.0.is_err());
        let huge = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc";
        assert_eq!(
            read(huge, false).await,
            (
                Err(TransportError::BodyShort {
                    expected: None,
                    received: 3
                }),
                3
            )
        );
    }
}
