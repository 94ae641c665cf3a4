//! What takes its time: deletion, for the variant that answers 202 and means it, and lists that show a change a moment later.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper::Method;

use super::Variant;
use super::request::Request;
use super::respond::{Answer, Reply};
use super::routes::Route;

use super::server::Registry;
use crate::oci::digest::Digest;
use crate::oci::reference::{RepositoryName, Tag};

/// How long it takes until what was deleted is gone.
const DELAY: Duration = Duration::from_millis(50);

/// For how long a list stays as it was, for the variant whose lists do.
const LATE: Duration = Duration::from_millis(100);

/// Lists by path and query, and since when they are as they are.
#[derive(Debug, Default)]
pub(super) struct Lists(Mutex<HashMap<String, (Instant, Reply)>>);

impl Registry {
    /// The answer, or in the place of a list what the same request was answered with a moment ago.
    pub(super) fn late(&self, route: &Route, request: &Request, answer: Answer) -> Answer {
        let is_late = match route {
            Route::Tags(_) => self.has(Variant::ListsLate),
            Route::Referrers(..) => self.has(Variant::ListsLate) || self.has(Variant::ReferrersLate),
            _ => false,
        };
        if !is_late || request.method != Method::GET {
            return answer;
        }
        let reply = answer?;
        let mut lists = self.lists.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = request.uri.to_string();
        match lists.get(&key) {
            Some((since, earlier)) if since.elapsed() < LATE => Ok(earlier.clone()),
            _ => {
                lists.insert(key, (Instant::now(), reply.clone()));
                Ok(reply)
            }
        }
    }
}

/// What is to be deleted: where, what, and the serial by which it is told from what is pushed in its place meanwhile.
#[derive(Debug)]
pub(super) enum Doomed {
    /// A blob.
    Blob(RepositoryName, Digest, u64),
    /// A manifest, with its tags.
    Manifest(RepositoryName, Digest, u64),
    /// A tag.
    Tag(RepositoryName, Tag, u64),
}

impl Registry {
    /// Deletes something after a while, unless it was pushed again by then.
    pub(super) fn delete_later(self: &Arc<Self>, doomed: Doomed) {
        let registry = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(DELAY).await;
            registry.delete_now(&doomed);
        });
    }

    fn delete_now(&self, doomed: &Doomed) {
        let mut store = self.store();
        let (Doomed::Blob(name, ..) | Doomed::Manifest(name, ..) | Doomed::Tag(name, ..)) = doomed;
        let Some(repository) = store.repository(name) else {
            return;
        };
        match doomed {
            Doomed::Blob(name, digest, serial)
                if repository.blob(digest).is_some_and(|blob| blob.serial == *serial) =>
            {
                store.delete_blob(name, digest);
            }
            Doomed::Manifest(name, digest, serial)
                if repository
                    .manifest(digest)
                    .is_some_and(|manifest| manifest.serial == *serial) =>
            {
                store.delete_manifest(name, digest);
            }
            Doomed::Tag(name, tag, serial) if repository.tag(tag).is_some_and(|tagged| tagged.serial == *serial) => {
                store.delete_tag(name, tag);
            }
            _ => {}
        }
    }
}
