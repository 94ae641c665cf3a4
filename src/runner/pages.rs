//! The pages of a list as one answer.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::client::{Answer, Received};

/// A page as the text of its parts: a list may have megabytes, and each value takes many times the memory of its text.
struct Page<'a> {
    members: BTreeMap<String, &'a RawValue>,
    entries: Vec<&'a RawValue>,
}

/// The first answer with the array `list` grown by the elements of the other pages, and the links of the last; the first that
/// is no page of a list, if there is one. With it, which of the answers it is.
pub fn merge(first: &Answer, others: &[Answer], list: &str) -> (Answer, usize) {
    let (Some(last), Some(start)) = (others.last(), page(&first.body, list)) else {
        return (first.clone(), 0);
    };
    let mut more: Vec<Page> = Vec::with_capacity(others.len());
    for (at, answer) in others.iter().enumerate() {
        match page(&answer.body, list).filter(|_| answer.status() == Some(200)) {
            Some(page) => more.push(page),
            // What is too much to be read is nobody's fault.
            None if answer.body.whole && !answer.body.has_few_values() => {}
            None => return (answer.clone(), at + 1),
        }
    }
    let mut merged = first.clone();
    let entries = start.entries.iter().chain(more.iter().flat_map(|page| &page.entries));
    let length = first.body.len + others.iter().map(|answer| answer.body.len).sum::<u64>();
    merged.body = Received::of(text(&start.members, list, entries.copied(), length as usize));
    // Where the list goes on, though its pages are not asked for any more.
    let is_link = |(name, _): &(String, String)| name.eq_ignore_ascii_case("Link");
    merged.headers.retain(|field| !is_link(field));
    merged
        .headers
        .extend(last.headers.iter().filter(|field| is_link(field)).cloned());
    (merged, 0)
}

/// Whether an answer is a page of `list` with anything on it.
pub fn has_entries(answer: &Answer, list: &str) -> bool {
    page(&answer.body, list).is_some_and(|page| !page.entries.is_empty())
}

/// A body as a page with the array `list`, if it is one.
fn page<'a>(body: &'a Received, list: &str) -> Option<Page<'a>> {
    if !body.whole || !body.has_few_values() {
        return None;
    }
    let members: BTreeMap<String, &RawValue> = serde_json::from_slice(&body.bytes).ok()?;
    let entries = serde_json::from_str(members.get(list)?.get()).ok()?;
    Some(Page { members, entries })
}

/// An object with these members, but for `list`, which comes last and has these elements; of about this length.
fn text<'a>(
    members: &BTreeMap<String, &RawValue>,
    list: &str,
    entries: impl Iterator<Item = &'a RawValue>,
    length: usize,
) -> Vec<u8> {
    let mut text = String::with_capacity(length);
    text.push('{');
    for (name, value) in members.iter().filter(|(name, _)| *name != list) {
        text.push_str(&format!("{}:{value},", serde_json::Value::from(name.as_str())));
    }
    text.push_str(&format!("{}:[", serde_json::Value::from(list)));
    for (number, entry) in entries.enumerate() {
        text.push_str(if number == 0 { "" } else { "," });
        text.push_str(entry.get());
    }
    text.push_str("]}");
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(pages: &[&str]) -> Option<String> {
        let bodies: Vec<Received> = pages
            .iter()
            .map(|text| Received::of(text.as_bytes().to_vec()))
            .collect();
        let pages: Vec<Page> = bodies.iter().filter_map(|body| page(body, "tags")).collect();
        let entries = pages.iter().flat_map(|page| page.entries.iter().copied());
        let text = text(&pages.first()?.members, "tags", entries, 0);
        Some(String::from_utf8(text).unwrap())
    }

    #[test]
    fn elements_of_all_pages_are_in_the_list_of_the_first() {
        let pages = [
            r#"{"name": "a\"b", "tags": ["x", {"y": [1]}]}"#,
            r#"{"tags": []}"#,
            r#"{"tags":["z"],"name":"c"}"#,
        ];
        assert_eq!(
            joined(&pages).unwrap(),
            r#"{"name":"a\"b","tags":["x",{"y": [1]},"z"]}"#
        );
        assert_eq!(
            joined(&[r#"{"name": "a"}"#, "[]", r#"{"tags": "x"}"#, r#"{"tags": [1"#]),
            None
        );
    }
}
