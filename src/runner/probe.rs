//! What the target offers, with the exchange that shows it.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use super::control::PUSH;
use super::execute::{Performed, Thread, scope_of};
use super::lost::{LONGER_PAUSE, may_be_a_moments};
use super::stop::Stop;
use super::{Env, cleanup::Stored};
use crate::case::{Action, Capability, Case, Step, Suite};
use crate::client::{Purpose, TransportError};
use crate::expect;
use crate::outcome::CapabilityOutcome;

/// What a probe found.
#[derive(Default)]
pub struct Probed {
    /// Every capability, in the order of the file.
    pub capabilities: Vec<CapabilityOutcome>,
    /// The minimum chunk length that the target announces.
    pub chunk: Option<u64>,
    /// What the probes stored, which is to be removed.
    pub stored: Stored,
}

/// The capability whose probe finds the minimum chunk length.
const MIN_CHUNK: &str = "min-chunk";

/// The capture by which a probe hands on the minimum chunk length.
const CHUNK: &str = "chunk";

/// Runs the probes that `cases` need, all at once, in repositories of this round. `given` names what the way the tool was
/// called provides.
pub async fn ask(env: &Env, cases: &[usize], given: &[&str], round: &str) -> Vec<Seen> {
    let needed = needed(env, cases);
    let wanted = env.suite.capabilities.iter();
    let wanted = wanted.filter(|capability| needed.contains(&capability.name));
    join_all(wanted.map(|capability| one(env, capability, given, round))).await
}

/// What the probes show together: what one needs that the target turns out not to offer makes it absent whatever it saw.
pub fn settle(env: &mut Env, seen: Vec<Seen>) -> Probed {
    let suite = env.suite.clone();
    let named = |seen: Seen| {
        let capability = suite
            .capabilities
            .iter()
            .find(|capability| capability.name == seen.outcome.name);
        capability.map(|capability| (capability, seen))
    };
    let mut open: Vec<_> = seen.into_iter().filter_map(named).collect();
    let all: Vec<&Capability> = open.iter().map(|(capability, _)| *capability).collect();
    let mut probed = Probed::default();
    let mut settled = BTreeMap::new();
    while !open.is_empty() {
        let (ready, later): (Vec<_>, Vec<_>) = open.into_iter().partition(|(capability, _)| {
            needs(env, capability)
                .iter()
                .all(|need| env.capabilities.contains_key(need))
        });
        if ready.is_empty() {
            // The loader refuses needs that go in a circle, so this is a name that it does not know.
            break;
        }
        open = later;
        for (capability, seen) in ready {
            probed.stored.extend(seen.stored);
            let mut outcome = seen.outcome;
            match env.lacking(needs(env, capability)).filter(|_| !capability.from_run) {
                Some(name) => {
                    (outcome.present, outcome.unknown) = (false, false);
                    outcome.reason = format!("needs {name}");
                    outcome.evidence = None;
                }
                None => {
                    probed.chunk = probed.chunk.or(seen.chunk);
                    env.unknown.extend(seen.broken.map(|why| (outcome.name.clone(), why)));
                }
            }
            env.capabilities.insert(outcome.name.clone(), outcome.present);
            settled.insert(outcome.name.clone(), outcome);
        }
    }
    probed.capabilities = all
        .iter()
        .filter_map(|capability| settled.remove(&capability.name))
        .collect();
    probed
}

/// What a capability presupposes; what is found out by reading alone presupposes nothing.
fn needs<'c>(env: &Env, capability: &'c Capability) -> &'c [String] {
    match env.only_reads && !capability.reading.is_empty() {
        true => &[],
        false => &capability.needs,
    }
}

/// What one probe found, whatever became of those that it needs.
pub struct Seen {
    outcome: CapabilityOutcome,
    /// The step that had to work first and did not, and what was seen.
    broken: Option<(String, String)>,
    chunk: Option<u64>,
    /// What it stored.
    pub stored: Stored,
}

impl From<CapabilityOutcome> for Seen {
    fn from(outcome: CapabilityOutcome) -> Self {
        Self {
            outcome,
            broken: None,
            chunk: None,
            stored: Stored::default(),
        }
    }
}

/// The capabilities that the cases ask for, and what those need in turn. The minimum chunk length is always of use to who writes.
fn needed(env: &Env, cases: &[usize]) -> BTreeSet<String> {
    let suite = &env.suite;
    let always = (!env.only_reads).then(|| MIN_CHUNK.to_string());
    let mut needed: BTreeSet<String> = always.into_iter().collect();
    for index in cases {
        needed.extend(case_needs(suite, &suite.cases[*index]));
    }
    let mut open: Vec<String> = needed.iter().cloned().collect();
    while let Some(name) = open.pop() {
        let capability = suite.capabilities.iter().find(|capability| capability.name == name);
        for need in capability.into_iter().flat_map(|capability| needs(env, capability)) {
            if needed.insert(need.clone()) {
                open.push(need.clone());
            }
        }
    }
    needed
}

/// What a case asks for: itself, its steps, and the requirements that it judges.
fn case_needs(suite: &Suite, case: &Case) -> BTreeSet<String> {
    fn of_steps(steps: &[Step], needs: &mut BTreeSet<String>) {
        for step in steps {
            needs.extend(step.needs.iter().cloned());
            if let Action::Together { steps, .. } = &step.action {
                of_steps(steps, needs);
            }
        }
    }
    let mut needs: BTreeSet<String> = case.needs.iter().cloned().collect();
    of_steps(&case.setup, &mut needs);
    of_steps(&case.steps, &mut needs);
    for id in case.requirements() {
        needs.extend(
            suite
                .requirement(id)
                .iter()
                .flat_map(|requirement| requirement.needs.iter().cloned()),
        );
    }
    needs
}

async fn one(env: &Env, capability: &Capability, given: &[&str], round: &str) -> Seen {
    let mut outcome = CapabilityOutcome {
        name: capability.name.clone(),
        says: capability.says.clone(),
        present: true,
        unknown: false,
        reason: String::new(),
        evidence: None,
    };
    if capability.from_run {
        outcome.present = given.contains(&capability.name.as_str());
        outcome.reason = if outcome.present {
            "given by this run"
        } else {
            "not given by this run"
        }
        .to_string();
        return outcome.into();
    }
    let reads = env.only_reads && !capability.reading.is_empty();
    if env.only_reads && !capability.can_be_read() {
        outcome.present = false;
        outcome.reason = "not asked, for this run only reads".to_string();
        return outcome.into();
    }
    let mut stored = Stored::default();
    let mut asked = None;
    // What decides about many cases is asked again, elsewhere, where the answer may have been a moment's.
    for id in [
        format!("{round}/{}", capability.name),
        format!("{round}/{}/again", capability.name),
    ] {
        let given = env.given.first().filter(|_| reads);
        let repositories = match given {
            Some(given) => vec![given.repo.clone()],
            None => match env.isolation.repositories(&id, 1 + capability.repos.len()) {
                Some(repositories) => repositories,
                None if capability.repos.is_empty() => Vec::new(),
                None => {
                    outcome.present = false;
                    outcome.reason = "not asked, for it takes more repositories than were given".to_string();
                    return outcome.into();
                }
            },
        };
        let mut thread = match scope_of(env, &id, &capability.content, &capability.repos, &repositories, given) {
            Ok(scope) => Thread {
                scope,
                ..Thread::default()
            },
            Err(message) => {
                outcome.reason = format!("taken as offered: {message}");
                return outcome.into();
            }
        };
        let looked = look(env, capability, &mut thread).await;
        stored.extend(std::mem::take(&mut thread.stored));
        let is_settled = match &looked {
            Ok(looked) => !may_be_a_moments(looked.status),
            // Whoever hangs would do so again.
            Err(_) => thread
                .exchanges
                .last()
                .is_some_and(|last| matches!(last.error, Some(TransportError::Timeout { .. }))),
        };
        asked = Some((thread, looked));
        if is_settled {
            break;
        }
        tokio::time::sleep(LONGER_PAUSE).await;
    }
    let Some((thread, looked)) = asked else {
        return outcome.into();
    };
    let mut broken = None;
    match looked {
        Ok(Looked { declined, seen, .. }) => {
            outcome.present = !declined;
            outcome.reason = if declined {
                format!("{seen}; {}", capability.allowed_by)
            } else {
                seen
            };
        }
        Err(Stop::Broken { step, seen }) => {
            outcome.unknown = true;
            outcome.reason = format!("not known: {step}: {seen}");
            broken = Some((format!("find out about {}: {step}", capability.name), seen));
        }
        // Whoever needs to push will see for himself. Of what a registry may decline nobody is accused who did not answer.
        Err(Stop::Error(message)) if capability.name == PUSH => outcome.reason = format!("taken as offered: {message}"),
        Err(Stop::Error(message)) => {
            outcome.unknown = true;
            outcome.reason = format!("not known: {message}");
            broken = Some((format!("find out about {}", capability.name), message));
        }
        Err(Stop::Judged | Stop::NotApplicable { .. }) => outcome.reason = "taken as offered".to_string(),
    }
    outcome.evidence = thread.exchanges.last().cloned();
    let chunk = thread
        .scope
        .variables
        .get(CHUNK)
        .and_then(|text| text.trim().parse().ok());
    Seen {
        outcome,
        broken,
        chunk,
        stored,
    }
}

/// What the last answer of a probe was.
struct Looked {
    declined: bool,
    status: Option<u16>,
    /// In words.
    seen: String,
}

async fn look(env: &Env, capability: &Capability, thread: &mut Thread) -> Result<Looked, Stop> {
    let (setup, steps) = match env.only_reads && !capability.reading.is_empty() {
        true => (&[][..], &capability.reading),
        false => (capability.setup.as_slice(), &capability.steps),
    };
    for step in setup {
        thread.prepare(env, step, Purpose::Probe).await?;
    }
    let mut last = None;
    for step in steps {
        if thread.is_left_out(step) {
            continue;
        }
        last = thread.perform(env, step, 0, Purpose::Probe).await?.or(last);
        let ends = |last: &Performed| !expect::hold(&step.continue_if, &last.answer, &thread.scope);
        if last.as_ref().is_some_and(ends) {
            break;
        }
    }
    let Some(last) = last else {
        return Ok(Looked {
            declined: false,
            status: None,
            seen: "nothing to look at".to_string(),
        });
    };
    let declined = capability
        .absent
        .iter()
        .any(|matchers| expect::hold(matchers, &last.answer, &thread.scope));
    let request = &last.answer.exchange.request;
    let path = request.url.splitn(4, '/').nth(3).unwrap_or_default();
    Ok(Looked {
        declined,
        status: last.answer.status(),
        seen: format!(
            "answers {} to {} /{path}",
            expect::status_text(&last.answer),
            request.method
        ),
    })
}
