//! `referee explain`.

use clap::Args;

use super::suite::{SuiteArguments, load_suite, profile};
use super::{Exit, Failure, did_you_mean, print};
use crate::case::{Case, ParseVerdict, Profile, Requirement, Suite};
use crate::registry::{Mutant, Variant};
use crate::report::{plural, printable};
use crate::runner::preview;

const EXAMPLES: &str = "\
Examples:
  referee explain pull/ranges/closed        a case: each request, and what judges its answer
  referee explain dist-range-closed-206     a requirement: its text, its level, its cases
  referee explain range-end-exclusive       a mutant: what it does wrong";

/// What is explained.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ExplainArguments {
    /// The id of a case, or the name of a requirement, mutant, variant, capability or profile
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    suite: SuiteArguments,
    /// The profile that decides levels and versions
    #[arg(long, default_value = super::run::DEFAULT_PROFILE)]
    profile: String,
}

/// Prints a case as plain HTTP steps with what each requirement says, a requirement with its cases, or what a name stands
/// for.
pub fn explain(arguments: ExplainArguments) -> Result<Exit, Failure> {
    let suite = load_suite(&arguments.suite)?.suite;
    let chosen = profile(&suite, &arguments.profile)?;
    let id = arguments.id.trim_end_matches('/');
    if let Some(requirement) = suite.requirement(id) {
        show(&of_requirement(&suite, chosen, requirement));
        return Ok(Exit::Conforms);
    }
    let cases: Vec<&Case> = suite
        .cases
        .iter()
        .filter(|case| case.id.0 == id || case.id.base() == id)
        .collect();
    let Some(case) = cases.first() else {
        let text = named(&suite, id).ok_or_else(|| Failure::new(Exit::Usage, unknown(&suite, id)))?;
        show(&text);
        return Ok(Exit::Conforms);
    };
    let mut text = of_case(&suite, chosen, case)?;
    if cases.len() > 1 {
        let others: Vec<&str> = cases[1..].iter().map(|case| case.id.0.as_str()).collect();
        text.push_str(&format!("\nLikewise: {}\n", others.join(", ")));
    }
    show(&text);
    Ok(Exit::Conforms)
}

/// Prints what may quote a user's file.
fn show(text: &str) {
    print(&printable::lines(text, usize::MAX));
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
        if step.may_end {
            text.push_str("   ends the case unless the answer is as in `continue-if`\n");
        }
    }
    for check in &case.parse {
        text.push_str(&format!(
            "\nA parser owes the document `{}`: {} ({})\n",
            check.document,
            verdict(&check.verdict),
            check.requirement
        ));
    }
    for id in judged_by(case) {
        if !cited.contains(&id) {
            cited.push(id);
        }
    }
    if !cited.is_empty() {
        text.push_str("\nThe requirements:\n");
    }
    for requirement in cited.iter().filter_map(|id| suite.requirement(id)) {
        text.push_str(&format!("  {}\n    {}\n", requirement.id, requirement.text));
        if let Some(link) = suite.link(requirement, Some(profile)) {
            text.push_str(&format!("    {link}\n"));
        }
    }
    Ok(text)
}

/// The requirements by which answers and parsers are judged.
fn judged_by(case: &Case) -> impl Iterator<Item = &str> {
    let parsers = case.parse.iter().map(|check| check.requirement.as_str());
    case.requirements().into_iter().chain(parsers)
}

fn verdict(verdict: &ParseVerdict) -> String {
    match verdict {
        ParseVerdict::Accepted => "accepted".to_string(),
        ParseVerdict::Refused(None) => "refused".to_string(),
        ParseVerdict::Refused(Some(pointer)) => format!("refused, for what is at {pointer}"),
    }
}

/// What is no case and no requirement, but has a name.
fn named(suite: &Suite, name: &str) -> Option<String> {
    if let Ok(mutant) = name.parse::<Mutant>() {
        return Some(format!(
            "{name}: a mutant of the reference registry\n{}\n\nBreaks: {}\nTry:    referee serve --mutant {name}\n",
            mutant.doc(),
            mutant.breaks()
        ));
    }
    if let Ok(variant) = name.parse::<Variant>() {
        return Some(format!(
            "{name}: a variant of the reference registry\n{}\n\nAllowed: {}\nTry:     referee serve --variant {name}\n",
            variant.doc(),
            variant.allows()
        ));
    }
    if let Some(capability) = suite.capabilities.iter().find(|capability| capability.name == name) {
        let mut text = format!("{name}: a capability\n{}\n\n", capability.says);
        if capability.from_run {
            text.push_str("It is given by the way Referee is called.\n");
        } else {
            text.push_str(&format!("A registry may decline: {}\n", capability.allowed_by));
            text.push_str(&format!("Probe: {}\n", capability.origin));
        }
        let needing = suite
            .cases
            .iter()
            .filter(|case| case.needs.iter().any(|need| need == name));
        text.push_str(&format!(
            "Needed by {}: referee list --filter needs:{name}\n",
            plural(needing.count(), "case", "cases")
        ));
        return Some(text);
    }
    let profile = suite.profile(name)?;
    let documents: Vec<String> = profile
        .documents
        .iter()
        .map(|(document, version)| format!("{document} {version}"))
        .collect();
    Some(format!(
        "{name}: a profile\n{}\n\nDocuments: {}\n",
        profile.says,
        documents.join(", ")
    ))
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
        .filter(|case| judged_by(case).any(|id| id == requirement.id))
        .collect();
    if !cases.is_empty() {
        text.push_str("Cases:\n");
    }
    for case in cases {
        text.push_str(&format!("  {}  {}\n", case.id, case.says));
    }
    let broken_by: Vec<&str> = Mutant::ALL
        .iter()
        .filter(|mutant| mutant.breaks() == requirement.id)
        .map(|mutant| mutant.name())
        .collect();
    if !broken_by.is_empty() {
        text.push_str(&format!("Mutants:  {}\n", broken_by.join(", ")));
    }
    text
}

fn unknown(suite: &Suite, id: &str) -> String {
    let names = suite
        .cases
        .iter()
        .map(|case| case.id.base())
        .chain(suite.requirements.iter().map(|requirement| requirement.id.as_str()))
        .chain(suite.capabilities.iter().map(|capability| capability.name.as_str()))
        .chain(Mutant::ALL.iter().map(|mutant| mutant.name()))
        .chain(Variant::ALL.iter().map(|variant| variant.name()));
    let hint = did_you_mean(
        id,
        names,
        "`referee list` names the cases, `referee list requirements` the requirements",
    );
    format!("there is nothing called `{id}`; {hint}")
}
