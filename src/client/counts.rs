//! How many requests went out, and what for.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::exchange::Purpose;

/// Requests by what they were for; every attempt counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestCounts {
    /// Steps of cases.
    pub case: u64,
    /// What cases need first.
    pub setup: u64,
    /// Finding out what the registry offers.
    pub probe: u64,
    /// Removing what was stored.
    pub cleanup: u64,
    /// Getting tokens.
    pub auth: u64,
}

impl RequestCounts {
    /// All of them.
    pub fn total(&self) -> u64 {
        let Self {
            case,
            setup,
            probe,
            cleanup,
            auth,
        } = self;
        case + setup + probe + cleanup + auth
    }

    /// How many were for one purpose.
    pub fn of(&mut self, purpose: Purpose) -> &mut u64 {
        match purpose {
            Purpose::Case => &mut self.case,
            Purpose::Setup => &mut self.setup,
            Purpose::Probe => &mut self.probe,
            Purpose::Cleanup => &mut self.cleanup,
            Purpose::Auth => &mut self.auth,
        }
    }
}

impl std::ops::AddAssign for RequestCounts {
    fn add_assign(&mut self, other: Self) {
        self.case += other.case;
        self.setup += other.setup;
        self.probe += other.probe;
        self.cleanup += other.cleanup;
        self.auth += other.auth;
    }
}

/// The same while it is being counted.
#[derive(Debug, Default)]
pub(super) struct Counter(Mutex<RequestCounts>);

impl Counter {
    pub(super) fn count(&self, purpose: Purpose) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).of(purpose) += 1;
    }

    pub(super) fn sent(&self) -> RequestCounts {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
