//! Keeping secrets out of evidence.
//!
//! Owns which header fields, URL parts and values are secret, and replaces them before anything enters an
//! [`super::exchange::Exchange`]. Knows nothing of where the values come from.

use std::collections::VecDeque;
use std::sync::{LazyLock, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use regex::Regex;

use super::exchange::{REDACTED, escape};

/// Credentials in a query. `\u0026` is how some JSON writers put `&`.
static QUERY: LazyLock<Regex> = LazyLock::new(|| {
    let query = format!(r#"(?i)((?:[?&;]|\\u0026|\bu0026)(?:{PARAMETERS})=)[^&#\s"'<>\\]+"#);
    Regex::new(&query).expect("a constant pattern")
});

/// Credentials before a host.
static USERINFO: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?i)(\bhttps?://)[^/?#@\s"'<>]*@"#).expect("a constant pattern"));

/// Secrets shorter than this are not replaced by value: so short a text occurs everywhere.
const SHORTEST: usize = 3;

/// Secrets shorter than this are replaced only where they stand alone, so that the password `test` leaves `/testing/`
/// readable.
const ALONE: usize = 8;

/// Passing tokens remembered at most: a long run gets one for every repository, and every text is searched for all of
/// them. The oldest is forgotten first.
const MOST: usize = 256;

/// Query parameters whose values give access.
const PARAMETERS: &str = "x-amz-signature|x-amz-credential|x-amz-security-token|x-goog-signature|x-goog-credential|\
    signature|sig|token|access_token|id_token|refresh_token|password|passwd|secret|client_secret|api_key|apikey|\
    key-pair-id|policy|hdnts|se_token|verify";

/// Knows the secrets of a run and replaces them by [`REDACTED`] wherever they occur.
#[derive(Default)]
pub struct Redactor {
    secrets: RwLock<Vec<String>>,
    tokens: RwLock<VecDeque<String>>,
}

impl Redactor {
    /// Remembers a secret value for the whole run. Values of less than three bytes are ignored.
    pub fn learn(&self, secret: &str) {
        if secret.len() < SHORTEST {
            return;
        }
        let json = serde_json::to_string(secret).unwrap_or_default();
        let forms = [
            secret.to_owned(),
            form_encode(secret),
            json.trim_matches('"').to_owned(),
        ];
        let mut secrets = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        for form in forms {
            if !secrets.contains(&form) {
                secrets.push(form);
            }
        }
    }

    /// Remembers a token that a registry gave out, until many newer ones have followed.
    pub fn learn_token(&self, token: &str) {
        if token.len() < SHORTEST {
            return;
        }
        let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        if !tokens.iter().any(|t| t == token) {
            tokens.push_back(token.to_owned());
        }
        if tokens.len() > MOST {
            tokens.pop_front();
        }
    }

    /// Remembers a password, also in the encodings in which it travels beside its user name.
    pub fn learn_login(&self, username: &str, password: &str) {
        let pair = format!("{username}:{password}");
        for form in [
            STANDARD.encode(&pair),
            STANDARD_NO_PAD.encode(&pair),
            URL_SAFE.encode(&pair),
            URL_SAFE_NO_PAD.encode(&pair),
            pair,
            password.to_owned(),
        ] {
            self.learn(&form);
        }
    }

    /// Any text: known secrets, values of access-giving query parameters and userinfo in URLs are replaced.
    pub fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        if text.contains('=') {
            text = QUERY.replace_all(&text, format!("${{1}}{REDACTED}")).into_owned();
        }
        if text.contains('@') {
            text = USERINFO.replace_all(&text, format!("${{1}}{REDACTED}@")).into_owned();
        }
        let secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        secrets
            .iter()
            .chain(tokens.iter())
            .fold(text, |text, secret| replace(text, secret))
    }

    /// One header field: the value as text, unless the field is secret as such. Unprintable bytes are escaped.
    pub fn header(&self, name: &str, value: &[u8]) -> String {
        let (value, _) = escape(value);
        match name.to_ascii_lowercase().as_str() {
            // The scheme tells the reader which login was used.
            "authorization" | "proxy-authorization" => match value.split_once(' ') {
                Some((scheme, _)) if scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                    format!("{} {REDACTED}", self.text(scheme))
                }
                _ => REDACTED.to_owned(),
            },
            "cookie" | "x-registry-auth" | "x-amz-security-token" | "x-api-key" | "private-token" => {
                REDACTED.to_owned()
            }
            "set-cookie" => match value.split_once('=') {
                Some((cookie, _)) => format!("{}={REDACTED}", self.text(cookie)),
                None => REDACTED.to_owned(),
            },
            _ => self.text(&value),
        }
    }
}

fn replace(text: String, secret: &str) -> String {
    if !text.contains(secret) {
        return text;
    }
    if secret.len() >= ALONE {
        return text.replace(secret, REDACTED);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find(secret) {
        let end = at + secret.len();
        let before = rest[..at].chars().next_back().or_else(|| out.chars().next_back());
        let inside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let alone = !inside(before) && !inside(rest[end..].chars().next());
        out.push_str(&rest[..at]);
        out.push_str(if alone { REDACTED } else { secret });
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// The value as it stands in a form or query.
pub(super) fn form_encode(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_vanish_in_all_their_forms() {
        let redactor = Redactor::default();
        redactor.learn_login("ann", "p&zz \"word\"");
        for text in [
            "p&zz \"word\"",
            "ann:p&zz \"word\"",
            "YW5uOnAmenogIndvcmQi",
            "password=p%26zz+%22word%22&x=1",
            r#"{"p":"p&zz \"word\""}"#,
        ] {
            let clean = redactor.text(&format!("<{text}>"));
            assert!(
                clean.contains(REDACTED) && !clean.contains("zz") && !clean.contains("YW5u"),
                "{clean}"
            );
        }
    }

    #[test]
    fn a_short_secret_is_replaced_only_where_it_stands_alone() {
        let redactor = Redactor::default();
        redactor.learn("test");
        redactor.learn("ab");
        assert_eq!(
            redactor.text("/testing/test/latest ab"),
            "/testing/<redacted>/latest ab"
        );
        assert_eq!(redactor.text("testtest"), "testtest");
    }

    #[test]
    fn urls_lose_what_gives_access() {
        let redactor = Redactor::default();
        assert_eq!(
            redactor.text("see https://u:p@h/x?a=1&X-Amz-Signature=ab%2F&_state=q then"),
            "see https://<redacted>@h/x?a=1&X-Amz-Signature=<redacted>&_state=q then"
        );
        assert_eq!(
            redactor.text(r#"{"u":"http://h/?sig=abc\u0026b=1"}"#),
            r#"{"u":"http://h/?sig=<redacted>\u0026b=1"}"#
        );
        assert_eq!(
            redactor.text("/v2/x/blobs/sha256:0?digest=a@b"),
            "/v2/x/blobs/sha256:0?digest=a@b"
        );
    }

    #[test]
    fn secret_fields_keep_only_their_shape() {
        let redactor = Redactor::default();
        assert_eq!(redactor.header("Authorization", b"Basic abc"), "Basic <redacted>");
        assert_eq!(redactor.header("authorization", b"abc"), "<redacted>");
        assert_eq!(redactor.header("Set-Cookie", b"sid=1; Path=/"), "sid=<redacted>");
        assert_eq!(redactor.header("Cookie", b"sid=1"), "<redacted>");
        assert_eq!(redactor.header("X-Other", b"a\xff"), "a\\xFF");
    }
}
