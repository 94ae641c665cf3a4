//! Every fuzz target on its seeds, on the words, and on a bounded number of random inputs; and the agreement of `fuzz/`
//! with the list of targets.

use std::path::{Path, PathBuf};

use fastrand::Rng;

use crate::fuzzing::document::{self, Wound};
use crate::fuzzing::targets::{TARGETS, Target};
use crate::fuzzing::words;

/// Random inputs for each target, of each sort.
const ROUNDS: usize = 150;

/// The longest random input, in bytes.
const MAX_LEN: usize = 600;

fn fuzz_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn seeds(target: &Target) -> Vec<Vec<u8>> {
    let dir = fuzz_dir().join("seeds").join(target.name);
    let mut paths: Vec<_> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn random_bytes(rng: &mut Rng) -> Vec<u8> {
    (0..rng.usize(0..MAX_LEN)).map(|_| rng.u8(..)).collect()
}

fn random_word(rng: &mut Rng) -> &'static str {
    let list = rng.choice(words::ALL).copied().unwrap_or_default();
    rng.choice(list).copied().unwrap_or_default()
}

fn random_words(rng: &mut Rng) -> Vec<u8> {
    (0..rng.usize(0..12))
        .map(|_| random_word(rng))
        .collect::<String>()
        .into_bytes()
}

/// One of the seeds with a few bytes changed, left out or put in.
fn bent_seed(rng: &mut Rng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = rng.choice(seeds).cloned().unwrap_or_default();
    for _ in 0..rng.usize(0..4) {
        let at = rng.usize(0..=bytes.len());
        match (rng.u8(0..4), bytes.get_mut(at)) {
            (0, Some(byte)) => *byte = rng.u8(..),
            (1, Some(_)) => {
                bytes.remove(at);
            }
            (2, _) => {
                bytes.splice(at..at, random_word(rng).bytes());
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}

#[test]
fn every_target_stands_a_smoke_test() {
    let mut rng = Rng::with_seed(1);
    for target in TARGETS {
        let seeds = seeds(target);
        seeds.iter().for_each(|seed| (target.run)(seed));
        (target.run)(b"");
        for _ in 0..ROUNDS {
            (target.run)(&random_bytes(&mut rng));
            (target.run)(&random_words(&mut rng));
            (target.run)(&bent_seed(&mut rng, &seeds));
        }
    }
}

#[test]
fn the_generators_reach_every_kind_and_every_wound() {
    let mut rng = Rng::with_seed(2);
    let mut kinds = std::collections::BTreeSet::new();
    let mut wounds = std::collections::BTreeSet::new();
    for _ in 0..2000 {
        let bytes = random_bytes(&mut rng);
        if let Ok(legal) = document::legal(&mut arbitrary::Unstructured::new(&bytes)) {
            kinds.insert(legal.manifest.kind());
        }
        if let Ok(hostile) = document::hostile(&mut arbitrary::Unstructured::new(&bytes)) {
            wounds.extend(hostile.wounds);
        }
    }
    assert_eq!(kinds.len(), crate::oci::manifest::Kind::ALL.len());
    assert_eq!(wounds.len(), 7, "{wounds:?}");
    assert!(wounds.contains(&Wound::Torn));
}

#[test]
fn every_target_has_its_three_lines_and_its_seeds() {
    let manifest = std::fs::read_to_string(fuzz_dir().join("Cargo.toml")).unwrap();
    for Target { name, .. } in TARGETS {
        let path = format!("fuzz_targets/{name}.rs");
        let body = std::fs::read_to_string(fuzz_dir().join(&path)).unwrap();
        assert!(
            body.contains(&format!("referee::fuzzing::targets::{name}(data)")),
            "{path}"
        );
        assert!(
            manifest.contains(&format!("name = \"{name}\"\npath = \"{path}\"")),
            "{path} is not in fuzz/Cargo.toml"
        );
    }
    // Those with readers from other crates have their bodies in `fuzz/readers/`.
    let foreign = ["oci_spec.rs", "oci_client.rs"];
    let files = std::fs::read_dir(fuzz_dir().join("fuzz_targets")).unwrap();
    let own = files
        .filter(|file| !foreign.iter().any(|name| file.as_ref().unwrap().file_name() == *name))
        .count();
    assert_eq!(own, TARGETS.len(), "fuzz/fuzz_targets/ has a file without a body");
    for target in TARGETS {
        assert!(!seeds(target).is_empty(), "{} has no seeds", target.name);
    }
}
