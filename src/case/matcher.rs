//! Matchers: what an answer may look like.

use super::{Json, Template};

/// One demand on an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Matcher {
    /// The status is one of these.
    Status(StatusSet),
    /// A header field.
    Header(HeaderMatcher),
    /// What a JSON pointer (RFC 6901) leads to in the body.
    Json {
        /// The pointer; empty for the whole document.
        pointer: String,
        /// The demand.
        op: JsonOp,
    },
    /// The body is exactly the bytes of this node.
    Content(String),
    /// The body as a whole.
    Body(BodyMatcher),
    /// The error codes of the body.
    Error(ErrorMatcher),
    /// A link with this relation in the `Link` header.
    Link(LinkMatcher),
    /// What a JSON pointer leads to in the challenges of `WWW-Authenticate`, read as a JSON document: an object with a
    /// member for each scheme in lower case, its parameters by name, and the scopes taken apart under `scopes`.
    Challenge {
        /// The pointer, such as `/bearer/realm`.
        pointer: String,
        /// The demand.
        op: JsonOp,
    },
    /// At least one of these conjunctions holds.
    Any(Vec<Vec<Matcher>>),
    /// None of these conjunctions holds.
    Not(Vec<Matcher>),
}

/// A set of status codes, such as `200`, `4xx` or `[400, 404]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusSet {
    /// Inclusive ranges.
    pub ranges: Vec<(u16, u16)>,
}

impl StatusSet {
    /// Whether `status` is in the set.
    pub fn contains(&self, status: u16) -> bool {
        self.ranges.iter().any(|(from, to)| (*from..=*to).contains(&status))
    }
}

impl std::fmt::Display for StatusSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (from, to)) in self.ranges.iter().enumerate() {
            if index > 0 {
                f.write_str(" or ")?;
            }
            if from == to {
                write!(f, "{from}")?;
            } else {
                write!(f, "{}xx", from / 100)?;
            }
        }
        Ok(())
    }
}

/// A demand on a header field.
#[derive(Debug, Clone, PartialEq)]
pub struct HeaderMatcher {
    /// The field's name.
    pub name: String,
    /// Whether a missing field is fine.
    pub optional: bool,
    /// The demand on its value.
    pub op: HeaderOp,
}

/// A demand on the value of a header field.
#[derive(Debug, Clone, PartialEq)]
pub enum HeaderOp {
    /// Exactly this.
    Equals(Template),
    /// One of these.
    OneOf(Vec<Template>),
    /// Any value, but there is one.
    Present,
    /// There is no such field.
    Absent,
    /// A regular expression finds something in it.
    Matches(String),
    /// The comma-separated list, over all lines, holds this element.
    ListContains(Template),
    /// The comma-separated list, over all lines, does not hold this element.
    ListLacks(Template),
    /// The media type is this one; case and parameters do not count.
    MediaType(Template),
    /// A digest, in whatever known algorithm, of the bytes of this node.
    DigestOf(String),
    /// A digest, in whatever known algorithm, of the body.
    DigestOfBody,
    /// A digest of the body that was sent. Of one that is sent as a signed manifest of Docker's first schema, whose digest is
    /// that of a part of it, nothing is demanded, nor of an algorithm other than SHA-256.
    DigestOfSent,
    /// `0-` and the last byte of the `Content-Range` that was sent. Where none was sent, or none that fits the body, nothing is
    /// demanded.
    EndOfSent,
    /// Bytes of a whole, such as `0-99/2048`, as `Content-Range` says it: the case of the unit does not count, and the length may be
    /// an asterisk ([RFC 9110, 14.4](https://www.rfc-editor.org/rfc/rfc9110#section-14.4)).
    Part(Template),
    /// A URL that can be resolved against the one that was asked: absolute http(s), or relative.
    Url,
    /// The length of this node in decimal.
    LengthOf(String),
    /// The texts in double quotes have at most so many bytes together, over all lines.
    QuotedAtMost(u64),
}

/// A demand on what a JSON pointer leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonOp {
    /// Equal as JSON; numbers by value.
    Equals(Json),
    /// Equal to one of these.
    OneOf(Vec<Json>),
    /// Something is there.
    Present,
    /// Nothing is there.
    Absent,
    /// An array, one of whose elements includes this.
    Contains(Json),
    /// An array, none of whose elements includes this.
    Lacks(Json),
    /// Includes this: every member and value here is there too.
    Includes(Json),
    /// An array or object of exactly this length.
    Length(u64),
    /// An array or object of at least this length.
    MinLength(u64),
    /// An array or object of at most this length.
    MaxLength(u64),
    /// An array whose elements include these, one each and no others, in any order.
    Items(Vec<Json>),
    /// A number that is not less than this.
    AtLeast(u64),
    /// Of this JSON type: string, number, integer, boolean, array, object, null.
    Type(String),
    /// An array of strings in this order.
    Sorted(SortOrder),
    /// An array without two equal elements, compared at this pointer inside each.
    Unique(String),
    /// An array, all of whose elements satisfy these: pointer and demand.
    Every(Vec<(String, JsonOp)>),
    /// A string in which a regular expression finds something.
    Matches(String),
}

/// An order of strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortOrder {
    /// By byte value.
    Bytes,
    /// By byte value of the lower-case form.
    CaseInsensitive,
    /// Either of the two.
    Either,
}

/// A demand on the body as a whole.
#[derive(Debug, Clone, PartialEq)]
pub enum BodyMatcher {
    /// No bytes.
    Empty,
    /// Some bytes.
    NotEmpty,
    /// A JSON document.
    Json,
    /// A regular expression finds something in it.
    Matches(String),
}

/// A demand on an error body. A body that is not JSON is allowed by OCI distribution and passes unless `required`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorMatcher {
    /// At least one of these codes is there.
    pub codes: Vec<String>,
    /// Whether the body has to be an OCI error document.
    pub required: bool,
}

/// A demand on the `Link` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkMatcher {
    /// The relation.
    pub rel: String,
    /// Whether there has to be one, or must not be one.
    pub present: bool,
}
