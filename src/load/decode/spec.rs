//! The catalogue: documents with their requirements, profiles, capabilities, and what is always judged.

use super::{Decoder, Place, Use};
use crate::case::{Always, Binds, Capability, Document, Level, Profile, Requirement};
use crate::load::diagnostic::{Code, Diagnostic, Span};
use crate::load::tree::{Key, Tree, Value};
use crate::load::vocabulary;

const BINDS: [(Binds, &str); 3] = [
    (Binds::Registry, "registry"),
    (Binds::Document, "document"),
    (Binds::Client, "client"),
];

/// What the files under `spec/` say, with places for what other files may contradict.
#[derive(Debug, Default)]
pub(in crate::load) struct Catalogue {
    pub(in crate::load) documents: Vec<(Document, Span)>,
    pub(in crate::load) requirements: Vec<(Requirement, Span)>,
    pub(in crate::load) profiles: Vec<(Profile, Span)>,
    /// Each document that a profile names, and its version, with both places.
    pub(in crate::load) profile_documents: Vec<(String, String, Span, Span)>,
    /// The sentences of profiles and capabilities, which have a style.
    pub(in crate::load) sentences: Vec<(String, Span)>,
    /// With what its content and steps refer to.
    pub(in crate::load) capabilities: Vec<(Capability, Span, Vec<Use>)>,
    pub(in crate::load) always: Vec<Always>,
}

impl Decoder<'_> {
    /// Reads one file under `spec/` into the catalogue. `name` is the file's name without `.yaml`.
    pub(in crate::load) fn spec_file(&mut self, name: &str, tree: &Tree, catalogue: &mut Catalogue) {
        match name {
            "profiles" => self.profiles(tree, catalogue),
            "capabilities" => self.capabilities(tree, catalogue),
            "always" => self.always(tree, catalogue),
            _ => self.document(name, tree, catalogue),
        }
    }

    fn document(&mut self, file_name: &str, tree: &Tree, catalogue: &mut Catalogue) {
        let Some(fields) = self.fields(tree, &vocabulary::DOCUMENT) else {
            return;
        };
        let name = fields
            .get("document")
            .and_then(|tree| self.name(tree, "the name of a document"));
        let name = name.unwrap_or_default();
        if let Some(tree) = fields.get("document")
            && name != file_name
        {
            let message = format!("the file of the document `{name}` is called `{file_name}`");
            self.report(Diagnostic::new(Code::BadName, tree.span, message).help("give both one name"));
        }
        let title = self.prose(fields.get("title"));
        let mut versions = Vec::new();
        let entries = fields
            .get("versions")
            .and_then(|tree| self.map(tree, "a mapping from versions to addresses"));
        for (key, value) in entries.unwrap_or_default() {
            versions.extend(self.text(value).map(|url| (key.text.clone(), url.to_string())));
        }
        let names: Vec<String> = versions.iter().map(|(version, _)| version.clone()).collect();
        let requirements = self.items(fields.get("requirements"), "a list of requirements", |decoder, item| {
            decoder.requirement_entry(item, &name, &names)
        });
        catalogue.requirements.extend(requirements);
        let document = Document { name, title, versions };
        catalogue.documents.push((document, fields.head));
    }

    fn requirement_entry(&mut self, tree: &Tree, document: &str, versions: &[String]) -> Option<(Requirement, Span)> {
        let fields = self.fields(tree, &vocabulary::REQUIREMENT)?;
        let id = fields
            .get("id")
            .and_then(|tree| self.name(tree, "the id of a requirement"));
        let area = fields
            .get("area")
            .and_then(|tree| self.name(tree, "the name of an area"));
        let levels = self.levels(fields.entry("level"), fields.entry("levels"), fields.head, versions);
        let derived = fields
            .get("derived")
            .and_then(|tree| self.fields(tree, &vocabulary::DERIVED));
        let requirement = Requirement {
            id: id?,
            document: document.to_string(),
            area: area.unwrap_or_default(),
            levels,
            section: self.prose(fields.get("section")),
            page: self.optional_text(fields.get("page")),
            anchors: self.anchors(fields.get("anchor"), versions),
            text: self.prose(fields.get("text")),
            derived: derived.map(|fields| self.prose(fields.get("from"))),
            binds: fields
                .get("binds")
                .and_then(|tree| self.word(tree, &BINDS))
                .unwrap_or(Binds::Registry),
            needs: self.needs(fields.get("needs")),
            untested: fields.get("untested").map(|tree| self.prose(Some(tree))),
            note: fields.get("note").map(|tree| self.prose(Some(tree))),
        };
        let span = fields.get("id").map_or(fields.head, |tree| tree.span);
        Some((requirement, span))
    }

    /// The fragment of the heading: one for every version, or a mapping from versions.
    fn anchors(&mut self, tree: Option<&Tree>, versions: &[String]) -> Vec<(String, String)> {
        let Some(tree) = tree else {
            return Vec::new();
        };
        if matches!(tree.value, Value::Scalar { .. }) {
            let anchor = self.required_text(Some(tree));
            return versions
                .iter()
                .map(|version| (version.clone(), anchor.clone()))
                .collect();
        }
        let mut anchors = Vec::new();
        for (key, value) in self
            .map(tree, "a fragment, or a mapping from versions")
            .unwrap_or_default()
        {
            self.version(key, versions);
            anchors.extend(self.text(value).map(|anchor| (key.text.clone(), anchor.to_string())));
        }
        anchors
    }

    fn version(&mut self, key: &Key, versions: &[String]) {
        if !versions.contains(&key.text) {
            let message = format!("the document has no version `{}`", key.text);
            let diagnostic = Diagnostic::new(Code::UnknownDocument, key.span, message);
            let known: Vec<&str> = versions.iter().map(String::as_str).collect();
            self.report(diagnostic.note(format!("its versions are {}", super::listed(&known))));
        }
    }

    fn levels(
        &mut self,
        level: Option<&(Key, Tree)>,
        levels: Option<&(Key, Tree)>,
        head: Span,
        versions: &[String],
    ) -> Vec<(String, Level)> {
        let words = Level::ALL.map(|level| (level, level.name()));
        match (level, levels) {
            (Some((_, tree)), None) => {
                let level = self.word(tree, &words);
                versions
                    .iter()
                    .filter_map(|version| Some((version.clone(), level?)))
                    .collect()
            }
            (None, Some((_, tree))) => {
                let entries = self.map(tree, "a mapping from versions to levels").unwrap_or_default();
                self.nothing_in_it(Some(tree), "no version has this requirement");
                let mut levels = Vec::new();
                for (key, value) in entries {
                    self.version(key, versions);
                    levels.extend(self.word(value, &words).map(|level| (key.text.clone(), level)));
                }
                let position = |name: &str| versions.iter().position(|version| version == name);
                levels.sort_by_key(|(name, _)| position(name));
                levels
            }
            (first, _) => {
                let span = first.map_or(head, |(key, _)| key.span);
                self.one_of(span, "a requirement", &["level", "levels"]);
                Vec::new()
            }
        }
    }

    fn profiles(&mut self, tree: &Tree, catalogue: &mut Catalogue) {
        let Some(fields) = self.fields(tree, &vocabulary::PROFILES) else {
            return;
        };
        let profiles = self.items(fields.get("profiles"), "a list of profiles", |decoder, item| {
            let fields = decoder.fields(item, &vocabulary::PROFILE)?;
            let name = fields.get("profile").and_then(|tree| decoder.profile_name(tree));
            let says = decoder.sentence(fields.get("says"), catalogue);
            decoder.nothing_in_it(fields.get("documents"), "a profile without documents judges nothing");
            let entries = fields
                .get("documents")
                .and_then(|tree| decoder.map(tree, "a mapping from documents to versions"));
            let mut documents = Vec::new();
            for (key, value) in entries.unwrap_or_default() {
                if let Some(version) = decoder.text(value) {
                    documents.push((key.text.clone(), version.to_string()));
                    let place = (key.text.clone(), version.to_string(), key.span, value.span);
                    catalogue.profile_documents.push(place);
                }
            }
            let name = name?;
            Some((Profile { name, says, documents }, fields.head))
        });
        catalogue.profiles.extend(profiles);
    }

    /// A name of the grammar of names, but with dots, as in `oci-1.1`.
    fn profile_name(&mut self, tree: &Tree) -> Option<String> {
        let name = self.text(tree)?;
        let good = !name.is_empty()
            && name
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'));
        if !good {
            let diagnostic = Diagnostic::new(
                Code::BadName,
                tree.span,
                format!("`{name}` is not the name of a profile"),
            );
            self.report(diagnostic.help("such as `oci-1.1`: lower-case letters, digits, hyphens and dots"));
        }
        good.then(|| name.to_string())
    }

    fn capabilities(&mut self, tree: &Tree, catalogue: &mut Catalogue) {
        let Some(fields) = self.fields(tree, &vocabulary::CAPABILITIES) else {
            return;
        };
        let capabilities = self.items(fields.get("capabilities"), "a list of capabilities", |decoder, item| {
            decoder.capability(item, catalogue)
        });
        catalogue.capabilities.extend(capabilities);
    }

    /// A sentence whose style is looked at later.
    fn sentence(&mut self, tree: Option<&Tree>, catalogue: &mut Catalogue) -> String {
        let text = self.prose(tree);
        catalogue.sentences.extend(tree.map(|tree| (text.clone(), tree.span)));
        text
    }

    fn capability(&mut self, tree: &Tree, catalogue: &mut Catalogue) -> Option<(Capability, Span, Vec<Use>)> {
        let fields = self.fields(tree, &vocabulary::CAPABILITY)?;
        let before = self.uses.len();
        let name = fields
            .get("capability")
            .and_then(|tree| self.name(tree, "the name of a capability"));
        let says = self.sentence(fields.get("says"), catalogue);
        let needs = self.needs(fields.get("needs"));
        let repos = self.repositories(fields.get("repos"));
        let content = self.content(fields.get("content"));
        self.place = Place::Setup;
        let setup = self.steps(fields.get("setup"));
        self.place = Place::Probe;
        let steps = self.steps(fields.get("steps"));
        let reading = self.steps(fields.get("reading"));
        let absent = self.items(fields.get("absent"), "a list of matchers", |decoder, item| {
            Some(decoder.matchers(item))
        });
        self.place = Place::Top;
        let allowed_by = self.prose(fields.get("allowed-by"));
        let from_run = fields.get("from-run").and_then(|tree| self.flag(tree)).unwrap_or(false);
        let head = fields.get("capability").map_or(fields.head, |tree| tree.span);
        if from_run {
            for key in ["repos", "content", "setup", "steps", "reading", "absent"] {
                if let Some((key, _)) = fields.entry(key) {
                    let message = format!("what the run gives is not probed, so `{}` has no effect", key.text);
                    self.report(Diagnostic::new(Code::WithoutEffect, key.span, message));
                }
            }
        } else {
            let missing: Vec<&str> = ["steps", "absent", "allowed-by"]
                .into_iter()
                .filter(|key| fields.get(key).is_none())
                .collect();
            if !missing.is_empty() {
                let message = format!("a capability that is probed needs {}", super::listed(&missing));
                self.report(Diagnostic::new(Code::MissingKey, head, message));
            }
        }
        let capability = Capability {
            name: name?,
            says,
            needs,
            repos,
            content,
            setup,
            steps,
            reading,
            absent,
            allowed_by,
            from_run,
            origin: self.origin(head),
        };
        Some((capability, head, self.uses[before..].to_vec()))
    }

    fn always(&mut self, tree: &Tree, catalogue: &mut Catalogue) {
        let Some(fields) = self.fields(tree, &vocabulary::ALWAYS) else {
            return;
        };
        self.place = Place::Always;
        let rules = self.items(fields.get("always"), "a list of rules", |decoder, item| {
            let fields = decoder.fields(item, &vocabulary::ALWAYS_RULE)?;
            Some(Always {
                when: fields
                    .get("when")
                    .map(|tree| decoder.matchers(tree))
                    .unwrap_or_default(),
                methods: decoder.items(fields.get("methods"), "a list of methods", |decoder, item| {
                    let method = decoder.text(item)?;
                    let good = !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase());
                    let method = good.then(|| method.to_string());
                    decoder.value(item, method, "a method", "methods are in capitals: `GET`")
                }),
                path: fields.get("path").and_then(|tree| decoder.regex(tree)),
                unanswered: fields
                    .get("unanswered")
                    .and_then(|tree| decoder.flag(tree))
                    .unwrap_or(false),
                astray: fields.get("astray").and_then(|tree| {
                    let lists: Vec<(&str, &str)> = vocabulary::LISTS.iter().map(|list| (*list, *list)).collect();
                    decoder.word(tree, &lists)
                }),
                expect: decoder.expectations(fields.get("expect")),
            })
        });
        self.place = Place::Top;
        catalogue.always.extend(rules);
    }
}
