//! Regular expressions of cases, each compiled once.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use regex::bytes::Regex;

/// Every pattern asked for so far. They come from case files, so their number is bounded.
static COMPILED: LazyLock<Mutex<HashMap<String, Option<Regex>>>> = LazyLock::new(Mutex::default);

/// Whether a pattern finds something in a text. The loader refuses patterns that are no regular expressions; such a one
/// finds nothing.
pub(super) fn finds(pattern: &str, text: &[u8]) -> bool {
    let known = COMPILED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(pattern)
        .cloned();
    let regex = known.unwrap_or_else(|| {
        let regex = Regex::new(pattern).ok();
        let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
        compiled.insert(pattern.to_string(), regex.clone());
        regex
    });
    regex.is_some_and(|regex| regex.is_match(text))
}
