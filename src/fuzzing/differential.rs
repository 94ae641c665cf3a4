//! Our reader of manifests beside other readers: where they disagree, and which disagreements are known.
//!
//! A [`Reader`] reads a document in its own way and says to what it links. A disagreement that is not among its
//! [`Pardon`]s is a mistake: of ours, or of the other one and worth a report. Readers from other crates are in
//! `fuzz/readers/`, so that nothing of them is part of this program; [`go`] is a reader in the way of Go's
//! `encoding/json`, which most registries use.

use serde_json::Value;

use crate::fuzzing::document;
use crate::oci::json::{self, Json, JsonFault, Limits, Node};
use crate::oci::manifest::{Document, Kind, Manifest};
use crate::oci::media_type::MediaType;
use crate::oci::violation::Fault;

/// What a document links to, in the order config, layers, children, subject: digest and size of each.
pub type Links = Vec<(String, String)>;

/// What a reader makes of a document: its links or a reason; nothing if the reader has no word for the kind.
pub type Reading = Option<Result<Links, String>>;

/// A reader of manifests.
#[derive(Clone, Copy)]
pub struct Reader {
    /// Its name.
    pub name: &'static str,
    /// Reads an image manifest or an index; nothing if it has no word for the kind.
    pub read: fn(&[u8], Kind) -> Reading,
    /// What is known and not worth another word.
    pub pardons: &'static [Pardon],
}

/// A known disagreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pardon {
    /// It takes JSON that other readers read in another way or not at all: repeated names, half surrogates, bytes that are
    /// not UTF-8, any depth.
    LenientJson,
    /// It takes a document whose `mediaType` says something else, or whose members are those of another kind.
    AnyKind,
    /// It does not compare `schemaVersion`.
    AnySchemaVersion,
    /// It takes a manifest or a descriptor in which something is missing or null.
    Incomplete,
    /// It takes values of another type in members that it does not look at.
    Unlooked,
    /// It takes anything for a digest.
    AnyDigest,
    /// It takes anything for a media type or a URL.
    AnyText,
    /// It takes any number for a size: negative, beyond 63 bits, or with a fraction.
    AnySize,
    /// It does not compare embedded data with digest and size, or does not even decode it.
    AnyData,
    /// It takes the empty config without an `artifactType`.
    EmptyConfig,
    /// It takes arrays in the place of objects, with the members in order.
    Sequences,
    /// It refuses a depth that ours takes.
    Shallow,
    /// It refuses an algorithm that it does not know, or a digest whose length it does not expect.
    FewAlgorithms,
    /// It refuses values of some unknown kind in a member with a closed set of values.
    ClosedSets,
    /// It refuses a member that is absent or null, where ours takes that.
    MoreRequired,
    /// It finds a member though its name is in another case.
    FoldedNames,
}

/// Compares our reader with another one.
///
/// # Panics
/// If they disagree in a way that is not pardoned.
pub fn compare(reader: &Reader, bytes: &[u8], kind: Kind) {
    let declared: Option<MediaType> = kind.media_type().parse().ok();
    let ours = Document::parse(bytes, declared.as_ref());
    let Some(theirs) = (reader.read)(bytes, kind) else {
        return;
    };
    let shown = || String::from_utf8_lossy(bytes).into_owned();
    let is_pardoned = |pardons: &[Pardon]| pardons.iter().any(|pardon| reader.pardons.contains(pardon));
    match (&ours, theirs) {
        (Ok(document), Ok(theirs)) => {
            let ours = links(document.manifest());
            let is_folded = is_pardoned(&[Pardon::FoldedNames]) && has_folded_names(bytes);
            assert!(
                ours == theirs || is_folded,
                "{}: {ours:?} {theirs:?}: {}",
                reader.name,
                shown()
            );
        }
        (Ok(_), Err(reason)) => {
            let pardons = [
                Pardon::Shallow,
                Pardon::FewAlgorithms,
                Pardon::ClosedSets,
                Pardon::MoreRequired,
            ];
            assert!(
                is_pardoned(&pardons),
                "{} refuses what is accepted: {reason}: {}",
                reader.name,
                shown()
            );
        }
        (Err(violation), Ok(_)) => {
            assert!(
                is_pardoned(pardons_of(&violation.fault)),
                "{} accepts what is refused: {violation}: {}",
                reader.name,
                shown()
            );
        }
        (Err(_), Err(_)) => {}
    }
}

/// What a manifest links to.
fn links(manifest: &Manifest) -> Links {
    let links = manifest.links();
    links
        .iter()
        .map(|link| {
            let size = link.size.map(|size| size.to_string());
            (link.digest.as_str().to_owned(), size.unwrap_or_default())
        })
        .collect()
}

/// The pardons that cover a refusal of ours.
fn pardons_of(fault: &Fault) -> &'static [Pardon] {
    match fault {
        Fault::Json(JsonFault::TooLarge(_) | JsonFault::TooDeep(_) | JsonFault::TooManyValues(_)) => {
            &[Pardon::LenientJson]
        }
        Fault::Json(_) => &[Pardon::LenientJson],
        Fault::UnknownMediaType(_) | Fault::Shapeless | Fault::Ambiguous | Fault::OtherMediaType { .. } => {
            &[Pardon::AnyKind]
        }
        Fault::Missing => &[Pardon::Incomplete, Pardon::Sequences],
        Fault::Type { .. } => &[Pardon::Unlooked, Pardon::Sequences, Pardon::Incomplete],
        Fault::SchemaVersion(_) | Fault::SchemaVersionNotation(_) => &[Pardon::AnySchemaVersion],
        Fault::MediaType(_) | Fault::Uri | Fault::Choice(_) => &[Pardon::AnyText],
        Fault::Digest(_) => &[Pardon::AnyDigest],
        Fault::NotInteger | Fault::NegativeSize | Fault::TooLargeNumber => &[Pardon::AnySize],
        Fault::Base64 | Fault::DataSize { .. } | Fault::DataDigest => &[Pardon::AnyData],
        Fault::NoArtifactType => &[Pardon::EmptyConfig],
        // Of documents that no reader is compared on.
        Fault::ManifestAsBlob
        | Fault::OneOf(_)
        | Fault::Empty
        | Fault::Unknown
        | Fault::Length { .. }
        | Fault::NotSha256
        | Fault::Base64Url
        | Fault::Embedded(_)
        | Fault::Protected(_)
        | Fault::Differs(_)
        | Fault::OtherPayload
        | Fault::PlainLayer => &[],
    }
}

/// A reader in the way of Go: names in any case, the last of several, unknown members ignored, null as absent.
pub const GO: Reader = Reader {
    name: "a reader like Go's",
    read: go,
    pardons: &[
        Pardon::LenientJson,
        Pardon::AnyKind,
        Pardon::AnySchemaVersion,
        Pardon::Incomplete,
        Pardon::Unlooked,
        Pardon::AnyDigest,
        Pardon::AnyText,
        Pardon::AnySize,
        Pardon::AnyData,
        Pardon::EmptyConfig,
        Pardon::Shallow,
        Pardon::FoldedNames,
    ],
};

fn go(bytes: &[u8], kind: Kind) -> Reading {
    let members: &[&str] = match kind {
        Kind::Image => &["config", "layers", "subject"],
        Kind::Index => &["manifests", "subject"],
        Kind::DockerSchema2 => &["config", "layers"],
        Kind::DockerList => &["manifests"],
        _ => return None,
    };
    Some(read_like_go(bytes, members))
}

fn read_like_go(bytes: &[u8], members: &[&str]) -> Result<Links, String> {
    // Names that occur twice are kept here, in their order.
    let (document, _) = json::read(bytes, Limits::default()).map_err(|error| error.to_string())?;
    if !matches!(document.value, Json::Object(_)) {
        return Err("not an object".to_owned());
    }
    let mut links = Vec::new();
    for name in members {
        match folded(&document, name).map(|node| (node, &node.value)) {
            Some((_, Json::Array(items))) => items.iter().for_each(|item| links.extend(link(item))),
            Some((node, _)) => links.extend(link(node)),
            None => {}
        }
    }
    Ok(links)
}

/// The last member of this name in any case.
fn folded<'a>(object: &'a Node, name: &str) -> Option<&'a Node> {
    let Json::Object(members) = &object.value else {
        return None;
    };
    let found = members
        .iter()
        .rev()
        .find(|member| member.name.eq_ignore_ascii_case(name))?;
    Some(&found.value).filter(|node| node.value != Json::Null)
}

fn link(descriptor: &Node) -> Option<(String, String)> {
    if !matches!(descriptor.value, Json::Object(_)) {
        return None;
    }
    let text = |name| match folded(descriptor, name) {
        Some(Node {
            value: Json::String(text),
            ..
        }) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    // An integer has no sign of its own at nought.
    let size = Some(text("size")).filter(|size| size != "-0");
    Some((text("digest"), size.unwrap_or_else(|| "0".to_owned())))
}

/// Whether a document has a name that differs from one of the specification in its case only.
fn has_folded_names(bytes: &[u8]) -> bool {
    fn walk(value: &Value) -> bool {
        let known = ["config", "layers", "manifests", "subject", "digest", "size"];
        match value {
            Value::Object(members) => members.iter().any(|(key, value)| {
                known.iter().any(|name| key != name && key.eq_ignore_ascii_case(name)) || walk(value)
            }),
            Value::Array(items) => items.iter().any(walk),
            _ => false,
        }
    }
    serde_json::from_slice(bytes).is_ok_and(|value: Value| walk(&value))
}

/// Compares on a document that the choices make, and on the choices themselves as a document.
pub fn run(reader: &Reader, data: &[u8]) {
    for kind in [Kind::Image, Kind::Index] {
        compare(reader, data, kind);
    }
    let mut u = arbitrary::Unstructured::new(data);
    if let Ok(hostile) = document::hostile(&mut u) {
        let kind = Kind::of(&hostile.media_type).unwrap_or(Kind::Image);
        compare(reader, &hostile.bytes, kind);
    }
    let mut u = arbitrary::Unstructured::new(data);
    if let Ok(legal) = document::legal(&mut u) {
        compare(reader, &legal.bytes, legal.manifest.kind());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_another_case_is_a_second_reading() {
        let digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        let descriptor = format!("{{\"mediaType\":\"a/b\",\"digest\":\"{digest}\",\"size\":2}}");
        let text = format!("{{\"schemaVersion\":2,\"manifests\":[],\"Manifests\":[{descriptor}]}}");
        assert_eq!(
            read_like_go(text.as_bytes(), &["manifests"]),
            Ok(vec![(digest.to_owned(), "2".to_owned())])
        );
        compare(&GO, text.as_bytes(), Kind::Index);
        let strict = Reader { pardons: &[], ..GO };
        assert!(std::panic::catch_unwind(|| compare(&strict, text.as_bytes(), Kind::Index)).is_err());
    }
}
