//! How a collection is asked for: by a request in the form of Harbor's API, or by the clock.
//!
//! `POST /api/v2.0/system/gc/schedule` starts one and answers 201 with the URL at which `job_status` tells whether it is
//! over. One runs at a time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::Collector;
use super::collect::{Garbage, Removed};
use super::request::Request;
use super::respond::{Answer, Failure, Reply};
use super::routes::Route;
use super::server::Registry;
use crate::oci::error_body::ErrorCode;

/// Where collections are.
const PATH: &str = "/api/v2.0/system/gc/";

/// The longest request for a collection, in bytes.
const MAX_REQUEST: usize = 64 << 10;

/// How many quiet times a busy registry is waited for at most.
const PATIENCE: u32 = 20;

/// Collections that were and the one that is.
#[derive(Debug)]
pub(super) struct Collections {
    /// When garbage is collected.
    pub(super) settings: Collector,
    /// How far each one is.
    jobs: Mutex<Vec<Job>>,
    /// Requests that are no business of the collector's.
    requests: AtomicUsize,
}

#[derive(Debug, Clone)]
struct Job {
    dry: bool,
    removed: Option<Removed>,
}

impl Collections {
    pub(super) fn new(settings: Collector) -> Self {
        Self {
            settings,
            jobs: Mutex::default(),
            requests: AtomicUsize::new(0),
        }
    }

    /// A request came.
    pub(super) fn note_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a collection is under way.
    pub(super) fn is_running(&self) -> bool {
        self.jobs().last().is_some_and(|job| job.removed.is_none())
    }

    fn jobs(&self) -> MutexGuard<'_, Vec<Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a job unless one is running: its number.
    fn begin(&self, dry: bool) -> Option<usize> {
        let mut jobs = self.jobs();
        if jobs.last().is_some_and(|job| job.removed.is_none()) {
            return None;
        }
        jobs.push(Job { dry, removed: None });
        Some(jobs.len())
    }

    async fn quiet(&self) {
        let quiet = self.settings.quiet;
        for _ in 0..PATIENCE {
            let before = self.requests.load(Ordering::Relaxed);
            tokio::time::sleep(quiet).await;
            if self.requests.load(Ordering::Relaxed) == before {
                return;
            }
        }
    }
}

impl Registry {
    /// The answer to a request about collections; nothing if it is about something else.
    pub(super) async fn about_collections(self: &Arc<Self>, request: &mut Request) -> Option<Answer> {
        let path = request.uri.path().to_owned();
        let rest = path.strip_prefix(PATH)?;
        if let Err(failure) = self.admit(&Route::Catalog, request) {
            return Some(Err(failure));
        }
        Some(match (rest, request.method.as_str()) {
            ("schedule", "POST") => self.schedule(request).await,
            (id, "GET") => self.job(id),
            _ => Err(Failure::new(
                StatusCode::METHOD_NOT_ALLOWED,
                ErrorCode::Unsupported,
                "POST to schedule, GET a job",
            )),
        })
    }

    async fn schedule(self: &Arc<Self>, request: &mut Request) -> Answer {
        let bytes = request.body(MAX_REQUEST).await.unwrap_or_default();
        let asked: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let dry = asked
            .pointer("/parameters/dry_run")
            .and_then(Value::as_bool)
            .unwrap_or(false);
        let Some(number) = self.start_collection(dry) else {
            return Err(Failure::new(
                StatusCode::CONFLICT,
                ErrorCode::Denied,
                "a collection is running",
            ));
        };
        Ok(Reply::new(StatusCode::CREATED).location(format_args!("{PATH}{number}")))
    }

    fn job(&self, id: &str) -> Answer {
        let jobs = self.collections.jobs();
        let job = id
            .parse::<usize>()
            .ok()
            .and_then(|number| jobs.get(number.checked_sub(1)?));
        let job = job.ok_or_else(|| Failure::not_found(ErrorCode::Unsupported, "there was no such collection"))?;
        let status = if job.removed.is_some() { "Success" } else { "Running" };
        let removed = job.removed.unwrap_or_default();
        Ok(Reply::json(&json!({
            "id": id, "job_kind": "MANUAL", "job_status": status, "dry_run": job.dry,
            "manifests": removed.manifests, "blobs": removed.blobs, "uploads": removed.uploads,
        })))
    }

    /// Finds what is garbage, and leaves the rest of the work to a task. Nothing if a collection is running.
    fn start_collection(self: &Arc<Self>, dry: bool) -> Option<usize> {
        let number = self.collections.begin(dry)?;
        let cutoff = self.cutoff();
        let found = self.garbage(cutoff);
        let registry = self.clone();
        tokio::spawn(async move { registry.finish_collection(number, found, cutoff, dry).await });
        Some(number)
    }

    async fn finish_collection(self: Arc<Self>, number: usize, found: Garbage, cutoff: Instant, dry: bool) {
        self.collections.quiet().await;
        let removed = self.sweep(found, cutoff, dry);
        self.reveal_hidden(dry);
        if let Some(job) = self.collections.jobs().get_mut(number - 1) {
            job.removed = Some(removed);
        }
    }

    /// Collects at every tick of a clock, until it is aborted.
    pub(super) async fn collect_every(self: Arc<Self>, interval: Duration) {
        loop {
            tokio::time::sleep(interval).await;
            self.start_collection(false);
        }
    }

    /// What came after this is too young.
    fn cutoff(&self) -> Instant {
        let now = Instant::now();
        now.checked_sub(self.collections.settings.grace).unwrap_or(now)
    }
}

impl Request {
    /// Whether it changes nothing.
    pub(super) fn reads(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }
}
