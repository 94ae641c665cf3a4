//! Choosing the cases of a run.

use crate::case::{Case, Level, Profile, Suite, glob};

/// A condition that selected cases satisfy: the argument of `--filter`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    negated: bool,
    choices: Vec<Choice>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Choice {
    Id(String),
    Level(Level),
    Area(String),
    Requirement(String),
    Capability(String),
}

/// A name in a filter that means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown<'f> {
    /// What it ought to name.
    pub kind: &'static str,
    /// The name.
    pub name: &'f str,
    /// The names that there are.
    pub known: Vec<&'f str>,
}

/// Why a text is not a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Nothing between two commas, or nothing at all.
    #[error(
        "an empty filter selects nothing; write a case id, a glob such as `push/*`, `area:tags`, `level:must` or `requirement:ID`"
    )]
    Empty,
    /// Not a level.
    #[error("`{0}` is not a level; the levels are must, must-not, should, should-not and may")]
    Level(String),
    /// Not a kind of filter.
    #[error("`{0}:` is not a kind of filter; the kinds are area, level, requirement and needs")]
    Kind(String),
}

impl std::str::FromStr for Filter {
    type Err = FilterError;

    /// Choices separated by commas, any of which may hold; `!` in front turns the whole filter round.
    fn from_str(text: &str) -> Result<Self, FilterError> {
        let (negated, text) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let choices = text
            .split(',')
            .map(|choice| choice.trim().parse())
            .collect::<Result<_, _>>()?;
        Ok(Self { negated, choices })
    }
}

impl std::str::FromStr for Choice {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        match text.split_once(':') {
            _ if text.is_empty() => Err(FilterError::Empty),
            None => Ok(Choice::Id(text.to_string())),
            Some(("level", level)) => level
                .parse()
                .map(Choice::Level)
                .map_err(|()| FilterError::Level(level.to_string())),
            Some(("area", area)) => Ok(Choice::Area(area.to_string())),
            Some(("requirement", id)) => Ok(Choice::Requirement(id.to_string())),
            Some(("needs", name)) => Ok(Choice::Capability(name.to_string())),
            Some((kind, _)) => Err(FilterError::Kind(kind.to_string())),
        }
    }
}

impl Filter {
    /// The names in it that mean nothing: what each ought to name, the name, and those that there are. A filter with one
    /// of these would do something else than it says, which is worst where it is turned round.
    pub fn unknown<'f>(&'f self, suite: &'f Suite) -> impl Iterator<Item = Unknown<'f>> {
        self.choices.iter().filter_map(move |choice| {
            let (kind, name, known): (_, _, Vec<&str>) = match choice {
                Choice::Id(_) | Choice::Level(_) => return None,
                Choice::Area(name) => {
                    let of_requirements = suite.requirements.iter().map(|requirement| requirement.area.as_str());
                    let of_cases = suite.cases.iter().map(|case| case.id.area());
                    ("area", name, of_requirements.chain(of_cases).collect())
                }
                Choice::Requirement(name) if name.contains(['*', '?']) => return None,
                Choice::Requirement(name) => {
                    let ids = suite.requirements.iter().map(|requirement| requirement.id.as_str());
                    ("requirement", name, ids.collect())
                }
                Choice::Capability(name) => {
                    let names = suite.capabilities.iter().map(|capability| capability.name.as_str());
                    ("capability", name, names.collect())
                }
            };
            (!known.contains(&name.as_str())).then_some(Unknown { kind, name, known })
        })
    }

    /// Whether it selects a case under a profile.
    pub fn selects(&self, case: &Case, suite: &Suite, profile: &Profile) -> bool {
        self.choices.iter().any(|choice| choice.holds(case, suite, profile)) != self.negated
    }
}

impl Choice {
    fn holds(&self, case: &Case, suite: &Suite, profile: &Profile) -> bool {
        let cites = |test: &dyn Fn(&str) -> bool| case.requirements().into_iter().any(test);
        match self {
            Choice::Id(pattern) => {
                glob(pattern, &case.id.0)
                    || glob(pattern, case.id.base())
                    || case
                        .id
                        .0
                        .strip_prefix(pattern.trim_end_matches('/'))
                        .is_some_and(|rest| rest.starts_with('/'))
            }
            Choice::Level(level) => cites(&|id| suite.requirement(id).and_then(|r| profile.level(r)) == Some(*level)),
            Choice::Area(area) => {
                case.id.area() == area || cites(&|id| suite.requirement(id).is_some_and(|r| r.area == *area))
            }
            Choice::Requirement(pattern) => cites(&|id| glob(pattern, id)),
            Choice::Capability(name) => case.needs.contains(name),
        }
    }
}

/// The cases of a run.
#[derive(Debug, Clone, Default)]
pub struct Selected {
    /// Indices into the suite's cases, in the order of ids.
    pub cases: Vec<usize>,
    /// How many the profile has before any filter.
    pub in_profile: usize,
}

impl Selected {
    /// Leaves out, of a run that only reads, the cases that write or need what cannot be found out without writing, and of
    /// any other those of content that is given to read. How many a run that only reads leaves out.
    pub fn keep(&mut self, suite: &Suite, only_reads: bool) -> usize {
        let before = self.cases.len();
        let unread = suite.capabilities.iter().filter(|capability| !capability.can_be_read());
        let unread: Vec<&str> = unread.map(|capability| capability.name.as_str()).collect();
        let needs_writing = |case: &Case| case.needs.iter().any(|need| unread.contains(&need.as_str()));
        let other = |case: &Case| match only_reads {
            true => case.writes() || needs_writing(case),
            false => case.wants_given(),
        };
        self.cases.retain(|index| !other(&suite.cases[*index]));
        if only_reads { before - self.cases.len() } else { 0 }
    }
}

/// The cases that say something about a registry under `profile`, and that every filter selects.
pub fn select(suite: &Suite, profile: &Profile, filters: &[Filter]) -> Selected {
    let mut selected = Selected::default();
    for (index, case) in suite.cases.iter().enumerate() {
        if !speaks_under(case, suite, profile) {
            continue;
        }
        selected.in_profile += 1;
        if filters.iter().all(|filter| filter.selects(case, suite, profile)) {
            selected.cases.push(index);
        }
    }
    selected
}

/// Whether one of a case's requirements is part of the profile. A case that only records facts speaks under the profiles
/// of the document that its area is named after, or of OCI distribution.
fn speaks_under(case: &Case, suite: &Suite, profile: &Profile) -> bool {
    let ids = case.requirements();
    if ids.is_empty() {
        let area = case.id.area();
        let own = suite.documents.iter().any(|document| document.name == area);
        let wanted = if own { area } else { "distribution" };
        return !case.steps.is_empty() && profile.documents.iter().any(|(name, _)| name == wanted);
    }
    ids.iter().any(|id| {
        suite
            .requirement(id)
            .is_some_and(|requirement| profile.level(requirement).is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_say_what_is_wrong_with_them() {
        assert_eq!("".parse::<Filter>(), Err(FilterError::Empty));
        assert_eq!("level:shall".parse::<Filter>(), Err(FilterError::Level("shall".into())));
        assert_eq!("aera:tags".parse::<Filter>(), Err(FilterError::Kind("aera".into())));
        assert!("!area:tags,level:must".parse::<Filter>().is_ok());
    }
}
