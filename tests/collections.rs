//! Garbage collection as a user meets it: the program, a registry, and triggers that work, fail, hang or do nothing.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use referee::registry::{self, Config, Running, Variant};
use serde_json::Value;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/cases");

fn referee() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_referee"));
    command.args([
        "run",
        "--profile",
        "gc",
        "--cases",
        CASES,
        "--format",
        "json",
        "--quiet",
    ]);
    command
}

fn report(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("report.json")).unwrap()).unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn registry(variants: &[Variant]) -> (tokio::runtime::Runtime, Running) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = Config {
        variants: variants.to_vec(),
        ..Config::default()
    };
    let running = runtime.block_on(registry::start(config)).unwrap();
    (runtime, running)
}

/// A command that has the registry collect, in the form of a script that somebody else wrote.
fn script(url: &str) -> String {
    let body = r#"{"parameters":{}}"#;
    format!(
        "curl -fsS -X POST -d '{body}' {url}/api/v2.0/system/gc/schedule && sleep 0.3 && \
         echo collected $REFEREE_GC_ROUND >>\"$LOG\""
    )
}

#[test]
fn the_trigger_runs_once_for_all_cases_of_a_round() {
    let (_runtime, running) = registry(&[]);
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let output = referee()
        .args([
            &running.url(),
            "--filter",
            "gc/survival/*,gc/sharing/recipient-added",
            "--jobs",
            "2",
        ])
        .args(["--gc-command", &script(&running.url())])
        .arg("--out")
        .arg(folder.path())
        .env("LOG", &log)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let report = report(folder.path());
    let rounds = report["collection"]["rounds"].as_array().unwrap();
    let cases: Vec<u64> = rounds.iter().map(|round| round["cases"].as_u64().unwrap()).collect();
    // Two for the probe, one for every case, one for the case that collects twice; two jobs are enough for all of them.
    assert_eq!(cases.len(), 4, "{cases:?}");
    assert_eq!((cases[0], cases[1], cases[3]), (0, 0, 1));
    assert_eq!(cases[2], report["cases"].as_array().unwrap().len() as u64);
    let collected = std::fs::read_to_string(log).unwrap();
    assert_eq!(collected, "collected 1\ncollected 2\ncollected 3\ncollected 4\n");
    assert!(rounds[2]["evidence"].as_str().unwrap().starts_with("exit code 0"));
    assert_eq!(report["collection"]["retention"]["profile"], "P2");
}

#[test]
fn a_trigger_that_fails_is_inconclusive_and_told() {
    let (_runtime, running) = registry(&[]);
    let folder = tempfile::tempdir().unwrap();
    let output = referee()
        .args([
            &running.url(),
            "--filter",
            "gc/survival/*",
            "--gc-command",
            "echo no disk >&2; exit 7",
        ])
        .arg("--out")
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output);
    assert!(
        said.contains("No verdict") && said.contains("Garbage collection: not judged"),
        "{said}"
    );
    let report = report(folder.path());
    assert!(report["findings"].as_array().unwrap().is_empty());
    for case in report["cases"].as_array().unwrap() {
        let seen = case["verdict"]["seen"].as_str().unwrap_or_default();
        assert!(seen.contains("exit code 7; it said: no disk"), "{case}");
    }
    // It failed once and was not tried again.
    assert_eq!(report["collection"]["rounds"].as_array().unwrap().len(), 1);
}

#[test]
fn a_collection_that_takes_nothing_never_passes() {
    let (_runtime, running) = registry(&[Variant::RetentionNothing]);
    let folder = tempfile::tempdir().unwrap();
    let request = format!("POST {}/api/v2.0/system/gc/schedule", running.url());
    let output = referee()
        .args([&running.url(), "--filter", "gc/survival/*", "--gc-request", &request])
        .arg("--out")
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let report = report(folder.path());
    assert_eq!(report["counts"]["pass"], 0);
    assert_eq!(report["collection"]["retention"]["profile"], "P0");
}

#[test]
fn every_retention_profile_is_told_and_none_is_accused() {
    for (variant, profile) in [
        (Variant::RetentionUnaware, "P1"),
        (Variant::RetentionKeeps, "P3"),
        (Variant::RetentionPins, "P4"),
        (Variant::UntaggedKept, "P3"),
    ] {
        let (_runtime, running) = registry(&[variant]);
        let folder = tempfile::tempdir().unwrap();
        let request = format!("POST {}/api/v2.0/system/gc/schedule", running.url());
        let output = referee()
            .args([&running.url(), "--filter", "gc/survival/*", "--gc-request", &request])
            .arg("--out")
            .arg(folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{variant}: {}", text(&output));
        assert!(
            text(&output).contains(&format!("retention profile {profile}")),
            "{variant}: {}",
            text(&output)
        );
    }
}

#[test]
fn an_interrupted_run_leaves_no_process_behind() {
    let (_runtime, running) = registry(&[]);
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let command = format!("sleep 300 & echo $! >{0}.new; mv {0}.new {0}; wait", pid.display());
    let mut child = referee()
        .args([&running.url(), "--filter", "gc/survival/*", "--gc-command", &command])
        .arg("--out")
        .arg(folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !pid.exists() && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(kill.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let pid = std::fs::read_to_string(pid).unwrap();
    let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    let is_gone = state
        .rsplit(')')
        .next()
        .is_none_or(|rest| rest.trim().is_empty() || rest.trim().starts_with('Z'));
    assert!(is_gone, "{state}");
}
