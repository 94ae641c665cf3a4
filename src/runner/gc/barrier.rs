//! The barrier: who waits, and when the trigger runs.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::super::Env;
use super::super::schedule::Event;
use crate::outcome::Round;

/// What cases tell the one who runs the trigger.
pub enum Message {
    /// One is at a `gc` step.
    Arrived(Arrival),
    /// One is over, whatever became of it.
    Done(usize),
}

/// A case at the barrier.
pub struct Arrival {
    /// The case.
    pub(super) case: usize,
    /// Where the step is written.
    pub(super) place: String,
    /// Whether it waits for a dry run.
    pub(super) dry: bool,
    /// Told when the trigger has begun.
    pub(super) started: oneshot::Sender<()>,
    /// Told what came of it.
    pub(super) ended: oneshot::Sender<Arc<Round>>,
}

/// Tells that a case is over when it is dropped, so that a case that panics keeps nobody waiting.
pub struct Done {
    /// The case.
    pub case: usize,
    /// Whom to tell.
    pub messages: Option<mpsc::UnboundedSender<Message>>,
}

impl Drop for Done {
    fn drop(&mut self) {
        if let Some(messages) = &self.messages {
            // At the end nobody listens any more.
            let _ = messages.send(Message::Done(self.case));
        }
    }
}

/// Runs the trigger whenever all cases that are not over wait for it. Dry runs come first: what waits for a real one would
/// spoil them. Ends with the last case.
pub async fn coordinate(
    env: &Env,
    mut messages: mpsc::UnboundedReceiver<Message>,
    mut unfinished: usize,
    cancel: &CancellationToken,
    events: &mpsc::UnboundedSender<Event>,
    rounds: &mut Vec<Round>,
) {
    let Some(collector) = &env.collector else { return };
    let mut waiting: Vec<Arrival> = Vec::new();
    while unfinished > 0 {
        match messages.recv().await {
            Some(Message::Arrived(arrival)) => waiting.push(arrival),
            Some(Message::Done(case)) => {
                unfinished -= 1;
                waiting.retain(|arrival| arrival.case != case);
            }
            None => return,
        }
        if waiting.is_empty() || waiting.len() < unfinished || cancel.is_cancelled() {
            continue;
        }
        let dry = waiting.iter().any(|arrival| arrival.dry);
        let (now, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|arrival| arrival.dry == dry);
        waiting = later;
        drop(events.send(Event::Collecting { cases: now.len() }));
        let mut places: Vec<String> = now.iter().map(|arrival| arrival.place.clone()).collect();
        places.sort();
        let (starters, enders): (Vec<_>, Vec<_>) =
            now.into_iter().map(|arrival| (arrival.started, arrival.ended)).unzip();
        let started = move || {
            for starter in starters {
                // A case that was cancelled meanwhile does not listen.
                let _ = starter.send(());
            }
        };
        let mut round = collector
            .collecting
            .run(env, dry, rounds.len() + 1, started, cancel)
            .await;
        round.cases = places.len();
        rounds.push(round.clone());
        let round = Arc::new(round);
        for ender in enders {
            let _ = ender.send(round.clone());
        }
    }
}
