//! Text from a target, made harmless to a terminal and to XML.
//!
//! Owns the one rule of what may be shown as it is. A registry chooses the words of its header fields and bodies, and a
//! renderer shows them to a person: a character that moves the cursor, changes colours, reverses the direction of
//! writing, is invisible or is not a character at all is shown as an escape, and what is too long is cut, visibly.
//! Refuses to know where the text goes.

use std::fmt::Write;
use std::io;

/// Characters of a sentence that quotes what somebody else wrote.
pub(crate) const SENTENCE: usize = 2000;

/// One line of at most about `limit` characters: line ends and tabs are escaped too.
pub(crate) fn line(text: &str, limit: usize) -> String {
    render(text.chars(), limit, false)
}

/// Text of at most about `limit` characters that keeps its line ends.
pub(crate) fn lines(text: &str, limit: usize) -> String {
    render(text.chars(), limit, true)
}

/// One line of at most about `limit` characters in which every run of white space is one space: for looking at a body
/// in passing.
pub(super) fn squeezed(text: &str, limit: usize) -> String {
    let mut after_space = true;
    let chars = text.chars().filter_map(|c| {
        let space = matches!(c, ' ' | '\t' | '\n' | '\r');
        let shown = if space { ' ' } else { c };
        let kept = !(space && after_space);
        after_space = space;
        kept.then_some(shown)
    });
    let mut line = render(chars, limit, false);
    line.truncate(line.trim_end().len());
    line
}

/// A writer of JSON in which what is not harmless is an escape of JSON: the same document for a program, and harmless to
/// who looks at the file. Outside of strings JSON has no such character. It takes whole characters at a time, as
/// `serde_json` gives them.
pub(super) struct Json<W>(pub W);

impl<W: io::Write> io::Write for Json<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let is_plain = |c: char| c == '\n' || is_harmless(c);
        if bytes.iter().all(|byte| matches!(byte, b'\n' | b' '..=b'~')) {
            self.0.write_all(bytes)?;
            return Ok(bytes.len());
        }
        let mut rest = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| !is_plain(*c)) {
            self.0.write_all(&rest.as_bytes()[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(self.0, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        self.0.write_all(rest.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The text that `write` writes.
pub(super) fn text(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> io::Result<String> {
    let mut text = Vec::new();
    write(&mut text)?;
    String::from_utf8(text).map_err(io::Error::other)
}

fn render(chars: impl Iterator<Item = char>, limit: usize, keep_line_ends: bool) -> String {
    let mut shown = String::new();
    let mut chars = chars.peekable();
    for _ in 0..limit {
        let Some(c) = chars.next() else { return shown };
        match c {
            '\n' if keep_line_ends => shown.push('\n'),
            '\r' if keep_line_ends && chars.peek() == Some(&'\n') => {}
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if is_harmless(c) => shown.push(c),
            c => escape(c, &mut shown),
        }
    }
    let rest = chars.count();
    if rest > 0 {
        // Writing into a `String` cannot fail.
        let _ = write!(shown, "... (+{rest} characters)");
    }
    shown
}

fn escape(c: char, shown: &mut String) {
    let code = u32::from(c);
    let _ = match code {
        0..0x80 => write!(shown, "\\x{code:02X}"),
        _ => write!(shown, "\\u{{{code:X}}}"),
    };
}

fn is_harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(
            u32::from(c),
            // Invisible, or changing the direction of writing.
            0x061C | 0x180E | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xFEFF | 0xE0000..=0xE007F
            // Between the lines of an annotation, and no characters.
            | 0xFFF9..=0xFFFB | 0xFDD0..=0xFDEF
        )
        && u32::from(c) & 0xFFFE != 0xFFFE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_deceive_is_escaped() {
        assert_eq!(line("a\x1b[31mb\u{9b}", 99), "a\\x1B[31mb\\u{9B}");
        assert_eq!(
            line("\u{202e}\u{feff}\u{fffe}\u{1ffff}", 99),
            "\\u{202E}\\u{FEFF}\\u{FFFE}\\u{1FFFF}"
        );
        assert_eq!(line("über \\ \u{fffd} 漢", 99), "über \\ \u{fffd} 漢");
    }

    #[test]
    fn line_ends_stay_only_where_wanted() {
        assert_eq!(line("a\r\nb\tc", 99), "a\\r\\nb\\tc");
        assert_eq!(lines("a\r\nb\rc\n", 99), "a\nb\\rc\n");
        assert_eq!(squeezed(" {\n  \"a\":\t1\r\n}\n", 99), "{ \"a\": 1 }");
    }

    #[test]
    fn what_is_cut_is_counted() {
        assert_eq!(line("abc", 3), "abc");
        assert_eq!(line(&"ä".repeat(1000), 3), "äää... (+997 characters)");
    }
}
