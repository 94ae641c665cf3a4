//! Verbs to plain HTTP requests.
//!
//! Every verb is sugar: what it sends is decided here, before anything is sent, and `referee explain` prints the same
//! list that a run executes.

use std::collections::HashMap;
use std::sync::Arc;

use crate::case::{
    Action, Body, Busy, Capture, CaptureFrom, DeleteWhat, Redirects, Send, SendAuth, Step, Template, UploadHow, Via,
    Wire,
};
use crate::content::{Built, Data, Role, Scope, ScopeError};
use crate::oci::digest::Algorithm;
use crate::oci::media_type::{DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST};

/// The name under which a verb keeps the URL of its upload session.
const SESSION: &str = "upload-session";

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
    stores_blob: bool,
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
fn only_stores(step: &Step) -> bool {
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

/// What of the target matters to how a step is sent.
#[derive(Debug, Clone, Copy)]
pub struct Means {
    /// The length of a chunk.
    pub chunk: u64,
    /// How `push` uploads blobs.
    pub how: UploadHow,
    /// Whether `upload` may do so too in place of a POST and a PUT.
    pub any_way: bool,
    /// Whether what is pushed without a tag gets one, on a target that takes no manifest under its digest.
    pub tags: bool,
}

impl Means {
    /// The usual ones, with chunks of this length.
    pub fn usual(chunk: u64) -> Self {
        Self {
            chunk,
            how: UploadHow::PostThenPut,
            any_way: false,
            tags: false,
        }
    }

    /// Where a manifest without a tag is pushed to.
    fn reference(&self, built: &Built) -> Template {
        match self.tags {
            true => Template::literal(format!(
                "untagged-{}",
                built.digest.encoded().chars().take(32).collect::<String>()
            )),
            false => Template::literal(built.digest.as_str()),
        }
    }
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
            let how = match how {
                UploadHow::PostThenPut if means.any_way => means.how,
                how => *how,
            };
            upload(node(name)?.as_ref(), how, repo, means.chunk)
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
    if let Some(last) = requests.last_mut() {
        last.capture.extend(step.capture.iter().cloned());
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
struct Place<'a>(&'a str);

impl<'a> Place<'a> {
    fn of(step: &'a Step) -> Self {
        Self(step.repo.as_deref().unwrap_or("repo"))
    }

    fn path(self, rest: &str) -> Template {
        let mut template = Template::literal("/v2/");
        template.parts.extend(variable(self.0).parts);
        template.parts.extend(Template::literal(rest).parts);
        template
    }
}

fn variable(name: &str) -> Template {
    Template {
        parts: vec![crate::case::Part::Variable(vec![name.to_string()])],
    }
}

impl Planned {
    fn new(method: &str, target: Template) -> Self {
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
        }
    }

    fn header(mut self, name: &str, value: impl Into<String>) -> Self {
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
            Role::Blob | Role::Slice { .. } => upload(built, means.how, repo, means.chunk),
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

fn upload(built: &Built, how: UploadHow, repo: Place, chunk: u64) -> Vec<Planned> {
    let digest = || ("digest".to_string(), Template::literal(built.digest.as_str()));
    let whole = || PlannedBody::Sized(built.data.clone(), built.name.clone());
    let mut post = Planned::new("POST", repo.path("/blobs/uploads/"));
    if how == UploadHow::SinglePost {
        post.query.push(digest());
        post.body = whole();
        post.stores_blob = true;
        return vec![post.header("Content-Type", "application/octet-stream")];
    }
    if built.digest.algorithm() != Some(Algorithm::Sha256) && how != UploadHow::PostThenPut {
        post.query.push((
            "digest-algorithm".into(),
            Template::literal(built.digest.algorithm_name()),
        ));
    }
    post.capture.push(session());
    let mut requests = vec![post];
    let parts: Vec<(u64, u64)> = match how {
        UploadHow::PostThenPut | UploadHow::SinglePost | UploadHow::Streamed => Vec::new(),
        UploadHow::OnePatch => vec![(0, built.data.len())],
        UploadHow::ThreePatches | UploadHow::LastByPut => thirds(built.data.len(), chunk),
    };
    let by_patch = if how == UploadHow::LastByPut {
        parts.len().saturating_sub(1)
    } else {
        parts.len()
    };
    for (from, to) in &parts[..by_patch] {
        let mut patch = Planned::new("PATCH", variable(SESSION)).header("Content-Type", "application/octet-stream");
        if to > from {
            patch = patch.header("Content-Range", format!("{from}-{}", to - 1));
        }
        patch.body = PlannedBody::Sized(built.data.slice(*from, *to), format!("{} from {from}", built.name));
        patch.capture.push(session());
        requests.push(patch);
    }
    if how == UploadHow::Streamed {
        let mut patch = Planned::new("PATCH", variable(SESSION)).header("Content-Type", "application/octet-stream");
        patch.body = PlannedBody::Streamed(built.data.clone(), built.name.clone());
        patch.capture.push(session());
        requests.push(patch);
    }
    let mut put = Planned::new("PUT", variable(SESSION));
    put.query.push(digest());
    match (how, parts.last()) {
        (UploadHow::PostThenPut, _) => {
            put = put.header("Content-Type", "application/octet-stream");
            put.body = whole();
        }
        (UploadHow::LastByPut, Some((from, to))) if to > from => {
            put = put
                .header("Content-Type", "application/octet-stream")
                .header("Content-Range", format!("{from}-{}", to - 1));
            put.body = PlannedBody::Sized(built.data.slice(*from, *to), format!("{} from {from}", built.name));
        }
        _ => {}
    }
    requests.push(put);
    for request in &mut requests {
        request.stores_blob = true;
    }
    requests
}

fn session() -> Capture {
    Capture {
        name: SESSION.into(),
        from: CaptureFrom::Location,
        find: None,
        otherwise: None,
    }
}

/// Three parts of a length, or fewer where a part would be smaller than a chunk may be.
fn thirds(len: u64, chunk: u64) -> Vec<(u64, u64)> {
    let size = len.div_ceil(3).max(chunk.min(len)).max(1);
    let mut parts = Vec::new();
    let mut from = 0;
    while from < len || parts.is_empty() {
        let to = (from + size).min(len);
        parts.push((from, to));
        from = to;
        if from >= len {
            break;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirds_cover_the_whole_and_respect_the_chunk() {
        assert_eq!(thirds(3072, 1024), [(0, 1024), (1024, 2048), (2048, 3072)]);
        assert_eq!(thirds(10, 1), [(0, 4), (4, 8), (8, 10)]);
        assert_eq!(thirds(3072, 2000), [(0, 2000), (2000, 3072)]);
        assert_eq!(thirds(100, 1024), [(0, 100)]);
        assert_eq!(thirds(0, 1024), [(0, 0)]);
    }
}
