//! Setups that cases have in common: of cases that only read, those that need the same content first get it once.
//!
//! None of them can tell, for none changes anything. Cases that write have their content to themselves.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::Env;
use super::cleanup::Stored;
use super::execute::{Thread, scope_of};
use super::stop::Stop;
use crate::case::{Action, Case, Suite};

/// A setup for several cases.
pub struct Share {
    /// The case after which its repositories and its content are named.
    id: String,
    done: OnceCell<Done>,
}

/// What a setup came to.
struct Done {
    thread: Thread,
    stop: Option<Stop>,
}

impl Share {
    /// Whether it is named after this case, which then counts as the one that sets up.
    pub fn is_named_after(&self, case: &Case) -> bool {
        self.id == case.id.0
    }

    /// What the setup stored, which is to be removed after the last case.
    pub fn into_stored(self) -> Stored {
        self.done
            .into_inner()
            .map(|done| done.thread.stored)
            .unwrap_or_default()
    }
}

impl Thread {
    /// Has the setup of a case done, by whichever of those that share it comes first.
    pub async fn set_up_shared(&mut self, env: &Env, case: &Case, share: &Share) -> Result<(), Stop> {
        let done = share.done.get_or_init(|| set_up(env, &share.id, case)).await;
        self.scope = done.thread.scope.clone();
        self.exchanges.extend(done.thread.exchanges.iter().cloned());
        self.expectations.extend(done.thread.expectations.iter().cloned());
        done.stop.clone().map_or(Ok(()), Err)
    }
}

async fn set_up(env: &Env, id: &str, case: &Case) -> Done {
    let repositories = env.isolation.repositories(id, 1 + case.repos.len()).unwrap_or_default();
    let mut thread = Thread::default();
    let stop = match scope_of(env, id, &case.content, &case.repos, &repositories, None) {
        Ok(scope) => {
            thread.scope = scope;
            Box::pin(thread.set_up(env, &case.setup)).await.err()
        }
        Err(message) => Some(Stop::Error(message)),
    };
    Done { thread, stop }
}

/// The setups that several of the cases share, by case.
pub fn shares(suite: &Suite, cases: &[usize]) -> HashMap<usize, Arc<Share>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for &index in cases.iter().filter(|index| can_share(&suite.cases[**index])) {
        let case = &suite.cases[index];
        match groups
            .iter_mut()
            .find(|group| need_the_same(&suite.cases[group[0]], case))
        {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    let mut shares = HashMap::new();
    for group in groups.into_iter().filter(|group| group.len() > 1) {
        let share = Arc::new(Share {
            id: suite.cases[group[0]].id.0.clone(),
            done: OnceCell::new(),
        });
        shares.extend(group.into_iter().map(|index| (index, share.clone())));
    }
    shares
}

/// Whether a case needs content and only reads it. In what waits for a collection, content has its own time.
fn can_share(case: &Case) -> bool {
    let plain = |action: &Action| !matches!(action, Action::Together { .. } | Action::Wait(_) | Action::Gc { .. });
    let reads = case.steps.iter().all(|step| !step.action.writes());
    !case.setup.is_empty() && reads && case.setup.iter().all(|step| plain(&step.action)) && !case.wants_given()
}

/// Whether two cases have the same content, wherever it is written, and do the same with it first.
fn need_the_same(a: &Case, b: &Case) -> bool {
    let same_content = a.content.len() == b.content.len()
        && a.content
            .iter()
            .zip(&b.content)
            .all(|(a, b)| a.name == b.name && a.kind == b.kind);
    let same_setup = a.setup.len() == b.setup.len()
        && a.setup.iter().zip(&b.setup).all(|(a, b)| {
            (&a.action, &a.repo, &a.needs) == (&b.action, &b.repo, &b.needs)
                && (&a.only_if, &a.capture) == (&b.only_if, &b.capture)
        });
    a.repos == b.repos && same_content && same_setup
}
