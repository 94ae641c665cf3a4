//! Rules of one case: its nodes, variables, captures and repositories.

use std::collections::{HashMap, HashSet};

use super::{Decoded, RESERVED};
use crate::case::{Action, Case, Child, GivenPart, ManifestFields, Node, NodeKind, Step};
use crate::load::decode::{Place, Role, Use, What};
use crate::load::diagnostic::{Code, Diagnostic, Found, Span, closest};

/// Attributes of everything that has bytes; a whole node is a range of its own, from its first byte to its last.
const BYTES: [&str; 8] = ["digest", "hex", "algorithm", "size", "text", "range", "from", "last"];
/// Attributes of what a descriptor can name.
const DESCRIBED: [&str; 2] = ["type", "descriptor"];

/// What an unused capture is called.
const CAPTURE: &str = "capture";

/// The rules of a case and of all combinations of its `each`.
pub(super) fn lint(decoded: &Decoded, found: &mut Found) {
    // Of a case that is not built as it has to be, a part is not seen: what seems to lack may be in there.
    let malformed = found.malformed_inside(decoded.whole);
    let mut unused: Option<Unused> = None;
    for (case, uses) in &decoded.cases {
        let scope = Scope {
            nodes: &case.content,
            repos: &case.repos,
            uses,
        };
        let here = scope.lint(found);
        unused = Some(match unused {
            Some(unused) => unused.and(&here),
            None => here,
        });
        if !malformed && !judges(case) {
            let diagnostic = Diagnostic::new(Code::EmptyCase, decoded.at, "this case judges nothing");
            found.add(diagnostic.help("give a step `expect` or `record`, or the case `parse`"));
        }
    }
    if let (Some(unused), false) = (unused, malformed) {
        unused.report(found);
    }
}

/// Whether a case has an expectation, a fact or a parse check.
fn judges(case: &Case) -> bool {
    fn judged(step: &Step) -> bool {
        let inside = match &step.action {
            Action::Together { steps, .. } => steps.iter().any(judged),
            _ => false,
        };
        inside || !step.expect.is_empty() || !step.record.is_empty()
    }
    !case.parse.is_empty() || case.steps.iter().any(judged)
}

/// What a case or a probe has, and what it refers to.
pub(super) struct Scope<'c> {
    pub(super) nodes: &'c [Node],
    pub(super) repos: &'c [String],
    pub(super) uses: &'c [Use],
}

/// What nothing uses: what it is, its name and its place.
#[derive(Debug, Default)]
pub(super) struct Unused(HashSet<(&'static str, String, Span)>);

impl Unused {
    /// What neither of two combinations of `each` uses.
    fn and(self, other: &Unused) -> Self {
        Self(self.0.into_iter().filter(|unused| other.0.contains(unused)).collect())
    }

    pub(super) fn without_captures(self) -> Self {
        Self(self.0.into_iter().filter(|(what, ..)| *what != CAPTURE).collect())
    }

    pub(super) fn report(self, found: &mut Found) {
        for (what, name, span) in self.0 {
            let message = format!("the {what} `{name}` is never used");
            found.add(Diagnostic::new(Code::Unused, span, message).help("use it or leave it out"));
        }
    }
}

impl Scope<'_> {
    /// Checks every reference; says what is never used.
    pub(super) fn lint(&self, found: &mut Found) -> Unused {
        let mut captures: HashMap<&str, (Span, bool)> = HashMap::new();
        let mut meant: HashSet<&str> = HashSet::new();
        for used in self.uses {
            match &used.what {
                What::Variable(path) => self.variable(path, used, &mut captures, &mut meant, found),
                What::Node(name, role) => self.node(name, *role, used.span, &mut meant, found),
                What::Repository(name) => self.repository(name, used.span, found),
                What::Content(name) => self.not_reserved("content node", name, used.span, found),
                What::NewRepository(name) => self.new_repository(name, used.span, found),
                What::Capture(name) => {
                    self.not_reserved("capture", name, used.span, found);
                    if self.has_node(name) || self.repos.contains(name) {
                        let message = format!("the capture `{name}` has the name of something else");
                        found.add(Diagnostic::new(Code::Duplicate, used.span, message).help("call it otherwise"));
                    }
                    captures.entry(name).or_insert((used.span, false));
                }
                What::Requirement(_) | What::Capability(_) => {}
            }
        }
        self.cycle(found);
        let mut unused = self.unused_nodes();
        unused.0.extend(self.unused_repositories());
        for (name, (span, used)) in captures {
            if !used {
                unused.0.insert((CAPTURE, name.to_string(), span));
            }
        }
        // Who meant it and wrote it wrongly has been told so.
        unused.0.retain(|(_, name, _)| !meant.contains(name.as_str()));
        unused
    }

    fn has_node(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn find(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// Whether a node is written under this name, be it good or not.
    fn is_written(&self, name: &str) -> bool {
        self.uses
            .iter()
            .any(|used| matches!(&used.what, What::Content(written) if written == name))
    }

    /// No repository takes a name that means something else.
    fn new_repository(&self, name: &str, span: Span, found: &mut Found) {
        let first = self
            .uses
            .iter()
            .find(|used| matches!(&used.what, What::NewRepository(other) if other == name));
        if let Some(first) = first
            && first.span != span
        {
            let message = format!("two repositories are called `{name}`");
            found.add(Diagnostic::new(Code::Duplicate, span, message).note_at(first.span, "the first"));
        } else if RESERVED.contains(&name) || self.is_written(name) {
            let message = format!("the repository `{name}` has the name of something else");
            found.add(Diagnostic::new(Code::Duplicate, span, message).help("call it otherwise"));
        }
    }

    fn unused_repositories(&self) -> impl Iterator<Item = (&'static str, String, Span)> + '_ {
        let is_used = |name: &str| {
            self.uses.iter().any(|used| match &used.what {
                What::Repository(other) => other == name,
                What::Variable(path) => path.first().is_some_and(|first| first == name),
                _ => false,
            })
        };
        self.uses.iter().filter_map(move |used| match &used.what {
            What::NewRepository(name) if !is_used(name) => Some(("repository", name.clone(), used.span)),
            _ => None,
        })
    }

    fn not_reserved(&self, what: &str, name: &str, span: Span, found: &mut Found) {
        if RESERVED.contains(&name) {
            let message = format!("`{name}` always means something else, so no {what} has this name");
            found.add(Diagnostic::new(Code::BadName, span, message));
        }
    }

    fn node<'u>(&'u self, name: &str, role: Role, span: Span, meant: &mut HashSet<&'u str>, found: &mut Found) {
        let Some(node) = self.find(name) else {
            if !self.is_written(name) {
                let message = format!("there is no content node `{name}`");
                let names = || self.written();
                meant.extend(closest(name, names()));
                found.add(Diagnostic::new(Code::UnknownNode, span, message).did_you_mean(name, names()));
            }
            return;
        };
        let slice = matches!(node.kind, NodeKind::Slice { .. });
        let blob = matches!(node.kind, NodeKind::Blob { .. } | NodeKind::Given(GivenPart::Blob));
        let message = match role {
            Role::Whole if slice => format!("`{name}` is a slice, and a whole node is needed here"),
            Role::Manifest if slice || blob => format!("`{name}` is no manifest"),
            _ => return,
        };
        found.add(Diagnostic::new(Code::WrongNode, span, message));
    }

    /// The names of all nodes, be they good or not.
    fn written(&self) -> impl Iterator<Item = &str> {
        self.uses.iter().filter_map(|used| match &used.what {
            What::Content(name) => Some(name.as_str()),
            _ => None,
        })
    }

    fn repository(&self, name: &str, span: Span, found: &mut Found) {
        if name != "repo" && !self.repos.iter().any(|repo| repo == name) {
            let message = format!("there is no repository `{name}`");
            let names = self.repos.iter().map(String::as_str).chain(["repo"]);
            let diagnostic = Diagnostic::new(Code::UnknownRepository, span, message).did_you_mean(name, names);
            found.add(diagnostic.note("the repositories of a case are named under `repos`"));
        }
    }

    fn variable<'u>(
        &'u self,
        path: &'u [String],
        used: &Use,
        captures: &mut HashMap<&'u str, (Span, bool)>,
        meant: &mut HashSet<&'u str>,
        found: &mut Found,
    ) {
        let Some((head, rest)) = path.split_first() else {
            return;
        };
        let no_attributes = rest.is_empty();
        let unknown = |message: String| Diagnostic::new(Code::UnknownVariable, used.span, message);
        let diagnostic = match head.as_str() {
            "tag" if rest.len() == 1 => return,
            "tag" => unknown("a tag has a name: `${tag.first}`".to_string()),
            "i" if no_attributes && used.together => return,
            "i" if no_attributes => Diagnostic::new(
                Code::NotTogether,
                used.span,
                "`${i}` has a value only inside `together`",
            ),
            name if RESERVED.contains(&name) || self.repos.contains(head) => match no_attributes {
                true => return,
                false => attribute_of(name, rest, &[], used.span),
            },
            name => {
                if let Some(node) = self.find(name) {
                    match self.attribute(node, rest) {
                        Ok(()) => return,
                        Err(known) => attribute_of(name, rest, &known, used.span),
                    }
                } else if let Some((_, used)) = captures.get_mut(name).filter(|_| no_attributes) {
                    *used = true;
                    return;
                } else if self.is_written(name) {
                    return;
                } else {
                    self.unknown_variable(name, used, meant)
                }
            }
        };
        found.add(diagnostic);
    }

    fn unknown_variable<'u>(&'u self, name: &'u str, used: &Use, meant: &mut HashSet<&'u str>) -> Diagnostic {
        let message = format!("there is no variable `{name}`");
        let diagnostic = Diagnostic::new(Code::UnknownVariable, used.span, message);
        let later = self
            .uses
            .iter()
            .find(|other| other.what == What::Capture(name.to_string()));
        if let Some(later) = later {
            meant.insert(name);
            let why = match used.place {
                Place::Content(_) => "content is made before anything is captured",
                _ => "it is captured only here",
            };
            return diagnostic.note_at(later.span, why);
        }
        let captures = self.uses.iter().filter_map(|used| match &used.what {
            What::Capture(name) => Some(name.as_str()),
            _ => None,
        });
        let repos = self.repos.iter().map(String::as_str);
        let known: Vec<&str> = captures.chain(self.written()).chain(repos).chain(RESERVED).collect();
        meant.extend(closest(name, known.iter().copied()));
        diagnostic.did_you_mean(name, known)
    }

    /// Whether a node has an attribute; if not, the attributes it has.
    fn attribute(&self, node: &Node, path: &[String]) -> Result<(), Vec<&'static str>> {
        let described: Vec<&str> = BYTES.into_iter().chain(DESCRIBED).collect();
        let known: Vec<&str> = match &node.kind {
            NodeKind::Slice { .. } => BYTES.to_vec(),
            NodeKind::Blob { .. } | NodeKind::Json { .. } | NodeKind::Text { .. } | NodeKind::Given(_) => {
                described.clone()
            }
            NodeKind::Image(_) | NodeKind::Artifact(_) => {
                described.iter().copied().chain(["config", "layers"]).collect()
            }
            NodeKind::Index(_) => described.iter().copied().chain(["manifests"]).collect(),
        };
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let fields = match &node.kind {
            NodeKind::Image(fields) | NodeKind::Artifact(fields) | NodeKind::Index(fields) => Some(fields),
            _ => None,
        };
        let inner = match (path.as_slice(), fields) {
            ([one], _) if known.contains(one) && !matches!(*one, "config" | "layers" | "manifests") => return Ok(()),
            (["config", rest @ ..], Some(fields)) if known.contains(&"config") => (fields.config.as_ref(), rest),
            ([list @ ("layers" | "manifests"), number, rest @ ..], Some(fields)) if known.contains(list) => {
                let children = children(fields, list);
                match number.parse::<usize>().ok().and_then(|number| children.get(number)) {
                    Some(child) => (Some(child), rest),
                    None => return Err(known),
                }
            }
            _ => return Err(known),
        };
        match inner {
            // A config or layer that is generated has the attributes of a blob.
            (None | Some(Child::Generated(_) | Child::Nothing), [one]) if described.contains(one) => Ok(()),
            (Some(Child::Node { name, .. }), rest) => {
                let rest: Vec<String> = rest.iter().map(|part| (*part).to_string()).collect();
                match self.find(name) {
                    Some(child) if child.name != node.name && rest.len() < path.len() => self.attribute(child, &rest),
                    _ => Ok(()),
                }
            }
            _ => Err(described),
        }
    }

    /// The nodes that a node's content refers to.
    fn edges(&self) -> HashMap<&str, Vec<&str>> {
        let mut edges: HashMap<&str, Vec<&str>> = HashMap::new();
        for used in self.uses {
            if let (Place::Content(from), Some(to)) = (&used.place, self.target(used)) {
                edges.entry(from).or_default().push(to);
            }
        }
        edges
    }

    /// The node that is referred to.
    fn target<'u>(&self, used: &'u Use) -> Option<&'u str> {
        let name = match &used.what {
            What::Node(name, _) => name,
            What::Variable(path) => path.first()?,
            _ => return None,
        };
        self.has_node(name).then_some(name)
    }

    fn place_of(&self, node: &str) -> Option<Span> {
        let defined = What::Content(node.to_string());
        self.uses.iter().find(|used| used.what == defined).map(|used| used.span)
    }

    /// Takes away, again and again, nodes that contain nothing that is left; what stays contains itself.
    fn cycle(&self, found: &mut Found) {
        let edges = self.edges();
        let mut left: HashSet<&str> = edges.keys().copied().collect();
        loop {
            let before = left.len();
            let still = left.clone();
            left.retain(|node| edges[node].iter().any(|to| still.contains(to)));
            if left.len() == before {
                break;
            }
        }
        let Some(first) = self
            .nodes
            .iter()
            .map(|node| node.name.as_str())
            .find(|name| left.contains(name))
        else {
            return;
        };
        let mut path = vec![first];
        let mut at = first;
        while let Some(next) = edges[at].iter().find(|to| left.contains(**to)) {
            if let Some(start) = path.iter().position(|node| node == next) {
                path.drain(..start);
                path.push(next);
                break;
            }
            path.push(next);
            at = next;
        }
        if let Some(span) = self.place_of(path[0]) {
            let message = format!("the node `{}` contains itself", path[0]);
            found.add(Diagnostic::new(Code::Cycle, span, message).label(path.join(" -> ")));
        }
    }

    /// Nodes that neither a step nor a parse check needs.
    fn unused_nodes(&self) -> Unused {
        let edges = self.edges();
        let outside = self.uses.iter().filter(|used| !matches!(used.place, Place::Content(_)));
        let mut waiting: Vec<&str> = outside.filter_map(|used| self.target(used)).collect();
        let mut reached: HashSet<&str> = waiting.iter().copied().collect();
        while let Some(node) = waiting.pop() {
            for next in edges.get(node).into_iter().flatten() {
                if reached.insert(next) {
                    waiting.push(next);
                }
            }
        }
        let mut unused = Unused::default();
        for node in self.nodes.iter().filter(|node| !reached.contains(node.name.as_str())) {
            if let Some(span) = self.place_of(&node.name) {
                unused.0.insert(("content node", node.name.clone(), span));
            }
        }
        unused
    }
}

fn children<'f>(fields: &'f ManifestFields, list: &str) -> &'f [Child] {
    match list {
        "layers" => &fields.layers,
        _ => &fields.manifests,
    }
}

fn attribute_of(name: &str, path: &[String], known: &[&str], span: Span) -> Diagnostic {
    let path = path.join(".");
    if known.is_empty() {
        let message = format!("`{name}` has no attributes");
        return Diagnostic::new(Code::UnknownAttribute, span, message);
    }
    let message = match path.is_empty() {
        true => format!("`{name}` is a node: one of its attributes is needed here"),
        false => format!("`{name}` has no attribute `{path}`"),
    };
    let quoted: Vec<String> = known.iter().map(|attribute| format!("`{attribute}`")).collect();
    let diagnostic = Diagnostic::new(Code::UnknownAttribute, span, message);
    let diagnostic = diagnostic.note(format!("its attributes are {}", quoted.join(", ")));
    match path.split('.').next() {
        Some("") => diagnostic.help(format!("such as `${{{name}.digest}}`")),
        Some(list @ ("layers" | "manifests")) if known.contains(&list) => diagnostic.help(format!(
            "those that it has are numbered from 0: `${{{name}.{list}.0.digest}}`"
        )),
        _ => diagnostic.did_you_mean(&path, known.iter().copied()),
    }
}
