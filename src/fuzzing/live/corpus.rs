//! What is worth being bent: scripts that showed something new.

use std::collections::{BTreeMap, HashSet};

use fastrand::Rng;

use super::choices::{bend, fresh};
use super::script::Aim;

/// The most scripts that are kept for an aim.
const MOST: usize = 1_000;

/// Scripts that showed something new, and everything that was seen.
#[derive(Debug, Default)]
pub struct Corpus {
    kept: BTreeMap<Aim, Vec<Vec<u8>>>,
    seen: HashSet<u64>,
}

impl Corpus {
    /// The next script: two in three are made of what is kept.
    pub fn next(&self, rng: &mut Rng, aims: &[Aim]) -> (Aim, Vec<u8>) {
        let all: u32 = aims.iter().map(|aim| aim.share()).sum();
        let mut at = rng.u32(0..all.max(1));
        let mut chosen = aims.first().copied().unwrap_or(Aim::Manifest);
        for aim in aims {
            if at < aim.share() {
                chosen = *aim;
                break;
            }
            at -= aim.share();
        }
        let kept = self.kept.get(&chosen).map(Vec::as_slice).unwrap_or_default();
        let choices = match (rng.u8(0..3), rng.choice(kept), rng.choice(kept)) {
            (1.., Some(one), Some(other)) => bend(rng, one, other),
            _ => fresh(rng),
        };
        (chosen, choices)
    }

    /// Keeps a script if it showed something new.
    pub fn add(&mut self, aim: Aim, choices: &[u8], features: impl IntoIterator<Item = u64>) {
        let mut is_new = false;
        for feature in features {
            is_new |= self.seen.insert(feature);
        }
        let kept = self.kept.entry(aim).or_default();
        if is_new && kept.len() < MOST {
            kept.push(choices.to_vec());
        }
    }

    /// How many scripts are kept, and how many classes of answers were seen.
    pub fn size(&self) -> (usize, usize) {
        (self.kept.values().map(Vec::len).sum(), self.seen.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_new_is_kept() {
        let mut corpus = Corpus::default();
        corpus.add(Aim::Index, &[1], [1, 2]);
        corpus.add(Aim::Index, &[2], [2]);
        corpus.add(Aim::Auth, &[3], [2, 3]);
        assert_eq!(corpus.size(), (2, 3));
        let mut rng = Rng::with_seed(5);
        let aims: HashSet<Aim> = (0..500).map(|_| corpus.next(&mut rng, &Aim::ALL).0).collect();
        assert_eq!(aims.len(), Aim::ALL.len());
        assert_eq!(corpus.next(&mut rng, &[Aim::Upload]).0, Aim::Upload);
    }
}
