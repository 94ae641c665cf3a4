//! From a suite and a target to a report.
//!
//! [`plan`](select) chooses the cases, [`probe`](probe::probe) finds out what the target offers, the schedule runs the
//! cases at once, each isolated from the others, and what they say is gathered in a
//! [`Report`](crate::outcome::Report). Owns the order of things; refuses to know how an answer is compared
//! ([`crate::expect`]) and how a report looks ([`crate::report`]).

mod cleanup;
pub mod control;
mod examine;
mod execute;
mod expand;
mod gc;
mod given;
mod isolate;
mod lost;
mod means;
mod order;
mod own;
mod pages;
mod perform;
mod plan;
mod preview;
mod probe;
mod refusing;
mod schedule;
mod send;
mod setup;
mod share;
mod silence;
mod stop;
mod together;
mod vectors;
mod waited;
mod ways;

pub use control::Refusal;
pub use examine::{Asked, Examined, NameSeen, examine};
pub use expand::{Planned, PlannedBody, expand, fallback_tag};
pub use gc::{Collecting, Trigger};
pub use given::{Reading, Wanted, WantedError};
pub use isolate::{Isolation, RepoError};
pub use means::Means;
pub use plan::{Filter, FilterError, Selected, Unknown, select};
pub use preview::{PreviewRequest, PreviewStep, preview};
pub use schedule::{Bodies, Event, Options, Resumed, run, run_keeping};
pub use vectors::{Parsed, Vector, parse_strictly, vectors};

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crate::case::{Level, Suite, UploadHow};
use crate::client::Client;

/// What every case of a run shares.
pub struct Env {
    /// The suite.
    pub suite: Arc<Suite>,
    /// The level of each requirement that the profile contains.
    pub levels: HashMap<String, Level>,
    /// The way to the target.
    pub client: Client,
    /// `host:port` of the target.
    pub host: String,
    /// Who gets which repositories.
    pub isolation: Isolation,
    /// The digests of blobs that are not deleted, for others may be using them.
    pub shared_blobs: HashSet<String>,
    /// The seed of the run.
    pub seed: u64,
    /// The length of a chunk in bytes.
    pub chunk: u64,
    /// What the target offers, by capability name.
    pub capabilities: BTreeMap<String, bool>,
    /// Why it is not known whether the target offers a capability, by name: what its probe needed first did not work.
    pub unknown: BTreeMap<String, (String, String)>,
    /// How content gets to the target where nothing is judged: by a session that ends with the bytes, or by PATCH.
    pub how: UploadHow,
    /// Whether the target takes small blobs in one POST.
    pub single_post: bool,
    /// What was seen, where the target takes a manifest under a tag and not under its digest.
    pub no_digests: Option<String>,
    /// Whether the target took an image when the run began.
    pub took_content: bool,
    /// Whether what was pushed is left behind.
    pub keep: bool,
    /// How many copies of a step with content of its own are made at most.
    pub copies: u32,
    /// How long a list has to show what was changed before, where its case does not say: nothing, unless the target was seen to
    /// take its time.
    pub patience: Duration,
    /// Where cases meet the trigger of a garbage collection, if there is one.
    pub collector: Option<gc::Collector>,
    /// The content that it is given to read.
    pub given: Vec<given::Given>,
    /// Whether it does nothing else.
    pub only_reads: bool,
    /// Whose turn it is to read a long list, and whether there is one without an end.
    pub lists: send::Lists,
    /// Ends the run where the registry has stopped answering.
    pub silence: silence::Silence,
}

impl Env {
    /// Whether the target offers a capability. One that was never probed counts as offered.
    pub fn offers(&self, capability: &str) -> bool {
        self.capabilities.get(capability).copied().unwrap_or(true)
    }

    /// The first of `needs` that the target does not offer.
    pub fn lacking<'a>(&self, needs: &'a [String]) -> Option<&'a str> {
        needs.iter().map(String::as_str).find(|need| !self.offers(need))
    }

    /// Nothing can be said of what needs a capability that nobody knows the target to have or to lack.
    fn all_known(&self, needs: &[String]) -> Result<(), stop::Stop> {
        match needs.iter().find_map(|need| self.unknown.get(need)).cloned() {
            Some((step, seen)) => Err(stop::Stop::Broken { step, seen }),
            None => Ok(()),
        }
    }
}
