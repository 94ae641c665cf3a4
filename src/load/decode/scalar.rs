//! Scalars: text, templates, names, numbers, sizes, times, words, JSON, pointers and regular expressions.

use std::time::Duration;

use serde_json::Number;

use super::{Decoder, Role, What, listed};
use crate::case::{Json, Size, Template, TemplateError};
use crate::load::diagnostic::{Code, Diagnostic, Span, obeyed};
use crate::load::tree::{Key, Tree, Value};

/// The most bytes of anything.
const MAX_SIZE: u64 = 64 << 30;
/// The length of a chunk where the registry announces none.
const SHORTEST_CHUNK: u64 = 1 << 10;
/// The longest `wait` and `within`.
const MAX_TIME: Duration = Duration::from_secs(600);
/// The largest compiled regular expression.
const MAX_REGEX: usize = 1 << 20;

impl Decoder<'_> {
    /// A scalar as it is; nothing at all is refused.
    pub(super) fn text<'t>(&mut self, tree: &'t Tree) -> Option<&'t str> {
        match &tree.value {
            Value::Scalar { text, .. } if !tree.is_null() => Some(text),
            _ => {
                self.wrong_type(tree, "a text");
                None
            }
        }
    }

    /// The text of an optional key.
    pub(super) fn optional_text(&mut self, tree: Option<&Tree>) -> Option<String> {
        tree.and_then(|tree| self.text(tree)).map(str::to_string)
    }

    /// The text of a key that is reported elsewhere if it is missing.
    pub(super) fn required_text(&mut self, tree: Option<&Tree>) -> String {
        self.optional_text(tree).unwrap_or_default()
    }

    /// A text of one line of prose.
    pub(super) fn prose(&mut self, tree: Option<&Tree>) -> String {
        let text = self.required_text(tree);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if let (Some(tree), Some(odd)) = (tree, text.chars().find(|c| obeyed(*c))) {
            let message = format!(
                "U+{:04X} in this text is no letter, but an order to a terminal",
                u32::from(odd)
            );
            self.report(Diagnostic::new(Code::BadProse, tree.span, message).help("leave it out"));
        }
        text
    }

    pub(super) fn template(&mut self, tree: &Tree) -> Option<Template> {
        let text = self.text(tree)?;
        self.template_of(text, tree.span)
    }

    pub(super) fn optional_template(&mut self, tree: Option<&Tree>) -> Option<Template> {
        tree.and_then(|tree| self.template(tree))
    }

    /// A template that stands at `span`; its variables are noted.
    pub(super) fn template_of(&mut self, text: &str, span: Span) -> Option<Template> {
        match Template::parse(text) {
            Ok(template) => {
                for path in template.variables() {
                    let at = self.variable_span(path, span);
                    self.refer(What::Variable(path.to_vec()), at);
                }
                Some(template)
            }
            Err(error) => {
                let help = match error {
                    TemplateError::Unclosed(_) => "write `$${` for a literal `${`",
                    TemplateError::Empty(_) => "a variable is a name, or names joined by dots: `${image.digest}`",
                };
                let at = match error {
                    TemplateError::Unclosed(at) => &text[at..],
                    TemplateError::Empty(at) => text[at..].split_inclusive('}').next().unwrap_or_default(),
                };
                let span = self.span_of(at, span);
                self.report(Diagnostic::new(Code::BadTemplate, span, error.to_string()).help(help));
                None
            }
        }
    }

    /// The place of a variable inside the text that holds it, or that text.
    fn variable_span(&self, path: &[String], span: Span) -> Span {
        self.span_of(&format!("${{{}}}", path.join(".")), span)
    }

    /// The place of `part` inside the text that is written at `span`, or that text if it is written otherwise.
    fn span_of(&self, part: &str, span: Span) -> Span {
        let written = self.text.get(span.start..span.end).unwrap_or_default();
        match written.find(part) {
            Some(at) => Span {
                start: span.start + at,
                end: span.start + at + part.len(),
                ..span
            },
            None => span,
        }
    }

    /// A name of the grammar `[a-z0-9-]+`.
    pub(super) fn name(&mut self, tree: &Tree, what: &str) -> Option<String> {
        let text = self.text(tree)?;
        self.name_of(text, tree.span, what)
    }

    pub(super) fn name_of(&mut self, text: &str, span: Span, what: &str) -> Option<String> {
        let good = !text.is_empty() && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if !good {
            let message = format!("`{text}` is not {what}");
            self.report(
                Diagnostic::new(Code::BadName, span, message).help("names are lower-case letters, digits and hyphens"),
            );
            return None;
        }
        Some(text.to_string())
    }

    /// A node's name, and what the node has to serve for.
    pub(super) fn node_name(&mut self, tree: &Tree, role: Role) -> Option<String> {
        let name = self.text(tree)?.to_string();
        self.refer(What::Node(name.clone(), role), tree.span);
        Some(name)
    }

    /// Names of further repositories.
    pub(super) fn repositories(&mut self, tree: Option<&Tree>) -> Vec<String> {
        self.items(tree, "a list of names", |decoder, item| {
            let name = decoder.name(item, "the name of a repository")?;
            decoder.refer(What::NewRepository(name.clone()), item.span);
            Some(name)
        })
    }

    /// The names of capabilities.
    pub(super) fn needs(&mut self, tree: Option<&Tree>) -> Vec<String> {
        self.items(tree, "a list of capabilities", |decoder, item| {
            let name = decoder.text(item)?.to_string();
            decoder.refer(What::Capability(name.clone()), item.span);
            Some(name)
        })
    }

    /// A key that names a requirement.
    pub(super) fn requirement(&mut self, key: &Key) -> String {
        self.refer(What::Requirement(key.text.clone()), key.span);
        key.text.clone()
    }

    pub(super) fn flag(&mut self, tree: &Tree) -> Option<bool> {
        match &tree.value {
            Value::Scalar { text, plain: true } if text == "true" => Some(true),
            Value::Scalar { text, plain: true } if text == "false" => Some(false),
            _ => {
                let diagnostic = Self::of_wrong_type(tree, "`true` or `false`");
                self.report(match &tree.value {
                    Value::Scalar { text, plain: false } if text == "true" || text == "false" => {
                        diagnostic.help("leave out the quotes")
                    }
                    Value::Scalar { text, .. } if matches!(text.as_str(), "yes" | "on") => {
                        diagnostic.help("write `true`")
                    }
                    Value::Scalar { text, .. } if matches!(text.as_str(), "no" | "off") => {
                        diagnostic.help("write `false`")
                    }
                    _ => diagnostic,
                });
                None
            }
        }
    }

    /// A key that has only one sense, such as `present: true`.
    pub(super) fn only_true(&mut self, tree: &Tree) -> Option<()> {
        let flag = self.flag(tree)?;
        if !flag {
            let message = "only `true` has a meaning here";
            self.report(Diagnostic::new(Code::BadValue, tree.span, message));
        }
        flag.then_some(())
    }

    pub(super) fn count(&mut self, tree: &Tree) -> Option<u64> {
        let text = self.text(tree)?;
        let count = text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
        self.value(tree, count, "a whole number", "")
    }

    pub(super) fn size(&mut self, tree: &Tree) -> Option<Size> {
        let size = self.text(tree)?.parse().ok();
        let size: Size = self.value(
            tree,
            size,
            "a length",
            "such as `17`, `3KiB`, `4MiB`, `3MB` or `2chunk`",
        )?;
        if size.resolve(SHORTEST_CHUNK) > MAX_SIZE {
            let diagnostic = Diagnostic::new(Code::TooLarge, tree.span, "a length is at most 64 GiB");
            self.report(diagnostic.help("all of it is made and hashed, and sent to the registry"));
            return None;
        }
        Some(size)
    }

    pub(super) fn time(&mut self, tree: &Tree) -> Option<Duration> {
        let text = self.text(tree)?;
        let help = match text.parse::<u64>() {
            Ok(number) => format!("a unit is missing: `{number}s` for seconds, `{number}ms` for milliseconds"),
            Err(_) => "such as `200ms`, `5s` or `1m`".to_string(),
        };
        let time = time_of(text);
        self.value(tree, time, "a time of at most ten minutes", &help)
    }

    /// One of the words in `table`.
    pub(super) fn word<T: Clone>(&mut self, tree: &Tree, table: &[(T, &str)]) -> Option<T> {
        let text = self.text(tree)?;
        self.word_of(text, tree.span, table)
    }

    pub(super) fn word_of<T: Clone>(&mut self, text: &str, span: Span, table: &[(T, &str)]) -> Option<T> {
        let found = table
            .iter()
            .find(|(_, word)| *word == text)
            .map(|(value, _)| value.clone());
        if found.is_none() {
            let words: Vec<&str> = table.iter().map(|(_, word)| *word).collect();
            let diagnostic = Diagnostic::new(
                Code::UnknownWord,
                span,
                format!("`{text}` is none of the words that can stand here"),
            );
            let diagnostic = diagnostic.note(format!("the words are {}", listed(&words)));
            self.report(diagnostic.did_you_mean(text, words));
        }
        found
    }

    /// `value`, or a report that the scalar is not `wanted`.
    pub(super) fn value<T>(&mut self, tree: &Tree, value: Option<T>, wanted: &str, help: &str) -> Option<T> {
        if value.is_none() {
            let given = self.text(tree).unwrap_or_default().to_string();
            let mut diagnostic = Diagnostic::new(Code::BadValue, tree.span, format!("`{given}` is not {wanted}"));
            if !help.is_empty() {
                diagnostic = diagnostic.help(help);
            }
            self.report(diagnostic);
        }
        value
    }

    /// A JSON pointer (RFC 6901).
    pub(super) fn pointer(&mut self, text: &str, span: Span) -> Option<String> {
        let good = text.is_empty() || text.starts_with('/');
        let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
        if good && escapes {
            return Some(text.to_string());
        }
        let help = match good {
            false => "a pointer is empty or begins with `/`: `/manifests/0/digest`",
            true => "in a pointer `~` is written `~0` and `/` inside a name `~1`",
        };
        self.report(Diagnostic::new(Code::BadPointer, span, format!("`{text}` is not a JSON pointer")).help(help));
        None
    }

    /// A regular expression that compiles.
    pub(super) fn regex(&mut self, tree: &Tree) -> Option<String> {
        let text = self.text(tree)?;
        match regex::RegexBuilder::new(text).size_limit(MAX_REGEX).build() {
            Ok(_) => Some(text.to_string()),
            Err(error) => {
                let reason = error.to_string();
                let last = reason
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .trim_start_matches("error: ")
                    .to_string();
                let message = "this regular expression does not compile";
                self.report(Diagnostic::new(Code::BadRegex, tree.span, message).label(last));
                None
            }
        }
    }

    /// JSON whose strings are templates. Plain `null`, `true`, `false` and numbers are such; everything else is text.
    pub(super) fn json(&mut self, tree: &Tree) -> Option<Json> {
        match &tree.value {
            Value::Scalar { .. } if tree.is_null() => Some(Json::Null),
            Value::Scalar { text, plain: true } if text == "true" => Some(Json::Bool(true)),
            Value::Scalar { text, plain: true } if text == "false" => Some(Json::Bool(false)),
            Value::Scalar { text, plain: true } if is_number(text) => self.number(text, tree.span).map(Json::Number),
            Value::Scalar { text, .. } => self.template_of(text, tree.span).map(Json::String),
            Value::List(items) => {
                let decoded: Vec<_> = items.iter().map(|item| self.json(item)).collect();
                decoded.into_iter().collect::<Option<_>>().map(Json::Array)
            }
            Value::Map(_) => self.members(tree).map(Json::Object),
        }
    }

    /// The members of a JSON object.
    pub(super) fn members(&mut self, tree: &Tree) -> Option<Vec<(Template, Json)>> {
        let entries = self.map(tree, "a mapping")?;
        let decoded: Vec<_> = entries
            .iter()
            .map(|(key, value)| {
                let name = self.template_of(&key.text, key.span);
                let value = self.json(value);
                Some((name?, value?))
            })
            .collect();
        decoded.into_iter().collect()
    }

    fn number(&mut self, text: &str, span: Span) -> Option<Number> {
        let number = serde_json::from_str::<Number>(text).ok();
        let kept = number.filter(|number| number.to_string() == text);
        if kept.is_none() {
            let message = format!("`{text}` cannot be kept as it is written");
            let help = "quote it, or write the document as a `text` node";
            self.report(Diagnostic::new(Code::BadValue, span, message).help(help));
        }
        kept
    }
}

/// Whether `text` is a number in JSON.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.ends_with(|c: char| c.is_ascii_digit())
        && serde_json::from_str::<serde_json::Value>(text).is_ok_and(|value| value.is_number())
}

fn time_of(text: &str) -> Option<Duration> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let count: u64 = text.get(..digits)?.parse().ok()?;
    let time = match text.get(digits..)? {
        "ms" => Duration::from_millis(count),
        "s" => Duration::from_secs(count),
        "m" => Duration::from_secs(count.checked_mul(60)?),
        _ => return None,
    };
    (time <= MAX_TIME).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_json() {
        for good in ["0", "-1", "12", "1.5", "1e9"] {
            assert!(is_number(good), "{good}");
        }
        for bad in ["", "-", "01", "0x1f", "1_000", ".5", "+1", "1.", "NaN", "1 "] {
            assert!(!is_number(bad), "{bad}");
        }
    }

    #[test]
    fn times_have_units_and_a_bound() {
        assert_eq!(time_of("200ms"), Some(Duration::from_millis(200)));
        assert_eq!(time_of("5s"), Some(Duration::from_secs(5)));
        assert_eq!(time_of("5"), None);
        assert_eq!(time_of("s"), None);
        assert_eq!(time_of("11m"), None);
        assert_eq!(time_of("99999999999999999999m"), None);
    }
}
