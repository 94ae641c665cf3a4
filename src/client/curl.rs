//! A recorded request as a `curl` command line.
//!
//! Owns the quoting and the options with which curl sends what was sent, and nothing it would add by itself. Sees
//! redacted requests only.

use super::exchange::{REDACTED, Request};

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
        if body.binary || body.truncated {
            line.push_str(" --data-binary @body.bin");
            remarks.push(format!("body.bin: {} bytes, sha256:{}", body.len, body.sha256));
        } else {
            // A leading `@` would name a file.
            let option = if body.preview.starts_with('@') {
                "--data-raw"
            } else {
                "--data-binary"
            };
            line.push_str(&format!(" {option} {}", quote(&body.preview)));
        }
    }
    line.push(' ');
    line.push_str(&quote(&request.url));
    if request.url.contains(REDACTED) {
        remarks.push("the URL held a secret".to_owned());
    }
    if !remarks.is_empty() {
        line.push_str(&format!("  # {}", remarks.join("; ")));
    }
    line
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
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::super::exchange::{BodyRecord, Transport};
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
            "curl -sS -i --globoff --path-as-is -X PUT -H 'accept: */*' -H \"Authorization: Bearer $TOKEN\" \
             -H 'User-Agent:' -H 'Content-Type:' --data-binary 'it'\\''s' 'http://127.0.0.1:5000/v2/a'\\''b/?x=[1]'"
        );
        let head = request(
            "HEAD",
            &[("host", "127.0.0.1:5000"), ("user-agent", "r"), ("x", "")],
            b"",
        );
        assert_eq!(
            line(&head),
            "curl -sS -i --globoff --path-as-is --head -H 'user-agent: r' -H 'x;' -H 'Accept:' \
             'http://127.0.0.1:5000/v2/a'\\''b/?x=[1]'"
        );
    }

    #[test]
    fn a_binary_body_is_named_not_shown() {
        let text = line(&request("POST", &[("content-type", "a/b")], &[0, 1]));
        assert!(text.contains("--data-binary @body.bin"), "{text}");
        assert!(text.contains("# body.bin: 2 bytes, sha256:b413f47d"), "{text}");
        assert!(line(&request("POST", &[], b"@x")).contains("--data-raw @x"));
    }

    #[test]
    fn newlines_stay_within_the_quotes() {
        assert_eq!(quote("a\nb"), "'a\nb'");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("$(x)"), "'$(x)'");
    }
}
