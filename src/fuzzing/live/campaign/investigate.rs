//! What a script shows is tried again, alone, made small, and written down.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::super::choices::Shrinker;
use super::super::player::{Manner, Played};
use super::super::script::{Aim, script};
use super::super::violation::{Oracle, Violation};
use super::super::{Finding, case};
use super::{Shared, is_list};

/// The most replays that a finding is worth, and the most time.
const REPLAYS: u32 = 600;
const PATIENCE: Duration = Duration::from_secs(20);

impl Shared {
    /// Looks whether a violation shows again, makes it small and writes it down.
    pub(super) async fn investigate(&self, aim: Aim, choices: &[u8], violation: &Violation, number: u64) {
        // A registry that goes down takes the connections of all scripts with it.
        let _alone_on_stage = match violation.oracle {
            Oracle::Lost | Oracle::Hang => Some(self.stage.write().await),
            _ => None,
        };
        let shows = |played: &Played| played.violations.iter().any(|v| v.signature == violation.signature);
        let times = if violation.oracle == Oracle::Hang { 2 } else { 1 };
        let mut confirmed = Played::default();
        for _ in 0..times {
            // A registry that is late once gets a second chance to show it.
            confirmed = self.alone(aim, choices).await;
            if !shows(&confirmed) {
                confirmed = self.alone(aim, choices).await;
            }
            if !shows(&confirmed) {
                let mut state = self.state();
                *state
                    .outcome
                    .unconfirmed
                    .entry(violation.signature.clone())
                    .or_default() += 1;
                return;
            }
        }
        let (mut smallest, mut lightest) = ((aim, self.shrink(aim, choices, violation).await), u64::MAX);
        let mut played = self.alone(smallest.0, &smallest.1).await;
        if let Some(call) = played
            .violations
            .iter()
            .find(|v| v.signature == violation.signature)
            .map(|v| v.call)
        {
            lightest = weigh(&played, call);
        }
        // What shows everywhere is best shown by the simplest script there is.
        for other in Aim::ALL {
            if self.gives_up() {
                break;
            }
            let simple = self.alone(other, &[]).await;
            let call = simple
                .violations
                .iter()
                .find(|v| v.signature == violation.signature)
                .map(|v| v.call);
            if let Some(weight) = call
                .map(|call| weigh(&simple, call))
                .filter(|weight| *weight < lightest)
            {
                (smallest, lightest, played) = ((other, Vec::new()), weight, simple);
            }
        }
        // What was confirmed before is written down even if the last replay fails.
        let ((aim, choices), played) = match shows(&played) {
            true => (smallest, played),
            false => ((aim, choices.to_vec()), confirmed),
        };
        if let Some(violation) = played
            .violations
            .iter()
            .find(|v| v.signature == violation.signature)
            .cloned()
        {
            self.believe(aim, &choices, &played, violation, number).await;
        }
    }

    /// Makes a script small, in one repository as long as it can be: what is in place there need not be pushed again.
    async fn shrink(&self, aim: Aim, choices: &[u8], violation: &Violation) -> Vec<u8> {
        let began = Instant::now();
        let mut replays = 0;
        let mut shrinker = Shrinker::new(choices.to_vec());
        let mut ops = script(aim, choices);
        let mut weight = u64::MAX;
        let mut room = self.room();
        while let Some(candidate) = shrinker.candidate() {
            let other = script(aim, &candidate);
            if other == ops {
                // Nothing that is sent depends on the difference.
                shrinker.keep(candidate);
                continue;
            }
            if replays >= REPLAYS || began.elapsed() > PATIENCE || self.gives_up() {
                break;
            }
            replays += 1;
            if is_list(&other) {
                self.leave(&mut room);
            }
            let manner = Manner {
                nonce: Some(1 << 38 | self.rooms.fetch_add(1, Ordering::Relaxed)),
                patient: false,
            };
            let mut played = self.play(&other, &mut room, manner).await;
            if played.put_off && self.is_alive().await {
                // Something else took the registry down for a while.
                played = self.play(&other, &mut room, manner).await;
            }
            if violation.oracle == Oracle::Lost {
                // And this may take it down.
                self.is_alive().await;
            }
            let call = played
                .violations
                .iter()
                .find(|v| v.signature == violation.signature)
                .map(|v| v.call);
            let new = call.map(|call| weigh(&played, call));
            match new.filter(|new| *new <= weight) {
                Some(new) => {
                    weight = new;
                    ops = other;
                    shrinker.keep(candidate);
                }
                None => shrinker.pass(),
            }
        }
        self.leave(&mut room);
        shrinker.best().to_vec()
    }

    /// Adds a finding.
    pub(super) async fn believe(&self, aim: Aim, choices: &[u8], played: &Played, violation: Violation, number: u64) {
        let origin = case::Origin {
            seed: self.options.seed,
            number,
            target: self.options.url.clone(),
        };
        let text = case::write(aim, choices, played, &violation, &origin);
        let entries = played.log.iter().take(violation.call + 1);
        let finding = Finding {
            oracle: violation.oracle,
            aim,
            number,
            choices: choices.to_vec(),
            curl: entries.clone().map(|entry| entry.curl.clone()).collect(),
            body: entries
                .filter_map(|entry| entry.call.body.clone())
                .next_back()
                .map(|body| body.to_vec()),
            case: text,
            seen: violation.seen,
            signature: violation.signature,
            occurrences: 0,
        };
        if let Some(found) = &self.options.found {
            let _ = found.send(finding.clone());
        }
        let mut state = self.state();
        state.outcome.unconfirmed.remove(&finding.signature);
        state.outcome.findings.push(finding);
    }
}

/// How large a script is, as far as it matters for what it shows: its requests and their bodies.
fn weigh(played: &Played, call: usize) -> u64 {
    let entries = played.log.iter().take(call + 1);
    entries
        .map(|entry| {
            let call = &entry.call;
            let fields: usize = call.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
            1_000 + (call.target.len() + fields) as u64 + call.body.as_ref().map_or(0, |body| body.len() as u64)
        })
        .sum()
}
