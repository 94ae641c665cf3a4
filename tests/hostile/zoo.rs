//! The zoo: a server for every way to mean no good, and what has to become of a run against it.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;

use crate::authority::Authority;
use crate::hostile::beasts::{Beast, beasts};
use crate::hostile::harness::{LIMIT, MEMORY_KIB, NO_REGISTRY, greeting, not_found, referee};
use crate::port::Port;
use crate::server::Server;

/// How many runs there are at once: most of their time they wait.
const AT_ONCE: usize = 12;

/// How long a run may take that is refused at once: a request and a start on a busy machine.
const SOON: Duration = Duration::from_secs(12);
/// How long a run may take whose probes and cases all time out.
const LATER: Duration = Duration::from_secs(25);

#[tokio::test(flavor = "multi_thread")]
async fn every_beast_is_survived() {
    let all_of_them = || beasts().into_iter().flat_map(|(_, beasts)| beasts);
    let all = all_of_them().count();
    assert!(all >= 50, "{all}");
    let visits = all_of_them().enumerate();
    let ended: Vec<(usize, Option<String>)> =
        stream::iter(visits.map(|(at, beast)| async move { (at, visit(beast).await) }))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
    // The time limits are short: on a busy machine one may pass before the beast has done anything. It is visited again,
    // alone.
    let mut wrong = Vec::new();
    for (at, _) in ended.iter().filter(|(_, complaint)| complaint.is_some()) {
        wrong.extend(visit(all_of_them().nth(*at).unwrap()).await);
    }
    assert!(
        wrong.is_empty(),
        "{} of {all} beasts:\n\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}

/// `BLESS=1` writes the page.
#[test]
fn every_beast_is_listed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/hostile-targets.md");
    let page = page();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, page).unwrap();
    } else {
        let kept = std::fs::read_to_string(&path).unwrap();
        assert!(
            kept == page,
            "docs/hostile-targets.md is not current: run this test with BLESS=1"
        );
    }
}

fn page() -> String {
    let (soon, later, memory) = (SOON.as_secs(), LATER.as_secs(), MEMORY_KIB >> 10);
    let mut page = format!(
        "# Hostile targets\n\n\
         What becomes of a run against a server that means no good. `cargo test --test hostile` visits each with a run of some \
         cases, a time limit of {LIMIT} for a request and every form of a report. A run that ends with exit code 3 has {soon} \
         seconds to do so and another {later}, on a busy machine; it stays below {memory} MiB, does not panic, and neither the \
         terminal nor a report shows control characters, markup or workflow commands of the server's. The list is written by \
         that test with `BLESS=1`.\n"
    );
    for (kind, beasts) in beasts() {
        write!(
            page,
            "\n## {kind}\n\n| the server | cases | exit code | it is said, among other things | requests at most |\n"
        )
        .unwrap();
        page += "| --- | --- | --- | --- | --- |\n";
        for Beast {
            name,
            code,
            says,
            filter,
            most_requests,
            ..
        } in beasts
        {
            writeln!(page, "| {name} | `{filter}` | {code} | {says} | {most_requests} |").unwrap();
        }
    }
    page + OTHERS
}

/// What has a test of its own.
const OTHERS: &str = "
## With tests of their own

| what happens | the outcome |
| --- | --- |
| nobody listens, or nobody accepts | 3: `cannot connect`, `no answer in time` |
| a certificate of an unknown authority, for another name, or that is over | 3: `TLS with`, and not one request is sent |
| the connection ends, or is no TLS, during the handshake | 3: `cannot reach` |
| the registry falls silent in the middle | 1: what is left is not waited for |
| SIGINT or SIGTERM | 130 within five seconds, with what was pushed removed and a report of what was finished |
| the same while everything hangs: the clean-up, the probes or `GET /v2/` | 130 within five seconds |
| SIGKILL, in the middle of a line of the journal too | `referee report` reads the journal and `--resume` goes on from it |
| reports that cannot be written: no directory, a full disk | 5, and what could not be written is named |
| passwords, tokens, cookies, signed URLs and client keys that the server repeats | in no output at any log level |
";

/// Runs against a beast; what went wrong.
async fn visit(beast: Beast) -> Option<String> {
    let Beast {
        name,
        handler,
        code,
        says,
        filter,
        most_requests,
    } = beast;
    let server = Server::start_counting(move |number, request| handler(number, request)).await;
    let within = if code == NO_REGISTRY { SOON } else { LATER };
    let ran = referee(server.url(), filter, &["--keep"]).await;
    let mut wrong = ran.complaints(code, within, says);
    let requests = server.requests().len();
    if requests > most_requests {
        wrong.push(format!("{requests} requests"));
    }
    (!wrong.is_empty()).then(|| format!("# {name}\n{}", wrong.join("\n")))
}

#[tokio::test(flavor = "multi_thread")]
async fn doors_that_are_shut() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    // Nobody accepts: the system does, and there is no answer.
    referee(address, "pull/*", &[])
        .await
        .ended(NO_REGISTRY, SOON, "no answer in time");
    referee(Port::closed().url(), "pull/*", &[])
        .await
        .ended(NO_REGISTRY, SOON, "cannot connect");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_are_worth_nothing() {
    let authority = Authority::new();
    let https = |server: &Server| format!("https://{}", server.authority());
    let servers = [
        ("of an unknown authority", authority.server(false)),
        ("for another name", authority.server_for("registry.example", false)),
        ("that is over", authority.server_for("127.0.0.1", true)),
    ];
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    authority.write(&ca);
    for (number, (name, tls)) in servers.into_iter().enumerate() {
        let server = Server::start_tls(tls, |request| greeting(request).unwrap_or_else(not_found)).await;
        let url = https(&server);
        let ca = ca.to_str().unwrap().to_owned();
        let ran = tokio::task::spawn_blocking(move || {
            let trusting = ["--ca-file", ca.as_str()];
            let more: &[&str] = if number == 0 { &[] } else { &trusting };
            crate::hostile::harness::Run::start(&url, "pull/*", more, None).end()
        })
        .await
        .unwrap();
        ran.ended(NO_REGISTRY, SOON, "TLS with");
        assert!(server.requests().is_empty(), "{name}");
    }
    for bytes in [
        &b""[..],
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x16\x03\x03\xff\xff\xff\xff",
        b"\x15\x03\x03\x00\x02\x02\x28",
    ] {
        let server = Server::start_refusing(bytes).await;
        referee(https(&server), "pull/*", &[])
            .await
            .ended(NO_REGISTRY, SOON, "cannot reach");
    }
}
