//! What to say of a registry that a command cannot work with, and waiting for one that is about to be ready.
//!
//! Owns one more look at a target that was refused: whether it speaks the other of HTTP and TLS, or is too busy to be
//! asked. Judges nothing, and decides nothing but words.

use std::time::{Duration, Instant};

use super::{Exit, Failure};
use crate::client::{Answer, Client, Purpose, RequestSpec};
use crate::runner::Refusal;

/// The pause before a registry that does not answer yet is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// The pause before one that answers that it is busy is asked again, if it does not say how long.
const BUSY: Duration = Duration::from_secs(1);

/// How long the other look at a target may take.
const LOOK: Duration = Duration::from_secs(3);

/// The sentence for a target that was refused, from what a second look shows.
pub async fn refused(refusal: &Refusal, client: &Client) -> Failure {
    let seen = match refusal {
        Refusal::Unreachable { .. } => other_scheme(client).await,
        Refusal::NoRegistry { .. } => {
            let answer = ping(client, LOOK, false).await;
            match answer.status() {
                // So some answer who are spoken to without TLS.
                None | Some(400) => other_scheme(client).await,
                Some(_) => busy(&answer, client),
            }
        }
        // The registry is there; it is the name that is wrong, or the right to read it.
        Refusal::Content { .. } => return Failure::new(Exit::Usage, refusal),
        Refusal::Unanswered { .. } | Refusal::Login { .. } | Refusal::TokenService { .. } => None,
    };
    Failure::new(Exit::NoTarget, seen.unwrap_or_else(|| refusal.to_string()))
}

/// The sentence for a target that speaks the other of HTTP and TLS.
pub async fn other_scheme(client: &Client) -> Option<String> {
    let there = client.other_origin(LOOK).await?;
    let speaks = match there.is_secure() {
        true => "TLS, not plain HTTP",
        false => "plain HTTP, not TLS",
    };
    Some(format!(
        "cannot reach {}: it speaks {speaks}\n  write {there}",
        client.base()
    ))
}

/// The sentence for an answer to `GET /v2/` that says that there is something, which cannot serve us now.
pub fn busy(answer: &Answer, client: &Client) -> Option<String> {
    let status = answer.status()?;
    let (what, advice) = match status {
        429 => (
            "it limits how often it is asked",
            "`referee run --wait 5m` waits until it takes requests again; fewer --jobs ask less at once",
        ),
        502..=504 => (
            "it is not ready, or has too much to do",
            "`referee run --wait 60s` waits for a registry that is being started",
        ),
        500..=599 => ("it fails, or a proxy before it does", "its log says why"),
        _ => return None,
    };
    let name = hyper::StatusCode::from_u16(status).ok();
    let name = name.and_then(|status| status.canonical_reason()).unwrap_or_default();
    let after = answer.header("Retry-After");
    let after = after
        .map(|after| format!(" and Retry-After: {after}"))
        .unwrap_or_default();
    Some(format!(
        "{} cannot be judged now: GET /v2/ is answered with {status} {name}{after}, so {what}\n  {advice}",
        client.base()
    ))
}

/// Asks for `/v2/` until there is an answer from somebody who is ready, whatever it is, or the time is over: then the run
/// says what is wrong.
pub async fn until_it_answers(client: &Client, wait: Duration) {
    let until = Instant::now() + wait;
    loop {
        let answer = ping(client, until.saturating_duration_since(Instant::now()), true).await;
        let pause = match answer.status() {
            None => ASK_AGAIN,
            Some(429 | 502..=504) => {
                let seconds = answer.header("Retry-After").and_then(|value| value.trim().parse().ok());
                seconds.map_or(BUSY, |seconds| Duration::from_secs(seconds).max(ASK_AGAIN))
            }
            Some(_) => return,
        };
        // Who asks for a longer pause than there is time for is not asked again.
        if until.saturating_duration_since(Instant::now()) <= pause {
            return;
        }
        tokio::time::sleep(pause).await;
    }
}

async fn ping(client: &Client, total: Duration, repeat: bool) -> Answer {
    let mut request = RequestSpec::path("GET", "/v2/");
    request.purpose = Purpose::Probe;
    request.total = Some(total);
    request.repeat = repeat;
    client.send(request).await
}
