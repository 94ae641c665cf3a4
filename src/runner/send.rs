//! Putting a planned request on the wire, and asking for the pages of a list.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde_json::Value;
use tokio::sync::Semaphore;

use super::lost;
use super::pages::{has_entries, merge};
use super::{Env, Planned, PlannedBody};
use crate::case::{Busy, Capture, CaptureFrom, Redirects, SendAuth, Wire};
use crate::client::exchange::{MOST_VALUES, Phase};
use crate::client::{self, Answer, Purpose, RequestSpec, Target, TransportError, encode_query, resolve_location};
use crate::content::{Data, Scope, ScopeError};
use crate::expect;
use crate::oci::link::Links;

/// Pages that are followed at most, and bytes that they may have together.
const MOST_PAGES: usize = 1000;
const MOST_BYTES: u64 = 16 << 20;

/// Pages that are followed on a target one of whose lists had more than that: enough for every list of the suite, were each
/// entry a page.
const FEWER_PAGES: usize = 128;

/// Lists with more pages or bytes than these are read one at a time.
const SHORT_PAGES: usize = 32;
const SHORT_BYTES: u64 = 256 << 10;

/// What the cases of a run know of the target's lists.
#[derive(Debug)]
pub struct Lists {
    /// Whose turn it is to read a long one: what they hold together would be too much.
    turn: Semaphore,
    /// Whether one did not end.
    are_endless: AtomicBool,
    /// Whether one took longer than a request may.
    are_slow: AtomicBool,
}

impl Default for Lists {
    fn default() -> Self {
        Self {
            turn: Semaphore::new(1),
            are_endless: AtomicBool::new(false),
            are_slow: AtomicBool::new(false),
        }
    }
}

/// `Authorization` of nobody: the user and password are both `referee-nobody`.
const WRONG_CREDENTIALS: &str = "Basic cmVmZXJlZS1ub2JvZHk6cmVmZXJlZS1ub2JvZHk=";

/// What came of a request and of the pages that follow its answer.
pub struct Answers {
    /// The answers as they came.
    pub all: Vec<Answer>,
    /// The one that is judged: for a list the first with the elements of all pages, or the one that is no page, or that
    /// leads back to a page before it.
    pub judged: Answer,
    /// Where the judged one stands among all.
    pub at: usize,
    /// Whether the pages of a list do not lead to its end, as the judged one shows.
    pub astray: Option<Astray>,
}

/// A list whose links do not lead to its end.
#[derive(Debug, Clone, Copy)]
pub struct Astray {
    /// The member of the body that is the list.
    pub list: &'static str,
    /// Whether they lead back to a page before, and not to something that is no page.
    pub circles: bool,
}

impl Answers {
    fn one(answer: Answer) -> Self {
        Self {
            all: vec![answer.clone()],
            judged: answer,
            at: 0,
            astray: None,
        }
    }
}

/// Where the pages of a list end.
enum End {
    /// Where the target says so, or where enough was read.
    Reached,
    /// Before their end, which is not the target's doing.
    Cut(TransportError),
    /// Nowhere: the last of them leads back.
    Circle,
}

/// Sends a request and follows its pages.
pub async fn send(env: &Env, planned: &Planned, scope: &Scope, purpose: Purpose) -> Result<Answers, ScopeError> {
    if planned.token {
        return ask_for_token(env, planned, scope).await.map(Answers::one);
    }
    let first = env.client.send(spec(planned, scope, purpose)?).await;
    let Some(list) = planned.pages else {
        return Ok(Answers::one(first));
    };
    let mut all = vec![first];
    let mut failed = Vec::new();
    let end = follow(env, planned, scope, purpose, list, (&mut all, &mut failed)).await?;
    let circles = matches!(end, End::Circle);
    let (mut judged, at) = match all.last() {
        Some(last) if circles => (last.clone(), all.len() - 1),
        _ => merge(&all[0], &all[1..], list),
    };
    if let End::Cut(error) = end {
        // Nobody knows what the rest of the list has.
        judged.exchange.error = Some(error);
    }
    all.append(&mut failed);
    Ok(Answers {
        all,
        judged,
        at,
        astray: (circles || at > 0).then_some(Astray { list, circles }),
    })
}

/// Asks for the pages after the first, as long as there are any and they are not too many. A page that a gateway could not
/// ask for is asked for again: the list is not to blame, and with many pages there would be one such in every walk. What was
/// answered in its place is among the failed.
async fn follow(
    env: &Env,
    planned: &Planned,
    scope: &Scope,
    purpose: Purpose,
    list: &str,
    (answers, failed): (&mut Vec<Answer>, &mut Vec<Answer>),
) -> Result<End, ScopeError> {
    let (mut bytes, mut values) = (0, 0);
    let mut seen: HashSet<String> = answers.iter().map(|first| first.url.clone()).collect();
    let mut read: HashSet<String> = HashSet::new();
    let mut turn = None;
    // A list without an end shall not hold up the run for longer than any other request may.
    let mut until = Instant::now() + env.client.limits().total;
    while let Some(last) = answers.last() {
        bytes += last.body.len;
        values += last.body.most_values();
        let Some(next) = next_page(last) else {
            break;
        };
        // A page that comes again, be it under another URL, leads to the same pages as before.
        let is_known = !read.insert(last.body.sha256.clone()) && has_entries(last, list);
        if is_known || seen.contains(&next) {
            return Ok(End::Circle);
        }
        if turn.is_none() && (answers.len() >= SHORT_PAGES || bytes >= SHORT_BYTES) {
            let asked = Instant::now();
            turn = env.lists.turn.acquire().await.ok();
            // Where lists are that slow, what each waits for the others would add up.
            if !env.lists.are_slow.load(Ordering::Relaxed) {
                until += asked.elapsed();
            }
        }
        let most = match env.lists.are_endless.load(Ordering::Relaxed) {
            true => FEWER_PAGES,
            false => MOST_PAGES,
        };
        if answers.len() >= most {
            env.lists.are_endless.store(true, Ordering::Relaxed);
            break;
        }
        if bytes >= MOST_BYTES || values >= MOST_VALUES {
            return Ok(End::Cut(TransportError::TooLarge {
                what: "the list in all its pages".to_string(),
                limit: MOST_BYTES,
            }));
        }
        if Instant::now() >= until {
            env.lists.are_slow.store(true, Ordering::Relaxed);
            return Ok(End::Cut(TransportError::Timeout {
                phase: Phase::Read,
                limit_ms: env.client.limits().total.as_millis() as u64,
            }));
        }
        let is_abroad = !are_of_one_host(&next, &last.url);
        seen.insert(next.clone());
        let mut request = spec(planned, scope, purpose)?;
        request.target = Target::Url(next);
        let mut page = env.client.send(request.clone()).await;
        let mut times = 0;
        while let Some(pause) = lost::pause(times, &page).filter(|_| planned.busy == Busy::Wait) {
            times += 1;
            tokio::time::sleep(pause).await;
            failed.push(std::mem::replace(&mut page, env.client.send(request.clone()).await));
        }
        if is_abroad && page.status() != Some(200) && !env.client.is_anonymous() {
            // A list is not worth sending a login elsewhere.
            failed.push(page);
            let reason = "the list goes on at another host, to which the login of this run does not go".to_owned();
            return Ok(End::Cut(TransportError::Unsendable { reason }));
        }
        answers.push(page);
    }
    Ok(End::Reached)
}

/// What a capture keeps of an answer; nothing if the answer does not have it.
pub fn captured(capture: &Capture, answer: &Answer) -> Option<String> {
    let text = whole(&capture.from, answer)?;
    match &capture.find {
        Some(pattern) => expect::part(pattern, &text),
        None => Some(text),
    }
}

fn whole(from: &CaptureFrom, answer: &Answer) -> Option<String> {
    match from {
        CaptureFrom::Location => resolve_location(&answer.url, answer.header("Location")?, &[]).ok(),
        CaptureFrom::Header(name) => {
            let lines: Vec<&str> = answer.headers_all(name).collect();
            (!lines.is_empty()).then(|| lines.join(", "))
        }
        CaptureFrom::Link(rel) => link(answer, rel),
        CaptureFrom::Body => Some(String::from_utf8_lossy(&answer.body.bytes).into_owned()),
        CaptureFrom::Json(pointers) => {
            let document = answer.body.json()?;
            let is_there = |value: &&Value| !value.is_null() && value.as_str() != Some("");
            let mut found = pointers.iter().filter_map(|pointer| document.pointer(pointer));
            match found.clone().find(is_there).or_else(|| found.next())? {
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            }
        }
    }
}

async fn ask_for_token(env: &Env, planned: &Planned, scope: &Scope) -> Result<Answer, ScopeError> {
    let challenge = scope.text(&planned.target)?;
    let scopes = planned
        .query
        .iter()
        .map(|(_, value)| scope.text(value))
        .collect::<Result<_, _>>()?;
    let who = match planned.auth {
        SendAuth::Run => client::Asking::Login,
        SendAuth::Anonymous => client::Asking::Nobody,
        SendAuth::Wrong => client::Asking::As(WRONG_CREDENTIALS),
    };
    Ok(env.client.ask_for_token(&challenge, scopes, who).await)
}

fn spec(planned: &Planned, scope: &Scope, purpose: Purpose) -> Result<RequestSpec, ScopeError> {
    let mut target = scope.text(&planned.target)?;
    for (name, value) in &planned.query {
        target.push(if target.contains('?') { '&' } else { '?' });
        target.push_str(&format!("{}={}", encode_query(name), encode_query(&scope.text(value)?)));
    }
    let absolute = target.starts_with("http://") || target.starts_with("https://");
    let target = if absolute {
        Target::Url(target)
    } else {
        Target::Path(target)
    };
    let mut request = RequestSpec::new(planned.method.clone(), target);
    for (name, value) in &planned.headers {
        request.headers.push((name.clone(), scope.text(value)?.into_bytes()));
    }
    request.omit = planned.omit.clone();
    request.body = match &planned.body {
        PlannedBody::Empty => client::Body::Empty,
        PlannedBody::Sized(data, _) => body(data, false),
        PlannedBody::Streamed(data, _) => body(data, true),
        PlannedBody::Cut(data, sent, _) => client::Body::Cut {
            bytes: data.slice(0, *sent).pieces().flatten().collect(),
            announced: data.len(),
        },
        PlannedBody::Rest(data, after, _) => {
            let from = first_missing(&scope.text(after)?).min(data.len());
            if let Some(last) = data.len().checked_sub(1).filter(|last| from <= *last) {
                let place = format!("{from}-{last}");
                request.headers.push(("Content-Range".into(), place.into_bytes()));
            }
            body(&data.slice(from, data.len()), false)
        }
    };
    request.redirects = match planned.redirects {
        Redirects::Follow => client::Redirects::Follow,
        Redirects::Keep => client::Redirects::Keep,
    };
    request.repeat = planned.busy == Busy::Wait;
    request.via = match planned.wire {
        Wire::Auto => client::Via::Auto,
        Wire::Raw => client::Via::Raw,
    };
    match planned.auth {
        SendAuth::Run => {}
        SendAuth::Anonymous => request.auth = client::Auth::Anonymous,
        SendAuth::Wrong => {
            request.auth = client::Auth::Anonymous;
            request.headers.push(("Authorization".into(), WRONG_CREDENTIALS.into()));
        }
    }
    request.scopes = planned.scopes.clone();
    request.purpose = purpose;
    Ok(request)
}

fn body(data: &Data, chunked: bool) -> client::Body {
    match data {
        // What is only read is never sent.
        Data::Named { .. } => client::Body::Empty,
        Data::Bytes(bytes) if chunked => client::Body::Chunked(vec![bytes.clone()]),
        Data::Bytes(bytes) => client::Body::Bytes(bytes.clone()),
        Data::Generated { len, .. } => {
            let (len, data) = (*len, data.clone());
            client::Body::Generated {
                len,
                fill: Arc::new(move |from, buffer| data.fill(from, buffer)),
                chunked,
            }
        }
    }
}

/// The first byte after those that a `Range` field of an upload tells of; 0 if it tells of none.
fn first_missing(range: &str) -> u64 {
    let last = range.strip_prefix("0-").and_then(|last| last.parse::<u64>().ok());
    last.map_or(0, |last| last.saturating_add(1))
}

fn link(answer: &Answer, rel: &str) -> Option<String> {
    let text = answer.headers_all("Link").collect::<Vec<_>>().join(", ");
    let (links, _) = Links::tolerant(&text);
    resolve_location(&answer.url, links.find(rel)?.target(), &[]).ok()
}

/// The next page.
fn next_page(answer: &Answer) -> Option<String> {
    link(answer, "next").filter(|_| answer.status() == Some(200))
}

/// Whether two URLs are of one host and port.
fn are_of_one_host(one: &str, other: &str) -> bool {
    one.split('/').nth(2) == other.split('/').nth(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_goes_on_after_its_range() {
        let firsts = ["0-1023", "0-0", "0--1", "", "bytes=0-9"].map(first_missing);
        assert_eq!(firsts, [1024, 1, 0, 0, 0]);
    }
}
