//! A report made by hand: every verdict, several of each kind of thing, and a place for hostile text in every string.

use referee::case::{Level, Weight};
use referee::client::RequestCounts;
use referee::client::exchange::{
    BodyRecord, Exchange, Hop, Phase, Purpose, Request, Response, Transport, TransportError,
};
use referee::outcome::{
    CapabilityOutcome, CaseOutcome, Counts, ExpectationOutcome, Finding, Mismatch, Occurrence, Recorded, Report,
    RequirementOutcome, RunInfo, SCHEMA, SkipReason, TargetInfo, Verdict, categories, facts,
};

/// The sample with `hostile` at the end of every text that a target, a case file or a user could choose.
pub struct Sample<'a>(pub &'a str);

impl Sample<'_> {
    /// Every verdict, findings of both weights.
    pub fn report(&self) -> Report {
        let cases = self.cases();
        Report {
            schema: SCHEMA,
            run: RunInfo {
                tool_version: self.t("0.1.0"),
                profile: self.t("oci-1.1"),
                documents: vec![
                    (self.t("distribution"), self.t("1.1")),
                    (self.t("image"), self.t("1.1")),
                ],
                partition: None,
                strict: false,
                read_only: false,
                filtered: false,
                only_own_cases: false,
                seed: 42,
                jobs: 16,
                started: self.t("2026-10-01T12:00:00Z"),
                elapsed_ms: 1234.5,
                requests: 2103,
                sent: RequestCounts {
                    case: 900,
                    setup: 700,
                    probe: 60,
                    cleanup: 440,
                    auth: 3,
                },
                suite_digest: self.t("sha256:0123"),
            },
            target: TargetInfo {
                url: self.t("http://127.0.0.1:5000"),
                server: Some(self.t("example-registry/1.0")),
                credentials: self.t("none"),
                notes: vec![self.t("plain HTTP, because the address says so")],
            },
            capabilities: vec![
                self.capability("referrers", true, "200 with an index"),
                self.capability("delete-tag", false, "405 to DELETE of a tag, as the document allows"),
                self.capability("sha512", false, "the blob was refused with 400 DIGEST_INVALID"),
            ],
            categories: categories(&cases),
            counts: Counts::of(&cases),
            findings: self.findings(),
            known: vec![],
            facts: facts(&cases),
            requirements: vec![RequirementOutcome {
                id: self.t("dist-referrers-200"),
                level: Level::Must,
                text: self.t("A known subject is answered with 200."),
                section: self.t("Listing Referrers"),
                link: Some("https://example.org/spec.md#listing-referrers".into()),
                held: 3,
                broken: 5,
            }],
            cases,
            collection: None,
            interrupted: false,
        }
    }

    fn t(&self, text: &str) -> String {
        format!("{text}{}", self.0)
    }

    fn capability(&self, name: &str, present: bool, reason: &str) -> CapabilityOutcome {
        CapabilityOutcome {
            unknown: false,
            name: self.t(name),
            says: self.t("The registry offers it."),
            present,
            reason: self.t(reason),
            evidence: Some(self.exchange("DELETE", 405, "")),
        }
    }

    fn cases(&self) -> Vec<CaseOutcome> {
        let error = || Verdict::Error {
            message: self.t("no answer in time: waiting for the response took longer than 30000 ms"),
        };
        let broken = || Verdict::Broken {
            step: self.t("push image"),
            seen: self.t("500 Internal Server Error"),
        };
        let skip = |reason| Verdict::Skip { reason };
        let declined = || SkipReason::Capability {
            name: self.t("delete-tag"),
        };
        let should = |id| self.outcome(id, Level::Should, self.header());
        let must = |id| self.outcome(id, Level::Must, self.status());
        let mut cases = vec![
            self.case("delete/tags/by-name", skip(declined())),
            self.case("delete/tags/twice", skip(declined())),
            self.case("discover/referrers/empty", Verdict::Fail),
            self.case("discover/referrers/paged", Verdict::Fail),
            self.case("gc/race/delete-while-pushing", skip(SkipReason::Interrupted)),
            self.case("mount/blobs/from-another", skip(SkipReason::Repositories { needed: 2 })),
            self.case("pull/blobs/whole[algorithm=sha256]", Verdict::Pass),
            self.case("pull/blobs/whole[algorithm=sha512]", Verdict::Warn),
            self.case("push/manifests/by-tag", broken()),
            self.case("push/manifests/by-digest", broken()),
            self.case("tags/list/paged", error()),
            // The same id twice: only a report from a stranger has that.
            self.case("tags/list/paged", Verdict::Pass),
        ];
        cases[2].expectations = vec![
            self.outcome("dist-referrers-200", Level::Must, vec![]),
            must("dist-referrers-200"),
            should("dist-warning-header"),
        ];
        cases[3].expectations = vec![must("dist-referrers-200"), must("dist-referrers-200")];
        cases[6].expectations = vec![
            self.outcome("dist-pull-blob-200", Level::Must, vec![]),
            self.outcome("dist-pull-blob-range", Level::May, self.status()),
        ];
        cases[6].facts = vec![Recorded {
            fact: self.t("blob-ranges"),
            value: self.t("ignored"),
        }];
        cases[7].expectations = vec![should("dist-warning-header")];
        cases
    }

    fn case(&self, id: &str, verdict: Verdict) -> CaseOutcome {
        let exchanges = match &verdict {
            Verdict::Skip { .. } => vec![],
            Verdict::Pass | Verdict::Warn => vec![self.exchange("GET", 200, "hello")],
            Verdict::Fail | Verdict::Broken { .. } => vec![
                self.exchange("PUT", 201, ""),
                self.exchange("GET", 500, "{\n  \"errors\": [\n    {\"code\": \"UNKNOWN\"}\n  ]\n}\n"),
            ],
            Verdict::Error { .. } => vec![Exchange {
                response: None,
                error: Some(TransportError::Timeout {
                    phase: Phase::Read,
                    limit_ms: 30_000,
                }),
                ..self.exchange("GET", 200, "")
            }],
        };
        let file = id.rsplit_once('/').map_or(id, |(file, _)| file);
        CaseOutcome {
            id: self.t(id),
            says: self.t("A conforming registry does what is asked of it."),
            file: self.t(&format!("cases/{file}.yaml")),
            line: 12,
            verdict,
            known: None,
            expectations: vec![],
            facts: vec![],
            exchanges,
            elapsed_ms: 12.25,
        }
    }

    fn status(&self) -> Vec<Mismatch> {
        vec![Mismatch {
            subject: self.t("status"),
            expected: self.t("200"),
            actual: self.t("500"),
        }]
    }

    fn header(&self) -> Vec<Mismatch> {
        vec![Mismatch {
            subject: self.t("header Warning"),
            expected: self.t("code 299, agent `-`, and a text in quotes of no more than 256 bytes"),
            actual: self.t("199 example \"old\""),
        }]
    }

    fn outcome(&self, requirement: &str, level: Level, mismatches: Vec<Mismatch>) -> ExpectationOutcome {
        ExpectationOutcome {
            requirement: self.t(requirement),
            level,
            step: 0,
            action: self.t("send GET /v2/${repo}/referrers/${image.digest}"),
            file: self.t("cases/discover/referrers.yaml"),
            line: 17,
            exchange: 1,
            mismatches,
        }
    }

    fn findings(&self) -> Vec<Finding> {
        let occurrence = |case: &str, mismatches| Occurrence {
            case: self.t(case),
            action: self.t("send GET /v2/${repo}/referrers/${image.digest}"),
            exchange: 1,
            mismatches,
        };
        let others = ["discover/referrers/x", "discover/referrers/y"];
        let mut failed = vec![
            occurrence("discover/referrers/empty", self.status()),
            occurrence("discover/referrers/paged", [self.status(), self.header()].concat()),
            occurrence("discover/referrers/paged", self.status()),
        ];
        failed.extend(others.map(|case| occurrence(case, self.status())));
        vec![
            Finding {
                requirement: self.t("dist-referrers-200"),
                level: Level::Must,
                weight: Weight::Fail,
                text: self.t(
                    "A registry that offers the referrers API answers a well-formed question with 200 and an index, \
                     even if nothing refers to the digest.",
                ),
                derived: None,
                section: self.t("Listing Referrers"),
                link: Some(self.t("https://spec.example/distribution/1.1#listing-referrers")),
                known: None,
                occurrences: failed,
            },
            Finding {
                requirement: self.t("dist-warning-header"),
                level: Level::Should,
                weight: Weight::Warn,
                text: self.t("A Warning header has code 299 and the agent `-`."),
                derived: Some(self.t("the description of the header and RFC 9110, section 5.5")),
                section: self.t("Warnings"),
                link: None,
                known: None,
                occurrences: vec![occurrence("pull/blobs/whole[algorithm=sha512]", self.header())],
            },
        ]
    }

    fn exchange(&self, method: &str, status: u16, body: &str) -> Exchange {
        let request = Request {
            method: method.to_owned(),
            url: self.t("http://127.0.0.1:5000/v2/referee/x/referrers/sha256:00"),
            headers: vec![
                ("accept".to_owned(), self.t("*/*")),
                ("user-agent".to_owned(), self.t("referee")),
            ],
            body: BodyRecord::empty(),
            transport: Transport::Pooled,
        };
        let response = Response {
            status,
            version: "HTTP/1.1".to_owned(),
            reason: (!self.0.is_empty()).then(|| self.t("Reason")),
            headers: vec![("content-type".to_owned(), self.t("application/json"))],
            body: BodyRecord {
                preview: self.t(body),
                ..BodyRecord::of(body.as_bytes())
            },
            raw_head: None,
            trailing: 0,
        };
        let hops = match status {
            200 => vec![Hop {
                request: request.clone(),
                response: response.clone(),
            }],
            _ => vec![],
        };
        Exchange {
            request,
            response: Some(response),
            error: None,
            hops,
            started_ms: 5,
            elapsed_ms: 2.5,
            attempts: 1,
            purpose: Purpose::Case,
        }
    }
}
