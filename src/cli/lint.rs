//! `referee lint`.

use std::path::PathBuf;

use clap::Args;

use super::suite::sources;
use super::{Exit, Failure, print};
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
}

/// Checks case files against the catalogue and each other.
pub fn lint(arguments: LintArguments) -> Result<Exit, Failure> {
    let sources = sources(&arguments.paths, !arguments.paths.is_empty())?;
    let files = sources.len();
    let suite = load::load(&sources).map_err(|diagnostics| Failure::diagnostics(&diagnostics))?;
    print(&format!(
        "{} and {} in {}, no mistake\n",
        plural(suite.cases.len(), "case", "cases"),
        plural(suite.requirements.len(), "requirement", "requirements"),
        plural(files, "file", "files"),
    ));
    Ok(Exit::Conforms)
}
