//! The settings of the official conformance suite, for those who have them in their CI already.
//!
//! Owns the names: those of its environment variables and those of its `oci-conformance.yaml`, with the meaning that each
//! has for a run of Referee. What has none is told with the reason, and so is what that suite does not know either.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Exit, Failure};
use crate::load::{self, Source};
use crate::runner::Filter;

/// A setting by its place in the file, its variable, and the cases that are left out if it is `false`.
const SETTINGS: [(&str, &str, Option<&str>); 19] = [
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
];

/// What all variables of the official suite begin with.
const PREFIX: &str = "OCI_";

const SWITCH: &str = "judged whatever it says; --filter leaves cases out";
const READ_ONLY: &str = "content that is there already is named by --read-only --content";
const OWN: &str = "about that suite's own output";
const RECORDED: &str = "every exchange is in report.json";

/// Settings of the official suite that mean nothing here, by their place in the file, and why.
const WITHOUT_MEANING: [(&str, &[&str]); 6] = [
    (
        SWITCH,
        &[
            "apis.ping",
            "apis.pull",
            "apis.blobs.atomic",
            "apis.blobs.digestHeader",
            "apis.blobs.mountAnonymous",
            "apis.manifests.atomic",
            "apis.manifests.digestHeader",
            "apis.tags.atomic",
            "data.image",
            "data.index",
            "data.indexList",
            "data.artifact",
            "data.subject",
            "data.subjectMissing",
            "data.artifactList",
            "data.subjectList",
            "data.dataField",
            "data.nondistributable",
            "data.customFields",
            "data.noLayers",
        ],
    ),
    (
        READ_ONLY,
        &["roData.tags", "roData.manifests", "roData.blobs", "roData.referrers"],
    ),
    (RECORDED, &["logging"]),
    ("a token is used for as long as it is good", &["cacheAuth"]),
    ("cases have other names here; --filter chooses them", &["filterTest"]),
    (OWN, &["commit", "legacy"]),
];

/// Variables of the official suite up to 1.1, and `OCI_CONFIGURATION` of the present one, and what there is instead.
const OTHER_VARIABLES: [(&str, &[&str]); 10] = [
    ("--official-config names the file", &["OCI_CONFIGURATION"]),
    ("set OCI_REGISTRY and OCI_TLS", &["OCI_ROOT_URL"]),
    ("set OCI_REPO1", &["OCI_NAMESPACE"]),
    ("set OCI_REPO2", &["OCI_CROSSMOUNT_NAMESPACE"]),
    ("set OCI_RESULTS_DIR", &["OCI_REPORT_DIR"]),
    ("set OCI_DATA_EMPTY_BLOB", &["OCI_SKIP_EMPTY_LAYER_PUSH_TEST"]),
    (
        SWITCH,
        &[
            "OCI_TEST_PULL",
            "OCI_TEST_PUSH",
            "OCI_TEST_CONTENT_DISCOVERY",
            "OCI_TEST_CONTENT_MANAGEMENT",
            "OCI_DELETE_MANIFEST_BEFORE_BLOBS",
            "OCI_AUTOMATIC_CROSSMOUNT",
            "OCI_AUTH_SCOPE",
        ],
    ),
    (
        READ_ONLY,
        &["OCI_MANIFEST_DIGEST", "OCI_BLOB_DIGEST", "OCI_TAG_NAME", "OCI_TAG_LIST"],
    ),
    (RECORDED, &["OCI_DEBUG"]),
    (OWN, &["OCI_HIDE_SKIPPED_WORKFLOWS"]),
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

/// Reads the file, if one is named, and the variables, which win over it. `variables` are those of the environment.
pub fn read(file: Option<&Path>, variables: &BTreeMap<String, String>) -> Result<Official, Failure> {
    let mut values = BTreeMap::new();
    let mut taken = BTreeMap::new();
    let mut ignored: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if let Some(path) = file {
        let usage = |error: &dyn std::fmt::Display| {
            let message = format!("--official-config: cannot read {}: {error}", path.display());
            Failure::new(Exit::Usage, message)
        };
        let text = std::fs::read_to_string(path).map_err(|error| usage(&error))?;
        let source = Source {
            path: path.display().to_string(),
            name: String::new(),
            text,
        };
        let settings = load::settings(&source).map_err(|wrong| Failure::diagnostics(&wrong))?;
        for (name, value) in settings {
            match SETTINGS.iter().find(|(known, _, _)| *known == name) {
                Some((known, _, _)) => {
                    values.insert(*known, value);
                    taken.insert(*known, name);
                }
                None => ignored.entry(why_no_key(&name)).or_default().push(name),
            }
        }
    }
    let given = |(name, value): &(&String, &String)| name.starts_with(PREFIX) && !value.is_empty();
    for (variable, value) in variables.iter().filter(given) {
        match SETTINGS.iter().find(|(_, known, _)| known == variable) {
            Some((known, _, _)) => {
                values.insert(*known, value.clone());
                taken.insert(*known, variable.clone());
            }
            None => ignored
                .entry(why_no_variable(variable))
                .or_default()
                .push(variable.clone()),
        }
    }
    let mut official = understood(&values)?;
    let names: Vec<String> = taken.into_values().collect();
    if !names.is_empty() {
        let note = format!(
            "settings of the official suite that are taken over: {}",
            names.join(", ")
        );
        official.notes.push(note);
    }
    for (why, names) in ignored {
        let note = format!("settings that mean nothing here: {} ({why})", names.join(", "));
        official.notes.push(note);
    }
    Ok(official)
}

/// Why a place in the file means nothing here.
fn why_no_key(name: &str) -> String {
    let mut reasons = WITHOUT_MEANING.iter();
    if let Some((why, _)) = reasons.find(|(_, names)| names.contains(&name)) {
        return (*why).to_string();
    }
    unknown("", name, SETTINGS.iter().map(|(known, _, _)| *known))
}

/// Why a variable means nothing here.
fn why_no_variable(name: &str) -> String {
    let is_of = |key: &&str| variable_of(key) == name;
    let of_keys = WITHOUT_MEANING.iter().find(|(_, keys)| keys.iter().any(is_of));
    let of_names = || OTHER_VARIABLES.iter().find(|(_, names)| names.contains(&name));
    match of_keys.or_else(of_names) {
        Some((why, _)) => (*why).to_string(),
        None => unknown(PREFIX, name, SETTINGS.iter().map(|(_, known, _)| *known)),
    }
}

/// Words on a name that is none. What all names begin with tells nothing of what was meant.
fn unknown<'k>(prefix: &str, name: &str, known: impl Iterator<Item = &'k str>) -> String {
    let rest = |name: &'k str| name.strip_prefix(prefix).unwrap_or(name);
    match load::closest(name.strip_prefix(prefix).unwrap_or(name), known.map(rest)) {
        Some(close) => format!("unknown; did you mean {prefix}{close}?"),
        None => "unknown to the official suite".to_string(),
    }
}

/// The variable that the official suite makes of a place in its file: `OCI_API_BLOBS_DIGEST_HEADER` of
/// `apis.blobs.digestHeader`.
fn variable_of(key: &str) -> String {
    let mut variable = PREFIX.to_string();
    let key = key.replacen("apis.", "api.", 1);
    for letter in key.replacen("logging", "log", 1).chars() {
        match letter {
            '.' => variable.push('_'),
            _ if letter.is_ascii_uppercase() => variable.extend(['_', letter]),
            _ => variable.push(letter.to_ascii_uppercase()),
        }
    }
    variable
}

fn understood(values: &BTreeMap<&str, String>) -> Result<Official, Failure> {
    let usage = |message: String| Failure::new(Exit::Usage, message);
    let get = |name: &str| values.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let tls = get("tls").unwrap_or("enabled").to_lowercase();
    let scheme = match tls.as_str() {
        "disabled" => "http",
        "enabled" | "insecure" => "https",
        other => {
            let message = format!("OCI_TLS: `{other}` is none of enabled, insecure and disabled");
            return Err(usage(message));
        }
    };
    if let Some(registry) = get("registry").filter(|registry| registry.contains("://")) {
        let rest = registry.split("://").nth(1).unwrap_or_default();
        let message = format!(
            "OCI_REGISTRY: `{registry}` has a scheme; the official suite takes host and port, as in `{rest}`, and OCI_TLS says \
             whether it is http (disabled) or https"
        );
        return Err(usage(message));
    }
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
        read(None, &map(variables))
    }

    fn map(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = variables
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()));
        owned.collect()
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
            ("OCI_TLS", "off"),
            ("OCI_REGISTRY", "http://localhost:5000"),
        ] {
            assert_eq!(from(&[wrong]).unwrap_err().exit, Exit::Usage, "{wrong:?}");
        }
    }

    #[test]
    fn the_file_stands_below_the_variables() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("oci-conformance.yaml");
        let text = "registry: r.example\nversion: \"1.0\"\napis:\n  tags: {list: false}\n  ping: true\nroData:\n  tags: [a, b]\nregistrie: x\n";
        std::fs::write(&path, text).unwrap();
        let official = read(Some(&path), &map(&[("OCI_VERSION", "1.1")])).unwrap();
        assert_eq!(official.url.as_deref(), Some("https://r.example"));
        assert_eq!(official.profile, Some("oci-1.1"));
        assert_eq!(official.filters.len(), 1);
        let expected = [
            "OCI_API_TAGS_LIST leaves cases out",
            "settings of the official suite that are taken over: apis.tags.list, registry, OCI_VERSION",
            "settings that mean nothing here: roData.tags (content that is there already is named by --read-only --content)",
            "settings that mean nothing here: apis.ping (judged whatever it says; --filter leaves cases out)",
            "settings that mean nothing here: registrie (unknown; did you mean registry?)",
        ];
        assert_eq!(official.notes, expected);
    }

    #[test]
    fn what_means_nothing_is_told_with_the_reason() {
        let official = from(&[
            ("OCI_REGISTRY", "r.example"),
            ("OCI_ROOT_URL", "https://secret@r.example"),
            ("OCI_LOG", "debug"),
            ("OCI_DEBUG", "1"),
            ("OCI_API_BLOBS_DIGEST_HEADER", "false"),
            ("OCI_RO_DATA_TAGS", "a b"),
            ("OCI_REPO", "a/b"),
            ("OCI_CLI_AUTH", "x"),
            ("OCI_CACHE_AUTH", ""),
            ("OTHER", "x"),
        ]);
        let notes = official.unwrap().notes.join("\n");
        for told in [
            "taken over: OCI_REGISTRY\n",
            "OCI_ROOT_URL (set OCI_REGISTRY and OCI_TLS)",
            "OCI_DEBUG, OCI_LOG (every exchange is in report.json)",
            "OCI_API_BLOBS_DIGEST_HEADER (judged whatever it says",
            "OCI_RO_DATA_TAGS (content that is there already",
            "OCI_REPO (unknown; did you mean OCI_REPO",
            "OCI_CLI_AUTH (unknown to the official suite)",
        ] {
            assert!(notes.contains(told), "{told}: {notes}");
        }
        for untold in ["OTHER", "CACHE_AUTH", "secret"] {
            assert!(!notes.contains(untold), "{untold}: {notes}");
        }
    }

    #[test]
    fn variables_are_named_after_places_in_the_file() {
        for (key, variable, _) in SETTINGS {
            assert_eq!(variable_of(key), variable);
        }
        assert_eq!(variable_of("logging"), "OCI_LOG");
        assert_eq!(variable_of("roData.tags"), "OCI_RO_DATA_TAGS");
    }
}
