//! Content nodes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Decoder, Place, Role, What};
use crate::case::{BlobSource, Child, GivenPart, Json, ManifestFields, Node, NodeKind, Patch, Size, Template};
use crate::load::diagnostic::{Code, Diagnostic, Span};
use crate::load::tree::{Key, Tree, Value};
use crate::load::vocabulary::{self, Shape};
use crate::oci::digest::Algorithm;

const LAYER_TYPE: &str = "application/vnd.oci.image.layer.v1.tar";
const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";

/// The layer of an image that does not say how many it has.
const IMAGE_LAYER: Size = Size::bytes(1024);
/// Unnamed layers of one image.
const MAX_LAYERS: u64 = 1000;

impl Decoder<'_> {
    /// The nodes of a case, in the order of the file.
    pub(super) fn content(&mut self, tree: Option<&Tree>) -> Vec<Node> {
        let entries = tree.and_then(|tree| self.map(tree, "a mapping from names to content nodes"));
        let mut nodes = Vec::new();
        for (key, value) in entries.unwrap_or_default() {
            let name = self.name_of(&key.text, key.span, "the name of a content node");
            self.place = Place::Content(key.text.clone());
            let kind = self.node_kind(key, value);
            self.place = Place::Top;
            if let Some(name) = name {
                self.refer(What::Content(name.clone()), key.span);
                let origin = self.origin(key.span);
                nodes.extend(kind.map(|kind| Node { name, kind, origin }));
            }
        }
        nodes
    }

    fn node_kind(&mut self, key: &Key, tree: &Tree) -> Option<NodeKind> {
        let fields = self.fields(tree, &vocabulary::NODE)?;
        let mut kinds = fields.iter();
        let Some((kind, value)) = kinds.next() else {
            if matches!(&tree.value, Value::Map(entries) if entries.is_empty()) {
                self.report(Diagnostic::new(
                    Code::MissingKey,
                    key.span,
                    "a content node needs its kind",
                ));
            }
            return None;
        };
        if let Some((second, _)) = kinds.next() {
            let message = format!("a node is of one kind, not `{}` and `{}`", kind.text, second.text);
            self.report(Diagnostic::new(Code::UnknownKey, second.span, message));
        }
        match kind.text.as_str() {
            "blob" => self.blob(value),
            "slice" => self.slice(value),
            "image" => self.manifest(value, &vocabulary::IMAGE).map(NodeKind::Image),
            "index" => self.manifest(value, &vocabulary::INDEX).map(NodeKind::Index),
            "artifact" => self.manifest(value, &vocabulary::ARTIFACT).map(NodeKind::Artifact),
            "json" => self.json_node(value),
            "given" => self.word(value, &GivenPart::ALL).map(NodeKind::Given),
            _ => self.text_node(value),
        }
    }

    fn blob(&mut self, tree: &Tree) -> Option<NodeKind> {
        let fields = self.fields(tree, &vocabulary::BLOB)?;
        let mut sources = fields
            .iter()
            .filter(|(key, _)| !matches!(key.text.as_str(), "type" | "algorithm"));
        let Some((key, value)) = sources.next() else {
            let message = "a blob needs one of `random`, `text`, `json` and `base64`";
            self.report(Diagnostic::new(Code::MissingKey, fields.head, message));
            return None;
        };
        if let Some((second, _)) = sources.next() {
            let message = format!(
                "the bytes come from `{}` or from `{}`, not from both",
                key.text, second.text
            );
            self.report(Diagnostic::new(Code::UnknownKey, second.span, message));
        }
        let source = match key.text.as_str() {
            "random" => self.size(value).map(BlobSource::Random),
            "text" => self.template(value).map(BlobSource::Text),
            "json" => self.json(value).map(BlobSource::Json),
            _ => self.base64(value).map(BlobSource::Bytes),
        };
        let algorithm = self.algorithm(fields.get("algorithm"));
        let media_type = self.media_type(fields.get("type"), LAYER_TYPE);
        Some(NodeKind::Blob {
            source: source?,
            algorithm,
            media_type,
        })
    }

    fn base64(&mut self, tree: &Tree) -> Option<Vec<u8>> {
        let text: String = self.text(tree)?.split_whitespace().collect();
        self.value(tree, STANDARD.decode(text).ok(), "base64", "")
    }

    fn slice(&mut self, tree: &Tree) -> Option<NodeKind> {
        let fields = self.fields(tree, &vocabulary::SLICE)?;
        let of = fields.get("of").and_then(|tree| self.node_name(tree, Role::Whole));
        let from = fields.get("from").map_or(Some(Size::bytes(0)), |tree| self.size(tree));
        let to = fields.get("to").and_then(|tree| self.size(tree));
        let (of, from, to) = (of?, from?, to?);
        if from.unit == to.unit && from.count >= to.count {
            let span = fields.get("to").map_or(fields.head, |tree| tree.span);
            let message = "the slice ends where it begins, or before";
            self.report(Diagnostic::new(Code::BadValue, span, message).label("one past the last byte"));
        }
        Some(NodeKind::Slice { of, from, to })
    }

    fn manifest(&mut self, tree: &Tree, shape: &Shape) -> Option<ManifestFields> {
        // `image: {}` is an image with everything by default, and so is `image:`.
        let nothing = Tree {
            span: tree.span,
            value: Value::Map(Vec::new()),
        };
        let tree = if tree.is_null() { &nothing } else { tree };
        let fields = self.fields(tree, shape)?;
        let is = |name: &str| shape.name == name;
        let layers = match fields.get("layers") {
            Some(tree) => self.layers(tree),
            None if is("image") => vec![Child::Generated(IMAGE_LAYER)],
            None if is("artifact") => vec![Child::Nothing],
            None => Vec::new(),
        };
        let config = fields
            .get("config")
            .and_then(|tree| self.child(tree, true, Role::Whole));
        let manifests = self.items(fields.get("manifests"), "a list of manifests", |decoder, item| {
            decoder.child(item, false, Role::Whole)
        });
        let subject = fields.get("subject").and_then(|tree| self.node_name(tree, Role::Whole));
        let (artifact_type, media_type) = match is("artifact") {
            true => (
                self.optional_template(fields.get("type")),
                Template::literal(MANIFEST_TYPE),
            ),
            false => {
                let default = if is("index") { INDEX_TYPE } else { MANIFEST_TYPE };
                let artifact_type = self.optional_template(fields.get("artifact-type"));
                (artifact_type, self.media_type(fields.get("type"), default))
            }
        };
        let annotations = self.annotations(fields.get("annotations"));
        let algorithm = self.algorithm(fields.get("algorithm"));
        let pad = fields.get("pad").and_then(|tree| self.size(tree));
        let nonce = fields.get("nonce").and_then(|tree| self.flag(tree)).unwrap_or(true);
        let patches = self.patches(fields.get("set"), fields.get("remove"));
        Some(ManifestFields {
            layers,
            config,
            manifests,
            subject,
            artifact_type,
            annotations,
            media_type,
            algorithm,
            patches,
            pad,
            nonce,
        })
    }

    fn layers(&mut self, tree: &Tree) -> Vec<Child> {
        if let Value::List(items) = &tree.value {
            return items
                .iter()
                .filter_map(|item| self.child(item, true, Role::Whole))
                .collect();
        }
        let count = self.count(tree).unwrap_or(0);
        if count > MAX_LAYERS {
            let message = format!("an image has at most {MAX_LAYERS} unnamed layers");
            self.report(Diagnostic::new(Code::TooLarge, tree.span, message));
            return Vec::new();
        }
        (0..count).map(|_| Child::Generated(IMAGE_LAYER)).collect()
    }

    fn child(&mut self, tree: &Tree, random: bool, role: Role) -> Option<Child> {
        let Value::Map(_) = &tree.value else {
            let name = self.node_name(tree, role)?;
            return Some(Child::Node { name, with: Vec::new() });
        };
        if random && tree.get("random").is_some() {
            let fields = self.fields(tree, &vocabulary::CHILD_RANDOM)?;
            return fields
                .get("random")
                .and_then(|tree| self.size(tree))
                .map(Child::Generated);
        }
        let fields = self.fields(tree, &vocabulary::CHILD_NODE)?;
        let name = fields.get("node").and_then(|tree| self.node_name(tree, role));
        let with = match fields.get("with") {
            Some(tree) => self.plain_members(tree)?,
            None => Vec::new(),
        };
        Some(Child::Node { name: name?, with })
    }

    /// JSON members whose names are no templates.
    fn plain_members(&mut self, tree: &Tree) -> Option<Vec<(String, Json)>> {
        let entries = self.map(tree, "a mapping")?;
        let decoded: Vec<_> = entries
            .iter()
            .map(|(key, value)| Some((key.text.clone(), self.json(value)?)))
            .collect();
        decoded.into_iter().collect()
    }

    fn annotations(&mut self, tree: Option<&Tree>) -> Vec<(String, Template)> {
        let entries = tree.and_then(|tree| self.map(tree, "a mapping from names to texts"));
        let mut annotations = Vec::new();
        for (key, value) in entries.unwrap_or_default() {
            annotations.extend(self.template(value).map(|value| (key.text.clone(), value)));
        }
        annotations
    }

    fn patches(&mut self, set: Option<&Tree>, remove: Option<&Tree>) -> Vec<Patch> {
        let mut patches = Vec::new();
        let entries = set.and_then(|tree| self.map(tree, "a mapping from JSON pointers"));
        for (key, value) in entries.unwrap_or_default() {
            let pointer = self.pointer(&key.text, key.span);
            let value = self.json(value);
            if let (Some(pointer), Some(value)) = (pointer, value) {
                patches.push(Patch::Set(pointer, value));
            }
        }
        patches.extend(self.items(remove, "a list of JSON pointers", |decoder, item| {
            let text = decoder.text(item)?.to_string();
            decoder.pointer(&text, item.span).map(Patch::Remove)
        }));
        patches
    }

    fn json_node(&mut self, tree: &Tree) -> Option<NodeKind> {
        let fields = self.fields(tree, &vocabulary::JSON_NODE)?;
        let value = fields.get("value").and_then(|tree| self.json(tree));
        let (media_type, algorithm, after) =
            self.written_out(fields.get("type"), fields.get("algorithm"), fields.get("after"));
        let signed = fields.get("signed").and_then(|tree| self.flag(tree)).unwrap_or(false);
        Some(NodeKind::Json {
            value: value?,
            media_type,
            algorithm,
            after,
            signed,
        })
    }

    fn text_node(&mut self, tree: &Tree) -> Option<NodeKind> {
        let fields = self.fields(tree, &vocabulary::TEXT_NODE)?;
        let text = fields.get("text").and_then(|tree| self.template(tree));
        let (media_type, algorithm, after) =
            self.written_out(fields.get("type"), fields.get("algorithm"), fields.get("after"));
        Some(NodeKind::Text {
            text: text?,
            media_type,
            algorithm,
            after,
        })
    }

    fn written_out(
        &mut self,
        media_type: Option<&Tree>,
        algorithm: Option<&Tree>,
        after: Option<&Tree>,
    ) -> (Template, Algorithm, Vec<String>) {
        let media_type = self.media_type(media_type, MANIFEST_TYPE);
        let algorithm = self.algorithm(algorithm);
        let after = self.items(after, "a list of nodes", |decoder, item| {
            decoder.node_name(item, Role::Whole)
        });
        (media_type, algorithm, after)
    }

    fn media_type(&mut self, tree: Option<&Tree>, default: &str) -> Template {
        self.optional_template(tree)
            .unwrap_or_else(|| Template::literal(default))
    }

    fn algorithm(&mut self, tree: Option<&Tree>) -> Algorithm {
        let words = Algorithm::ALL.map(|algorithm| (algorithm, algorithm.name()));
        tree.and_then(|tree| self.word(tree, &words))
            .unwrap_or(Algorithm::Sha256)
    }

    /// Says that a mapping of one key has none or several.
    pub(super) fn one_of(&mut self, span: Span, what: &str, names: &[&str]) {
        let message = format!("{what} has exactly one of {}", super::listed(names));
        self.report(Diagnostic::new(Code::MissingKey, span, message));
    }
}
