use std::path::Path;

use super::*;
use crate::client::target::normalise_target;

fn origin(host: &str) -> Origin {
    normalise_target(host, false).unwrap().origin
}

/// Looks with these variables only.
async fn look(host: &str, namespace: Option<&str>, vars: &[(&str, &Path)]) -> Result<Found, CredentialError> {
    let env = |name: &str| {
        vars.iter()
            .find(|(n, _)| *n == name)
            .map(|(_, v)| v.to_string_lossy().into_owned())
    };
    find(
        &origin(host),
        namespace,
        &Given {
            login: None,
            authfile: None,
            env: &env,
        },
    )
    .await
}

fn basic(username: &str, password: &str) -> Login {
    Login::Basic {
        username: username.into(),
        password: password.into(),
    }
}

#[tokio::test]
async fn flags_and_environment_come_first() {
    let given = Given {
        login: Some(("ann".into(), "pw".into())),
        authfile: None,
        env: &|_| Some("x".into()),
    };
    let found = find(&origin("a.example"), None, &given).await.unwrap();
    assert_eq!((found.login, found.source), (basic("ann", "pw"), Source::Flags));
    let vars = [
        ("REFEREE_USERNAME", Path::new("bob")),
        ("REFEREE_PASSWORD", Path::new("pw")),
    ];
    let found = look("a.example", None, &vars).await.unwrap();
    assert_eq!((found.login, found.source), (basic("bob", "pw"), Source::Environment));
    assert!(matches!(
        look("a.example", None, &vars[..1]).await,
        Err(CredentialError::HalfEnvironment)
    ));
    let found = look("a.example", None, &[]).await.unwrap();
    assert_eq!((found.login, found.source), (Login::Anonymous, Source::Nowhere));
}

#[tokio::test]
async fn files_are_asked_in_order_and_by_the_longest_key() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(at("run/containers")).unwrap();
    std::fs::create_dir_all(at("home/.docker")).unwrap();
    // YTpi is a:b, Yzpk is c:d, ZTpm is e:f.
    let run =
        r#"{"auths": {"a.example": {"auth": "YTpi"}, "a.example/team/x": {"auth": "Yzpk"}, "a.example:5000": {}}}"#;
    std::fs::write(at("run/containers/auth.json"), run).unwrap();
    let docker = r#"{"auths": {"https://b.example/v1/": {"auth": "ZTpm"}, "a.example": {"auth": "ZTpm"},
        "https://index.docker.io/v1/": {"identitytoken": "T"}, "bad.example": {"auth": "!"},
        "t.example": {"username": "<token>", "password": "I"}, "r.example": {"registrytoken": "R"}}}"#;
    std::fs::write(at("home/.docker/config.json"), docker).unwrap();
    let (run, home) = (at("run"), at("home"));
    let vars = [("XDG_RUNTIME_DIR", run.as_path()), ("HOME", home.as_path())];
    for (host, namespace, expected) in [
        ("a.example", None, basic("a", "b")),
        ("a.example:443", Some("team"), basic("a", "b")),
        ("a.example", Some("team/x/y"), basic("c", "d")),
        ("a.example", Some("team/xy"), basic("a", "b")),
        ("a.example:5000", None, Login::Anonymous),
        ("b.example", None, basic("e", "f")),
        ("registry-1.docker.io", None, Login::IdentityToken("T".into())),
        ("t.example", None, Login::IdentityToken("I".into())),
        ("r.example", None, Login::RegistryToken("R".into())),
        ("c.example", None, Login::Anonymous),
    ] {
        assert_eq!(
            look(host, namespace, &vars).await.unwrap().login,
            expected,
            "{host} {namespace:?}"
        );
    }
    let message = look("bad.example", None, &vars).await.unwrap_err().to_string();
    assert!(
        message.ends_with("the entry for bad.example is not base64"),
        "{message}"
    );
}

#[tokio::test]
async fn a_named_file_is_the_only_one_and_must_be_usable() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("auth.json");
    let vars = [("REGISTRY_AUTH_FILE", file.as_path())];
    assert!(matches!(
        look("a.example", None, &vars).await,
        Err(CredentialError::File { .. })
    ));
    std::fs::write(&file, "{\"auths\": {\"a.example\": {\"auth\": {\"hush\": 1}}}}").unwrap();
    let message = look("a.example", None, &vars).await.unwrap_err().to_string();
    assert!(message.contains("line 1") && !message.contains("hush"), "{message}");
    std::fs::write(&file, "").unwrap();
    assert_eq!(look("a.example", None, &vars).await.unwrap().login, Login::Anonymous);
}

#[cfg(unix)]
#[tokio::test]
async fn helpers_are_asked_and_may_not_know() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let script = "#!/bin/sh\nread server\ncase $server in\n\
        known.example) echo '{\"ServerURL\":\"x\",\"Username\":\"u\",\"Secret\":\"s\"}';;\n\
        broken.example) echo oops; exit 3;;\n\
        odd.example) echo '[]';;\n\
        *) echo credentials not found in native keychain; exit 1;;\nesac\n";
    std::fs::write(at("docker-credential-test"), script).unwrap();
    std::fs::set_permissions(at("docker-credential-test"), PermissionsExt::from_mode(0o755)).unwrap();
    let vars = [("DOCKER_CONFIG", folder.path()), ("PATH", folder.path())];

    std::fs::write(
        at("config.json"),
        r#"{"auths": {"known.example": {}}, "credsStore": "test"}"#,
    )
    .unwrap();
    let found = look("known.example", None, &vars).await.unwrap();
    assert_eq!(found.login, basic("u", "s"));
    assert_eq!(
        found.source,
        Source::Helper {
            name: "test".into(),
            file: at("config.json")
        }
    );
    assert_eq!(
        look("other.example", None, &vars).await.unwrap().login,
        Login::Anonymous
    );
    let message = look("broken.example", None, &vars).await.unwrap_err().to_string();
    assert!(
        message.contains("docker-credential-test: failed") && message.contains("oops"),
        "{message}"
    );
    assert!(matches!(
        look("odd.example", None, &vars).await,
        Err(CredentialError::Helper { .. })
    ));

    std::fs::write(
        at("config.json"),
        r#"{"credHelpers": {"known.example": "test"}, "credsStore": "gone"}"#,
    )
    .unwrap();
    assert_eq!(look("known.example", None, &vars).await.unwrap().login, basic("u", "s"));
    let found = look("other.example", None, &vars).await.unwrap();
    assert_eq!((found.login, found.notes.len()), (Login::Anonymous, 1));
    std::fs::write(at("config.json"), r#"{"credHelpers": {"known.example": "../x"}}"#).unwrap();
    assert!(look("known.example", None, &vars).await.is_err());
}

#[test]
fn a_login_does_not_show_its_value() {
    assert_eq!(format!("{:?}", basic("u", "hush")), "Basic");
}
