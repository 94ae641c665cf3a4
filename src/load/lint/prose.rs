//! The style of sentences: what a reader of a report sees first.

use std::collections::HashMap;

use super::Decoded;
use crate::load::diagnostic::{Code, Diagnostic, Found, Span};

/// The longest sentence.
const MAX_CHARS: usize = 160;

/// Checks the sentence of every case, and that no two cases of a file have one.
pub(super) fn lint(cases: &[Decoded], found: &mut Found) {
    let mut seen: HashMap<(usize, &str), Span> = HashMap::new();
    for decoded in cases {
        let (Some(span), Some((case, _))) = (decoded.says, decoded.cases.first()) else {
            continue;
        };
        for (case, _) in &decoded.cases {
            says(&case.says, span, found);
        }
        if let Some(first) = seen.insert((span.file, &case.says), span) {
            let diagnostic = Diagnostic::new(Code::BadProse, span, "another case of the file says the same");
            found.add(
                diagnostic
                    .note_at(first, "the other one")
                    .help("say in what the two differ"),
            );
        }
    }
}

/// Checks one sentence.
pub(super) fn says(text: &str, span: Span, found: &mut Found) {
    if let Some((message, help)) = fault(text) {
        found.add(Diagnostic::new(Code::BadProse, span, message).help(help));
    }
}

/// What is wrong with a sentence, and what to do about it.
fn fault(text: &str) -> Option<(&'static str, &'static str)> {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    let has = |word: &str| words.contains(&word);
    if text.is_empty() {
        Some(("the sentence is empty", "say what a conforming registry does"))
    } else if text.chars().count() > MAX_CHARS {
        Some((
            "the sentence is longer than 160 characters",
            "say only what this case is about",
        ))
    } else if !text.ends_with('.') {
        Some(("the sentence does not end with a full stop", "end it with one"))
    } else if text.trim_end_matches('.').contains(". ") {
        Some((
            "these are two sentences",
            "say it in one; the rest belongs into a comment",
        ))
    } else if !text.starts_with(|c: char| c.is_uppercase() || !c.is_alphabetic()) {
        Some(("the sentence begins with a small letter", "begin with a capital letter"))
    } else if has("should") || has("shall") {
        Some((
            "the sentence demands",
            "say what happens: `is listed`, not `should be listed`; the level is the requirement's",
        ))
    } else if lower.contains("test that") || lower.starts_with("test ") || has("verify") || has("verifies") {
        Some((
            "the sentence speaks of the test",
            "speak of the registry: what it does, not what is checked",
        ))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_have_a_style() {
        assert_eq!(
            fault("A blob comes back byte for byte, e.g. after a restart."),
            fault("A. B.")
        );
        assert_eq!(fault("A blob comes back byte for byte."), None);
        assert!(fault("A blob should come back.").is_some());
        assert!(fault("Test that a blob comes back.").is_some());
        assert!(fault("A blob comes back").is_some());
        assert!(fault("a blob comes back.").is_some());
        assert!(fault("").is_some());
        assert!(fault(&format!("{}.", "A".repeat(160))).is_some());
    }
}
