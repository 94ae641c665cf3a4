//! `referee explain`.

use clap::Args;

use super::suite::{SuiteArguments, load_suite, profile};
use super::{Exit, Failure, print};
use crate::case::{Case, Profile, Requirement, Suite};
use crate::runner::{preview, requirements};

const EXAMPLES: &str = "\
Examples:
  referee explain pull/ranges/closed        a case: each request, and what judges its answer
  referee explain dist-range-closed-206     a requirement: its text, its level, its cases
  referee explain range-end-exclusive       a mutant: what it does wrong";

/// What is explained.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ExplainArguments {
    /// The id of a case or of a requirement
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    suite: SuiteArguments,
    /// The profile that decides levels and versions
    #[arg(long, default_value = super::run::DEFAULT_PROFILE)]
    profile: String,
}

/// Prints a case as plain HTTP steps with what each requirement says, or a requirement with its cases.
pub fn explain(arguments: ExplainArguments) -> Result<Exit, Failure> {
    let suite = load_suite(&arguments.suite)?.suite;
    let chosen = profile(&suite, &arguments.profile)?;
    let id = arguments.id.trim_end_matches('/');
    if let Some(requirement) = suite.requirement(id) {
        print(&of_requirement(&suite, chosen, requirement));
        return Ok(Exit::Conforms);
    }
    let cases: Vec<&Case> = suite
        .cases
        .iter()
        .filter(|case| case.id.0 == id || case.id.base() == id)
        .collect();
    let Some(case) = cases.first() else {
        return Err(Failure::new(Exit::Usage, unknown(&suite, id)));
    };
    let mut text = of_case(&suite, chosen, case)?;
    if cases.len() > 1 {
        let others: Vec<&str> = cases[1..].iter().map(|case| case.id.0.as_str()).collect();
        text.push_str(&format!("\nLikewise: {}\n", others.join(", ")));
    }
    print(&text);
    Ok(Exit::Conforms)
}

fn of_case(suite: &Suite, profile: &Profile, case: &Case) -> Result<String, Failure> {
    let mut text = format!("{}  ({})\n{}\n", case.id, case.origin, case.says);
    if !case.needs.is_empty() {
        text.push_str(&format!("Needs: {}\n", case.needs.join(", ")));
    }
    let steps = preview(case).map_err(|error| Failure::new(Exit::Failed, error))?;
    let mut cited: Vec<&str> = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        let setup = if step.setup {
            " (setup: it has to succeed, and is not judged)"
        } else {
            ""
        };
        text.push_str(&format!("\n{}. {}{setup}\n", number + 1, step.says));
        for request in &step.requests {
            text.push_str(&format!("     {}\n", request.line));
            for header in &request.headers {
                text.push_str(&format!("       {header}\n"));
            }
            if let Some(body) = &request.body {
                text.push_str(&format!("       body: {body}\n"));
            }
        }
        for id in &step.requirements {
            let level = suite.requirement(id).and_then(|requirement| profile.level(requirement));
            let level = level.map_or_else(|| format!("not in {}", profile.name), |level| level.to_string());
            text.push_str(&format!("   judged by {id} ({level})\n"));
        }
        for fact in &step.facts {
            text.push_str(&format!("   records the fact {fact}\n"));
        }
    }
    for id in requirements(case) {
        if !cited.contains(&id) {
            cited.push(id);
        }
    }
    text.push_str("\nThe requirements:\n");
    for requirement in cited.iter().filter_map(|id| suite.requirement(id)) {
        text.push_str(&format!("  {}\n    {}\n", requirement.id, requirement.text));
        if let Some(link) = suite.link(requirement, Some(profile)) {
            text.push_str(&format!("    {link}\n"));
        }
    }
    for check in &case.parse {
        text.push_str(&format!(
            "\nA parser owes {} the verdict {:?} ({})\n",
            check.document, check.verdict, check.requirement
        ));
    }
    Ok(text)
}

fn of_requirement(suite: &Suite, profile: &Profile, requirement: &Requirement) -> String {
    let mut text = format!("{}\n{}\n\n", requirement.id, requirement.text);
    let levels: Vec<String> = requirement
        .levels
        .iter()
        .map(|(version, level)| format!("{version}: {level}"))
        .collect();
    text.push_str(&format!(
        "Document: {}, section {}\n",
        requirement.document, requirement.section
    ));
    text.push_str(&format!("Level:    {}\n", levels.join(", ")));
    if let Some(derived) = &requirement.derived {
        text.push_str(&format!("Derived:  from {derived}\n"));
    }
    if let Some(note) = &requirement.note {
        text.push_str(&format!("Note:     {note}\n"));
    }
    if let Some(link) = suite.link(requirement, Some(profile)) {
        text.push_str(&format!("Read:     {link}\n"));
    }
    if let Some(reason) = &requirement.untested {
        text.push_str(&format!("Untested: {reason}\n"));
    }
    let cases: Vec<&Case> = suite
        .cases
        .iter()
        .filter(|case| requirements(case).contains(&requirement.id.as_str()))
        .collect();
    for case in cases {
        text.push_str(&format!("  {}  {}\n", case.id, case.says));
    }
    text
}

fn unknown(suite: &Suite, id: &str) -> String {
    let names = suite
        .cases
        .iter()
        .map(|case| case.id.base())
        .chain(suite.requirements.iter().map(|requirement| requirement.id.as_str()));
    let near = names
        .map(|name| (strsim::jaro_winkler(name, id), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match near {
        Some((_, name)) => format!("there is no case or requirement `{id}`; did you mean `{name}`?"),
        None => format!("there is no case or requirement `{id}`; `referee list` names them"),
    }
}
