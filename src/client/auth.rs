//! What a challenge asks for, whom a realm may be, and the tokens that were given out.
//!
//! Owns the decisions of a login, without sending anything: that is [`super::login`]'s. Follows
//! [the token specification of the distribution project](https://distribution.github.io/distribution/spec/auth/token/).

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tokio::time::Instant;

use super::credentials::Login;
use super::target::{Origin, Place, Scheme, resolve_location};
use crate::oci::challenge::{Challenges, Scheme as Way};

/// Tokens kept at least, and twice as many at most; older ones are asked for again.
const TOKENS: usize = 4096;

/// Bytes of a token at most; it has to fit into a header field.
const TOKEN: usize = 32 * 1024;

/// How long a token lasts that does not say so, and how long one is believed to last at most.
const LIFETIME: u64 = 60;
const LONGEST: u64 = 24 * 60 * 60;

/// What a token is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Grant {
    pub realm: String,
    pub service: Option<String>,
    /// Each once, those of the challenge first.
    pub scopes: Vec<String>,
}

/// A kind of request that the same token serves: what is done, and to which repository.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Errand {
    action: Action,
    repository: String,
    scopes: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Action {
    Read,
    Write,
    Delete,
}

impl Errand {
    pub fn of(method: &str, target: &str, scopes: &[String]) -> Errand {
        let action = match method {
            "GET" | "HEAD" => Action::Read,
            "DELETE" => Action::Delete,
            _ => Action::Write,
        };
        let path = target.split('?').next().unwrap_or_default();
        let ends = ["/manifests/", "/blobs/", "/tags/", "/referrers/"];
        let end = ends
            .iter()
            .filter_map(|end| path.rfind(end))
            .max()
            .unwrap_or(path.len());
        let mut scopes = scopes.to_vec();
        scopes.sort();
        Errand {
            action,
            repository: path[..end].to_owned(),
            scopes,
        }
    }
}

/// What a 401 asks of us.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Demand {
    /// User name and password, to the registry itself.
    Basic,
    /// A token.
    Token(Grant),
}

impl Demand {
    /// Chooses among the challenges: a token if one is offered, else a password if we have one.
    pub fn of(challenges: &Challenges, login: &Login, extra: &[String]) -> Option<Demand> {
        if let Some(challenge) = challenges.find(&Way::Bearer)
            && let Some(realm) = challenge.realm().filter(|realm| !realm.is_empty())
        {
            // What the registry asks for comes first: some token services heed one scope only.
            let mut scopes: Vec<String> = Vec::new();
            for scope in challenge.scopes().chain(extra.iter().map(String::as_str)) {
                if !scopes.iter().any(|other| other == scope) {
                    scopes.push(scope.to_owned());
                }
            }
            let service = challenge.service().filter(|s| !s.is_empty()).map(str::to_owned);
            return Some(Demand::Token(Grant {
                realm: realm.to_owned(),
                service,
                scopes,
            }));
        }
        let basic = challenges.find(&Way::Basic).is_some() && matches!(login, Login::Basic { .. });
        basic.then_some(Demand::Basic)
    }
}

/// Where a realm is, if it may be asked. Token services are commonly other hosts, so a registry can send a password
/// wherever it likes as long as it travels over TLS; but not in the clear, and not to this machine or this link unless
/// that is where the registry is.
pub(super) fn realm_place(base: &Origin, realm: &str, secret: bool) -> Result<Place, String> {
    let url = resolve_location(&format!("{base}/"), realm, &[]).map_err(|e| format!("the realm {e}"))?;
    let place = Place::parse(&url).map_err(|e| format!("the realm {e}"))?;
    let realm = &place.origin;
    let same_host = realm.host == base.host;
    if let Some(reason) = realm.off_limits(base) {
        return Err(format!("the realm {realm} is not asked: {reason}"));
    }
    let clear = realm.scheme == Scheme::Http && !realm.is_loopback();
    if clear && secret && !(same_host && base.scheme == Scheme::Http) {
        return Err(format!("the realm {realm} would get the credentials without TLS"));
    }
    Ok(place)
}

/// A token from the answer of a token service.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub value: String,
    pub lifetime: Duration,
}

impl Token {
    pub fn read(body: &[u8]) -> Result<Token, &'static str> {
        let json: Value = serde_json::from_slice(body).map_err(|_| "the answer of the token service is not JSON")?;
        let text = |key: &str| json.get(key).and_then(Value::as_str).filter(|t| !t.is_empty());
        let value = text("token")
            .or_else(|| text("access_token"))
            .ok_or("the answer holds no token")?;
        if value.len() > TOKEN || !value.bytes().all(|b| b.is_ascii_graphic()) {
            return Err("the token cannot be sent in a header field");
        }
        let seconds = json
            .get("expires_in")
            .and_then(Value::as_u64)
            .filter(|s| *s > 0)
            .unwrap_or(LIFETIME);
        Ok(Token {
            value: value.to_owned(),
            lifetime: Duration::from_secs(seconds.min(LONGEST)),
        })
    }
}

/// What is known about logging in to one registry.
#[derive(Default)]
pub(super) struct Logins {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    basic: bool,
    tokens: Recent<Grant, (String, Instant)>,
    grants: Recent<Errand, Grant>,
}

/// A bounded map that forgets only what was put in long ago: what one request has just learnt must not be gone before it
/// is sent again, however many others learn at the same time.
struct Recent<K, V> {
    new: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self {
            new: HashMap::new(),
            old: HashMap::new(),
        }
    }
}

impl<K: Eq + Hash, V> Recent<K, V> {
    fn is_empty(&self) -> bool {
        self.new.is_empty() && self.old.is_empty()
    }

    fn get(&self, key: &K) -> Option<&V> {
        self.new.get(key).or_else(|| self.old.get(key))
    }

    fn insert(&mut self, key: K, value: V) {
        if self.new.len() >= TOKENS {
            self.old = std::mem::take(&mut self.new);
        }
        self.new.insert(key, value);
    }

    fn remove(&mut self, key: &K) {
        self.new.remove(key);
        self.old.remove(key);
    }
}

impl Logins {
    /// The value of `Authorization` with which a request is likely to be let in, if one is known.
    pub fn authorization(&self, login: &Login, errand: impl FnOnce() -> Errand) -> Option<String> {
        if let Login::RegistryToken(token) = login {
            return Some(bearer(token));
        }
        let state = self.state();
        if !state.grants.is_empty()
            && let Some(grant) = state.grants.get(&errand())
        {
            return state.valid(grant).map(bearer);
        }
        state.basic.then(|| basic(login)).flatten()
    }

    /// The registry takes the password itself.
    pub fn takes_basic(&self) {
        self.state().basic = true;
    }

    /// A token that is there already, unless it is the one that was just refused. Remembers what the errand needs.
    pub fn reuse(&self, errand: &Errand, grant: &Grant, refused: Option<&[u8]>) -> bool {
        let mut state = self.state();
        state.grants.insert(errand.clone(), grant.clone());
        match state.valid(grant) {
            Some(token) if refused != Some(bearer(token).as_bytes()) => true,
            _ => {
                state.tokens.remove(grant);
                false
            }
        }
    }

    /// Keeps a new token for a little less long than it lasts.
    pub fn keep(&self, grant: Grant, token: Token) {
        let margin = (token.lifetime / 5).min(Duration::from_secs(10));
        let mut state = self.state();
        state
            .tokens
            .insert(grant, (token.value, Instant::now() + token.lifetime - margin));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn valid(&self, grant: &Grant) -> Option<&str> {
        self.tokens
            .get(grant)
            .filter(|(_, until)| Instant::now() < *until)
            .map(|(token, _)| token.as_str())
    }
}

/// `Authorization` for a password, if the login is one.
pub(super) fn basic(login: &Login) -> Option<String> {
    match login {
        Login::Basic { username, password } => {
            Some(format!("Basic {}", STANDARD.encode(format!("{username}:{password}"))))
        }
        _ => None,
    }
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login() -> Login {
        Login::Basic {
            username: "u".into(),
            password: "p".into(),
        }
    }

    #[test]
    fn a_token_is_preferred_to_a_password() {
        let read = |text: &str, login: &Login| Demand::of(&Challenges::parse(text), login, &["x:y:z".into()]);
        let both = r#"Basic realm="r", Bearer realm="https://t/",service="s",scope="repository:b:pull,push a:b:c""#;
        let grant = Grant {
            realm: "https://t/".into(),
            service: Some("s".into()),
            scopes: vec!["repository:b:pull,push".into(), "a:b:c".into(), "x:y:z".into()],
        };
        assert_eq!(read(both, &Login::Anonymous), Some(Demand::Token(grant)));
        assert_eq!(read("Basic realm=r", &login()), Some(Demand::Basic));
        assert_eq!(read("Basic realm=r", &Login::Anonymous), None);
        assert_eq!(read("Bearer service=s, Basic", &login()), Some(Demand::Basic));
        assert_eq!(read("Negotiate abc==", &login()), None);
        match read("bearer realm=https://t/x?y=1,service=s", &login()) {
            Some(Demand::Token(grant)) => assert_eq!(grant.realm, "https://t/x?y=1"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn realms_that_are_no_place_for_credentials_are_refused() {
        let base = |url: &str| Place::parse(url).unwrap().origin;
        let far = base("https://registry.example/");
        let near = base("http://127.0.0.1:5000/");
        let clear = base("http://registry.example/");
        for (base, realm, secret, good) in [
            (&far, "https://auth.example/token", true, true),
            (&far, "/token", true, true),
            (&far, "http://auth.example/token", true, false),
            (&far, "http://registry.example/token", true, false),
            (&far, "http://auth.example/token", false, true),
            (&far, "http://127.0.0.1:1/token", true, false),
            (&far, "https://localhost/token", false, false),
            (&far, "http://169.254.169.254/latest", false, false),
            (&far, "http://2852039166/latest", false, false),
            (&far, "http://0xa9.0xfe.0xa9.0xfe/latest", false, false),
            (&far, "http://169.254.169.254./latest", false, false),
            (&far, "http://[::ffff:169.254.169.254]/latest", false, false),
            (&far, "https://localhost./token", false, false),
            (&far, "https://127.1/token", false, false),
            (&far, "https://registry.example@127.0.0.1/token", true, false),
            (&far, "https://registry.example\\@127.0.0.1/token", true, true),
            (&far, "https://[fe80::1]/", false, false),
            (&far, "file:///etc/passwd", false, false),
            (&far, "", false, false),
            (&near, "http://127.0.0.1:5001/token", true, true),
            (&near, "http://localhost:5001/token", true, true),
            (&near, "http://auth.example/token", true, false),
            (&clear, "http://registry.example:5001/token", true, true),
            (&clear, "http://auth.example/token", true, false),
        ] {
            assert_eq!(realm_place(base, realm, secret).is_ok(), good, "{base} {realm}");
        }
    }

    #[test]
    fn what_was_just_learnt_is_not_forgotten() {
        let mut recent = Recent::default();
        for number in 0..3 * TOKENS {
            recent.insert(number, number);
            assert_eq!(recent.get(&number), Some(&number));
            assert!(recent.get(&number.saturating_sub(TOKENS - 1)).is_some());
        }
        assert_eq!(recent.get(&0), None);
        recent.remove(&(3 * TOKENS - 1));
        assert_eq!(recent.get(&(3 * TOKENS - 1)), None);
    }

    #[test]
    fn tokens_are_read_within_bounds() {
        let seconds = |body: &str| Token::read(body.as_bytes()).map(|t| (t.value, t.lifetime.as_secs()));
        assert_eq!(seconds(r#"{"token":"a"}"#), Ok(("a".into(), 60)));
        assert_eq!(
            seconds(r#"{"token":"","access_token":"b","expires_in":300}"#),
            Ok(("b".into(), 300))
        );
        assert_eq!(
            seconds(r#"{"token":"a","expires_in":18446744073709551615}"#),
            Ok(("a".into(), LONGEST))
        );
        assert_eq!(seconds(r#"{"token":"a","expires_in":-5}"#), Ok(("a".into(), 60)));
        for bad in ["", "[]", "{}", r#"{"token":1}"#, r#"{"token":"a\r\nX: y"}"#, "<html>"] {
            assert!(Token::read(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn errands_tell_repositories_and_actions_apart() {
        let errand = |method, target| Errand::of(method, target, &[]);
        assert_eq!(
            errand("GET", "/v2/a/b/manifests/x"),
            errand("HEAD", "/v2/a/b/blobs/sha256:0?x=/tags/")
        );
        assert_ne!(errand("GET", "/v2/a/manifests/x"), errand("PUT", "/v2/a/manifests/x"));
        assert_ne!(errand("GET", "/v2/a/manifests/x"), errand("GET", "/v2/b/manifests/x"));
        assert_ne!(
            errand("POST", "/v2/a/blobs/uploads/"),
            Errand::of("POST", "/v2/a/blobs/uploads/", &["m".into()])
        );
    }
}
