//! The raw transport: one HTTP/1.1 request, byte for byte, on a connection of its own.
//!
//! Owns what a general HTTP client would change, refuse or hide: odd request lines and framing, the first bytes of a
//! reply that is not HTTP, bytes after the end of a response, and an early refusal while a large body is on its way.
//! Adds nothing to a request; follows no redirect and knows no login.

mod connect;
mod kept;
mod read;

use std::io;
use std::pin::pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::{sleep, sleep_until, timeout};

pub(super) use connect::Dialer;
pub(super) use kept::{Kept, fits};
use read::{Head, Reader};

use super::exchange::{Phase, TransportError};
use super::request::Body;
use super::target::Scheme;
use super::wire::{Clock, Intake, Outgoing, PIECE, Pieces, Reply, Sent, Wire, field};

/// How long `100 Continue` is waited for before the body is sent without it.
const CONTINUE: Duration = Duration::from_secs(1);

/// From this status on, the rest of a request body is not wanted any more.
const UNWANTED: u16 = 300;

/// Sends the request and reads the reply.
pub(super) async fn send(out: &Outgoing, dialer: &Dialer, clock: &Clock) -> Wire {
    let tcp = match clock.bound(Phase::Connect, dialer.connect(&out.place.origin)).await {
        Ok(Ok(tcp)) => tcp,
        Ok(Err(error)) | Err(error) => return failed(error),
    };
    if out.place.origin.scheme == Scheme::Http {
        return converse(tcp, out, clock).await;
    }
    match clock.bound(Phase::Connect, dialer.secure(&out.place.origin, tcp)).await {
        Ok(Ok(tls)) => converse(tls, out, clock).await,
        Ok(Err(error)) | Err(error) => failed(error),
    }
}

fn failed(error: TransportError) -> Wire {
    Wire {
        sent: Sent::default(),
        reply: None,
        error: Some(error),
    }
}

/// Writes and reads at the same time: a registry may answer before it has read the body, and then close.
async fn converse<S: AsyncRead + AsyncWrite>(stream: S, out: &Outgoing, clock: &Clock) -> Wire {
    let (read_half, mut write_half) = tokio::io::split(stream);
    if matches!(out.body, Body::Cut { .. }) {
        let mut sent = Sent::default();
        let written = write(&mut write_half, out, clock, &mut sent, &Notify::new()).await;
        let _ = timeout(Duration::from_secs(1), write_half.shutdown()).await;
        return Wire {
            sent,
            reply: None,
            error: written.err(),
        };
    }
    let mut reader = Reader::new(read_half, *clock, out.place.origin.authority());
    let mut sent = Sent::default();
    let mut intake = Intake::of(out);
    let is_head = out.method == "HEAD";
    let proceed = Notify::new();

    let (head, cut, mut end) = {
        let mut writing = pin!(write(&mut write_half, out, clock, &mut sent, &proceed));
        let mut written = None;
        let head = {
            let mut heading = pin!(reader.head(&proceed));
            loop {
                let late = |phase, limit: Duration| TransportError::Timeout {
                    phase,
                    limit_ms: limit.as_millis() as u64,
                };
                tokio::select! {
                    biased;
                    head = &mut heading => break head,
                    done = &mut writing, if written.is_none() => written = Some(done),
                    () = sleep_until(clock.deadline) => break Err(late(Phase::Total, clock.limits.total)),
                    () = sleep(clock.limits.read), if written.is_some() => {
                        break Err(late(Phase::Read, clock.limits.read));
                    }
                }
            }
        };
        match (head, written) {
            // The peer did not take the request: that says more than the silence that followed.
            (Err(TransportError::Timeout { .. }), Some(Err(error))) => (Err(error), false, None),
            (Err(error), _) => (Err(error), false, None),
            (Ok(head), None) if head.status < UNWANTED => {
                let (_, end) = tokio::join!(writing, reader.body(&head, is_head, &mut intake));
                (Ok(head), false, Some(end))
            }
            (Ok(head), written) => (Ok(head), written.is_none(), None),
        }
    };
    let head = match head {
        Ok(head) => head,
        Err(error) => {
            return Wire {
                sent,
                reply: None,
                error: Some(error),
            };
        }
    };
    if cut && out.place.origin.scheme == Scheme::Http {
        // Tells the peer that no more comes, so that it need not reset the connection to be rid of the rest.
        let _ = timeout(Duration::from_secs(1), write_half.shutdown()).await;
    }
    if end.is_none() {
        end = Some(reader.body(&head, is_head, &mut intake).await);
    }
    let error = end.and_then(Result::err);
    let trailing = if error.is_none() {
        reader.trailing(&head, is_head).await
    } else {
        0
    };
    Wire {
        sent,
        reply: Some(replied(head, intake, &reader, error.as_ref(), trailing)),
        error,
    }
}

/// The reply of what was read, with its first bytes as they came where it is no HTTP.
fn replied<T: AsyncRead + Unpin>(
    head: Head,
    intake: Intake,
    reader: &Reader<T>,
    error: Option<&TransportError>,
    trailing: u64,
) -> Reply {
    let Head {
        status,
        version,
        reason,
        headers,
    } = head;
    let malformed = matches!(error, Some(TransportError::MalformedResponse { .. }));
    Reply {
        status,
        version,
        reason,
        headers,
        body: intake.finish(),
        raw_head: malformed.then(|| reader.first().to_vec()),
        trailing,
    }
}

/// The header fields of a request as they travel, and the line that ends them.
fn write_fields(buffer: &mut Vec<u8>, headers: &[(String, Vec<u8>)]) {
    for (name, value) in headers {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            buffer.extend_from_slice(part);
        }
    }
    buffer.extend_from_slice(b"\r\n");
}

/// Writes the request. A body without length is sent in chunks; any other is written as it is, whatever the header
/// fields say.
async fn write<W: AsyncWrite + Unpin>(
    to: &mut W,
    out: &Outgoing,
    clock: &Clock,
    sent: &mut Sent,
    proceed: &Notify,
) -> Result<(), TransportError> {
    let mut buffer = format!("{} {} HTTP/1.1\r\n", out.method, out.place.target).into_bytes();
    write_fields(&mut buffer, &out.headers);
    let asks = field(&out.headers, "Expect").is_some_and(|v| v.eq_ignore_ascii_case(b"100-continue"));
    if asks && !out.body.is_empty() {
        put(to, &mut buffer, clock).await?;
        let _ = timeout(CONTINUE, proceed.notified()).await;
    }
    let chunked = out.body.announced().is_none();
    for piece in Pieces::of(&out.body) {
        if !out.brief {
            sent.push(&piece);
        }
        if chunked {
            buffer.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        }
        buffer.extend_from_slice(&piece);
        if chunked {
            buffer.extend_from_slice(b"\r\n");
        }
        // A chunk goes out when it is made; other pieces may travel together.
        if chunked || buffer.len() >= PIECE {
            put(to, &mut buffer, clock).await?;
        }
    }
    if chunked {
        buffer.extend_from_slice(b"0\r\n\r\n");
    }
    put(to, &mut buffer, clock).await
}

async fn put<W: AsyncWrite + Unpin>(to: &mut W, buffer: &mut Vec<u8>, clock: &Clock) -> Result<(), TransportError> {
    let writing = async {
        to.write_all(buffer).await?;
        to.flush().await
    };
    clock
        .bound(Phase::Send, writing)
        .await?
        .map_err(|e| TransportError::Reset {
            reason: e.to_string(),
            ended: false,
        })?;
    buffer.clear();
    Ok(())
}

/// What a broken connection means.
fn lost(error: &io::Error, host: &str) -> TransportError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(tls) => TransportError::Tls {
            host: host.to_owned(),
            reason: tls.to_string(),
        },
        None => TransportError::Reset {
            reason: error.to_string(),
            ended: false,
        },
    }
}
