//! The challenges of an answer as a JSON document, so that demands on JSON apply to them.

use serde_json::{Map, Value, json};

use crate::client::Answer;
use crate::oci::challenge::{Challenge, Challenges};

/// An object with a member for each scheme, in lower case; the first challenge of a scheme counts. It has the parameters
/// by name, and under `scopes` each scope as `type`, `name` and `actions`, if it has these parts.
pub(super) fn document(answer: &Answer) -> Value {
    let text = answer.headers_all("WWW-Authenticate").collect::<Vec<_>>().join(", ");
    let mut schemes = Map::new();
    for challenge in &Challenges::parse(&text).challenges {
        let name = challenge.scheme.to_string().to_ascii_lowercase();
        schemes.entry(name).or_insert_with(|| parameters(challenge));
    }
    Value::Object(schemes)
}

fn parameters(challenge: &Challenge) -> Value {
    let mut members = Map::new();
    for (name, value) in &challenge.parameters {
        members.insert(name.clone(), value.as_str().into());
    }
    if challenge.parameter("scope").is_some() {
        members.insert("scopes".to_string(), challenge.scopes().map(scope).collect());
    }
    Value::Object(members)
}

/// The name of a scope may hold colons, as that of a registry with a port does.
fn scope(text: &str) -> Value {
    let parts = || {
        let (kind, rest) = text.split_once(':')?;
        let (name, actions) = rest.rsplit_once(':')?;
        Some((kind, name, actions))
    };
    match parts() {
        Some((kind, name, actions)) => {
            json!({"type": kind, "name": name, "actions": actions.split(',').collect::<Vec<_>>()})
        }
        None => text.into(),
    }
}
