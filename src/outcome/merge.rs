//! The parts of a run that was spread over several machines, put together again.
//!
//! Owns what parts may be merged: those of one suite under one profile, each part once and none missing. Pure.

use std::collections::BTreeMap;

use super::summary::facts;
use super::{Counts, Finding, KnownOutcome, KnownState, Partition, Report, RequirementOutcome, Weight};
use crate::client::RequestCounts;

/// Why reports cannot be merged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// Nothing to merge.
    #[error("there is no report to merge")]
    Nothing,
    /// They judge by other cases or another profile.
    #[error("{0}; parts of one run have the same cases, the same profile and the same strictness")]
    OtherRun(String),
    /// Some of the parts are not there.
    #[error("of {of} parts, {missing} missing")]
    Missing {
        /// How many parts there are.
        of: u32,
        /// Those that are not there, in words.
        missing: String,
    },
    /// A case is there twice.
    #[error("the case {0} is in two of the reports")]
    Twice(String),
}

/// The report of the whole run.
///
/// # Errors
/// If the reports are not the parts of one run.
pub fn merge(parts: &[Report]) -> Result<Report, MergeError> {
    let (first, rest) = parts.split_first().ok_or(MergeError::Nothing)?;
    for other in rest {
        same(first, other)?;
    }
    complete(parts)?;
    let mut cases: Vec<_> = parts.iter().flat_map(|part| part.cases.iter().cloned()).collect();
    cases.sort_by(|a, b| a.id.cmp(&b.id));
    if let Some(pair) = cases.windows(2).find(|pair| pair[0].id == pair[1].id) {
        return Err(MergeError::Twice(pair[0].id.clone()));
    }
    let mut merged = first.clone();
    merged.run.partition = None;
    merged.run.requests = parts.iter().map(|part| part.run.requests).sum();
    merged.run.sent = RequestCounts::default();
    parts.iter().for_each(|part| merged.run.sent += part.run.sent);
    merged.run.elapsed_ms = parts.iter().map(|part| part.run.elapsed_ms).fold(0.0, f64::max);
    merged.capabilities = capabilities(parts);
    merged.counts = Counts::of(&cases);
    merged.facts = facts(&cases);
    merged.findings = findings(parts);
    merged.known = known(parts);
    merged.requirements = requirements(parts);
    merged.interrupted = parts.iter().any(|part| part.interrupted);
    merged.cases = cases;
    merged.weigh_categories();
    Ok(merged)
}

fn same(first: &Report, other: &Report) -> Result<(), MergeError> {
    let differs = |what: &str, a: &str, b: &str| Err(MergeError::OtherRun(format!("the {what} differs: {a} and {b}")));
    let (a, b) = (&first.run, &other.run);
    if a.suite_digest != b.suite_digest {
        return differs("suite", &a.suite_digest, &b.suite_digest);
    }
    if a.profile != b.profile {
        return differs("profile", &a.profile, &b.profile);
    }
    if a.strict != b.strict {
        return differs("strictness", &a.strict.to_string(), &b.strict.to_string());
    }
    let (target, other) = (&first.target, &other.target);
    if target.url != other.url && !(target.is_embedded() && other.is_embedded()) {
        return differs("registry", &target.url, &other.url);
    }
    if a.filtered != b.filtered {
        return differs("choice of cases", &a.filtered.to_string(), &b.filtered.to_string());
    }
    if a.read_only != b.read_only {
        return differs(
            "leave to write",
            &(!a.read_only).to_string(),
            &(!b.read_only).to_string(),
        );
    }
    let count = |partition: Option<Partition>| partition.map_or(0, |partition| partition.of);
    if count(a.partition) != count(b.partition) {
        return differs(
            "number of parts",
            &count(a.partition).to_string(),
            &count(b.partition).to_string(),
        );
    }
    Ok(())
}

/// Whether every part is there; a part that is there twice has cases that are.
fn complete(parts: &[Report]) -> Result<(), MergeError> {
    let Some(of) = parts[0].run.partition.map(|partition| partition.of) else {
        return Ok(());
    };
    let there: Vec<u32> = parts
        .iter()
        .filter_map(|part| part.run.partition)
        .map(|p| p.part)
        .collect();
    let missing: Vec<String> = (1..=of)
        .filter(|part| !there.contains(part))
        .map(|part| part.to_string())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let verb = if missing.len() == 1 { "is" } else { "are" };
    Err(MergeError::Missing {
        of,
        missing: format!("{} {verb}", missing.join(", ")),
    })
}

/// Each capability as the first part that probed it saw it. One that is not offered to some part is not offered.
fn capabilities(parts: &[Report]) -> Vec<super::CapabilityOutcome> {
    let mut merged: Vec<super::CapabilityOutcome> = Vec::new();
    for capability in parts.iter().flat_map(|part| &part.capabilities) {
        match merged.iter_mut().find(|known| known.name == capability.name) {
            Some(known) if known.present && !capability.present => *known = capability.clone(),
            Some(_) => {}
            None => merged.push(capability.clone()),
        }
    }
    merged
}

fn findings(parts: &[Report]) -> Vec<Finding> {
    let mut merged: BTreeMap<(bool, Weight, String), Finding> = BTreeMap::new();
    for finding in parts.iter().flat_map(|part| &part.findings) {
        merged
            .entry((finding.known.is_some(), finding.weight, finding.requirement.clone()))
            .and_modify(|known| known.occurrences.extend(finding.occurrences.iter().cloned()))
            .or_insert_with(|| finding.clone());
    }
    let mut findings: Vec<Finding> = merged.into_values().collect();
    for finding in &mut findings {
        finding.occurrences.sort_by(|a, b| a.case.cmp(&b.case));
    }
    findings
}

/// Every entry once: it holds if it holds in some part, and is stale only if it holds in none.
fn known(parts: &[Report]) -> Vec<KnownOutcome> {
    let rank = |state| match state {
        KnownState::Holds => 3,
        KnownState::Stale => 2,
        KnownState::Over => 1,
        KnownState::NotRun => 0,
    };
    let mut merged: Vec<KnownOutcome> = Vec::new();
    for known in parts.iter().flat_map(|part| &part.known) {
        match merged.iter_mut().find(|other| other.entry == known.entry) {
            Some(other) if rank(other.state) < rank(known.state) => other.state = known.state,
            Some(_) => {}
            None => merged.push(known.clone()),
        }
    }
    merged
}

/// The requirements of the first part, with what all parts saw of them, and those that only other parts have.
fn requirements(parts: &[Report]) -> Vec<RequirementOutcome> {
    let mut merged: Vec<RequirementOutcome> = Vec::new();
    for requirement in parts.iter().flat_map(|part| &part.requirements) {
        match merged.iter_mut().find(|known| known.id == requirement.id) {
            Some(known) => {
                known.held += requirement.held;
                known.broken += requirement.broken;
            }
            None => merged.push(requirement.clone()),
        }
    }
    merged
}
