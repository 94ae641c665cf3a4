//! Removing what a case left.

use std::collections::HashSet;

use tokio::sync::Semaphore;
use tokio::time::{Duration, timeout};
use tokio_util::sync::CancellationToken;

use super::Env;
use super::isolate::{Isolation, scope, setting};
use crate::case::{BlobSource, Node, NodeKind, Suite};
use crate::client::{Answer, Purpose, RequestSpec, Target, Via, resolve_location};
use crate::oci::digest::{Algorithm, Digest};

/// Deletions that are tried at most for one case.
const MOST: usize = 2000;

/// Deletions that are under way at once for one case.
const AT_ONCE: usize = 16;

/// How long cleaning up may take after the run was cancelled.
const LAST_CLEAN_UP: Duration = Duration::from_secs(2);

/// What a case stored or began, as URLs that can be deleted.
#[derive(Debug, Default, Clone)]
pub struct Stored {
    manifests: Vec<String>,
    blobs: Vec<String>,
    /// Uploads that were opened and not closed.
    uploads: Vec<String>,
}

impl Stored {
    /// Notes what a request stored, opened or closed, if it did.
    pub fn note(&mut self, answer: &Answer) {
        let method = answer.exchange.request.method.as_str();
        let location = answer.header("Location");
        let url = location.and_then(|location| resolve_location(&answer.url, location, &[]).ok());
        let url = url.filter(|url| host(url) == host(&answer.url));
        match (method, answer.status()) {
            ("POST" | "PATCH", Some(202)) => {
                self.close(&answer.url);
                self.uploads.extend(url);
            }
            ("DELETE", Some(204)) => self.close(&answer.url),
            ("PUT" | "POST", Some(201)) => {
                self.close(&answer.url);
                match manifest(answer) {
                    Some(url) => add(&mut self.manifests, url),
                    None => url.into_iter().for_each(|url| add(&mut self.blobs, url)),
                }
            }
            _ => {}
        }
    }

    /// An upload is over, or goes on at another URL. Parameters may change on the way.
    fn close(&mut self, url: &str) {
        let path = |url: &str| url.split('?').next().map(str::to_string);
        self.uploads.retain(|upload| path(upload) != path(url));
    }

    /// Notes what another part of the case stored.
    pub fn extend(&mut self, other: Stored) {
        self.manifests.extend(other.manifests);
        self.blobs.extend(other.blobs);
        self.uploads.extend(other.uploads);
    }
}

/// Where a manifest is that was pushed, by its digest if the answer says which, wherever its Location leads.
fn manifest(answer: &Answer) -> Option<String> {
    let (repository, reference) = answer.url.split_once("/manifests/")?;
    let reference = reference.split('?').next().unwrap_or(reference);
    let digest = answer.header("Docker-Content-Digest").unwrap_or(reference);
    Some(format!("{repository}/manifests/{digest}"))
}

fn add(list: &mut Vec<String>, url: String) {
    if !list.contains(&url) {
        list.push(url);
    }
}

fn host(url: &str) -> Option<&str> {
    url.split('/').nth(2)
}

/// The digests of blobs that are the same whenever and wherever they are pushed, the empty config among them. Where
/// repositories are given, another case or another run may be using them just now, so that they are left alone.
pub fn shared_blobs(suite: &Suite, isolation: &Isolation) -> HashSet<String> {
    if isolation.is_fresh() {
        return HashSet::new();
    }
    let digest = |node: &Node, seed: u64| {
        let scope = scope("", setting(seed, "", 1), std::slice::from_ref(node), &[], &[], None).ok()?;
        Some(scope.graph.get(&node.name)?.digest.as_str().to_string())
    };
    let is_written =
        |node: &&Node| matches!(&node.kind, NodeKind::Blob { source, .. } if !matches!(source, BlobSource::Random(_)));
    let nodes = suite.cases.iter().flat_map(|case| &case.content).filter(is_written);
    let same = nodes.filter_map(|node| digest(node, 1).filter(|first| digest(node, 2).as_ref() == Some(first)));
    same.chain([Digest::of(Algorithm::Sha256, b"{}").as_str().to_string()])
        .collect()
}

/// Deletes what was stored, as far as the target offers that. A refusal is no news.
pub async fn clean_up(env: &Env, stored: &Stored) {
    if env.keep {
        return;
    }
    let is_shared = |url: &str| {
        url.rsplit('/')
            .next()
            .is_some_and(|digest| env.shared_blobs.contains(digest))
    };
    let kinds = [
        (&stored.uploads, "cancel-upload"),
        (&stored.manifests, "delete-manifest"),
        (&stored.blobs, "delete-blob"),
    ];
    for (urls, capability) in kinds {
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
        let requests = some.iter().map(|url| {
            let mut request = RequestSpec::new("DELETE", Target::Url(url.to_string()));
            request.purpose = Purpose::Cleanup;
            request.via = Via::Kept;
            request
        });
        let answers = env.client.send_all(requests.collect()).await;
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
