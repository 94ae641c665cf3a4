//! YAML text to a tree of scalars, lists and mappings that know where they stand.
//!
//! Owns what of YAML is allowed: plain data without anchors, aliases, tags and further documents, within limits of size
//! and depth. It refuses to know what a key means.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::diagnostic::{Code, Diagnostic, Found, Span};

/// The largest file.
pub(super) const MAX_BYTES: usize = 4 << 20;
/// The deepest nesting.
const MAX_DEPTH: usize = 64;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tree {
    pub span: Span,
    pub value: Value,
}

/// A YAML value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Text; `plain` if it was written without quotes, so that it may also be a number, a boolean or null.
    Scalar { text: String, plain: bool },
    /// A sequence.
    List(Vec<Tree>),
    /// A mapping in the order of the file; no key stands twice.
    Map(Vec<(Key, Tree)>),
}

/// A key of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Key {
    pub text: String,
    pub span: Span,
}

impl Tree {
    /// Whether it is null: nothing, `~` or `null`.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null"))
    }

    /// What it is, in words.
    pub(super) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Scalar { .. } if self.is_null() => "nothing",
            Value::Scalar { .. } => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// The part of it that is worth a caret: the first key of a mapping, the first item of a list.
    pub(super) fn head(&self) -> Span {
        match &self.value {
            Value::Map(entries) => entries.first().map_or(self.span, |(key, _)| key.span),
            Value::List(items) => items.first().map_or(self.span, Tree::head),
            Value::Scalar { .. } => self.span,
        }
    }

    /// How many values are in it.
    pub(super) fn weight(&self) -> usize {
        match &self.value {
            Value::Scalar { .. } => 1,
            Value::List(items) => 1 + items.iter().map(Tree::weight).sum::<usize>(),
            Value::Map(entries) => 1 + entries.iter().map(|(_, value)| value.weight()).sum::<usize>(),
        }
    }

    /// The value of a key, if this is a mapping that has it.
    pub(super) fn get(&self, name: &str) -> Option<&Tree> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(key, _)| key.text == name).map(|(_, value)| value),
            _ => None,
        }
    }
}

/// Parses one file; says what is wrong and gives `None` if nothing can be made of it.
pub(super) fn parse(file: usize, text: &str, found: &mut Found) -> Option<Tree> {
    let start = Span { file, start: 0, end: 0 };
    if text.len() > MAX_BYTES {
        found.add(Diagnostic::new(Code::TooLarge, start, "the file is larger than 4 MiB"));
        return None;
    }
    let mut builder = Builder {
        place: Place::new(file, text),
        open: Vec::new(),
        root: None,
        found,
    };
    let mut parser = Parser::new_from_str(text);
    loop {
        let (event, span) = match parser.next_event()? {
            Ok(next) => next,
            Err(error) => {
                let mut at = builder.place.byte(error.marker().index());
                if is_about_tabs(error.info()) {
                    // The parser gives the place where the text begins that the tab ends.
                    at += text[at..].find('\t').unwrap_or(0);
                }
                let end = text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
                let span = Span { file, start: at, end };
                let mut diagnostic = Diagnostic::new(Code::Syntax, span, "this is not YAML").label(error.info());
                diagnostic.help = advice(error.info(), &text[..at]).map(str::to_string);
                builder.found.add(diagnostic);
                return None;
            }
        };
        let span = builder.place.span(span.start.index(), span.end.index());
        match builder.take(event, span) {
            Flow::Go => {}
            Flow::Stop => return None,
            Flow::End => break,
        }
    }
    if builder.root.is_none() {
        let diagnostic = Diagnostic::new(Code::WrongType, start, "the file is empty");
        builder
            .found
            .add(diagnostic.help("a file of cases has the keys `about` and `cases`"));
    }
    builder.root
}

fn is_about_tabs(info: &str) -> bool {
    info.contains("tab") && !info.contains("unprintable")
}

/// What to do about the usual slips. `before` is the text up to the place where the parser gave up.
fn advice(info: &str, before: &str) -> Option<&'static str> {
    let has = |words: &str| info.contains(words);
    Some(if has("unprintable") {
        "write such a character as an escape in double quotes: `\"\\x1b\"`"
    } else if is_about_tabs(info) {
        "YAML is indented with spaces"
    } else if before.ends_with('$') {
        "inside `{..}` and `[..]`, quote a text with a variable: `\"${name}\"`"
    } else if has("mapping values are not allowed") {
        "quote a text that has a colon and a space in it"
    } else if has("':' indicator") || has("flow") {
        "look for a `[`, a `{` or a quote before this that is not closed"
    } else if has("quoted scalar") {
        "the quote that begins here is not closed"
    } else if has("block") || has("indent") {
        "things that belong together are indented alike"
    } else {
        return None;
    })
}

enum Flow {
    Go,
    Stop,
    End,
}

/// A mapping or list that is not closed yet.
enum Open {
    List(Span, Vec<Tree>),
    Map(Span, Vec<(Key, Tree)>, HashMap<String, Span>, Option<Pending>),
}

/// A key whose value is still to come, and whether the pair is kept.
struct Pending {
    key: Key,
    keep: bool,
}

struct Builder<'a> {
    place: Place<'a>,
    open: Vec<Open>,
    root: Option<Tree>,
    found: &'a mut Found,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Flow {
        let (anchor, tag) = match &event {
            Event::Scalar(_, _, anchor, tag) => (*anchor, tag.is_some()),
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) => (*anchor, tag.is_some()),
            _ => (0, false),
        };
        if anchor != 0 {
            self.refuse(
                span,
                "anchors are not used here",
                "write the value out where it is needed",
            );
        }
        if tag {
            self.refuse(span, "tags are not used here", "leave the tag out");
        }
        match event {
            Event::Alias(_) => {
                self.refuse(span, "aliases are not used here", "write the value out");
                self.put(
                    span,
                    Value::Scalar {
                        text: String::new(),
                        plain: false,
                    },
                );
            }
            Event::Scalar(text, style, ..) => self.put(
                span,
                Value::Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain,
                },
            ),
            Event::SequenceStart(..) | Event::MappingStart(..) if self.open.len() == MAX_DEPTH => {
                let message = format!("the nesting is deeper than {MAX_DEPTH}");
                self.found.add(Diagnostic::new(Code::TooLarge, span, message));
                return Flow::Stop;
            }
            Event::SequenceStart(..) => self.open.push(Open::List(span, Vec::new())),
            Event::MappingStart(..) => self.open.push(Open::Map(span, Vec::new(), HashMap::new(), None)),
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::DocumentStart(_) if self.root.is_some() => {
                self.refuse(span, "a file holds one document", "put the rest into a file of its own");
                return Flow::Stop;
            }
            Event::StreamEnd => return Flow::End,
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd => {}
        }
        Flow::Go
    }

    fn refuse(&mut self, span: Span, message: &str, help: &str) {
        self.found
            .add(Diagnostic::new(Code::YamlFeature, span, message).help(help));
    }

    fn close(&mut self, end: Span) {
        let (span, value) = match self.open.pop() {
            Some(Open::List(span, items)) => (span, Value::List(items)),
            Some(Open::Map(span, entries, _, _)) => (span, Value::Map(entries)),
            None => return,
        };
        let last = match &value {
            Value::List(items) => items.last().map(|item| item.span.end),
            Value::Map(entries) => entries.last().map(|(_, value)| value.span.end),
            Value::Scalar { .. } => None,
        };
        // The end of a block collection is reported where the next thing begins; that of a flow collection is its bracket.
        let end = if end.end > end.start {
            end.end
        } else {
            last.unwrap_or(span.end)
        };
        let span = Span {
            end: end.max(span.end),
            ..span
        };
        self.put(span, value);
    }

    fn put(&mut self, span: Span, value: Value) {
        let tree = Tree { span, value };
        match self.open.last_mut() {
            None => self.root = Some(tree),
            Some(Open::List(_, items)) => items.push(tree),
            Some(Open::Map(_, _, seen, pending @ None)) => {
                let (text, mut keep) = match tree.value {
                    Value::Scalar { text, .. } => (text, true),
                    Value::List(_) | Value::Map(_) => (String::new(), false),
                };
                if !keep {
                    let diagnostic = Diagnostic::new(Code::WrongType, span, "a key has to be a scalar");
                    self.found
                        .add(diagnostic.help("quote a key that begins with `{`, `[` or `*`"));
                } else if let Some(first) = seen.get(&text) {
                    let diagnostic = Diagnostic::new(Code::DuplicateKey, span, format!("`{text}` stands twice here"));
                    self.found
                        .add(diagnostic.label("the second").note_at(*first, "the first"));
                    keep = false;
                } else {
                    seen.insert(text.clone(), span);
                }
                *pending = Some(Pending {
                    key: Key { text, span },
                    keep,
                });
            }
            Some(Open::Map(_, entries, _, pending)) => {
                if let Some(Pending { key, keep: true }) = pending.take() {
                    entries.push((key, tree));
                }
            }
        }
    }
}

/// Turns the parser's places, which count characters, into bytes.
struct Place<'t> {
    file: usize,
    text: &'t str,
    /// The byte of every 64th character; empty for ASCII, where the two counts agree.
    marks: Vec<usize>,
}

impl<'t> Place<'t> {
    fn new(file: usize, text: &'t str) -> Self {
        let marks = match text.is_ascii() {
            true => Vec::new(),
            false => text.char_indices().step_by(64).map(|(byte, _)| byte).collect(),
        };
        Self { file, text, marks }
    }

    fn byte(&self, index: usize) -> usize {
        if self.marks.is_empty() {
            return index.min(self.text.len());
        }
        let Some(mark) = self.marks.get(index / 64) else {
            return self.text.len();
        };
        let rest = self.text[*mark..].char_indices().nth(index % 64);
        rest.map_or(self.text.len(), |(byte, _)| mark + byte)
    }

    /// The span without the white space at its end, which block scalars and empty values have.
    fn span(&self, start: usize, end: usize) -> Span {
        let (start, end) = (self.byte(start), self.byte(end));
        let inside = self.text.get(start..end.max(start)).unwrap_or_default();
        Span {
            file: self.file,
            start,
            end: start + inside.trim_end().len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Option<Tree>, Vec<String>) {
        let mut found = Found::default();
        let tree = parse(0, text, &mut found);
        let messages = found
            .finish(&[super::super::Source::new("a.yaml", text)])
            .map(|all| all.list().iter().map(|d| d.message.clone()).collect());
        (tree, messages.unwrap_or_default())
    }

    fn slice(text: &str, span: Span) -> &str {
        &text[span.start..span.end]
    }

    #[test]
    fn spans_are_bytes_of_the_file() {
        let text = "ä: [ö, {b: \"c d\"}]\nlist:\n  - one\n  - two\nlast: |\n  x\n  y\n";
        let (tree, messages) = parsed(text);
        let tree = tree.unwrap();
        assert!(messages.is_empty());
        assert_eq!(slice(text, tree.get("ä").unwrap().span), "[ö, {b: \"c d\"}]");
        assert_eq!(slice(text, tree.get("list").unwrap().span), "- one\n  - two");
        assert_eq!(slice(text, tree.get("last").unwrap().span), "x\n  y");
    }

    #[test]
    fn what_yaml_has_beyond_data_is_refused() {
        assert_eq!(parsed("a: &x 1\nb: *x\n").1.len(), 2);
        assert_eq!(parsed("a: !!str 1\n").1, ["tags are not used here"]);
        assert_eq!(parsed("a: 1\n---\nb: 2\n").1, ["a file holds one document"]);
        assert_eq!(parsed("a: 1\na: 2\n").1, ["`a` stands twice here"]);
        assert_eq!(parsed("").1, ["the file is empty"]);
        assert_eq!(parsed("? [a]\n: 1\n").1, ["a key has to be a scalar"]);
    }

    #[test]
    fn limits_hold() {
        let deep = "[".repeat(65);
        assert_eq!(parsed(&deep).1, ["the nesting is deeper than 64"]);
        assert_eq!(parsed(&" ".repeat(MAX_BYTES + 1)).1, ["the file is larger than 4 MiB"]);
    }

    #[test]
    fn broken_yaml_is_said_with_its_place() {
        assert_eq!(parsed("a: [1\nb: 2\n").1, ["this is not YAML"]);
        assert_eq!(parsed("a: \"x").1, ["this is not YAML"]);
        assert_eq!(parsed(&"[".repeat(100_000)).1, ["this is not YAML"]);
    }
}
