//! Setups: they are made once where cases can share them, and with few requests where the registry allows.

#[path = "own/mod.rs"]
mod own;
#[path = "client/server.rs"]
#[allow(
    dead_code,
    reason = "shared by several test programs, not all of which use all of it"
)]
mod server;

use std::collections::BTreeSet;

use referee::outcome::{Report, Verdict};
use referee::registry::{self, Config, Variant};
use server::{Reply, Server, ok};

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
    let report = own::run(READ, &running.url()).await;
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
    let report = own::run(READ, &running.url()).await;
    assert_eq!(verdicts(&report), [&Verdict::Pass; 4]);
    assert_eq!(report.run.sent.setup, 15);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_single_post_opens_a_session_after_all_the_bytes_follow() {
    // The probe's blob is of 64 bytes, the others are not.
    let server = Server::start(|request| {
        let is_probe = request.contains("Content-Length: 64\r");
        match request.split(' ').next() {
            Some("GET") if request.starts_with("GET /v2/ ") => ok("{}"),
            Some("POST") if request.contains("?digest=") && is_probe => {
                Reply::status("201 Created").header("Location", "/v2/a/blobs/b")
            }
            Some("POST") => Reply::status("202 Accepted").header("Location", "/v2/a/blobs/uploads/1"),
            Some("PUT") => Reply::status("201 Created").header("Location", "/v2/a/blobs/b"),
            Some("HEAD") => Reply::status("200 OK"),
            _ => Reply::status("404 Not Found"),
        }
    })
    .await;
    let case = &READ[..READ.find("  - case: head").expect("the second case")];
    let report = own::run(case, &server.url()).await;
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
        [&blob[..], &blob, &[("PUT", Some(201)), ("GET", Some(404))]].concat()
    );
}
