//! The command line: one file per subcommand, nothing below it knows that there is one.

mod collecting;
mod compare;
mod connect;
mod coverage;
mod doctor;
mod explain;
mod fuzz;
mod generated;
mod known;
mod lint;
mod list;
mod merge;
mod new;
mod official;
mod parse;
mod parse_suite;
mod reach;
mod report;
mod resume;
mod run;
mod schema;
mod serve;
mod suite;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::load::Diagnostics;
use crate::report::printable;

/// How a command ended. A mistake is never 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The target conforms, or the command did what it was asked.
    Conforms,
    /// Something was found.
    Findings,
    /// The command line, the configuration or a case file is wrong.
    Usage,
    /// The target cannot be reached or is no registry, or the login failed.
    NoTarget,
    /// Nothing was selected.
    NothingSelected,
    /// The tool failed, or a report could not be written.
    Failed,
    /// Interrupted; a partial report was written.
    Interrupted,
}

impl Exit {
    /// The exit code, as documented in the README.
    pub fn code(self) -> u8 {
        match self {
            Exit::Conforms => 0,
            Exit::Findings => 1,
            Exit::Usage => 2,
            Exit::NoTarget => 3,
            Exit::NothingSelected => 4,
            Exit::Failed => 5,
            Exit::Interrupted => 130,
        }
    }
}

/// Characters of a sentence for the user, which may quote what a registry says.
const SENTENCE: usize = 8000;

/// Why a command could not do what it was asked: the exit code and a sentence for the user.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What went wrong and what to do about it, harmless to a terminal.
    message: String,
}

impl Failure {
    /// A failure with its sentence.
    pub fn new(exit: Exit, message: impl std::fmt::Display) -> Self {
        Self {
            exit,
            message: format!("error: {}", printable::lines(message.to_string().trim_end(), SENTENCE)),
        }
    }

    /// What is wrong in files, with colours on a terminal. Diagnostics say of themselves what they are.
    pub fn diagnostics(diagnostics: &Diagnostics) -> Self {
        let coloured = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
        Self {
            exit: Exit::Usage,
            message: diagnostics.render(coloured).trim_end().to_string(),
        }
    }
}

/// Certifies OCI registries: pushes, references, discovers and deletes real content, and says, requirement by
/// requirement and with the HTTP exchange as evidence, what a registry does of what the specifications demand.
#[derive(Debug, Parser)]
#[command(name = "referee", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
    0  conforms, or done             4  nothing selected
    1  findings                      5  the tool failed, or a report could not be written
    2  usage or case file is wrong   130  interrupted; a partial report is written
    3  target unreachable, login failed, or no registry there

Start here:
  referee run                            the embedded reference registry: a clean result
  referee run https://registry.example   yours
  referee explain ID                     what a finding or a case is about";

#[derive(Debug, Subcommand)]
enum Command {
    /// Certify a registry; without a URL the embedded reference registry
    Run(Box<run::RunArguments>),
    /// See whether a registry can be reached, logged in to and pushed to, and what it offers
    Doctor(Box<doctor::DoctorArguments>),
    /// Send a registry what nobody should send, and make small what goes wrong
    Fuzz(Box<fuzz::FuzzArguments>),
    /// Serve the reference registry, whole or with a deliberate defect
    Serve(serve::ServeArguments),
    /// List the cases, requirements, profiles, capabilities, mutants or variants
    List(list::ListArguments),
    /// Show a case as plain HTTP, a requirement with its cases, or a mutant
    Explain(explain::ExplainArguments),
    /// Check case files
    Lint(lint::LintArguments),
    /// Say what a manifest is, what it refers to, and everything that is wrong with it
    Parse(parse::ParseArguments),
    /// Hand the documents of the `parse` cases to a manifest parser and compare its verdicts
    ParseSuite(parse_suite::ParseSuiteArguments),
    /// Render a report in another form
    Report(report::ReportArguments),
    /// Show what changed between two runs, or several registries side by side
    Compare(compare::CompareArguments),
    /// Put the parts of a run together
    Merge(merge::MergeArguments),
    /// Show which requirements have which cases, and what is untested and why
    Coverage(coverage::CoverageArguments),
    /// Print the JSON Schema of case files, for editors, or the reference of their format
    Schema(schema::SchemaArguments),
    /// Begin a file of cases
    New(new::NewArguments),
    /// Print the completions of a shell
    Completions(generated::CompletionsArguments),
    /// Print a page of the manual in troff
    Man(generated::ManArguments),
}

/// Parses the arguments, runs the command and maps its outcome to an exit code.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Printing help or a version is not a mistake.
            let printed = error.print();
            let exit = match printed {
                _ if error.use_stderr() => Exit::Usage,
                Ok(()) => Exit::Conforms,
                Err(error) => unprinted(&error),
            };
            return ExitCode::from(exit.code());
        }
    };
    let result = match arguments.command {
        Command::Run(arguments) => run::run(*arguments),
        Command::Doctor(arguments) => doctor::doctor(*arguments),
        Command::Fuzz(arguments) => fuzz::fuzz(*arguments),
        Command::Serve(arguments) => serve::serve(arguments),
        Command::List(arguments) => list::list(arguments),
        Command::Explain(arguments) => explain::explain(arguments),
        Command::Lint(arguments) => lint::lint(arguments),
        Command::Parse(arguments) => parse::parse(arguments),
        Command::ParseSuite(arguments) => parse_suite::parse_suite(arguments),
        Command::Report(arguments) => report::report(arguments),
        Command::Compare(arguments) => compare::compare(arguments),
        Command::Merge(arguments) => merge::merge(arguments),
        Command::Coverage(arguments) => coverage::coverage(arguments),
        Command::Schema(arguments) => schema::schema(arguments),
        Command::New(arguments) => new::new(arguments),
        Command::Completions(arguments) => generated::completions(&arguments),
        Command::Man(arguments) => generated::man(&arguments),
    };
    let exit = result.unwrap_or_else(|failure| {
        // Who closed standard error does not want to read it.
        let _ = writeln!(anstream::stderr(), "{}", failure.message);
        failure.exit
    });
    ExitCode::from(exit.code())
}

/// What to say after `there is no ..` with this name: the nearest name there is, or where the names stand.
fn did_you_mean<'n>(given: &str, names: impl IntoIterator<Item = &'n str>, otherwise: &str) -> String {
    match crate::load::closest(given, names) {
        Some(name) => format!("did you mean `{name}`?"),
        None => otherwise.to_string(),
    }
}

/// Prints to standard output; a reader that went away ends the command quietly, a full disk does not.
fn print(text: &str) {
    let mut out = anstream::stdout().lock();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        std::process::exit(i32::from(unprinted(&error).code()));
    }
}

/// How a command ends whose output could not be written; says why, unless nobody wants to read on.
fn unprinted(error: &std::io::Error) -> Exit {
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        return Exit::Conforms;
    }
    let _ = writeln!(anstream::stderr(), "error: cannot write to standard output: {error}");
    Exit::Failed
}

/// A whole number on the command line.
fn number(text: &str) -> Result<u64, String> {
    let most = u64::MAX;
    text.parse()
        .map_err(|_| format!("a whole number from 0 to {most} is needed"))
}
