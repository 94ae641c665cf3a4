//! Failures that are known: what a user has seen, understood and put off.

use super::{Origin, glob};

/// One entry of a file of known failures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The cases it is about: a glob on ids; all where `None`.
    pub case: Option<String>,
    /// The requirement it is about; every one where `None`.
    pub requirement: Option<String>,
    /// Why it is put off.
    pub reason: String,
    /// The last day on which it counts, `YYYY-MM-DD`.
    pub until: Option<String>,
    /// Where it is written.
    pub origin: Origin,
}

impl Known {
    /// Whether it is about a case.
    pub fn names_case(&self, id: &str) -> bool {
        let base = id.split('[').next().unwrap_or(id);
        self.case
            .as_deref()
            .is_none_or(|pattern| glob(pattern, id) || glob(pattern, base))
    }

    /// Whether it is about a requirement in a case.
    pub fn covers(&self, case: &str, requirement: &str) -> bool {
        self.names_case(case) && self.requirement.as_deref().is_none_or(|id| id == requirement)
    }

    /// Whether its time is over on `today`, `YYYY-MM-DD`.
    pub fn is_over(&self, today: &str) -> bool {
        self.until.as_deref().is_some_and(|until| until < today)
    }
}

impl std::fmt::Display for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: ", self.origin)?;
        match (&self.case, &self.requirement) {
            (Some(case), Some(requirement)) => write!(f, "{requirement} in {case}"),
            (Some(one), None) | (None, Some(one)) => f.write_str(one),
            (None, None) => f.write_str("everything"),
        }
    }
}
