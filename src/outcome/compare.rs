//! Reports side by side: what changed from one run to the next, and how several registries stand to each other.
//!
//! Owns what counts as a regression: a requirement that was not broken and is, a case that could be judged and cannot, or
//! something that was offered and is not. What is not judged any more is neither worse nor better.
//! Pure.

use std::collections::BTreeMap;

use super::{Report, RequirementOutcome, Verdict, Weight};
use crate::case::Level;

/// How something changed between two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// It got worse.
    Regression,
    /// It is different, neither better nor worse: mostly, it was not judged each time.
    Changed,
    /// Another choice where the documents leave one: a *may*, or a fact.
    Free,
    /// It got better.
    Fixed,
}

/// What a row of a comparison is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A requirement.
    Requirement,
    /// A case.
    Case,
    /// A capability.
    Capability,
    /// A fact.
    Fact,
}

/// One difference between two runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Whether it got better or worse.
    pub direction: Direction,
    /// What changed.
    pub subject: Subject,
    /// Its id or name.
    pub id: String,
    /// How it was.
    pub before: String,
    /// How it is.
    pub after: String,
}

/// The differences from `before` to `after`: regressions first, each kind by its id.
pub fn changes(before: &Report, after: &Report) -> Vec<Change> {
    let mut changes = Vec::new();
    let (old, new) = (requirements(before), requirements(after));
    for (id, new) in &new {
        let old = old.get(id);
        let was = old.map_or(Standing::NotJudged, |old| Standing::of(old));
        let is = Standing::of(new);
        let is_free = |outcome: &RequirementOutcome| outcome.level.weight() == Weight::Fact;
        let is_choice = old.is_some_and(|old| is_free(old)) && is_free(new) && was.is_seen() && is.is_seen();
        push(
            &mut changes,
            Subject::Requirement,
            id,
            (was.rank_before(is), was.word()),
            (is.rank(), is.word()),
            is_choice,
        );
    }
    let old: BTreeMap<&str, &Verdict> = before
        .cases
        .iter()
        .map(|case| (case.id.as_str(), &case.verdict))
        .collect();
    for case in &after.cases {
        let Some(was) = old.get(case.id.as_str()) else { continue };
        let rank = |verdict: &Verdict| match verdict {
            Verdict::Pass | Verdict::Skip { .. } => 0,
            Verdict::Warn => 1,
            Verdict::Broken { .. } | Verdict::Error { .. } => 2,
            Verdict::Fail => 3,
        };
        // A case that is not run any more got no better.
        let is_left_out = rank(was) > 0 && matches!(case.verdict, Verdict::Skip { .. });
        let side = |verdict: &Verdict| (if is_left_out { 0 } else { rank(verdict) }, verdict.name());
        push(
            &mut changes,
            Subject::Case,
            &case.id,
            side(was),
            side(&case.verdict),
            false,
        );
    }
    for capability in &after.capabilities {
        let was = before.capabilities.iter().find(|other| other.name == capability.name);
        let Some(was) = was else { continue };
        // What no answer tells, the way the run was called did; and to lack something is no feat.
        let is_lack = capability.name.starts_with("no-");
        let is_seen = was.evidence.is_some() && capability.evidence.is_some() && !is_lack;
        let side = |one: &super::CapabilityOutcome| match one.present {
            true if one.unknown => (u8::from(is_seen), "not known"),
            true => (0, "offered"),
            false => (u8::from(is_seen), "not offered"),
        };
        push(
            &mut changes,
            Subject::Capability,
            &capability.name,
            side(was),
            side(capability),
            false,
        );
    }
    let old: BTreeMap<&str, String> = before
        .facts
        .iter()
        .map(|fact| (fact.fact.as_str(), values(fact)))
        .collect();
    for fact in &after.facts {
        if let Some(was) = old.get(fact.fact.as_str()) {
            push(
                &mut changes,
                Subject::Fact,
                &fact.fact,
                (0, was),
                (0, &values(fact)),
                true,
            );
        }
    }
    changes.sort_by(|a, b| (a.direction, a.subject, &a.id).cmp(&(b.direction, b.subject, &b.id)));
    changes
}

fn push(changes: &mut Vec<Change>, subject: Subject, id: &str, before: (u8, &str), after: (u8, &str), is_choice: bool) {
    if before.1 == after.1 {
        return;
    }
    changes.push(Change {
        direction: match after.0.cmp(&before.0) {
            _ if is_choice => Direction::Free,
            std::cmp::Ordering::Greater => Direction::Regression,
            std::cmp::Ordering::Equal => Direction::Changed,
            std::cmp::Ordering::Less => Direction::Fixed,
        },
        subject,
        id: id.to_owned(),
        before: before.1.to_owned(),
        after: after.1.to_owned(),
    });
}

/// Several reports as a table: a column each.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// The heads of the columns.
    pub columns: Vec<Column>,
    /// The rows: requirements, capabilities, facts.
    pub rows: Vec<Row>,
}

/// One report of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The name that it was given.
    pub name: String,
    /// Its profile.
    pub profile: String,
    /// Musts and shoulds of the profile that were judged. What a document leaves free is not judged, whatever is seen of it.
    pub judged: usize,
    /// Broken musts.
    pub failures: usize,
    /// Shoulds that are not followed.
    pub warnings: usize,
}

/// One line of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What it is about.
    pub subject: Subject,
    /// The id or name.
    pub id: String,
    /// The level of a requirement.
    pub level: Option<Level>,
    /// What it says.
    pub text: String,
    /// Where that is written.
    pub link: Option<String>,
    /// How each report stands to it.
    pub cells: Vec<Cell>,
}

/// How one report stands to one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Where it stands.
    pub standing: Standing,
    /// In words.
    pub text: String,
}

/// Where a report stands to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Judged and held, or offered.
    Yes,
    /// A must is broken.
    Fail,
    /// A should is not followed.
    Warn,
    /// Not judged, or not offered.
    NotJudged,
    /// A fact.
    Fact,
}

impl Standing {
    fn of(outcome: &RequirementOutcome) -> Self {
        match (outcome.held, outcome.broken, outcome.level.weight()) {
            (0, 0, _) => Standing::NotJudged,
            (_, 0, _) => Standing::Yes,
            (_, _, Weight::Fail) => Standing::Fail,
            (_, _, Weight::Warn) => Standing::Warn,
            (_, _, Weight::Fact) => Standing::Fact,
        }
    }

    /// Whether there was anything to see.
    fn is_seen(self) -> bool {
        self != Standing::NotJudged
    }

    /// How bad it was, beside what came after: what was broken and is not judged any more got no better.
    fn rank_before(self, after: Standing) -> u8 {
        match after {
            Standing::NotJudged => 0,
            _ => self.rank(),
        }
    }

    fn rank(self) -> u8 {
        match self {
            Standing::Yes | Standing::NotJudged | Standing::Fact => 0,
            Standing::Warn => 1,
            Standing::Fail => 2,
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Standing::Yes => "yes",
            Standing::Fail => "no",
            Standing::Warn => "no (should)",
            Standing::NotJudged => "not judged",
            Standing::Fact => "no (may)",
        }
    }
}

/// The table of some reports, each with a name.
pub fn matrix(reports: &[(String, Report)]) -> Matrix {
    Matrix {
        columns: reports
            .iter()
            .map(|(name, report)| {
                let owed = report.requirements.iter().filter(|r| r.level.weight() != Weight::Fact);
                let count = |wanted: &[Standing]| owed.clone().filter(|r| wanted.contains(&Standing::of(r))).count();
                Column {
                    name: name.clone(),
                    profile: report.run.profile.clone(),
                    judged: count(&[Standing::Yes, Standing::Fail, Standing::Warn]),
                    failures: count(&[Standing::Fail]),
                    warnings: count(&[Standing::Warn]),
                }
            })
            .collect(),
        rows: requirement_rows(reports)
            .into_iter()
            .chain(capability_rows(reports))
            .chain(fact_rows(reports))
            .collect(),
    }
}

fn requirement_rows(reports: &[(String, Report)]) -> Vec<Row> {
    let of: Vec<_> = reports.iter().map(|(_, report)| requirements(report)).collect();
    let mut rows: Vec<Row> = Vec::new();
    for requirement in reports.iter().flat_map(|(_, report)| &report.requirements) {
        if rows.iter().any(|row| row.id == requirement.id) {
            continue;
        }
        let cells: Vec<Cell> = of
            .iter()
            .map(|of| {
                let standing = of
                    .get(requirement.id.as_str())
                    .map_or(Standing::NotJudged, |outcome| Standing::of(outcome));
                Cell {
                    standing,
                    text: standing.word().to_owned(),
                }
            })
            .collect();
        if cells.iter().all(|cell| cell.standing == Standing::NotJudged) {
            continue;
        }
        rows.push(Row {
            subject: Subject::Requirement,
            id: requirement.id.clone(),
            level: Some(requirement.level),
            text: requirement.text.clone(),
            link: requirement.link.clone(),
            cells,
        });
    }
    rows
}

fn capability_rows(reports: &[(String, Report)]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for capability in reports.iter().flat_map(|(_, report)| &report.capabilities) {
        if rows.iter().any(|row| row.id == capability.name) {
            continue;
        }
        let cell = |report: &Report| {
            let found = report.capabilities.iter().find(|other| other.name == capability.name);
            let (standing, text) = match found {
                Some(found) if found.unknown => (Standing::NotJudged, "not known"),
                Some(found) if found.present => (Standing::Yes, "offered"),
                Some(_) => (Standing::NotJudged, "not offered"),
                None => (Standing::NotJudged, "not asked"),
            };
            Cell {
                standing,
                text: text.to_owned(),
            }
        };
        rows.push(Row {
            subject: Subject::Capability,
            id: capability.name.clone(),
            level: None,
            text: capability.says.clone(),
            link: None,
            cells: reports.iter().map(|(_, report)| cell(report)).collect(),
        });
    }
    rows
}

fn fact_rows(reports: &[(String, Report)]) -> Vec<Row> {
    let mut names: Vec<&str> = reports
        .iter()
        .flat_map(|(_, report)| report.facts.iter().map(|fact| fact.fact.as_str()))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .map(|name| Row {
            subject: Subject::Fact,
            id: name.to_owned(),
            level: None,
            text: String::new(),
            link: None,
            cells: reports
                .iter()
                .map(|(_, report)| {
                    let fact = report.facts.iter().find(|fact| fact.fact == name);
                    Cell {
                        standing: fact.map_or(Standing::NotJudged, |_| Standing::Fact),
                        text: fact.map_or_else(|| "not seen".to_owned(), values),
                    }
                })
                .collect(),
        })
        .collect()
}

fn requirements(report: &Report) -> BTreeMap<&str, &RequirementOutcome> {
    report.requirements.iter().map(|r| (r.id.as_str(), r)).collect()
}

fn values(fact: &super::FactValue) -> String {
    let values: Vec<&str> = fact.values.iter().map(|(value, _)| value.as_str()).collect();
    values.join(", ")
}
