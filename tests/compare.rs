//! Reports side by side and parts put together, on reports of real runs against the reference registry.

use std::path::Path;
use std::process::Command;

use referee::case::Level;
use referee::outcome::compare::{Change, Direction, Subject, changes, matrix};
use referee::outcome::{Conclusion, MergeError, Report, RequirementOutcome, merge};
use referee::registry::{self, Config, Mutant, Running};
use referee::report::{comparison, json};

/// Runs the tags cases against a registry and reads the report.
fn run(registry: &Running, out: &Path, more: &[&str]) -> Report {
    let status = Command::new(env!("CARGO_BIN_EXE_referee"))
        .args([
            "run",
            &registry.url(),
            "--quiet",
            "--seed",
            "7",
            "--filter",
            "tags/*",
            "--out",
        ])
        .arg(out)
        .args(more)
        .output()
        .unwrap();
    assert!(matches!(status.status.code(), Some(0 | 1)), "{status:?}");
    json::read(std::fs::File::open(out.join("report.json")).unwrap()).unwrap()
}

fn start(mutant: Option<Mutant>) -> (tokio::runtime::Runtime, Running) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = Config {
        mutant,
        ..Config::default()
    };
    let registry = runtime.block_on(registry::start(config)).unwrap();
    (runtime, registry)
}

#[test]
fn the_parts_of_a_run_make_the_whole() {
    let (_runtime, registry) = start(None);
    let dir = tempfile::tempdir().unwrap();
    let whole = run(&registry, &dir.path().join("whole"), &[]);
    let parts: Vec<Report> = (1..=3)
        .map(|part| {
            let partition = format!("{part}/3");
            run(
                &registry,
                &dir.path().join(part.to_string()),
                &["--partition", &partition],
            )
        })
        .collect();
    let merged = merge(&parts).unwrap();
    let verdicts = |report: &Report| -> Vec<(String, String)> {
        let cases = report.cases.iter();
        cases
            .map(|case| (case.id.clone(), case.verdict.name().to_string()))
            .collect()
    };
    assert_eq!(verdicts(&merged), verdicts(&whole));
    assert_eq!(merged.counts, whole.counts);
    assert_eq!(merged.categories, whole.categories);
    assert_eq!(merged.requirements, whole.requirements);
    assert_eq!(merged.facts, whole.facts);

    assert!(matches!(merge(&parts[..2]), Err(MergeError::Missing { of: 3, .. })));
    let twice = [&parts[..], &parts[..1]].concat();
    assert!(matches!(merge(&twice), Err(MergeError::Twice(_))));
    assert!(matches!(
        merge(&[whole, parts[0].clone()]),
        Err(MergeError::OtherRun(_))
    ));
    assert_eq!(merge(&[]), Err(MergeError::Nothing));
}

#[test]
fn a_part_without_cases_is_merged_too() {
    let (_runtime, registry) = start(None);
    let dir = tempfile::tempdir().unwrap();
    let more = |part: &str| ["--filter", "tags/list/hundreds", "--partition", part].map(str::to_owned);
    let parts: Vec<Report> = ["1/2", "2/2"]
        .iter()
        .map(|part| {
            run(
                &registry,
                &dir.path().join(&part[..1]),
                &more(part).each_ref().map(String::as_str),
            )
        })
        .collect();
    assert!(parts.iter().any(|part| part.cases.is_empty()));
    assert!(parts.iter().all(|part| part.conclusion() == Conclusion::Conforms));
    assert_eq!(merge(&parts).unwrap().cases.len(), 1);
}

#[test]
fn what_is_not_judged_any_more_got_no_better_and_what_is_gone_is_worse() {
    let dir = tempfile::tempdir().unwrap();
    let (_runtime, defective) = start(Some(Mutant::TagsLastReversed));
    let bad = run(&defective, &dir.path().join("bad"), &[]);
    let few = run(&defective, &dir.path().join("few"), &["--filter", "tags/list/hundreds"]);
    let fewer = changes(&bad, &few);
    assert!(
        fewer
            .iter()
            .any(|change| change.id == Mutant::TagsLastReversed.breaks())
    );
    let is_neither = |change: &Change| matches!(change.direction, Direction::Changed | Direction::Free);
    assert!(fewer.iter().all(is_neither), "{fewer:?}");

    let mut gone = bad.clone();
    let push = gone
        .capabilities
        .iter_mut()
        .find(|capability| capability.name == "push");
    push.expect("it was probed").present = false;
    let lost = changes(&bad, &gone);
    assert_eq!((lost.len(), lost[0].direction), (1, Direction::Regression));
    assert_eq!(changes(&gone, &bad)[0].direction, Direction::Fixed);
}

#[test]
fn what_documents_leave_free_is_neither_judged_nor_a_difference() {
    let dir = tempfile::tempdir().unwrap();
    let (_runtime, plain) = start(None);
    let before = run(&plain, dir.path(), &[]);
    let mut after = before.clone();
    let is_seen_may = |r: &&mut RequirementOutcome| r.level == Level::May && r.held > 0;
    let may = after.requirements.iter_mut().find(is_seen_may).expect("a may");
    (may.held, may.broken) = (0, 1);
    let id = may.id.clone();
    let seen = changes(&before, &after);
    assert_eq!((seen.len(), seen[0].direction, &seen[0].id), (1, Direction::Free, &id));
    assert!(
        comparison::changes(&seen).ends_with("0 regressions, 0 better, 0 different, 1 free choice made otherwise\n")
    );

    let owed = |r: &&RequirementOutcome| r.level != Level::May && r.held + r.broken > 0;
    let judged = before.requirements.iter().filter(owed).count();
    let table = matrix(&[("before".to_string(), before.clone()), ("after".to_string(), after)]);
    let counts: Vec<_> = table
        .columns
        .iter()
        .map(|c| (c.judged, c.failures, c.warnings))
        .collect();
    assert_eq!(counts, [(judged, 0, 0); 2]);
}

#[test]
fn a_profile_of_which_most_was_skipped_is_not_conformed_to() {
    let (_runtime, registry) = start(Some(Mutant::UploadsMissing));
    let dir = tempfile::tempdir().unwrap();
    let url = registry.url();
    let whole = ["run", &url, "--quiet", "--format", "json", "--out"];
    let ran = Command::new(env!("CARGO_BIN_EXE_referee"))
        .args(whole)
        .arg(dir.path())
        .output()
        .unwrap();
    assert_eq!(ran.status.code(), Some(1));
    let said = String::from_utf8_lossy(&ran.stdout).replace('\n', " ");
    assert!(said.contains("it does not offer what"), "{said}");
}

#[test]
fn a_new_defect_is_a_regression_and_its_repair_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let (_runtime, plain) = start(None);
    let good = run(&plain, &dir.path().join("good"), &[]);
    let (_other, defective) = start(Some(Mutant::TagsLastReversed));
    let bad = run(&defective, &dir.path().join("bad"), &[]);

    let worse = changes(&good, &bad);
    let broken = Mutant::TagsLastReversed.breaks();
    let regression = worse
        .iter()
        .find(|change| change.id == broken)
        .expect("the requirement");
    assert_eq!(
        (regression.direction, regression.subject),
        (Direction::Regression, Subject::Requirement)
    );
    assert_eq!(worse[0].direction, Direction::Regression);
    let better = changes(&bad, &good);
    assert!(better.iter().all(|change| change.direction != Direction::Regression));
    assert_eq!(changes(&good, &good), []);

    let both_bad = matrix(&[("a".to_string(), bad.clone()), ("b".to_string(), bad.clone())]);
    let matrix = matrix(&[("good <b>".to_string(), good), ("bad".to_string(), bad)]);
    let markdown = comparison::markdown(&matrix);
    assert!(
        markdown.contains(&format!("| {broken} (must) | ✅ yes | ❌ no |")),
        "{markdown}"
    );
    let page = comparison::html(&matrix).unwrap();
    assert!(page.contains(broken) && !page.contains("good <b>"));
    let row = |id: &str| {
        let (before, _) = page.split_once(&format!(">{id}</a>")).expect("a row");
        &before[before.rfind("<tr").expect("its start")..]
    };
    assert!(row(broken).starts_with("<tr data-v=differs>"), "{}", row(broken));
    assert!(row("dist-tags-200").starts_with("<tr class=\"same\" data-v=alike>"));
    let page = comparison::html(&both_bad).unwrap();
    assert!(
        page.contains("<tr data-v=alike>"),
        "what all break alike is not dimmed, and differs in nothing"
    );
    assert!(!page.contains("data-v=differs"));
}

#[test]
fn a_run_that_was_interrupted_is_said_to_be_and_cannot_speak_to_the_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let (_runtime, plain) = start(None);
    let before = run(&plain, &dir.path().join("before"), &[]);
    let mut after = before.clone();
    after.interrupted = true;
    after.run.profile = "\u{1b}[31mred\n::error::".to_string();
    let write = |name: &str, report: &Report| {
        let path = dir.path().join(name);
        std::fs::write(&path, serde_json::to_string(report).unwrap()).unwrap();
        path
    };
    let (before, after) = (write("before.json", &before), write("after.json", &after));
    let said = Command::new(env!("CARGO_BIN_EXE_referee"))
        .args([std::path::Path::new("compare"), &before, &after])
        .output()
        .unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains("The run of after was interrupted"), "{said}");
    assert!(said.contains("oci-1.1 and \\x1B[31mred\\n::error::"), "{said}");
}
