//! The command line as users meet it: the real program, its exit codes and what it says.

#[path = "client/port.rs"]
mod port;
#[path = "cli/program.rs"]
mod program;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use port::Port;
use program::{Served, SlowRelay, ended, referee, run, run_in, signal};
use referee::report::Format;
use serde_json::Value;

const COMMANDS: [&str; 13] = [
    "run",
    "serve",
    "list",
    "explain",
    "lint",
    "parse",
    "parse-suite",
    "coverage",
    "schema",
    "doctor",
    "new",
    "completions",
    "man",
];

/// Fast cases that the reference registry passes.
const FEW: [&str; 2] = ["--filter", "pull/*"];

fn report(folder: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.join("report.json")).unwrap()).unwrap()
}

/// An attribute of the outermost element.
fn total(junit: &str, name: &str) -> u64 {
    let start = junit.find("<testsuites").unwrap();
    let value = junit[start..].split(&format!(" {name}=\"")).nth(1).unwrap();
    value.split('"').next().unwrap().parse().unwrap()
}

fn count(report: &Value, verdict: &str) -> u64 {
    let cases = report["cases"].as_array().unwrap();
    let of = |case: &&Value| case["verdict"]["verdict"] == verdict || case["verdict"] == verdict;
    cases.iter().filter(of).count() as u64
}

#[test]
fn help_teaches() {
    let help = run(&["--help"]);
    help.is(0, &["Usage: referee", "Exit codes", "130", "referee run https://"]);
    for command in ["run", "report", "merge"] {
        let help = run(&[command, "--help"]).out;
        for format in Format::ALL {
            assert!(help.contains(format.name()), "{command} {format}");
        }
    }
    for command in COMMANDS {
        assert!(help.out.contains(&format!("\n  {command} ")), "{command} is not listed");
        let own = run(&[command, "--help"]);
        own.is(0, &["Usage: referee", "Example", &format!("referee {command}")]);
        assert!(own.err.is_empty());
    }
    run(&["--version"]).is(0, &["referee 0."]);
    // Without a command there is nothing to do, which is not a success.
    run(&[]).is(2, &["Usage: referee"]);
}

/// Every example that a help text gives is understood by the program; those that need a registry or a file are left out.
#[test]
fn the_examples_of_help_work() {
    let folder = tempfile::tempdir().unwrap();
    let mut tried = 0;
    for command in COMMANDS
        .iter()
        .filter(|command| !matches!(**command, "run" | "serve" | "parse" | "parse-suite" | "doctor"))
    {
        for line in run(&[command, "--help"]).out.lines() {
            let Some(example) = line.trim().strip_prefix(&format!("referee {command}")) else {
                continue;
            };
            let example = example.split("   ").next().unwrap_or_default();
            let words: Vec<String> = example.split_whitespace().map(|word| word.replace('\'', "")).collect();
            if words.iter().any(|word| word == "my-cases" || word == ">") {
                continue;
            }
            let arguments: Vec<&str> = std::iter::once(*command)
                .chain(words.iter().map(String::as_str))
                .collect();
            let said = run_in(folder.path(), &arguments);
            assert!(matches!(said.code, Some(0 | 1)), "{line}: {}", said.err);
            tried += 1;
        }
    }
    assert!(tried >= 9, "{tried}");
}

#[test]
fn a_slip_is_met_with_a_suggestion() {
    run(&["explian", "x"]).is(2, &["explian", "explain"]);
    run(&["run", "--profil", "oci-1.0"]).is(2, &["--profil", "'--profile'"]);
    run(&["list", "case"]).is(2, &["'cases'"]);
    run(&["run", "--profile", "oci-1.3"]).is(2, &["no profile `oci-1.3`", "oci-1.1"]);
    run(&["serve", "--mutant", "range-end-exlusive"]).is(2, &["did you mean `range-end-exclusive`?"]);
    run(&["serve", "--variant", "tag-paged"]).is(2, &["did you mean `tags-paged`?"]);
    run(&["serve", "--listen", "5000"]).is(2, &["127.0.0.1:5000"]);
    run(&["run", "--format", "pdf"]).is(2, &["pdf", "junit, json"]);
    run(&["run", "--jobs", "0"]).is(2, &["from 1 to 256"]);
    run(&["run", "--timeout", "1h"]).is(2, &["ms, s and m", "write 60m"]);
    run(&["run", "--wait", "soon"]).is(2, &["30s", "30 alone is 30s"]);
    run(&["run", "--username", "me"]).is(2, &["--password-stdin"]);
    run(&["run", "--only-own-cases"]).is(2, &["--cases"]);
    run(&["run", "--seed", "abc"]).is(2, &["--seed", "a whole number from 0"]);
    run(&["fuzz", "--requests", "many"]).is(2, &["--requests", "a whole number from 0"]);
    run(&["run", "--ca-file", "nosuch"]).is(2, &["--ca-file: cannot read nosuch"]);
    run(&["doctor", "http://127.0.0.1:1", "--authfile", "nosuch"]).is(2, &["--authfile: cannot read nosuch"]);
    run(&["run", "--official-config", "nosuch"]).is(2, &["--official-config: cannot read nosuch"]);
    run(&["schema", "--of", "report", "--format", "markdown"]).is(2, &["no reference in Markdown"]);
    run(&["fuzz", "--repo-prefix", "UP"]).is(2, &["`UP` is not a repository name"]);
    run(&["fuzz", "--out", "/proc/x/y"]).is(5, &["--out /proc/x/y: "]);
    run(&["fuzz", "--pid", "4294967295"]).is(2, &["there is no such process"]);
}

#[test]
fn filters_are_checked() {
    run(&["run", "--filter", "colour:red"]).is(2, &["area, level, requirement and needs"]);
    run(&["run", "--filter", "level:muts"]).is(2, &["must, must-not, should, should-not and may"]);
    run(&["run", "--filter", ""]).is(2, &["empty filter"]);
    run(&["run", "--filter", "requirement:dist-tags-2000"]).is(2, &["no requirement", "did you mean `dist-tags-200`?"]);
    run(&["run", "--filter", "requirement:nosuch"]).is(2, &["`referee list requirements` names them"]);
    run(&["run", "--filter", "!needs:delete-blobs"]).is(2, &["no capability", "did you mean `delete-blob`?"]);
    run(&["list", "--filter", "area:colours"])
        .is(2, &["no area `colours`; the areas are ", "delete, ", ", tags, upload"]);
    let foo = run(&["run", "--filter", "area:foo"]);
    assert!(
        !foo.is(2, &["the areas are "]).err.contains("did you mean"),
        "{}",
        foo.err
    );
    run(&["run", "--filter", "nothing/*"]).is(4, &["no case is selected", "referee list"]);
    run(&["list", "--filter", "nothing/*"]).is(4, &["none of the cases"]);
    run(&["list", "mutants", "--filter", "x"]).is(2, &["only cases are filtered"]);
    let some = run(&["list", "--filter", "tags/*", "--filter", "!requirement:dist-tags-n-*"]);
    some.is(0, &["tags/"]);
    assert!(some.out.lines().all(|line| line.starts_with("tags/")));
}

#[test]
fn a_bad_url_is_told_before_anything_is_done() {
    let folder = tempfile::tempdir().unwrap();
    for (url, part) in [
        ("ftp://registry.example", "scheme `ftp`"),
        ("https://me:secret@registry.example", "--username"),
        ("https://registry.example/team", "--repo-prefix"),
        ("https://registry.example?x=1", "no query"),
        ("registry.example:99999", "`99999`"),
        ("https://", "https://registry.example"),
        ("", "https://registry.example"),
        ("not a host", "`not a host`"),
        ("::1", "`[::1]`"),
    ] {
        let said = run_in(folder.path(), &["run", url]);
        said.is(2, &[part]);
        assert!(!said.err.contains("secret"), "{}", said.err);
    }
    assert!(
        fs::read_dir(folder.path()).unwrap().next().is_none(),
        "a report folder was made"
    );
}

#[test]
fn where_there_is_no_registry_nothing_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    let closed = Port::closed();
    let dead = closed.url();
    run_in(folder.path(), &["run", &dead]).is(3, &["cannot reach", &dead, "http or https"]);
    // TLS spoken to a server that does not.
    let served = Served::with(&[]);
    let tls = served.url.replace("http://", "https://");
    run_in(folder.path(), &["run", &tls]).is(3, &["cannot reach", "plain HTTP", &served.url]);
    // A login that is wanted and not given.
    let closed = Served::with(&["--auth", "token"]);
    run_in(folder.path(), &["run", &closed.url]).is(3, &["log in", "--password-stdin"]);
}

#[test]
fn everything_can_be_listed() {
    for (what, part) in [
        ("cases", "pull/ranges/closed "),
        ("profiles", "oci-1.1 "),
        ("requirements", "dist-pull-blob-200 (must)"),
        ("capabilities", "referrers "),
        ("mutants", "[breaks dist-range-closed-206]"),
        ("variants", "tags-paged "),
    ] {
        run(&["list", what]).is(0, &[part]);
        let json: Value = serde_json::from_str(&run(&["list", what, "--json"]).out).unwrap();
        let rows = json.as_array().unwrap();
        assert!(rows.len() >= 3, "{what}");
        assert!(
            rows.iter()
                .all(|row| row["name"].is_string() && row["says"].is_string()),
            "{what}"
        );
    }
    // The profile decides which requirements there are.
    let lines = |profile| run(&["list", "requirements", "--profile", profile]).out.lines().count();
    assert!(lines("oci-1.0") < lines("oci-1.1"));
}

#[test]
fn everything_with_a_name_is_explained() {
    run(&["explain", "pull/ranges/closed"]).is(
        0,
        &[
            "GET /v2/referee/",
            "Range: bytes=500-1499",
            "judged by dist-range-closed-206 (must)",
            "https://",
        ],
    );
    run(&["explain", "00-readme/blobs"]).is(0, &["Likewise: 00-readme/blobs[drawn]"]);
    run(&["explain", "00-readme/blobs[drawn]"]).is(0, &["00-readme/blobs[drawn]"]);
    run(&["explain", "00-readme/documents"]).is(0, &["refused, for what is at /schemaVersion", "schemaVersion is"]);
    run(&["explain", "dist-range-closed-206"]).is(
        0,
        &[
            "RFC 9110",
            "1.1: must",
            "pull/ranges/closed",
            "range-end-exclusive",
            "https://",
        ],
    );
    run(&["explain", "img-manifest-schema-version"]).is(0, &["00-readme/documents"]);
    run(&["explain", "range-end-exclusive"]).is(0, &["mutant", "Breaks: dist-range-closed-206"]);
    run(&["explain", "tags-paged"]).is(0, &["variant", "Allowed:"]);
    run(&["explain", "referrers"]).is(0, &["capability", "may decline"]);
    run(&["explain", "oci-1.1"]).is(0, &["profile", "distribution 1.1"]);
    run(&["explain", "pull/range/closed"]).is(2, &["did you mean `pull/ranges/closed`?"]);
    run(&["explain", "dist-range-close-206"]).is(2, &["did you mean `dist-range-closed-206`?"]);
    run(&["explain", "xyzzy"]).is(2, &["nothing called `xyzzy`", "referee list"]);
}

#[test]
fn coverage_counts_and_can_be_strict() {
    let all = run(&["coverage"]);
    all.is(0, &["oci-1.1: ", "with cases", "pull/ranges/closed"]);
    let untested = run(&["coverage", "--untested"]);
    untested.is(0, &["untested"]);
    assert!(untested.out.len() < all.out.len());
    assert!(!untested.out.contains("pull/ranges/closed"));
    let holes = !untested.out.contains(", 0 without a case");
    run(&["coverage", "--untested", "--strict"]).is(i32::from(holes), &["without a case"]);
}

#[test]
fn lint_takes_files_and_folders() {
    run(&["lint"]).is(0, &["no mistake"]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    run_in(root, &["lint", "cases"]).is(0, &["no mistake"]);
    run_in(root, &["lint", "cases/pull/blobs.yaml"]).is(0, &["no mistake"]);
    let bad = run_in(root, &["lint", "tests/load_errors/unknown-key.yaml"]);
    bad.is(
        2,
        &[
            "error[unknown-key]",
            "unknown-key.yaml:6:5",
            "did you mean `setup`?",
            "2 errors in 1 file",
        ],
    );
    assert!(
        !bad.err.contains('\u{1b}') && !bad.err.starts_with("error: "),
        "{}",
        bad.err
    );
    // A mistake in a case file is told by every command that loads it.
    run_in(root, &["list", "--cases", "tests/load_errors/unknown-key.yaml"]).is(2, &["did you mean `setup`?"]);
    let folder = tempfile::tempdir().unwrap();
    run(&["lint", folder.path().to_str().unwrap()]).is(2, &["no case file"]);
    run(&["lint", "/no/such/folder"]).is(2, &["/no/such/folder"]);
    run_in(root, &["lint", "Cargo.toml"]).is(2, &["Cargo.toml is no case file"]);
    run(&["lint", "/dev/null"]).is(2, &["/dev/null is neither a file nor a folder"]);
    fs::write(folder.path().join("latin.yaml"), b"about: \xe4\n").unwrap();
    run(&["lint", folder.path().to_str().unwrap()]).is(2, &["latin.yaml", "UTF-8", "line 1"]);
}

#[test]
fn lint_sees_what_a_run_beside_the_built_in_cases_would_refuse() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("pull")).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::copy(
        root.join("cases/pull/blobs.yaml"),
        folder.path().join("pull/blobs.yaml"),
    )
    .unwrap();
    run_in(folder.path(), &["lint", "."]).is(2, &["two cases are called `pull/blobs/"]);
    run_in(folder.path(), &["lint", ".", "--only-own-cases"]).is(0, &["no mistake"]);
}

#[test]
fn own_cases_run_beside_the_built_in_ones() {
    let folder = tempfile::tempdir().unwrap();
    let case = "about: Mine.\ncases:\n  - case: ping\n    says: The base answers.\n    steps:\n      - send: GET /v2/\n        \
                expect: {dist-ping-200: {status: 200}}\n";
    fs::write(folder.path().join("mine.yaml"), case).unwrap();
    let said = run_in(
        folder.path(),
        &["list", "--cases", ".", "--filter", "mine/*,pull/ranges/closed"],
    );
    said.is(0, &["mine/ping", "pull/ranges/closed"]);
    let said = run_in(folder.path(), &["list", "--cases", "mine.yaml", "--only-own-cases"]);
    said.is(0, &["mine/ping"]);
    assert_eq!(said.out.lines().count(), 1);
    run_in(
        folder.path(),
        &["run", "--cases", "mine.yaml", "--only-own-cases", "-q"],
    )
    .is(0, &["conforms to oci-1.1 as far as 1 case of it tells."]);
}

/// What is left out does not count in favour of a registry, in any form of the report.
#[test]
fn own_cases_alone_certify_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::copy(root.join("cases/pull/blobs.yaml"), folder.path().join("mine.yaml")).unwrap();
    fs::create_dir(folder.path().join("pull")).unwrap();
    fs::copy(
        root.join("cases/pull/blobs.yaml"),
        folder.path().join("pull/blobs.yaml"),
    )
    .unwrap();
    let own = ["--cases", ".", "--only-own-cases", "--out", "."];
    let formats = ["--format", "json,html,markdown,badge,html"];
    let said = run_in(folder.path(), &[&["run"], &own[..], &formats[..]].concat());
    said.is(0, &["as far as", "Pull        not judged"]);
    assert!(!said.out.contains("certified"), "{}", said.out);
    assert_eq!(report(folder.path())["run"]["only_own_cases"], true);
    for file in ["report.html", "report.md", "badge.svg"] {
        let text = fs::read_to_string(folder.path().join(file)).unwrap();
        assert!(text.contains("as far as"), "{file}");
        assert!(!text.contains("Pull: certified"), "{file}");
    }
}

#[test]
fn a_clean_registry_conforms_and_the_reports_agree() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::with(&[]);
    let said = run_in(
        folder.path(),
        &["run", &served.url, "--out", "here", "--seed", "7", FEW[0], FEW[1]],
    );
    said.is(
        0,
        &[
            "conforms to oci-1.1",
            "here/junit.xml",
            "here/report.json",
            &served.url,
            "0 failed",
        ],
    );
    let report = report(&folder.path().join("here"));
    let junit = fs::read_to_string(folder.path().join("here/junit.xml")).unwrap();
    let cases = report["cases"].as_array().unwrap();
    assert_eq!(total(&junit, "tests"), cases.len() as u64);
    assert_eq!(total(&junit, "failures") + total(&junit, "errors"), 0);
    assert!(
        cases
            .iter()
            .all(|case| junit.contains(case["id"].as_str().unwrap().rsplit('/').next().unwrap()))
    );
    assert_eq!(report["interrupted"], false);
    assert_eq!(served.end(), Some(0));
}

#[test]
fn a_defect_is_found_and_the_reports_agree() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::with(&["--mutant", "range-end-exclusive"]);
    let said = run_in(folder.path(), &["run", &served.url, "--out", "here", FEW[0], FEW[1]]);
    said.is(1, &["dist-range-closed-206", "curl", "does not conform"]);
    let report = report(&folder.path().join("here"));
    let junit = fs::read_to_string(folder.path().join("here/junit.xml")).unwrap();
    assert_eq!(total(&junit, "failures"), count(&report, "fail"));
    assert!(count(&report, "fail") > 0);
    assert!(report["findings"].to_string().contains("dist-range-closed-206"));
    // An allowed choice is no finding.
    let other = Served::with(&["--variant", "ranges-off"]);
    run_in(folder.path(), &["run", &other.url, FEW[0], FEW[1]]).is(0, &["conforms"]);
}

#[test]
fn a_login_is_taken_from_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::with(&["--auth", "token"]);
    fs::write(folder.path().join("password"), "let-me-in\n").unwrap();
    let password = fs::File::open(folder.path().join("password")).unwrap();
    let child = referee()
        .current_dir(folder.path())
        .args([
            "run",
            &served.url,
            "--username",
            "referee",
            "--password-stdin",
            FEW[0],
            FEW[1],
        ])
        .stdin(password)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    ended(child, Duration::from_secs(60)).is(0, &["conforms"]);
    let word = referee()
        .current_dir(folder.path())
        .args(["doctor", &Served::with(&[]).url])
        .envs([("REFEREE_USERNAME", "ann"), ("REFEREE_PASSWORD", "blobs")])
        .output()
        .unwrap();
    let said = [word.stdout, word.stderr].concat();
    assert!(String::from_utf8_lossy(&said).contains("the password is a word that stands in the requests"));
    run_in(
        folder.path(),
        &["run", &served.url, "--username", "referee", "--password-stdin"],
    )
    .is(2, &["no password on standard input"]);
}

#[test]
fn a_registry_that_takes_nothing_is_not_called_sound() {
    let served = Served::with(&["--variant", "names-of-two-components"]);
    run(&[
        "fuzz",
        &served.url,
        "--repo-prefix",
        "a/b",
        "--requests",
        "500",
        "--target",
        "manifest",
    ])
    .is(1, &["manifests was accepted, so that this says next to nothing"]);
    run(&["fuzz", &served.url, "--requests", "500", "--target", "manifest"]).is(0, &["0 failures"]);
}

#[test]
fn what_the_fuzzer_found_is_there_when_it_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::with(&["--mutant", "deep-surrogate-server-error"]);
    let mut child = referee()
        .current_dir(folder.path())
        .args(["fuzz", &served.url, "--seed", "1", "--time", "120s", "--out", "found"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let found = || fs::read_dir(folder.path().join("found")).is_ok_and(|mut files| files.next().is_some());
    let until = std::time::Instant::now() + Duration::from_secs(100);
    while !found() && std::time::Instant::now() < until {
        std::thread::sleep(Duration::from_millis(50));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(found());
}

#[test]
fn a_report_that_cannot_be_written_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    run_in(folder.path(), &["run", "--out", "file/reports"])
        .is(5, &["cannot create the directory file/reports", "`--out` says"]);
    run_in(folder.path(), &["run", "--out", "/proc/reports"]).is(5, &["/proc/reports"]);
}

#[test]
fn output_that_finds_no_room_is_no_success() {
    for command in [&["list"][..], &["--help"], &["schema"]] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = referee().args(command).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(5), "{command:?}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.starts_with("error: cannot write to standard output: "), "{told}");
    }
}

/// What takes minutes to make stops too when the run is asked to.
#[test]
fn the_making_of_large_content_is_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let case = "about: Mine.\ncases:\n  - case: huge\n    says: A blob can be pulled.\n    content: {layer: {blob: {random: \
                64GiB}}}\n    steps:\n      - pull: layer\n        expect: {dist-pull-blob-200: {status: 200}}\n";
    fs::write(folder.path().join("mine.yaml"), case).unwrap();
    let served = Served::with(&[]);
    let child = referee()
        .args([
            "run",
            &served.url,
            "--cases",
            "mine.yaml",
            "--only-own-cases",
            "--quiet",
        ])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_secs(2));
    signal(&child, "TERM");
    ended(child, Duration::from_secs(10)).is(130, &["nterrupted"]);
    assert_eq!(count(&report(&folder.path().join("reports/latest")), "error"), 0);
}

#[test]
fn an_interrupted_run_reports_what_it_has_seen() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::with(&[]);
    for name in ["INT", "TERM"] {
        let relay = SlowRelay::to(&served.url, Duration::from_millis(20));
        let out = folder.path().join(name);
        let child = referee()
            .args(["run", &relay.url, "--jobs", "1", FEW[0], FEW[1], "--out"])
            .arg(&out)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        relay.wait_for(60);
        signal(&child, name);
        ended(child, Duration::from_secs(20)).is(130, &["nterrupted"]);
        let report = report(&out);
        assert_eq!(report["interrupted"], true);
        let (passed, skipped) = (count(&report, "pass"), count(&report, "skip"));
        assert!(
            skipped > 0 && count(&report, "fail") == 0,
            "{passed} passed, {skipped} skipped"
        );
        assert!(out.join("junit.xml").exists());
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    for command in [
        "list requirements",
        "list mutants",
        "schema",
        "schema --format markdown",
        "coverage",
    ] {
        let script = format!(
            "set -o pipefail; '{}' {command} 2>&1 | head -n 1",
            env!("CARGO_BIN_EXE_referee")
        );
        let output = std::process::Command::new("bash")
            .args(["-c", &script])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.lines().count(), 1, "{command}");
        assert!(!text.contains("panicked"), "{text}");
        assert!(output.status.success(), "{command}: {:?}", output.status);
    }
    // The same for standard error.
    let script = format!(
        "'{}' lint '{}/tests/load_errors' 2>&1 >/dev/null | head -n 1; echo ${{PIPESTATUS[0]}}",
        env!("CARGO_BIN_EXE_referee"),
        env!("CARGO_MANIFEST_DIR")
    );
    let output = std::process::Command::new("bash")
        .args(["-c", &script])
        .output()
        .unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().ends_with("\n2\n"));
}

#[test]
fn colours_are_for_terminals() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["run", "--filter", "00-readme/first", "--out", "o"];
    let with = |name: Option<(&str, &str)>| {
        let mut command = referee();
        command.current_dir(folder.path()).args(arguments);
        if let Some((name, value)) = name {
            command.env(name, value);
        }
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(!with(None).contains('\u{1b}'));
    assert!(!with(Some(("NO_COLOR", "1"))).contains('\u{1b}'));
    assert!(with(Some(("CLICOLOR_FORCE", "1"))).contains('\u{1b}'));
}

#[test]
fn quiet_is_the_counts_and_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let said = run_in(folder.path(), &["run", "--quiet", "--filter", "00-readme/first"]);
    said.is(0, &["conforms"]);
    assert_eq!(said.out.lines().count(), 2, "{}", said.out);
    assert!(said.err.is_empty(), "{}", said.err);
    assert!(folder.path().join("reports/latest/report.json").exists());
}

#[test]
fn a_parser_of_ones_own_is_judged() {
    run(&["parse-suite"]).is(0, &["0 with another verdict"]);
    run(&["parse-suite", "--parser-cmd", "exit 0"]).is(1, &["accepted", "00-readme/documents#cut"]);
    run(&["parse-suite", "--parser-cmd", "exit 7"]).is(2, &["ended with 7"]);
    run(&["parse-suite", "--parser-cmd", "exit 3"]).is(4, &["reads none"]);
    let images = "case $MEDIA_TYPE in *.oci.image.*) exit 1;; *.docker.*) exit 9;; *) exit 3;; esac";
    run(&["parse-suite", "--parser-cmd", images]).is(
        1,
        &["refused", "failed   parse/docker/", "of a kind that it does not read"],
    );
}

#[test]
fn a_document_says_what_it_is_and_where_it_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    write(
        "old.json",
        &format!(
            "{{\"schemaVersion\":1,\"name\":\"a\",\"tag\":\"b\",\"fsLayers\":[{{\"blobSum\":\"{digest}\"}}],\n\"history\":[]}}"
        ),
    );
    run_in(folder.path(), &["parse", "old.json"]).is(1, &["old.json:2:11: /history: 0 items where 1 are demanded"]);
    write("image.json", "{\"layers\":2,\n\"config\":1,\n\"schemaVersion\":3}");
    let said = run_in(folder.path(), &["parse", "image.json"]);
    let places: Vec<_> = said.out.lines().filter_map(|line| line.split(':').nth(1)).collect();
    assert_eq!(places, ["1", "2", "3"], "{}", said.out);
    write(
        "payload.json",
        &format!("{{\"targetArtifact\":{{\"mediaType\":\"a/b\",\"digest\":\"{digest}\",\"size\":7}}}}"),
    );
    let link = format!("subject        {digest} 7 a/b");
    run_in(folder.path(), &["parse", "payload.json"]).is(0, &["payload of a Notation signature", &link]);
    run_in(
        folder.path(),
        &[
            "parse",
            "payload.json",
            "--as",
            "application/vnd.dev.cosign.simplesigning.v1+json",
        ],
    )
    .is(1, &["/targetArtifact: an unknown member"]);
}

#[test]
fn the_schemas_are_json_schemas() {
    for kind in ["cases", "document", "profiles", "capabilities", "always"] {
        let schema: Value = serde_json::from_str(&run(&["schema", "--of", kind]).out).unwrap();
        assert_eq!(
            schema["$schema"], "https://json-schema.org/draft/2020-12/schema",
            "{kind}"
        );
    }
    run(&["schema", "--format", "markdown"]).is(0, &["### Steps", "| `random` |"]);
    run(&["schema", "--of", "case"]).is(2, &["'cases'"]);
}

#[test]
fn doctor_says_what_a_run_would_meet() {
    let open = Served::with(&[]);
    let said = run(&["doctor", &open.url]);
    said.is(
        0,
        &[
            "plain HTTP",
            "GET /v2/ is answered without a login",
            "none found, anonymous",
            "taken        one component",
        ],
    );
    said.is(0, &["offered      push: answers 202 to POST /v2/referee/"]);
    let guarded = Served::with(&["--auth", "token"]);
    run(&["doctor", &guarded.url]).is(3, &["a token (Bearer) from", "cannot log in"]);
    run(&["doctor", &Port::closed().url()]).is(3, &["PROBLEM: cannot connect", "-> check the address"]);
}

#[test]
fn a_new_file_of_cases_lints_clean_and_passes() {
    let folder = tempfile::tempdir().unwrap();
    let mine = folder.path().join("mine");
    let mine = mine.to_str().unwrap();
    run(&["new", "case", "quota/limits", "--dir", mine]).is(0, &["quota/limits.yaml", "next: referee lint"]);
    // Whatever it says to look at, the program shows.
    let text = fs::read_to_string(folder.path().join("mine/quota/limits.yaml")).unwrap();
    for command in [
        "schema",
        "schema --format markdown",
        "explain 00-readme/first",
        "list requirements",
    ] {
        assert!(text.contains(&format!("`referee {command}")), "{command}: {text}");
        run(&command.split(' ').collect::<Vec<_>>()).is(0, &[]);
    }
    run(&["lint", mine]).is(0, &[]);
    let out = folder.path().join("out");
    let filter = ["--only-own-cases", "--quiet", "--out", out.to_str().unwrap()];
    run(&[&["run", "--cases", mine], &filter[..]].concat()).is(0, &["1 passed"]);
    run(&["new", "case", "quota/limits", "--dir", mine]).is(2, &["is there already"]);
    run(&["new", "case", "Quota", "--dir", mine]).is(2, &["AREA/FILE"]);
}

#[test]
fn shells_and_the_manual_know_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = run(&["completions", shell]);
        said.is(0, &COMMANDS);
    }
    run(&["man"]).is(0, &[".TH", "referee\\-run"]);
    run(&["man", "run"]).is(0, &[".TH", "profile"]);
    run(&["man", "nothing"]).is(2, &["there is no command `nothing`"]);
}

#[test]
fn settings_of_the_official_suite_make_a_run() {
    let served = Served::with(&[]);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let ended = referee()
        .args([
            "run",
            "--official-env",
            "--filter",
            "tags/*",
            "--quiet",
            "--format",
            "official,json",
        ])
        .env("OCI_REGISTRY", served.url.trim_start_matches("http://"))
        .env("OCI_TLS", "disabled")
        .env("OCI_REPO1", "conformance/one")
        .env("OCI_REPO2", "conformance/two")
        .env("OCI_VERSION", "1.0")
        .env("OCI_API_TAGS_DELETE", "false")
        .env("OCI_RESULTS_DIR", &out)
        .env("OCI_DEBUG", "1")
        .env("OCI_REGISTRI", "x")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    for note in [
        "note: settings of the official suite that are taken over: OCI_API_TAGS_DELETE, OCI_REGISTRY, OCI_REPO1, OCI_REPO2, \
         OCI_RESULTS_DIR, OCI_TLS, OCI_VERSION\n",
        "note: settings that mean nothing here: OCI_DEBUG (every exchange is in report.json)\n",
        "note: settings that mean nothing here: OCI_REGISTRI (unknown; did you mean OCI_REGISTRY?)\n",
    ] {
        assert!(said.contains(note), "{note}: {said}");
    }
    assert_eq!(
        ended.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    let report = report(&out);
    assert_eq!(report["run"]["profile"], "oci-1.0");
    let notes = report["target"]["notes"].to_string();
    assert!(notes.contains("OCI_API_TAGS_DELETE leaves cases out"), "{notes}");
    let results = fs::read_to_string(out.join("results.yaml")).unwrap();
    assert!(
        results.contains("\n  Tag listing: Pass\n") && results.contains("\n  Tag delete: "),
        "{results}"
    );
    let ended = referee()
        .args([
            "run",
            "--official-env",
            "--profile",
            "oci-dev",
            "--filter",
            "00-readme/first",
            "--quiet",
            "--out",
        ])
        .arg(&out)
        .env("OCI_REGISTRY", served.url.trim_start_matches("http://"))
        .env("OCI_TLS", "disabled")
        .env("OCI_VERSION", "1.0")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains("give way to the command line: --profile\n"), "{said}");
    run(&["run", "--official-config", "/nowhere/oci-conformance.yaml"]).is(2, &["/nowhere/oci-conformance.yaml"]);
}

#[test]
fn a_document_is_described_or_faulted() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let part = format!(r#"{{"mediaType": "a/b", "digest": "{digest}", "size": 2}}"#);
    let oras = "application/vnd.cncf.oras.artifact.manifest.v1+json";
    let artifact = write(
        "artifact.json",
        &format!(r#"{{"artifactType": "example/thing", "blobs": [{part}], "subject": {part}}}"#),
    );
    run(&["parse", &artifact, "--as", oras]).is(0, &["ORAS artifact manifest", "example/thing", "subject", digest]);
    // Nothing tells what it is otherwise.
    run(&["parse", &artifact]).is(1, &["artifact.json:1:1"]);
    let faulty = write("faulty.json", "{\"artifactType\": \"\",\n \"blobs\": [null]}");
    run(&["parse", &faulty, "--as", oras]).is(1, &["faulty.json:1:18: /artifactType", "faulty.json:2:12: /blobs/0"]);
    run(&["parse", "no-such-file"]).is(2, &["no-such-file"]);
    let index = r#"{"schemaVersion": 2.0, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}"#;
    let told = ["index.json:1:19: /schemaVersion: schema version 2 written with a fraction or an exponent"];
    run(&["parse", &write("index.json", index)]).is(1, &told);
}

#[test]
#[cfg(unix)]
fn what_never_ends_is_no_document() {
    run(&["parse", "/dev/zero"]).is(2, &["/dev/zero", "longer than 4 MiB"]);
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().display().to_string();
    run(&["parse", &here]).is(2, &[&here, "directory"]);
    // Nobody writes to this one.
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    run(&["parse", &pipe.display().to_string()]).is(2, &["pipe", "did not end within 5 s"]);
    // And this is what a shell makes of `<(printf '{}')`.
    let mut child = referee()
        .args(["parse", "/dev/stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"{}").unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(said.starts_with("/dev/stdin:1:1: the document"), "{said}");
}

#[test]
fn the_documents_of_parse_cases_can_be_taken_along() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("vectors");
    run(&["parse-suite", "--emit", &to.display().to_string()]).is(0, &["documents in"]);
    let list: Value = serde_json::from_str(&fs::read_to_string(to.join("vectors.json")).unwrap()).unwrap();
    let vectors = list["vectors"].as_array().unwrap();
    assert!(vectors.len() >= 200, "{} documents", vectors.len());
    for vector in vectors {
        assert!(to.join(vector["file"].as_str().unwrap()).is_file(), "{vector}");
        assert!(["accepted", "refused"].contains(&vector["verdict"].as_str().unwrap()));
    }
}

#[test]
fn a_registry_that_starts_late_is_waited_for() {
    let port = Port::closed();
    let (number, url) = (port.number, port.url());
    let starter = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(700));
        Command::new(env!("CARGO_BIN_EXE_referee"))
            .args(["serve", "--listen", &format!("127.0.0.1:{number}")])
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    });
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().to_str().unwrap();
    let said = run(&[
        "run",
        &url,
        "--wait",
        "60s",
        "--filter",
        "tags/list/hundreds",
        "--out",
        folder,
    ]);
    let mut registry = starter.join().unwrap();
    registry.kill().unwrap();
    registry.wait().unwrap();
    said.is(0, &["conforms to oci-1.1"]);
    run(&["run", &url, "--wait", "300ms", "--out", folder]).is(3, &["cannot reach"]);
}
