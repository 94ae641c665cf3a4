//! What is wrong in the files, and how it is shown.
//!
//! Owns the diagnostic with its code, place, label, help and notes; the list of them; and the rendering with a caret
//! under the place. It refuses to know YAML and cases: whoever finds a mistake says what it is.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::Source;
use crate::case::Origin;

/// Diagnostics that are kept of one load; more would not be read.
const KEPT: usize = 500;
/// Lines of one place that are shown.
const SHOWN_LINES: usize = 3;

/// A part of a file: its index among the sources, first byte and one past the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The index of the source.
    pub file: usize,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// One kind of mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// The file is not YAML.
    Syntax,
    /// Anchors, aliases, tags, several documents: YAML that is not used here.
    YamlFeature,
    /// Too large or too deep.
    TooLarge,
    /// A key stands twice in a mapping.
    DuplicateKey,
    /// A mapping, list or scalar where another is needed.
    WrongType,
    /// A key that means nothing here.
    UnknownKey,
    /// A key that has to be here.
    MissingKey,
    /// A word that is none of the allowed ones.
    UnknownWord,
    /// A number, size, length of time, status, method, header name, or such, that is not one.
    BadValue,
    /// `${` that is not closed or has no name.
    BadTemplate,
    /// Not a JSON pointer.
    BadPointer,
    /// A regular expression that does not compile.
    BadRegex,
    /// A name outside the grammar of names.
    BadName,
    /// A sentence against the style of sentences.
    BadProse,
    /// Two of one name.
    Duplicate,
    /// A step without a verb, or with two.
    Verb,
    /// A case that judges nothing.
    EmptyCase,
    /// An expectation or a fact where nothing is judged.
    JudgedSetup,
    /// Something that cannot have an effect.
    WithoutEffect,
    /// A requirement that is not in the catalogue.
    UnknownRequirement,
    /// A requirement that cannot be judged in a registry.
    UnjudgeableRequirement,
    /// A capability that nobody probes.
    UnknownCapability,
    /// A content node that the case does not have.
    UnknownNode,
    /// A node of a kind that does not serve here.
    WrongNode,
    /// A repository that the case does not have.
    UnknownRepository,
    /// A variable that has no value here.
    UnknownVariable,
    /// An attribute that the node does not have.
    UnknownAttribute,
    /// `${i}` where there are no copies.
    NotTogether,
    /// Content, a capture or a value that nothing uses.
    Unused,
    /// Content that contains itself.
    Cycle,
    /// A document, version or profile that does not exist.
    UnknownDocument,
}

impl Code {
    /// Every code.
    pub const ALL: [Code; 31] = [
        Code::Syntax,
        Code::YamlFeature,
        Code::TooLarge,
        Code::DuplicateKey,
        Code::WrongType,
        Code::UnknownKey,
        Code::MissingKey,
        Code::UnknownWord,
        Code::BadValue,
        Code::BadTemplate,
        Code::BadPointer,
        Code::BadRegex,
        Code::BadName,
        Code::BadProse,
        Code::Duplicate,
        Code::Verb,
        Code::EmptyCase,
        Code::JudgedSetup,
        Code::WithoutEffect,
        Code::UnknownRequirement,
        Code::UnjudgeableRequirement,
        Code::UnknownCapability,
        Code::UnknownNode,
        Code::WrongNode,
        Code::UnknownRepository,
        Code::UnknownVariable,
        Code::UnknownAttribute,
        Code::NotTogether,
        Code::Unused,
        Code::Cycle,
        Code::UnknownDocument,
    ];

    /// Whether it says that something is not built as it has to be, so that a part of it is not seen at all.
    fn is_about_form(self) -> bool {
        matches!(
            self,
            Code::YamlFeature
                | Code::DuplicateKey
                | Code::WrongType
                | Code::UnknownKey
                | Code::MissingKey
                | Code::BadTemplate
                | Code::Verb
        )
    }

    /// The word that is printed in brackets.
    pub fn name(self) -> &'static str {
        match self {
            Code::Syntax => "syntax",
            Code::YamlFeature => "yaml-feature",
            Code::TooLarge => "too-large",
            Code::DuplicateKey => "duplicate-key",
            Code::WrongType => "wrong-type",
            Code::UnknownKey => "unknown-key",
            Code::MissingKey => "missing-key",
            Code::UnknownWord => "unknown-word",
            Code::BadValue => "bad-value",
            Code::BadTemplate => "bad-template",
            Code::BadPointer => "bad-pointer",
            Code::BadRegex => "bad-regex",
            Code::BadName => "bad-name",
            Code::BadProse => "bad-prose",
            Code::Duplicate => "duplicate",
            Code::Verb => "verb",
            Code::EmptyCase => "empty-case",
            Code::JudgedSetup => "judged-setup",
            Code::WithoutEffect => "without-effect",
            Code::UnknownRequirement => "unknown-requirement",
            Code::UnjudgeableRequirement => "unjudgeable-requirement",
            Code::UnknownCapability => "unknown-capability",
            Code::UnknownNode => "unknown-node",
            Code::WrongNode => "wrong-node",
            Code::UnknownRepository => "unknown-repository",
            Code::UnknownVariable => "unknown-variable",
            Code::UnknownAttribute => "unknown-attribute",
            Code::NotTogether => "not-together",
            Code::Unused => "unused",
            Code::Cycle => "cycle",
            Code::UnknownDocument => "unknown-document",
        }
    }
}

/// One mistake.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// Its kind.
    pub code: Code,
    /// What is wrong, as a sentence without a full stop.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What is said under the caret; may be empty.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Other places that have to do with it, and what they are.
    pub notes: Vec<(Option<Span>, String)>,
}

impl Diagnostic {
    /// A mistake at a place.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            span,
            label: String::new(),
            help: None,
            notes: Vec::new(),
        }
    }

    /// With words under the caret.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// With advice.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With `help: did you mean ...` where one of `known` is close to `given`.
    pub fn did_you_mean<'k>(mut self, given: &str, known: impl IntoIterator<Item = &'k str>) -> Self {
        if let Some(close) = closest(given, known) {
            self.help = Some(format!("did you mean `{close}`?"));
        }
        self
    }

    /// With another place.
    pub fn note_at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.notes.push((Some(span), text.into()));
        self
    }

    /// With a remark.
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push((None, text.into()));
        self
    }
}

/// The name in `known` that is nearest to `given`, if it is near at all.
pub fn closest<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if given.len() > 100 {
        return None;
    }
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(given, name), name))
        .filter(|(score, _)| *score >= 0.82)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// Everything that is wrong, with the files it is wrong in.
#[derive(Debug, Clone)]
pub struct Diagnostics {
    sources: Vec<Source>,
    list: Vec<Diagnostic>,
    dropped: usize,
}

impl Diagnostics {
    /// The mistakes in the order of the files.
    pub fn list(&self) -> &[Diagnostic] {
        &self.list
    }

    /// Where a mistake is.
    pub fn origin(&self, diagnostic: &Diagnostic) -> Origin {
        let source = &self.sources[diagnostic.span.file];
        Lines::new(source).origin(diagnostic.span.start)
    }

    /// All of them as text, with a summary line; `styled` adds ANSI colours. Control characters of the files are
    /// replaced, so that a file cannot speak to the terminal.
    pub fn render(&self, styled: bool) -> String {
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
        let mut text = String::new();
        for diagnostic in &self.list {
            text.push_str(&self.render_one(&renderer, diagnostic));
            text.push_str("\n\n");
        }
        text.push_str(&self.summary());
        text.push('\n');
        text
    }

    /// `3 errors in 2 files`.
    pub fn summary(&self) -> String {
        let count = self.list.len() + self.dropped;
        let files = self.list.iter().map(|d| d.span.file).collect::<HashSet<_>>().len();
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        let shown = match self.dropped {
            0 => String::new(),
            _ => format!(" (the first {} are shown)", self.list.len()),
        };
        format!("{count} error{} in {files} file{}{shown}", plural(count), plural(files))
    }

    fn render_one(&self, renderer: &Renderer, diagnostic: &Diagnostic) -> String {
        let title = safe(&diagnostic.message);
        let excerpt = self.excerpt(diagnostic.span);
        let mut group = Level::ERROR
            .primary_title(title)
            .id(diagnostic.code.name())
            .element(excerpt.snippet(AnnotationKind::Primary, &diagnostic.label));
        let places: Vec<_> = diagnostic
            .notes
            .iter()
            .map(|(span, note)| (span.map(|span| self.excerpt(span)), note))
            .collect();
        for (place, note) in &places {
            group = match place {
                Some(place) => group.element(place.snippet(AnnotationKind::Context, note)),
                None => group.element(Level::NOTE.message(safe(note))),
            };
        }
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(safe(help)));
        }
        let report: &[Group<'_>] = &[group];
        renderer.render(report)
    }

    /// The lines around a span and the span inside them.
    fn excerpt(&self, span: Span) -> Excerpt {
        let source = &self.sources[span.file];
        let text = &source.text;
        let start = floor(text, span.start);
        let from = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let mut to = from;
        for line in text[from..].split_inclusive('\n').take(SHOWN_LINES) {
            to += line.len();
            if to >= span.end {
                break;
            }
        }
        let lines = text[from..to].trim_end_matches(['\n', '\r']);
        let end = floor(text, span.end).clamp(start, from + lines.len().max(start - from));
        Excerpt {
            path: safe(&source.path),
            first_line: text[..from].matches('\n').count() + 1,
            lines: safe_same_length(lines),
            span: (start - from).min(lines.len())..(end - from).min(lines.len()),
        }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

struct Excerpt {
    path: String,
    first_line: usize,
    lines: String,
    span: Range<usize>,
}

impl Excerpt {
    fn snippet(&self, kind: AnnotationKind, label: &str) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
        let label = (!label.is_empty()).then(|| safe(label));
        Snippet::source(self.lines.as_str())
            .line_start(self.first_line)
            .path(self.path.as_str())
            .annotation(kind.span(self.span.clone()).label(label))
    }
}

/// Collects mistakes while the files are read.
#[derive(Debug, Default)]
pub(super) struct Found {
    list: Vec<Diagnostic>,
    seen: HashSet<(Code, Span)>,
    dropped: usize,
}

impl Found {
    /// Adds a mistake, unless one of its kind at its place is there already.
    pub(super) fn add(&mut self, diagnostic: Diagnostic) {
        if !self.seen.contains(&(diagnostic.code, diagnostic.span)) {
            if self.list.len() == KEPT {
                self.dropped += 1;
                return;
            }
            self.seen.insert((diagnostic.code, diagnostic.span));
            self.list.push(diagnostic);
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.list.len()
    }

    /// Whether one that is about the form of things stands inside `span`: what follows from it is better not said.
    pub(super) fn malformed_inside(&self, span: Span) -> bool {
        self.list.iter().any(|diagnostic| {
            let at = diagnostic.span;
            let inside = at.file == span.file && span.start <= at.start && at.end <= span.end;
            inside && diagnostic.code.is_about_form()
        })
    }

    /// The list with its sources, in the order of the files; `None` if nothing is wrong.
    pub(super) fn finish(mut self, sources: &[Source]) -> Option<Diagnostics> {
        if self.list.is_empty() {
            return None;
        }
        // An alias has no value; whatever else is said of it follows from that.
        let aliases: HashSet<Span> = self
            .list
            .iter()
            .filter(|d| d.code == Code::YamlFeature)
            .map(|d| d.span)
            .collect();
        self.list
            .retain(|d| d.code == Code::YamlFeature || !aliases.contains(&d.span));
        self.list.sort_by(|a, b| {
            (&sources[a.span.file].path, a.span, a.code).cmp(&(&sources[b.span.file].path, b.span, b.code))
        });
        Some(Diagnostics {
            sources: sources.to_vec(),
            list: self.list,
            dropped: self.dropped,
        })
    }
}

/// Where the lines of a source begin.
#[derive(Debug)]
pub(super) struct Lines<'s> {
    path: Arc<str>,
    text: &'s str,
    starts: Vec<usize>,
}

impl<'s> Lines<'s> {
    pub(super) fn new(source: &'s Source) -> Self {
        let ends = source.text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            path: source.path.as_str().into(),
            text: &source.text,
            starts: std::iter::once(0).chain(ends).collect(),
        }
    }

    /// The line and column of a byte.
    pub(super) fn origin(&self, byte: usize) -> Origin {
        let byte = floor(self.text, byte);
        let line = self.starts.partition_point(|start| *start <= byte) - 1;
        let column = self.text[self.starts[line]..byte].chars().count() + 1;
        Origin {
            file: Arc::clone(&self.path),
            line: u32::try_from(line + 1).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }
    }
}

/// The nearest character boundary at or before `byte`.
fn floor(text: &str, byte: usize) -> usize {
    let mut at = byte.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// `text` without characters that a terminal obeys.
fn safe(text: &str) -> String {
    text.chars().map(|c| if obeyed(c) { '\u{fffd}' } else { c }).collect()
}

/// `text` without characters that a terminal obeys, with every byte in its place.
fn safe_same_length(text: &str) -> String {
    text.chars()
        .map(|c| match c.len_utf8() {
            _ if c == '\n' || c == '\t' || !obeyed(c) => c,
            1 => '?',
            2 => '\u{bf}',
            _ => '\u{fffd}',
        })
        .collect()
}

/// Control characters, and those that change the direction of text.
pub(super) fn obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str, start: usize, end: usize) -> Diagnostics {
        let mut found = Found::default();
        let span = Span { file: 0, start, end };
        found.add(Diagnostic::new(Code::Syntax, span, "odd").label("here"));
        found.add(Diagnostic::new(Code::Syntax, span, "odd again"));
        found.finish(&[Source::new("cases/a.yaml", text)]).unwrap()
    }

    #[test]
    fn a_caret_stands_under_the_place() {
        let text = one("a: 1\nbé: 2\n", 5, 8).to_string();
        assert!(text.contains("cases/a.yaml:2:1"), "{text}");
        assert!(text.contains("^^ here"), "{text}");
        assert!(text.ends_with("1 error in 1 file\n"), "{text}");
    }

    #[test]
    fn a_file_cannot_speak_to_the_terminal() {
        let text = one("a: \x1b[31m\u{9b}31m\u{202e}\r\n", 3, 4).to_string();
        assert!(!text.chars().any(|c| c != '\n' && obeyed(c)), "{text:?}");
    }

    #[test]
    fn odd_places_do_not_panic() {
        for (start, end) in [(0, 0), (3, 900), (900, 901), (4, 5), (5, 4), (6, 6)] {
            let _ = one("a: é\r\nb", start, end).to_string();
            let _ = one("", start, end).to_string();
        }
    }
}
