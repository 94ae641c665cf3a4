//! A look at a target without judging it: who it lets in, what it offers, and which repository names it takes.

use super::cleanup::clean_up;
use super::control::Refusal;
use super::isolate::short_hash;
use super::schedule::{Options, meet};
use super::{Env, Isolation};
use crate::client::{Answer, Auth, Purpose, RequestSpec, Target, resolve_location};
use crate::expect;
use crate::oci::challenge::{Challenges, Scheme};
use crate::outcome::CapabilityOutcome;

/// What a look at a target shows.
#[derive(Debug)]
pub struct Examined {
    /// Its `Server` header.
    pub server: Option<String>,
    /// What is odd about it.
    pub notes: Vec<String>,
    /// The capabilities, each with how it was found out.
    pub capabilities: Vec<CapabilityOutcome>,
    /// The minimum chunk length that it announces.
    pub chunk: Option<u64>,
    /// Which repository names it takes; empty if nothing can be pushed, or repositories are given.
    pub names: Vec<NameSeen>,
}

/// How a target asks who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// It answers `GET /v2/` to anybody.
    Nobody,
    /// It asks for a user name and a password on every request.
    Basic,
    /// It sends us to a token service.
    Token {
        /// The address of the service.
        realm: String,
        /// What the registry is called there.
        service: Option<String>,
    },
    /// In some other way, or none that can be understood.
    Otherwise {
        /// What it answers.
        seen: String,
    },
}

/// A kind of repository name and what became of an upload to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameSeen {
    /// What is special about the name.
    pub kind: &'static str,
    /// How many characters it has.
    pub length: usize,
    /// Whether an upload was begun in it.
    pub taken: bool,
    /// The answer.
    pub seen: String,
}

/// Looks at a target: how it asks who we are, and what it is like once it has let us in. Nothing that is pushed stays, as
/// far as the target deletes.
pub async fn examine(options: Options) -> (Asked, Result<Examined, Refusal>) {
    let stop = options.cancel.clone();
    let mut env = Env::of(&options, &stop);
    (asked(&env).await, inside(&mut env, &options).await)
}

async fn inside(env: &mut Env, options: &Options) -> Result<Examined, Refusal> {
    let (greeting, probed) = meet(env, options, &options.cancel).await?;
    clean_up(env, &probed.stored).await;
    let names = match &env.isolation {
        Isolation::Fresh { prefix, run } if env.offers("push") => names(env, prefix, run).await,
        Isolation::Fresh { .. } | Isolation::Given(_) => Vec::new(),
    };
    Ok(Examined {
        server: greeting.server,
        notes: greeting.notes,
        capabilities: probed.capabilities,
        chunk: probed.chunk,
        names,
    })
}

async fn asked(env: &Env) -> Asked {
    let mut request = RequestSpec::path("GET", "/v2/");
    request.purpose = Purpose::Probe;
    request.auth = Auth::Anonymous;
    let answer = env.client.send(request).await;
    match answer.status() {
        Some(200..=299) => return Asked::Nobody,
        Some(401) => {}
        _ => return otherwise(&answer),
    }
    let challenges = Challenges::parse(answer.header("WWW-Authenticate").unwrap_or_default());
    let bearer = challenges.find(&Scheme::Bearer);
    let realm = bearer.and_then(|bearer| Some((bearer.realm()?.to_string(), bearer.service().map(str::to_string))));
    match realm {
        Some((realm, service)) => Asked::Token { realm, service },
        None if challenges.find(&Scheme::Basic).is_some() => Asked::Basic,
        None => otherwise(&answer),
    }
}

fn otherwise(answer: &Answer) -> Asked {
    let seen = match answer.header("WWW-Authenticate") {
        Some(value) => format!("{}, WWW-Authenticate: {value}", expect::status_text(answer)),
        None => expect::status_text(answer),
    };
    Asked::Otherwise { seen }
}

/// Names of a kind each: a registry may have any policy on them, which is worth knowing before a run.
async fn names(env: &Env, prefix: &str, run: &str) -> Vec<NameSeen> {
    let base = format!("{prefix}/{run}");
    let filled = |length: usize| {
        let rest = length.saturating_sub(base.len() + 1).max(1);
        format!("{base}/{}", "n".repeat(rest))
    };
    let kinds = [
        ("one component", format!("referee-{}", short_hash(run))),
        ("two components", format!("referee-{}/name", short_hash(run))),
        ("ten components", format!("{base}/1/2/3/4/5/6/7/8")),
        ("with the separators . _ __ --", format!("{base}/a.b_c__d--e")),
        ("of 128 characters", filled(128)),
        ("of 255 characters", filled(255)),
    ];
    let mut seen = Vec::new();
    for (kind, name) in kinds {
        let mut request = RequestSpec::path("POST", format!("/v2/{name}/blobs/uploads/"));
        request.purpose = Purpose::Probe;
        let answer = env.client.send(request).await;
        let location = answer.header("Location").filter(|_| answer.status() == Some(202));
        if let Some(url) = location.and_then(|location| resolve_location(&answer.url, location, &[]).ok()) {
            let mut cancel = RequestSpec::new("DELETE", Target::Url(url));
            cancel.purpose = Purpose::Cleanup;
            // A registry that cannot cancel an upload lets it expire.
            let _ = env.client.send(cancel).await;
        }
        seen.push(NameSeen {
            kind,
            length: name.len(),
            taken: matches!(answer.status(), Some(200..=299)),
            seen: expect::status_text(&answer),
        });
    }
    seen
}
