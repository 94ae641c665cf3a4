//! What is done to a registry in one go, as plain data: a function of the choices and of what is aimed at.
//!
//! All zeros make the shortest script of the aim: one ordinary request of its kind.

use std::fmt;
use std::str::FromStr;

use arbitrary::{Result, Unstructured};

use super::document::{Family, Paper, paper, rare};
use super::palette::PIECES;
use crate::fuzzing::words;
use crate::oci::media_type;
use crate::oci::reference::{RepositoryName, Tag};

/// The most operations of a script.
const MOST: usize = 5;

/// What a script aims at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aim {
    /// Image manifests.
    Manifest,
    /// Indexes.
    Index,
    /// Descriptors, in manifests of both kinds.
    Descriptor,
    /// Names, tags and digests in paths.
    Reference,
    /// Header fields, and bytes below HTTP.
    Headers,
    /// Uploads of blobs.
    Upload,
    /// Subjects and referrers, and lists of tags.
    Referrers,
    /// Who asks.
    Auth,
}

impl Aim {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Manifest,
        Self::Index,
        Self::Descriptor,
        Self::Reference,
        Self::Headers,
        Self::Upload,
        Self::Referrers,
        Self::Auth,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Manifest => "manifest",
            Self::Index => "index",
            Self::Descriptor => "descriptor",
            Self::Reference => "reference",
            Self::Headers => "headers",
            Self::Upload => "upload",
            Self::Referrers => "referrers",
            Self::Auth => "auth",
        }
    }

    /// How often it is aimed at, in a hundred scripts, where all aims are allowed.
    pub fn share(self) -> u32 {
        match self {
            Self::Manifest => 30,
            Self::Index => 15,
            Self::Descriptor => 10,
            Self::Reference | Self::Referrers => 12,
            Self::Headers => 8,
            Self::Upload => 11,
            Self::Auth => 2,
        }
    }
}

impl fmt::Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Aim {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let found = Self::ALL.into_iter().find(|aim| aim.name() == text);
        found.ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|aim| aim.name()).collect();
            format!("there is no target `{text}`; the targets are {}", names.join(", "))
        })
    }
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// A manifest is pushed and read back.
    Push(Paper, By),
    /// The last manifest is pushed once more.
    Again,
    /// Bytes are pushed as a blob, and asked for as a manifest.
    BlobAsManifest(Vec<u8>),
    /// The last accepted manifest is deleted: by its digest, or its tag.
    Delete(What),
    /// So many tags are set, and listed in pages as the query says.
    Tags(u8, String),
    /// So many referrers are pushed; then they are listed, with a query.
    Referrers(Vec<Paper>, String),
    /// A request that may be anything.
    Odd(Odd),
    /// An upload: its moves in their order.
    Upload(Vec<Move>),
    /// A part of a blob is asked for, with this `Range`.
    Part(String),
}

/// By what a manifest is pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A fresh tag.
    Tag,
    /// Its digest.
    Digest,
    /// The digest of something else.
    WrongDigest,
}

/// What is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The manifest.
    Manifest,
    /// Its tag.
    Tag,
}

/// A request that may be anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Odd {
    /// The method.
    pub method: String,
    /// The target, as a template of the case format.
    pub target: String,
    /// The header fields.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Vec<u8>>,
    /// Whether it is sent byte for byte, with nothing added that is not needed.
    pub raw: bool,
    /// What is known of the answer.
    pub promise: Promise,
}

/// What is known of the answer to an odd request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// Nothing but that there is one.
    Answer,
    /// Perhaps there is none: the request is no HTTP that a server has to understand.
    Nothing,
    /// A tag that is none.
    BadTag,
    /// A name that is none.
    BadName,
}

/// A move in an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// A chunk with so many bytes.
    Chunk(u8, ChunkRange),
    /// The status.
    Status,
    /// The end, with so many more bytes.
    Close(u8, Close),
    /// The upload is cancelled.
    Cancel,
    /// A chunk is sent to the same upload under another repository.
    Foreign,
    /// Another upload is opened, and so many bytes are sent to it.
    Beside(u8),
}

/// What a chunk says of its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChunkRange {
    /// What is right.
    Right,
    /// Nothing.
    Absent,
    /// A place further on than it is.
    Gap(u8),
    /// Something that is no range.
    Garbage(String),
}

/// Under what an upload is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Close {
    /// The digest of what was sent.
    Right,
    /// The digest of something else.
    Wrong,
    /// Something that is no digest, as it stands in a query.
    Garbage(String),
}

/// Makes the script.
pub fn script(aim: Aim, choices: &[u8]) -> Vec<Op> {
    let mut u = Unstructured::new(choices);
    let mut ops = Vec::new();
    // Choices never run out with an error, but where a list is empty. Each operation is announced by a choice of its own.
    while ops.len() < MOST {
        let Ok(op) = op(aim, &mut u) else { break };
        ops.push(op);
        if u.int_in_range(0..=2u8).unwrap_or(0) < 2 {
            break;
        }
    }
    ops
}

fn op(aim: Aim, u: &mut Unstructured<'_>) -> Result<Op> {
    match aim {
        Aim::Manifest => push(u, Family::Image),
        Aim::Index => push(u, Family::Index),
        Aim::Descriptor => {
            let family = *u.choose(&[Family::Image, Family::Index])?;
            push(u, family)
        }
        Aim::Reference => reference(u),
        Aim::Headers => headers(u),
        Aim::Upload => upload(u),
        Aim::Referrers => lists(u),
        Aim::Auth => auth(u),
    }
}

fn push(u: &mut Unstructured<'_>, family: Family) -> Result<Op> {
    Ok(match u.int_in_range(0..=19u8)? {
        0..=13 => Op::Push(paper(u, family, None)?, By::Tag),
        14 => Op::Push(paper(u, family, None)?, By::Digest),
        15 => Op::Push(paper(u, family, None)?, By::WrongDigest),
        16 => Op::Again,
        17 => Op::BlobAsManifest(paper(u, family, None)?.bytes),
        18 => Op::Delete(What::Manifest),
        _ => Op::Delete(What::Tag),
    })
}

/// Tags, names and digests, most of them almost right.
fn reference(u: &mut Unstructured<'_>) -> Result<Op> {
    let plain = super::document::plain(None, 0);
    let body = Some(plain.bytes);
    let content_type = ("Content-Type".to_owned(), plain.content_type.unwrap_or_default());
    let odd = |method: &str, target: String, body: Option<Vec<u8>>, promise| {
        let headers = if body.is_some() {
            vec![content_type.clone()]
        } else {
            Vec::new()
        };
        Op::Odd(Odd {
            method: method.to_owned(),
            target,
            headers,
            body,
            raw: false,
            promise,
        })
    };
    Ok(match u.int_in_range(0..=9u8)? {
        0 | 1 => {
            let tag = almost(u, words::TAGS)?;
            let is_tag = tag.parse::<Tag>().is_ok();
            let promise = if is_tag || !is_one_segment(&tag) {
                Promise::Answer
            } else {
                Promise::BadTag
            };
            odd("PUT", format!("/v2/${{repo}}/manifests/{tag}"), body, promise)
        }
        2 | 3 => {
            let name = almost(u, words::REPOSITORIES)?;
            let is_bad = name.parse::<RepositoryName>().is_err() && is_plain(&name);
            let promise = if is_bad { Promise::BadName } else { Promise::Answer };
            // An index of nothing needs nothing in a repository that has nothing.
            Op::Odd(Odd {
                method: "PUT".to_owned(),
                target: format!("/v2/${{repo}}/{name}/manifests/a"),
                headers: vec![("Content-Type".to_owned(), media_type::OCI_INDEX.to_owned())],
                body: Some(br#"{"schemaVersion":2,"manifests":[]}"#.to_vec()),
                raw: false,
                promise,
            })
        }
        4 => {
            let method = *u.choose(&["GET", "HEAD", "DELETE", "PUT"])?;
            let body = if method == "PUT" { body } else { None };
            let digest = almost(u, words::DIGESTS)?;
            odd(
                method,
                format!("/v2/${{repo}}/manifests/{digest}"),
                body,
                Promise::Answer,
            )
        }
        5 => {
            let method = *u.choose(&["GET", "HEAD", "DELETE"])?;
            odd(
                method,
                format!("/v2/${{repo}}/blobs/{}", almost(u, words::DIGESTS)?),
                None,
                Promise::Answer,
            )
        }
        6 => odd(
            "GET",
            format!("/v2/${{repo}}/referrers/{}", almost(u, words::DIGESTS)?),
            None,
            Promise::Answer,
        ),
        7 => {
            let query = query(u, &["n", "last"])?;
            let list = *u.choose(&["${repo}/tags/list", "_catalog"])?;
            odd("GET", format!("/v2/{list}{query}"), None, Promise::Answer)
        }
        8 => {
            let query = query(u, &["digest", "mount", "from", "digest-algorithm"])?;
            odd(
                "POST",
                format!("/v2/${{repo}}/blobs/uploads/{query}"),
                None,
                Promise::Answer,
            )
        }
        _ => {
            let method = *u.choose(&["GET", "POST", "PATCH", "OPTIONS", "PURGE", "get"])?;
            let path = almost(u, words::PATHS)?;
            odd(method, format!("/v2/${{repo}}/{path}"), None, Promise::Answer)
        }
    })
}

/// One of the words, or one with a change, in the characters that a path can hold.
fn almost(u: &mut Unstructured<'_>, words: &[&str]) -> Result<String> {
    let mut word = (*u.choose(words)?).to_owned();
    match u.int_in_range(0..=7u8)? {
        0..=3 => {}
        4 => word.push_str(u.choose(&[".", "-", "_", "%00", "%2f", "/", ":", "@", "A", "%20", "~"])?),
        5 => word.insert_str(0, u.choose(&[".", "-", "_", "%2e%2e%2f", "A", "%C3%A9"])?),
        6 => word = word.repeat(usize::from(*u.choose(&[2u8, 20, 130])?)),
        _ => word.push_str(u.choose(words)?),
    }
    word.truncate(2_000);
    Ok(word
        .chars()
        .filter(|c| c.is_ascii_graphic() && !"?#$\\\"<>^`{|}".contains(*c))
        .collect())
}

/// Whether a router can only take it for one segment, and for no other text than it is.
fn is_one_segment(text: &str) -> bool {
    !text.is_empty() && !text.contains(['/', '%', ':', '@']) && text != "." && text != ".."
}

fn is_plain(text: &str) -> bool {
    let is_segment = |segment: &str| {
        is_one_segment(segment)
            && !segment.starts_with('_')
            && !["manifests", "blobs", "tags", "referrers"].contains(&segment)
    };
    text.split('/').all(is_segment)
}

fn query(u: &mut Unstructured<'_>, names: &[&str]) -> Result<String> {
    let mut query = String::new();
    for _ in 0..u.int_in_range(1..=2u8)? {
        let name = *u.choose(names)?;
        let value = match name {
            "n" => (*u.choose(words::NUMBERS)?).replace('+', "%2B"),
            "digest" | "mount" => almost(u, words::DIGESTS)?,
            _ => almost(u, words::PATHS)?,
        };
        query.push_str(if query.is_empty() { "?" } else { "&" });
        query.push_str(&format!("{name}={}", value.replace(['&', '='], "")));
    }
    Ok(query)
}

fn headers(u: &mut Unstructured<'_>) -> Result<Op> {
    let plain = super::document::plain(None, 0);
    Ok(match u.int_in_range(0..=9u8)? {
        0..=2 => {
            let mut paper = plain;
            paper.content_type = match u.int_in_range(0..=3u8)? {
                0 => None,
                _ => Some(printable(u.choose(words::MEDIA_TYPES)?)),
            };
            Op::Push(paper, By::Tag)
        }
        3..=5 => Op::Part(format!("bytes={}", almost(u, words::RANGES)?)),
        6 | 7 => {
            let name = *u.choose(words::FIELDS)?;
            let value = match u.int_in_range(0..=3u8)? {
                0 => printable(u.choose(words::HEADERS)?),
                1 => printable(u.choose(words::MEDIA_TYPES)?),
                2 => printable(u.choose(words::NUMBERS)?),
                _ => "x".repeat(*u.choose(&[100, 4_000, 20_000])?),
            };
            let method = *u.choose(&["GET", "HEAD", "PUT"])?;
            let target = match u.int_in_range(0..=2u8)? {
                0 => format!("/v2/${{repo}}/blobs/{}", PIECES[1].digest),
                1 => "/v2/${repo}/manifests/none".to_owned(),
                _ => "/v2/".to_owned(),
            };
            let is_put = method == "PUT" && target.contains("manifests");
            Op::Odd(Odd {
                method: method.to_owned(),
                target,
                headers: vec![(name.to_owned(), value)],
                body: is_put.then_some(plain.bytes),
                raw: false,
                promise: Promise::Answer,
            })
        }
        _ => Op::Odd(raw(u)?),
    })
}

/// Bytes that a general HTTP library would not send.
fn raw(u: &mut Unstructured<'_>) -> Result<Odd> {
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let (method, headers, body): (&str, Vec<(String, String)>, &[u8]) = match u.int_in_range(0..=7u8)? {
        0 => ("GET", vec![field("Host", "a b")], b""),
        1 => ("GET", vec![field("Bad Name", "x")], b""),
        2 => ("GET", vec![field("X", &"y".repeat(100_000))], b""),
        3 => (
            "PUT",
            vec![field("Content-Length", "2"), field("Content-Length", "3")],
            b"{}",
        ),
        4 => (
            "PUT",
            vec![field("Transfer-Encoding", "chunked"), field("Content-Length", "5")],
            b"0\r\n\r\n",
        ),
        5 => (
            "PUT",
            vec![field("Transfer-Encoding", "chunked")],
            b"xyz\r\n{}\r\n0\r\n\r\n",
        ),
        6 => ("PUT", vec![field("Content-Length", "-1")], b"{}"),
        _ => ("G\u{1}T", Vec::new(), b""),
    };
    Ok(Odd {
        method: method.to_owned(),
        target: "/v2/${repo}/manifests/raw".to_owned(),
        headers,
        body: (!body.is_empty()).then(|| body.to_vec()),
        raw: true,
        promise: Promise::Nothing,
    })
}

fn auth(u: &mut Unstructured<'_>) -> Result<Op> {
    let scheme = *u.choose(&["Basic ", "Bearer ", "basic ", "Negotiate ", "", "Bearer\t"])?;
    let token = match u.int_in_range(0..=6u8)? {
        0 => "cmVmZXJlZTp3cm9uZw==".to_owned(),
        1 => String::new(),
        2 => ":::".to_owned(),
        3 => "e30.e30.e30".to_owned(),
        4 => "eyJhbGciOiJub25lIn0.e30.".to_owned(),
        5 => "x".repeat(*u.choose(&[100, 8_000, 30_000])?),
        _ => printable(u.choose(words::STRINGS)?),
    };
    Ok(Op::Odd(Odd {
        method: (*u.choose(&["GET", "POST"])?).to_owned(),
        target: (*u.choose(&[
            "/v2/",
            "/v2/${repo}/tags/list",
            "/v2/${repo}/blobs/uploads/",
            "/v2/_catalog",
        ])?)
        .to_owned(),
        headers: vec![("Authorization".to_owned(), format!("{scheme}{token}"))],
        body: None,
        raw: false,
        promise: Promise::Answer,
    }))
}

fn printable(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_ascii_graphic() || *c == ' ')
        .collect::<String>()
        .trim()
        .to_owned()
}

fn upload(u: &mut Unstructured<'_>) -> Result<Op> {
    let mut moves = Vec::new();
    while moves.len() < 6 && u.int_in_range(0..=2u8)? > 0 {
        moves.push(match u.int_in_range(0..=13u8)? {
            0..=4 => Move::Chunk(u.int_in_range(1..=40)?, ChunkRange::Right),
            5 => Move::Chunk(u.int_in_range(1..=40)?, ChunkRange::Absent),
            6 => Move::Chunk(u.int_in_range(1..=40)?, ChunkRange::Gap(u.int_in_range(1..=200)?)),
            7 | 8 => Move::Chunk(u.int_in_range(1..=40)?, ChunkRange::Garbage(almost(u, words::RANGES)?)),
            9 => Move::Status,
            10 => Move::Cancel,
            11 => Move::Foreign,
            12 => Move::Beside(u.int_in_range(1..=40)?),
            _ => Move::Close(u.int_in_range(0..=40)?, close(u)?),
        });
    }
    moves.push(Move::Close(u.int_in_range(0..=40)?, close(u)?));
    Ok(Op::Upload(moves))
}

fn close(u: &mut Unstructured<'_>) -> Result<Close> {
    Ok(match u.int_in_range(0..=5u8)? {
        0..=3 => Close::Right,
        4 => Close::Wrong,
        _ => Close::Garbage(almost(u, words::DIGESTS)?.replace(['&', '='], "")),
    })
}

fn lists(u: &mut Unstructured<'_>) -> Result<Op> {
    if rare(u, 3)? {
        let query = match u.int_in_range(0..=7u8)? {
            0 => String::new(),
            page @ 1..=4 => format!("?n={page}"),
            5 => "?n=0".to_owned(),
            _ => query(u, &["n"])?,
        };
        return Ok(Op::Tags(u.int_in_range(1..=6)?, query));
    }
    let mut papers = Vec::new();
    while papers.is_empty() || papers.len() < 4 && u.int_in_range(0..=2u8)? > 0 {
        let family = *u.choose(&[Family::Image, Family::Index])?;
        papers.push(paper(u, family, Some(&PIECES[3].digest))?);
    }
    let query = match u.int_in_range(0..=5u8)? {
        0..=3 => String::new(),
        4 => "?artifactType=application/vnd.example.a".to_owned(),
        _ => query(u, &["artifactType", "n", "last"])?,
    };
    Ok(Op::Referrers(papers, query))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::live::choices::fresh;

    #[test]
    fn zeros_are_one_ordinary_operation() {
        for aim in Aim::ALL {
            let ops = script(aim, &[]);
            assert_eq!(ops.len(), 1, "{aim}: {ops:?}");
            assert_eq!(script(aim, &[0; 20]), ops);
            assert_eq!(aim.name().parse(), Ok(aim));
        }
        assert!(matches!(&script(Aim::Upload, &[])[0], Op::Upload(moves) if moves.len() == 1));
        assert!("all".parse::<Aim>().is_err());
        assert_eq!(Aim::ALL.iter().map(|aim| aim.share()).sum::<u32>(), 100);
    }

    #[test]
    fn targets_are_templates_that_a_request_line_can_hold() {
        let mut rng = fastrand::Rng::with_seed(4);
        let mut bad = 0;
        for _ in 0..4000 {
            let choices = fresh(&mut rng);
            for op in script(Aim::Reference, &choices)
                .into_iter()
                .chain(script(Aim::Headers, &choices))
            {
                let Op::Odd(odd) = op else { continue };
                assert!(crate::case::Template::parse(&odd.target).is_ok(), "{}", odd.target);
                assert!(odd.target.bytes().all(|b| b.is_ascii_graphic()), "{}", odd.target);
                bad += usize::from(matches!(odd.promise, Promise::BadTag | Promise::BadName));
            }
        }
        assert!(bad > 100, "{bad}");
        assert!(!is_one_segment("a%2fb") && !is_plain("a//b") && is_plain("a/B"));
    }
}
