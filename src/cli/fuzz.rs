//! `referee fuzz`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::connect::{Connected, Connection, duration};
use super::run::{embedded, interrupted, isolation, jobs, runtime};
use super::{Exit, Failure, number, print, reach};
use crate::fuzzing::live::script::Aim;
use crate::fuzzing::live::{Finding, Options, Outcome, Progress, campaign, case};
use crate::report::{self, plural, printable};
use crate::runner::control;

/// How long a campaign takes that is told neither a time nor a number of requests.
const TIME: Duration = Duration::from_secs(60);

/// The longest prefix of repositories.
const LONGEST: usize = 200;

/// So many manifests are enough to tell that a registry takes none.
const MANY: u64 = 20;

/// The longest body that is printed.
const SHOWN: usize = 200;

/// How many refusals in a row tell that a registry has stopped taking manifests: about half of them are sound.
const NO_MORE: u64 = 100;

/// How a registry is fuzzed.
#[derive(Debug, Args)]
#[command(after_help = "\
A failure breaks a must; what is suspicious breaks advice, or no sentence at all and cannot be right all the same. What \
was found was seen again in a repository of its own, and is written down as a case, which `referee run URL --cases DIR \
--only-own-cases` replays, as `referee fuzz URL --replay FILE` does. Whether answers take longer and longer, and whether a \
process grows, is told after some thousand requests at the earliest.

Exit codes: 0 nothing found, 1 something found or hardly anything taken, 2 misuse, 3 no registry there, 5 the tool \
failed, 130 interrupted")]
pub struct FuzzArguments {
    /// The registry: `https://host[:port]`, or `host[:port]` for https; without it the embedded reference registry
    #[arg(value_name = "URL")]
    url: Option<String>,

    /// How long: `60s`, `10m` (60s, unless --requests is given); what was found is made small for 10 s more at most
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = "How it runs")]
    time: Option<Duration>,
    /// How many requests at least; what was found then is made small with some more
    #[arg(long, value_name = "N", value_parser = some, help_heading = "How it runs")]
    requests: Option<u64>,
    /// The seed; with `--jobs 1` a seed gives the same scripts again
    #[arg(long, value_name = "N", value_parser = number, help_heading = "How it runs")]
    seed: Option<u64>,
    /// What is aimed at, instead of everything: manifest, index, descriptor, reference, headers, upload, referrers, auth
    #[arg(long, value_delimiter = ',', value_name = "TARGET,..", help_heading = "How it runs")]
    target: Vec<Aim>,
    /// How many scripts are played at once
    #[arg(long, short, default_value_t = 8, value_name = "N", value_parser = jobs, help_heading = "How it runs")]
    jobs: usize,
    /// Play the script of this finding and nothing else
    #[arg(long, value_name = "FILE", conflicts_with_all = ["time", "requests", "target"], help_heading = "How it runs")]
    replay: Option<PathBuf>,
    /// All repositories are made below this name
    #[arg(
        long,
        default_value = "referee-fuzz",
        value_name = "NAME",
        help_heading = "How it runs"
    )]
    repo_prefix: String,
    /// The registry's process on this machine, whose memory is watched
    #[arg(long, value_name = "PID", help_heading = "How it runs")]
    pid: Option<u32>,
    /// Leave what was pushed in the registry
    #[arg(long, help_heading = "How it runs")]
    keep: bool,
    /// A registry that is not on this machine is fuzzed by its owner only
    #[arg(long, help_heading = "How it runs")]
    i_own_this_registry: bool,

    #[command(flatten)]
    connection: Connection,

    /// Where the cases of findings are written
    #[arg(
        long,
        visible_alias = "save",
        default_value = "cases/regressions",
        value_name = "DIR",
        help_heading = "Output"
    )]
    out: PathBuf,
    /// Print nothing but the closing sentence
    #[arg(long, short, help_heading = "Output")]
    quiet: bool,
}

/// Fuzzes a registry, writes a case for each finding and prints the summary.
pub fn fuzz(mut arguments: FuzzArguments) -> Result<Exit, Failure> {
    // A registry that may be fuzzed does not decide for others.
    arguments.connection.only_this_machine(!arguments.i_own_this_registry);
    arguments
        .repo_prefix
        .truncate(arguments.repo_prefix.trim_end_matches('/').len());
    if arguments.repo_prefix.len() > LONGEST {
        let message =
            format!("--repo-prefix: a name of more than {LONGEST} characters leaves no room for what comes below it");
        return Err(Failure::new(Exit::Usage, message));
    }
    let script = arguments.replay.as_deref().map(read_script).transpose()?;
    isolation(&[], &arguments.repo_prefix, 0)?;
    can_be_written(&arguments.out)?;
    // Where processes are seen at all.
    let is_gone = |pid: &u32| Path::new("/proc/self").exists() && !Path::new(&format!("/proc/{pid}")).exists();
    if let Some(pid) = arguments.pid.filter(is_gone) {
        let message = format!("--pid {pid}: there is no such process on this machine");
        return Err(Failure::new(Exit::Usage, message));
    }
    runtime()?.block_on(async {
        let (running, url) = match &arguments.url {
            Some(url) => (None, url.clone()),
            None => {
                let running = embedded(false).await?;
                let url = running.url();
                (Some(running), url)
            }
        };
        let Connected { base, client, found } = arguments.connection.connect(&url, &arguments.repo_prefix).await?;
        if !base.origin.is_loopback() && !arguments.i_own_this_registry {
            let message =
                format!("{base} is not on this machine: fuzzing may bring it down; say --i-own-this-registry");
            return Err(Failure::new(Exit::Usage, message));
        }
        // What says the same to everything accepts nothing, and would be called sound.
        let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..1 << 32));
        let greeting = match control::check(&client, seed, &base.to_string()).await {
            Ok(greeting) => greeting,
            Err(refusal) => return Err(reach::refused(&refusal, &client).await),
        };
        for note in base.note.iter().chain(&found.notes).chain(&greeting.notes) {
            anstream::eprintln!("{note}");
        }
        // What is found is written at once, for whoever has to kill us.
        let (found, mut told) = mpsc::unbounded_channel();
        let folder = arguments.out.clone();
        tokio::spawn(async move {
            while let Some(finding) = told.recv().await {
                let _ = write(&[finding], &folder);
            }
        });
        let cancel = CancellationToken::new();
        let interrupt = cancel.clone();
        tokio::spawn(async move {
            interrupted().await;
            interrupt.cancel();
            // A second interrupt does not wait for the clean-up.
            interrupted().await;
            std::process::exit(i32::from(Exit::Interrupted.code()));
        });
        let options = Options {
            client,
            url: base.to_string(),
            prefix: arguments.repo_prefix.clone(),
            seed,
            aims: if arguments.target.is_empty() {
                Aim::ALL.to_vec()
            } else {
                arguments.target.clone()
            },
            jobs: arguments.jobs,
            time: arguments.time.or(arguments.requests.is_none().then_some(TIME)),
            requests: arguments.requests,
            until: None,
            pid: arguments.pid,
            keep: arguments.keep || running.is_some(),
            found: Some(found),
            cancel,
        };
        let outcome = match script {
            Some((aim, choices)) => campaign::replay(options, aim, choices).await,
            None => {
                let bar = bar(arguments.quiet);
                let shown = bar.clone();
                let outcome = campaign::run(options, move |progress| shown.set_message(line(progress))).await;
                bar.finish_and_clear();
                outcome
            }
        };
        if let Some(running) = running {
            running.stop().await;
        }
        finish(&outcome, &arguments)
    })
}

/// A number of requests.
fn some(text: &str) -> Result<u64, String> {
    match number(text)? {
        0 => Err("nothing would be sent: at least 1 is needed".to_owned()),
        number => Ok(number),
    }
}

/// Whether cases can be written into a folder, which is made only once there are any.
fn can_be_written(folder: &Path) -> Result<(), Failure> {
    let there = folder.ancestors().find(|path| path.exists());
    report::prepare(there.unwrap_or(Path::new(".")))
        .map_err(|error| Failure::new(Exit::Failed, format!("--out {}: {error}", folder.display())))
}

fn read_script(path: &Path) -> Result<(Aim, Vec<u8>), Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(Exit::Usage, format!("cannot read {}: {error}", path.display())))?;
    let message = || format!("{} has no `# replay:` line of a finding", path.display());
    case::read(&text).ok_or_else(|| Failure::new(Exit::Usage, message()))
}

fn bar(quiet: bool) -> ProgressBar {
    let target = match !quiet && std::io::stderr().is_terminal() {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let bar = ProgressBar::with_draw_target(None, target);
    // The template is a constant; if it were wrong, the look of the library would do.
    if let Ok(style) = ProgressStyle::with_template("{spinner} fuzzing, {wide_msg}") {
        bar.set_style(style);
    }
    bar
}

fn line(progress: &Progress) -> String {
    let seconds = progress.elapsed.as_secs_f64();
    let rate = progress.requests as f64 / seconds.max(0.1);
    let Progress {
        scripts,
        requests,
        corpus,
        findings,
        ..
    } = progress;
    format!("{seconds:.0} s: {scripts} scripts, {requests} requests ({rate:.0}/s), corpus {corpus}, {findings} found")
}

fn finish(outcome: &Outcome, arguments: &FuzzArguments) -> Result<Exit, Failure> {
    let files = write(&outcome.findings, &arguments.out)?;
    let mut text = String::new();
    if !arguments.quiet {
        for (finding, file) in outcome.findings.iter().zip(&files) {
            describe(&mut text, finding, file.as_deref());
        }
        for (signature, times) in &outcome.unconfirmed {
            let _ = writeln!(
                text,
                "seen {} and not reproduced: {}",
                plural(*times as usize, "time", "times"),
                plain(signature)
            );
        }
        if !outcome.lenient.is_empty() {
            let rules: Vec<String> = outcome
                .lenient
                .iter()
                .map(|(rule, times)| format!("{} ({times})", plain(rule)))
                .collect();
            let _ = writeln!(
                text,
                "accepted though the image specification forbids it, which is no fault: {}",
                rules.join(", ")
            );
        }
    }
    if outcome.astray > 0 {
        let _ = writeln!(
            text,
            "{} led to where nothing was sent; with --i-own-this-registry other machines are asked too",
            plural(outcome.astray as usize, "answer", "answers")
        );
    }
    // Who takes nothing has been asked next to nothing.
    let took_nothing = outcome.pushed >= MANY && outcome.accepted == 0;
    let took_no_more = outcome.refused_since >= NO_MORE;
    if took_nothing {
        let _ = writeln!(
            text,
            "none of {} manifests was accepted, so that this says next to nothing",
            outcome.pushed
        );
    } else if took_no_more {
        let _ = writeln!(
            text,
            "none of the last {} manifests was accepted, so that what came after says next to nothing",
            outcome.refused_since
        );
    }
    let _ = writeln!(text, "{}", closing(outcome));
    print(&text);
    if let Some(broken) = &outcome.broken {
        return Err(Failure::new(
            Exit::Failed,
            format!("the fuzzer itself failed: {broken}"),
        ));
    }
    Ok(match outcome.findings.is_empty() {
        _ if outcome.interrupted => Exit::Interrupted,
        true if !took_nothing && !took_no_more => Exit::Conforms,
        _ => Exit::Findings,
    })
}

/// Writes the cases; a finding that the format has no words for has no file.
fn write(findings: &[Finding], folder: &Path) -> Result<Vec<Option<PathBuf>>, Failure> {
    let failed = |path: &Path, error: &dyn std::fmt::Display| {
        Failure::new(Exit::Failed, format!("cannot write {}: {error}", path.display()))
    };
    let mut files = Vec::new();
    for finding in findings {
        let Some(case) = &finding.case else {
            files.push(None);
            continue;
        };
        std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
        let path = folder.join(finding.file_name());
        std::fs::write(&path, case).map_err(|error| failed(&path, &error))?;
        files.push(Some(path));
    }
    Ok(files)
}

fn describe(text: &mut String, finding: &Finding, file: Option<&Path>) {
    let _ = writeln!(
        text,
        "{} {}: {}",
        finding.oracle.weight(),
        finding.oracle,
        finding.oracle.says()
    );
    let _ = writeln!(text, "  requirement {}", finding.oracle.requirement());
    let _ = writeln!(text, "  seen {}", plain(&finding.seen));
    if let Some(body) = &finding.body {
        let shown = printable::line(&String::from_utf8_lossy(body), SHOWN);
        let _ = writeln!(text, "  body {shown} ({} bytes)", body.len());
    }
    if finding
        .case
        .as_ref()
        .is_some_and(|case| case.contains("\n    setup:\n"))
    {
        let _ = writeln!(
            text,
            "  (after the setup of the case, which uploads what is referred to)"
        );
    }
    for line in finding.curl.iter().filter(|line| line.len() < 1_000) {
        let _ = writeln!(text, "  {}", plain(line));
    }
    match file {
        Some(file) => {
            let _ = writeln!(text, "  case {}", file.display());
        }
        None if finding.curl.is_empty() => {}
        None => {
            let _ = writeln!(text, "  no case: the format has no words for it");
        }
    }
    // Of a script that is played alone there is nothing to count.
    let _ = match finding.occurrences {
        0 => writeln!(text),
        seen => writeln!(
            text,
            "  seen {}, first in script {}\n",
            plural(seen as usize, "time", "times"),
            finding.number
        ),
    };
}

fn plain(text: &str) -> String {
    printable::line(text, printable::SENTENCE)
}

fn closing(outcome: &Outcome) -> String {
    let seconds = outcome.elapsed.as_secs_f64();
    let failures = outcome
        .findings
        .iter()
        .filter(|f| f.oracle.weight() == crate::fuzzing::live::violation::Weight::Failure)
        .count();
    let unconfirmed = match outcome.unconfirmed.len() {
        0 => String::new(),
        kinds => format!(", {kinds} not reproduced"),
    };
    format!(
        "{}seed {}: {} scripts with {} requests in {seconds:.1} s ({:.0}/s), {} of {} manifests accepted, {} classes of answers; \
         {}, {} suspicious{unconfirmed}",
        match outcome {
            _ if outcome.interrupted => "interrupted; ",
            _ if outcome.deserted => "ended early, for nobody answers any more; ",
            _ => "",
        },
        outcome.seed,
        outcome.scripts,
        outcome.requests,
        outcome.requests as f64 / seconds.max(0.001),
        outcome.accepted,
        outcome.pushed,
        outcome.classes,
        plural(failures, "failure", "failures"),
        outcome.findings.len() - failures,
    )
}
