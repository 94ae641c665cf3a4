//! Reports side by side, for a terminal, in Markdown and as a page.
//!
//! Owns the looks of a list of changes and of a table of registries; what changed was decided in
//! [`crate::outcome::compare`].

use std::fmt::Write;

use askama::Template;

use super::html::{FILTER, STYLE, hash_of};
use super::printable;
use super::words::plural;
use crate::outcome::compare::{Cell, Change, Direction, Matrix, Row, Standing, Subject};

/// Characters of a text.
const TEXT: usize = 300;

/// The changes between two runs, a line each, regressions first.
pub fn changes(changes: &[Change]) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    for change in changes {
        let word = match change.direction {
            Direction::Regression => "WORSE ",
            Direction::Changed => "OTHER ",
            Direction::Free => "FREE  ",
            Direction::Fixed => "BETTER",
        };
        let _ = writeln!(
            text,
            "{word}  {} {}: {} -> {}",
            subject(change.subject),
            printable::line(&change.id, TEXT),
            printable::line(&change.before, TEXT),
            printable::line(&change.after, TEXT)
        );
    }
    let count = |direction| changes.iter().filter(|change| change.direction == direction).count();
    let _ = writeln!(
        text,
        "{}, {} better, {} different, {}",
        plural(count(Direction::Regression), "regression", "regressions"),
        count(Direction::Fixed),
        count(Direction::Changed),
        plural(
            count(Direction::Free),
            "free choice made otherwise",
            "free choices made otherwise"
        ),
    );
    text
}

/// A table of registries in Markdown: what they have in common is left out.
pub fn markdown(matrix: &Matrix) -> String {
    let mut text = String::from("| |");
    for column in &matrix.columns {
        let _ = write!(text, " {} |", cell(&column.name));
    }
    text.push_str("\n| --- |");
    text.push_str(&" --- |".repeat(matrix.columns.len()));
    text.push('\n');
    let summary = |name: &str, value: &dyn Fn(&crate::outcome::compare::Column) -> String| {
        let cells: Vec<String> = matrix.columns.iter().map(value).collect();
        format!("| {name} | {} |\n", cells.join(" | "))
    };
    text.push_str(&summary("profile", &|column| cell(&column.profile)));
    text.push_str(&summary("musts and shoulds judged", &|column| {
        column.judged.to_string()
    }));
    text.push_str(&summary("musts broken", &|column| column.failures.to_string()));
    text.push_str(&summary("shoulds not followed", &|column| column.warnings.to_string()));
    for row in matrix.rows.iter().filter(|row| !is_quiet(row)) {
        let level = row.level.map(|level| format!(" ({level})")).unwrap_or_default();
        let _ = write!(text, "| {}{level} |", cell(&row.id));
        for value in &row.cells {
            let mark = match value.standing {
                Standing::Yes => "✅ ",
                Standing::Fail => "❌ ",
                Standing::Warn => "⚠️ ",
                Standing::NotJudged | Standing::Fact => "",
            };
            let _ = write!(text, " {mark}{} |", cell(&value.text));
        }
        text.push('\n');
    }
    text
}

#[derive(Template)]
#[template(path = "matrix.html", config = "src/report/html/askama.toml")]
struct Page<'a> {
    style: &'a str,
    script: &'a str,
    script_hash: String,
    columns: Vec<[String; 5]>,
    groups: Vec<(&'static str, Vec<RowView>)>,
}

struct RowView {
    id: String,
    level: String,
    text: String,
    link: Option<String>,
    cells: Vec<(&'static str, String)>,
    /// Whether they are not all alike.
    differs: bool,
    /// Whether they are all alike, and nothing is broken.
    quiet: bool,
}

/// A table of registries as a page.
///
/// # Errors
/// Only by a mistake in the template.
pub fn html(matrix: &Matrix) -> Result<String, askama::Error> {
    let group = |name, wanted| {
        let rows = matrix.rows.iter().filter(|row| row.subject == wanted);
        let mut rows: Vec<RowView> = rows.map(row_view).collect();
        // What sets the registries apart comes first.
        rows.sort_by_key(|row| row.quiet);
        (name, rows)
    };
    let page = Page {
        style: STYLE,
        script: FILTER,
        script_hash: hash_of(FILTER),
        columns: matrix
            .columns
            .iter()
            .map(|column| {
                [
                    printable::line(&column.name, TEXT),
                    printable::line(&column.profile, TEXT),
                    column.judged.to_string(),
                    column.failures.to_string(),
                    column.warnings.to_string(),
                ]
            })
            .collect(),
        groups: vec![
            group("Requirements", Subject::Requirement),
            group("Capabilities", Subject::Capability),
            group("Facts", Subject::Fact),
        ],
    };
    page.render()
}

fn row_view(row: &Row) -> RowView {
    RowView {
        id: printable::line(&row.id, TEXT),
        level: row.level.map(|level| level.to_string()).unwrap_or_default(),
        text: printable::line(&row.text, TEXT),
        link: row.link.clone().filter(|link| link.starts_with("https://")),
        cells: row
            .cells
            .iter()
            .map(|cell| {
                let class = match cell.standing {
                    Standing::Yes => "pass",
                    Standing::Fail => "fail",
                    Standing::Warn => "warn",
                    Standing::NotJudged => "skip",
                    Standing::Fact => "fact",
                };
                (class, printable::line(&cell.text, TEXT))
            })
            .collect(),
        differs: differs(row),
        quiet: is_quiet(row),
    }
}

/// Whether the registries do not all stand alike.
fn differs(row: &Row) -> bool {
    row.cells.windows(2).any(|pair| pair[0] != pair[1])
}

/// Whether the registries all stand alike and none breaks anything.
fn is_quiet(row: &Row) -> bool {
    let is_broken = |cell: &Cell| matches!(cell.standing, Standing::Fail | Standing::Warn);
    !differs(row) && !row.cells.iter().any(is_broken)
}

fn subject(subject: Subject) -> &'static str {
    match subject {
        Subject::Requirement => "requirement",
        Subject::Case => "case",
        Subject::Capability => "capability",
        Subject::Fact => "fact",
    }
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    printable::line(text, TEXT)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('@', "&#64;")
        .replace('|', "\\|")
        .replace('`', "\\`")
}
