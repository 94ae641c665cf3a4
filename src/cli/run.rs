//! `referee run`.

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::collecting::{self, CollectingArguments};
use super::connect::{Connected, Connection, duration};
use super::merge::exit_of;
use super::report::look;
use super::suite::{SuiteArguments, check_filters, load_suite, profile};
use super::{Exit, Failure, known, number, official, print, reach, resume};
use crate::case::Known;
use crate::outcome::{EMBEDDED, Partition, Report, apply_known};
use crate::registry::{self, Config, Running};
use crate::report::journal::Journal;
use crate::report::progress::{Progress, ProgressEvent};
use crate::report::terminal;
use crate::report::{self, Format, plural, printable};
use crate::runner::{self, Bodies, Event, Filter, Isolation, Reading, Wanted, select};

/// The profile of a run that names none.
pub const DEFAULT_PROFILE: &str = "oci-1.1";

/// Where the reports of a run go that names no place.
const DEFAULT_OUT: &str = "reports/latest";

/// Characters of a note.
const NOTE: usize = 2000;

const EXAMPLES: &str = "\
Examples:
  referee run http://127.0.0.1:5000
  referee run http://127.0.0.1:5000 --profile oci-1.0 --filter 'upload/*,tags/*' --out reports
  referee run https://registry.example --read-only --content library/alpine:3.20 --content library/busybox
  referee run https://registry.example --repos team/a --username ci --password-stdin < secret";

/// How a registry is certified.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct RunArguments {
    /// The registry: `https://host[:port]`, or `host[:port]` for https; without it the embedded reference registry
    #[arg(value_name = "URL")]
    url: Option<String>,

    /// Which specifications, in which versions, the registry is held to (`referee list profiles`) [default: oci-1.1]
    #[arg(long, value_name = "PROFILE", help_heading = "What is judged")]
    profile: Option<String>,
    /// Only cases that satisfy this: a glob on ids, `area:tags`, `level:must`, `requirement:ID`, `needs:CAPABILITY`;
    /// commas for any of several, `!` in front for the opposite (repeatable: all must hold)
    #[arg(long, value_name = "FILTER", help_heading = "What is judged")]
    filter: Vec<Filter>,
    /// Run one part of the cases: K/N, to be put together with `referee merge`
    #[arg(long, value_name = "K/N", help_heading = "What is judged")]
    partition: Option<Partition>,
    /// Failures that are known, each with its reason: they do not count, and one that passes is told
    #[arg(long, value_name = "FILE", help_heading = "What is judged")]
    known_failures: Option<PathBuf>,
    /// Write what failed into a file of known failures, whose reasons are then to be filled in; those in a file that is
    /// there already are kept
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    write_known_failures: Option<PathBuf>,
    /// Send nothing that writes: only cases that read are run, on what the registry has already (see --content), and all
    /// others are left out
    #[arg(long, conflicts_with_all = ["collects", "keep", "gc_dry_run", "gc_grace", "gc_live"], help_heading = "What is judged")]
    read_only: bool,
    /// What a --read-only run reads: REPOSITORY[:TAG][@DIGEST], without the registry (repeatable). Of a repository alone
    /// some tags are taken; without any, some of the first repository in the catalogue that has tags
    #[arg(long, value_name = "NAME", requires = "read_only", help_heading = "What is judged")]
    content: Vec<Wanted>,
    /// Count warnings as failures
    #[arg(long, help_heading = "What is judged")]
    strict: bool,
    #[command(flatten)]
    suite: SuiteArguments,

    /// How many cases run at once [default: 32, and up to 256 where the registry is far away]
    #[arg(long, short, value_name = "N", value_parser = jobs, help_heading = "How it runs")]
    jobs: Option<usize>,
    /// The seed of all content, to repeat a run; a registry that has the content already may answer otherwise
    #[arg(long, value_name = "N", value_parser = number, help_heading = "How it runs")]
    seed: Option<u64>,
    /// Fresh repositories are made below this name
    #[arg(long, default_value = "referee", value_name = "NAME", help_heading = "How it runs")]
    repo_prefix: String,
    /// Use these repositories and make no others
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "NAME,..",
        conflicts_with = "repo_prefix",
        help_heading = "How it runs"
    )]
    repos: Vec<String>,
    /// Go on where a run was cut off: its journal, which stands beside its reports
    #[arg(long, value_name = "FILE", help_heading = "How it runs")]
    resume: Option<PathBuf>,
    /// Wait so long for a registry that has just been started, or is too busy, to answer: `30s`
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = "How it runs")]
    wait: Option<Duration>,
    /// Leave what was pushed in the registry
    #[arg(long, help_heading = "How it runs")]
    keep: bool,

    /// Take what is not given here from the variables of the official suite (OCI_REGISTRY, OCI_TLS, OCI_REPO1, ...)
    #[arg(long, help_heading = "Official suite")]
    official_env: bool,
    /// Take it from a file of the official suite's settings, and the variables
    #[arg(long, value_name = "FILE", help_heading = "Official suite")]
    official_config: Option<PathBuf>,

    #[command(flatten)]
    collecting: CollectingArguments,
    #[command(flatten)]
    connection: Connection,

    /// Where the reports are written [default: reports/latest]
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    out: Option<PathBuf>,
    /// Which reports are written: junit, json, html, markdown, badge, github, har, official
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "junit,json,html",
        value_name = "FORMAT,..",
        help_heading = "Output"
    )]
    format: Vec<Format>,
    /// Print nothing but the counts and the closing sentence
    #[arg(long, short, help_heading = "Output")]
    quiet: bool,
}

/// Certifies a registry, writes the reports and prints the summary.
pub fn run(mut arguments: RunArguments) -> Result<Exit, Failure> {
    let official_notes = take_official(&mut arguments)?;
    arguments.connection.reads_only(arguments.read_only);
    let loaded = load_suite(&arguments.suite)?;
    let name = arguments.profile.as_deref().unwrap_or(DEFAULT_PROFILE);
    let chosen = profile(&loaded.suite, name)?.clone();
    let out = arguments.out.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_OUT));
    check_filters(&loaded.suite, &arguments.filter)?;
    let mut selected = select(&loaded.suite, &chosen, &arguments.filter);
    let writing = selected.keep(&loaded.suite, arguments.read_only);
    if selected.in_profile == 0 {
        let message = format!(
            "the profile {} has no case for a registry; `referee parse-suite` hands its documents to a parser",
            chosen.name
        );
        return Err(Failure::new(Exit::NothingSelected, message));
    }
    if selected.cases.is_empty() {
        let message = format!(
            "no case is selected: the profile {} has {} cases and the filters leave none of them; `referee list` shows them",
            chosen.name, selected.in_profile
        );
        return Err(Failure::new(Exit::NothingSelected, message));
    }
    // A part may be empty: it is merged with the others all the same.
    if let Some(partition) = arguments.partition {
        selected
            .cases
            .retain(|index| partition.holds(&loaded.suite.cases[*index].id.to_string()));
    }
    let known = match &arguments.known_failures {
        Some(path) => known::read(path, &loaded.suite)?,
        None => Vec::new(),
    };
    let mut noted = known.clone();
    if let Some(path) = &arguments.write_known_failures {
        noted.extend(known::earlier(path)?);
    }
    let target = arguments
        .url
        .as_ref()
        .map(|url| arguments.connection.base(url))
        .transpose()?;
    let mut resumed = match &arguments.resume {
        Some(path) => Some(resume::resumed(
            path,
            &resume::Same {
                suite_digest: &loaded.digest,
                profile: &chosen,
                url: target.as_ref().map(ToString::to_string),
                partition: arguments.partition,
                read_only: arguments.read_only,
                seed: arguments.seed,
            },
        )?),
        None => None,
    };
    if let Some(resumed) = &mut resumed {
        // What the filters of this run leave out is no part of it.
        let ids: HashSet<&str> = selected
            .cases
            .iter()
            .map(|index| loaded.suite.cases[*index].id.0.as_str())
            .collect();
        resumed.cases.retain(|case| ids.contains(case.id.as_str()));
        let over: HashSet<&str> = resumed.cases.iter().map(|case| case.id.as_str()).collect();
        selected
            .cases
            .retain(|index| !over.contains(loaded.suite.cases[*index].id.0.as_str()));
    }
    // A run whose report cannot be written is better not begun.
    report::prepare(&out)
        .map_err(|error| Failure::new(Exit::Failed, format!("{error}; the reports go where `--out` says")))?;
    let runtime = match &target {
        Some(_) => one_thread(),
        None => runtime(),
    };
    runtime?.block_on(async {
        let (embedded, base) = match target {
            Some(base) => (None, base),
            None => {
                let running = embedded(arguments.read_only).await?;
                let base = arguments.connection.base(&running.url())?;
                (Some(running), base)
            }
        };
        let namespace = arguments.repos.first().unwrap_or(&arguments.repo_prefix);
        let Connected { base, client, found } = arguments.connection.connect_to(base, namespace).await?;
        if let Some(wait) = arguments.wait {
            reach::until_it_answers(&client, wait).await;
        }
        // That of a run that was cut off would make the same content again, which some registries have by now.
        let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..));
        let isolation = isolation(&arguments.repos, &arguments.repo_prefix, seed)?;
        let cancel = CancellationToken::new();
        listen_for_interrupts(cancel.clone())?;
        let embedded_at = embedded.as_ref().map(Running::url);
        let collecting = arguments.collecting.collecting(embedded_at.as_deref());
        let embedded_note = arguments.url.is_none().then(|| EMBEDDED.to_string());
        let notes = base
            .note
            .iter()
            .cloned()
            .chain(found.notes)
            .chain(official_notes)
            .chain(embedded_note)
            .chain(arguments.read_only.then(|| left_out(writing)))
            .collect();
        let options = runner::Options {
            suite: loaded.suite.into(),
            profile: chosen,
            cases: selected.cases,
            client,
            url: base.to_string(),
            host: base.origin.authority(),
            credentials: found.source.to_string(),
            notes,
            isolation,
            seed,
            jobs: arguments.jobs,
            partition: arguments.partition,
            strict: arguments.strict,
            keep: arguments.keep || embedded.is_some(),
            copies: u32::MAX,
            collecting,
            reading: arguments.read_only.then(|| Reading {
                wanted: arguments.content.clone(),
                only: true,
            }),
            suite_digest: loaded.digest,
            resumed,
            cancel: cancel.clone(),
        };
        // Only an archive shows every body.
        let bodies = match arguments.format.contains(&Format::Har) {
            true => Bodies::All,
            false => Bodies::Telling,
        };
        let sender = options.client.clone();
        let report = with_progress(options, bodies, &arguments, &out).await;
        if let Some(running) = embedded {
            running.stop().await;
        }
        let (mut report, journal) = report?;
        arguments.mark(&mut report);
        apply_known(&mut report, &known, &known::today());
        let exit = finish(&report, &out, &arguments, &noted)?;
        match journal {
            Some(journal) if report.interrupted || report.counts.error > 0 => {
                print(&sender.redactor().text(&resume::kept(&report, journal.path())));
            }
            // There is nothing to go on with, and a journal that stays behind does no harm.
            Some(journal) => drop(journal.remove()),
            None => {}
        }
        Ok(exit)
    })
}

impl RunArguments {
    /// Notes in a report what the command line left out of the run.
    fn mark(&self, report: &mut Report) {
        report.run.filtered = !self.filter.is_empty();
        report.run.only_own_cases = self.suite.only_own_cases;
    }
}

/// Fills in from the settings of the official suite what the command line leaves open; says what is worth knowing.
fn take_official(arguments: &mut RunArguments) -> Result<Vec<String>, Failure> {
    if !arguments.official_env && arguments.official_config.is_none() {
        return Ok(Vec::new());
    }
    let variables =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let settings = official::read(arguments.official_config.as_deref(), &variables.collect())?;
    let stronger: Vec<&str> = [
        ("the URL", arguments.url.is_some() && settings.url.is_some()),
        ("--repo", !arguments.repos.is_empty() && !settings.repos.is_empty()),
        ("--profile", arguments.profile.is_some() && settings.profile.is_some()),
        ("--out", arguments.out.is_some() && settings.out.is_some()),
    ]
    .iter()
    .filter_map(|(name, both)| both.then_some(*name))
    .collect();
    let mut notes = settings.notes;
    if !stronger.is_empty() {
        notes.push(format!(
            "settings of the official suite give way to the command line: {}",
            stronger.join(", ")
        ));
    }
    for note in &notes {
        anstream::eprintln!("note: {}", printable::line(note, NOTE));
    }
    if arguments.url.is_none() && settings.url.is_none() {
        let message = "the settings of the official suite name no registry: set OCI_REGISTRY, or give a URL";
        return Err(Failure::new(Exit::Usage, message));
    }
    arguments.url = arguments.url.take().or(settings.url);
    if arguments.repos.is_empty() {
        arguments.repos = settings.repos;
    }
    let profile = settings.profile.map(str::to_string);
    arguments.profile = arguments.profile.take().or(profile);
    arguments.out = arguments.out.take().or(settings.out.map(PathBuf::from));
    arguments.filter.extend(settings.filters);
    arguments.connection.with_official(settings.login, settings.insecure);
    Ok(notes)
}

/// What reports say about a run that only reads.
fn left_out(writing: usize) -> String {
    let cases = plural(writing, "case that takes", "cases that take");
    format!("read-only: nothing was sent that writes, and {cases} writing were left out")
}

/// The embedded registry; `seeded` has content to read.
pub(super) async fn embedded(seeded: bool) -> Result<Running, Failure> {
    let config = Config {
        collector: collecting::embedded(),
        seeded,
        ..Config::default()
    };
    registry::start(config)
        .await
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot start the embedded registry: {error}")))
}

/// Runs, shows how it goes on, and keeps the journal.
async fn with_progress(
    options: runner::Options,
    bodies: Bodies,
    arguments: &RunArguments,
    out: &Path,
) -> Result<(Report, Option<Journal>), Failure> {
    let finished = options.resumed.iter().flat_map(|resumed| resumed.cases.iter().cloned());
    let finished: Vec<_> = finished.collect();
    let client = options.client.clone();
    let (events, mut told) = mpsc::unbounded_channel();
    let progress = if arguments.quiet {
        Progress::hidden()
    } else {
        Progress::on_stderr(false)
    };
    let showing = async {
        let mut journal = None;
        let unwritten = |error: std::io::Error| {
            let _ = writeln!(
                anstream::stderr(),
                "the journal cannot be written, and the run goes on without: {error}"
            );
        };
        while let Some(event) = told.recv().await {
            match event {
                Event::Probing => progress.show(ProgressEvent::Phase("probing")),
                Event::Started { total, mut report } => {
                    arguments.mark(&mut report);
                    journal = Journal::create(out, &report, &finished).map_err(unwritten).ok();
                    progress.show(ProgressEvent::Phase("judging"));
                    progress.show(ProgressEvent::Started { total });
                }
                Event::Collecting { cases: 0 } => progress.show(ProgressEvent::Phase("probing what is collected")),
                Event::Collecting { .. } => progress.show(ProgressEvent::Phase("collecting garbage")),
                Event::Finished(outcome) => {
                    if let Some(Err(error)) = journal.as_mut().map(|journal| journal.add(&outcome)) {
                        unwritten(error);
                        journal = None;
                    }
                    progress.show(ProgressEvent::CaseFinished {
                        id: &outcome.id,
                        verdict: &outcome.verdict,
                    });
                }
            }
        }
        progress.show(ProgressEvent::Finished);
        journal
    };
    // The sender goes with the run, which ends the showing.
    let (report, journal) = tokio::join!(runner::run_keeping(bodies, options, events), showing);
    match report {
        Ok(report) => Ok((report, journal)),
        Err(refusal) => Err(reach::refused(&refusal, &client).await),
    }
}

/// Writes what the run showed; `noted` is what was said of failures before.
fn finish(report: &Report, out: &Path, arguments: &RunArguments, noted: &[Known]) -> Result<Exit, Failure> {
    if let Some(path) = &arguments.write_known_failures {
        known::write(report, path, noted)?;
    }
    let files =
        report::write_files(report, out, &arguments.format).map_err(|error| Failure::new(Exit::Failed, error))?;
    print(&if arguments.quiet {
        terminal::closing(report, look())
    } else {
        terminal::summary(report, &files, look())
    });
    Ok(exit_of(report))
}

/// Given repositories, or fresh ones below a prefix.
pub(super) fn isolation(repos: &[String], prefix: &str, seed: u64) -> Result<Isolation, Failure> {
    let result = if repos.is_empty() {
        // The seed alone would bring a repeated run into the repositories of the first.
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        let run = format!("{:08x}", crate::content::mix(seed ^ now.as_nanos() as u64) >> 32);
        Isolation::fresh(prefix, run)
    } else {
        Isolation::given(repos)
    };
    result.map_err(|error| Failure::new(Exit::Usage, error))
}

/// Waits for interrupts on a thread of its own: what the run does just then may take its time, as writing a report can.
fn listen_for_interrupts(cancel: CancellationToken) -> Result<(), Failure> {
    let runtime = one_thread()?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            interrupted().await;
            cancel.cancel();
            // A second interrupt does not wait for the clean-up.
            interrupted().await;
            std::process::exit(i32::from(Exit::Interrupted.code()));
        });
    });
    Ok(())
}

/// Resolves when the user or the system asks the program to end.
pub async fn interrupted() {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(signal) => signal,
        // Without a handler the signal ends the program at once, which is what it is for.
        Err(_) => return drop(tokio::signal::ctrl_c().await),
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// The runtime of a run against another program: it waits more than it does, and what one part of it has given back to the
/// allocator is at hand for the next.
fn one_thread() -> Result<tokio::runtime::Runtime, Failure> {
    built(tokio::runtime::Builder::new_current_thread())
}

/// The runtime of a command that answers requests too, or sends them as fast as it can.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    built(tokio::runtime::Builder::new_multi_thread())
}

fn built(mut builder: tokio::runtime::Builder) -> Result<tokio::runtime::Runtime, Failure> {
    builder
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot start the runtime: {error}")))
}

pub(super) fn jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(jobs @ 1..=256) => Ok(jobs),
        _ => Err("a number from 1 to 256 is needed".to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_bounded() {
        assert_eq!(jobs("16"), Ok(16));
        assert!(jobs("0").is_err() && jobs("257").is_err() && jobs("x").is_err());
    }
}
