//! Known failures from end to end: written, explained, in force, stale, over, and wrong.

use std::path::Path;
use std::process::{Command, Output};

use referee::registry::{self, Config, Mutant, Running};

struct Registry {
    _runtime: tokio::runtime::Runtime,
    running: Running,
}

impl Registry {
    fn start(mutant: Option<Mutant>) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let config = Config {
            mutant,
            ..Config::default()
        };
        let running = runtime.block_on(registry::start(config)).unwrap();
        Self {
            _runtime: runtime,
            running,
        }
    }

    fn run(&self, dir: &Path, more: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_referee"))
            .args(["run", &self.running.url(), "--filter", "tags/*", "--out"])
            .arg(dir.join("out"))
            .args(more)
            .output()
            .unwrap()
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_known_failure_does_not_count_until_it_is_mended_or_its_day_has_passed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("known.yaml");
    let path = file.to_str().unwrap();
    let defective = Registry::start(Some(Mutant::TagsLastReversed));
    assert_eq!(
        defective
            .run(dir.path(), &["--write-known-failures", path])
            .status
            .code(),
        Some(1)
    );

    // Nobody has said a reason yet.
    let refused = defective.run(dir.path(), &["--known-failures", path]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused).contains("this says no reason"), "{}", text(&refused));

    let written = std::fs::read_to_string(&file).unwrap();
    let explained = written.replace("WHY? say it here, or mend it", "the pager is being rewritten");
    std::fs::write(&file, &explained).unwrap();
    let known = defective.run(dir.path(), &["--known-failures", path]);
    assert_eq!(known.status.code(), Some(0), "{}", text(&known));
    assert!(text(&known).contains("holds: the pager is being rewritten"));
    let said = text(&known).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("only where that is known"), "{said}");
    let junit = std::fs::read_to_string(dir.path().join("out/junit.xml")).unwrap();
    assert!(junit.contains("expected-failure") && !junit.contains("<failure"));

    let formats = ["--known-failures", path, "--format", "junit,html,markdown,github"];
    let stale = Registry::start(None).run(dir.path(), &formats);
    assert_eq!(stale.status.code(), Some(1));
    let said = text(&stale).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("the list of known failures is out of date"), "{said}");
    for file in ["junit.xml", "report.html", "report.md", "annotations.txt"] {
        let written = std::fs::read_to_string(dir.path().join("out").join(file)).unwrap();
        assert!(written.contains("does not fail any more"), "{file}");
    }

    let over = explained.replace("    reason:", "    until: 2020-01-01\n    reason:");
    std::fs::write(&file, over).unwrap();
    let over = defective.run(dir.path(), &["--known-failures", path]);
    assert_eq!(over.status.code(), Some(1));
    assert!(text(&over).contains("its time is over"), "{}", text(&over));
    // Nor is that kept quiet.
    let quiet = defective.run(dir.path(), &["--known-failures", path, "--quiet"]);
    assert!(
        text(&quiet).contains("its time is over: it covers nothing any more"),
        "{}",
        text(&quiet)
    );
    std::fs::write(&file, &explained).unwrap();
    let quiet = Registry::start(None).run(dir.path(), &["--known-failures", path, "--quiet"]);
    assert_eq!(quiet.status.code(), Some(1));
    assert!(
        text(&quiet).contains("does not fail any more: remove the entry"),
        "{}",
        text(&quiet)
    );
    let quiet = defective.run(dir.path(), &["--known-failures", path, "--quiet"]);
    assert!(!text(&quiet).contains("holds"), "{}", text(&quiet));
}

/// A list of known failures is refused for its mistakes, of which each of these parts tells.
fn is_refused(list: &str, parts: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("known.yaml");
    std::fs::write(&file, list).unwrap();
    let refused = Registry::start(None).run(dir.path(), &["--known-failures", file.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2));
    let text = text(&refused);
    for part in parts {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
}

#[test]
fn mistakes_in_the_file_are_told_at_once() {
    is_refused(
        "known:\n  - {requirement: dist-tags-odrer, reason: later}\n  - {reason: later}\n  \
         - {case: x, reason: later, until: soon}\n  - {case: y, cause: later}\n",
        &[
            "did you mean `dist-tags-order`?",
            "a known failure names what fails",
            "`soon` is not a day",
            "has no key `cause`",
            "needs `reason`",
            "there is no case `x`",
            "7 errors",
        ],
    );
}

#[test]
fn a_list_that_is_written_anew_keeps_what_was_said_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("known.yaml");
    let path = file.to_str().unwrap();
    let defective = Registry::start(Some(Mutant::TagsLastReversed));
    // An empty file is no list yet, as who makes a temporary one has it.
    std::fs::write(&file, "").unwrap();
    let write = |registry: &Registry| registry.run(dir.path(), &["--write-known-failures", path]);
    assert_eq!(write(&defective).status.code(), Some(1));
    let written = std::fs::read_to_string(&file).unwrap();
    let first = written.replacen("WHY? say it here, or mend it\"", "ticket 5\"\n    until: 2999-01-31", 1);
    let gone = "  - case: tags/list/gone\n    reason: ticket 6\n";
    std::fs::write(&file, first.clone() + gone).unwrap();
    assert_eq!(write(&defective).status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), first);

    std::fs::write(&file, "known: yes, some\n").unwrap();
    let refused = write(&defective);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        text(&refused).contains("is no list of known failures"),
        "{}",
        text(&refused)
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "known: yes, some\n");
}

#[test]
fn a_list_without_an_entry_is_a_list() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("known.yaml");
    let path = file.to_str().unwrap();
    let clean = Registry::start(None);
    let wrote = clean.run(dir.path(), &["--write-known-failures", path]);
    assert_eq!(wrote.status.code(), Some(0), "{}", text(&wrote));
    assert!(std::fs::read_to_string(&file).unwrap().ends_with("known: []\n"));
    assert_eq!(
        clean.run(dir.path(), &["--known-failures", path]).status.code(),
        Some(0)
    );
    std::fs::write(&file, "known:\n").unwrap();
    assert_eq!(
        clean.run(dir.path(), &["--known-failures", path]).status.code(),
        Some(0)
    );
}

#[test]
fn an_entry_that_can_never_hold_is_a_mistake() {
    let entry = "  - {case: tags/list/hundreds, requirement: dist-tags-200, reason: later}\n";
    let never = "  - {case: delete/blobs/twice, requirement: dist-tags-order, reason: later}\n";
    is_refused(
        &format!("known:\n{entry}{never}{entry}"),
        &[
            "`delete/blobs/twice` never judges `dist-tags-order`",
            "listed twice",
            "2 errors",
        ],
    );
}
