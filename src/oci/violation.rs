//! What can be wrong with a document beyond its JSON, and how all of it is gathered in one walk.
//!
//! It knows no document: descriptors and manifests call it while they read themselves.

use std::collections::BTreeMap;

use crate::oci::digest::{Digest, DigestError};
use crate::oci::json::{Json, JsonError, JsonFault, Node, Position, push_pointer};
use crate::oci::media_type::{MediaType, MediaTypeError};

/// The most violations that are gathered from one document.
pub const MAX_VIOLATIONS: usize = 64;

/// One thing that is wrong with a document, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault} at {position} ({})", if pointer.is_empty() { "the document" } else { pointer })]
pub struct Violation {
    /// The value, as a JSON pointer. For a member that is missing, where it should be.
    pub pointer: String,
    /// Where the value starts. For a member that is missing, where the object starts that lacks it.
    pub position: Position,
    /// What is wrong.
    pub fault: Fault,
}

impl From<JsonError> for Violation {
    fn from(error: JsonError) -> Self {
        Self {
            pointer: error.pointer,
            position: error.position,
            fault: Fault::Json(error.fault),
        }
    }
}

/// What can be wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is not JSON, or JSON that readers disagree about.
    #[error(transparent)]
    Json(JsonFault),
    /// The media type is not one of a manifest that can be read here.
    #[error("no manifest has the media type {0}")]
    UnknownMediaType(String),
    /// Neither a media type nor the members say what kind of manifest it is.
    #[error("nothing says what kind of manifest it is")]
    Shapeless,
    /// A member that belongs to another kind of manifest makes two readings possible.
    #[error("a member of another kind of manifest")]
    Ambiguous,
    /// A manifest where only blobs may stand.
    #[error("a manifest among the blobs")]
    ManifestAsBlob,
    /// The member `mediaType` names another kind of manifest than the one that was declared.
    #[error("the media type {found} where {expected} is demanded")]
    OtherMediaType {
        /// The type that the manifest has to name.
        expected: String,
        /// The type that it names.
        found: String,
    },
    /// A required member is missing.
    #[error("a missing member")]
    Missing,
    /// A value is of another type than demanded.
    #[error("{found} where {expected} is demanded")]
    Type {
        /// The type that is demanded.
        expected: &'static str,
        /// The type of the value.
        found: &'static str,
    },
    /// `schemaVersion` is a number other than the one demanded.
    #[error("another schema version than {0}")]
    SchemaVersion(u8),
    /// `schemaVersion` is the number demanded, written as `2.0` or `2e0`. The schemas of image-spec ask for an `integer` of
    /// JSON Schema draft 4, which has neither a fraction nor an exponent (one of later drafts may), and Go's decoder, which
    /// most registries and clients read it with, does not read it.
    #[error("schema version {0} written with a fraction or an exponent, where an integer (`{0}`) is demanded")]
    SchemaVersionNotation(u8),
    /// A media type is not written as one.
    #[error(transparent)]
    MediaType(MediaTypeError),
    /// A digest is not written as one.
    #[error(transparent)]
    Digest(DigestError),
    /// A number is written with a fraction or an exponent.
    #[error("a number that is not an integer")]
    NotInteger,
    /// A size is negative.
    #[error("a negative size")]
    NegativeSize,
    /// A number is too large for 64 bits with sign.
    #[error("a number that does not fit into 64 bits")]
    TooLargeNumber,
    /// A URL is not an absolute URI.
    #[error("a text that is no URI")]
    Uri,
    /// Embedded content is not base64 with padding.
    #[error("data that is not base64")]
    Base64,
    /// Embedded content has another length than the descriptor says.
    #[error("data of {actual} bytes where the size is {expected}")]
    DataSize {
        /// The size by the descriptor.
        expected: u64,
        /// The length of the data.
        actual: u64,
    },
    /// Embedded content has another digest than the descriptor says.
    #[error("data with another digest")]
    DataDigest,
    /// The config is the empty one, and nothing else says what kind of artifact it is.
    #[error("no artifactType although the config is empty")]
    NoArtifactType,
    /// A word that stands for none of the choices.
    #[error("a text that is not one of: {0}")]
    Choice(&'static str),
    /// Of members that exclude each other, none is there or several are.
    #[error("not exactly one of: {0}")]
    OneOf(&'static str),
    /// Nothing is said where something has to be.
    #[error("nothing where something has to be said")]
    Empty,
    /// A member that nobody knows, in a document that must not have any.
    #[error("an unknown member where none may be ignored")]
    Unknown,
    /// A list has another length than something else demands.
    #[error("{actual} items where {expected} are demanded")]
    Length {
        /// How many there have to be.
        expected: usize,
        /// How many there are.
        actual: usize,
    },
    /// A digest is of another algorithm than the only one that the format knows.
    #[error("a digest that is not one of SHA-256")]
    NotSha256,
    /// A text is not base64url without padding.
    #[error("a text that is not base64url without padding")]
    Base64Url,
    /// A text does not hold the JSON that it has to hold.
    #[error("a text that does not hold a JSON {0}")]
    Embedded(&'static str),
    /// What a signature is over cannot be put together.
    #[error("a protected header without a usable {0}")]
    Protected(&'static str),
    /// Two values that have to be the same are not.
    #[error("another value than that of {0}")]
    Differs(&'static str),
    /// What was signed says something else than the document around it.
    #[error("signatures over something else than the document says")]
    OtherPayload,
    /// Keys to a layer that is not encrypted.
    #[error("keys to a layer whose media type is not that of an encrypted one")]
    PlainLayer,
}

/// A value of a document, and the way to it. Lives on the stack: the way is written out only for a violation.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    node: &'a Node,
    way: Way<'a>,
}

#[derive(Clone, Copy)]
enum Way<'a> {
    Root,
    Member(&'a At<'a>, &'a str),
    Item(&'a At<'a>, usize),
}

impl<'a> At<'a> {
    pub(super) fn root(node: &'a Node) -> Self {
        Self { node, way: Way::Root }
    }

    pub(super) fn member<'b>(&'b self, name: &'b str) -> Option<At<'b>> {
        self.node.member(name).map(|node| At {
            node,
            way: Way::Member(self, name),
        })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.node.member(name).is_some()
    }

    pub(super) fn node(&self) -> &'a Node {
        self.node
    }

    fn pointer(&self) -> String {
        match self.way {
            Way::Root => String::new(),
            Way::Member(parent, name) => {
                let mut pointer = parent.pointer();
                push_pointer(&mut pointer, name);
                pointer
            }
            Way::Item(parent, index) => format!("{}/{index}", parent.pointer()),
        }
    }
}

/// Gathers violations while a document is read.
///
/// The reading methods return `None` exactly if they have reported a violation.
pub(super) struct Collector<'a> {
    text: &'a [u8],
    violations: Vec<Violation>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            violations: Vec::new(),
        }
    }

    /// What was read, or what was wrong with it.
    pub(super) fn finish<T>(self, read: Option<T>) -> Result<T, Vec<Violation>> {
        match read {
            Some(read) if self.violations.is_empty() => Ok(read),
            _ => Err(self.violations),
        }
    }

    pub(super) fn add(&mut self, violation: impl Into<Violation>) {
        if self.violations.len() < MAX_VIOLATIONS {
            self.violations.push(violation.into());
        }
    }

    pub(super) fn report(&mut self, at: &At<'_>, fault: Fault) {
        if self.violations.len() < MAX_VIOLATIONS {
            let position = Position::of(self.text, at.node.offset);
            self.violations.push(Violation {
                pointer: at.pointer(),
                position,
                fault,
            });
        }
    }

    pub(super) fn report_missing(&mut self, object: &At<'_>, name: &str, fault: Fault) {
        if self.violations.len() < MAX_VIOLATIONS {
            let mut pointer = object.pointer();
            push_pointer(&mut pointer, name);
            self.violations.push(Violation {
                pointer,
                position: Position::of(self.text, object.node.offset),
                fault,
            });
        }
    }

    /// Reads a member that has to be there.
    pub(super) fn required<T>(
        &mut self,
        object: &At<'_>,
        name: &str,
        read: impl FnOnce(&mut Self, &At<'_>) -> Option<T>,
    ) -> Option<T> {
        match object.member(name) {
            Some(at) => read(self, &at),
            None => {
                self.report_missing(object, name, Fault::Missing);
                None
            }
        }
    }

    /// Reads a member that may be missing, which is `Some(None)` then.
    pub(super) fn optional<T>(
        &mut self,
        object: &At<'_>,
        name: &str,
        read: impl FnOnce(&mut Self, &At<'_>) -> Option<T>,
    ) -> Option<Option<T>> {
        object.member(name).map_or(Some(None), |at| read(self, &at).map(Some))
    }

    pub(super) fn object(&mut self, at: &At<'_>) -> Option<()> {
        match at.node.value {
            Json::Object(_) => Some(()),
            _ => self.wrong_type(at, "an object"),
        }
    }

    /// Reads each item of an array, all of them even if one is wrong.
    pub(super) fn array<T>(
        &mut self,
        at: &At<'_>,
        mut read: impl FnMut(&mut Self, &At<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Json::Array(items) = &at.node.value else {
            return self.wrong_type(at, "an array");
        };
        let mut complete = Some(Vec::new());
        for (index, node) in items.iter().enumerate() {
            let item = read(
                self,
                &At {
                    node,
                    way: Way::Item(at, index),
                },
            );
            match (&mut complete, item) {
                (Some(list), Some(item)) => list.push(item),
                _ => complete = None,
            }
        }
        complete
    }

    pub(super) fn string<'n>(&mut self, at: &At<'n>) -> Option<&'n str> {
        match &at.node.value {
            Json::String(text) => Some(text),
            _ => self.wrong_type(at, "a string"),
        }
    }

    pub(super) fn text(&mut self, at: &At<'_>) -> Option<String> {
        self.string(at).map(str::to_owned)
    }

    /// Reads the length of content: an integer without sign that fits into 64 bits with one.
    pub(super) fn size(&mut self, at: &At<'_>) -> Option<u64> {
        let Json::Number(text) = &at.node.value else {
            return self.wrong_type(at, "a number");
        };
        let size = if text.contains(['.', 'e', 'E']) {
            Err(Fault::NotInteger)
        } else if **text == *"-0" {
            Ok(0)
        } else if text.starts_with('-') {
            Err(Fault::NegativeSize)
        } else {
            let number: Option<i64> = text.parse().ok();
            number
                .and_then(|number| u64::try_from(number).ok())
                .ok_or(Fault::TooLargeNumber)
        };
        self.check(at, size)
    }

    /// Reads an integer that fits into 64 bits with sign.
    pub(super) fn integer(&mut self, at: &At<'_>) -> Option<i64> {
        let Json::Number(text) = &at.node.value else {
            return self.wrong_type(at, "a number");
        };
        let number = if text.contains(['.', 'e', 'E']) {
            Err(Fault::NotInteger)
        } else {
            text.parse().map_err(|_| Fault::TooLargeNumber)
        };
        self.check(at, number)
    }

    /// Reads a text that says something.
    pub(super) fn some_text(&mut self, at: &At<'_>) -> Option<String> {
        let text = self.text(at)?;
        self.check(at, if text.is_empty() { Err(Fault::Empty) } else { Ok(text) })
    }

    /// Reports every member of an object that has none of these names.
    pub(super) fn closed(&mut self, at: &At<'_>, names: &[&str]) -> Option<()> {
        let Json::Object(members) = &at.node.value else {
            return self.wrong_type(at, "an object");
        };
        let mut is_closed = Some(());
        for member in members.iter().filter(|member| !names.contains(&member.name.as_str())) {
            let unknown = At {
                node: &member.value,
                way: Way::Member(at, &member.name),
            };
            self.report(&unknown, Fault::Unknown);
            is_closed = None;
        }
        is_closed
    }

    pub(super) fn schema_version(&mut self, at: &At<'_>, demanded: u8) -> Option<()> {
        let Json::Number(text) = &at.node.value else {
            return self.wrong_type(at, "a number");
        };
        if **text == *demanded.to_string() {
            return Some(());
        }
        let is_notation = text.contains(['.', 'e', 'E']) && text.parse() == Ok(f64::from(demanded));
        self.report(
            at,
            match is_notation {
                true => Fault::SchemaVersionNotation(demanded),
                false => Fault::SchemaVersion(demanded),
            },
        );
        None
    }

    pub(super) fn media_type(&mut self, at: &At<'_>) -> Option<MediaType> {
        let parsed = MediaType::bare(self.string(at)?);
        self.check(at, parsed.map_err(Fault::MediaType))
    }

    pub(super) fn digest(&mut self, at: &At<'_>) -> Option<Digest> {
        let parsed = self.string(at)?.parse();
        self.check(at, parsed.map_err(Fault::Digest))
    }

    pub(super) fn annotations(&mut self, at: &At<'_>) -> Option<BTreeMap<String, String>> {
        let Json::Object(members) = &at.node.value else {
            return self.wrong_type(at, "an object");
        };
        let mut complete = Some(BTreeMap::new());
        for member in members {
            let value = self.text(&At {
                node: &member.value,
                way: Way::Member(at, &member.name),
            });
            match (&mut complete, value) {
                (Some(map), Some(value)) => {
                    map.insert(member.name.clone(), value);
                }
                _ => complete = None,
            }
        }
        complete
    }

    /// The value of a result; its error is reported at `at`.
    pub(super) fn check<T>(&mut self, at: &At<'_>, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.report(at, fault)).ok()
    }

    pub(super) fn wrong_type<T>(&mut self, at: &At<'_>, expected: &'static str) -> Option<T> {
        self.report(
            at,
            Fault::Type {
                expected,
                found: at.node.kind(),
            },
        );
        None
    }
}
