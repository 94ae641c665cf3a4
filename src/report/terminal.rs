//! The summary that a person reads when a run has ended.
//!
//! Owns the order in which things are told: what is held against the target first, then what could not be judged, then
//! the overview, and the verdict last, where the eye is. Text from the target is escaped and cut, so that a registry can
//! neither move the cursor nor fill the screen.

mod collection;
mod page;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use self::page::{Ink, Page};
use super::unjudged::{self, Cause};
use super::words::{self, plural};
use super::{evidence, printable};
use crate::client::exchange::Exchange;
use crate::outcome::{
    CaseOutcome, Conclusion, Finding, KnownOutcome, KnownState, Occurrence, Report, SkipReason, Standing, Verdict,
    Weight,
};

/// Characters of a text that comes from the target, or of a long text of our own.
const TEXT: usize = 500;

/// Characters of an expected or actual value.
const VALUE: usize = 300;

/// Mismatches of one occurrence that are shown.
const MISMATCHES: usize = 4;

/// Cases that are named where there are more.
const NAMED: usize = 3;

/// Causes of broken cases, or of errors, that are shown.
const CAUSES: usize = 12;

/// Whether to use colours. The caller knows whether they will be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Text only.
    Plain,
    /// With ANSI escapes for colours.
    Coloured,
}

/// How the summary is to look.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Whether to use colours.
    pub style: Style,
    /// Where lines are broken, in characters. Commands, addresses and other long words are never broken.
    pub width: usize,
}

impl Default for Look {
    fn default() -> Self {
        Look {
            style: Style::Plain,
            width: 100,
        }
    }
}

/// The summary of a run whose reports were written to `files`.
pub fn summary<P: AsRef<Path>>(report: &Report, files: &[P], look: Look) -> String {
    let mut page = Page::new(look);
    let cases = report.cases.iter().map(|case| (case.id.as_str(), case)).collect();
    header(report, &mut page);
    for finding in report.findings.iter().filter(|finding| finding.known.is_none()) {
        a_finding(report, finding, &cases, &mut page);
    }
    unjudged(report, &mut page);
    known(report, &mut page);
    categories(report, &mut page);
    declined(report, &mut page);
    not_run(report, &mut page);
    collection::rounds(report, &mut page);
    page.blank();
    page.line(&words::counts(report));
    verdict(report, &mut page);
    if !files.is_empty() {
        let files: Vec<String> = files.iter().map(|file| file.as_ref().display().to_string()).collect();
        page.wrapped("Written: ", &files.join(", "));
    }
    page.finish()
}

/// The counts and the closing sentence alone, and which entries of the known failures are out of date.
pub fn closing(report: &Report, look: Look) -> String {
    let mut page = Page::new(look);
    page.line(&words::counts(report));
    verdict(report, &mut page);
    let states = [KnownState::Stale, KnownState::Over];
    for known in report.known.iter().filter(|known| states.contains(&known.state)) {
        known_failure(known, &mut page);
    }
    page.finish()
}

fn header(report: &Report, page: &mut Page) {
    let target = &report.target;
    page.line(&format!(
        "Referee {}: {}",
        printable::line(&report.run.tool_version, TEXT),
        page.ink(Ink::Strong, &printable::line(&target.url, TEXT))
    ));
    let server = target.server.as_deref().unwrap_or("(it does not say)");
    page.wrapped("  server       ", &printable::line(server, VALUE));
    page.wrapped("  profile      ", &words::profile(report));
    page.wrapped("  credentials  ", &printable::line(&target.credentials, VALUE));
    page.wrapped("  seed         ", &report.run.seed.to_string());
    for note in &target.notes {
        page.wrapped("  note         ", &printable::line(note, TEXT));
    }
}

fn a_finding(report: &Report, finding: &Finding, cases: &HashMap<&str, &CaseOutcome>, page: &mut Page) {
    page.blank();
    let word = match (finding.weight, report.counts_against(finding.weight)) {
        (Weight::Fail, _) => page.ink(Ink::Bad, "FAIL"),
        (Weight::Warn, true) => page.ink(Ink::Bad, "WARN"),
        (Weight::Warn, false) => page.ink(Ink::Doubtful, "WARN"),
        (Weight::Fact, _) => page.ink(Ink::Faint, "NOTE"),
    };
    let id = page.ink(Ink::Strong, &printable::line(&finding.requirement, VALUE));
    page.line(&format!("{word} {id} ({})", finding.level));
    if !finding.text.is_empty() {
        page.wrapped("  ", &printable::line(&finding.text, TEXT));
    }
    let link = finding.link.as_deref().unwrap_or_default();
    let source = printable::line(format!("{}  {link}", finding.section).trim(), TEXT);
    if !source.is_empty() {
        page.wrapped("  ", &source);
    }
    if let Some(derived) = &finding.derived {
        page.wrapped("  derived from ", &printable::line(derived, TEXT));
    }
    if let Some(first) = finding.occurrences.first() {
        mismatches(first, page);
    }
    let mut named: Vec<&str> = finding
        .occurrences
        .iter()
        .map(|occurrence| occurrence.case.as_str())
        .collect();
    named.dedup();
    let occurrences = plural(finding.occurrences.len(), "occurrence", "occurrences");
    let word = if named.len() == 1 { "case" } else { "cases" };
    page.wrapped("  ", &format!("{occurrences} in {word} {}", names(&named)));
    if let Some(first) = finding.occurrences.first() {
        page.wrapped("  step: ", &printable::line(&first.action, VALUE));
        let case = cases.get(first.case.as_str());
        exchange(case.and_then(|case| case.exchanges.get(first.exchange)), page);
    }
}

fn mismatches(occurrence: &Occurrence, page: &mut Page) {
    for mismatch in occurrence.mismatches.iter().take(MISMATCHES) {
        page.wrapped("    ", &printable::line(&mismatch.subject, VALUE));
        page.wrapped("      expected  ", &printable::line(&mismatch.expected, VALUE));
        page.wrapped("      actual    ", &printable::line(&mismatch.actual, VALUE));
    }
    let rest = occurrence.mismatches.len().saturating_sub(MISMATCHES);
    if rest > 0 {
        page.line(&format!("    and {}", plural(rest, "more mismatch", "more mismatches")));
    }
}

fn exchange(exchange: Option<&Exchange>, page: &mut Page) {
    let Some(exchange) = exchange else { return };
    page.line(&format!("  $ {}", evidence::command(exchange)));
    page.line(&format!("  -> {}", evidence::status(exchange)));
    if let Some(body) = evidence::body(exchange) {
        page.wrapped("     ", &body);
    }
}

/// Cases that are broken or in error, by cause.
fn unjudged(report: &Report, page: &mut Page) {
    let (errors, broken): (Vec<_>, Vec<_>) = unjudged::causes(report).into_iter().partition(|cause| cause.is_error);
    causes(
        "Broken: not judged, because something before did not work",
        &broken,
        page,
    );
    causes(
        "Errors: not judged, for want of an answer that says anything of what the case is about",
        &errors,
        page,
    );
}

fn causes(title: &str, causes: &[Cause], page: &mut Page) {
    if causes.is_empty() {
        return;
    }
    page.title(title);
    for cause in causes.iter().take(CAUSES) {
        page.wrapped("  ", &printable::line(&cause.text, TEXT));
        let ids: Vec<&str> = cause.cases.iter().map(|case| case.id.as_str()).collect();
        let count = plural(ids.len(), "case", "cases");
        page.wrapped("    ", &format!("{count}: {}", names(&ids)));
        if let Some(exchange) = cause.evidence() {
            page.line(&format!("    $ {}", evidence::command(exchange)));
            page.line(&format!("    -> {}", evidence::status(exchange)));
        }
    }
    let rest = causes.len().saturating_sub(CAUSES);
    if rest > 0 {
        page.line(&format!("  and {}", plural(rest, "more cause", "more causes")));
    }
}

fn categories(report: &Report, page: &mut Page) {
    if report.categories.is_empty() {
        return;
    }
    page.title("Categories");
    for verdict in &report.categories {
        let ink = match verdict.standing {
            Standing::Certified => Ink::Good,
            Standing::NotCertified => Ink::Bad,
            Standing::NotOffered | Standing::NotJudged => Ink::Faint,
        };
        let name = verdict.category.name();
        let word = page.ink(ink, &format!("{:<13}", words::standing(verdict.standing)));
        page.line(format!("  {name:<10}  {word}  {}", words::tally(&verdict.counts)).trim_end());
    }
}

/// What became of the known failures: those that hold in one line each, the others with what to do.
fn known(report: &Report, page: &mut Page) {
    if report.known.is_empty() {
        return;
    }
    page.title("Known failures");
    for known in &report.known {
        known_failure(known, page);
    }
}

fn known_failure(known: &KnownOutcome, page: &mut Page) {
    let (ink, advice) = match known.state {
        KnownState::Holds => (Ink::Faint, printable::line(&known.reason, VALUE)),
        KnownState::NotRun => (Ink::Faint, String::new()),
        KnownState::Stale => (Ink::Bad, "remove the entry".to_owned()),
        KnownState::Over => (
            Ink::Doubtful,
            "it covers nothing any more; remove the entry if it is mended, else give it another day".to_owned(),
        ),
    };
    let state = page.ink(ink, known.state.word());
    let entry = printable::line(&known.entry, VALUE);
    let colon = if advice.is_empty() { "" } else { ": " };
    page.line(&format!("  {entry}: {state}{colon}{advice}"));
}

fn declined(report: &Report, page: &mut Page) {
    let declined = report.capabilities.iter().filter(|capability| !capability.present);
    let declined: Vec<_> = declined
        .map(|c| (printable::line(&c.name, 40), printable::squeezed(&c.reason, VALUE)))
        .collect();
    let Some(width) = declined.iter().map(|(name, _)| name.chars().count()).max() else {
        return;
    };
    page.title("Not offered by the registry");
    for (name, reason) in declined {
        page.cut(&format!("  {name:<width$}  {reason}"));
    }
}

/// Cases that were skipped for another reason than the choice of the registry.
fn not_run(report: &Report, page: &mut Page) {
    let mut reasons: BTreeMap<&SkipReason, usize> = BTreeMap::new();
    for case in &report.cases {
        match &case.verdict {
            Verdict::Skip {
                reason: SkipReason::Capability { .. },
            } => {}
            Verdict::Skip { reason } => *reasons.entry(reason).or_default() += 1,
            Verdict::Pass | Verdict::Fail | Verdict::Warn | Verdict::Broken { .. } | Verdict::Error { .. } => {}
        }
    }
    if reasons.is_empty() {
        return;
    }
    page.title("Not run");
    for (reason, count) in reasons {
        page.wrapped("  ", &format!("{}: {reason}", plural(count, "case", "cases")));
    }
}

fn verdict(report: &Report, page: &mut Page) {
    let (conclusion, sentence) = words::verdict(report);
    let ink = match conclusion {
        Conclusion::Conforms => Ink::Good,
        Conclusion::Violates => Ink::Bad,
        Conclusion::Inconclusive => Ink::Doubtful,
    };
    page.wrapped_in(ink, &sentence);
    collection::verdict(report, page);
}

/// The first few of some cases, and how many more there are.
fn names(ids: &[&str]) -> String {
    let named: Vec<String> = ids.iter().take(NAMED).map(|id| printable::line(id, VALUE)).collect();
    let more = match ids.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" (+{more} more)"),
    };
    format!("{}{more}", named.join(", "))
}
