//! JUnit XML, for the pages of continuous integration.
//!
//! Owns the mapping: a suite for each area, a test case for each case, a failure for what counts against the target, an
//! error for what could not be judged. The crate `junit-report` writes the elements; it takes text as it comes, so that
//! a registry could end a CDATA section or put in characters that XML does not have. Hence every text passes through
//! `text` or `attribute` first, and `complete` adds afterwards what that crate cannot say.

mod complete;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use junit_report::{Duration, OffsetDateTime, TestCase, TestCaseBuilder, TestSuite};
use time::format_description::well_known::Rfc3339;

use super::{evidence, printable, words};
use crate::case::{CaseId, Weight};
use crate::outcome::{CaseOutcome, ExpectationOutcome, Finding, Report, SkipReason, Verdict};

/// Characters of an attribute.
const ATTRIBUTE: usize = 1000;

/// Characters of an expected or actual value.
const VALUE: usize = 1500;

/// Characters of the text of one case. Some readers refuse a file of more than 30 MB.
const TEXT: usize = 16_000;

/// XML that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum JunitError {
    /// The first pass.
    #[error(transparent)]
    Write(#[from] junit_report::Error),
    /// The second pass.
    #[error(transparent)]
    Xml(#[from] quick_xml::Error),
    /// The second pass.
    #[error(transparent)]
    Attribute(#[from] quick_xml::events::attributes::AttrError),
    /// Writing to memory.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Not UTF-8.
    #[error(transparent)]
    Utf8(#[from] std::string::FromUtf8Error),
}

/// The report as JUnit XML: well-formed XML 1.0, whatever the target sent.
///
/// # Errors
/// Only by a mistake in this module.
pub fn write(report: &Report) -> Result<String, JunitError> {
    let mut areas: BTreeMap<String, Vec<&CaseOutcome>> = BTreeMap::new();
    for case in &report.cases {
        let area = CaseId(case.id.clone()).area().to_owned();
        areas.entry(area).or_default().push(case);
    }
    let words = Words::of(report);
    let mut names = Names::default();
    let mut junit = junit_report::Report::new();
    let mut additions = Vec::new();
    for (area, cases) in areas {
        let mut suite = TestSuite::new(&attribute(&format!("referee.{area}")));
        suite.hostname = attribute(host(&report.target.url));
        suite.set_timestamp(OffsetDateTime::parse(&report.run.started, &Rfc3339).unwrap_or(OffsetDateTime::UNIX_EPOCH));
        for case in cases {
            suite.add_testcase(words.test_case(case, &names.unique(&case.id)));
            additions.push(complete::Addition {
                line: case.line,
                assertions: case.expectations.len(),
                properties: properties(case),
            });
        }
        junit.add_testsuite(suite);
    }
    let out_of_date = words::out_of_date(report);
    if !out_of_date.is_empty() {
        let mut suite = TestSuite::new("referee.known-failures");
        suite.hostname = attribute(host(&report.target.url));
        for entry in out_of_date {
            let mut builder =
                TestCaseBuilder::failure(&names.unique(&entry), duration(0.0), "stale", "remove the entry");
            builder.set_classname("referee.known-failures");
            suite.add_testcase(builder.build());
            additions.push(complete::Addition {
                line: 0,
                assertions: 1,
                properties: Vec::new(),
            });
        }
        junit.add_testsuite(suite);
    }
    let mut xml = Vec::new();
    junit.write_xml(&mut xml)?;
    complete::complete(&String::from_utf8(xml)?, &junit, &run_properties(report), &additions)
}

/// Names that were given: two test cases of one name would be taken for attempts at one test.
#[derive(Default)]
struct Names(BTreeSet<String>);

impl Names {
    fn unique(&mut self, id: &str) -> String {
        let name = attribute(id);
        let mut unique = name.clone();
        let mut count = 1;
        while !self.0.insert(unique.clone()) {
            count += 1;
            unique = format!("{name} ({count})");
        }
        unique
    }
}

/// What is said about a case.
struct Words<'a> {
    report: &'a Report,
    findings: HashMap<&'a str, &'a Finding>,
}

impl<'a> Words<'a> {
    fn of(report: &'a Report) -> Self {
        let findings = report
            .findings
            .iter()
            .map(|finding| (finding.requirement.as_str(), finding));
        Words {
            report,
            findings: findings.collect(),
        }
    }

    fn test_case(&self, case: &CaseOutcome, name: &str) -> TestCase {
        let mut builder = match (&case.verdict, &case.known) {
            (_, Some(reason)) => TestCaseBuilder::skipped_with_cause(name, "expected-failure", &attribute(reason)),
            (verdict, None) => self.judged_case(case, verdict, name),
        };
        if case.verdict == Verdict::Warn && case.known.is_none() {
            builder.set_system_out(&text(&self.warnings(case)));
        }
        builder.set_classname(&attribute(&class_name(&case.id)));
        builder.set_filepath(&attribute(&case.file));
        builder.build()
    }

    fn judged_case(&self, case: &CaseOutcome, verdict: &Verdict, name: &str) -> TestCaseBuilder {
        let time = duration(case.elapsed_ms);
        match verdict {
            Verdict::Pass => TestCaseBuilder::success(name, time),
            Verdict::Warn if !self.report.run.strict => TestCaseBuilder::success(name, time),
            Verdict::Fail | Verdict::Warn => {
                let weight = case.expectations.iter().filter(|e| !e.held()).map(|e| e.weight()).min();
                let kind = match weight {
                    Some(Weight::Warn) => "warn",
                    Some(Weight::Fail | Weight::Fact) | None => "fail",
                };
                let mut builder = TestCaseBuilder::failure(name, time, kind, &attribute(&first_line(case)));
                builder.set_trace(&text(&self.failure(case)));
                builder
            }
            Verdict::Broken { step, seen } => {
                let message = format!("could not be judged: {step}: {seen}");
                let mut builder = TestCaseBuilder::error(name, time, "broken", &attribute(&message));
                builder.set_trace(&text(&trouble(case, &message)));
                builder
            }
            Verdict::Error { message } => {
                let mut builder = TestCaseBuilder::error(name, time, "error", &attribute(message));
                builder.set_trace(&text(&trouble(case, message)));
                builder
            }
            Verdict::Skip { reason } => {
                let kind = match reason {
                    SkipReason::Capability { .. } => "capability",
                    SkipReason::Repositories { .. } => "repositories",
                    SkipReason::NotApplicable { .. } => "not-applicable",
                    SkipReason::Interrupted => "interrupted",
                };
                let reason = attribute(&reason.to_string());
                TestCaseBuilder::skipped_with_cause(name, kind, &reason)
            }
        }
    }

    /// Every expectation that was not met, failures first. It starts with the place of the case, where some readers
    /// look for it.
    fn failure(&self, case: &CaseOutcome) -> String {
        let mut lines = vec![place(case), printable::line(&case.says, VALUE)];
        let mut unmet: Vec<_> = unmet(case).collect();
        unmet.sort_by_key(|outcome| outcome.weight());
        let (mut explained, mut shown) = (BTreeSet::new(), BTreeSet::new());
        for outcome in unmet {
            lines.push(String::new());
            self.heading(outcome, &mut lines);
            if explained.insert(&outcome.requirement) {
                self.explanation(outcome, &mut lines);
            }
            for mismatch in &outcome.mismatches {
                lines.push(format!("  {}", printable::line(&mismatch.subject, VALUE)));
                lines.push(format!("    expected  {}", printable::line(&mismatch.expected, VALUE)));
                lines.push(format!("    actual    {}", printable::line(&mismatch.actual, VALUE)));
            }
            let at = format!("{}:{}: {}", outcome.file, outcome.line, outcome.action);
            lines.push(format!("  at {}", printable::line(&at, VALUE)));
            if shown.insert(outcome.exchange) {
                exchange(case, outcome.exchange, &mut lines);
            } else {
                lines.push("  the exchange is shown above".to_owned());
            }
        }
        lines.join("\n")
    }

    fn heading(&self, outcome: &ExpectationOutcome, lines: &mut Vec<String>) {
        let word = if self.report.counts_against(outcome.weight()) {
            "FAIL"
        } else {
            "WARN"
        };
        let id = printable::line(&outcome.requirement, VALUE);
        lines.push(format!("{word} {id} ({})", outcome.level));
    }

    fn explanation(&self, outcome: &ExpectationOutcome, lines: &mut Vec<String>) {
        let Some(finding) = self.findings.get(outcome.requirement.as_str()) else {
            return;
        };
        lines.push(format!("  {}", printable::line(&finding.text, VALUE)));
        if let Some(derived) = &finding.derived {
            lines.push(format!("  derived from {}", printable::line(derived, VALUE)));
        }
        let section = printable::line(&finding.section, VALUE);
        let link = printable::line(finding.link.as_deref().unwrap_or_default(), VALUE);
        lines.push(format!("  {section} {link}").trim_end().to_owned());
    }

    /// A line for each recommendation that was not followed.
    fn warnings(&self, case: &CaseOutcome) -> String {
        let warning = |outcome: &ExpectationOutcome| {
            let finding = self.findings.get(outcome.requirement.as_str());
            let text = finding.map(|finding| finding.text.as_str()).unwrap_or_default();
            let link = finding.and_then(|finding| finding.link.as_deref()).unwrap_or_default();
            let line = format!("WARN {}: {text} {link}", summary(outcome));
            printable::line(line.trim_end(), 3 * VALUE)
        };
        unmet(case).map(warning).collect::<Vec<_>>().join("\n")
    }
}

/// An attribute or a name: one line without anything that XML or a reader could stumble over.
fn attribute(text: &str) -> String {
    without_attachments(&printable::line(text, ATTRIBUTE))
}

/// The text of an element, ready for the inside of a CDATA section. What would end the section is divided between two.
fn text(text: &str) -> String {
    without_attachments(&printable::lines(text, TEXT)).replace("]]>", "]]]]><![CDATA[>")
}

/// One reader takes a file that is named in double brackets for an attachment; a registry must not name any.
fn without_attachments(text: &str) -> String {
    text.replace("[[ATTACHMENT|", "[ [ATTACHMENT|")
}

fn unmet(case: &CaseOutcome) -> impl Iterator<Item = &ExpectationOutcome> {
    case.expectations
        .iter()
        .filter(|outcome| !outcome.held() && outcome.weight() != Weight::Fact)
}

/// The first of the gravest expectations that were not met.
fn first_line(case: &CaseOutcome) -> String {
    unmet(case)
        .min_by_key(|outcome| outcome.weight())
        .map_or_else(|| case.says.clone(), summary)
}

fn summary(outcome: &ExpectationOutcome) -> String {
    let seen = outcome.mismatches.first().map(|mismatch| {
        let short = |text: &str| printable::line(text, 200);
        let [subject, expected, actual] = [&mismatch.subject, &mismatch.expected, &mismatch.actual].map(|t| short(t));
        format!(": {subject}: expected {expected}, got {actual}")
    });
    format!("{}{}", outcome.requirement, seen.unwrap_or_default())
}

/// A case that could not be judged: the last exchange is the one that stopped it.
fn trouble(case: &CaseOutcome, message: &str) -> String {
    let mut lines = vec![place(case), printable::line(&case.says, VALUE), String::new()];
    lines.push(printable::line(message, VALUE));
    exchange(case, case.exchanges.len().wrapping_sub(1), &mut lines);
    lines.join("\n")
}

fn place(case: &CaseOutcome) -> String {
    format!(" {}:{}", printable::line(&case.file, ATTRIBUTE), case.line)
}

fn exchange(case: &CaseOutcome, index: usize, lines: &mut Vec<String>) {
    let Some(exchange) = case.exchanges.get(index) else {
        return;
    };
    lines.push(format!("  $ {}", evidence::command(exchange)));
    lines.push(format!("  -> {}", evidence::status(exchange)));
    lines.extend(evidence::body(exchange).map(|body| format!("     {body}")));
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

/// `referee`, the area and the file, as in `referee.discover.referrers`.
fn class_name(id: &str) -> String {
    let id = CaseId(id.to_owned());
    let mut parts: Vec<&str> = id.base().split('/').collect();
    if parts.len() > 1 {
        parts.pop();
    }
    format!("referee.{}", parts.join("."))
}

fn properties(case: &CaseOutcome) -> Vec<(&'static str, String)> {
    let requirements: BTreeSet<&str> = case.expectations.iter().map(|e| e.requirement.as_str()).collect();
    let level = case.expectations.iter().map(|outcome| outcome.level).min();
    let level = level.map(|level| ("level", level.to_string()));
    let requirements = requirements.into_iter().map(|id| ("requirement", attribute(id)));
    level.into_iter().chain(requirements).collect()
}

fn run_properties(report: &Report) -> Vec<(&'static str, String)> {
    let mut properties = vec![
        ("referee", attribute(&report.run.tool_version)),
        ("target", attribute(&report.target.url)),
        ("profile", attribute(&report.run.profile)),
        ("strict", report.run.strict.to_string()),
        ("seed", report.run.seed.to_string()),
        ("suite", attribute(&report.run.suite_digest)),
    ];
    let documents = report.run.documents.iter();
    properties.extend(documents.map(|(name, version)| ("document", attribute(&format!("{name} {version}")))));
    properties.extend(report.target.server.iter().map(|server| ("server", attribute(server))));
    let retention = report
        .collection
        .iter()
        .filter_map(|collection| collection.retention.as_ref());
    properties.extend(retention.map(|retention| ("retention", attribute(&retention.profile))));
    properties
}

/// Bounded, so that a sum of durations cannot overflow; not a number counts as nothing.
fn duration(elapsed_ms: f64) -> Duration {
    let micros = if elapsed_ms > 0.0 {
        (elapsed_ms * 1000.0).min(1e15)
    } else {
        0.0
    };
    Duration::microseconds(micros.round() as i64)
}
