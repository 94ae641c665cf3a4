//! Runs that end before their time: the registry falls silent, somebody interrupts or kills the program, the disk is full.

use std::process::Command;
use std::time::{Duration, Instant};

use referee::registry::{self, Config};

use crate::hostile::harness::{
    CONFORMS, FAILED, FINDINGS, INTERRUPTED, Ran, Run, behind_a_registry, cases, not_found, takes,
};
use crate::server::{Reply, Server};

/// How long the program may take to go once it is told to.
const GONE: Duration = Duration::from_secs(5);

const JOURNAL: &str = "journal.ndjson";

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(40), "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn deletions(server: &Server) -> usize {
    server
        .requests()
        .iter()
        .filter(|request| request.starts_with("DELETE"))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_falls_silent_is_not_waited_for() {
    let server = behind_a_registry(|_, _| Reply::hang(b"")).await;
    let url = server.url();
    let run = move || Run::start(&url, "pull/*,tags/*", &["--jobs", "4", "--timeout", "400ms"], None).end();
    let ran = blocking(run).await;
    ran.ended(FINDINGS, Duration::from_secs(20), "the registry has stopped answering");
    let report = ran.report();
    let errors = report["counts"]["error"].as_u64().unwrap();
    // Twelve cases ended for want of an answer; all others are said not to have been run.
    assert!(errors > 60, "{errors}");
    assert_eq!(report["interrupted"], false);
    let requests = server.requests().len();
    assert!(requests < 100, "{requests}");
}

/// Interrupts a run whose requests hang, and says how long it took to go.
async fn interrupt(server: Server, signal: &'static str, ready: impl Fn(&Server) -> bool) -> (Ran, Server) {
    let url = server.url();
    let run = blocking(move || Run::start(&url, "pull/*,tags/*", &["--timeout", "60s", "--jobs", "16"], None)).await;
    until("the run is under way", || ready(&server)).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    run.signal(signal);
    let told = Instant::now();
    let ran = blocking(move || run.end()).await;
    assert!(told.elapsed() < GONE, "{:?} after {signal}", told.elapsed());
    ran.ended(INTERRUPTED, Duration::from_secs(60), "interrupted");
    assert_eq!(ran.report()["interrupted"], true);
    (ran, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_cleans_up_and_reports() {
    let hangs_at_gets = |_: usize, request: &str| match takes(request) {
        Some(reply) => reply,
        // No probe asks for a blob, so that cases come to their own requests.
        None if request.contains("/blobs/sha256") => Reply::hang(b""),
        None => not_found(),
    };
    for signal in ["-INT", "-TERM"] {
        let server = behind_a_registry(hangs_at_gets).await;
        let hanging = |server: &Server| {
            let of_cases = |request: &&String| request.contains("/blobs/sha256");
            server.requests().iter().filter(of_cases).count() > 8
        };
        let (ran, server) = interrupt(server, signal, hanging).await;
        assert!(deletions(&server) > 0, "nothing was removed");
        assert!(ran.out.join(JOURNAL).is_file(), "there is no journal to go on from");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_does_not_wait_for_anything_that_hangs() {
    // Everything hangs, the clean-up too.
    let server = behind_a_registry(|_, request| match takes(request) {
        Some(reply) if !request.starts_with("DELETE") => reply,
        _ if request.contains("/tags/list") || request.starts_with("DELETE") => Reply::hang(b""),
        _ => not_found(),
    })
    .await;
    let under_way = |server: &Server| server.requests().len() > 60;
    interrupt(server, "-INT", under_way).await;
    // The control itself hangs.
    let server = Server::start(|_| Reply::hang(b"")).await;
    interrupt(server, "-TERM", |server| !server.requests().is_empty()).await;
    // The probes hang.
    let server = behind_a_registry(|_, _| Reply::hang(b"")).await;
    interrupt(server, "-INT", |server| server.requests().len() > 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_goes_on_from_its_journal() {
    let registry = registry::start(Config::default()).await.unwrap();
    let url = registry.url();
    let first = url.clone();
    let run = blocking(move || Run::start(&first, "pull/*,tags/*", &["--jobs", "1", "--timeout", "60s"], None)).await;
    let journal = run.out().join(JOURNAL);
    // Whole lines: the kill may have cut the last one off, in the middle of a character too.
    let lines = |path: &std::path::Path| {
        let written = std::fs::read(path).unwrap_or_default();
        written.iter().filter(|byte| **byte == b'\n').count()
    };
    until("some cases are finished", || lines(&journal) > 12).await;
    run.signal("-KILL");
    let killed = blocking(move || run.end()).await;
    assert_eq!(killed.code, None);
    let finished = lines(&journal) - 1;
    // As if it had been killed in the middle of a line.
    let mut text = std::fs::read(&journal).unwrap();
    text.extend(b"{\"id\":\"tags/li");
    std::fs::write(&journal, text).unwrap();

    let shown = Command::new(env!("CARGO_BIN_EXE_referee"))
        .arg("report")
        .arg(&journal)
        .arg("--cases")
        .arg(cases())
        .args(["--format", "json"])
        .output()
        .unwrap();
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
    let report: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(report["interrupted"], true);
    assert!(report["cases"].as_array().unwrap().len() >= finished);

    let path = journal.to_str().unwrap().to_owned();
    let again = url.clone();
    let resume = move |profile: &'static str| {
        let more = ["--resume", path.as_str(), "--timeout", "60s", "--profile", profile];
        Run::start(&again, "pull/*,tags/*", &more, None).end()
    };
    let other = resume.clone();
    let refused = blocking(move || other("oci-1.0")).await;
    refused.ended(2, Duration::from_secs(30), "another profile");
    let resumed = blocking(move || resume("oci-1.1")).await;
    resumed.ended(CONFORMS, Duration::from_secs(60), "");
    let whole = resumed.report();
    let ids: std::collections::BTreeSet<&str> = whole["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| case["id"].as_str().unwrap())
        .collect();
    for case in report["cases"].as_array().unwrap() {
        assert!(ids.contains(case["id"].as_str().unwrap()));
    }
    assert_eq!(ids.len(), whole["cases"].as_array().unwrap().len());
    assert!(ids.len() > finished);
    assert_eq!(whole["run"]["seed"], report["run"]["seed"]);
    assert!(!resumed.out.join(JOURNAL).exists(), "a finished run needs no journal");
    registry.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_that_cannot_be_written() {
    let server = behind_a_registry(|_, request| takes(request).unwrap_or_else(not_found)).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let below = folder.path().join("file/out").to_str().unwrap().to_owned();
    let url = server.url();
    let ran = blocking(move || Run::start(&url, "pull/*", &["--out", &below], None).end()).await;
    ran.ended(FAILED, Duration::from_secs(20), "cannot create the directory");
    assert!(server.requests().is_empty(), "a run whose report is lost is not begun");

    // A file may have four kilobytes, as if the disk were full.
    let out = folder.path().join("full");
    let (url, to) = (server.url(), out.clone());
    let full = blocking(move || {
        Command::new("sh")
            .args([
                "-c",
                "trap '' XFSZ; ulimit -f 8; exec \"$@\"",
                "sh",
                env!("CARGO_BIN_EXE_referee"),
                "run",
                &url,
            ])
            .args(["--filter", "pull/blobs/*", "--timeout", "800ms", "--keep", "--cases"])
            .arg(cases())
            .arg("--out")
            .arg(to)
            .output()
            .unwrap()
    })
    .await;
    let said = String::from_utf8_lossy(&full.stderr);
    assert_eq!(full.status.code(), Some(FAILED), "{said}");
    assert!(said.contains("cannot write") && !said.contains("panicked"), "{said}");
    assert!(said.contains("the journal cannot be written"), "{said}");
    let left: Vec<_> = std::fs::read_dir(out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        !left.iter().any(|name| name.to_string_lossy().contains("partial")),
        "{left:?}"
    );
}
