//! Documents, their requirements and the profiles that choose among them.

use serde::{Deserialize, Serialize};

/// A specification text: its name, and where each of its versions is published.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The short name used in profiles, such as `distribution`.
    pub name: String,
    /// The title that reports show.
    pub title: String,
    /// Version name and address of the published text, or of its main page, oldest first.
    pub versions: Vec<(String, String)>,
}

impl Document {
    /// The address of the text in `version`, if that version exists.
    pub fn url(&self, version: &str) -> Option<&str> {
        self.versions
            .iter()
            .find(|(name, _)| name == version)
            .map(|(_, url)| url.as_str())
    }

    /// The address of `page` in `version`: a path beside the main page, or the main page itself where `None`.
    pub fn page_url(&self, version: &str, page: Option<&str>) -> Option<String> {
        let main = self.url(version)?;
        Some(match (page, main.rsplit_once('/')) {
            (Some(page), Some((folder, _))) => format!("{folder}/{page}"),
            _ => main.to_string(),
        })
    }
}

/// How strongly a document asks for something (RFC 2119).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// An absolute demand.
    Must,
    /// An absolute prohibition.
    MustNot,
    /// A recommendation.
    Should,
    /// A recommendation against.
    ShouldNot,
    /// A freedom.
    May,
}

/// What breaking a requirement does to a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// The target fails.
    Fail,
    /// The target is warned.
    Warn,
    /// Recorded, never judged.
    Fact,
}

impl Level {
    /// Every level, strongest first.
    pub const ALL: [Level; 5] = [Level::Must, Level::MustNot, Level::Should, Level::ShouldNot, Level::May];

    /// The word used in case files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Level::Must => "must",
            Level::MustNot => "must-not",
            Level::Should => "should",
            Level::ShouldNot => "should-not",
            Level::May => "may",
        }
    }

    /// What a mismatch at this level does to a target.
    pub fn weight(self) -> Weight {
        match self {
            Level::Must | Level::MustNot => Weight::Fail,
            Level::Should | Level::ShouldNot => Weight::Warn,
            Level::May => Weight::Fact,
        }
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Level {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|level| level.name() == text).ok_or(())
    }
}

/// Whom a requirement binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Binds {
    /// The registry: it is judged.
    Registry,
    /// The author of a document: a registry is judged only on how it treats a bad one.
    Document,
    /// The client: nothing to judge in a registry.
    Client,
}

/// One demand of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Requirement {
    /// The id that expectations cite, unique in the whole catalogue.
    pub id: String,
    /// The name of the document it belongs to.
    pub document: String,
    /// The area of the catalogue it is filed under, such as `upload`.
    pub area: String,
    /// Its level in each version that has it, oldest version first.
    pub levels: Vec<(String, Level)>,
    /// The heading of the section, as the newest version prints it.
    pub section: String,
    /// The page that holds the section, beside the document's main page; the main page where `None`.
    pub page: Option<String>,
    /// The fragment that leads to the section, in each version whose published text has such a heading.
    pub anchors: Vec<(String, String)>,
    /// Our paraphrase.
    pub text: String,
    /// What the requirement follows from, if no keyword of the document says it.
    pub derived: Option<String>,
    /// Whom it binds.
    pub binds: Binds,
    /// Capabilities it presupposes.
    pub needs: Vec<String>,
    /// Why no case judges it, if none can.
    pub untested: Option<String>,
    /// What a reader of a finding ought to know: history, ambiguity, how it is read here.
    pub note: Option<String>,
}

impl Requirement {
    /// Its level in `version`, if that version has it.
    pub fn level_in(&self, version: &str) -> Option<Level> {
        self.levels
            .iter()
            .find(|(name, _)| name == version)
            .map(|(_, level)| *level)
    }

    /// The fragment that leads to the section in `version`, if there is one.
    pub fn anchor_in(&self, version: &str) -> Option<&str> {
        self.anchors
            .iter()
            .find(|(name, _)| name == version)
            .map(|(_, anchor)| anchor.as_str())
    }
}

/// Documents at versions, chosen by the user.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The name given to `--profile`.
    pub name: String,
    /// One sentence for `--help` and reports.
    pub says: String,
    /// Document name and version.
    pub documents: Vec<(String, String)>,
}

impl Profile {
    /// The level of `requirement` under this profile; `None` if its document or version is not part of it.
    pub fn level(&self, requirement: &Requirement) -> Option<Level> {
        let (_, version) = self.documents.iter().find(|(name, _)| *name == requirement.document)?;
        requirement.level_in(version)
    }
}
