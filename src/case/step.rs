//! Steps: what a case does, and what it expects of each answer.

use std::time::Duration;

use super::{Json, Matcher, Origin, Size, Template};
use crate::oci::method::READING;

/// One action and what is expected of the answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// The repository it is done in: `None` is the case's own, otherwise a name under `repos`.
    pub repo: Option<String>,
    /// Capabilities without which the step is left out.
    pub needs: Vec<String>,
    /// A capture without which the step is left out.
    pub only_if: Option<String>,
    /// What each requirement demands of the answer.
    pub expect: Vec<Expectation>,
    /// How the answer shows the use of a freedom.
    pub record: Vec<Fact>,
    /// What later steps need of the answer.
    pub capture: Vec<Capture>,
    /// Repeat until every expectation holds, for at most this long; the last answer is judged.
    pub within: Option<Duration>,
    /// Unless the answer is like this, the steps after it are left out: they would judge what is not there.
    pub continue_if: Vec<Matcher>,
    /// Where it is written.
    pub origin: Origin,
}

/// What a step does. Verbs are sugar: each expands to plain HTTP requests.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// One request, said in full.
    Send(Box<Send>),
    /// Pushes a node: a manifest with its blobs, children and itself; a blob by the usual upload. The last answer is judged.
    Push {
        /// The node.
        node: String,
        /// Pushed under this tag; by digest where `None`.
        tag: Option<Template>,
        /// Send the manifest alone, without what it refers to.
        alone: bool,
    },
    /// Downloads a node by its digest, or a manifest by `tag`.
    Pull {
        /// The node.
        node: String,
        /// By this tag.
        tag: Option<Template>,
    },
    /// Asks for the headers of a node.
    Head {
        /// The node.
        node: String,
        /// By this tag.
        tag: Option<Template>,
    },
    /// Uploads a blob in a certain way.
    Upload {
        /// The node.
        node: String,
        /// The way.
        how: UploadHow,
    },
    /// Asks for a blob of another repository to be mounted.
    Mount {
        /// The node.
        node: String,
        /// The repository that has it: a name under `repos`, or `repo` for the case's own; without `from` where `None`.
        from: Option<String>,
    },
    /// Lists the referrers of a node, following every page; the pages are judged as one answer.
    Discover {
        /// The subject.
        subject: String,
        /// The way.
        via: Via,
        /// Only referrers of this artifact type.
        artifact_type: Option<Template>,
        /// At most so many in a page, where the API lets a client say so.
        n: Option<Template>,
    },
    /// Lists the tags, following every page; the pages are judged as one answer.
    Tags {
        /// At most so many in a page.
        n: Option<Template>,
        /// Only those after this tag.
        last: Option<Template>,
    },
    /// Asks the token service that a challenge names for a token. It is no part of the registry, so what is judged on every
    /// exchange is not judged here.
    Token {
        /// The value of a `WWW-Authenticate` field with a Bearer challenge.
        challenge: Template,
        /// The scopes to ask for.
        scopes: Vec<Template>,
        /// With which credentials.
        auth: SendAuth,
    },
    /// Deletes.
    Delete(DeleteWhat),
    /// Waits until the target has collected its garbage. Inside `together` the other steps start when the collection does.
    Gc {
        /// Only what a collection would do is found out.
        dry: bool,
    },
    /// Does nothing for a while.
    Wait(Duration),
    /// Runs its steps at once, each in `times` copies that see their number as `${i}`.
    Together {
        /// How many copies of each.
        times: u32,
        /// How many of all these steps are under way at the same time at most.
        at_once: u32,
        /// Nodes of which every copy has its own, the same for the same number.
        own: Vec<String>,
        /// The steps.
        steps: Vec<Step>,
    },
}

impl Action {
    /// Whether it sends anything that could change what the registry holds.
    pub fn writes(&self) -> bool {
        match self {
            Action::Send(send) => !READING.contains(&send.method.as_str()),
            Action::Push { .. } | Action::Upload { .. } | Action::Mount { .. } | Action::Delete(_) => true,
            Action::Gc { .. } => true,
            Action::Pull { .. } | Action::Head { .. } | Action::Discover { .. } | Action::Tags { .. } => false,
            Action::Token { .. } | Action::Wait(_) => false,
            Action::Together { steps, .. } => steps.iter().any(|step| step.action.writes()),
        }
    }

    /// Whether it asks for tags or for what is about a manifest.
    pub fn reads_a_list(&self) -> bool {
        match self {
            Action::Tags { .. } | Action::Discover { .. } => true,
            Action::Send(send) => {
                let target = send.target.to_string();
                send.method == "GET" && (target.contains("/tags/list") || target.contains("/referrers/"))
            }
            _ => false,
        }
    }

    /// Whether it closes the connection before there is an answer.
    pub fn hangs_up(&self) -> bool {
        matches!(self, Action::Send(send) if matches!(send.body, Body::Cut { .. }))
    }
}

/// How a blob is uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadHow {
    /// POST, then PUT with the whole blob.
    PostThenPut,
    /// One POST with the digest and the whole blob.
    SinglePost,
    /// POST, one PATCH with Content-Range, closing PUT.
    OnePatch,
    /// POST, three PATCHes with Content-Range, closing PUT.
    ThreePatches,
    /// POST, two PATCHes, and the last chunk in the closing PUT.
    LastByPut,
    /// POST, one PATCH of unknown length without Content-Range, closing PUT.
    Streamed,
}

impl UploadHow {
    /// Every way, with the word for it.
    pub const ALL: [(UploadHow, &'static str); 6] = [
        (UploadHow::PostThenPut, "post-then-put"),
        (UploadHow::SinglePost, "single-post"),
        (UploadHow::OnePatch, "one-patch"),
        (UploadHow::ThreePatches, "three-patches"),
        (UploadHow::LastByPut, "last-by-put"),
        (UploadHow::Streamed, "streamed"),
    ];
}

/// The API by which referrers are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// The referrers API of OCI distribution 1.1.
    Oci,
    /// The referrers tag schema, read as a tag.
    Fallback,
    /// The list of ORAS artifacts, as release candidates have it.
    Oras,
    /// The list of ORAS artifacts, as the first draft has it.
    OrasDraft,
}

impl Via {
    /// Every way, with the word for it.
    pub const ALL: [(Via, &'static str); 4] = [
        (Via::Oci, "oci"),
        (Via::Fallback, "fallback"),
        (Via::Oras, "oras"),
        (Via::OrasDraft, "oras-draft"),
    ];
}

/// What is deleted.
#[derive(Debug, Clone, PartialEq)]
pub enum DeleteWhat {
    /// A node, by its digest.
    Node(String),
    /// A tag.
    Tag(Template),
}

/// One request, said in full.
#[derive(Debug, Clone, PartialEq)]
pub struct Send {
    /// The method, sent as written.
    pub method: String,
    /// The path and query exactly as they go on the wire, or a captured URL.
    pub target: Template,
    /// Query parameters, encoded and appended to what the target has.
    pub query: Vec<(String, Template)>,
    /// Headers in order.
    pub headers: Vec<(String, Template)>,
    /// Headers that are not sent, though every request has them.
    pub omit: Vec<String>,
    /// The body.
    pub body: Body,
    /// What becomes of redirects.
    pub redirects: Redirects,
    /// What becomes of answers that say to come back later.
    pub busy: Busy,
    /// Which credentials go along.
    pub auth: SendAuth,
    /// Which transport carries it.
    pub wire: Wire,
}

/// The body of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// None, with `Content-Length: 0` where the method has a body.
    Empty,
    /// The bytes of a node, with their length.
    Node(String),
    /// The bytes of a node in chunked transfer encoding, without a length.
    Stream(String),
    /// The first `size` bytes of a node, though its whole length is announced; then the connection is closed, so that
    /// there is no answer.
    Cut {
        /// The node.
        node: String,
        /// How many bytes are sent.
        size: Size,
    },
    /// The bytes of a node after those that a `Range` field of the form `0-<end>` tells of, with their `Content-Range`.
    Rest {
        /// The node.
        node: String,
        /// The value of the field.
        after: Template,
    },
    /// A text.
    Text(Template),
    /// A JSON document, printed compactly.
    Json(Json),
}

/// What becomes of redirects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// Followed, and the last answer is judged.
    Follow,
    /// The redirect itself is judged.
    Keep,
}

/// What becomes of 408, 429, and 503 with `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Busy {
    /// They are waited out, and the request is sent again.
    Wait,
    /// They are judged themselves.
    Keep,
}

/// Which credentials go along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendAuth {
    /// Those of the run, as the target asks for them.
    Run,
    /// None, and a challenge is not answered.
    Anonymous,
    /// Wrong ones.
    Wrong,
}

/// Which transport carries a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// The pooled client, or the raw one where the pooled one would change the request.
    Auto,
    /// The raw HTTP/1.1 transport.
    Raw,
}

/// A requirement and what it demands of one answer: the atom of judgement.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// The requirement's id.
    pub requirement: String,
    /// All of these must hold.
    pub matchers: Vec<Matcher>,
    /// Where it is written.
    pub origin: Origin,
}

/// A freedom, and by what each of its uses is recognised. The first that matches is recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// The fact's name.
    pub name: String,
    /// Value and matchers.
    pub values: Vec<(String, Vec<Matcher>)>,
    /// Where it is written.
    pub origin: Origin,
}

/// Something of an answer, kept under a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Capture {
    /// The name, used as `${name}`.
    pub name: String,
    /// What is kept.
    pub from: CaptureFrom,
    /// Only what the first group of this regular expression finds in it, or the whole expression if it has no group.
    pub find: Option<String>,
    /// What is kept if the answer does not have it.
    pub otherwise: Option<Template>,
}

/// What is kept of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum CaptureFrom {
    /// The `Location` header, resolved against the URL that was asked.
    Location,
    /// A header, several lines of it as one list.
    Header(String),
    /// What the first of these JSON pointers leads to that leads to more than null or an empty text.
    Json(Vec<String>),
    /// The target of the link with this relation, resolved against the URL that was asked.
    Link(String),
    /// The bytes of the body, as text.
    Body,
}
