//! Matchers: a mapping is a conjunction of its keys, a list a conjunction of its items.

use super::{Decoder, Role};
use crate::case::{
    BodyMatcher, ErrorMatcher, HeaderMatcher, HeaderOp, JsonOp, LinkMatcher, Matcher, SortOrder, StatusSet,
};
use crate::load::diagnostic::{Code, Diagnostic, Span};
use crate::load::tree::{Key, Tree, Value};
use crate::load::vocabulary::{self, JSON_TYPES};

const SORT_ORDERS: [(SortOrder, &str); 3] = [
    (SortOrder::Bytes, "bytes"),
    (SortOrder::CaseInsensitive, "case-insensitive"),
    (SortOrder::Either, "either"),
];

#[derive(Clone, Copy)]
enum BodyWord {
    Empty,
    NotEmpty,
    Json,
}

const BODY_WORDS: [(BodyWord, &str); 3] = [
    (BodyWord::Empty, "empty"),
    (BodyWord::NotEmpty, "not-empty"),
    (BodyWord::Json, "json"),
];

const LINK_WORDS: [(bool, &str); 2] = [(true, "present"), (false, "absent")];

impl Decoder<'_> {
    /// A mapping of matchers, or a list of such mappings.
    pub(super) fn matchers(&mut self, tree: &Tree) -> Vec<Matcher> {
        if let Value::List(items) = &tree.value {
            if items.is_empty() {
                self.nothing_demanded(tree.span);
            }
            return items.iter().flat_map(|item| self.matchers_of_map(item)).collect();
        }
        self.matchers_of_map(tree)
    }

    fn nothing_demanded(&mut self, span: Span) {
        let message = "nothing is demanded here";
        self.report(
            Diagnostic::new(Code::WithoutEffect, span, message).help("name at least one matcher: `status: 200`"),
        );
    }

    /// A list of choices without one holds for nothing.
    fn none_of_them(&mut self, tree: &Tree) {
        if matches!(&tree.value, Value::List(items) if items.is_empty()) {
            let diagnostic = Diagnostic::new(
                Code::WithoutEffect,
                tree.span,
                "nothing can satisfy a choice of nothing",
            );
            self.report(diagnostic.help("name at least one"));
        }
    }

    /// A mapping of demands without one demands nothing.
    fn demands<'t>(&mut self, tree: &'t Tree, wanted: &str) -> &'t [(Key, Tree)] {
        let entries = self.map(tree, wanted);
        if entries.is_some_and(<[_]>::is_empty) {
            self.nothing_demanded(tree.span);
        }
        entries.unwrap_or_default()
    }

    fn matchers_of_map(&mut self, tree: &Tree) -> Vec<Matcher> {
        let Some(fields) = self.fields(tree, &vocabulary::MATCHER) else {
            return Vec::new();
        };
        let before = self.found.count();
        let mut matchers = Vec::new();
        for (key, value) in fields.iter() {
            match key.text.as_str() {
                "status" => matchers.extend(self.status(value).map(Matcher::Status)),
                "header" => matchers.extend(self.headers(value)),
                "json" => matchers.extend(
                    self.json_ops(value)
                        .into_iter()
                        .map(|(pointer, op)| Matcher::Json { pointer, op }),
                ),
                "challenge" => matchers.extend(
                    self.json_ops(value)
                        .into_iter()
                        .map(|(pointer, op)| Matcher::Challenge { pointer, op }),
                ),
                "content" => matchers.extend(self.node_name(value, Role::Bytes).map(Matcher::Content)),
                "body" => matchers.extend(self.body_matcher(value).map(Matcher::Body)),
                "error" => matchers.extend(self.error_matcher(value).map(Matcher::Error)),
                "link" => matchers.extend(self.links(value)),
                "any" => {
                    self.none_of_them(value);
                    let any = self.items(Some(value), "a list of matchers", |decoder, item| {
                        Some(decoder.matchers(item))
                    });
                    matchers.push(Matcher::Any(any));
                }
                _ => matchers.push(Matcher::Not(self.matchers(value))),
            }
        }
        if matchers.is_empty()
            && self.found.count() == before
            && matches!(&tree.value, Value::Map(entries) if entries.is_empty())
        {
            self.nothing_demanded(tree.span);
        }
        matchers.shrink_to_fit();
        matchers
    }

    /// `200`, `4xx`, or a list of them.
    fn status(&mut self, tree: &Tree) -> Option<StatusSet> {
        let ranges = match &tree.value {
            Value::List(items) => {
                if items.is_empty() {
                    self.nothing_demanded(tree.span);
                    return None;
                }
                let ranges: Vec<_> = items.iter().map(|item| self.status_range(item)).collect();
                ranges.into_iter().collect::<Option<_>>()?
            }
            _ => vec![self.status_range(tree)?],
        };
        Some(StatusSet { ranges })
    }

    fn status_range(&mut self, tree: &Tree) -> Option<(u16, u16)> {
        let text = self.text(tree)?;
        let range = match text.as_bytes() {
            [class @ b'1'..=b'5', b'x', b'x'] => {
                let from = u16::from(class - b'0') * 100;
                Some((from, from + 99))
            }
            [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9'] => text.parse().ok().map(|code: u16| (code, code)),
            _ => None,
        };
        self.value(
            tree,
            range,
            "a status",
            "a status is a code from 100 to 599, or a class such as `4xx`",
        )
    }

    fn headers(&mut self, tree: &Tree) -> Vec<Matcher> {
        let entries = self.demands(tree, "a mapping from header names");
        let mut matchers = Vec::new();
        for (key, value) in entries {
            let name = self.header_name(&key.text, key.span).unwrap_or_default();
            matchers.extend(self.header(&name, key, value).into_iter().map(Matcher::Header));
        }
        matchers
    }

    pub(super) fn header_name(&mut self, text: &str, span: Span) -> Option<String> {
        let good = !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
        if good {
            return Some(text.to_string());
        }
        let message = format!("`{text}` is not the name of a header field");
        self.report(Diagnostic::new(Code::BadValue, span, message));
        None
    }

    fn header(&mut self, name: &str, key: &Key, tree: &Tree) -> Vec<HeaderMatcher> {
        let matcher = |optional, op| HeaderMatcher {
            name: name.to_string(),
            optional,
            op,
        };
        if matches!(tree.value, Value::Scalar { .. }) {
            let equals = self.template(tree).map(HeaderOp::Equals);
            return equals.map(|op| matcher(false, op)).into_iter().collect();
        }
        let Some(fields) = self.fields(tree, &vocabulary::HEADER) else {
            return Vec::new();
        };
        let optional = fields.get("optional").and_then(|tree| self.flag(tree)).unwrap_or(false);
        let ops: Vec<_> = fields.iter().filter(|(key, _)| key.text != "optional").collect();
        if matches!(&tree.value, Value::Map(entries) if entries.iter().all(|(key, _)| key.text == "optional")) {
            self.nothing_demanded(key.span);
        }
        ops.into_iter()
            .filter_map(|(key, value)| self.header_op(&key.text, value))
            .map(|op| matcher(optional, op))
            .collect()
    }

    fn header_op(&mut self, key: &str, tree: &Tree) -> Option<HeaderOp> {
        Some(match key {
            "equals" => HeaderOp::Equals(self.template(tree)?),
            "one-of" => {
                self.none_of_them(tree);
                HeaderOp::OneOf(self.items(Some(tree), "a list of texts", Self::template))
            }
            "present" => self.only_true(tree).map(|()| HeaderOp::Present)?,
            "absent" => self.only_true(tree).map(|()| HeaderOp::Absent)?,
            "matches" => HeaderOp::Matches(self.regex(tree)?),
            "list-contains" => HeaderOp::ListContains(self.template(tree)?),
            "list-lacks" => HeaderOp::ListLacks(self.template(tree)?),
            "media-type" => HeaderOp::MediaType(self.template(tree)?),
            "digest-of" => HeaderOp::DigestOf(self.node_name(tree, Role::Bytes)?),
            "digest-of-body" => self.only_true(tree).map(|()| HeaderOp::DigestOfBody)?,
            "digest-of-sent" => self.only_true(tree).map(|()| HeaderOp::DigestOfSent)?,
            "end-of-sent" => self.only_true(tree).map(|()| HeaderOp::EndOfSent)?,
            "part" => HeaderOp::Part(self.template(tree)?),
            "quoted-at-most" => HeaderOp::QuotedAtMost(self.count(tree)?),
            "url" => self.only_true(tree).map(|()| HeaderOp::Url)?,
            _ => HeaderOp::LengthOf(self.node_name(tree, Role::Bytes)?),
        })
    }

    fn json_ops(&mut self, tree: &Tree) -> Vec<(String, JsonOp)> {
        let entries = self.demands(tree, "a mapping from JSON pointers");
        let mut ops = Vec::new();
        for (key, value) in entries {
            let pointer = self.pointer(&key.text, key.span).unwrap_or_default();
            ops.extend(self.json_op(key, value).into_iter().map(|op| (pointer.clone(), op)));
        }
        ops
    }

    fn json_op(&mut self, key: &Key, tree: &Tree) -> Vec<JsonOp> {
        if !matches!(tree.value, Value::Map(_)) {
            return self.json(tree).map(JsonOp::Equals).into_iter().collect();
        }
        let Some(fields) = self.fields(tree, &vocabulary::JSON) else {
            return Vec::new();
        };
        if fields.iter().next().is_none() && matches!(&tree.value, Value::Map(entries) if entries.is_empty()) {
            self.nothing_demanded(key.span);
        }
        fields
            .iter()
            .filter_map(|(key, value)| self.one_json_op(&key.text, value))
            .collect()
    }

    fn one_json_op(&mut self, key: &str, tree: &Tree) -> Option<JsonOp> {
        Some(match key {
            "equals" => JsonOp::Equals(self.json(tree)?),
            "one-of" => {
                self.none_of_them(tree);
                JsonOp::OneOf(self.items(Some(tree), "a list", Self::json))
            }
            "present" => self.only_true(tree).map(|()| JsonOp::Present)?,
            "absent" => self.only_true(tree).map(|()| JsonOp::Absent)?,
            "contains" => JsonOp::Contains(self.json(tree)?),
            "lacks" => JsonOp::Lacks(self.json(tree)?),
            "includes" => JsonOp::Includes(self.json(tree)?),
            "length" => JsonOp::Length(self.count(tree)?),
            "min-length" => JsonOp::MinLength(self.count(tree)?),
            "max-length" => JsonOp::MaxLength(self.count(tree)?),
            "at-least" => JsonOp::AtLeast(self.count(tree)?),
            "items" => JsonOp::Items(self.items(Some(tree), "a list", Self::json)),
            "type" => {
                let types: Vec<(&str, &str)> = JSON_TYPES.iter().map(|name| (*name, *name)).collect();
                JsonOp::Type(self.word(tree, &types)?.to_string())
            }
            "sorted" => JsonOp::Sorted(self.word(tree, &SORT_ORDERS)?),
            "unique" => {
                let text = self.text(tree)?.to_string();
                JsonOp::Unique(self.pointer(&text, tree.span)?)
            }
            "every" => JsonOp::Every(self.json_ops(tree)),
            _ => JsonOp::Matches(self.regex(tree)?),
        })
    }

    fn body_matcher(&mut self, tree: &Tree) -> Option<BodyMatcher> {
        if matches!(tree.value, Value::Map(_)) {
            let fields = self.fields(tree, &vocabulary::BODY_MATCHER)?;
            return fields
                .get("matches")
                .and_then(|tree| self.regex(tree))
                .map(BodyMatcher::Matches);
        }
        Some(match self.word(tree, &BODY_WORDS)? {
            BodyWord::Empty => BodyMatcher::Empty,
            BodyWord::NotEmpty => BodyMatcher::NotEmpty,
            BodyWord::Json => BodyMatcher::Json,
        })
    }

    fn error_matcher(&mut self, tree: &Tree) -> Option<ErrorMatcher> {
        let (codes, required) = match &tree.value {
            Value::Scalar { .. } => (vec![self.error_code(tree)?], false),
            Value::List(_) => {
                self.none_of_them(tree);
                (self.items(Some(tree), "a list of codes", Self::error_code), false)
            }
            Value::Map(_) => {
                let fields = self.fields(tree, &vocabulary::ERROR)?;
                if let Some(codes) = fields.get("codes") {
                    self.none_of_them(codes);
                }
                let codes = self.items(fields.get("codes"), "a list of codes", Self::error_code);
                let required = fields.get("required").and_then(|tree| self.flag(tree));
                (codes, required.unwrap_or(false))
            }
        };
        Some(ErrorMatcher { codes, required })
    }

    fn error_code(&mut self, tree: &Tree) -> Option<String> {
        let text = self.text(tree)?;
        let good = !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        let code = good.then(|| text.to_string());
        self.value(
            tree,
            code,
            "an error code",
            "codes are upper-case letters, digits and `_`: `BLOB_UNKNOWN`",
        )
    }

    fn links(&mut self, tree: &Tree) -> Vec<Matcher> {
        let entries = self.demands(tree, "a mapping from link relations");
        let mut matchers = Vec::new();
        for (key, value) in entries {
            if let Some(present) = self.word(value, &LINK_WORDS) {
                let rel = key.text.clone();
                matchers.push(Matcher::Link(LinkMatcher { rel, present }));
            }
        }
        matchers
    }
}
