//! `referee compare`: runs side by side.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::report::read;
use super::{Exit, Failure, print};
use crate::outcome::Report;
use crate::outcome::compare::{Direction, changes, matrix};
use crate::report::{comparison, printable};

/// Characters of a name.
const NAME: usize = 200;

/// Which runs are compared, and how that is shown.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  referee compare before.json after.json                 what changed
  referee compare zot.json harbor.json olareg.json       a table in Markdown
  referee compare *.json --format html > index.html      the table as a page

A column is named after its file, or by NAME=FILE. Of two files, in whatever format, it ends with 1 if something got worse.")]
pub struct CompareArguments {
    /// Reports in JSON: two for the changes from the first to the second, more for a table
    #[arg(value_name = "FILE", required = true, num_args = 2..)]
    files: Vec<String>,
    /// How it is shown
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Shown>,
}

/// The looks of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shown {
    /// The changes, a line each
    Changes,
    /// A table in Markdown
    Markdown,
    /// A table as a page
    Html,
}

/// Compares reports.
pub fn compare(arguments: CompareArguments) -> Result<Exit, Failure> {
    let mut reports = Vec::new();
    for argument in &arguments.files {
        let (name, path) = match argument.split_once('=') {
            Some((name, path)) if !Path::new(argument).exists() => (name.to_string(), PathBuf::from(path)),
            _ => (name_of(Path::new(argument)), PathBuf::from(argument)),
        };
        reports.push((name, read(&path)?));
    }
    let shown = match (arguments.format, reports.len()) {
        (Some(Shown::Changes), 3..) => {
            return Err(Failure::new(Exit::Usage, "changes are those between two reports"));
        }
        (Some(shown), _) => shown,
        (None, 2) => Shown::Changes,
        (None, _) => Shown::Markdown,
    };
    let differences = match reports.as_slice() {
        [(_, before), (_, after)] => changes(before, after),
        _ => Vec::new(),
    };
    match shown {
        Shown::Changes => {
            if reports.iter().any(|(_, report)| report.run.is_partial()) {
                print("Not every case was run each time: what a run left out is `not judged` here.\n");
            }
            for (name, _) in reports.iter().filter(|(_, report)| report.interrupted) {
                let name = printable::line(name, NAME);
                print(&format!(
                    "The run of {name} was interrupted: what it did not come to is `not judged` here.\n"
                ));
            }
            if let [(_, before), (_, after)] = reports.as_slice()
                && before.run.profile != after.run.profile
            {
                let profile = |report: &Report| printable::line(&report.run.profile, NAME);
                let (before, after) = (profile(before), profile(after));
                print(&format!(
                    "The runs had different profiles, {before} and {after}: what only one of them asks differs by that.\n"
                ));
            }
            print(&comparison::changes(&differences));
        }
        Shown::Markdown => print(&comparison::markdown(&matrix(&reports))),
        Shown::Html => print(&comparison::html(&matrix(&reports)).map_err(|error| Failure::new(Exit::Failed, error))?),
    }
    Ok(
        match differences
            .iter()
            .any(|change| change.direction == Direction::Regression)
        {
            true => Exit::Findings,
            false => Exit::Conforms,
        },
    )
}

/// The name of a report that stands in `NAME.json` or in `NAME/report.json`.
fn name_of(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    match path.parent().and_then(Path::file_name) {
        Some(folder) if stem == "report" => folder.to_string_lossy().into_owned(),
        _ => stem.into_owned(),
    }
}
