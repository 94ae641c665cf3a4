//! Defects that only large content and long lists bring out.

use super::Seen;
use crate::registry::Mutant as M;
use crate::registry::respond::{OCI_FILTERS_APPLIED, Reply};
use crate::registry::routes::Route;
use hyper::{StatusCode, header};

/// How many entries a list has for a mutant at most.
const THOUSAND: usize = 1000;

/// How many entries of a list a mutant finds at most when it goes page by page.
const NINE_PAGES: usize = 900;

/// From how many bytes on a mutant cuts a blob.
const HUGE: usize = 16 << 20;

/// How many layers an image has for a mutant at most.
pub(super) const MANY_LAYERS: usize = 100;

/// What a mutant makes of an answer that is long.
pub(super) fn answer(seen: &Seen<'_>, reply: Reply) -> Reply {
    if !reply.is_ok() {
        return reply;
    }
    match (seen.mutant, seen.route) {
        (M::TagsThousandLost, Route::Tags(_)) => cut(reply, "tags", THOUSAND),
        (M::TagsLaterPagesLost, Route::Tags(name)) => {
            let store = seen.registry.store();
            let before = |last: &str| {
                let tags = store.repository(name).into_iter().flat_map(|known| known.tags());
                tags.filter(|tag| tag.as_str() <= last).count()
            };
            match seen.request.query("last").map(before) {
                Some(before) if before >= NINE_PAGES => {
                    cut(reply.without(header::LINK), "tags", NINE_PAGES.saturating_sub(before))
                }
                _ => reply,
            }
        }
        (M::ReferrersThousandLost, Route::Referrers(..)) => cut(reply, "manifests", THOUSAND),
        (M::ReferrersThousandUnfiltered, Route::Referrers(..)) if reply.headers.contains_key(OCI_FILTERS_APPLIED) => {
            cut(reply, "manifests", THOUSAND)
        }
        (M::BlobHugeCut, Route::Blob(..)) if reply.status == StatusCode::OK && reply.body.len() > HUGE => Reply {
            body: reply.body.slice(..HUGE),
            ..reply
        },
        (M::ManyLayersLost, Route::Manifest(..)) if seen.request.method.is_safe() => {
            let layers = |body: &[u8]| {
                let document = serde_json::from_slice::<serde_json::Value>(body).unwrap_or_default();
                document["layers"].as_array().map_or(0, Vec::len)
            };
            if layers(&reply.body) > MANY_LAYERS {
                cut(reply, "layers", MANY_LAYERS)
            } else {
                reply
            }
        }
        _ => reply,
    }
}

/// A document without what is beyond so many entries of its list.
fn cut(reply: Reply, list: &str, most: usize) -> Reply {
    reply.edited(|body| {
        if let Some(list) = body[list].as_array_mut() {
            list.truncate(most);
        }
    })
}
