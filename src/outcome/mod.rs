//! Verdicts, findings, facts and the report: the one value that every renderer sees.
//!
//! Owns the shape of what a run says; it is the master form of every report (as JSON) and carries a version. It refuses
//! to know how an answer was compared ([`crate::expect`]) and how a report looks ([`crate::report`]).

mod collection;
pub mod compare;
mod finding;
mod known;
mod merge;
mod partition;
mod report;
mod summary;
mod verdict;

pub use collection::{Collection, Retention, Round};
pub use finding::{Finding, Occurrence, findings};
pub use known::{KnownOutcome, KnownState, apply_known};
pub use merge::{MergeError, merge};
pub use partition::{Partition, PartitionError};
pub use report::{
    CapabilityOutcome, Category, CategoryVerdict, Counts, EMBEDDED, FactValue, Report, RequirementOutcome, RunInfo,
    SCHEMA, Standing, TargetInfo,
};
pub use summary::{Conclusion, categories, facts, lighten, requests_of, requirements, slim_case};
pub use verdict::{CaseOutcome, ExpectationOutcome, Mismatch, Recorded, SkipReason, Verdict, Weight};
