//! How long a case waits for what it changed to show.
//!
//! Each step that has to show a change within some time has all of it. Once that time was over for one of them, the others
//! count from the change itself: what did not come in ten seconds has had them, and a case of four such steps would
//! otherwise wait for forty.

use std::time::{Duration, Instant};

/// What a case waited for so far.
#[derive(Debug, Default, Clone, Copy)]
pub struct Waited {
    changed: Option<Instant>,
    ran_out: bool,
}

impl Waited {
    /// Something was changed.
    pub fn changed(&mut self, now: Instant) {
        self.changed = Some(now);
    }

    /// What was waited for did not come.
    pub fn ran_out(&mut self) {
        self.ran_out = true;
    }

    /// Until when a step that begins now waits.
    pub fn deadline(&self, now: Instant, limit: Duration) -> Instant {
        self.changed.filter(|_| self.ran_out).unwrap_or(now) + limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    #[test]
    fn the_change_counts_once_a_wait_was_in_vain() {
        let (start, mut waited) = (Instant::now(), Waited::default());
        let later = start + LIMIT;
        waited.changed(start);
        assert_eq!(waited.deadline(later, LIMIT), later + LIMIT);
        waited.ran_out();
        assert_eq!(waited.deadline(later, LIMIT), later);
        waited.changed(later);
        assert_eq!(waited.deadline(later, LIMIT), later + LIMIT);
    }
}
