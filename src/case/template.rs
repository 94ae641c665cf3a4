//! Text and JSON with `${...}` in it.

use serde_json::Number;

/// Text with variables: `GET /v2/${repo}/blobs/${layer.digest}`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    /// Literals and variables in order.
    pub parts: Vec<Part>,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text taken as it is.
    Literal(String),
    /// The path inside `${...}`, split at its dots: `image.layers.0.digest`.
    Variable(Vec<String>),
}

/// Why a text is not a template; offsets are bytes into the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// `${` without `}`.
    #[error("`${{` is not closed")]
    Unclosed(usize),
    /// `${}` or an empty path element.
    #[error("a variable has no name")]
    Empty(usize),
}

impl Template {
    /// Parses `text`; `$$` stands for a dollar sign.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut at = 0;
        while let Some(found) = text[at..].find('$') {
            let dollar = at + found;
            literal.push_str(&text[at..dollar]);
            let rest = &text[dollar + 1..];
            if let Some(inside) = rest.strip_prefix('{') {
                let end = inside.find('}').ok_or(TemplateError::Unclosed(dollar))?;
                let path: Vec<String> = inside[..end].split('.').map(|s| s.trim().to_string()).collect();
                if path.iter().any(String::is_empty) {
                    return Err(TemplateError::Empty(dollar));
                }
                if !literal.is_empty() {
                    parts.push(Part::Literal(std::mem::take(&mut literal)));
                }
                parts.push(Part::Variable(path));
                at = dollar + 2 + end + 1;
            } else {
                literal.push('$');
                at = dollar + 1 + usize::from(rest.starts_with('$'));
            }
        }
        literal.push_str(&text[at..]);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        // There are many thousands of them.
        parts.shrink_to_fit();
        Ok(Self { parts })
    }

    /// A template without variables.
    pub fn literal(text: impl Into<String>) -> Self {
        Self {
            parts: vec![Part::Literal(text.into())],
        }
    }

    /// The paths of its variables.
    pub fn variables(&self) -> impl Iterator<Item = &[String]> {
        self.parts.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Variable(path) => Some(path.as_slice()),
        })
    }

    /// The path, if the template is one variable and nothing else.
    pub fn as_variable(&self) -> Option<&[String]> {
        match self.parts.as_slice() {
            [Part::Variable(path)] => Some(path),
            _ => None,
        }
    }
}

impl std::fmt::Display for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for part in &self.parts {
            match part {
                Part::Literal(text) => f.write_str(&text.replace('$', "$$"))?,
                Part::Variable(path) => write!(f, "${{{}}}", path.join("."))?,
            }
        }
        Ok(())
    }
}

/// JSON whose strings are templates.
///
/// A string that is nothing but `${x.size}` becomes a number and `${x.descriptor}` an object when it is filled in.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, kept as it was written.
    Number(Number),
    /// A string.
    String(Template),
    /// An array.
    Array(Vec<Json>),
    /// An object, in the order of the file.
    Object(Vec<(Template, Json)>),
}

impl Json {
    /// Calls `visit` with every variable path in it.
    pub fn for_each_variable<'a>(&'a self, visit: &mut dyn FnMut(&'a [String])) {
        match self {
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
            Json::String(template) => template.variables().for_each(visit),
            Json::Array(items) => items.iter().for_each(|item| item.for_each_variable(visit)),
            Json::Object(members) => {
                for (name, value) in members {
                    name.variables().for_each(&mut *visit);
                    value.for_each_variable(visit);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_literals_alternate() {
        let template = Template::parse("GET /v2/${repo}/blobs/${layer.digest}?x=$$1").unwrap();
        let variables: Vec<_> = template.variables().map(|path| path.join(".")).collect();
        assert_eq!(variables, ["repo", "layer.digest"]);
        assert_eq!(template.to_string(), "GET /v2/${repo}/blobs/${layer.digest}?x=$$1");
    }

    #[test]
    fn broken_variables_are_named_with_their_place() {
        assert_eq!(Template::parse("ab${c"), Err(TemplateError::Unclosed(2)));
        assert_eq!(Template::parse("${}"), Err(TemplateError::Empty(0)));
        assert_eq!(Template::parse("${a..b}"), Err(TemplateError::Empty(0)));
    }

    #[test]
    fn a_lone_dollar_is_text() {
        assert_eq!(Template::parse("a$b").unwrap(), Template::literal("a$b"));
        assert_eq!(Template::parse("").unwrap(), Template::default());
    }
}
