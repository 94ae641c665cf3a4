//! The `results.yaml` of the official conformance suite, for those whose tools read it.
//!
//! Owns the layout and the names of that file. Each name stands for requirements here; what the official suite does not
//! ask about has no place in it, and data that no requirement speaks of is left out instead of being called passed.

use crate::case::{Weight, glob};
use crate::outcome::Report;

/// The APIs by their names in the file, each with the requirements that stand for it.
const APIS: [(&str, &str); 28] = [
    ("Tag listing", "dist-tags-*"),
    ("Tag delete", "dist-delete-tag-202"),
    ("Tag delete atomic", "dist-delete-tag-then-404"),
    ("Blob upload cancel", "dist-upload-cancel-204"),
    ("Blob push", "dist-upload-put-201"),
    ("Blob post only", "dist-upload-single-post-201"),
    ("Blob post put", "dist-upload-put-*"),
    ("Blob chunked", "dist-chunk-*"),
    ("Blob streaming", "dist-upload-stream-patch"),
    ("Blob mount", "dist-mount-201"),
    ("Blob anonymous mount", "dist-mount-without-from-not-error"),
    ("Blob get", "dist-pull-blob-*"),
    ("Blob get range", "dist-range-*"),
    ("Blob head", "dist-head-blob-*"),
    ("Blob delete", "dist-delete-blob-202"),
    ("Blob delete atomic", "dist-delete-blob-then-404"),
    ("Manifest put by digest", "dist-push-manifest-digest-201"),
    ("Manifest put by tag", "dist-push-manifest-tag-201"),
    ("Manifest put with tag params", "dist-push-tag-params-*"),
    ("Manifest put with subject", "dist-subject-header*"),
    ("Manifest get by digest", "dist-pull-manifest-digest-200"),
    ("Manifest get by tag", "dist-pull-manifest-tag-200"),
    ("Manifest head by digest", "dist-head-manifest-*"),
    ("Manifest head by tag", "dist-head-manifest-*"),
    ("Manifest delete", "dist-delete-manifest-202"),
    ("Manifest delete atomic", "dist-delete-manifest-then-404"),
    ("Referrers", "dist-referrers-*"),
    ("Ping", "dist-ping-200"),
];

/// The kinds of data that a requirement speaks of.
const DATA: [(&str, &str); 7] = [
    ("Image", "dist-push-manifest-exact-bytes"),
    ("No Layers", "dist-push-no-layers"),
    ("Missing Subject", "dist-push-subject-missing-accepted"),
    ("Index with Subject", "dist-subject-header-index"),
    ("Artifacts with Subject", "dist-referrers-new-pushes"),
    ("Sparse Manifests", "dist-push-missing-children-may-reject"),
    ("Tag Param", "dist-push-tag-params-resolvable"),
];

/// The file.
pub fn write(report: &Report) -> String {
    let (scheme, registry) = report
        .target
        .url
        .split_once("://")
        .unwrap_or(("https", &report.target.url));
    let version = report.run.documents.iter().find(|(name, _)| name == "distribution");
    let version = match version.map(|(_, version)| version.as_str()) {
        Some("dev") => "1.1+dev",
        Some(other) => other,
        None => "",
    };
    let config = [
        ("registry", registry),
        ("tls", if scheme == "http" { "disabled" } else { "enabled" }),
        ("version", version),
        ("commit", &format!("referee {}", report.run.tool_version)),
    ];
    let mut text = "config:\n".to_owned();
    for (name, value) in config {
        text.push_str(&format!("  {name}: {}\n", quoted(value)));
    }
    for (title, names) in [("apis", APIS.as_slice()), ("data", DATA.as_slice())] {
        text.push_str(&format!("{title}:\n"));
        for (name, pattern) in names {
            text.push_str(&format!("  {name}: {}\n", status(report, pattern)));
        }
    }
    text
}

/// The official suite knows no warnings: a should that is not followed does not fail.
fn status(report: &Report, pattern: &str) -> &'static str {
    let mut of_pattern = report
        .requirements
        .iter()
        .filter(|one| glob(pattern, &one.id))
        .peekable();
    if of_pattern.peek().is_none() {
        return "Disabled";
    }
    let mut status = "Skip";
    for requirement in of_pattern {
        if requirement.broken > 0 && requirement.level.weight() == Weight::Fail {
            return "FAIL";
        }
        if requirement.held > 0 {
            status = "Pass";
        }
    }
    status
}

/// A text between quotes as YAML has them, which are those of JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
