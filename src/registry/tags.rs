//! The list of tags, and the list of repositories, which is paged in the same way.
//!
//! Follows [Listing tags](https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags). The list of
//! repositories is Docker's; the specification only reserves its name.

use hyper::header;
use serde_json::json;

use super::Variant;
use super::blobs::name_unknown;
use super::request::Request;
use super::respond::{Answer, Failure, Reply};
use super::server::Registry;
use crate::oci::error_body::ErrorCode;
use crate::oci::reference::RepositoryName;

impl Registry {
    /// GET of the tags of a repository.
    pub(super) fn list_tags(&self, name: &RepositoryName, request: &Request) -> Answer {
        let mut asked = Asked::of(request, self.has(Variant::TagsBadLimitIgnored))?;
        let mut all: Vec<String> = {
            let store = self.store();
            let repository = store.repository(name).ok_or_else(|| name_unknown(name))?;
            let plain = || repository.tags().map(ToString::to_string).collect();
            self.wrong_tags(&store, name, repository).unwrap_or_else(plain)
        };
        if self.has(Variant::UntaggedRepositoriesForgotten) && all.is_empty() {
            return Err(name_unknown(name));
        }
        if self.has(Variant::TagsCaseInsensitive) {
            asked.ignores_case = true;
            all.sort_by_key(|tag| asked.key(tag));
        }
        if self.has(Variant::TagsPaged) {
            asked.most = asked.most.unwrap_or(SMALL_PAGE).min(SMALL_PAGE).into();
        }
        let mut page = self.wrong_page(&all, &asked).unwrap_or_else(|| Page::of(all, &asked));
        if self.has(Variant::TagsLinkOnFullPage) && asked.most.is_some_and(|most| most > 0 && page.items.len() == most)
        {
            page.resume_after = page.items.last().cloned();
        }
        if self.has(Variant::TagsFirstPageEmpty) && asked.most > Some(0) && asked.after.is_none() {
            page = Page {
                items: Vec::new(),
                resume_after: Some(String::new()),
            };
        }
        let link = page.link(
            &format!("/v2/{name}/tags/list"),
            &asked,
            self.has(Variant::TagsPagedByToken),
        );
        Ok(Reply::json(&json!({"name": name.as_str(), "tags": page.items})).with_some(header::LINK, link))
    }

    /// GET of the names of all repositories.
    pub(super) fn list_repositories(&self, request: &Request) -> Answer {
        let asked = Asked::of(request, false)?;
        let all = self.store().repositories().map(|(name, _)| name.to_string()).collect();
        let page = Page::of(all, &asked);
        let link = page.link("/v2/_catalog", &asked, false);
        Ok(Reply::json(&json!({"repositories": page.items})).with_some(header::LINK, link))
    }
}

/// The page size of variants that page early.
const SMALL_PAGE: usize = 2;

/// What part of a list the client asked for.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// No more than this many items.
    pub(super) most: Option<usize>,
    /// Only items that follow this one.
    pub(super) after: Option<String>,
    /// Whether the case of letters matters last.
    pub(super) ignores_case: bool,
}

impl Asked {
    fn of(request: &Request, ignores_bad_limit: bool) -> Result<Self, Failure> {
        let most = match request.query("n") {
            Some(n) if !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(n.parse().unwrap_or(usize::MAX))
            }
            Some(_) if !ignores_bad_limit => {
                return Err(Failure::bad_request(
                    ErrorCode::Unsupported,
                    "n has to be a number of items",
                ));
            }
            _ => None,
        };
        let token = request
            .query("token")
            .and_then(|token| String::from_utf8(hex::decode(token).ok()?).ok());
        let after = token.or_else(|| request.query("last").map(str::to_owned));
        Ok(Self {
            most,
            after,
            ignores_case: false,
        })
    }

    /// What items are sorted by.
    fn key(&self, item: &str) -> (String, String) {
        (
            if self.ignores_case {
                item.to_lowercase()
            } else {
                String::new()
            },
            item.to_owned(),
        )
    }
}

/// A part of a list.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) items: Vec<String>,
    /// What the next page follows, if there is one.
    pub(super) resume_after: Option<String>,
}

impl Page {
    /// The part of a sorted list that was asked for.
    pub(super) fn of(sorted: Vec<String>, asked: &Asked) -> Self {
        let mut items = sorted;
        if let Some(after) = asked.after.as_ref().map(|after| asked.key(after)) {
            items.retain(|item| asked.key(item) > after);
        }
        let most = asked.most.unwrap_or(usize::MAX);
        let is_cut = items.len() > most;
        items.truncate(most);
        let resume_after = items.last().filter(|_| is_cut).cloned();
        Self { items, resume_after }
    }

    /// The link to what follows, if anything does.
    fn link(&self, path: &str, asked: &Asked, by_token: bool) -> Option<String> {
        let last = self.resume_after.as_ref()?;
        let most = asked.most.map(|most| format!("n={most}&")).unwrap_or_default();
        let place = if by_token {
            format!("token={}", hex::encode(last))
        } else {
            format!("last={last}")
        };
        Some(format!("<{path}?{most}{place}>; rel=\"next\""))
    }
}
