//! Workflow commands by which GitHub shows findings beside a run.
//!
//! Owns their escaping and their number: GitHub shows ten errors and ten warnings of a step and drops the rest without a
//! word, so the last of each says how many more there are.

use super::words::{self, plural};
use super::{evidence, printable};
use crate::outcome::{Report, Weight};

/// Annotations of each kind that are shown of one step.
const SHOWN: usize = 10;
/// Characters of a text.
const TEXT: usize = 400;
/// Characters of the entries of the known failures that are out of date.
const ENTRIES: usize = 4000;

/// The commands, one a line, to be printed to the log of the step.
pub fn write(report: &Report) -> String {
    let mut lines = String::new();
    let out_of_date = words::out_of_date(report);
    if !out_of_date.is_empty() {
        let message = format!("to be removed from the list:\n{}", out_of_date.join("\n"));
        let start: String = message.chars().take(ENTRIES).collect();
        lines.push_str(&format!("::error title=known failures::{}\n", data(&start)));
    }
    for (weight, command) in [(Weight::Fail, "error"), (Weight::Warn, "warning")] {
        let findings: Vec<_> = report
            .findings
            .iter()
            .filter(|f| f.weight == weight && f.known.is_none())
            .collect();
        let room = if findings.len() > SHOWN { SHOWN - 1 } else { SHOWN };
        for finding in findings.iter().take(room) {
            let first = finding.occurrences.first();
            let mismatch = first.and_then(|first| first.mismatches.first()).map(|mismatch| {
                let line = |text: &str| printable::line(text, TEXT);
                format!(
                    "\n{}: expected {}, got {}",
                    line(&mismatch.subject),
                    line(&mismatch.expected),
                    line(&mismatch.actual)
                )
            });
            let command_line = first
                .and_then(|first| {
                    let case = report.cases.iter().find(|case| case.id == first.case)?;
                    case.exchanges.get(first.exchange)
                })
                .map(|exchange| format!("\n{}", evidence::command(exchange)));
            let message = format!(
                "{}{}{}",
                printable::line(&finding.text, TEXT),
                mismatch.unwrap_or_default(),
                command_line.unwrap_or_default()
            );
            let title = printable::line(&format!("{} ({})", finding.requirement, finding.level), TEXT);
            lines.push_str(&format!("::{command} title={}::{}\n", property(&title), data(&message)));
        }
        let left = findings.len().saturating_sub(room);
        if left > 0 {
            let more = plural(left, "more finding", "more findings");
            lines.push_str(&format!("::{command} title=Referee::and {more}, see the report\n"));
        }
    }
    lines
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_stays_one_command() {
        assert_eq!(data("a\n::error::b%0A"), "a%0A::error::b%250A");
        assert_eq!(property("a:b,c"), "a%3Ab%2Cc");
    }
}
