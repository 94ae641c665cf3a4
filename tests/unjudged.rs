//! Answers of which nothing can be said: more than is read, the word to come back later, a refusal of everything, and lists
//! without an end.

#[path = "own/mod.rs"]
mod own;
#[path = "client/server.rs"]
#[expect(
    dead_code,
    reason = "shared by several test programs, not all of which use all of it"
)]
mod server;

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use referee::outcome::{CaseOutcome, Verdict};
use server::{Reply, Server, ok};

const LIST: &str = r#"
about: A list.
cases:
  - case: all
    says: The tags are listed.
    steps:
      - tags:
        expect:
          dist-tags-complete: {status: 200, json: {/tags: {contains: last}}}
"#;

/// The case on a registry that gives this for a list.
async fn judge(list: impl Fn(&str) -> Reply + Send + Sync + 'static) -> CaseOutcome {
    let is_list = |method: &str, path: &str| method == "GET" && path.contains("/tags/list");
    judge_on(LIST, move |method, path| is_list(method, path).then(|| list(path))).await
}

/// A case on a registry that gives these answers, and where it has none takes everything and holds nothing.
async fn judge_on(case: &str, own: impl Fn(&str, &str) -> Option<Reply> + Send + Sync + 'static) -> CaseOutcome {
    let server = Server::start(move |request| {
        let mut words = request.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        own(method, path).unwrap_or_else(|| match (method, path) {
            (_, "/v2/") => ok("{}"),
            ("POST", _) => Reply::status("202 Accepted").header("Location", "/v2/x/blobs/uploads/1"),
            ("PUT", _) => Reply::status("201 Created").header("Location", "/v2/x/blobs/sha256:0"),
            _ => Reply::status("404 Not Found"),
        })
    })
    .await;
    let report = own::run(case, &server.url(), true).await;
    report.cases.into_iter().next().expect("a case")
}

/// The requirements that are broken.
fn told(outcome: &CaseOutcome) -> Vec<&str> {
    let broken = outcome.expectations.iter().filter(|one| !one.held());
    broken.map(|one| one.requirement.as_str()).collect()
}

fn is_left_unjudged(outcome: &CaseOutcome, why: &str) {
    // Where the probe meets it already, it is the probe that says so.
    let (Verdict::Error { message: said } | Verdict::Broken { seen: said, .. }) = &outcome.verdict else {
        panic!("{:?}", outcome.verdict);
    };
    assert!(said.contains(why), "{said}");
    assert!(
        outcome.expectations.iter().all(|one| one.held()),
        "{:?}",
        outcome.expectations
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_read_is_judged() {
    let good = judge(|_| ok(r#"{"name":"x","tags":["last"]}"#)).await;
    assert_eq!(good.verdict, Verdict::Pass);
    let bad = judge(|_| ok(r#"{"name":"x","tags":["first"]}"#)).await;
    assert_eq!(bad.verdict, Verdict::Fail);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_with_more_values_than_are_read_is_no_fault() {
    let many = r#""a","#.repeat(600_000);
    let outcome = judge(move |_| ok(&format!(r#"{{"name":"x","tags":[{many}"last"]}}"#))).await;
    is_left_unjudged(&outcome, "more than Referee reads as JSON");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_with_more_bytes_than_are_read_is_no_fault() {
    let long = "a".repeat(3 << 20);
    let outcome = judge(move |path| {
        let page: usize = path
            .split("page=")
            .nth(1)
            .and_then(|page| page.parse().ok())
            .unwrap_or_default();
        match page < 9 {
            true => ok(&format!(r#"{{"name":"x","tags":["{page}{long}"]}}"#))
                .header("Link", &format!("</v2/x/tags/list?page={}>; rel=\"next\"", page + 1)),
            false => ok(r#"{"name":"x","tags":["last"]}"#),
        }
    })
    .await;
    is_left_unjudged(&outcome, "the list in all its pages is larger than");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_to_come_back_later_has_not_answered() {
    let outcome = judge(|_| Reply::status("503 Service Unavailable").header("Retry-After", "99999")).await;
    is_left_unjudged(&outcome, "answers 503 again and again");
    // Without that word it is an answer, and a wrong one.
    let outcome = judge(|_| Reply::status("503 Service Unavailable")).await;
    assert_eq!(outcome.verdict, Verdict::Fail);
}

const UPLOAD: &str = r#"
about: An upload.
cases:
  - case: opened
    says: An upload is opened.
    needs: [push]
    steps:
      - send: GET /v2/${repo}/tags/list?from-now-on
      - send: POST /v2/${repo}/blobs/uploads/
        expect:
          dist-upload-post-202: {status: 202}
"#;

/// A registry that takes everything, but for what `otherwise` answers to a method and a path; it is told whether a path with this
/// end was asked for by then.
async fn registry_that_changes(
    end: &'static str,
    otherwise: impl Fn(&str, &str, bool) -> Option<Reply> + Send + Sync + 'static,
) -> Server {
    let is_changed = AtomicBool::new(false);
    Server::start(move |request| {
        let mut words = request.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        is_changed.fetch_or(path.ends_with(end), Ordering::Relaxed);
        if path == "/v2/" {
            return ok("{}");
        }
        let plain = || match method {
            "POST" => Reply::status("202 Accepted").header("Location", &format!("{path}1")),
            "PUT" => Reply::status("201 Created").header("Location", "/v2/x/blobs/sha256:0"),
            _ => Reply::status("404 Not Found"),
        };
        otherwise(method, path, is_changed.load(Ordering::Relaxed)).unwrap_or_else(plain)
    })
    .await
}

/// The case on a registry that, once the list of tags was asked for, refuses some writes with this status.
async fn upload_where_refused(
    status: &'static str,
    is_refused: impl Fn(&str) -> bool + Send + Sync + 'static,
) -> CaseOutcome {
    let server = registry_that_changes("?from-now-on", move |method, path, is_changed| {
        let is_write = matches!(method, "POST" | "PUT");
        (is_write && is_changed && is_refused(path)).then(|| Reply::status(status))
    })
    .await;
    let report = own::run(UPLOAD, &server.url(), true).await;
    report.cases.into_iter().next().expect("a case")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_refuses_every_push_has_not_judged_this_one() {
    // By which status a quota is refused is open.
    for status in ["400 Bad Request", "403 Forbidden"] {
        let outcome = upload_where_refused(status, |_| true).await;
        is_left_unjudged(
            &outcome,
            &format!("it answers {} to a plain push as well", &status[..3]),
        );
        // One that refuses this upload alone has.
        let count = AtomicUsize::new(0);
        let outcome = upload_where_refused(status, move |_| count.fetch_add(1, Ordering::Relaxed) == 0).await;
        assert_eq!(outcome.verdict, Verdict::Fail, "{status}");
    }
}

/// A page of tags with a link to this place.
fn page(link: &str) -> Reply {
    ok(r#"{"name":"x","tags":["first"]}"#).header("Link", &format!("<{link}>; rel=\"next\""))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_pages_that_lead_nowhere_only_that_is_said() {
    let pages = AtomicUsize::new(0);
    let growing = move |_: &str| {
        page(&format!(
            "/v2/x/tags/list?page={}",
            pages.fetch_add(1, Ordering::Relaxed)
        ))
    };
    let to_nothing = judge(|path| match path.ends_with("list") {
        true => page("/v2/x/tags/list?more"),
        false => Reply::status("404 Not Found"),
    });
    for outcome in [judge(page).await, judge(growing).await, to_nothing.await] {
        let broken: Vec<&str> = outcome
            .expectations
            .iter()
            .filter(|one| !one.held())
            .map(|one| one.requirement.as_str())
            .collect();
        assert_eq!(broken, ["dist-tags-link-walk"], "{:?}", outcome.verdict);
    }
}

const LIST_LATER: &str = r#"
about: A list.
cases:
  - case: later
    says: The tags are listed.
    steps:
      - send: GET /v2/${repo}/manifests/from-now-on
      - tags:
        expect:
          dist-tags-complete: {status: 200}
"#;

/// What is broken on a registry whose list of tags is this until a manifest was asked for, and then 204 and nothing.
async fn broken_where_lists_are(at_first: fn() -> Reply) -> Vec<String> {
    let server = registry_that_changes("/from-now-on", move |method, path, is_changed| {
        (method == "GET" && path.contains("/tags/list")).then(|| match is_changed {
            true => Reply::status("204 No Content"),
            false => at_first(),
        })
    })
    .await;
    let report = own::run(LIST_LATER, &server.url(), true).await;
    let broken = report.cases.iter().flat_map(|case| &case.expectations);
    let broken = broken.filter(|one| !one.held()).map(|one| one.requirement.clone());
    broken.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_offered_is_not_judged_beside_something_else() {
    let declined = || Reply::status("405 Method Not Allowed").header("Allow", "PUT");
    assert!(broken_where_lists_are(declined).await.is_empty());
    let offered = || ok(r#"{"name":"x","tags":[]}"#);
    assert!(
        broken_where_lists_are(offered)
            .await
            .contains(&"dist-tags-200".to_string())
    );
}

const PUSHED: &str = r#"
about: A list of what was pushed.
cases:
  - case: pushed
    says: The tags are listed.
    content:
      one: {blob: {text: one}}
      two: {blob: {text: two}}
    setup:
      - upload: one
      - upload: two
    steps:
      - tags:
        expect:
          dist-tags-complete: {status: 200, json: {/tags: {contains: last}}}
"#;

/// The case on a registry that fails so often when the first of the blobs comes.
async fn pushed(failures: usize) -> CaseOutcome {
    const ONE: &str = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
    let left = AtomicUsize::new(failures);
    let fails = move || {
        let fewer = |left: usize| left.checked_sub(1);
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer).is_ok()
    };
    judge_on(PUSHED, move |method, path| match method {
        // A framework's type for a body of nothing does not make a page of it.
        "GET" if path == "/v2/" => Some(Reply::status("200 OK").header("Content-Type", "text/html")),
        "GET" if path.contains("/tags/list") => Some(ok(r#"{"name":"x","tags":["last"]}"#)),
        "PUT" if path.contains(ONE) && fails() => Some(Reply::status("500 Internal Server Error")),
        _ => None,
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setup_over_which_a_registry_stumbled_is_sent_once_more() {
    let once = pushed(1).await;
    assert_eq!(told(&once), ["dist-http-no-5xx"], "{once:?}");
    assert_eq!(once.verdict, Verdict::Warn);
    let always = pushed(usize::MAX).await;
    assert!(matches!(always.verdict, Verdict::Broken { .. }), "{:?}", always.verdict);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_a_gateway_could_not_ask_for_once_is_told_as_that() {
    let asked = Mutex::new(HashSet::new());
    let outcome = judge(move |path| match path.split_once('?') {
        Some(_) if asked.lock().unwrap().insert(path.to_owned()) => Reply::status("502 Bad Gateway"),
        Some(_) => ok(r#"{"name":"x","tags":["last"]}"#),
        None => ok(r#"{"name":"x","tags":["first"]}"#).header("Link", &format!("<{path}?n=1>; rel=\"next\"")),
    })
    .await;
    assert_eq!(told(&outcome), ["dist-http-no-5xx"], "{outcome:?}");
    assert_eq!(outcome.verdict, Verdict::Warn);
}
