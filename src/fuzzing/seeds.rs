//! The seeds of the fuzz targets that come from elsewhere: from the cases, and from the generators.
//!
//! `BLESS=1 cargo test --lib fuzzing::` writes them anew, and the dictionary too. Seeds that were put in by hand, for what
//! was found and mended, have other names and stay.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::case::{BlobSource, Node, NodeKind, Part, Template};
use crate::fuzzing::live::choices;
use crate::fuzzing::targets::TARGETS;
use crate::load;

/// The start of the name of every seed that is written here.
const MADE: &str = "made-";

/// How many sequences of choices each target gets whose input is one.
const CHOICES: u64 = 4;

/// The targets whose input is a sequence of choices.
const BY_CHOICE: [&str; 6] = [
    "legal_manifest",
    "hostile_manifest",
    "image_manifest",
    "image_index",
    "differential",
    "registry",
];

fn folder(target: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds")).join(target)
}

/// What the generators make: the same whatever the cases are.
fn from_generators() -> BTreeMap<PathBuf, Vec<u8>> {
    let mut seeds = BTreeMap::new();
    for target in BY_CHOICE {
        for number in 0..CHOICES {
            let mut rng = fastrand::Rng::with_seed(number);
            let mut bytes = choices::fresh(&mut rng);
            bytes.truncate(120);
            if target == "registry" {
                bytes.insert(0, number as u8 * 2);
            }
            seeds.insert(folder(target).join(format!("{MADE}choices-{number}")), bytes);
        }
    }
    seeds
}

/// The documents that stand in the cases word for word, once as they are and once behind the byte that chooses a type.
fn from_cases() -> BTreeMap<PathBuf, Vec<u8>> {
    let suite = load::load(&load::builtin()).unwrap_or_else(|errors| panic!("{}", errors.render(false)));
    let mut seeds = BTreeMap::new();
    for case in &suite.cases {
        for node in case.content.iter().filter_map(document) {
            let hash = crate::fuzzing::live::player::sha256(&node);
            let name = format!("{MADE}case-{}", &hash["sha256:".len()..][..8]);
            seeds.insert(folder("json").join(&name), node.clone());
            seeds.insert(folder("manifest").join(&name), [&[0], &node[..]].concat());
        }
    }
    seeds
}

fn document(node: &Node) -> Option<Vec<u8>> {
    let literal = |template: &Template| match template.parts.as_slice() {
        [Part::Literal(text)] if text.len() < 4096 => Some(text.clone().into_bytes()),
        _ => None,
    };
    match &node.kind {
        NodeKind::Text { text, .. } => literal(text),
        NodeKind::Blob {
            source: BlobSource::Text(text),
            ..
        } => literal(text),
        _ => None,
    }
}

#[test]
fn seeds_are_those_that_are_made() {
    if std::env::var_os("BLESS").is_some() {
        for target in TARGETS {
            let made = std::fs::read_dir(folder(target.name)).into_iter().flatten().flatten();
            for entry in made.filter(|entry| entry.file_name().to_string_lossy().starts_with(MADE)) {
                std::fs::remove_file(entry.path()).unwrap();
            }
        }
        for (path, bytes) in from_generators().into_iter().chain(from_cases()) {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
    // The cases change more often than anybody needs other seeds.
    for (path, bytes) in from_generators() {
        assert_eq!(
            std::fs::read(&path).unwrap_or_default(),
            bytes,
            "{}: run this test with BLESS=1",
            path.display()
        );
    }
}
