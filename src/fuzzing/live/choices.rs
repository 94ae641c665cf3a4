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
    step: Step,
    at: usize,
    progress: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Cut(usize),
    Zero(usize),
    Lower(u8),
    Over,
}

impl Shrinker {
    /// Starts from a sequence.
    pub fn new(start: Vec<u8>) -> Self {
        Self {
            step: Step::Cut(start.len().next_power_of_two() / 2),
            best: start,
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
    pub fn drop(&mut self) {
        self.at += match self.step {
            Step::Cut(size) | Step::Zero(size) => size.max(1),
            Step::Lower(_) | Step::Over => 1,
        };
    }

    /// The next one to try, or nothing if no step leads on.
    pub fn candidate(&mut self) -> Option<Vec<u8>> {
        loop {
            if self.at >= self.best.len() {
                self.at = 0;
                self.step = match self.step {
                    Step::Cut(size) if size > 1 => Step::Cut(size / 2),
                    Step::Cut(_) => Step::Zero(8),
                    Step::Zero(size) if size > 1 => Step::Zero(size / 2),
                    Step::Zero(_) => Step::Lower(16),
                    Step::Lower(16) => Step::Lower(1),
                    // As long as something got smaller, the large steps may find more.
                    Step::Lower(_) if std::mem::take(&mut self.progress) => {
                        Step::Cut(self.best.len().next_power_of_two() / 2)
                    }
                    Step::Lower(_) | Step::Over => Step::Over,
                };
                if self.step == Step::Over {
                    return None;
                }
                continue;
            }
            let mut next = self.best.clone();
            match self.step {
                Step::Cut(size) => drop(next.drain(self.at..(self.at + size.max(1)).min(self.best.len()))),
                Step::Zero(size) => {
                    let end = (self.at + size).min(next.len());
                    next[self.at..end].fill(0);
                }
                // One less, or one sixteenth of the range less.
                Step::Lower(by) => next[self.at] = next[self.at].saturating_sub(by),
                Step::Over => return None,
            }
            if next != self.best {
                return Some(next);
            }
            self.drop();
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
                shrinker.drop();
            }
        }
        (shrinker.best().to_vec(), tries)
    }

    #[test]
    fn shrinking_ends_at_the_smallest() {
        let start = fresh(&mut Rng::with_seed(1));
        let (smallest, tries) = shrink(start, |bytes| {
            bytes.iter().filter(|byte| **byte >= 3).count() >= 2
        });
        assert_eq!(smallest, [3, 3]);
        assert!(tries < 3000, "{tries}");
        assert_eq!(shrink(vec![7; 50], |_| true).0, Vec::<u8>::new());
    }

    #[test]
    fn bending_is_bounded_and_repeatable() {
        let mut rng = Rng::with_seed(2);
        let (one, other) = (fresh(&mut rng), fresh(&mut rng));
        let bent: Vec<_> = (0..200).map(|seed| bend(&mut Rng::with_seed(seed), &one, &other)).collect();
        assert!(bent.iter().all(|bytes| bytes.len() <= 2 * MOST));
        assert!(bent.iter().filter(|bytes| **bytes != one).count() > 150);
        assert_eq!(bent[7], bend(&mut Rng::with_seed(7), &one, &other));
    }
}
