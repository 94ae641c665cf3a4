//! Collecting garbage in the middle of a run.
//!
//! A `gc` step is a barrier: when every case that is not over waits at one, the trigger runs once for all of them, and
//! they go on. A case that waits holds no slot, so that the others get there. Each case leaves a canary, an untagged
//! manifest and a blob that nothing names; a collection that did not take what the first collection took from the probe
//! shows nothing, and the case is not judged.

mod barrier;
mod canary;
mod command;
mod request;
mod retention;
mod trigger;

pub use barrier::{Done, Message, coordinate};
pub use retention::probe;
pub use trigger::{Collecting, Trigger};

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use self::barrier::Arrival;
use self::canary::Canary;
use super::Env;
use super::execute::Thread;
use super::stop::Stop;
use crate::case::Step;
use crate::outcome::Round;

/// Where cases meet the trigger.
pub struct Collector {
    /// How garbage is collected.
    pub collecting: Collecting,
    /// Which parts of a canary a collection takes, as the probe found.
    pub takes: BTreeSet<canary::Part>,
    /// Why no collection is tried any more.
    pub failed: Option<String>,
    /// The slots that cases share.
    pub slots: Arc<Semaphore>,
    /// To the one who runs the trigger.
    pub messages: mpsc::UnboundedSender<Message>,
}

/// A case at the barrier, after the trigger began.
pub struct Ticket {
    ended: oneshot::Receiver<Arc<Round>>,
    canary: Option<Canary>,
    had_slot: bool,
}

impl Thread {
    /// Waits until the registry has collected its garbage.
    pub async fn collect(&mut self, env: &Env, step: &Step, dry: bool) -> Result<(), Stop> {
        let ticket = self.arrive(env, step, dry).await?;
        self.leave(env, ticket).await
    }

    /// Waits until all are at the barrier and the trigger has begun.
    pub async fn arrive(&mut self, env: &Env, step: &Step, dry: bool) -> Result<Ticket, Stop> {
        let Some(collector) = &env.collector else {
            return Err(Stop::Error(
                "nothing can trigger a garbage collection in this run".into(),
            ));
        };
        if let Some(reason) = &collector.failed {
            return Err(inconclusive(reason));
        }
        let canary = if dry {
            None
        } else {
            Some(Canary::release(env, self).await?)
        };
        let (started, starts) = oneshot::channel();
        let (ends, ended) = oneshot::channel();
        let arrival = Arrival {
            case: self.case,
            place: step.origin.to_string(),
            dry,
            started,
            ended: ends,
        };
        let had_slot = self.slot.take().is_some();
        // Nobody listens once the run was cancelled; the answer below says so.
        let _ = collector.messages.send(Message::Arrived(arrival));
        // Without a beginning there is an end all the same, which tells why.
        let _ = starts.await;
        Ok(Ticket {
            ended,
            canary,
            had_slot,
        })
    }

    /// Waits for the end of the collection and sees whether it did anything here.
    pub async fn leave(&mut self, env: &Env, ticket: Ticket) -> Result<(), Stop> {
        let round = ticket.ended.await;
        if ticket.had_slot
            && let Some(collector) = &env.collector
        {
            self.slot = collector.slots.clone().acquire_owned().await.ok();
        }
        let round = round.map_err(|_| Stop::Error("the run was interrupted".into()))?;
        if !round.succeeded {
            return Err(inconclusive(&format!("the trigger failed: {}", round.evidence)));
        }
        match (ticket.canary, &env.collector) {
            (Some(canary), Some(collector)) => canary.expect_gone(env, self, &collector.takes).await,
            _ => Ok(()),
        }
    }
}

/// A slot of those that cases share.
pub type Slot = Option<OwnedSemaphorePermit>;

/// The collection shows nothing.
fn inconclusive(why: &str) -> Stop {
    Stop::Broken {
        step: "gc".into(),
        seen: format!("inconclusive: {why}"),
    }
}
