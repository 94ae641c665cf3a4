//! The negative control: is there a registry at all?
//!
//! A target that answers the same to everything, or with web pages, or not at all, is refused before any case runs, so
//! that a wrong address never looks like a registry full of faults, nor like a good one.

use std::time::Duration;

use super::{Env, isolate::short_hash};
use crate::client::{Answer, Client, Purpose, RequestSpec, TransportError};
use crate::outcome::CapabilityOutcome;

/// The capability of registries that take content.
pub const PUSH: &str = "push";

/// Why a target cannot be judged; the sentence says what was seen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No answer.
    #[error("cannot reach {url}: {reason}\n  check the address, the port, and whether it speaks http or https")]
    Unreachable {
        /// The address.
        url: String,
        /// What happened.
        reason: String,
    },
    /// It answered, and then it did not.
    #[error(
        "{url} answered at first, but not to {request}: {reason}\n  try again, with a longer --timeout if it is slow"
    )]
    Unanswered {
        /// The address.
        url: String,
        /// Method and path.
        request: String,
        /// What happened.
        reason: String,
    },
    /// The login failed.
    #[error(
        "cannot log in to {url}: {reason}\n  give --username and --password-stdin, or log in with a docker-compatible client first"
    )]
    Login {
        /// The address.
        url: String,
        /// What was seen.
        reason: String,
    },
    /// The login was not refused, but could not take place.
    #[error(
        "cannot log in to {url}: {reason}\n  the registry names its token service in WWW-Authenticate (realm): check that address, and that the service runs"
    )]
    TokenService {
        /// The address.
        url: String,
        /// What was seen.
        reason: String,
    },
    /// What the run is to read is not there.
    #[error("there is nothing to read at {url}: {what} {seen}")]
    Content {
        /// The content, or where it was sought.
        what: String,
        /// The address.
        url: String,
        /// What was seen.
        seen: String,
    },
    /// There is something, but it is no registry.
    #[error(
        "there is no registry at {url}: {seen}\n  a registry answers GET /v2/ with 200, or with 401 and a challenge"
    )]
    NoRegistry {
        /// The address.
        url: String,
        /// What was seen.
        seen: String,
    },
}

/// What is known of a target after the control.
#[derive(Debug, Clone, Default)]
pub struct Greeting {
    /// Its `Server` header.
    pub server: Option<String>,
    /// What is odd about it, without being a reason to refuse it.
    pub notes: Vec<String>,
    /// How long an answer to a small request took, at best.
    pub round_trip: Duration,
}

/// Asks for `/v2/` and for content that cannot exist.
pub async fn check(client: &Client, seed: u64, url: &str) -> Result<Greeting, Refusal> {
    let ping = get(client, "/v2/").await;
    refuse_without_answer(&ping, url)?;
    let status = ping.status().unwrap_or_default();
    if status == 401 || status == 403 {
        let whom = match client.is_anonymous() {
            true => "who comes without credentials",
            false => "the credentials in use",
        };
        let reason = format!("GET /v2/ answers {status} to {whom}");
        return Err(Refusal::Login {
            url: url.to_string(),
            reason,
        });
    }
    let nonce = short_hash(&format!("{}{url}", seed));
    let absent = get(client, &format!("/v2/referee-control/{nonce}/manifests/{nonce}")).await;
    refuse_unanswered(&absent, url)?;
    if absent.status() == Some(200) {
        let seen = format!(
            "a manifest that cannot exist is answered with {} and {}, so every answer says the same",
            absent.status().unwrap_or_default(),
            kind_of(client, &absent)
        );
        return Err(Refusal::NoRegistry {
            url: url.to_string(),
            seen,
        });
    }
    let mut notes = Vec::new();
    if status != 200 || is_page(&ping) {
        if !speaks_registry(&ping) && !speaks_registry(&absent) {
            let seen = format!("GET /v2/ answers {status} with {}", kind_of(client, &ping));
            return Err(Refusal::NoRegistry {
                url: url.to_string(),
                seen,
            });
        }
        notes.push(format!(
            "GET /v2/ answers {status}, yet other answers are those of a registry"
        ));
    }
    let fastest = ping.exchange.elapsed_ms.min(absent.exchange.elapsed_ms);
    Ok(Greeting {
        server: ping.header("Server").map(|value| client.redactor().text(value)),
        notes,
        round_trip: Duration::try_from_secs_f64(fastest / 1000.0).unwrap_or_default(),
    })
}

/// A registry that lets anybody in, but wants to know who pushes, is not at fault if nobody logged in.
///
/// # Errors
/// If a run without credentials has cases that push, and the probe for that was answered with 401.
pub fn check_login(env: &Env, cases: &[usize], probed: &[CapabilityOutcome], url: &str) -> Result<(), Refusal> {
    let pushes = |index: &usize| env.suite.cases[*index].needs.iter().any(|need| need == PUSH);
    let seen = probed.iter().find(|capability| capability.name == PUSH);
    let status = seen.and_then(|capability| capability.evidence.as_ref()?.status());
    if status == Some(401) && env.client.is_anonymous() && cases.iter().any(pushes) {
        return Err(Refusal::Login {
            url: url.to_string(),
            reason: "it answers 401 to who pushes without credentials, and none were found".to_string(),
        });
    }
    Ok(())
}

async fn get(client: &Client, path: &str) -> Answer {
    let mut request = RequestSpec::path("GET", path);
    request.purpose = Purpose::Probe;
    client.send(request).await
}

/// The same of a request that is not the first.
pub(super) fn refuse_unanswered(answer: &Answer, url: &str) -> Result<(), Refusal> {
    refuse_without_answer(answer, url).map_err(|refusal| match refusal {
        Refusal::Unreachable { url, reason } => {
            let request = &answer.exchange.request;
            let path = request.url.strip_prefix(&url).unwrap_or(&request.url);
            Refusal::Unanswered {
                request: format!("{} {path}", request.method),
                url,
                reason,
            }
        }
        other => other,
    })
}

fn refuse_without_answer(answer: &Answer, url: &str) -> Result<(), Refusal> {
    let Some(error) = answer.error() else { return Ok(()) };
    Err(match error {
        TransportError::Login { reason, refused: true } => Refusal::Login {
            url: url.to_string(),
            reason: reason.clone(),
        },
        TransportError::Login { reason, refused: false } => Refusal::TokenService {
            url: url.to_string(),
            reason: reason.clone(),
        },
        TransportError::MalformedResponse { .. } => Refusal::NoRegistry {
            url: url.to_string(),
            seen: error.to_string(),
        },
        _ => Refusal::Unreachable {
            url: url.to_string(),
            reason: error.to_string(),
        },
    })
}

/// Whether an answer has the marks of a registry: its version header, or an error document with a code.
fn speaks_registry(answer: &Answer) -> bool {
    let error = || {
        let document: serde_json::Value = serde_json::from_slice(&answer.body.bytes).ok()?;
        document.get("errors")?.get(0)?.get("code")?.as_str().map(|_| ())
    };
    answer.header("Docker-Distribution-Api-Version").is_some() || error().is_some()
}

/// A body of nothing is none, whatever type a framework gives it.
fn is_page(answer: &Answer) -> bool {
    let is_html = |value: &str| value.to_ascii_lowercase().starts_with("text/html");
    answer.body.len > 0 && answer.header("Content-Type").is_some_and(is_html)
}

fn kind_of(client: &Client, answer: &Answer) -> String {
    let content_type = answer.header("Content-Type").map(|value| client.redactor().text(value));
    match (content_type, answer.body.len) {
        (_, 0) => "an empty body".to_string(),
        (Some(value), _) if is_page(answer) => format!("a web page ({value})"),
        (Some(value), _) => format!("a body of type {value}"),
        (None, _) => "a body without a type".to_string(),
    }
}
