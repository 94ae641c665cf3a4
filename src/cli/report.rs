//! `referee report`: another form of a report that was written before.

use std::path::{Path, PathBuf};

use clap::Args;

use super::suite::{SuiteArguments, load_suite};
use super::{Exit, Failure, print, resume};
use crate::outcome::Report;
use crate::report::terminal::{self, Look, Style};
use crate::report::{self, Format, journal, json, printable};

/// Which report, in which forms.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  referee report reports/latest/report.json --format html --out site
  referee report reports/latest/report.json --format markdown >> \"$GITHUB_STEP_SUMMARY\"")]
pub struct ReportArguments {
    /// A report in JSON, or the journal of a run that was cut off
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    suite: SuiteArguments,
    /// The forms (junit, json, html, markdown, badge, github, har, official); without any, the summary for the terminal
    #[arg(long, value_delimiter = ',', value_name = "FORMAT,..")]
    format: Vec<Format>,
    /// Where files are written; without it, one form is printed
    #[arg(long, value_name = "DIR", requires = "format")]
    out: Option<PathBuf>,
}

/// Renders a report again.
pub fn report(arguments: ReportArguments) -> Result<Exit, Failure> {
    let report = if journal::is_journal(&arguments.file) {
        resume::report(&arguments.file, &load_suite(&arguments.suite)?)?
    } else {
        read(&arguments.file)?
    };
    let formats = report::each_once(&arguments.format);
    match (&arguments.out, formats.as_slice()) {
        (Some(out), formats) => {
            let files =
                report::write_files(&report, out, formats).map_err(|error| Failure::new(Exit::Failed, error))?;
            for file in files {
                print(&format!("{}\n", file.display()));
            }
        }
        (None, []) => print(&terminal::summary(&report, &[] as &[&Path], look())),
        (None, [format]) => {
            print(&report::render(&report, *format).map_err(|error| Failure::new(Exit::Failed, error))?);
        }
        (None, _) => {
            return Err(Failure::new(
                Exit::Usage,
                "several forms need a folder to be written to: give --out DIR",
            ));
        }
    }
    Ok(Exit::Conforms)
}

/// The report in a file.
pub fn read(path: &Path) -> Result<Report, Failure> {
    let file = std::fs::File::open(path)
        .map_err(|error| Failure::new(Exit::Usage, format!("cannot open {}: {error}", path.display())))?;
    json::read(std::io::BufReader::new(file)).map_err(|error| in_file(path, &error))
}

/// What is wrong in a file of another run, on one line whatever stands in the file.
pub fn in_file(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    let message = format!("{}: {error}", path.display());
    Failure::new(Exit::Usage, printable::line(&message, printable::SENTENCE))
}

/// How a summary looks on standard output.
pub fn look() -> Look {
    let coloured = anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
    Look {
        style: if coloured { Style::Coloured } else { Style::Plain },
        ..Look::default()
    }
}
