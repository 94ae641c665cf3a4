//! The kill matrix: which mutant fails which expectation.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::sync::Mutex;

use libtest_mimic::Failed;
use referee::registry::Mutant;

use crate::THREADS;
use crate::lab::{Key, Lab};

/// Where the matrix is kept.
const FILE: &str = "reports/reference/kill-matrix.md";

pub fn every_expectation_is_failed(lab: &Lab) -> Result<(), Failed> {
    let expectations = lab.expectations();
    let mut killers: Killers = expectations.keys().map(|key| (key, Vec::new())).collect();
    for mutant in Mutant::ALL.iter().filter(|mutant| !mutant.is_deep()) {
        note(&mut killers, *mutant, lab.broken_by(*mutant));
    }
    // What no mutant of its own requirement fails may be failed by another: by one that the kept matrix names, or one that
    // breaks what the same case judges too. Only blessing asks all others.
    let bless = std::env::var_os("BLESS").is_some();
    let kept = kept();
    let known = |key: &Key, mutant: Mutant| {
        kept.get(&(expectations[key].clone(), key.requirement.clone()))
            .is_some_and(|names| names.contains(&mutant.to_string()))
    };
    search(lab, &expectations, &mut killers, &known);
    let of_case = requirements_of_cases(&expectations);
    search(lab, &expectations, &mut killers, &|key, mutant| {
        of_case[&expectations[key]].contains(mutant.breaks())
    });
    if bless {
        search(lab, &expectations, &mut killers, &|_, _| true);
    }
    if bless {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
        std::fs::create_dir_all(path.parent().expect("a folder")).map_err(|error| error.to_string())?;
        std::fs::write(&path, render(&expectations, &killers)).map_err(|error| error.to_string())?;
    }
    let unproven: Vec<String> = killers
        .iter()
        .filter(|(_, mutants)| mutants.is_empty())
        .map(|(key, _)| format!("{key} in {}", expectations[*key]))
        .collect();
    if unproven.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{} of {} expectations fail on no mutant:\n  {}",
        unproven.len(),
        killers.len(),
        unproven.join("\n  ")
    )
    .into())
}

/// Tries mutants on the cases whose expectations nothing fails yet, as far as `worth` says that a mutant may fail one.
fn search(
    lab: &Lab,
    expectations: &BTreeMap<Key, String>,
    killers: &mut Killers,
    worth: &(dyn Fn(&Key, Mutant) -> bool + Sync),
) {
    let mutants = Mutex::new(Mutant::ALL.iter().filter(|mutant| !mutant.is_deep()));
    let killers = Mutex::new(killers);
    let next = || mutants.lock().unwrap().next();
    let work = || {
        while let Some(mutant) = next() {
            // The lock is not held while registries run.
            let left = left_for(lab, expectations, &killers.lock().unwrap(), *mutant, worth);
            for (profile, bases) in left {
                let chosen: Vec<usize> = (0..lab.suite.cases.len())
                    .filter(|index| bases.contains(lab.suite.cases[*index].id.base()))
                    .collect();
                let broken = lab.broken_in(*mutant, &profile, &chosen);
                note(&mut killers.lock().unwrap(), *mutant, broken);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(work);
        }
    });
}

/// By profile, the cases with expectations that nothing fails yet and that this mutant may fail.
fn left_for<'e>(
    lab: &Lab,
    expectations: &'e BTreeMap<Key, String>,
    killers: &Killers,
    mutant: Mutant,
    worth: &(dyn Fn(&Key, Mutant) -> bool + Sync),
) -> BTreeMap<String, BTreeSet<&'e str>> {
    let mut cases: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (key, mutants) in killers {
        if mutants.is_empty() && worth(key, mutant) {
            let profile = lab.profile_with(&key.requirement);
            cases.entry(profile).or_default().insert(&expectations[*key]);
        }
    }
    cases
}

/// Of each case, the requirements that it judges.
fn requirements_of_cases(expectations: &BTreeMap<Key, String>) -> BTreeMap<String, BTreeSet<String>> {
    let mut of_case: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (key, case) in expectations {
        of_case.entry(case.clone()).or_default().insert(key.requirement.clone());
    }
    of_case
}

/// The mutants that the kept matrix names, by case and requirement.
fn kept() -> BTreeMap<(String, String), Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut kept: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        // A case may judge by one requirement several times, each in a row of its own.
        if let [case, requirement, mutants] = cells[..] {
            let row = kept.entry((case.to_string(), requirement.to_string())).or_default();
            row.extend(mutants.split(", ").map(str::to_string));
        }
    }
    kept
}

type Killers<'a> = BTreeMap<&'a Key, Vec<Mutant>>;

/// Mutants that strike some request or other: what else they happen to fail, they fail by chance.
const BY_CHANCE: [Mutant; 2] = [Mutant::ThrottleNoRetryAfter, Mutant::ErrorTooManyRequests];

fn note(killers: &mut Killers, mutant: Mutant, broken: BTreeSet<Key>) {
    for key in broken {
        let counts = !BY_CHANCE.contains(&mutant) || key.requirement == mutant.breaks();
        if let Some(mutants) = killers.get_mut(&key)
            && counts
            && !mutants.contains(&mutant)
        {
            mutants.push(mutant);
        }
    }
}

fn render(expectations: &BTreeMap<Key, String>, killers: &Killers) -> String {
    let mut text = String::from(
        "# Kill matrix\n\nEvery expectation of every case, and the mutants of the reference registry on which it fails.\n\
         Written by `BLESS=1 cargo test --test prove`; `referee list mutants` says what each mutant does.\n\n\
         | case | requirement | mutants |\n| --- | --- | --- |\n",
    );
    let mut rows: Vec<(&String, &Key, String)> = killers
        .iter()
        .map(|(key, mutants)| {
            let names: Vec<String> = mutants.iter().map(Mutant::to_string).collect();
            (&expectations[*key], *key, names.join(", "))
        })
        .collect();
    rows.sort();
    for (case, key, mutants) in rows {
        // Writing to a string does not fail.
        let _ = writeln!(text, "| {case} | {} | {mutants} |", key.requirement);
    }
    text
}
