//! `referee list`.

use clap::{Args, ValueEnum};

use super::suite::{SuiteArguments, check_filters, load_suite, profile};
use super::{Exit, Failure, print};
use crate::case::{Case, Profile, Suite};
use crate::registry::{Mutant, Variant};
use crate::report::printable;
use crate::runner::{Filter, select};

const EXAMPLES: &str = "\
Examples:
  referee list                                  the cases of the default profile
  referee list cases --filter 'requirement:dist-tags-*'
  referee list mutants";

/// What is listed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ListArguments {
    /// Which kind of thing is listed
    #[arg(value_enum, default_value = "cases")]
    what: What,
    #[command(flatten)]
    suite: SuiteArguments,
    /// The profile whose cases are listed
    #[arg(long, default_value = super::run::DEFAULT_PROFILE)]
    profile: String,
    /// Only cases that satisfy this, as in `referee run` (repeatable)
    #[arg(long, value_name = "FILTER")]
    filter: Vec<Filter>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    Cases,
    Profiles,
    Requirements,
    Capabilities,
    Mutants,
    Variants,
}

/// Whether a case has documents of which a parser owes something under a profile.
fn is_of_documents(case: &Case, suite: &Suite, profile: &Profile) -> bool {
    let weighs = |id: &str| {
        suite
            .requirement(id)
            .is_some_and(|requirement| profile.level(requirement).is_some())
    };
    case.parse.iter().any(|check| weighs(&check.requirement))
}

/// Lists one kind of thing, a line each: the name and a sentence.
pub fn list(arguments: ListArguments) -> Result<Exit, Failure> {
    let suite = load_suite(&arguments.suite)?.suite;
    let chosen = profile(&suite, &arguments.profile)?;
    if arguments.what != What::Cases && !arguments.filter.is_empty() {
        return Err(Failure::new(Exit::Usage, "only cases are filtered: leave out --filter"));
    }
    check_filters(&suite, &arguments.filter)?;
    let rows: Vec<(String, String)> = match arguments.what {
        What::Cases => {
            let selected = select(&suite, chosen, &arguments.filter);
            let line = |case: &Case| (case.id.to_string(), case.says.clone());
            match selected.in_profile {
                // What binds documents is judged of parsers.
                0 => suite
                    .cases
                    .iter()
                    .filter(|case| is_of_documents(case, &suite, chosen))
                    .filter(|case| {
                        arguments
                            .filter
                            .iter()
                            .all(|filter| filter.selects(case, &suite, chosen))
                    })
                    .map(line)
                    .collect(),
                _ => selected.cases.iter().map(|index| line(&suite.cases[*index])).collect(),
            }
        }
        What::Profiles => suite
            .profiles
            .iter()
            .map(|p| (p.name.clone(), p.says.clone()))
            .collect(),
        What::Requirements => suite
            .requirements
            .iter()
            .filter_map(|r| Some((format!("{} ({})", r.id, chosen.level(r)?), r.text.clone())))
            .collect(),
        What::Capabilities => suite
            .capabilities
            .iter()
            .map(|c| (c.name.clone(), c.says.clone()))
            .collect(),
        What::Mutants => Mutant::ALL
            .iter()
            .map(|m| (m.name().to_string(), format!("{} [breaks {}]", m.doc(), m.breaks())))
            .collect(),
        What::Variants => Variant::ALL
            .iter()
            .map(|v| (v.name().to_string(), format!("{} [{}]", v.doc(), v.allows())))
            .collect(),
    };
    if rows.is_empty() {
        return Err(Failure::new(
            Exit::NothingSelected,
            "the filters leave none of the cases; `referee list` without them shows all",
        ));
    }
    let mut text = String::new();
    if arguments.json {
        let values: Vec<_> = rows
            .iter()
            .map(|(name, says)| serde_json::json!({"name": name, "says": says}))
            .collect();
        text = format!("{:#}\n", serde_json::Value::Array(values));
    } else {
        let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0).min(60);
        for (name, says) in &rows {
            let (name, says) = (
                printable::line(name, printable::SENTENCE),
                printable::line(says, printable::SENTENCE),
            );
            text.push_str(&format!("{name:width$}  {says}\n"));
        }
    }
    print(&text);
    Ok(Exit::Conforms)
}
