//! The report in Markdown, as the summary page of a CI run shows it.
//!
//! Owns the escaping for Markdown and the bound on its size: GitHub takes a step summary of at most 1 MiB, whole or not
//! at all, so findings that do not fit are counted instead of shown.

use std::fmt::Write;

use super::words::{self, plural};
use super::{evidence, printable, unjudged};
use crate::outcome::{Conclusion, Finding, KnownState, Report, Standing, Weight};

/// The most bytes of a page.
const LIMIT: usize = 900 * 1024;
/// Characters of a line of text.
const LINE: usize = 500;
/// Cases that are named with a finding.
const NAMED: usize = 8;

/// The page of a report.
pub fn write(report: &Report) -> String {
    let mut page = String::new();
    let (conclusion, sentence) = words::verdict(report);
    let mark = match conclusion {
        Conclusion::Conforms => "✅",
        Conclusion::Violates => "❌",
        Conclusion::Inconclusive => "❔",
    };
    // Writing to a string does not fail.
    let _ = writeln!(page, "## {mark} Referee\n\n**{}**\n", text(&sentence));
    let _ = writeln!(
        page,
        "{} · profile {} · seed {}\n",
        text(&words::counts(report)),
        text(&words::profile(report)),
        report.run.seed
    );
    page.push_str("| Category | Verdict | Cases |\n| --- | --- | --- |\n");
    for category in &report.categories {
        let mark = match category.standing {
            Standing::Certified => "✅ ",
            Standing::NotCertified => "❌ ",
            Standing::NotOffered | Standing::NotJudged => "",
        };
        let _ = writeln!(
            page,
            "| {} | {mark}{} | {} |",
            category.category.name(),
            words::standing(category.standing),
            words::tally(&category.counts)
        );
    }
    let findings: Vec<&Finding> = report.findings.iter().filter(|f| f.known.is_none()).collect();
    if !findings.is_empty() {
        page.push_str("\n### Findings\n\n");
    }
    for (number, finding) in findings.iter().enumerate() {
        let part = a_finding(report, finding);
        if page.len() + part.len() > LIMIT {
            let left = findings.len() - number;
            let _ = writeln!(
                page,
                "\nand {} in report.json.",
                plural(left, "more finding", "more findings")
            );
            break;
        }
        page.push_str(&part);
    }
    unjudged(report, &mut page);
    known(report, &mut page);
    notes(report, &mut page);
    page
}

/// What is known, and what is so no more.
fn known(report: &Report, page: &mut String) {
    let out_of_date = words::out_of_date(report);
    if !out_of_date.is_empty() {
        page.push_str("\n### Known failures to remove from the list\n\n");
        list(&out_of_date, page);
    }
    let holds = report.known.iter().filter(|known| known.state == KnownState::Holds);
    let holds: Vec<String> = holds
        .map(|known| format!("{}: {}", known.entry, known.reason))
        .collect();
    if !holds.is_empty() {
        page.push_str("\n<details><summary>Known failures</summary>\n\n");
        list(&holds, page);
        page.push_str("\n</details>\n");
    }
}

fn notes(report: &Report, page: &mut String) {
    if !report.target.notes.is_empty() {
        page.push_str("\n### Notes\n\n");
        list(&report.target.notes, page);
    }
}

fn list(lines: &[String], page: &mut String) {
    for (number, line) in lines.iter().enumerate() {
        let part = format!("- {}\n", text(line));
        if page.len() + part.len() > LIMIT {
            let _ = writeln!(page, "- and {} more in report.json", lines.len() - number);
            break;
        }
        page.push_str(&part);
    }
}

fn a_finding(report: &Report, finding: &Finding) -> String {
    let mut part = String::new();
    let word = match finding.weight {
        Weight::Fail => "FAIL",
        Weight::Warn => "WARN",
        Weight::Fact => "NOTE",
    };
    let _ = writeln!(
        part,
        "<details><summary><b>{word}</b> <code>{}</code> ({}): {}</summary>\n",
        html(&finding.requirement),
        finding.level,
        html(&finding.text)
    );
    match &finding.link {
        Some(link) if link.starts_with("https://") && !link.contains([' ', ')', '<']) => {
            let _ = writeln!(part, "[{}]({link})\n", text(&finding.section));
        }
        _ => {
            let _ = writeln!(part, "{}\n", text(&finding.section));
        }
    }
    if let Some(first) = finding.occurrences.first() {
        part.push_str("| | expected | actual |\n| --- | --- | --- |\n");
        for mismatch in &first.mismatches {
            let _ = writeln!(
                part,
                "| {} | {} | {} |",
                text(&mismatch.subject),
                text(&mismatch.expected),
                text(&mismatch.actual)
            );
        }
        let case = report.cases.iter().find(|case| case.id == first.case);
        if let Some(exchange) = case.and_then(|case| case.exchanges.get(first.exchange)) {
            let fence = fence_for(&evidence::command(exchange));
            let _ = writeln!(
                part,
                "\n{fence}sh\n{}\n# {}\n{fence}",
                evidence::command(exchange),
                evidence::status(exchange)
            );
        }
    }
    let mut cases: Vec<&str> = finding.occurrences.iter().map(|o| o.case.as_str()).collect();
    cases.dedup();
    let named: Vec<String> = cases.iter().take(NAMED).map(|case| text(case)).collect();
    let more = cases.len().saturating_sub(NAMED);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let _ = writeln!(
        part,
        "\n{} in {}{more}\n\n</details>\n",
        plural(finding.occurrences.len(), "occurrence", "occurrences"),
        named.join(", ")
    );
    part
}

fn unjudged(report: &Report, page: &mut String) {
    let causes = unjudged::causes(report);
    if causes.is_empty() {
        return;
    }
    page.push_str("\n### Not judged\n\n");
    for cause in causes {
        let what = if cause.is_error { "error" } else { "broken" };
        let named: Vec<String> = cause.cases.iter().take(NAMED).map(|case| text(&case.id)).collect();
        let more = match cause.cases.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let line = format!("- {what}: {}: {}{more}\n", text(&cause.text), named.join(", "));
        if page.len() + line.len() > LIMIT {
            break;
        }
        page.push_str(&line);
    }
}

/// Text in which nothing is markup, a mention, an autolink or a cell border.
fn text(text: &str) -> String {
    let mut shown = String::new();
    for c in printable::line(text, LINE).chars() {
        match c {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            '@' => shown.push_str("&#64;"),
            '#' => shown.push_str("&#35;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '{' | '}' => {
                shown.push('\\');
                shown.push(c);
            }
            c => shown.push(c),
        }
    }
    shown
}

/// Text inside HTML elements.
fn html(text: &str) -> String {
    printable::line(text, LINE)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('@', "&#64;")
}

/// A fence that the code does not contain.
fn fence_for(code: &str) -> String {
    let mut fence = String::from("```");
    while code.contains(&fence) {
        fence.push('`');
    }
    fence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_target_is_markup() {
        assert_eq!(text("a|b<c>@d `e` #1"), "a\\|b&lt;c&gt;&#64;d \\`e\\` &#35;1");
        assert_eq!(html("</summary>@x"), "&lt;/summary&gt;&#64;x");
        assert_eq!(fence_for("a```b"), "````");
    }
}
