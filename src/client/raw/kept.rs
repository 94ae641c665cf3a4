//! Kept-alive connections over plain HTTP, for whoever sends a great many small requests.
//!
//! A request is one write, its answer is read in the place where it was written: no task of its own stands between a
//! connection and who waits for it. Owns which requests can travel so, and when a connection is good for another one.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::runtime::{Handle, Id};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::read::{Head, Reader};
use super::{Dialer, failed, lost, replied, write_fields};
use crate::client::exchange::Phase;
use crate::client::request::Body;
use crate::client::target::{Origin, Scheme};
use crate::client::wire::{Clock, FRAMING, IDLE, Intake, Outgoing, PIECE, Sent, Wire, field};

/// How long the answer to a request is waited for that was sent behind another one, from the answer to that on. Who takes
/// longer is asked again, alone.
const FOLLOWING: Duration = Duration::from_secs(2);

/// The connections that wait for a request.
#[derive(Default)]
pub(in crate::client) struct Kept {
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    origin: Origin,
    /// Where it was opened: no other runtime is told when there is something to be read.
    runtime: Id,
    since: Instant,
    reader: Reader<TcpStream>,
}

/// Whether a request leaves no doubt about where it ends, so that another one can follow it.
pub(in crate::client) fn fits(out: &Outgoing) -> bool {
    let length = match &out.body {
        Body::Empty => 0,
        Body::Bytes(bytes) if bytes.len() <= PIECE => bytes.len(),
        _ => return false,
    };
    let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    let is_field = |(name, value): &(String, Vec<u8>)| {
        let is_name = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let is_framing = FRAMING.iter().any(|framing| name.eq_ignore_ascii_case(framing));
        let is_right = !name.eq_ignore_ascii_case("content-length") || *value == length.to_string().as_bytes();
        is_name && !name.is_empty() && !is_framing && is_right
    };
    let lengths = out
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    out.place.origin.scheme == Scheme::Http
        && !out.method.is_empty()
        && out.method.bytes().all(|byte| byte.is_ascii_alphabetic())
        && !out.method.eq_ignore_ascii_case("connect")
        && out.place.target.starts_with('/')
        && is_plain(&out.place.target)
        && out.headers.iter().all(is_field)
        && lengths.count() == usize::from(length > 0 || field(&out.headers, "content-length").is_some())
}

impl Kept {
    /// Sends the request and reads the reply.
    pub async fn send(&self, out: &Outgoing, dialer: &Dialer, clock: &Clock) -> Wire {
        self.send_row(std::slice::from_ref(out), dialer, clock)
            .await
            .swap_remove(0)
    }

    /// Sends requests in one go and reads the replies, up to the first after which the connection is of no more use: at
    /// least one.
    /// Replies after the first are waited for no longer than [`FOLLOWING`].
    pub async fn send_row(&self, row: &[Outgoing], dialer: &Dialer, clock: &Clock) -> Vec<Wire> {
        let mut wires = Vec::with_capacity(row.len());
        let Some(first) = row.first() else { return wires };
        let origin = &first.place.origin;
        let mut reader = match self.take(origin) {
            Some(mut reader) => {
                reader.begin(*clock);
                reader
            }
            None => match clock.bound(Phase::Connect, dialer.connect(origin)).await {
                Ok(Ok(tcp)) => Reader::new(tcp, *clock, origin.authority()),
                Ok(Err(error)) | Err(error) => return vec![failed(error)],
            },
        };
        let mut unsent: Vec<u8> = Vec::new();
        for out in row {
            write(&mut unsent, out);
        }
        let mut clock = *clock;
        for (at, out) in row.iter().enumerate() {
            if at > 0 {
                clock.limits.read = clock.limits.read.min(FOLLOWING);
                reader.begin(clock);
            }
            let is_head = out.method == "HEAD";
            let asking = async {
                if !unsent.is_empty() {
                    let io = reader.io();
                    io.write_all(&std::mem::take(&mut unsent))
                        .await
                        .map_err(|error| lost(&error, &origin.authority()))?;
                }
                reader.head(&Notify::new()).await
            };
            let head = match clock.bound(Phase::Read, asking).await {
                Ok(Ok(head)) => head,
                Ok(Err(error)) | Err(error) => {
                    wires.push(failed(error));
                    return wires;
                }
            };
            let mut intake = Intake::of(out);
            let error = reader.body(&head, is_head, &mut intake).await.err();
            let is_last = at + 1 == row.len();
            let trailing = if is_last { reader.left_over() as u64 } else { 0 };
            let is_good = error.is_none() && trailing == 0 && is_for_another(&head, is_head);
            let reply = replied(head, intake, &reader, error.as_ref(), trailing);
            wires.push(Wire {
                sent: Sent::of(&out.body, out.brief),
                reply: Some(reply),
                error,
            });
            if !is_good {
                return wires;
            }
        }
        self.keep(origin.clone(), reader);
        wires
    }

    /// The connection that was used last and still stands.
    fn take(&self, origin: &Origin) -> Option<Reader<TcpStream>> {
        let here = Handle::current().id();
        loop {
            let found = {
                let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
                let at = idle
                    .iter()
                    .rposition(|idle| idle.runtime == here && idle.origin == *origin)?;
                idle.remove(at)
            };
            // Bytes that nobody asked for, or the end: in both cases it is of no more use.
            let is_silent = |tcp: &TcpStream| {
                let tried = tcp.try_read(&mut [0]);
                tried.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
            };
            let mut reader = found.reader;
            if found.since.elapsed() < IDLE && is_silent(reader.io()) {
                return Some(reader);
            }
        }
    }

    fn keep(&self, origin: Origin, reader: Reader<TcpStream>) {
        let idle = Idle {
            origin,
            runtime: Handle::current().id(),
            since: Instant::now(),
            reader,
        };
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(idle);
    }
}

/// Appends the bytes of the request.
fn write(bytes: &mut Vec<u8>, out: &Outgoing) {
    let body: &[u8] = match &out.body {
        Body::Bytes(bytes) => bytes,
        _ => &[],
    };
    bytes.reserve(1024 + body.len());
    let authority = out.place.origin.authority();
    for part in [
        &out.method,
        " ",
        &out.place.target,
        " HTTP/1.1\r\nHost: ",
        &authority,
        "\r\n",
    ] {
        bytes.extend_from_slice(part.as_bytes());
    }
    write_fields(bytes, &out.headers);
    bytes.extend_from_slice(body);
}

/// Whether the connection is good for another request, as the answer says.
fn is_for_another(head: &Head, is_head: bool) -> bool {
    let closes = |value: &[u8]| value.to_ascii_lowercase().windows(5).any(|word| word == b"close");
    let ends_by_itself = is_head
        || matches!(head.status, 204 | 304)
        || field(&head.headers, "Content-Length").is_some()
        || field(&head.headers, "Transfer-Encoding").is_some_and(|coding| coding.ends_with(b"chunked"));
    head.version == "HTTP/1.1"
        && head.status >= 200
        && ends_by_itself
        && !field(&head.headers, "Connection").is_some_and(closes)
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;

    use super::*;
    use crate::client::Limits;
    use crate::client::resolve::Resolver;
    use crate::client::target::Place;
    use crate::client::tls::{TlsOptions, configure};

    fn request(url: &str, headers: &[(&str, &str)], body: Body) -> Outgoing {
        Outgoing {
            method: "PUT".to_owned(),
            place: Place::parse(url).unwrap(),
            headers: headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
                .collect(),
            body,
            keep: 1024,
            max_body: None,
            brief: true,
        }
    }

    /// The statuses of the answers to requests that are sent one after another, and how many connections they took. Each
    /// connection gives these answers, one for each read, and then ends.
    async fn ask<const N: usize>(answers: [&'static [u8]; N], times: usize) -> (Vec<Option<u16>>, usize) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v2/", listener.local_addr().unwrap());
        let connections = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let count = connections.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                for answer in answers {
                    let _ = stream.read(&mut [0; 1024]).await;
                    let _ = stream.write_all(answer).await;
                }
            }
        });
        let dialer = Dialer::new(
            configure(&TlsOptions::default()).unwrap(),
            true,
            Resolver::new("127.0.0.1"),
        );
        let (kept, mut statuses) = (Kept::default(), Vec::new());
        for _ in 0..times {
            let clock = Clock::start(Limits::default());
            let wire = kept.send(&request(&url, &[], Body::Empty), &dialer, &clock).await;
            statuses.push(wire.reply.map(|reply| reply.status));
            // The end of a connection takes a moment to be seen.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        (statuses, connections.load(std::sync::atomic::Ordering::Relaxed))
    }

    const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    #[tokio::test]
    async fn a_connection_is_used_as_long_as_it_is_good() {
        let both = |status| vec![Some(status); 2];
        assert_eq!(ask([OK, OK], 2).await, (both(200), 1));
        assert_eq!(ask([OK], 2).await, (both(200), 2), "it was closed meanwhile");
        let closes: &[u8] = b"HTTP/1.1 201 C\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(ask([closes, OK], 2).await, (both(201), 2));
        let older: &[u8] = b"HTTP/1.0 201 C\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(ask([older, OK], 2).await, (both(201), 2));
        let more: &[u8] = b"HTTP/1.1 201 C\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
        assert_eq!(ask([more, OK], 2).await, (both(201), 2), "nothing is left for the next");
        let chunks: &[u8] = b"HTTP/1.1 202 A\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n";
        assert_eq!(ask([chunks, OK], 2).await, (vec![Some(202), Some(200)], 1));
        assert_eq!(ask([b"SSH-2.0\r\n\r\n"], 1).await, (vec![None], 1));
    }

    #[test]
    fn what_may_not_end_where_it_says_goes_elsewhere() {
        let fit = |url: &str, headers: &[(&str, &str)], body: &'static [u8]| {
            let body = if body.is_empty() {
                Body::Empty
            } else {
                Body::Bytes(body.into())
            };
            fits(&request(url, headers, body))
        };
        let url = "http://h/v2/a/manifests/%2e?x=[";
        assert!(fit(url, &[], b""));
        assert!(fit(url, &[("Content-Length", "0")], b""));
        assert!(fit(url, &[("content-length", "2"), ("X-A", "\u{e9}")], b"ab"));
        assert!(!fit(url, &[], b"ab"), "no length");
        assert!(!fit(url, &[("Content-Length", "3")], b"ab"));
        assert!(!fit(url, &[("Content-Length", "2"), ("Content-Length", "2")], b"ab"));
        assert!(!fit(url, &[("Transfer-Encoding", "chunked")], b""));
        assert!(!fit(url, &[("Connection", "close")], b""));
        assert!(!fit(url, &[("X Y", "z")], b""));
        assert!(!fit("http://h/v2/a b", &[], b""));
        assert!(!fit("https://h/v2/", &[], b""));
    }
}
