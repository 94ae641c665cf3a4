//! The report as one page for a browser: no network, no framework, readable without script.
//!
//! Owns what stands where. Every text that comes from outside is made printable first and escaped by the template after
//! that; the only script is our own, allowed by its hash. To keep a full run under a megabyte, the exchanges of a case that
//! passed are a line each.

mod view;

use askama::Template;
use base64::Engine;
use sha2::{Digest, Sha256};

use crate::outcome::Report;

/// The style sheet of the pages.
pub(super) const STYLE: &str = include_str!("page.css");

/// The script of all pages: search, filter, and the link that keeps them.
pub(super) const FILTER: &str = include_str!("filter.js");

/// What the report has beyond that: deep links, copying, unfolding for paper.
const SCRIPT: &str = concat!(include_str!("filter.js"), include_str!("page.js"));

#[derive(Template)]
#[template(path = "report.html", config = "src/report/html/askama.toml")]
struct Page<'a> {
    style: &'a str,
    script: &'a str,
    script_hash: String,
    view: view::View,
}

/// The page of a report.
///
/// # Errors
/// Only by a mistake in the template.
pub fn write(report: &Report) -> Result<String, askama::Error> {
    let page = Page {
        style: STYLE,
        script: SCRIPT,
        script_hash: hash_of(SCRIPT),
        view: view::View::of(report),
    };
    page.render()
}

/// The source expression by which a content security policy allows a script.
pub(super) fn hash_of(script: &str) -> String {
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(script.as_bytes()));
    format!("sha256-{hash}")
}
