//! Sending what a step sends: independent content at once, everything else in its order.

use futures_util::StreamExt;
use futures_util::stream;
use tokio::time::sleep;

use super::execute::{Occasion, Performed, Thread};
use super::lost::{can_be_repeated, is_out_of_order};
use super::send::Astray;
use super::stop::{Stop, broken, describe, missing};
use super::{Env, Means, Planned, expand, lost, send};
use crate::case::{Action, Busy, Step};
use crate::client::{Answer, Purpose};
use crate::content::Role;

/// Pieces of content that are pushed at once for one step.
const AT_ONCE: usize = 16;

/// Pages of a long list that are kept from its start and from its end.
const KEPT_PAGES: usize = 16;

impl Thread {
    /// On a target that takes no manifest under its digest, a push of one so says nothing of what the case is about.
    pub(super) fn refuse_digests(&self, env: &Env, step: &Step) -> Result<(), Stop> {
        match (&step.action, &env.no_digests) {
            (Action::Push { node, tag: None, .. }, Some(seen))
                if self.scope.node(node).is_ok_and(|node| node.role == Role::Manifest) =>
            {
                let (step, seen) = (describe(step), seen.clone());
                Err(Stop::Broken { step, seen })
            }
            _ => Ok(()),
        }
    }

    /// Sends what a step sends. `None` for a step that has no answer of its own.
    pub async fn perform(
        &mut self,
        env: &Env,
        step: &Step,
        index: usize,
        purpose: Purpose,
    ) -> Result<Option<Performed>, Stop> {
        match &step.action {
            Action::Wait(pause) => {
                sleep(*pause).await;
                return Ok(None);
            }
            Action::Gc { dry } => {
                self.collect(env, step, *dry).await?;
                return Ok(None);
            }
            Action::Together {
                times,
                at_once,
                own,
                steps,
            } => {
                self.together(env, (*times, *at_once, own), steps, index, purpose)
                    .await?;
                return Ok(None);
            }
            _ => {}
        }
        let planned =
            expand::expand(step, &self.scope, &Means::of(env, purpose)).map_err(|error| missing(step, &error))?;
        self.in_stages(env, step, index, purpose, &planned).await
    }

    /// Sends the requests of a step, stage by stage.
    pub async fn in_stages(
        &mut self,
        env: &Env,
        step: &Step,
        index: usize,
        purpose: Purpose,
        planned: &[Planned],
    ) -> Result<Option<Performed>, Stop> {
        let mut performed = None;
        for stage in planned.chunk_by(|a, b| a.stage == b.stage) {
            if let Some(before) = &performed {
                must_be_taken(step, before)?;
            }
            let lanes: Vec<&[Planned]> = stage.chunk_by(|a, b| a.lane == b.lane).collect();
            performed = match lanes.as_slice() {
                [lane] => self.in_order(env, step, index, purpose, lane).await?,
                lanes => self.at_once(env, step, index, purpose, lanes).await?,
            };
        }
        Ok(performed)
    }

    /// Sends requests of which each needs the one before.
    async fn in_order(
        &mut self,
        env: &Env,
        step: &Step,
        index: usize,
        purpose: Purpose,
        requests: &[Planned],
    ) -> Result<Option<Performed>, Stop> {
        let mut performed = None;
        for (number, request) in requests.iter().enumerate() {
            if let Some(before) = &performed {
                must_be_taken(step, before)?;
                if request.if_opened && before.answer.status() != Some(202) {
                    continue;
                }
            }
            let lost::Sent {
                answers,
                judged,
                at,
                astray,
                unanswered,
            } = lost::send(env, request, &self.scope, purpose)
                .await
                .map_err(|error| missing(step, &error))?;
            let (mut exchange, count) = (0, answers.len());
            for (number, answer) in answers.into_iter().enumerate() {
                let telling = number < KEPT_PAGES || number == at || number + KEPT_PAGES >= count;
                let occasion = match purpose {
                    Purpose::Case => Occasion::Answer,
                    _ => Occasion::Preparation,
                };
                self.keep(
                    env,
                    &answer,
                    (!request.token).then_some(occasion),
                    (index, step),
                    telling,
                );
                if number == at {
                    exchange = self.exchanges.len().saturating_sub(1);
                }
            }
            if judged.status().is_some() {
                env.silence.answered();
            }
            // That a request is never answered is said of its first exchange, and what the step expects of the answer is not
            // fulfilled either. A setup that fails in this way stays an error.
            if unanswered
                && self.always(env, &judged, (index, step), exchange, Occasion::NoAnswer)
                && purpose == Purpose::Case
            {
                if number + 1 < requests.len() {
                    return Err(Stop::Judged);
                }
                performed = Some(Performed {
                    answer: judged,
                    exchange,
                });
                break;
            }
            // Whoever limits requests, and has not given way to patience, has not answered this one.
            let later = judged.status() == Some(503) && judged.header("Retry-After").is_some();
            if request.busy == Busy::Wait && (judged.status() == Some(429) || later) {
                let status = judged.status().unwrap_or_default();
                let seen = format!("answers {status} again and again, so that nothing can be judged; try fewer --jobs");
                return Err(Stop::Error(format!("{}: it {seen}", describe(step))));
            }
            if let Some(error) = judged.error() {
                return Err(Stop::Error(format!("{}: {error}", describe(step))));
            }
            // Whether it would be done the next time nobody knows, for it cannot be sent again.
            if request.busy == Busy::Wait
                && purpose == Purpose::Case
                && is_out_of_order(&judged)
                && !can_be_repeated(&judged)
            {
                let seen = judged.status().unwrap_or_default();
                return Err(Stop::Error(format!(
                    "{}: it answers {seen}, as a gateway without a registry does, to what cannot be sent again",
                    describe(step)
                )));
            }
            // What a list has to whose end nobody comes is not known, so nothing else is said of it.
            if let Some(Astray { list, circles }) = astray {
                if self.always(env, &judged, (index, step), exchange, Occasion::Astray(list))
                    && purpose == Purpose::Case
                {
                    return Err(Stop::Judged);
                }
                if circles {
                    let seen = "the pages of its list lead in a circle";
                    return Err(Stop::Error(format!("{}: {seen}", describe(step))));
                }
            }
            for capture in &request.capture {
                let value = match (send::captured(capture, &judged), &capture.otherwise) {
                    (None, Some(otherwise)) => Some(self.scope.text(otherwise).map_err(|error| missing(step, &error))?),
                    (value, _) => value,
                };
                if let Some(value) = value {
                    self.scope.variables.insert(capture.name.clone(), value);
                }
            }
            performed = Some(Performed {
                answer: judged,
                exchange,
            });
        }
        Ok(performed)
    }

    /// Sends sequences of requests that do not need each other. What they gather is appended in the order of the plan.
    async fn at_once(
        &mut self,
        env: &Env,
        step: &Step,
        index: usize,
        purpose: Purpose,
        lanes: &[&[Planned]],
    ) -> Result<Option<Performed>, Stop> {
        let threads = lanes.iter().map(|lane| {
            let mut thread = Thread {
                scope: self.scope.clone(),
                case: self.case,
                ..Thread::default()
            };
            async move {
                let result = Box::pin(thread.in_order(env, step, index, purpose, lane)).await;
                (thread, result)
            }
        });
        let threads: Vec<_> = threads.collect();
        let ended: Vec<_> = stream::iter(threads).buffered(AT_ONCE).collect().await;
        let mut result = Ok(None);
        for (mut thread, performed) in ended {
            thread.expectations.retain(|outcome| {
                let known = |other: &crate::outcome::ExpectationOutcome| {
                    other.held() && (&other.file, other.line) == (&outcome.file, outcome.line)
                };
                !outcome.held() || !self.expectations.iter().any(known)
            });
            let offset = self.exchanges.len();
            self.absorb(thread);
            result = match (result, performed) {
                (Err(stop), _) | (Ok(_), Err(stop)) => Err(stop),
                (Ok(_), Ok(performed)) => match performed {
                    Some(performed) => must_be_taken(step, &performed).map(|()| {
                        Some(Performed {
                            exchange: performed.exchange + offset,
                            ..performed
                        })
                    }),
                    None => Ok(None),
                },
            };
        }
        result
    }

    /// Keeps what passed, and judges what holds of every exchange. One that is not telling is kept only for what that says.
    fn keep(
        &mut self,
        env: &Env,
        answer: &Answer,
        judged: Option<Occasion>,
        (index, step): (usize, &Step),
        telling: bool,
    ) {
        let before = (self.exchanges.len(), self.expectations.len());
        self.exchanges.extend(answer.before.iter().cloned());
        self.exchanges.push(answer.exchange.clone());
        self.stored.note(answer);
        if let Some(occasion) = judged {
            let exchange = self.exchanges.len().saturating_sub(1);
            self.always(env, answer, (index, step), exchange, occasion);
        }
        if !telling && self.expectations.len() == before.1 {
            self.exchanges.truncate(before.0);
        }
    }
}

/// What comes later needs the content that was sent before.
fn must_be_taken(step: &Step, performed: &Performed) -> Result<(), Stop> {
    match performed.answer.status() {
        Some(200..300) => Ok(()),
        _ => Err(broken(step, &performed.answer)),
    }
}
