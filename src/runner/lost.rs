//! Requests that get no answer, or none that is whole: whether the network failed, or the registry does not answer this one.
//!
//! A lost connection says nothing of the registry. One that is lost whenever the same request is sent, on fresh
//! connections, while the registry answers `GET /v2/` in between and afterwards, does: its handler gave up, or announces
//! more than it sends.

use tokio::time::{Duration, sleep};

use super::Env;
use super::expand::Planned;
use super::send::{self, Answers, Astray};
use crate::case::Busy;
use crate::client::exchange::Transport;
use crate::client::{Answer, Purpose, RequestSpec, Target, TransportError, Via, is_repeatable};
use crate::content::{Scope, ScopeError};

/// What came of a request.
pub struct Sent {
    /// All answers, in order.
    pub answers: Vec<Answer>,
    /// The one that is judged.
    pub judged: Answer,
    /// Where it stands among the answers, or of an answer that never comes the first.
    pub at: usize,
    /// Whether the pages of a list do not lead to its end, as the judged one shows.
    pub astray: Option<Astray>,
    /// Whether it is the registry's doing that there is no answer, or only the start of one, as the last answers show.
    pub unanswered: bool,
}

/// A request that is longer may be refused before it is read, and the refusal lost with the connection.
const SHORT: usize = 4096;

/// How long it is waited before a request is sent again that nobody took.
const PAUSE: Duration = Duration::from_millis(100);

/// How long it is waited before many requests are sent again, of which one met a failure.
pub const LONGER_PAUSE: Duration = Duration::from_millis(200);

/// Whether a gateway had no registry to ask, or an overloaded server did not say when to come back.
pub fn is_out_of_order(answer: &Answer) -> bool {
    matches!(answer.status(), Some(502..=504)) && answer.header("Retry-After").is_none()
}

/// How long it is waited before the request of this answer is sent again, after so many times; nothing if it need not be.
/// Whoever is overloaded gets the longer pauses.
pub fn pause(times: u32, answer: &Answer) -> Option<Duration> {
    let most = match answer.status() {
        Some(503) => 4,
        _ => 2,
    };
    (is_out_of_order(answer) && times < most).then(|| PAUSE * 2_u32.pow(times))
}

/// Whether a registry failed in a way that may be a moment's.
pub fn may_be_a_moments(status: Option<u16>) -> bool {
    matches!(status, Some(500 | 502..=504))
}

/// Whether the request of this answer can be sent again.
pub fn can_be_repeated(answer: &Answer) -> bool {
    let request = &answer.exchange.request;
    is_repeatable(&request.method, &request.url, request.body.len > 0)
}

/// Sends a request, and if the connection is lost finds out whether that is the registry's doing.
pub async fn send(env: &Env, planned: &Planned, scope: &Scope, purpose: Purpose) -> Result<Sent, ScopeError> {
    let Answers {
        all: mut answers,
        mut judged,
        mut at,
        mut astray,
    } = send::send(env, planned, scope, purpose).await?;
    let mut unanswered = false;
    // What stands before a registry may be without one for a moment, which is held against it, but not against what this request
    // is about.
    let mut times = 0;
    while let Some(pause) = pause(times, &judged).filter(|_| planned.busy == Busy::Wait && can_be_repeated(&judged)) {
        times += 1;
        sleep(pause).await;
        let again = send::send(env, planned, scope, purpose).await?;
        at = answers.len() + again.at;
        answers.extend(again.all);
        (judged, astray) = (again.judged, again.astray);
    }
    // A request that was lost has been repeated by the client, the last time on a fresh connection.
    if is_lost(&judged) && judged.exchange.attempts > 1 || is_no_answer(&judged) {
        let between = ping(env, purpose).await;
        let is_there = is_answered(&between);
        answers.push(between);
        if is_there {
            let again = send::send(env, planned, scope, purpose).await?;
            let before = answers.len();
            answers.extend(again.all);
            (judged, astray) = (again.judged, again.astray);
            if is_lost(&judged) || is_no_answer(&judged) {
                let after = ping(env, purpose).await;
                unanswered = is_answered(&after);
                answers.push(after);
            } else {
                at = before + again.at;
            }
        }
    }
    Ok(Sent {
        answers,
        judged,
        at,
        astray,
        unanswered,
    })
}

/// Whether the connection to the registry itself was closed without an answer. A refusal that comes before the whole
/// request was read can be lost with the connection, so only short requests count, and such with a body only if the
/// registry had read all of it; behind a proxy it may be the proxy that closes.
fn is_lost(answer: &Answer) -> bool {
    let exchange = &answer.exchange;
    let request = &exchange.request;
    let head = |(name, value): &(String, String)| name.len() + value.len();
    let is_whole = match exchange.error {
        Some(TransportError::Reset { ended, .. }) => ended || request.body.len == 0,
        _ => false,
    };
    let length = request.url.len() + request.headers.iter().map(head).sum::<usize>() + request.body.len as usize;
    exchange.response.is_none()
        && exchange.hops.is_empty()
        && is_whole
        && request.transport == Transport::Raw
        && length < SHORT
}

/// Whether the registry itself began an answer that has an end, and closed the connection before it; or whether what came
/// is no HTTP, such as a header with a zero byte in it. Only of a request that can be sent again: the second answer to a
/// deletion or to the end of an upload is another one.
fn is_no_answer(answer: &Answer) -> bool {
    let exchange = &answer.exchange;
    let request = &exchange.request;
    let is_none = match exchange.error {
        Some(TransportError::BodyShort { .. }) => exchange.response.is_some() && request.body.len == 0,
        Some(TransportError::MalformedResponse { .. }) => request.transport == Transport::Raw,
        _ => false,
    };
    is_none && exchange.hops.is_empty() && can_be_repeated(answer)
}

fn is_answered(answer: &Answer) -> bool {
    answer.error().is_none() && answer.status().is_some_and(|status| status < 500)
}

async fn ping(env: &Env, purpose: Purpose) -> Answer {
    let mut request = RequestSpec::new("GET", Target::Path("/v2/".to_owned()));
    request.via = Via::Raw;
    request.purpose = purpose;
    env.client.send(request).await
}
