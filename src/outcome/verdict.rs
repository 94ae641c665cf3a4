//! What became of a case and of each of its expectations.

use serde::{Deserialize, Serialize};

use crate::case::Level;
pub use crate::case::Weight;
use crate::client::Exchange;
pub use crate::expect::Mismatch;

/// What became of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// Every expectation that weighs held.
    Pass,
    /// A must was broken.
    Fail,
    /// A should was not followed, and no must was broken.
    Warn,
    /// It was not run.
    Skip {
        /// Why.
        reason: SkipReason,
    },
    /// Something that had to work before anything could be judged did not: never the case's own failure.
    Broken {
        /// The step as it is written, such as `push image`.
        step: String,
        /// What was seen instead of success.
        seen: String,
    },
    /// The network or the tool itself failed: no judgement of the target.
    Error {
        /// What happened.
        message: String,
    },
}

impl Verdict {
    /// The word for it.
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Warn => "warn",
            Verdict::Skip { .. } => "skip",
            Verdict::Broken { .. } => "broken",
            Verdict::Error { .. } => "error",
        }
    }
}

/// Why a case was not run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum SkipReason {
    /// The target declines a capability in a way that a document allows.
    Capability {
        /// Its name.
        name: String,
    },
    /// The run gave fewer repositories than the case needs.
    Repositories {
        /// How many it needs.
        needed: usize,
    },
    /// An answer of the target showed that the case is about something else than what is there.
    NotApplicable {
        /// The step that got it, as it is written.
        step: String,
    },
    /// The run was interrupted before it.
    Interrupted,
}

impl std::fmt::Display for SkipReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SkipReason::Capability { name } => write!(f, "the registry does not offer {name}"),
            SkipReason::Repositories { needed } => write!(f, "needs {needed} repositories of its own"),
            SkipReason::NotApplicable { step } => write!(f, "the answer to `{step}` leaves nothing to judge"),
            SkipReason::Interrupted => f.write_str("the run was interrupted"),
        }
    }
}

/// One case on one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseOutcome {
    /// The case's id.
    pub id: String,
    /// What a conforming target does.
    pub says: String,
    /// The file and line where it is written.
    pub file: String,
    /// The line.
    pub line: u32,
    /// What became of it.
    pub verdict: Verdict,
    /// Why it is put off, if all that is held against it is known.
    pub known: Option<String>,
    /// What became of each expectation that was judged.
    pub expectations: Vec<ExpectationOutcome>,
    /// How freedoms were seen to be used.
    pub facts: Vec<Recorded>,
    /// What passed between Referee and the target, in order.
    pub exchanges: Vec<Exchange>,
    /// How long it took, in milliseconds.
    pub elapsed_ms: f64,
}

/// One expectation on one answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpectationOutcome {
    /// The requirement that was judged.
    pub requirement: String,
    /// Its level in the chosen profile.
    pub level: Level,
    /// The step, counted from 0 in `steps`; `always` expectations carry the step whose exchange they judge.
    pub step: usize,
    /// The step as it is written.
    pub action: String,
    /// The file where the expectation is written.
    pub file: String,
    /// The line.
    pub line: u32,
    /// The index into the case's exchanges of the one that was judged.
    pub exchange: usize,
    /// What did not hold; empty if everything did.
    pub mismatches: Vec<Mismatch>,
}

impl ExpectationOutcome {
    /// Whether it held.
    pub fn held(&self) -> bool {
        self.mismatches.is_empty()
    }

    /// What a mismatch does to the target.
    pub fn weight(&self) -> Weight {
        self.level.weight()
    }
}

/// How a freedom was seen to be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The fact's name.
    pub fact: String,
    /// The value whose matchers held, or `other` with what was seen.
    pub value: String,
}
