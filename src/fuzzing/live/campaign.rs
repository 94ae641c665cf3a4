//! A campaign: scripts are made, played and judged until time, requests or patience run out.
//!
//! What a script shows is believed once it shows it again, alone, in a repository of its own; only then is it made small
//! and written down.

mod investigate;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fastrand::Rng;
use tokio::sync::{RwLock, broadcast};

use super::corpus::Corpus;
use super::death::LastWords;
use super::execute;
use super::player::{Manner, Played, Player, Room};
use super::script::{Aim, Op, script};
use super::trend::Trend;
use super::violation::{Oracle, Violation};
use super::{Options, Outcome, Progress};
use crate::client::{Answer, Client, RequestSpec, TransportError};

/// How many scripts share a repository.
const ROOM: u32 = 64;

/// After how many scripts it is looked how the registry is doing.
const PROBE: u64 = 64;

/// How many scripts are tried again that lost a connection at the same kind of request.
const BYSTANDERS: u64 = 24;

/// How long `GET /v2/` may take of a registry that answers at all; twice, for it may be busy.
const SILENCE: Duration = Duration::from_secs(5);

/// The most bytes that a campaign sends.
const MOST_BYTES: u64 = 4 << 30;

/// How much longer than asked for what was found is tried again and made small.
const GRACE: Duration = Duration::from_secs(10);

/// The most manifests that are remembered for the clean-up, and the most time that it takes.
const MOST_LITTER: usize = 50_000;
const TIDY: Duration = Duration::from_secs(10);

/// Runs a campaign.
pub async fn run(options: Options, show: impl Fn(&Progress) + Send + Sync + 'static) -> Outcome {
    let jobs = options.jobs.max(1);
    let shared = Arc::new(Shared::new(options));
    // A thread for each processor, with a runtime of its own: while one script waits another goes on, and threads seldom
    // sleep. None ends before all others: a connection that it opened may be in use elsewhere.
    let (working, _) = broadcast::channel::<()>(1);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(jobs);
    let worker = |number: usize| {
        let (shared, working) = (shared.clone(), working.clone());
        let share = jobs / threads + usize::from(number < jobs % threads);
        tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut others = working.subscribe();
                futures_util::future::join_all((0..share).map(|_| shared.clone().work())).await;
                drop(working);
                let _ = others.recv().await;
            });
            Ok::<_, std::io::Error>(())
        })
    };
    let workers: Vec<_> = (0..threads).map(worker).collect();
    drop(working);
    let telling = {
        let shared = shared.clone();
        tokio::spawn(async move {
            loop {
                show(&shared.progress());
                tokio::time::sleep(Duration::from_millis(150)).await;
            }
        })
    };
    for worker in workers {
        // A worker that panicked has found a mistake of this tool, which must not be lost.
        let broken = match worker.await {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        shared.state().outcome.broken.get_or_insert(broken);
    }
    shared.tidy(jobs).await;
    telling.abort();
    shared.outcome()
}

/// Plays one script, alone, and makes a finding of what it shows.
pub async fn replay(options: Options, aim: Aim, choices: Vec<u8>) -> Outcome {
    let shared = Arc::new(Shared::new(options));
    let played = shared.alone(aim, &choices).await;
    shared.record(aim, &choices, &played);
    for violation in played.violations.clone() {
        shared.believe(aim, &choices, &played, violation, 0).await;
    }
    shared.tidy(1).await;
    shared.outcome()
}

struct Shared {
    options: Options,
    started: Instant,
    next: AtomicU64,
    rooms: AtomicU64,
    requests: AtomicU64,
    dead: AtomicBool,
    /// Held for reading by every script, and for writing by what has to know that nothing else went on.
    stage: RwLock<()>,
    /// Tells this run's repositories from those of all others.
    run: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    corpus: Corpus,
    /// How often each violation was seen, by its signature.
    hits: HashMap<String, u64>,
    litter: BTreeSet<(String, String)>,
    outcome: Outcome,
    trend: Trend,
    last_words: LastWords,
}

impl Shared {
    fn new(options: Options) -> Self {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        let run = format!(
            "{:08x}",
            crate::content::mix(options.seed ^ now.as_nanos() as u64) >> 32
        );
        Self {
            options,
            started: Instant::now(),
            next: AtomicU64::new(0),
            rooms: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            dead: AtomicBool::new(false),
            stage: RwLock::default(),
            run,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn client(&self) -> &Client {
        &self.options.client
    }

    fn room(&self) -> Room {
        let number = self.rooms.fetch_add(1, Ordering::Relaxed);
        // Two components: some registries take no others.
        Room::new(format!("{}/{}-{number}", self.options.prefix, self.run))
    }

    fn is_over(&self) -> bool {
        let is_late = self.options.time.is_some_and(|time| self.started.elapsed() >= time);
        let requests = self.requests.load(Ordering::Relaxed);
        let is_enough = self.options.requests.is_some_and(|most| requests >= most);
        let is_found = self.options.until.is_some_and(|oracle| {
            self.state()
                .outcome
                .findings
                .iter()
                .any(|finding| finding.oracle == oracle)
        });
        is_late || is_enough || is_found || self.gives_up() || self.state().outcome.bytes > MOST_BYTES
    }

    /// Whether there is no point in sending anything more.
    fn gives_up(&self) -> bool {
        let is_overdue = self.overdue().is_some_and(|overdue| Instant::now() >= overdue);
        self.options.cancel.is_cancelled() || self.dead.load(Ordering::Relaxed) || is_overdue
    }

    /// When nothing is tried any more.
    fn overdue(&self) -> Option<Instant> {
        self.options.time.map(|time| self.started + time + GRACE)
    }

    async fn work(self: Arc<Self>) {
        let mut room = self.room();
        let mut plays = 0;
        while !self.is_over() {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let mut rng = Rng::with_seed(crate::content::mix(self.options.seed.wrapping_add(number)));
            let (aim, choices) = self.state().corpus.next(&mut rng, &self.options.aims);
            let ops = script(aim, &choices);
            if plays % ROOM == 0 || is_list(&ops) {
                self.leave(&mut room);
            }
            plays = if is_list(&ops) { 0 } else { plays + 1 };
            let manner = Manner {
                nonce: Some(number),
                patient: false,
            };
            let played = {
                let _on_stage = self.stage.read().await;
                self.play(&ops, &mut room, manner).await
            };
            self.record(aim, &choices, &played);
            self.state().last_words.add(aim, &choices, number, &played);
            if played.put_off && !self.is_alive().await {
                self.bury(number);
                return;
            }
            for violation in &played.violations {
                if self.is_worth_a_look(violation) {
                    // Whoever answers nobody has not fallen silent at this script alone.
                    if violation.oracle == Oracle::Hang && !self.is_alive().await {
                        self.bury(number);
                        return;
                    }
                    self.investigate(aim, &choices, violation, number).await;
                    if !self.is_alive().await {
                        self.bury(number);
                        return;
                    }
                }
            }
            if number.is_multiple_of(PROBE) {
                self.probe(number).await;
            }
        }
        self.leave(&mut room);
    }

    async fn play(&self, ops: &[Op], room: &mut Room, manner: Manner) -> Played {
        let mut player = Player::new(self.client(), room, manner);
        let interrupted = {
            let playing = std::pin::pin!(execute::play(&mut player, ops));
            let overdue = async {
                match self.overdue() {
                    Some(overdue) => tokio::time::sleep_until(overdue.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = playing => false,
                () = self.options.cancel.cancelled() => true,
                () = overdue => true,
            }
        };
        let mut played = player.played;
        played.put_off |= interrupted;
        if interrupted {
            played.violations.clear();
        }
        self.requests.fetch_add(played.requests, Ordering::Relaxed);
        played
    }

    /// Plays a script in a repository of its own, without a nonce; once more, if there was nobody to play it to until now.
    async fn alone(&self, aim: Aim, choices: &[u8]) -> Played {
        let manner = Manner {
            nonce: None,
            patient: true,
        };
        let ops = script(aim, choices);
        let play = async || {
            let mut room = self.room();
            let played = self.play(&ops, &mut room, manner).await;
            self.leave(&mut room);
            played
        };
        let played = play().await;
        match played.put_off && !self.gives_up() && self.is_alive().await {
            true => play().await,
            false => played,
        }
    }

    /// Changes to a new repository, and remembers what was left in the old one.
    fn leave(&self, room: &mut Room) {
        let left = std::mem::replace(room, self.room());
        let mut state = self.state();
        if state.litter.len() < MOST_LITTER {
            state.litter.extend(
                left.accepted
                    .into_iter()
                    .map(|digest| (left.repository.clone(), digest)),
            );
        }
    }

    fn record(&self, aim: Aim, choices: &[u8], played: &Played) {
        let mut state = self.state();
        state.corpus.add(aim, choices, played.features.iter().copied());
        let outcome = &mut state.outcome;
        outcome.scripts += 1;
        outcome.bytes += played.bytes;
        outcome.accepted += played.accepted.0;
        outcome.pushed += played.accepted.1;
        outcome.astray += played.astray;
        outcome.refused_since = match played.accepted.0 {
            0 => outcome.refused_since + played.refused_since,
            _ => played.refused_since,
        };
        outcome.slowest_ms = outcome.slowest_ms.max(played.slowest_ms);
        for rule in &played.lenient {
            *outcome.lenient.entry(rule.clone()).or_default() += 1;
        }
    }

    /// Counts a violation, and says whether it is to be looked into: the first of its kind. A registry that goes down takes the
    /// connections of all scripts with it, so of lost ones several are, until one is believed.
    fn is_worth_a_look(&self, violation: &Violation) -> bool {
        let mut state = self.state();
        let hits = state.hits.entry(violation.signature.clone()).or_default();
        *hits += 1;
        let is_early = *hits
            <= if violation.oracle == Oracle::Lost {
                BYSTANDERS
            } else {
                1
            };
        let findings = &state.outcome.findings;
        is_early && !findings.iter().any(|finding| finding.signature == violation.signature)
    }

    /// Whether the registry answers at all, looked at for some seconds.
    async fn is_alive(&self) -> bool {
        let mut is_silent = false;
        for pause in [0, 100, 400, 1_000, 2_000] {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            if self.options.cancel.is_cancelled() || self.dead.load(Ordering::Relaxed) {
                return true;
            }
            let asking = self.client().send(RequestSpec::path("GET", "/v2/"));
            let answer = tokio::time::timeout(SILENCE, asking).await.ok();
            self.requests.fetch_add(1, Ordering::Relaxed);
            match answer.as_ref().map(Answer::error) {
                Some(Some(TransportError::Connect { .. })) => {}
                None | Some(Some(TransportError::Timeout { .. })) if is_silent => return false,
                None | Some(Some(TransportError::Timeout { .. })) => is_silent = true,
                Some(_) => return true,
            }
        }
        false
    }

    /// Writes down that nobody answers any more, which script `number` has noticed.
    fn bury(&self, number: u64) {
        if self.dead.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut state = self.state();
        let finding = state.last_words.finding(number, &self.options.url, self.options.seed);
        if let Some(found) = &self.options.found {
            let _ = found.send(finding.clone());
        }
        state.outcome.findings.push(finding);
        state.outcome.deserted = true;
    }

    /// An ordinary push and pull, timed, and the memory of the process if it is known.
    async fn probe(&self, number: u64) {
        let mut room = Room::new(format!("{}/{}-probe", self.options.prefix, self.run));
        room.pieces
            .extend((0..super::palette::PIECES.len()).filter(|_| number > 0));
        let manner = Manner {
            nonce: Some(number | 1 << 39),
            patient: false,
        };
        let paper = super::document::plain(None, 0);
        let ops = [Op::Push(paper, super::script::By::Tag)];
        // The pieces are put in place by the first probe, which is not counted.
        let played = self.play(&ops, &mut room, manner).await;
        if number > 0 && !played.put_off {
            let bytes = self.state().outcome.bytes;
            self.state().trend.add(played.slowest_ms, self.options.pid, bytes);
        }
        let mut state = self.state();
        state.litter.extend(
            room.accepted
                .into_iter()
                .map(|digest| (room.repository.clone(), digest)),
        );
    }

    /// Deletes what was left, as far as the registry lets us, for some seconds at most.
    async fn tidy(&self, jobs: usize) {
        let litter = std::mem::take(&mut self.state().litter);
        if self.options.keep || self.dead.load(Ordering::Relaxed) {
            return;
        }
        let until = Instant::now() + TIDY;
        let queue = Mutex::new(litter.into_iter());
        let sweep = || async {
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((repository, digest)) = next.filter(|_| Instant::now() < until) else {
                    return;
                };
                let path = format!("/v2/{repository}/manifests/{digest}");
                let answer = self.client().send(RequestSpec::path("DELETE", path)).await;
                if matches!(answer.status(), Some(405) | None) {
                    return;
                }
            }
        };
        futures_util::future::join_all((0..jobs).map(|_| sweep())).await;
    }

    fn progress(&self) -> Progress {
        let state = self.state();
        Progress {
            elapsed: self.started.elapsed(),
            requests: self.requests.load(Ordering::Relaxed),
            scripts: state.outcome.scripts,
            corpus: state.corpus.size().0,
            findings: state.outcome.findings.len(),
        }
    }

    fn outcome(&self) -> Outcome {
        let mut state = self.state();
        let mut outcome = std::mem::take(&mut state.outcome);
        outcome.seed = self.options.seed;
        outcome.elapsed = self.started.elapsed();
        outcome.requests = self.requests.load(Ordering::Relaxed);
        (outcome.corpus, outcome.classes) = state.corpus.size();
        outcome.interrupted = self.options.cancel.is_cancelled();
        for finding in &mut outcome.findings {
            let hits = state.hits.get(&finding.signature).copied().unwrap_or_default();
            finding.occurrences = finding.occurrences.max(hits);
        }
        outcome.findings.extend(state.trend.findings());
        outcome
            .findings
            .sort_by_key(|finding| (finding.oracle.weight(), finding.oracle));
        let found: BTreeMap<_, _> = outcome.findings.iter().map(|f| (f.signature.clone(), ())).collect();
        outcome
            .unconfirmed
            .retain(|signature, _| !found.contains_key(signature));
        for (signature, times) in &mut outcome.unconfirmed {
            let hits = state.hits.get(signature).copied().unwrap_or_default();
            *times = hits.max(*times);
        }
        outcome
    }
}

/// Whether a script lists something: a list is only known in a repository that nobody else writes to.
fn is_list(ops: &[Op]) -> bool {
    ops.iter().any(|op| matches!(op, Op::Tags(..) | Op::Referrers(..)))
}
