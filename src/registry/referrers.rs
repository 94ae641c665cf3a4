//! The list of the manifests that are about another.
//!
//! Follows [Listing referrers](https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers).
//! The list is made of what the repository holds at the time, so there is nothing that could be out of date.

use hyper::StatusCode;
use hyper::header;
use serde_json::{Map, Value, json};

use super::request::Request;
use super::respond::{Answer, Failure, OCI_FILTERS_APPLIED, Reply};
use super::server::Registry;
use super::store::Manifest;
use super::{Mutant, Variant};
use crate::oci::digest::Digest;
use crate::oci::error_body::ErrorCode;
use crate::oci::media_type;
use crate::oci::reference::RepositoryName;

impl Registry {
    /// GET of the referrers of a digest. A subject or a repository that nobody pushed has none, and that is an answer.
    pub(super) fn list_referrers(&self, name: &RepositoryName, digest: &str, request: &Request) -> Answer {
        let subject: Digest = digest
            .parse()
            .map_err(|e| Failure::bad_request(ErrorCode::DigestInvalid, e))?;
        let asked = request.query("artifactType").filter(|filter| !filter.is_empty());
        let filter = asked.filter(|_| !self.has(Variant::ReferrersFilterOff));
        let after = request.query("last");
        let candidates: Vec<_> = {
            let store = self.store();
            let all = store
                .repository(name)
                .into_iter()
                .flat_map(|repository| repository.referrers(&subject))
                .filter(|manifest| manifest.document.kind.is_of_oci());
            let is_dockers = || {
                let subject = store
                    .repository(name)
                    .and_then(|repository| repository.manifest(&subject));
                subject.is_some_and(|subject| subject.media_type.contains(".docker."))
            };
            let all = all.filter(|_| !(self.is(Mutant::LegacySubjectUnlisted) && is_dockers()));
            self.wrong_referrers(&store, name, &subject)
                .unwrap_or_else(|| all.cloned().collect())
        };
        let passes = |manifest: &Manifest| {
            filter.is_none_or(|filter| {
                let plain = || manifest.document.artifact_type.as_deref() == Some(filter);
                self.wrong_filter(manifest, filter).unwrap_or_else(plain)
            })
        };
        let wanted = candidates
            .iter()
            .filter(|manifest| after.is_none_or(|after| manifest.digest.as_str() > after))
            .filter(|manifest| passes(manifest));

        let most = self.most_referrers();
        let mut page: Vec<Value> = Vec::new();
        let mut size = 0;
        let mut link = None;
        for manifest in wanted {
            let mut entry = entry(manifest);
            self.distort_entry(manifest, &mut entry);
            if self.has(Variant::ReferrersAnnotated)
                && let Some(annotations) = entry.entry("annotations").or_insert_with(|| json!({})).as_object_mut()
            {
                annotations.insert("land.example.scanned".into(), "yes".into());
            }
            if self.has(Variant::ReferrersEmptyAnnotations) {
                entry.entry("annotations").or_insert_with(|| json!({}));
            }
            if self.has(Variant::ReferrersFurtherMembers) {
                entry.insert("land.example.seen".into(), json!([1, null]));
            }
            let entry = Value::Object(entry);
            size += entry.to_string().len();
            let is_full = size > self.limits.referrers_page || page.len() >= most;
            if let (true, Some(last)) = (is_full, page.last()) {
                let last = if self.is(Mutant::ReferrersLinkRepeats) {
                    page.first().unwrap_or(last)
                } else {
                    last
                };
                link = Some(match self.is(Mutant::ReferrersLinkToStart) {
                    true => format!("</v2/{name}/referrers/{subject}>; rel=\"next\""),
                    false => next(name, &subject, filter, last),
                });
                break;
            }
            page.push(entry);
        }
        if self.has(Variant::ReferrersReversed) {
            page.reverse();
        }
        let index = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": page});
        Ok(Reply::new(StatusCode::OK)
            .content(media_type::OCI_INDEX, index.to_string().into())
            .with_some(OCI_FILTERS_APPLIED, filter.map(|_| "artifactType"))
            .with_some(header::LINK, link))
    }

    /// The most entries of a page, whatever their size.
    fn most_referrers(&self) -> usize {
        let has_small_pages = matches!(
            self.mutant(),
            Some(
                Mutant::ReferrersLinkBare
                    | Mutant::ReferrersLinkNoRelation
                    | Mutant::ReferrersLinkRepeats
                    | Mutant::ReferrersLinkToStart
                    | Mutant::ReferrersFilterForgotten
                    | Mutant::ReferrersSecondPageNoList
            )
        );
        if has_small_pages || self.has(Variant::ReferrersPaged) {
            2
        } else {
            usize::MAX
        }
    }
}

/// The descriptor of a manifest, with what a client chooses by.
fn entry(manifest: &Manifest) -> Map<String, Value> {
    let mut entry = Map::new();
    entry.insert("mediaType".into(), manifest.media_type.clone().into());
    entry.insert("digest".into(), manifest.digest.as_str().into());
    entry.insert("size".into(), manifest.content.bytes.len().into());
    if let Some(artifact_type) = &manifest.document.artifact_type {
        entry.insert("artifactType".into(), artifact_type.clone().into());
    }
    if !manifest.document.annotations.is_empty() {
        entry.insert("annotations".into(), manifest.document.annotations.clone().into());
    }
    entry
}

/// The link to what follows the last entry of a page.
fn next(name: &RepositoryName, subject: &Digest, filter: Option<&str>, last: &Value) -> String {
    let last = last.get("digest").and_then(Value::as_str).unwrap_or_default();
    let filter = filter
        .map(|filter| format!("artifactType={}&", percent_encode(filter)))
        .unwrap_or_default();
    format!("</v2/{name}/referrers/{subject}?{filter}last={last}>; rel=\"next\"")
}

/// Encodes everything but what may stand in a query unencoded and has no meaning there.
pub(super) fn percent_encode(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    text.bytes()
        .map(|byte| {
            if is_plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
