//! What the loader makes of good files; bad ones are in `tests/load_errors`.

use super::{Source, load};
use crate::case::*;

const SPEC: &str = "\
document: distribution
title: OCI distribution
versions: {'1.0': 'https://example.com/1.0/spec.md', '1.1': 'https://example.com/1.1/spec.md'}
requirements:
  - {id: listed, area: discover, level: must, section: Listing, anchor: listing, text: Referrers are listed.}
  - {id: paged, area: discover, levels: {'1.1': should}, page: more.md, section: Paging, text: Lists are paged.}
";
const PROFILES: &str = "profiles: [{profile: oci-1.1, says: All., documents: {distribution: '1.1'}}]\n";
const CAPABILITIES: &str = "\
capabilities:
  - {capability: push, says: Content can be pushed., from-run: true}
  - capability: referrers
    says: The referrers API is there.
    needs: [push]
    content: {image: {image: {}}}
    setup: [{push: image}]
    steps: [{send: 'GET /v2/${repo}/referrers/${image.digest}'}]
    absent: [{status: 404}]
    allowed-by: Listing
";

fn suite(cases: &str) -> Suite {
    let sources = [
        Source::new("cases/spec/distribution.yaml", SPEC),
        Source::new("cases/spec/profiles.yaml", PROFILES),
        Source::new("cases/spec/capabilities.yaml", CAPABILITIES),
        Source::new("cases/discover/referrers.yaml", cases),
    ];
    load(&sources).unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

#[test]
fn a_case_becomes_plain_data() {
    let suite = suite(
        r#"
about: Listing.
cases:
  - case: signature-is-listed
    says: A pushed signature is listed among the referrers of its image.
    needs: [push, referrers]
    content:
      image:     {image: {layers: 1}}
      signature: {artifact: {type: application/vnd.example.signature, subject: image}}
    setup:
      - push: image
    steps:
      - push: signature
      - send: GET /v2/${repo}/referrers/${image.digest}
        headers: {Accept: [a/b, "*/*"], User-Agent: []}
        capture: {next: {link: next, otherwise: "/v2/${repo}/tags/list"}}
        expect:
          listed: {status: 200, json: {/manifests: {contains: {digest: "${signature.digest}", size: 3}, length: 1}}}
          paged: [{link: {next: absent}}, {not: {status: [4xx, 503]}}]
      - send: GET ${next}
        expect: {listed: {status: 200}}
"#,
    );
    let case = &suite.cases[0];
    assert_eq!(case.id.0, "discover/referrers/signature-is-listed");
    assert_eq!(case.needs, ["push", "referrers"]);
    assert_eq!(case.steps[1].expect[0].matchers.len(), 3);
    assert_eq!(case.steps[1].expect[1].matchers.len(), 2);
    let Action::Send(send) = &case.steps[1].action else {
        panic!("{:?}", case.steps[1].action);
    };
    assert_eq!(send.method, "GET");
    assert_eq!(send.headers.len(), 2);
    assert_eq!(send.omit, ["User-Agent"]);
    assert!(case.steps[1].capture[0].otherwise.is_some());
    assert_eq!(case.steps[1].origin.line, 14);
    let link = |id: &str| suite.link(suite.requirement(id).unwrap(), suite.profile("oci-1.1"));
    assert_eq!(link("listed").unwrap(), "https://example.com/1.1/spec.md#listing");
    assert_eq!(link("paged").unwrap(), "https://example.com/1.1/more.md");
}

#[test]
fn each_makes_a_case_of_every_combination() {
    let suite = suite(
        r#"
about: Blobs.
cases:
  - case: round-trip
    says: A blob comes back byte for byte.
    each:
      algorithm: [sha256, {sha512: {needs: [referrers]}}]
      size: [1, {large: {value: 3KiB}}]
      document: [{empty: {value: {a: [1]}}}]
    content:
      layer: {blob: {random: "${size}", algorithm: "${algorithm}"}}
      odd: {json: {value: {size: "${size}", at: "x-${size}", document: "${document}", kept: "$${size} ${layer.digest}"}}}
    steps:
      - upload: layer
      - push: odd
        expect: {listed: {status: 201}}
"#,
    );
    let ids: Vec<_> = suite.cases.iter().map(|case| case.id.0.as_str()).collect();
    assert_eq!(
        ids,
        [
            "discover/referrers/round-trip[sha256,1,empty]",
            "discover/referrers/round-trip[sha256,large,empty]",
            "discover/referrers/round-trip[sha512,1,empty]",
            "discover/referrers/round-trip[sha512,large,empty]",
        ]
    );
    assert_eq!(suite.cases[3].needs, ["referrers"]);
    let NodeKind::Json {
        value: Json::Object(members),
        ..
    } = &suite.cases[0].content[1].kind
    else {
        panic!();
    };
    assert_eq!(members[0].1, Json::Number(1.into()));
    assert_eq!(members[1].1, Json::String(Template::literal("x-1")));
    assert!(matches!(members[2].1, Json::Object(_)));
    assert_eq!(
        members[3].1,
        Json::String(Template::parse("$${size} ${layer.digest}").unwrap())
    );
}

#[test]
fn every_verb_and_matcher_is_understood() {
    let suite = suite(include_str!("tests_everything.yaml"));
    assert_eq!(suite.cases.len(), 2);
    assert_eq!(suite.cases[0].parse.len(), 2);
}
