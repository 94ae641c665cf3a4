//! What an answer says, in the words that tell one finding from another: the part of the API, and the complaint of an
//! error.

use super::violation::words;
use crate::client::Answer;
use crate::oci::digest::Digest;

/// Which part of the API a target belongs to; a digest that is none is another matter than one that is.
pub fn endpoint(target: &str) -> &'static str {
    let known = [
        ("/manifests/", "manifests"),
        ("/blobs/uploads/", "uploads"),
        ("${s", "uploads"),
        ("/blobs/", "blobs"),
        ("/tags/list", "tags"),
        ("/referrers/", "referrers"),
        ("/_catalog", "catalog"),
    ];
    let name = known
        .iter()
        .find(|(part, _)| target.contains(part))
        .map_or("other", |(_, name)| name);
    let last = target
        .split('?')
        .next()
        .and_then(|path| path.rsplit('/').next())
        .unwrap_or_default();
    let is_digest = || last.parse::<Digest>().is_ok_and(|digest| digest.algorithm().is_some());
    match name {
        "manifests" if is_digest() => "manifests-by-digest",
        name => name,
    }
}

/// The document that comes with an error; null if it is no JSON.
pub fn error_document(answer: &Answer) -> Option<serde_json::Value> {
    let is_error = answer.status().is_some_and(|status| status >= 400) && !answer.body.bytes.is_empty();
    is_error.then(|| serde_json::from_slice(&answer.body.bytes).unwrap_or_default())
}

/// The first code of an error and the first words that go with it, but for the values of header fields that it repeats.
pub fn complaint(document: Option<&serde_json::Value>, sent: &[(String, String)]) -> String {
    let Some(document) = document else { return String::new() };
    let error = &document["errors"][0];
    let detail = match &error["detail"] {
        serde_json::Value::Null => error["message"].as_str().unwrap_or_default().to_owned(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let values = sent
        .iter()
        .map(|(_, value)| value.as_str())
        .filter(|value| value.len() > 1);
    let detail = values.fold(detail, |detail, value| detail.replace(value, ""));
    format!("{} {}", error["code"].as_str().unwrap_or_default(), words(&detail))
}

/// Whether an error is no object, or one with a list of objects with codes.
pub fn is_well_formed(document: &serde_json::Value) -> bool {
    let has_code = |error: &serde_json::Value| error["code"].is_string();
    !document.is_object()
        || document["errors"]
            .as_array()
            .is_some_and(|errors| errors.iter().all(has_code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_belong_to_an_endpoint() {
        assert_eq!(endpoint("/v2/${repo}/blobs/uploads/?mount=x"), "uploads");
        assert_eq!(endpoint("${s0}"), "uploads");
        assert_eq!(endpoint("/v2/${repo}/manifests/a"), "manifests");
        assert_eq!(endpoint("/v2/"), "other");
    }
}
