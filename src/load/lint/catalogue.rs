//! Rules of the catalogue itself.

use std::collections::HashMap;

use crate::load::decode::{Catalogue, listed};
use crate::load::diagnostic::{Code, Diagnostic, Found, Span};

/// Names are unique, profiles name what exists, and no capability presupposes itself.
pub(super) fn lint(catalogue: &Catalogue, found: &mut Found) {
    let documents = catalogue
        .documents
        .iter()
        .map(|(document, span)| (document.name.as_str(), *span));
    unique("documents", documents, found);
    let requirements = catalogue
        .requirements
        .iter()
        .map(|(requirement, span)| (requirement.id.as_str(), *span));
    unique("requirements", requirements, found);
    let profiles = catalogue
        .profiles
        .iter()
        .map(|(profile, span)| (profile.name.as_str(), *span));
    unique("profiles", profiles, found);
    let capabilities = catalogue
        .capabilities
        .iter()
        .map(|(capability, span, _)| (capability.name.as_str(), *span));
    unique("capabilities", capabilities, found);
    for (document, version, at, at_version) in &catalogue.profile_documents {
        check_version(catalogue, (document, *at), (version, *at_version), found);
    }
    check_needs(catalogue, found);
}

fn unique<'c>(what: &str, names: impl Iterator<Item = (&'c str, Span)>, found: &mut Found) {
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for (name, span) in names {
        match seen.get(name) {
            Some(first) => {
                let message = format!("two {what} are called `{name}`");
                found.add(Diagnostic::new(Code::Duplicate, span, message).note_at(*first, "the first"));
            }
            None => {
                seen.insert(name, span);
            }
        }
    }
}

fn check_version(
    catalogue: &Catalogue,
    (document, at): (&str, Span),
    (version, at_version): (&str, Span),
    found: &mut Found,
) {
    let known = catalogue.documents.iter().find(|(known, _)| known.name == document);
    let diagnostic = match known {
        Some((known, _)) if known.url(version).is_some() => return,
        Some((known, _)) => {
            let versions: Vec<&str> = known.versions.iter().map(|(version, _)| version.as_str()).collect();
            Diagnostic::new(
                Code::UnknownDocument,
                at_version,
                format!("`{document}` has no version `{version}`"),
            )
            .note(format!("its versions are {}", listed(&versions)))
        }
        None => {
            let names = catalogue.documents.iter().map(|(document, _)| document.name.as_str());
            Diagnostic::new(Code::UnknownDocument, at, format!("there is no document `{document}`"))
                .did_you_mean(document, names)
        }
    };
    found.add(diagnostic);
}

/// Removes, again and again, capabilities that presuppose nothing that is left; what stays presupposes itself.
fn check_needs(catalogue: &Catalogue, found: &mut Found) {
    let mut left: HashMap<&str, (&[String], Span)> = catalogue
        .capabilities
        .iter()
        .map(|(capability, span, _)| (capability.name.as_str(), (capability.needs.as_slice(), *span)))
        .collect();
    loop {
        let names: Vec<&str> = left.keys().copied().collect();
        let before = left.len();
        left.retain(|_, (needs, _)| needs.iter().any(|need| names.contains(&need.as_str())));
        if left.len() == before {
            break;
        }
    }
    for (name, (_, span)) in left {
        let message = format!("the capability `{name}` presupposes itself");
        found.add(Diagnostic::new(Code::Cycle, span, message));
    }
}
