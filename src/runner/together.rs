//! Steps that run at once, each in several copies.

use super::Env;
use super::execute::{Thread, setting_of};
use super::stop::Stop;
use crate::case::{Action, Step};
use crate::client::Purpose;
use crate::content::{Graph, Scope};
use crate::outcome::ExpectationOutcome;

/// Copies of a step of which everything is kept; of others only what went wrong, or a report would be too large to read.
const KEPT_COPIES: usize = 16;

impl Thread {
    /// Runs steps at once, each in several copies. What they gather is appended in the order of the file.
    pub async fn together(
        &mut self,
        env: &Env,
        (times, at_once, own): (u32, u32, &[String]),
        steps: &[Step],
        index: usize,
        purpose: Purpose,
    ) -> Result<(), Stop> {
        let collection = steps.iter().find_map(|step| match step.action {
            Action::Gc { dry } => Some((step, dry)),
            _ => None,
        });
        let ticket = match collection {
            Some((step, dry)) => Some(self.arrive(env, step, dry).await?),
            None => None,
        };
        let steps = steps.iter().filter(|step| !matches!(step.action, Action::Gc { .. }));
        let most = if own.is_empty() { u32::MAX } else { env.copies.max(1) };
        let times = times.clamp(1, most);
        let copies = (0..times).flat_map(|copy| steps.clone().map(move |step| (copy, step)));
        let per_copy = steps.clone().count().max(1);
        let base = self.scope.clone();
        let case = self.case;
        let threads = copies.map(|(copy, step)| {
            let mut thread = Thread {
                scope: base.clone(),
                case,
                ..Thread::default()
            };
            thread.scope.variables.insert("i".into(), copy.to_string());
            let of_copy = format!("#{copy}");
            for (name, value) in &base.variables {
                if let Some(name) = name.strip_suffix(&of_copy) {
                    thread.scope.variables.insert(name.to_string(), value.clone());
                }
            }
            let own = own_content(env, case, &base, own, copy);
            async move {
                match own {
                    Ok(Some(graph)) => thread.scope.graph = graph,
                    Ok(None) => {}
                    Err(message) => return (thread, Err(Stop::Error(message))),
                }
                let stopped = match purpose {
                    Purpose::Case => Box::pin(thread.step(env, step, index)).await,
                    _ => Box::pin(thread.prepare(env, step, purpose)).await,
                };
                (thread, stopped)
            }
        });
        let mut result = Ok(());
        let mut waiting: Vec<_> = threads.collect();
        let mut ended = Vec::with_capacity(waiting.len());
        while !waiting.is_empty() {
            let later = waiting.split_off(waiting.len().min(at_once as usize));
            ended.extend(futures_util::future::join_all(waiting).await);
            waiting = later;
        }
        if let Some(ticket) = ticket {
            result = self.leave(env, ticket).await;
        }
        for (number, (mut thread, stopped)) in ended.into_iter().enumerate() {
            // What a copy captured is for the copy of the same number; for everybody else, the last of them counts.
            let copy = number / per_copy;
            for (name, value) in &thread.scope.variables {
                if name != "i" && !base.variables.contains_key(name) {
                    self.scope.variables.insert(format!("{name}#{copy}"), value.clone());
                    if stopped.is_ok() {
                        self.scope.variables.insert(name.clone(), value.clone());
                    }
                }
            }
            if copy >= KEPT_COPIES && stopped.is_ok() && thread.expectations.iter().all(ExpectationOutcome::held) {
                thread.exchanges.clear();
                thread.expectations.clear();
            }
            self.absorb(thread);
            // An error outweighs a failed judgement, which outweighs going on.
            if let Err(stop) = stopped
                && (result.is_ok() || !matches!(stop, Stop::Judged | Stop::NotApplicable { .. }))
            {
                result = Err(stop);
            }
        }
        result
    }

    /// Appends what another part of the case has gathered.
    pub fn absorb(&mut self, other: Thread) {
        let offset = self.exchanges.len();
        self.exchanges.extend(other.exchanges);
        self.expectations
            .extend(other.expectations.into_iter().map(|mut outcome| {
                outcome.exchange += offset;
                outcome
            }));
        self.facts.extend(other.facts);
        self.stored.extend(other.stored);
        self.lacking = self.lacking.take().or(other.lacking);
    }
}

/// The content of a copy that has some of its own.
fn own_content(env: &Env, case: usize, base: &Scope, own: &[String], copy: u32) -> Result<Option<Graph>, String> {
    let Some(case) = env.suite.cases.get(case).filter(|_| !own.is_empty()) else {
        return Ok(None);
    };
    Graph::copy(&case.content, &setting_of(env, &case.id.0), base, own, copy)
        .map(Some)
        .map_err(|error| error.to_string())
}
