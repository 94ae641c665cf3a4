//! The file of known failures.

use std::collections::HashMap;

use super::Decoder;
use crate::case::{Case, Known, Suite};
use crate::load::diagnostic::{Code, Diagnostic};
use crate::load::tree::Tree;
use crate::load::vocabulary;

impl Decoder<'_> {
    /// Every entry of the file. With a suite each has to say a reason, and to be about what that suite judges.
    pub(in crate::load) fn known_failures(&mut self, tree: &Tree, suite: Option<&Suite>) -> Vec<Known> {
        let Some(fields) = self.fields(tree, &vocabulary::KNOWN_FAILURES) else {
            return Vec::new();
        };
        // `known:` with nothing below it is the list of who has no more failures.
        let list = fields.get("known").filter(|tree| !tree.is_null());
        let mut seen = HashMap::new();
        self.items(list, "a list of known failures", |decoder, item| {
            let known = decoder.known(item)?;
            if let Some(suite) = suite {
                decoder.known_in(item, &known, suite);
                let named = (known.case.clone(), known.requirement.clone());
                if let Some(first) = seen.insert(named, item.head()) {
                    let diagnostic = Diagnostic::new(Code::Duplicate, item.head(), "this failure is listed twice");
                    decoder.report(diagnostic.note_at(first, "the first"));
                }
            }
            Some(known)
        })
    }

    fn known(&mut self, tree: &Tree) -> Option<Known> {
        let fields = self.fields(tree, &vocabulary::KNOWN)?;
        let known = Known {
            case: self.optional_text(fields.get("case")),
            requirement: self.optional_text(fields.get("requirement")),
            reason: self.prose(fields.get("reason")),
            until: self.optional_text(fields.get("until")),
            origin: self.origin(fields.head),
        };
        if known.case.is_none() && known.requirement.is_none() {
            let diagnostic = Diagnostic::new(Code::MissingKey, fields.head, "a known failure names what fails");
            self.report(diagnostic.help("give `case`, `requirement` or both"));
        }
        if let (Some(tree), Some(until)) = (fields.get("until"), &known.until)
            && !is_day(until)
        {
            let diagnostic = Diagnostic::new(Code::BadValue, tree.span, format!("`{until}` is not a day"));
            self.report(diagnostic.help("days are written YYYY-MM-DD"));
        }
        Some(known)
    }

    /// Whether an entry says a reason, and could be about anything that the suite judges.
    fn known_in(&mut self, tree: &Tree, known: &Known, suite: &Suite) {
        if let Some(tree) = tree.get("reason")
            && (known.reason.is_empty() || known.reason.starts_with(UNWRITTEN))
        {
            let diagnostic = Diagnostic::new(Code::BadProse, tree.span, "this says no reason");
            self.report(diagnostic.help("say why the failure is put off, and where that is tracked"));
        }
        let named: Vec<&Case> = suite.cases.iter().filter(|case| known.names_case(&case.id.0)).collect();
        if let (Some(tree), Some(id)) = (tree.get("requirement"), &known.requirement)
            && suite.requirement(id).is_none()
        {
            let message = format!("there is no requirement `{id}`");
            let ids = suite.requirements.iter().map(|requirement| requirement.id.as_str());
            self.report(Diagnostic::new(Code::UnknownRequirement, tree.span, message).did_you_mean(id, ids));
        } else if let (Some(tree), Some(id), Some(name)) = (tree.get("requirement"), &known.requirement, &known.case)
            && !named.is_empty()
            && !named.iter().any(|case| case.requirements().contains(&id.as_str()))
            && !on_every_exchange(suite, id)
        {
            let message = format!("`{name}` never judges `{id}`, so this covers nothing");
            let help = format!("`referee list cases --filter 'requirement:{id}'` lists the cases that do");
            self.report(Diagnostic::new(Code::WithoutEffect, tree.span, message).help(help));
        }
        if let (Some(tree), Some(name)) = (tree.get("case"), &known.case)
            && named.is_empty()
        {
            let message = format!("there is no case `{name}`");
            let ids = suite.cases.iter().map(|case| case.id.base());
            self.report(Diagnostic::new(Code::BadValue, tree.span, message).did_you_mean(name, ids));
        }
    }
}

/// Whether a requirement is judged whatever a case is about.
fn on_every_exchange(suite: &Suite, requirement: &str) -> bool {
    let mut expectations = suite.always.iter().flat_map(|always| &always.expect);
    expectations.any(|expectation| expectation.requirement == requirement)
}

/// How a reason begins that nobody has written yet.
pub(in crate::load) const UNWRITTEN: &str = "WHY?";

fn is_day(text: &str) -> bool {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    text.len() == 10 && time::Date::parse(text, format).is_ok()
}
