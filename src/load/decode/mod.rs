//! Trees to values of [`crate::case`].
//!
//! Owns the walk: every decoder says what is wrong and goes on, so that one load finds everything. What a case refers to
//! (names, variables, requirements, capabilities) is noted with its place for [`super::lint`], which alone knows what
//! exists. It refuses to know YAML, files and other cases.

mod case;
mod content;
mod known;
mod matcher;
mod scalar;
mod spec;
mod step;

pub(super) use known::UNWRITTEN;
pub(super) use spec::Catalogue;

use super::diagnostic::{Code, Diagnostic, Found, Lines, Span, closest};
use super::tree::{Key, Tree, Value};
use super::vocabulary::Shape;
use crate::case::Origin;

/// The state of decoding one file.
pub(super) struct Decoder<'a> {
    pub(super) text: &'a str,
    pub(super) lines: Lines<'a>,
    pub(super) found: &'a mut Found,
    /// What the values refer to, in the order of the file.
    pub(super) uses: Vec<Use>,
    /// Where the decoder is.
    pub(super) place: Place,
    /// Whether it is inside `together`.
    pub(super) together: bool,
}

/// Something that refers to something else, or names it for others.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Use {
    pub(super) what: What,
    pub(super) span: Span,
    pub(super) place: Place,
    pub(super) together: bool,
}

/// What is referred to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    /// `${...}`.
    Variable(Vec<String>),
    /// A content node, which has to serve for something.
    Node(String, Role),
    /// A repository.
    Repository(String),
    /// A requirement.
    Requirement(String),
    /// A capability.
    Capability(String),
    /// A content node is defined.
    Content(String),
    /// A repository is named, for steps to use.
    NewRepository(String),
    /// A capture: from here on there is a variable of this name.
    Capture(String),
}

/// What a node has to serve for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Any bytes.
    Bytes,
    /// A manifest.
    Manifest,
    /// A blob or a manifest, not a slice.
    Whole,
}

/// Where something is referred to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Place {
    /// In no particular part.
    Top,
    /// In the content node of this name.
    Content(String),
    /// In a setup step.
    Setup,
    /// In a step.
    Step,
    /// In a step of a probe.
    Probe,
    /// In a parse check.
    Parse,
    /// In what is judged on every exchange.
    Always,
}

/// The entries of a mapping whose keys are known to be good.
pub(super) struct Fields<'t> {
    entries: Vec<&'t (Key, Tree)>,
    /// Where to say that something is missing.
    pub(super) head: Span,
}

impl<'t> Fields<'t> {
    pub(super) fn get(&self, name: &str) -> Option<&'t Tree> {
        self.entry(name).map(|(_, value)| value)
    }

    pub(super) fn entry(&self, name: &str) -> Option<&'t (Key, Tree)> {
        self.entries.iter().find(|(key, _)| key.text == name).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'t (Key, Tree)> + '_ {
        self.entries.iter().copied()
    }
}

impl Decoder<'_> {
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.found.add(diagnostic);
    }

    pub(super) fn origin(&self, span: Span) -> Origin {
        self.lines.origin(span.start)
    }

    /// Notes that something is referred to.
    pub(super) fn refer(&mut self, what: What, span: Span) {
        let (place, together) = (self.place.clone(), self.together);
        self.uses.push(Use {
            what,
            span,
            place,
            together,
        });
    }

    pub(super) fn wrong_type(&mut self, tree: &Tree, wanted: &str) {
        self.report(Self::of_wrong_type(tree, wanted));
    }

    pub(super) fn of_wrong_type(tree: &Tree, wanted: &str) -> Diagnostic {
        let found = match tree.is_null() {
            true => "there is nothing".to_string(),
            false => format!("this is {}", tree.kind()),
        };
        Diagnostic::new(Code::WrongType, tree.head(), format!("{wanted} is needed here")).label(found)
    }

    /// Says that a mapping or list is empty where that means that nothing is done or judged.
    pub(super) fn nothing_in_it(&mut self, tree: Option<&Tree>, message: &str) {
        if let Some(tree) = tree
            && matches!(&tree.value, Value::Map(entries) if entries.is_empty())
                | matches!(&tree.value, Value::List(items) if items.is_empty())
        {
            self.report(Diagnostic::new(Code::WithoutEffect, tree.span, message));
        }
    }

    /// The entries of a mapping of `shape`; says which keys are unknown and which are missing.
    pub(super) fn fields<'t>(&mut self, tree: &'t Tree, shape: &Shape) -> Option<Fields<'t>> {
        let names: Vec<&str> = shape.keys.iter().map(|key| key.name).collect();
        let required = || shape.keys.iter().filter(|key| key.required);
        if !matches!(tree.value, Value::Map(_)) {
            let keys: Vec<&str> = required().map(|key| key.name).collect();
            let diagnostic = Self::of_wrong_type(tree, &format!("{} (a mapping)", shape.what));
            self.report(match keys.as_slice() {
                [] => diagnostic.note(keys_are(&names)),
                keys => diagnostic.help(format!("it has at least {}", listed(keys))),
            });
            return None;
        }
        let (fields, meant) = self.fields_among(tree, shape.what, &names)?;
        // What is written wrongly is not missing too.
        let missing: Vec<_> = required()
            .filter(|key| fields.get(key.name).is_none() && !meant.contains(&key.name))
            .collect();
        if !missing.is_empty() {
            let keys: Vec<&str> = missing.iter().map(|key| key.name).collect();
            let message = format!("{} needs {}", shape.what, listed(&keys));
            let mut diagnostic = Diagnostic::new(Code::MissingKey, fields.head, message);
            for key in missing {
                diagnostic = diagnostic.note(format!("`{}`: {}", key.name, key.says));
            }
            self.report(diagnostic);
        }
        Some(fields)
    }

    /// The entries of a mapping whose keys are `names`; says which are not, and gives those that may have been meant.
    pub(super) fn fields_among<'t, 'n>(
        &mut self,
        tree: &'t Tree,
        what: &str,
        names: &[&'n str],
    ) -> Option<(Fields<'t>, Vec<&'n str>)> {
        let entries = self.map(tree, &format!("{what} (a mapping)"))?;
        let mut good = Vec::new();
        let mut meant = Vec::new();
        for entry in entries {
            let (key, _) = entry;
            if names.contains(&key.text.as_str()) {
                good.push(entry);
            } else {
                let message = format!("{what} has no key `{}`", key.text);
                let diagnostic = Diagnostic::new(Code::UnknownKey, key.span, message);
                meant.extend(closest(&key.text, names.iter().copied()));
                let with_help = diagnostic.did_you_mean(&key.text, names.iter().copied());
                self.report(match with_help.help {
                    Some(_) => with_help,
                    None => with_help.note(keys_are(names)),
                });
            }
        }
        let head = tree.head();
        Some((Fields { entries: good, head }, meant))
    }

    pub(super) fn map<'t>(&mut self, tree: &'t Tree, wanted: &str) -> Option<&'t [(Key, Tree)]> {
        match &tree.value {
            Value::Map(entries) => Some(entries),
            _ => {
                self.wrong_type(tree, wanted);
                None
            }
        }
    }

    pub(super) fn list<'t>(&mut self, tree: &'t Tree, wanted: &str) -> Option<&'t [Tree]> {
        match &tree.value {
            Value::List(items) => Some(items),
            other => {
                let diagnostic = Self::of_wrong_type(tree, wanted);
                self.report(match other {
                    Value::Scalar { text, .. } if !tree.is_null() => diagnostic.help(format!("write `[{text}]`")),
                    Value::Map(_) => diagnostic.help("begin each item with a hyphen and a space"),
                    _ => diagnostic,
                });
                None
            }
        }
    }

    /// Decodes every item of an optional list, leaving out those that are wrong.
    pub(super) fn items<T>(
        &mut self,
        tree: Option<&Tree>,
        wanted: &str,
        mut decode: impl FnMut(&mut Self, &Tree) -> Option<T>,
    ) -> Vec<T> {
        let items = tree.and_then(|tree| self.list(tree, wanted)).unwrap_or_default();
        items.iter().filter_map(|item| decode(self, item)).collect()
    }
}

fn keys_are(names: &[&str]) -> String {
    match names {
        [one] => format!("its only key is `{one}`"),
        names => format!("its keys are {}", listed(names)),
    }
}

/// `a`, `b` and `c`.
pub(super) fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => "none".to_string(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
