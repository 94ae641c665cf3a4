//! Isolation: no case sees what another one changes.

use std::str::FromStr;

use tokio_util::sync::CancellationToken;

use super::given::Given;
use crate::case::Node;
use crate::content::{Graph, Scope, Setting};
use crate::oci::reference::RepositoryName;

/// Who gets which repositories.
#[derive(Debug, Clone)]
pub enum Isolation {
    /// Every case gets fresh repositories below a prefix.
    Fresh {
        /// The prefix.
        prefix: String,
        /// Tells this run from every other.
        run: String,
    },
    /// The repositories are given; cases share them and are told apart by their content and tags.
    Given(Vec<String>),
}

/// Why a repository or a prefix cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RepoError {
    /// Not a repository name.
    #[error("`{0}` is not a repository name: lower-case letters, digits and the separators `.`, `_`, `-`, `/` are")]
    Name(String),
    /// The same name twice.
    #[error("the repository `{0}` is given twice")]
    Twice(String),
}

impl Isolation {
    /// Fresh repositories below `prefix`.
    pub fn fresh(prefix: &str, run: String) -> Result<Self, RepoError> {
        let prefix = prefix.trim_end_matches('/');
        RepositoryName::from_str(prefix).map_err(|_| RepoError::Name(prefix.to_string()))?;
        Ok(Self::Fresh {
            prefix: prefix.to_string(),
            run,
        })
    }

    /// Given repositories.
    pub fn given(names: &[String]) -> Result<Self, RepoError> {
        for (index, name) in names.iter().enumerate() {
            RepositoryName::from_str(name).map_err(|_| RepoError::Name(name.clone()))?;
            if names[..index].contains(name) {
                return Err(RepoError::Twice(name.clone()));
            }
        }
        Ok(Self::Given(names.to_vec()))
    }

    /// Whether every case has repositories that nobody used before.
    pub fn is_fresh(&self) -> bool {
        matches!(self, Isolation::Fresh { .. })
    }

    /// The repositories of a case, as many as `count`; `None` if fewer are given.
    pub fn repositories(&self, case: &str, count: usize) -> Option<Vec<String>> {
        match self {
            Isolation::Fresh { prefix, run } => {
                let key = short_hash(case);
                Some(
                    (0..count)
                        // One component below the prefix and no more: some registries take names of two components only.
                        .map(|index| format!("{prefix}/{run}-{key}{}", suffix(index)))
                        .collect(),
                )
            }
            Isolation::Given(names) => names.get(..count).map(<[String]>::to_vec),
        }
    }
}

/// The variable that holds the tag of given content.
const GIVEN_TAG: &str = "given-tag";

/// The setting of a case's content.
pub fn setting(seed: u64, case: &str, chunk: u64) -> Setting {
    Setting {
        seed: case
            .bytes()
            .fold(seed, |seed, byte| crate::content::mix(seed ^ u64::from(byte))),
        chunk,
        stop: CancellationToken::new(),
    }
}

/// The values that templates of a case, or of a probe, are filled in with.
pub fn scope(
    host: &str,
    setting: Setting,
    content: &[Node],
    repos: &[String],
    repositories: &[String],
    given: Option<&Given>,
) -> Result<Scope, String> {
    let key = short_hash(&format!("{:016x}", setting.seed));
    let mut scope = Scope {
        tag_suffix: key.clone(),
        ..Scope::default()
    };
    let names = std::iter::once("repo").chain(repos.iter().map(String::as_str));
    scope
        .variables
        .extend(names.map(str::to_string).zip(repositories.iter().cloned()));
    scope.variables.insert("host".into(), host.to_string());
    scope.variables.insert("nonce".into(), key);
    if let Some(given) = given {
        scope.given = given.parts.clone();
        let tag = given.tag.iter().map(|tag| (GIVEN_TAG.to_string(), tag.clone()));
        scope.variables.extend(tag);
    }
    scope.graph = Graph::build(content, &setting, &scope).map_err(|error| error.to_string())?;
    Ok(scope)
}

/// Eight hex digits that tell a case from every other.
pub fn short_hash(text: &str) -> String {
    let hash = text.bytes().fold(0x5bd1_e995_u64, |hash, byte| {
        crate::content::mix(hash ^ u64::from(byte))
    });
    format!("{:08x}", hash >> 32)
}

fn suffix(index: usize) -> String {
    if index == 0 { String::new() } else { format!("-{index}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_has_its_own_repositories() {
        let isolation = Isolation::fresh("referee/", "r1".into()).unwrap();
        let a = isolation.repositories("a", 2).unwrap();
        assert_eq!(a.len(), 2);
        assert_ne!(a[0], a[1]);
        assert_ne!(a[0], isolation.repositories("b", 1).unwrap()[0]);
        assert!(
            a.iter()
                .all(|name| RepositoryName::from_str(name).is_ok_and(|name| name.is_valid_in_1_0()))
        );
        assert!(a.iter().all(|name| name.split('/').count() == 2), "{a:?}");
    }

    #[test]
    fn given_repositories_are_checked_and_may_be_too_few() {
        let names = ["a/b".to_string(), "c".to_string()];
        let isolation = Isolation::given(&names).unwrap();
        assert_eq!(isolation.repositories("x", 2).unwrap(), names);
        assert!(isolation.repositories("x", 3).is_none());
        assert_eq!(
            Isolation::given(&["A".into()]).unwrap_err(),
            RepoError::Name("A".into())
        );
        assert_eq!(
            Isolation::given(&["a".into(), "a".into()]).unwrap_err(),
            RepoError::Twice("a".into())
        );
    }
}
