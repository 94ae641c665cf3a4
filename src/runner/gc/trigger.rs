//! What makes a registry collect its garbage.

use std::time::{Duration, Instant};

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::super::Env;
use super::{command, request};
use crate::client::{Purpose, RequestSpec};
use crate::outcome::Round;

/// How long a registry that was stopped for a collection may take until it answers again.
const BACK: Duration = Duration::from_secs(60);

/// The pause between two looks whether it is back.
const LOOK: Duration = Duration::from_millis(100);

/// What makes a registry collect its garbage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// A shell command that returns when the collection is over.
    Command(String),
    /// A request, in the form of Harbor's API: the answer's `Location` tells how far it is.
    Request {
        /// The method.
        method: String,
        /// The URL.
        url: String,
        /// A JSON body.
        body: Option<String>,
        /// `Authorization`, where it is not the login of the run.
        authorization: Option<String>,
    },
    /// The registry's own clock: as long as this until it has surely collected.
    Wait(Duration),
}

impl std::fmt::Display for Trigger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Trigger::Command(command) => write!(f, "command: {command}"),
            Trigger::Request { method, url, .. } => write!(f, "request: {method} {url}"),
            Trigger::Wait(time) => write!(f, "wait: {} s", time.as_secs_f64()),
        }
    }
}

/// How garbage is collected in a run.
#[derive(Debug, Clone)]
pub struct Collecting {
    /// The trigger.
    pub trigger: Trigger,
    /// The trigger of a dry run, if there is one.
    pub dry_run: Option<Trigger>,
    /// Whether the registry answers while it collects.
    pub live: bool,
    /// How old content and uploads are left alone, if the registry promises that.
    pub grace: Option<Duration>,
    /// How long one collection may take.
    pub limit: Duration,
}

/// What came of a trigger: evidence, good or bad.
pub(super) type Outcome = Result<String, String>;

impl Collecting {
    /// The capabilities that come with it.
    pub fn gives(&self) -> Vec<&'static str> {
        let all = [
            (true, "gc"),
            (self.live, "gc-live"),
            // What is young when a wait begins is old before it ends.
            (
                self.grace.is_some() && !matches!(self.trigger, Trigger::Wait(_)),
                "gc-grace",
            ),
            (self.dry_run.is_some(), "gc-dry-run"),
        ];
        all.iter().filter(|(given, _)| *given).map(|(_, name)| *name).collect()
    }

    /// Waits until what was pushed is old enough, runs the trigger, and waits until the registry answers again. `started`
    /// is called when the collection has begun.
    pub(super) async fn run(
        &self,
        env: &Env,
        dry: bool,
        number: usize,
        started: impl FnOnce() + Send,
        cancel: &CancellationToken,
    ) -> Round {
        let begun = Instant::now();
        let trigger = if dry {
            self.dry_run.as_ref().unwrap_or(&self.trigger)
        } else {
            &self.trigger
        };
        let outcome = tokio::select! {
            // A command ends by itself when the run is cancelled: its processes are to be ended first.
            outcome = self.fire(env, trigger, number, dry, started, cancel) => outcome,
            () = async { cancel.cancelled().await; sleep(command::MERCY * 3).await } => Err("interrupted".to_string()),
        };
        let (succeeded, evidence) = match outcome {
            Ok(evidence) => (true, evidence),
            Err(evidence) => (false, evidence),
        };
        Round {
            dry_run: dry,
            trigger: trigger.to_string(),
            cases: 0,
            succeeded,
            evidence: env.client.redactor().text(&evidence),
            elapsed_ms: begun.elapsed().as_secs_f64() * 1000.0,
        }
    }

    async fn fire(
        &self,
        env: &Env,
        trigger: &Trigger,
        number: usize,
        dry: bool,
        started: impl FnOnce() + Send,
        cancel: &CancellationToken,
    ) -> Outcome {
        tokio::select! {
            () = sleep(self.ageing()) => {}
            () = cancel.cancelled() => return Err("interrupted".to_string()),
        }
        match trigger {
            Trigger::Command(line) => {
                started();
                let variables = [
                    ("REFEREE_URL", env.client.base().to_string()),
                    ("REFEREE_GC_ROUND", number.to_string()),
                    ("REFEREE_GC_DRY_RUN", u8::from(dry).to_string()),
                ];
                let evidence = command::run(line, &variables, self.limit, cancel).await?;
                back(env).await?;
                Ok(evidence)
            }
            Trigger::Request {
                method,
                url,
                body,
                authorization,
            } => {
                let asking = request::Asking {
                    method,
                    url,
                    body: body.as_deref(),
                    authorization: authorization.as_deref(),
                };
                asking.run(env, self.limit, started).await
            }
            Trigger::Wait(time) => {
                started();
                tokio::select! {
                    () = sleep(*time) => Ok(format!("waited {} s", time.as_secs_f64())),
                    () = cancel.cancelled() => Err("interrupted".to_string()),
                }
            }
        }
    }

    /// How long it takes until what was pushed last is older than the grace period, by clocks of a second's resolution
    /// where the period is counted in seconds.
    fn ageing(&self) -> Duration {
        match self.grace {
            Some(grace) if grace >= Duration::from_secs(1) => grace + Duration::from_secs(2),
            Some(grace) => grace + grace / 10,
            None => Duration::ZERO,
        }
    }
}

/// Waits until the registry answers.
async fn back(env: &Env) -> Result<(), String> {
    let deadline = Instant::now() + BACK;
    loop {
        let mut request = RequestSpec::path("GET", "/v2/");
        request.purpose = Purpose::Probe;
        let answer = env.client.send(request).await;
        if answer.status().is_some_and(|status| status < 500) {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!(
                "the registry did not answer within {} s after the collection",
                BACK.as_secs()
            ));
        }
        sleep(LOOK).await;
    }
}
