//! Lists of tags and of referrers: everything is in them that was put there, once, over all pages.

use std::collections::BTreeSet;

use super::document::{Paper, plain};
use super::execute::{push, quoted};
use super::palette::PIECES;
use super::player::{Call, LATE, Player, preview};
use super::script::By;
use super::violation::Oracle;
use crate::client::{Answer, resolve_location};
use crate::oci::link::Links;

/// The most pages of a list that are asked for.
const PAGES: usize = 64;

/// Tags that start one another, which lists have lost before.
const FAMILY: [&str; 6] = ["v1", "v1.0", "v1-a", "V1", "v10", "v"];

/// Sets some tags on one manifest and lists them.
pub async fn tags(player: &mut Player<'_>, count: u8, query: &str) {
    let paper = plain(None, 0);
    let mut set = BTreeSet::new();
    player.provide(&paper.bytes).await;
    let (bytes, digest) = player.unlike_others(&paper.bytes);
    for tag in FAMILY.iter().take(usize::from(count)) {
        let call = Call::new("PUT", format!("/v2/${{repo}}/manifests/{tag}"))
            .header("Content-Type", paper.content_type.clone().unwrap_or_default())
            .body(bytes.clone());
        let answer = player.call(call).await;
        if answer.status() == Some(201) {
            set.insert(tag.to_string());
            player.room.accepted.insert(digest.clone());
        }
    }
    let target = format!("/v2/${{repo}}/tags/list{query}");
    // Other queries ask for a part of the list.
    // A page that is full and has no link may not be the last one: links are a may, and clients go on by `last`.
    let asked = query.strip_prefix("?n=").and_then(|n| n.parse::<usize>().ok());
    let is_whole = |list: &List| query.is_empty() || asked.is_some_and(|n| n > 0 && list.last < n);
    let is_there = |list: &List| {
        let listed = list.tags();
        !is_whole(list) || set.iter().all(|tag| listed.contains(tag))
    };
    let (first, listed) = pages_until(player, &target, "/tags", is_there).await;
    let Some(list) = listed else { return };
    let listed = list.tags();
    let zero = query == "?n=0";
    if zero && !listed.is_empty() {
        return player.accuse(
            Oracle::TagsZero,
            &first,
            "{json: {/tags: {length: 0}}}",
            preview(&first),
        );
    }
    let distinct: BTreeSet<&String> = listed.iter().collect();
    if distinct.len() < listed.len() {
        return player.accuse(
            Oracle::TagsRepeated,
            &first,
            "{json: {/tags: {unique: \"\"}}}",
            format!("{listed:?}"),
        );
    }
    if let Some(lost) = set.iter().find(|tag| is_whole(&list) && !distinct.contains(tag)) {
        let matcher = format!("{{json: {{/tags: {{contains: {}}}}}}}", quoted(lost));
        player.accuse(Oracle::TagsIncomplete, &first, matcher, format!("{listed:?}"));
    }
}

/// Pushes manifests about one subject and lists them.
pub async fn referrers(player: &mut Player<'_>, papers: &[Paper], query: &str) {
    let subject = &PIECES[3].digest;
    let mut confirmed = BTreeSet::new();
    let mut refused = BTreeSet::new();
    player.provide(subject.as_str().as_bytes()).await;
    for paper in papers {
        let last = push(player, paper, By::Digest).await;
        if last.accepted && last.subject.as_deref() == Some(subject.as_str()) {
            confirmed.insert(last.digest);
        } else if !last.accepted && !player.room.accepted.contains(&last.digest) {
            refused.insert(last.digest);
        }
    }
    let target = format!("/v2/${{repo}}/referrers/{subject}{query}");
    let is_there = |list: &List| {
        let digests = list.digests();
        confirmed.iter().all(|digest| digests.contains(&digest.as_str()))
    };
    let (first, listed) = pages_until(player, &target, "/manifests", is_there).await;
    let Some(list) = listed else { return };
    let digests = list.digests();
    let distinct: BTreeSet<&str> = digests.iter().copied().collect();
    if distinct.len() < digests.len() {
        let matcher = "{json: {/manifests: {unique: /digest}}}";
        return player.accuse(
            Oracle::ReferrerRepeated,
            &first,
            matcher,
            format!("{} of {}", distinct.len(), digests.len()),
        );
    }
    if let Some(stranger) = refused.iter().find(|digest| distinct.contains(digest.as_str())) {
        let matcher = format!("{{json: {{/manifests: {{lacks: {{digest: {}}}}}}}}}", quoted(stranger));
        return player.accuse(
            Oracle::ReferrerStranger,
            &first,
            matcher,
            "a manifest that was refused is listed",
        );
    }
    if !query.is_empty() {
        return;
    }
    if let Some(lost) = confirmed.iter().find(|digest| !distinct.contains(digest.as_str())) {
        let matcher = format!("{{json: {{/manifests: {{contains: {{digest: {}}}}}}}}}", quoted(lost));
        player.accuse(
            Oracle::ReferrerMissing,
            &first,
            matcher,
            format!("{} are listed", digests.len()),
        );
    }
}

/// All pages of a list.
struct List {
    elements: Vec<serde_json::Value>,
    /// How many of them are on the last page.
    last: usize,
}

impl List {
    fn tags(&self) -> Vec<String> {
        let tags = self.elements.iter().filter_map(|tag| tag.as_str());
        tags.map(str::to_owned).collect()
    }

    fn digests(&self) -> Vec<&str> {
        let entries = self.elements.iter();
        entries.filter_map(|entry| entry["digest"].as_str()).collect()
    }
}

/// All pages of a list, read again as long as it may show late what is missing: no sentence says when it has to.
async fn pages_until(
    player: &mut Player<'_>,
    target: &str,
    pointer: &str,
    is_there: impl Fn(&List) -> bool,
) -> (Answer, Option<List>) {
    let mut seen = pages(player, target, pointer).await;
    for wait in LATE {
        let is_done = seen.1.as_ref().is_none_or(&is_there);
        if is_done || player.played.put_off || !player.manner.patient {
            break;
        }
        tokio::time::sleep(wait).await;
        player.take_back();
        seen = pages(player, target, pointer).await;
    }
    seen
}

/// All pages of a list: the first answer, and the elements unless some page is none.
async fn pages(player: &mut Player<'_>, target: &str, pointer: &str) -> (Answer, Option<List>) {
    let first = player.call(Call::new("GET", target)).await;
    let mut elements = Vec::new();
    let mut page = first.clone();
    for _ in 0..PAGES {
        if page.status() != Some(200) || page.error().is_some() {
            return (first, None);
        }
        let Ok(document) = serde_json::from_slice::<serde_json::Value>(&page.body.bytes) else {
            return (first, None);
        };
        let here = document.pointer(pointer).and_then(|list| list.as_array());
        let last = here.map_or(0, Vec::len);
        elements.extend(here.into_iter().flatten().cloned());
        let text = page.headers_all("Link").collect::<Vec<_>>().join(", ");
        let (links, _) = Links::tolerant(&text);
        let next = links
            .next()
            .and_then(|link| resolve_location(&page.url, link.target(), &[]).ok());
        let host = |url: &str| url.split('/').nth(2).map(str::to_owned);
        match next {
            Some(next) if host(&next) == host(&page.url) => page = player.follow(next).await,
            _ => return (first, Some(List { elements, last })),
        }
    }
    (first, None)
}
