//! Requests in a row: sent one behind another on one connection, without waiting for the answers in between
//! ([RFC 9112 section 9.3.2](https://www.rfc-editor.org/rfc/rfc9112#section-9.3.2)).
//!
//! Owns when that may be done, and what becomes of a row that does not come to its end. A server may close a connection
//! after any answer; what was not answered then is sent again, alone, as if there had been no row.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::join_all;

use super::exchange::{Answer, Transport, TransportError};
use super::raw;
use super::record::{Delivery, Flight};
use super::request::{RequestSpec, Via};
use super::send::{Client, Leg};
use super::wire::Clock;

/// How well rows fare with this target. Each that breaks weighs as much as so many that do not; from so much on there are no
/// more.
#[derive(Default)]
pub(super) struct Rows {
    trouble: AtomicU32,
}

const BREAKS: u32 = 16;
const TOO_MUCH: u32 = 64;

impl Rows {
    fn may_be_sent(&self) -> bool {
        self.trouble.load(Ordering::Relaxed) < TOO_MUCH
    }

    fn note(&self, is_whole: bool) {
        let change = |trouble: u32| match is_whole {
            true => trouble.saturating_sub(1),
            false => trouble.saturating_add(BREAKS),
        };
        let _ = self
            .trouble
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |trouble| Some(change(trouble)));
    }
}

impl Client {
    /// Sends requests of which none needs the answer to another, in this order, and reads all answers. Where it can be
    /// done, all of them are on their way before the first answer is there. Each answer is what [`Client::send`] would have
    /// given, but that its time includes the answers before it.
    pub async fn send_row(&self, specs: Vec<RequestSpec>) -> Vec<Answer> {
        let Some(clock) = specs.first().map(|spec| self.clock(spec)) else {
            return Vec::new();
        };
        let row = Flight::new(self.inner.started, clock);
        let mut delivered = self.deliver_row(&specs, &clock).await;
        let mut answers = Vec::with_capacity(specs.len());
        for spec in &specs {
            let mut flight = match delivered.pop_front() {
                Some(first) => row.with(first),
                // Alone, it has time of its own.
                None => Flight::new(self.inner.started, self.clock(spec)),
            };
            let answer = self.fly(spec, &mut flight).await;
            // Had it been sent alone, those behind it would have come after all that.
            let was_all = answer.exchange.attempts == 1 && answer.exchange.hops.is_empty() && answer.error().is_none();
            if !was_all {
                delivered.clear();
            }
            answers.push(answer);
        }
        answers
    }

    /// Sends requests that have nothing to do with each other, and reads all answers, in the order of the requests: in a row
    /// where that can be done, and otherwise at once.
    pub async fn send_all(&self, specs: Vec<RequestSpec>) -> Vec<Answer> {
        let Some(clock) = specs.first().map(|spec| self.clock(spec)) else {
            return Vec::new();
        };
        let started = self.inner.started;
        let row = Flight::new(started, clock);
        let mut delivered = self.deliver_row(&specs, &clock).await;
        let flights = specs.iter().map(|spec| {
            let mut flight = match delivered.pop_front() {
                Some(first) => row.with(first),
                None => Flight::new(started, self.clock(spec)),
            };
            async move { self.fly(spec, &mut flight).await }
        });
        join_all(flights).await
    }

    /// What came of a row, up to where it broke. Nothing, if the requests are to be sent alone.
    async fn deliver_row(&self, specs: &[RequestSpec], clock: &Clock) -> VecDeque<Delivery> {
        let inner = &*self.inner;
        let origin = &self.base().origin;
        let alone = VecDeque::new;
        if specs.len() < 2 || !inner.rows.may_be_sent() || inner.dialer.proxied(origin) {
            return alone();
        }
        let mut row = Vec::with_capacity(specs.len());
        for spec in specs {
            let Ok(place) = self.place(spec) else { return alone() };
            let out = self.prepare(spec, &Leg::first(spec, place));
            let is_fit =
                spec.via == Via::Kept && spec.omit.is_empty() && out.place.origin == *origin && raw::fits(&out);
            if !is_fit {
                return alone();
            }
            row.push(out);
        }
        let mut wires = inner.kept.send_row(&row, &inner.dialer, clock).await;
        let is_broken = wires.len() < row.len() || wires.iter().any(|wire| wire.error.is_some());
        inner.rows.note(!is_broken);
        // What came of the first is as good as if it had been sent alone. Those behind it are sent again; that one of them
        // lost the connection is remembered where that is so, for it may turn out to be the end of the registry.
        let broken = wires.iter().skip(1).position(|wire| wire.error.is_some());
        if let Some(broken) = broken.map(|behind| behind + 1) {
            let is_cut = matches!(wires[broken].error, Some(TransportError::Reset { .. }));
            if !(is_cut && specs[broken].repeat) {
                inner.sent.count(specs[broken].purpose);
                wires.truncate(broken);
            }
        }
        let deliveries = row.into_iter().zip(wires).map(|(out, wire)| Delivery {
            out,
            transport: Transport::Pooled,
            wire,
        });
        deliveries.collect()
    }
}
