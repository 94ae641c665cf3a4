//! Going on where a run was cut off, from its journal.

use std::path::Path;

use super::report::in_file;
use super::{Exit, Failure};
use crate::case::Profile;
use crate::client::quote;
use crate::outcome::{Partition, Report};
use crate::report::journal::{self, Written};
use crate::report::{plural, printable};
use crate::runner::Resumed;

use super::suite::{Loaded, profile};

/// Characters of a command line.
const COMMAND: usize = 8000;

/// What the run to go on with has to have in common with the one that was cut off.
pub struct Same<'a> {
    /// The suite.
    pub suite_digest: &'a str,
    /// The profile.
    pub profile: &'a Profile,
    /// The target, unless it is the embedded registry, which never has the same address.
    pub url: Option<String>,
    /// The part.
    pub partition: Option<Partition>,
    /// Whether it writes nothing.
    pub read_only: bool,
    /// The seed, where one is given.
    pub seed: Option<u64>,
}

/// Reads the journal at `path`.
pub fn read(path: &Path) -> Result<Written, Failure> {
    let file = std::fs::File::open(path)
        .map_err(|error| Failure::new(Exit::Usage, format!("cannot open {}: {error}", path.display())))?;
    journal::read(file).map_err(|error| in_file(path, &error))
}

/// What the run that wrote a journal has found out.
pub fn resumed(path: &Path, same: &Same) -> Result<Resumed, Failure> {
    let written = read(path)?;
    let run = &written.report.run;
    let differs = |what: &str, before: &str, now: &str| {
        let message = format!("the run that was cut off had another {what}: {before}, not {now}");
        Err(in_file(path, &message))
    };
    let part = |partition: Option<Partition>| partition.map_or("all cases".to_string(), |part| part.to_string());
    if run.suite_digest != same.suite_digest {
        return differs("suite", &run.suite_digest, same.suite_digest);
    }
    if run.profile != same.profile.name {
        return differs("profile", &run.profile, &same.profile.name);
    }
    if run.partition != same.partition {
        return differs("part", &part(run.partition), &part(same.partition));
    }
    if run.read_only != same.read_only {
        let way = |read_only| if read_only { "--read-only" } else { "leave to write" };
        return differs("way", way(run.read_only), way(same.read_only));
    }
    if let Some(seed) = same.seed.filter(|seed| *seed != run.seed) {
        return differs("seed", &run.seed.to_string(), &seed.to_string());
    }
    let target = &written.report.target;
    match &same.url {
        Some(url) if *url != target.url => return differs("target", &target.url, url),
        None if !target.is_embedded() => return differs("target", &target.url, "the embedded registry; give that URL"),
        _ => {}
    }
    Ok(Resumed {
        capabilities: written.report.capabilities.clone(),
        cases: written.settled(),
    })
}

/// Where a run that could not judge everything left what it has judged, and the command that goes on with it: this one,
/// with the journal.
pub fn kept(report: &Report, journal: &Path) -> String {
    let settled = report.cases.iter().filter(|case| journal::is_settled(case)).count();
    let when = match report.interrupted {
        true => "the others are run",
        false => "once the registry answers again, the others are run",
    };
    format!(
        "Kept: what {} showed, in {}; {when} by\n  {}\n",
        plural(settled, "case", "cases"),
        journal.display(),
        going_on(
            std::env::args_os().map(|word| word.to_string_lossy().into_owned()),
            journal
        )
    )
}

fn going_on(mut arguments: impl Iterator<Item = String>, journal: &Path) -> String {
    let mut words = Vec::new();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--resume" => drop(arguments.next()),
            _ if argument.starts_with("--resume=") => {}
            _ => words.push(quote(&argument)),
        }
    }
    words.push("--resume".to_string());
    words.push(quote(&journal.display().to_string()));
    printable::line(&words.join(" "), COMMAND)
}

/// The report of a run that was cut off, as far as it came.
pub fn report(path: &Path, loaded: &Loaded) -> Result<Report, Failure> {
    let Written { mut report, cases } = read(path)?;
    if report.run.suite_digest != loaded.digest {
        let message = format!(
            "{}: the journal was written with other cases; give them with --cases",
            path.display()
        );
        return Err(Failure::new(Exit::Usage, message));
    }
    let profile = profile(&loaded.suite, &report.run.profile.clone())?;
    report.run.elapsed_ms = cases
        .iter()
        .flat_map(|case| &case.exchanges)
        .fold(0.0, |end, exchange| {
            f64::max(end, exchange.started_ms as f64 + exchange.elapsed_ms)
        });
    report.interrupted = true;
    report.gather(&loaded.suite, profile, cases);
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_that_goes_on_is_this_one_with_the_journal() {
        let line = |arguments: &[&str]| {
            let arguments = arguments.iter().map(|word| word.to_string());
            going_on(arguments, Path::new("out/journal.ndjson"))
        };
        assert_eq!(
            line(&["referee", "run", "http://r", "--filter", "tags/*"]),
            "referee run http://r --filter 'tags/*' --resume out/journal.ndjson"
        );
        // One that was gone on with already.
        let again = "referee run http://r --resume out/journal.ndjson";
        assert_eq!(line(&["referee", "run", "--resume", "old", "http://r"]), again);
        assert_eq!(line(&["referee", "run", "--resume=old", "http://r"]), again);
    }
}
