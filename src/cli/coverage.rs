//! `referee coverage`.

use std::collections::BTreeMap;

use clap::Args;

use super::suite::{SuiteArguments, load_suite, profile};
use super::{Exit, Failure, print};
use crate::case::Binds;

const EXAMPLES: &str = "\
Examples:
  referee coverage --profile oci-dev
  referee coverage --untested --strict      for CI: ends with 1 if a requirement has neither a case nor a reason";

/// What is counted.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CoverageArguments {
    #[command(flatten)]
    suite: SuiteArguments,
    /// The profile whose requirements are counted
    #[arg(long, default_value = super::run::DEFAULT_PROFILE)]
    profile: String,
    /// List only requirements without a case
    #[arg(long)]
    untested: bool,
    /// End with 1 if a requirement that binds a registry has neither a case nor a reason
    #[arg(long)]
    strict: bool,
}

/// Prints requirement by requirement which cases judge it.
pub fn coverage(arguments: CoverageArguments) -> Result<Exit, Failure> {
    let suite = load_suite(&arguments.suite)?.suite;
    let chosen = profile(&suite, &arguments.profile)?;
    let mut cases: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for case in &suite.cases {
        let parsed = case.parse.iter().map(|check| check.requirement.as_str());
        for id in case.requirements().into_iter().chain(parsed) {
            let ids = cases.entry(id).or_default();
            if ids.last() != Some(&case.id.base()) {
                ids.push(case.id.base());
            }
        }
    }
    for always in &suite.always {
        for expectation in &always.expect {
            cases
                .entry(&expectation.requirement)
                .or_default()
                .push("every exchange");
        }
    }
    let (mut tested, mut excused, mut holes) = (0, 0, 0);
    let mut text = String::new();
    for requirement in &suite.requirements {
        let Some(level) = chosen.level(requirement) else {
            continue;
        };
        let judged = cases.get(requirement.id.as_str());
        let state = match (judged, &requirement.untested) {
            (Some(ids), _) => {
                tested += 1;
                if arguments.untested {
                    continue;
                }
                let more = if ids.len() > 3 {
                    format!(" and {} more", ids.len() - 3)
                } else {
                    String::new()
                };
                format!("{}{more}", ids[..ids.len().min(3)].join(", "))
            }
            (None, Some(reason)) => {
                excused += 1;
                format!("untested: {reason}")
            }
            (None, None) if requirement.binds != Binds::Registry => {
                excused += 1;
                let whom = if requirement.binds == Binds::Client {
                    "clients"
                } else {
                    "authors of documents"
                };
                format!("untested: binds {whom}")
            }
            (None, None) => {
                holes += 1;
                "NO CASE".to_string()
            }
        };
        text.push_str(&format!("{:48} {:10} {state}\n", requirement.id, level.name()));
    }
    text.push_str(&format!(
        "{}: {} requirements, {tested} with cases, {excused} untested for a reason, {holes} without a case\n",
        chosen.name,
        tested + excused + holes
    ));
    print(&text);
    Ok(if arguments.strict && holes > 0 {
        Exit::Findings
    } else {
        Exit::Conforms
    })
}
