//! Files of known failures: reading one, and writing one.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use super::{Exit, Failure};
use crate::case::{Known, Suite};
use crate::load::{self, Source, UNWRITTEN_REASON};
use crate::outcome::{CaseOutcome, Report, Verdict};

/// The most bytes of a file.
const MOST: u64 = 1 << 20;

/// The entries of a file.
pub fn read(path: &Path, suite: &Suite) -> Result<Vec<Known>, Failure> {
    load::known_failures(&source(path)?, suite).map_err(|diagnostics| Failure::diagnostics(&diagnostics))
}

/// The entries of the file that is about to be written anew, if there is one: what they say is kept.
pub fn earlier(path: &Path) -> Result<Vec<Known>, Failure> {
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let source = source(path)?;
    if source.text.trim().is_empty() {
        return Ok(Vec::new());
    }
    load::known_entries(&source).map_err(|diagnostics| {
        let path = path.display();
        let message = format!(
            "{path} is there already and is no list of known failures, so it is not written over: {}",
            diagnostics.summary()
        );
        Failure::new(
            Exit::Usage,
            message + "\n  give --write-known-failures another file, or mend this one",
        )
    })
}

fn source(path: &Path) -> Result<Source, Failure> {
    let usage = |error: &dyn std::fmt::Display| {
        Failure::new(
            Exit::Usage,
            format!("cannot read the known failures from {}: {error}", path.display()),
        )
    };
    let metadata = std::fs::metadata(path).map_err(|error| usage(&error))?;
    if metadata.len() > MOST {
        return Err(usage(&"the file is larger than 1 MiB"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| usage(&error))?;
    Ok(Source::new(path.display().to_string(), text))
}

/// Writes everything that failed as a file of known failures. What `earlier` entries say of it is kept; other reasons are
/// to be filled in.
pub fn write(report: &Report, path: &Path, earlier: &[Known]) -> Result<(), Failure> {
    std::fs::write(path, text(report, earlier))
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot write {}: {error}", path.display())))
}

fn text(report: &Report, earlier: &[Known]) -> String {
    // Ordered by case, then by requirement; none means the whole case.
    let mut failing: BTreeSet<(&str, Option<&str>)> = BTreeSet::new();
    for finding in &report.findings {
        let cases = finding.occurrences.iter().map(|occurrence| occurrence.case.as_str());
        failing.extend(cases.map(|case| (case, Some(finding.requirement.as_str()))));
    }
    let unjudged = |case: &&CaseOutcome| matches!(case.verdict, Verdict::Broken { .. } | Verdict::Error { .. });
    failing.extend(
        report
            .cases
            .iter()
            .filter(unjudged)
            .map(|case| (case.id.as_str(), None)),
    );
    let mut text = String::from(
        "# Failures that are known: they do not count. Each needs a reason, and may have a last day:\n\
         # until: YYYY-MM-DD. An entry that does not fail any more is an error.\n",
    );
    text.push_str(if failing.is_empty() { "known: []\n" } else { "known:\n" });
    for (case, requirement) in failing {
        let said = said(earlier, case, requirement);
        let unwritten = || format!("{UNWRITTEN_REASON} say it here, or mend it");
        let reason = said.map_or_else(unwritten, |known| known.reason.clone());
        // Writing to a string does not fail; JSON strings are YAML.
        let _ = writeln!(text, "  - case: {}", quoted(case));
        if let Some(requirement) = requirement {
            let _ = writeln!(text, "    requirement: {}", quoted(requirement));
        }
        let _ = writeln!(text, "    reason: {}", quoted(&reason));
        if let Some(until) = said.and_then(|known| known.until.as_ref()) {
            let _ = writeln!(text, "    until: {until}");
        }
    }
    text
}

/// The earlier entry about a failure: the one that names just this, or else the first that covers it.
fn said<'k>(earlier: &'k [Known], case: &str, requirement: Option<&str>) -> Option<&'k Known> {
    let is_this = |known: &&Known| known.case.as_deref() == Some(case) && known.requirement.as_deref() == requirement;
    let covers = |known: &&Known| match requirement {
        Some(requirement) => known.covers(case, requirement),
        None => known.requirement.is_none() && known.names_case(case),
    };
    earlier.iter().find(is_this).or_else(|| earlier.iter().find(covers))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The day of today, `YYYY-MM-DD` in UTC.
pub fn today() -> String {
    let today = time::OffsetDateTime::now_utc().date();
    format!("{:04}-{:02}-{:02}", today.year(), u8::from(today.month()), today.day())
}
