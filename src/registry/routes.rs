//! From path and method to the handler.
//!
//! The path is split before anything in it is decoded, so that an encoded slash never becomes a separator. Names are
//! checked here, references and digests by the handlers.

use hyper::Method;

use super::drafts::Form;
use super::request::percent_decode;
use crate::oci::reference::{NameError, RepositoryName};

/// What a path leads to. Texts are decoded and unchecked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// `/v2/`
    Ping,
    /// `/token`
    Token,
    /// `/v2/_catalog`
    Catalog,
    /// `/v2/_oci/ext/discover`, `/v2/<name>/_oci/ext/discover`
    Extensions,
    /// `/v2/<name>/blobs/<digest>`
    Blob(RepositoryName, String),
    /// `/v2/<name>/manifests/<reference>`
    Manifest(RepositoryName, String),
    /// `/v2/<name>/blobs/uploads/`
    Uploads(RepositoryName),
    /// `/v2/<name>/blobs/uploads/<id>`
    Upload(RepositoryName, String),
    /// `/v2/<name>/tags/list`
    Tags(RepositoryName),
    /// `/v2/<name>/referrers/<digest>`
    Referrers(RepositoryName, String),
    /// `/v2/<name>/_oras/artifacts/referrers`, and the draft's `/oras/artifacts/v1/<name>/manifests/<digest>/referrers`
    /// with its digest
    Oras(RepositoryName, Option<String>),
    /// `/v2/_ext/oci-artifacts/v1/<name>/manifests/<reference>/references`, and under `v1-rc1` `.../referrers`
    Draft(Form, RepositoryName, String),
    /// A path that has the form of one of these, with a name that is none.
    BadName(NameError),
    /// Anything else.
    Unknown,
}

impl Route {
    /// The route of a raw path.
    pub(super) fn of(path: &str) -> Self {
        let in_repository = |name: &[&str], route: &dyn Fn(RepositoryName) -> Self| match repository(name) {
            Ok(name) => route(name),
            Err(error) => Self::BadName(error),
        };
        if let Some(path) = path.strip_prefix("/oras/artifacts/v1/")
            && let [name @ .., "manifests", digest, "referrers"] = path.split('/').collect::<Vec<_>>().as_slice()
        {
            return in_repository(name, &|name| Self::Oras(name, Some(percent_decode(digest))));
        }
        let Some(path) = path.strip_prefix("/v2") else {
            return if path == "/token" { Self::Token } else { Self::Unknown };
        };
        if matches!(path, "" | "/") {
            return Self::Ping;
        }
        let Some(path) = path.strip_prefix('/') else {
            return Self::Unknown;
        };
        let segments: Vec<&str> = path.split('/').collect();
        match segments.as_slice() {
            ["_catalog"] => Self::Catalog,
            ["_oci", "ext", "discover"] => Self::Extensions,
            [
                "_ext",
                "oci-artifacts",
                "v1",
                name @ ..,
                "manifests",
                last,
                "references",
            ] => in_repository(name, &|name| Self::Draft(Form::References, name, percent_decode(last))),
            [
                "_ext",
                "oci-artifacts",
                "v1-rc1",
                name @ ..,
                "manifests",
                last,
                "referrers",
            ] => in_repository(name, &|name| Self::Draft(Form::Referrers, name, percent_decode(last))),
            [name @ .., "_oci", "ext", "discover"] => in_repository(name, &|_| Self::Extensions),
            [name @ .., "_oras", "artifacts", "referrers"] => in_repository(name, &|name| Self::Oras(name, None)),
            [name @ .., "manifests", last] => in_repository(name, &|name| Self::Manifest(name, percent_decode(last))),
            [name @ .., "blobs", "uploads"] | [name @ .., "blobs", "uploads", ""] => {
                in_repository(name, &Self::Uploads)
            }
            [name @ .., "blobs", "uploads", id] => in_repository(name, &|name| Self::Upload(name, percent_decode(id))),
            [name @ .., "blobs", last] => in_repository(name, &|name| Self::Blob(name, percent_decode(last))),
            [name @ .., "tags", "list"] => in_repository(name, &Self::Tags),
            [name @ .., "referrers", last] => in_repository(name, &|name| Self::Referrers(name, percent_decode(last))),
            _ => Self::Unknown,
        }
    }

    /// The methods that the resource has.
    pub(super) fn methods(&self) -> &'static [Method] {
        match self {
            Self::Blob(..) => &[Method::GET, Method::HEAD, Method::DELETE],
            Self::Manifest(..) => &[Method::GET, Method::HEAD, Method::PUT, Method::DELETE],
            Self::Uploads(_) => &[Method::POST],
            Self::Upload(..) => &[Method::GET, Method::HEAD, Method::PATCH, Method::PUT, Method::DELETE],
            Self::Ping
            | Self::Token
            | Self::Catalog
            | Self::Extensions
            | Self::Tags(_)
            | Self::Referrers(..)
            | Self::Oras(..)
            | Self::Draft(..) => &[Method::GET, Method::HEAD],
            Self::BadName(_) | Self::Unknown => &[],
        }
    }

    /// The repository that it is about.
    pub(super) fn repository(&self) -> Option<&RepositoryName> {
        match self {
            Self::Blob(name, _)
            | Self::Manifest(name, _)
            | Self::Uploads(name)
            | Self::Upload(name, _)
            | Self::Tags(name)
            | Self::Referrers(name, _)
            | Self::Oras(name, _)
            | Self::Draft(_, name, _) => Some(name),
            Self::Ping | Self::Token | Self::Catalog | Self::Extensions | Self::BadName(_) | Self::Unknown => None,
        }
    }
}

fn repository(segments: &[&str]) -> Result<RepositoryName, NameError> {
    segments
        .iter()
        .map(|segment| percent_decode(segment).replace('/', "%"))
        .collect::<Vec<_>>()
        .join("/")
        .parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_from_their_end() {
        let name = |text: &str| text.parse::<RepositoryName>().unwrap();
        assert_eq!(Route::of("/v2/"), Route::Ping);
        assert_eq!(Route::of("/v2"), Route::Ping);
        assert_eq!(Route::of("/v2x"), Route::Unknown);
        assert_eq!(Route::of("/v2/a/b/tags/list"), Route::Tags(name("a/b")));
        assert_eq!(
            Route::of("/v2/a/manifests/manifests/x"),
            Route::Manifest(name("a/manifests"), "x".into())
        );
        assert_eq!(Route::of("/v2/a/blobs/uploads/"), Route::Uploads(name("a")));
        assert_eq!(Route::of("/v2/a/blobs/uploads/1"), Route::Upload(name("a"), "1".into()));
        assert_eq!(
            Route::of("/v2/a/blobs/sha256%3Aab"),
            Route::Blob(name("a"), "sha256:ab".into())
        );
        assert_eq!(Route::of("/v2/a/_oci/ext/discover"), Route::Extensions);
        let draft = Route::of("/v2/_ext/oci-artifacts/v1/a/b/manifests/x/references");
        assert_eq!(draft, Route::Draft(Form::References, name("a/b"), "x".into()));
        assert_eq!(Route::of("/v2/a/tags/list/"), Route::Unknown);
        assert_eq!(Route::of("/v2/a/manifests/x/y"), Route::Unknown);
    }

    #[test]
    fn a_bad_name_is_told_from_no_route() {
        for path in [
            "/v2/A/tags/list",
            "/v2//tags/list",
            "/v2/a%2Fb/tags/list",
            "/v2/a/../tags/list",
            "/v2/tags/list",
        ] {
            assert!(matches!(Route::of(path), Route::BadName(_)), "{path}");
        }
    }
}
