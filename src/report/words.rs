//! The sentences that every form of a report has in common.
//!
//! Owns how counts and the verdict are put into words, so that the terminal and a page never disagree. Everything it
//! returns is printable.

use super::printable;
use crate::outcome::{Conclusion, Counts, KnownOutcome, KnownState, Report, Standing, Weight};

/// Characters of a name that comes from outside.
const NAME: usize = 500;

/// The closing sentence, and what it concludes.
pub(super) fn verdict(report: &Report) -> (Conclusion, String) {
    let url = printable::line(&report.target.url, NAME);
    let profile = printable::line(&report.run.profile, NAME);
    let count = |weight| {
        let open = report.findings.iter().filter(|finding| finding.known.is_none());
        open.filter(|finding| finding.weight == weight).count()
    };
    let stale = report
        .known
        .iter()
        .filter(|known| known.state == KnownState::Stale)
        .count();
    let stale = (stale > 0).then(|| {
        plural(
            stale,
            "known failure does not fail any more",
            "known failures do not fail any more",
        )
    });
    let known = match report.counts.known {
        0 => String::new(),
        count => format!(" ({} known)", plural(count, "failure is", "failures are")),
    };
    let musts = match count(Weight::Fail) {
        0 => None,
        count => Some(plural(count, "requirement is not met", "requirements are not met")),
    };
    let shoulds = match count(Weight::Warn) {
        0 => None,
        count => Some(plural(
            count,
            "recommendation is not followed",
            "recommendations are not followed",
        )),
    };
    let conclusion = report.conclusion();
    let sentence = match conclusion {
        Conclusion::Conforms => {
            let but = shoulds.map(|shoulds| format!(", though {shoulds}")).unwrap_or_default();
            let part = part(report).map(|part| format!(" {part}")).unwrap_or_default();
            match report.counts.known {
                _ if Counts::of(&report.cases).judged() == 0 => {
                    format!("No case fell to this part of the run, so it says nothing about {url} under {profile}.")
                }
                0 => format!("{url} conforms to {profile}{part}{but}."),
                count => {
                    let cases = plural(count, "case", "cases");
                    format!("{url} breaks {profile} only where that is known, in {cases}{part}{but}.")
                }
            }
        }
        Conclusion::Violates if report.conforms() => {
            let stale = stale.unwrap_or_default();
            format!(
                "Nothing else is held against {url} under {profile}, but the list of known failures is out of date: {stale}."
            )
        }
        Conclusion::Violates => {
            let reasons: Vec<String> = musts.into_iter().chain(shoulds).chain(stale).collect();
            let cut = if report.interrupted {
                " The run was interrupted."
            } else {
                ""
            };
            format!(
                "{url} does not conform to {profile}: {}{known}.{cut}",
                reasons.join(", ")
            )
        }
        Conclusion::Inconclusive => {
            let judged = Counts::of(&report.cases);
            let reason = if report.interrupted {
                "the run was interrupted".to_owned()
            } else if judged.broken + judged.error > 0 {
                let cases = plural(judged.broken + judged.error, "case", "cases");
                format!("{cases} could not be judged")
            } else if let Some(skipped) = report.offers_little().filter(|_| judged.judged() > 0) {
                format!("it does not offer what {skipped} of {} cases need", judged.total())
            } else {
                "no case was judged".to_owned()
            };
            format!("No verdict on whether {url} conforms to {profile}: {reason}.")
        }
    };
    (conclusion, sentence)
}

/// How far a run that left out cases can tell.
pub(super) fn part(report: &Report) -> Option<String> {
    let judged = Counts::of(&report.cases).judged();
    let cases = || plural(judged, "case of it tells", "cases of it tell");
    report.run.is_partial().then(|| format!("as far as {}", cases()))
}

/// What the list of known failures says that is so no more, an entry a line.
pub(super) fn out_of_date(report: &Report) -> Vec<String> {
    let stale = report.known.iter().filter(|known| known.state == KnownState::Stale);
    let line = |known: &KnownOutcome| format!("{}: {}", printable::line(&known.entry, NAME), known.state.word());
    stale.map(line).collect()
}

/// The counts of a whole run, each of them.
pub(super) fn counts(report: &Report) -> String {
    let Counts {
        pass,
        fail,
        warn,
        skip,
        broken,
        error,
        known,
    } = report.counts;
    let known = match known {
        0 => String::new(),
        known => format!("{known} known to fail, "),
    };
    format!(
        "{pass} passed, {fail} failed, {warn} warned, {broken} broken, {}, {known}{skip} skipped in {:.1} s, {}",
        plural(error, "error", "errors"),
        report.run.elapsed_ms / 1000.0,
        plural(
            usize::try_from(report.run.requests).unwrap_or(usize::MAX),
            "request",
            "requests"
        ),
    )
}

/// The counts that are not zero.
pub(super) fn tally(counts: &Counts) -> String {
    let Counts {
        pass,
        fail,
        warn,
        skip,
        broken,
        error,
        known,
    } = *counts;
    let words = [
        (pass, "passed"),
        (fail, "failed"),
        (warn, "warned"),
        (broken, "broken"),
        (error, if error == 1 { "error" } else { "errors" }),
        (known, "known to fail"),
        (skip, "skipped"),
    ];
    let shown = words.iter().filter(|(count, _)| *count > 0);
    shown
        .map(|(count, word)| format!("{count} {word}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The profile with its documents, such as `oci-1.1 (distribution 1.1, image 1.1)`.
pub(super) fn profile(report: &Report) -> String {
    let documents = report
        .run
        .documents
        .iter()
        .map(|(name, version)| format!("{name} {version}"));
    let documents = documents.collect::<Vec<_>>().join(", ");
    let strict = if report.run.strict { ", strict" } else { "" };
    printable::line(&format!("{} ({documents}){strict}", report.run.profile), NAME)
}

/// The word for where a target stands in a category.
pub(super) fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Certified => "certified",
        Standing::NotCertified => "not certified",
        Standing::NotOffered => "not offered",
        Standing::NotJudged => "not judged",
    }
}

/// A count with its noun.
pub fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
