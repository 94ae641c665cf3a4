//! Defects before any thought of registries: odd paths, queries, headers and methods that end in a failure of the server.

use hyper::{Method, StatusCode, header};

use super::{Seen, server_error};
use crate::oci::reference::Reference;
use crate::registry::Mutant as M;
use crate::registry::respond::Reply;
use crate::registry::routes::Route;

/// From how many bytes on a path or a header is too long for a mutant.
const TOO_LONG: usize = 4096;

/// What a mutant makes of any answer at all.
pub(super) fn any(seen: &Seen<'_>, reply: Reply) -> Reply {
    if fails(seen, &reply) {
        server_error().into_reply()
    } else {
        reply
    }
}

/// Whether a request is too much for a mutant.
fn fails(seen: &Seen<'_>, reply: &Reply) -> bool {
    let request = seen.request;
    let path = request.uri.path();
    let has = |part: &str| path.contains(part);
    match seen.mutant {
        M::BadNameServerError => matches!(seen.route, Route::BadName(_)),
        M::ReferenceServerError => has("%00") || has("%FF"),
        M::DotSegmentsServerError => has("/../") || has("/./") || has("%2E%2E") || has("..%2F"),
        M::EncodedSlashServerError => has("%2F"),
        M::LongPathServerError => path.len() > TOO_LONG,
        M::LongHeaderServerError => request.headers.values().any(|value| value.len() > TOO_LONG),
        M::AcceptServerError => request
            .header(header::ACCEPT)
            .is_some_and(|accept| !accept.contains('/')),
        M::QueryServerError => request.uri.query().is_some_and(is_badly_encoded),
        M::MethodServerError => reply.status == StatusCode::METHOD_NOT_ALLOWED,
        M::DeleteMalformedServerError => match seen.route {
            Route::Blob(_, text) | Route::Manifest(_, text) => {
                request.method == Method::DELETE && text.parse::<Reference>().is_err()
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether a percent sign stands for nothing.
fn is_badly_encoded(query: &str) -> bool {
    let is_hex = |text: &str| {
        let code = text.as_bytes().get(..2).unwrap_or_default();
        code.len() == 2 && code.iter().all(u8::is_ascii_hexdigit)
    };
    query.split('%').skip(1).any(|rest| !is_hex(rest))
}
