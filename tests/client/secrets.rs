//! Registries that hand a secret back, or try to have it sent elsewhere.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use referee::client::credentials::Login;
use referee::client::exchange::REDACTED;
use referee::client::{Answer, Asking, Client, Options, RequestSpec, Target, TransportError, Via, normalise_target};

use super::server::{Reply, Server, ok};

const PASSWORD: &str = "correct/horse+battery&\"staple\"";

fn client(url: &str, login: Login) -> Client {
    let mut options = Options::new(normalise_target(url, false).unwrap());
    options.login = login;
    options.limits.total = Duration::from_secs(3);
    Client::new(options).unwrap()
}

fn ann() -> Login {
    Login::Basic {
        username: "ann".into(),
        password: PASSWORD.into(),
    }
}

fn evidence(answer: &Answer) -> String {
    serde_json::to_string(&(&answer.exchange, &answer.before)).unwrap()
}

fn authorization(request: &str) -> Option<String> {
    request.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("authorization").then(|| value.to_owned())
    })
}

const CHALLENGE: &str = "Basic realm=\"x\"";

/// A registry that says the password, or what was made of it, in a place of its own.
async fn parrot(says: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |request| match authorization(request) {
        Some(value) => says(&value),
        None => Reply::status("401 U").header("WWW-Authenticate", CHALLENGE),
    })
    .await
}

#[tokio::test]
async fn a_password_that_comes_back_is_not_shown() {
    let json = serde_json::to_string(&PASSWORD.replace('/', "\\/"))
        .unwrap()
        .replace("\\\\", "\\");
    let url: String = url::form_urlencoded::byte_serialize(PASSWORD.as_bytes()).collect();
    let sayings = [
        PASSWORD.to_owned(),
        json,
        url.to_ascii_lowercase(),
        url.replace('+', "%20"),
        STANDARD.encode(PASSWORD),
        STANDARD.encode(format!("x{PASSWORD}")),
        URL_SAFE_NO_PAD.encode(format!("{{\"p\":\"{PASSWORD}\"}}")),
        hex::encode(PASSWORD),
        PASSWORD.replace('&', "&amp;").replace('"', "&quot;"),
    ];
    for saying in sayings {
        for via in [Via::Auto, Via::Raw] {
            let said = saying.clone();
            let registry = parrot(move |_| {
                let body = format!("{{\"errors\":[{{\"code\":\"DENIED\",\"message\":\"{said}\"}}]}}");
                ok(&body)
                    .header("X-Echo", &said)
                    .header("Location", &format!("/v2/{said}"))
            })
            .await;
            let client = client(&registry.url(), ann());
            let mut request = RequestSpec::path("GET", "/v2/");
            request.via = via;
            let answer = client.send(request).await;
            assert_eq!(answer.status(), Some(200), "{:?}", answer.error());
            let evidence = evidence(&answer);
            for part in ["correct", "battery", "staple", saying.get(4..16).unwrap()] {
                assert!(!evidence.contains(part), "{saying} by {part}: {evidence}");
            }
            assert!(evidence.contains(REDACTED));
        }
    }
}

#[tokio::test]
async fn a_secret_in_an_odd_place_is_not_shown() {
    let token = "eyJhbGciOiJSUzI1NiJ9.c2VjcmV0.c2ln";
    let heads: [fn(&str) -> String; 4] = [
        |t| format!("HTTP/1.1 200 {t}\r\nContent-Length: 0\r\n\r\n"),
        |t| format!("HTTP/1.1 200 OK\r\nX-{t}: y\r\nContent-Length: 0\r\n\r\n"),
        |t| format!("HTTP/1.1 200 OK\r\nSet-Cookie: {t}=1\r\nContent-Length: 0\r\n\r\n"),
        |t| format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{t}\r\n"),
    ];
    let redirects: [fn(&str) -> String; 3] = [
        |t| format!("HTTP/1.1 307 R\r\nLocation: http://{t}.invalid/\r\nContent-Length: 0\r\n\r\n"),
        |t| format!("HTTP/1.1 307 R\r\nLocation: {t}://x/\r\nContent-Length: 0\r\n\r\n"),
        |t| format!("HTTP/1.1 307 R\r\nLocation: http://127.0.0.1:1/{t}\r\nContent-Length: 0\r\n\r\n"),
    ];
    for head in heads.into_iter().chain(redirects) {
        for via in [Via::Auto, Via::Raw] {
            let registry = Server::start(move |request| {
                let said = authorization(request).unwrap_or_default();
                Reply::bytes(head(said.trim_start_matches("Bearer ")).as_bytes())
            })
            .await;
            let client = client(&registry.url(), Login::RegistryToken(token.into()));
            let mut request = RequestSpec::path("GET", "/v2/");
            request.via = via;
            let answer = client.send(request).await;
            let evidence = evidence(&answer);
            let shown = evidence.to_ascii_lowercase();
            assert!(!shown.contains(&token[..16].to_ascii_lowercase()), "{evidence}");
        }
    }
}

#[tokio::test]
async fn a_token_longer_than_what_is_shown_of_a_body_is_not_shown() {
    let token = "0123456789abcdef-".repeat(1000);
    for before in [0, 100, 4000, 8100] {
        let token = token.clone();
        let given = token.clone();
        let service = Server::start(move |_| ok(&format!("{{\"token\":\"{given}\"}}"))).await;
        let realm = format!("Bearer realm=\"{}/token\"", service.url());
        let registry = Server::start(move |request| match authorization(request) {
            None => Reply::status("401 U").header("WWW-Authenticate", &realm),
            Some(_) => ok(&format!("{}{token}", "x".repeat(before))),
        })
        .await;
        let answer = client(&registry.url(), Login::Anonymous)
            .send(RequestSpec::path("GET", "/v2/"))
            .await;
        assert_eq!(answer.status(), Some(200), "{:?}", answer.error());
        assert!(
            !evidence(&answer).contains("0123456"),
            "{before}: {}",
            evidence(&answer)
        );
    }
}

#[tokio::test]
async fn an_old_token_is_still_known_when_it_is_used() {
    let service = Server::start_counting(|n, _| ok(&format!("{{\"token\":\"secret-token-number-{n}\"}}"))).await;
    let realm = format!("{}/token", service.url());
    let registry = Server::start(move |request| match authorization(request) {
        None => {
            let name = request.split('/').nth(2).unwrap_or_default();
            let challenge = format!("Bearer realm=\"{realm}\",service=\"s\",scope=\"repository:{name}:pull\"");
            Reply::status("401 U").header("WWW-Authenticate", &challenge)
        }
        Some(value) => ok(&value),
    })
    .await;
    let client = client(&registry.url(), Login::Anonymous);
    for number in (0..300).chain([0]) {
        let path = format!("/v2/r{number}/tags/list");
        let answer = client.send(RequestSpec::path("GET", path)).await;
        assert_eq!(answer.status(), Some(200), "{:?}", answer.error());
        assert!(!evidence(&answer).contains("secret-token"), "{number}");
    }
    assert_eq!(service.requests().len(), 300);
}

#[tokio::test]
async fn what_a_registry_wrote_does_not_end_a_line() {
    let registry = Server::start(|_| ok("in")).await;
    let client = client(&registry.url(), Login::Anonymous);
    for request in [
        RequestSpec::path("GET", "/v2/").header("Authorization", "Bearer x\r\nX-Injected: y"),
        RequestSpec::path("GET", "/v2/").header("X\nInjected", "y"),
        RequestSpec::path("GET", "/v2/ HTTP/1.1\r\nX-Injected: y\r\n\r\n"),
        RequestSpec::path("GET /v2/ HTTP/1.1\r\nX-Injected: y\r\n\r\nGET", "/v2/"),
    ] {
        let answer = client.send(request).await;
        assert!(matches!(answer.error(), Some(TransportError::Unsendable { .. })));
    }
    assert!(registry.requests().is_empty());
}

#[tokio::test]
async fn another_host_does_not_have_the_login_sent_to_a_place_of_its_choice() {
    let registry = Server::start_counting(|number, request| {
        match (number, authorization(request)) {
            // The first host is known to the second by what the client says.
            (_, None) if !request.starts_with("GET /v2/private") => {
                Reply::status("401 U").header("WWW-Authenticate", CHALLENGE)
            }
            (_, None) => ok("nobody"),
            (_, Some(_)) if request.starts_with("GET /v2/private") => ok("ann"),
            (_, Some(_)) => {
                let thief = request
                    .lines()
                    .find_map(|line| line.strip_prefix("x-thief: ").map(str::to_owned));
                Reply::status("307 R").header("Location", &thief.unwrap())
            }
        }
    })
    .await;
    let back = format!("{}/v2/private", registry.url());
    let thief = Server::start(move |request| {
        assert_eq!(authorization(request), None);
        Reply::status("307 R").header("Location", &back)
    })
    .await;
    let answer = client(&registry.url(), ann())
        .send(RequestSpec::path("GET", "/v2/a/blobs/x").header("x-thief", thief.url()))
        .await;
    assert_eq!(&answer.body.bytes[..], b"nobody", "{:?}", answer.error());
}

#[tokio::test]
async fn challenges_without_end_are_answered_once() {
    let service = Server::start_counting(|n, _| ok(&format!("{{\"token\":\"token-{n}\"}}"))).await;
    let realm = format!("{}/token", service.url());
    let registry = Server::start_counting(move |number, _| {
        let challenge = format!("Bearer realm=\"{realm}\",service=\"s\",scope=\"repository:r{number}:pull\"");
        Reply::status("401 U").header("WWW-Authenticate", &challenge)
    })
    .await;
    let client = client(&registry.url(), ann());
    for _ in 0..5 {
        let answer = client.send(RequestSpec::path("GET", "/v2/a/tags/list")).await;
        assert_eq!((answer.status(), answer.error()), (Some(401), None));
    }
    assert!(registry.requests().len() <= 10 && service.requests().len() <= 5);
}

#[tokio::test]
async fn a_token_service_gets_no_more_than_it_may() {
    let service =
        Server::start(|_| ok(r#"{"token":"t","access_token":"some-other-token","refresh_token":"refresh-it"}"#)).await;
    let client = client("http://127.0.0.1:1", ann());
    let challenge = format!("Bearer realm=\"{}/token\",service=\"s\"", service.url());
    let scopes = || vec!["repository:a:pull".to_owned()];
    let answer = client.ask_for_token(&challenge, scopes(), Asking::Nobody).await;
    assert_eq!(answer.status(), Some(200));
    assert!(!evidence(&answer).contains("some-other") && !evidence(&answer).contains("refresh-it"));
    assert_eq!(authorization(&service.requests()[0]), None);
    for realm in [
        "http://auth.example.invalid/",
        "http://169.254.169.254/",
        "http://2852039166/",
        "file:///etc/passwd",
    ] {
        let answer = client
            .ask_for_token(&format!("Bearer realm=\"{realm}\""), scopes(), Asking::Login)
            .await;
        assert!(
            matches!(answer.error(), Some(TransportError::Unsendable { .. })),
            "{realm}"
        );
    }
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test]
async fn a_registry_elsewhere_does_not_lead_to_this_machine() {
    let here = Server::start(|_| ok("")).await;
    // No name leads here, so what is seen is that the request never leaves.
    let client = client("http://registry.invalid", ann());
    let url = format!("{}/v2/a/blobs/uploads/1", here.url());
    let answer = client.send(RequestSpec::new("PUT", Target::Url(url))).await;
    assert!(
        matches!(answer.error(), Some(TransportError::Unsendable { .. })),
        "{:?}",
        answer.error()
    );
    assert!(here.requests().is_empty());
}
