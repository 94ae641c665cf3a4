//! Demands on the body.

use serde_json::Value;

use super::{Mismatch, pattern};
use crate::case::{BodyMatcher, ErrorMatcher};
use crate::client::Answer;
use crate::content::{Scope, ScopeError};
use crate::oci::digest::Algorithm;

/// The body is exactly the bytes of a node.
pub(super) fn content(node: &str, answer: &Answer, scope: &Scope) -> Result<Option<Mismatch>, ScopeError> {
    let wanted = &scope.node(node)?.data;
    let received = &answer.body;
    if wanted.is(received.len, &received.sha256, || received.sha512()) {
        return Ok(None);
    }
    let digest = wanted.digest(Algorithm::Sha256);
    let mut actual = format!("{} bytes, sha256:{}", received.len, received.sha256);
    if let Some(bytes) = wanted.bytes()
        && received.len > 0
    {
        let same = bytes
            .iter()
            .zip(received.bytes.iter())
            .take_while(|(a, b)| a == b)
            .count();
        actual.push_str(&format!(", the first {same} of them the same"));
    }
    Ok(Some(Mismatch::new(
        "body",
        format!("{} bytes, {digest} ({node})", wanted.len()),
        actual,
    )))
}

/// A demand on the body as a whole.
pub(super) fn compare(matcher: &BodyMatcher, answer: &Answer) -> Option<Mismatch> {
    let body = &answer.body;
    let (holds, expected) = match matcher {
        BodyMatcher::Empty => {
            let trailing = answer
                .exchange
                .response
                .as_ref()
                .map_or(0, |response| response.trailing);
            (body.len == 0 && trailing == 0, "no body".to_string())
        }
        BodyMatcher::NotEmpty => (body.len > 0, "a body".to_string()),
        BodyMatcher::Json => (parse(answer).is_some(), "a JSON document".to_string()),
        BodyMatcher::Matches(pattern) => (pattern::finds(pattern, &body.bytes), format!("a body like /{pattern}/")),
    };
    (!holds).then(|| Mismatch::new("body", expected, shown(answer)))
}

/// One of the codes is in the error body, if the body is one.
pub(super) fn error(matcher: &ErrorMatcher, answer: &Answer) -> Option<Mismatch> {
    let codes: Option<Vec<String>> = parse(answer).and_then(|document| {
        let errors = document.get("errors")?.as_array()?;
        Some(
            errors
                .iter()
                .filter_map(|error| error.get("code")?.as_str().map(str::to_string))
                .collect(),
        )
    });
    let holds = match &codes {
        Some(codes) => codes.iter().any(|code| matcher.codes.contains(code)),
        None => !matcher.required,
    };
    (!holds).then(|| {
        let actual = codes.map(|codes| codes.join(", ")).unwrap_or_else(|| shown(answer));
        Mismatch::new("error code", matcher.codes.join(" or "), actual)
    })
}

/// The body as JSON, if it is there whole and is JSON.
pub(super) fn parse(answer: &Answer) -> Option<&Value> {
    answer.body.json()
}

/// The body in short.
pub(super) fn shown(answer: &Answer) -> String {
    match &answer.exchange.response {
        Some(response) if response.body.len > 0 => response.body.preview.clone(),
        Some(response) if response.trailing > 0 => format!("{} bytes after the header", response.trailing),
        Some(_) => "no body".to_string(),
        None => super::status_text(answer),
    }
}
