//! The master form of a report: JSON with a version, of which every other form can be made later.
//!
//! Owns the reading back, which trusts nothing: a report may come from another version of Referee, or from a stranger.

use std::io::{self, Read, Write};

use serde::Deserialize;

use super::printable;
use crate::outcome::{Report, SCHEMA};

/// The JSON Schema (draft 2020-12) of the form, for other programs that read it.
pub const JSON_SCHEMA: &str = include_str!("report.schema.json");

/// The most bytes of JSON that are read.
pub const LIMIT: u64 = 256 << 20;

/// A JSON text that is no report this program can read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It could not be read.
    #[error("cannot read the report: {0}")]
    Io(#[from] std::io::Error),
    /// It is longer than [`LIMIT`].
    #[error("the report is larger than {} MiB", LIMIT >> 20)]
    TooLarge,
    /// It is not JSON, or has no version.
    #[error("not a report of Referee: {0}")]
    NotAReport(serde_json::Error),
    /// It was written by another version.
    #[error("the report has schema version {found}, but this program reads version {SCHEMA}: {}", advice(*.found))]
    OtherSchema {
        /// The version it has.
        found: u64,
    },
    /// It has the right version but not the right shape.
    #[error("the report is damaged: {0}")]
    Damaged(serde_json::Error),
}

/// The [slim](Report::slim) form of `report` as indented JSON with a line end.
///
/// # Errors
/// Only if the report cannot be told in JSON, which its types exclude.
pub fn write(report: &Report) -> io::Result<String> {
    printable::text(|out| write_to(report, out))
}

/// The same, as it is made: never in memory whole.
///
/// # Errors
/// Those of `out`.
pub fn write_to(report: &Report, out: impl Write) -> io::Result<()> {
    let mut out = printable::Json(out);
    serde_json::to_writer_pretty(&mut out, report)?;
    out.write_all(b"\n")
}

/// Reads a report back. Reads no more than [`LIMIT`] bytes.
///
/// # Errors
/// If `input` cannot be read, is too large, is no report, or is one of another schema version.
pub fn read(input: impl Read) -> Result<Report, ReadError> {
    read_at_most(input, LIMIT)
}

fn read_at_most(input: impl Read, limit: u64) -> Result<Report, ReadError> {
    let mut bytes = Vec::new();
    input.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLarge);
    }
    // The version first: the shape of another version would only give a misleading error.
    let Version { schema } = serde_json::from_slice(&bytes).map_err(ReadError::NotAReport)?;
    if schema != u64::from(SCHEMA) {
        return Err(ReadError::OtherSchema { found: schema });
    }
    serde_json::from_slice(&bytes).map_err(ReadError::Damaged)
}

#[derive(Deserialize)]
struct Version {
    schema: u64,
}

fn advice(found: u64) -> &'static str {
    if found > u64::from(SCHEMA) {
        "use a newer Referee"
    } else {
        "use the Referee that wrote it, or run again"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_texts_are_refused_with_the_reason() {
        let refusal = |text: &str| read(text.as_bytes()).unwrap_err().to_string();
        assert!(refusal("{}").starts_with("not a report of Referee: missing field `schema`"));
        assert!(refusal("<html>").starts_with("not a report of Referee: expected value at line 1"));
        assert!(refusal(&"[".repeat(100_000)).starts_with("not a report of Referee"));
        assert!(refusal(r#"{"schema": 1}"#).starts_with("the report is damaged: missing field"));
        assert_eq!(
            refusal(r#"{"schema": 99, "future": []}"#),
            "the report has schema version 99, but this program reads version 1: use a newer Referee"
        );
        assert!(refusal(r#"{"schema": 0}"#).ends_with("use the Referee that wrote it, or run again"));
    }

    #[test]
    fn endless_input_is_not_read_to_the_end() {
        assert!(matches!(
            read_at_most(std::io::repeat(b' '), 1 << 10),
            Err(ReadError::TooLarge)
        ));
    }
}
