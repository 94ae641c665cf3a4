//! Rules across values: what is referred to has to exist, and what exists has to have an effect.
//!
//! Owns every rule that no single decoder can see. It refuses to know YAML: it sees values, and the places that the
//! decoders noted.

mod case;
mod catalogue;
mod prose;

use std::collections::{HashMap, HashSet};

use super::decode::{Catalogue, Place, Use, What};
use super::diagnostic::{Code, Diagnostic, Found, Span};
use crate::case::{Binds, Case, Requirement};

/// A case of a file, and the cases of the suite that it became.
#[derive(Debug)]
pub(super) struct Decoded {
    /// Where its slug stands.
    pub(super) at: Span,
    /// All of it.
    pub(super) whole: Span,
    /// Where its sentence stands.
    pub(super) says: Option<Span>,
    /// Each with what it refers to.
    pub(super) cases: Vec<(Case, Vec<Use>)>,
}

/// Names that mean the same in every case.
const RESERVED: [&str; 6] = ["repo", "host", "nonce", "tag", "i", "given-tag"];

/// Checks everything that was decoded. `uses` is what the catalogue's own files refer to.
pub(super) fn lint(catalogue: &Catalogue, uses: &[Use], cases: &[Decoded], found: &mut Found) {
    let known = Known::of(catalogue);
    catalogue::lint(catalogue, found);
    for used in uses {
        known.check(used, found);
        if let (Place::Always, What::Variable(_) | What::Node(..)) = (&used.place, &used.what) {
            let message = "what is judged on every exchange knows no case, so there are no nodes and variables";
            found.add(Diagnostic::new(Code::UnknownVariable, used.span, message));
        }
    }
    for (sentence, span) in &catalogue.sentences {
        prose::says(sentence, *span, found);
    }
    for (capability, _, uses) in &catalogue.capabilities {
        let scope = case::Scope {
            nodes: &capability.content,
            repos: &capability.repos,
            uses,
        };
        // A probe hands what it captures on to the run, such as the shortest chunk.
        scope.lint(found).without_captures().report(found);
    }
    let mut ids: HashMap<&str, Span> = HashMap::new();
    for decoded in cases {
        for (case, uses) in &decoded.cases {
            uses.iter().for_each(|used| known.check(used, found));
            if let Some(first) = ids.insert(&case.id.0, decoded.at) {
                let diagnostic = Diagnostic::new(
                    Code::Duplicate,
                    decoded.at,
                    format!("two cases are called `{}`", case.id),
                );
                found.add(match first == decoded.at {
                    true => diagnostic.help("two values of `each` have one name"),
                    false => diagnostic.note_at(first, "the first"),
                });
            }
        }
        case::lint(decoded, found);
    }
    prose::lint(cases, found);
}

/// What the catalogue has.
struct Known<'c> {
    requirements: HashMap<&'c str, &'c Requirement>,
    capabilities: HashSet<&'c str>,
    /// Requirements that some profile has.
    in_profiles: HashSet<&'c str>,
    profiles: bool,
}

impl<'c> Known<'c> {
    fn of(catalogue: &'c Catalogue) -> Self {
        let requirements = || catalogue.requirements.iter().map(|(requirement, _)| requirement);
        let in_some_profile = |requirement: &&Requirement| {
            let mut profiles = catalogue.profiles.iter();
            profiles.any(|(profile, _)| profile.level(requirement).is_some())
        };
        Self {
            requirements: requirements()
                .map(|requirement| (requirement.id.as_str(), requirement))
                .collect(),
            capabilities: catalogue
                .capabilities
                .iter()
                .map(|(capability, ..)| capability.name.as_str())
                .collect(),
            in_profiles: requirements()
                .filter(in_some_profile)
                .map(|requirement| requirement.id.as_str())
                .collect(),
            profiles: !catalogue.profiles.is_empty(),
        }
    }

    fn check(&self, used: &Use, found: &mut Found) {
        match &used.what {
            What::Requirement(id) => self.check_requirement(id, used.span, found),
            What::Capability(name) if !self.capabilities.contains(name.as_str()) => {
                let message = format!("there is no capability `{name}`");
                let diagnostic = Diagnostic::new(Code::UnknownCapability, used.span, message);
                let diagnostic = diagnostic.did_you_mean(name, self.capabilities.iter().copied());
                found.add(match diagnostic.help {
                    Some(_) => diagnostic,
                    None => diagnostic.help("a capability has its probe in `spec/capabilities.yaml`"),
                });
            }
            _ => {}
        }
    }

    fn check_requirement(&self, id: &str, span: Span, found: &mut Found) {
        let Some(requirement) = self.requirements.get(id) else {
            let message = format!("there is no requirement `{id}`");
            let diagnostic = Diagnostic::new(Code::UnknownRequirement, span, message);
            let diagnostic = diagnostic.did_you_mean(id, self.requirements.keys().copied());
            found.add(match diagnostic.help {
                Some(_) => diagnostic,
                None => diagnostic.help("a requirement stands in the catalogue, `spec/`, before a case judges it"),
            });
            return;
        };
        let why = if requirement.binds == Binds::Client {
            "it binds clients"
        } else if self.profiles && !self.in_profiles.contains(id) {
            "no profile has it"
        } else {
            return;
        };
        let message = format!("`{id}` cannot be judged in a registry: {why}");
        found.add(Diagnostic::new(Code::UnjudgeableRequirement, span, message));
    }
}
