//! Defects that clients stumble over who sign, encrypt, promote and admit.

use hyper::{StatusCode, header};
use serde_json::{Value, json};

use super::Seen;
use crate::oci::error_body::ErrorCode;
use crate::oci::media_type::OCI_INDEX;
use crate::registry::Mutant as M;
use crate::registry::respond::{Answer, Failure, Reply};
use crate::registry::routes::Route;
use crate::registry::server::Registry;

impl Registry {
    /// Why a mutant refuses a manifest that a client has every right to push.
    pub(in crate::registry) fn misunderstands(&self, document: &Value) -> Result<(), Failure> {
        let layers = || document["layers"].as_array().into_iter().flatten();
        let is_odd = |descriptor: &Value| {
            let name = descriptor["mediaType"].as_str().unwrap_or_default();
            name.chars().any(char::is_uppercase) || !name.contains(".v")
        };
        let refused = match self.mutant() {
            Some(M::SignaturesOneLayer) => document.get("subject").is_some() && layers().count() > 1,
            Some(M::ArtifactNamesChecked) => layers().chain(document.get("config")).any(is_odd),
            _ => false,
        };
        match refused {
            true => Err(Failure::bad_request(ErrorCode::ManifestInvalid, "not as it is usual")),
            false => Ok(()),
        }
    }
}

/// What a mutant makes of a refusal.
pub(super) fn refused(seen: &Seen<'_>, failure: Failure) -> Answer {
    let is_list = matches!(seen.route, Route::Referrers(..)) && failure.status == StatusCode::UNAUTHORIZED;
    if seen.mutant != M::DeniedIsNoList || !is_list {
        return Err(failure);
    }
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []});
    Ok(Reply::new(StatusCode::OK).content(OCI_INDEX, index.to_string().into()))
}

/// What a mutant makes of a list of referrers.
pub(super) fn referrers(seen: &Seen<'_>, reply: Reply) -> Answer {
    let is_empty = || {
        let list: Option<Value> = serde_json::from_slice(&reply.body).ok();
        list.is_some_and(|list| list["manifests"] == json!([]))
    };
    if seen.mutant == M::UnsignedIsNotFound && seen.request.query("artifactType").is_some() && is_empty() {
        return Err(Failure::not_found(ErrorCode::ManifestUnknown, "nothing of this type"));
    }
    Ok(reply)
}

/// What a mutant makes of a manifest that is pulled.
pub(super) fn manifest(seen: &Seen<'_>, reply: Reply) -> Reply {
    let Route::Manifest(name, reference) = seen.route else {
        return reply;
    };
    let is_referred = || {
        let reference = reference.parse().ok()?;
        let digest = seen.manifest(name, &reference)?.digest.clone();
        let store = seen.registry.store();
        store.repository(name)?.referrers(&digest).next().map(drop)
    };
    match seen.mutant {
        M::SubjectsChange if is_referred().is_some() => reply.edited(|body| body["signed"] = true.into()),
        M::EncryptedUnlabelled => reply.edited(|body| {
            for layer in body["layers"].as_array_mut().into_iter().flatten() {
                if let Some(name) = layer["mediaType"].as_str() {
                    layer["mediaType"] = name.trim_end_matches("+encrypted").into();
                }
            }
        }),
        M::CompressionsReversed if reply.text(header::CONTENT_TYPE).as_deref() == Some(OCI_INDEX) => {
            reply.edited(|body| {
                if let Some(entries) = body["manifests"].as_array_mut() {
                    entries.reverse();
                }
            })
        }
        _ => reply,
    }
}
