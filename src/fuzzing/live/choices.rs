//! Sequences of choices: how they are made, bent and made smaller.
//!
//! A script is a function of a byte string, as [`arbitrary`] reads it, and a string that has come to its end reads as
//! zeros. So a shorter string with smaller bytes is a simpler script, and shrinking needs to know nothing of scripts.

use fastrand::Rng;

/// The longest sequence that is made.
const MOST: usize = 400;

/// A fresh sequence. Low bytes are frequent, for they choose what is ordinary.
pub fn fresh(rng: &mut Rng) -> Vec<u8> {
    let length = rng.usize(16..MOST);
    let calm = rng.u8(0..4);
    (0..length)
        .map(|_| if rng.u8(0..4) < calm { rng.u8(0..4) } else { rng.u8(..) })
        .collect()
}

/// A sequence like these: one of them with some bytes changed, or the start of one with the end of another.
pub fn bend(rng: &mut Rng, one: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = one.to_vec();
    if rng.u8(0..4) == 0 && !other.is_empty() {
        let at = rng.usize(0..=bytes.len());
        bytes.truncate(at);
        bytes.extend(&other[rng.usize(0..other.len())..]);
    }
    for _ in 0..rng.usize(1..6) {
        let at = rng.usize(0..=bytes.len());
        match rng.u8(0..5) {
            0 if at < bytes.len() => bytes[at] = rng.u8(..),
            1 if at < bytes.len() => bytes[at] = bytes[at].wrapping_add(rng.u8(0..5)).wrapping_sub(2),
            2 if at < bytes.len() => {
                let end = (at + rng.usize(1..8)).min(bytes.len());
                bytes.drain(at..end);
            }
            3 => {
                let new: Vec<u8> = (0..rng.usize(1..8)).map(|_| rng.u8(..)).collect();
                bytes.splice(at..at, new);
            }
            _ => bytes.push(rng.u8(..)),
        }
    }
    bytes.truncate(2 * MOST);
    bytes
}

/// What is tried next when a sequence is to become smaller: first large steps, then small ones.
#[derive(Debug)]
pub struct Shrinker {
    best: Vec<u8>,
    step: usize,
    at: usize,
    progress: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Only the start is kept: nothing, one byte, two, four, ...
    Start,
    /// So many bytes are left out.
    Cut(usize),
    /// So many bytes become zero.
    Zero(usize),
    /// One byte becomes zero and so many after it are left out: a list gets shorter, and with it go its items.
    Fold(usize),
    /// One byte gets smaller by so much.
    Lower(u8),
}

/// The steps in their order; they begin again as long as something got smaller.
const STEPS: [Step; 23] = [
    Step::Start,
    Step::Cut(128),
    Step::Cut(64),
    Step::Cut(32),
    Step::Cut(16),
    Step::Cut(8),
    Step::Cut(6),
    Step::Cut(5),
    Step::Cut(4),
    Step::Cut(3),
    Step::Cut(2),
    Step::Cut(1),
    Step::Zero(8),
    Step::Zero(2),
    Step::Zero(1),
    Step::Fold(1),
    Step::Fold(2),
    Step::Fold(3),
    Step::Fold(4),
    Step::Fold(6),
    Step::Fold(9),
    Step::Lower(16),
    Step::Lower(1),
];

impl Shrinker {
    /// Starts from a sequence.
    pub fn new(start: Vec<u8>) -> Self {
        Self {
            best: start,
            step: 0,
            at: 0,
            progress: false,
        }
    }

    /// The smallest sequence that was kept.
    pub fn best(&self) -> &[u8] {
        &self.best
    }

    /// Keeps what was tried last, because it still shows the violation.
    pub fn keep(&mut self, smaller: Vec<u8>) {
        // The place stays: what follows has moved up to it. After a change in place, the same step is tried again.
        self.best = smaller;
        self.progress = true;
    }

    /// What was tried last does not show the violation.
    pub fn pass(&mut self) {
        self.at += match STEPS.get(self.step) {
            Some(Step::Cut(size)) if *size > 8 => *size,
            Some(Step::Zero(size)) => *size,
            Some(Step::Start) => self.at.max(1),
            _ => 1,
        };
    }

    /// The next one to try, or nothing if no step leads on.
    pub fn candidate(&mut self) -> Option<Vec<u8>> {
        loop {
            if self.at >= self.best.len() {
                self.at = 0;
                self.step += 1;
                if self.step == STEPS.len() && std::mem::take(&mut self.progress) {
                    self.step = 0;
                }
            }
            let step = *STEPS.get(self.step)?;
            if self.best.is_empty() {
                return None;
            }
            let mut next = self.best.clone();
            let end = |size: usize| (self.at + size).min(self.best.len());
            match step {
                Step::Start => next.truncate(self.at),
                Step::Cut(size) => drop(next.drain(self.at..end(size))),
                Step::Zero(size) => next[self.at..end(size)].fill(0),
                Step::Fold(size) => {
                    next[self.at] = 0;
                    next.drain(end(1)..end(1 + size));
                }
                Step::Lower(by) => next[self.at] = next[self.at].saturating_sub(by),
            }
            let is_fold_of_zero = matches!(step, Step::Fold(_)) && self.best[self.at] == 0;
            if next != self.best && !is_fold_of_zero {
                return Some(next);
            }
            self.pass();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shrink(start: Vec<u8>, shows: impl Fn(&[u8]) -> bool) -> (Vec<u8>, usize) {
        let mut shrinker = Shrinker::new(start);
        let mut tries = 0;
        while let Some(candidate) = shrinker.candidate() {
            tries += 1;
            if shows(&candidate) {
                shrinker.keep(candidate);
            } else {
                shrinker.pass();
            }
        }
        (shrinker.best().to_vec(), tries)
    }

    #[test]
    fn shrinking_ends_at_the_smallest() {
        let start = fresh(&mut Rng::with_seed(1));
        let (smallest, tries) = shrink(start, |bytes| bytes.iter().filter(|byte| **byte >= 3).count() >= 2);
        assert_eq!(smallest, [3, 3]);
        assert!(tries < 4000, "{tries}");
        assert_eq!(shrink(vec![7; 50], |_| true), (Vec::new(), 1));
    }

    #[test]
    fn a_list_is_shrunk_with_its_items() {
        // A count, so many items, and a byte that matters.
        let shows = |bytes: &[u8]| {
            let count = bytes.first().map_or(0, |count| usize::from(*count % 8));
            bytes.get(1 + 2 * count) == Some(&9)
        };
        assert_eq!(shrink(vec![3, 1, 1, 2, 2, 3, 3, 9, 4, 4], shows).0, [0, 9]);
    }

    #[test]
    fn bending_is_bounded_and_repeatable() {
        let mut rng = Rng::with_seed(2);
        let (one, other) = (fresh(&mut rng), fresh(&mut rng));
        let bent: Vec<_> = (0..200)
            .map(|seed| bend(&mut Rng::with_seed(seed), &one, &other))
            .collect();
        assert!(bent.iter().all(|bytes| bytes.len() <= 2 * MOST));
        assert!(bent.iter().filter(|bytes| **bytes != one).count() > 150);
        assert_eq!(bent[7], bend(&mut Rng::with_seed(7), &one, &other));
    }
}
