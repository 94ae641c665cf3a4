//! What a connection to the target is made of: how it is opened, the version of TLS, and how long the certificate lasts.
//!
//! Owns one connection on which nothing is asked. Judges nothing: a certificate that is refused is told with its dates.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

use super::exchange::{Phase, TransportError};
use super::raw::Dialer;
use super::resolve::Resolver;
use super::send::Client;
use super::target::{Origin, Scheme};
use super::tls::{self, TlsOptions};

/// A connection that was opened and closed again.
#[derive(Debug, Clone, PartialEq)]
pub struct Handshake {
    /// Whether it goes through a proxy.
    pub proxied: bool,
    /// How long name resolution and TCP took.
    pub connected_in: Duration,
    /// What was agreed on, for `https`.
    pub tls: Option<Tls>,
}

/// The TLS of a connection.
#[derive(Debug, Clone, PartialEq)]
pub struct Tls {
    /// `TLS 1.3`, `TLS 1.2`.
    pub version: String,
    /// The end of the target's certificate, if it could be read.
    pub expires: Option<OffsetDateTime>,
    /// Why the certificate is refused; the rest is then from a handshake that accepts any.
    pub refused: Option<TransportError>,
}

impl Client {
    /// Opens a connection and closes it.
    ///
    /// # Errors
    /// If there is none, or what answers does not speak TLS.
    pub async fn handshake(&self) -> Result<Handshake, TransportError> {
        let options = &self.inner.options;
        let limit = options.limits.connect;
        let late = |phase| TransportError::Timeout {
            phase,
            limit_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
        };
        let started = Instant::now();
        let dialer = self.dialer_with(&options.tls)?;
        let origin = &options.base.origin;
        let proxied = dialer.proxied(origin);
        let tcp = timeout(limit, dialer.connect(origin))
            .await
            .map_err(|_| late(Phase::Connect))??;
        let connected_in = started.elapsed();
        if origin.scheme == Scheme::Http {
            return Ok(Handshake {
                proxied,
                connected_in,
                tls: None,
            });
        }
        let (stream, refused) = match timeout(limit, dialer.secure(origin, tcp)).await {
            Err(_) => return Err(late(Phase::Connect)),
            Ok(Ok(stream)) => (stream, None),
            // What answers may be no TLS at all; then the second attempt fails as the first did.
            Ok(Err(error)) => {
                let any = TlsOptions {
                    insecure: true,
                    ..options.tls.clone()
                };
                let dialer = self.dialer_with(&any)?;
                let again = async {
                    let tcp = dialer.connect(origin).await?;
                    dialer.secure(origin, tcp).await
                };
                match timeout(limit, again).await {
                    Ok(Ok(stream)) => (stream, Some(error)),
                    Ok(Err(_)) | Err(_) => return Err(error),
                }
            }
        };
        let session = stream.get_ref().1;
        let version = session.protocol_version().and_then(|version| version.as_str());
        let version = version.map_or_else(
            || "an unknown version of TLS".to_owned(),
            |name| name.replace("TLSv", "TLS ").replace('_', "."),
        );
        let first = session.peer_certificates().and_then(<[_]>::first);
        Ok(Handshake {
            proxied,
            connected_in,
            tls: Some(Tls {
                version,
                expires: first.and_then(|certificate| not_after(certificate)),
                refused,
            }),
        })
    }

    /// Where the same host and port are spoken to, if what listens there speaks the other of HTTP and TLS. Nothing of the
    /// login is sent.
    pub async fn other_origin(&self, limit: Duration) -> Option<Origin> {
        let origin = &self.inner.options.base.origin;
        let any = TlsOptions {
            insecure: true,
            ..self.inner.options.tls.clone()
        };
        let dialer = self.dialer_with(&any).ok()?;
        let speaks = async {
            let mut tcp = dialer.connect(origin).await.ok()?;
            if origin.scheme == Scheme::Http {
                return dialer.secure(origin, tcp).await.ok().map(|_| Scheme::Https);
            }
            let host = origin.authority();
            let question = format!("GET /v2/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            tcp.write_all(question.as_bytes()).await.ok()?;
            let mut start = [0; 5];
            tcp.read_exact(&mut start).await.ok()?;
            (start == *b"HTTP/").then_some(Scheme::Http)
        };
        let scheme = timeout(limit, speaks).await.ok()??;
        Some(Origin {
            scheme,
            ..origin.clone()
        })
    }

    fn dialer_with(&self, tls: &TlsOptions) -> Result<Dialer, TransportError> {
        let origin = &self.inner.options.base.origin;
        let config = tls::configure(tls).map_err(|error| TransportError::Tls {
            host: origin.authority(),
            reason: error.to_string(),
        })?;
        Ok(Dialer::new(
            config,
            origin.is_loopback(),
            Resolver::new(origin.bare_host()),
        ))
    }
}

/// The end of a certificate ([RFC 5280 section 4.1](https://www.rfc-editor.org/rfc/rfc5280#section-4.1)): past the version,
/// the serial number, the algorithm and the issuer stand the two dates.
fn not_after(certificate: &[u8]) -> Option<OffsetDateTime> {
    const SEQUENCE: u8 = 0x30;
    const VERSION: u8 = 0xa0;
    let (_, certificate, _) = element(certificate)?;
    let (_, mut rest, _) = element(certificate)?;
    if rest.first() == Some(&VERSION) {
        rest = element(rest)?.2;
    }
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (SEQUENCE, validity, _) = element(rest)? else {
        return None;
    };
    let (_, _, end) = element(validity)?;
    let (kind, text, _) = element(end)?;
    date(kind, std::str::from_utf8(text).ok()?)
}

/// `UTCTime` or `GeneralizedTime`, both in UTC.
fn date(kind: u8, text: &str) -> Option<OffsetDateTime> {
    const UTC_TIME: u8 = 0x17;
    const LONG: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day][hour][minute][second]");
    let text = text.strip_suffix('Z')?;
    let long = match kind {
        // Two digits are a year from 1950 to 2049.
        UTC_TIME if text.get(..2)? >= "50" => format!("19{text}"),
        UTC_TIME => format!("20{text}"),
        _ => text.to_owned(),
    };
    Some(time::PrimitiveDateTime::parse(&long, LONG).ok()?.assume_utc())
}

/// The first element of some DER: its tag, its content, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (
                bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)),
                rest,
            )
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_certificate_is_read() {
        let mut parameters = rcgen::CertificateParams::new(vec!["registry.example".to_owned()]).unwrap();
        for (year, month) in [(2031, 2), (2051, 7)] {
            parameters.not_after = rcgen::date_time_ymd(year, month, 3);
            let key = rcgen::KeyPair::generate().unwrap();
            let certificate = parameters.self_signed(&key).unwrap();
            let end = not_after(certificate.der()).unwrap();
            assert_eq!((end.year(), u8::from(end.month()), end.day()), (year, month, 3));
        }
    }

    #[test]
    fn bytes_that_are_no_certificate_have_no_end() {
        for bytes in [
            &b""[..],
            b"\x30",
            b"\x30\x84\xff\xff\xff\xff",
            b"\x30\x02\x30\x00",
            &[0x30; 64],
        ] {
            assert_eq!(not_after(bytes), None);
        }
        assert_eq!(date(0x17, "500101000000Z").unwrap().year(), 1950);
        assert!(date(0x18, "2050-01-01").is_none());
    }
}
