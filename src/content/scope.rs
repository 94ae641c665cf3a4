//! What `${...}` stands for.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Built, Graph, Role};
use crate::case::{GivenPart, Json, Part, Template};

/// The values that templates of a case are filled in with: variables and the content graph.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// `repo`, `nonce`, `host`, the other repositories, captures.
    pub variables: BTreeMap<String, String>,
    /// What the run is given to read.
    pub given: BTreeMap<GivenPart, Arc<Built>>,
    /// The case's content.
    pub graph: Graph,
    /// Ends every `${tag.x}`, so that tags are unlike those of other cases and runs.
    pub tag_suffix: String,
}

/// A variable that has no value. The loader finds undefined names, so what remains is a capture that the answer did not
/// have, or content that does not exist for this target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`${{{path}}}` has no value")]
pub struct ScopeError {
    /// The path as it is written.
    pub path: String,
}

impl Scope {
    /// Fills in a text.
    pub fn text(&self, template: &Template) -> Result<String, ScopeError> {
        let mut out = String::new();
        for part in &template.parts {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Variable(path) => match self.value(path)? {
                    Value::String(text) => out.push_str(&text),
                    other => out.push_str(&other.to_string()),
                },
            }
        }
        Ok(out)
    }

    /// Fills in a text as far as it can be: what has no value yet stays as it is written.
    pub fn preview(&self, template: &Template) -> String {
        let part = |part: &Part| {
            let alone = Template {
                parts: vec![part.clone()],
            };
            self.text(&alone).unwrap_or_else(|_| alone.to_string())
        };
        template.parts.iter().map(part).collect()
    }

    /// Fills in a JSON document.
    pub fn json(&self, json: &Json) -> Result<Value, ScopeError> {
        Ok(match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => Value::Number(number.clone()),
            Json::String(template) => match template.as_variable() {
                Some(path) => self.value(path)?,
                None => Value::String(self.text(template)?),
            },
            Json::Array(items) => Value::Array(items.iter().map(|item| self.json(item)).collect::<Result<_, _>>()?),
            Json::Object(members) => {
                let mut object = Map::new();
                for (name, value) in members {
                    object.insert(self.text(name)?, self.json(value)?);
                }
                Value::Object(object)
            }
        })
    }

    /// The node of this name.
    pub fn node(&self, name: &str) -> Result<&Arc<Built>, ScopeError> {
        self.graph
            .get(name)
            .ok_or_else(|| ScopeError { path: name.to_string() })
    }

    fn value(&self, path: &[String]) -> Result<Value, ScopeError> {
        let missing = || ScopeError { path: path.join(".") };
        if let [name] = path
            && let Some(value) = self.variables.get(name)
        {
            return Ok(Value::String(value.clone()));
        }
        if let [tag, name] = path
            && tag == "tag"
        {
            return Ok(Value::String(format!("{name}-{}", self.tag_suffix)));
        }
        let (attribute, node) = path.split_last().ok_or_else(missing)?;
        let (name, parts) = node.split_first().ok_or_else(missing)?;
        let built = self
            .graph
            .get(name)
            .and_then(|built| built.part(&parts.join(".")))
            .ok_or_else(missing)?;
        attribute_of(built, attribute).ok_or_else(missing)
    }
}

/// The attributes that nodes have; `type` and `descriptor` are not those of slices.
pub const ATTRIBUTES: [&str; 10] = [
    "digest",
    "hex",
    "algorithm",
    "size",
    "type",
    "descriptor",
    "text",
    "range",
    "from",
    "last",
];

fn attribute_of(built: &Built, attribute: &str) -> Option<Value> {
    Some(match attribute {
        "digest" => Value::String(built.digest.to_string()),
        "hex" => Value::String(built.digest.encoded().to_string()),
        "algorithm" => Value::String(built.digest.algorithm_name().to_string()),
        "size" => Value::Number(built.data.len().into()),
        "type" => Value::String(built.media_type.clone()),
        "descriptor" => built.descriptor(),
        "text" => Value::String(String::from_utf8_lossy(&built.data.bytes()?).into_owned()),
        "range" | "from" | "last" => {
            let (from, to) = match &built.role {
                Role::Slice { from, to, .. } => (*from, *to),
                _ => (0, built.data.len()),
            };
            let last = to.checked_sub(1)?;
            match attribute {
                "range" => Value::String(format!("{from}-{last}")),
                "from" => Value::Number(from.into()),
                _ => Value::Number(last.into()),
            }
        }
        _ => return None,
    })
}
