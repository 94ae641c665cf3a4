//! Steps: exactly one verb, its options, and what is expected of the answer.

use super::{Decoder, Fields, Place, Role, What};
use crate::case::{
    Action, Body, Busy, Capture, CaptureFrom, DeleteWhat, Expectation, Fact, Matcher, Redirects, Send, SendAuth, Step,
    Template, UploadHow, Via, Wire,
};
use crate::load::diagnostic::{Code, Diagnostic, Span};
use crate::load::tree::{Key, Tree, Value};
use crate::load::vocabulary::{self, VERBS, Verb};
use crate::oci::method;

/// Copies of one step in `together`.
const MAX_TIMES: u64 = 2000;

/// Steps of `together` that are under way at the same time, unless it says so, and at most.
const AT_ONCE: u32 = 128;

const BUSY: [(Busy, &str); 2] = [(Busy::Wait, "wait"), (Busy::Keep, "keep")];
/// What `gc` may be told.
const GC: [(bool, &str); 1] = [(true, "dry-run")];
const REDIRECTS: [(Redirects, &str); 2] = [(Redirects::Follow, "follow"), (Redirects::Keep, "keep")];
const AUTH: [(SendAuth, &str); 3] = [
    (SendAuth::Run, "run"),
    (SendAuth::Anonymous, "anonymous"),
    (SendAuth::Wrong, "wrong"),
];
const WIRE: [(Wire, &str); 2] = [(Wire::Auto, "auto"), (Wire::Raw, "raw")];

impl Decoder<'_> {
    pub(super) fn steps(&mut self, tree: Option<&Tree>) -> Vec<Step> {
        self.items(tree, "a list of steps", Self::step)
    }

    fn step(&mut self, tree: &Tree) -> Option<Step> {
        let verb = self.verb(tree)?;
        let mut names = vec![verb.key.name];
        names.extend(verb.options.iter().map(|key| key.name));
        names.extend(vocabulary::STEP.keys.iter().map(|key| key.name));
        let (fields, _) = self.fields_among(tree, &format!("a `{}` step", verb.key.name), &names)?;
        let (key, value) = fields.entry(verb.key.name)?;
        if !verb.answers {
            for option in ["in", "expect", "record", "capture", "within", "continue-if"] {
                if let Some((key, _)) = fields.entry(option) {
                    let message = format!("`{}` has no answer, so `{option}` has no effect", verb.key.name);
                    self.report(Diagnostic::new(Code::WithoutEffect, key.span, message));
                }
            }
        }
        self.check_judgement(&fields);
        let repo = fields.get("in").and_then(|tree| self.repository(tree));
        let needs = self.needs(fields.get("needs"));
        let only_if = fields.get("if").and_then(|tree| {
            let name = self.name(tree, "the name of a capture")?;
            self.refer(What::Variable(vec![name.clone()]), tree.span);
            Some(name)
        });
        let action = self.action(verb, value, &fields);
        if action.as_ref().is_some_and(Action::hangs_up) {
            for option in ["expect", "record", "capture", "within", "continue-if"] {
                if let Some((key, _)) = fields.entry(option) {
                    let message = format!("the connection is closed before an answer, so `{option}` has no effect");
                    self.report(Diagnostic::new(Code::WithoutEffect, key.span, message));
                }
            }
        }
        let expect = self.expectations(fields.get("expect"));
        let record = self.record(fields.get("record"));
        let within = fields.get("within").and_then(|tree| self.time(tree));
        let continue_if = fields
            .get("continue-if")
            .map(|tree| self.matchers(tree))
            .unwrap_or_default();
        let capture = self.captures(fields.get("capture"));
        Some(Step {
            action: action?,
            repo: repo.filter(|name| name != "repo"),
            needs,
            only_if,
            expect,
            record,
            capture,
            within,
            continue_if,
            origin: self.origin(key.span),
        })
    }

    /// Nothing is judged before the steps, and only what is judged is worth a repetition.
    fn check_judgement(&mut self, fields: &Fields<'_>) {
        let (judged, help) = match self.place {
            Place::Setup => (
                false,
                "a setup step has to succeed; move this one to `steps` to judge it",
            ),
            Place::Probe => (
                false,
                "a probe is not judged; the answers that decide it stand under `absent`",
            ),
            _ => (true, ""),
        };
        for option in ["expect", "record", "within", "continue-if"] {
            // The answer that ends a probe decides it.
            let ends_probe = option == "continue-if" && matches!(self.place, Place::Probe);
            if let (false, Some((key, _))) = (judged || ends_probe, fields.entry(option)) {
                let message = format!("`{option}` has no place here");
                self.report(Diagnostic::new(Code::JudgedSetup, key.span, message).help(help));
            }
        }
        if let (true, Some((key, _)), None) = (judged, fields.entry("within"), fields.get("expect")) {
            let message = "`within` repeats until every expectation holds, and there is none";
            self.report(Diagnostic::new(Code::WithoutEffect, key.span, message));
        }
    }

    /// The verb of a step: the one key that is one.
    fn verb(&mut self, tree: &Tree) -> Option<&'static Verb> {
        let entries = self.map(tree, "a step (a mapping)")?;
        let is_verb = |key: &Key| VERBS.iter().find(|verb| verb.key.name == key.text);
        let mut verbs = entries.iter().filter_map(|(key, _)| Some((key, is_verb(key)?)));
        let names = || VERBS.iter().map(|verb| verb.key.name);
        let Some((first, verb)) = verbs.next() else {
            let options = vocabulary::STEP.keys;
            let odd = entries
                .iter()
                .find(|(key, _)| !options.iter().any(|option| option.name == key.text));
            let diagnostic = match odd {
                Some((key, _)) => Diagnostic::new(Code::Verb, key.span, format!("`{}` is no verb", key.text))
                    .did_you_mean(&key.text, names()),
                None => Diagnostic::new(Code::Verb, tree.head(), "a step says what is done"),
            };
            let known: Vec<&str> = names().collect();
            self.report(diagnostic.note(format!("the verbs are {}", super::listed(&known))));
            return None;
        };
        if let Some((second, _)) = verbs.next() {
            let message = format!("a step does one thing, not `{}` and `{}`", first.text, second.text);
            let diagnostic = Diagnostic::new(Code::Verb, second.span, message);
            self.report(diagnostic.help("make two steps of it"));
            return None;
        }
        Some(verb)
    }

    fn action(&mut self, verb: &Verb, tree: &Tree, fields: &Fields<'_>) -> Option<Action> {
        let tag = |decoder: &mut Self| decoder.optional_template(fields.get("tag"));
        Some(match verb.key.name {
            "send" => Action::Send(Box::new(self.send(tree, fields)?)),
            "push" => Action::Push {
                node: self.node_name(tree, Role::Whole)?,
                tag: tag(self),
                alone: fields.get("alone").and_then(|tree| self.flag(tree)).unwrap_or(false),
            },
            "pull" => Action::Pull {
                node: self.node_name(tree, Role::Whole)?,
                tag: tag(self),
            },
            "head" => Action::Head {
                node: self.node_name(tree, Role::Whole)?,
                tag: tag(self),
            },
            "upload" => Action::Upload {
                node: self.node_name(tree, Role::Bytes)?,
                how: fields
                    .get("how")
                    .map_or(Some(UploadHow::PostThenPut), |tree| self.word(tree, &UploadHow::ALL))?,
            },
            "mount" => Action::Mount {
                node: self.node_name(tree, Role::Bytes)?,
                from: fields.get("from").and_then(|tree| self.repository(tree)),
            },
            "discover" => Action::Discover {
                subject: self.node_name(tree, Role::Whole)?,
                via: fields
                    .get("via")
                    .map_or(Some(Via::Oci), |tree| self.word(tree, &Via::ALL))?,
                artifact_type: self.optional_template(fields.get("artifact-type")),
                n: self.optional_template(fields.get("n")),
            },
            "tags" => self.tags(tree)?,
            "token" => self.token(tree, fields.get("auth"))?,
            "delete" => self.delete(tree)?,
            "gc" if tree.is_null() => Action::Gc { dry: false },
            "gc" => Action::Gc {
                dry: self.word(tree, &GC)?,
            },
            "wait" => Action::Wait(self.time(tree)?),
            _ => self.together(tree, fields),
        })
    }

    fn send(&mut self, tree: &Tree, fields: &Fields<'_>) -> Option<Send> {
        let line = self.text(tree)?.to_string();
        let wire = fields.get("wire").and_then(|tree| self.word(tree, &WIRE));
        let request = self.request_line(&line, tree.span, wire == Some(Wire::Raw));
        let query = self.query(fields.get("query"));
        let (headers, omit) = self.request_headers(fields.get("headers"));
        let body = fields.get("body").map_or(Some(Body::Empty), |tree| self.body(tree));
        let redirects = fields.get("redirects").and_then(|tree| self.word(tree, &REDIRECTS));
        let busy = fields.get("busy").and_then(|tree| self.word(tree, &BUSY));
        let auth = fields.get("auth").and_then(|tree| self.word(tree, &AUTH));
        let (method, target) = request?;
        Some(Send {
            method,
            target,
            query,
            headers,
            omit,
            body: body?,
            redirects: redirects.unwrap_or(Redirects::Follow),
            busy: busy.unwrap_or(Busy::Wait),
            auth: auth.unwrap_or(SendAuth::Run),
            wire: wire.unwrap_or(Wire::Auto),
        })
    }

    fn request_line(&mut self, line: &str, span: Span, raw: bool) -> Option<(String, Template)> {
        let help = "such as `GET /v2/${repo}/tags/list`, or `PUT ${location}`";
        let Some((method, target)) = line.split_once(' ') else {
            let message = format!("`{line}` is not `METHOD target`");
            self.report(Diagnostic::new(Code::BadValue, span, message).help(help));
            return None;
        };
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if method.is_empty() || !method.bytes().all(token) {
            let span = self.start_of(span, method);
            self.report(Diagnostic::new(Code::BadValue, span, format!("`{method}` is not a method")).help(help));
        } else if let (false, Some(meant)) = (raw, method::misspelt(method)) {
            let message = format!("`{method}` is no registered method");
            let diagnostic = Diagnostic::new(Code::BadValue, self.start_of(span, method), message);
            self.report(
                diagnostic
                    .help(format!("did you mean `{meant}`?"))
                    .note("`wire: raw` sends it as it is"),
            );
        }
        let template = self.template_of(target, span)?;
        if !(raw || target.starts_with('/') || target.starts_with("${")) {
            let message = format!("the target `{target}` does not begin with `/`");
            let diagnostic = Diagnostic::new(Code::BadValue, span, message);
            self.report(diagnostic.help("only `wire: raw` sends such a target as it is"));
        }
        Some((method.to_string(), template))
    }

    /// The place of what stands at the start of a text, if it is written there as it is read.
    fn start_of(&self, span: Span, start: &str) -> Span {
        let written = self.text.get(span.start..span.end).unwrap_or_default();
        let end = match written.starts_with(start) {
            true => span.start + start.len(),
            false => span.end,
        };
        Span { end, ..span }
    }

    fn query(&mut self, tree: Option<&Tree>) -> Vec<(String, Template)> {
        let entries = tree.and_then(|tree| self.map(tree, "a mapping from names to texts"));
        let mut query = Vec::new();
        for (key, value) in entries.unwrap_or_default() {
            let values = match &value.value {
                Value::List(items) => items.as_slice(),
                _ => std::slice::from_ref(value),
            };
            for value in values {
                query.extend(self.template(value).map(|value| (key.text.clone(), value)));
            }
        }
        query
    }

    /// The headers that are sent, and those that are not: an empty list sends the field not at all.
    fn request_headers(&mut self, tree: Option<&Tree>) -> (Vec<(String, Template)>, Vec<String>) {
        let entries = tree.and_then(|tree| self.map(tree, "a mapping from names to texts"));
        let (mut headers, mut omit) = (Vec::new(), Vec::new());
        for (key, value) in entries.unwrap_or_default() {
            let name = self.header_name(&key.text, key.span).unwrap_or_default();
            let values = match &value.value {
                Value::List(items) => items.as_slice(),
                _ => std::slice::from_ref(value),
            };
            if values.is_empty() {
                omit.push(name.clone());
            }
            for value in values {
                headers.extend(self.template(value).map(|value| (name.clone(), value)));
            }
        }
        (headers, omit)
    }

    fn body(&mut self, tree: &Tree) -> Option<Body> {
        if matches!(tree.value, Value::Scalar { .. }) {
            return self.node_name(tree, Role::Bytes).map(Body::Node);
        }
        let fields = self.fields(tree, &vocabulary::BODY)?;
        let mut sources = fields
            .iter()
            .filter(|(key, _)| !matches!(key.text.as_str(), "cut" | "after"));
        let (first, second) = (sources.next(), sources.next());
        let (Some((key, value)), None) = (first, second) else {
            self.one_of(fields.head, "a body", &["node", "stream", "text", "json"]);
            return None;
        };
        let (cut, after) = (fields.get("cut"), fields.get("after"));
        let part = fields.entry("cut").or(fields.entry("after"));
        if let Some((part, _)) = part.filter(|_| key.text != "node" || cut.is_some() && after.is_some()) {
            let message = format!(
                "`{}` takes a part of a `node`, and there is another way to say it",
                part.text
            );
            self.report(Diagnostic::new(Code::WithoutEffect, part.span, message));
        }
        Some(match key.text.as_str() {
            "node" => {
                let node = self.node_name(value, Role::Bytes)?;
                match (cut, after) {
                    (Some(size), _) => Body::Cut {
                        node,
                        size: self.size(size)?,
                    },
                    (None, Some(after)) => Body::Rest {
                        node,
                        after: self.template(after)?,
                    },
                    (None, None) => Body::Node(node),
                }
            }
            "stream" => Body::Stream(self.node_name(value, Role::Bytes)?),
            "text" => Body::Text(self.template(value)?),
            _ => Body::Json(self.json(value)?),
        })
    }

    fn tags(&mut self, tree: &Tree) -> Option<Action> {
        if tree.is_null() {
            return Some(Action::Tags { n: None, last: None });
        }
        let fields = self.fields(tree, &vocabulary::TAGS)?;
        Some(Action::Tags {
            n: self.optional_template(fields.get("n")),
            last: self.optional_template(fields.get("last")),
        })
    }

    fn token(&mut self, tree: &Tree, auth: Option<&Tree>) -> Option<Action> {
        let fields = self.fields(tree, &vocabulary::TOKEN)?;
        let scopes = self.items(fields.get("scope"), "a list of scopes", Self::template);
        Some(Action::Token {
            challenge: self.optional_template(fields.get("challenge"))?,
            scopes,
            auth: auth.map_or(Some(SendAuth::Run), |tree| self.word(tree, &AUTH))?,
        })
    }

    fn delete(&mut self, tree: &Tree) -> Option<Action> {
        if matches!(tree.value, Value::Scalar { .. }) {
            return self
                .node_name(tree, Role::Whole)
                .map(|node| Action::Delete(DeleteWhat::Node(node)));
        }
        let fields = self.fields(tree, &vocabulary::DELETE)?;
        let tag = self.optional_template(fields.get("tag"))?;
        Some(Action::Delete(DeleteWhat::Tag(tag)))
    }

    fn together(&mut self, tree: &Tree, fields: &Fields<'_>) -> Action {
        if self.together {
            let message = "`together` inside `together` is not possible";
            self.report(Diagnostic::new(Code::WithoutEffect, tree.head(), message).help("name all steps in one list"));
        }
        let mut number = |key: &str, what: &str, most: u64, bounds: &str| {
            fields.get(key).and_then(|tree| {
                let number = self.count(tree)?;
                let good = u32::try_from(number).ok().filter(|_| (1..=most).contains(&number));
                self.value(tree, good, what, bounds)
            })
        };
        let times = number("times", "a number of copies", MAX_TIMES, "from 1 to 2000");
        let at_once = number("at-once", "a number of steps", u64::from(AT_ONCE), "from 1 to 128");
        let outer = std::mem::replace(&mut self.together, true);
        let steps = self.steps(Some(tree));
        self.together = outer;
        let own = fields.get("own").and_then(|tree| self.list(tree, "a list of nodes"));
        let own = own
            .unwrap_or_default()
            .iter()
            .filter_map(|tree| self.node_name(tree, Role::Bytes));
        Action::Together {
            own: own.collect(),
            times: times.unwrap_or(1),
            at_once: at_once.unwrap_or(AT_ONCE),
            steps,
        }
    }

    /// A repository of the case: a name under `repos`, or `repo` for its own.
    fn repository(&mut self, tree: &Tree) -> Option<String> {
        let name = self.text(tree)?.to_string();
        self.refer(What::Repository(name.clone()), tree.span);
        Some(name)
    }

    /// Requirement ids and what each demands.
    pub(super) fn expectations(&mut self, tree: Option<&Tree>) -> Vec<Expectation> {
        let entries = tree.and_then(|tree| self.map(tree, "a mapping from requirement ids to matchers"));
        self.nothing_in_it(tree, "nothing is expected here");
        let mut expectations = Vec::new();
        for (key, value) in entries.unwrap_or_default() {
            let requirement = self.requirement(key);
            let matchers = self.matchers(value);
            let origin = self.origin(key.span);
            expectations.push(Expectation {
                requirement,
                matchers,
                origin,
            });
        }
        expectations.shrink_to_fit();
        expectations
    }

    fn record(&mut self, tree: Option<&Tree>) -> Vec<Fact> {
        let entries = tree.and_then(|tree| self.map(tree, "a mapping from facts to their values"));
        self.nothing_in_it(tree, "nothing is recorded here");
        let mut facts = Vec::new();
        for (key, value) in entries.unwrap_or_default() {
            let name = self.name_of(&key.text, key.span, "the name of a fact");
            let values = self.fact_values(value);
            let origin = self.origin(key.span);
            facts.extend(name.map(|name| Fact { name, values, origin }));
        }
        facts
    }

    fn fact_values(&mut self, tree: &Tree) -> Vec<(String, Vec<Matcher>)> {
        let entries = self.map(tree, "a mapping from values to matchers").unwrap_or_default();
        self.nothing_in_it(Some(tree), "a fact without values is never recorded");
        let mut values = Vec::new();
        for (key, value) in entries {
            let name = self.name_of(&key.text, key.span, "the name of a fact's value");
            let matchers = self.matchers(value);
            values.extend(name.map(|name| (name, matchers)));
        }
        values
    }

    fn captures(&mut self, tree: Option<&Tree>) -> Vec<Capture> {
        let entries = tree.and_then(|tree| self.map(tree, "a mapping from names to what is captured"));
        let mut captures = Vec::new();
        for (key, value) in entries.unwrap_or_default() {
            let name = self.name_of(&key.text, key.span, "the name of a capture");
            let from = self.capture_from(value);
            if let Some(name) = name {
                self.refer(What::Capture(name.clone()), key.span);
                captures.extend(from.map(|from| Capture { name, ..from }));
            }
        }
        captures
    }

    /// A capture that has no name yet.
    fn capture_from(&mut self, tree: &Tree) -> Option<Capture> {
        let unnamed = |from| Capture {
            name: String::new(),
            from,
            find: None,
            otherwise: None,
        };
        if matches!(tree.value, Value::Scalar { .. }) {
            let words = [(true, "location"), (false, "body")];
            let location = self.word(tree, &words)?;
            return Some(unnamed(if location {
                CaptureFrom::Location
            } else {
                CaptureFrom::Body
            }));
        }
        let fields = self.fields(tree, &vocabulary::CAPTURE_FROM)?;
        let find = fields.get("find").and_then(|tree| self.regex(tree));
        let otherwise = self.optional_template(fields.get("otherwise"));
        let is_place = |key: &Key| !matches!(key.text.as_str(), "find" | "otherwise");
        let mut places = fields.iter().filter(|(key, _)| is_place(key));
        let (first, second) = (places.next(), places.next());
        let (Some((key, value)), None) = (first, second) else {
            self.one_of(fields.head, "a capture", &["header", "json", "link"]);
            return None;
        };
        if key.text == "json" && matches!(value.value, Value::List(_)) {
            let pointers = self.items(Some(value), "a list of JSON pointers", |decoder, tree| {
                let text = decoder.text(tree)?.to_string();
                decoder.pointer(&text, tree.span)
            });
            return Some(Capture {
                find,
                otherwise,
                ..unnamed(CaptureFrom::Json(pointers))
            });
        }
        let text = self.text(value)?.to_string();
        let from = match key.text.as_str() {
            "header" => CaptureFrom::Header(self.header_name(&text, value.span)?),
            "json" => CaptureFrom::Json(vec![self.pointer(&text, value.span)?]),
            _ => CaptureFrom::Link(text),
        };
        Some(Capture {
            find,
            otherwise,
            ..unnamed(from)
        })
    }
}
