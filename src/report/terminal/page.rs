//! Lines on a page: colours and the breaking of lines.
//!
//! Owns the layout. Refuses to know what is written; whoever writes has made it printable.

use anstyle::{AnsiColor, Style as Escapes};

use super::{Look, Style};

/// What a colour says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Good,
    Bad,
    Doubtful,
    Faint,
    Strong,
}

impl Ink {
    fn escapes(self) -> Escapes {
        match self {
            Ink::Good => AnsiColor::Green.on_default().bold(),
            Ink::Bad => AnsiColor::Red.on_default().bold(),
            Ink::Doubtful => AnsiColor::Yellow.on_default().bold(),
            Ink::Faint => Escapes::new().dimmed(),
            Ink::Strong => Escapes::new().bold(),
        }
    }
}

/// The text so far.
pub(super) struct Page {
    look: Look,
    text: String,
}

impl Page {
    pub(super) fn new(look: Look) -> Self {
        Page {
            look,
            text: String::new(),
        }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// `text` in a colour, if there are colours.
    pub(super) fn ink(&self, ink: Ink, text: &str) -> String {
        match self.look.style {
            Style::Plain => text.to_owned(),
            Style::Coloured => {
                let escapes = ink.escapes();
                format!("{escapes}{text}{escapes:#}")
            }
        }
    }

    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    pub(super) fn title(&mut self, title: &str) {
        self.blank();
        let title = self.ink(Ink::Strong, title);
        self.line(&title);
    }

    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// One line, cut at the width.
    pub(super) fn cut(&mut self, line: &str) {
        let width = self.look.width.max(20);
        if line.chars().count() <= width {
            return self.line(line.trim_end());
        }
        let head: String = line.chars().take(width - 3).collect();
        self.line(&format!("{}...", head.trim_end()));
    }

    /// `text` after `lead`, broken between words; the lines that follow are indented as far as the first.
    pub(super) fn wrapped(&mut self, lead: &str, text: &str) {
        let indent = lead.chars().count();
        let mut width = indent;
        self.text.push_str(lead);
        for (index, word) in text.split(' ').filter(|word| !word.is_empty()).enumerate() {
            let length = word.chars().count();
            if index > 0 {
                if width + 1 + length > self.look.width {
                    self.text.push('\n');
                    self.text.push_str(&" ".repeat(indent));
                    width = indent;
                } else {
                    self.text.push(' ');
                    width += 1;
                }
            }
            self.text.push_str(word);
            width += length;
        }
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.text.push('\n');
    }

    /// `text` in a colour, broken between words.
    pub(super) fn wrapped_in(&mut self, ink: Ink, text: &str) {
        let mut plain = Page::new(Look {
            style: Style::Plain,
            ..self.look
        });
        plain.wrapped("", text);
        for line in plain.text.lines() {
            let line = self.ink(ink, line);
            self.line(&line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(width: usize) -> Page {
        Page::new(Look {
            style: Style::Plain,
            width,
        })
    }

    #[test]
    fn words_are_wrapped_and_never_broken() {
        let mut page = page(12);
        page.wrapped("- ", "one two three a-very-long-word four");
        assert_eq!(page.finish(), "- one two\n  three\n  a-very-long-word\n  four\n");
    }

    #[test]
    fn one_line_is_cut_visibly() {
        let mut page = page(20);
        page.cut("12345678901234567890");
        page.cut("123456789012345678901");
        assert_eq!(page.finish(), "12345678901234567890\n12345678901234567...\n");
    }

    #[test]
    fn colours_are_switched_off_at_the_end_of_each_line() {
        let mut page = Page::new(Look {
            style: Style::Coloured,
            width: 5,
        });
        page.wrapped_in(Ink::Bad, "abc def");
        assert_eq!(page.finish(), "\x1b[1m\x1b[31mabc\x1b[0m\n\x1b[1m\x1b[31mdef\x1b[0m\n");
    }
}
