//! The journal of a run: what is finished so far, a line for each case, so that a run that is killed is not lost.
//!
//! The first line has the report without a case. Owns the reading back, which takes a last line that was cut off for
//! what it is.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::json::LIMIT;
use super::printable;
use crate::outcome::{CaseOutcome, Report, SCHEMA, SkipReason, Verdict, slim_case};

/// The file beside the reports.
pub const FILE_NAME: &str = "journal.ndjson";

/// How a journal starts.
const START: &[u8] = b"{\"journal\":";

#[derive(Serialize, Deserialize)]
struct Head<R> {
    journal: u32,
    report: R,
}

/// A journal that is being written.
pub struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Begins a journal, with the cases that an earlier run finished, in the place of any before it.
    ///
    /// # Errors
    /// If the file cannot be made or written.
    pub fn create(dir: &Path, report: &Report, finished: &[CaseOutcome]) -> io::Result<Journal> {
        // What stands there may be the journal that is gone on with: it is replaced by a whole one or not at all.
        let partial = dir.join(format!(".{FILE_NAME}.{}.partial", std::process::id()));
        let mut journal = Journal {
            file: File::create(&partial)?,
            path: dir.join(FILE_NAME),
        };
        let head = Head {
            journal: SCHEMA,
            report,
        };
        let begun = journal
            .line(&head)
            .and_then(|()| finished.iter().try_for_each(|case| journal.add(case)))
            .and_then(|()| std::fs::rename(&partial, &journal.path));
        if begun.is_err() {
            // The first error is the one to tell.
            let _ = std::fs::remove_file(&partial);
        }
        begun.map(|()| journal)
    }

    /// Adds a finished case.
    ///
    /// # Errors
    /// If the line cannot be written.
    pub fn add(&mut self, case: &CaseOutcome) -> io::Result<()> {
        self.line(&slim_case(case))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it: the report says everything.
    ///
    /// # Errors
    /// If the file cannot be removed.
    pub fn remove(self) -> io::Result<()> {
        std::fs::remove_file(self.path)
    }

    /// One write for one line, so that a line is there whole or is the last.
    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        let mut line = Vec::new();
        serde_json::to_writer(printable::Json(&mut line), value)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }
}

/// A journal that was read.
#[derive(Debug)]
pub struct Written {
    /// The report as it was when the cases started.
    pub report: Report,
    /// What was finished.
    pub cases: Vec<CaseOutcome>,
}

impl Written {
    /// The cases that need not run again: whatever ended without a judgement may end otherwise.
    pub fn settled(self) -> Vec<CaseOutcome> {
        self.cases.into_iter().filter(is_settled).collect()
    }
}

/// Whether a case need not run again.
pub fn is_settled(case: &CaseOutcome) -> bool {
    let interrupted = SkipReason::Interrupted;
    !matches!(&case.verdict, Verdict::Error { .. } | Verdict::Broken { .. })
        && case.verdict != Verdict::Skip { reason: interrupted }
}

/// A file that is no journal this program can read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It could not be read.
    #[error("cannot read the journal: {0}")]
    Io(#[from] io::Error),
    /// It does not start like one.
    #[error("not a journal of Referee")]
    NotAJournal,
    /// It was written by another version.
    #[error("the journal has schema version {0}, but this program reads version {SCHEMA}")]
    OtherSchema(u32),
    /// A line is damaged.
    #[error("line {line} of the journal is damaged: {source}")]
    Damaged {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// Whether a file starts like a journal.
pub fn is_journal(path: &Path) -> bool {
    let mut start = [0; START.len()];
    File::open(path).is_ok_and(|mut file| file.read_exact(&mut start).is_ok() && start == *START)
}

/// Reads a journal, no more than [`LIMIT`] bytes of it.
///
/// # Errors
/// If it cannot be read, or a line other than a last one that was cut off is damaged.
pub fn read(input: impl Read) -> Result<Written, JournalError> {
    let mut lines = BufReader::new(input.take(LIMIT));
    let mut line = Vec::new();
    lines.read_until(b'\n', &mut line)?;
    if !line.starts_with(START) {
        return Err(JournalError::NotAJournal);
    }
    let damaged = |line, source| JournalError::Damaged { line, source };
    let version: Head<serde::de::IgnoredAny> = serde_json::from_slice(&line).map_err(|e| damaged(1, e))?;
    if version.journal != SCHEMA {
        return Err(JournalError::OtherSchema(version.journal));
    }
    let head: Head<Report> = serde_json::from_slice(&line).map_err(|e| damaged(1, e))?;
    let mut cases = Vec::new();
    for number in 2.. {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        match serde_json::from_slice(&line) {
            Ok(case) => cases.push(case),
            Err(_) if line.last() != Some(&b'\n') => break,
            Err(error) => return Err(damaged(number, error)),
        }
    }
    Ok(Written {
        report: head.report,
        cases,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_files_are_refused() {
        assert!(matches!(read(&b""[..]), Err(JournalError::NotAJournal)));
        assert!(matches!(read(&b"{\"schema\":1}"[..]), Err(JournalError::NotAJournal)));
        let other = read(&b"{\"journal\":99,\"report\":{}}\n"[..]);
        assert!(matches!(other, Err(JournalError::OtherSchema(99))));
        let cut = read(&b"{\"journal\":1,\"rep"[..]);
        assert!(matches!(cut, Err(JournalError::Damaged { line: 1, .. })));
    }
}
