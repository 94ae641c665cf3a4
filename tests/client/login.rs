//! Logins: who is asked for a token, with what, and what never leaves.

use std::time::Duration;

use referee::client::credentials::Login;
use referee::client::exchange::REDACTED;
use referee::client::{Auth, Client, Limits, Options, Purpose, RequestSpec, TransportError, normalise_target};

use super::server::{Reply, Server, ok};

const PASSWORD: &str = "correct horse";
/// ann:correct horse
const PAIR: &str = "YW5uOmNvcnJlY3QgaG9yc2U=";

fn ann() -> Login {
    Login::Basic {
        username: "ann".into(),
        password: PASSWORD.into(),
    }
}

fn client(url: &str, login: Login) -> Client {
    let mut options = Options::new(normalise_target(url, false).unwrap());
    options.login = login;
    options.limits.total = Duration::from_secs(3);
    Client::new(options).unwrap()
}

/// A registry that lets in `Bearer good-<n>` only, and asks for the scope that the path and method need.
async fn registry(realm: String, lets_in: impl Fn(&str) -> bool + Send + Sync + 'static) -> Server {
    Server::start(move |request| {
        let authorization = request.lines().find_map(|l| {
            let (name, value) = l.split_once(": ")?;
            name.eq_ignore_ascii_case("authorization").then_some(value)
        });
        if authorization.is_some_and(&lets_in) {
            return ok("in");
        }
        let action = if request.starts_with("GET") {
            "pull"
        } else {
            "pull,push"
        };
        let name = request.split('/').nth(2).unwrap_or_default();
        let challenge = format!(r#"Bearer realm="{realm}",service="reg",scope="repository:{name}:{action}""#);
        Reply::status("401 Unauthorized").header("WWW-Authenticate", &challenge)
    })
    .await
}

async fn token_service(expires_in: u32) -> Server {
    Server::start_counting(move |n, _| ok(&format!(r#"{{"token":"good-token-{n}","expires_in":{expires_in}}}"#))).await
}

#[tokio::test]
async fn a_token_is_fetched_once_for_each_errand() {
    let service = token_service(300).await;
    let registry = registry(format!("{}/token?x=1", service.url()), |a| {
        a.starts_with("Bearer good-token")
    })
    .await;
    let client = client(&registry.url(), ann());
    for path in ["/v2/a/manifests/1", "/v2/a/manifests/2", "/v2/a/blobs/3"] {
        assert_eq!(client.send(RequestSpec::path("GET", path)).await.status(), Some(200));
    }
    let asked = service.requests();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].starts_with("GET /token?x=1&service=reg&scope=repository%3Aa%3Apull&account=ann HTTP/1.1\r\n"));
    assert!(asked[0].contains(&format!("Basic {PAIR}\r\n")));
    assert_eq!(registry.requests().len(), 4);
    assert!(
        registry.requests().iter().all(|r| !r.contains(PAIR)),
        "the password is for the service alone"
    );

    let mut mount = RequestSpec::path("POST", "/v2/a/blobs/uploads/?mount=x&from=b");
    mount.scopes = vec!["repository:b:pull".into()];
    let answer = client.send(mount).await;
    assert_eq!((answer.status(), answer.exchange.attempts), (Some(200), 2));
    let asked = service.requests().pop().unwrap();
    assert!(
        asked.contains("scope=repository%3Aa%3Apull%2Cpush&scope=repository%3Ab%3Apull&"),
        "{asked}"
    );

    let purposes: Vec<_> = answer.before.iter().map(|e| (e.status(), e.purpose)).collect();
    assert_eq!(purposes, [(Some(401), Purpose::Auth), (Some(200), Purpose::Auth)]);
    let evidence = serde_json::to_string(&(&answer.exchange, &answer.before)).unwrap();
    assert!(
        !evidence.contains("good-token") && !evidence.contains(PAIR) && evidence.contains(REDACTED),
        "{evidence}"
    );
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let service = token_service(300).await;
    let registry = registry(format!("{}/token", service.url()), |a| a == "Bearer good-token-1").await;
    let client = client(&registry.url(), Login::Anonymous);
    let first = client.send(RequestSpec::path("GET", "/v2/a/manifests/1")).await;
    assert_eq!(
        (first.status(), first.exchange.attempts),
        (Some(401), 2),
        "a second refusal is the answer"
    );
    assert_eq!(first.error(), None);
    let second = client.send(RequestSpec::path("GET", "/v2/a/manifests/1")).await;
    assert_eq!((second.status(), second.exchange.attempts), (Some(200), 2));
    assert!(
        service
            .requests()
            .iter()
            .all(|r| !r.to_ascii_lowercase().contains("authorization"))
    );
}

#[tokio::test]
async fn an_identity_token_is_posted() {
    let service = Server::start(|_| ok(r#"{"access_token":"good-token"}"#)).await;
    let registry = registry(format!("{}/token", service.url()), |a| a == "Bearer good-token").await;
    let answer = client(&registry.url(), Login::IdentityToken("refresh-me".into()))
        .send(RequestSpec::path("GET", "/v2/a/tags/list"))
        .await;
    assert_eq!(answer.status(), Some(200), "{:?}", answer.error());
    let asked = service.requests().remove(0);
    assert!(asked.starts_with("POST /token HTTP/1.1\r\n"), "{asked}");
    assert!(
        asked.contains("grant_type=refresh_token&") && asked.ends_with("&refresh_token=refresh-me"),
        "{asked}"
    );
    assert!(!serde_json::to_string(&answer.before).unwrap().contains("refresh-me"));
}

#[tokio::test]
async fn a_password_goes_where_it_is_asked_for() {
    let registry = Server::start(|request| {
        if request.contains(PAIR) {
            return ok("in");
        }
        Reply::status("401 Unauthorized").header("WWW-Authenticate", "Basic realm=odd, Negotiate")
    })
    .await;
    let known = client(&registry.url(), ann());
    assert_eq!(known.send(RequestSpec::path("GET", "/v2/")).await.exchange.attempts, 2);
    let answer = known
        .send(RequestSpec::path("PUT", "/v2/a/manifests/1").body("x"))
        .await;
    assert_eq!(
        (answer.status(), answer.exchange.attempts),
        (Some(200), 1),
        "sent at once from then on"
    );
    assert_eq!(
        answer.exchange.request.header("authorization"),
        Some("Basic <redacted>")
    );
    let mut nobody = RequestSpec::path("GET", "/v2/");
    nobody.auth = Auth::Anonymous;
    let answer = known.send(nobody).await;
    assert_eq!((answer.status(), answer.exchange.attempts), (Some(401), 1));
    let answer = client(&registry.url(), Login::Anonymous)
        .send(RequestSpec::path("GET", "/v2/"))
        .await;
    assert_eq!((answer.status(), answer.exchange.attempts), (Some(401), 1));

    let wrong = Login::Basic {
        username: "ann".into(),
        password: "wrong password".into(),
    };
    let answer = client(&registry.url(), wrong)
        .send(RequestSpec::path("GET", "/v2/"))
        .await;
    assert_eq!((answer.status(), answer.exchange.attempts), (Some(401), 2));
}

#[tokio::test]
async fn a_registry_token_is_sent_as_it_is() {
    let registry = Server::start(|r| {
        if r.contains("Bearer direct-one") {
            ok("")
        } else {
            Reply::status("401 U")
        }
    })
    .await;
    let answer = client(&registry.url(), Login::RegistryToken("direct-one".into()))
        .send(RequestSpec::path("GET", "/v2/"))
        .await;
    assert_eq!((answer.status(), answer.exchange.attempts), (Some(200), 1));
}

#[tokio::test]
async fn realms_that_must_not_be_trusted_get_nothing() {
    for realm in [
        "http://169.254.169.254/latest/token",
        "http://auth.example.invalid/token",
        "file:///etc/passwd",
    ] {
        let registry = registry(realm.to_owned(), |_| false).await;
        let answer = client(&registry.url(), ann())
            .send(RequestSpec::path("GET", "/v2/"))
            .await;
        assert!(
            matches!(answer.error(), Some(TransportError::Login { .. })),
            "{realm}: {:?}",
            answer.error()
        );
        assert_eq!((answer.status(), answer.before.len()), (Some(401), 1));
    }
}

#[tokio::test]
async fn a_token_service_is_not_followed_elsewhere() {
    let thief = token_service(60).await;
    let to = format!("{}/steal", thief.url());
    let service = Server::start(move |_| Reply::status("307 R").header("Location", &to)).await;
    let registry = registry(format!("{}/token", service.url()), |_| false).await;
    let answer = client(&registry.url(), ann())
        .send(RequestSpec::path("GET", "/v2/"))
        .await;
    assert!(
        matches!(answer.error(), Some(TransportError::Login { .. })),
        "{:?}",
        answer.error()
    );
    assert!(thief.requests().is_empty());
    let circle = Server::start(|_| Reply::status("302 R").header("Location", "/token")).await;
    let registry = self::registry(format!("{}/token", circle.url()), |_| false).await;
    let answer = client(&registry.url(), ann())
        .send(RequestSpec::path("GET", "/v2/"))
        .await;
    assert!(answer.error().unwrap().to_string().contains("circles"));
}

#[tokio::test]
async fn a_token_service_may_misbehave() {
    for (body, part) in [
        (ok("<html>"), "not JSON"),
        (ok("{}"), "no token"),
        (ok(&"x".repeat(2 << 20)), "larger than"),
        (Reply::status("403 Forbidden"), "refused the credentials (403)"),
        (Reply::status("404 Not Found"), "/token, where 404 is the answer"),
        (Reply::status("500 Oh"), "/token gave no token, but answered 500"),
        (Reply::nothing(), "closed"),
    ] {
        let body = std::sync::Mutex::new(body);
        let service = Server::start(move |_| body.lock().unwrap().clone()).await;
        let registry = registry(format!("{}/token", service.url()), |_| false).await;
        let answer = client(&registry.url(), ann())
            .send(RequestSpec::path("GET", "/v2/"))
            .await;
        let message = answer.error().map(ToString::to_string).unwrap_or_default();
        assert!(
            message.starts_with("login failed") && message.contains(part),
            "{part}: {message}"
        );
        assert_eq!(answer.status(), Some(401));
    }
}

#[tokio::test]
async fn logging_in_counts_against_the_total_limit() {
    let service = Server::start(|_| Reply::hang(b"")).await;
    let registry = registry(format!("{}/token", service.url()), |_| false).await;
    let mut options = Options::new(normalise_target(&registry.url(), false).unwrap());
    options.limits = Limits {
        total: Duration::from_millis(200),
        ..Limits::default()
    };
    let started = std::time::Instant::now();
    let answer = Client::new(options)
        .unwrap()
        .send(RequestSpec::path("GET", "/v2/"))
        .await;
    assert!(
        matches!(answer.error(), Some(TransportError::Login { .. })),
        "{:?}",
        answer.error()
    );
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_redirect_abroad_and_back_leaves_no_login_behind() {
    let far = Server::start(|request| {
        assert!(!request.to_ascii_lowercase().contains("authorization"), "{request}");
        ok("far")
    })
    .await;
    let to = far.url();
    let registry = Server::start(move |request| {
        if !request.contains(PAIR) {
            return Reply::status("401 U").header("WWW-Authenticate", "Basic realm=\"x\"");
        }
        Reply::status("307 R").header("Location", &format!("{to}/blob"))
    })
    .await;
    let answer = client(&registry.url(), ann())
        .send(RequestSpec::path("GET", "/v2/a/blobs/x"))
        .await;
    assert_eq!(&answer.body.bytes[..], b"far");
    assert_eq!(far.requests().len(), 1);
}
