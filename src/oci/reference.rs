//! Names of repositories, tags, and references: what stands in the path of a request.
//!
//! Follows [the pull section of the distribution specification](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests).
//! Host names are not part of it, and neither is the `name:tag@digest` shorthand of command lines.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::oci::digest::{Digest, DigestError};

/// The longest tag, in bytes.
pub const MAX_TAG_LEN: usize = 128;

/// The length up to which host, slash and repository name together work with the clients in use. The grammar itself sets
/// no limit.
pub const USUAL_MAX_NAME_LEN: usize = 255;

/// The name of a repository, by the grammar of version 1.1: components of lower-case letters and digits, joined inside by
/// one dot, one or two underscores or any number of hyphens, and separated by slashes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepositoryName(Arc<str>);

impl RepositoryName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The parts between the slashes, never empty.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// Whether the narrower grammar of version 1.0 has this name too: there, one dot, underscore or hyphen is the only
    /// thing that may join letters and digits.
    pub fn is_valid_in_1_0(&self) -> bool {
        let is_separator = |byte: &u8| matches!(byte, b'.' | b'_' | b'-');
        !self.0.as_bytes().windows(2).any(|pair| pair.iter().all(is_separator))
    }

    /// The name with one more component.
    ///
    /// # Errors
    /// If the two together are no name.
    pub fn join(&self, component: &str) -> Result<Self, NameError> {
        format!("{}/{component}", self.0).parse()
    }
}

impl FromStr for RepositoryName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        let mut at = 0;
        for component in text.split('/') {
            check_component(component, at)?;
            at += component.len() + 1;
        }
        Ok(Self(text.into()))
    }
}

/// A tag: up to [`MAX_TAG_LEN`] letters, digits, underscores, dots and hyphens, not starting with a dot or a hyphen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(Arc<str>);

impl Tag {
    /// The tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tag {
    type Err = TagError;

    fn from_str(text: &str) -> Result<Self, TagError> {
        let allowed = |(at, byte): (usize, u8)| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => true,
            b'.' | b'-' => at > 0,
            _ => false,
        };
        if text.is_empty() {
            return Err(TagError::Empty);
        }
        if let Some(at) = text.bytes().enumerate().position(|pair| !allowed(pair)) {
            return Err(TagError::Character { at });
        }
        if text.len() > MAX_TAG_LEN {
            return Err(TagError::TooLong { actual: text.len() });
        }
        Ok(Self(text.into()))
    }
}

/// What a manifest is asked for by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// A name that may come to mean another manifest.
    Tag(Tag),
    /// The digest of the manifest's bytes.
    Digest(Digest),
}

impl Reference {
    /// The digest, if it is one.
    pub fn digest(&self) -> Option<&Digest> {
        match self {
            Self::Digest(digest) => Some(digest),
            Self::Tag(_) => None,
        }
    }

    /// The tag, if it is one.
    pub fn tag(&self) -> Option<&Tag> {
        match self {
            Self::Tag(tag) => Some(tag),
            Self::Digest(_) => None,
        }
    }

    /// The reference as text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Tag(tag) => tag.as_str(),
            Self::Digest(digest) => digest.as_str(),
        }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    /// A text with a colon is read as a digest, for no tag has one; any other text as a tag.
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if text.contains(':') {
            Ok(Self::Digest(text.parse()?))
        } else {
            Ok(Self::Tag(text.parse()?))
        }
    }
}

impl From<Tag> for Reference {
    fn from(tag: Tag) -> Self {
        Self::Tag(tag)
    }
}

impl From<Digest> for Reference {
    fn from(digest: Digest) -> Self {
        Self::Digest(digest)
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is no repository name. Positions are byte offsets into the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing is there.
    #[error("the repository name is empty")]
    Empty,
    /// Two slashes meet, or one stands at the start or the end.
    #[error("the repository name has an empty component at byte {at}")]
    EmptyComponent {
        /// Where a component was expected.
        at: usize,
    },
    /// A character that no name has.
    #[error("byte {at} may not stand in a repository name")]
    Character {
        /// Where it stands.
        at: usize,
    },
    /// A dot, underscore or hyphen at the start or the end of a component.
    #[error("the separator at byte {at} of the repository name is not between letters or digits")]
    SeparatorAtEdge {
        /// Where the separator starts.
        at: usize,
    },
    /// Separators that may not be combined, as in `a..b`, `a___b` or `a-_b`.
    #[error("the separator at byte {at} of the repository name is not one dot, one or two underscores, or hyphens")]
    Separator {
        /// Where the separator starts.
        at: usize,
    },
}

/// Why a text is no tag. Positions are byte offsets into the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    /// Nothing is there.
    #[error("the tag is empty")]
    Empty,
    /// A character that no tag has, or a dot or hyphen at the start.
    #[error("byte {at} may not stand there in a tag")]
    Character {
        /// Where it stands.
        at: usize,
    },
    /// More than [`MAX_TAG_LEN`] bytes.
    #[error("the tag has {actual} bytes, more than {MAX_TAG_LEN}")]
    TooLong {
        /// Its length in bytes.
        actual: usize,
    },
}

/// Why a text is neither tag nor digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// It has no colon, and is no tag.
    #[error(transparent)]
    Tag(#[from] TagError),
    /// It has a colon, and is no digest.
    #[error(transparent)]
    Digest(#[from] DigestError),
}

/// Checks one component that starts at byte `start` of the name.
fn check_component(component: &str, start: usize) -> Result<(), NameError> {
    if component.is_empty() {
        return Err(NameError::EmptyComponent { at: start });
    }
    let bytes = component.as_bytes();
    let is_letter = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9');
    let is_separator = |byte: &u8| matches!(byte, b'.' | b'_' | b'-');
    if let Some(at) = bytes.iter().position(|byte| !is_letter(byte) && !is_separator(byte)) {
        return Err(NameError::Character { at: start + at });
    }
    let mut at = start;
    for run in bytes.chunk_by(|a, b| is_letter(a) == is_letter(b)) {
        let end = at + run.len();
        if run.iter().all(is_separator) {
            if at == start || end == start + bytes.len() {
                return Err(NameError::SeparatorAtEdge { at });
            }
            if !(matches!(run, b"." | b"_" | b"__") || run.iter().all(|byte| *byte == b'-')) {
                return Err(NameError::Separator { at });
            }
        }
        at = end;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use regex::Regex;

    fn grammar_1_1() -> Regex {
        let component = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*";
        Regex::new(&format!(r"\A{component}(?:/{component})*\z")).unwrap()
    }

    fn grammar_1_0() -> Regex {
        let component = r"[a-z0-9]+(?:[._-][a-z0-9]+)*";
        Regex::new(&format!(r"\A{component}(?:/{component})*\z")).unwrap()
    }

    #[test]
    fn each_mistake_in_a_name_has_its_place() {
        let error = |text: &str| text.parse::<RepositoryName>().unwrap_err();
        assert_eq!(error(""), NameError::Empty);
        assert_eq!(error("/a"), NameError::EmptyComponent { at: 0 });
        assert_eq!(error("a//b"), NameError::EmptyComponent { at: 2 });
        assert_eq!(error("a/"), NameError::EmptyComponent { at: 2 });
        assert_eq!(error("a/Bc"), NameError::Character { at: 2 });
        assert_eq!(error("a b"), NameError::Character { at: 1 });
        assert_eq!(error("a/\u{e9}"), NameError::Character { at: 2 });
        assert_eq!(error("a\n"), NameError::Character { at: 1 });
        assert_eq!(error("a/-b"), NameError::SeparatorAtEdge { at: 2 });
        assert_eq!(error("a/b--"), NameError::SeparatorAtEdge { at: 3 });
        assert_eq!(error(".."), NameError::SeparatorAtEdge { at: 0 });
        assert_eq!(error("a..b"), NameError::Separator { at: 1 });
        assert_eq!(error("x/a___b"), NameError::Separator { at: 3 });
        assert_eq!(error("a-_b"), NameError::Separator { at: 1 });
    }

    #[test]
    fn version_1_0_is_narrower() {
        let in_1_0 = |text: &str| text.parse::<RepositoryName>().unwrap().is_valid_in_1_0();
        assert!(in_1_0("a/b.c_d-e/0"));
        assert!(!in_1_0("a__b"));
        assert!(!in_1_0("a/b---c"));
    }

    #[test]
    fn a_tag_has_its_length_and_alphabet() {
        let longest = "a".repeat(MAX_TAG_LEN);
        assert_eq!(longest.parse::<Tag>().unwrap().as_str(), longest);
        assert_eq!("a".repeat(129).parse::<Tag>(), Err(TagError::TooLong { actual: 129 }));
        assert_eq!("".parse::<Tag>(), Err(TagError::Empty));
        assert_eq!(".a".parse::<Tag>(), Err(TagError::Character { at: 0 }));
        assert_eq!("-a".parse::<Tag>(), Err(TagError::Character { at: 0 }));
        assert_eq!("a/b".parse::<Tag>(), Err(TagError::Character { at: 1 }));
        assert!("_A.b-9".parse::<Tag>().is_ok());
    }

    #[test]
    fn a_colon_decides_between_tag_and_digest() {
        assert!(matches!("latest".parse(), Ok(Reference::Tag(_))));
        assert!(matches!("sha384:abc".parse(), Ok(Reference::Digest(_))));
        assert!(matches!(
            "sha256:abc".parse::<Reference>(),
            Err(ReferenceError::Digest(_))
        ));
        assert!(matches!("a b".parse::<Reference>(), Err(ReferenceError::Tag(_))));
    }

    #[test]
    fn joining_checks_the_whole() {
        let name: RepositoryName = "a".parse().unwrap();
        assert_eq!(name.join("b").unwrap().components().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(name.join("B"), Err(NameError::Character { at: 2 }));
    }

    proptest! {
        #[test]
        fn names_are_those_of_the_grammar(text in "[a-cA.0_/-]{0,12}") {
            let parsed = text.parse::<RepositoryName>();
            prop_assert_eq!(parsed.is_ok(), grammar_1_1().is_match(&text), "{}", text);
            if let Ok(name) = parsed {
                prop_assert_eq!(name.is_valid_in_1_0(), grammar_1_0().is_match(&text), "{}", text);
                prop_assert_eq!(name.to_string().parse(), Ok(name));
            }
        }

        #[test]
        fn tags_are_those_of_the_grammar(text in "[a-cA.0_:/é-]{0,12}") {
            let grammar = Regex::new(r"\A[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}\z").unwrap();
            prop_assert_eq!(text.parse::<Tag>().is_ok(), grammar.is_match(&text));
        }

        #[test]
        fn never_panics(text in ".*") {
            let _ = text.parse::<RepositoryName>();
            if let Ok(reference) = text.parse::<Reference>() {
                prop_assert_eq!(reference.to_string(), text);
            }
        }
    }
}
