//! Secrets that are planted wherever a run meets one, and looked for in everything that the program writes.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::authority::Authority;
use crate::hostile::harness::{FINDINGS, Run, not_found};
use crate::server::{Reply, Server, ok};

const PASSWORD: &str = "correct-horse-battery";
/// `ann` and the password, as Basic sends them.
const PAIR: &str = "YW5uOmNvcnJlY3QtaG9yc2UtYmF0dGVyeQ";
const TOKEN: &str = "planted-token-0123456789";
const COOKIE: &str = "planted-cookie-0123456789";
const SIGNATURE: &str = "planted-signature-0123456789";

/// A registry with everything that is secret, which tells it wherever it can.
fn indiscreet(request: &str) -> Reply {
    let lower = request.to_ascii_lowercase();
    let host = lower
        .split_once("\r\nhost: ")
        .map_or("", |(_, rest)| rest.split("\r\n").next().unwrap_or(""));
    if request.starts_with("GET /token") {
        return if request.contains(PAIR) {
            ok(&format!("{{\"token\":\"{TOKEN}\"}}"))
        } else {
            Reply::status("401 U")
        };
    }
    if !request.contains(TOKEN) {
        let challenge = format!("Bearer realm=\"https://{host}/token\",service=\"s\"");
        return Reply::status("401 U").header("WWW-Authenticate", &challenge);
    }
    let cookie = format!("session={COOKIE}; HttpOnly");
    if request.starts_with("GET /v2/ ") {
        return ok("{}").header("Server", PASSWORD).header("Set-Cookie", &cookie);
    }
    if request.starts_with("GET /v2/referee-control/") {
        return not_found();
    }
    let signed = format!("/up?X-Amz-Signature={SIGNATURE}&sig={SIGNATURE}&token={SIGNATURE}");
    if request.starts_with("POST") {
        let location = format!("https://ann:{PASSWORD}@{host}/v2/x{signed}");
        return Reply::status("202 Accepted")
            .header("Location", &location)
            .header("Set-Cookie", &cookie);
    }
    let body = serde_json::json!({
        "errors": [{"code": PASSWORD.to_uppercase(), "message": request, "detail": hex(PASSWORD)}],
        "tags": [PASSWORD, PAIR, TOKEN],
        "where": format!("https://{host}{signed}"),
    })
    .to_string();
    let head = format!("HTTP/1.1 404 {PASSWORD}\r\nContent-Type: {PASSWORD}/{PAIR}\r\nLocation: {signed}");
    let head = format!("{head}\r\nX-{PASSWORD}: {TOKEN}\r\nDocker-Content-Digest: {PASSWORD}\r\nSet-Cookie: {cookie}");
    let head = format!("{head}\r\nLink: <{signed}>; rel=\"next\"\r\nWarning: 299 - \"{TOKEN}\"");
    Reply::kept(format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes())
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[track_caller]
fn holds_no_secret(written: &str, key: &str) {
    for secret in [PASSWORD, PAIR, TOKEN, COOKIE, SIGNATURE, &hex(PASSWORD), key] {
        if let Some(at) = written.find(secret) {
            let around = &written.as_bytes()[at.saturating_sub(300)..(at + 100).min(written.len())];
            panic!("{secret} is in: {}", String::from_utf8_lossy(around));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_comes_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let authority = Authority::new();
    authority.write(path("ca.pem").as_ref());
    authority.write_identity(path("client.pem").as_ref(), path("key.pem").as_ref());
    let key = std::fs::read_to_string(path("key.pem")).unwrap();
    let key = key.lines().nth(1).unwrap()[..40].to_owned();
    let server = Server::start_tls(authority.server(true), indiscreet).await;
    let url = format!("https://{}", server.authority());
    let login: Vec<String> = [
        ["--username", "ann"].map(str::to_owned),
        ["--ca-file".to_owned(), path("ca.pem")],
        ["--client-cert".to_owned(), path("client.pem")],
        ["--client-key".to_owned(), path("key.pem")],
    ]
    .concat();

    // An interrupted run leaves its journal too; a finished one all seven forms and what it prints.
    let (target, options) = (url.clone(), login.clone());
    let (ran, journal) = tokio::task::spawn_blocking(move || {
        let mut more: Vec<&str> = options.iter().map(String::as_str).collect();
        more.extend(["--password-stdin", "--timeout", "10s", "--jobs", "8"]);
        let run = Run::start(&target, "pull/*,tags/*", &more, Some(PASSWORD));
        let path = run.out().join("journal.ndjson");
        let mut journal = String::new();
        // What stands there for as long as the run lasts.
        for _ in 0..4000 {
            journal = std::fs::read_to_string(&path).unwrap_or(journal);
            if journal.lines().count() > 40 {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        (run.end(), journal)
    })
    .await
    .unwrap();
    ran.ended(FINDINGS, Duration::from_secs(80), "<redacted>");
    let forms = std::fs::read_dir(&ran.out).unwrap().filter(|file| file.is_ok()).count();
    assert!(forms >= 7, "{forms} forms");
    assert!(journal.contains("<redacted>"), "the journal was not seen");
    holds_no_secret(&ran.written, &key);
    holds_no_secret(&journal, &key);

    let out = folder.path().join("found");
    let found = out.clone();
    let fuzzed = tokio::task::spawn_blocking(move || {
        let mut child = Command::new(env!("CARGO_BIN_EXE_referee"))
            .args(["fuzz", &url, "--requests", "300", "--seed", "1", "--password-stdin"])
            .args(login)
            .arg("--out")
            .arg(found)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    })
    .await
    .unwrap();
    let mut written = String::from_utf8_lossy(&fuzzed.stdout).into_owned() + &String::from_utf8_lossy(&fuzzed.stderr);
    for file in std::fs::read_dir(&out).into_iter().flatten().flatten() {
        written += &std::fs::read_to_string(file.path()).unwrap_or_default();
    }
    assert!(fuzzed.status.code().is_some_and(|code| code <= 1), "{written}");
    holds_no_secret(&written, &key);
}
