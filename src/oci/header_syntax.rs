//! The lexical pieces that header fields are made of: tokens, quoted strings and optional white space, after
//! [RFC 9110, section 5.6](https://www.rfc-editor.org/rfc/rfc9110#section-5.6).
//!
//! It knows no field: what a token means, and which separators stand between tokens, is the business of its callers.

use std::fmt;

/// A position in a header field's value, and the steps that lexing takes from there.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

/// Why a quoted string ended in error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuotedError {
    /// The value ended before the closing quote.
    Unterminated,
    /// A control character stands at this byte.
    Control(usize),
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The byte offset of what comes next.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Goes on to `at`, which must be the start of a character or the end.
    pub(super) fn skip_to(&mut self, at: usize) {
        debug_assert!(self.text.is_char_boundary(at) && at >= self.at);
        self.at = at;
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Steps over `byte` if it comes next. Only for ASCII bytes, so that the position stays on a character.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        debug_assert!(byte.is_ascii());
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
        }
        found
    }

    /// Steps over spaces and tabs; true if there were any.
    pub(super) fn skip_white_space(&mut self) -> bool {
        !self.take_while(|byte| byte == b' ' || byte == b'\t').is_empty()
    }

    /// The token that comes next, empty if none does.
    pub(super) fn token(&mut self) -> &'a str {
        self.take_while(is_token_byte)
    }

    /// The longest run of accepted bytes that comes next. A predicate must take all bytes above 0x7f or none of them.
    pub(super) fn take_while(&mut self, accept: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.bytes().position(|byte| !accept(byte)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// The content of the quoted string that comes next, escapes resolved; `None` if no quote comes next.
    pub(super) fn quoted_string(&mut self) -> Option<Result<String, QuotedError>> {
        if !self.eat(b'"') {
            return None;
        }
        let mut content = String::new();
        let mut escaped = false;
        for (offset, character) in self.rest().char_indices() {
            if character.is_ascii_control() && character != '\t' {
                return Some(Err(QuotedError::Control(self.at + offset)));
            }
            match character {
                _ if escaped => {
                    content.push(character);
                    escaped = false;
                }
                '\\' => escaped = true,
                '"' => {
                    self.at += offset + 1;
                    return Some(Ok(content));
                }
                _ => content.push(character),
            }
        }
        self.at = self.text.len();
        Some(Err(QuotedError::Unterminated))
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }
}

/// Whether `byte` may stand in a token (`tchar`).
pub(super) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Writes `value` as a token if it is one, else as a quoted string.
pub(super) fn write_value(f: &mut fmt::Formatter<'_>, value: &str) -> fmt::Result {
    if !value.is_empty() && value.bytes().all(is_token_byte) {
        return f.write_str(value);
    }
    write_quoted(f, value)
}

/// Writes `value` as a quoted string.
pub(super) fn write_quoted(f: &mut fmt::Formatter<'_>, value: &str) -> fmt::Result {
    f.write_str("\"")?;
    for character in value.chars() {
        if matches!(character, '"' | '\\') {
            f.write_str("\\")?;
        }
        write!(f, "{character}")?;
    }
    f.write_str("\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_string_resolves_its_escapes() {
        let mut scanner = Scanner::new(r#""a\"b\\c, d" rest"#);
        assert_eq!(scanner.quoted_string(), Some(Ok(r#"a"b\c, d"#.to_owned())));
        assert!(scanner.skip_white_space());
        assert_eq!(scanner.token(), "rest");
        assert!(scanner.is_at_end());
    }

    #[test]
    fn a_quoted_string_says_how_it_is_broken() {
        assert_eq!(Scanner::new("token").quoted_string(), None);
        assert_eq!(
            Scanner::new("\"open").quoted_string(),
            Some(Err(QuotedError::Unterminated))
        );
        assert_eq!(
            Scanner::new("\"ends in a backslash\\").quoted_string(),
            Some(Err(QuotedError::Unterminated))
        );
        assert_eq!(
            Scanner::new("\"a\nb\"").quoted_string(),
            Some(Err(QuotedError::Control(2)))
        );
    }

    #[test]
    fn a_token_stops_at_characters_beyond_ascii() {
        let mut scanner = Scanner::new("naïve");
        assert_eq!(scanner.token(), "na");
        assert_eq!(scanner.at(), 2);
    }
}
