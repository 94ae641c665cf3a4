//! The settings of the official conformance suite, for those who have them in their CI already.
//!
//! Owns the names: those of its environment variables and those of its `oci-conformance.yaml`, with the meaning that each
//! has for a run of Referee. What has none is told, not ignored.

use std::collections::BTreeMap;
use std::path::Path;

use super::suite::render;
use super::{Exit, Failure};
use crate::load::{self, Source};
use crate::runner::Filter;

/// A setting by its place in the file, its variable, and the cases that are left out if it is `false`.
const SETTINGS: [(&str, &str, Option<&str>); 22] = [
    ("registry", "OCI_REGISTRY", None),
    ("tls", "OCI_TLS", None),
    ("repo1", "OCI_REPO1", None),
    ("repo2", "OCI_REPO2", None),
    ("username", "OCI_USERNAME", None),
    ("password", "OCI_PASSWORD", None),
    ("version", "OCI_VERSION", None),
    ("resultsDir", "OCI_RESULTS_DIR", None),
    ("apis.push", "OCI_API_PUSH", None),
    ("apis.blobs.delete", "OCI_API_BLOBS_DELETE", Some("!needs:delete-blob")),
    (
        "apis.blobs.uploadCancel",
        "OCI_API_BLOBS_UPLOAD_CANCEL",
        Some("!needs:cancel-upload"),
    ),
    (
        "apis.manifests.delete",
        "OCI_API_MANIFESTS_DELETE",
        Some("!needs:delete-manifest"),
    ),
    (
        "apis.manifests.tagParam",
        "OCI_API_MANIFESTS_TAG_PARAM",
        Some("!needs:tag-params"),
    ),
    ("apis.tags.delete", "OCI_API_TAGS_DELETE", Some("!needs:delete-tag")),
    ("apis.tags.list", "OCI_API_TAGS_LIST", Some("!area:tags")),
    ("apis.referrer", "OCI_API_REFERRER", Some("!needs:referrers")),
    ("data.sparse", "OCI_DATA_SPARSE", Some("!needs:sparse")),
    ("data.emptyBlob", "OCI_DATA_EMPTY_BLOB", Some("!needs:empty-blob")),
    ("data.sha512", "OCI_DATA_SHA512", Some("!needs:sha512")),
    // The official suite asks about its own reports and logs here.
    ("logging", "OCI_LOG", None),
    ("cacheAuth", "OCI_CACHE_AUTH", None),
    ("commit", "OCI_COMMIT", None),
];

/// What the settings say about a run.
#[derive(Debug, Default, PartialEq)]
pub struct Official {
    /// The address, with its scheme.
    pub url: Option<String>,
    /// Whether the certificate is not checked.
    pub insecure: bool,
    /// The repositories.
    pub repos: Vec<String>,
    /// User name and password.
    pub login: Option<(String, String)>,
    /// The profile.
    pub profile: Option<&'static str>,
    /// Where results go.
    pub out: Option<String>,
    /// What is left out.
    pub filters: Vec<Filter>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// Reads the file, if one is named, and the variables, which win over it.
pub fn read(file: Option<&Path>, env: &dyn Fn(&str) -> Option<String>) -> Result<Official, Failure> {
    let mut values = BTreeMap::new();
    let mut unknown = Vec::new();
    if let Some(path) = file {
        let usage = |error: &dyn std::fmt::Display| Failure::new(Exit::Usage, format!("{}: {error}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| usage(&error))?;
        let source = Source {
            path: path.display().to_string(),
            name: String::new(),
            text,
        };
        let settings = load::settings(&source).map_err(|wrong| Failure::new(Exit::Usage, render(&wrong)))?;
        for (name, value) in settings {
            match SETTINGS.iter().find(|(known, _, _)| *known == name) {
                Some((known, _, _)) => drop(values.insert(*known, value)),
                None => unknown.push(name),
            }
        }
    }
    for (name, variable, _) in SETTINGS {
        if let Some(value) = env(variable).filter(|value| !value.is_empty()) {
            values.insert(name, value);
        }
    }
    let mut official = understood(&values)?;
    if !unknown.is_empty() {
        official.notes.push(format!(
            "settings of the official suite that mean nothing here: {}",
            unknown.join(", ")
        ));
    }
    Ok(official)
}

fn understood(values: &BTreeMap<&str, String>) -> Result<Official, Failure> {
    let usage = |message: String| Failure::new(Exit::Usage, message);
    let get = |name: &str| values.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let tls = get("tls").unwrap_or("enabled").to_lowercase();
    let scheme = if tls == "disabled" { "http" } else { "https" };
    let mut official = Official {
        url: get("registry").map(|registry| format!("{scheme}://{registry}")),
        insecure: tls == "insecure",
        repos: ["repo1", "repo2"]
            .into_iter()
            .filter_map(get)
            .map(str::to_string)
            .collect(),
        out: get("resultsDir").map(str::to_string),
        ..Official::default()
    };
    official.login = match (get("username"), get("password")) {
        (Some(user), Some(password)) => Some((user.to_string(), password.to_string())),
        (None, None) => None,
        _ => return Err(usage("OCI_USERNAME and OCI_PASSWORD are needed together".to_string())),
    };
    official.profile = match get("version") {
        None => None,
        Some("1.0") => Some("oci-1.0"),
        Some("1.1" | "stable") => Some("oci-1.1"),
        Some("dev" | "1.1+dev") => Some("oci-dev"),
        Some(other) => {
            return Err(usage(format!(
                "OCI_VERSION: `{other}` is no version; the versions are 1.0, 1.1, stable and dev"
            )));
        }
    };
    for (name, variable, left_out) in SETTINGS {
        let flag = name.starts_with("apis.") || name.starts_with("data.");
        let Some(value) = get(name).filter(|_| flag) else {
            continue;
        };
        let on = match value {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => true,
            "0" | "f" | "F" | "false" | "FALSE" | "False" => false,
            other => return Err(usage(format!("{variable}: `{other}` is neither true nor false"))),
        };
        match left_out {
            _ if on => {}
            Some(filter) => {
                let filter = filter.parse().map_err(|error| usage(format!("{filter}: {error}")))?;
                official.filters.push(filter);
                official.notes.push(format!("{variable} leaves cases out"));
            }
            None => {
                return Err(usage(format!(
                    "{variable} turns pushing off, but a run judges what it has pushed itself"
                )));
            }
        }
    }
    Ok(official)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<Official, Failure> {
        let env = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| value.to_string())
        };
        read(None, &env)
    }

    #[test]
    fn variables_of_the_official_suite_are_understood() {
        let official = from(&[
            ("OCI_REGISTRY", "localhost:5000"),
            ("OCI_TLS", "disabled"),
            ("OCI_REPO1", "a/b"),
            ("OCI_REPO2", "c/d"),
            ("OCI_USERNAME", "u"),
            ("OCI_PASSWORD", "p"),
            ("OCI_VERSION", "dev"),
            ("OCI_API_TAGS_DELETE", "false"),
            ("OCI_DATA_SHA512", "true"),
        ])
        .unwrap();
        assert_eq!(official.url.as_deref(), Some("http://localhost:5000"));
        assert_eq!(official.repos, ["a/b", "c/d"]);
        assert_eq!(official.login, Some(("u".to_string(), "p".to_string())));
        assert_eq!(official.profile, Some("oci-dev"));
        assert_eq!(official.filters.len(), 1);
        assert!(from(&[("OCI_TLS", "insecure")]).unwrap().insecure);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for wrong in [
            ("OCI_VERSION", "2.0"),
            ("OCI_API_TAGS_LIST", "maybe"),
            ("OCI_USERNAME", "u"),
            ("OCI_API_PUSH", "0"),
        ] {
            assert_eq!(from(&[wrong]).unwrap_err().exit, Exit::Usage, "{wrong:?}");
        }
    }

    #[test]
    fn the_file_stands_below_the_variables() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("oci-conformance.yaml");
        let text = "registry: r.example\nversion: \"1.0\"\napis:\n  tags: {list: false}\n  ping: true\nroData:\n  tags: [a, b]\n";
        std::fs::write(&path, text).unwrap();
        let env = |name: &str| (name == "OCI_VERSION").then(|| "1.1".to_string());
        let official = read(Some(&path), &env).unwrap();
        assert_eq!(official.url.as_deref(), Some("https://r.example"));
        assert_eq!(official.profile, Some("oci-1.1"));
        assert_eq!(official.filters.len(), 1);
        assert!(
            official
                .notes
                .iter()
                .any(|note| note.contains("apis.ping, roData.tags"))
        );
    }
}
