//! The bodies of the fuzz targets: what holds for each parser, whatever it is given.
//!
//! A body returns if all is well and panics if not. Most hold that what was accepted is printed and read back as the
//! same, and compare the parser with a second opinion that was not written by its author: a regular expression taken from
//! the grammar, or `serde_json`.

use std::collections::BTreeSet;
use std::fmt::{Debug, Display};
use std::str::FromStr;
use std::sync::LazyLock;

use arbitrary::Unstructured;
use regex::Regex;
use serde_json::Value;

use crate::fuzzing::live::document::Family;
use crate::fuzzing::{differential, document, live, reference};
use crate::load::{Source, load};
use crate::oci::any::{self, AnyDocument};
use crate::oci::challenge::{Challenges, Scope};
use crate::oci::descriptor::{Descriptor, MAX_CONTENT_SIZE};
use crate::oci::digest::{Digest, VerifyError};
use crate::oci::error_body::ErrorBody;
use crate::oci::json::{self, Json, JsonFault, Limits, Node};
use crate::oci::link::Links;
use crate::oci::manifest::{Document, Kind, Manifest, Role};
use crate::oci::media_type::MediaType;
use crate::oci::range::{ByteRange, ByteRanges, ContentRange, UploadRange};
use crate::oci::reference::{Reference, RepositoryName, Tag};
use crate::oci::violation::{MAX_VIOLATIONS, Violation};

/// A fuzz target: its name, which is also that of its file in `fuzz/fuzz_targets/`, and its body.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name.
    pub name: &'static str,
    /// The body.
    pub run: fn(&[u8]),
}

/// All fuzz targets.
pub const TARGETS: &[Target] = &[
    Target {
        name: "digest",
        run: digest,
    },
    Target {
        name: "reference",
        run: reference,
    },
    Target {
        name: "media_type",
        run: media_type,
    },
    Target {
        name: "range",
        run: range,
    },
    Target {
        name: "link",
        run: link,
    },
    Target {
        name: "challenge",
        run: challenge,
    },
    Target {
        name: "error_body",
        run: error_body,
    },
    Target {
        name: "json",
        run: json,
    },
    Target {
        name: "any_document",
        run: any_document,
    },
    Target {
        name: "descriptor",
        run: descriptor,
    },
    Target {
        name: "manifest",
        run: manifest,
    },
    Target {
        name: "legal_manifest",
        run: legal_manifest,
    },
    Target {
        name: "hostile_manifest",
        run: hostile_manifest,
    },
    Target {
        name: "image_manifest",
        run: image_manifest,
    },
    Target {
        name: "image_index",
        run: image_index,
    },
    Target {
        name: "differential",
        run: differential,
    },
    Target {
        name: "registry",
        run: registry,
    },
    Target {
        name: "case_file",
        run: case_file,
    },
];

/// Digests are those of the grammar, and verify the content that they were computed from.
pub fn digest(data: &[u8]) {
    static GRAMMAR: LazyLock<Regex> = LazyLock::new(|| regex(r"\A[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+\z"));
    static KNOWN: LazyLock<Regex> = LazyLock::new(|| regex(r"\Asha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})\z"));
    let text = String::from_utf8_lossy(data);
    let is_known_name = text.starts_with("sha256:") || text.starts_with("sha512:");
    let grammatical = if is_known_name {
        KNOWN.is_match(&text)
    } else {
        GRAMMAR.is_match(&text)
    };
    let parsed = round_trip::<Digest>(&text);
    assert_eq!(parsed.is_some(), grammatical, "{text:?}");
    if let Some(digest) = parsed {
        assert_eq!(digest.as_str(), text);
        assert_eq!(digest.algorithm().is_some(), is_known_name);
        match (digest.algorithm(), digest.verify(data)) {
            (None, verified) => assert!(matches!(verified, Err(VerifyError::UnknownAlgorithm(_)))),
            (Some(algorithm), _) => assert_eq!(Digest::of(algorithm, data).verify(data), Ok(())),
        }
    }
}

/// Names and tags are those of the grammars.
pub fn reference(data: &[u8]) {
    static NAME: LazyLock<Regex> = LazyLock::new(|| {
        let component = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*";
        regex(&format!(r"\A{component}(?:/{component})*\z"))
    });
    static NAME_1_0: LazyLock<Regex> = LazyLock::new(|| {
        let component = r"[a-z0-9]+(?:[._-][a-z0-9]+)*";
        regex(&format!(r"\A{component}(?:/{component})*\z"))
    });
    static TAG: LazyLock<Regex> = LazyLock::new(|| regex(r"\A[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}\z"));
    let text = String::from_utf8_lossy(data);
    let name = round_trip::<RepositoryName>(&text);
    assert_eq!(name.is_some(), NAME.is_match(&text), "{text:?}");
    if let Some(name) = name {
        assert_eq!(name.is_valid_in_1_0(), NAME_1_0.is_match(&text), "{text:?}");
    }
    assert_eq!(round_trip::<Tag>(&text).is_some(), TAG.is_match(&text), "{text:?}");
    if let Some(reference) = round_trip::<Reference>(&text) {
        assert_eq!(reference.as_str(), text);
        assert_eq!(reference.digest().is_some(), text.contains(':'));
    }
}

/// Media types keep what was written, and compare without regard to case.
pub fn media_type(data: &[u8]) {
    static BARE: LazyLock<Regex> = LazyLock::new(|| {
        let name = r"[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,126}";
        regex(&format!(r"\A{name}/{name}\z"))
    });
    let text = String::from_utf8_lossy(data);
    assert_eq!(MediaType::bare(&text).is_ok(), BARE.is_match(&text), "{text:?}");
    if let Ok(bare) = MediaType::bare(&text) {
        assert_eq!(bare.to_string(), text);
        assert_eq!(text.to_ascii_uppercase().parse(), Ok(bare));
    }
    if let Some(parsed) = round_trip::<MediaType>(&text) {
        assert_eq!(parsed.essence(), format!("{}/{}", parsed.type_name(), parsed.subtype()));
    }
}

/// Ranges of the two notations are never taken for each other, and resolve to bytes that exist.
pub fn range(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let upload = round_trip::<UploadRange>(&text);
    let bytes = round_trip::<ByteRanges>(&text);
    let content = round_trip::<ContentRange>(&text);
    let accepted = [upload.is_some(), bytes.is_some(), content.is_some()];
    assert!(accepted.iter().filter(|yes| **yes).count() <= 1, "{text:?}");
    if let Some(range) = upload {
        assert_eq!(range.last() - range.first() + 1, range.len());
    }
    for range in bytes.iter().flat_map(ByteRanges::as_slice) {
        for length in [0, 1, 10, data.len() as u64, u64::MAX] {
            if let Some(resolved) = range.resolve(length) {
                assert!(resolved.start < resolved.end && resolved.end <= length, "{text:?}");
            }
        }
        if let ByteRange::Closed { first, last } = range {
            assert!(first <= last);
        }
    }
    if let Some(ContentRange::Part { first, last, complete }) = content {
        assert!(first <= last && complete.is_none_or(|complete| last < complete));
    }
}

/// A strict reader of links and a tolerant one agree on what is strictly right.
pub fn link(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (tolerant, oddities) = Links::tolerant(&text);
    if let Some(strict) = round_trip::<Links>(&text) {
        assert_eq!((&tolerant, oddities.as_slice()), (&strict, [].as_slice()));
        if let Some(next) = strict.next() {
            assert!(next.rels().any(|rel| rel.eq_ignore_ascii_case("next")));
        }
    } else {
        assert!(!oddities.is_empty(), "{text:?}");
    }
}

/// What was understood of challenges is understood again once printed, and is not odd any more.
pub fn challenge(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let read = Challenges::parse(&text);
    let again = Challenges::parse(&read.to_string());
    assert_eq!(
        (&again.challenges, again.oddities.as_slice()),
        (&read.challenges, [].as_slice())
    );
    for challenge in &read.challenges {
        let names: BTreeSet<_> = challenge.parameters.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), challenge.parameters.len());
        for scope in challenge.scopes() {
            round_trip::<Scope>(scope);
        }
    }
}

/// Error bodies read back as what they were.
pub fn error_body(data: &[u8]) {
    if let Ok(body) = ErrorBody::parse(data) {
        assert!(!body.errors().is_empty());
        assert_eq!(ErrorBody::parse(body.to_string().as_bytes()).as_ref(), Ok(&body));
    }
}

/// Our reader of JSON and `serde_json` agree, but for what ours refuses on purpose.
pub fn json(data: &[u8]) {
    let ours = json::parse(data, Limits::default());
    let theirs = serde_json::from_slice::<Value>(data);
    match (&ours, &theirs) {
        (Ok(node), Ok(value)) => assert!(is_same(node, value), "{node} {value}"),
        (Ok(_), Err(error)) => assert!(is_limit_of_serde_json(error), "{error}"),
        (Err(error), Ok(_)) => assert!(is_stricter(&error.fault), "{error}"),
        (Err(_), Err(_)) => {}
    }
    match ours {
        Ok(node) => {
            assert_names_are_unique(&node);
            assert_eq!(
                json::parse(node.to_string().as_bytes(), Limits::default()).as_ref(),
                Ok(&node)
            );
        }
        Err(error) => {
            assert!(error.position.offset <= data.len());
            assert!(error.pointer.is_empty() || error.pointer.starts_with('/'));
        }
    }
}

/// Descriptors read back as what they were, and embedded content is that of the digest.
pub fn descriptor(data: &[u8]) {
    match Descriptor::parse(data, Limits::default()) {
        Ok(descriptor) => {
            assert!(descriptor.size <= MAX_CONTENT_SIZE);
            if let Some(embedded) = &descriptor.data {
                assert!(!matches!(
                    descriptor.digest.verify(embedded),
                    Err(VerifyError::Mismatch { .. })
                ));
            }
            let again = Descriptor::parse(descriptor.to_json().to_string().as_bytes(), Limits::default());
            assert_eq!(again, Ok(descriptor));
        }
        Err(violations) => assert_are_violations(data, &violations),
    }
}

/// Any bytes under any media type: the first byte chooses the type, the rest is the document.
pub fn manifest(data: &[u8]) {
    let Some((choice, bytes)) = data.split_first() else {
        return;
    };
    let declared = Kind::ALL.get(usize::from(*choice) % (Kind::ALL.len() + 1));
    let declared = declared.map(|kind| kind.media_type().parse().expect("a kind is named by a media type"));
    read_manifest(bytes, declared.as_ref());
}

/// What the generator calls legal is accepted, and says what the generator meant.
pub fn legal_manifest(data: &[u8]) {
    if let Ok(legal) = document::legal(&mut Unstructured::new(data)) {
        let document = Document::parse(&legal.bytes, Some(&legal.media_type));
        let document = document.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&legal.bytes)));
        assert_eq!(document.manifest(), &legal.manifest);
        read_manifest(&legal.bytes, Some(&legal.media_type));
    }
}

/// Documents that are almost manifests get an answer, and the same one twice.
pub fn hostile_manifest(data: &[u8]) {
    if let Ok(hostile) = document::hostile(&mut Unstructured::new(data)) {
        read_manifest(&hostile.bytes, Some(&hostile.media_type));
        json(&hostile.bytes);
    }
}

/// Image manifests over content that exists, with wounds: what the live fuzzer pushes.
pub fn image_manifest(data: &[u8]) {
    pushed(data, Family::Image);
}

/// Indexes over content that exists, with wounds.
pub fn image_index(data: &[u8]) {
    pushed(data, Family::Index);
}

fn pushed(data: &[u8], family: Family) {
    if let Ok(paper) = live::document::paper(&mut Unstructured::new(data), family, None) {
        let declared: Option<MediaType> = paper.content_type.as_deref().and_then(|text| text.parse().ok());
        read_manifest(&paper.bytes, declared.as_ref());
        json(&paper.bytes);
        // A type is at most one kind, and a document under it is that kind or nothing.
        let names_itself =
            json::parse(&paper.bytes, Limits::default()).is_ok_and(|root| root.member("mediaType").is_some());
        let kinds = Kind::ALL.iter().filter(|kind| {
            let media_type = kind.media_type().parse().expect("a kind is named by a media type");
            Document::parse(&paper.bytes, Some(&media_type)).is_ok()
        });
        assert!(
            !names_itself || kinds.count() <= 1,
            "{}",
            String::from_utf8_lossy(&paper.bytes)
        );
    }
}

/// Our reader of manifests and one in the way of Go agree, but for what is known.
pub fn differential(data: &[u8]) {
    differential::run(&differential::GO, data);
}

/// The reference registry stands any sequence of requests.
pub fn registry(data: &[u8]) {
    reference::run(data);
}

/// Case files and files of the catalogue get a suite or mistakes that can be shown. The first byte chooses what the rest
/// is the text of.
pub fn case_file(data: &[u8]) {
    let Some((choice, bytes)) = data.split_first() else {
        return;
    };
    let names = [
        "fuzz/input",
        "spec/distribution",
        "spec/profiles",
        "spec/capabilities",
        "spec/always",
    ];
    let name = names
        .get(usize::from(*choice) % names.len())
        .copied()
        .unwrap_or_default();
    let source = Source::new(format!("cases/{name}.yaml"), String::from_utf8_lossy(bytes));
    let Err(mistakes) = load(std::slice::from_ref(&source)) else {
        return;
    };
    assert!(!mistakes.list().is_empty());
    for mistake in mistakes.list() {
        assert_eq!(mistake.span.file, 0);
        assert!(
            source.text.get(mistake.span.start..mistake.span.end).is_some(),
            "{mistake:?}"
        );
        assert!(mistakes.origin(mistake).line >= 1);
    }
    let shown = mistakes.render(false);
    assert!(
        !shown.contains(|character: char| character.is_control() && character != '\n'),
        "{shown:?}"
    );
    let again = load(std::slice::from_ref(&source)).expect_err("it was refused before");
    assert_eq!(again.list().len(), mistakes.list().len());
}

/// Any bytes as a document of any family that is no manifest of descriptors: the first byte chooses the type, the rest is
/// the document.
pub fn any_document(data: &[u8]) {
    let Some((choice, bytes)) = data.split_first() else {
        return;
    };
    let declared = any::MEDIA_TYPES.get(usize::from(*choice) % (any::MEDIA_TYPES.len() + 1));
    let declared: Option<MediaType> = declared.and_then(|named| named.parse().ok());
    match AnyDocument::parse_all(bytes, declared.as_ref(), Limits::default()) {
        Ok(document) => {
            assert!(!document.name().is_empty());
            for link in document.links() {
                assert_eq!(link.digest.as_str().parse().as_ref(), Ok(link.digest));
            }
            if let AnyDocument::Manifest(manifest, _) = &document {
                let read = Document::parse(bytes, declared.as_ref());
                assert_eq!(read.as_ref().map(Document::manifest), Ok(manifest.as_ref()));
            }
        }
        Err(violations) => assert_are_violations(bytes, &violations),
    }
}

fn read_manifest(bytes: &[u8], declared: Option<&MediaType>) {
    let all = Document::parse_all(bytes, declared, Limits::default());
    let first = Document::parse(bytes, declared);
    match all {
        Ok(document) => {
            assert_eq!(first.as_ref(), Ok(&document));
            assert_eq!(document.bytes(), bytes);
            check_manifest(document.manifest(), declared);
        }
        Err(violations) => {
            assert_are_violations(bytes, &violations);
            assert_eq!(first.as_ref().err(), violations.first());
        }
    }
}

fn check_manifest(manifest: &Manifest, declared: Option<&MediaType>) {
    let is_object = matches!(manifest, Manifest::ObjectDraft(_));
    if let Some(kind) = declared.and_then(Kind::of).filter(|_| !is_object) {
        assert_eq!(manifest.kind(), kind);
    }
    let links = manifest.links();
    for link in &links {
        assert!(link.size.is_some_and(|size| size <= MAX_CONTENT_SIZE));
        assert_eq!(link.digest.as_str().parse().as_ref(), Ok(link.digest));
    }
    let subjects = links.iter().filter(|link| link.role == Role::Subject).count();
    assert_eq!(subjects, usize::from(manifest.subject().is_some()));

    let printed = manifest.to_json().to_string();
    let again = Document::parse(printed.as_bytes(), Some(&document::declared(manifest)));
    assert_eq!(again.as_ref().map(Document::manifest), Ok(manifest), "{printed}");
}

fn assert_are_violations(bytes: &[u8], violations: &[Violation]) {
    assert!((1..=MAX_VIOLATIONS).contains(&violations.len()));
    for violation in violations {
        assert!(violation.position.offset <= bytes.len());
        assert!(violation.position.line >= 1 && violation.position.column >= 1);
        assert!(
            violation.pointer.is_empty() || violation.pointer.starts_with('/'),
            "{violation}"
        );
        assert!(!violation.to_string().is_empty());
    }
}

/// What `text` is parsed to, after a check that it is printed and parsed back as the same.
fn round_trip<T>(text: &str) -> Option<T>
where
    T: FromStr + Display + PartialEq + Debug,
    T::Err: Debug,
{
    let parsed: T = text.parse().ok()?;
    let printed = parsed.to_string();
    match printed.parse::<T>() {
        Ok(again) => assert_eq!(again, parsed, "{printed:?}"),
        Err(error) => panic!("{printed:?} does not parse back: {error:?}"),
    }
    Some(parsed)
}

fn is_same(node: &Node, value: &Value) -> bool {
    match (&node.value, value) {
        (Json::Null, Value::Null) => true,
        (Json::Bool(ours), Value::Bool(theirs)) => ours == theirs,
        (Json::String(ours), Value::String(theirs)) => ours == theirs,
        // Only integers: the others have no one way to be written.
        (Json::Number(ours), Value::Number(theirs)) => theirs.is_f64() || **ours == *theirs.to_string(),
        (Json::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| is_same(ours, theirs))
        }
        (Json::Object(ours), Value::Object(theirs)) => {
            let is_member = |name, ours| theirs.get(name).is_some_and(|theirs| is_same(ours, theirs));
            ours.len() == theirs.len() && ours.iter().all(|member| is_member(&member.name, &member.value))
        }
        _ => false,
    }
}

fn assert_names_are_unique(node: &Node) {
    match &node.value {
        Json::Array(items) => items.iter().for_each(assert_names_are_unique),
        Json::Object(members) => {
            let names: BTreeSet<_> = members.iter().map(|member| &member.name).collect();
            assert_eq!(names.len(), members.len());
            members.iter().for_each(|member| assert_names_are_unique(&member.value));
        }
        _ => {}
    }
}

fn is_stricter(fault: &JsonFault) -> bool {
    use JsonFault::{DuplicateName, TooDeep, TooLarge, TooManyValues};
    matches!(fault, DuplicateName(_) | TooDeep(_) | TooLarge(_) | TooManyValues(_))
}

/// It allows one level less, and has no place for numbers beyond a float's range.
fn is_limit_of_serde_json(error: &serde_json::Error) -> bool {
    let text = error.to_string();
    text.contains("recursion limit") || text.contains("out of range")
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns of this file are regular expressions")
}
