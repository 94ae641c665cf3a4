//! The client: one call from a request to its answer.
//!
//! Owns what happens between the first byte sent and the answer handed back: the choice of transport, redirects, waiting
//! when a registry asks for it, and one repetition after a lost connection. The bytes on the wire belong to the
//! transports, tokens to [`super::login`], evidence to [`super::record`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use tokio::time::{Instant, sleep};

use super::auth::{Errand, Logins};
use super::counts::{Counter, RequestCounts};
use super::credentials::Login;
use super::exchange::{Answer, Hop, Purpose, Transport, TransportError, escape};
use super::options::{Limits, Options, SetupError};
use super::pooled::{self, Pool};
use super::raw::{self, Dialer, Kept};
use super::record::{Delivery, Flight, request_record, response_record};
use super::redact::Redactor;
use super::request::{Auth, Body, Redirects, RequestSpec, Target, Via};
use super::resolve::Resolver;
use super::row::Rows;
use super::target::{BaseUrl, Place, Scheme, resolve_location};
use super::tls;
use super::wire::{Clock, Fields, Outgoing, Reply, field};
use crate::oci::method::READING;

/// Redirects followed at most.
const REDIRECTS: u32 = 10;

/// How often 408, 429 and 503 are waited for.
const WAITS: u32 = 5;

/// How long a 429 is waited for that does not say how long.
const UNSAID: Duration = Duration::from_millis(500);

/// How long it is waited after a 408, which says that the request did not come whole and so was not carried out
/// ([RFC 9110 section 15.5.9](https://www.rfc-editor.org/rfc/rfc9110#section-15.5.9)).
const TIMED_OUT: Duration = Duration::from_millis(50);

/// Bodies larger than this go over the raw transport, where an early refusal is seen before the connection breaks.
const LARGE: usize = 64 * 1024;

/// HTTP to one target. Cheap to clone; clones share connections, login and known secrets.
#[derive(Clone)]
pub struct Client {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub options: Options,
    pub redactor: Redactor,
    pub logins: Logins,
    pub started: Instant,
    pool: Pool,
    pub kept: Kept,
    pub dialer: Dialer,
    pub rows: Rows,
    /// Whether kept-alive connections of this target have been seen to break.
    pool_breaks: AtomicBool,
    pub sent: Counter,
}

impl Client {
    /// Makes a client. Nothing is sent yet. Its files are read once, here.
    pub fn new(options: Options) -> Result<Client, SetupError> {
        let tls = tls::configure(&options.tls)?;
        let direct = options.base.origin.is_loopback();
        let resolver = Resolver::new(options.base.origin.bare_host());
        let redactor = Redactor::default();
        options.login.teach(&redactor);
        let inner = Inner {
            pool: Pool::new(tls.clone(), &options.limits, direct, resolver.clone())?,
            kept: Kept::default(),
            rows: Rows::default(),
            dialer: Dialer::new(tls, direct, resolver),
            redactor,
            logins: Logins::default(),
            pool_breaks: AtomicBool::new(false),
            sent: Counter::default(),
            started: Instant::now(),
            options,
        };
        Ok(Client { inner: Arc::new(inner) })
    }

    /// The target.
    pub fn base(&self) -> &BaseUrl {
        &self.inner.options.base
    }

    /// The time limits of one exchange.
    pub fn limits(&self) -> Limits {
        self.inner.options.limits
    }

    /// How many requests went out so far.
    pub fn sent(&self) -> RequestCounts {
        self.inner.sent.sent()
    }

    /// Whether the run has no credentials at all.
    pub fn is_anonymous(&self) -> bool {
        matches!(self.inner.options.login, Login::Anonymous)
    }

    /// What replaces the secrets of this run, for whoever prints something that did not come from an [`Exchange`].
    pub fn redactor(&self) -> &Redactor {
        &self.inner.redactor
    }

    /// Sends a request and reads its answer. Whatever goes wrong on the network is in [`Exchange::error`]; the call
    /// returns within the total time limit.
    pub async fn send(&self, spec: RequestSpec) -> Answer {
        let mut flight = Flight::new(self.inner.started, self.clock(&spec));
        self.fly(&spec, &mut flight).await
    }

    /// Whether a URL leads to another machine, where this client sends nothing.
    pub fn leads_away(&self, url: &str) -> bool {
        Place::parse(url).is_ok_and(|place| self.inner.options.forbids(&place.origin).is_some())
    }

    /// The time limits of a request, from now on.
    pub(super) fn clock(&self, spec: &RequestSpec) -> Clock {
        let mut limits = self.inner.options.limits;
        limits.total = spec.total.unwrap_or(limits.total);
        Clock::start(limits)
    }

    /// Sends a request, if it can be sent.
    pub(super) async fn fly(&self, spec: &RequestSpec, flight: &mut Flight) -> Answer {
        match self.place(spec) {
            Ok(place) => self.follow(spec, place, flight).await,
            Err((url, reason)) => flight.unsendable(spec, &url, reason, &self.inner.redactor),
        }
    }

    /// Where a request goes; the URL and a reason if it must not go there, or must not go at all.
    pub(super) fn place(&self, spec: &RequestSpec) -> Result<Place, (String, String)> {
        let place = match &spec.target {
            Target::Path(path) => Place {
                origin: self.base().origin.clone(),
                target: path.clone(),
            },
            Target::Url(url) => match Place::parse(url) {
                Ok(place) => {
                    // A registry chooses the host of its upload locations, but not any.
                    if let Some(reason) = self.inner.options.forbids(&place.origin) {
                        return Err((url.clone(), reason));
                    }
                    place
                }
                Err(error) => return Err((url.clone(), error.to_string())),
            },
        };
        // What a registry wrote can end up in a request; it shall not become a second one.
        let ends_a_line = |bytes: &[u8]| memchr::memchr3(b'\r', b'\n', 0, bytes).is_some();
        let injects = |(name, value): &(String, Vec<u8>)| ends_a_line(name.as_bytes()) || ends_a_line(value);
        if ends_a_line(spec.method.as_bytes())
            || ends_a_line(place.target.as_bytes())
            || spec.headers.iter().any(injects)
        {
            return Err((place.url(), "a line would end within it".to_owned()));
        }
        // A redirect makes no write of a read.
        if self.inner.options.reads_only && !READING.contains(&spec.method.as_str()) && spec.purpose != Purpose::Auth {
            let reason = format!("this run only reads, and {} may write", spec.method);
            return Err((place.url(), reason));
        }
        Ok(place)
    }

    /// The answer to a request that cannot be sent.
    pub(super) fn unsendable(&self, url: &str, reason: String) -> Answer {
        let mut flight = Flight::new(self.inner.started, Clock::start(self.inner.options.limits));
        let spec = RequestSpec::new("GET", Target::Url(url.to_owned()));
        flight.unsendable(&spec, url, reason, &self.inner.redactor)
    }

    /// Sends, and goes where redirects lead.
    pub(super) async fn follow(&self, spec: &RequestSpec, place: Place, flight: &mut Flight) -> Answer {
        let mut leg = Leg::first(spec, place);
        loop {
            let mut done = self.deliver(spec, &leg, flight).await;
            let next = match &done.wire.reply {
                Some(reply) if done.wire.error.is_none() && spec.redirects == Redirects::Follow => {
                    leg.redirected(reply, &self.inner.options, flight.hops.len())
                }
                _ => Ok(None),
            };
            match next {
                Ok(None) => return flight.answer(spec, leg.place.url(), done, &self.inner.redactor),
                Ok(Some(next)) => {
                    let redactor = &self.inner.redactor;
                    if let Some(reply) = &done.wire.reply {
                        let response = response_record(reply, redactor);
                        flight.hops.push(Hop {
                            request: request_record(&done, redactor),
                            response,
                        });
                    }
                    leg = next;
                }
                Err(error) => {
                    done.wire.error = Some(error);
                    return flight.answer(spec, leg.place.url(), done, &self.inner.redactor);
                }
            }
        }
    }

    /// Sends to one place until there is an answer to keep.
    async fn deliver(&self, spec: &RequestSpec, leg: &Leg, flight: &mut Flight) -> Delivery {
        let inner = &*self.inner;
        let mut via = spec.via;
        let (mut lost, mut logged_in, mut waits) = (None, false, 0);
        loop {
            flight.attempts += 1;
            inner.sent.count(spec.purpose);
            let in_row = flight.first.is_some();
            let mut done = match flight.first.take() {
                Some(done) => done,
                None => inner.transmit(spec, self.prepare(spec, leg), via, &flight.clock).await,
            };
            if let Some(error) = &done.wire.error {
                let stale = matches!(error, TransportError::Reset { .. }) && done.transport == Transport::Pooled;
                if stale {
                    inner.pool_breaks.store(true, Ordering::Relaxed);
                }
                // A server that closes on what it has not read yet takes the answer with it that it has given.
                let is_cut = in_row && matches!(error, TransportError::Reset { .. });
                if spec.repeat && lost.is_none() && (is_cut || worth_repeating(error, &done, leg)) {
                    lost = Some(done);
                    if !inner.dialer.proxied(&leg.place.origin) {
                        via = Via::Raw;
                    }
                    continue;
                }
                // That the target was lost says more than that it is gone since.
                return match lost {
                    Some(earlier) if matches!(error, TransportError::Connect { .. }) => earlier,
                    _ => done,
                };
            }
            let Some(reply) = &done.wire.reply else { return done };
            if reply.status == 401 && !logged_in && self.speaks_for_us(spec, leg) {
                let errand = Errand::of(&leg.method, &leg.place.target, &spec.scopes);
                let refused = field(&done.out.headers, "Authorization");
                let mut trace = Vec::new();
                let result = self
                    .log_in(reply, &errand, &spec.scopes, refused, &flight.clock, &mut trace)
                    .await;
                if !matches!(result, Ok(false)) {
                    let request = request_record(&done, &inner.redactor);
                    let response = response_record(reply, &inner.redactor);
                    let asked = flight.exchange(Purpose::Auth, Vec::new(), request, Some(response), None);
                    flight.before.push(asked);
                    flight.before.append(&mut trace);
                }
                match result {
                    Ok(true) => {
                        logged_in = true;
                        continue;
                    }
                    Ok(false) => {}
                    Err(error) => done.wire.error = Some(error),
                }
                return done;
            }
            match retry_after(reply, OffsetDateTime::now_utc()) {
                Some(wait) if spec.repeat && waits < WAITS && wait <= flight.clock.limits.patience => {
                    if wait >= flight.clock.left() {
                        return done;
                    }
                    waits += 1;
                    sleep(wait).await;
                }
                _ => return done,
            }
        }
    }

    /// Whether the login of the run goes with a request: only to the target itself, not where another host has sent us
    /// back to it, and only if the request does not settle the matter.
    fn speaks_for_us(&self, spec: &RequestSpec, leg: &Leg) -> bool {
        spec.auth == Auth::Auto
            && !leg.abroad
            && leg.place.origin == self.base().origin
            && field(&spec.headers, "Authorization").is_none()
            && !spec.omits("Authorization")
    }

    /// Adds the header fields that every request has, unless the request has or refuses them.
    pub(super) fn prepare(&self, spec: &RequestSpec, leg: &Leg) -> Outgoing {
        let options = &self.inner.options;
        let mut headers: Fields = spec.headers.clone();
        if leg.abroad {
            headers.retain(|(n, _)| !is_one_of(n, &["authorization", "proxy-authorization", "cookie"]));
        }
        if leg.body.is_empty() && !spec.body.is_empty() {
            // The redirect turned the request into a GET.
            headers.retain(|(n, _)| {
                !is_one_of(
                    n,
                    &[
                        "content-length",
                        "content-type",
                        "content-range",
                        "transfer-encoding",
                        "expect",
                    ],
                )
            });
        }
        let mut add = |name: &str, value: String| {
            if !spec.omits(name) && field(&headers, name).is_none() {
                headers.push((name.to_owned(), value.into_bytes()));
            }
        };
        add("User-Agent", options.user_agent.clone());
        add("Accept", "*/*".to_owned());
        let sized = leg
            .body
            .announced()
            .filter(|len| *len > 0 || is_one_of(&leg.method, &["POST", "PUT", "PATCH"]));
        if let Some(len) = sized.filter(|_| field(&spec.headers, "Transfer-Encoding").is_none()) {
            add("Content-Length", len.to_string());
        }
        if self.speaks_for_us(spec, leg) {
            let errand = || Errand::of(&leg.method, &leg.place.target, &spec.scopes);
            if let Some(value) = self.inner.logins.authorization(&options.login, errand) {
                // It may be so old that it was forgotten.
                if let Some(token) = value.strip_prefix("Bearer ") {
                    self.inner.redactor.learn_token(token);
                }
                add("Authorization", value);
            }
        }
        Outgoing {
            method: leg.method.clone(),
            place: leg.place.clone(),
            headers,
            body: leg.body.clone(),
            keep: spec.keep.unwrap_or(options.keep),
            max_body: spec.max_body,
            brief: spec.brief,
        }
    }
}

impl Inner {
    /// Sends once, over the transport that leaves the request as it is.
    async fn transmit(&self, spec: &RequestSpec, out: Outgoing, via: Via, clock: &Clock) -> Delivery {
        let large = match &out.body {
            Body::Empty => false,
            Body::Bytes(bytes) => bytes.len() > LARGE,
            // The pool keeps connections, and these are not to be kept.
            Body::Cut { .. } => return self.transmit_raw(spec, out, clock).await,
            Body::Chunked(_) | Body::Generated { .. } => true,
        };
        let risky = self.pool_breaks.load(Ordering::Relaxed)
            && !is_repeatable(&out.method, &out.place.target, !out.body.is_empty());
        // Proxies need not grant the tunnel that the raw transport asks for: behind one it is the last resort.
        let better_raw = (large || risky) && !self.dialer.proxied(&out.place.origin);
        let raw = via == Via::Raw || !spec.omit.is_empty() || better_raw;
        if via == Via::Kept && !raw && raw::fits(&out) && !self.dialer.proxied(&out.place.origin) {
            let wire = self.kept.send(&out, &self.dialer, clock).await;
            return Delivery {
                out,
                transport: Transport::Pooled,
                wire,
            };
        }
        let fitting = if raw { None } else { pooled::fit(&out) };
        let (transport, wire) = match fitting {
            Some(fitting) => (Transport::Pooled, self.pool.send(&out, fitting, clock).await),
            None => return self.transmit_raw(spec, out, clock).await,
        };
        Delivery { out, transport, wire }
    }

    async fn transmit_raw(&self, spec: &RequestSpec, mut out: Outgoing, clock: &Clock) -> Delivery {
        complete(&mut out, spec);
        let wire = raw::send(&out, &self.dialer, clock).await;
        Delivery {
            out,
            transport: Transport::Raw,
            wire,
        }
    }
}

/// Adds what the raw transport needs beside what every request has.
fn complete(out: &mut Outgoing, spec: &RequestSpec) {
    let wanted = |out: &Outgoing, name: &str| !spec.omits(name) && field(&out.headers, name).is_none();
    if wanted(out, "Host") {
        out.headers
            .insert(0, ("Host".to_owned(), out.place.origin.authority().into_bytes()));
    }
    if out.body.announced().is_none() && wanted(out, "Transfer-Encoding") && wanted(out, "Content-Length") {
        out.headers.push(("Transfer-Encoding".to_owned(), b"chunked".to_vec()));
    }
    if wanted(out, "Connection") {
        out.headers.push(("Connection".to_owned(), b"close".to_vec()));
    }
}

/// One request on its way through redirects.
pub(super) struct Leg {
    place: Place,
    method: String,
    body: Body,
    /// Whether a redirect has led away from the origin of the request, so that its secrets stay behind.
    abroad: bool,
}

impl Leg {
    pub fn first(spec: &RequestSpec, place: Place) -> Leg {
        Leg {
            place,
            method: spec.method.clone(),
            body: spec.body.clone(),
            abroad: false,
        }
    }

    /// The next leg, if the reply redirects: [RFC 9110 section 15.4](https://www.rfc-editor.org/rfc/rfc9110#section-15.4).
    fn redirected(&self, reply: &Reply, options: &Options, hops: usize) -> Result<Option<Leg>, TransportError> {
        let location = match (reply.status, reply.header("Location")) {
            (301 | 302 | 303 | 307 | 308, Some(location)) => escape(location).0,
            _ => return Ok(None),
        };
        if hops as u32 >= REDIRECTS {
            return Err(TransportError::RedirectLoop { limit: REDIRECTS });
        }
        let refused = |reason: String| TransportError::Redirect { reason };
        let place = resolve_location(&self.place.url(), &location, &[])
            .and_then(|url| Place::parse(&url))
            .map_err(|e| refused(format!("Location: {e}")))?;
        let (from, to) = (&self.place.origin, &place.origin);
        if from.scheme == Scheme::Https && to.scheme == Scheme::Http {
            return Err(refused(format!("it leads from https to {to}")));
        }
        if let Some(reason) = options.forbids(to) {
            return Err(refused(format!("it leads to {to}, and {reason}")));
        }
        let to_get = match reply.status {
            303 => self.method != "HEAD",
            301 | 302 => self.method == "POST",
            _ => false,
        };
        Ok(Some(Leg {
            abroad: self.abroad || from != to,
            method: if to_get { "GET".to_owned() } else { self.method.clone() },
            body: if to_get { Body::Empty } else { self.body.clone() },
            place,
        }))
    }
}

/// Whether an error of the connection may vanish on a fresh one, and a repetition cannot be mistaken for a second
/// request. The raw transport also shows what a reply looked like that the pooled one could not read.
fn worth_repeating(error: &TransportError, done: &Delivery, leg: &Leg) -> bool {
    let repeatable = is_repeatable(&leg.method, &leg.place.target, !leg.body.is_empty());
    match error {
        TransportError::Connect { .. } => true,
        TransportError::Reset { .. } | TransportError::BodyShort { .. } => repeatable,
        TransportError::MalformedResponse { .. } => repeatable && done.transport == Transport::Pooled,
        _ => false,
    }
}

/// Whether a registry that sees the request twice ends in the same state and answers alike. A deletion does not (404 the
/// second time), nor does the end of an upload.
pub fn is_repeatable(method: &str, target: &str, has_body: bool) -> bool {
    match method {
        "GET" | "HEAD" | "OPTIONS" => true,
        "PUT" => target.contains("/manifests/"),
        // What is uploaded in one request is named by its digest.
        "POST" => !has_body || target.contains("/blobs/uploads/?digest="),
        _ => false,
    }
}

/// How long the reply asks to wait, [RFC 9110 section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3).
fn retry_after(reply: &Reply, now: OffsetDateTime) -> Option<Duration> {
    // It may be left out (RFC 6585, section 4), and what is no time says nothing.
    let unsaid = match reply.status {
        408 => return Some(TIMED_OUT),
        429 => Some(UNSAID),
        503 => None,
        _ => return None,
    };
    let Some(Ok(value)) = reply.header("Retry-After").map(std::str::from_utf8) else {
        return unsaid;
    };
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than fit are more than anybody waits.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    match OffsetDateTime::parse(value, &Rfc2822) {
        Ok(time) => Some(Duration::try_from(time - now).unwrap_or_default()),
        Err(_) => unsaid,
    }
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|n| n.eq_ignore_ascii_case(name))
}
