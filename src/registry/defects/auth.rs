//! Defects in challenges, tokens, warnings and extensions, and in how errors look.

use hyper::header::{self, HeaderName};
use serde_json::{Value, json};

use super::Seen;
use crate::registry::Mutant as M;
use crate::registry::respond::Reply;
use crate::registry::routes::Route;

/// How many bytes of warnings are too many.
const TOO_LONG: usize = 4100;

/// What a mutant makes of answers that are about no repository.
pub(super) fn other(seen: &Seen<'_>, reply: Reply) -> Reply {
    match seen.route {
        Route::Token => token(seen, reply),
        Route::Extensions => extensions(seen, reply),
        _ => reply,
    }
}

fn token(seen: &Seen<'_>, reply: Reply) -> Reply {
    match seen.mutant {
        M::AuthTokenOtherField if seen.request.queries("scope").any(|scope| scope.ends_with("push")) => {
            reply.edited(|body| {
                let token = body["token"].clone();
                *body = json!({"jwt": token, "expires_in": 300});
            })
        }
        M::AuthTokensDiffer => reply.edited(|body| body["access_token"] = "another".into()),
        M::AuthTokenShortLived => reply.edited(|body| body["expires_in"] = 5.into()),
        M::AuthIssuedAtNumber => reply.edited(|body| body["issued_at"] = 1_700_000_000.into()),
        _ => reply,
    }
}

fn extensions(seen: &Seen<'_>, reply: Reply) -> Reply {
    let without = |reply: Reply, name: &str| {
        reply.edited(|body| {
            body["extensions"][0]
                .as_object_mut()
                .and_then(|entry| entry.remove(name));
        })
    };
    match seen.mutant {
        M::ExtensionNoUnderscore => reply.edited(|body| body["extensions"][0]["name"] = "oci".into()),
        M::ExtensionBadName => reply.edited(|body| body["extensions"][0]["name"] = "_OCI!".into()),
        M::ExtensionRouteClash => reply.edited(|body| {
            let endpoint = body["extensions"][0]["endpoints"][0].clone();
            body["extensions"][0]["endpoints"] = json!([endpoint, endpoint]);
        }),
        M::ExtensionReserved => reply.edited(|body| {
            body["extensions"][0]["url"] = "https://registry.example/our-own-extension".into();
            body["extensions"][0]["endpoints"] = json!(["_oci/search/images"]);
        }),
        M::ExtensionsText => reply.set(header::CONTENT_TYPE, "text/plain"),
        M::ExtensionsNull => reply.edited(|body| body["extensions"] = Value::Null),
        M::ExtensionsLinkBare => reply.with(header::LINK, "/v2/_oci/ext/discover?last=_oci; rel=\"next\""),
        M::ExtensionsLinkNowhere => reply.with(header::LINK, "</v2/_oci/ext/discover/2>; rel=\"next\""),
        M::ExtensionNoName => without(reply, "name"),
        M::ExtensionNoUrl => without(reply, "url"),
        M::ExtensionNoEndpoints => without(reply, "endpoints"),
        _ => reply,
    }
}

/// What a mutant makes of any answer at all.
pub(super) fn any(seen: &Seen<'_>, reply: Reply) -> Reply {
    let namespace = seen.request.query("ns").is_some();
    match seen.mutant {
        M::WarningOtherCode => reply.with(header::WARNING, "199 - \"this is a mutant\""),
        M::WarningAgent => reply.with(header::WARNING, "299 registry \"this is a mutant\""),
        M::WarningUnquoted => reply.with(header::WARNING, "299 - this is a mutant"),
        M::WarningDated => reply.with(header::WARNING, "299 - \"a mutant\" \"Tue, 24 Nov 2026 10:00:00 GMT\""),
        M::WarningTooLong => {
            let line = format!("299 - \"{}\"", "x".repeat(TOO_LONG / 2));
            reply.with(header::WARNING, &line).with(header::WARNING, &line)
        }
        M::NamespaceWrong if namespace => reply.with(HeaderName::from_static("oci-namespace"), "another.example"),
        M::ErrorFlat if reply.status.is_client_error() => reply.edited(|body| {
            let message = body["errors"][0]["message"].clone();
            *body = json!({"message": message});
        }),
        M::ErrorBareArray if reply.status.is_client_error() => reply.edited(|body| *body = body["errors"].take()),
        M::ErrorCodeNumber if reply.status.is_client_error() => {
            let status = reply.status.as_u16();
            reply.edited(|body| body["errors"][0]["code"] = status.into())
        }
        M::ErrorMessageObject if reply.status.is_client_error() => reply.edited(|body| {
            let message = body["errors"][0]["message"].clone();
            body["errors"][0]["message"] = json!({"en": message});
        }),
        _ => reply,
    }
}

/// A challenge as a mutant writes it.
pub(super) fn challenge(mutant: M, challenge: &str) -> String {
    let without = |parameter: &str| {
        let start = challenge.find(&format!(",{parameter}=\"")).unwrap_or(challenge.len());
        let rest = challenge.get(start + parameter.len() + 3..).unwrap_or_default();
        let after = rest.split_once('"').map_or("", |(_, after)| after);
        format!("{}{after}", challenge.get(..start).unwrap_or_default())
    };
    match mutant {
        M::AuthChallengeNoService => without("service"),
        M::AuthChallengeRelative => match challenge
            .split_once("http://")
            .and_then(|(_, rest)| rest.split_once('/'))
        {
            Some((_, rest)) => format!("Bearer realm=\"/{rest}"),
            None => challenge.to_owned(),
        },
        M::AuthScopeShortName => match challenge.split_once("repository:") {
            Some((before, rest)) => {
                let (name, after) = rest.split_once(':').unwrap_or((rest, ""));
                format!(
                    "{before}repository:{}:{after}",
                    name.rsplit('/').next().unwrap_or_default()
                )
            }
            None => challenge.to_owned(),
        },
        M::AuthScopeWrite => challenge.replace("pull,push", "read,write"),
        M::AuthScopeRead => challenge.replace(":pull\"", ":read\""),
        M::AuthScopeRemove => challenge.replace(":delete\"", ":remove\""),
        _ => challenge.to_owned(),
    }
}
