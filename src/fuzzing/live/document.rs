//! Documents that are pushed: an image or an index over content that is there, with some wounds, or a hostile thing that
//! was thought out by somebody.
//!
//! All zeros make the simplest legal document of the kind.

use arbitrary::{Result, Unstructured};

use super::palette::{PIECES, Piece};
use crate::fuzzing::{document as wounds, words};
use crate::oci::digest::{Algorithm, Digest};
use crate::oci::json::{Json, Member, Node};
use crate::oci::media_type;

/// A document and the type that it is pushed as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    /// The value of `Content-Type`, if it is sent.
    pub content_type: Option<String>,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// What a document is to be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// An image manifest.
    Image,
    /// An image index.
    Index,
}

/// Whether the choice is the last of so many, which zeros never are.
pub fn rare(u: &mut Unstructured<'_>, of: u8) -> Result<bool> {
    Ok(u.int_in_range(1..=of)? == of && of > 1)
}

/// Makes a document; `subject` is what it may be about.
pub fn paper(u: &mut Unstructured<'_>, family: Family, subject: Option<&Digest>) -> Result<Paper> {
    let media_type = declared(u, family)?;
    if rare(u, 12)? {
        let bytes = thought_out(u, family)?;
        return Ok(Paper {
            content_type: Some(media_type),
            bytes,
        });
    }
    let mut root = match family {
        Family::Image => image(u, &media_type, subject)?,
        Family::Index => index(u, &media_type, subject)?,
    };
    let mut left = 3;
    while left > 0 && u.int_in_range(0..=4u8)? > 2 {
        wounds::wound(u, &mut root)?;
        left -= 1;
    }
    if rare(u, 8)?
        && let Json::Object(members) = &mut root.value
    {
        wounds::shuffle(u, members)?;
    }
    let mut bytes = if rare(u, 4)? {
        wounds::spell(u, &root)?
    } else {
        wounds::text_of(&root)
    }
    .into_bytes();
    if rare(u, 16)? {
        let at = u.int_in_range(0..=bytes.len())?;
        match u.int_in_range(0..=2u8)? {
            0 => bytes.truncate(at),
            1 => bytes.extend_from_slice(u.choose(words::TOKENS)?.as_bytes()),
            _ => bytes.insert(at, u.arbitrary()?),
        }
    }
    Ok(Paper {
        content_type: Some(media_type),
        bytes,
    })
}

/// A small legal image manifest that is about something, or about nothing.
pub fn plain(subject: Option<&Digest>, size: usize) -> Paper {
    let mut members = vec![
        ("schemaVersion", number(2)),
        ("config", of(&PIECES[0])),
        ("layers", list(Vec::new())),
    ];
    if let Some(subject) = subject {
        members.push((
            "subject",
            descriptor(media_type::OCI_MANIFEST, subject.as_str(), size as u64),
        ));
    }
    Paper {
        content_type: Some(media_type::OCI_MANIFEST.to_owned()),
        bytes: object(members).to_string().into_bytes(),
    }
}

fn declared(u: &mut Unstructured<'_>, family: Family) -> Result<String> {
    let own = match family {
        Family::Image => [media_type::OCI_MANIFEST, media_type::DOCKER_MANIFEST],
        Family::Index => [media_type::OCI_INDEX, media_type::DOCKER_LIST],
    };
    let other = match family {
        Family::Image => media_type::OCI_INDEX,
        Family::Index => media_type::OCI_MANIFEST,
    };
    Ok(match u.int_in_range(0..=15u8)? {
        0..=11 => own[0].to_owned(),
        12 | 13 => own[1].to_owned(),
        14 => other.to_owned(),
        _ => format!("{}; charset=utf-8", own[0]),
    })
}

fn image(u: &mut Unstructured<'_>, media_type: &str, subject: Option<&Digest>) -> Result<Node> {
    let mut members = head(u, media_type)?;
    let config = u.int_in_range(0..=5u8)?;
    let config = match config {
        0..=3 => of(&PIECES[0]),
        4 => of(&PIECES[2]),
        _ => any_descriptor(u)?,
    };
    members.push(("config", config));
    let layers = some(u, any_descriptor)?;
    if !rare(u, 12)? {
        members.push(("layers", list(layers)));
    }
    tail(u, &mut members, subject)?;
    Ok(object(members))
}

fn index(u: &mut Unstructured<'_>, media_type: &str, subject: Option<&Digest>) -> Result<Node> {
    let mut members = head(u, media_type)?;
    let children = some(u, |u| {
        let mut child = any_descriptor(u)?;
        if u.int_in_range(0..=2u8)? == 0 {
            child = of(&PIECES[3]);
        }
        if rare(u, 4)? {
            let platform = [("architecture", string("amd64")), ("os", string("linux"))];
            push(&mut child, "platform", object(platform.into()));
        }
        Ok(child)
    })?;
    if !rare(u, 8)? {
        members.push(("manifests", list(children)));
    }
    tail(u, &mut members, subject)?;
    Ok(object(members))
}

/// Up to four items. Each is announced by a choice of its own, so that it can be left out alone.
fn some<'a>(u: &mut Unstructured<'a>, item: impl Fn(&mut Unstructured<'a>) -> Result<Node>) -> Result<Vec<Node>> {
    let mut items = Vec::new();
    while items.len() < 4 && u.int_in_range(0..=2u8)? > 0 {
        items.push(item(u)?);
    }
    Ok(items)
}

type Members = Vec<(&'static str, Node)>;

fn head(u: &mut Unstructured<'_>, media_type: &str) -> Result<Members> {
    let mut members = vec![("schemaVersion", number(2))];
    if u.int_in_range(0..=3u8)? != 0 {
        let bare = media_type.split(';').next().unwrap_or_default();
        members.push(("mediaType", string(bare)));
    }
    Ok(members)
}

fn tail(u: &mut Unstructured<'_>, members: &mut Members, subject: Option<&Digest>) -> Result<()> {
    if rare(u, 3)? {
        let annotations = (0..u.int_in_range(1..=2u8)?)
            .map(|at| {
                let name = match at {
                    0 => "a".to_owned(),
                    _ => wounds::text(u)?,
                };
                Ok(Member {
                    name,
                    value: if rare(u, 6)? {
                        wounds::any_value(u, 1)?
                    } else {
                        string(u.choose(&["", "b", "\u{feff}", "\u{202e}x", "\r\nX: y", "\u{0}"])?)
                    },
                })
            })
            .collect::<Result<_>>()?;
        members.push(("annotations", wounds::node(Json::Object(annotations))));
    }
    if let Some(subject) = subject {
        let known = PIECES.iter().find(|piece| piece.digest == *subject);
        let size = known.map_or(2, |piece| piece.text.len() as u64);
        members.push(("subject", descriptor(media_type::OCI_MANIFEST, subject.as_str(), size)));
    } else if rare(u, 8)? {
        members.push(("subject", any_descriptor(u)?));
    }
    if rare(u, 4)? {
        let kind = u.choose(&[
            "application/vnd.example.a",
            "application/vnd.example.a+json",
            "text/plain",
            "",
            "x",
        ])?;
        members.push(("artifactType", string(kind)));
    }
    Ok(())
}

fn any_descriptor(u: &mut Unstructured<'_>) -> Result<Node> {
    let choice = u.int_in_range(0..=19u8)?;
    let mut node = match choice {
        0..=9 => of(&PIECES[1]),
        10..=12 => of(&PIECES[2]),
        13 | 14 => of(&PIECES[0]),
        15 => of(&PIECES[3]),
        // Content that nobody has.
        16 => descriptor(
            media_type::OCI_LAYER,
            Digest::of(Algorithm::Sha256, &[u.arbitrary::<u8>()?]).as_str(),
            1,
        ),
        17 => descriptor(
            u.choose(words::MEDIA_TYPES)?,
            PIECES[1].digest.as_str(),
            PIECES[1].text.len() as u64,
        ),
        18 => {
            let mut node = of(&PIECES[1]);
            replace(&mut node, "digest", string(u.choose(words::DIGESTS)?));
            node
        }
        _ => {
            let mut node = of(&PIECES[1]);
            let size = wounds::node(Json::Number((*u.choose(words::NUMBERS)?).into()));
            replace(&mut node, "size", size);
            node
        }
    };
    if rare(u, 12)? {
        let (name, value) = match u.int_in_range(0..=3u8)? {
            0 => ("data", string(u.choose(&["", "e30=", "e30", "!", "AAAA"])?)),
            1 => (
                "urls",
                list(vec![string(u.choose(&[
                    "https://example.com/a",
                    "file:///etc/passwd",
                    "",
                    "\n",
                ])?)]),
            ),
            2 => ("annotations", wounds::any_value(u, 1)?),
            _ => ("platform", wounds::any_value(u, 2)?),
        };
        push(&mut node, name, value);
    }
    Ok(node)
}

/// Things that broke some registry or some client once.
fn thought_out(u: &mut Unstructured<'_>, family: Family) -> Result<Vec<u8>> {
    let plain = String::from_utf8_lossy(&plain(None, 0).bytes).into_owned();
    let with = |member: &str| {
        format!(
            "{},{member}}}",
            plain.trim_end_matches('}').to_owned() + &closing(&plain)
        )
    };
    let text = match u.int_in_range(0..=13u8)? {
        0 => "{}".to_owned(),
        1 => "null".to_owned(),
        2 => r#"{"schemaVersion":2}"#.to_owned(),
        3 => String::new(),
        // An image and an index at once (CVE-2021-41190).
        4 => with(r#""manifests":[]"#),
        5 => {
            let depth = *u.choose(&[65, 129, 1_000, 10_000])?;
            with(&format!("\"x\":{}{}", "[".repeat(depth), "]".repeat(depth)))
        }
        6 => with(&format!(
            "\"annotations\":{{\"a\":\"{}\"}}",
            "x".repeat(*u.choose(&[1_000, 65_536, 1_000_000])?)
        )),
        7 => {
            let layer = of(&PIECES[1]).to_string();
            let count = *u.choose(&[100, 1_000])?;
            let layers = vec![layer; count].join(",");
            with("")
                .replace("\"layers\":[]", &format!("\"layers\":[{layers}]"))
                .replace(",}", "}")
        }
        8 => with(r#""mediaType":"application/vnd.oci.image.index.v1+json""#),
        9 => with(r#""schemaVersion":2"#),
        10 => with(r#""annotations":{"a":"\ud800"}"#),
        11 => with(r#""MediaType":"application/vnd.oci.image.index.v1+json""#),
        12 => format!("\u{feff}{plain}"),
        _ => match family {
            Family::Image => r#"[2,null,null,{},[],null,null]"#.to_owned(),
            Family::Index => r#"{"schemaVersion":2,"manifests":null}"#.to_owned(),
        },
    };
    Ok(text.into_bytes())
}

/// The braces at the end of a text but for the last.
fn closing(text: &str) -> String {
    let braces = text.len() - text.trim_end_matches('}').len();
    "}".repeat(braces.saturating_sub(1))
}

fn of(piece: &Piece) -> Node {
    descriptor(piece.media_type, piece.digest.as_str(), piece.text.len() as u64)
}

fn descriptor(media_type: &str, digest: &str, size: u64) -> Node {
    object(vec![
        ("mediaType", string(media_type)),
        ("digest", string(digest)),
        ("size", number(size)),
    ])
}

fn object(members: Members) -> Node {
    let members = members.into_iter().map(|(name, value)| Member {
        name: name.to_owned(),
        value,
    });
    wounds::node(Json::Object(members.collect()))
}

fn list(items: Vec<Node>) -> Node {
    wounds::node(Json::Array(items))
}

fn string(text: &str) -> Node {
    wounds::node(Json::String(text.to_owned()))
}

fn number(number: u64) -> Node {
    wounds::node(Json::Number(number.to_string().into()))
}

fn push(node: &mut Node, name: &str, value: Node) {
    if let Json::Object(members) = &mut node.value {
        members.push(Member {
            name: name.to_owned(),
            value,
        });
    }
}

fn replace(node: &mut Node, name: &str, value: Node) {
    if let Json::Object(members) = &mut node.value {
        members.retain(|member| member.name != name);
    }
    push(node, name, value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::manifest::Document;
    use crate::oci::media_type::MediaType;

    fn accepted(paper: &Paper) -> bool {
        let declared: Option<MediaType> = paper.content_type.as_deref().and_then(|text| text.parse().ok());
        Document::parse(&paper.bytes, declared.as_ref()).is_ok()
    }

    #[test]
    fn zeros_are_the_simplest_legal_document() {
        for family in [Family::Image, Family::Index] {
            let paper = paper(&mut Unstructured::new(&[]), family, None).unwrap();
            assert!(accepted(&paper), "{}", String::from_utf8_lossy(&paper.bytes));
        }
        let index = paper(&mut Unstructured::new(&[]), Family::Index, None).unwrap();
        assert_eq!(index.bytes, br#"{"schemaVersion":2,"manifests":[]}"#);
        assert!(accepted(&plain(Some(&PIECES[3].digest), 2)));
    }

    #[test]
    fn about_half_of_the_documents_are_legal() {
        let mut rng = fastrand::Rng::with_seed(3);
        let legal = (0..1000)
            .filter(|at| {
                let choices = super::super::choices::fresh(&mut rng);
                let family = if at % 2 == 0 { Family::Image } else { Family::Index };
                paper(&mut Unstructured::new(&choices), family, None).is_ok_and(|paper| accepted(&paper))
            })
            .count();
        assert!((250..800).contains(&legal), "{legal}");
    }

    #[test]
    fn what_was_thought_out_is_what_it_says() {
        for choice in 0..14u8 {
            let choices = [choice, 0, 0];
            let bytes = thought_out(&mut Unstructured::new(&choices), Family::Image).unwrap();
            if [4, 5, 6, 7, 9, 10, 11].contains(&choice) {
                let text = String::from_utf8(bytes).unwrap();
                assert!(
                    text.starts_with("{\"schemaVersion\":2,\"config\":{") && text.ends_with('}'),
                    "{text}"
                );
                assert_eq!(
                    text.matches(",}").count() + text.matches("}}}}").count(),
                    0,
                    "{choice}: {text}"
                );
            }
        }
    }
}
