//! A recorded request as a `curl` command line.
//!
//! Owns the quoting and the options with which curl sends what was sent, and nothing it would add by itself. Sees
//! redacted requests only.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::exchange::{BodyRecord, REDACTED, Request};

/// The command line; see [`super::exchange::Exchange::curl`].
pub(super) fn line(request: &Request) -> String {
    let mut line = String::from("curl -sS -i --globoff --path-as-is");
    let mut remarks = Vec::new();
    match request.method.as_str() {
        "GET" if request.body.len == 0 => {}
        // With `-X HEAD` curl would wait for a body.
        "HEAD" => line.push_str(" --head"),
        method => line.push_str(&format!(" -X {}", quote(method))),
    }
    // Before what may be long: where a line is cut, it still says what was asked.
    line.push(' ');
    line.push_str(&quote(&request.url));
    for (name, value) in &request.headers {
        if name.eq_ignore_ascii_case("host") && request.url.contains(&format!("//{value}/")) {
            continue;
        }
        if name.eq_ignore_ascii_case("content-length") && *value == request.body.len.to_string() {
            continue;
        }
        line.push_str(&header(name, value));
    }
    for name in ["Accept", "User-Agent"] {
        if request.header(name).is_none() {
            line.push_str(&format!(" -H '{name}:'"));
        }
    }
    let body = &request.body;
    if body.len > 0 || request.header("Content-Length") == Some("0") {
        if request.header("Content-Type").is_none() {
            line.push_str(" -H 'Content-Type:'");
        }
        match sendable(body) {
            Sendable::Text(text) => {
                // A leading `@` would name a file.
                let option = if text.starts_with('@') {
                    "--data-raw"
                } else {
                    "--data-binary"
                };
                line.push_str(&format!(" {option} {}", quote(text)));
                if hex::encode(Sha256::digest(text)) != body.sha256 {
                    remarks.push("the body held a secret, or is not all there".to_owned());
                }
            }
            Sendable::Bytes(bytes) => {
                line.push_str(" --data-binary @-");
                line.insert_str(
                    0,
                    &format!("printf %s {} | base64 -d | ", quote(&STANDARD.encode(bytes))),
                );
            }
            Sendable::Not(kept) => {
                line.push_str(" --data-binary @body.bin");
                remarks.push(format!("body.bin: {} bytes, sha256:{}, {kept}", body.len, body.sha256));
            }
        }
    }
    if request.url.contains(REDACTED) {
        remarks.push("the URL held a secret".to_owned());
    }
    if !remarks.is_empty() {
        line.push_str(&format!("  # {}", remarks.join("; ")));
    }
    line
}

/// A body as a command line can send it.
enum Sendable<'a> {
    /// Text, on the line.
    Text(&'a str),
    /// Other bytes, through a pipe.
    Bytes(Vec<u8>),
    /// Not at all, and what the report has of it.
    Not(&'static str),
}

fn sendable(body: &BodyRecord) -> Sendable<'_> {
    match unescaped(&body.preview) {
        _ if body.truncated && body.preview.is_empty() => Sendable::Not("of which the report keeps nothing"),
        _ if body.truncated => Sendable::Not("of which the report keeps the start only"),
        _ if !body.binary => Sendable::Text(&body.preview),
        // Escaping cannot always be undone; the hash tells.
        bytes if hex::encode(Sha256::digest(&bytes)) == body.sha256 => Sendable::Bytes(bytes),
        _ => Sendable::Not("which the report does not keep as they are"),
    }
}

/// The bytes of an [escaped](super::exchange::escape) text, if no backslash was there before.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        match after {
            [b'x', high, low, after @ ..] if *first == b'\\' => match hex::decode([*high, *low]) {
                Ok(byte) => {
                    bytes.extend(byte);
                    rest = after;
                    continue;
                }
                Err(_) => bytes.push(*first),
            },
            _ => bytes.push(*first),
        }
        rest = after;
    }
    bytes
}

/// One header option. A redacted value becomes a shell variable, so that the line can be used as it is.
fn header(name: &str, value: &str) -> String {
    if name.eq_ignore_ascii_case("authorization") {
        return match value.split_once(' ') {
            Some(("Basic", _)) => " -u \"$REFEREE_USERNAME:$REFEREE_PASSWORD\"".to_owned(),
            Some(("Bearer", _)) => " -H \"Authorization: Bearer $TOKEN\"".to_owned(),
            _ => " -H \"Authorization: $AUTHORIZATION\"".to_owned(),
        };
    }
    if value.is_empty() {
        return format!(" -H {}", quote(&format!("{name};")));
    }
    format!(" -H {}", quote(&format!("{name}: {value}")))
}

/// Quotes a word for a POSIX shell.
pub(crate) fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::super::exchange::{PREVIEW, Transport};
    use super::*;

    fn request(method: &str, headers: &[(&str, &str)], body: &[u8]) -> Request {
        Request {
            method: method.into(),
            url: "http://127.0.0.1:5000/v2/a'b/?x=[1]".into(),
            headers: headers.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect(),
            body: BodyRecord::of(body),
            transport: Transport::Pooled,
        }
    }

    #[test]
    fn a_line_replays_the_request() {
        let put = request(
            "PUT",
            &[
                ("accept", "*/*"),
                ("content-length", "4"),
                ("authorization", "Bearer x"),
            ],
            b"it's",
        );
        assert_eq!(
            line(&put),
            "curl -sS -i --globoff --path-as-is -X PUT 'http://127.0.0.1:5000/v2/a'\\''b/?x=[1]' -H 'accept: */*' \
             -H \"Authorization: Bearer $TOKEN\" -H 'User-Agent:' -H 'Content-Type:' --data-binary 'it'\\''s'"
        );
        let head = request(
            "HEAD",
            &[("host", "127.0.0.1:5000"), ("user-agent", "r"), ("x", "")],
            b"",
        );
        assert_eq!(
            line(&head),
            "curl -sS -i --globoff --path-as-is --head 'http://127.0.0.1:5000/v2/a'\\''b/?x=[1]' -H 'user-agent: r' \
             -H 'x;' -H 'Accept:'"
        );
    }

    #[test]
    fn a_binary_body_goes_through_a_pipe() {
        let all: Vec<u8> = (0..=255).collect();
        for body in [&[0, 1][..], b"\\x\xff", "ü\u{202e}\0".as_bytes(), &all] {
            let text = line(&request("POST", &[("content-type", "a/b")], body));
            let (piped, rest) = text.split_once(" | base64 -d | curl -sS").expect("a pipe");
            let encoded = piped.strip_prefix("printf %s ").unwrap().trim_matches('\'');
            assert_eq!(STANDARD.decode(encoded).unwrap(), body);
            assert!(rest.ends_with(" --data-binary @-") && !rest.contains('#'), "{rest}");
        }
        assert!(line(&request("POST", &[], b"@x")).ends_with("--data-raw @x"));
    }

    #[test]
    fn a_body_that_was_not_kept_is_named_with_what_is_missing() {
        let of = |body: &[u8]| line(&request("POST", &[("content-type", "a/b")], body));
        let long = of(&[b'a'; PREVIEW + 1]);
        assert!(long.contains(" --data-binary @body.bin  #"), "{long}");
        assert!(long.contains("# body.bin: 4097 bytes, sha256:"), "{long}");
        assert!(long.ends_with(", of which the report keeps the start only"), "{long}");
        // What looks like an escape was one before.
        assert!(of(b"\\x41\0").ends_with(", which the report does not keep as they are"));
        let mut slim = request("POST", &[], &[0; 9]);
        (slim.body.preview, slim.body.truncated) = (String::new(), true);
        assert!(line(&slim).ends_with(", of which the report keeps nothing"));
        let mut secret = request("POST", &[], b"password=abc");
        secret.body.preview = "password=<redacted>".to_owned();
        assert!(line(&secret).ends_with("  # the body held a secret, or is not all there"));
    }

    #[test]
    fn newlines_stay_within_the_quotes() {
        assert_eq!(quote("a\nb"), "'a\nb'");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("$(x)"), "'$(x)'");
    }
}
