//! Cases that could not be judged, by cause.

use std::collections::HashMap;

use crate::client::Exchange;
use crate::outcome::{CaseOutcome, Report, Verdict};

/// Hexadecimal digits in a row from which on they only name content or a repository, and not a cause.
const NAME: usize = 8;

/// A cause, and the cases that it kept from being judged.
pub(super) struct Cause<'r> {
    /// Whether it is the network or Referee that failed, and not what comes before the case.
    pub is_error: bool,
    /// What happened, as the first case has it.
    pub text: String,
    /// The cases in their order.
    pub cases: Vec<&'r CaseOutcome>,
}

impl<'r> Cause<'r> {
    /// The exchange of the first case that shows it, if the case came to it.
    pub fn evidence(&self) -> Option<&'r Exchange> {
        let last = self.cases.first()?.exchanges.last()?;
        (self.is_error || self.text.contains(&last.request.url)).then_some(last)
    }
}

/// The causes, those of broken cases first, and of each kind the one with the most cases. What differs only in the content
/// or the repository is one cause.
pub(super) fn causes(report: &Report) -> Vec<Cause<'_>> {
    let mut causes: Vec<Cause> = Vec::new();
    let mut known: HashMap<(bool, String), usize> = HashMap::new();
    for case in report.cases.iter().filter(|case| case.known.is_none()) {
        let (is_error, text) = match &case.verdict {
            Verdict::Broken { step, seen } => (false, format!("{step}: {seen}")),
            Verdict::Error { message } => (true, message.clone()),
            Verdict::Pass | Verdict::Fail | Verdict::Warn | Verdict::Skip { .. } => continue,
        };
        let at = *known.entry((is_error, without_names(&text))).or_insert(causes.len());
        match causes.get_mut(at) {
            Some(cause) => cause.cases.push(case),
            None => causes.push(Cause {
                is_error,
                text,
                cases: vec![case],
            }),
        }
    }
    causes.sort_by_key(|cause| (cause.is_error, std::cmp::Reverse(cause.cases.len())));
    causes
}

/// A text without the digests, nonces and repositories in it.
fn without_names(text: &str) -> String {
    let runs = text.split_inclusive(|c: char| !c.is_ascii_hexdigit());
    runs.map(|run| {
        let digits = run.trim_end_matches(|c: char| !c.is_ascii_hexdigit());
        match digits.len() >= NAME {
            true => run.get(digits.len()..).unwrap_or_default(),
            false => run,
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_part_of_a_cause() {
        let of =
            |repository: &str, digest: &str| without_names(&format!("PUT /v2/a/{repository}/x:{digest} answered 400"));
        assert_eq!(
            of("0123abcd-01234567", "0123456789abcdef"),
            of("ffff0000-76543210", "fedcba9876543210")
        );
        assert_ne!(
            of("0123abcd", "0123456789"),
            without_names("PUT /v2/a//x: answered 404")
        );
    }
}
