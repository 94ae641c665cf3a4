//! Runs that only read: nothing that writes leaves the program, and what is read is judged all the same.

use std::collections::BTreeMap;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use referee::client::{self, Client, RequestSpec, TransportError, Via, normalise_target};
use referee::registry::{self, Config, Mutant, Running, Variant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

#[tokio::test]
async fn a_client_that_only_reads_refuses_to_write() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut options = client::Options::new(normalise_target(&url, false).unwrap());
    options.reads_only = true;
    let client = Client::new(options).unwrap();
    for method in ["POST", "PUT", "PATCH", "DELETE", "delete", "get", "TRACE", "MKCOL"] {
        for via in [Via::Auto, Via::Raw] {
            let mut request = RequestSpec::path(method, "/v2/a/blobs/uploads/").body("x");
            request.via = via;
            let answer = client.send(request).await;
            let refused =
                matches!(answer.error(), Some(TransportError::Unsendable { reason }) if reason.contains("only reads"));
            assert!(refused, "{method}: {:?}", answer.error());
        }
    }
    let knock = timeout(Duration::from_millis(100), listener.accept()).await;
    assert!(knock.is_err(), "somebody connected");
}

/// What clients sent, connection by connection.
type Heard = Arc<Mutex<Vec<Vec<u8>>>>;

/// Passes connections on to a registry, and keeps what clients sent.
async fn listen_in(running: &Running) -> (String, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (heard, to) = (Heard::default(), running.address());
    let keeping = heard.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let keeping = keeping.clone();
            let connection = {
                let mut heard = keeping.lock().unwrap();
                heard.push(Vec::new());
                heard.len() - 1
            };
            tokio::spawn(async move {
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_registry, mut to_registry) = TcpStream::connect(to).await.unwrap().into_split();
                tokio::spawn(async move { tokio::io::copy(&mut from_registry, &mut to_client).await });
                let mut buffer = [0; 4096];
                while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
                    keeping.lock().unwrap()[connection].extend_from_slice(&buffer[..read]);
                    if to_registry.write_all(&buffer[..read]).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    (url, heard)
}

async fn referee(out: &tempfile::TempDir, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_referee"));
    command.args(arguments).arg("--out").arg(out.path());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let Output { status, stdout, stderr } = output;
    let text = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    (status.code(), text)
}

async fn seeded(mutant: Option<Mutant>) -> Running {
    let config = Config {
        seeded: true,
        mutant,
        ..Config::default()
    };
    registry::start(config).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_only_reads_judges_and_sends_no_write() {
    let running = seeded(None).await;
    let (url, heard) = listen_in(&running).await;
    let out = tempfile::tempdir().unwrap();
    for profile in ["oci-1.1", "oci-dev", "hardening"] {
        let (code, text) = referee(&out, &["run", &url, "--read-only", "--profile", profile]).await;
        assert_eq!(code, Some(0), "{profile}: {text}");
        assert!(text.contains("cases that take writing"), "{text}");
        if profile != "hardening" {
            assert!(text.contains("Pull        certified"), "{text}");
            assert!(
                text.contains("Push        not judged") && !text.contains("\n  push"),
                "{text}"
            );
        }
    }
    let heard = heard.lock().unwrap().join(&b"\n"[..]);
    let heard = String::from_utf8_lossy(&heard);
    let lines = heard.lines().filter(|line| line.ends_with(" HTTP/1.1"));
    let methods: Vec<&str> = lines.filter_map(|line| line.split(' ').next()).collect();
    assert!(methods.len() > 100, "{}", methods.len());
    let other = methods
        .iter()
        .find(|method| !["GET", "HEAD", "OPTIONS"].contains(method));
    assert_eq!(other, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_registry_declines_is_not_held_against_it() {
    let config = Config {
        seeded: true,
        variants: vec![Variant::NoReferrers, Variant::RangesOff, Variant::CatalogOff],
        ..Config::default()
    };
    let running = registry::start(config).await.unwrap();
    let out = tempfile::tempdir().unwrap();
    for profile in ["oci-1.0", "oci-1.1", "oci-dev"] {
        let content = ["--content", "referee/given", "--profile", profile];
        let url = running.url();
        let arguments = [&["run", &url, "--read-only"][..], &content].concat();
        let (code, text) = referee(&out, &arguments).await;
        assert_eq!(code, Some(0), "{profile}: {text}");
        assert!(!text.contains("FAIL"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_is_judged() {
    let running = seeded(Some(Mutant::BlobGetDigestWrong)).await;
    let out = tempfile::tempdir().unwrap();
    let arguments = [
        "run",
        &running.url(),
        "--read-only",
        "--content",
        "referee/given:latest",
    ];
    let (code, text) = referee(&out, &arguments).await;
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("pull/given/"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_began_without_writing_goes_on_without() {
    let running = seeded(None).await;
    let out = tempfile::tempdir().unwrap();
    let (code, text) = referee(&out, &["run", &running.url(), "--read-only"]).await;
    assert_eq!(code, Some(0), "{text}");
    // A run that ended leaves no journal, so here is the one of a run that was cut off before its first case.
    let mut report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(out.path().join("report.json")).unwrap()).unwrap();
    report["cases"] = serde_json::json!([]);
    let journal = out.path().join("journal.ndjson").display().to_string();
    std::fs::write(&journal, format!("{{\"journal\":1,\"report\":{report}}}\n")).unwrap();
    let again = tempfile::tempdir().unwrap();
    let (code, text) = referee(&again, &["run", &running.url(), "--resume", &journal]).await;
    assert!(
        code == Some(2) && text.contains("--read-only, not leave to write"),
        "{text}"
    );
    let arguments = ["run", &running.url(), "--read-only", "--resume", &journal];
    let (code, text) = referee(&again, &arguments).await;
    assert_eq!(code, Some(0), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_is_not_there_is_told() {
    let running = seeded(None).await;
    let out = tempfile::tempdir().unwrap();
    for (content, told) in [
        ("referee/given:none", "referee/given:none is answered with 404"),
        ("referee/other", "referee/other has no tags"),
        ("localhost:5000/a:b", "without the registry"),
    ] {
        let arguments = ["run", &running.url(), "--read-only", "--content", content];
        let (code, text) = referee(&out, &arguments).await;
        assert!(code == Some(2) && text.contains(told), "{content}: {text}");
    }
    let empty = registry::start(Config::default()).await.unwrap();
    let (code, text) = referee(&out, &["run", &empty.url(), "--read-only"]).await;
    assert!(code == Some(2) && text.contains("--content"), "{text}");
    for wrong in [&["--content", "a"][..], &["--read-only", "--gc-wait", "1s"]] {
        let arguments: Vec<&str> = ["run"].iter().chain(wrong).copied().collect();
        let (code, text) = referee(&out, &arguments).await;
        assert_eq!(code, Some(2), "{text}");
    }
}

/// What becomes of the answers that are cut.
#[derive(Clone, Copy, PartialEq)]
enum Cut {
    /// Each ends with half of what its head announces.
    Always,
    /// Only the first ones for each target do, as on a bad line.
    First(usize),
    /// Each announces its half, and ends with that.
    Announced,
}

/// Passes requests on to a registry, and cuts the answers with content below this part of a path.
async fn cut_off(running: &Running, part: &'static str, cut: Cut) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (to, seen) = (running.address(), Arc::new(Mutex::new(BTreeMap::new())));
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let seen = seen.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await?);
                }
                let head = String::from_utf8(head).expect("a request in ASCII");
                let (line, fields) = head.split_once("\r\n").expect("a line");
                let mut registry = TcpStream::connect(to).await?;
                let request = format!("{line}\r\nConnection: close\r\n{fields}");
                registry.write_all(request.as_bytes()).await?;
                let mut answer = Vec::new();
                registry.read_to_end(&mut answer).await?;
                if line.starts_with("GET ") && line.contains(part) {
                    let before = {
                        let mut seen = seen.lock().unwrap();
                        let count = seen.entry(line.to_owned()).or_insert(0);
                        *count += 1;
                        *count - 1
                    };
                    answer = match cut {
                        Cut::First(count) if before >= count => answer,
                        _ => halved(&answer, cut == Cut::Announced),
                    };
                }
                client.write_all(&answer).await
            });
        }
    });
    url
}

/// An answer with half of its content; one without content as it is.
fn halved(answer: &[u8], announced: bool) -> Vec<u8> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
    let (head, body) = answer.split_at(end);
    let half = &body[..body.len() / 2];
    let mut head = String::from_utf8(head.to_vec()).expect("a head in ASCII");
    if announced {
        let length = |length: usize| format!("content-length: {length}\r\n");
        assert!(head.contains(&length(body.len())), "{head}");
        head = head.replace(&length(body.len()), &length(half.len()));
    }
    [head.as_bytes(), half].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_is_always_cut_short_is_held_against_the_registry() {
    let running = seeded(None).await;
    for (part, cut, broken) in [
        ("/blobs/", Cut::Always, &["dist-http-answers", "dist-pull-blob-200"][..]),
        ("/blobs/", Cut::Announced, &["dist-pull-blob-200"]),
        (
            "/v2/referee/given/manifests/",
            Cut::Always,
            &["dist-http-answers", "dist-pull-manifest-digest-200"],
        ),
    ] {
        let url = cut_off(&running, part, cut).await;
        for content in ["referee/given:latest", "referee/given"] {
            let out = tempfile::tempdir().unwrap();
            let (code, text) = referee(&out, &["run", &url, "--read-only", "--content", content]).await;
            assert_eq!(code, Some(1), "{part} {content}: {text}");
            for broken in broken {
                let is_found = [format!("FAIL {broken} "), format!("WARN {broken} ")]
                    .iter()
                    .any(|finding| text.contains(finding));
                assert!(is_found, "{part} {content}: {broken}: {text}");
            }
            // The digest that the head tells is the right one, whatever became of the body.
            let is_accused = text.contains("-digest-header") && cut == Cut::Always;
            assert!(!is_accused, "{part} {content}: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_was_cut_short_a_few_times_is_not() {
    let running = seeded(None).await;
    // A request is sent four times before it is held against the registry.
    for count in 1..=3 {
        let url = cut_off(&running, "/v2/referee/given/blobs/", Cut::First(count)).await;
        let out = tempfile::tempdir().unwrap();
        let (code, text) = referee(&out, &["run", &url, "--read-only"]).await;
        assert_eq!(code, Some(0), "{count}: {text}");
        assert!(!text.contains("WARN"), "{count}: {text}");
    }
}
