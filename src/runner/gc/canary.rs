//! Canaries: content that nothing needs, left behind to see whether a collection came by.

use std::collections::BTreeSet;

use super::super::Env;
use super::super::execute::Thread;
use super::super::isolate::setting;
use super::super::own::{SMALL, bare, blob, image};
use super::super::stop::Stop;
use super::inconclusive;
use crate::case::{Action, Step, Template, UploadHow};
use crate::client::Purpose;
use crate::content::{Graph, Scope};

/// What a canary is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A manifest without a tag, which nothing refers to.
    Manifest,
    /// A blob that no manifest names.
    Blob,
}

impl Part {
    pub(super) const ALL: [Part; 2] = [Part::Manifest, Part::Blob];

    pub(super) fn node(self) -> &'static str {
        match self {
            Part::Manifest => "canary-manifest",
            Part::Blob => "canary-blob",
        }
    }

    fn says(self) -> &'static str {
        match self {
            Part::Manifest => "an untagged manifest",
            Part::Blob => "a blob that no manifest names",
        }
    }
}

/// A tagged manifest beside every canary.
const ANCHOR: &str = "canary-anchor";

/// A canary of one case in one round.
pub(super) struct Canary {
    scope: Scope,
}

impl Canary {
    /// Pushes a canary into the case's repository.
    pub(super) async fn release(env: &Env, thread: &mut Thread) -> Result<Self, Stop> {
        thread.canaries += 1;
        let nonce = thread.scope.variables.get("nonce").cloned().unwrap_or_default();
        let id = format!("canary/{nonce}/{}", thread.canaries);
        let mut scope = Scope {
            variables: thread.scope.variables.clone(),
            ..Scope::default()
        };
        let nodes = [
            image(ANCHOR),
            image(Part::Manifest.node()),
            blob(Part::Blob.node(), SMALL),
        ];
        scope.graph = Graph::build(&nodes, &setting(env.seed, &id, env.chunk), &scope)
            .map_err(|error| Stop::Error(error.to_string()))?;
        let mut pushing = Thread {
            scope,
            ..Thread::default()
        };
        // Collections of distribution fail as a whole where a repository has manifests and never had a tag.
        let anchor = bare(Action::Push {
            node: ANCHOR.to_string(),
            tag: Some(Template::literal(format!("{ANCHOR}-{nonce}-{}", thread.canaries))),
            alone: false,
        });
        pushing.prepare(env, &anchor, Purpose::Setup).await?;
        for part in Part::ALL {
            pushing.prepare(env, &push(part), Purpose::Setup).await?;
        }
        thread.stored.extend(pushing.stored);
        Ok(Self { scope: pushing.scope })
    }

    /// Broken if what a collection takes elsewhere is still here.
    pub(super) async fn expect_gone(self, env: &Env, thread: &mut Thread, takes: &BTreeSet<Part>) -> Result<(), Stop> {
        let mut looking = Thread {
            scope: self.scope,
            ..Thread::default()
        };
        let mut alive = Vec::new();
        for part in takes {
            if is_there(env, &mut looking, part.node()).await? {
                alive.push(part.says());
            }
        }
        thread.exchanges.extend(looking.exchanges);
        if alive.is_empty() {
            return Ok(());
        }
        Err(inconclusive(&format!(
            "the canary is alive ({} is still there), so nothing was collected here",
            alive.join(" and ")
        )))
    }
}

/// Whether a node is still there. Everything but 404 counts as there.
pub(super) async fn is_there(env: &Env, thread: &mut Thread, node: &str) -> Result<bool, Stop> {
    let step = bare(Action::Head {
        node: node.to_string(),
        tag: None,
    });
    let performed = Box::pin(thread.perform(env, &step, 0, Purpose::Setup)).await?;
    Ok(performed.is_none_or(|performed| performed.answer.status() != Some(404)))
}

fn push(part: Part) -> Step {
    let node = part.node().to_string();
    bare(match part {
        Part::Manifest => Action::Push {
            node,
            tag: None,
            alone: false,
        },
        Part::Blob => Action::Upload {
            node,
            how: UploadHow::PostThenPut,
        },
    })
}
