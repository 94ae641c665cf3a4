//! The report: everything a run says.

use serde::{Deserialize, Serialize};

use super::summary::slim_cases;
use super::{CaseOutcome, Collection, Finding, KnownOutcome, Partition, Verdict};
use crate::case::Level;
use crate::client::{Exchange, RequestCounts};

/// The version of the JSON form. It grows by one whenever a reader of the former version could misread a report.
pub const SCHEMA: u32 = 1;

/// Everything a run says about a target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// How the run was made.
    pub run: RunInfo,
    /// What was judged.
    pub target: TargetInfo,
    /// What the target offers, with the exchange that shows it.
    pub capabilities: Vec<CapabilityOutcome>,
    /// Verdict per category.
    pub categories: Vec<CategoryVerdict>,
    /// How many cases ended how.
    pub counts: Counts,
    /// What is held against the target: failures first.
    pub findings: Vec<Finding>,
    /// What became of the known failures that the run was given.
    pub known: Vec<KnownOutcome>,
    /// How freedoms are used.
    pub facts: Vec<FactValue>,
    /// Every requirement of the profile that binds a registry, and how the target stands to it.
    pub requirements: Vec<RequirementOutcome>,
    /// How garbage was collected, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<Collection>,
    /// Every case, by id. Written slim.
    #[serde(serialize_with = "slim_cases")]
    pub cases: Vec<CaseOutcome>,
    /// Whether the run was interrupted before its end.
    pub interrupted: bool,
}

/// How a run was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// The version of Referee.
    pub tool_version: String,
    /// The profile.
    pub profile: String,
    /// Document and version, as the profile chose them.
    pub documents: Vec<(String, String)>,
    /// Which part of a run that is spread over several machines.
    pub partition: Option<Partition>,
    /// Whether warnings count as failures.
    pub strict: bool,
    /// Whether nothing was written to the target.
    #[serde(default)]
    pub read_only: bool,
    /// Whether filters chose among the cases of the profile.
    #[serde(default)]
    pub filtered: bool,
    /// Whether the built-in cases were left out, so that only cases of the user's own were run.
    #[serde(default)]
    pub only_own_cases: bool,
    /// The seed of all content, to be given to `--seed`.
    pub seed: u64,
    /// How many cases ran at once.
    pub jobs: usize,
    /// When it started: RFC 3339, UTC.
    pub started: String,
    /// How long it took, in milliseconds.
    pub elapsed_ms: f64,
    /// How many requests were sent.
    pub requests: u64,
    /// What they were for.
    #[serde(default)]
    pub sent: RequestCounts,
    /// SHA-256 over the cases and the catalogue, so that two reports can be known to come from the same suite.
    pub suite_digest: String,
}

impl RunInfo {
    /// Whether it left out cases of the profile, so that it tells only a part.
    pub fn is_partial(&self) -> bool {
        self.filtered || self.partition.is_some() || self.read_only || self.only_own_cases
    }
}

/// The note on a run that was given no URL.
pub const EMBEDDED: &str = "this is the embedded reference registry; give a URL to certify another";

impl TargetInfo {
    /// Whether it is the reference registry within the program, which never has the same address.
    pub fn is_embedded(&self) -> bool {
        self.notes.iter().any(|note| note == EMBEDDED)
    }
}

/// What was judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetInfo {
    /// Its address.
    pub url: String,
    /// Its `Server` header, where it sends one.
    pub server: Option<String>,
    /// Where the credentials came from, in words; never the credentials.
    pub credentials: String,
    /// Notes about how it was reached.
    pub notes: Vec<String>,
}

/// Whether the target offers something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CapabilityOutcome {
    /// Its name.
    pub name: String,
    /// One sentence.
    pub says: String,
    /// Whether it is offered.
    pub present: bool,
    /// Whether it could not be found out; what needs it is broken then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unknown: bool,
    /// How that was found out.
    pub reason: String,
    /// The exchange that decided.
    pub evidence: Option<Exchange>,
}

/// The categories of OCI distribution conformance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Downloading content.
    Pull,
    /// Storing content.
    Push,
    /// Listing tags and referrers.
    Discovery,
    /// Deleting.
    Management,
}

impl Category {
    /// Every category, in the order of the specification.
    pub const ALL: [Category; 4] = [
        Category::Pull,
        Category::Push,
        Category::Discovery,
        Category::Management,
    ];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Category::Pull => "Pull",
            Category::Push => "Push",
            Category::Discovery => "Discovery",
            Category::Management => "Management",
        }
    }

    /// The category that the cases of an area count for; cases of other areas count for none.
    pub fn of_area(area: &str) -> Option<Category> {
        match area {
            "pull" => Some(Category::Pull),
            "push" | "upload" | "mount" => Some(Category::Push),
            "tags" | "discover" | "reference" => Some(Category::Discovery),
            "delete" => Some(Category::Management),
            _ => None,
        }
    }
}

/// Where a target stands in a category, or to a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Judged, and nothing failed.
    Certified,
    /// Something failed, or could not be judged.
    NotCertified,
    /// Everything was skipped because the target declines it.
    NotOffered,
    /// Nothing of it was selected, or nothing failed and only cases of the user's own were.
    NotJudged,
}

/// The verdict on a category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CategoryVerdict {
    /// The category.
    pub category: Category,
    /// Where the target stands.
    pub standing: Standing,
    /// How its cases ended.
    pub counts: Counts,
}

/// How many cases ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Every expectation held.
    pub pass: usize,
    /// A must was broken.
    pub fail: usize,
    /// A should was not followed.
    pub warn: usize,
    /// Not run.
    pub skip: usize,
    /// Could not be judged because something before did not work.
    pub broken: usize,
    /// The network or the tool failed.
    pub error: usize,
    /// Failed, warned, broken or in error, and known to be.
    pub known: usize,
}

impl Counts {
    /// Counts the verdicts of `cases`.
    pub fn of<'a>(cases: impl IntoIterator<Item = &'a CaseOutcome>) -> Self {
        let mut counts = Self::default();
        for case in cases {
            match case.verdict {
                _ if case.known.is_some() => counts.known += 1,
                Verdict::Pass => counts.pass += 1,
                Verdict::Fail => counts.fail += 1,
                Verdict::Warn => counts.warn += 1,
                Verdict::Skip { .. } => counts.skip += 1,
                Verdict::Broken { .. } => counts.broken += 1,
                Verdict::Error { .. } => counts.error += 1,
            }
        }
        counts
    }

    /// Those whose expectations were looked at to the end.
    pub fn judged(&self) -> usize {
        self.pass + self.warn + self.fail + self.known
    }

    /// All of them.
    pub fn total(&self) -> usize {
        self.pass + self.fail + self.warn + self.skip + self.broken + self.error + self.known
    }
}

/// How a freedom is used, over all cases that saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FactValue {
    /// The fact's name.
    pub fact: String,
    /// Value and the cases that saw it; more than one value where the target is not of one mind.
    pub values: Vec<(String, Vec<String>)>,
}

/// How the target stands to one requirement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequirementOutcome {
    /// Its id.
    pub id: String,
    /// Its level in the profile.
    pub level: Level,
    /// The paraphrase.
    pub text: String,
    /// The heading of the section.
    pub section: String,
    /// The address of the section.
    pub link: Option<String>,
    /// How often it was judged and held.
    pub held: usize,
    /// How often it was judged and did not hold.
    pub broken: usize,
}
