//! The manual uses every word of the format, and the reference in `cases/README.md` is the one that is printed.

use std::collections::BTreeSet;
use std::path::Path;

use super::diagnostic::Found;
use super::tree::{self, Tree, Value};
use super::vocabulary::{self, Key, Of, STEP, Shape, VERBS};
use super::{each, reference};

const MANUAL: &str = include_str!("../../cases/00-readme.yaml");

static FILE: Of = Of::Shape(&vocabulary::FILE);
static CASE: Of = Of::Shape(&vocabulary::CASE);
static NODE: Of = Of::Shape(&vocabulary::NODE);
static EACH_VALUE: Of = Of::Shape(&vocabulary::EACH_VALUE);

/// Words in their places: `blob random`, or `how: streamed`.
type Words = BTreeSet<String>;

#[test]
fn the_manual_uses_every_word() {
    let mut found = Found::default();
    let tree = tree::parse(0, MANUAL, &mut found).unwrap();
    let mut used = Words::new();
    walk(&FILE, &tree, "", &mut used);
    let Some(Value::List(cases)) = tree.get("cases").map(|cases| &cases.value) else {
        panic!("no cases");
    };
    // Once more with the values of `each` filled in, for the words among them.
    for case in cases {
        for variant in each::variants(case, &mut 0, &mut found) {
            walk(&CASE, &variant.tree, "", &mut used);
        }
    }
    let mut all = Words::new();
    collect(&FILE, "", &mut all);
    let unused: Vec<&String> = all.difference(&used).collect();
    assert!(all.len() > 150, "{all:?}");
    assert!(unused.is_empty(), "the manual does not use {unused:#?}");
}

/// Notes every word of `of` that stands in `tree`.
fn walk(of: &'static Of, tree: &Tree, place: &str, used: &mut Words) {
    match (of, &tree.value) {
        (Of::Shape(shape), Value::Map(entries)) => {
            for (name, value) in entries {
                if let Some(key) = shape.keys.iter().find(|key| key.name == name.text) {
                    walk_key(shape.name, key, value, used);
                }
            }
        }
        (Of::List(of), Value::List(items)) => items.iter().for_each(|item| walk(of, item, place, used)),
        (Of::Map(of), Value::Map(entries)) => entries.iter().for_each(|(_, value)| walk(of, value, place, used)),
        (Of::Words(words), Value::Scalar { text, .. }) if words.contains(&text.as_str()) => {
            used.insert(format!("{place}: {text}"));
        }
        (Of::Named("step"), Value::Map(entries)) => {
            let verb = VERBS.iter().find(|verb| tree.get(verb.key.name).is_some()).unwrap();
            for (name, value) in entries {
                let own = verb.options.iter().find(|key| key.name == name.text);
                let general = STEP.keys.iter().find(|key| key.name == name.text);
                match (own, general) {
                    (Some(key), _) => walk_key(verb.key.name, key, value, used),
                    (None, Some(key)) => walk_key("step", key, value, used),
                    (None, None) => walk_key("step", &verb.key, value, used),
                }
            }
        }
        (Of::Named("each-value"), Value::Map(entries)) => {
            entries
                .iter()
                .for_each(|(_, value)| walk(&EACH_VALUE, value, place, used));
        }
        (Of::Named(name), _) => {
            if let Some(of) = named(name) {
                walk(of, tree, place, used);
            }
        }
        (Of::Either(choices), _) => choices
            .iter()
            .filter(|of| fits(of, tree))
            .for_each(|of| walk(of, tree, place, used)),
        _ => {}
    }
}

fn walk_key(owner: &str, key: &'static Key, value: &Tree, used: &mut Words) {
    let place = format!("{owner} {}", key.name);
    // A word is the same wherever a key of this name takes it.
    walk(&key.of, value, key.name, used);
    used.insert(place);
}

/// Whether a mapping can be of a shape; anything else may be tried.
fn fits(of: &Of, tree: &Tree) -> bool {
    match (of, &tree.value) {
        (Of::Shape(shape), Value::Map(entries)) => entries
            .iter()
            .all(|(name, _)| shape.keys.iter().any(|key| key.name == name.text)),
        _ => true,
    }
}

fn named(name: &str) -> Option<&'static Of> {
    match name {
        "node" => Some(&NODE),
        "demand" => Some(&vocabulary::MATCHERS),
        "json-op" => Some(&vocabulary::JSON_OP),
        _ => None,
    }
}

/// Every word that `of` can hold.
fn collect(of: &'static Of, place: &str, all: &mut Words) {
    match of {
        Of::Shape(shape) => collect_shape(shape, all),
        Of::List(of) | Of::Map(of) => collect(of, place, all),
        Of::Words(words) => all.extend(words.iter().map(|word| format!("{place}: {word}"))),
        Of::Named("step") => {
            for verb in VERBS {
                collect_key("step", &verb.key, all);
                verb.options.iter().for_each(|key| collect_key(verb.key.name, key, all));
            }
            STEP.keys.iter().for_each(|key| collect_key("step", key, all));
        }
        Of::Named("each-value") => collect_shape(&vocabulary::EACH_VALUE, all),
        Of::Named(name) => {
            if let Some(of) = named(name) {
                collect(of, place, all);
            }
        }
        Of::Either(choices) => choices.iter().for_each(|of| collect(of, place, all)),
        _ => {}
    }
}

fn collect_shape(shape: &'static Shape, all: &mut Words) {
    shape.keys.iter().for_each(|key| collect_key(shape.name, key, all));
}

fn collect_key(owner: &str, key: &'static Key, all: &mut Words) {
    let place = format!("{owner} {}", key.name);
    // What contains itself is looked at once.
    if all.insert(place) {
        collect(&key.of, key.name, all);
    }
}

/// `BLESS=1` writes the reference.
#[test]
fn the_printed_reference_is_the_one_of_the_readme() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once("<!-- vocabulary: begin").unwrap();
    let (mark, rest) = rest.split_once("-->\n").unwrap();
    let (_, after) = rest.split_once("<!-- vocabulary: end -->").unwrap();
    let current = format!(
        "{before}<!-- vocabulary: begin{mark}-->\n\n{}\n<!-- vocabulary: end -->{after}",
        reference()
    );
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, current).unwrap();
    } else if text != current {
        panic!("the reference in cases/README.md is not current: run this test with BLESS=1");
    }
}
