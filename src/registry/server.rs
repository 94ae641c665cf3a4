//! The listening side: accepts connections, hands each request to its handler, and stops.
//!
//! What the handlers answer is their business; what is common to all answers is done here.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use hyper::header;
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

use super::auth::Gate;
use super::collections::Collections;
use super::defects::{Cache, HEAD_WITH_BODY, Memory, Relabel};
use super::delayed::Lists;
use super::identifier::Identifiers;
use super::oras::{self, Form};
use super::request::Request;
use super::respond::{Answer, Failure, Reply};
use super::routes::Route;
use super::seed;
use super::store::Store;
use super::{Config, Limits, Mutant, Variant};
use crate::oci::error_body::ErrorCode;

/// A registry that is listening. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    accepting: Vec<AbortHandle>,
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL: scheme, address and port, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops it: no connection is accepted any more and those that are open are cut.
    pub async fn stop(self) {
        self.accepting.iter().for_each(AbortHandle::abort);
        while !self.accepting.iter().all(AbortHandle::is_finished) {
            tokio::task::yield_now().await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.accepting.iter().for_each(AbortHandle::abort);
    }
}

/// Starts a registry on the current runtime.
///
/// # Errors
/// If the address cannot be listened on.
pub async fn start(config: Config) -> std::io::Result<Running> {
    let listener = TcpListener::bind(config.listen).await?;
    let address = listener.local_addr()?;
    let mut listeners = vec![listener];
    let redirects = config.variants.contains(&Variant::BlobRedirectOtherHost)
        || matches!(
            config.mutant,
            Some(Mutant::RedirectNeedsCredentials | Mutant::RedirectHeadNoSize)
        );
    if redirects {
        listeners.push(TcpListener::bind((address.ip(), 0)).await?);
    }
    let other_host = listeners.get(1).map(TcpListener::local_addr).transpose()?;
    let registry = Arc::new(Registry::new(config, other_host));
    let accept = |listener| tokio::spawn(accept(listener, registry.clone())).abort_handle();
    let mut accepting: Vec<AbortHandle> = listeners.into_iter().map(accept).collect();
    if let Some(interval) = registry.collections.settings.interval {
        accepting.push(tokio::spawn(registry.clone().collect_every(interval)).abort_handle());
    }
    Ok(Running { address, accepting })
}

/// Serves connections until it is aborted, which also ends the connections, for their tasks belong to it.
async fn accept(listener: TcpListener, registry: Arc<Registry>) {
    let is_other_host = listener.local_addr().ok() == registry.other_host;
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // Accepting fails when the peer is gone already or descriptors are short; both pass.
                let Ok((stream, _)) = accepted else {
                    tokio::task::yield_now().await;
                    continue;
                };
                // Without this, small answers wait for the acknowledgement of the one before.
                let _ = stream.set_nodelay(true);
                let registry = registry.clone();
                if registry.is(Mutant::HeadHasBody) {
                    connections.spawn(serve(Relabel(stream), registry, is_other_host));
                } else {
                    connections.spawn(serve(stream, registry, is_other_host));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, registry: Arc<Registry>, is_other_host: bool) {
    let title_case = registry.has(Variant::TitleCaseHeaders);
    let service = service_fn(move |request| {
        let registry = registry.clone();
        async move {
            let response = match is_other_host {
                true => registry.respond_as_other_host(request),
                false => registry.respond(request).await,
            };
            Ok::<_, Infallible>(response)
        }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.title_case_headers(title_case);
    // The connection's end, clean or not, is the client's business.
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}

/// What all handlers share.
#[derive(Debug)]
pub(super) struct Registry {
    /// Bounds on what it takes.
    pub(super) limits: Limits,
    /// Who may do what.
    pub(super) gate: Gate,
    /// Makes identifiers of uploads and tokens.
    pub(super) identifiers: Identifiers,
    mutant: Option<Mutant>,
    variants: Vec<Variant>,
    store: Mutex<Store>,
    /// Collections of garbage, those that were and the one that is.
    pub(super) collections: Collections,
    /// What mutants and variants remember between requests.
    pub(super) memory: Memory,
    /// What mutants answered before.
    pub(super) cache: Cache,
    /// Lists that were given a moment ago.
    pub(super) lists: Lists,
    /// Where blobs are redirected to, by those that redirect them to another host.
    pub(super) other_host: Option<SocketAddr>,
}

impl Registry {
    fn new(config: Config, other_host: Option<SocketAddr>) -> Self {
        let mut store = Store::default();
        if config.seeded {
            seed::seed(&mut store);
        }
        Self {
            limits: config.limits,
            gate: Gate::new(config.auth, config.reader),
            identifiers: Identifiers::default(),
            mutant: config.mutant,
            variants: config.variants,
            store: Mutex::new(store),
            collections: Collections::new(config.collector),
            memory: Memory::default(),
            cache: Cache::default(),
            lists: Lists::default(),
            other_host,
        }
    }

    /// Whether it has this defect.
    pub(super) fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    /// Whether it made this choice.
    pub(super) fn has(&self, variant: Variant) -> bool {
        self.variants.contains(&variant)
    }

    /// What it holds, locked. A handler that panicked left whole map operations behind, so its poison is no reason to
    /// stop.
    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The defect, if it has one.
    pub(super) fn mutant(&self) -> Option<Mutant> {
        self.mutant
    }

    async fn respond(self: Arc<Self>, request: hyper::Request<Incoming>) -> Response<BoxBody<Bytes, Infallible>> {
        let mut request = Request::new(request);
        let relabelled = request.method.as_str() == HEAD_WITH_BODY;
        if relabelled {
            request.method = Method::HEAD;
        }
        if let Some(answer) = self.about_collections(&mut request).await {
            request.drain().await;
            return answer.unwrap_or_else(Failure::into_reply).into_response(false);
        }
        self.collections.note_request();
        let route = self.route(&request);
        let mut race = self.enter_race(&route, &request).await;
        let answer = match race.answer.take() {
            Some(answer) => answer,
            None => self.answer(&route, &mut request).await,
        };
        self.leave_race(&route, race, &answer);
        let answer = self.late(&route, &request, answer);
        let reply = match self.distort(&route, &request, answer) {
            Ok(reply) => reply,
            Err(failure) => self.say(failure),
        };
        let reply = self.disfigure(&route, &request, reply);
        let reply = self.dress(&route, &request, reply);
        let without_body = request.is_head() && !relabelled;
        request.drain().await;
        reply.into_response(without_body)
    }

    fn route(&self, request: &Request) -> Route {
        let path = request.uri.path();
        if let Some(id) = path.strip_prefix(OPAQUE_UPLOADS) {
            return self.opaque_upload(id);
        }
        let route = match path.strip_prefix(REDIRECTED) {
            Some(rest) => Route::of(&format!("/v2{rest}")),
            None => Route::of(path),
        };
        self.rewritten(route, request)
    }

    async fn answer(self: &Arc<Self>, route: &Route, request: &mut Request) -> Answer {
        match route {
            Route::BadName(error) => return Err(Failure::bad_request(ErrorCode::NameInvalid, error)),
            Route::Unknown => {
                return Err(Failure::not_found(
                    ErrorCode::Unsupported,
                    "there is nothing at this path",
                ));
            }
            _ if !route.methods().contains(&request.method) => return Err(method_not_allowed(route)),
            _ => {}
        }
        let caller = self.admit(route, request)?;
        if let Some(answer) = self.decline(route, request).or_else(|| self.interfere(route, request)) {
            return answer;
        }
        if let (Some(name), &Method::PUT | &Method::POST) = (route.repository(), &request.method)
            && !self.is(Mutant::NameLengthUnlimited)
        {
            check_name_length(name.as_str(), request.host())?;
        }
        match (route, request.method.as_str()) {
            (Route::Ping, _) if self.has(Variant::VersionHeaderOff) => Ok(Reply::json(&json!({}))),
            (Route::Ping, _) => Ok(Reply::json(&json!({})).with(VERSION_HEADER, "registry/2.0")),
            (Route::Token, _) => self.issue_token(request),
            (Route::Catalog, _) => self.list_repositories(request),
            (Route::Extensions, _) => Ok(Reply::json(&self.extensions(request))),
            (Route::Blob(name, digest), "DELETE") => self.delete_blob(name, digest, request),
            (Route::Blob(name, digest), _) => self.get_blob(name, digest, request),
            (Route::Manifest(name, reference), "PUT") => self.put_manifest(name, reference, request).await,
            (Route::Manifest(name, reference), "DELETE") => self.delete_manifest(name, reference),
            (Route::Manifest(name, reference), _) => self.get_manifest(name, reference, request),
            (Route::Uploads(name), _) => self.start_upload(name, &caller, request).await,
            (Route::Upload(name, id), "PATCH") => self.patch_upload(name, id, request).await,
            (Route::Upload(name, id), "PUT") => self.put_upload(name, id, request).await,
            (Route::Upload(name, id), "DELETE") => self.cancel_upload(name, id, request),
            (Route::Upload(name, id), _) => self.upload_status(name, id, request),
            (Route::Tags(name), _) => self.list_tags(name, request),
            (Route::Referrers(name, digest), _) => self.list_referrers(name, digest, request),
            (Route::Oras(name, Some(digest)), _) => self.list_oras(Form::Draft, name, digest, request),
            (Route::Oras(name, None), _) => self.list_oras(Form::Candidate, name, self.oras_digest(request)?, request),
            (Route::Draft(form, name, reference), _) => self.list_draft(*form, name, reference, request),
            (Route::BadName(_) | Route::Unknown, _) => unreachable!("answered above"),
        }
    }
}

/// The header by which Docker's clients once told a registry from a web server; the specification has it as optional.
const VERSION_HEADER: header::HeaderName = header::HeaderName::from_static("docker-distribution-api-version");

/// The longest that host, slash and repository name may be together, which is as much as many clients can handle
/// ([Pulling manifests](https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests)).
const MAX_FULL_NAME: usize = 255;

/// Where blobs are redirected to, by variants that redirect them.
pub(super) const REDIRECTED: &str = "/content";

/// Where uploads are, in the variant that does not have them below their repository.
pub(super) const OPAQUE_UPLOADS: &str = "/uploads/";

fn check_name_length(name: &str, host: &str) -> Result<(), Failure> {
    if host.len() + 1 + name.len() > MAX_FULL_NAME {
        let message = format!("host and name together are longer than {MAX_FULL_NAME} bytes");
        return Err(Failure::bad_request(ErrorCode::NameInvalid, message));
    }
    Ok(())
}

fn method_not_allowed(route: &Route) -> Failure {
    let allowed: Vec<&str> = route.methods().iter().map(Method::as_str).collect();
    let message = format!("this resource has {}", allowed.join(", "));
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::Unsupported, message)
        .with(header::ALLOW, allowed.join(", "))
}

impl Registry {
    /// What is there beyond the specification's own endpoints
    /// ([extension discovery](https://github.com/opencontainers/distribution-spec/blob/main/extensions/_oci.md)): that of
    /// ORAS is offered in repositories.
    fn extensions(&self, request: &Request) -> serde_json::Value {
        let mut list = vec![json!({
            "name": "_oci",
            "description": "lists the extensions of this registry",
            "url": "https://github.com/opencontainers/distribution-spec/blob/main/extensions/_oci.md",
            "endpoints": ["_oci/ext/discover"],
        })];
        if self.knows_oras() && !request.uri.path().starts_with("/v2/_oci/") {
            list.push(oras::extension());
        }
        json!({ "extensions": list })
    }
}
