//! Capabilities and their probes, and what is judged on every exchange.

use super::{Expectation, Matcher, Node, Origin, Step};

/// Something that a registry may offer or decline, and how that is found out.
///
/// It counts as absent only on an answer by which a document lets a registry decline it. On any other answer it counts
/// as present, so that its cases judge that answer: a skip never hides a defect. If its setup fails it is not known, and
/// what needs it is broken.
#[derive(Debug, Clone, PartialEq)]
pub struct Capability {
    /// The name used in `needs`.
    pub name: String,
    /// One sentence.
    pub says: String,
    /// Capabilities without which this one is absent.
    pub needs: Vec<String>,
    /// Names of further repositories beside the probe's own.
    pub repos: Vec<String>,
    /// Content of the probe.
    pub content: Vec<Node>,
    /// What must succeed before the probe's last step; if it does not, nothing is known of the capability.
    pub setup: Vec<Step>,
    /// The probe; the answer to the last step decides.
    pub steps: Vec<Step>,
    /// The probe of a run that only reads, which takes the place of setup and steps; without it, one that writes is left out.
    pub reading: Vec<Step>,
    /// Answers by which a registry declines: any of these conjunctions.
    pub absent: Vec<Vec<Matcher>>,
    /// The requirement or sentence that lets a registry decline.
    pub allowed_by: String,
    /// Only given by the way the tool is called, never probed (such as a repository for each case).
    pub from_run: bool,
    /// Where it is written.
    pub origin: Origin,
}

impl Capability {
    /// Whether a run that only reads can find out about it.
    pub fn can_be_read(&self) -> bool {
        let writes = |step: &Step| step.action.writes();
        !self.reading.is_empty() || !self.setup.iter().chain(&self.steps).any(writes)
    }
}

/// Expectations that are judged on every exchange of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Always {
    /// Only exchanges that satisfy these.
    pub when: Vec<Matcher>,
    /// Only requests with one of these methods; any where empty.
    pub methods: Vec<String>,
    /// Only requests of steps, not of setups, in whose path, without parameters, this regular expression finds something. What
    /// such a rule found in order is not kept, for cases judge it too.
    pub path: Option<String>,
    /// Also requests that the registry never answers, or never in full, though it answers others.
    pub unanswered: bool,
    /// Only what is no page, or leads back to one that was read before, of the list that is this member of the body.
    pub astray: Option<&'static str>,
    /// What each requirement demands.
    pub expect: Vec<Expectation>,
}
