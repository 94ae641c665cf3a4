//! What did not hold.

use serde::{Deserialize, Serialize};

/// How much of a value is shown.
const SHOWN: usize = 400;

/// One matcher that did not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mismatch {
    /// What was looked at: `status`, `header Location`, `json /manifests`, `body`.
    pub subject: String,
    /// What was expected, in words or as a value.
    pub expected: String,
    /// What was there.
    pub actual: String,
}

impl Mismatch {
    /// With the values in full.
    pub fn new(subject: impl Into<String>, expected: impl Into<String>, actual: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            expected: expected.into(),
            actual: actual.into(),
        }
    }

    /// As it goes into a report: rid of secrets by `redact`, and then cut, so that a target cannot fill a report with one
    /// answer. The order matters, for half a secret is not recognised.
    pub fn for_report(self, redact: impl Fn(&str) -> String) -> Self {
        Self {
            subject: self.subject,
            expected: cut(redact(&self.expected)),
            actual: cut(redact(&self.actual)),
        }
    }
}

fn cut(mut text: String) -> String {
    if text.len() > SHOWN {
        let end = (0..=SHOWN).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let left = text.len() - end;
        text.truncate(end);
        text.push_str(&format!("… ({left} more bytes)"));
    }
    text
}
