//! Defects in corners that no list of cases reaches: a fuzzer has to come by.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use hyper::header;
use serde_json::Value;

use super::{Seen, server_error};
use crate::oci::digest::Digest;
use crate::oci::media_type;
use crate::oci::reference::RepositoryName;
use crate::registry::Mutant as M;
use crate::registry::document::Document;
use crate::registry::respond::{Answer, Failure, Reply};
use crate::registry::routes::Route;
use crate::registry::server::Registry;

/// How much stays in memory with everything that was refused.
const LEFT_BEHIND: usize = 128 << 10;

/// How much slower each refused manifest makes those after it.
const SLOWER: Duration = Duration::from_micros(150);

impl Registry {
    /// What a mutant does with a manifest before it is read.
    pub(in crate::registry) async fn deep_push(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        media_type: &str,
        bytes: &Bytes,
    ) -> Result<(), Failure> {
        let looks = |mutant: &M| mutant.is_deep() || *mutant == M::SignatureLengthLost;
        let Some(mutant) = self.mutant().filter(looks) else {
            return Ok(());
        };
        let text = String::from_utf8_lossy(bytes);
        match mutant {
            M::SignatureLengthLost if has_negative_length(bytes) => vanish(),
            M::DeepNestingLost if depth(bytes) > 30 => vanish(),
            M::DeepSurrogateServerError if text.contains("\\ud8") => return Err(server_error()),
            M::DeepSizeServerError
                if text.contains("\"size\":9223372036854775808") || text.contains("\"size\":1844674407") =>
            {
                return Err(server_error());
            }
            M::DeepVersionServerError if !text.contains("schemaVersion") && !text.trim().is_empty() => {
                return Err(server_error());
            }
            M::DeepHang if has_annotation(bytes, |value| value == "") => {
                // Long enough for any time limit.
                tokio::time::sleep(Duration::from_secs(3600)).await;
            }
            M::DeepRefusedStored | M::DeepMemory | M::DeepSlow => {
                self.deep_refusal(mutant, name, digest, media_type, bytes)
            }
            _ => {}
        }
        if mutant == M::DeepSlow {
            let refused = self
                .memory
                .recall("refused")
                .and_then(|count| count.parse().ok())
                .unwrap_or(0);
            tokio::time::sleep(SLOWER * refused).await;
        }
        Ok(())
    }

    fn deep_refusal(&self, mutant: M, name: &RepositoryName, digest: &Digest, media_type: &str, bytes: &Bytes) {
        let Err(reason) = Document::read(media_type, bytes) else {
            return;
        };
        match mutant {
            M::DeepMemory => self.memory.remember(digest.as_str(), "x".repeat(LEFT_BEHIND)),
            M::DeepSlow => drop(self.memory.count("refused")),
            _ if reason.contains("occurs twice") => {
                let nothing = br#"{"schemaVersion":2,"manifests":[]}"#;
                if let Ok(document) = Document::read(media_type::OCI_INDEX, nothing) {
                    self.store()
                        .put_manifest(name, digest, media_type.into(), bytes.clone(), document);
                }
            }
            _ => {}
        }
    }
}

/// The answer of a mutant that does not get as far as the handler.
pub(super) fn interfere(seen: &Seen<'_>) -> Option<Answer> {
    match (seen.mutant, seen.route) {
        (M::DeepNegativeLost, Route::Tags(_)) if seen.request.query("n").is_some_and(|n| n.starts_with('-')) => {
            vanish()
        }
        (M::DeepRangeServerError, Route::Upload(..)) => {
            let range = seen.request.header(header::CONTENT_RANGE)?;
            let is_too_large = |number: &str| {
                !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) && number.parse::<u64>().is_err()
            };
            range.split('-').any(is_too_large).then(|| Err(server_error()))
        }
        _ => None,
    }
}

/// What a mutant makes of an answer.
pub(super) fn answer(seen: &Seen<'_>, reply: Reply) -> Answer {
    let is_pull = matches!(seen.route, Route::Manifest(..)) && seen.request.method.is_safe() && reply.is_ok();
    let is_pull_of = |mutant| is_pull && seen.mutant == mutant;
    if is_pull_of(M::DeepAnnotationKills) && has_annotation(&reply.body, |value| !value.is_string()) {
        return Err(server_error());
    }
    if is_pull_of(M::DeepEmptyIndexAsImage) {
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        if body["manifests"].as_array().is_some_and(Vec::is_empty) {
            return Ok(reply.set(header::CONTENT_TYPE, media_type::OCI_MANIFEST));
        }
    }
    if is_pull_of(M::DeepEscapesRewritten) && String::from_utf8_lossy(&reply.body).contains("\\u00") {
        return Ok(reply.edited(|_| {}));
    }
    if seen.mutant == M::DeepReferrerLost && matches!(seen.route, Route::Referrers(..)) && reply.is_ok() {
        return Ok(reply.edited(|body| {
            if let Some(list) = body["manifests"].as_array_mut() {
                list.retain(|entry| {
                    !entry["artifactType"]
                        .as_str()
                        .is_some_and(|kind| kind.ends_with("a+json"))
                });
            }
        }));
    }
    Ok(reply)
}

/// Breaks the connection, as a handler does that panics.
pub(super) fn vanish() -> ! {
    std::panic::resume_unwind(Box::new("a defect on purpose"))
}

/// Whether the signature of a Docker manifest of schema 1 says that less than nothing of the document stands before it.
fn has_negative_length(body: &[u8]) -> bool {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let length = || {
        let protected = document["signatures"].get(0)?["protected"].as_str()?;
        let protected: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(protected).ok()?).ok()?;
        protected["formatLength"].as_i64()
    };
    length().is_some_and(|length| length < 0)
}

fn has_annotation(bytes: &[u8], is_bad: impl Fn(&Value) -> bool) -> bool {
    let document: Value = serde_json::from_slice(bytes).unwrap_or_default();
    document["annotations"]
        .as_object()
        .is_some_and(|annotations| annotations.values().any(is_bad))
}

/// How deep brackets and braces are nested, as far as a look at the text can tell.
pub(super) fn depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in bytes {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}
