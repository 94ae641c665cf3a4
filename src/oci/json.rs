//! A strict reader of JSON, after [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259), for documents whose every byte is
//! hashed and that several programs must read alike.
//!
//! Stricter than most readers: a member name that occurs twice is a fault, as are lone surrogates, a byte order mark and
//! anything after the value. Size, depth and number of values are bounded. Numbers stay text, so that nothing is lost.
//! It knows nothing of what documents mean.

mod reader;

use std::fmt;

use reader::Reader;

/// The size up to which documents are read by default: what registries are advised to accept at least, in bytes.
pub const MAX_SIZE: usize = 4 * 1024 * 1024;

/// The depth up to which arrays and objects may be nested by default.
pub const MAX_DEPTH: usize = 128;

/// The depth beyond which nothing is read, whatever the limits say: each level takes stack.
pub const DEPTH_CEILING: usize = 512;

/// The number of values, nested ones included, that a document may have by default.
pub const MAX_VALUES: usize = 1 << 19;

/// The number of bytes of a name that are repeated in errors and their pointers.
const MAX_STEP: usize = 200;

/// What a document may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes.
    pub size: usize,
    /// The most levels of arrays and objects; no more than [`DEPTH_CEILING`] has an effect.
    pub depth: usize,
    /// The most values, nested ones included.
    pub values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            size: MAX_SIZE,
            depth: MAX_DEPTH,
            values: MAX_VALUES,
        }
    }
}

/// A value and the byte that it starts at. Compared by the value alone.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where the value starts, in bytes from the start of the document.
    pub offset: usize,
    /// The value.
    pub value: Json,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it was written.
    Number(Box<str>),
    /// A string, escapes resolved.
    String(String),
    /// An array.
    Array(Vec<Node>),
    /// The members of an object in their order. Names may repeat only in what [`read`] returns.
    Object(Vec<Member>),
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its name, escapes resolved.
    pub name: String,
    /// Its value.
    pub value: Node,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Node {
    /// The value of the first member of this name, if this is an object that has it.
    pub fn member(&self, name: &str) -> Option<&Self> {
        match &self.value {
            Json::Object(members) => members
                .iter()
                .find(|member| member.name == name)
                .map(|member| &member.value),
            _ => None,
        }
    }

    /// What kind of value it is, for people: "a string".
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::String(_) => "a string",
            Json::Array(_) => "an array",
            Json::Object(_) => "an object",
        }
    }
}

impl fmt::Display for Node {
    /// Writes the value without white space.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Json::Null => f.write_str("null"),
            Json::Bool(value) => write!(f, "{value}"),
            Json::Number(text) => f.write_str(text),
            Json::String(text) => write_string(f, text),
            Json::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at > 0 { "," } else { "[" })?;
                }
                f.write_str(if items.is_empty() { "[]" } else { "]" })
            }
            Json::Object(members) => {
                for (at, member) in members.iter().enumerate() {
                    f.write_str(if at > 0 { "," } else { "{" })?;
                    write_string(f, &member.name)?;
                    write!(f, ":{}", member.value)?;
                }
                f.write_str(if members.is_empty() { "{}" } else { "}" })
            }
        }
    }
}

/// A place in a document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Position {
    /// Bytes from the start.
    pub offset: usize,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
}

impl Position {
    /// The place of byte `offset` in `text`. Bytes that are no UTF-8 count as a column each.
    pub fn of(text: &[u8], offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |newline| newline + 1);
        // Bytes that continue a character start no column.
        let columns = before.iter().skip(start).filter(|byte| **byte & 0xc0 != 0x80).count();
        Self {
            offset,
            line: 1 + before.iter().filter(|byte| **byte == b'\n').count(),
            column: 1 + columns,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Why bytes are no document, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault} at {position} ({})", if pointer.is_empty() { "the document" } else { pointer })]
pub struct JsonError {
    /// Where it was noticed.
    pub position: Position,
    /// The value that was being read, as a JSON pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)).
    pub pointer: String,
    /// What is wrong.
    pub fault: JsonFault,
}

/// What can be wrong with JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonFault {
    /// The document is larger than the limit.
    #[error("more than {0} bytes")]
    TooLarge(usize),
    /// Arrays and objects are nested deeper than the limit.
    #[error("more than {0} levels")]
    TooDeep(usize),
    /// The document has more values than the limit.
    #[error("more than {0} values")]
    TooManyValues(usize),
    /// The document is not UTF-8.
    #[error("bytes that are not UTF-8")]
    NotUtf8,
    /// The document starts with a byte order mark.
    #[error("a byte order mark")]
    ByteOrderMark,
    /// The document ended before the value did.
    #[error("an early end where {0} was expected")]
    End(&'static str),
    /// Something else stands there.
    #[error("something else than {0}")]
    Expected(&'static str),
    /// A number is not written as JSON wants.
    #[error("a number that is not written as JSON wants")]
    Number,
    /// An escape that JSON does not have.
    #[error("an unknown escape")]
    Escape,
    /// Half of a surrogate pair, which is no character.
    #[error("half of a surrogate pair")]
    LoneSurrogate,
    /// A control character stands in a string without an escape.
    #[error("a control character")]
    Control,
    /// An object has this name twice.
    #[error("the repeated name {0:?}")]
    DuplicateName(String),
    /// Something follows the value.
    #[error("something after the end of the value")]
    Trailing,
}

/// Reads a document.
///
/// # Errors
/// The first fault. A repeated name counts last, after every other fault.
pub fn parse(bytes: &[u8], limits: Limits) -> Result<Node, JsonError> {
    let (node, duplicates) = read(bytes, limits)?;
    duplicates.into_iter().next().map_or(Ok(node), Err)
}

/// Reads a document and lists the names that repeat, so that a caller can go on to look for other mistakes.
///
/// # Errors
/// The first fault other than a repeated name.
pub fn read(bytes: &[u8], limits: Limits) -> Result<(Node, Vec<JsonError>), JsonError> {
    let at_start = |offset, fault| JsonError {
        position: Position::of(bytes, offset),
        pointer: String::new(),
        fault,
    };
    if bytes.len() > limits.size {
        return Err(at_start(limits.size, JsonFault::TooLarge(limits.size)));
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(at_start(0, JsonFault::ByteOrderMark));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| at_start(error.valid_up_to(), JsonFault::NotUtf8))?;
    let (result, duplicates) = Reader::new(text, limits).document();
    let node = result.map_err(|trace| trace.locate(bytes))?;
    Ok((node, duplicates.into_iter().map(|trace| trace.locate(bytes)).collect()))
}

/// Appends one step to a JSON pointer, shortened if it is very long.
pub(super) fn push_pointer(pointer: &mut String, step: &str) {
    pointer.push('/');
    for character in shortened(step).chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            _ => pointer.push(character),
        }
    }
}

fn write_string(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    let mut rest = text;
    // What stands for itself is written in one go: a text may have megabytes.
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)) {
        let (before, special) = (&rest[..at], rest.as_bytes()[at]);
        f.write_str(before)?;
        match special {
            b'"' | b'\\' => write!(f, "\\{}", char::from(special))?,
            _ => write!(f, "\\u{special:04x}")?,
        }
        rest = &rest[at + 1..];
    }
    f.write_str(rest)?;
    f.write_str("\"")
}

/// `text`, or its start and an ellipsis. A name of a megabyte must not be repeated in each of a hundred errors.
fn shortened(text: &str) -> String {
    let end = (0..=MAX_STEP.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or_default();
    match text.get(..end) {
        Some(start) if end < text.len() => format!("{start}…"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
