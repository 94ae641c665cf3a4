//! Defects of a cache before the registry that nothing purges.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hyper::header;

use super::Seen;
use crate::oci::error_body::ErrorCode;
use crate::registry::Mutant as M;
use crate::registry::respond::{Answer, Failure, Reply};
use crate::registry::routes::Route;

/// Answers by path and query. What was not found has none.
#[derive(Debug, Default)]
pub(in crate::registry) struct Cache(Mutex<HashMap<String, Option<Reply>>>);

/// The first answer of the kind that a mutant keeps, in the place of any later one.
pub(super) fn answer(seen: &Seen<'_>, answer: Answer) -> Answer {
    let request = seen.request;
    if !request.method.is_safe() || request.header(header::RANGE).is_some() || !is_kept(seen) {
        return answer;
    }
    let key = request.uri.to_string();
    let mut kept = seen.registry.cache.0.lock().unwrap_or_else(PoisonError::into_inner);
    let first = match (kept.get(&key), &answer) {
        (Some(Some(reply)), _) => return Ok(reply.clone()),
        (Some(None), _) => return Err(Failure::not_found(ErrorCode::ManifestUnknown, "it was not there")),
        (None, Ok(reply)) if reply.is_ok() && seen.mutant != M::MissingCached => Some(reply.clone()),
        (None, Err(failure)) if failure.status == 404 && seen.mutant == M::MissingCached => None,
        _ => return answer,
    };
    kept.insert(key, first);
    answer
}

fn is_kept(seen: &Seen<'_>) -> bool {
    match (seen.mutant, seen.route) {
        (M::TagCached, Route::Manifest(_, reference)) => !reference.contains(':'),
        (M::ManifestCached, Route::Manifest(_, reference)) => reference.contains(':'),
        (M::BlobCached, Route::Blob(..))
        | (M::TagsCached, Route::Tags(_))
        | (M::MissingCached, Route::Manifest(..) | Route::Blob(..)) => true,
        _ => false,
    }
}
