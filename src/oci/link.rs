//! The `Link` header field, after [RFC 8288, section 3](https://www.rfc-editor.org/rfc/rfc8288#section-3).
//!
//! Lists that come in pages name the next page in it. This file does not resolve a target against the URL that it came
//! from, and has no opinion on where a target may lead.

use std::fmt;
use std::str::FromStr;

use crate::oci::header_syntax::{QuotedError, Scanner, write_value};

/// One link: a target and what is said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    target: String,
    parameters: Vec<(String, Option<String>)>,
}

impl Link {
    /// A link to `target` with one relation type, which is how a next page is named. A `>` in the target, which would end
    /// it, is percent-encoded.
    pub fn new(target: &str, rel: &str) -> Self {
        Self {
            target: target.replace('>', "%3E"),
            parameters: vec![("rel".to_owned(), Some(rel.to_owned()))],
        }
    }

    /// What stood between the angle brackets: a URI reference, not checked any further.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The parameters in their order, names in lower case; `None` where a parameter has no value.
    pub fn parameters(&self) -> &[(String, Option<String>)] {
        &self.parameters
    }

    /// The relation types. Only the first `rel` parameter counts; it may hold several, separated by white space.
    pub fn rels(&self) -> impl Iterator<Item = &str> {
        let rel = self.parameters.iter().find(|(name, _)| name == "rel");
        rel.and_then(|(_, value)| value.as_deref())
            .unwrap_or_default()
            .split_ascii_whitespace()
    }

    /// Whether this relation type is among them, in any case.
    pub fn has_rel(&self, rel: &str) -> bool {
        self.rels().any(|known| known.eq_ignore_ascii_case(rel))
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.target)?;
        for (name, value) in &self.parameters {
            write!(f, "; {name}")?;
            if let Some(value) = value {
                f.write_str("=")?;
                write_value(f, value)?;
            }
        }
        Ok(())
    }
}

/// The links of a field's value, in their order. Values of several fields may be joined with a comma first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links(Vec<Link>);

impl Links {
    /// Reads what a tolerant client would understand, and reports what it had to overlook.
    ///
    /// It understands a target without angle brackets, as registries are known to send, up to the first comma, semicolon
    /// or white space, and steps over anything it cannot read up to the next comma.
    pub fn tolerant(text: &str) -> (Self, Vec<Oddity>) {
        let mut links = Vec::new();
        let mut oddities = Vec::new();
        let mut scanner = Scanner::new(text);
        loop {
            skip_separators(&mut scanner);
            if scanner.is_at_end() {
                return (Self(links), oddities);
            }
            let at = scanner.at();
            let unquoted = scanner.peek() != Some(b'<');
            let read = if unquoted {
                let target = scanner
                    .take_while(|byte| !matches!(byte, b',' | b';' | b' ' | b'\t'))
                    .to_owned();
                if target.is_empty() {
                    Err(LinkError::NoTarget { at })
                } else {
                    parse_parameters(&mut scanner).map(|parameters| Link { target, parameters })
                }
            } else {
                parse_link(&mut scanner)
            };
            match read {
                Ok(link) => {
                    if unquoted {
                        oddities.push(Oddity::UnquotedTarget { at });
                    }
                    links.push(link);
                }
                Err(error) => {
                    oddities.push(Oddity::Unreadable(error));
                    scanner.take_while(|byte| byte != b',');
                }
            }
        }
    }

    /// The first link with this relation type.
    pub fn find(&self, rel: &str) -> Option<&Link> {
        self.0.iter().find(|link| link.has_rel(rel))
    }

    /// The link to the next page.
    pub fn next(&self) -> Option<&Link> {
        self.find("next")
    }

    /// All links in their order.
    pub fn as_slice(&self) -> &[Link] {
        &self.0
    }
}

impl From<Link> for Links {
    fn from(link: Link) -> Self {
        Self(vec![link])
    }
}

impl FromStr for Links {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        let mut links = Vec::new();
        let mut scanner = Scanner::new(text);
        loop {
            skip_separators(&mut scanner);
            if scanner.is_at_end() {
                return Ok(Self(links));
            }
            links.push(parse_link(&mut scanner)?);
        }
    }
}

impl fmt::Display for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, link) in self.0.iter().enumerate() {
            write!(f, "{}{link}", if at > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

/// What [`Links::tolerant`] had to overlook.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Oddity {
    /// A target without angle brackets starts at this byte.
    #[error("the target at byte {at} is not in angle brackets")]
    UnquotedTarget {
        /// Where it starts.
        at: usize,
    },
    /// A link could not be read at all.
    #[error(transparent)]
    Unreadable(#[from] LinkError),
}

/// Why a value is no list of links. Positions are byte offsets into it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// A link does not start with `<`.
    #[error("expected '<' before the target at byte {at}")]
    NoTarget {
        /// Where it was expected.
        at: usize,
    },
    /// The target has no `>` after it.
    #[error("the target at byte {at} has no '>' after it")]
    UnterminatedTarget {
        /// Where the target starts.
        at: usize,
    },
    /// A character that no URI has stands in the target.
    #[error("byte {at} may not stand in a target")]
    TargetCharacter {
        /// Where it stands.
        at: usize,
    },
    /// Something other than a parameter or the next link follows.
    #[error("expected a parameter or the next link at byte {at}")]
    Parameter {
        /// Where it was expected.
        at: usize,
    },
    /// A parameter has an equals sign and no value after it.
    #[error("expected a value at byte {at}")]
    Value {
        /// Where it was expected.
        at: usize,
    },
    /// A quoted string has no end.
    #[error("the quoted string at byte {at} has no end")]
    UnterminatedString {
        /// Where it starts.
        at: usize,
    },
    /// A control character stands in a quoted string.
    #[error("byte {at} may not stand in a quoted string")]
    Control {
        /// Where it stands.
        at: usize,
    },
}

/// Commas and white space between links: empty elements are allowed in any list of a header field.
fn skip_separators(scanner: &mut Scanner<'_>) {
    scanner.take_while(|byte| matches!(byte, b',' | b' ' | b'\t'));
}

/// Reads one link, up to the comma or the end after it.
fn parse_link(scanner: &mut Scanner<'_>) -> Result<Link, LinkError> {
    let at = scanner.at();
    if !scanner.eat(b'<') {
        return Err(LinkError::NoTarget { at });
    }
    let start = scanner.at();
    let target = scanner.take_while(|byte| byte != b'>');
    if !scanner.eat(b'>') {
        return Err(LinkError::UnterminatedTarget { at: start });
    }
    if let Some(offset) = target
        .bytes()
        .position(|byte| byte <= b' ' || byte == b'<' || byte == 0x7f)
    {
        return Err(LinkError::TargetCharacter { at: start + offset });
    }
    Ok(Link {
        target: target.to_owned(),
        parameters: parse_parameters(scanner)?,
    })
}

/// Reads parameters up to the comma or the end after them.
fn parse_parameters(scanner: &mut Scanner<'_>) -> Result<Vec<(String, Option<String>)>, LinkError> {
    let mut parameters = Vec::new();
    loop {
        scanner.skip_white_space();
        if scanner.is_at_end() || scanner.peek() == Some(b',') {
            return Ok(parameters);
        }
        if !scanner.eat(b';') {
            return Err(LinkError::Parameter { at: scanner.at() });
        }
        scanner.skip_white_space();
        let name = scanner.token().to_ascii_lowercase();
        if name.is_empty() {
            // An empty parameter is within the grammar: `<a>; ; rel=next` and `<a>;`.
            continue;
        }
        scanner.skip_white_space();
        let mut value = None;
        if scanner.eat(b'=') {
            scanner.skip_white_space();
            value = Some(parse_value(scanner)?);
        }
        parameters.push((name, value));
    }
}

fn parse_value(scanner: &mut Scanner<'_>) -> Result<String, LinkError> {
    let at = scanner.at();
    match scanner.quoted_string() {
        Some(Ok(value)) => Ok(value),
        Some(Err(QuotedError::Unterminated)) => Err(LinkError::UnterminatedString { at }),
        Some(Err(QuotedError::Control(at))) => Err(LinkError::Control { at }),
        None => match scanner.token() {
            "" => Err(LinkError::Value { at }),
            token => Ok(token.to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn next(text: &str) -> Option<String> {
        text.parse::<Links>()
            .unwrap()
            .next()
            .map(|link| link.target().to_owned())
    }

    #[test]
    fn the_next_page_is_found() {
        let target = Some("/v2/a/tags/list?n=2&last=b".to_owned());
        assert_eq!(next(r#"</v2/a/tags/list?n=2&last=b>; rel="next""#), target);
        assert_eq!(next("</v2/a/tags/list?n=2&last=b>;rel=next"), target);
        assert_eq!(
            next("</v2/a/tags/list?n=2&last=b> ; REL = \"prev NEXT\" ; title=\"a, <b>; rel=x\""),
            target
        );
        assert_eq!(
            next(r#"</x>; rel="prev", </v2/a/tags/list?n=2&last=b>; rel="next""#),
            target
        );
        assert_eq!(next(r#"</x>; rel="prev"; rel="next""#), None);
        assert_eq!(next(r#"</x>; rel="nextish""#), None);
        assert_eq!(next("</x>; rel"), None);
        assert_eq!(next(""), None);
    }

    #[test]
    fn commas_and_semicolons_inside_a_target_belong_to_it() {
        let links: Links = "<http://a/b,c;d>; rel=next, , <e>;; x".parse().unwrap();
        assert_eq!(links.as_slice()[0].target(), "http://a/b,c;d");
        assert_eq!(links.as_slice()[1].parameters(), [("x".to_owned(), None)]);
        assert_eq!(links.to_string(), "<http://a/b,c;d>; rel=next, <e>; x");
    }

    #[test]
    fn each_mistake_has_its_own_error() {
        let error = |text: &str| text.parse::<Links>().unwrap_err();
        assert_eq!(error("/a; rel=next"), LinkError::NoTarget { at: 0 });
        assert_eq!(error("</a; rel=next"), LinkError::UnterminatedTarget { at: 1 });
        assert_eq!(error("</a b>"), LinkError::TargetCharacter { at: 3 });
        assert_eq!(error("</a\r\n>"), LinkError::TargetCharacter { at: 3 });
        assert_eq!(error("</a> rel=next"), LinkError::Parameter { at: 5 });
        assert_eq!(error("</a>; rel="), LinkError::Value { at: 10 });
        assert_eq!(error("</a>; rel=\"next"), LinkError::UnterminatedString { at: 10 });
        assert_eq!(error("</a>; rel=\"\u{7}\""), LinkError::Control { at: 11 });
    }

    #[test]
    fn a_tolerant_reader_reports_an_unquoted_target() {
        let (links, oddities) = Links::tolerant("/v2/a/tags/list?last=b; rel=\"next\"");
        assert_eq!(links.next().unwrap().target(), "/v2/a/tags/list?last=b");
        assert_eq!(oddities, [Oddity::UnquotedTarget { at: 0 }]);
        let (links, oddities) = Links::tolerant("<a>; =, <b>; rel=next");
        assert_eq!(links.next().unwrap().target(), "b");
        assert_eq!(oddities, [Oddity::Unreadable(LinkError::Parameter { at: 5 })]);
        assert_eq!(
            Links::tolerant("; rel=next").1,
            [Oddity::Unreadable(LinkError::NoTarget { at: 0 })]
        );
        assert_eq!(Links::tolerant("<a>; rel=next").1, []);
    }

    #[test]
    fn a_new_link_parses_back() {
        let link = Link::new("/v2/a/tags/list?last=>;,\"", "next");
        assert_eq!(link.to_string().parse(), Ok(Links::from(link)));
    }

    proptest! {
        #[test]
        fn printing_parses_back(text in r#"(<[!-;=?-~]{0,9}>( ?; ?[a-zR]{0,4}(=[a-z]{1,3}|="[ -~é]{0,6}")?){0,3},? ?){0,3}"#) {
            if let Ok(links) = text.parse::<Links>() {
                prop_assert_eq!(Links::tolerant(&text), (links.clone(), Vec::new()));
                prop_assert_eq!(links.to_string().parse(), Ok(links));
            }
        }

        #[test]
        fn never_panics(text in r#"[<>,;="a \\\PC]{0,30}"#) {
            let _ = text.parse::<Links>();
            let _ = Links::tolerant(&text);
        }
    }
}
