//! Files of known failures: reading one, and writing the first.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use super::{Exit, Failure};
use crate::case::{Known, Suite};
use crate::load::{self, Source, UNWRITTEN_REASON};
use crate::outcome::{Report, Verdict};

/// The most bytes of a file.
const MOST: u64 = 1 << 20;

/// The entries of a file.
pub fn read(path: &Path, suite: &Suite) -> Result<Vec<Known>, Failure> {
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
    let source = Source::new(path.display().to_string(), text);
    load::known_failures(&source, suite).map_err(|diagnostics| Failure::diagnostics(&diagnostics))
}

/// Writes everything that failed and is not known yet as a file of known failures, with reasons to be filled in.
pub fn write(report: &Report, path: &Path) -> Result<(), Failure> {
    std::fs::write(path, text(report))
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot write {}: {error}", path.display())))
}

fn text(report: &Report) -> String {
    // Ordered by case, then by requirement; none means the whole case.
    let mut entries: BTreeMap<(&str, Option<&str>), String> = BTreeMap::new();
    let unwritten = || format!("{UNWRITTEN_REASON} say it here, or mend it");
    for finding in &report.findings {
        for occurrence in &finding.occurrences {
            let reason = finding.known.clone().unwrap_or_else(unwritten);
            entries.insert((&occurrence.case, Some(&finding.requirement)), reason);
        }
    }
    for case in &report.cases {
        if matches!(case.verdict, Verdict::Broken { .. } | Verdict::Error { .. }) {
            entries.insert((&case.id, None), case.known.clone().unwrap_or_else(unwritten));
        }
    }
    let mut text = String::from(
        "# Failures that are known: they do not count. Each needs a reason, and may have a last day:\n\
         # until: YYYY-MM-DD. An entry that does not fail any more is an error.\nknown:\n",
    );
    for ((case, requirement), reason) in entries {
        // Writing to a string does not fail; JSON strings are YAML.
        let _ = writeln!(text, "  - case: {}", quoted(case));
        if let Some(requirement) = requirement {
            let _ = writeln!(text, "    requirement: {}", quoted(requirement));
        }
        let _ = writeln!(text, "    reason: {}", quoted(&reason));
    }
    text
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The day of today, `YYYY-MM-DD` in UTC.
pub fn today() -> String {
    let today = time::OffsetDateTime::now_utc().date();
    format!("{:04}-{:02}-{:02}", today.year(), u8::from(today.month()), today.day())
}
