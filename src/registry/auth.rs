//! Who may do what: Basic credentials, or tokens from an endpoint of this registry.
//!
//! The specification leaves this open. Tokens follow what all clients of registries speak: [the challenge][challenge] of
//! RFC 6750 with Docker's scopes, and [Docker's token endpoint][token].
//!
//! [challenge]: https://distribution.github.io/distribution/spec/auth/token/
//! [token]: https://distribution.github.io/distribution/spec/auth/jwt/

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hyper::header;
use hyper::{Method, StatusCode};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::request::Request;
use super::respond::{Answer, Failure, Reply};
use super::routes::Route;
use super::server::Registry;
use super::{Account, Auth, Mutant, Variant};
use crate::oci::error_body::ErrorCode;
use crate::oci::reference::RepositoryName;

/// What the registry calls itself in challenges.
const SERVICE: &str = "referee-registry";

/// What a client is told that has to give name and password.
const BASIC_CHALLENGE: &str = "Basic realm=\"registry\", charset=\"UTF-8\"";

/// How long a token is good.
const LIFETIME: Duration = Duration::from_secs(300);

/// How many tokens are kept; beyond that those that end first are forgotten.
const MAX_TOKENS: usize = 10_000;

/// Something that can be done to a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Read.
    Pull,
    /// Add.
    Push,
    /// Take away.
    Delete,
}

/// The accounts and the tokens that were issued.
#[derive(Debug)]
pub(super) struct Gate {
    auth: Auth,
    reader: Option<Account>,
    tokens: Mutex<HashMap<String, Token>>,
}

/// Who sent a request, by what that client may do.
#[derive(Debug, Clone)]
pub(super) enum Caller {
    /// May do everything.
    Owner,
    /// May read everything.
    Reader,
    /// May do what a token says.
    Bearer(Vec<Grant>),
}

/// What a token allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    /// `repository` or `registry`.
    kind: String,
    name: String,
    actions: Vec<String>,
}

#[derive(Debug, Clone)]
struct Token {
    grants: Vec<Grant>,
    ends: Instant,
}

/// What a request needs.
struct Needed {
    grant: Option<Grant>,
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Delete => "delete",
        }
    }
}

impl Gate {
    pub(super) fn new(auth: Auth, reader: Option<Account>) -> Self {
        Self {
            auth,
            reader,
            tokens: Mutex::default(),
        }
    }

    /// Who this is, if the password is right.
    fn account(&self, user: &str, password: &str) -> Option<Caller> {
        match &self.auth {
            Auth::None => return Some(Caller::Owner),
            Auth::Basic {
                user: owner,
                password: secret,
            }
            | Auth::Token {
                user: owner,
                password: secret,
            } => {
                if owner == user && secret == password {
                    return Some(Caller::Owner);
                }
            }
        }
        let reader = self
            .reader
            .as_ref()
            .filter(|reader| reader.user == user && reader.password == password);
        reader.map(|_| Caller::Reader)
    }

    fn token(&self, text: &str) -> Option<Token> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.get(text).filter(|token| token.ends > Instant::now()).cloned()
    }

    fn forget(&self, text: &str) {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).remove(text);
    }

    fn keep(&self, text: String, token: Token) {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= MAX_TOKENS {
            let now = Instant::now();
            tokens.retain(|_, token| token.ends > now);
            let first = tokens
                .iter()
                .min_by_key(|(_, token)| token.ends)
                .map(|(text, _)| text.clone());
            first
                .filter(|_| tokens.len() >= MAX_TOKENS)
                .and_then(|text| tokens.remove(&text));
        }
        tokens.insert(text, token);
    }
}

impl Caller {
    /// Whether the client may do this to a repository.
    pub(super) fn may(&self, name: &RepositoryName, action: Action) -> bool {
        self.has(&Grant::on(name, &[action]))
    }

    fn has(&self, needed: &Grant) -> bool {
        match self {
            Self::Owner => true,
            Self::Reader => needed.actions.iter().all(|action| action == Action::Pull.name()),
            Self::Bearer(grants) => needed.actions.iter().all(|action| {
                let covers = |grant: &&Grant| grant.kind == needed.kind && grant.name == needed.name;
                grants.iter().filter(covers).any(|grant| grant.actions.contains(action))
            }),
        }
    }
}

impl Grant {
    fn on(name: &RepositoryName, actions: &[Action]) -> Self {
        let actions = actions.iter().map(|action| action.name().to_owned()).collect();
        Self {
            kind: "repository".into(),
            name: name.to_string(),
            actions,
        }
    }

    /// Reads a scope: kind, name and actions with a colon between each two. The name may have colons of its own.
    fn parse(scope: &str) -> Option<Self> {
        let (kind, rest) = scope.split_once(':')?;
        let (name, actions) = rest.rsplit_once(':')?;
        let actions = actions
            .split(',')
            .filter(|action| !action.is_empty())
            .map(str::to_owned)
            .collect();
        Some(Self {
            kind: kind.to_owned(),
            name: name.to_owned(),
            actions,
        })
    }

    fn scope(&self) -> String {
        format!("{}:{}:{}", self.kind, self.name, self.actions.join(","))
    }
}

impl Registry {
    /// Lets a request in or says what it lacks.
    pub(super) fn admit(&self, route: &Route, request: &Request) -> Result<Caller, Failure> {
        if matches!(route, Route::Token) {
            return Ok(Caller::Owner);
        }
        let needed = Needed::of(route, &request.method);
        match &self.gate.auth {
            Auth::None => Ok(Caller::Owner),
            Auth::Basic { .. } => {
                let caller = basic(request).and_then(|(user, password)| self.gate.account(&user, &password));
                let caller = caller.ok_or_else(|| unauthorized("name and password are needed", BASIC_CHALLENGE))?;
                match &needed.grant {
                    Some(grant) if !caller.has(grant) => Err(Failure::new(
                        StatusCode::FORBIDDEN,
                        ErrorCode::Denied,
                        "this account may only pull",
                    )),
                    _ => Ok(caller),
                }
            }
            Auth::Token { .. } => {
                let challenge = |error: &str| self.bearer_challenge(&needed, error, request);
                let Some(text) = bearer(request) else {
                    if self.is(Mutant::AuthAnyPassword) && basic(request).is_some() {
                        return Ok(Caller::Owner);
                    }
                    return Err(unauthorized("a token is needed", &challenge("")));
                };
                if self.is(Mutant::AuthAnyToken) {
                    return Ok(Caller::Owner);
                }
                let token = self.gate.token(text);
                if self.is(Mutant::AuthTokenOnce) {
                    self.gate.forget(text);
                }
                let Some(token) = token else {
                    return Err(unauthorized(
                        "the token is unknown or over",
                        &challenge("invalid_token"),
                    ));
                };
                let caller = Caller::Bearer(token.grants);
                match &needed.grant {
                    Some(grant) if !self.opens(&caller, grant) => {
                        let mut failure = unauthorized("the token is not for this", &challenge("insufficient_scope"));
                        if self.has(Variant::InsufficientScope403) {
                            failure.status = StatusCode::FORBIDDEN;
                        }
                        Err(Failure {
                            code: ErrorCode::Denied,
                            ..failure
                        })
                    }
                    _ => Ok(caller),
                }
            }
        }
    }

    /// Whether a token is good for what is needed.
    fn opens(&self, caller: &Caller, needed: &Grant) -> bool {
        let Caller::Bearer(grants) = caller else {
            return caller.has(needed);
        };
        let has_all = |grant: &Grant| needed.actions.iter().all(|action| grant.actions.contains(action));
        let pushes = needed.actions.iter().any(|action| action == Action::Push.name());
        match self.mutant() {
            Some(Mutant::AuthActionsUnchecked) => grants.iter().any(|grant| grant.name == needed.name),
            Some(Mutant::AuthRepositoryUnchecked) => grants.iter().any(has_all),
            Some(Mutant::AuthPushTokenRefused) if pushes => false,
            _ => caller.has(needed),
        }
    }

    fn bearer_challenge(&self, needed: &Needed, error: &str, request: &Request) -> String {
        let scope = needed
            .grant
            .as_ref()
            .map(|grant| format!(",scope=\"{}\"", grant.scope()))
            .unwrap_or_default();
        if self.has(Variant::ChallengeOtherForm) {
            let scope = scope.trim_start_matches(',');
            let comma = if scope.is_empty() { "" } else { ", " };
            return format!(
                "bearer {scope}{comma}Service={SERVICE} , REALM=\"http://{}/token\"",
                request.host()
            );
        }
        let error = if error.is_empty() {
            String::new()
        } else {
            format!(",error=\"{error}\"")
        };
        format!(
            "Bearer realm=\"http://{}/token\",service=\"{SERVICE}\"{scope}{error}",
            request.host()
        )
    }

    /// GET of a token. A client that does not say who it is gets one that allows nothing, one that asks for more than it
    /// may gets one for what it may.
    pub(super) fn issue_token(&self, request: &Request) -> Answer {
        let caller = match basic(request) {
            Some((user, password)) => match self.gate.account(&user, &password) {
                None if self.is(Mutant::AuthBadCredentialsToken) => None,
                None => return Err(unauthorized("name or password is wrong", BASIC_CHALLENGE)),
                caller => caller,
            },
            None if request.headers.contains_key(header::AUTHORIZATION) => {
                return Err(unauthorized("only Basic is known here", BASIC_CHALLENGE));
            }
            None => None,
        };
        let most = if self.is(Mutant::AuthOneScope) { 1 } else { usize::MAX };
        let asked = request
            .queries("scope")
            .flat_map(str::split_whitespace)
            .filter_map(Grant::parse)
            .take(most);
        let asked: Vec<Grant> = asked.collect();
        let allowed = asked.iter().map(|grant| allowed(caller.as_ref(), grant.clone()));
        let mut grants: Vec<Grant> = allowed.collect();
        if grants != asked && self.is(Mutant::AuthMoreThanAllowedNothing) {
            grants.clear();
        }
        let text = self.identifiers.next();
        self.gate.keep(
            text.clone(),
            Token {
                grants,
                ends: Instant::now() + LIFETIME,
            },
        );
        let issued_at = OffsetDateTime::now_utc().format(&Rfc3339).ok();
        let body = json!({
            "token": text, "access_token": text, "expires_in": LIFETIME.as_secs(), "issued_at": issued_at,
        });
        Ok(Reply::json(&body).with(header::CACHE_CONTROL, "no-store"))
    }
}

impl Needed {
    fn of(route: &Route, method: &Method) -> Self {
        let actions: &[Action] = match (route, method.as_str()) {
            (Route::Upload(..), "DELETE") => &[Action::Pull, Action::Push],
            (_, "DELETE") => &[Action::Delete],
            (_, "PUT" | "POST" | "PATCH") => &[Action::Pull, Action::Push],
            (Route::Upload(..), _) => &[Action::Pull, Action::Push],
            _ => &[Action::Pull],
        };
        let catalog = || Grant {
            kind: "registry".into(),
            name: "catalog".into(),
            actions: vec!["*".into()],
        };
        let grant = match route {
            Route::Catalog => Some(catalog()),
            route => route.repository().map(|name| Grant::on(name, actions)),
        };
        Self { grant }
    }
}

/// What of a grant a client may have. Actions that do not exist here are left out.
fn allowed(caller: Option<&Caller>, asked: Grant) -> Grant {
    let exists = |action: &String| match asked.kind.as_str() {
        "repository" => ["pull", "push", "delete"].contains(&action.as_str()),
        _ => asked.kind == "registry" && asked.name == "catalog" && action == "*",
    };
    let may = |action: &String| {
        let one = Grant {
            kind: asked.kind.clone(),
            name: asked.name.clone(),
            actions: vec![action.clone()],
        };
        caller.is_some_and(|caller| caller.has(&one))
    };
    let actions = asked
        .actions
        .iter()
        .filter(|action| exists(action) && may(action))
        .cloned()
        .collect();
    Grant { actions, ..asked }
}

fn credentials<'a>(request: &'a Request, scheme: &str) -> Option<&'a str> {
    let (given, rest) = request.header(header::AUTHORIZATION)?.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

fn bearer(request: &Request) -> Option<&str> {
    credentials(request, "Bearer")
}

fn basic(request: &Request) -> Option<(String, String)> {
    let text = String::from_utf8(BASE64.decode(credentials(request, "Basic")?).ok()?).ok()?;
    text.split_once(':')
        .map(|(user, password)| (user.to_owned(), password.to_owned()))
}

fn unauthorized(message: &str, challenge: &str) -> Failure {
    Failure::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthorized, message).with(header::WWW_AUTHENTICATE, challenge)
}
