//! The client against small servers that say exactly what they are told to, on this machine.

mod client {
    pub mod authority;
    mod login;
    pub mod port;
    mod row;
    mod secrets;
    pub mod server;
}

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use client::authority::Authority;
use client::port::Port;
use client::server::{Reply, Server, ok};
use referee::client::exchange::{Phase, Transport};
use referee::client::{
    Answer, Body, Client, Limits, Options, Redirects, RequestSpec, SetupError, Target, TlsError, TransportError, Via,
    normalise_target,
};

fn options(server: &Server) -> Options {
    options_for(&server.url())
}

fn options_for(url: &str) -> Options {
    let mut options = Options::new(normalise_target(url, false).unwrap());
    options.limits = Limits {
        connect: Duration::from_millis(500),
        read: Duration::from_millis(400),
        total: Duration::from_secs(3),
        patience: Duration::from_secs(2),
    };
    options
}

fn client(server: &Server) -> Client {
    Client::new(options(server)).unwrap()
}

fn get(path: &str) -> RequestSpec {
    RequestSpec::path("GET", path)
}

fn raw(path: &str) -> RequestSpec {
    let mut spec = get(path);
    spec.via = Via::Raw;
    spec
}

fn response(answer: &Answer) -> &referee::client::exchange::Response {
    answer
        .exchange
        .response
        .as_ref()
        .unwrap_or_else(|| panic!("{:?}", answer.error()))
}

#[tokio::test]
async fn a_plain_request_is_recorded() {
    let server = Server::start(|_| ok("hello")).await;
    let answer = client(&server).send(get("/v2/?n=1")).await;
    assert_eq!(answer.status(), Some(200));
    assert_eq!(&answer.body.bytes[..], b"hello");
    let exchange = &answer.exchange;
    assert_eq!((exchange.request.transport, exchange.attempts), (Transport::Pooled, 1));
    assert_eq!(exchange.request.url, format!("{}/v2/?n=1", server.url()));
    assert_eq!(response(&answer).version, "HTTP/1.1");
    assert_eq!(response(&answer).reason.as_deref(), Some("OK"));
    assert_eq!(answer.body.sha256, response(&answer).body.sha256);
    assert!(server.requests()[0].starts_with("GET /v2/?n=1 HTTP/1.1\r\n"));
}

#[tokio::test]
async fn an_empty_upload_announces_its_length() {
    let server = Server::start(|_| ok("")).await;
    let client = client(&server);
    for method in ["POST", "PUT", "PATCH"] {
        client.send(RequestSpec::path(method, "/x")).await;
    }
    for request in server.requests() {
        assert!(
            request.to_ascii_lowercase().contains("\r\ncontent-length: 0\r\n"),
            "{request}"
        );
    }
}

#[tokio::test]
async fn odd_targets_reach_the_wire_unchanged() {
    let server = Server::start(|_| ok("")).await;
    let client = client(&server);
    let targets = [
        "/a/../b",
        "/%2e%2e/x",
        "/a\\b",
        "/a b",
        "/ü",
        "/{x}",
        "/x#y",
        "/..%2f//%zz",
        "*",
        "/q?a=\"|^`",
    ];
    for target in targets {
        let answer = client.send(get(target)).await;
        assert_eq!(answer.status(), Some(200), "{target}: {:?}", answer.error());
    }
    for (request, target) in server.requests().iter().zip(targets) {
        assert!(request.starts_with(&format!("GET {target} HTTP/1.1\r\n")), "{request}");
    }
}

#[tokio::test]
async fn odd_headers_reach_the_wire_unchanged() {
    let server = Server::start(|_| ok("")).await;
    let client = client(&server);
    let mut spec = get("/");
    spec.omit = vec!["accept".into(), "user-agent".into(), "connection".into()];
    client.send(spec.header("x odd", "a\x01b")).await;
    let request = server.requests().remove(0);
    assert_eq!(
        request,
        format!(
            "GET / HTTP/1.1\r\nHost: {}\r\nx odd: a\x01b\r\n\r\n",
            server.authority()
        )
    );
    let wrong = RequestSpec::path("PUT", "/").header("Content-Length", "2").body("abcd");
    let answer = client.send(wrong).await;
    assert_eq!(answer.exchange.request.transport, Transport::Raw);
    assert!(server.requests()[1].ends_with("\r\n\r\nab"));
}

#[tokio::test]
async fn bodies_without_length_are_chunked() {
    let server = Server::start(|_| ok("")).await;
    let client = client(&server);
    let mut spec = RequestSpec::path("PATCH", "/");
    spec.body = Body::Chunked(vec![Bytes::from_static(b"ab"), Bytes::from_static(b"cde")]);
    let answer = client.send(spec).await;
    assert_eq!(answer.status(), Some(200));
    assert_eq!(
        (
            answer.exchange.request.body.len,
            answer.exchange.request.body.preview.as_str()
        ),
        (5, "abcde")
    );
    assert!(server.requests()[0].ends_with("\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"));
}

#[tokio::test]
async fn a_body_can_break_off() {
    let server = Server::start(|_| ok("")).await;
    let mut spec = RequestSpec::path("PATCH", "/");
    spec.body = Body::Cut {
        bytes: Bytes::from_static(b"abc"),
        announced: 10,
    };
    let answer = client(&server).send(spec).await;
    assert!(answer.status().is_none() && answer.error().is_none());
    assert_eq!(answer.exchange.request.body.len, 3);
    let length = ("Content-Length".to_string(), "10".to_string());
    assert!(answer.exchange.request.headers.contains(&length));
}

#[tokio::test]
async fn a_generated_body_is_sent_and_hashed() {
    let server = Server::start(|_| ok("")).await;
    let mut spec = RequestSpec::path("PUT", "/");
    let len = 3_000_000;
    spec.body = Body::Generated {
        len,
        fill: Arc::new(|_, piece| piece.fill(b'x')),
        chunked: false,
    };
    let answer = client(&server).send(spec).await;
    assert_eq!(answer.status(), Some(200), "{:?}", answer.error());
    assert_eq!(answer.exchange.request.body.len, len);
    assert!(answer.exchange.request.body.truncated);
    let request = server.requests().remove(0);
    assert!(request.contains("\r\nContent-Length: 3000000\r\n") && request.ends_with("xxx"));
}

#[tokio::test]
async fn a_large_response_is_known_by_its_hashes() {
    let server = Server::start(|_| ok(&"y".repeat(100_000))).await;
    for spec in [get("/"), raw("/")] {
        let mut spec = spec;
        spec.keep = Some(10_000);
        let answer = client(&server).send(spec.clone()).await;
        assert!(!answer.body.whole && answer.body.bytes.len() <= 10_000);
        assert_eq!(answer.body.len, 100_000);
        spec.max_body = Some(50_000);
        let answer = client(&server).send(spec).await;
        assert!(matches!(
            answer.error(),
            Some(TransportError::TooLarge { limit: 50_000, .. })
        ));
    }
}

#[tokio::test]
async fn redirects_are_followed_and_recorded() {
    let far = Server::start(|request| {
        ok(if request.contains("uthorization") {
            "leaked"
        } else {
            "far"
        })
    })
    .await;
    let to = far.url();
    let near = Server::start(move |request| match request.split(' ').nth(1) {
        Some("/local") => Reply::status("307 Temporary Redirect").header("Location", "/there?x=%2F"),
        Some("/there?x=%2F") => ok("near"),
        _ => Reply::status("302 Found").header("Location", &format!("{to}/blob?sig=hush")),
    })
    .await;
    let client = client(&near);
    let answer = client
        .send(get("/local").header("Authorization", "Bearer 12345678"))
        .await;
    assert_eq!(&answer.body.bytes[..], b"near");
    assert!(near.requests()[1].contains("12345678"), "kept on the same origin");

    let answer = client
        .send(get("/other").header("Authorization", "Bearer 12345678"))
        .await;
    assert_eq!(&answer.body.bytes[..], b"far");
    assert_eq!(answer.exchange.hops.len(), 1);
    assert_eq!(answer.exchange.hops[0].response.status, 302);
    let location = answer.exchange.hops[0].response.header("location").unwrap();
    assert!(location.ends_with("/blob?sig=<redacted>"), "{location}");
    assert_eq!(answer.url, format!("{}/blob?sig=hush", far.url()));
    assert!(!serde_json::to_string(&answer.exchange).unwrap().contains("12345678"));

    let mut kept = get("/other");
    kept.redirects = Redirects::Keep;
    assert_eq!(client.send(kept).await.status(), Some(302));
}

#[tokio::test]
async fn methods_change_only_as_redirects_say() {
    let server = Server::start(|request| {
        let mut words = request.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match path.strip_prefix('/').and_then(|p| p.parse::<u16>().ok()) {
            Some(status) => Reply::status(&format!("{status} R")).header("Location", "/end"),
            None => ok(&format!(
                "{method} {}",
                request.split("\r\n\r\n").nth(1).unwrap_or_default()
            )),
        }
    })
    .await;
    let client = client(&server);
    for (method, status, expected) in [
        ("POST", 301, "GET "),
        ("POST", 303, "GET "),
        ("PUT", 303, "GET "),
        ("PUT", 302, "PUT body"),
        ("POST", 307, "POST body"),
        ("PATCH", 308, "PATCH body"),
    ] {
        let answer = client
            .send(RequestSpec::path(method, format!("/{status}")).body("body"))
            .await;
        assert_eq!(&answer.body.bytes[..], expected.as_bytes(), "{method} {status}");
    }
}

#[tokio::test]
async fn bad_redirects_are_not_followed() {
    let server = Server::start(|request| {
        let location = match request.split(' ').nth(1) {
            Some("/file") => "file:///etc/passwd",
            Some("/link") => "http://169.254.169.254/latest/meta-data",
            Some("/bad") => "http://[zz]/",
            _ => "/loop",
        };
        Reply::status("307 R").header("Location", location)
    })
    .await;
    let client = client(&server);
    for path in ["/file", "/link", "/bad"] {
        let answer = client.send(get(path)).await;
        assert!(
            matches!(answer.error(), Some(TransportError::Redirect { .. })),
            "{path}: {:?}",
            answer.error()
        );
        assert_eq!(answer.status(), Some(307));
    }
    let answer = client.send(get("/loop")).await;
    assert_eq!(answer.error(), Some(&TransportError::RedirectLoop { limit: 10 }));
    assert_eq!(answer.exchange.hops.len(), 10);
}

#[tokio::test]
async fn a_client_of_this_machine_goes_nowhere_else() {
    let server = Server::start(|request| match request.split(' ').nth(1) {
        Some("/away") => Reply::status("307 R").header("Location", "http://192.0.2.1/blob"),
        Some("/near") => Reply::status("307 R").header("Location", "/here"),
        _ => ok("here"),
    })
    .await;
    let mut options = options(&server);
    options.only_this_machine = true;
    let client = Client::new(options).unwrap();
    let answer = client.send(get("/away")).await;
    let Some(TransportError::Redirect { reason }) = answer.error() else {
        panic!("{:?}", answer.error());
    };
    assert!(reason.contains("192.0.2.1 is another machine"), "{reason}");
    assert_eq!(client.send(get("/near")).await.status(), Some(200));
    let away = "http://192.0.2.1/upload";
    assert!(client.leads_away(away) && !client.leads_away(&server.url()));
    let answer = client.send(RequestSpec::new("PUT", Target::Url(away.to_owned()))).await;
    assert!(matches!(answer.error(), Some(TransportError::Unsendable { .. })));
    assert!(!self::client(&server).leads_away(away));
}

#[tokio::test]
async fn a_registry_that_asks_to_wait_is_waited_for() {
    let server = Server::start_counting(|n, _| match n {
        0 => Reply::status("429 Too Many Requests").header("Retry-After", "0"),
        1 => Reply::status("503 Busy").header("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT"),
        2 => Reply::status("429 Too Many Requests").header("Retry-After", "99999999999999999999999"),
        3 => Reply::status("429 Too Many Requests"),
        4 => Reply::status("429 Too Many Requests").header("Retry-After", "when it suits"),
        5 => Reply::status("408 Request Timeout"),
        6 => Reply::status("503 Busy").header("Retry-After", "when it suits"),
        _ => Reply::status("408 Request Timeout"),
    })
    .await;
    let client = client(&server);
    let answer = client.send(get("/")).await;
    assert_eq!(
        (answer.status(), answer.exchange.attempts),
        (Some(429), 3),
        "longer than the patience is not waited"
    );
    let answer = client.send(get("/")).await;
    assert_eq!(
        (answer.status(), answer.exchange.attempts),
        (Some(503), 4),
        "too many requests without a time are waited for a little, and a request that did not come is sent again; a failure \
         without a time is none to wait for"
    );
    let answer = client.send(get("/")).await;
    assert_eq!(
        (answer.status(), answer.exchange.attempts),
        (Some(408), 6),
        "not for ever"
    );
}

#[tokio::test]
async fn a_lost_connection_is_tried_again_once_if_that_is_safe() {
    let server = Server::start_counting(|n, _| if n == 0 { Reply::nothing() } else { ok("second") }).await;
    let answer = client(&server).send(get("/")).await;
    assert_eq!((answer.status(), answer.exchange.attempts), (Some(200), 2));
    let dead = Server::start(|_| Reply::nothing()).await;
    let answer = client(&dead).send(get("/")).await;
    assert!(
        matches!(answer.error(), Some(TransportError::Reset { .. })),
        "{:?}",
        answer.error()
    );
    assert_eq!(answer.exchange.attempts, 2);
    let answer = client(&dead).send(RequestSpec::path("PATCH", "/").body("x")).await;
    assert_eq!(answer.exchange.attempts, 1);
}

#[tokio::test]
async fn a_closed_port_is_a_connect_error() {
    let closed = Port::closed();
    let client = Client::new(options_for(&closed.url())).unwrap();
    for spec in [get("/"), raw("/")] {
        let answer = client.send(spec).await;
        assert!(
            matches!(answer.error(), Some(TransportError::Connect { .. })),
            "{:?}",
            answer.error()
        );
    }
}

#[tokio::test]
async fn replies_that_are_not_http_are_shown() {
    for (bytes, part) in [
        (&b"SSH-2.0-OpenSSH\r\n"[..], "SSH-2.0"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            "Content-Length",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "-1"),
        (b"HTTP/1.1 200 OK\r\nBad Header: x\r\n\r\n", "Bad Header"),
        (b"HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n", "a\\x00b"),
        (b"HTTP/1.1 099 Low\r\n\r\n", "099"),
        (b"HTTP/1.1 200 OK\r\nX: unfinis", "unfinis"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "zz"),
        (b"\n\n\n\n\n\n\n\n\n\n", "\n\n"),
    ] {
        let server = Server::start(move |_| Reply::bytes(bytes)).await;
        for spec in [get("/"), raw("/")] {
            let answer = client(&server).send(spec).await;
            match answer.error() {
                Some(TransportError::MalformedResponse { head, .. }) => assert!(head.contains(part), "{part}: {head}"),
                other => panic!("{part}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_body_that_ends_early_is_noticed() {
    let server = Server::start(|_| Reply::bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")).await;
    for spec in [get("/"), raw("/")] {
        let answer = client(&server).send(spec).await;
        assert_eq!(
            answer.error(),
            Some(&TransportError::BodyShort {
                expected: Some(9),
                received: 3
            })
        );
        assert_eq!((answer.status(), &answer.body.bytes[..]), (Some(200), &b"abc"[..]));
    }
}

#[tokio::test]
async fn all_framings_are_read() {
    for bytes in [
        &b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n"[..],
        b"HTTP/1.0 200 OK\r\n\r\nabcde",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nabcde",
    ] {
        let server = Server::start(move |_| Reply::bytes(bytes)).await;
        let answer = client(&server).send(raw("/")).await;
        assert_eq!(&answer.body.bytes[..], b"abcde", "{:?}", answer.error());
        assert_eq!(answer.error(), None);
    }
}

#[tokio::test]
async fn a_body_in_answer_to_head_is_reported() {
    let server = Server::start(|_| ok("hello")).await;
    let mut spec = RequestSpec::path("HEAD", "/");
    spec.via = Via::Raw;
    let answer = client(&server).send(spec).await;
    assert_eq!((response(&answer).trailing, answer.body.len), (5, 0));
    assert_eq!(answer.header("content-length"), Some("5"));
}

#[tokio::test]
async fn a_silent_server_costs_no_more_than_the_limit() {
    let started = Instant::now();
    let silent = Server::start(|_| Reply::hang(b"")).await;
    for spec in [get("/"), raw("/")] {
        let answer = client(&silent).send(spec).await;
        assert_eq!(
            answer.error(),
            Some(&TransportError::Timeout {
                phase: Phase::Read,
                limit_ms: 400
            })
        );
    }
    let halfway = Server::start(|_| Reply::hang(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")).await;
    for spec in [get("/"), raw("/")] {
        let answer = client(&halfway).send(spec).await;
        assert_eq!(
            answer.error(),
            Some(&TransportError::Timeout {
                phase: Phase::Read,
                limit_ms: 400
            })
        );
        assert_eq!(answer.status(), Some(200));
    }
    let mut hurried = get("/");
    hurried.total = Some(Duration::from_millis(100));
    let answer = client(&silent).send(hurried).await;
    assert_eq!(
        answer.error(),
        Some(&TransportError::Timeout {
            phase: Phase::Total,
            limit_ms: 100
        })
    );
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn an_endless_answer_ends_with_the_total_limit() {
    let server = Server::start(|_| Reply::drip(b"HTTP/1.1 200 OK\r\n\r\n")).await;
    for spec in [get("/"), raw("/")] {
        let mut spec = spec;
        spec.total = Some(Duration::from_millis(300));
        let answer = client(&server).send(spec).await;
        assert!(matches!(
            answer.error(),
            Some(TransportError::Timeout {
                phase: Phase::Total,
                ..
            })
        ));
        assert!(answer.body.len > 0);
    }
    let header = Server::start(|_| Reply::drip(b"HTTP/1.1 200 OK\r\nX: ")).await;
    let mut spec = raw("/");
    spec.total = Some(Duration::from_millis(300));
    let answer = client(&header).send(spec).await;
    assert!(answer.error().is_some(), "an endless header ends by time or by size");
}

#[tokio::test]
async fn an_early_refusal_of_a_large_body_is_heard() {
    let server = Server::start_refusing(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno").await;
    for chunked in [false, true] {
        let mut spec = RequestSpec::path("PUT", "/");
        spec.body = Body::Generated {
            len: 64 << 20,
            fill: Arc::new(|_, _| {}),
            chunked,
        };
        let answer = client(&server).send(spec).await;
        assert_eq!(
            (answer.status(), &answer.body.bytes[..]),
            (Some(401), &b"no"[..]),
            "{:?}",
            answer.error()
        );
        assert!(answer.exchange.request.body.len < 64 << 20);
    }
}

#[tokio::test]
async fn a_url_of_another_kind_cannot_be_sent() {
    let server = Server::start(|_| ok("")).await;
    let answer = client(&server)
        .send(RequestSpec::new("GET", Target::Url("ftp://x/".into())))
        .await;
    assert!(matches!(answer.error(), Some(TransportError::Unsendable { .. })));
    let answer = client(&server)
        .send(RequestSpec::new("GET", Target::Url("http://169.254.169.254/".into())))
        .await;
    assert!(matches!(answer.error(), Some(TransportError::Unsendable { .. })));
    let answer = client(&server)
        .send(RequestSpec::new("GET", Target::Url(format!("{}/p", server.url()))))
        .await;
    assert_eq!(answer.status(), Some(200));
}

#[tokio::test]
async fn tls_trusts_whom_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let authority = Authority::new();
    authority.write(&file("ca.pem"));
    authority.write_identity(&file("cert.pem"), &file("key.pem"));
    let server = Server::start_tls(authority.server(false), |_| ok("safe")).await;
    let strict = Server::start_tls(authority.server(true), |_| ok("mutual")).await;
    let client_of = |server: &Server, change: &dyn Fn(&mut Options)| {
        let mut options = options(server);
        options.base = normalise_target(&format!("https://127.0.0.1:{}", server.port()), false).unwrap();
        change(&mut options);
        Client::new(options)
    };
    for spec in [get("/"), raw("/")] {
        let answer = client_of(&server, &|_| {}).unwrap().send(spec.clone()).await;
        assert!(
            matches!(answer.error(), Some(TransportError::Tls { .. })),
            "{:?}",
            answer.error()
        );
        let answer = client_of(&server, &|o| o.tls.insecure = true)
            .unwrap()
            .send(spec.clone())
            .await;
        assert_eq!(answer.status(), Some(200), "{:?}", answer.error());
        let trusting = client_of(&server, &|o| o.tls.ca_file = Some(file("ca.pem"))).unwrap();
        let answer = trusting.send(spec.clone()).await;
        assert_eq!((answer.status(), answer.error()), (Some(200), None));

        let unknown = client_of(&strict, &|o| o.tls.ca_file = Some(file("ca.pem"))).unwrap();
        let answer = unknown.send(spec.clone()).await;
        assert!(
            matches!(answer.error(), Some(TransportError::Tls { .. })),
            "{:?}",
            answer.error()
        );
        let known = client_of(&strict, &|o| {
            o.tls.ca_file = Some(file("ca.pem"));
            o.tls.client_cert = Some(file("cert.pem"));
            o.tls.client_key = Some(file("key.pem"));
        });
        let answer = known.unwrap().send(spec.clone()).await;
        assert_eq!((answer.status(), answer.error()), (Some(200), None));
    }
    let half = client_of(&server, &|o| o.tls.client_cert = Some(file("cert.pem")));
    assert!(matches!(half.err(), Some(SetupError::Tls(TlsError::HalfIdentity))));
    let missing = client_of(&server, &|o| o.tls.ca_file = Some(file("none.pem")))
        .err()
        .unwrap()
        .to_string();
    assert!(missing.contains("none.pem"), "{missing}");
}

#[tokio::test]
async fn https_never_becomes_http() {
    let plain = Server::start(|_| ok("plain")).await;
    let to = plain.url();
    let authority = Authority::new();
    let secure = Server::start_tls(authority.server(false), move |_| {
        Reply::status("302 F").header("Location", &to)
    })
    .await;
    let mut options = options(&secure);
    options.base = normalise_target(&format!("https://127.0.0.1:{}", secure.port()), false).unwrap();
    options.tls.insecure = true;
    let answer = Client::new(options).unwrap().send(get("/")).await;
    assert!(
        matches!(answer.error(), Some(TransportError::Redirect { .. })),
        "{:?}",
        answer.error()
    );
    assert!(plain.requests().is_empty());
}
