//! Expectation and answer in, mismatches out.
//!
//! Owns the comparison, nothing else: it sends nothing and judges nothing. What a mismatch weighs is decided by the
//! requirement's level, in [`crate::outcome`]; that a later step makes no sense after it, in [`crate::runner`].

mod body;
mod challenge;
mod header;
mod json;
mod mismatch;
mod pattern;

pub use mismatch::Mismatch;
pub use pattern::{finds, part};

use crate::case::{Fact, Matcher};
use crate::client::Answer;
use crate::content::{Scope, ScopeError};

/// Everything in `matchers` that does not hold for `answer`. An error means that a matcher needs a value which an
/// earlier answer did not have, so that nothing can be said.
pub fn mismatches(matchers: &[Matcher], answer: &Answer, scope: &Scope) -> Result<Vec<Mismatch>, ScopeError> {
    let mut found = Vec::new();
    for matcher in matchers {
        compare(matcher, answer, scope, &mut found)?;
    }
    Ok(found)
}

/// Whether all of `matchers` hold for `answer`. Nothing is looked at after the first that does not: the body may be large.
pub fn hold(matchers: &[Matcher], answer: &Answer, scope: &Scope) -> bool {
    let holds = |matcher| mismatches(std::slice::from_ref(matcher), answer, scope).is_ok_and(|found| found.is_empty());
    matchers.iter().all(holds)
}

/// Whether one of the matchers reads the body as JSON.
pub fn read_json(matchers: &[Matcher]) -> bool {
    matchers.iter().any(|matcher| match matcher {
        Matcher::Json { .. } => true,
        Matcher::Any(choices) => choices.iter().any(|choice| read_json(choice)),
        Matcher::Not(inner) => read_json(inner),
        _ => false,
    })
}

/// The value under which a fact is recorded: the first whose matchers hold.
pub fn fact_value(fact: &Fact, answer: &Answer, scope: &Scope) -> Result<String, ScopeError> {
    for (value, matchers) in &fact.values {
        if mismatches(matchers, answer, scope)?.is_empty() {
            return Ok(value.clone());
        }
    }
    Ok(format!("other ({})", status_text(answer)))
}

/// Whether one of the matchers speaks of the status.
pub fn speaks_of_status(matchers: &[Matcher]) -> bool {
    matchers.iter().any(|matcher| match matcher {
        Matcher::Status(_) => true,
        Matcher::Any(choices) => choices.iter().any(|choice| speaks_of_status(choice)),
        Matcher::Not(inner) => speaks_of_status(inner),
        _ => false,
    })
}

fn compare(matcher: &Matcher, answer: &Answer, scope: &Scope, found: &mut Vec<Mismatch>) -> Result<(), ScopeError> {
    match matcher {
        Matcher::Status(set) => {
            if !answer.status().is_some_and(|status| set.contains(status)) {
                found.push(Mismatch::new("status", set.to_string(), status_text(answer)));
            }
        }
        Matcher::Header(header) => found.extend(header::compare(header, answer, scope)?),
        Matcher::Json { pointer, op } => found.extend(json::compare(pointer, op, answer, scope)?),
        Matcher::Challenge { pointer, op } => {
            let document = challenge::document(answer);
            found.extend(json::compare_document("challenge", &document, pointer, op, scope)?);
        }
        Matcher::Content(node) => found.extend(body::content(node, answer, scope)?),
        Matcher::Body(body) => found.extend(body::compare(body, answer)),
        Matcher::Error(error) => found.extend(body::error(error, answer)),
        Matcher::Link(link) => found.extend(header::link(link, answer)),
        Matcher::Any(choices) => found.extend(any(choices, answer, scope)?),
        Matcher::Not(inner) => {
            if mismatches(inner, answer, scope)?.is_empty() {
                let what = inner.iter().map(describe).collect::<Vec<_>>().join(" and ");
                let subject = if speaks_of_status(inner) { "status" } else { "answer" };
                found.push(Mismatch::new(subject, format!("not {what}"), status_text(answer)));
            }
        }
    }
    Ok(())
}

/// Nothing if one of the choices holds; else the mismatches of all of them as one.
fn any(choices: &[Vec<Matcher>], answer: &Answer, scope: &Scope) -> Result<Option<Mismatch>, ScopeError> {
    let mut all = Vec::new();
    for choice in choices {
        let found = mismatches(choice, answer, scope)?;
        if found.is_empty() {
            return Ok(None);
        }
        all.push(found);
    }
    let join = |part: fn(&Mismatch) -> String, between: &str| {
        let mut texts: Vec<String> = Vec::new();
        for found in &all {
            let text = found.iter().map(part).collect::<Vec<_>>().join(" and ");
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        texts.join(between)
    };
    Ok(Some(Mismatch::new(
        "any of",
        join(|m| format!("{} {}", m.subject, m.expected), ", or "),
        join(|m| format!("{} {}", m.subject, m.actual), "; "),
    )))
}

fn describe(matcher: &Matcher) -> String {
    match matcher {
        Matcher::Status(set) => format!("status {set}"),
        Matcher::Header(header) => format!("this header {}", header.name),
        Matcher::Json { pointer, .. } => format!("this JSON at `{pointer}`"),
        Matcher::Challenge { pointer, .. } => format!("this challenge at `{pointer}`"),
        Matcher::Content(node) => format!("the bytes of {node}"),
        Matcher::Body(_) => "this body".to_string(),
        Matcher::Error(error) => format!("the error {}", error.codes.join(" or ")),
        Matcher::Link(link) => format!("a link {}", link.rel),
        Matcher::Any(_) => "any of these".to_string(),
        Matcher::Not(_) => "the opposite".to_string(),
    }
}

/// The status, or what came instead of one.
pub fn status_text(answer: &Answer) -> String {
    match (&answer.exchange.response, answer.error()) {
        (Some(response), _) => response.status.to_string(),
        (None, Some(error)) => error.to_string(),
        (None, None) => "no answer".to_string(),
    }
}

#[cfg(test)]
mod tests;
