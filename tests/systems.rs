//! The table of systems names cases that exist, and every case of a system stands in it.

use std::collections::BTreeSet;

use referee::load;

const TABLE: &str = include_str!("../docs/systems.md");

/// The cells of each behaviour: its id, and the cases.
fn rows() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    TABLE.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, id, _, cases, _] = cells[..] else { return None };
        let is_id = id.len() >= 4 && id.as_bytes()[1] == b'-';
        is_id.then(|| {
            (
                id,
                cases.split_whitespace().map(|case| case.trim_matches('`')).collect(),
            )
        })
    })
}

fn cases() -> BTreeSet<String> {
    let sources = load::from_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/cases")).unwrap();
    let suite = load::load(&sources).unwrap_or_else(|errors| panic!("{}", errors.render(false)));
    suite.cases.iter().map(|case| case.id.base().to_string()).collect()
}

#[test]
fn every_case_that_the_table_names_exists() {
    let cases = cases();
    let missing: Vec<_> = rows()
        .flat_map(|(id, named)| named.into_iter().map(move |case| (id, case)))
        .filter(|(_, case)| !cases.contains(*case))
        .collect();
    assert!(missing.is_empty(), "no such cases: {missing:?}");
}

#[test]
fn a_behaviour_stands_once_and_has_a_case() {
    let mut seen = BTreeSet::new();
    for (id, cases) in rows() {
        assert!(seen.insert(id), "{id} stands twice");
        assert!(!cases.is_empty(), "{id} has no case");
    }
    assert!(seen.len() >= 80, "{} behaviours", seen.len());
}

#[test]
fn a_file_of_a_system_names_the_behaviours_that_it_judges() {
    let named: BTreeSet<&str> = rows().flat_map(|(_, cases)| cases).collect();
    let files: BTreeSet<String> = cases()
        .into_iter()
        .filter(|case| case.starts_with("systems/"))
        .filter_map(|case| case.rsplit_once('/').map(|(file, _)| file.to_string()))
        .collect();
    for file in files {
        assert!(
            named
                .iter()
                .any(|case| case.rsplit_once('/').is_some_and(|(of, _)| of == file)),
            "no behaviour has a case of {file}"
        );
    }
}
