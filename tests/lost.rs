//! Connections that are lost: when that is the registry's doing, it is judged; when it may be the network's, it is not.

#[path = "own/mod.rs"]
mod own;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use referee::outcome::{CaseOutcome, Verdict};
use referee::registry::{self, Config, Mutant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const CASE: &str = r#"
about: A list with a limit.
cases:
  - case: limit
    says: A negative limit is answered.
    steps:
      - send: GET /v2/${repo}/tags/list?n=-1
        expect:
          dist-http-rfc9110: {status: [200, 4xx]}
"#;

const REFERRERS: &str = r#"
about: A list of referrers.
cases:
  - case: half
    says: A list of referrers is there.
    steps:
      - send: GET /v2/${repo}/referrers/sha256:0000000000000000000000000000000000000000000000000000000000000000?n=-1
        expect:
          dist-http-rfc9110: {status: [200, 4xx]}
"#;

const PUSHED: &str = r#"
about: A manifest of Docker's first schema.
cases:
  - case: signature
    says: A negative length in a signature is answered.
    content:
      hostile: {text: {type: application/vnd.docker.distribution.manifest.v1+prettyjws, text: '{"schemaVersion":1,"signatures":[{"protected":"eyJmb3JtYXRMZW5ndGgiOi0xfQ"}]}'}}
    steps:
      - send: PUT /v2/${repo}/manifests/one?n=-1
        headers: {Content-Type: application/vnd.docker.distribution.manifest.v1+prettyjws}
        body: hostile
        expect:
          dist-http-rfc9110: {status: [200, 4xx]}
"#;

/// The one case on what answers at an address.
async fn judge(case: &str, url: &str) -> CaseOutcome {
    let report = own::run(case, url, true).await;
    report.cases.into_iter().next().expect("a case")
}

/// What a line to the registry does.
#[derive(Clone, Copy)]
enum Line {
    /// The limit is lost so many times, and everything else passes.
    Flaky(usize),
    /// From the first limit on everything is lost.
    Dead,
    /// The limit is never read to its end, and the connection closed.
    Unread,
    /// The answer to the limit has a zero byte in its header.
    Garbled,
    /// A gateway has no registry to ask for the limit, so many times.
    Alone(usize),
    /// A registry has no time for the limit, so many times, and does not say for how long.
    Busy(usize),
    /// The limit is always one request too many.
    Limited,
    /// The answer to the limit is an index with a digest, of which half comes.
    Half,
}

/// A line that loses requests, to a plain registry behind it.
async fn through(case: &str, line: Line) -> CaseOutcome {
    let running = registry::start(Config::default()).await.expect("a registry");
    let behind = running.address();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("an address");
    let address = listener.local_addr().expect("an address");
    let lost = Arc::new(AtomicUsize::new(0));
    let serving = tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            tokio::spawn(pass(near, behind, line, lost.clone()));
        }
    });
    let outcome = judge(case, &format!("http://{address}")).await;
    serving.abort();
    outcome
}

/// One connection, request by request; nothing here is longer than one read.
async fn pass(mut near: TcpStream, behind: std::net::SocketAddr, line: Line, lost: Arc<AtomicUsize>) {
    let Ok(mut far) = TcpStream::connect(behind).await else {
        return;
    };
    let mut buffer = vec![0; 64 << 10];
    let is_limit = |request: &[u8]| request.windows(4).any(|part| part == b"n=-1");
    loop {
        let seen = near.peek(&mut buffer).await.unwrap_or_default();
        if matches!(line, Line::Unread) && is_limit(&buffer[..seen]) {
            return;
        }
        let Ok(length @ 1..) = near.read(&mut buffer).await else {
            return;
        };
        let request = &buffer[..length];
        let is_limit = is_limit(request);
        let before = match is_limit {
            true => lost.fetch_add(1, Ordering::SeqCst),
            false => lost.load(Ordering::SeqCst),
        };
        let is_lost = match line {
            Line::Flaky(times) => is_limit && before < times,
            Line::Dead => is_limit || before > 0,
            Line::Unread | Line::Garbled | Line::Alone(_) | Line::Busy(_) | Line::Limited | Line::Half => false,
        };
        if is_lost || far.write_all(request).await.is_err() {
            return;
        }
        if is_limit && matches!(line, Line::Alone(times) if before < times) {
            let answer = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";
            let _ = near.write_all(answer).await;
            continue;
        }
        if is_limit && matches!(line, Line::Busy(times) if before < times) {
            let answer = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
            let _ = near.write_all(answer).await;
            continue;
        }
        if is_limit && matches!(line, Line::Limited) {
            let answer = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n";
            let _ = near.write_all(answer).await;
            continue;
        }
        if is_limit && matches!(line, Line::Half) {
            let digest = format!("sha256:{}", "0".repeat(64));
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.oci.image.index.v1+json\r\nDocker-Content-Digest: {digest}\r\n\
                 Content-Length: 200\r\n\r\n{{\"schemaVersion\": 2"
            );
            let _ = near.write_all(answer.as_bytes()).await;
            return;
        }
        if is_limit && matches!(line, Line::Garbled) {
            let _ = near
                .write_all(b"HTTP/1.1 201 Created\r\nX-A: \0\r\nContent-Length: 0\r\n\r\n")
                .await;
            return;
        }
        let Ok(length @ 1..) = far.read(&mut buffer).await else {
            return;
        };
        if near.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

fn broken(outcome: &CaseOutcome) -> Vec<&str> {
    let failed = outcome.expectations.iter().filter(|expectation| !expectation.held());
    failed.map(|expectation| expectation.requirement.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_half_an_answer_only_that_is_told() {
    for case in [CASE, REFERRERS] {
        let outcome = through(case, Line::Half).await;
        let told: Vec<_> = broken(&outcome)
            .into_iter()
            .filter(|id| !id.starts_with("dist-http-"))
            .collect();
        assert!(told.is_empty(), "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_that_never_answers_one_request_is_told_so() {
    // Without a body, and with a small one that was read.
    for (case, mutant) in [(CASE, Mutant::NegativeLimitLost), (PUSHED, Mutant::SignatureLengthLost)] {
        let config = Config {
            mutant: Some(mutant),
            ..Config::default()
        };
        let running = registry::start(config).await.expect("a registry");
        let outcome = judge(case, &running.url()).await;
        assert_eq!(broken(&outcome), ["dist-http-answers", "dist-http-rfc9110"]);
        assert!(matches!(outcome.verdict, Verdict::Warn), "{:?}", outcome.verdict);
        let seen: Vec<bool> = outcome.exchanges.iter().map(|e| e.response.is_some()).collect();
        assert_eq!(seen, [false, true, false, true], "the request, the base, both again");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_no_http_is_judged_where_the_request_can_be_sent_again() {
    let once = through(PUSHED, Line::Garbled).await;
    assert_eq!(broken(&once), ["dist-http-answers", "dist-http-rfc9110"]);
    // The second deletion has another answer than the first.
    let deletion = PUSHED
        .replace("send: PUT", "send: DELETE")
        .replace("        body: hostile\n", "");
    let content = deletion.find("    content:").unwrap()..deletion.find("    steps:").unwrap();
    let deletion = [&deletion[..content.start], &deletion[content.end..]].concat();
    let outcome = through(&deletion, Line::Garbled).await;
    assert!(
        matches!(outcome.verdict, Verdict::Error { .. }),
        "{:?}",
        outcome.verdict
    );
    assert_eq!(outcome.exchanges.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_nobody_read_may_have_been_refused() {
    let outcome = through(PUSHED, Line::Unread).await;
    assert!(
        matches!(outcome.verdict, Verdict::Error { .. }),
        "{:?}",
        outcome.verdict
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_loses_a_request_now_and_then_is_no_finding() {
    for times in [1, 2, 3] {
        let outcome = through(CASE, Line::Flaky(times)).await;
        assert!(
            matches!(outcome.verdict, Verdict::Pass),
            "{times}: {:?}",
            outcome.verdict
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_that_answers_nothing_any_more_is_not_judged() {
    let outcome = through(CASE, Line::Dead).await;
    assert!(
        matches!(outcome.verdict, Verdict::Error { .. }),
        "{:?}",
        outcome.verdict
    );
    assert!(broken(&outcome).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_of_requests_is_held_against_nobody() {
    let outcome = through(CASE, Line::Limited).await;
    assert!(
        matches!(&outcome.verdict, Verdict::Error { message } if message.contains("429")),
        "{:?}",
        outcome.verdict
    );
    assert!(!broken(&outcome).contains(&"dist-http-rfc9110"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_without_a_registry_is_held_against_nothing_else() {
    for line in [Line::Alone(1), Line::Alone(2), Line::Busy(4)] {
        let outcome = through(CASE, line).await;
        let told = broken(&outcome);
        let is_that = |id: &&str| *id == "dist-http-no-5xx";
        assert!(!told.is_empty() && told.iter().all(is_that), "{told:?}");
    }
    // What never comes is missing.
    for line in [Line::Alone(9), Line::Busy(9)] {
        let outcome = through(CASE, line).await;
        assert!(broken(&outcome).contains(&"dist-http-rfc9110"));
    }
    // A deletion cannot be sent again.
    let deletion = CASE.replace("send: GET", "send: DELETE");
    let outcome = through(&deletion, Line::Alone(1)).await;
    assert!(
        matches!(outcome.verdict, Verdict::Error { .. }),
        "{:?}",
        outcome.verdict
    );
    assert_eq!(broken(&outcome), ["dist-http-no-5xx"]);
}

const LIST: &str = r#"
about: A list in pages.
cases:
  - case: pages
    says: All tags are listed.
    content:
      image: {image: {}}
    setup:
      - {push: image, tag: a}
      - {push: image, tag: b}
      - {push: image, tag: c}
    steps:
      - tags:
          n: 1
        expect:
          dist-tags-complete: {json: {/tags: [a, b, c]}}
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_page_that_is_no_list_is_shown_where_it_is_blamed() {
    let config = Config {
        mutant: Some(Mutant::TagsSecondPageNoList),
        ..Config::default()
    };
    let running = registry::start(config).await.expect("a registry");
    let outcome = judge(LIST, &running.url()).await;
    let failed: Vec<_> = outcome.expectations.iter().filter(|one| !one.held()).collect();
    assert_eq!(broken(&outcome), ["dist-tags-link-walk"], "{:?}", outcome.verdict);
    let url = &outcome.exchanges[failed[0].exchange].request.url;
    assert!(url.contains("last=a"), "the first page: {url}");
}
