//! Regular expressions of cases, each compiled once.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex::bytes::Regex;

/// Every pattern asked for so far. They come from case files, so their number is bounded.
/// A clone of an expression has no memory of its own yet and makes it at its first use, so they are shared instead.
static COMPILED: LazyLock<Mutex<HashMap<String, Option<Arc<Regex>>>>> = LazyLock::new(Mutex::default);

/// Whether a pattern finds something in a text. The loader refuses patterns that are no regular expressions; such a one
/// finds nothing.
pub fn finds(pattern: &str, text: &[u8]) -> bool {
    compiled(pattern).is_some_and(|regex| regex.is_match(text))
}

/// What the first group of a pattern finds in a text, or the whole pattern if it has no group.
pub fn part(pattern: &str, text: &str) -> Option<String> {
    let regex = compiled(pattern)?;
    let found = regex.captures(text.as_bytes())?;
    let part = found.get(1).or_else(|| found.get(0))?;
    String::from_utf8(part.as_bytes().to_vec()).ok()
}

fn compiled(pattern: &str) -> Option<Arc<Regex>> {
    let known = COMPILED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(pattern)
        .cloned();
    known.unwrap_or_else(|| {
        let regex = Regex::new(pattern).ok().map(Arc::new);
        let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
        compiled.insert(pattern.to_string(), regex.clone());
        regex
    })
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn a_part_is_the_first_group_or_the_whole() {
        assert_eq!(part("([^/]+)$", "/v2/a/blobs/uploads/1?x=2").as_deref(), Some("1?x=2"));
        assert_eq!(part("b.", "abc").as_deref(), Some("bc"));
        assert_eq!(part("(x)", "abc"), None);
    }
}
