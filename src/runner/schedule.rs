//! Running all cases at once, bounded, and gathering the report.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::cleanup::{clean_up, clean_up_unless_late, shared_blobs};
use super::control::{self, Greeting, Refusal};
use super::execute::{cut_off, failed, run_case};
use super::gc::{self, Collecting, Collector, Done};
use super::given::{self, Reading};
use super::probe::{self, Probed};
use super::silence::Silence;
use super::{Env, Isolation, order, share, ways};
use crate::case::{Profile, Suite, UploadHow};
use crate::client::{Client, RequestCounts};
use crate::outcome::{
    CapabilityOutcome, CaseOutcome, Collection, Counts, Partition, Report, RunInfo, SCHEMA, TargetInfo, lighten,
    requests_of,
};

/// The length of a chunk where the target announces no minimum.
const CHUNK: u64 = 1024;

/// How many cases run at once on a target that is near.
const JOBS: usize = 32;

/// How many on one that is far away.
const MOST_JOBS: usize = 256;

/// The round trip from which on more cases than usual run at once. Each of them mostly waits then, so that the target has no
/// more to do at a time.
const FAR: Duration = Duration::from_millis(6);

/// How many cases run at once by themselves on a target that answers a small request after `round_trip`.
fn jobs_at(round_trip: Duration) -> usize {
    let jobs = JOBS as f64 * round_trip.as_secs_f64() / FAR.as_secs_f64();
    (jobs as usize).clamp(JOBS, MOST_JOBS)
}

/// The shortest time that an answer took: who is busy for a moment is not far away.
fn nearest(greeted: Duration, probed: &[CapabilityOutcome]) -> Duration {
    let exchanges = probed.iter().filter_map(|capability| capability.evidence.as_ref());
    let answered = exchanges.filter(|exchange| exchange.error.is_none());
    let times = answered.filter_map(|exchange| Duration::try_from_secs_f64(exchange.elapsed_ms / 1000.0).ok());
    times.fold(greeted, Duration::min)
}

/// How a run is made.
pub struct Options {
    /// The suite.
    pub suite: Arc<Suite>,
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
    /// How many cases run at once; of itself, as many as the distance to the target [is worth](jobs_at).
    pub jobs: Option<usize>,
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
    /// What is read that the target has already, if anything.
    pub reading: Option<Reading>,
    /// Tells one suite from another.
    pub suite_digest: String,
    /// What an earlier run, which was cut off, has found out; its cases are not among `cases`.
    pub resumed: Option<Resumed>,
    /// Ends the run early.
    pub cancel: CancellationToken,
}

/// What a run that was cut off left behind.
#[derive(Debug, Clone, Default)]
pub struct Resumed {
    /// What its probes saw.
    pub capabilities: Vec<CapabilityOutcome>,
    /// The cases that it finished.
    pub cases: Vec<CaseOutcome>,
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
        /// The report as it stands: of the run, the target and its capabilities, without a case.
        report: Box<Report>,
    },
    /// Garbage is collected.
    Collecting {
        /// How many cases wait for it.
        cases: usize,
    },
    /// A case ended.
    Finished(Arc<CaseOutcome>),
}

/// What a report keeps of the bodies that were exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bodies {
    /// The start of each.
    All,
    /// Those that are evidence: all but those of [cases that passed](lighten).
    Telling,
}

/// Runs the cases and says what they show. Events are told on `events` as they happen.
pub async fn run(options: Options, events: mpsc::UnboundedSender<Event>) -> Result<Report, Refusal> {
    run_keeping(Bodies::All, options, events).await
}

/// The same, with the bodies that are asked for.
pub async fn run_keeping(
    bodies: Bodies,
    options: Options,
    events: mpsc::UnboundedSender<Event>,
) -> Result<Report, Refusal> {
    let started = Instant::now();
    let started_at = SystemTime::now();
    // The registry itself can end a run too, by falling silent; that is no interruption.
    let stop = options.cancel.child_token();
    let mut env = Env::of(&options, &stop);
    // Nobody may listen: a run does not depend on it.
    let tell = |event| drop(events.send(event));
    tell(Event::Probing);
    let (greeting, mut probed) = meet(&mut env, &options, &stop).await?;

    let round_trip = nearest(greeting.round_trip, &probed.capabilities);
    let jobs = options.jobs.unwrap_or_else(|| jobs_at(round_trip)).max(1);
    // Far away one may have a chain of requests that takes its time, and the others need not wait for it.
    let heavy_at_once = if round_trip > FAR { 2 } else { 1 };
    env.silence = Silence::new(jobs, stop.clone());
    let slots = Arc::new(Semaphore::new(jobs));
    let (messages, received) = mpsc::unbounded_channel();
    let mut collection = None;
    let collects = |index: &usize| env.suite.cases[*index].needs.iter().any(|need| need == "gc");
    if let Some(collecting) = options.collecting.filter(|_| options.cases.iter().any(collects)) {
        tell(Event::Collecting { cases: 0 });
        // What the probes left has to be gone before anything is collected, for a collector may stumble over it.
        clean_up(&env, &std::mem::take(&mut probed.stored)).await;
        let found = gc::probe(&env, &collecting, &stop).await;
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

    let resumed = options.resumed.unwrap_or_default();
    let known = |name: &str| probed.capabilities.iter().any(|capability| capability.name == name);
    let earlier: Vec<_> = resumed.capabilities.into_iter().filter(|c| !known(&c.name)).collect();
    let mut report = Report {
        schema: SCHEMA,
        run: RunInfo {
            tool_version: env!("CARGO_PKG_VERSION").to_string(),
            profile: options.profile.name.clone(),
            documents: options.profile.documents.clone(),
            partition: options.partition,
            strict: options.strict,
            filtered: false,
            only_own_cases: false,
            read_only: options.reading.as_ref().is_some_and(|reading| reading.only),
            seed: options.seed,
            jobs,
            started: rfc3339(started_at),
            elapsed_ms: 0.0,
            requests: 0,
            sent: RequestCounts::default(),
            suite_digest: options.suite_digest,
        },
        target: TargetInfo {
            url: options.url,
            server: greeting.server,
            credentials: options.credentials,
            notes: options.notes.into_iter().chain(greeting.notes).collect(),
        },
        capabilities: probed.capabilities.into_iter().chain(earlier).collect(),
        categories: Vec::new(),
        counts: Counts::default(),
        findings: Vec::new(),
        known: Vec::new(),
        facts: Vec::new(),
        requirements: Vec::new(),
        interrupted: false,
        collection: None,
        cases: Vec::new(),
    };
    tell(Event::Started {
        total: options.cases.len(),
        report: Box::new(report.clone()),
    });
    let env = Arc::new(env);
    let mut rounds = collection
        .as_mut()
        .map(|c| std::mem::take(&mut c.rounds))
        .unwrap_or_default();
    let total = options.cases.len();
    let broom = Semaphore::new(1);
    let (mut cases, (), ()) = tokio::join!(
        run_cases(&env, &options.cases, bodies, slots, heavy_at_once, &stop, &events),
        clean_up_unless_late(&env, &probed.stored, &broom, &stop),
        gc::coordinate(&env, received, total, &stop, &events, &mut rounds)
    );
    if let Some(collection) = &mut collection {
        collection.rounds = rounds;
    }
    let earlier = requests_of(&resumed.cases);
    cases.extend(resumed.cases);
    report.collection = collection;
    report.target.notes.extend(env.silence.reason());
    report.interrupted = options.cancel.is_cancelled();
    report.run.elapsed_ms = started.elapsed().as_secs_f64() * 1000.0;
    report.gather(&env.suite, &options.profile, cases);
    report.run.sent = env.client.sent();
    report.run.sent += earlier;
    report.run.requests = report.run.sent.total();
    Ok(report)
}

impl Env {
    /// What the cases of a run share.
    pub(super) fn of(options: &Options, stop: &CancellationToken) -> Self {
        let level = |requirement| options.profile.level(requirement);
        let levels = options.suite.requirements.iter();
        let levels = levels.filter_map(|requirement| Some((requirement.id.clone(), level(requirement)?)));
        Self {
            levels: levels.collect(),
            suite: options.suite.clone(),
            client: options.client.clone(),
            host: options.host.clone(),
            isolation: options.isolation.clone(),
            shared_blobs: shared_blobs(&options.suite, &options.isolation),
            seed: options.seed,
            chunk: CHUNK,
            capabilities: Default::default(),
            unknown: Default::default(),
            how: UploadHow::PostThenPut,
            single_post: false,
            no_digests: None,
            took_content: false,
            keep: options.keep,
            copies: options.copies,
            patience: Duration::ZERO,
            collector: None,
            given: Vec::new(),
            only_reads: options.reading.as_ref().is_some_and(|reading| reading.only),
            lists: Default::default(),
            silence: Silence::new(options.jobs.unwrap_or(JOBS), stop.clone()),
        }
    }
}

/// The start of a run: is there a registry, what does it offer, and is it us who lack a login?
pub(super) async fn meet(
    env: &mut Env,
    options: &Options,
    stop: &CancellationToken,
) -> Result<(Greeting, Probed), Refusal> {
    let mut greeting = tokio::select! {
        biased;
        () = stop.cancelled() => Default::default(),
        greeting = control::check(&env.client, env.seed, &options.url) => greeting?,
    };
    let mut given = options.collecting.as_ref().map(Collecting::gives).unwrap_or_default();
    if env.isolation.is_fresh() {
        given.push("fresh-repository");
    }
    if let Some(reading) = &options.reading {
        env.given = tokio::select! {
            biased;
            () = stop.cancelled() => Default::default(),
            found = given::find(&env.client, &reading.wanted, &options.url) => match found {
                Err(refusal) if reading.only => return Err(refusal),
                found => found.unwrap_or_default(),
            },
        };
        given.extend(given::gives(&env.given));
        if reading.only {
            greeting.notes.extend(env.given.iter().map(|given| given.note.clone()));
        }
    }
    let probed = tokio::select! {
        biased;
        () = stop.cancelled() => Default::default(),
        probed = async {
            if env.only_reads {
                let seen = probe::ask(env, &options.cases, &given, "probe").await;
                return probe::settle(env, seen);
            }
            let mut ways = ways::find(env).await;
            let (mut seen, refused) = tokio::join!(
                probe::ask(env, &options.cases, &given, "probe"),
                ways::refuses_digests(env, &mut ways)
            );
            if refused.is_some() {
                env.no_digests = refused;
                seen.into_iter().for_each(|seen| ways.stored.extend(seen.stored));
                seen = probe::ask(env, &options.cases, &given, "probe-with-tags").await;
            }
            env.took_content = ways.took_content;
            env.patience = ways.patience;
            greeting.notes.extend(ways.notes);
            let mut probed = probe::settle(env, seen);
            probed.stored.extend(ways.stored);
            probed
        } => probed,
    };
    control::check_login(env, &options.cases, &probed.capabilities, &options.url)?;
    env.chunk = probed.chunk.unwrap_or(CHUNK).max(CHUNK);
    Ok((greeting, probed))
}

async fn run_cases(
    env: &Arc<Env>,
    chosen: &[usize],
    bodies: Bodies,
    slots: Arc<Semaphore>,
    heavy_at_once: usize,
    stop: &CancellationToken,
    events: &mpsc::UnboundedSender<Event>,
) -> Vec<CaseOutcome> {
    // Cleaning up has slots of its own, fewer, for each sends several requests at once: no case waits for what another
    // leaves behind.
    let brooms = Arc::new(Semaphore::new(slots.available_permits().div_ceil(4)));
    let heavy = Arc::new(Semaphore::new(heavy_at_once));
    // Between two cases that read the same content no collection may come by.
    let mut shares = match env.collector {
        Some(_) => HashMap::new(),
        None => share::shares(&env.suite, chosen),
    };
    let mut running = JoinSet::new();
    let mut index_of = HashMap::new();
    for index in order::longest_first(&env.suite, chosen, &shares) {
        let (env, slots, stop, events) = (env.clone(), slots.clone(), stop.clone(), events.clone());
        let (brooms, heavy) = (brooms.clone(), heavy.clone());
        let share = shares.remove(&index);
        let task = running.spawn(async move {
            let case = &env.suite.cases[index];
            let messages = env.collector.as_ref().map(|collector| collector.messages.clone());
            // Dropped after the clean-up: no garbage is collected while content is being deleted.
            let _done = Done { case: index, messages };
            // The semaphores are never closed.
            let slot = slots.acquire_owned().await.ok();
            let alone = match order::is_heavy(case) {
                true => heavy.acquire().await.ok(),
                false => None,
            };
            let (mut outcome, mut stored) = if stop.is_cancelled() {
                (cut_off(&env, case), Default::default())
            } else {
                // Made only now: every case has a task from the start, and what a case under way needs is much.
                Box::pin(run_case(&env, index, share.as_deref(), slot, &stop)).await
            };
            if bodies == Bodies::Telling {
                lighten(&mut outcome);
            }
            drop(alone);
            let outcome = Arc::new(outcome);
            drop(events.send(Event::Finished(outcome.clone())));
            // The last one tidies up for all.
            if let Some(share) = share.and_then(Arc::into_inner) {
                stored.extend(share.into_stored());
            }
            Box::pin(clean_up_unless_late(&env, &stored, &brooms, &stop)).await;
            outcome
        });
        index_of.insert(task.id(), index);
    }
    let mut done = Vec::with_capacity(chosen.len());
    while let Some(joined) = running.join_next().await {
        match joined {
            Ok(outcome) => done.push(outcome),
            Err(error) => {
                if let Some(index) = index_of.get(&error.id()) {
                    let message = format!("the tool failed: {error}");
                    done.push(Arc::new(failed(&env.suite.cases[*index], message)));
                }
            }
        }
    }
    done.into_iter().map(Arc::unwrap_or_clone).collect()
}

fn rfc3339(at: SystemTime) -> String {
    let at = time::OffsetDateTime::from(at);
    at.format(&time::format_description::well_known::Rfc3339)
        .unwrap_or_default()
}
