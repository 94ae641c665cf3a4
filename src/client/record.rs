//! Keeping the record of a request: what was sent and what came back, turned into evidence.
//!
//! Owns the step from live values to an [`Exchange`], and with it the certainty that everything in one has been redacted.
//! Decides nothing.

use tokio::time::Instant;

use super::exchange::{
    Answer, BodyRecord, Exchange, Hop, Purpose, Received, Request, Response, Transport, TransportError, escape, escaped,
};
use super::redact::Redactor;
use super::request::RequestSpec;
use super::wire::{Clock, Outgoing, Reply, Wire};

/// A request that was sent, and what came of it.
pub(super) struct Delivery {
    pub out: Outgoing,
    pub transport: Transport,
    pub wire: Wire,
}

/// What is recorded while a request is under way.
pub(super) struct Flight {
    pub clock: Clock,
    started: Instant,
    started_ms: u64,
    pub attempts: u32,
    pub hops: Vec<Hop>,
    pub before: Vec<Exchange>,
    /// The request as it was sent already, in a row with others.
    pub first: Option<Delivery>,
}

impl Flight {
    pub fn new(run: Instant, clock: Clock) -> Flight {
        let started = Instant::now();
        let started_ms = started.saturating_duration_since(run).as_millis() as u64;
        Flight {
            clock,
            started,
            started_ms,
            attempts: 0,
            hops: Vec::new(),
            before: Vec::new(),
            first: None,
        }
    }

    /// The same for a request that was sent already, at the same time.
    pub fn with(&self, first: Delivery) -> Flight {
        Flight {
            started: self.started,
            started_ms: self.started_ms,
            first: Some(first),
            ..Flight::new(self.started, self.clock)
        }
    }

    /// Ends the request.
    pub fn answer(&mut self, spec: &RequestSpec, url: String, done: Delivery, redactor: &Redactor) -> Answer {
        let (request, response) = if spec.brief {
            (brief_request(&done), done.wire.reply.as_ref().map(brief_response))
        } else {
            let response = done.wire.reply.as_ref().map(|reply| response_record(reply, redactor));
            (request_record(&done, redactor), response)
        };
        let error = done.wire.error.map(|error| clean(error, redactor));
        let (headers, body) = match done.wire.reply {
            Some(reply) => (
                reply.headers.into_iter().map(|(n, v)| (n, escaped(v))).collect(),
                reply.body,
            ),
            None => (Vec::new(), Received::of(Vec::new())),
        };
        let hops = std::mem::take(&mut self.hops);
        let exchange = self.exchange(spec.purpose, hops, request, response, error);
        Answer {
            exchange,
            before: std::mem::take(&mut self.before),
            url,
            headers,
            body,
        }
    }

    /// Ends a request that never left.
    pub fn unsendable(&mut self, spec: &RequestSpec, url: &str, reason: String, redactor: &Redactor) -> Answer {
        let request = Request {
            method: spec.method.clone(),
            url: redactor.text(&escape(url.as_bytes()).0),
            headers: spec
                .headers
                .iter()
                .map(|(n, v)| (n.clone(), redactor.header(n, v)))
                .collect(),
            body: BodyRecord::empty(),
            transport: Transport::default(),
        };
        let error = clean(TransportError::Unsendable { reason }, redactor);
        let exchange = self.exchange(spec.purpose, Vec::new(), request, None, Some(error));
        Answer {
            exchange,
            before: Vec::new(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: Received::of(Vec::new()),
        }
    }

    /// The evidence of one exchange; `hops` led to it.
    pub fn exchange(
        &self,
        purpose: Purpose,
        hops: Vec<Hop>,
        request: Request,
        response: Option<Response>,
        error: Option<TransportError>,
    ) -> Exchange {
        Exchange {
            request,
            response,
            error,
            hops,
            started_ms: self.started_ms,
            elapsed_ms: self.started.elapsed().as_secs_f64() * 1000.0,
            attempts: self.attempts,
            purpose,
        }
    }
}

pub(super) fn request_record(done: &Delivery, redactor: &Redactor) -> Request {
    let Delivery { out, transport, wire } = done;
    Request {
        method: escape(out.method.as_bytes()).0,
        url: redactor.text(&escape(out.place.url().as_bytes()).0),
        headers: out
            .headers
            .iter()
            .map(|(n, v)| (escape(n.as_bytes()).0, redactor.header(n, v)))
            .collect(),
        body: wire.sent.record(redactor),
        transport: *transport,
    }
}

pub(super) fn response_record(reply: &Reply, redactor: &Redactor) -> Response {
    let Received { bytes, len, sha256, .. } = &reply.body;
    Response {
        status: reply.status,
        version: reply.version.clone(),
        reason: reply.reason.as_ref().map(|reason| redactor.text(reason)),
        headers: reply
            .headers
            .iter()
            .map(|(n, v)| (redactor.text(&escape(n.as_bytes()).0), redactor.header(n, v)))
            .collect(),
        body: BodyRecord::of_stream(*len, sha256.clone(), bytes, |text, cut| redactor.body(text, cut)),
        raw_head: reply.raw_head.as_ref().map(|head| redactor.start(&escape(head).0)),
        trailing: reply.trailing,
    }
}

fn brief_request(done: &Delivery) -> Request {
    Request {
        method: done.out.method.clone(),
        url: String::new(),
        headers: Vec::new(),
        body: BodyRecord::unknown(),
        transport: done.transport,
    }
}

fn brief_response(reply: &Reply) -> Response {
    Response {
        status: reply.status,
        version: reply.version.clone(),
        reason: None,
        headers: Vec::new(),
        body: BodyRecord::unknown(),
        raw_head: None,
        trailing: reply.trailing,
    }
}

/// An error may quote what the target wrote, a host in its `Location` among it.
fn clean(error: TransportError, redactor: &Redactor) -> TransportError {
    match error {
        TransportError::MalformedResponse { reason, head } => TransportError::MalformedResponse {
            reason: redactor.text(&reason),
            head: redactor.start(&head),
        },
        TransportError::Connect { host, reason } => TransportError::Connect {
            host: redactor.text(&host),
            reason: redactor.text(&reason),
        },
        TransportError::Tls { host, reason } => TransportError::Tls {
            host: redactor.text(&host),
            reason: redactor.text(&reason),
        },
        TransportError::Reset { reason, ended } => TransportError::Reset {
            reason: redactor.text(&reason),
            ended,
        },
        TransportError::Redirect { reason } => TransportError::Redirect {
            reason: redactor.text(&reason),
        },
        TransportError::Login { reason, refused } => TransportError::Login {
            reason: redactor.text(&reason),
            refused,
        },
        TransportError::Unsendable { reason } => TransportError::Unsendable {
            reason: redactor.text(&reason),
        },
        other @ (TransportError::Timeout { .. }
        | TransportError::BodyShort { .. }
        | TransportError::TooLarge { .. }
        | TransportError::RedirectLoop { .. }) => other,
    }
}
