//! A finding written down as a file of the case format, which `referee run --cases` replays, with the choices that
//! `referee fuzz --replay` reads back.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::palette::PIECES;
use super::player::{Call, Played};
use super::script::Aim;
use super::violation::{Oracle, Violation};
use crate::oci::method;

/// The start of the line that holds the choices.
const REPLAY: &str = "# replay: ";

/// The largest body that is written into a case, in bytes.
const MOST_INLINE: usize = 256 * 1024;

/// What stands above the case.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The seed of the campaign.
    pub seed: u64,
    /// The number of the script.
    pub number: u64,
    /// The target, as it introduces itself.
    pub target: String,
}

/// The file, unless something was sent that the case format has no words for.
pub fn write(aim: Aim, choices: &[u8], played: &Played, violation: &Violation, origin: &Origin) -> Option<String> {
    let calls: Vec<&Call> = played
        .log
        .iter()
        .take(violation.call + 1)
        .map(|entry| &entry.call)
        .collect();
    let mut bodies: Vec<&[u8]> = Vec::new();
    for body in calls.iter().filter_map(|call| call.body.as_deref()) {
        if !bodies.contains(&body) {
            bodies.push(body);
        }
    }
    if !calls.iter().all(|call| is_expressible(call, &calls)) || bodies.iter().any(|body| body.len() > MOST_INLINE) {
        return None;
    }
    let oracle = violation.oracle;
    let mut text = String::new();
    comment(&mut text, &format!("Found by referee fuzz: {}.", violation.signature));
    comment(&mut text, &format!("Seen: {}", violation.seen));
    comment(
        &mut text,
        &format!(
            "Target: {}; seed {}, script {}.",
            origin.target, origin.seed, origin.number
        ),
    );
    for entry in played
        .log
        .iter()
        .take(violation.call + 1)
        .filter(|entry| entry.curl.len() < 2_000 && !entry.curl.is_empty())
    {
        comment(&mut text, &entry.curl);
    }
    let _ = writeln!(text, "{REPLAY}{aim} {}", hex::encode(choices));
    let _ = writeln!(text, "about: What a fuzzer found, {}.", aim_in_words(aim));
    let _ = writeln!(text, "cases:\n  - case: {oracle}");
    let _ = writeln!(text, "    says: {}", oracle.says());
    let _ = writeln!(text, "    needs: [push]");
    if calls.iter().any(|call| call.target.contains("${other}")) {
        let _ = writeln!(text, "    repos: [other]");
    }
    let used: Vec<usize> = played.pieces.iter().copied().collect();
    content(&mut text, &bodies, &used);
    setup(&mut text, &used);
    let _ = writeln!(text, "    steps:");
    for (at, call) in calls.iter().enumerate() {
        // A list is read to its end if it is about what is in it, and else only asked for.
        let is_list = at == violation.call && matches!(oracle, Oracle::TagsIncomplete | Oracle::TagsRepeated);
        if is_list {
            list(&mut text, call);
        } else {
            step(&mut text, call, &calls[at + 1..], &bodies);
        }
    }
    // The body that came back changed is the one that was pushed last.
    let pushed = calls.iter().rev().find_map(|call| call.body.as_deref());
    let pushed = pushed
        .and_then(|body| bodies.iter().position(|known| *known == body))
        .unwrap_or_default();
    let matcher = violation.matcher.replace("BODY", &format!("b{pushed}"));
    let _ = writeln!(text, "        expect:\n          {}: {matcher}", oracle.requirement());
    Some(text)
}

/// The aim and the choices of a file that was written here.
pub fn read(text: &str) -> Option<(Aim, Vec<u8>)> {
    let line = text.lines().find_map(|line| line.strip_prefix(REPLAY))?;
    let (aim, choices) = line.split_once(' ')?;
    Some((aim.parse().ok()?, hex::decode(choices.trim()).ok()?))
}

fn aim_in_words(aim: Aim) -> &'static str {
    match aim {
        Aim::Manifest => "pushing image manifests",
        Aim::Index => "pushing indexes",
        Aim::Descriptor => "pushing manifests with odd descriptors",
        Aim::Reference => "asking for odd names and references",
        Aim::Headers => "sending odd header fields",
        Aim::Upload => "uploading blobs",
        Aim::Referrers => "listing referrers and tags",
        Aim::Auth => "sending odd credentials",
    }
}

fn comment(text: &mut String, line: &str) {
    let line: String = line
        .chars()
        .map(|c| if matches!(c, ' '..='~') { c } else { '?' })
        .collect();
    let _ = writeln!(text, "# {line}");
}

/// Whether the format has words for a call: every upload that it speaks of was opened by a request.
fn is_expressible(call: &Call, calls: &[&Call]) -> bool {
    let is_token = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let is_field =
        |(name, value): &(String, String)| is_token(name) && value.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    let session = session_of(call);
    let is_opened = session.is_none_or(|session| calls.iter().any(|call| call.opens == Some(session)));
    is_token(&call.method) && call.headers.iter().all(is_field) && is_opened
}

fn session_of(call: &Call) -> Option<usize> {
    let url = call.target.strip_prefix("${s");
    url.or_else(|| Some(call.target.split_once("${i")?.1))?
        .split('}')
        .next()?
        .parse()
        .ok()
}

fn content(text: &mut String, bodies: &[&[u8]], pieces: &[usize]) {
    if bodies.is_empty() && pieces.is_empty() {
        return;
    }
    let _ = writeln!(text, "    content:");
    for at in pieces {
        let piece = &PIECES[*at];
        let literal = template(piece.text);
        let _ = if piece.is_manifest {
            writeln!(
                text,
                "      {}: {{text: {{type: {}, after: [empty], text: {literal}}}}}",
                piece.name, piece.media_type
            )
        } else {
            writeln!(
                text,
                "      {}: {{blob: {{type: {}, text: {literal}}}}}",
                piece.name, piece.media_type
            )
        };
    }
    for (at, body) in bodies.iter().enumerate() {
        let is_plain = |text: &&str| text.chars().all(|c| matches!(c, ' '..='~' | '\n' | '\t' | '\r'));
        let _ = match std::str::from_utf8(body).ok().filter(is_plain) {
            Some(plain) => writeln!(text, "      b{at}: {{blob: {{text: {}}}}}", template(plain)),
            None => writeln!(text, "      b{at}: {{blob: {{base64: \"{}\"}}}}", STANDARD.encode(body)),
        };
    }
}

fn setup(text: &mut String, pieces: &[usize]) {
    if pieces.is_empty() {
        return;
    }
    let _ = writeln!(text, "    setup:");
    for at in pieces {
        let verb = if PIECES[*at].is_manifest { "push" } else { "upload" };
        let _ = writeln!(text, "      - {verb}: {}", PIECES[*at].name);
    }
}

fn list(text: &mut String, call: &Call) {
    let _ = match call.target.split_once("/tags/list?n=") {
        Some((_, n)) => writeln!(text, "      - tags: {{n: {}}}", template(n)),
        None => writeln!(text, "      - tags:"),
    };
}

fn step(text: &mut String, call: &Call, later: &[&Call], bodies: &[&[u8]]) {
    let target = call
        .target
        .replace('$', "$$")
        .replace("$${repo}", "${repo}")
        .replace("$${other}", "${other}")
        .replace("$${s", "${s")
        .replace("$${i", "${i");
    let _ = writeln!(text, "      - send: {}", quoted(&format!("{} {target}", call.method)));
    let map = |pairs: &[(String, String)]| {
        let pairs: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{name}: {}", template(value)))
            .collect();
        pairs.join(", ")
    };
    if !call.query.is_empty() {
        let _ = writeln!(text, "        query: {{{}}}", map(&call.query));
    }
    if !call.headers.is_empty() {
        let _ = writeln!(text, "        headers: {{{}}}", map(&call.headers));
    }
    if let Some(at) = call
        .body
        .as_deref()
        .and_then(|body| bodies.iter().position(|known| *known == body))
    {
        let _ = writeln!(text, "        body: b{at}");
    }
    // What looks like a slip is meant.
    if call.raw || method::misspelt(&call.method).is_some() {
        let _ = writeln!(text, "        wire: raw");
    }
    if let Some(session) = call.opens {
        let wanted = [
            (format!("${{s{session}}}"), format!("s{session}: location")),
            (
                format!("${{i{session}}}"),
                format!("i{session}: {{header: Location, find: \"([^/]+)$\"}}"),
            ),
        ];
        let is_used = |word: &str| later.iter().any(|call| call.target.ends_with(word));
        let captures: Vec<&str> = wanted
            .iter()
            .filter(|(word, _)| is_used(word))
            .map(|(_, capture)| capture.as_str())
            .collect();
        if !captures.is_empty() {
            let _ = writeln!(text, "        capture: {{{}}}", captures.join(", "));
        }
    }
}

/// A text as a scalar of YAML in which nothing is a variable.
fn template(text: &str) -> String {
    quoted(&text.replace('$', "$$"))
}

/// JSON's strings are YAML's, as long as they are ASCII.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::player::Entry;
    use super::*;
    use crate::load::{self, Source};

    fn played(calls: Vec<Call>) -> Played {
        let entry = |call| Entry {
            call,
            status: Some(500),
            curl: "curl -X PUT".to_owned(),
        };
        Played {
            log: calls.into_iter().map(entry).collect(),
            pieces: [0, 2, 3].into(),
            ..Played::default()
        }
    }

    #[test]
    fn every_oracle_makes_a_case_that_loads() {
        for oracle in Oracle::ALL {
            let mut open = Call::new("POST", "/v2/${repo}/blobs/uploads/");
            open.opens = Some(0);
            let mut close = Call::new("PUT", "${s0}").body(&b"a${x}\xff"[..]);
            close.query.push(("digest".to_owned(), "sha256:$0".to_owned()));
            let foreign = Call::new("PATCH", "/v2/${other}/blobs/uploads/${i0}").body(&b"a"[..]);
            let tags = Call::new("GET", "/v2/${repo}/tags/list?n=2");
            let put = Call::new("PUT", "/v2/${repo}/manifests/a$b")
                .header("Content-Type", "a: \"b\"")
                .body(&b"{\"a\":\"$\"}"[..]);
            let played = played(vec![open, close, foreign, put, tags]);
            let violation = Violation {
                oracle: *oracle,
                call: 4,
                matcher: "{status: 4xx}".to_owned(),
                seen: "500\n".to_owned(),
                signature: "s".to_owned(),
            };
            let text = write(Aim::Upload, &[0, 255], &played, &violation, &Origin::default()).unwrap();
            let mut sources = load::builtin();
            sources.retain(|source| source.name.starts_with("spec/"));
            sources.push(Source::new("cases/regressions/x.yaml", &text));
            let suite = load::load(&sources).unwrap_or_else(|errors| panic!("{}\n{text}", errors.render(false)));
            assert_eq!(suite.cases.len(), 1);
            assert_eq!(read(&text), Some((Aim::Upload, vec![0, 255])));
        }
    }

    #[test]
    fn what_the_format_has_no_words_for_is_no_case() {
        let violation = Violation {
            oracle: Oracle::ServerError,
            call: 0,
            matcher: String::new(),
            seen: String::new(),
            signature: String::new(),
        };
        let foreign = played(vec![Call::new("PATCH", "${s4}")]);
        assert_eq!(write(Aim::Upload, &[], &foreign, &violation, &Origin::default()), None);
        assert_eq!(read("# nothing"), None);
    }
}
