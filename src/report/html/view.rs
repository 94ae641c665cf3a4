//! What the page shows, as plain values: everything is counted, cut and made printable here, so that the template only
//! places it.

use std::collections::{BTreeMap, BTreeSet};

use crate::client::exchange::{BodyRecord, Exchange, Purpose};
use crate::outcome::{
    CaseOutcome, Conclusion, ExpectationOutcome, Finding, Mismatch, Report, Standing, Verdict, Weight,
};
use crate::report::unjudged::{self, Cause};
use crate::report::words;
use crate::report::{evidence, printable};

/// Entries of the known failures that are named as out of date.
const MOST_ENTRIES: usize = 50;

/// Characters of a line of text.
const LINE: usize = 500;
/// Characters of a body that is shown in full.
const BODY: usize = 2048;
/// Characters of a body that is no text.
const BINARY: usize = 160;
/// Exchanges that are shown of a case.
const EXCHANGES: usize = 16;
/// Exchanges of a case that are shown in full.
const IN_FULL: usize = 2;
/// Characters of exchanges that are shown in full for all cases together: a page of a registry that fails everything shall
/// still open on a phone. Each finding shows its first exchange whatever this says.
const ALL_IN_FULL: usize = 80 * 1024;
/// Characters of a word in a path, such as a digest or the state of an upload.
const WORD: usize = 24;
/// Occurrences of a finding that are listed.
const OCCURRENCES: usize = 50;

/// Cases that are named for a requirement.
const NAMED: usize = 3;

/// The whole page.
pub(super) struct View {
    pub title: String,
    pub conclusion: &'static str,
    pub sentence: String,
    pub about: Vec<(&'static str, String)>,
    pub counts: String,
    pub bar: Vec<Segment>,
    pub categories: Vec<CategoryView>,
    pub findings: Vec<FindingView>,
    pub unjudged: Vec<UnjudgedView>,
    pub requirements: Vec<RequirementView>,
    pub cases: Vec<CaseView>,
    pub capabilities: Vec<CapabilityView>,
    pub facts: Vec<FactView>,
}

/// A part of the bar of verdicts.
pub(super) struct Segment {
    pub verdict: &'static str,
    pub count: usize,
}

pub(super) struct CategoryView {
    pub name: &'static str,
    pub class: &'static str,
    pub standing: &'static str,
    pub tally: String,
}

pub(super) struct FindingView {
    pub id: String,
    pub class: &'static str,
    pub word: &'static str,
    pub known: Option<String>,
    pub level: &'static str,
    pub text: String,
    pub section: String,
    pub link: Option<String>,
    pub derived: Option<String>,
    pub mismatches: Vec<MismatchView>,
    pub action: String,
    pub exchange: Option<ExchangeView>,
    pub occurrences: Vec<String>,
    pub count: usize,
}

/// What was expected and what was there, each in three parts: the same, different, the same again.
pub(super) struct MismatchView {
    pub subject: String,
    pub expected: [String; 3],
    pub actual: [String; 3],
}

pub(super) struct ExchangeView {
    pub line: String,
    pub status: String,
    pub curl: String,
    pub request: String,
    pub response: String,
}

pub(super) struct UnjudgedView {
    pub class: &'static str,
    pub cause: String,
    pub cases: Vec<String>,
}

pub(super) struct RequirementView {
    pub id: String,
    pub level: &'static str,
    pub text: String,
    pub section: String,
    pub link: Option<String>,
    pub class: &'static str,
    pub word: String,
    pub cases: Vec<String>,
    pub more: usize,
}

pub(super) struct CaseView {
    pub id: String,
    pub says: String,
    pub verdict: &'static str,
    pub reason: String,
    pub place: String,
    pub elapsed: String,
    pub failed: Vec<(String, Vec<MismatchView>)>,
    pub held: Vec<String>,
    pub exchanges: Vec<ExchangeView>,
    pub lines: Vec<String>,
    pub more: usize,
}

pub(super) struct CapabilityView {
    pub name: String,
    pub says: String,
    pub state: &'static str,
    pub present: bool,
    pub reason: String,
}

pub(super) struct FactView {
    pub name: String,
    pub values: Vec<(String, usize)>,
}

impl View {
    /// Everything the page shows of a report.
    pub fn of(report: &Report) -> Self {
        let (conclusion, sentence) = words::verdict(report);
        let counts = report.counts;
        let segments = [
            ("fail", counts.fail),
            ("warn", counts.warn),
            ("broken", counts.broken),
            ("error", counts.error),
            ("known", counts.known),
            ("pass", counts.pass),
            ("skip", counts.skip),
        ];
        Self {
            title: line(&report.target.url),
            conclusion: match conclusion {
                Conclusion::Conforms => "conforms",
                Conclusion::Violates => "violates",
                Conclusion::Inconclusive => "inconclusive",
            },
            sentence,
            about: about(report),
            counts: words::counts(report),
            bar: segments
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .map(|(verdict, count)| Segment { verdict, count })
                .collect(),
            categories: report.categories.iter().map(category).collect(),
            findings: report
                .findings
                .iter()
                .map(|finding| a_finding(report, finding))
                .collect(),
            unjudged: unjudged(report),
            requirements: requirements(report),
            cases: cases(report),
            capabilities: report
                .capabilities
                .iter()
                .map(|capability| CapabilityView {
                    name: line(&capability.name),
                    says: line(&capability.says),
                    state: match capability.present {
                        true if capability.unknown => "not known",
                        true => "offered",
                        false => "not offered",
                    },
                    present: capability.present && !capability.unknown,
                    reason: line(&capability.reason),
                })
                .collect(),
            facts: report
                .facts
                .iter()
                .map(|fact| FactView {
                    name: line(&fact.fact),
                    values: fact
                        .values
                        .iter()
                        .map(|(value, cases)| (line(value), cases.len()))
                        .collect(),
                })
                .collect(),
        }
    }
}

fn about(report: &Report) -> Vec<(&'static str, String)> {
    let target = &report.target;
    let mut about = vec![
        ("Profile", words::profile(report)),
        ("Server", line(target.server.as_deref().unwrap_or("(it does not say)"))),
        ("Credentials", line(&target.credentials)),
        ("Started", line(&report.run.started)),
        ("Seed", report.run.seed.to_string()),
        ("Referee", line(&report.run.tool_version)),
    ];
    let out_of_date = words::out_of_date(report).into_iter().take(MOST_ENTRIES);
    about.extend(out_of_date.map(|entry| ("Remove from the known failures", line(&entry))));
    about.extend(target.notes.iter().map(|note| ("Note", line(note))));
    about
}

fn category(verdict: &crate::outcome::CategoryVerdict) -> CategoryView {
    CategoryView {
        name: verdict.category.name(),
        class: match verdict.standing {
            Standing::Certified => "pass",
            Standing::NotCertified => "fail",
            Standing::NotOffered | Standing::NotJudged => "skip",
        },
        standing: words::standing(verdict.standing),
        tally: words::tally(&verdict.counts),
    }
}

fn a_finding(report: &Report, finding: &Finding) -> FindingView {
    let first = finding.occurrences.first();
    let exchange = first.and_then(|first| {
        let case = report.cases.iter().find(|case| case.id == first.case)?;
        case.exchanges.get(first.exchange)
    });
    let mut cases: Vec<String> = finding.occurrences.iter().map(|o| line(&o.case)).collect();
    cases.dedup();
    cases.truncate(OCCURRENCES);
    FindingView {
        id: line(&finding.requirement),
        class: match finding.known {
            Some(_) => "known",
            None => weight(finding.weight),
        },
        word: match (finding.weight, &finding.known) {
            (_, Some(_)) => "KNOWN",
            (Weight::Fail, None) => "FAIL",
            (Weight::Warn, None) => "WARN",
            (Weight::Fact, None) => "NOTE",
        },
        known: finding.known.as_deref().map(line),
        level: finding.level.name(),
        text: line(&finding.text),
        section: line(&finding.section),
        link: finding.link.as_deref().and_then(web_link),
        derived: finding.derived.as_deref().map(line),
        mismatches: first.map(|first| mismatches(&first.mismatches)).unwrap_or_default(),
        action: first.map(|first| line(&first.action)).unwrap_or_default(),
        exchange: exchange.map(an_exchange),
        occurrences: cases,
        count: finding.occurrences.len(),
    }
}

fn unjudged(report: &Report) -> Vec<UnjudgedView> {
    let view = |cause: Cause| UnjudgedView {
        class: if cause.is_error { "error" } else { "broken" },
        cause: line(&cause.text),
        cases: cause.cases.iter().map(|case| line(&case.id)).collect(),
    };
    unjudged::causes(report).into_iter().map(view).collect()
}

fn requirements(report: &Report) -> Vec<RequirementView> {
    let mut judged_in: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for case in &report.cases {
        for outcome in &case.expectations {
            let cases = judged_in.entry(&outcome.requirement).or_default();
            if cases.last() != Some(&case.id.as_str()) {
                cases.push(&case.id);
            }
        }
    }
    report
        .requirements
        .iter()
        .map(|requirement| {
            let (class, word) = match (requirement.held, requirement.broken) {
                (0, 0) => ("skip", "not judged".to_owned()),
                (held, 0) => ("pass", format!("held {held} times")),
                (held, broken) => (
                    weight(requirement.level.weight()),
                    format!("broken {broken} of {} times", held + broken),
                ),
            };
            let cases = judged_in.get(requirement.id.as_str());
            RequirementView {
                id: line(&requirement.id),
                level: requirement.level.name(),
                text: line(&requirement.text),
                section: line(&requirement.section),
                link: requirement.link.as_deref().and_then(web_link),
                class,
                word,
                more: cases.map_or(0, |cases| cases.len().saturating_sub(NAMED)),
                cases: cases.into_iter().flatten().take(NAMED).map(|case| line(case)).collect(),
            }
        })
        .collect()
}

fn cases(report: &Report) -> Vec<CaseView> {
    let mut in_how_many: BTreeMap<&str, usize> = BTreeMap::new();
    for case in &report.cases {
        let held: BTreeSet<&str> = case.expectations.iter().map(|e| e.requirement.as_str()).collect();
        held.into_iter().for_each(|id| *in_how_many.entry(id).or_default() += 1);
    }
    // What is judged on every exchange is no news of a single case.
    in_how_many.retain(|_, count| *count * 4 > report.cases.len() && *count > 20);
    let mut room = ALL_IN_FULL;
    let cases = report.cases.iter();
    cases.map(|one| case(one, &in_how_many, &mut room)).collect()
}

fn case(case: &CaseOutcome, common: &BTreeMap<&str, usize>, room: &mut usize) -> CaseView {
    let failed = case
        .expectations
        .iter()
        .filter(|e| !e.held())
        .map(|e| (title(e), mismatches(&e.mismatches)))
        .collect();
    let held: BTreeSet<&str> = case
        .expectations
        .iter()
        .filter(|e| e.held())
        .map(|e| e.requirement.as_str())
        .filter(|id| !common.contains_key(id))
        .collect();
    // What was judged and did not hold is evidence, and of a case that broke off the last exchange; the rest is a line each.
    let mut telling: Vec<usize> = case
        .expectations
        .iter()
        .filter(|e| !e.held())
        .map(|e| e.exchange)
        .collect();
    if matches!(case.verdict, Verdict::Broken { .. } | Verdict::Error { .. }) {
        telling.extend(case.exchanges.len().checked_sub(1));
    }
    telling.sort_unstable();
    telling.dedup();
    telling.truncate(IN_FULL);
    let telling = telling.iter().filter_map(|index| case.exchanges.get(*index));
    let exchanges = telling
        .map(an_exchange)
        .map_while(|exchange| {
            *room = room.checked_sub(exchange.request.len() + exchange.response.len())?;
            Some(exchange)
        })
        .collect();
    let folded = case.known.is_none() && matches!(case.verdict, Verdict::Pass | Verdict::Skip { .. });
    let shown = case.exchanges.len().min(EXCHANGES);
    CaseView {
        id: line(&case.id),
        says: line(&case.says),
        verdict: if case.known.is_some() {
            "known"
        } else {
            case.verdict.name()
        },
        reason: match &case.verdict {
            _ if case.known.is_some() => case.known.as_deref().map(line).unwrap_or_default(),
            Verdict::Skip { reason } => line(&reason.to_string()),
            Verdict::Broken { step, seen } => format!("{}: {}", line(step), line(seen)),
            Verdict::Error { message } => line(message),
            Verdict::Pass | Verdict::Fail | Verdict::Warn => String::new(),
        },
        place: format!("{}:{}", line(&case.file), case.line),
        elapsed: format!("{:.0} ms", case.elapsed_ms),
        failed,
        held: held.into_iter().map(line).collect(),
        exchanges,
        lines: if folded {
            vec![steps(&case.exchanges[..shown])]
        } else {
            case.exchanges[..shown].iter().map(one_line).collect()
        },
        more: case.exchanges.len() - shown,
    }
}

fn title(outcome: &ExpectationOutcome) -> String {
    format!(
        "{} ({}), at {}",
        line(&outcome.requirement),
        outcome.level,
        line(&outcome.action)
    )
}

fn mismatches(mismatches: &[Mismatch]) -> Vec<MismatchView> {
    mismatches
        .iter()
        .map(|mismatch| {
            let (expected, actual) = parts(&line(&mismatch.expected), &line(&mismatch.actual));
            MismatchView {
                subject: line(&mismatch.subject),
                expected,
                actual,
            }
        })
        .collect()
}

/// Two texts, each split into what they have in common at the start, what is different, and what they have in common at
/// the end. Texts that have little in common are left whole.
fn parts(a: &str, b: &str) -> ([String; 3], [String; 3]) {
    let (x, y): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let most = x.len().min(y.len());
    let head = (0..most).take_while(|at| x[*at] == y[*at]).count();
    let tail = (0..most - head)
        .take_while(|at| x[x.len() - 1 - at] == y[y.len() - 1 - at])
        .count();
    let (head, tail) = if (head + tail) * 2 < most { (0, 0) } else { (head, tail) };
    let split = |text: &[char]| {
        let end = text.len() - tail;
        [&text[..head], &text[head..end], &text[end..]].map(|part| part.iter().collect::<String>())
    };
    (split(&x), split(&y))
}

fn an_exchange(exchange: &Exchange) -> ExchangeView {
    let request = &exchange.request;
    let mut asked = format!("{} {}\n", printable::line(&request.method, 40), line(&request.url));
    asked.push_str(&headers(&request.headers));
    asked.push_str(&body(&request.body));
    let mut answered = String::new();
    if let Some(response) = &exchange.response {
        answered = format!(
            "{} {}\n",
            printable::line(&response.version, 20),
            evidence::status(exchange)
        );
        answered.push_str(&headers(&response.headers));
        answered.push_str(&body(&response.body));
        if let Some(raw) = &response.raw_head {
            answered.push_str(&format!("\nas it came: {}", printable::lines(raw, BODY)));
        }
    } else if let Some(error) = &exchange.error {
        answered = line(&error.to_string());
    }
    ExchangeView {
        line: one_line(exchange),
        status: evidence::status(exchange),
        curl: evidence::command(exchange),
        request: asked,
        response: answered,
    }
}

/// The request without its host, the status and the time.
fn one_line(exchange: &Exchange) -> String {
    let path = exchange.request.url.splitn(4, '/').nth(3).unwrap_or_default();
    let purpose = match exchange.purpose {
        Purpose::Setup => " (setup)",
        Purpose::Probe | Purpose::Cleanup | Purpose::Auth | Purpose::Case => "",
    };
    format!(
        "{} /{}{purpose} → {}, {:.0} ms",
        printable::line(&exchange.request.method, 40),
        shortened(&printable::line(path, 300)),
        evidence::status(exchange),
        exchange.elapsed_ms
    )
}

/// What was asked and answered, a word each.
fn steps(exchanges: &[Exchange]) -> String {
    let mut text = String::new();
    for (index, exchange) in exchanges.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| exchanges.get(index));
        let setup = |exchange: &Exchange| exchange.purpose == Purpose::Setup;
        text.push_str(match before {
            None => "",
            Some(before) if setup(before) && !setup(exchange) => " | ",
            Some(_) => ", ",
        });
        let status = exchange.response.as_ref().map(|response| response.status);
        let status = status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        text.push_str(&format!("{} {status}", printable::line(&exchange.request.method, 40)));
    }
    text
}

/// A path in which long words are cut to half.
fn shortened(path: &str) -> String {
    let mut shown = String::new();
    let mut rest = path;
    while !rest.is_empty() {
        let end = rest.find(['/', ':', '?', '&', '=', '.', ' ']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        match word
            .char_indices()
            .nth(WORD)
            .and_then(|_| word.char_indices().nth(WORD / 2))
        {
            Some((half, _)) => {
                shown.push_str(&word[..half]);
                shown.push('…');
            }
            None => shown.push_str(word),
        }
        let next = after.chars().next().map_or(0, char::len_utf8);
        shown.push_str(&after[..next]);
        rest = &after[next..];
    }
    shown
}

fn headers(headers: &[(String, String)]) -> String {
    headers
        .iter()
        .map(|(name, value)| format!("{}: {}\n", line(name), line(value)))
        .collect()
}

/// The start of a body. Of one that is no text a few bytes are enough: nobody reads on.
fn body(body: &BodyRecord) -> String {
    let limit = if body.binary { BINARY } else { BODY };
    match (body.len, body.preview.is_empty()) {
        (0, _) => String::new(),
        (len, true) => format!("\n({len} bytes)"),
        (len, false) => {
            let more = if body.truncated || body.binary {
                format!("\n({len} bytes in all)")
            } else {
                String::new()
            };
            format!("\n{}{more}", printable::lines(&body.preview, limit))
        }
    }
}

/// An address that a click may lead to: nothing but the web.
fn web_link(link: &str) -> Option<String> {
    (link.starts_with("https://") || link.starts_with("http://")).then(|| line(link))
}

fn weight(weight: Weight) -> &'static str {
    match weight {
        Weight::Fail => "fail",
        Weight::Warn => "warn",
        Weight::Fact => "skip",
    }
}

fn line(text: &str) -> String {
    printable::line(text, LINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_texts_share_is_set_apart() {
        let (a, b) = parts("sha256:aaXbb", "sha256:aaYZbb");
        assert_eq!(a, ["sha256:aa", "X", "bb"]);
        assert_eq!(b, ["sha256:aa", "YZ", "bb"]);
        assert_eq!(parts("200", "404").0, ["", "200", ""]);
        assert_eq!(parts("", "x").1, ["", "x", ""]);
    }

    #[test]
    fn digests_in_paths_are_short_and_links_lead_to_the_web_only() {
        assert_eq!(
            shortened("v2/a/blobs/sha256:0123456789abcdef0123456789/x?n=1"),
            "v2/a/blobs/sha256:0123456789ab…/x?n=1"
        );
        assert_eq!(web_link("javascript:alert(1)"), None);
        assert!(web_link("https://example.org/#a").is_some());
    }
}
