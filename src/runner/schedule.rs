//! Running all cases at once, bounded, and gathering the report.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::control::{self, Greeting, Refusal};
use super::execute::{failed, run_case, skipped};
use super::gc::{self, Collecting, Collector, Done};
use super::probe::{self, Probed};
use super::{Env, Isolation};
use crate::case::{Profile, Suite};
use crate::client::Client;
use crate::outcome::{
    CaseOutcome, Collection, Counts, Partition, Report, RunInfo, SCHEMA, SkipReason, TargetInfo, categories, facts,
    findings, requirements,
};

/// The length of a chunk where the target announces no minimum.
const CHUNK: u64 = 1024;

/// How a run is made.
pub struct Options {
    /// The suite.
    pub suite: Suite,
    /// The profile.
    pub profile: Profile,
    /// The cases, as indices into the suite.
    pub cases: Vec<usize>,
    /// The way to the target.
    pub client: Client,
    /// The target as reports name it.
    pub url: String,
    /// `host:port` of the target.
    pub host: String,
    /// Where the credentials came from.
    pub credentials: String,
    /// What is worth knowing about how the target is reached.
    pub notes: Vec<String>,
    /// Who gets which repositories.
    pub isolation: Isolation,
    /// The seed of all content.
    pub seed: u64,
    /// How many cases run at once.
    pub jobs: usize,
    /// Which part of a run this is; the cases are those of the part.
    pub partition: Option<Partition>,
    /// Whether warnings count.
    pub strict: bool,
    /// Whether what was pushed is left behind.
    pub keep: bool,
    /// How many copies of a step with content of its own are made at most.
    pub copies: u32,
    /// How garbage is collected, if it can be.
    pub collecting: Option<Collecting>,
    /// Tells one suite from another.
    pub suite_digest: String,
    /// Ends the run early.
    pub cancel: CancellationToken,
}

/// What is told while a run goes on.
#[derive(Debug, Clone)]
pub enum Event {
    /// The target is being probed.
    Probing,
    /// The cases start.
    Started {
        /// How many there are.
        total: usize,
    },
    /// Garbage is collected.
    Collecting {
        /// How many cases wait for it.
        cases: usize,
    },
    /// A case ended.
    Finished(Box<CaseOutcome>),
}

/// Runs the cases and says what they show. Events are told on `events` as they happen.
pub async fn run(mut options: Options, events: mpsc::UnboundedSender<Event>) -> Result<Report, Refusal> {
    let started = Instant::now();
    let started_at = SystemTime::now();
    let mut env = Env::of(&mut options);
    // Nobody may listen: a run does not depend on it.
    let tell = |event| drop(events.send(event));
    tell(Event::Probing);
    let (greeting, mut probed) = meet(&mut env, &options).await?;

    let slots = Arc::new(Semaphore::new(options.jobs.max(1)));
    let (messages, received) = mpsc::unbounded_channel();
    let mut collection = None;
    let collects = |index: &usize| env.suite.cases[*index].needs.iter().any(|need| need == "gc");
    if let Some(collecting) = options.collecting.filter(|_| options.cases.iter().any(collects)) {
        tell(Event::Collecting { cases: 0 });
        let found = gc::probe(&env, &collecting, &options.cancel).await;
        for (name, present, reason) in found.shows {
            if let Some(outcome) = probed.capabilities.iter_mut().find(|outcome| outcome.name == name) {
                (outcome.present, outcome.reason) = (present, reason);
            }
            env.capabilities.insert(name.to_string(), present);
        }
        collection = Some(Collection {
            retention: found.retention,
            rounds: found.rounds,
        });
        env.collector = Some(Collector {
            collecting,
            takes: found.takes,
            failed: found.failed,
            slots: slots.clone(),
            messages,
        });
    }

    tell(Event::Started {
        total: options.cases.len(),
    });
    let env = Arc::new(env);
    let mut rounds = collection
        .as_mut()
        .map(|c| std::mem::take(&mut c.rounds))
        .unwrap_or_default();
    let total = options.cases.len();
    let (cases, ()) = tokio::join!(
        run_cases(&env, &options.cases, slots, &options.cancel, &events),
        gc::coordinate(&env, received, total, &options.cancel, &events, &mut rounds)
    );
    if let Some(collection) = &mut collection {
        collection.rounds = rounds;
    }
    let profile = &options.profile;
    let kept: u64 = cases.iter().map(|case| case.exchanges.len() as u64).sum();
    let requests = kept + env.unkept.load(std::sync::atomic::Ordering::Relaxed);
    Ok(Report {
        schema: SCHEMA,
        run: RunInfo {
            tool_version: env!("CARGO_PKG_VERSION").to_string(),
            profile: profile.name.clone(),
            documents: profile.documents.clone(),
            partition: options.partition,
            strict: options.strict,
            seed: options.seed,
            jobs: options.jobs,
            started: rfc3339(started_at),
            elapsed_ms: started.elapsed().as_secs_f64() * 1000.0,
            requests,
            suite_digest: options.suite_digest,
        },
        target: TargetInfo {
            url: options.url,
            server: greeting.server,
            credentials: options.credentials,
            notes: options.notes.into_iter().chain(greeting.notes).collect(),
        },
        capabilities: probed.capabilities,
        categories: categories(&cases),
        counts: Counts::of(&cases),
        findings: findings(&env.suite, profile, &cases),
        known: Vec::new(),
        facts: facts(&cases),
        requirements: requirements(&env.suite, profile, &cases),
        interrupted: options.cancel.is_cancelled(),
        collection,
        cases,
    })
}

impl Env {
    /// What the cases of a run share; the suite moves into it.
    pub(super) fn of(options: &mut Options) -> Self {
        let suite = std::mem::take(&mut options.suite);
        let level = |requirement| options.profile.level(requirement);
        let levels = suite.requirements.iter();
        let levels = levels.filter_map(|requirement| Some((requirement.id.clone(), level(requirement)?)));
        Self {
            levels: levels.collect(),
            suite,
            client: options.client.clone(),
            host: options.host.clone(),
            isolation: options.isolation.clone(),
            seed: options.seed,
            chunk: CHUNK,
            capabilities: Default::default(),
            keep: options.keep,
            copies: options.copies,
            unkept: Default::default(),
            collector: None,
        }
    }
}

/// The start of a run: is there a registry, what does it offer, and is it us who lack a login?
pub(super) async fn meet(env: &mut Env, options: &Options) -> Result<(Greeting, Probed), Refusal> {
    let greeting = control::check(env, &options.url).await?;
    let mut given = options.collecting.as_ref().map(Collecting::gives).unwrap_or_default();
    if env.isolation.is_fresh() {
        given.push("fresh-repository");
    }
    let probed = probe::probe(env, &options.cases, &given).await;
    control::check_login(env, &options.cases, &probed.capabilities, &options.url)?;
    env.chunk = probed.chunk.unwrap_or(CHUNK).max(CHUNK);
    Ok((greeting, probed))
}

async fn run_cases(
    env: &Arc<Env>,
    chosen: &[usize],
    slots: Arc<Semaphore>,
    cancel: &CancellationToken,
    events: &mpsc::UnboundedSender<Event>,
) -> Vec<CaseOutcome> {
    // The longest first, so that none of them is left over at the end; the report is sorted afterwards.
    let mut order = chosen.to_vec();
    order.sort_by_key(|index| {
        let case = &env.suite.cases[*index];
        std::cmp::Reverse(case.setup.len() + case.steps.len())
    });
    let mut running = JoinSet::new();
    let mut index_of = HashMap::new();
    for index in order {
        let (env, slots, cancel, events) = (env.clone(), slots.clone(), cancel.clone(), events.clone());
        let task = running.spawn(async move {
            let case = &env.suite.cases[index];
            let messages = env.collector.as_ref().map(|collector| collector.messages.clone());
            let _done = Done { case: index, messages };
            // The semaphore is never closed.
            let slot = slots.acquire_owned().await.ok();
            let outcome = if cancel.is_cancelled() {
                skipped(case, SkipReason::Interrupted)
            } else {
                run_case(&env, index, slot, &cancel).await
            };
            drop(events.send(Event::Finished(Box::new(outcome.clone()))));
            (index, outcome)
        });
        index_of.insert(task.id(), index);
    }
    let mut done = Vec::with_capacity(chosen.len());
    while let Some(joined) = running.join_next().await {
        match joined {
            Ok(outcome) => done.push(outcome),
            Err(error) => {
                if let Some(index) = index_of.get(&error.id()) {
                    done.push((
                        *index,
                        failed(&env.suite.cases[*index], format!("the tool failed: {error}")),
                    ));
                }
            }
        }
    }
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

fn rfc3339(at: SystemTime) -> String {
    let at = time::OffsetDateTime::from(at);
    at.format(&time::format_description::well_known::Rfc3339)
        .unwrap_or_default()
}
