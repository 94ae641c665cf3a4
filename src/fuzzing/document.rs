//! Manifests made out of a sequence of choices.
//!
//! [`legal`] makes documents that every reader has to accept, in all the spellings that JSON allows for the same
//! content. [`hostile`] takes such a document and breaks it in one to three places. The choices come from
//! [`Unstructured`], so that libFuzzer can steer them and any random bytes can be a document.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use arbitrary::{Result, Unstructured};

use crate::fuzzing::words;
use crate::oci::descriptor::{Descriptor, MAX_CONTENT_SIZE, Platform};
use crate::oci::digest::{Algorithm, Digest};
use crate::oci::json::{self, Json, Limits, Member, Node};
use crate::oci::manifest::{
    ArtifactManifest, Component, ComponentKind, ImageIndex, ImageManifest, Kind, Manifest, Object, ObjectManifest,
    SubjectName, names_manifest,
};
use crate::oci::media_type::{self, MediaType};

/// The most items of any list.
const MAX_ITEMS: usize = 4;

/// The most characters of any text that is made up.
const MAX_TEXT: usize = 12;

/// A manifest that has to be accepted.
#[derive(Debug, Clone)]
pub struct Legal {
    /// The media type to declare it with.
    pub media_type: MediaType,
    /// What it says.
    pub manifest: Manifest,
    /// How it says it.
    pub bytes: Vec<u8>,
}

/// A document that some reader may stumble over.
#[derive(Debug, Clone)]
pub struct Hostile {
    /// The media type to declare it with.
    pub media_type: MediaType,
    /// The document.
    pub bytes: Vec<u8>,
    /// What was done to a legal document to make it.
    pub wounds: Vec<Wound>,
}

/// What was done to a place of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wound {
    /// A value was replaced by one of another type or at the edge of its own.
    Replaced,
    /// A member or an item was left out.
    Dropped,
    /// A member or an item was written twice.
    Repeated,
    /// A member was given another name.
    Renamed,
    /// A member was added that belongs to another kind of document.
    Added,
    /// A value was wrapped into arrays, up to far beyond any limit of depth.
    Nested,
    /// The text was cut, or something was added to it.
    Torn,
}

/// Makes a manifest of any kind that has to be accepted.
///
/// # Errors
/// If the choices run out in a place where one has to be made.
pub fn legal(u: &mut Unstructured<'_>) -> Result<Legal> {
    let manifest = manifest(u)?;
    let media_type = declared(&manifest);
    let mut root = tree(&manifest);
    if let Json::Object(members) = &mut root.value {
        shuffle(u, members)?;
        if !matches!(manifest, Manifest::ObjectDraft(_)) && u.ratio(1, 4)? {
            members.push(Member {
                name: "org.example.unknown".to_owned(),
                value: any_value(u, 2)?,
            });
        }
    }
    let bytes = spell(u, &root)?.into_bytes();
    Ok(Legal {
        media_type,
        manifest,
        bytes,
    })
}

/// Makes a document that is broken in one to three places, as far as the choices say so.
///
/// # Errors
/// If the choices run out in a place where one has to be made.
pub fn hostile(u: &mut Unstructured<'_>) -> Result<Hostile> {
    let manifest = manifest(u)?;
    let media_type = if u.ratio(1, 8)? {
        kind(u)?.media_type().parse()
    } else {
        Ok(declared(&manifest))
    };
    let media_type = media_type.map_err(|_| arbitrary::Error::IncorrectFormat)?;
    let mut root = tree(&manifest);
    let mut wounds = Vec::new();
    for _ in 0..u.int_in_range(1..=3)? {
        wounds.push(wound(u, &mut root)?);
    }
    let mut text = spell(u, &root)?.into_bytes();
    if u.ratio(1, 10)? {
        wounds.push(Wound::Torn);
        let at = u.int_in_range(0..=text.len())?;
        match u.int_in_range(0..=2)? {
            0 => text.truncate(at),
            1 => text.extend_from_slice(u.choose(words::TOKENS)?.as_bytes()),
            _ => text.insert(at, u.arbitrary()?),
        }
    }
    Ok(Hostile {
        media_type,
        bytes: text,
        wounds,
    })
}

/// The media type that a manifest is declared with.
pub fn declared(manifest: &Manifest) -> MediaType {
    match manifest {
        Manifest::ObjectDraft(object) => object.media_type.clone(),
        _ => constant(manifest.kind().media_type()),
    }
}

fn kind(u: &mut Unstructured<'_>) -> Result<Kind> {
    u.choose(&Kind::ALL).copied()
}

fn manifest(u: &mut Unstructured<'_>) -> Result<Manifest> {
    let kind = kind(u)?;
    let named = constant(kind.media_type());
    Ok(match kind {
        Kind::Image => Manifest::Image(image(u, named)?),
        Kind::Index => Manifest::Index(index(u, named)?),
        Kind::DockerSchema2 => Manifest::DockerSchema2(ImageManifest {
            media_type: Some(named),
            artifact_type: None,
            config: descriptor(u)?,
            layers: list(u, descriptor)?,
            subject: None,
            annotations: None,
        }),
        Kind::DockerList => Manifest::DockerList(ImageIndex {
            media_type: Some(named),
            artifact_type: None,
            manifests: list(u, descriptor)?,
            subject: None,
            annotations: None,
        }),
        Kind::OrasArtifact => Manifest::OrasArtifact(ArtifactManifest {
            media_type: option(u, |_| Ok(named))?,
            artifact_type: Some(any_media_type(u)?),
            config: None,
            blobs: list(u, blob)?,
            manifests: Vec::new(),
            subject: option(u, descriptor)?,
            subject_name: SubjectName::Subject,
            annotations: option(u, annotations)?,
        }),
        Kind::OciArtifact => {
            let subject = option(u, descriptor)?;
            let names = [SubjectName::Subject, SubjectName::Refers, SubjectName::SubjectManifest];
            let subject_name = if subject.is_some() {
                *u.choose(&names)?
            } else {
                SubjectName::Subject
            };
            Manifest::OciArtifact(ArtifactManifest {
                media_type: Some(named),
                artifact_type: option(u, any_media_type)?,
                config: option(u, descriptor)?,
                blobs: list(u, descriptor)?,
                manifests: list(u, descriptor)?,
                subject,
                subject_name,
                annotations: option(u, annotations)?,
            })
        }
        Kind::ObjectDraft => {
            let forms = [
                media_type::OCI_OBJECT_DRAFT,
                media_type::OCI_DISTRIBUTION_DRAFT,
                media_type::OCI_ARTIFACT_WITHDRAWN,
            ];
            Manifest::ObjectDraft(ObjectManifest {
                media_type: constant(u.choose(&forms)?),
                objects: list(u, object)?,
            })
        }
    })
}

fn image(u: &mut Unstructured<'_>, named: MediaType) -> Result<ImageManifest> {
    let config = descriptor(u)?;
    let is_empty = config.media_type.essence() == media_type::OCI_EMPTY;
    let artifact_type = if is_empty {
        Some(any_media_type(u)?)
    } else {
        option(u, any_media_type)?
    };
    Ok(ImageManifest {
        media_type: option(u, |_| Ok(named))?,
        artifact_type,
        config,
        layers: list(u, descriptor)?,
        subject: option(u, descriptor)?,
        annotations: option(u, annotations)?,
    })
}

fn index(u: &mut Unstructured<'_>, named: MediaType) -> Result<ImageIndex> {
    Ok(ImageIndex {
        media_type: option(u, |_| Ok(named))?,
        artifact_type: option(u, any_media_type)?,
        manifests: list(u, descriptor)?,
        subject: option(u, descriptor)?,
        annotations: option(u, annotations)?,
    })
}

fn object(u: &mut Unstructured<'_>) -> Result<Object> {
    let component = |u: &mut Unstructured<'_>| {
        Ok(Component {
            kind: if u.arbitrary()? {
                ComponentKind::Blob
            } else {
                ComponentKind::Manifest
            },
            digest: digest(u)?,
            size: u.int_in_range(0..=MAX_CONTENT_SIZE)?,
        })
    };
    Ok(Object {
        object_type: text(u)?,
        components: list(u, component)?,
    })
}

fn descriptor(u: &mut Unstructured<'_>) -> Result<Descriptor> {
    let media_type = any_media_type(u)?;
    let mut descriptor = if u.arbitrary()? {
        let content: Vec<u8> = list(u, |u| u.arbitrary())?;
        let algorithm = *u.choose(&Algorithm::ALL)?;
        let mut descriptor = Descriptor::of(media_type, algorithm, &content);
        descriptor.data = option(u, |_| Ok(content))?;
        descriptor
    } else {
        Descriptor::new(media_type, digest(u)?, u.int_in_range(0..=MAX_CONTENT_SIZE)?)
    };
    if u.ratio(1, 4)? {
        descriptor.urls = list(u, |u| Ok(format!("https://example.com/{}", u.int_in_range(0..=99u8)?)))?;
        descriptor.annotations = option(u, annotations)?;
        descriptor.platform = option(u, platform)?;
        descriptor.artifact_type = option(u, any_media_type)?;
    }
    Ok(descriptor)
}

/// A descriptor of something that is no manifest.
fn blob(u: &mut Unstructured<'_>) -> Result<Descriptor> {
    let mut blob = descriptor(u)?;
    if names_manifest(&blob.media_type) {
        blob.media_type = constant(media_type::OCTET_STREAM);
    }
    Ok(blob)
}

fn platform(u: &mut Unstructured<'_>) -> Result<Platform> {
    Ok(Platform {
        architecture: text(u)?,
        os: text(u)?,
        os_version: option(u, text)?,
        os_features: list(u, text)?,
        variant: option(u, text)?,
    })
}

fn annotations(u: &mut Unstructured<'_>) -> Result<BTreeMap<String, String>> {
    Ok(list(u, |u| Ok((text(u)?, text(u)?)))?.into_iter().collect())
}

fn digest(u: &mut Unstructured<'_>) -> Result<Digest> {
    if let Ok(known) = u.choose(words::DIGESTS)?.parse() {
        return Ok(known);
    }
    let content: [u8; 4] = u.arbitrary()?;
    Ok(Digest::of(*u.choose(&Algorithm::ALL)?, &content))
}

fn any_media_type(u: &mut Unstructured<'_>) -> Result<MediaType> {
    let written = if u.arbitrary()? {
        (*u.choose(words::MEDIA_TYPES)?).to_owned()
    } else {
        let letters = b"abzAZ09.+-_";
        let name = list(u, |u| u.choose(letters).copied().map(char::from))?;
        format!("application/x{}", name.into_iter().collect::<String>())
    };
    // The list has texts that are none, on purpose.
    Ok(MediaType::bare(&written).unwrap_or_else(|_| constant(media_type::OCTET_STREAM)))
}

pub(super) fn text(u: &mut Unstructured<'_>) -> Result<String> {
    let mut text = String::new();
    for _ in 0..u.int_in_range(0..=MAX_TEXT)? {
        text.push(u.arbitrary()?);
    }
    Ok(text)
}

fn list<'a, T>(u: &mut Unstructured<'a>, mut item: impl FnMut(&mut Unstructured<'a>) -> Result<T>) -> Result<Vec<T>> {
    (0..u.int_in_range(0..=MAX_ITEMS)?).map(|_| item(u)).collect()
}

fn option<'a, T>(u: &mut Unstructured<'a>, item: impl FnOnce(&mut Unstructured<'a>) -> Result<T>) -> Result<Option<T>> {
    if u.arbitrary()? { item(u).map(Some) } else { Ok(None) }
}

pub(super) fn any_value(u: &mut Unstructured<'_>, depth: usize) -> Result<Node> {
    let value = match u.int_in_range(0..=if depth > 0 { 6 } else { 4 })? {
        0 => Json::Null,
        1 => Json::Bool(u.arbitrary()?),
        2 => Json::Number(u.int_in_range(i64::MIN..=i64::MAX)?.to_string().into()),
        3 => Json::Number("-0.5e-3".into()),
        4 => Json::String(text(u)?),
        5 => Json::Array(list(u, |u| any_value(u, depth - 1))?),
        _ => Json::Object(vec![Member {
            name: text(u)?,
            value: any_value(u, depth - 1)?,
        }]),
    };
    Ok(node(value))
}

/// Breaks the tree in one place.
pub(super) fn wound(u: &mut Unstructured<'_>, root: &mut Node) -> Result<Wound> {
    let place = descend(u, root)?;
    let wound = match (u.int_in_range(0..=6)?, &mut place.value) {
        (0, Json::Object(members)) if !members.is_empty() => {
            members.remove(u.choose_index(members.len())?);
            Wound::Dropped
        }
        (0, Json::Array(items)) if !items.is_empty() => {
            items.remove(u.choose_index(items.len())?);
            Wound::Dropped
        }
        (1, Json::Object(members)) if !members.is_empty() => {
            let at = u.choose_index(members.len())?;
            let again = members.get(at).cloned();
            members.extend(again);
            Wound::Repeated
        }
        (1, Json::Array(items)) if !items.is_empty() => {
            let at = u.choose_index(items.len())?;
            let again = items.get(at).cloned();
            items.extend(again);
            Wound::Repeated
        }
        (2, Json::Object(members)) if !members.is_empty() => {
            let at = u.choose_index(members.len())?;
            if let Some(member) = members.get_mut(at) {
                member.name = (*u.choose(words::NAMES)?).to_owned();
            }
            Wound::Renamed
        }
        (3, Json::Object(members)) => {
            let name = (*u.choose(words::NAMES)?).to_owned();
            members.push(Member {
                name,
                value: hostile_value(u)?,
            });
            Wound::Added
        }
        (4, _) => {
            for _ in 0..*u.choose(&[1, 2, 127, 128, 600])? {
                let inner = std::mem::replace(place, node(Json::Null));
                place.value = Json::Array(vec![inner]);
            }
            Wound::Nested
        }
        _ => {
            *place = hostile_value(u)?;
            Wound::Replaced
        }
    };
    Ok(wound)
}

/// Walks down from the root, a few levels at most.
fn descend<'n>(u: &mut Unstructured<'_>, mut place: &'n mut Node) -> Result<&'n mut Node> {
    for _ in 0..u.int_in_range(0..=4)? {
        let children = match &place.value {
            Json::Object(members) => members.len(),
            Json::Array(items) => items.len(),
            _ => 0,
        };
        if children == 0 {
            return Ok(place);
        }
        let at = u.choose_index(children)?;
        let child = match &mut place.value {
            Json::Object(members) => members.get_mut(at).map(|member| &mut member.value),
            Json::Array(items) => items.get_mut(at),
            _ => None,
        };
        place = child.ok_or(arbitrary::Error::IncorrectFormat)?;
    }
    Ok(place)
}

/// A value at the edge. Numbers are written as they stand in the list, also those that JSON does not have.
fn hostile_value(u: &mut Unstructured<'_>) -> Result<Node> {
    let value = match u.int_in_range(0..=5)? {
        0 => Json::Number((*u.choose(words::NUMBERS)?).into()),
        1 => Json::String((*u.choose(words::DIGESTS)?).to_owned()),
        2 => Json::String((*u.choose(words::MEDIA_TYPES)?).to_owned()),
        // As a number it is written without quotes, so that its escapes reach the reader.
        3 => Json::Number(format!("\"{}\"", u.choose(words::STRINGS)?).into()),
        4 => Json::Number((*u.choose(words::TOKENS)?).into()),
        _ => return any_value(u, 2),
    };
    Ok(node(value))
}

pub(super) fn shuffle<T>(u: &mut Unstructured<'_>, items: &mut [T]) -> Result<()> {
    for last in (1..items.len()).rev() {
        items.swap(last, u.int_in_range(0..=last)?);
    }
    Ok(())
}

/// The text of a document. Most have some hundred bytes, for which room is made at once.
pub(super) fn text_of(root: &Node) -> String {
    let mut text = String::with_capacity(1024);
    // A string takes everything.
    let _ = write!(text, "{root}");
    text
}

/// Writes the tree with white space and escapes where the choices put them.
pub(super) fn spell(u: &mut Unstructured<'_>, root: &Node) -> Result<String> {
    let plain = text_of(root);
    if u.ratio(1, 2)? {
        return Ok(plain);
    }
    let mut text = String::with_capacity(plain.len() + plain.len() / 8);
    let mut inside = false;
    // How many characters of an escape are still to come; they are no letters of their own.
    let mut escape = 0_usize;
    for character in plain.chars() {
        let is_letter = inside && escape == 0 && character.is_ascii_alphanumeric();
        let is_structure = !inside && matches!(character, '{' | '}' | '[' | ']' | ',' | ':');
        if is_structure && u.ratio(1, 8)? {
            text.push_str(u.choose(&[" ", "\n", "\t", "\r\n"])?);
        }
        if is_letter && u.ratio(1, 32)? {
            text.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            text.push(character);
        }
        if character == '"' && escape == 0 {
            inside = !inside;
        }
        escape = match (character, escape) {
            ('\\', 0) => 1,
            // The character after the backslash announces four digits, none of which is a `u`.
            ('u', 1) => 4,
            (_, left) => left.saturating_sub(1),
        };
    }
    Ok(text)
}

fn tree(manifest: &Manifest) -> Node {
    let text = manifest.to_json().to_string();
    json::parse(text.as_bytes(), Limits::default()).unwrap_or_else(|_| node(Json::Null))
}

pub(super) fn node(value: Json) -> Node {
    Node { offset: 0, value }
}

fn constant(text: &str) -> MediaType {
    MediaType::bare(text).expect("the constants are media types, as a test of theirs shows")
}
