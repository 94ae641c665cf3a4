//! What the target offers, with the exchange that shows it.

use futures_util::future::join_all;

use super::execute::{Stop, Thread, scope_of};
use super::{Env, cleanup::clean_up};
use crate::case::Capability;
use crate::client::Purpose;
use crate::expect;
use crate::outcome::CapabilityOutcome;

/// What a probe found.
pub struct Probed {
    /// Every capability, in the order of the file.
    pub capabilities: Vec<CapabilityOutcome>,
    /// The minimum chunk length that the target announces.
    pub chunk: Option<u64>,
}

/// The capture by which a probe hands on the minimum chunk length.
const CHUNK: &str = "chunk";

/// Runs every probe, those first that others need. `given` names what the way the tool was called provides.
pub async fn probe(env: &mut Env, given: &[&str]) -> Probed {
    let all = env.suite.capabilities.clone();
    let mut outcomes: Vec<Option<CapabilityOutcome>> = vec![None; all.len()];
    let mut chunk = None;
    while outcomes.iter().any(Option::is_none) {
        let ready: Vec<usize> = (0..all.len())
            .filter(|index| outcomes[*index].is_none())
            .filter(|index| all[*index].needs.iter().all(|need| env.capabilities.contains_key(need)))
            .collect();
        if ready.is_empty() {
            // The loader refuses needs that go in a circle, so this is a name that it does not know.
            break;
        }
        let shared: &Env = env;
        let found = join_all(ready.iter().map(|index| one(shared, &all[*index], given))).await;
        for (index, (outcome, announced)) in ready.into_iter().zip(found) {
            chunk = chunk.or(announced);
            env.capabilities.insert(outcome.name.clone(), outcome.present);
            outcomes[index] = Some(outcome);
        }
    }
    Probed {
        capabilities: outcomes.into_iter().flatten().collect(),
        chunk,
    }
}

async fn one(env: &Env, capability: &Capability, given: &[&str]) -> (CapabilityOutcome, Option<u64>) {
    let mut outcome = CapabilityOutcome {
        name: capability.name.clone(),
        says: capability.says.clone(),
        present: true,
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
        return (outcome, None);
    }
    if let Some(name) = env.lacking(&capability.needs) {
        outcome.present = false;
        outcome.reason = format!("needs {name}");
        return (outcome, None);
    }
    let id = format!("probe/{}", capability.name);
    let repositories = env.isolation.repositories(&id, 1).unwrap_or_default();
    let mut thread = match scope_of(env, &id, &capability.content, &[], &repositories) {
        Ok(scope) => Thread {
            scope,
            ..Thread::default()
        },
        Err(message) => {
            outcome.reason = format!("taken as offered: {message}");
            return (outcome, None);
        }
    };
    match look(env, capability, &mut thread).await {
        Ok((declined, seen)) => {
            outcome.present = !declined;
            outcome.reason = if declined {
                format!("{seen}; {}", capability.allowed_by)
            } else {
                seen
            };
        }
        Err(Stop::Broken { step, seen }) => outcome.reason = format!("taken as offered: {step}: {seen}"),
        Err(Stop::Error(message)) => outcome.reason = format!("taken as offered: {message}"),
        Err(Stop::Judged) => outcome.reason = "taken as offered".to_string(),
    }
    outcome.evidence = thread.exchanges.last().cloned();
    let chunk = thread
        .scope
        .variables
        .get(CHUNK)
        .and_then(|text| text.trim().parse().ok());
    clean_up(env, &thread.stored).await;
    (outcome, chunk)
}

/// Whether the last answer declines, and what it was.
async fn look(env: &Env, capability: &Capability, thread: &mut Thread) -> Result<(bool, String), Stop> {
    for step in &capability.setup {
        thread.prepare(env, step, Purpose::Probe).await?;
    }
    let mut last = None;
    for step in &capability.steps {
        last = thread.perform(env, step, 0, Purpose::Probe).await?.or(last);
    }
    let Some(last) = last else {
        return Ok((false, "nothing to look at".to_string()));
    };
    let declined = capability
        .absent
        .iter()
        .any(|matchers| expect::mismatches(matchers, &last.answer, &thread.scope).is_ok_and(|found| found.is_empty()));
    let request = &last.answer.exchange.request;
    let path = request.url.splitn(4, '/').nth(3).unwrap_or_default();
    Ok((
        declined,
        format!(
            "{} /{path} answers {}",
            request.method,
            expect::status_text(&last.answer)
        ),
    ))
}
