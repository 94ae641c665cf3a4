//! Removing what a case left.

use futures_util::future::join_all;
use tokio::sync::Semaphore;
use tokio::time::{Duration, timeout};
use tokio_util::sync::CancellationToken;

use super::{Env, Isolation};
use crate::client::{Answer, Purpose, RequestSpec, Target, resolve_location};
use crate::oci::digest::{Algorithm, Digest};

/// Deletions that are tried at most for one case.
const MOST: usize = 200;

/// Deletions that are under way at once for one case.
const AT_ONCE: usize = 16;

/// How long cleaning up may take after the run was cancelled.
const LAST_CLEAN_UP: Duration = Duration::from_secs(2);

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

/// Deletes what was stored, as far as the target offers that. A refusal is no news.
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
        // Newest first, for an index refers to what was pushed before it; a registry that minds gets a second chance.
        let urls: Vec<&String> = urls.iter().rev().filter(|url| !is_shared(url)).take(MOST).collect();
        let Some(left) = delete(env, &urls, AT_ONCE).await else {
            return;
        };
        if capability == "delete-manifest" && delete(env, &left, 1).await.is_none() {
            return;
        }
    }
}

/// Deletes, and returns what the target did not want to delete; nothing if it has stopped answering.
async fn delete<'u>(env: &Env, urls: &[&'u String], at_once: usize) -> Option<Vec<&'u String>> {
    let mut left = Vec::new();
    for some in urls.chunks(at_once) {
        let answers = join_all(some.iter().map(|url| {
            let mut request = RequestSpec::new("DELETE", Target::Url(url.to_string()));
            request.purpose = Purpose::Cleanup;
            env.client.send(request)
        }))
        .await;
        for (url, answer) in some.iter().zip(answers) {
            match answer.status() {
                Some(200..300 | 404) => {}
                Some(_) => left.push(*url),
                None => return None,
            }
        }
    }
    Some(left)
}

/// Removes what a case stored; once the run is cancelled, only for a little while, for the user wants to be gone.
pub async fn clean_up_unless_late(env: &Env, stored: &Stored, brooms: &Semaphore, cancel: &CancellationToken) {
    let cleaning = async {
        let _broom = brooms.acquire().await;
        clean_up(env, stored).await;
    };
    tokio::pin!(cleaning);
    tokio::select! {
        () = &mut cleaning => return,
        () = cancel.cancelled() => {}
    }
    if env.silence.reason().is_none() {
        let _ = timeout(LAST_CLEAN_UP, cleaning).await;
    }
}
