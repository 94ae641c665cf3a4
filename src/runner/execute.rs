//! Running one case: setup, steps, judgement.

use std::time::Instant;

use tokio::time::{Duration, sleep};
use tokio_util::sync::CancellationToken;

use super::Env;
use super::cleanup::Stored;
use super::gc::Slot;
use super::given::{Given, has_changed};
use super::isolate::{scope, setting};
use super::refusing::refuses_all;
use super::share::Share;
use super::stop::{Stop, describe, missing, must_succeed};
use super::waited::Waited;
use crate::case::{Action, Case, Expectation, GIVEN, Node, Step};
use crate::client::{Answer, Exchange, Purpose, TransportError};
use crate::content::{Scope, Setting};
use crate::expect::{self, Mismatch};
use crate::outcome::{CaseOutcome, ExpectationOutcome, Recorded, SkipReason, Verdict, Weight};

/// The area of the requirements on what errors look like.
const ERRORS: &str = "errors";

/// The pause between two tries of a step that has time.
const POLL: Duration = Duration::from_millis(50);

/// Runs a case. What it stored is the caller's to remove, which needs no slot.
pub async fn run_case(
    env: &Env,
    index: usize,
    share: Option<&Share>,
    slot: Slot,
    cancel: &CancellationToken,
) -> (CaseOutcome, Stored) {
    let nothing = |outcome| (outcome, Stored::default());
    let case = &env.suite.cases[index];
    let started = Instant::now();
    if let Some(name) = env.lacking(&case.needs) {
        return nothing(skipped(case, SkipReason::Capability { name: name.to_string() }));
    }
    if let Err(stop) = env.all_known(&case.needs) {
        let thread = Thread::default();
        let verdict = thread.verdict(Some(stop));
        return nothing(outcome(case, verdict, thread, started));
    }
    let passes = match passes(env, case, share) {
        Ok(passes) => passes,
        Err(Verdict::Skip { reason }) => return nothing(skipped(case, reason)),
        Err(Verdict::Error { .. }) if cancel.is_cancelled() => return nothing(cut_off(env, case)),
        Err(verdict) => return nothing(outcome(case, verdict, Thread::default(), started)),
    };
    let mut thread = Thread {
        case: index,
        slot,
        ..Thread::default()
    };
    let stopped = tokio::select! {
        biased;
        () = cancel.cancelled() => None,
        stop = thread.run_with(env, case, share, passes) => Some(stop),
    };
    let timed_out = |exchange: &Exchange| matches!(exchange.error, Some(TransportError::Timeout { .. }));
    if matches!(stopped, Some(Some(Stop::Error(_)))) && thread.exchanges.iter().any(timed_out) {
        env.silence.timed_out();
    }
    let verdict = match stopped {
        // Content that was not made to its end, since the run has one.
        Some(Some(Stop::Error(_))) if cancel.is_cancelled() => not_run(env),
        Some(stopped) => thread.verdict(stopped),
        None => not_run(env),
    };
    let stored = std::mem::take(&mut thread.stored);
    (outcome(case, verdict, thread, started), stored)
}

/// The values of a pass through a case, and the content that it is about.
type Pass<'e> = (Scope, Option<&'e Given>);

/// One pass through a case, or where it is about content that the run is given, one with each.
fn passes<'e>(env: &'e Env, case: &Case, share: Option<&Share>) -> Result<Vec<Pass<'e>>, Verdict> {
    let error = |message| Verdict::Error { message };
    if case.wants_given() {
        let suitable = env.given.iter().filter(|given| given.suits(case));
        let passes = suitable.map(|given| {
            let repositories = vec![given.repo.clone(); 1 + case.repos.len()];
            let scope = scope_of(env, &case.id.0, &case.content, &case.repos, &repositories, Some(given));
            Ok((scope.map_err(error)?, Some(given)))
        });
        let passes: Vec<Pass> = passes.collect::<Result<_, _>>()?;
        let name = case.needs.iter().find(|need| GIVEN.contains(&need.as_str()));
        return match passes.is_empty() {
            false => Ok(passes),
            true => Err(Verdict::Skip {
                reason: SkipReason::Capability {
                    name: name.cloned().unwrap_or_default(),
                },
            }),
        };
    }
    let needed = 1 + case.repos.len();
    let id = &case.id.0;
    let Some(repositories) = env.isolation.repositories(id, needed) else {
        return Err(Verdict::Skip {
            reason: SkipReason::Repositories { needed },
        });
    };
    if share.is_some() {
        // It has its values from who sets up.
        return Ok(vec![(Scope::default(), None)]);
    }
    let scope = scope_of(env, id, &case.content, &case.repos, &repositories, None);
    Ok(vec![(scope.map_err(error)?, None)])
}

/// The verdict on a case that the end of the run cut off.
fn not_run(env: &Env) -> Verdict {
    match env.silence.reason() {
        Some(message) => Verdict::Error { message },
        None => Verdict::Skip {
            reason: SkipReason::Interrupted,
        },
    }
}

/// A case that did not start before the run ended.
pub fn cut_off(env: &Env, case: &Case) -> CaseOutcome {
    outcome(case, not_run(env), Thread::default(), Instant::now())
}

/// A case in which the tool itself failed.
pub fn failed(case: &Case, message: String) -> CaseOutcome {
    outcome(case, Verdict::Error { message }, Thread::default(), Instant::now())
}

/// A case that was not run.
pub fn skipped(case: &Case, reason: SkipReason) -> CaseOutcome {
    outcome(case, Verdict::Skip { reason }, Thread::default(), Instant::now())
}

/// The setting of a case's content, which is not made any more once the run ends.
pub fn setting_of(env: &Env, id: &str) -> Setting {
    Setting {
        stop: env.silence.stop(),
        ..setting(env.seed, id, env.chunk)
    }
}

/// The values that templates of a case, or of a probe, are filled in with.
pub fn scope_of(
    env: &Env,
    id: &str,
    content: &[Node],
    repos: &[String],
    repositories: &[String],
    given: Option<&Given>,
) -> Result<Scope, String> {
    scope(&env.host, setting_of(env, id), content, repos, repositories, given)
}

/// A sequence of steps under way, and what it has gathered.
#[derive(Default)]
pub struct Thread {
    /// The values for templates.
    pub scope: Scope,
    /// What passed, in order.
    pub exchanges: Vec<Exchange>,
    /// What was judged.
    pub expectations: Vec<ExpectationOutcome>,
    /// What was recorded.
    pub facts: Vec<Recorded>,
    /// What was stored.
    pub stored: Stored,
    /// A capability for want of which something was not judged.
    pub lacking: Option<String>,
    /// The case, as an index into the suite.
    pub case: usize,
    /// Its right to run; given up while it waits for a collection.
    pub slot: Slot,
    /// Canaries that it left so far.
    pub canaries: usize,
    /// What it waited for.
    pub waited: Waited,
}

/// What is judged whatever a case is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// Any answer to what a case is about.
    Answer,
    /// Any answer to what comes before.
    Preparation,
    /// That the registry did not answer, or not in full.
    NoAnswer,
    /// A page of this list that is none, or leads back to one before it.
    Astray(&'static str),
}

/// The answer to a step, and the index of its exchange.
pub struct Performed {
    /// The answer.
    pub answer: Answer,
    /// The index into the thread's exchanges.
    pub exchange: usize,
}

impl Thread {
    /// Runs a case with each of the values; what ended the first pass that did not go through to its end.
    async fn run_with(&mut self, env: &Env, case: &Case, share: Option<&Share>, passes: Vec<Pass<'_>>) -> Option<Stop> {
        let mut first = None;
        for (scope, given) in passes {
            self.scope = scope;
            let (_, judged) = self.mark();
            let recorded = self.facts.len();
            let mut stop = self.run(env, case, share).await.err();
            let held = self.expectations[judged..].iter().all(ExpectationOutcome::held);
            if let Some(given) = given
                && (stop.is_some() || !held)
                && has_changed(&env.client, given).await
            {
                // Nobody can be blamed for what others did meanwhile.
                self.expectations.truncate(judged);
                self.facts.truncate(recorded);
                stop = Some(Stop::NotApplicable {
                    step: format!("where does the tag of {} lead now", given.repo),
                });
            }
            first = first.or(stop);
        }
        first
    }

    async fn run(&mut self, env: &Env, case: &Case, share: Option<&Share>) -> Result<(), Stop> {
        match share {
            Some(share) => self.set_up_shared(env, case, share).await?,
            None => self.set_up(env, &case.setup).await?,
        }
        for (index, step) in case.steps.iter().enumerate() {
            self.step(env, step, index).await?;
        }
        Ok(())
    }

    /// A step that has to succeed.
    pub async fn prepare(&mut self, env: &Env, step: &Step, purpose: Purpose) -> Result<(), Stop> {
        if env.lacking(&step.needs).is_some() || self.is_left_out(step) {
            return Ok(());
        }
        env.all_known(&step.needs)?;
        if let Some(performed) = Box::pin(self.perform(env, step, 0, purpose)).await?
            && !step.action.hangs_up()
        {
            must_succeed(step, &performed.answer)?;
        }
        Ok(())
    }

    /// Whether a step waits for a capture that no answer had.
    pub(super) fn is_left_out(&self, step: &Step) -> bool {
        step.only_if
            .as_ref()
            .is_some_and(|name| !self.scope.variables.contains_key(name))
    }

    /// A step that is judged.
    pub async fn step(&mut self, env: &Env, step: &Step, index: usize) -> Result<(), Stop> {
        if let Some(name) = env.lacking(&step.needs) {
            self.lacking = Some(name.to_string());
            return Ok(());
        }
        if self.is_left_out(step) {
            return Ok(());
        }
        env.all_known(&step.needs)?;
        self.refuse_digests(env, step)?;
        let mut judged: Vec<&Expectation> = Vec::with_capacity(step.expect.len());
        for expectation in &step.expect {
            if self.counts(env, expectation)? {
                judged.push(expectation);
            }
        }
        let patience = step.within.or(step.action.reads_a_list().then_some(env.patience));
        let deadline = patience.map(|limit| self.waited.deadline(Instant::now(), limit));
        loop {
            let mark = self.mark();
            let Some(performed) = Box::pin(self.perform(env, step, index, Purpose::Case)).await? else {
                return Ok(());
            };
            if step.action.writes() {
                self.waited.changed(Instant::now());
            }
            let outcomes = self.judge(env, step, index, &judged, &performed)?;
            let held = outcomes.iter().all(ExpectationOutcome::held);
            if !held && deadline.is_some_and(|deadline| Instant::now() + POLL < deadline) {
                self.rewind(mark);
                sleep(POLL).await;
                continue;
            }
            if !held && deadline.is_some() {
                self.waited.ran_out();
            }
            if !held && let Some(seen) = refuses_all(env, step, &performed.answer, self).await {
                return Err(Stop::Error(format!("{}: {seen}", describe(step))));
            }
            self.record(step, &performed.answer)?;
            self.conclude(step, &judged, outcomes, &performed.answer)?;
            let unlike = expect::mismatches(&step.continue_if, &performed.answer, &self.scope)
                .map_err(|error| missing(step, &error))?;
            if !unlike.is_empty() {
                return Err(Stop::NotApplicable { step: describe(step) });
            }
            return Ok(());
        }
    }

    /// Whether an expectation is judged at all: its requirement is in the profile, and the target offers what the
    /// requirement presupposes.
    fn counts(&mut self, env: &Env, expectation: &Expectation) -> Result<bool, Stop> {
        if !env.levels.contains_key(&expectation.requirement) {
            return Ok(false);
        }
        let needs = env
            .suite
            .requirement(&expectation.requirement)
            .map_or(&[][..], |requirement| requirement.needs.as_slice());
        if let Some(name) = env.lacking(needs) {
            self.lacking = Some(name.to_string());
            return Ok(false);
        }
        env.all_known(needs).map(|()| true)
    }

    fn judge(
        &self,
        env: &Env,
        step: &Step,
        index: usize,
        judged: &[&Expectation],
        performed: &Performed,
    ) -> Result<Vec<ExpectationOutcome>, Stop> {
        let mut outcomes = Vec::new();
        let body = &performed.answer.body;
        if body.is_too_much()
            && judged
                .iter()
                .any(|expectation| expect::read_json(&expectation.matchers))
        {
            let message = format!("its body of {} bytes is more than Referee reads as JSON", body.len);
            return Err(Stop::Error(format!("{}: {message}", describe(step))));
        }
        for expectation in judged {
            let mismatches = expect::mismatches(&expectation.matchers, &performed.answer, &self.scope)
                .map_err(|error| missing(step, &error))?;
            let mismatches = without_secrets(env, mismatches);
            outcomes.push(ExpectationOutcome {
                requirement: expectation.requirement.clone(),
                level: env.levels[&expectation.requirement],
                step: index,
                action: describe(step),
                file: expectation.origin.file.to_string(),
                line: expectation.origin.line,
                exchange: performed.exchange,
                mismatches,
            });
        }
        Ok(outcomes)
    }

    /// Decides which outcomes count and whether the case goes on. When the status is not the expected one, the other
    /// expectations on that answer say nothing; when the request was to change something, neither do later steps.
    fn conclude(
        &mut self,
        step: &Step,
        judged: &[&Expectation],
        outcomes: Vec<ExpectationOutcome>,
        answer: &Answer,
    ) -> Result<(), Stop> {
        // A choice that failed says nothing of the status unless one of its options does; a freedom is never used wrongly.
        let wrong_status = outcomes.iter().zip(judged).any(|(outcome, expectation)| {
            outcome.weight() != Weight::Fact
                && expect::speaks_of_status(&expectation.matchers)
                && outcome.mismatches.iter().any(|m| speaks_of_status(&m.subject))
        });
        let changes = !matches!(answer.exchange.request.method.as_str(), "GET" | "HEAD");
        // What is read may be meant to fail even where this profile does not judge it.
        let about_status = step
            .expect
            .iter()
            .filter(|expectation| !changes || judged.contains(expectation))
            .any(|expectation| expect::speaks_of_status(&expectation.matchers));
        // Neither does it say anything where the profile does not judge the status, as of an API that its version does not have.
        let others = step.expect.iter().filter(|expectation| !judged.contains(expectation));
        let is_elsewhere = |expectation: &Expectation| {
            expect::speaks_of_status(&expectation.matchers)
                && expect::mismatches(&expectation.matchers, answer, &self.scope)
                    .is_ok_and(|found| found.iter().any(|m| speaks_of_status(&m.subject)))
        };
        let says_little = wrong_status || { others }.any(is_elsewhere);
        // What a verb was to bring about did not come about, so nothing can be said of how.
        let verb = !matches!(step.action, Action::Send(_));
        let has_to = verb && !about_status && step.record.is_empty();
        if has_to && answer.status().is_some() {
            must_succeed(step, answer)?;
        }
        for (outcome, expectation) in outcomes.into_iter().zip(judged) {
            if !says_little || expect::speaks_of_status(&expectation.matchers) {
                self.expectations.push(outcome);
            }
        }
        if wrong_status && changes {
            return Err(Stop::Judged);
        }
        // That there was no answer at all is judged; what comes later needs what was to be brought about all the same.
        if has_to { must_succeed(step, answer) } else { Ok(()) }
    }

    fn record(&mut self, step: &Step, answer: &Answer) -> Result<(), Stop> {
        for fact in &step.record {
            let value = expect::fact_value(fact, answer, &self.scope).map_err(|error| missing(step, &error))?;
            self.facts.push(Recorded {
                fact: fact.name.clone(),
                value,
            });
        }
        Ok(())
    }

    /// Judges what holds on this occasion. To keep reports small, an expectation that held is kept once per case. Whether
    /// anything failed.
    pub fn always(
        &mut self,
        env: &Env,
        answer: &Answer,
        (index, step): (usize, &Step),
        exchange: usize,
        occasion: Occasion,
    ) -> bool {
        let mut failed = false;
        for always in &env.suite.always {
            let method = &answer.exchange.request.method;
            if !always.methods.is_empty() && !always.methods.contains(method) {
                continue;
            }
            let is_asked = match occasion {
                Occasion::Answer => answer.exchange.response.is_some() && always.astray.is_none(),
                Occasion::Preparation => {
                    answer.exchange.response.is_some() && always.astray.is_none() && always.path.is_none()
                }
                Occasion::NoAnswer => always.unanswered,
                Occasion::Astray(list) => always.astray == Some(list),
            };
            let is_there = |pattern: &String| expect::finds(pattern, path_of(answer).as_bytes());
            if !is_asked
                || !always.path.as_ref().is_none_or(is_there)
                || !expect::hold(&always.when, answer, &self.scope)
            {
                continue;
            }
            for expectation in &always.expect {
                let Some(level) = env.levels.get(&expectation.requirement) else {
                    continue;
                };
                // Of a document that is not there whole, for whatever reason, nothing is known.
                let is_partial = || answer.body.is_too_much() || answer.error().is_some();
                if expect::read_json(&expectation.matchers) && is_partial() {
                    continue;
                }
                let Ok(mut mismatches) = expect::mismatches(&expectation.matchers, answer, &self.scope) else {
                    continue;
                };
                if let (Occasion::NoAnswer, Some(_), Some(error)) =
                    (occasion, &answer.exchange.response, answer.error())
                {
                    mismatches.push(Mismatch::new("answer", "a whole one", error.to_string()));
                }
                let place = (expectation.origin.file.as_ref(), expectation.origin.line);
                let known = self
                    .expectations
                    .iter()
                    .any(|e| e.line == place.1 && e.held() && e.file == place.0);
                if mismatches.is_empty() && (known || always.path.is_some()) {
                    continue;
                }
                let requirement = env.suite.requirement(&expectation.requirement);
                // How errors look is said of those of the registry, and not of the hosts that it sends clients to.
                if requirement.is_some_and(|requirement| requirement.area == ERRORS)
                    && authority(&answer.url) != env.host
                {
                    continue;
                }
                // What the target does not offer, or nobody knows it to offer, is not judged beside something else either.
                let needs = requirement.map_or(&[][..], |requirement| requirement.needs.as_slice());
                if !mismatches.is_empty() && (env.lacking(needs).is_some() || env.all_known(needs).is_err()) {
                    continue;
                }
                failed |= !mismatches.is_empty();
                self.expectations.push(ExpectationOutcome {
                    requirement: expectation.requirement.clone(),
                    level: *level,
                    step: index,
                    action: describe(step),
                    file: place.0.to_string(),
                    line: place.1,
                    exchange,
                    mismatches: without_secrets(env, mismatches),
                });
            }
        }
        failed
    }

    fn mark(&self) -> (usize, usize) {
        (self.exchanges.len(), self.expectations.len())
    }

    fn rewind(&mut self, mark: (usize, usize)) {
        self.exchanges.truncate(mark.0);
        self.expectations.truncate(mark.1);
    }

    /// Whether the case judged or recorded anything beside what is judged on every exchange.
    fn has_judged(&self) -> bool {
        !self.facts.is_empty() || !self.expectations.iter().all(|e| e.file.ends_with("spec/always.yaml"))
    }

    fn verdict(&self, stopped: Option<Stop>) -> Verdict {
        let weighs = |weight| self.expectations.iter().any(|e| !e.held() && e.weight() == weight);
        if weighs(Weight::Fail) {
            return Verdict::Fail;
        }
        match stopped {
            Some(Stop::Broken { step, seen }) => return Verdict::Broken { step, seen },
            Some(Stop::Error(message)) => return Verdict::Error { message },
            Some(Stop::NotApplicable { step }) if !weighs(Weight::Warn) && !self.has_judged() => {
                return Verdict::Skip {
                    reason: SkipReason::NotApplicable { step },
                };
            }
            Some(Stop::Judged | Stop::NotApplicable { .. }) | None => {}
        }
        if weighs(Weight::Warn) {
            return Verdict::Warn;
        }
        if let Some(name) = &self.lacking
            && !self.has_judged()
        {
            return Verdict::Skip {
                reason: SkipReason::Capability { name: name.clone() },
            };
        }
        Verdict::Pass
    }
}

/// Mismatches quote answers, and an answer may hold a token.
fn without_secrets(env: &Env, mismatches: Vec<Mismatch>) -> Vec<Mismatch> {
    let redactor = env.client.redactor();
    let clean = |mismatch: Mismatch| mismatch.for_report(|text| redactor.text(text));
    mismatches.into_iter().map(clean).collect()
}

/// The path of a request, without its parameters.
/// The host of a URL, with its port.
fn authority(url: &str) -> &str {
    url.split('/').nth(2).unwrap_or_default()
}

fn path_of(answer: &Answer) -> &str {
    let url = &answer.exchange.request.url;
    let path = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let path = path.find('/').map_or("", |start| &path[start..]);
    path.split('?').next().unwrap_or(path)
}

fn speaks_of_status(subject: &str) -> bool {
    subject == "status" || subject == "any of"
}

fn outcome(case: &Case, verdict: Verdict, mut thread: Thread, started: Instant) -> CaseOutcome {
    // An outcome is kept until the end of the run, and room to grow is of no use any more.
    thread.exchanges.shrink_to_fit();
    thread.expectations.shrink_to_fit();
    CaseOutcome {
        id: case.id.to_string(),
        says: case.says.clone(),
        file: case.origin.file.to_string(),
        line: case.origin.line,
        verdict,
        known: None,
        expectations: thread.expectations,
        facts: thread.facts,
        exchanges: thread.exchanges,
        elapsed_ms: started.elapsed().as_secs_f64() * 1000.0,
    }
}
