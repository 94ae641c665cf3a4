//! Defects of how manifests of Docker's first schema are served and deleted.

use hyper::{StatusCode, header};
use serde_json::json;

use super::Seen;
use crate::oci::media_type::{DOCKER_CONFIG, DOCKER_MANIFEST, JSON};
use crate::registry::Mutant as M;
use crate::registry::document::Kind;
use crate::registry::first_schema;
use crate::registry::respond::{Answer, Reply};
use crate::registry::routes::Route;

/// The answer of a mutant that only says that it deletes.
pub(super) fn interfere(seen: &Seen<'_>) -> Option<Answer> {
    let Route::Manifest(name, reference) = seen.route else {
        return None;
    };
    if seen.mutant != M::FirstSchemaStays || seen.request.method != "DELETE" {
        return None;
    }
    let manifest = seen.manifest(name, &reference.parse().ok()?)?;
    (manifest.document.kind == Kind::FirstSchema).then(|| Ok(Reply::new(StatusCode::ACCEPTED)))
}

/// What a mutant makes of a manifest that is pulled.
pub(super) fn manifest(seen: &Seen<'_>, reference: &str, reply: Reply) -> Reply {
    let content_type = reply.text(header::CONTENT_TYPE).unwrap_or_default();
    if !first_schema::has_type(&content_type) {
        return reply;
    }
    let accepts = |wanted: &dyn Fn(&str) -> bool| seen.request.list(header::ACCEPT).iter().any(|name| wanted(name));
    match seen.mutant {
        M::FirstSchemaServedAsJson => reply.set(header::CONTENT_TYPE, JSON),
        M::FirstSchemaWithoutLayers if !reference.contains(':') => reply.edited(|body| body["fsLayers"] = json!([])),
        M::FirstSchemaConverted
            if accepts(&|name| name == DOCKER_MANIFEST) && !accepts(&|name| first_schema::has_type(name)) =>
        {
            let reply = reply.edited(|body| {
                let layers = body["fsLayers"].take();
                let config = json!({"mediaType": DOCKER_CONFIG, "digest": layers[0]["blobSum"], "size": 0});
                *body = json!({"schemaVersion": 2, "mediaType": DOCKER_MANIFEST, "config": config, "layers": []});
            });
            reply.set(header::CONTENT_TYPE, DOCKER_MANIFEST)
        }
        _ => reply,
    }
}
