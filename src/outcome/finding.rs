//! Findings: what a run holds against a target, one per requirement.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{CaseOutcome, Mismatch, Weight};
use crate::case::{Level, Profile, Suite};

/// One violated requirement on one target, with all its occurrences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The requirement.
    pub requirement: String,
    /// Its level in the chosen profile.
    pub level: Level,
    /// What it does to the target.
    pub weight: Weight,
    /// The paraphrase.
    pub text: String,
    /// What it follows from, if it is derived.
    pub derived: Option<String>,
    /// The heading of the section.
    pub section: String,
    /// The address of the section.
    pub link: Option<String>,
    /// Why it is put off, if every occurrence is a known failure.
    pub known: Option<String>,
    /// Every place where it was broken, in the order of case ids.
    pub occurrences: Vec<Occurrence>,
}

/// One place where a requirement was broken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Occurrence {
    /// The case.
    pub case: String,
    /// The step as it is written.
    pub action: String,
    /// The index into the case's exchanges.
    pub exchange: usize,
    /// What did not hold.
    pub mismatches: Vec<Mismatch>,
}

/// Groups the mismatches of `cases` by requirement: failures first, then warnings, each by requirement id.
pub fn findings(suite: &Suite, profile: &Profile, cases: &[CaseOutcome]) -> Vec<Finding> {
    let mut by_requirement: BTreeMap<(Weight, &str), (Level, Vec<Occurrence>)> = BTreeMap::new();
    for case in cases {
        for outcome in case
            .expectations
            .iter()
            .filter(|e| !e.held() && e.weight() != Weight::Fact)
        {
            let entry = by_requirement
                .entry((outcome.weight(), outcome.requirement.as_str()))
                .or_insert((outcome.level, Vec::new()));
            entry.1.push(Occurrence {
                case: case.id.clone(),
                action: outcome.action.clone(),
                exchange: outcome.exchange,
                mismatches: outcome.mismatches.clone(),
            });
        }
    }
    by_requirement
        .into_iter()
        .map(|((weight, id), (level, occurrences))| {
            let requirement = suite.requirement(id);
            Finding {
                requirement: id.to_string(),
                level,
                weight,
                text: requirement.map(|r| r.text.clone()).unwrap_or_default(),
                derived: requirement.and_then(|r| r.derived.clone()),
                section: requirement.map(|r| r.section.clone()).unwrap_or_default(),
                link: requirement.and_then(|r| suite.link(r, Some(profile))),
                known: None,
                occurrences,
            }
        })
        .collect()
}
