//! The file of known failures.

use super::Decoder;
use crate::case::{Known, Suite};
use crate::load::diagnostic::{Code, Diagnostic};
use crate::load::tree::Tree;
use crate::load::vocabulary;

impl Decoder<'_> {
    /// Every entry of the file, whose requirements have to be those of `suite`.
    pub(in crate::load) fn known_failures(&mut self, tree: &Tree, suite: &Suite) -> Vec<Known> {
        let Some(fields) = self.fields(tree, &vocabulary::KNOWN_FAILURES) else {
            return Vec::new();
        };
        self.items(fields.get("known"), "a list of known failures", |decoder, item| {
            decoder.known(item, suite)
        })
    }

    fn known(&mut self, tree: &Tree, suite: &Suite) -> Option<Known> {
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
        if let Some(tree) = fields.get("reason")
            && (known.reason.is_empty() || known.reason.starts_with(UNWRITTEN))
        {
            let diagnostic = Diagnostic::new(Code::BadProse, tree.span, "this says no reason");
            self.report(diagnostic.help("say why the failure is put off, and where that is tracked"));
        }
        if let (Some(tree), Some(id)) = (fields.get("requirement"), &known.requirement)
            && suite.requirement(id).is_none()
        {
            let message = format!("there is no requirement `{id}`");
            let ids = suite.requirements.iter().map(|requirement| requirement.id.as_str());
            self.report(Diagnostic::new(Code::UnknownRequirement, tree.span, message).did_you_mean(id, ids));
        }
        if let (Some(tree), Some(name)) = (fields.get("case"), &known.case)
            && !suite.cases.iter().any(|case| known.names_case(&case.id.0))
        {
            let message = format!("there is no case `{name}`");
            let ids = suite.cases.iter().map(|case| case.id.base());
            self.report(Diagnostic::new(Code::BadValue, tree.span, message).did_you_mean(name, ids));
        }
        if let (Some(tree), Some(until)) = (fields.get("until"), &known.until)
            && !is_day(until)
        {
            let diagnostic = Diagnostic::new(Code::BadValue, tree.span, format!("`{until}` is not a day"));
            self.report(diagnostic.help("days are written YYYY-MM-DD"));
        }
        Some(known)
    }
}

/// How a reason begins that nobody has written yet.
pub(in crate::load) const UNWRITTEN: &str = "WHY?";

fn is_day(text: &str) -> bool {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    text.len() == 10 && time::Date::parse(text, format).is_ok()
}
