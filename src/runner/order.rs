//! Which cases start first: those with the longest chain of requests, so that none of them is left over at the end.

use crate::case::{Action, Step, Suite, UploadHow};

/// What a round trip is taken to last, in milliseconds, where a case says how long it waits.
const ROUND_TRIP: u128 = 20;

/// The cases by the number of requests that have to wait for each other.
pub fn longest_first(suite: &Suite, cases: &[usize]) -> Vec<usize> {
    let mut order = cases.to_vec();
    order.sort_by_cached_key(|index| {
        let case = &suite.cases[*index];
        std::cmp::Reverse(chain(&case.setup) + chain(&case.steps))
    });
    order
}

fn chain(steps: &[Step]) -> u128 {
    steps.iter().map(|step| length(&step.action)).sum()
}

fn length(action: &Action) -> u128 {
    match action {
        // The blobs at once by two requests, then the manifest.
        Action::Push { alone: false, .. } => 3,
        Action::Upload { how, .. } => match how {
            UploadHow::SinglePost => 1,
            UploadHow::PostThenPut => 2,
            UploadHow::OnePatch | UploadHow::Streamed => 3,
            UploadHow::ThreePatches | UploadHow::LastByPut => 4,
        },
        Action::Tags { .. } | Action::Discover { .. } => 2,
        Action::Wait(pause) => pause.as_millis() / ROUND_TRIP,
        Action::Together { steps, .. } => 1 + steps.iter().map(|step| length(&step.action)).max().unwrap_or(0),
        // It waits for everybody else.
        Action::Gc { .. } => 100,
        _ => 1,
    }
}
