//! Case files to a [`Suite`]: bytes to [`crate::case`] values, with every mistake at once.
//!
//! Owns the format: the YAML that is allowed ([`tree`]), the words of every mapping ([`vocabulary`]), their decoding
//! ([`decode`]), the combinations of `each` ([`each`]), the rules across files ([`lint`]), and how a mistake is shown
//! ([`diagnostic`]). It refuses to know HTTP, targets and verdicts.

mod decode;
mod diagnostic;
mod each;
mod lint;
mod reference;
mod schema;
mod source;
mod tree;
pub mod vocabulary;

pub use diagnostic::{Code, Diagnostic, Diagnostics, Span, closest};
pub use reference::reference;
pub use schema::{FileKind, schema};
pub use source::{Source, builtin, from_dir};

use crate::case::{Known, Suite};
use decode::{Catalogue, Decoder, Place};
use diagnostic::{Found, Lines};
use lint::Decoded;

/// Loads cases and the catalogue. Files named `spec/...` are the catalogue; all others hold cases.
///
/// # Errors
/// Everything that is wrong in the files, in their order.
pub fn load(sources: &[Source]) -> Result<Suite, Diagnostics> {
    let mut found = Found::default();
    let mut catalogue = Catalogue::default();
    let mut cases = Vec::new();
    let mut uses = Vec::new();
    for (file, source) in sources.iter().enumerate() {
        let Some(root) = tree::parse(file, &source.text, &mut found) else {
            continue;
        };
        let mut decoder = Decoder {
            text: &source.text,
            lines: Lines::new(source),
            found: &mut found,
            uses: Vec::new(),
            place: Place::Top,
            together: false,
        };
        match source.name.strip_prefix("spec/") {
            Some(name) => {
                decoder.spec_file(name, &root, &mut catalogue);
                uses.append(&mut decoder.uses);
            }
            None => decoder.cases(&source.name, &root, &mut cases),
        }
    }
    lint::lint(&catalogue, &uses, &cases, &mut found);
    match found.finish(sources) {
        Some(diagnostics) => Err(diagnostics),
        None => Ok(suite(catalogue, cases)),
    }
}

/// How a reason begins in a written file of known failures, until somebody says one.
pub const UNWRITTEN_REASON: &str = decode::UNWRITTEN;

/// Loads a file of known failures.
///
/// # Errors
/// Everything that is wrong in the file, in its order; also a requirement that `suite` does not have.
pub fn known_failures(source: &Source, suite: &Suite) -> Result<Vec<Known>, Diagnostics> {
    known_entries_in(source, Some(suite))
}

/// The entries of a file of known failures as they stand there, whether or not they are about anything any more.
///
/// # Errors
/// If it is not built like such a file.
pub fn known_entries(source: &Source) -> Result<Vec<Known>, Diagnostics> {
    known_entries_in(source, None)
}

fn known_entries_in(source: &Source, suite: Option<&Suite>) -> Result<Vec<Known>, Diagnostics> {
    let mut found = Found::default();
    let mut known = Vec::new();
    if let Some(root) = tree::parse(0, &source.text, &mut found) {
        let mut decoder = Decoder {
            text: &source.text,
            lines: Lines::new(source),
            found: &mut found,
            uses: Vec::new(),
            place: Place::Top,
            together: false,
        };
        known = decoder.known_failures(&root, suite);
    }
    match found.finish(std::slice::from_ref(source)) {
        Some(diagnostics) => Err(diagnostics),
        None => Ok(known),
    }
}

/// The settings in a file of nested mappings, each by its keys with dots between; the texts of a list are joined by spaces.
///
/// # Errors
/// If it is not YAML, or not a mapping.
pub fn settings(source: &Source) -> Result<Vec<(String, String)>, Diagnostics> {
    fn gather(tree: &tree::Tree, name: &str, into: &mut Vec<(String, String)>) {
        match &tree.value {
            tree::Value::Map(entries) => {
                for (key, value) in entries {
                    let dot = if name.is_empty() { "" } else { "." };
                    gather(value, &format!("{name}{dot}{}", key.text), into);
                }
            }
            tree::Value::List(items) => {
                let mut texts = Vec::new();
                items.iter().for_each(|item| gather(item, name, &mut texts));
                let texts: Vec<String> = texts.into_iter().map(|(_, text)| text).collect();
                into.push((name.to_string(), texts.join(" ")));
            }
            tree::Value::Scalar { .. } if tree.is_null() => {}
            tree::Value::Scalar { text, .. } => into.push((name.to_string(), text.clone())),
        }
    }
    let mut found = Found::default();
    let mut settings = Vec::new();
    if let Some(root) = tree::parse(0, &source.text, &mut found) {
        match root.value {
            tree::Value::Map(_) => gather(&root, "", &mut settings),
            _ => found.add(Diagnostic::new(Code::WrongType, root.span, "a mapping is expected")),
        }
    }
    match found.finish(std::slice::from_ref(source)) {
        Some(diagnostics) => Err(diagnostics),
        None => Ok(settings),
    }
}

fn suite(catalogue: Catalogue, decoded: Vec<Decoded>) -> Suite {
    let mut cases: Vec<_> = decoded
        .into_iter()
        .flat_map(|decoded| decoded.cases)
        .map(|(case, _)| case)
        .collect();
    cases.sort_by(|a, b| a.id.cmp(&b.id));
    // They stay as they are, and room to grow is of no use any more.
    for case in &mut cases {
        case.content.shrink_to_fit();
        case.setup.shrink_to_fit();
        case.steps.shrink_to_fit();
    }
    Suite {
        documents: catalogue.documents.into_iter().map(|(document, _)| document).collect(),
        requirements: catalogue
            .requirements
            .into_iter()
            .map(|(requirement, _)| requirement)
            .collect(),
        profiles: catalogue.profiles.into_iter().map(|(profile, _)| profile).collect(),
        capabilities: catalogue
            .capabilities
            .into_iter()
            .map(|(capability, _, _)| capability)
            .collect(),
        always: catalogue.always,
        cases,
    }
}

#[cfg(test)]
mod manual_tests;
#[cfg(test)]
mod tests;
