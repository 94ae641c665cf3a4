use super::*;
use crate::case::{Json, Origin, Size};
use crate::oci::media_type::{OCI_INDEX, OCI_MANIFEST};

fn origin() -> Origin {
    Origin {
        file: "test".into(),
        line: 1,
        column: 1,
    }
}

fn fields(media_type: &str) -> ManifestFields {
    ManifestFields {
        layers: Vec::new(),
        config: None,
        manifests: Vec::new(),
        subject: None,
        artifact_type: None,
        annotations: Vec::new(),
        media_type: Template::literal(media_type),
        algorithm: Algorithm::Sha256,
        patches: Vec::new(),
        pad: None,
        nonce: true,
    }
}

fn node(name: &str, kind: NodeKind) -> Node {
    Node {
        name: name.into(),
        kind,
        origin: origin(),
    }
}

fn build(nodes: &[Node]) -> Result<Graph, BuildError> {
    Graph::build(nodes, &setting(1), &Scope::default())
}

fn setting(seed: u64) -> Setting {
    Setting {
        seed,
        chunk: 1024,
        stop: CancellationToken::new(),
    }
}

#[test]
fn large_content_is_not_made_to_its_end_once_the_run_is_over() {
    let setting = setting(1);
    setting.stop.cancel();
    let build = |size| Graph::build(&[blob("layer", size)], &setting, &Scope::default());
    assert!(matches!(build("64GiB"), Err(BuildError::Stopped)));
    assert!(build("1KiB").is_ok());
}

fn document(graph: &Graph, name: &str) -> Value {
    serde_json::from_slice(&graph.get(name).unwrap().data.bytes().unwrap()).unwrap()
}

fn blob(name: &str, size: &str) -> Node {
    node(
        name,
        NodeKind::Blob {
            source: BlobSource::Random(size.parse().unwrap()),
            algorithm: Algorithm::Sha256,
            media_type: Template::literal(OCTET_STREAM),
        },
    )
}

#[test]
fn an_image_has_its_config_and_layers_as_parts_and_pushes_them_first() {
    let image = ManifestFields {
        layers: vec![Child::Generated(Size::bytes(10))],
        ..fields(OCI_MANIFEST)
    };
    let graph = build(&[node("image", NodeKind::Image(image))]).unwrap();
    let built = graph.get("image").unwrap();
    let value = document(&graph, "image");
    assert_eq!(value["layers"][0]["digest"], built.parts["layers.0"].digest.as_str());
    assert_eq!(value["config"]["digest"], built.parts["config"].digest.as_str());
    assert_eq!(built.requires.len(), 2);
    assert_eq!(built.digest, built.data.digest(Algorithm::Sha256));
}

#[test]
fn content_of_two_seeds_differs_and_of_one_seed_does_not() {
    let nodes = [blob("a", "1KiB"), node("image", NodeKind::Image(fields(OCI_MANIFEST)))];
    let digests = |seed| {
        let graph = Graph::build(&nodes, &setting(seed), &Scope::default()).unwrap();
        ["a", "image"].map(|name| graph.get(name).unwrap().digest.to_string())
    };
    assert_eq!(digests(5), digests(5));
    assert!(digests(5).iter().zip(&digests(6)).all(|(a, b)| a != b));
}

#[test]
fn patches_and_padding_change_the_document() {
    let index = ManifestFields {
        patches: vec![
            Patch::Set("/schemaVersion".into(), Json::Number(3.into())),
            Patch::Remove("/manifests".into()),
            Patch::Set("/a~1b".into(), Json::Array(vec![])),
            Patch::Set("/a~1b/-".into(), Json::Null),
        ],
        pad: Some(Size::bytes(5000)),
        ..fields(OCI_INDEX)
    };
    let graph = build(&[node("index", NodeKind::Index(index))]).unwrap();
    let value = document(&graph, "index");
    assert_eq!(value["schemaVersion"], 3);
    assert!(value.get("manifests").is_none());
    assert_eq!(value["a/b"], json!([null]));
    assert_eq!(graph.get("index").unwrap().data.len(), 5000);
}

#[test]
fn a_patch_that_leads_nowhere_is_an_error() {
    let image = ManifestFields {
        patches: vec![Patch::Remove("/nothing/here".into())],
        ..fields(OCI_MANIFEST)
    };
    let error = build(&[node("image", NodeKind::Image(image))]).unwrap_err();
    assert_eq!(
        error,
        BuildError::Pointer {
            node: "image".into(),
            pointer: "/nothing/here".into()
        }
    );
}

#[test]
fn templates_reach_nodes_that_are_written_later() {
    let value = Json::Object(vec![
        (
            Template::literal("d"),
            Json::String(Template::parse("${layer.descriptor}").unwrap()),
        ),
        (
            Template::literal("n"),
            Json::String(Template::parse("${layer.size}").unwrap()),
        ),
        (
            Template::literal("t"),
            Json::String(Template::parse("x${layer.size}").unwrap()),
        ),
    ]);
    let raw = NodeKind::Json {
        value,
        media_type: Template::literal(OCI_MANIFEST),
        algorithm: Algorithm::Sha256,
        after: vec!["layer".into()],
        signed: false,
    };
    let graph = build(&[node("raw", raw), blob("layer", "2chunk")]).unwrap();
    let value = document(&graph, "raw");
    assert_eq!(value["d"], graph.get("layer").unwrap().descriptor());
    assert_eq!((&value["n"], &value["t"]), (&json!(2048), &json!("x2048")));
    assert_eq!(graph.get("raw").unwrap().requires[0].name, "layer");
}

#[test]
fn a_slice_knows_its_place() {
    let slice = NodeKind::Slice {
        of: "a".into(),
        from: "1chunk".parse().unwrap(),
        to: "9chunk".parse().unwrap(),
    };
    let graph = build(&[blob("a", "2500"), node("s", slice)]).unwrap();
    let scope = Scope {
        graph,
        ..Scope::default()
    };
    let text = |t: &str| scope.text(&Template::parse(t).unwrap()).unwrap();
    assert_eq!(
        text("${s.range} ${s.from} ${s.last} ${s.size}"),
        "1024-2499 1024 2499 1476"
    );
}

#[test]
fn a_cycle_is_found() {
    let a = ManifestFields {
        subject: Some("b".into()),
        ..fields(OCI_MANIFEST)
    };
    let b = ManifestFields {
        subject: Some("a".into()),
        ..fields(OCI_MANIFEST)
    };
    let error = build(&[node("a", NodeKind::Image(a)), node("b", NodeKind::Image(b))]).unwrap_err();
    assert_eq!(error, BuildError::Cycle("a".into()));
}
