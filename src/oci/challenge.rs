//! The `WWW-Authenticate` header field: by which schemes, and with what parameters, a registry wants to be told who asks.
//!
//! Follows [RFC 9110, section 11.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1) and, for the scopes of
//! tokens, [the token specification of the distribution project](https://distribution.github.io/distribution/spec/auth/scope/).
//! Reading never fails: what is not as it should be is reported beside what could be understood. It does not know any
//! credentials, nor where a realm may lead.

use std::fmt;
use std::str::FromStr;

use crate::oci::header_syntax::{QuotedError, Scanner, write_quoted};

/// The most challenges that are read from one value.
pub const MAX_CHALLENGES: usize = 32;

/// The most parameters that are read for one challenge.
pub const MAX_PARAMETERS: usize = 64;

/// The most oddities that are reported for one value.
pub const MAX_ODDITIES: usize = 64;

/// An authentication scheme.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// User name and password.
    Basic,
    /// A token, to be fetched from the realm.
    Bearer,
    /// Any other, as it was written.
    Other(String),
}

impl Scheme {
    /// The scheme of this name, in any case.
    pub fn parse(name: &str) -> Self {
        if name.eq_ignore_ascii_case("basic") {
            Self::Basic
        } else if name.eq_ignore_ascii_case("bearer") {
            Self::Bearer
        } else {
            Self::Other(name.to_owned())
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic => "Basic",
            Self::Bearer => "Bearer",
            Self::Other(name) => name,
        })
    }
}

/// One way to authenticate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme.
    pub scheme: Scheme,
    /// The parameters in their order, names in lower case. No name repeats.
    pub parameters: Vec<(String, String)>,
    /// The opaque text that some schemes have instead of parameters.
    pub token68: Option<String>,
}

impl Challenge {
    /// A challenge without parameters.
    pub fn new(scheme: Scheme) -> Self {
        Self {
            scheme,
            parameters: Vec::new(),
            token68: None,
        }
    }

    /// The same challenge with one more parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// The value of the parameter of this (lower-case) name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// For Bearer the URL to fetch a token from, for Basic a name to show to people.
    pub fn realm(&self) -> Option<&str> {
        self.parameter("realm")
    }

    /// The service that the token shall be for.
    pub fn service(&self) -> Option<&str> {
        self.parameter("service")
    }

    /// The scopes that the token shall have, as text; see [`Scope`].
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.parameter("scope").unwrap_or_default().split_ascii_whitespace()
    }

    /// Why a token that was sent did not do.
    pub fn error(&self) -> Option<&str> {
        self.parameter("error")
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.scheme)?;
        if let Some(token68) = &self.token68 {
            write!(f, " {token68}")?;
        }
        for (at, (name, value)) in self.parameters.iter().enumerate() {
            write!(f, "{}{name}=", if at > 0 { "," } else { " " })?;
            write_quoted(f, value)?;
        }
        Ok(())
    }
}

/// All challenges of a value, and what was odd about it. Values of several fields may be joined with a comma first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Challenges {
    /// The challenges in their order.
    pub challenges: Vec<Challenge>,
    /// What was not as it should be, in the order of the text.
    pub oddities: Vec<Oddity>,
}

impl Challenges {
    /// Reads a value as far as it can be understood.
    pub fn parse(text: &str) -> Self {
        let mut reader = Reader {
            scanner: Scanner::new(text),
            text,
            read: Self::default(),
        };
        reader.run();
        reader.read
    }

    /// The first challenge with this scheme.
    pub fn find(&self, scheme: &Scheme) -> Option<&Challenge> {
        self.challenges.iter().find(|challenge| challenge.scheme == *scheme)
    }
}

impl fmt::Display for Challenges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, challenge) in self.challenges.iter().enumerate() {
            write!(f, "{}{challenge}", if at > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

/// Something that is not as it should be. Positions are byte offsets into the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Oddity {
    /// A value that is no token stands without quotes, or a realm does, for which quotes are always demanded.
    #[error("the value of {name} at byte {at} is not in quotes")]
    Unquoted {
        /// The name of the parameter.
        name: String,
        /// Where its value starts.
        at: usize,
    },
    /// White space stands around an equals sign.
    #[error("white space stands around the equals sign at byte {at}")]
    Spacing {
        /// Where the equals sign stands.
        at: usize,
    },
    /// No comma stands between two parameters or challenges.
    #[error("a comma is missing at byte {at}")]
    MissingComma {
        /// Where it should stand.
        at: usize,
    },
    /// A parameter stands before any scheme, or after a scheme that has an opaque text already.
    #[error("the parameter at byte {at} belongs to no scheme")]
    NoScheme {
        /// Where it stands.
        at: usize,
    },
    /// A parameter stands twice; the first counts.
    #[error("the parameter {name} is repeated")]
    Repeated {
        /// Its name.
        name: String,
    },
    /// A quoted string has no end or a control character in it; the parameter is left out.
    #[error("the quoted string at byte {at} is broken")]
    BrokenString {
        /// Where it starts.
        at: usize,
    },
    /// Something that is neither scheme nor parameter; it is skipped up to the next comma.
    #[error("byte {at} starts neither a scheme nor a parameter")]
    Unreadable {
        /// Where it starts.
        at: usize,
    },
    /// More challenges or parameters than are read; the rest is left out.
    #[error("there are more challenges or parameters than are read")]
    TooMany,
}

/// What a token allows: actions on one resource, written `type:name:action,action`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The type of the resource, `repository` or `registry` in practice.
    pub resource_type: String,
    /// The name of the resource. It may have colons.
    pub name: String,
    /// The actions, possibly none.
    pub actions: Vec<String>,
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let (resource_type, rest) = text.split_once(':').ok_or(ScopeError)?;
        let (name, actions) = rest.rsplit_once(':').ok_or(ScopeError)?;
        if resource_type.is_empty() || name.is_empty() || text.contains(char::is_whitespace) {
            return Err(ScopeError);
        }
        let actions = actions
            .split(',')
            .filter(|action| !action.is_empty())
            .map(str::to_owned)
            .collect();
        Ok(Self {
            resource_type: resource_type.to_owned(),
            name: name.to_owned(),
            actions,
        })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.resource_type, self.name, self.actions.join(","))
    }
}

/// A text is not of the form `type:name:actions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the scope is not of the form type:name:actions")]
pub struct ScopeError;

struct Reader<'a> {
    scanner: Scanner<'a>,
    text: &'a str,
    read: Challenges,
}

impl Reader<'_> {
    fn run(&mut self) {
        // What may follow without a comma: anything at the start, and a parameter after its scheme.
        let mut anything = true;
        let mut parameter = false;
        loop {
            let separated = self
                .scanner
                .take_while(|byte| matches!(byte, b',' | b' ' | b'\t'))
                .contains(',');
            if self.scanner.is_at_end() {
                return;
            }
            let at = self.scanner.at();
            let name = self.scanner.token().to_owned();
            let is_parameter = !name.is_empty() && self.is_parameter();
            if !(separated || anything || (parameter && is_parameter)) {
                self.note(Oddity::MissingComma { at });
            }
            (anything, parameter) = (false, !name.is_empty() && !is_parameter);
            if name.is_empty() {
                self.note(Oddity::Unreadable { at });
                self.scanner.take_while(|byte| byte != b',');
            } else if !(if is_parameter {
                self.parameter(at, name)
            } else {
                self.scheme(&name)
            }) {
                self.note(Oddity::TooMany);
                return;
            }
        }
    }

    /// Whether the token that was just read is the name of a parameter.
    fn is_parameter(&self) -> bool {
        let mut ahead = self.scanner.clone();
        ahead.skip_white_space();
        ahead.peek() == Some(b'=')
    }

    /// Takes `name` as a scheme, with the opaque text after it if there is one; false if there are too many.
    fn scheme(&mut self, name: &str) -> bool {
        if self.read.challenges.len() == MAX_CHALLENGES {
            return false;
        }
        let mut challenge = Challenge::new(Scheme::parse(name));
        let mut ahead = self.scanner.clone();
        if ahead.skip_white_space() && matches!(challenge.scheme, Scheme::Other(_)) {
            let start = ahead.at();
            let body = ahead.take_while(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte));
            ahead.take_while(|byte| byte == b'=');
            let end = ahead.at();
            ahead.skip_white_space();
            if !body.is_empty() && (ahead.is_at_end() || ahead.peek() == Some(b',')) {
                challenge.token68 = self.text.get(start..end).map(str::to_owned);
                self.scanner.skip_to(end);
            }
        }
        self.read.challenges.push(challenge);
        true
    }

    /// Reads the rest of the parameter `name`; false if there are too many.
    fn parameter(&mut self, at: usize, name: String) -> bool {
        let spaced = self.scanner.skip_white_space();
        let equals = self.scanner.at();
        self.scanner.eat(b'=');
        if self.scanner.skip_white_space() || spaced {
            self.note(Oddity::Spacing { at: equals });
        }
        let name = name.to_ascii_lowercase();
        let Some(value) = self.value(&name) else {
            return true;
        };
        let last = self.read.challenges.last_mut();
        let Some(challenge) = last.filter(|challenge| challenge.token68.is_none()) else {
            self.note(Oddity::NoScheme { at });
            return true;
        };
        if challenge.parameters.iter().any(|(known, _)| *known == name) {
            self.note(Oddity::Repeated { name });
            return true;
        }
        if challenge.parameters.len() == MAX_PARAMETERS {
            return false;
        }
        challenge.parameters.push((name, value));
        true
    }

    fn value(&mut self, name: &str) -> Option<String> {
        let at = self.scanner.at();
        match self.scanner.quoted_string() {
            Some(Ok(value)) => Some(value),
            Some(Err(error)) => {
                self.note(Oddity::BrokenString { at });
                if let QuotedError::Control(place) = error {
                    self.scanner.skip_to(place);
                    self.scanner.take_while(|byte| byte != b',');
                }
                None
            }
            None => {
                let token = self.scanner.token();
                let rest = self
                    .scanner
                    .take_while(|byte| byte > b' ' && byte != b',' && byte != 0x7f);
                if name == "realm" || token.is_empty() || !rest.is_empty() {
                    self.note(Oddity::Unquoted {
                        name: name.to_owned(),
                        at,
                    });
                }
                Some(format!("{token}{rest}"))
            }
        }
    }

    fn note(&mut self, oddity: Oddity) {
        if self.read.oddities.len() < MAX_ODDITIES {
            self.read.oddities.push(oddity);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn regular(text: &str) -> Vec<Challenge> {
        let read = Challenges::parse(text);
        assert_eq!(read.oddities, [], "{text}");
        read.challenges
    }

    #[test]
    fn a_bearer_challenge_says_where_the_token_is() {
        let text = r#"Bearer realm="https://auth.example/token",service="registry.example", scope="repository:a/b:pull,push repository:c:pull",error="invalid_token""#;
        let challenges = regular(text);
        let [bearer] = challenges.as_slice() else {
            panic!("{challenges:?}")
        };
        assert_eq!(bearer.scheme, Scheme::Bearer);
        assert_eq!(bearer.realm(), Some("https://auth.example/token"));
        assert_eq!(bearer.service(), Some("registry.example"));
        assert_eq!(
            bearer.scopes().collect::<Vec<_>>(),
            ["repository:a/b:pull,push", "repository:c:pull"]
        );
        assert_eq!(bearer.error(), Some("invalid_token"));
    }

    #[test]
    fn several_challenges_are_kept_apart() {
        let challenges =
            regular(r#"Negotiate, NTLM abc==, basic realm="a, \"b\"", Digest qop=auth , nonce="x",Bearer"#);
        let schemes: Vec<_> = challenges
            .iter()
            .map(|challenge| challenge.scheme.to_string())
            .collect();
        assert_eq!(schemes, ["Negotiate", "NTLM", "Basic", "Digest", "Bearer"]);
        assert_eq!(challenges[1].token68.as_deref(), Some("abc=="));
        assert_eq!(challenges[2].realm(), Some("a, \"b\""));
        assert_eq!(challenges[3].parameters.len(), 2);
    }

    #[test]
    fn odd_values_are_understood_and_reported() {
        let odd = |text: &str| {
            let read = Challenges::parse(text);
            (read.to_string(), read.oddities)
        };
        let unquoted = |name: &str, at| Oddity::Unquoted {
            name: name.to_owned(),
            at,
        };
        assert_eq!(
            odd("Bearer realm=https://a/t,service=b"),
            (
                r#"Bearer realm="https://a/t",service="b""#.to_owned(),
                vec![unquoted("realm", 13)]
            )
        );
        assert_eq!(
            odd(r#"Basic realm = "a" charset="b""#),
            (
                r#"Basic realm="a",charset="b""#.to_owned(),
                vec![Oddity::Spacing { at: 12 }, Oddity::MissingComma { at: 18 }]
            )
        );
        assert_eq!(odd(r#"realm="a""#), (String::new(), vec![Oddity::NoScheme { at: 0 }]));
        assert_eq!(
            odd("Basic realm=\"a"),
            ("Basic".to_owned(), vec![Oddity::BrokenString { at: 12 }])
        );
        assert_eq!(odd("Basic realm=\"a\nb\", x=y").1, [Oddity::BrokenString { at: 12 }]);
        assert_eq!(odd("Basic x=y, X=z").1, [Oddity::Repeated { name: "x".to_owned() }]);
        assert_eq!(odd("Basic x=").1, [unquoted("x", 8)]);
        assert_eq!(odd("Other x=").1, []);
        assert_eq!(odd("Other x=, y=z").1, [Oddity::NoScheme { at: 10 }]);
        assert_eq!(odd("Basic Bearer").1, [Oddity::MissingComma { at: 6 }]);
        assert_eq!(odd("Basic x=,y=z").1, [unquoted("x", 8)]);
        assert_eq!(
            odd("{\"a\"}, Basic a=b"),
            ("Basic a=\"b\"".to_owned(), vec![Oddity::Unreadable { at: 0 }])
        );
    }

    #[test]
    fn what_is_read_is_bounded() {
        let many = Challenges::parse(&"Basic,".repeat(1000));
        assert_eq!(
            (many.challenges.len(), many.oddities),
            (MAX_CHALLENGES, vec![Oddity::TooMany])
        );
        let text: String = (0..1000).map(|number| format!("p{number}=x,")).collect();
        let wide = Challenges::parse(&format!("Basic {text}"));
        assert_eq!(wide.challenges[0].parameters.len(), MAX_PARAMETERS);
        assert_eq!(Challenges::parse(&"\u{1},".repeat(1000)).oddities.len(), MAX_ODDITIES);
    }

    #[test]
    fn a_scope_may_have_colons_in_its_name() {
        let scope: Scope = "repository:localhost:5000/a:pull,push".parse().unwrap();
        assert_eq!(scope.name, "localhost:5000/a");
        assert_eq!(scope.actions, ["pull", "push"]);
        assert_eq!(scope.to_string().parse(), Ok(scope));
        assert_eq!("registry:catalog:*".parse::<Scope>().unwrap().resource_type, "registry");
        for text in [
            "",
            "repository",
            "repository:a",
            ":a:pull",
            "repository::pull",
            "repository:a b:pull",
        ] {
            assert_eq!(text.parse::<Scope>(), Err(ScopeError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn printing_parses_back(text in r#"((Basic|Bearer|X-y)( [a-c]{1,2} ?= ?([a-z:/]{0,4}|"[ -~é]{0,5}"),?| [a-z+/]{0,4}=?,?){0,3},? ?){0,4}"#) {
            let read = Challenges::parse(&text);
            prop_assert_eq!(Challenges::parse(&read.to_string()), Challenges { oddities: vec![], ..read });
        }

        #[test]
        fn never_panics(text in r#"[a-c=," \\\t\PC]{0,40}"#) {
            let read = Challenges::parse(&text);
            prop_assert_eq!(Challenges::parse(&read.to_string()).challenges, read.challenges);
        }
    }
}
