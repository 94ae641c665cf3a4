//! Every mapping of the format: its keys, what each takes, and what it says.
//!
//! Owns the tables from which the decoder refuses unknown keys, the JSON Schema is made and the manual's reference is
//! printed, so that the three cannot disagree. It refuses to know how a value is decoded.

mod cases;
mod catalogue;
mod matchers;
mod steps;

pub use cases::*;
pub use catalogue::*;
pub use matchers::*;
pub use steps::*;

use crate::case::{GivenPart, UploadHow, Via};

/// A mapping with named keys.
#[derive(Debug)]
pub struct Shape {
    /// Its name in the schema.
    pub name: &'static str,
    /// What it is, with an article.
    pub what: &'static str,
    /// Its keys in the order in which they are best written.
    pub keys: &'static [Key],
}

/// A key of a mapping.
#[derive(Debug)]
pub struct Key {
    /// The key.
    pub name: &'static str,
    /// What its value is.
    pub of: Of,
    /// Whether it has to be there.
    pub required: bool,
    /// What it says.
    pub says: &'static str,
}

/// What a value is.
#[derive(Debug)]
pub enum Of {
    /// Text, with `${...}` where a run knows more.
    Text,
    /// Whole text without variables.
    Plain,
    /// A name of the grammar `[a-z0-9-]+`.
    Name,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Count,
    /// A length such as `3KiB`.
    Size,
    /// A time such as `200ms`.
    Time,
    /// Nothing.
    Null,
    /// Any JSON.
    Json,
    /// One of some words.
    Words(&'static [&'static str]),
    /// A list.
    List(&'static Of),
    /// A mapping from names to values.
    Map(&'static Of),
    /// A mapping of a certain shape.
    Shape(&'static Shape),
    /// Something the schema defines under this name.
    Named(&'static str),
    /// Either of these.
    Either(&'static [Of]),
}

const fn key(name: &'static str, of: Of, says: &'static str) -> Key {
    Key {
        name,
        of,
        required: false,
        says,
    }
}

const fn required(name: &'static str, of: Of, says: &'static str) -> Key {
    Key {
        name,
        of,
        required: true,
        says,
    }
}

const NODE_NAME: Of = Of::Name;
const NEEDS: Key = key("needs", Of::List(&Of::Name), "Capabilities that have to be there.");
const REPOS: Key = key(
    "repos",
    Of::List(&Of::Name),
    "Names of repositories beside the one that is always there.",
);
const SETUP: Key = key(
    "setup",
    Of::List(&Of::Named("step")),
    "Steps that have to succeed before anything is judged.",
);
const CONTENT: Key = key(
    "content",
    Of::Map(&Of::Named("node")),
    "The content, as named nodes that refer to each other.",
);
const ALGORITHM: Key = key(
    "algorithm",
    Of::Words(ALGORITHMS),
    "The algorithm of the digest (sha256).",
);
const AFTER: Key = key(
    "after",
    Of::List(&NODE_NAME),
    "Nodes that `push` pushes before this one.",
);
const AUTH: Key = key(
    "auth",
    Of::Words(&["run", "anonymous", "wrong"]),
    "Which credentials go along (run).",
);
const TAG: Key = key("tag", Of::Text, "The tag; without it the digest is used.");

/// Names of digest algorithms.
pub const ALGORITHMS: &[&str] = &["sha256", "sha512"];
/// Names of upload ways.
pub const UPLOAD_HOW: &[&str] = &second(UploadHow::ALL);
/// Names of ways to discover.
pub const VIA: &[&str] = &second(Via::ALL);
/// Names of the parts of given content.
pub const GIVEN_PARTS: &[&str] = &second(GivenPart::ALL);
/// JSON types.
pub const JSON_TYPES: &[&str] = &["string", "number", "integer", "boolean", "array", "object", "null"];
/// Orders of strings.
pub const SORT_ORDERS: &[&str] = &["bytes", "case-insensitive", "either"];
/// The members of bodies that are lists in pages.
pub const LISTS: &[&str] = &["tags", "manifests", "referrers", "references"];
/// Levels.
pub const LEVELS: &[&str] = &["must", "must-not", "should", "should-not", "may"];
/// Whom a requirement binds.
pub const BINDS: &[&str] = &["registry", "document", "client"];

const fn second<T: Copy, const N: usize>(pairs: [(T, &'static str); N]) -> [&'static str; N] {
    let mut words = [""; N];
    let mut at = 0;
    while at < N {
        words[at] = pairs[at].1;
        at += 1;
    }
    words
}
