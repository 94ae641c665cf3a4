//! Setups: they are made once where cases can share them, and with few requests where the registry allows.

#[path = "own/mod.rs"]
mod own;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use referee::outcome::{Report, Verdict};
use referee::registry::{self, Config, Variant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const READ: &str = r#"
about: Content that is read, and once changed.
cases:
  - case: whole
    says: A manifest is read.
    content: {image: {image: {}}}
    setup: [{push: image}]
    steps:
      - pull: image
        expect: {dist-pull-manifest-digest-200: {status: 200}}
  - case: head
    says: A manifest is asked for.
    content: {image: {image: {}}}
    setup: [{push: image}]
    steps:
      - head: image
        expect: {dist-pull-manifest-digest-200: {status: 200}}
  - case: other
    says: Another manifest is read.
    content: {layer: {blob: {random: 200}}, image: {image: {layers: [layer]}}}
    setup: [{push: image}]
    steps:
      - pull: image
        expect: {dist-pull-manifest-digest-200: {status: 200}}
  - case: gone
    says: A manifest is deleted.
    content: {image: {image: {}}}
    setup: [{push: image}]
    steps:
      - delete: image
      - pull: image
        expect: {dist-pull-manifest-digest-200: {status: 404}}
"#;

fn verdicts(report: &Report) -> Vec<&Verdict> {
    report.cases.iter().map(|case| &case.verdict).collect()
}

/// Who pushed the manifest that a case is about: the URL of the first request of its setup.
fn repository(report: &Report, case: &str) -> String {
    let case = report
        .cases
        .iter()
        .find(|outcome| outcome.id == format!("own/cases/{case}"));
    let url = &case.expect("the case").exchanges[0].request.url;
    url.split("/blobs/").next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cases_that_only_read_the_same_share_it() {
    let running = registry::start(Config::default()).await.expect("a registry");
    let report = own::run(READ, &running.url(), true).await;
    assert_eq!(verdicts(&report), [&Verdict::Pass; 4]);
    assert_eq!(repository(&report, "whole"), repository(&report, "head"));
    let all: BTreeSet<_> = ["whole", "head", "other", "gone"]
        .map(|case| repository(&report, case))
        .into();
    assert_eq!(all.len(), 3, "{all:?}");
    // Two blobs and a manifest each time; the registry takes a blob in one POST.
    assert_eq!(report.run.sent.setup, 9);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_that_takes_no_single_post_gets_sessions() {
    let config = Config {
        variants: [Variant::SinglePostOff].into(),
        ..Config::default()
    };
    let running = registry::start(config).await.expect("a registry");
    let report = own::run(READ, &running.url(), true).await;
    assert_eq!(verdicts(&report), [&Verdict::Pass; 4]);
    assert_eq!(report.run.sent.setup, 15);
}

const LEFT_OPEN: &str = r#"
about: An upload that is not closed.
cases:
  - case: left-open
    says: A chunk is taken.
    content: {layer: {blob: {random: 2chunk}}, first: {slice: {of: layer, to: 1chunk}}}
    setup:
      - send: POST /v2/${repo}/blobs/uploads/
        capture: {session: location}
    steps:
      - send: PATCH ${session}
        headers: {Content-Type: application/octet-stream, Content-Range: "${first.range}"}
        body: first
        expect: {dist-chunk-patch-202: {status: 202}}
"#;

/// The status of the upload that a case left open, after a run.
async fn status_of_what_was_left_open(keep: bool) -> u16 {
    let running = registry::start(Config::default()).await.expect("a registry");
    let report = own::run(LEFT_OPEN, &running.url(), keep).await;
    assert_eq!(verdicts(&report), [&Verdict::Pass]);
    let answer = report.cases[0].exchanges.last().and_then(|last| last.response.as_ref());
    let location = answer.and_then(|answer| answer.header("Location")).expect("a location");
    let url = format!("{}{location}", running.url().trim_end_matches('/'));
    reqwest::get(url).await.expect("an answer").status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_a_case_leaves_open_is_cancelled() {
    assert_eq!(status_of_what_was_left_open(true).await, 204);
    assert_eq!(status_of_what_was_left_open(false).await, 404);
}

/// What stands between the program and a registry: changes what is sent, read by read, and passes on what is answered, or
/// hangs up.
async fn between(url: &str, change: impl Fn(&mut Vec<u8>) -> bool + Clone + Send + 'static) -> String {
    let to = url.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("an address");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let (change, to) = (change.clone(), to.clone());
            tokio::spawn(async move {
                let far = TcpStream::connect(to).await.expect("the registry");
                let (mut from_near, mut to_near) = near.into_split();
                let (mut from_far, mut to_far) = far.into_split();
                let answers = tokio::spawn(async move { tokio::io::copy(&mut from_far, &mut to_near).await });
                let mut buffer = vec![0; 64 << 10];
                while let Ok(length @ 1..) = from_near.read(&mut buffer).await {
                    let mut bytes = buffer[..length].to_vec();
                    if !change(&mut bytes) || to_far.write_all(&bytes).await.is_err() {
                        break;
                    }
                }
                answers.abort();
            });
        }
    });
    url
}

/// Where some bytes are.
fn place(bytes: &[u8], of: &str) -> Option<usize> {
    bytes.windows(of.len()).position(|window| window == of.as_bytes())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_single_post_opens_a_session_after_all_the_bytes_follow() {
    let running = registry::start(Config::default()).await.expect("a registry");
    // The probe's blob is longer than the others, and the registry is not told the digest of these.
    let url = between(&running.url(), |bytes| {
        if let (Some(at), None) = (place(bytes, "?digest="), place(bytes, "Content-Length: 4096"))
            && bytes.starts_with(b"POST")
        {
            bytes[at + 1] = b'x';
        }
        true
    })
    .await;
    let case = &READ[..READ.find("  - case: head").expect("the second case")];
    let report = own::run(case, &url, true).await;
    let seen: Vec<_> = report.cases[0]
        .exchanges
        .iter()
        .map(|exchange| {
            let status = exchange.response.as_ref().map(|response| response.status);
            (exchange.request.method.as_str(), status)
        })
        .collect();
    let blob = [("POST", Some(202)), ("PUT", Some(201))];
    assert_eq!(
        seen,
        [&blob[..], &blob, &[("PUT", Some(201)), ("GET", Some(200))]].concat()
    );
    assert_eq!(verdicts(&report), [&Verdict::Pass]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setup_that_fails_is_tried_again_by_the_next_case() {
    let running = registry::start(Config::default()).await.expect("a registry");
    // The fourth manifest is pushed elsewhere; those before are the probe's.
    let pushed = Arc::new(AtomicUsize::new(0));
    let count = pushed.clone();
    let url = between(&running.url(), move |bytes| {
        if let (true, Some(at)) = (bytes.starts_with(b"PUT"), place(bytes, "/manifests/"))
            && count.fetch_add(1, Ordering::SeqCst) == 3
        {
            bytes[at + 1] = b'x';
        }
        true
    })
    .await;
    let case = &READ[..READ.find("  - case: other").expect("the third case")];
    let report = own::run(case, &url, true).await;
    let mut found: Vec<&str> = verdicts(&report).into_iter().map(Verdict::name).collect();
    found.sort_unstable();
    assert_eq!(found, ["broken", "pass"]);
    // Three of them find out about the registry.
    assert_eq!(pushed.load(Ordering::SeqCst), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_shared_is_removed_after_the_last_reader() {
    let running = registry::start(Config::default()).await.expect("a registry");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = seen.clone();
    let url = between(&running.url(), move |bytes| {
        // Deletions go out in rows, so that one read may hold several requests.
        let text = String::from_utf8_lossy(bytes);
        let lines = text.lines().filter(|line| line.ends_with(" HTTP/1.1"));
        kept.lock().expect("no panic").extend(lines.map(str::to_string));
        true
    })
    .await;
    let case = &READ[..READ.find("  - case: other").expect("the third case")];
    let report = own::run(case, &url, false).await;
    assert_eq!(verdicts(&report), [&Verdict::Pass; 2]);
    let path = repository(&report, "whole");
    let path = &path[path.find("/v2/").expect("a path")..];
    let seen = seen.lock().expect("no panic");
    let of = |methods: [&str; 2]| {
        let is_one = |line: &String| {
            methods
                .iter()
                .any(|method| line.starts_with(&format!("{method} {path}/")))
        };
        let places = seen.iter().enumerate().filter(|(_, line)| is_one(line));
        places.map(|(at, _)| at).collect::<Vec<_>>()
    };
    let (reads, deletions) = (of(["GET", "HEAD"]), of(["DELETE", "DELETE"]));
    assert_eq!((reads.len(), deletions.len()), (2, 3), "{seen:?}");
    assert!(reads.iter().max() < deletions.iter().min(), "{seen:?}");
}

const REFERRERS: &str = r#"
about: Referrers.
cases:
  - case: listed
    says: A registry with the referrers API answers.
    needs: [push, referrers]
    content: {image: {image: {}}}
    setup: [{push: image}]
    steps:
      - discover: image
        expect: {dist-referrers-200: {status: 200}}
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_moment_does_not_make_an_optional_api_one_that_is_owed() {
    let config = Config {
        variants: [Variant::NoReferrers].into(),
        ..Config::default()
    };
    let running = registry::start(config).await.expect("a registry");
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    // The first time it is asked for they are lost, however often the client tries.
    let url = between(&running.url(), move |bytes| {
        place(bytes, "/referrers/").is_none() || count.fetch_add(1, Ordering::SeqCst) >= 4
    })
    .await;
    let report = own::run(REFERRERS, &url, true).await;
    assert!(asked.load(Ordering::SeqCst) > 4, "it was asked once");
    assert!(
        matches!(report.cases[0].verdict, Verdict::Skip { .. }),
        "{:?}",
        report.cases[0].verdict
    );
}
