//! What is said where a registry cannot be spoken to, not be logged in to, or is gone in the middle of a run.

mod client {
    pub mod authority;
    #[allow(
        dead_code,
        reason = "shared by several test programs, not all of which use all of it"
    )]
    pub mod server;
}

#[allow(
    dead_code,
    reason = "shared by several test programs, not all of which use all of it"
)]
#[path = "cli/program.rs"]
mod program;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use client::authority::Authority;
use client::server::{Reply, Server, ok};
use program::{Said, Served, SlowRelay, ended, referee, run, run_in, signal};

/// A run, whose reports nobody wants.
fn judged(url: &str, more: &[&str]) -> Said {
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path(), &[&["run", url], more].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_of_http_and_tls_is_told_with_the_url() {
    let served = Served::with(&[]);
    let https = served.url.replace("http://", "https://");
    let plain = format!("it speaks plain HTTP, not TLS\n  write {}", served.url);
    judged(&https, &[]).is(3, &[&format!("cannot reach {https}: {plain}\n")]);
    run(&["doctor", &https]).is(3, &["-> write http://127.0.0.1:", &plain]);
    run(&["fuzz", &https]).is(3, &[&plain]);

    let server = Server::start_tls(Authority::new().server(false), |_| ok("{}")).await;
    let secure = format!("it speaks TLS, not plain HTTP\n  write https://{}", server.authority());
    judged(&server.url(), &[]).is(3, &[&format!("cannot reach {}: {secure}\n", server.url())]);
    run(&["doctor", &server.url()]).is(3, &[&secure]);

    // What speaks neither is met with neither.
    let neither = Server::start_refusing(b"220 mail ready\r\n").await;
    let said = judged(&neither.url().replace("http", "https"), &[]);
    assert!(
        !said.is(3, &["cannot reach"]).err.contains("write http"),
        "{}",
        said.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_is_too_busy_is_not_missing() {
    let limited = Server::start(|_| Reply::status("429 Slow").header("Retry-After", "120")).await;
    let told = [
        "GET /v2/ is answered with 429 Too Many Requests and Retry-After: 120",
        "--wait 5m",
        "--jobs",
    ];
    for command in ["run", "doctor", "fuzz"] {
        let said = run(&[command, &limited.url()]);
        said.is(3, &told);
        assert!(!said.err.contains("no registry"), "{}", said.err);
    }
    // There is no time to wait for as long as it asks.
    judged(&limited.url(), &["--wait", "2s"]).is(3, &told);
    let starting = Server::start(|_| Reply::status("503 Soon")).await;
    judged(&starting.url(), &[]).is(3, &["503 Service Unavailable, so it is not ready", "--wait 60s"]);
    let fails = Server::start(|_| Reply::status("500 Oh")).await;
    judged(&fails.url(), &[]).is(3, &["500 Internal Server Error, so it fails"]);
    let other = Server::start(|_| Reply::status("404 Not Found")).await;
    judged(&other.url(), &[]).is(3, &["there is no registry at"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_is_not_ready_is_waited_for() {
    let server = Server::start_counting(|before, _| match before {
        0 | 1 => Reply::status("503 Soon"),
        _ => Reply::status("401 Unauthorized"),
    })
    .await;
    judged(&server.url(), &["--wait", "30s"]).is(3, &["cannot log in", "GET /v2/ answers 401"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_service_that_is_not_there_has_refused_nobody() {
    let registry_of = async |realm: String| {
        let challenge = format!("Bearer realm=\"{realm}\",service=\"r\"");
        Server::start(move |_| Reply::status("401 Unauthorized").header("WWW-Authenticate", &challenge)).await
    };
    let missing = Server::start(|_| Reply::status("404 Not Found")).await;
    let registry = registry_of(format!("{}/token?x=1", missing.url())).await;
    let said = judged(&registry.url(), &[]);
    let url = format!(
        "there is no token service at {}/token, where 404 is the answer",
        missing.url()
    );
    said.is(3, &["cannot log in", &url, "WWW-Authenticate (realm)"]);
    assert!(
        !said.err.contains("refused") && !said.err.contains("--username"),
        "{}",
        said.err
    );

    let refusing = Server::start(|_| Reply::status("401 Unauthorized")).await;
    let registry = registry_of(format!("{}/token", refusing.url())).await;
    judged(&registry.url(), &[]).is(3, &["refused anonymous access (401)", "--username"]);
}

/// Text that would reverse the line that it stands in, or show nothing.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_registry_says_is_shown_harmless() {
    let hostile = Server::start(|request| {
        let path = request.split(' ').nth(1).unwrap_or_default();
        match path {
            "/v2/" => ok("{}").header("Server", "a\u{202e}b\u{200b}c"),
            _ => Reply::status("404 \u{202e}gone").header("Content-Type", "x/\u{2066}y"),
        }
    })
    .await;
    let pages = Server::start(|_| ok("x").header("Content-Type", "x/\u{202e}y\u{200b}")).await;
    let challenge = "Bearer realm=\"http://127.0.0.1/\u{202e}t\",service=\"\u{feff}r\"";
    let closed = Server::start(move |_| Reply::status("401 U").header("WWW-Authenticate", challenge)).await;
    let garbled = Server::start(|_| Reply::bytes("HTTP/1.1 2\u{202e}00 \u{200b}\r\n\r\n".as_bytes())).await;
    for command in ["doctor", "run", "fuzz"] {
        for server in [&hostile, &pages, &closed, &garbled] {
            // This one it would begin to fuzz.
            if command == "fuzz" && std::ptr::eq(&hostile, server) {
                continue;
            }
            let folder = tempfile::tempdir().unwrap();
            let said = run_in(folder.path(), &[command, &server.url(), "--timeout", "5s"]);
            let shown = format!("{}{}", said.out, said.err);
            let is_harmful = |c: char| c.is_control() && c != '\n' || "\u{202e}\u{200b}\u{2066}\u{feff}".contains(c);
            assert!(!shown.contains(is_harmful), "{command}: {shown:?}");
        }
    }
    // What says the same to everything accepts nothing, and has no fault.
    run(&["fuzz", &pages.url()]).is(3, &["there is no registry at", "every answer says the same"]);
    run(&["doctor", &hostile.url()]).is(0, &["server       a\\u{202E}b\\u{200B}c"]);
}

#[test]
fn a_registry_that_dies_leaves_a_journal_to_go_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::with(&[]);
    let relay = SlowRelay::to(&served.url, Duration::from_millis(20));
    let child = referee()
        .current_dir(folder.path())
        .args(["run", &relay.url, "--jobs", "1", "--filter", "pull/*", "--quiet"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    relay.wait_for(200);
    assert_eq!(served.end(), Some(0));
    let said = ended(child, Duration::from_secs(60));
    said.is(
        1,
        &[
            "could not be judged",
            "once the registry answers again, the others are run by\n",
        ],
    );
    assert!(folder.path().join("reports/latest/journal.ndjson").exists());

    // The command is taken as it stands, to a registry at the same address.
    let kept = said.out.lines().last().unwrap().trim();
    assert!(
        kept.ends_with("--filter 'pull/*' --quiet --resume reports/latest/journal.ndjson"),
        "{kept}"
    );
    let address = relay.url.trim_start_matches("http://");
    let again = restarted(address, folder.path());
    let mut shell = Command::new("sh");
    let shell = shell.args(["-c", kept]).current_dir(folder.path()).env("NO_PROXY", "*");
    let output = shell.output().unwrap();
    signal(&again, "TERM");
    let all = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{all}");
    assert!(all.contains("conforms") && !all.contains("Kept"), "{all}");
    assert!(!folder.path().join("reports/latest/journal.ndjson").exists());
    ended(again, Duration::from_secs(20));
}

/// A registry at a given address.
fn restarted(address: &str, folder: &Path) -> std::process::Child {
    let serve = || {
        let mut command = referee();
        command.current_dir(folder).args(["serve", "--listen", address]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    for _ in 0..100 {
        let mut child = serve();
        std::thread::sleep(Duration::from_millis(300));
        if child.try_wait().unwrap().is_none() {
            return child;
        }
    }
    panic!("{address} stays taken");
}
