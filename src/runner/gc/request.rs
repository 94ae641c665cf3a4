//! A request as a trigger, in the form of Harbor's API.
//!
//! The request is answered with a success and, if the collection takes its time, with a `Location`. What is there says
//! under `job_status` or `status` how far it is.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::time::sleep;

use super::super::Env;
use super::trigger::Outcome;
use crate::client::{Answer, Body, Purpose, RequestSpec, Target, resolve_location};
use crate::expect::status_text;

/// The first pause between two looks; it grows up to [`LONGEST`].
const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(2);

/// As much of an answer as is kept as evidence, in characters.
const KEPT: usize = 500;

pub(super) struct Asking<'a> {
    pub(super) method: &'a str,
    pub(super) url: &'a str,
    pub(super) body: Option<&'a str>,
    pub(super) authorization: Option<&'a str>,
}

impl Asking<'_> {
    pub(super) async fn run(&self, env: &Env, limit: Duration, started: impl FnOnce()) -> Outcome {
        let deadline = Instant::now() + limit;
        let mut pause = SHORTEST;
        let first = loop {
            let answer = self.send(env, self.method, self.url, self.body).await;
            // 409 and 412 tell of a collection that somebody else began: this one is to come after it.
            if !matches!(answer.status(), Some(409 | 412)) || Instant::now() > deadline {
                break answer;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
        };
        if !first.status().is_some_and(|status| (200..300).contains(&status)) {
            return Err(format!("{} {} answered {}", self.method, self.url, seen(&first)));
        }
        started();
        let Some(location) = first.header("Location") else {
            return Ok(format!("answered {}", seen(&first)));
        };
        let progress = resolve_location(&first.url, location, &[]).map_err(|error| error.to_string())?;
        let mut pause = SHORTEST;
        loop {
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
            let answer = self.send(env, "GET", &progress, None).await;
            let document: Value = serde_json::from_slice(&answer.body.bytes).unwrap_or_default();
            let status = ["job_status", "status"]
                .iter()
                .find_map(|name| document.get(name)?.as_str());
            match status.map(str::to_ascii_lowercase).as_deref() {
                Some("success" | "succeeded" | "finished" | "done" | "completed") => {
                    return Ok(format!("{progress} answered {}", seen(&answer)));
                }
                Some("error" | "failed" | "failure" | "stopped" | "cancelled") => {
                    return Err(format!("{progress} answered {}", seen(&answer)));
                }
                Some(_) => {}
                None if answer.status().is_some_and(|status| status < 500) => {
                    return Err(format!("{progress} says nothing of a status: {}", seen(&answer)));
                }
                None => {}
            }
            if Instant::now() > deadline {
                return Err(format!(
                    "it was not over after {} s: {}",
                    limit.as_secs_f64(),
                    seen(&answer)
                ));
            }
        }
    }

    async fn send(&self, env: &Env, method: &str, url: &str, body: Option<&str>) -> Answer {
        let mut request = RequestSpec::new(method, Target::Url(url.to_string()));
        if let Some(body) = body {
            request
                .headers
                .push(("Content-Type".into(), b"application/json".to_vec()));
            request.body = Body::Bytes(body.to_string().into());
        }
        if let Some(authorization) = self.authorization {
            request.headers.push(("Authorization".into(), authorization.into()));
        }
        request.purpose = Purpose::Probe;
        env.client.send(request).await
    }
}

fn seen(answer: &Answer) -> String {
    let body = String::from_utf8_lossy(&answer.body.bytes);
    let body: String = body.trim().chars().take(KEPT).collect();
    match answer.error() {
        Some(error) => error.to_string(),
        None if body.is_empty() => status_text(answer),
        None => format!("{} {body}", status_text(answer)),
    }
}
