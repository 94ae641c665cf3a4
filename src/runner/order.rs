//! Which cases start first: those with the longest chain of requests, so that none of them is left over at the end; and
//! of which few run at once, because what they hold is much.

use std::collections::HashMap;
use std::sync::Arc;

use super::expand::parts;
use super::share::Share;
use crate::case::{Action, BlobSource, Case, Child, ManifestFields, NodeKind, Size, Step, Suite, UploadHow};

/// From how many bytes of content on a case is heavy. It holds several times as much: what it sends, what it reads, and
/// what both say.
const HEAVY: u64 = 1 << 20;

/// What a round trip is taken to last, in milliseconds, where a case says how long it waits.
const ROUND_TRIP: u128 = 20;

/// The cases by the number of requests that have to wait for each other.
pub fn longest_first(suite: &Suite, cases: &[usize], shares: &HashMap<usize, Arc<Share>>) -> Vec<usize> {
    let mut order = cases.to_vec();
    order.sort_by_cached_key(|index| {
        let case = &suite.cases[*index];
        // Cases that share a setup run beside each other, so that it is not there for longer than it has to be. Those of which
        // few run at once wait for each other too.
        let share = shares.get(index).map(|share| share.id());
        let chain = chain_of_setup(&case.setup) + if share.is_some() { 0 } else { chain(&case.steps) };
        std::cmp::Reverse((is_heavy(case), chain, share))
    });
    order
}

/// Whether a case has so much content that no other one of the kind should run beside it. Never one that waits for a
/// collection, which waits for every case.
pub fn is_heavy(case: &Case) -> bool {
    let steps = case.setup.iter().chain(&case.steps);
    let content: u64 = case.content.iter().map(|node| bytes(&node.kind)).sum();
    content >= HEAVY && !steps.into_iter().any(|step| matches!(step.action, Action::Gc { .. }))
}

/// About how many bytes a node takes that a case does not write out.
fn bytes(kind: &NodeKind) -> u64 {
    let size = |size: &Size| size.resolve(1024);
    match kind {
        NodeKind::Blob {
            source: BlobSource::Random(random),
            ..
        } => size(random),
        NodeKind::Image(fields) | NodeKind::Index(fields) | NodeKind::Artifact(fields) => {
            let ManifestFields {
                layers, config, pad, ..
            } = fields;
            let generated = layers.iter().chain(config).map(|child| match child {
                Child::Generated(generated) => size(generated),
                Child::Node { .. } | Child::Nothing => 0,
            });
            generated.chain(pad.iter().map(size)).sum()
        }
        _ => 0,
    }
}

/// Blobs that are stored by several steps go ahead at once.
fn chain_of_setup(steps: &[Step]) -> u128 {
    let manifests = |step: &&Step| matches!(step.action, Action::Push { .. });
    let lengths = parts(steps).map(|part| match part {
        [_] => chain(part),
        _ => 2 + part.iter().filter(manifests).count() as u128,
    });
    lengths.sum()
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
