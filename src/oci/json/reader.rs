//! The walk over the text of a document, one method for each rule of the grammar.
//!
//! It recurses once for each level of nesting, which is why the depth has a ceiling that no limits can lift.

use std::collections::HashSet;

use super::{DEPTH_CEILING, Json, JsonError, JsonFault, Limits, Member, Node, Position, push_pointer, shortened};

/// The number of repeated names that are kept for one document; more are not looked at.
const MAX_DUPLICATES: usize = 100;

/// The most members of an object that are compared with one another.
const FEW: usize = 12;

/// A fault on its way out of the reader, which gathers the pointer from the inside out.
pub(super) struct Trace {
    offset: usize,
    fault: JsonFault,
    steps: Vec<String>,
}

impl Trace {
    fn within(mut self: Box<Self>, step: &str) -> Box<Self> {
        self.steps.push(shortened(step));
        self
    }

    pub(super) fn locate(self, bytes: &[u8]) -> JsonError {
        let mut pointer = String::new();
        for step in self.steps.iter().rev() {
            push_pointer(&mut pointer, step);
        }
        JsonError {
            position: Position::of(bytes, self.offset),
            pointer,
            fault: self.fault,
        }
    }
}

pub(super) type Step<T> = Result<T, Box<Trace>>;

pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
    limits: Limits,
    values: usize,
    duplicates: Vec<Trace>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, limits: Limits) -> Self {
        Self {
            text,
            at: 0,
            limits,
            values: 0,
            duplicates: Vec::new(),
        }
    }

    /// The value that the text is, and the names that repeat in it.
    pub(super) fn document(mut self) -> (Step<Node>, Vec<Trace>) {
        self.skip_white_space();
        let mut result = self.value(0);
        self.skip_white_space();
        if result.is_ok() && self.at < self.text.len() {
            result = self.fail(JsonFault::Trailing);
        }
        (result, self.duplicates)
    }

    fn value(&mut self, depth: usize) -> Step<Node> {
        let offset = self.at;
        self.values += 1;
        if self.values > self.limits.values {
            return self.fail(JsonFault::TooManyValues(self.limits.values));
        }
        let value = match self.peek() {
            None => return self.fail(JsonFault::End("a value")),
            Some(b'{') => Json::Object(self.object(self.deeper(depth)?)?),
            Some(b'[') => Json::Array(self.array(self.deeper(depth)?)?),
            Some(b'"') => Json::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Json::Number(self.number()?),
            Some(b'n') => self.word("null", Json::Null)?,
            Some(b't') => self.word("true", Json::Bool(true))?,
            Some(b'f') => self.word("false", Json::Bool(false))?,
            Some(_) => return self.fail(JsonFault::Expected("a value")),
        };
        Ok(Node { offset, value })
    }

    fn deeper(&self, depth: usize) -> Step<usize> {
        let limit = self.limits.depth.min(DEPTH_CEILING);
        if depth < limit {
            Ok(depth + 1)
        } else {
            self.fail(JsonFault::TooDeep(limit))
        }
    }

    fn array(&mut self, depth: usize) -> Step<Vec<Node>> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_white_space();
        if self.eat(b']') {
            return Ok(items);
        }
        loop {
            self.skip_white_space();
            let known = self.duplicates.len();
            let item = self
                .value(depth)
                .map_err(|trace| trace.within(&items.len().to_string()))?;
            self.step_duplicates(known, || items.len().to_string());
            items.push(item);
            self.skip_white_space();
            if self.eat(b']') {
                return Ok(items);
            }
            self.expect(b',', "a comma or the end of the array")?;
        }
    }

    fn object(&mut self, depth: usize) -> Step<Vec<Member>> {
        self.at += 1;
        let mut members = Vec::new();
        let mut offsets = Vec::new();
        self.skip_white_space();
        if self.eat(b'}') {
            return Ok(members);
        }
        loop {
            self.skip_white_space();
            offsets.push(self.at);
            if self.peek() != Some(b'"') {
                return self.expected("a member's name");
            }
            let name = self.string()?;
            self.skip_white_space();
            self.expect(b':', "a colon")?;
            self.skip_white_space();
            let known = self.duplicates.len();
            let value = self.value(depth).map_err(|trace| trace.within(&name))?;
            self.step_duplicates(known, || shortened(&name));
            members.push(Member { name, value });
            self.skip_white_space();
            if self.eat(b'}') {
                self.find_duplicates(&members, &offsets);
                return Ok(members);
            }
            self.expect(b',', "a comma or the end of the object")?;
        }
    }

    /// Notes the members whose name an earlier member has.
    fn find_duplicates(&mut self, members: &[Member], offsets: &[usize]) {
        // Most objects are so small that looking at every pair costs less than a set.
        let is_small = members.len() <= FEW;
        let mut seen = HashSet::with_capacity(if is_small { 0 } else { members.len() });
        for (at, (member, offset)) in members.iter().zip(offsets).enumerate() {
            let repeats = match is_small {
                true => members.iter().take(at).any(|other| other.name == member.name),
                false => !seen.insert(member.name.as_str()),
            };
            if repeats && self.duplicates.len() < MAX_DUPLICATES {
                let fault = JsonFault::DuplicateName(shortened(&member.name));
                let steps = vec![shortened(&member.name)];
                self.duplicates.push(Trace {
                    offset: *offset,
                    fault,
                    steps,
                });
            }
        }
    }

    /// Notes that the duplicates found since there were `known` of them are one step further down.
    fn step_duplicates(&mut self, known: usize, step: impl Fn() -> String) {
        for trace in self.duplicates.iter_mut().skip(known) {
            trace.steps.push(step());
        }
    }

    fn word(&mut self, word: &'static str, value: Json) -> Step<Json> {
        if self.text.get(self.at..).unwrap_or_default().starts_with(word) {
            self.at += word.len();
            return Ok(value);
        }
        self.expected("a value")
    }

    fn number(&mut self) -> Step<Box<str>> {
        let start = self.at;
        self.eat(b'-');
        // A leading zero stands alone.
        if !self.eat(b'0') && self.digits() == 0 {
            return self.fail(JsonFault::Number);
        }
        if self.eat(b'.') && self.digits() == 0 {
            return self.fail(JsonFault::Number);
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _signed = self.eat(b'+') || self.eat(b'-');
            if self.digits() == 0 {
                return self.fail(JsonFault::Number);
            }
        }
        if self
            .peek()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-'))
        {
            return self.fail(JsonFault::Number);
        }
        Ok(self.text.get(start..self.at).unwrap_or_default().into())
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn string(&mut self) -> Step<String> {
        self.at += 1;
        let mut content = String::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let plain = rest
                .bytes()
                .position(|byte| byte < b' ' || matches!(byte, b'"' | b'\\'))
                .unwrap_or(rest.len());
            content.push_str(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            match self.peek() {
                None => return self.fail(JsonFault::End("the end of a string")),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(content);
                }
                Some(b'\\') => content.push(self.escape()?),
                Some(_) => return self.fail(JsonFault::Control),
            }
        }
    }

    fn escape(&mut self) -> Step<char> {
        let start = self.at;
        self.at += 1;
        let plain = match self.peek() {
            None => return self.fail(JsonFault::End("an escape")),
            Some(b'u') => {
                self.at += 1;
                return self.unicode_escape(start);
            }
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(_) => return fail_at(start, JsonFault::Escape),
        };
        self.at += 1;
        Ok(plain)
    }

    /// Reads what follows `\u`; `start` is where the backslash stands.
    fn unicode_escape(&mut self, start: usize) -> Step<char> {
        let high = self.four_hex_digits()?;
        if !(0xd800..0xe000).contains(&high) {
            return char::from_u32(high).map_or_else(|| fail_at(start, JsonFault::LoneSurrogate), Ok);
        }
        if high >= 0xdc00 || !(self.eat(b'\\') && self.eat(b'u')) {
            return fail_at(start, JsonFault::LoneSurrogate);
        }
        let low = self.four_hex_digits()?;
        if !(0xdc00..0xe000).contains(&low) {
            return fail_at(start, JsonFault::LoneSurrogate);
        }
        let combined = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
        char::from_u32(combined).map_or_else(|| fail_at(start, JsonFault::LoneSurrogate), Ok)
    }

    fn four_hex_digits(&mut self) -> Step<u32> {
        let mut number = 0;
        for _ in 0..4 {
            match self.peek().and_then(|byte| char::from(byte).to_digit(16)) {
                Some(digit) => number = number * 16 + digit,
                None => return self.expected_or(JsonFault::Escape, "an escape"),
            }
            self.at += 1;
        }
        Ok(number)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Step<()> {
        if self.eat(byte) { Ok(()) } else { self.expected(what) }
    }

    fn skip_white_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expected<T>(&self, what: &'static str) -> Step<T> {
        self.expected_or(JsonFault::Expected(what), what)
    }

    /// Fails with `fault`, or, at the end of the document, with what was expected instead of the end.
    fn expected_or<T>(&self, fault: JsonFault, what: &'static str) -> Step<T> {
        self.fail(if self.peek().is_none() {
            JsonFault::End(what)
        } else {
            fault
        })
    }

    fn fail<T>(&self, fault: JsonFault) -> Step<T> {
        fail_at(self.at, fault)
    }
}

fn fail_at<T>(offset: usize, fault: JsonFault) -> Step<T> {
    Err(Box::new(Trace {
        offset,
        fault,
        steps: Vec::new(),
    }))
}
