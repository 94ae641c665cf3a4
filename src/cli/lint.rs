//! `referee lint`.

use std::path::PathBuf;

use clap::Args;

use super::{Exit, Failure, print, suite};
use crate::load;
use crate::report::plural;

const EXAMPLES: &str = "\
Examples:
  referee lint              the built-in cases
  referee lint my-cases     a folder of your own, beside the built-in catalogue";

/// Which files are checked.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct LintArguments {
    /// Case files, or folders of them; without any, the built-in cases
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// They are run without the built-in cases, and may have the names of those
    #[arg(long, requires = "paths")]
    only_own_cases: bool,
}

/// Checks case files against the catalogue and each other.
pub fn lint(arguments: LintArguments) -> Result<Exit, Failure> {
    let sources = suite::sources(&arguments.paths, !arguments.paths.is_empty())?;
    let files = sources.len();
    let loaded = load::load(&sources).map_err(|diagnostics| Failure::diagnostics(&diagnostics))?;
    if !arguments.paths.is_empty() && !arguments.only_own_cases {
        // No two cases have one name, and `run` has the built-in ones beside these.
        let all = suite::sources(&arguments.paths, false)?;
        if all != sources {
            load::load(&all).map_err(|diagnostics| Failure::diagnostics(&diagnostics))?;
        }
    }
    print(&format!(
        "{} and {} in {}, no mistake\n",
        plural(loaded.cases.len(), "case", "cases"),
        plural(loaded.requirements.len(), "requirement", "requirements"),
        plural(files, "file", "files"),
    ));
    Ok(Exit::Conforms)
}
