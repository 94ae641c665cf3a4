//! The JSON Schema of the files, for editors: draft 2020-12, made from the vocabulary.
//!
//! A schema knows one file at a time, so it is milder than the loader: what refers to something else is looked at by
//! `referee lint` alone. It refuses nothing that the loader takes.

use serde_json::{Map, Value, json};

use super::vocabulary::{self, Key, Of, STEP, Shape, VERBS, Verb};

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Cases.
    Cases,
    /// A document of the catalogue.
    Document,
    /// `spec/profiles.yaml`.
    Profiles,
    /// `spec/capabilities.yaml`.
    Capabilities,
    /// `spec/always.yaml`.
    Always,
}

impl FileKind {
    /// Every kind, with its name.
    pub const ALL: [(FileKind, &'static str); 5] = [
        (FileKind::Cases, "cases"),
        (FileKind::Document, "document"),
        (FileKind::Profiles, "profiles"),
        (FileKind::Capabilities, "capabilities"),
        (FileKind::Always, "always"),
    ];

    /// The kind of the file with this name: the path below the folder of cases, without `.yaml`.
    pub fn of(name: &str) -> Self {
        match name.strip_prefix("spec/") {
            None => FileKind::Cases,
            Some("profiles") => FileKind::Profiles,
            Some("capabilities") => FileKind::Capabilities,
            Some("always") => FileKind::Always,
            Some(_) => FileKind::Document,
        }
    }

    /// The mapping that such a file is.
    pub fn shape(self) -> &'static Shape {
        match self {
            FileKind::Cases => &vocabulary::FILE,
            FileKind::Document => &vocabulary::DOCUMENT,
            FileKind::Profiles => &vocabulary::PROFILES,
            FileKind::Capabilities => &vocabulary::CAPABILITIES,
            FileKind::Always => &vocabulary::ALWAYS,
        }
    }
}

/// The JSON Schema of one kind of file.
pub fn schema(kind: FileKind) -> Value {
    let shape = kind.shape();
    let mut schema = Schema { defs: Map::new() };
    schema.shape(shape);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("Referee: {}", shape.what),
        "$ref": reference(shape.name),
        "$defs": schema.defs,
    })
}

struct Schema {
    defs: Map<String, Value>,
}

fn reference(name: &str) -> String {
    format!("#/$defs/{name}")
}

impl Schema {
    /// Defines something under a name unless it is defined, and gives a reference to it.
    fn define(&mut self, name: &str, make: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.defs.contains_key(name) {
            // A definition may refer to itself.
            self.defs.insert(name.to_string(), Value::Null);
            let made = make(self);
            self.defs.insert(name.to_string(), made);
        }
        json!({"$ref": reference(name)})
    }

    fn shape(&mut self, shape: &'static Shape) -> Value {
        self.define(shape.name, |schema| {
            let mut object = schema.object(shape.what, shape.keys.iter());
            for (name, value) in exactly_one(shape.name) {
                object.insert(name, value);
            }
            Value::Object(object)
        })
    }

    fn object(&mut self, what: &str, keys: impl Iterator<Item = &'static Key>) -> Map<String, Value> {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for key in keys {
            properties.insert(key.name.to_string(), self.key(key));
            if key.required {
                required.push(key.name);
            }
        }
        let mut object = Map::new();
        object.insert("title".into(), what.into());
        object.insert("type".into(), "object".into());
        object.insert("properties".into(), properties.into());
        object.insert("additionalProperties".into(), false.into());
        if !required.is_empty() {
            object.insert("required".into(), required.into());
        }
        object
    }

    fn key(&mut self, key: &'static Key) -> Value {
        let mut value = self.of(&key.of);
        // The manifests take everything by default, and may be left empty.
        if matches!(key.name, "image" | "artifact" | "index") && matches!(key.of, Of::Shape(_)) {
            value = json!({"anyOf": [value, {"type": "null"}]});
        }
        if let Value::Object(object) = &mut value {
            object.insert("description".into(), key.says.into());
        }
        value
    }

    /// What a value may be, or the variable of `each` that stands for it.
    fn of(&mut self, of: &'static Of) -> Value {
        let variable = json!({"type": "string", "pattern": r"\$\{"});
        match of {
            Of::Text | Of::Plain => json!({"type": ["string", "number", "boolean"]}),
            Of::Name => json!({"type": ["string", "integer"], "pattern": r"^([a-z0-9.-]|\$\{[^}]*\})+$"}),
            Of::Flag => json!({"anyOf": [{"type": "boolean"}, variable]}),
            Of::Count => {
                json!({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^[0-9]+$|\$\{"}]})
            }
            Of::Size => json!({"anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": r"^[0-9]+(B|KiB|MiB|GiB|kB|MB|chunk)?$|\$\{"},
            ]}),
            Of::Time => json!({"type": "string", "pattern": r"^[0-9]+(ms|s|m)$|\$\{"}),
            Of::Null => json!({"type": "null"}),
            Of::Json => json!({}),
            Of::Words(words) => json!({"anyOf": [{"enum": words}, variable]}),
            Of::List(items) => json!({"anyOf": [{"type": "array", "items": self.of(items)}, variable]}),
            Of::Map(values) => {
                json!({"anyOf": [{"type": "object", "additionalProperties": self.of(values)}, variable]})
            }
            Of::Shape(shape) => json!({"anyOf": [self.shape(shape), variable]}),
            Of::Named(name) => self.named(name),
            Of::Either(choices) => {
                let choices: Vec<Value> = choices.iter().map(|of| self.of(of)).collect();
                json!({"anyOf": choices})
            }
        }
    }

    /// What the vocabulary calls by a name because it contains itself or is no mapping.
    fn named(&mut self, name: &'static str) -> Value {
        match name {
            "step" => self.define(name, Self::step),
            "node" => {
                static NODE: Of = Of::Shape(&vocabulary::NODE);
                self.of(&NODE)
            }
            "each-value" => self.define(name, |schema| {
                let options = schema.shape(&vocabulary::EACH_VALUE);
                json!({"anyOf": [
                    {"type": ["string", "number", "boolean", "null"]},
                    {"type": "object", "additionalProperties": options, "minProperties": 1, "maxProperties": 1},
                ]})
            }),
            "status" => self.define(name, |_| {
                let one = json!({"anyOf": [
                    {"type": "integer", "minimum": 100, "maximum": 599},
                    {"type": "string", "pattern": r"^[1-5](xx|[0-9]{2})$|\$\{"},
                ]});
                json!({"anyOf": [one.clone(), {"type": "array", "items": one, "minItems": 1}]})
            }),
            "demand" => self.define(name, |schema| schema.of(&vocabulary::MATCHERS)),
            "json-op" => self.define(name, |schema| schema.of(&vocabulary::JSON_OP)),
            // A scalar.
            _ => json!({"type": ["string", "number", "boolean", "null"]}),
        }
    }

    /// Exactly one verb, and beside it what that verb and every step may say.
    fn step(&mut self) -> Value {
        let mut properties = Map::new();
        let mut verbs = Vec::new();
        let mut rules = Vec::new();
        for verb in VERBS {
            let name = verb.key.name;
            properties.insert(name.into(), json!({"description": verb.key.says}));
            verbs.push(json!({"required": [name]}));
            let step = self.define(&format!("step-{name}"), |schema| schema.verb(verb));
            rules.push(json!({"if": {"required": [name]}, "then": step}));
        }
        json!({"title": "a step", "type": "object", "properties": properties, "oneOf": verbs, "allOf": rules})
    }

    fn verb(&mut self, verb: &'static Verb) -> Value {
        let what = format!("a `{}` step", verb.key.name);
        let general = STEP.keys.iter().filter(|key| verb.answers || key.name == "needs");
        Value::Object(self.object(&what, std::iter::once(&verb.key).chain(verb.options).chain(general)))
    }
}

/// What a mapping demands of its keys together.
fn exactly_one(shape: &str) -> Vec<(String, Value)> {
    let choices = |names: &[&str]| names.iter().map(|name| json!({"required": [name]})).collect::<Vec<_>>();
    match shape {
        "capture" => vec![("oneOf".into(), choices(&["header", "json", "link"]).into())],
        "node" => vec![("minProperties".into(), 1.into()), ("maxProperties".into(), 1.into())],
        "body" => vec![("oneOf".into(), choices(&["text", "json", "stream", "node"]).into())],
        "blob" => vec![("oneOf".into(), choices(&["random", "text", "json", "base64"]).into())],
        "case" => vec![("anyOf".into(), choices(&["steps", "parse"]).into())],
        "requirement" => vec![("oneOf".into(), choices(&["level", "levels"]).into())],
        "matchers" | "json" => vec![("minProperties".into(), 1.into())],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere() {
        fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
            match value {
                Value::Object(object) => object.iter().for_each(|(key, value)| match (key.as_str(), value) {
                    ("$ref", Value::String(target)) => found.push(target),
                    _ => references(value, found),
                }),
                Value::Array(items) => items.iter().for_each(|item| references(item, found)),
                _ => {}
            }
        }
        for (kind, name) in FileKind::ALL {
            let schema = schema(kind);
            let mut found = Vec::new();
            references(&schema, &mut found);
            assert!(found.len() > 1, "{name}");
            for target in found {
                let pointer = target.trim_start_matches('#');
                assert!(
                    schema.pointer(pointer).is_some_and(Value::is_object),
                    "{name}: {target}"
                );
            }
        }
    }

    #[test]
    fn every_key_of_a_shape_is_a_property() {
        let schema = schema(FileKind::Cases);
        for shape in [
            &vocabulary::CASE,
            &vocabulary::BLOB,
            &vocabulary::MATCHER,
            &vocabulary::HEADER,
        ] {
            let properties = &schema["$defs"][shape.name]["properties"];
            for key in shape.keys {
                assert_eq!(properties[key.name]["description"], key.says);
            }
        }
        for verb in VERBS {
            let properties = &schema["$defs"][format!("step-{}", verb.key.name)]["properties"];
            assert!(
                verb.options.iter().all(|key| properties.get(key.name).is_some()),
                "{}",
                verb.key.name
            );
        }
    }

    #[test]
    fn files_are_told_apart_by_their_names() {
        assert_eq!(FileKind::of("pull/blobs"), FileKind::Cases);
        assert_eq!(FileKind::of("spec/profiles"), FileKind::Profiles);
        assert_eq!(FileKind::of("spec/distribution"), FileKind::Document);
    }
}
