//! Logging in: what is sent between a 401 and the repetition of the request.
//!
//! Owns the request for a token and its trace. Whom to ask and what to make of the answer is decided in [`super::auth`].

use serde_json::Value;

use super::auth::{Demand, Errand, Grant, Token, basic, realm_place};
use super::credentials::Login;
use super::exchange::{Answer, Exchange, Purpose, REDACTED, TransportError};
use super::record::Flight;
use super::redact::form_encode;
use super::request::{Auth, Redirects, RequestSpec, Target};
use super::send::Client;
use super::target::{Place, resolve_location};
use super::wire::{Clock, Reply};
use crate::oci::challenge::Challenges;

/// Bytes of a token service's answer at most.
const ANSWER: u64 = 1024 * 1024;

/// Redirects within a token service.
const REDIRECTS: usize = 3;

/// Who asks for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// The login of the run.
    Login,
    /// Nobody.
    Nobody,
    /// Whoever this value of `Authorization` stands for; it is no secret.
    As(&'static str),
}

impl Client {
    /// Asks the token service that a Bearer challenge names for a token, whatever the request is for. The login goes only
    /// where one may go in answer to a 401. Redirects are not followed, and no token appears in the exchange.
    pub async fn ask_for_token(&self, challenge: &str, scopes: Vec<String>, who: Asking) -> Answer {
        let login = match who {
            Asking::Login => &self.inner.options.login,
            Asking::Nobody | Asking::As(_) => &Login::Anonymous,
        };
        if matches!(login, Login::RegistryToken(_)) {
            return self.unsendable(
                challenge,
                "the login is a token, for which there is no other".to_owned(),
            );
        }
        let grant = match Demand::of(&Challenges::parse(challenge), login, &[]) {
            Some(Demand::Token(grant)) => Grant { scopes, ..grant },
            _ => return self.unsendable(challenge, "the challenge names no token service".to_owned()),
        };
        let secret = !matches!(login, Login::Anonymous);
        let place = match realm_place(&self.base().origin, &grant.realm, secret) {
            Ok(place) => place,
            Err(reason) => return self.unsendable(&grant.realm, reason),
        };
        let mut spec = token_request(&place, &grant, login);
        if let Asking::As(value) = who {
            spec = spec.header("Authorization", value);
        }
        let mut answer = self.send(spec).await;
        if let Ok(body) = serde_json::from_slice::<Value>(&answer.body.bytes) {
            let secrets = ["token", "access_token", "refresh_token"];
            let secrets = secrets.iter().filter_map(|name| body.get(name)?.as_str());
            secrets.for_each(|secret| self.inner.redactor.learn_token(secret));
        }
        answer.exchange = without_tokens(answer.exchange);
        answer
    }

    /// Does what a 401 asks for. True if the request may be repeated; the exchanges with the token service go to `trace`.
    pub(super) async fn log_in(
        &self,
        reply: &Reply,
        errand: &Errand,
        scopes: &[String],
        refused: Option<&[u8]>,
        clock: &Clock,
        trace: &mut Vec<Exchange>,
    ) -> Result<bool, TransportError> {
        let inner = &*self.inner;
        let login = &inner.options.login;
        if matches!(login, Login::RegistryToken(_)) {
            return Ok(false);
        }
        let fields = reply
            .headers
            .iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case("www-authenticate"));
        let texts: Vec<_> = fields.map(|(_, value)| String::from_utf8_lossy(value)).collect();
        match Demand::of(&Challenges::parse(&texts.join(", ")), login, scopes) {
            None => Ok(false),
            Some(Demand::Basic) => {
                inner.logins.takes_basic();
                // The same password a second time would not do better.
                Ok(refused.is_none_or(|value| !value.starts_with(b"Basic ")))
            }
            Some(Demand::Token(grant)) => {
                if !inner.logins.reuse(errand, &grant, refused) {
                    let token = self.fetch(&grant, clock, trace).await?;
                    inner.redactor.learn_token(&token.value);
                    inner.logins.keep(grant, token);
                }
                Ok(true)
            }
        }
    }

    /// Asks the realm for a token.
    async fn fetch(&self, grant: &Grant, clock: &Clock, trace: &mut Vec<Exchange>) -> Result<Token, TransportError> {
        let failed = |reason: String| TransportError::Login { reason, refused: false };
        let login = &self.inner.options.login;
        let secret = !matches!(login, Login::Anonymous);
        let mut place = realm_place(&self.base().origin, &grant.realm, secret).map_err(failed)?;
        let mut spec = token_request(&place, grant, login);
        for _ in 0..=REDIRECTS {
            if let Target::Url(url) = &spec.target {
                place = Place::parse(url).map_err(|e| failed(e.to_string()))?;
            }
            let mut flight = Flight::new(self.inner.started, *clock);
            // Boxed, for to send is to log in is to send.
            let answer = Box::pin(self.follow(&spec, place.clone(), &mut flight)).await;
            let (status, error) = (answer.status(), answer.error().cloned());
            let location = answer.header("Location").map(str::to_owned);
            trace.push(without_tokens(answer.exchange));
            if let Some(error) = error {
                return Err(failed(format!("the token service {}: {error}", place.origin)));
            }
            match (status, location) {
                (Some(200..=299), _) => return Token::read(&answer.body.bytes).map_err(|e| failed(e.to_owned())),
                (Some(301 | 302 | 303 | 307 | 308), Some(location)) => {
                    let next = resolve_location(&place.url(), &location, &[]).map_err(|e| failed(e.to_string()))?;
                    let to = Place::parse(&next).map_err(|e| failed(e.to_string()))?.origin;
                    if to != place.origin || (spec.method != "GET" && !matches!(status, Some(307 | 308))) {
                        return Err(failed(format!(
                            "the token service redirects to {to}, which is not followed"
                        )));
                    }
                    spec.target = Target::Url(next);
                }
                (status, _) => return Err(no_token(status.unwrap_or_default(), &place, secret)),
            }
        }
        Err(failed(format!(
            "the token service {} redirects in circles",
            place.origin
        )))
    }
}

/// What an answer without a token means.
fn no_token(status: u16, place: &Place, secret: bool) -> TransportError {
    let url = place.url();
    let url = url.split('?').next().unwrap_or_default();
    let who = if secret { "the credentials" } else { "anonymous access" };
    // OAuth 2 refuses with 400 too.
    let refused = matches!(status, 400 | 401 | 403);
    let reason = match status {
        _ if refused => format!("the token service {} refused {who} ({status})", place.origin),
        404 | 405 | 410 => format!("there is no token service at {url}, where {status} is the answer"),
        _ => format!("the token service at {url} gave no token, but answered {status}"),
    };
    TransportError::Login { reason, refused }
}

/// GET with the password or nobody's name, or POST with an identity token
/// ([OAuth 2](https://distribution.github.io/distribution/spec/auth/oauth/)).
fn token_request(place: &Place, grant: &Grant, login: &Login) -> RequestSpec {
    let mut form: Vec<(&str, String)> = Vec::new();
    form.extend(grant.service.iter().map(|service| ("service", service.clone())));
    let mut spec = if let Login::IdentityToken(token) = login {
        form.push(("grant_type", "refresh_token".to_owned()));
        form.push(("client_id", "referee".to_owned()));
        if !grant.scopes.is_empty() {
            form.push(("scope", grant.scopes.join(" ")));
        }
        form.push(("refresh_token", token.clone()));
        RequestSpec::new("POST", Target::Url(place.url()))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(encoded(&form))
    } else {
        form.extend(grant.scopes.iter().map(|scope| ("scope", scope.clone())));
        if let Login::Basic { username, .. } = login {
            form.push(("account", username.clone()));
        }
        let query = encoded(&form);
        let mark = match (query.is_empty(), place.target.contains('?')) {
            (true, _) => "",
            (_, true) => "&",
            (_, false) => "?",
        };
        let spec = RequestSpec::new("GET", Target::Url(format!("{}{mark}{query}", place.url())));
        match basic(login) {
            Some(value) => spec.header("Authorization", value),
            None => spec,
        }
    };
    spec.auth = Auth::Anonymous;
    spec.redirects = Redirects::Keep;
    spec.purpose = Purpose::Auth;
    spec.max_body = Some(ANSWER);
    spec
}

fn encoded(form: &[(&str, String)]) -> String {
    form.iter()
        .map(|(key, value)| format!("{key}={}", form_encode(value)))
        .collect::<Vec<_>>()
        .join("&")
}

/// The trace of a token request: what was granted stays out of it, and so does what it was granted for.
fn without_tokens(mut exchange: Exchange) -> Exchange {
    if exchange.request.body.len > 0 {
        exchange.request.body.preview = REDACTED.to_owned();
    }
    if let Some(response) = &mut exchange.response
        && (200..300).contains(&response.status)
    {
        response.body.preview = REDACTED.to_owned();
    }
    exchange
}
