//! The pooled transport: kept-alive connections and HTTP/2, by way of reqwest.
//!
//! Owns which requests it can carry unchanged, and what its errors mean. Follows no redirect, repeats nothing, unpacks
//! no body.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::stream;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Url};
use rustls::ClientConfig;

use super::exchange::{Phase, TransportError};
use super::request::Body;
use super::resolve::Resolver;
use super::target::Place;
use super::wire::{Clock, FRAMING, Fields, IDLE, Intake, Outgoing, Pieces, Reply, Sent, Wire};
use super::{Limits, SetupError};

/// The shared HTTP client.
pub(super) struct Pool {
    client: Client,
}

/// A request in reqwest's own words.
pub(super) struct Fitting {
    method: Method,
    url: Url,
    headers: HeaderMap,
}

impl Pool {
    /// Builds the client. `direct` leaves out any proxy.
    pub fn new(mut tls: ClientConfig, limits: &Limits, direct: bool, resolver: Resolver) -> Result<Pool, SetupError> {
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .dns_resolver(Arc::new(resolver))
            .connect_timeout(limits.connect)
            .pool_idle_timeout(IDLE);
        let builder = if direct { builder.no_proxy() } else { builder };
        let client = builder.build().map_err(|e| SetupError::Client(reasons(&e)))?;
        Ok(Pool { client })
    }

    /// Sends the request and reads the reply.
    pub async fn send(&self, out: &Outgoing, fitting: Fitting, clock: &Clock) -> Wire {
        let tally = Arc::new(Mutex::new(Sent::default()));
        let count =
            |tally: &Mutex<Sent>, piece: &[u8]| tally.lock().unwrap_or_else(PoisonError::into_inner).push(piece);
        let mut phase = Phase::Read;
        let body = match &out.body {
            Body::Empty => None,
            Body::Bytes(bytes) => {
                count(&tally, bytes);
                Some(reqwest::Body::from(bytes.clone()))
            }
            streamed => {
                // How long it takes to be sent is not known here.
                phase = Phase::Total;
                let tally = tally.clone();
                let pieces = Pieces::of(streamed)
                    .inspect(move |piece| count(&tally, piece))
                    .map(Ok::<_, std::io::Error>);
                Some(reqwest::Body::wrap_stream(stream::iter(pieces)))
            }
        };
        let mut request = self
            .client
            .request(fitting.method, fitting.url)
            .headers(fitting.headers);
        if let Some(body) = body {
            request = request.body(body);
        }
        let host = out.place.origin.authority();
        let response = match clock.bound(phase, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(classify(&error, &host, clock)),
            Err(late) => Err(late),
        };
        let sent = || tally.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut response = match response {
            Ok(response) => response,
            Err(error) => {
                return Wire {
                    sent: sent(),
                    reply: None,
                    error: Some(error),
                };
            }
        };

        let headers: Fields = response
            .headers()
            .iter()
            .map(|(n, v)| (n.as_str().to_owned(), v.as_bytes().to_vec()))
            .collect();
        let mut intake = Intake::of(out);
        intake.expect(response.content_length().unwrap_or(0));
        let error = loop {
            match clock.bound(Phase::Read, response.chunk()).await {
                Ok(Ok(Some(piece))) => {
                    if let Err(error) = intake.push(&piece) {
                        break Some(error);
                    }
                }
                Ok(Ok(None)) => break None,
                Ok(Err(error)) => break Some(cut_short(&error, &headers, intake.len)),
                Err(late) => break Some(late),
            }
        };
        let reply = Reply {
            status: response.status().as_u16(),
            version: format!("{:?}", response.version()),
            reason: reason(&response),
            headers,
            body: intake.finish(),
            raw_head: None,
            trailing: 0,
        };
        Wire {
            sent: sent(),
            reply: Some(reply),
            error,
        }
    }
}

/// The request in reqwest's words, if it would be sent just as it is.
pub(super) fn fit(out: &Outgoing) -> Option<Fitting> {
    let method = Method::from_bytes(out.method.as_bytes())
        .ok()
        .filter(|m| *m != Method::CONNECT)?;
    let url = unchanged(&out.place)?;
    let mut headers = HeaderMap::new();
    for (name, value) in &out.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        if FRAMING.contains(&name.as_str()) {
            return None;
        }
        if name == "content-length" && (headers.contains_key(&name) || !tells_length(value, &out.body)) {
            return None;
        }
        headers.append(name, HeaderValue::from_bytes(value).ok()?);
    }
    // Without one, reqwest would put in its own.
    headers
        .contains_key("accept")
        .then_some(Fitting { method, url, headers })
}

/// The URL, if the library leaves its path and query alone.
fn unchanged(place: &Place) -> Option<Url> {
    let url = Url::parse(&place.url()).ok()?;
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let plain = url.fragment().is_none() && target == place.target && target.parse::<hyper::Uri>().is_ok();
    plain.then_some(url)
}

fn tells_length(value: &[u8], body: &Body) -> bool {
    body.announced().is_some_and(|len| value == len.to_string().as_bytes())
}

/// HTTP/1 reports a reason phrase only where it is not the usual one.
fn reason(response: &reqwest::Response) -> Option<String> {
    if let Some(phrase) = response.extensions().get::<hyper::ext::ReasonPhrase>() {
        return Some(super::exchange::escape(phrase.as_bytes()).0);
    }
    let usual = || response.status().canonical_reason().map(str::to_owned);
    (response.version() <= reqwest::Version::HTTP_11).then(usual).flatten()
}

fn classify(error: &reqwest::Error, host: &str, clock: &Clock) -> TransportError {
    let reason = reasons(error);
    if let Some(tls) = tls_error(error) {
        return TransportError::Tls {
            host: host.to_owned(),
            reason: tls,
        };
    }
    if error.is_connect() {
        if error.is_timeout() {
            return TransportError::Timeout {
                phase: Phase::Connect,
                limit_ms: clock.limits.connect.as_millis() as u64,
            };
        }
        return TransportError::Connect {
            host: host.to_owned(),
            reason,
        };
    }
    match find::<hyper::Error>(error) {
        Some(e) if e.is_parse() => TransportError::MalformedResponse {
            reason,
            head: String::new(),
        },
        _ if error.is_builder() => TransportError::Unsendable { reason },
        _ => TransportError::Reset { reason, ended: false },
    }
}

fn cut_short(error: &reqwest::Error, headers: &Fields, received: u64) -> TransportError {
    let invalid = find::<std::io::Error>(error).is_some_and(|e| {
        matches!(
            e.kind(),
            std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData
        )
    });
    if invalid {
        return TransportError::MalformedResponse {
            reason: reasons(error),
            head: String::new(),
        };
    }
    let length = super::wire::field(headers, "content-length").and_then(|v| std::str::from_utf8(v).ok());
    TransportError::BodyShort {
        expected: length.and_then(|l| l.parse().ok()),
        received,
    }
}

/// The words of an error and its causes, without the URL, each once.
fn reasons(error: &reqwest::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut cause = error.source();
    while let Some(e) = cause {
        let text = e.to_string();
        if !parts.iter().any(|p| p.contains(&text)) {
            parts.push(text);
        }
        cause = e.source();
    }
    if parts.is_empty() {
        "the HTTP client refused the request".to_owned()
    } else {
        parts.join(": ")
    }
}

fn tls_error(error: &reqwest::Error) -> Option<String> {
    if let Some(tls) = find::<rustls::Error>(error) {
        return Some(tls.to_string());
    }
    let io = find::<std::io::Error>(error)?;
    io.get_ref()?.downcast_ref::<rustls::Error>().map(ToString::to_string)
}

fn find<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    let mut cause = error.source();
    while let Some(e) = cause {
        if let Some(found) = e.downcast_ref::<E>() {
            return Some(found);
        }
        cause = e.source();
    }
    None
}
