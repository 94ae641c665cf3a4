//! Cases and the suite that holds them.

use std::fmt;
use std::sync::Arc;

use super::{Action, Always, Capability, Document, Node, Profile, Requirement, Step};

/// Where something is written: the file as the user knows it, line and column from 1.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// The path, such as `cases/push/manifests.yaml`.
    pub file: Arc<str>,
    /// The line.
    pub line: u32,
    /// The column in characters.
    pub column: u32,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// The path of the file under `cases/`, the case's slug, and the values of `each` in brackets.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CaseId(pub String);

impl CaseId {
    /// The id without the values of `each`.
    pub fn base(&self) -> &str {
        self.0.split('[').next().unwrap_or(&self.0)
    }

    /// The first element of the path: the area.
    pub fn area(&self) -> &str {
        self.0.split('/').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One behaviour, ready to be run: `each` is resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Its identity.
    pub id: CaseId,
    /// One sentence: what a conforming target does.
    pub says: String,
    /// Capabilities without which it is skipped.
    pub needs: Vec<String>,
    /// Names of further repositories beside the case's own.
    pub repos: Vec<String>,
    /// Its content, in the order of the file.
    pub content: Vec<Node>,
    /// What must succeed before anything is judged.
    pub setup: Vec<Step>,
    /// What is judged.
    pub steps: Vec<Step>,
    /// Documents and what a manifest parser owes them.
    pub parse: Vec<ParseCheck>,
    /// Where it is written.
    pub origin: Origin,
}

/// The capabilities of runs that are given content to read, which is how their cases are known.
pub const GIVEN: [&str; 4] = ["given", "given-tag", "given-index", "given-blob"];

impl Case {
    /// Whether it sends anything that could change what the registry holds.
    pub fn writes(&self) -> bool {
        self.setup.iter().chain(&self.steps).any(|step| step.action.writes())
    }

    /// Every requirement that its steps cite.
    pub fn requirements(&self) -> Vec<&str> {
        fn gather<'a>(steps: &'a [Step], into: &mut Vec<&'a str>) {
            for step in steps {
                into.extend(step.expect.iter().map(|expectation| expectation.requirement.as_str()));
                if let Action::Together { steps, .. } = &step.action {
                    gather(steps, into);
                }
            }
        }
        let mut ids = Vec::new();
        gather(&self.steps, &mut ids);
        ids
    }

    /// Whether it is about content that the run is given.
    pub fn wants_given(&self) -> bool {
        self.needs.iter().any(|need| GIVEN.contains(&need.as_str()))
    }
}

/// A document and the verdict that a manifest parser owes it.
#[derive(Debug, Clone, PartialEq)]
pub struct ParseCheck {
    /// The requirement that decides it.
    pub requirement: String,
    /// The node that holds the document.
    pub document: String,
    /// The verdict.
    pub verdict: ParseVerdict,
    /// Where it is written.
    pub origin: Origin,
}

/// What a manifest parser owes a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParseVerdict {
    /// It is a manifest of the type it is said to be.
    Accepted,
    /// It is not, and the fault is at this JSON pointer where one is given.
    Refused(Option<String>),
}

/// Everything that was loaded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Suite {
    /// The specification texts.
    pub documents: Vec<Document>,
    /// The catalogue.
    pub requirements: Vec<Requirement>,
    /// The choices of documents and versions.
    pub profiles: Vec<Profile>,
    /// The probes.
    pub capabilities: Vec<Capability>,
    /// What is judged on every exchange.
    pub always: Vec<Always>,
    /// The cases, ordered by id.
    pub cases: Vec<Case>,
}

impl Suite {
    /// The requirement of this id.
    pub fn requirement(&self, id: &str) -> Option<&Requirement> {
        self.requirements.iter().find(|requirement| requirement.id == id)
    }

    /// The document of this name.
    pub fn document(&self, name: &str) -> Option<&Document> {
        self.documents.iter().find(|document| document.name == name)
    }

    /// The profile of this name.
    pub fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.name == name)
    }

    /// The address of the section that states a requirement, in the version that `profile` chose, or the newest.
    pub fn link(&self, requirement: &Requirement, profile: Option<&Profile>) -> Option<String> {
        let document = self.document(&requirement.document)?;
        let chosen = profile
            .and_then(|profile| profile.documents.iter().find(|(name, _)| *name == document.name))
            .map(|(_, version)| version.as_str())
            .filter(|version| requirement.level_in(version).is_some());
        let version = chosen.or_else(|| requirement.levels.last().map(|(version, _)| version.as_str()))?;
        let url = document.page_url(version, requirement.page.as_deref())?;
        Some(match requirement.anchor_in(version) {
            Some(anchor) => format!("{url}#{anchor}"),
            None => url,
        })
    }
}
