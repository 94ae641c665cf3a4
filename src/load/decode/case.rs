//! Cases and parse checks.

use super::{Decoder, Place, Role};
use crate::case::{Action, Case, CaseId, ParseCheck, ParseVerdict, Step};
use crate::load::diagnostic::{Code, Diagnostic, Span};
use crate::load::each::{self, Variant};
use crate::load::lint::Decoded;
use crate::load::tree::{Tree, Value};
use crate::load::vocabulary;

const VERDICTS: [(bool, &str); 2] = [(true, "accepted"), (false, "refused")];

impl Decoder<'_> {
    /// Every case of a file.
    pub(in crate::load) fn cases(&mut self, source: &str, tree: &Tree, decoded: &mut Vec<Decoded>) {
        let Some(fields) = self.fields(tree, &vocabulary::FILE) else {
            return;
        };
        self.prose(fields.get("about"));
        let cases = fields.get("cases").and_then(|tree| self.list(tree, "a list of cases"));
        self.nothing_in_it(fields.get("cases"), "there is no case in this file");
        let mut weight = 0;
        for tree in cases.unwrap_or_default() {
            let slug = tree.get("case");
            let at = slug.map_or(tree.head(), |tree| tree.span);
            let slug = slug
                .and_then(|tree| self.name(tree, "the slug of a case"))
                .unwrap_or_default();
            if tree.get("case").is_none() {
                // Says that the slug is missing, or that this is no mapping at all.
                self.fields(tree, &vocabulary::CASE);
                continue;
            }
            let mut cases = Vec::new();
            for variant in each::variants(tree, &mut weight, self.found) {
                let case = self.case(source, &slug, at, &variant);
                let uses = std::mem::take(&mut self.uses);
                cases.extend(case.map(|case| (case, uses)));
            }
            decoded.push(Decoded {
                at,
                whole: tree.span,
                says: tree.get("says").map(|tree| tree.span),
                cases,
            });
        }
    }

    /// A case with the values of `each` filled in. `slug` and `at` are its slug and where that stands.
    fn case(&mut self, source: &str, slug: &str, at: Span, variant: &Variant) -> Option<Case> {
        let fields = self.fields(&variant.tree, &vocabulary::CASE)?;
        let values = match variant.values.is_empty() {
            true => String::new(),
            false => format!("[{}]", variant.values.join(",")),
        };
        let says = self.prose(fields.get("says"));
        let mut needs = self.needs(fields.get("needs"));
        for tree in &variant.needs {
            needs.extend(self.needs(Some(tree)));
        }
        let mut known = std::collections::HashSet::new();
        needs.retain(|name| known.insert(name.clone()));
        let repos = self.repositories(fields.get("repos"));
        let content = self.content(fields.get("content"));
        self.place = Place::Setup;
        let setup = self.steps(fields.get("setup"));
        self.place = Place::Step;
        let steps = self.steps(fields.get("steps"));
        self.last_step(fields.get("steps"), &steps);
        self.place = Place::Parse;
        let parse = self
            .items(fields.get("parse"), "a list of parse checks", |decoder, item| {
                decoder.parse_checks(item)
            })
            .into_iter()
            .flatten()
            .collect();
        self.place = Place::Top;
        Some(Case {
            id: CaseId(format!("{source}/{slug}{values}")),
            says,
            needs,
            repos,
            content,
            setup,
            steps,
            parse,
            origin: self.origin(at),
        })
    }

    /// The last step has to be judged: nothing comes after it that could show what it did.
    fn last_step(&mut self, tree: Option<&Tree>, steps: &[Step]) {
        let judged = |step: &Step| !step.expect.is_empty() || !step.record.is_empty();
        let ends_judged = |step: &Step| match &step.action {
            Action::Together { steps, .. } => steps.iter().any(judged),
            _ => judged(step),
        };
        if let (Some(Value::List(items)), Some(last)) = (tree.map(|tree| &tree.value), steps.last())
            && let Some(item) = items.last()
            && items.len() == steps.len()
            && steps.iter().any(ends_judged)
            && !ends_judged(last)
        {
            let diagnostic = Diagnostic::new(
                Code::WithoutEffect,
                item.head(),
                "nothing judges this step or what it did",
            );
            self.report(diagnostic.help("expect or record something, or leave the step out"));
        }
    }

    fn parse_checks(&mut self, tree: &Tree) -> Option<Vec<ParseCheck>> {
        let fields = self.fields(tree, &vocabulary::PARSE)?;
        let document = fields
            .get("document")
            .and_then(|tree| self.node_name(tree, Role::Manifest));
        let expect = fields
            .get("expect")
            .and_then(|tree| self.map(tree, "a mapping from requirement ids to verdicts"));
        self.nothing_in_it(fields.get("expect"), "nothing is expected here");
        let mut checks = Vec::new();
        for (key, value) in expect.unwrap_or_default() {
            let requirement = self.requirement(key);
            let verdict = self.parse_verdict(value);
            if let (Some(document), Some(verdict)) = (&document, verdict) {
                checks.push(ParseCheck {
                    requirement,
                    document: document.clone(),
                    verdict,
                    origin: self.origin(key.span),
                });
            }
        }
        Some(checks)
    }

    fn parse_verdict(&mut self, tree: &Tree) -> Option<ParseVerdict> {
        if matches!(tree.value, Value::Map(_)) {
            let fields = self.fields(tree, &vocabulary::REFUSED)?;
            let place = fields.get("refused")?;
            let text = self.text(place)?.to_string();
            return self
                .pointer(&text, place.span)
                .map(|pointer| ParseVerdict::Refused(Some(pointer)));
        }
        Some(match self.word(tree, &VERDICTS)? {
            true => ParseVerdict::Accepted,
            false => ParseVerdict::Refused(None),
        })
    }
}
