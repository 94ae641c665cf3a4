use super::*;
use crate::case::{
    BodyMatcher, ErrorMatcher, HeaderMatcher, HeaderOp, Json, JsonOp, LinkMatcher, SortOrder, StatusSet, Template,
};
use crate::client::TransportError;
use crate::client::exchange::{BodyRecord, Exchange, Phase, Received, Request, Response};

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let headers: Vec<(String, String)> = headers.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
    Answer {
        exchange: Exchange {
            request: Request {
                method: "GET".into(),
                url: "http://127.0.0.1/v2/a/tags/list".into(),
                headers: Vec::new(),
                body: BodyRecord::empty(),
                transport: Default::default(),
            },
            response: Some(Response {
                status,
                version: "HTTP/1.1".into(),
                reason: None,
                headers: headers.clone(),
                body: BodyRecord::of(body.as_bytes()),
                raw_head: None,
                trailing: 0,
            }),
            error: None,
            hops: Vec::new(),
            started_ms: 0,
            elapsed_ms: 0.0,
            attempts: 1,
            purpose: Default::default(),
        },
        before: Vec::new(),
        url: "http://127.0.0.1/v2/a/tags/list".into(),
        headers,
        body: Received::of(body.to_string().into_bytes()),
    }
}

fn check(matcher: Matcher, answer: &Answer) -> Vec<Mismatch> {
    mismatches(&[matcher], answer, &Scope::default()).unwrap()
}

fn header(name: &str, op: HeaderOp, optional: bool) -> Matcher {
    Matcher::Header(HeaderMatcher {
        name: name.into(),
        optional,
        op,
    })
}

fn json(pointer: &str, op: JsonOp) -> Matcher {
    Matcher::Json {
        pointer: pointer.into(),
        op,
    }
}

fn value(text: &str) -> Json {
    fn convert(value: serde_json::Value) -> Json {
        match value {
            serde_json::Value::Null => Json::Null,
            serde_json::Value::Bool(b) => Json::Bool(b),
            serde_json::Value::Number(n) => Json::Number(n),
            serde_json::Value::String(s) => Json::String(Template::parse(&s).unwrap()),
            serde_json::Value::Array(a) => Json::Array(a.into_iter().map(convert).collect()),
            serde_json::Value::Object(o) => {
                Json::Object(o.into_iter().map(|(k, v)| (Template::literal(k), convert(v))).collect())
            }
        }
    }
    convert(serde_json::from_str(text).unwrap())
}

#[test]
fn challenges_are_read_as_a_document() {
    let challenged = answer(
        401,
        &[
            (
                "WWW-Authenticate",
                r#"bEARER scope="repository:h:5/a:pull,push registry", Realm="https://t/""#,
            ),
            ("WWW-Authenticate", "Basic realm=x"),
        ],
        "",
    );
    let challenge = |pointer: &str, op| Matcher::Challenge {
        pointer: pointer.into(),
        op,
    };
    for (pointer, op, holds) in [
        ("/bearer/realm", JsonOp::Matches("^https:".into()), true),
        ("/basic", JsonOp::Present, true),
        ("/digest", JsonOp::Absent, true),
        ("/bearer/service", JsonOp::Present, false),
        ("/bearer/scopes/0/name", JsonOp::Equals(value("\"h:5/a\"")), true),
        ("/bearer/scopes/0/actions", JsonOp::Contains(value("\"push\"")), true),
        ("/bearer/scopes/1", JsonOp::Equals(value("\"registry\"")), true),
        ("", JsonOp::MinLength(3), false),
    ] {
        let found = check(challenge(pointer, op.clone()), &challenged);
        assert_eq!(found.is_empty(), holds, "{pointer} {op:?}");
    }
}

#[test]
fn quoted_texts_count_over_all_lines() {
    let warned = answer(
        200,
        &[("Warning", r#"299 - "ab\"c""#), ("Warning", r#"299 - "d" x"#)],
        "",
    );
    for (most, holds) in [(6, true), (5, false)] {
        let found = check(header("Warning", HeaderOp::QuotedAtMost(most), false), &warned);
        assert_eq!(found.is_empty(), holds, "{most}");
    }
    assert!(check(json("", JsonOp::AtLeast(60)), &answer(200, &[], "60")).is_empty());
    assert!(!check(json("", JsonOp::AtLeast(60)), &answer(200, &[], "59.5")).is_empty());
}

#[test]
fn a_status_is_one_of_a_set() {
    let set = StatusSet {
        ranges: vec![(202, 202), (400, 499)],
    };
    assert!(check(Matcher::Status(set.clone()), &answer(404, &[], "")).is_empty());
    let found = check(Matcher::Status(set), &answer(500, &[], ""));
    assert_eq!(
        (found[0].expected.as_str(), found[0].actual.as_str()),
        ("202 or 4xx", "500")
    );
}

#[test]
fn what_was_sent_is_compared_with_what_is_said_of_it() {
    let digest = format!("sha256:{}", BodyRecord::of(b"abc").sha256);
    let sent = |fields: &[(&str, &str)], said: (&str, &str)| {
        let mut answer = answer(201, &[said], "");
        let fields = fields.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        answer.exchange.request.headers = fields.collect();
        answer.exchange.request.body = BodyRecord::of(b"abc");
        answer
    };
    let digests = |fields: &[(&str, &str)], said: &str| {
        let answer = sent(fields, ("D", said));
        check(header("D", HeaderOp::DigestOfSent, false), &answer).len()
    };
    let image = [("Content-Type", "application/vnd.oci.image.manifest.v1+json")];
    assert_eq!(digests(&image, &digest), 0);
    let other = format!("sha256:{}", BodyRecord::of(b"abd").sha256);
    assert_eq!(digests(&image, &other), 1);
    assert_eq!(digests(&image, "sha256:00"), 1);
    // Nothing is demanded of what cannot be compared.
    assert_eq!(digests(&image, &format!("sha512:{}", "0".repeat(128))), 0);
    let signed = [(
        "Content-Type",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    )];
    assert_eq!(digests(&signed, &other), 0);
    let ends = |place: &str, said: &str| {
        let answer = sent(&[("Content-Range", place)], ("Range", said));
        check(header("Range", HeaderOp::EndOfSent, false), &answer).len()
    };
    assert_eq!([ends("7-9", "0-9"), ends("7-9", "0-2"), ends("7-9", "7-9")], [0, 1, 1]);
    assert_eq!(
        ["9-7", "7-10", "7-", "bytes 7-9/*"].map(|place| ends(place, "0-2")),
        [0; 4]
    );
}

#[test]
fn every_header_demand_can_hold_and_can_fail() {
    let digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let good = answer(
        200,
        &[
            ("X", "a, b"),
            ("D", digest),
            ("T", "Text/Html; charset=utf-8"),
            ("P", "Bytes 0-4/*"),
            ("U", "/v2/x"),
        ],
        "",
    );
    let bad = answer(
        200,
        &[
            ("X", "c"),
            ("D", "sha256:00"),
            ("T", "html"),
            ("P", "bytes 0-4/8"),
            ("U", "ftp://x/"),
        ],
        "",
    );
    let text = Template::literal;
    for (name, op) in [
        ("X", HeaderOp::Equals(text("a, b"))),
        ("X", HeaderOp::OneOf(vec![text("q"), text("a, b")])),
        ("X", HeaderOp::Matches("^a".into())),
        ("X", HeaderOp::ListContains(text("b"))),
        ("X", HeaderOp::ListLacks(text("c"))),
        ("T", HeaderOp::MediaType(text("text/html"))),
        ("D", HeaderOp::DigestOfBody),
        ("P", HeaderOp::Part(text("0-4/9"))),
        ("U", HeaderOp::Url),
    ] {
        assert!(check(header(name, op.clone(), false), &good).is_empty(), "{op:?}");
        assert_eq!(check(header(name, op.clone(), true), &bad).len(), 1, "{op:?}");
    }
    for error in [
        TransportError::Timeout {
            phase: Phase::Total,
            limit_ms: 1,
        },
        TransportError::BodyShort {
            expected: None,
            received: 1,
        },
        TransportError::Reset {
            reason: String::new(),
            ended: true,
        },
    ] {
        let mut cut = bad.clone();
        cut.exchange.error = Some(error);
        let digest = header("D", HeaderOp::DigestOfBody, false);
        assert_eq!(check(digest.clone(), &bad).len(), 1);
        assert!(
            check(digest, &cut).is_empty(),
            "of what broke off nobody knows the digest"
        );
    }
    assert!(check(header("X", HeaderOp::Present, false), &good).is_empty());
    assert_eq!(check(header("Y", HeaderOp::Present, false), &good).len(), 1);
    assert!(check(header("Y", HeaderOp::Absent, false), &good).is_empty());
    assert_eq!(check(header("X", HeaderOp::Absent, false), &good).len(), 1);
    assert!(check(header("Y", HeaderOp::Equals(text("z")), true), &good).is_empty());
}

#[test]
fn every_json_demand_can_hold_and_can_fail() {
    let good = answer(
        200,
        &[],
        r#"{"tags":["B","a"],"n":2,"list":[{"d":"x","e":1},{"d":"y","e":2}],"nil":null}"#,
    );
    let bad = answer(
        200,
        &[],
        r#"{"tags":["b","B","a","a"],"n":"2","list":[{"d":"x"},{"d":"x"},3],"gone":1}"#,
    );
    for (pointer, op) in [
        ("/n", JsonOp::Equals(value("2.0"))),
        ("/n", JsonOp::OneOf(vec![value("1"), value("2")])),
        ("/nil", JsonOp::Present),
        ("/gone", JsonOp::Absent),
        ("/list", JsonOp::Contains(value(r#"{"d":"y"}"#))),
        ("/list", JsonOp::Lacks(value("3"))),
        ("/list/0", JsonOp::Includes(value(r#"{"e":1}"#))),
        ("/tags", JsonOp::Length(2)),
        ("/tags", JsonOp::MaxLength(2)),
        (
            "/list",
            JsonOp::Items(vec![value(r#"{"d":"y"}"#), value(r#"{"d":"x"}"#)]),
        ),
        ("/n", JsonOp::Type("integer".into())),
        ("/n", JsonOp::Type("number".into())),
        ("/tags", JsonOp::Sorted(SortOrder::Bytes)),
        ("/list", JsonOp::Unique("/d".into())),
        (
            "/list",
            JsonOp::Every(vec![("/e".into(), JsonOp::Type("integer".into()))]),
        ),
        ("/list/1/d", JsonOp::Matches("^y$".into())),
    ] {
        assert!(check(json(pointer, op.clone()), &good).is_empty(), "{op:?}");
        assert_eq!(check(json(pointer, op.clone()), &bad).len(), 1, "{op:?}");
        assert_eq!(check(json(pointer, op), &answer(200, &[], "<html>")).len(), 1);
    }
    assert!(check(json("/tags", JsonOp::MinLength(2)), &good).is_empty());
    assert_eq!(check(json("/tags", JsonOp::MinLength(3)), &good).len(), 1);
    let folded = answer(200, &[], r#"["a","B","c"]"#);
    assert!(check(json("", JsonOp::Sorted(SortOrder::Either)), &folded).is_empty());
    assert!(check(json("", JsonOp::Sorted(SortOrder::CaseInsensitive)), &folded).is_empty());
    assert_eq!(check(json("", JsonOp::Sorted(SortOrder::Bytes)), &folded).len(), 1);
    let null = answer(200, &[], r#"{"list":null}"#);
    for op in [JsonOp::Lacks(value("3")), JsonOp::Length(0), JsonOp::Items(Vec::new())] {
        assert!(check(json("/list", op), &null).is_empty(), "null holds nothing");
    }
    for op in [
        JsonOp::Contains(value("3")),
        JsonOp::Length(1),
        JsonOp::Type("array".into()),
    ] {
        assert_eq!(
            check(json("/list", op), &null).len(),
            1,
            "null is no array, and holds nothing"
        );
    }
}

#[test]
fn an_error_body_may_be_anything_but_json_with_other_codes() {
    let code = |required| {
        Matcher::Error(ErrorMatcher {
            codes: vec!["NAME_UNKNOWN".into()],
            required,
        })
    };
    let right = answer(404, &[], r#"{"errors":[{"code":"X"},{"code":"NAME_UNKNOWN"}]}"#);
    let wrong = answer(404, &[], r#"{"errors":[{"code":"X"}]}"#);
    assert!(check(code(true), &right).is_empty());
    assert_eq!(check(code(false), &wrong)[0].actual, "X");
    assert!(check(code(false), &answer(404, &[], "not found")).is_empty());
    assert_eq!(check(code(true), &answer(404, &[], "not found")).len(), 1);
}

#[test]
fn bodies_and_links() {
    let body = |matcher, text| check(Matcher::Body(matcher), &answer(200, &[], text)).is_empty();
    assert!(body(BodyMatcher::Empty, "") && !body(BodyMatcher::Empty, "x"));
    assert!(body(BodyMatcher::NotEmpty, "x") && !body(BodyMatcher::NotEmpty, ""));
    assert!(body(BodyMatcher::Json, "{}") && !body(BodyMatcher::Json, "{"));
    assert!(body(BodyMatcher::Matches("^a.c$".into()), "abc") && !body(BodyMatcher::Matches("^b".into()), "abc"));
    let link = |present| {
        Matcher::Link(LinkMatcher {
            rel: "next".into(),
            present,
        })
    };
    let linked = answer(200, &[("Link", r#"</v2/a/tags/list?last=b>; rel="next""#)], "");
    assert!(check(link(true), &linked).is_empty() && check(link(false), &answer(200, &[], "")).is_empty());
    assert_eq!(
        check(link(false), &linked).len() + check(link(true), &answer(200, &[], "")).len(),
        2
    );
}

#[test]
fn any_and_not_combine() {
    let status = |code| {
        Matcher::Status(StatusSet {
            ranges: vec![(code, code)],
        })
    };
    let any = Matcher::Any(vec![
        vec![status(200)],
        vec![status(404), Matcher::Body(BodyMatcher::Empty)],
    ]);
    assert!(check(any.clone(), &answer(404, &[], "")).is_empty());
    let found = check(any.clone(), &answer(404, &[], "x"));
    assert_eq!(found[0].expected, "status 200, or body no body");
    assert!(speaks_of_status(&[any]));
    assert!(speaks_of_status(&[Matcher::Not(vec![status(404)])]));
    assert!(check(Matcher::Not(vec![status(500)]), &answer(404, &[], "")).is_empty());
    let not = Matcher::Not(vec![status(404)]);
    assert_eq!(check(not.clone(), &answer(404, &[], ""))[0].subject, "status");
    assert!(speaks_of_status(&[not]));
    assert!(!speaks_of_status(&[Matcher::Not(vec![Matcher::Body(
        BodyMatcher::Empty
    )])]));
}

#[test]
fn a_capture_that_was_not_made_is_an_error_not_a_mismatch() {
    let matcher = header("X", HeaderOp::Equals(Template::parse("${gone}").unwrap()), false);
    assert!(mismatches(&[matcher], &answer(200, &[("X", "a")], ""), &Scope::default()).is_err());
}
