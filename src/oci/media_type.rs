//! Media types: the names that the specifications give to documents and blobs, and a parser of `type/subtype; params`.
//!
//! Names follow [RFC 6838, section 4.2](https://www.rfc-editor.org/rfc/rfc6838#section-4.2), parameters
//! [RFC 9110, section 5.6.6](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.6). It does not know which document a
//! media type leads to: that is the business of those who read documents.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::oci::header_syntax::{Scanner, write_value};

/// OCI image manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// OCI image index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// OCI image configuration.
pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// OCI descriptor.
pub const OCI_DESCRIPTOR: &str = "application/vnd.oci.descriptor.v1+json";
/// The `oci-layout` file.
pub const OCI_LAYOUT: &str = "application/vnd.oci.layout.header.v1+json";
/// The two bytes `{}` that stand where a descriptor is demanded and nothing is to be said.
pub const OCI_EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// OCI layer, a plain tar.
pub const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// OCI layer, a tar under gzip.
pub const OCI_LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// OCI layer, a tar under zstd.
pub const OCI_LAYER_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
/// OCI layer that may not be distributed; deprecated.
pub const OCI_LAYER_NONDISTRIBUTABLE: &str = "application/vnd.oci.image.layer.nondistributable.v1.tar";
/// OCI layer that may not be distributed, under gzip; deprecated.
pub const OCI_LAYER_NONDISTRIBUTABLE_GZIP: &str = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
/// OCI layer that may not be distributed, under zstd; deprecated.
pub const OCI_LAYER_NONDISTRIBUTABLE_ZSTD: &str = "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd";
/// The artifact manifest that was in release candidates of OCI image 1.1 and was withdrawn.
pub const OCI_ARTIFACT_WITHDRAWN: &str = "application/vnd.oci.artifact.manifest.v1+json";
/// Manifest of the generic object draft, first form; never released.
pub const OCI_OBJECT_DRAFT: &str = "application/vnd.oci.object.manifest.v1+json";
/// Manifest of the generic object draft, second form; never released.
pub const OCI_DISTRIBUTION_DRAFT: &str = "application/vnd.oci.distribution.manifest.v1+json";
/// ORAS artifact manifest.
pub const ORAS_ARTIFACT: &str = "application/vnd.cncf.oras.artifact.manifest.v1+json";
/// Docker manifest, schema 1, without signatures.
pub const DOCKER_SCHEMA1: &str = "application/vnd.docker.distribution.manifest.v1+json";
/// Docker manifest, schema 1, signed.
pub const DOCKER_SCHEMA1_SIGNED: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";
/// Docker manifest, schema 2.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker manifest list.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Docker image configuration.
pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// Docker layer, a tar under gzip.
pub const DOCKER_LAYER_GZIP: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
/// Docker layer that is fetched from elsewhere.
pub const DOCKER_LAYER_FOREIGN: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
/// Payload of a signature of cosign.
pub const COSIGN_PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// Payload of a signature of Notation.
pub const NOTATION_PAYLOAD: &str = "application/vnd.cncf.notary.payload.v1+json";
/// The type of an artifact that is a signature of Notation.
pub const NOTATION_SIGNATURE: &str = "application/vnd.cncf.notary.signature";
/// Sigstore bundle, as it is written since version 0.3.
pub const SIGSTORE_BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// Sigstore bundle of an earlier form, which has its version in a parameter.
pub const SIGSTORE_BUNDLE_PARAMETER: &str = "application/vnd.dev.sigstore.bundle+json";
/// JSON of no further kind.
pub const JSON: &str = "application/json";
/// Bytes of no kind.
pub const OCTET_STREAM: &str = "application/octet-stream";

/// The longest type, and the longest subtype, in bytes (RFC 6838, section 4.2).
pub const MAX_NAME_LEN: usize = 127;

/// A media type: an essence (`type/subtype`) and its parameters.
///
/// Case has no meaning in the essence and in the names of parameters, so comparing pays no attention to it there; it does
/// in their values. Printing keeps the essence as it was written.
#[derive(Debug, Clone)]
pub struct MediaType {
    written: String,
    essence: String,
    slash: usize,
    parameters: Vec<(String, String)>,
}

impl MediaType {
    /// Parses a media type that stands in a document, where nothing but type and subtype has a place.
    ///
    /// # Errors
    /// As for parsing, and [`MediaTypeError::Parameter`] if anything follows the subtype.
    pub fn bare(text: &str) -> Result<Self, MediaTypeError> {
        let (written, slash) = parse_essence(text)?;
        if written.len() < text.len() {
            return Err(MediaTypeError::Parameter { at: written.len() });
        }
        Ok(Self::new(written, slash, Vec::new()))
    }

    fn new(written: &str, slash: usize, parameters: Vec<(String, String)>) -> Self {
        Self {
            written: written.to_owned(),
            essence: written.to_ascii_lowercase(),
            slash,
            parameters,
        }
    }

    /// `type/subtype` as it was written, without parameters.
    pub fn as_written(&self) -> &str {
        &self.written
    }

    /// `type/subtype` in lower case, without parameters.
    pub fn essence(&self) -> &str {
        &self.essence
    }

    /// What stands before the slash.
    pub fn type_name(&self) -> &str {
        self.essence.get(..self.slash).unwrap_or_default()
    }

    /// What stands after the slash.
    pub fn subtype(&self) -> &str {
        self.essence.get(self.slash + 1..).unwrap_or_default()
    }

    /// The part of the subtype after its last plus, which names the format underneath: `json`, `gzip`.
    pub fn suffix(&self) -> Option<&str> {
        self.subtype().rsplit_once('+').map(|(_, suffix)| suffix)
    }

    /// The parameters in their order, names in lower case.
    pub fn parameters(&self) -> &[(String, String)] {
        &self.parameters
    }

    /// The value of the first parameter of this (lower-case) name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether content of this type is JSON, by its name.
    pub fn is_json(&self) -> bool {
        self.essence == JSON || self.essence == "text/json" || self.suffix() == Some("json")
    }
}

impl FromStr for MediaType {
    type Err = MediaTypeError;

    /// Parses a media type as it stands in a header field: white space around it and around semicolons is stepped over.
    fn from_str(text: &str) -> Result<Self, MediaTypeError> {
        let trimmed = text.trim_matches([' ', '\t']);
        let (written, slash) = parse_essence(trimmed)?;
        let mut scanner = Scanner::new(trimmed);
        scanner.skip_to(written.len());
        let mut parameters = Vec::new();
        loop {
            scanner.skip_white_space();
            if scanner.is_at_end() {
                return Ok(Self::new(written, slash, parameters));
            }
            if !scanner.eat(b';') {
                return Err(MediaTypeError::Parameter { at: scanner.at() });
            }
            scanner.skip_white_space();
            // An empty parameter, as in `a/b;` or `a/b;;c=d`, is within the grammar and means nothing.
            if scanner.is_at_end() || scanner.peek() == Some(b';') {
                continue;
            }
            let at = scanner.at();
            parameters.push(parse_parameter(&mut scanner).ok_or(MediaTypeError::Parameter { at })?);
        }
    }
}

impl PartialEq for MediaType {
    fn eq(&self, other: &Self) -> bool {
        self.essence == other.essence && self.parameters == other.parameters
    }
}

impl Eq for MediaType {}

impl Hash for MediaType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.essence.hash(state);
        self.parameters.hash(state);
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)?;
        for (name, value) in &self.parameters {
            write!(f, "; {name}=")?;
            write_value(f, value)?;
        }
        Ok(())
    }
}

/// Why a text is no media type. Positions are byte offsets into the text without the white space around it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaTypeError {
    /// Nothing is there.
    #[error("the media type is empty")]
    Empty,
    /// No slash separates type and subtype.
    #[error("the media type has no slash")]
    NoSlash,
    /// Nothing stands before or after the slash.
    #[error("the media type has an empty name at byte {at}")]
    EmptyName {
        /// Where a name was expected.
        at: usize,
    },
    /// A character that may not stand in a name, or not at its start.
    #[error("byte {at} may not stand there in a media type")]
    Character {
        /// Where it stands.
        at: usize,
    },
    /// A type or subtype of more than [`MAX_NAME_LEN`] bytes.
    #[error("a name in the media type has {actual} bytes, more than {MAX_NAME_LEN}")]
    TooLong {
        /// Its length in bytes.
        actual: usize,
    },
    /// What follows the subtype is no parameter, or no parameter may follow.
    #[error("byte {at} of the media type does not start a parameter that may stand there")]
    Parameter {
        /// Where it starts.
        at: usize,
    },
}

/// The essence at the start of `text`, and the place of its slash.
fn parse_essence(text: &str) -> Result<(&str, usize), MediaTypeError> {
    if text.is_empty() {
        return Err(MediaTypeError::Empty);
    }
    let end = text.find([';', ' ', '\t']).unwrap_or(text.len());
    let written = text.get(..end).unwrap_or_default();
    let (type_name, subtype) = written.split_once('/').ok_or(MediaTypeError::NoSlash)?;
    check_name(type_name, 0)?;
    check_name(subtype, type_name.len() + 1)?;
    Ok((written, type_name.len()))
}

fn check_name(name: &str, start: usize) -> Result<(), MediaTypeError> {
    if name.is_empty() {
        return Err(MediaTypeError::EmptyName { at: start });
    }
    let allowed = |(at, byte): (usize, u8)| byte.is_ascii_alphanumeric() || (at > 0 && b"!#$&-^_.+".contains(&byte));
    if let Some(at) = name.bytes().enumerate().position(|pair| !allowed(pair)) {
        return Err(MediaTypeError::Character { at: start + at });
    }
    if name.len() > MAX_NAME_LEN {
        return Err(MediaTypeError::TooLong { actual: name.len() });
    }
    Ok(())
}

fn parse_parameter(scanner: &mut Scanner<'_>) -> Option<(String, String)> {
    let name = scanner.token();
    if name.is_empty() || !scanner.eat(b'=') {
        return None;
    }
    let value = match scanner.quoted_string() {
        Some(quoted) => quoted.ok()?,
        None => Some(scanner.token()).filter(|token| !token.is_empty())?.to_owned(),
    };
    Some((name.to_ascii_lowercase(), value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parameters_stand_apart_from_the_essence() {
        let parsed: MediaType = " Application/Vnd.X+JSON ; Charset=\"utf-8\";;q=a ;".parse().unwrap();
        assert_eq!(parsed.essence(), "application/vnd.x+json");
        assert_eq!((parsed.type_name(), parsed.subtype()), ("application", "vnd.x+json"));
        assert_eq!(parsed.suffix(), Some("json"));
        assert_eq!(parsed.parameter("charset"), Some("utf-8"));
        assert_eq!(parsed.parameters().len(), 2);
        assert_eq!(parsed.to_string(), "Application/Vnd.X+JSON; charset=utf-8; q=a");
        assert_eq!(parsed, "application/vnd.x+json;charset=utf-8;q=a".parse().unwrap());
        assert_ne!(parsed, "application/vnd.x+json;charset=UTF-8;q=a".parse().unwrap());
        assert!(parsed.is_json());
    }

    #[test]
    fn each_mistake_has_its_own_error() {
        let error = |text: &str| text.parse::<MediaType>().unwrap_err();
        assert_eq!(error(""), MediaTypeError::Empty);
        assert_eq!(error("text"), MediaTypeError::NoSlash);
        assert_eq!(error("/b"), MediaTypeError::EmptyName { at: 0 });
        assert_eq!(error("a/"), MediaTypeError::EmptyName { at: 2 });
        assert_eq!(error("a/b/c"), MediaTypeError::Character { at: 3 });
        assert_eq!(error("a/+b"), MediaTypeError::Character { at: 2 });
        assert_eq!(error("a/b,c/d"), MediaTypeError::Character { at: 3 });
        assert_eq!(error("a/\u{e9}"), MediaTypeError::Character { at: 2 });
        assert_eq!(
            error(&format!("a/{}", "b".repeat(128))),
            MediaTypeError::TooLong { actual: 128 }
        );
        assert_eq!(error("a/b c"), MediaTypeError::Parameter { at: 4 });
        assert_eq!(error("a/b; c"), MediaTypeError::Parameter { at: 5 });
        assert_eq!(error("a/b; c=\"d"), MediaTypeError::Parameter { at: 5 });
        assert_eq!(error("a/b; c=d, e/f"), MediaTypeError::Parameter { at: 8 });
    }

    #[test]
    fn a_bare_media_type_has_no_parameters() {
        assert!(MediaType::bare(&format!("a/{}", "b".repeat(127))).is_ok());
        assert_eq!(MediaType::bare("a/b; c=d"), Err(MediaTypeError::Parameter { at: 3 }));
        assert_eq!(MediaType::bare("a/b "), Err(MediaTypeError::Parameter { at: 3 }));
        assert_eq!(MediaType::bare(" a/b"), Err(MediaTypeError::NoSlash));
    }

    #[test]
    fn the_names_of_the_specifications_are_media_types() {
        for name in [
            OCI_MANIFEST,
            OCI_LAYER_NONDISTRIBUTABLE_ZSTD,
            DOCKER_SCHEMA1_SIGNED,
            ORAS_ARTIFACT,
            OCTET_STREAM,
        ] {
            assert_eq!(MediaType::bare(name).unwrap().essence(), name);
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_prints_what_it_parsed(text in ".*") {
            if let Ok(parsed) = text.parse::<MediaType>() {
                prop_assert_eq!(parsed.to_string().parse(), Ok(parsed));
            }
        }

        #[test]
        fn printing_parses_back(text in r#"[a-zA-Z]{1,5}/[a-z.+]{1,9}( ?; ?[a-z]{0,3}(=[a-z]{0,3}|="[ -~é]{0,9}")){0,3}"#) {
            if let Ok(parsed) = text.parse::<MediaType>() {
                prop_assert_eq!(parsed.to_string().parse(), Ok(parsed));
            }
        }
    }
}
