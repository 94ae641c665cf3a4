//! Removing what a case left.

use super::{Env, Isolation};
use crate::client::{Answer, Purpose, RequestSpec, Target, resolve_location};
use crate::oci::digest::{Algorithm, Digest};

/// Deletions that are tried at most for one case.
const MOST: usize = 200;

/// What a case stored, as URLs that can be deleted.
#[derive(Debug, Default, Clone)]
pub struct Stored {
    manifests: Vec<String>,
    blobs: Vec<String>,
}

impl Stored {
    /// Notes what a request stored, if it did.
    pub fn note(&mut self, answer: &Answer) {
        let request = &answer.exchange.request;
        let stores = matches!(request.method.as_str(), "PUT" | "POST") && answer.status() == Some(201);
        let Some(location) = answer.header("Location").filter(|_| stores) else {
            return;
        };
        let Ok(url) = resolve_location(&answer.url, location, &[]) else {
            return;
        };
        let (list, digest) = match answer.url.split_once("/manifests/") {
            Some((repository, reference)) => {
                let reference = reference.split('?').next().unwrap_or(reference);
                let digest = answer.header("Docker-Content-Digest").unwrap_or(reference);
                (&mut self.manifests, Some(format!("{repository}/manifests/{digest}")))
            }
            None => (&mut self.blobs, None),
        };
        let url = digest.unwrap_or(url);
        let host = |url: &str| url.split('/').nth(2).map(str::to_string);
        if host(&url) == host(&answer.url) && !list.contains(&url) {
            list.push(url);
        }
    }

    /// Notes what another part of the case stored.
    pub fn extend(&mut self, other: Stored) {
        self.manifests.extend(other.manifests);
        self.blobs.extend(other.blobs);
    }
}

/// Deletes what was stored, newest first, as far as the target offers that. A refusal is no news.
pub async fn clean_up(env: &Env, stored: &Stored) {
    if env.keep {
        return;
    }
    // The empty config is the one content that cases share; in a given repository another case may be using it.
    let shared = matches!(env.isolation, Isolation::Given(_)).then(|| Digest::of(Algorithm::Sha256, b"{}"));
    let is_shared = |url: &str| shared.as_ref().is_some_and(|digest| url.contains(digest.as_str()));
    for (urls, capability) in [(&stored.manifests, "delete-manifest"), (&stored.blobs, "delete-blob")] {
        if !env.offers(capability) {
            continue;
        }
        for url in urls.iter().rev().filter(|url| !is_shared(url)).take(MOST) {
            let mut request = RequestSpec::new("DELETE", Target::Url(url.clone()));
            request.purpose = Purpose::Cleanup;
            let answer = env.client.send(request).await;
            if answer.status().is_none() {
                return;
            }
        }
    }
}
