//! Known failures applied to a report: what a user has put off does not count, and what no longer fails is told.
//!
//! Owns when an entry holds. Pure; today's date is given.

use serde::{Deserialize, Serialize};

use super::{Counts, Finding, Report, Verdict, Weight};
use crate::case::Known;

/// What became of one entry of the file of known failures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownOutcome {
    /// The entry, with its place.
    pub entry: String,
    /// Its reason.
    pub reason: String,
    /// What became of it.
    pub state: KnownState,
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KnownState {
    /// It covers a failure.
    Holds,
    /// What it names was judged and does not fail: the entry has to go.
    Stale,
    /// Its day has passed, so it covers nothing.
    Over,
    /// What it names was not judged in this run.
    NotRun,
}

impl KnownState {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            KnownState::Holds => "holds",
            KnownState::Stale => "does not fail any more",
            KnownState::Over => "its time is over",
            KnownState::NotRun => "not judged in this run",
        }
    }
}

/// Marks what `known` covers, so that it does not count against the target, and notes what became of each entry.
/// `today` is a day as `YYYY-MM-DD`.
pub fn apply_known(report: &mut Report, known: &[Known], today: &str) {
    let active: Vec<&Known> = known.iter().filter(|entry| !entry.is_over(today)).collect();
    report.findings = std::mem::take(&mut report.findings)
        .into_iter()
        .flat_map(|finding| split(finding, &active))
        .collect();
    report.findings.sort_by(|a, b| {
        let key = |f: &Finding| (f.known.is_some(), f.weight, f.requirement.clone());
        key(a).cmp(&key(b))
    });
    for case in &mut report.cases {
        let failing: Vec<&str> = case
            .expectations
            .iter()
            .filter(|e| !e.held() && e.weight() != Weight::Fact)
            .map(|e| e.requirement.as_str())
            .collect();
        let reason_for = |requirement: &str| active.iter().find(|entry| entry.covers(&case.id, requirement));
        case.known = match case.verdict {
            Verdict::Fail | Verdict::Warn => {
                let all: Option<Vec<_>> = failing.iter().map(|id| reason_for(id)).collect();
                all.and_then(|entries| entries.first().map(|entry| entry.reason.clone()))
            }
            Verdict::Broken { .. } | Verdict::Error { .. } => active
                .iter()
                .find(|entry| entry.requirement.is_none() && entry.names_case(&case.id))
                .map(|entry| entry.reason.clone()),
            Verdict::Pass | Verdict::Skip { .. } => None,
        };
    }
    report.known = known.iter().map(|entry| outcome(entry, report, today)).collect();
    report.counts = Counts::of(&report.cases);
    report.weigh_categories();
}

/// The part of a finding that counts, and the part that is known.
fn split(finding: Finding, known: &[&Known]) -> Vec<Finding> {
    let (mut open, mut covered) = (Vec::new(), Vec::new());
    let mut reason = None;
    for occurrence in &finding.occurrences {
        match known
            .iter()
            .find(|entry| entry.covers(&occurrence.case, &finding.requirement))
        {
            Some(entry) => {
                reason.get_or_insert_with(|| entry.reason.clone());
                covered.push(occurrence.clone());
            }
            None => open.push(occurrence.clone()),
        }
    }
    let part = |occurrences, known| Finding {
        occurrences,
        known,
        ..finding.clone()
    };
    [part(open, None), part(covered, reason)]
        .into_iter()
        .filter(|part| !part.occurrences.is_empty())
        .collect()
}

fn outcome(entry: &Known, report: &Report, today: &str) -> KnownOutcome {
    let named = report.cases.iter().filter(|case| entry.names_case(&case.id));
    let (mut judged, mut fails) = (false, false);
    for case in named {
        let about = |requirement: &str| entry.covers(&case.id, requirement);
        for expectation in case.expectations.iter().filter(|e| about(&e.requirement)) {
            judged = true;
            fails |= !expectation.held() && expectation.weight() != Weight::Fact;
        }
        if entry.requirement.is_none() && matches!(case.verdict, Verdict::Broken { .. } | Verdict::Error { .. }) {
            (judged, fails) = (true, true);
        }
    }
    KnownOutcome {
        entry: entry.to_string(),
        reason: entry.reason.clone(),
        state: match (entry.is_over(today), judged, fails) {
            (true, ..) => KnownState::Over,
            (_, _, true) => KnownState::Holds,
            (_, true, false) => KnownState::Stale,
            (_, false, false) => KnownState::NotRun,
        },
    }
}
