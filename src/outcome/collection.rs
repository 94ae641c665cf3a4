//! What a run says about the collection of garbage.

use serde::{Deserialize, Serialize};

use super::{Report, Standing, Verdict};

/// The case without which no collection counts: it shows that the trigger works.
const SELF_TEST: &str = "gc/survival/tagged-image";

/// Cases that have to be judged at the least.
const JUDGED: usize = 20;

/// How garbage was collected during a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Collection {
    /// The retention profile, if the probe found it.
    pub retention: Option<Retention>,
    /// Every collection, those of the probe first.
    pub rounds: Vec<Round>,
}

/// What collections keep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Retention {
    /// `P0` to `P4`.
    pub profile: String,
    /// What that means.
    pub says: String,
    /// What was seen.
    pub seen: String,
}

/// One collection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// Whether it was a dry run.
    pub dry_run: bool,
    /// The trigger.
    pub trigger: String,
    /// How many cases waited for it; none for the probe's.
    pub cases: usize,
    /// Whether the trigger did what it was to do.
    pub succeeded: bool,
    /// What it showed: exit code and output, or the answer.
    pub evidence: String,
    /// How long it took, in milliseconds.
    pub elapsed_ms: f64,
}

impl Report {
    /// Whether the collection of garbage is certified, with the number of cases that were judged. Nothing if none was asked
    /// for.
    pub fn collection_standing(&self) -> Option<(Standing, usize)> {
        self.collection.as_ref()?;
        let cases = || self.cases.iter().filter(|case| case.id.starts_with("gc/"));
        let judged = cases()
            .filter(|case| matches!(case.verdict, Verdict::Pass | Verdict::Warn | Verdict::Fail))
            .count();
        let failed = cases().any(|case| case.verdict == Verdict::Fail);
        let works = cases().any(|case| case.id == SELF_TEST && case.verdict == Verdict::Pass);
        let standing = match (judged, failed) {
            (0, _) => Standing::NotJudged,
            (_, false) if works && judged >= JUDGED => Standing::Certified,
            _ => Standing::NotCertified,
        };
        Some((standing, judged))
    }
}
