//! Verbs to plain HTTP requests.
//!
//! Every verb is sugar: what it sends is decided here, before anything is sent. `referee explain` prints the same list
//! for a target of which nothing is known.

use std::collections::HashMap;
use std::sync::Arc;

use super::means::{Means, upload};
use crate::case::{
    Action, Body, Busy, Capture, DeleteWhat, Redirects, Send, SendAuth, Step, Template, UploadHow, Via, Wire,
};
use crate::content::{Built, Data, Role, Scope, ScopeError};
use crate::oci::media_type::{DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST};

/// One request that a step sends.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The method.
    pub method: String,
    /// Path and query, or a captured URL.
    pub target: Template,
    /// Query parameters to append.
    pub query: Vec<(String, Template)>,
    /// Headers.
    pub headers: Vec<(String, Template)>,
    /// Headers that are not sent, though every request has them.
    pub omit: Vec<String>,
    /// The body.
    pub body: PlannedBody,
    /// What becomes of redirects.
    pub redirects: Redirects,
    /// What becomes of answers that say to come back later.
    pub busy: Busy,
    /// Which credentials go along.
    pub auth: SendAuth,
    /// Which transport carries it.
    pub wire: Wire,
    /// What is kept of the answer.
    pub capture: Vec<Capture>,
    /// The member of the body, an array, that is gathered over all pages, for the verbs that list.
    pub pages: Option<&'static str>,
    /// Scopes to ask for beside those of the challenge.
    pub scopes: Vec<String>,
    /// Whether it goes to the token service that `target`, a challenge, names, and not to the registry.
    pub token: bool,
    /// What has to be over before: every request of a lower stage.
    pub stage: u32,
    /// Requests of one stage and lane go one after another, lanes of one stage at once.
    pub lane: u32,
    /// Whether it is part of an upload.
    pub(super) stores_blob: bool,
    /// Whether it is sent only where the request before it opened an upload instead of storing the blob at once.
    pub if_opened: bool,
}

/// The body of a planned request.
#[derive(Debug, Clone)]
pub enum PlannedBody {
    /// None.
    Empty,
    /// With its length.
    Sized(Data, String),
    /// In chunked transfer encoding.
    Streamed(Data, String),
    /// Its length is announced, so many bytes are sent, and the connection is closed.
    Cut(Data, u64, String),
    /// What comes after the bytes that the text, a `Range` field, tells of.
    Rest(Data, Template, String),
}

impl PlannedBody {
    /// What it is, in words.
    pub fn describe(&self) -> Option<String> {
        match self {
            PlannedBody::Empty => None,
            PlannedBody::Sized(data, what) => Some(format!("{what}, {} bytes", data.len())),
            PlannedBody::Streamed(data, what) => Some(format!("{what}, {} bytes without Content-Length", data.len())),
            PlannedBody::Cut(data, sent, what) => {
                Some(format!("{what}, the first {sent} of {} bytes, and no more", data.len()))
            }
            PlannedBody::Rest(_, after, what) => Some(format!("{what}, what comes after {after}")),
        }
    }
}

/// A setup in its order, in parts: single steps, and several that only store content in one repository and are [expanded
/// together](expand_stores).
pub fn parts(setup: &[Step]) -> impl Iterator<Item = &[Step]> {
    setup.chunk_by(|a, b| only_stores(a) && only_stores(b) && a.repo == b.repo)
}

/// The requests of steps that only store, by step. The blobs that they need go ahead with the first, all at once and each
/// once, for nothing depends on their order; manifests keep theirs.
pub fn expand_stores(steps: &[Step], scope: &Scope, means: &Means) -> Result<Vec<Vec<Planned>>, ScopeError> {
    let mut ahead = Push::default();
    for step in steps {
        ahead.blobs(step, scope, means)?;
    }
    let mut ahead = ahead.requests;
    let mut plans = Vec::with_capacity(steps.len());
    for step in steps {
        let own = expand(step, scope, means)?.into_iter();
        let own = own.filter(|request| !request.stores_blob).map(|request| Planned {
            stage: request.stage + 1,
            ..request
        });
        plans.push(std::mem::take(&mut ahead).into_iter().chain(own).collect());
    }
    Ok(plans)
}

/// Whether a step does nothing but store content, whatever is answered.
pub fn only_stores(step: &Step) -> bool {
    let stores = matches!(
        step.action,
        Action::Push { alone: false, .. }
            | Action::Upload {
                how: UploadHow::PostThenPut,
                ..
            }
    );
    stores && step.needs.is_empty() && step.only_if.is_none() && step.capture.is_empty()
}

/// The requests of a step in order; the answer to the last is the one that is judged. Steps that send nothing of their
/// own (`wait`, `gc`, `together`) have none.
pub fn expand(step: &Step, scope: &Scope, means: &Means) -> Result<Vec<Planned>, ScopeError> {
    let repo = Place::of(step);
    let node = |name: &str| scope.node(name).cloned();
    let reference = |built: &Arc<Built>, tag: &Option<Template>| match tag {
        Some(tag) => tag.clone(),
        None => Template::literal(built.digest.as_str()),
    };
    let pushed_as = |built: &Arc<Built>, tag: &Option<Template>| match tag {
        None => means.reference(built),
        Some(tag) => tag.clone(),
    };
    let mut requests = match &step.action {
        Action::Send(send) => vec![said(send, scope, means.chunk)?],
        Action::Push { node: name, tag, alone } => {
            let built = node(name)?;
            let mut push = Push::default();
            let needed = if *alone { &[] } else { built.requires.as_slice() };
            let stage = 1 + needed
                .iter()
                .map(|other| push.once(other, repo, means))
                .max()
                .unwrap_or(0);
            push.add(
                stage,
                match built.role {
                    Role::Manifest => vec![put_manifest(&built, pushed_as(&built, tag), repo)],
                    Role::Blob | Role::Slice { .. } if means.any_way => means.upload(&built, repo),
                    Role::Blob | Role::Slice { .. } => upload(&built, means.how, repo, means.chunk),
                },
            );
            push.requests.sort_by_key(|request| request.stage);
            push.requests
        }
        Action::Pull { node: name, tag } => {
            let built = node(name)?;
            vec![read("GET", &built, reference(&built, tag), repo)]
        }
        Action::Head { node: name, tag } => {
            let built = node(name)?;
            vec![read("HEAD", &built, reference(&built, tag), repo)]
        }
        Action::Upload { node: name, how } => {
            let built = node(name)?;
            match how {
                UploadHow::PostThenPut if means.any_way => means.upload(&built, repo),
                how => upload(&built, *how, repo, means.chunk),
            }
        }
        Action::Mount { node: name, from } => {
            let built = node(name)?;
            let mut request = Planned::new("POST", repo.path("/blobs/uploads/"));
            request
                .query
                .push(("mount".into(), Template::literal(built.digest.as_str())));
            if let Some(from) = from {
                request.query.push(("from".into(), variable(from)));
                let source = scope.variables.get(from).cloned().unwrap_or_default();
                request.scopes.push(format!("repository:{source}:pull"));
            }
            vec![request]
        }
        Action::Discover {
            subject,
            via,
            artifact_type,
            n,
        } => {
            let subject = node(subject)?;
            let mut request = match via {
                Via::Oci => Planned::new("GET", repo.path(&format!("/referrers/{}", subject.digest))),
                Via::Fallback => {
                    let mut request = Planned::new("GET", repo.path(&format!("/manifests/{}", fallback_tag(&subject))));
                    request.headers.push(("Accept".into(), Template::literal(OCI_INDEX)));
                    request
                }
                Via::Oras => {
                    let mut request = Planned::new("GET", repo.path("/_oras/artifacts/referrers"));
                    let digest = Template::literal(subject.digest.as_str());
                    request.query.push(("digest".into(), digest));
                    request
                }
                Via::OrasDraft => {
                    let mut target = Template::literal("/oras/artifacts/v1/");
                    target.parts.extend(variable(repo.0).parts);
                    let rest = format!("/manifests/{}/referrers", subject.digest);
                    target.parts.extend(Template::literal(rest).parts);
                    Planned::new("GET", target)
                }
            };
            let is_oras = matches!(via, Via::Oras | Via::OrasDraft);
            if let Some(artifact_type) = artifact_type.as_ref().filter(|_| *via != Via::Fallback) {
                request.query.push(("artifactType".into(), artifact_type.clone()));
            }
            if let Some(n) = n.as_ref().filter(|_| is_oras) {
                request.query.push(("n".into(), n.clone()));
            }
            request.pages = Some(match via {
                Via::Oci | Via::Fallback => "manifests",
                Via::Oras => "referrers",
                Via::OrasDraft => "references",
            });
            vec![request]
        }
        Action::Tags { n, last } => {
            let mut request = Planned::new("GET", repo.path("/tags/list"));
            for (name, value) in [("n", n), ("last", last)] {
                if let Some(value) = value {
                    request.query.push((name.into(), value.clone()));
                }
            }
            request.pages = Some("tags");
            vec![request]
        }
        Action::Token {
            challenge,
            scopes,
            auth,
        } => {
            let mut request = Planned::new("GET", challenge.clone());
            request.query = scopes
                .iter()
                .map(|scope| ("scope".to_string(), scope.clone()))
                .collect();
            request.auth = *auth;
            request.token = true;
            vec![request]
        }
        Action::Delete(DeleteWhat::Node(name)) => {
            let built = node(name)?;
            let kind = if built.role == Role::Manifest {
                "manifests"
            } else {
                "blobs"
            };
            vec![Planned::new("DELETE", repo.path(&format!("/{kind}/{}", built.digest)))]
        }
        Action::Delete(DeleteWhat::Tag(tag)) => {
            let mut target = repo.path("/manifests/");
            target.parts.extend(tag.parts.iter().cloned());
            vec![Planned::new("DELETE", target)]
        }
        Action::Gc { .. } | Action::Wait(_) | Action::Together { .. } => Vec::new(),
    };
    // The last that is sent may be the last but one.
    let certain = requests.iter().rposition(|request| !request.if_opened);
    for request in requests.iter_mut().skip(certain.unwrap_or_default()) {
        request.capture.extend(step.capture.iter().cloned());
    }
    Ok(requests)
}

/// The tag of the referrers tag schema: algorithm cut to 32 characters, hyphen, encoded part cut to 64
/// (<https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema>).
pub fn fallback_tag(subject: &Built) -> String {
    let algorithm: String = subject.digest.algorithm_name().chars().take(32).collect();
    let encoded: String = subject.digest.encoded().chars().take(64).collect();
    format!("{algorithm}-{encoded}")
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "._-".contains(c) {
                c
            } else {
                '-'
            }
        })
        .collect()
}

/// The media types that a client lists which wants a manifest of any kind.
pub fn accept_manifests() -> String {
    [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST].join(", ")
}

/// The variable that holds a repository's name.
#[derive(Clone, Copy)]
pub(super) struct Place<'a>(&'a str);

impl<'a> Place<'a> {
    fn of(step: &'a Step) -> Self {
        Self(step.repo.as_deref().unwrap_or("repo"))
    }

    pub(super) fn path(self, rest: &str) -> Template {
        let mut template = Template::literal("/v2/");
        template.parts.extend(variable(self.0).parts);
        template.parts.extend(Template::literal(rest).parts);
        template
    }
}

pub(super) fn variable(name: &str) -> Template {
    Template {
        parts: vec![crate::case::Part::Variable(vec![name.to_string()])],
    }
}

impl Planned {
    pub(super) fn new(method: &str, target: Template) -> Self {
        Self {
            method: method.to_string(),
            target,
            query: Vec::new(),
            headers: Vec::new(),
            omit: Vec::new(),
            body: PlannedBody::Empty,
            redirects: Redirects::Follow,
            busy: Busy::Wait,
            auth: SendAuth::Run,
            wire: Wire::Auto,
            capture: Vec::new(),
            pages: None,
            scopes: Vec::new(),
            token: false,
            stage: 0,
            lane: 0,
            stores_blob: false,
            if_opened: false,
        }
    }

    pub(super) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_string(), Template::literal(value)));
        self
    }
}

fn said(send: &Send, scope: &Scope, chunk: u64) -> Result<Planned, ScopeError> {
    Ok(Planned {
        query: send.query.clone(),
        headers: send.headers.clone(),
        omit: send.omit.clone(),
        body: match &send.body {
            Body::Empty => PlannedBody::Empty,
            Body::Node(name) => PlannedBody::Sized(scope.node(name)?.data.clone(), name.clone()),
            Body::Stream(name) => PlannedBody::Streamed(scope.node(name)?.data.clone(), name.clone()),
            Body::Cut { node, size } => {
                PlannedBody::Cut(scope.node(node)?.data.clone(), size.resolve(chunk), node.clone())
            }
            Body::Rest { node, after } => {
                PlannedBody::Rest(scope.node(node)?.data.clone(), after.clone(), node.clone())
            }
            Body::Text(text) => PlannedBody::Sized(Data::Bytes(scope.text(text)?.into()), "text".into()),
            Body::Json(json) => PlannedBody::Sized(Data::Bytes(scope.json(json)?.to_string().into()), "JSON".into()),
        },
        redirects: send.redirects,
        busy: send.busy,
        auth: send.auth,
        wire: send.wire,
        ..Planned::new(&send.method, send.target.clone())
    })
}

fn read(method: &str, built: &Built, reference: Template, repo: Place) -> Planned {
    if built.role == Role::Manifest {
        let mut target = repo.path("/manifests/");
        target.parts.extend(reference.parts);
        Planned::new(method, target).header("Accept", accept_manifests())
    } else {
        Planned::new(method, repo.path(&format!("/blobs/{}", built.digest)))
    }
}

/// The requests of a push: what needs nothing else at once, then what needs only that, and so on.
#[derive(Default)]
struct Push {
    /// Stages of the content that is part of it, by repository and digest.
    pushed: HashMap<(String, String), u32>,
    lanes: u32,
    requests: Vec<Planned>,
}

impl Push {
    /// Adds what `built` needs and then itself, each content once. Its stage.
    fn once(&mut self, built: &Arc<Built>, repo: Place, means: &Means) -> u32 {
        let key = (repo.0.to_string(), built.digest.to_string());
        if let Some(stage) = self.pushed.get(&key) {
            return *stage;
        }
        let needed = built.requires.iter().map(|other| self.once(other, repo, means)).max();
        let stage = needed.map_or(0, |stage| stage + 1);
        self.pushed.insert(key, stage);
        let requests = match built.role {
            Role::Manifest => vec![put_manifest(built, means.reference(built), repo)],
            Role::Blob | Role::Slice { .. } => means.upload(built, repo),
        };
        self.add(stage, requests);
        stage
    }

    /// Adds the blobs that a step stores, whatever manifests are between.
    fn blobs(&mut self, step: &Step, scope: &Scope, means: &Means) -> Result<(), ScopeError> {
        let (Action::Push { node, .. } | Action::Upload { node, .. }) = &step.action else {
            return Ok(());
        };
        let mut open = vec![scope.node(node)?];
        while let Some(built) = open.pop() {
            match built.role {
                Role::Manifest => open.extend(&built.requires),
                Role::Blob | Role::Slice { .. } => drop(self.once(built, Place::of(step), means)),
            }
        }
        Ok(())
    }

    fn add(&mut self, stage: u32, requests: Vec<Planned>) {
        self.lanes += 1;
        let lane = self.lanes;
        let placed = requests.into_iter().map(|request| Planned { stage, lane, ..request });
        self.requests.extend(placed);
    }
}

fn put_manifest(built: &Built, reference: Template, repo: Place) -> Planned {
    let mut target = repo.path("/manifests/");
    target.parts.extend(reference.parts);
    let mut request = Planned::new("PUT", target).header("Content-Type", &built.media_type);
    request.body = PlannedBody::Sized(built.data.clone(), built.name.clone());
    request
}
