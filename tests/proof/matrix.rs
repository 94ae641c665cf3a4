//! The kill matrix: which mutant fails which expectation.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use libtest_mimic::Failed;
use referee::registry::Mutant;

use crate::lab::{Key, Lab};

/// Where the matrix is kept.
const FILE: &str = "reports/reference/kill-matrix.md";

pub fn every_expectation_is_failed(lab: &Lab) -> Result<(), Failed> {
    let expectations = lab.expectations();
    let mut killers: Killers = expectations.keys().map(|key| (key, Vec::new())).collect();
    for mutant in Mutant::ALL.iter().filter(|mutant| !mutant.is_deep()) {
        note(&mut killers, *mutant, lab.broken_by(*mutant));
    }
    // What no mutant of its own requirement fails may be failed by another. That is a longer search, so only for those.
    let bless = std::env::var_os("BLESS").is_some();
    let open: Vec<&Key> = killers
        .iter()
        .filter(|(_, mutants)| bless || mutants.is_empty())
        .map(|(key, _)| *key)
        .collect();
    let profiles: BTreeSet<String> = open.iter().map(|key| lab.profile_with(&key.requirement)).collect();
    for profile in profiles {
        let cases: Vec<usize> = (0..lab.suite.cases.len())
            .filter(|index| {
                let base = lab.suite.cases[*index].id.base();
                open.iter()
                    .any(|key| expectations[*key] == base && lab.profile_with(&key.requirement) == profile)
            })
            .collect();
        if cases.is_empty() {
            continue;
        }
        // Those that break something of this profile come first: with luck the others need not be tried.
        let (kin, others): (Vec<Mutant>, Vec<Mutant>) = Mutant::ALL
            .iter()
            .filter(|mutant| !mutant.is_deep())
            .partition(|mutant| lab.profile_with(mutant.breaks()) == profile);
        let others = if std::env::var_os("PROVE_KIN").is_some() {
            Vec::new()
        } else {
            others
        };
        for mutant in kin.into_iter().chain(others) {
            let is_open = |key: &&Key| {
                lab.profile_with(&key.requirement) == profile && killers.get(*key).is_some_and(Vec::is_empty)
            };
            if !bless && !open.iter().any(is_open) {
                break;
            }
            note(&mut killers, mutant, lab.broken_in(mutant, &profile, &cases));
        }
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

type Killers<'a> = BTreeMap<&'a Key, Vec<Mutant>>;

fn note(killers: &mut Killers, mutant: Mutant, broken: BTreeSet<Key>) {
    for key in broken {
        if let Some(mutants) = killers.get_mut(&key)
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
