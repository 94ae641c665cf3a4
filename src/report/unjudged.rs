//! Cases that could not be judged, by cause.

use std::collections::HashMap;

use crate::client::{Exchange, TransportError};
use crate::outcome::{CaseOutcome, Report, Verdict};

/// Hexadecimal digits in a row from which on they only name content or a repository, and not a cause.
const NAME: usize = 8;

/// What is said of a lost connection after which there was nobody.
const UNDER_WAY: &str =
    "; under way when nobody answered any more, as requests of the clean-up may have been (`--jobs 1` leaves fewer)";

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
    /// The exchange of the first case that shows it, if the case came to it. What was asked where nobody answers says
    /// nothing of why.
    pub fn evidence(&self) -> Option<&'r Exchange> {
        let last = self.cases.first()?.exchanges.last()?;
        (self.is_error && !self.found_nobody() || self.text.contains(&last.request.url)).then_some(last)
    }

    /// What went wrong on the way to the registry or back, as the first case has it.
    fn failure(&self) -> Option<&'r TransportError> {
        let last = self.cases.first()?.exchanges.last().filter(|_| self.is_error)?;
        last.error.as_ref()
    }

    fn found_nobody(&self) -> bool {
        matches!(self.failure(), Some(TransportError::Connect { .. }))
    }

    fn lost_connection(&self) -> bool {
        matches!(
            self.failure(),
            Some(TransportError::Reset { .. } | TransportError::BodyShort { .. })
        )
    }
}

/// The causes, those of broken cases first, and of each kind the one with the most cases. What differs only in the content
/// or the repository is one cause, and so is that nobody answers. Lost connections stand right behind that: one of them may be
/// why.
pub(super) fn causes(report: &Report) -> Vec<Cause<'_>> {
    let mut causes: Vec<Cause> = Vec::new();
    let mut known: HashMap<(bool, String), usize> = HashMap::new();
    for case in report.cases.iter().filter(|case| case.known.is_none()) {
        let (is_error, text) = match &case.verdict {
            Verdict::Broken { step, seen } => (false, format!("{step}: {seen}")),
            Verdict::Error { message } => (true, message.clone()),
            Verdict::Pass | Verdict::Fail | Verdict::Warn | Verdict::Skip { .. } => continue,
        };
        let (key, text) = match unreachable(case) {
            Some((host, text)) if is_error => (host, text),
            _ => (without_names(&text), text),
        };
        let at = *known.entry((is_error, key)).or_insert(causes.len());
        match causes.get_mut(at) {
            Some(cause) => cause.cases.push(case),
            None => causes.push(Cause {
                is_error,
                text,
                cases: vec![case],
            }),
        }
    }
    let is_gone = causes.iter().any(Cause::found_nobody);
    let may_be_why = |cause: &Cause| is_gone && cause.lost_connection();
    for cause in &mut causes {
        if may_be_why(cause) {
            cause.text.push_str(UNDER_WAY);
        }
    }
    causes.sort_by_key(|cause| {
        let count = std::cmp::Reverse(cause.cases.len());
        (cause.is_error, !cause.found_nobody(), !may_be_why(cause), count)
    });
    causes
}

/// The place where nobody answers to which a case came, whatever it wanted to ask, and what is said of it.
fn unreachable(case: &CaseOutcome) -> Option<(String, String)> {
    match &case.exchanges.last()?.error {
        Some(error @ TransportError::Connect { host, .. }) => Some((host.clone(), error.to_string())),
        _ => None,
    }
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
