use serde_json::json;

use super::*;
use crate::oci::json::JsonFault;
use crate::oci::media_type::{DOCKER_LIST, DOCKER_MANIFEST, OCI_EMPTY, OCI_INDEX, OCI_MANIFEST, ORAS_ARTIFACT};

const EMPTY: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

fn descriptor(media_type: &str) -> Value {
    json!({"mediaType": media_type, "digest": EMPTY, "size": 2})
}

fn image() -> Value {
    json!({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST,
        "config": descriptor(media_type::OCI_CONFIG), "layers": [descriptor("application/x")],
    })
}

fn index() -> Value {
    json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [descriptor(OCI_MANIFEST)]})
}

fn with(mut document: Value, name: &str, value: Value) -> Value {
    document[name] = value;
    document
}

fn without(mut document: Value, name: &str) -> Value {
    document.as_object_mut().unwrap().remove(name);
    document
}

fn parse(document: &Value, declared: Option<&str>) -> Result<Document, Vec<(String, Fault)>> {
    let declared = declared.map(|text| text.parse().unwrap());
    Document::parse_all(document.to_string().as_bytes(), declared.as_ref(), Limits::default()).map_err(|all| {
        all.into_iter()
            .map(|violation| (violation.pointer, violation.fault))
            .collect()
    })
}

fn faults(document: &Value, declared: Option<&str>) -> Vec<(String, Fault)> {
    parse(document, declared).unwrap_err()
}

fn at(pointer: &str, fault: Fault) -> Vec<(String, Fault)> {
    vec![(pointer.to_owned(), fault)]
}

fn roles(document: &Value) -> Vec<Role> {
    parse(document, None)
        .unwrap()
        .manifest()
        .links()
        .iter()
        .map(|link| link.role)
        .collect()
}

#[test]
fn the_kind_follows_from_the_declared_type_then_the_member_then_the_shape() {
    let kind = |document: &Value, declared: Option<&str>| parse(document, declared).unwrap().manifest().kind();
    assert_eq!(kind(&image(), Some(OCI_MANIFEST)), Kind::Image);
    assert_eq!(kind(&image(), None), Kind::Image);
    assert_eq!(kind(&without(image(), "mediaType"), None), Kind::Image);
    let with_charset = format!("{OCI_INDEX}; charset=utf-8");
    assert_eq!(
        kind(&without(index(), "mediaType"), Some(with_charset.as_str())),
        Kind::Index
    );
    assert_eq!(kind(&without(index(), "mediaType"), None), Kind::Index);
    let docker = with(image(), "mediaType", DOCKER_MANIFEST.into());
    assert_eq!(kind(&docker, Some(DOCKER_MANIFEST)), Kind::DockerSchema2);
    assert_eq!(
        kind(&with(index(), "mediaType", DOCKER_LIST.into()), None),
        Kind::DockerList
    );
    for kind in Kind::ALL {
        assert_eq!(Kind::of(&kind.media_type().parse().unwrap()), Some(kind));
    }
}

#[test]
fn a_document_that_can_be_read_in_two_ways_is_refused() {
    let both = with(image(), "manifests", json!([]));
    assert_eq!(faults(&both, Some(OCI_MANIFEST)), at("/manifests", Fault::Ambiguous));
    assert_eq!(
        faults(&without(both.clone(), "mediaType"), None),
        at("", Fault::Ambiguous)
    );
    let both = with(index(), "layers", json!([]));
    assert_eq!(faults(&both, None), at("/layers", Fault::Ambiguous));
    let other = Fault::OtherMediaType {
        expected: OCI_INDEX.to_owned(),
        found: OCI_MANIFEST.to_owned(),
    };
    assert!(faults(&image(), Some(OCI_INDEX)).contains(&("/mediaType".to_owned(), other)));
    let upper = with(image(), "mediaType", OCI_MANIFEST.to_uppercase().into());
    assert!(matches!(faults(&upper, None)[0].1, Fault::OtherMediaType { .. }));
    let repeated = image().to_string().replacen('{', "{\"layers\":[],", 1);
    let error = Document::parse(repeated.as_bytes(), None).unwrap_err();
    assert_eq!(error.fault, Fault::Json(JsonFault::DuplicateName("layers".to_owned())));
}

#[test]
fn a_document_of_no_kind_is_refused() {
    assert_eq!(faults(&json!({}), None), at("", Fault::Shapeless));
    assert_eq!(
        faults(&image(), Some("application/json")),
        at("", Fault::UnknownMediaType("application/json".into()))
    );
    let unknown = with(image(), "mediaType", "a/b".into());
    assert_eq!(
        faults(&unknown, None),
        at("/mediaType", Fault::UnknownMediaType("a/b".into()))
    );
    for document in [json!(null), json!([]), json!("x"), json!(2)] {
        assert!(matches!(
            faults(&document, None)[0].1,
            Fault::Type {
                expected: "an object",
                ..
            }
        ));
    }
    assert!(matches!(
        Document::parse(b"", None).unwrap_err().fault,
        Fault::Json(JsonFault::End(_))
    ));
}

#[test]
fn required_members_are_missed_all_at_once() {
    let expected: Vec<_> = ["/schemaVersion", "/config", "/layers"]
        .map(|pointer| (pointer.to_owned(), Fault::Missing))
        .into();
    assert_eq!(faults(&json!({}), Some(OCI_MANIFEST)), expected);
    let expected: Vec<_> = ["/schemaVersion", "/manifests"]
        .map(|pointer| (pointer.to_owned(), Fault::Missing))
        .into();
    assert_eq!(faults(&json!({}), Some(OCI_INDEX)), expected);
    assert_eq!(
        faults(&json!({}), Some(DOCKER_MANIFEST))[0],
        ("/mediaType".to_owned(), Fault::Missing)
    );
    assert_eq!(
        faults(&json!({}), Some(ORAS_ARTIFACT)),
        at("/artifactType", Fault::Missing)
    );
    for (version, fault) in [
        (json!(1), Fault::SchemaVersion(2)),
        (json!(258), Fault::SchemaVersion(2)),
        (json!(2.0), Fault::SchemaVersionNotation(2)),
        (json!(2.5), Fault::SchemaVersion(2)),
        (json!(20.0), Fault::SchemaVersion(2)),
        (
            json!("2"),
            Fault::Type {
                expected: "a number",
                found: "a string",
            },
        ),
        (
            json!(null),
            Fault::Type {
                expected: "a number",
                found: "null",
            },
        ),
    ] {
        assert_eq!(
            faults(&with(image(), "schemaVersion", version), None),
            at("/schemaVersion", fault)
        );
    }
}

#[test]
fn wrong_parts_have_their_pointer() {
    let wrong = |expected, found| Fault::Type { expected, found };
    let document = with(image(), "layers", json!([descriptor("a/b"), "x", null]));
    let expected = [
        at("/layers/1", wrong("an object", "a string")),
        at("/layers/2", wrong("an object", "null")),
    ];
    assert_eq!(faults(&document, None), expected.concat());
    assert_eq!(
        faults(&with(image(), "layers", json!({})), None),
        at("/layers", wrong("an array", "an object"))
    );
    assert_eq!(
        faults(&with(image(), "subject", json!([])), None),
        at("/subject", wrong("an object", "an array"))
    );
    let annotations = json!({"a": "", "b/c": null});
    assert_eq!(
        faults(&with(index(), "annotations", annotations), None),
        at("/annotations/b~1c", wrong("a string", "null"))
    );
}

#[test]
fn an_empty_config_needs_an_artifact_type() {
    let empty = with(image(), "config", descriptor(OCI_EMPTY));
    assert_eq!(faults(&empty, None), at("/artifactType", Fault::NoArtifactType));
    let typed = parse(&with(empty, "artifactType", "application/x".into()), None).unwrap();
    assert_eq!(typed.manifest().artifact_type().unwrap().essence(), "application/x");
    let plain = parse(&image(), None).unwrap();
    assert_eq!(
        plain.manifest().artifact_type().unwrap().essence(),
        media_type::OCI_CONFIG
    );
}

#[test]
fn unknown_members_and_types_are_let_pass() {
    let mut document = with(image(), "Layers", json!(1));
    document["config"] = descriptor("application/vnd.example.unknown");
    document["config"]["x"] = json!([[[]]]);
    document["layers"] = json!([]);
    assert!(parse(&document, Some(OCI_MANIFEST)).is_ok());
    let docker = with(
        with(image(), "mediaType", DOCKER_MANIFEST.into()),
        "subject",
        json!("not ours to judge"),
    );
    assert_eq!(roles(&docker), [Role::Config, Role::Layer]);
}

#[test]
fn links_have_their_roles() {
    let subject = descriptor(OCI_MANIFEST);
    assert_eq!(
        roles(&with(image(), "subject", subject.clone())),
        [Role::Config, Role::Layer, Role::Subject]
    );
    assert_eq!(
        roles(&with(index(), "subject", subject.clone())),
        [Role::Manifest, Role::Subject]
    );
    let oras = json!({"mediaType": ORAS_ARTIFACT, "artifactType": "a/b", "blobs": [descriptor("a/b")],
        "subject": subject});
    assert_eq!(roles(&oras), [Role::Blob, Role::Subject]);
    for manifest in [OCI_MANIFEST, media_type::DOCKER_SCHEMA1_SIGNED] {
        let odd = json!({"mediaType": ORAS_ARTIFACT, "artifactType": "a/b", "blobs": [descriptor("a/b"), descriptor(manifest)]});
        assert_eq!(faults(&odd, None), at("/blobs/1/mediaType", Fault::ManifestAsBlob));
    }
    let withdrawn = json!({"mediaType": media_type::OCI_ARTIFACT_WITHDRAWN, "refers": subject,
        "manifests": [subject], "config": descriptor("a/b")});
    assert_eq!(roles(&withdrawn), [Role::Config, Role::Manifest, Role::Subject]);
    assert!(Role::Config.is_blob() && !Role::Subject.is_blob());
    let two = with(withdrawn, "subject", descriptor(OCI_MANIFEST));
    assert_eq!(faults(&two, None), at("/refers", Fault::Ambiguous));
}

#[test]
fn objects_link_by_their_components() {
    let link = json!({"digest": EMPTY, "size": 2});
    let objects = |kind: &str, reference: &str| {
        json!([{"type": "org.example", "components": [
            {kind: reference, "descriptor": link}, {kind: "blob", "descriptor": link, "ctype": "x"}, {"ctype": "y"},
        ]}])
    };
    let first = json!({"mediaType": media_type::OCI_OBJECT_DRAFT, "objects": objects("rtype", "reference")});
    assert_eq!(roles(&first), [Role::Blob, Role::Manifest]);
    let last = json!({"mediaType": media_type::OCI_ARTIFACT_WITHDRAWN, "objects": objects("type", "manifest")});
    assert_eq!(roles(&last), [Role::Blob, Role::Manifest]);
    let wrong = json!({"mediaType": media_type::OCI_OBJECT_DRAFT, "objects": objects("rtype", "layer")});
    assert_eq!(
        faults(&wrong, None),
        at("/objects/0/components/0/rtype", Fault::Choice("blob, reference"))
    );
    let other = at(
        "/mediaType",
        Fault::OtherMediaType {
            expected: media_type::OCI_OBJECT_DRAFT.to_owned(),
            found: media_type::OCI_ARTIFACT_WITHDRAWN.to_owned(),
        },
    );
    assert_eq!(faults(&last, Some(media_type::OCI_OBJECT_DRAFT)), other);
    for document in [first, last] {
        let read = parse(&document, None).unwrap().manifest().clone();
        assert_eq!(parse(&read.to_json(), None).unwrap().manifest(), &read);
    }
}

#[test]
fn the_bytes_stay_as_they_were() {
    let text = format!(" {}\n", image());
    let document = Document::parse(text.as_bytes(), None).unwrap();
    assert_eq!(document.bytes(), text.as_bytes());
    assert_eq!(
        document.digest(Algorithm::Sha256),
        Digest::of(Algorithm::Sha256, text.as_bytes())
    );
}

#[test]
fn printing_parses_back() {
    let mut full = with(image(), "annotations", json!({"a": "b"}));
    full["subject"] = descriptor(OCI_INDEX);
    full["artifactType"] = "application/Vnd.X".into();
    let mut list = with(index(), "annotations", json!({}));
    list["manifests"][0]["platform"] = json!({"architecture": "amd64", "os": "linux"});
    let oras = json!({"artifactType": "a/b", "subject": descriptor(OCI_MANIFEST), "annotations": {}});
    for (document, declared) in [(full, None), (list, None), (oras, Some(ORAS_ARTIFACT))] {
        let read = parse(&document, declared).unwrap().manifest().clone();
        assert_eq!(read.to_json(), document);
        assert_eq!(parse(&read.to_json(), declared).unwrap().manifest(), &read);
    }
}
