//! Setups that cases have in common: of cases that only read, those that need the same content first get it once.
//!
//! None of them can tell, for none changes anything. Cases that write have their content to themselves, and so have those
//! that try to do harm by reading. A setup that fails is nobody's but the case's that tried it: the next one tries again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::Env;
use super::cleanup::Stored;
use super::execute::{Thread, scope_of};
use super::stop::Stop;
use crate::case::{Action, Case, Suite};

/// The area of the cases that do what nobody should.
const HARDENING: &str = "hardening";

/// A setup for several cases.
#[derive(Default)]
pub struct Share {
    /// The case after which its repositories and its content are named.
    id: String,
    /// The values that it left, and what passed.
    done: OnceCell<Thread>,
    stored: Mutex<Stored>,
}

impl Share {
    /// The case that stands for all of them where their order is decided.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What was stored for them, which is to be removed after the last.
    pub fn into_stored(self) -> Stored {
        self.stored.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A setup under way. Whatever becomes of it, what it stored is the share's.
struct SettingUp<'s> {
    thread: Thread,
    share: &'s Share,
}

impl SettingUp<'_> {
    fn hand_over(&mut self) {
        let mut stored = self.share.stored.lock().unwrap_or_else(PoisonError::into_inner);
        stored.extend(std::mem::take(&mut self.thread.stored));
    }

    /// The thread without what it stored.
    fn finish(mut self) -> Thread {
        self.hand_over();
        std::mem::take(&mut self.thread)
    }
}

impl Drop for SettingUp<'_> {
    fn drop(&mut self) {
        self.hand_over();
    }
}

impl Thread {
    /// Has the setup of a case done, if none of those that share it has had it done.
    pub async fn set_up_shared(&mut self, env: &Env, case: &Case, share: &Share) -> Result<(), Stop> {
        let done = share.done.get_or_try_init(|| set_up(env, case, share)).await;
        match done {
            Ok(done) => {
                self.scope = done.scope.clone();
                self.exchanges.extend(done.exchanges.iter().cloned());
                self.expectations.extend(done.expectations.iter().cloned());
                Ok(())
            }
            Err(failed) => {
                let (thread, stop) = *failed;
                self.absorb(thread);
                Err(stop)
            }
        }
    }
}

async fn set_up(env: &Env, case: &Case, share: &Share) -> Result<Thread, Box<(Thread, Stop)>> {
    let repositories = env.isolation.repositories(&share.id, 1 + case.repos.len());
    let repositories = repositories.unwrap_or_default();
    let scope = scope_of(env, &share.id, &case.content, &case.repos, &repositories, None);
    let scope = scope.map_err(|message| Box::new((Thread::default(), Stop::Error(message))))?;
    let thread = Thread {
        scope,
        ..Thread::default()
    };
    let mut setting_up = SettingUp { thread, share };
    let stop = Box::pin(setting_up.thread.set_up(env, &case.setup)).await.err();
    match stop {
        None => Ok(setting_up.finish()),
        Some(stop) => Err(Box::new((setting_up.finish(), stop))),
    }
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
            ..Share::default()
        });
        shares.extend(group.into_iter().map(|index| (index, share.clone())));
    }
    shares
}

/// Whether a case needs content and only reads it. In what waits for a collection, content has its own time.
fn can_share(case: &Case) -> bool {
    let plain = |action: &Action| match action {
        Action::Wait(_) | Action::Gc { .. } => false,
        Action::Together { own, .. } => own.is_empty(),
        _ => true,
    };
    let reads = case.steps.iter().all(|step| !step.action.writes());
    !case.setup.is_empty()
        && case.id.area() != HARDENING
        && reads
        && case.setup.iter().all(|step| plain(&step.action))
        && !case.wants_given()
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
