//! `parse` cases: documents, and whether a manifest parser takes them.
//!
//! They need no target: the documents are built as for a run, and handed to a parser, ours or anybody's.

use bytes::Bytes;

use super::isolate::{Isolation, scope, setting};
use crate::case::{Case, ParseVerdict, Suite};
use crate::oci::any::AnyDocument;
use crate::oci::media_type::MediaType;

/// A document for a parser, and what it owes it.
#[derive(Debug, Clone)]
pub struct Vector {
    /// The id of the case, and the name of the document in it.
    pub id: String,
    /// What a parser does.
    pub says: String,
    /// The requirement that decides.
    pub requirement: String,
    /// The document.
    pub bytes: Bytes,
    /// The media type it is said to be of.
    pub media_type: String,
    /// What is owed.
    pub verdict: ParseVerdict,
}

/// What a parser made of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// It took the document.
    Accepted,
    /// It refused it, for faults at these JSON pointers where it says where.
    Refused(Vec<String>),
}

/// The documents of every `parse` case, in the order of ids.
pub fn vectors(suite: &Suite) -> Result<Vec<Vector>, String> {
    let mut all = Vec::new();
    for case in suite.cases.iter().filter(|case| !case.parse.is_empty()) {
        all.extend(vectors_of(case).map_err(|error| format!("{}: {error}", case.id))?);
    }
    Ok(all)
}

/// What our own parser makes of a document.
pub fn parse_strictly(vector: &Vector) -> Parsed {
    let declared = vector.media_type.parse::<MediaType>().ok();
    match AnyDocument::parse_all(&vector.bytes, declared.as_ref(), Default::default()) {
        Ok(_) => Parsed::Accepted,
        Err(violations) => Parsed::Refused(violations.into_iter().map(|violation| violation.pointer).collect()),
    }
}

impl Vector {
    /// Whether the parser did what it owes. A parser that does not say where a fault is owes no place.
    pub fn is_satisfied_by(&self, parsed: &Parsed) -> bool {
        match (&self.verdict, parsed) {
            (ParseVerdict::Accepted, Parsed::Accepted) | (ParseVerdict::Refused(None), Parsed::Refused(_)) => true,
            (ParseVerdict::Refused(Some(pointer)), Parsed::Refused(places)) => {
                places.is_empty() || places.contains(pointer)
            }
            _ => false,
        }
    }
}

fn vectors_of(case: &Case) -> Result<Vec<Vector>, String> {
    let isolation = Isolation::Fresh {
        prefix: "referee".into(),
        run: "parse".into(),
    };
    let repositories = isolation
        .repositories(&case.id.0, 1 + case.repos.len())
        .unwrap_or_default();
    let scope = scope(
        "registry.example",
        setting(0, &case.id.0, 1024),
        &case.content,
        &case.repos,
        &repositories,
        None,
    )?;
    case.parse
        .iter()
        .map(|check| {
            let built = scope.node(&check.document).map_err(|error| error.to_string())?;
            let bytes = built
                .data
                .bytes()
                .ok_or_else(|| format!("`{}` is too large", check.document))?;
            Ok(Vector {
                id: format!("{}#{}", case.id, check.document),
                says: case.says.clone(),
                requirement: check.requirement.clone(),
                bytes,
                media_type: built.media_type.clone(),
                verdict: check.verdict.clone(),
            })
        })
        .collect()
}
