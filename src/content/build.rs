//! Building the content graph of a case.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::data::mix;
use super::{Data, Scope, ScopeError, signed};
use crate::case::{BlobSource, Child, GivenPart, ManifestFields, Node, NodeKind, Patch, Size, Template};
use crate::oci::digest::{Algorithm, Digest};
use crate::oci::media_type::{OCI_CONFIG, OCI_EMPTY, OCI_LAYER, OCTET_STREAM};

/// The key of the annotation that makes a document unlike any other.
const NONCE: &str = "land.referee.nonce";

/// The key of the annotation that pads a document.
const PADDING: &str = "land.referee.padding";

/// What the content of a case is built from.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The seed of this case's content.
    pub seed: u64,
    /// The length of a chunk in bytes.
    pub chunk: u64,
    /// Ends the building early: large content takes its time.
    pub stop: CancellationToken,
}

/// A node with its bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Built {
    /// Its name, or the path of a generated part such as `image.layers.0`.
    pub name: String,
    /// Its bytes.
    pub data: Data,
    /// The digest it is addressed by.
    pub digest: Digest,
    /// The media type it is pushed or described with.
    pub media_type: String,
    /// What it is to a registry.
    pub role: Role,
    /// What a registry has to hold before it, in the order in which it is pushed.
    pub requires: Vec<Arc<Built>>,
    /// Its generated or named parts: `config`, `layers.0`, `manifests.1`.
    pub parts: BTreeMap<String, Arc<Built>>,
    /// `artifactType` where it has one.
    pub artifact_type: Option<String>,
}

/// What a node is to a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// Pushed as a blob.
    Blob,
    /// Pushed as a manifest.
    Manifest,
    /// Part of another node.
    Slice {
        /// The other node.
        of: String,
        /// First byte.
        from: u64,
        /// One past the last.
        to: u64,
    },
}

/// The longest chunk that is sent, in bytes: a target may announce any.
pub const MOST_CHUNK: u64 = 16 << 20;

/// Why content cannot be built: a fault of the case, reported as the tool's own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// A node needs itself.
    #[error("the content `{0}` needs itself")]
    Cycle(String),
    /// There is no node of this name.
    #[error("there is no content `{0}`")]
    Unknown(String),
    /// A template could not be filled in.
    #[error("in the content `{node}`: {error}")]
    Template {
        /// The node.
        node: String,
        /// What is missing.
        error: ScopeError,
    },
    /// Chunks have to be larger than any that is sent.
    #[error(
        "the target wants chunks of {0} bytes at least (OCI-Chunk-Min-Length), and no larger ones than {MOST_CHUNK} are sent"
    )]
    Chunk(u64),
    /// The run was ended.
    #[error("the run was interrupted while content was made")]
    Stopped,
    /// A patch leads nowhere.
    #[error("in the content `{node}`: there is nothing at `{pointer}`")]
    Pointer {
        /// The node.
        node: String,
        /// The JSON pointer.
        pointer: String,
    },
}

/// The built content of a case, by name.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    nodes: BTreeMap<String, Arc<Built>>,
}

impl Graph {
    /// Builds every node; `scope` has the variables that are known before the first request.
    pub fn build(nodes: &[Node], setting: &Setting, scope: &Scope) -> Result<Self, BuildError> {
        let builder = Builder {
            nodes,
            setting,
            scope: scope.clone(),
            under_way: Vec::new(),
            own: None,
        };
        builder.all()
    }

    /// The same nodes, with `own` and what depends on them as the copy of this number has them.
    pub fn copy(
        nodes: &[Node],
        setting: &Setting,
        scope: &Scope,
        own: &[String],
        number: u32,
    ) -> Result<Self, BuildError> {
        let mut scope = scope.clone();
        scope.graph = Graph::default();
        let builder = Builder {
            nodes,
            setting,
            scope,
            under_way: Vec::new(),
            own: Some((own, u64::from(number))),
        };
        builder.all()
    }

    /// The node of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<Built>> {
        self.nodes.get(name)
    }
}

impl Built {
    /// The part at this path; itself for the empty path.
    pub fn part(&self, path: &str) -> Option<&Built> {
        if path.is_empty() {
            Some(self)
        } else {
            self.parts.get(path).map(AsRef::as_ref)
        }
    }

    /// The descriptor that names it.
    pub fn descriptor(&self) -> Value {
        json!({
            "mediaType": self.media_type,
            "digest": self.digest.as_str(),
            "size": self.data.len(),
        })
    }
}

struct Builder<'a> {
    nodes: &'a [Node],
    setting: &'a Setting,
    scope: Scope,
    under_way: Vec<String>,
    /// Nodes that are unlike those of other copies, and the number of this one.
    own: Option<(&'a [String], u64)>,
}

impl Builder<'_> {
    fn all(mut self) -> Result<Graph, BuildError> {
        for node in self.nodes {
            self.node(&node.name)?;
        }
        Ok(self.scope.graph)
    }

    fn node(&mut self, name: &str) -> Result<Arc<Built>, BuildError> {
        if let Some(built) = self.scope.graph.get(name) {
            return Ok(built.clone());
        }
        if self.under_way.iter().any(|other| other == name) {
            return Err(BuildError::Cycle(name.to_string()));
        }
        let node = self
            .nodes
            .iter()
            .find(|node| node.name == name)
            .ok_or_else(|| BuildError::Unknown(name.to_string()))?;
        self.under_way.push(name.to_string());
        let built = Arc::new(self.build(node)?);
        self.under_way.pop();
        self.scope.graph.nodes.insert(name.to_string(), built.clone());
        Ok(built)
    }

    fn build(&mut self, node: &Node) -> Result<Built, BuildError> {
        let name = &node.name;
        match &node.kind {
            NodeKind::Blob {
                source,
                algorithm,
                media_type,
            } => {
                let data = self.blob(name, source)?;
                let media_type = self.text(name, media_type)?;
                self.leaf(name, data, *algorithm, media_type, Role::Blob)
            }
            NodeKind::Slice { of, from, to } => {
                let whole = self.node(of)?;
                let from = self.bytes(*from)?;
                let to = self.bytes(*to)?.min(whole.data.len());
                let role = Role::Slice {
                    of: of.clone(),
                    from,
                    to,
                };
                let data = whole.data.slice(from, to);
                self.leaf(name, data, Algorithm::Sha256, OCTET_STREAM.to_string(), role)
            }
            NodeKind::Given(part) => Ok(self.given(name, *part)),
            NodeKind::Image(fields) => self.image(name, fields, false),
            NodeKind::Artifact(fields) => self.image(name, fields, true),
            NodeKind::Index(fields) => self.index(name, fields),
            NodeKind::Json {
                value,
                media_type,
                algorithm,
                after,
                signed,
            } => {
                value_nodes(value, &mut |path| self.named_by(path))?;
                let document = self.scope.json(value).map_err(|error| template_error(name, error))?;
                let text = document.to_string();
                let signed = signed.then(|| signed::signed(&text)).flatten();
                let mut built = self.written(name, Bytes::from(text), media_type, *algorithm, after)?;
                if let Some(signed) = signed {
                    // Its digest stays that of what was signed.
                    built.data = Data::Bytes(Bytes::from(signed));
                }
                Ok(built)
            }
            NodeKind::Text {
                text,
                media_type,
                algorithm,
                after,
            } => {
                text.variables().try_for_each(|path| self.named_by(path))?;
                let bytes = Bytes::from(self.text(name, text)?);
                self.written(name, bytes, media_type, *algorithm, after)
            }
        }
    }

    /// What the run is given under the name of the node; where a case is only shown, something that nobody has.
    fn given(&self, name: &str, part: GivenPart) -> Built {
        let given = self.scope.given.get(&part).map(|built| (**built).clone());
        let mut built = given.unwrap_or_else(|| {
            let role = if part == GivenPart::Blob {
                Role::Blob
            } else {
                Role::Manifest
            };
            leaf(name, Data::random(0, 2), Algorithm::Sha256, OCTET_STREAM.into(), role)
        });
        built.name = name.to_string();
        built
    }

    /// A length in bytes, unless it is one of chunks that nobody sends.
    fn bytes(&self, size: Size) -> Result<u64, BuildError> {
        let chunk = self.setting.chunk;
        if size.is_of_chunks() && chunk > MOST_CHUNK {
            return Err(BuildError::Chunk(chunk));
        }
        Ok(size.resolve(chunk))
    }

    fn blob(&mut self, name: &str, source: &BlobSource) -> Result<Data, BuildError> {
        Ok(match source {
            BlobSource::Random(size) => Data::random(self.seed_of(name), self.bytes(*size)?),
            BlobSource::Text(text) => {
                text.variables().try_for_each(|path| self.named_by(path))?;
                Data::Bytes(Bytes::from(self.text(name, text)?))
            }
            BlobSource::Json(value) => {
                value_nodes(value, &mut |path| self.named_by(path))?;
                let document = self.scope.json(value).map_err(|error| template_error(name, error))?;
                Data::Bytes(Bytes::from(document.to_string()))
            }
            BlobSource::Bytes(bytes) => Data::Bytes(Bytes::from(bytes.clone())),
        })
    }

    fn written(
        &mut self,
        name: &str,
        bytes: Bytes,
        media_type: &Template,
        algorithm: Algorithm,
        after: &[String],
    ) -> Result<Built, BuildError> {
        let media_type = self.text(name, media_type)?;
        let mut built = leaf(name, Data::Bytes(bytes), algorithm, media_type, Role::Manifest);
        for other in after {
            built.requires.push(self.node(other)?);
        }
        Ok(built)
    }

    fn image(&mut self, name: &str, fields: &ManifestFields, artifact: bool) -> Result<Built, BuildError> {
        let config = match &fields.config {
            Some(child) => self.child(name, "config", child, OCI_CONFIG)?,
            None if artifact => nothing(&format!("{name}.config")),
            None => self.generated_config(name, fields),
        };
        let mut document = Map::new();
        document.insert("config".into(), config.0);
        let mut parts = vec![("config".to_string(), config.1)];
        let mut layers = Vec::new();
        for (index, child) in fields.layers.iter().enumerate() {
            let (descriptor, built) = self.child(name, &format!("layers.{index}"), child, OCI_LAYER)?;
            layers.push(descriptor);
            parts.push((format!("layers.{index}"), built));
        }
        document.insert("layers".into(), Value::Array(layers));
        self.manifest(name, fields, document, parts)
    }

    fn index(&mut self, name: &str, fields: &ManifestFields) -> Result<Built, BuildError> {
        let mut parts = Vec::new();
        let mut manifests = Vec::new();
        for (index, child) in fields.manifests.iter().enumerate() {
            let (descriptor, built) = self.child(name, &format!("manifests.{index}"), child, OCTET_STREAM)?;
            manifests.push(descriptor);
            parts.push((format!("manifests.{index}"), built));
        }
        let document = Map::from_iter([("manifests".to_string(), Value::Array(manifests))]);
        self.manifest(name, fields, document, parts)
    }

    /// What images and indexes have in common.
    fn manifest(
        &mut self,
        name: &str,
        fields: &ManifestFields,
        mut document: Map<String, Value>,
        parts: Vec<(String, Arc<Built>)>,
    ) -> Result<Built, BuildError> {
        let media_type = self.text(name, &fields.media_type)?;
        document.insert("schemaVersion".into(), json!(2));
        document.insert("mediaType".into(), json!(media_type));
        let artifact_type = match &fields.artifact_type {
            Some(template) => Some(self.text(name, template)?),
            None => None,
        };
        if let Some(artifact_type) = &artifact_type {
            document.insert("artifactType".into(), json!(artifact_type));
        }
        if let Some(subject) = &fields.subject {
            document.insert("subject".into(), self.node(subject)?.descriptor());
        }
        let mut annotations = Map::new();
        for (key, value) in &fields.annotations {
            annotations.insert(key.clone(), json!(self.text(name, value)?));
        }
        if fields.nonce {
            annotations.insert(NONCE.into(), json!(format!("{:016x}", self.seed_of(name))));
        }
        if !annotations.is_empty() {
            document.insert("annotations".into(), Value::Object(annotations));
        }
        let mut document = Value::Object(document);
        for patch in &fields.patches {
            self.patch(name, &mut document, patch)?;
        }
        let data = match fields.pad {
            Some(size) => padded(document, self.bytes(size)?),
            None => Data::Bytes(Bytes::from(document.to_string())),
        };
        let mut built = self.leaf(name, data, fields.algorithm, media_type, Role::Manifest)?;
        built.requires = parts.iter().map(|(_, part)| part.clone()).collect();
        built.parts = parts.into_iter().collect();
        built.artifact_type = artifact_type;
        Ok(built)
    }

    /// The descriptor and the content of a child.
    fn child(
        &mut self,
        parent: &str,
        place: &str,
        child: &Child,
        media_type: &str,
    ) -> Result<(Value, Arc<Built>), BuildError> {
        match child {
            Child::Generated(size) => {
                let name = format!("{parent}.{place}");
                let data = Data::random(self.seed_of(&name), self.bytes(*size)?);
                let built = self.leaf(&name, data, Algorithm::Sha256, media_type.to_string(), Role::Blob)?;
                Ok((built.descriptor(), Arc::new(built)))
            }
            Child::Nothing => Ok(nothing(&format!("{parent}.{place}"))),
            Child::Node { name, with } => {
                let built = self.node(name)?;
                let mut descriptor = built.descriptor();
                for (member, value) in with {
                    value_nodes(value, &mut |path| self.named_by(path))?;
                    descriptor[member] = self.scope.json(value).map_err(|error| template_error(parent, error))?;
                }
                Ok((descriptor, built))
            }
        }
    }

    fn generated_config(&self, name: &str, fields: &ManifestFields) -> (Value, Arc<Built>) {
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "author": format!("referee {:016x}", self.seed_of(name)),
            "rootfs": {"type": "layers", "diff_ids": fields.layers.iter().enumerate().map(|(index, _)| {
                Digest::of(Algorithm::Sha256, format!("{name}.{index}").as_bytes()).to_string()
            }).collect::<Vec<_>>()},
        });
        let data = Data::Bytes(Bytes::from(config.to_string()));
        let built = leaf(
            &format!("{name}.config"),
            data,
            Algorithm::Sha256,
            OCI_CONFIG.to_string(),
            Role::Blob,
        );
        (built.descriptor(), Arc::new(built))
    }

    fn patch(&mut self, name: &str, document: &mut Value, patch: &Patch) -> Result<(), BuildError> {
        let (pointer, value) = match patch {
            Patch::Set(pointer, value) => {
                value_nodes(value, &mut |path| self.named_by(path))?;
                (
                    pointer,
                    Some(self.scope.json(value).map_err(|error| template_error(name, error))?),
                )
            }
            Patch::Remove(pointer) => (pointer, None),
        };
        let nowhere = || BuildError::Pointer {
            node: name.to_string(),
            pointer: pointer.clone(),
        };
        if pointer.is_empty() {
            *document = value.ok_or_else(nowhere)?;
            return Ok(());
        }
        let (parent, last) = pointer.rsplit_once('/').ok_or_else(nowhere)?;
        let last = last.replace("~1", "/").replace("~0", "~");
        match (document.pointer_mut(parent).ok_or_else(nowhere)?, value) {
            (Value::Object(members), Some(value)) => {
                members.insert(last, value);
            }
            (Value::Object(members), None) => {
                members.remove(&last).ok_or_else(nowhere)?;
            }
            (Value::Array(items), Some(value)) if last == "-" => items.push(value),
            (Value::Array(items), value) => {
                let index: usize = last.parse().map_err(|_| nowhere())?;
                let slot = items.get_mut(index).ok_or_else(nowhere)?;
                match value {
                    Some(value) => *slot = value,
                    None => {
                        items.remove(index);
                    }
                }
            }
            _ => return Err(nowhere()),
        }
        Ok(())
    }

    /// Builds the node that a variable names, if it names one.
    fn named_by(&mut self, path: &[String]) -> Result<(), BuildError> {
        match path.first() {
            Some(name) if self.nodes.iter().any(|node| node.name == *name) => self.node(name).map(drop),
            _ => Ok(()),
        }
    }

    /// A node without parts, which may be large.
    fn leaf(
        &self,
        name: &str,
        data: Data,
        algorithm: Algorithm,
        media_type: String,
        role: Role,
    ) -> Result<Built, BuildError> {
        let stopped = || self.setting.stop.is_cancelled();
        let digest = data.digest_unless(algorithm, stopped).ok_or(BuildError::Stopped)?;
        Ok(with_digest(name, data, digest, media_type, role))
    }

    fn text(&self, node: &str, template: &Template) -> Result<String, BuildError> {
        self.scope.text(template).map_err(|error| template_error(node, error))
    }

    fn seed_of(&self, name: &str) -> u64 {
        let node = name.split('.').next().unwrap_or(name);
        let seed = match self.own {
            Some((own, number)) if own.iter().any(|own| own == node) => mix(self.setting.seed ^ mix(number + 1)),
            _ => self.setting.seed,
        };
        name.bytes().fold(mix(seed), |seed, byte| mix(seed ^ u64::from(byte)))
    }
}

/// A blob for where there is nothing to be told, and its descriptor.
fn nothing(name: &str) -> (Value, Arc<Built>) {
    let data = Data::Bytes(Bytes::from_static(b"{}"));
    let built = leaf(name, data, Algorithm::Sha256, OCI_EMPTY.into(), Role::Blob);
    (built.descriptor(), Arc::new(built))
}

fn leaf(name: &str, data: Data, algorithm: Algorithm, media_type: String, role: Role) -> Built {
    let digest = data.digest(algorithm);
    with_digest(name, data, digest, media_type, role)
}

fn with_digest(name: &str, data: Data, digest: Digest, media_type: String, role: Role) -> Built {
    Built {
        name: name.to_string(),
        digest,
        data,
        media_type,
        role,
        requires: Vec::new(),
        parts: BTreeMap::new(),
        artifact_type: None,
    }
}

fn template_error(node: &str, error: ScopeError) -> BuildError {
    BuildError::Template {
        node: node.to_string(),
        error,
    }
}

/// Calls `visit` with every variable path of a JSON template, until one fails.
fn value_nodes(
    value: &crate::case::Json,
    visit: &mut dyn FnMut(&[String]) -> Result<(), BuildError>,
) -> Result<(), BuildError> {
    let mut result = Ok(());
    value.for_each_variable(&mut |path| {
        if result.is_ok() {
            result = visit(path);
        }
    });
    result
}

/// The printed document, with an annotation of such a length that it has `wanted` bytes; it stays as it is if it is longer.
/// The padding is put into the print, for some are large.
fn padded(mut document: Value, wanted: u64) -> Data {
    if let Some(members) = document.as_object_mut() {
        members.entry("annotations").or_insert_with(|| json!({}))[PADDING] = json!("");
    }
    let printed = document.to_string();
    let missing = wanted.saturating_sub(printed.len() as u64);
    // Within a text of JSON the quotes would be escaped.
    let member = format!("\"{PADDING}\":\"\"");
    match printed.find(&member) {
        Some(start) => Data::padded(printed.into_bytes(), start + member.len() - 1, missing),
        None => Data::Bytes(Bytes::from(printed)),
    }
}

#[cfg(test)]
mod tests;
