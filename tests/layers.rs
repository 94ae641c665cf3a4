//! The house rules that a compiler does not hold: who may use whom, how long a file may be, and that every module says
//! what it is for.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Which modules a module may use beside itself; `*` for all.
const MAY_USE: [(&str, &[&str]); 12] = [
    ("oci", &[]),
    ("case", &["oci"]),
    ("content", &["oci", "case"]),
    ("load", &["oci", "case", "content"]),
    ("client", &["oci"]),
    ("expect", &["oci", "case", "content", "client"]),
    ("outcome", &["case", "expect", "client"]),
    ("runner", &["oci", "case", "content", "client", "expect", "outcome"]),
    ("report", &["outcome", "case", "client", "expect"]),
    ("registry", &["oci"]),
    (
        "fuzzing",
        // The registry is one of the things that are fuzzed.
        &[
            "oci", "case", "content", "load", "client", "expect", "outcome", "registry",
        ],
    ),
    ("cli", &["*"]),
];

/// The most lines of code that a file may have, its tests not counted.
const MOST_LINES: usize = 600;

/// Tables: a row for each thing and nothing else, so that length is no sign of a second purpose.
const TABLES: [&str; 1] = ["registry/mutant/list.rs"];

#[test]
fn modules_use_only_what_they_may() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.into_iter().collect();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let module = module_of(&path);
        if matches!(module.as_str(), "lib" | "main") {
            continue;
        }
        let Some(may) = allowed.get(module.as_str()) else {
            wrong.push(format!(
                "{}: the module {module} has no row in the table",
                path.display()
            ));
            continue;
        };
        if may.contains(&"*") {
            continue;
        }
        for (number, line) in code(&text).lines().enumerate() {
            for used in crate_paths(line) {
                if used != module && !may.contains(&used.as_str()) {
                    wrong.push(format!(
                        "{}:{}: {module} must not use {used}",
                        path.display(),
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_rooms_not_halls() {
    let long: Vec<String> = sources()
        .into_iter()
        .map(|(path, text)| (path, code(&text).lines().count()))
        .filter(|(path, lines)| {
            *lines > MOST_LINES && !is_test(path) && !TABLES.iter().any(|table| path.ends_with(table))
        })
        .map(|(path, lines)| format!("{}: {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "over {MOST_LINES} lines:\n{}", long.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|(path, text)| !text.starts_with("//!") && !is_test(path))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(silent.is_empty(), "without a `//!` line:\n{}", silent.join("\n"));
}

/// Everything under `src/`, with paths relative to it.
fn sources() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, root: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                walk(&path, root, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a readable file");
                found.push((path.strip_prefix(root).expect("below the root").to_owned(), text));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &root, &mut found);
    assert!(found.len() > 20, "the sources were not found");
    found
}

fn module_of(path: &Path) -> String {
    let first = path.components().next().expect("a path").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_string()
}

fn is_test(path: &Path) -> bool {
    path.components()
        .any(|part| part.as_os_str().to_string_lossy().trim_end_matches(".rs") == "tests")
}

/// The file up to its tests.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

/// The modules of the crate that a line names.
fn crate_paths(line: &str) -> Vec<String> {
    if line.trim_start().starts_with("//") {
        return Vec::new();
    }
    line.split("crate::")
        .skip(1)
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect()
        })
        .filter(|name: &String| !name.is_empty())
        .collect()
}
