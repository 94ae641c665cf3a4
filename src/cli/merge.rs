//! `referee merge`: the parts of a run put together.

use std::path::PathBuf;

use clap::Args;

use super::report::{look, read};
use super::{Exit, Failure, print};
use crate::outcome::{Conclusion, Report, merge as merge_reports};
use crate::report::{self, Format, printable, terminal};

/// Which parts, and what is written.
#[derive(Debug, Args)]
#[command(after_help = "\
Example, a run spread over two machines:
  referee run URL --partition 1/2 --out a
  referee run URL --partition 2/2 --out b
  referee merge a/report.json b/report.json --out whole")]
pub struct MergeArguments {
    /// The reports of the parts in JSON
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Where the reports are written
    #[arg(long, default_value = "reports/latest", value_name = "DIR")]
    out: PathBuf,
    /// Which reports are written: junit, json, html, markdown, badge, github, har, official
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "junit,json,html",
        value_name = "FORMAT,.."
    )]
    format: Vec<Format>,
}

/// Merges, writes, and ends as the whole run would have.
pub fn merge(arguments: MergeArguments) -> Result<Exit, Failure> {
    let parts = arguments
        .files
        .iter()
        .map(|file| read(file))
        .collect::<Result<Vec<_>, _>>()?;
    let merged = merge_reports(&parts).map_err(|error| {
        // It quotes what stands in the reports.
        Failure::new(Exit::Usage, printable::line(&error.to_string(), printable::SENTENCE))
    })?;
    let files = report::write_files(&merged, &arguments.out, &arguments.format)
        .map_err(|error| Failure::new(Exit::Failed, error))?;
    print(&terminal::summary(&merged, &files, look()));
    Ok(exit_of(&merged))
}

/// The exit code by which a report ends a command.
pub fn exit_of(report: &Report) -> Exit {
    match report.conclusion() {
        _ if report.interrupted => Exit::Interrupted,
        Conclusion::Conforms => Exit::Conforms,
        Conclusion::Violates | Conclusion::Inconclusive => Exit::Findings,
    }
}
