//! Keeping secrets out of evidence.
//!
//! Owns which header fields, URL parts and values are secret, and replaces them before anything enters an
//! [`super::exchange::Exchange`]. Knows nothing of where the values come from.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, LazyLock, PoisonError, RwLock, RwLockReadGuard};

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

/// The shortest start of a secret that is taken for one where a text was cut.
const START: usize = 4;

/// Knows the secrets of a run and replaces them by [`REDACTED`] wherever they occur.
#[derive(Default)]
pub struct Redactor {
    known: RwLock<Known>,
}

/// What is looked for. A long run knows some thousand forms, and every text of every exchange is searched for all of them,
/// so that is done in one pass.
#[derive(Default)]
struct Known {
    /// The forms of secrets by their first bytes.
    long: HashMap<u64, Vec<Arc<str>>>,
    /// Those that have not so many.
    short: Vec<Arc<str>>,
    /// The forms of each passing token, the token itself first.
    tokens: VecDeque<Vec<Arc<str>>>,
}

impl Redactor {
    /// Remembers a secret value for the whole run. Values of less than three bytes are ignored.
    pub fn learn(&self, secret: &str) {
        if secret.len() < SHORTEST {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        forms(secret).into_iter().for_each(|form| known.add(form.into()));
    }

    /// Remembers a token that a registry gave out, until many newer ones have followed.
    pub fn learn_token(&self, token: &str) {
        if token.len() < SHORTEST || self.known().has_token(token) {
            return;
        }
        let forms: Vec<Arc<str>> = forms(token).into_iter().map(Into::into).collect();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        forms.iter().for_each(|form| known.add(form.clone()));
        known.tokens.push_back(forms);
        if known.tokens.len() > MOST {
            let forgotten = known.tokens.pop_front().unwrap_or_default();
            forgotten.iter().for_each(|form| known.remove(form));
        }
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
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

    /// The start of a text that was cut: as [`text`](Self::text), and a secret of which the cut left the start is replaced
    /// too.
    pub fn start(&self, text: &str) -> String {
        let mut text = self.text(text);
        let known = self.known();
        let cut = known.forms().filter_map(|form| begins_at(&text, form)).min();
        if let Some(at) = cut {
            text.truncate(at);
            text.push_str(REDACTED);
        }
        text
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
        let known = self.known();
        if text.contains('%') {
            text = known.without_encoded(text);
        }
        known.replaced(text)
    }

    /// The text of a body, or the start of it if it was `cut`.
    pub(super) fn body(&self, text: &str, cut: bool) -> String {
        if cut { self.start(text) } else { self.text(text) }
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

/// The ways in which a secret comes back: as it is, escaped, in URLs, JSON, HTML and hex, and within base64.
fn forms(secret: &str) -> Vec<String> {
    let json = serde_json::to_string(secret).unwrap_or_default();
    let json = json.get(1..json.len().saturating_sub(1)).unwrap_or_default().to_owned();
    let form = form_encode(secret);
    let percent = form.replace('+', "%20");
    let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let ascii = |escaped: &str| -> String {
        let mut units = [0; 2];
        let mut escape = |c: char| match c.is_ascii() && !escaped.contains(c) {
            true => c.to_string(),
            false => c
                .encode_utf16(&mut units)
                .iter()
                .map(|unit| format!("\\u{unit:04x}"))
                .collect(),
        };
        json.chars().map(&mut escape).collect()
    };
    let mut forms = vec![
        secret.to_owned(),
        escape(secret.as_bytes()).0,
        lower_escapes(&form),
        lower_escapes(&percent),
        form,
        percent,
        json.replace('/', "\\/"),
        ascii(""),
        ascii("<>&'+"),
        ascii("<>&"),
        json.clone(),
        html.replace('"', "&quot;").replace('\'', "&#39;"),
        html.replace('"', "&#34;").replace('\'', "&#39;"),
        html,
        hex::encode(secret),
        hex::encode_upper(secret),
        STANDARD.encode(secret),
        URL_SAFE.encode(secret),
    ];
    // Names of hosts and header fields come back so.
    forms.extend(Some(secret.to_ascii_lowercase()).filter(|lower| lower.len() >= ALONE));
    for before in 0..3 {
        forms.extend(within_base64(secret, before, &STANDARD_NO_PAD));
        forms.extend(within_base64(secret, before, &URL_SAFE_NO_PAD));
    }
    let mut unique: Vec<String> = Vec::with_capacity(forms.len());
    for form in forms {
        if !unique.contains(&form) {
            unique.push(form);
        }
    }
    unique
}

/// The characters of base64 that a secret alone decides when so many bytes (modulo 3) stand before it, if they are enough
/// to be told from other text.
fn within_base64(secret: &str, before: usize, engine: &impl Engine) -> Option<String> {
    let bytes: Vec<u8> = std::iter::repeat_n(0, before).chain(secret.bytes()).collect();
    let text = engine.encode(&bytes);
    let (first, last) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    text.get(first..last)
        .filter(|own| own.len() >= ALONE)
        .map(str::to_owned)
}

/// The escapes of a URL in lower case.
fn lower_escapes(text: &str) -> String {
    let mut left = 0;
    let lower = |c: char| {
        left = if c == '%' { 3 } else { usize::saturating_sub(left, 1) };
        if left > 0 { c.to_ascii_lowercase() } else { c }
    };
    text.chars().map(lower).collect()
}

/// Where the start of a secret stands at the end of a text.
fn begins_at(text: &str, secret: &str) -> Option<usize> {
    let head = secret.get(..secret.char_indices().nth(START)?.0)?;
    let from = (0..=text.len().saturating_sub(secret.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))?;
    let tail = &text[from..];
    let mut starts = tail.match_indices(head).map(|(at, _)| at);
    starts.find(|at| secret.starts_with(&tail[*at..])).map(|at| from + at)
}

impl Known {
    fn has_token(&self, token: &str) -> bool {
        let mut known = self.tokens.iter().filter_map(|forms| forms.first());
        known.any(|known| **known == *token)
    }

    /// A form can be there twice, of a secret and of a token that will be forgotten.
    fn add(&mut self, form: Arc<str>) {
        match head(form.as_bytes()) {
            Some(head) => self.long.entry(head).or_default().push(form),
            None => self.short.push(form),
        }
    }

    fn remove(&mut self, form: &str) {
        let forms = match head(form.as_bytes()) {
            Some(head) => self.long.entry(head).or_default(),
            None => &mut self.short,
        };
        if let Some(at) = forms.iter().position(|known| **known == *form) {
            forms.swap_remove(at);
        }
    }

    fn forms(&self) -> impl Iterator<Item = &str> {
        self.long.values().flatten().chain(&self.short).map(|form| &**form)
    }

    fn replaced(&self, text: String) -> String {
        let text = if self.long.is_empty() {
            text
        } else {
            self.without_long(text)
        };
        self.short.iter().fold(text, |text, form| replace(text, form))
    }

    /// Without what is a secret once it is decoded: every client has its own opinion on which bytes a URL has to encode.
    fn without_encoded(&self, text: String) -> String {
        let (bytes, starts) = decoded(&text);
        let mut spans = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            match self.longest_at(&bytes, at) {
                Some(len) => {
                    spans.push(starts[at]..starts[at + len]);
                    at += len;
                }
                None => at += 1,
            }
        }
        let mut out = text;
        for span in spans.into_iter().rev() {
            // What is there as it is, is replaced as such.
            if out[span.clone()].contains('%') {
                out.replace_range(span, REDACTED);
            }
        }
        out
    }

    /// How long the secret is that stands here; a short one has to stand alone.
    fn longest_at(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let rest = &bytes[at..];
        let alone = |form: &&Arc<str>| {
            let inside = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
            let before = at.checked_sub(1).and_then(|before| bytes.get(before));
            !inside(before) && !inside(rest.get(form.len()))
        };
        let long = head(rest).and_then(|head| self.long.get(&head)).into_iter().flatten();
        let short = self.short.iter().filter(alone);
        let found = long.chain(short).filter(|form| rest.starts_with(form.as_bytes()));
        found.map(|form| form.len()).max()
    }

    fn without_long(&self, text: String) -> String {
        let bytes = text.as_bytes();
        let mut out = String::new();
        let (mut at, mut copied) = (0, 0);
        while let Some(head) = head(&bytes[at..]) {
            let forms = self.long.get(&head).into_iter().flatten();
            let longest = forms
                .filter(|form| bytes[at..].starts_with(form.as_bytes()))
                .map(|form| form.len());
            match longest.max() {
                Some(len) => {
                    // A form is whole characters, and so is what stands before it.
                    out.push_str(&text[copied..at]);
                    out.push_str(REDACTED);
                    at += len;
                    copied = at;
                }
                None => at += 1,
            }
        }
        if copied == 0 {
            return text;
        }
        out.push_str(&text[copied..]);
        out
    }
}

/// A text without the escapes of a URL, and where each byte of it began in the text; at last where that ends.
fn decoded(text: &str) -> (Vec<u8>, Vec<usize>) {
    let raw = text.as_bytes();
    let (mut bytes, mut starts) = (Vec::with_capacity(raw.len()), Vec::with_capacity(raw.len() + 1));
    let mut at = 0;
    while let Some(byte) = raw.get(at) {
        let digits = raw.get(at + 1..at + 3).filter(|_| *byte == b'%');
        let escaped = digits.and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok());
        starts.push(at);
        bytes.push(escaped.unwrap_or(*byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    starts.push(at);
    (bytes, starts)
}

/// The first bytes of a text that has so many.
fn head(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk().map(|head: &[u8; ALONE]| u64::from_le_bytes(*head))
}

/// Replaces a short secret where it stands alone.
fn replace(text: String, secret: &str) -> String {
    if !text.contains(secret) {
        return text;
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
    fn a_secret_is_known_in_what_becomes_of_it() {
        let redactor = Redactor::default();
        let secret = "s3cr\u{e9}t/+<pass>&'word'";
        redactor.learn(secret);
        redactor.learn_token("eyJhbGciOiJSUzI1NiJ9.payload/with+signs==");
        for text in [
            secret.to_owned(),
            "s3cr%c3%a9t%2f%2b%3cpass%3e%26%27word%27".to_owned(),
            "s3cr%C3%A9t%2F%2B%3Cpass%3E%26%27word%27".to_owned(),
            "s3cr%C3%A9t/%2B%3Cpass%3E%26'word'".to_owned(),
            r"s3cr\u00e9t/\u002b\u003cpass\u003e\u0026\u0027word\u0027".to_owned(),
            r"s3cr\u00e9t/+<pass>&'word'".to_owned(),
            "s3cr\u{e9}t\\/+<pass>&'word'".to_owned(),
            "s3cr\u{e9}t/+&lt;pass&gt;&amp;&#39;word&#39;".to_owned(),
            hex::encode(secret),
            STANDARD.encode(format!("a{secret}z")),
            URL_SAFE_NO_PAD.encode(format!("ab{secret}yz")),
            STANDARD.encode(format!("{{\"password\":\"{secret}\"}}")),
            "eyJhbGciOiJSUzI1NiJ9.payload%2Fwith%2Bsigns%3D%3D".to_owned(),
            STANDARD.encode("Bearer eyJhbGciOiJSUzI1NiJ9.payload/with+signs=="),
        ] {
            let clean = redactor.text(&format!("<<{text}>>"));
            assert!(clean.contains(REDACTED), "{text}: {clean}");
            assert!(clean.len() < 40, "{text}: {clean}");
        }
        assert_eq!(redactor.text("an innocent word"), "an innocent word");
    }

    #[test]
    fn the_start_of_a_secret_does_not_survive_a_cut() {
        let redactor = Redactor::default();
        redactor.learn_token(&"0123456789abcdef".repeat(1000));
        redactor.learn("correct horse");
        assert_eq!(redactor.start("it is correct ho"), "it is <redacted>");
        assert_eq!(redactor.start("it is cor"), "it is cor");
        assert_eq!(redactor.start(&"0123456789abcdef".repeat(512)), REDACTED);
        assert_eq!(redactor.start("correct horse, corr"), "<redacted>, <redacted>");
        assert_eq!(redactor.start(""), "");
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
