//! A registry that has stopped answering ends a run early: every further case would only cost its time limit.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio_util::sync::CancellationToken;

/// Cases beyond those under way that have to end for want of an answer. All that are under way at once may be caught by
/// one pause of the registry; those that start after it are not.
const MORE: usize = 8;

/// Counts the cases that ended for want of an answer since the last answer of any.
pub struct Silence {
    limit: usize,
    streak: AtomicUsize,
    fallen: AtomicBool,
    stop: CancellationToken,
}

impl Silence {
    /// For a run of `jobs` cases at once, which `stop` ends.
    pub fn new(jobs: usize, stop: CancellationToken) -> Self {
        Self {
            limit: jobs + MORE,
            streak: AtomicUsize::new(0),
            fallen: AtomicBool::new(false),
            stop,
        }
    }

    /// What ends the run.
    pub fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// There was an answer.
    pub fn answered(&self) {
        self.streak.store(0, Ordering::Relaxed);
    }

    /// A case ended because no answer came in time.
    pub fn timed_out(&self) {
        if self.streak.fetch_add(1, Ordering::Relaxed) + 1 >= self.limit {
            self.fallen.store(true, Ordering::Relaxed);
            self.stop.cancel();
        }
    }

    /// Why the run ends, if it does.
    pub fn reason(&self) -> Option<String> {
        self.fallen.load(Ordering::Relaxed).then(|| {
            format!(
                "the registry has stopped answering: {} cases in a row ended for want of an answer, so the run was ended",
                self.limit
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unbroken_row_ends_a_run() {
        let stop = CancellationToken::new();
        let silence = Silence::new(1, stop.clone());
        (0..8).for_each(|_| silence.timed_out());
        silence.answered();
        (0..8).for_each(|_| silence.timed_out());
        assert!(!stop.is_cancelled() && silence.reason().is_none());
        silence.timed_out();
        assert!(stop.is_cancelled() && silence.reason().is_some());
    }
}
