//! What the summary says of the collection of garbage.

use super::page::{Ink, Page};
use super::{TEXT, VALUE, plural, printable};
use crate::outcome::{Report, Standing};

/// Every collection, with what it was asked for by and what came of it.
pub(super) fn rounds(report: &Report, page: &mut Page) {
    let Some(collection) = &report.collection else { return };
    if collection.rounds.is_empty() {
        return;
    }
    page.title("Collections of garbage");
    for round in &collection.rounds {
        let waiting = match round.cases {
            0 => "for the retention probe".to_string(),
            cases => format!("for {}", plural(cases, "case", "cases")),
        };
        let what = if round.dry_run { "dry run" } else { "collection" };
        let ended = if round.succeeded { "done" } else { "FAILED" };
        let line = format!(
            "{ended}: {what} {waiting} in {:.1} s by {}: {}",
            round.elapsed_ms / 1000.0,
            printable::line(&round.trigger, VALUE),
            printable::line(&round.evidence, VALUE)
        );
        if round.succeeded {
            page.cut(&format!("  {line}"));
        } else {
            page.wrapped("  ", &line);
        }
    }
    if let Some(retention) = &collection.retention {
        page.wrapped("  seen: ", &printable::line(&retention.seen, TEXT));
    }
}

/// Whether the collection of garbage is certified, and under which retention profile.
pub(super) fn verdict(report: &Report, page: &mut Page) {
    let (Some((standing, judged)), Some(collection)) = (report.collection_standing(), &report.collection) else {
        return;
    };
    // A run of another profile may collect too, to record what becomes of something.
    if judged == 0 && !report.run.documents.iter().any(|(name, _)| name == "gc") {
        return;
    }
    let (ink, word) = match standing {
        Standing::Certified => (Ink::Good, "certified"),
        Standing::NotCertified => (Ink::Bad, "not certified"),
        Standing::NotOffered | Standing::NotJudged => (Ink::Doubtful, "not judged"),
    };
    let retention = match &collection.retention {
        Some(retention) => format!(
            "retention profile {}: {}",
            printable::line(&retention.profile, VALUE),
            printable::line(&retention.says, VALUE)
        ),
        None => "retention profile unknown".to_string(),
    };
    let judged = plural(judged, "case judged", "cases judged");
    page.wrapped_in(ink, &format!("Garbage collection: {word}, {judged}; {retention}."));
}
