//! The live fuzzer: a registry is sent what nobody should send, and judged by what it said itself.
//!
//! A [`script`] is a function of choices; a [`player`] sends its requests and notes what may not happen
//! ([`violation`]); a [`campaign`] bends the scripts that showed something new ([`corpus`]), and makes a finding as small
//! as it gets ([`choices`]) before it becomes a [`case`]. No reference is asked and no model kept, but for what the
//! registry has accepted in the script at hand.

pub mod campaign;
pub mod case;
pub mod choices;
mod complaint;
pub mod corpus;
pub mod death;
pub mod document;
pub mod execute;
mod lists;
pub mod palette;
pub mod player;
pub mod script;
mod trend;
mod upload;
pub mod violation;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::client::Client;
use script::Aim;
use violation::Oracle;

/// What a campaign needs to know.
#[derive(Clone)]
pub struct Options {
    /// HTTP to the registry.
    pub client: Client,
    /// The registry, for people.
    pub url: String,
    /// All repositories are made below this name.
    pub prefix: String,
    /// The seed of all scripts.
    pub seed: u64,
    /// What is aimed at.
    pub aims: Vec<Aim>,
    /// How many scripts are played at once.
    pub jobs: usize,
    /// When it ends.
    pub time: Option<Duration>,
    /// After how many requests it ends.
    pub requests: Option<u64>,
    /// Ends as soon as this was found.
    pub until: Option<Oracle>,
    /// The registry's process, if its memory is to be watched.
    pub pid: Option<u32>,
    /// Whether what was pushed stays.
    pub keep: bool,
    /// Who is told of each finding as soon as it is one.
    pub found: Option<UnboundedSender<Finding>>,
    /// Ends it at once, with what was found by then.
    pub cancel: CancellationToken,
}

/// What a campaign has come to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// What was found, failures first.
    pub findings: Vec<Finding>,
    /// What was seen once and did not show again, and how often.
    pub unconfirmed: BTreeMap<String, u64>,
    /// How many scripts were played.
    pub scripts: u64,
    /// How many requests were sent.
    pub requests: u64,
    /// How many bytes of bodies were sent.
    pub bytes: u64,
    /// How many manifests were accepted.
    pub accepted: u64,
    /// How many manifests were pushed.
    pub pushed: u64,
    /// How many manifests were refused since one was accepted.
    pub refused_since: u64,
    /// How many answers led to other machines, where nothing may be sent.
    pub astray: u64,
    /// The rules of the image specification that accepted manifests break. Nothing forbids a registry to store such.
    pub lenient: BTreeMap<String, u64>,
    /// How many scripts were kept for bending.
    pub corpus: usize,
    /// How many classes of answers were seen.
    pub classes: usize,
    /// The slowest answer, in milliseconds.
    pub slowest_ms: f64,
    /// How long it took.
    pub elapsed: Duration,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// Whether it ended because nobody answered any more.
    pub deserted: bool,
    /// What went wrong with the fuzzer itself.
    pub broken: Option<String>,
}

/// Something that may not happen and happened again when it was tried again.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What.
    pub oracle: Oracle,
    /// What the script aimed at.
    pub aim: Aim,
    /// The number of the script.
    pub number: u64,
    /// Its choices, made small.
    pub choices: Vec<u8>,
    /// Its requests as command lines.
    pub curl: Vec<String>,
    /// The last body that was sent.
    pub body: Option<Vec<u8>>,
    /// The case that replays it.
    pub case: Option<String>,
    /// What was seen.
    pub seen: String,
    /// What tells it from others.
    pub signature: String,
    /// How often it was seen.
    pub occurrences: u64,
}

impl Finding {
    /// A name for its file: the same whenever the same is found.
    pub fn file_name(&self) -> String {
        let hash = player::sha256(self.signature.as_bytes());
        let short = hash
            .strip_prefix("sha256:")
            .and_then(|hex| hex.get(..8))
            .unwrap_or_default();
        format!("{}-{}-{short}.yaml", self.oracle, self.aim)
    }
}

/// How far a campaign is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Since it began.
    pub elapsed: Duration,
    /// Requests so far.
    pub requests: u64,
    /// Scripts so far.
    pub scripts: u64,
    /// Scripts that were kept.
    pub corpus: usize,
    /// Findings so far.
    pub findings: usize,
}
