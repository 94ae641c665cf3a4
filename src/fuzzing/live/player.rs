//! Sends the requests of one script, and judges every answer by what holds for all of them.
//!
//! What is done is kept in a log of [`Call`]s in the words of the case format, so that it can be written down as a case.

use std::collections::{BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;

use super::complaint::{complaint, endpoint, error_document, is_well_formed};
use super::death::ANY_ANSWER;
use super::palette::{PIECES, named_in};
use super::violation::{Oracle, Violation};
use crate::client::{Answer, Body, Client, RequestSpec, Target, TransportError, Via, encode_query, resolve_location};
use crate::oci::digest::{Algorithm, Digest};
use crate::oci::media_type;

/// How often an answer is looked for again that may come late, and how long is waited before each time.
pub const LATE: [Duration; 3] = [
    Duration::from_millis(20),
    Duration::from_millis(100),
    Duration::from_millis(400),
];

/// How long a request that is no HTTP may take.
const RAW: Duration = Duration::from_millis(700);

/// Response bytes kept and read at most.
const MOST_BODY: u64 = 32 << 20;

/// How many bits of a nonce are used.
const NONCE_BITS: u64 = 40;

/// Where a script is played: a repository, and what it holds already.
#[derive(Debug, Clone, Default)]
pub struct Room {
    /// The repository.
    pub repository: String,
    /// The pieces of the palette that are there.
    pub pieces: BTreeSet<usize>,
    /// Digests of manifests that were accepted.
    pub accepted: BTreeSet<String>,
    /// Digests of everything that was pushed.
    pub pushed: BTreeSet<String>,
}

impl Room {
    /// A repository with nothing in it.
    pub fn new(repository: String) -> Self {
        Self {
            repository,
            ..Self::default()
        }
    }
}

/// A request in the words of the case format.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Call {
    /// The method.
    pub method: String,
    /// The target as a template: `${repo}`, `${other}` for another repository, `${sN}` for the URL of upload N, and `${iN}`
    /// for the last part of its path.
    pub target: String,
    /// Query parameters that are appended.
    pub query: Vec<(String, String)>,
    /// The header fields.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Bytes>,
    /// Whether it is sent byte for byte on a connection of its own.
    pub raw: bool,
    /// The upload whose URL the answer gives.
    pub opens: Option<usize>,
}

impl Call {
    /// A request without anything.
    pub fn new(method: &str, target: impl Into<String>) -> Self {
        Self {
            method: method.to_owned(),
            target: target.into(),
            ..Self::default()
        }
    }

    /// The same with a header field.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The same with a body.
    pub fn body(mut self, bytes: impl Into<Bytes>) -> Self {
        self.body = Some(bytes.into());
        self
    }
}

/// A call and what came of it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The call.
    pub call: Call,
    /// The status, if there was an answer.
    pub status: Option<u16>,
    /// The request as a command line.
    pub curl: String,
}

/// How a script is played.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// What makes manifests unlike those of all other scripts.
    pub nonce: Option<u64>,
    /// Whether it is looked again for what may come late, and command lines are kept: for a script that is played alone.
    pub patient: bool,
}

/// What came of a script.
#[derive(Debug, Clone, Default)]
pub struct Played {
    /// What was sent.
    pub log: Vec<Entry>,
    /// What was found.
    pub violations: Vec<Violation>,
    /// What was seen, each a number that stands for a class of answers.
    pub features: BTreeSet<u64>,
    /// The pieces of the palette that were needed.
    pub pieces: BTreeSet<usize>,
    /// How many requests were sent, those that put pieces in place included.
    pub requests: u64,
    /// How many bytes of bodies were sent.
    pub bytes: u64,
    /// Whether the registry asked to be left alone, so that nothing is known.
    pub put_off: bool,
    /// How many manifests were accepted, and how many pushed.
    pub accepted: (u64, u64),
    /// How many manifests were refused since one was accepted.
    pub refused_since: u64,
    /// How many answers led to another machine, where nothing may be sent.
    pub astray: u64,
    /// How many accepted manifests break a rule of the image specification, by the rule.
    pub lenient: Vec<String>,
    /// The slowest answer, in milliseconds.
    pub slowest_ms: f64,
}

/// The status of an answer, in words.
pub fn status(answer: &Answer) -> String {
    answer
        .status()
        .map_or_else(|| "none".to_owned(), |status| status.to_string())
}

/// Plays a script.
pub struct Player<'a> {
    client: &'a Client,
    /// Where.
    pub room: &'a mut Room,
    /// How.
    pub manner: Manner,
    /// What came of it so far.
    pub played: Played,
    /// The URLs of uploads.
    pub sessions: Vec<Option<String>>,
    /// Numbers tags.
    pub tags: u64,
    /// Calls that were sent before they are made, with their answers.
    ahead: VecDeque<(Call, Answer)>,
}

impl<'a> Player<'a> {
    /// Ready to play.
    pub fn new(client: &'a Client, room: &'a mut Room, manner: Manner) -> Self {
        Self {
            client,
            room,
            manner,
            played: Played::default(),
            sessions: Vec::new(),
            tags: 0,
            ahead: VecDeque::new(),
        }
    }

    /// Sends calls in one go that are made next, in this order. Not where it is looked again for what comes late: there
    /// each waits for the one before.
    pub async fn send_ahead<const N: usize>(&mut self, calls: [Call; N]) {
        if self.manner.patient {
            return;
        }
        let requests: Vec<RequestSpec> = calls.iter().map(|call| self.made_ready(self.request(call))).collect();
        for request in &requests {
            self.count(request);
        }
        let answers = self.client.send_row(requests).await;
        for answer in &answers {
            self.played.slowest_ms = self.played.slowest_ms.max(answer.exchange.elapsed_ms);
        }
        self.ahead = calls.into_iter().zip(answers).collect();
    }

    /// Forgets what was sent ahead and turned out not to be needed.
    pub fn forget_ahead(&mut self) {
        self.ahead.clear();
    }

    /// A tag that no other script uses.
    pub fn fresh_tag(&mut self) -> String {
        self.tags += 1;
        match self.manner.nonce {
            Some(nonce) => format!("t{nonce}-{}", self.tags),
            None => format!("t{}", self.tags),
        }
    }

    /// The bytes as nobody has pushed them here, with their digest: white space at the end changes that and nothing else.
    pub fn unlike_others(&mut self, bytes: &[u8]) -> (Bytes, String) {
        let mut longer = Vec::with_capacity(bytes.len() + 1 + NONCE_BITS as usize);
        longer.extend_from_slice(bytes);
        let mut bytes = longer;
        if let Some(nonce) = self.manner.nonce {
            bytes.push(b'\n');
            bytes.extend((0..NONCE_BITS).map(|bit| if nonce >> bit & 1 == 1 { b'\t' } else { b' ' }));
        }
        let mut digest = sha256(&bytes);
        while !self.room.pushed.insert(digest.clone()) {
            bytes.push(b' ');
            digest = sha256(&bytes);
        }
        (bytes.into(), digest)
    }

    /// Puts the pieces in place that a document names.
    pub async fn provide(&mut self, document: &[u8]) {
        for at in named_in(document) {
            self.played.pieces.insert(at);
            if !self.room.pieces.insert(at) {
                continue;
            }
            let piece = &PIECES[at];
            let repository = self.room.repository.clone();
            if piece.is_manifest {
                let path = format!("/v2/{repository}/manifests/{}", piece.digest);
                let request = RequestSpec::path("PUT", path).header("Content-Type", piece.media_type);
                self.transmit(request.body(piece.text.as_bytes())).await;
                self.room.accepted.insert(piece.digest.to_string());
                continue;
            }
            let opened = self
                .transmit(RequestSpec::path("POST", format!("/v2/{repository}/blobs/uploads/")))
                .await;
            let digest = piece.digest.as_str();
            let location = opened
                .header("Location")
                .and_then(|location| resolve_location(&opened.url, location, &[("digest", digest)]).ok());
            if let Some(location) = location {
                let request = RequestSpec::new("PUT", Target::Url(location))
                    .header("Content-Type", "application/octet-stream")
                    .body(piece.text.as_bytes());
                self.transmit(request).await;
            }
        }
    }

    /// Sends a call, writes it down and judges what holds for every answer.
    pub async fn call(&mut self, call: Call) -> Answer {
        self.call_unless(call, false).await
    }

    /// Sends a call that a server need not understand.
    pub async fn call_unjudged(&mut self, call: Call) -> Answer {
        self.call_unless(call, true).await
    }

    async fn call_unless(&mut self, call: Call, unjudged: bool) -> Answer {
        let answer = match self.ahead.pop_front() {
            Some((ahead, answer)) if ahead == call => answer,
            _ => {
                self.forget_ahead();
                self.transmit(self.request(&call)).await
            }
        };
        if let Some(session) = call.opens {
            let location = answer.header("Location");
            let location = location.and_then(|location| resolve_location(&answer.url, location, &[]).ok());
            if self.sessions.len() <= session {
                self.sessions.resize(session + 1, None);
            }
            match location {
                Some(url) if self.client.leads_away(&url) => self.played.astray += 1,
                Some(url) => self.sessions[session] = Some(url),
                None => {}
            }
        }
        self.played.log.push(Entry {
            status: answer.status(),
            curl: if self.manner.patient {
                answer.exchange.curl()
            } else {
                String::new()
            },
            call,
        });
        if matches!(answer.status(), Some(429 | 503)) && answer.header("Retry-After").is_some() {
            self.played.put_off = true;
        } else if !unjudged {
            self.judge(&answer);
        }
        answer
    }

    /// Goes on to another page of a list.
    pub async fn follow(&mut self, url: String) -> Answer {
        self.transmit(RequestSpec::new("GET", Target::Url(url))).await
    }

    /// Sends a call until an answer satisfies, as long as it may come late.
    pub async fn call_until(&mut self, call: Call, satisfies: impl Fn(&Answer) -> bool) -> Answer {
        let mut answer = self.call(call.clone()).await;
        for wait in LATE {
            if satisfies(&answer) || self.played.put_off || !self.manner.patient {
                break;
            }
            tokio::time::sleep(wait).await;
            self.take_back();
            answer = self.call(call.clone()).await;
        }
        answer
    }

    /// Forgets the last call, whose place a repetition takes.
    pub fn take_back(&mut self) {
        self.played.log.pop();
        let place = self.played.log.len();
        self.played.violations.retain(|violation| violation.call != place);
    }

    /// Writes down that the last answer shows something.
    pub fn accuse(&mut self, oracle: Oracle, answer: &Answer, matcher: impl Into<String>, seen: impl Into<String>) {
        if self.played.put_off {
            return;
        }
        let Some(entry) = self.played.log.last() else { return };
        let status = status(answer);
        let before = self
            .played
            .log
            .len()
            .checked_sub(2)
            .and_then(|at| self.played.log.get(at));
        let cause = match oracle {
            // What went wrong before says more of the cause than the request that shows it.
            Oracle::RefusedStored | Oracle::RefusedTagged => before.and_then(|entry| entry.status),
            _ => None,
        };
        let signature = format!(
            "{oracle} {} {} {status} {} {}",
            entry.call.method,
            endpoint(&entry.call.target),
            cause.map(|cause| cause.to_string()).unwrap_or_default(),
            complaint(error_document(answer).as_ref(), &entry.call.headers),
        );
        let redactor = self.client.redactor();
        self.played.violations.push(Violation {
            oracle,
            call: self.played.log.len() - 1,
            matcher: matcher.into(),
            seen: redactor.text(&seen.into()),
            signature: redactor.text(signature.trim_end()),
        });
    }

    /// Notes a class of answers that was seen.
    pub fn note(&mut self, feature: impl std::hash::Hash) {
        let mut hasher = DefaultHasher::new();
        feature.hash(&mut hasher);
        self.played.features.insert(hasher.finish());
    }

    fn request(&self, call: &Call) -> RequestSpec {
        let repository = &self.room.repository;
        let mut target = call.target.replace("${repo}", repository);
        if target.contains("${other}") {
            target = target.replace("${other}", &format!("{repository}-other"));
        }
        let session = target
            .strip_prefix("${s")
            .and_then(|rest| rest.split('}').next()?.parse::<usize>().ok());
        if let Some(session) = session {
            target = self
                .sessions
                .get(session)
                .cloned()
                .flatten()
                .unwrap_or_else(|| "/v2/none".to_owned());
        } else if let Some((before, number)) = target.split_once("${i") {
            let session = number.strip_suffix('}').and_then(|number| number.parse::<usize>().ok());
            let location = session.and_then(|session| self.sessions.get(session)?.as_deref());
            let name = location
                .and_then(|location| location.rsplit('/').next())
                .unwrap_or("none");
            target = format!("{before}{name}");
        }
        for (name, value) in &call.query {
            target.push(if target.contains('?') { '&' } else { '?' });
            target.push_str(&format!("{name}={}", encode_query(value)));
        }
        let is_url = target.starts_with("http://") || target.starts_with("https://");
        let target = if is_url {
            Target::Url(target)
        } else {
            Target::Path(target)
        };
        let mut request = RequestSpec::new(call.method.clone(), target);
        request.headers = call
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), value.clone().into_bytes()))
            .collect();
        if let Some(body) = &call.body {
            request.body = Body::Bytes(body.clone());
        }
        if call.raw {
            request.via = Via::Raw;
            // A server may wait for more than there is.
            request.total = Some(RAW);
        }
        request
    }

    async fn transmit(&mut self, request: RequestSpec) -> Answer {
        let request = self.made_ready(request);
        self.count(&request);
        let answer = self.client.send(request).await;
        self.played.slowest_ms = self.played.slowest_ms.max(answer.exchange.elapsed_ms);
        answer
    }

    fn made_ready(&self, mut request: RequestSpec) -> RequestSpec {
        request.max_body = Some(MOST_BODY);
        request.brief = !self.manner.patient;
        if request.via == Via::Auto {
            request.via = Via::Kept;
        }
        request
    }

    fn count(&mut self, request: &RequestSpec) {
        if let Body::Bytes(bytes) = &request.body {
            self.played.bytes += bytes.len() as u64;
        }
        self.played.requests += 1;
    }

    /// What holds for every answer: there is one, it is HTTP, the registry did not fail, and an error says so in its form.
    fn judge(&mut self, answer: &Answer) {
        let ok = "{not: {status: 5xx}}";
        match answer.error() {
            None => {}
            Some(TransportError::Timeout { .. }) => self.accuse(Oracle::Hang, answer, ok, "no answer in time"),
            Some(error @ (TransportError::Reset { .. } | TransportError::BodyShort { .. })) => {
                let seen = error.to_string();
                self.accuse(Oracle::Lost, answer, ANY_ANSWER, seen);
            }
            Some(error @ TransportError::MalformedResponse { .. }) => {
                let seen = error.to_string();
                self.accuse(Oracle::Garbled, answer, ok, seen);
            }
            Some(TransportError::Redirect { .. }) => {
                self.played.astray += 1;
                self.played.put_off = true;
            }
            // No connection: the campaign looks after that. Anything else is about this tool or its network.
            Some(_) => self.played.put_off = true,
        }
        let Some(status) = answer.status().filter(|_| answer.error().is_none()) else {
            return;
        };
        let call = self
            .played
            .log
            .last()
            .map(|entry| (entry.call.method.clone(), endpoint(&entry.call.target)));
        let names: Vec<&str> = {
            let mut names: Vec<&str> = answer.headers.iter().map(|(name, _)| name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            names
        };
        let slow = match answer.exchange.elapsed_ms {
            ms if ms < 250.0 => 0,
            ms if ms < 2000.0 => 1,
            _ => 2,
        };
        let document = error_document(answer);
        let complaint = complaint(document.as_ref(), &[]);
        let mut hasher = DefaultHasher::new();
        (call, status, names, slow, &complaint).hash(&mut hasher);
        self.played.features.insert(hasher.finish());

        // 501 and 505 say that a request is beyond the server, not that the server broke.
        if status >= 500 && !matches!(status, 501 | 505 | 507) {
            self.accuse(Oracle::ServerError, answer, ok, format!("{status} {}", preview(answer)));
        } else if (400..500).contains(&status) && document.is_some_and(|document| !is_well_formed(&document)) {
            let matcher = r#"{json: {/errors: {type: array, every: {/code: {type: string}}}}}"#;
            self.accuse(Oracle::ErrorBody, answer, matcher, preview(answer));
        }
    }
}

/// The value of `Accept` with every type of a manifest: what a client sends that takes anything.
pub fn any_manifest() -> &'static str {
    static TYPES: LazyLock<String> = LazyLock::new(|| {
        [
            media_type::OCI_MANIFEST,
            media_type::OCI_INDEX,
            media_type::DOCKER_MANIFEST,
            media_type::DOCKER_LIST,
            media_type::ORAS_ARTIFACT,
            media_type::OCI_ARTIFACT_WITHDRAWN,
            "*/*",
        ]
        .join(", ")
    });
    &TYPES
}

/// The digest of some bytes, as a registry makes it.
pub fn sha256(bytes: &[u8]) -> String {
    Digest::of(Algorithm::Sha256, bytes).to_string()
}

/// The start of a body, for people.
pub fn preview(answer: &Answer) -> String {
    let text = String::from_utf8_lossy(&answer.body.bytes);
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(160)
        .collect();
    line.trim().to_owned()
}
