//! Where a request goes: the base URL of a target, and one place (origin and exact request target) on it or elsewhere.
//!
//! Owns reading what a user types and what a registry writes into `Location`, without changing a byte of path or query:
//! a general URL library would normalise dot segments and escape characters, which are just what some cases are about.
//! Opens no connection.

use std::fmt;
use std::net::IpAddr;

/// The two schemes that are spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        })
    }
}

/// Scheme, host and port: what one connection reaches, and what a credential is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The scheme.
    pub scheme: Scheme,
    /// The host in lower case; an IPv6 address in brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Origin {
    /// `host`, or `host:port` where the port is not the scheme's own: the value of `Host`.
    pub fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            self.host.clone()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Whether it is spoken to over TLS.
    pub fn is_secure(&self) -> bool {
        self.scheme == Scheme::Https
    }

    /// Whether the host is this machine by name or address.
    pub fn is_loopback(&self) -> bool {
        match self.address() {
            Some(ip) => ip.is_loopback(),
            None => {
                let name = self.host.trim_end_matches('.');
                name == "localhost" || name.ends_with(".localhost")
            }
        }
    }

    /// Whether the host is an address that belongs to the local link or to no host at all, such as the metadata service
    /// of a cloud.
    pub fn is_link_local(&self) -> bool {
        self.address().is_some_and(is_link_local)
    }

    /// Why the registry at `base` may not send us here, with a redirect, the URL of an upload or a realm.
    pub(super) fn off_limits(&self, base: &Origin) -> Option<String> {
        if self.host == base.host {
            return None;
        }
        if self.is_link_local() {
            return Some(format!("{} is a link-local address", self.host));
        }
        let near = self.is_loopback() && !base.is_loopback();
        near.then(|| format!("{} is this machine, which the registry is not", self.host))
    }

    /// The host without brackets, for name resolution and TLS.
    pub(super) fn bare_host(&self) -> &str {
        self.host
            .strip_prefix('[')
            .and_then(|h| h.strip_suffix(']'))
            .unwrap_or(&self.host)
    }

    /// The address that the host is, in whichever form: systems also read `0x7f.1` and `2130706433` as one.
    fn address(&self) -> Option<IpAddr> {
        match url::Host::parse(&self.host).ok()? {
            url::Host::Ipv4(ip) => Some(IpAddr::V4(ip)),
            url::Host::Ipv6(ip) => Some(ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4)),
            url::Host::Domain(_) => None,
        }
    }
}

/// Whether an address is one that no registry may send us to, under whatever name.
pub(super) fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local() || ip.is_unspecified() || ip.is_broadcast(),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => is_link_local(IpAddr::V4(ip)),
            // fd00:ec2::254 is the IPv6 address of one cloud's metadata service.
            None => {
                ip.is_unicast_link_local()
                    || ip.is_unspecified()
                    || ip.segments() == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254]
            }
        },
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority())
    }
}

/// The target of a run: an origin, and what was assumed when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    /// Scheme, host and port.
    pub origin: Origin,
    /// What the user should know about how the target was read, if anything.
    pub note: Option<String>,
}

impl BaseUrl {
    /// The URL of a path (with query) on the target.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.origin.fmt(f)
    }
}

/// Why a target or a URL cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Nothing there.
    #[error("the registry is empty: give a URL such as https://registry.example")]
    Empty,
    /// Not http or https.
    #[error("scheme `{0}` is not supported: use http:// or https://")]
    Scheme(String),
    /// `user:password@` in a URL.
    #[error("credentials in the URL would end up in reports: use --username with the password on standard input")]
    Userinfo,
    /// A query or fragment in a target.
    #[error("a registry URL has no query and no fragment: leave out `{0}`")]
    Query(String),
    /// A path in a target.
    #[error(
        "a registry serves its API at the root (/v2/): leave out `{0}`; a repository prefix is set by --repo-prefix"
    )]
    Path(String),
    /// An address whose colons look like that of a port.
    #[error("write the IPv6 address in brackets: `[{0}]`, with the port behind them")]
    Bare(String),
    /// A host that is none.
    #[error("`{0}` is not a host name or address")]
    Host(String),
    /// A port that is none.
    #[error("`{0}` is not a port number")]
    Port(String),
    /// A `Location` that is no URL.
    #[error("`{0}` is not a URL reference")]
    Reference(String),
}

/// Reads what a user gives as the registry. `http://` and `https://` decide; without a scheme it is https, except for
/// `plain_http` and for this machine itself, where it is http with a note.
///
/// ```
/// use referee::client::normalise_target;
/// assert_eq!(normalise_target("registry.example", false).unwrap().to_string(), "https://registry.example");
/// assert_eq!(normalise_target("localhost:5000", false).unwrap().to_string(), "http://localhost:5000");
/// assert!(normalise_target("https://registry.example/team", false).is_err());
/// ```
pub fn normalise_target(text: &str, plain_http: bool) -> Result<BaseUrl, TargetError> {
    let text = text.trim();
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (Some(scheme_of(scheme)?), rest),
        None => (None, text),
    };
    if rest.is_empty() {
        return Err(TargetError::Empty);
    }
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    if authority.contains('@') {
        return Err(TargetError::Userinfo);
    }
    let path_end = tail.find(['?', '#']).unwrap_or(tail.len());
    let (path, query) = tail.split_at(path_end);
    if !query.is_empty() {
        return Err(TargetError::Query(query.to_owned()));
    }
    // The one path that people paste and that cannot mean anything else.
    if !matches!(path, "" | "/" | "/v2" | "/v2/") {
        return Err(TargetError::Path(path.to_owned()));
    }
    if let Some(scheme) = scheme {
        return Ok(BaseUrl {
            origin: origin_of(scheme, authority)?,
            note: None,
        });
    }
    let http = origin_of(Scheme::Http, authority)?;
    if plain_http {
        return Ok(BaseUrl {
            origin: http,
            note: None,
        });
    }
    if http.is_loopback() {
        let note = format!("using http:// for {authority}, which is this machine; write https:// to use TLS");
        return Ok(BaseUrl {
            origin: http,
            note: Some(note),
        });
    }
    Ok(BaseUrl {
        origin: origin_of(Scheme::Https, authority)?,
        note: None,
    })
}

/// Resolves a `Location` against the URL of the response that carried it, and appends query parameters.
///
/// Absolute, scheme-relative, path-absolute, query-only and relative references are understood
/// ([RFC 3986 section 5](https://www.rfc-editor.org/rfc/rfc3986#section-5),
/// [RFC 9110 section 10.2.2](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.2)). What the registry wrote stays as it
/// is, byte for byte, but for the dot segments of the path. A fragment and userinfo are dropped. The
/// parameters are appended as given: the caller has encoded what needs encoding.
pub fn resolve_location(base: &str, location: &str, query: &[(&str, &str)]) -> Result<String, TargetError> {
    let bad = || TargetError::Reference(super::exchange::escape(location.as_bytes()).0);
    let location = location.trim_matches([' ', '\t']);
    if location.is_empty() || location.chars().any(|c| c.is_ascii_control()) {
        return Err(bad());
    }
    let base = Place::parse(base)?;
    let reference = location.split('#').next().unwrap_or_default();
    let mut place = if let Some(scheme) = scheme_in(reference) {
        scheme_of(scheme)?;
        Place::parse(reference)?
    } else if reference.starts_with("//") {
        Place::parse(&format!("{}:{reference}", base.origin.scheme))?
    } else {
        let (base_path, _) = split_query(&base.target);
        let target = match reference.chars().next() {
            None => base.target.clone(),
            Some('/') => reference.to_owned(),
            Some('?') => format!("{base_path}{reference}"),
            Some(_) => {
                let folder = &base_path[..base_path.rfind('/').map_or(0, |slash| slash + 1)];
                format!("{folder}{reference}")
            }
        };
        Place {
            origin: base.origin,
            target,
        }
    };
    let (path, parameters) = split_query(&place.target);
    place.target = format!("{}{parameters}", without_dot_segments(path));
    for (key, value) in query {
        let mark = match place.target.chars().last() {
            Some('?' | '&') if place.target.contains('?') => "",
            _ if place.target.contains('?') => "&",
            _ => "?",
        };
        place.target.push_str(&format!("{mark}{key}={value}"));
    }
    Ok(place.url())
}

/// An origin and the request target on it, exactly as it goes into the request line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub origin: Origin,
    pub target: String,
}

impl Place {
    /// Splits an absolute URL. Path and query are kept as they are; userinfo and fragment are dropped.
    pub fn parse(url: &str) -> Result<Place, TargetError> {
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| TargetError::Reference(url.to_owned()))?;
        let scheme = scheme_of(scheme)?;
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let authority = authority.rsplit('@').next().unwrap_or_default();
        let target = target.split('#').next().unwrap_or_default();
        let target = if target.starts_with('/') {
            target.to_owned()
        } else {
            format!("/{target}")
        };
        Ok(Place {
            origin: origin_of(scheme, authority)?,
            target,
        })
    }

    /// The URL, for evidence. A target that is no path is set apart by a space.
    pub fn url(&self) -> String {
        let mut url = self.origin.to_string();
        if !self.target.starts_with('/') {
            url.push(' ');
        }
        url.push_str(&self.target);
        url
    }
}

fn scheme_of(scheme: &str) -> Result<Scheme, TargetError> {
    if scheme.eq_ignore_ascii_case("http") {
        Ok(Scheme::Http)
    } else if scheme.eq_ignore_ascii_case("https") {
        Ok(Scheme::Https)
    } else {
        Err(TargetError::Scheme(scheme.to_owned()))
    }
}

/// The scheme of a reference that has one: letters, digits, `+`, `-`, `.` before a colon that comes before any slash.
fn scheme_in(reference: &str) -> Option<&str> {
    let (scheme, _) = reference.split_once(':')?;
    let head = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    (head && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))).then_some(scheme)
}

fn origin_of(scheme: Scheme, authority: &str) -> Result<Origin, TargetError> {
    if authority.parse::<std::net::Ipv6Addr>().is_ok() {
        return Err(TargetError::Bare(authority.to_owned()));
    }
    // The last colon outside of the brackets of an IPv6 address.
    let colon = authority.rfind(':').filter(|colon| !authority[*colon..].contains(']'));
    let (host, port) = match colon {
        Some(colon) => (&authority[..colon], &authority[colon + 1..]),
        None => (authority, ""),
    };
    let port = match port {
        "" => scheme.default_port(),
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => digits
            .parse()
            .ok()
            .filter(|p| *p != 0)
            .ok_or_else(|| TargetError::Port(digits.to_owned()))?,
        other => return Err(TargetError::Port(other.to_owned())),
    };
    match url::Host::parse(host) {
        Ok(host) => Ok(Origin {
            scheme,
            host: host.to_string(),
            port,
        }),
        Err(_) => Err(TargetError::Host(host.to_owned())),
    }
}

fn split_query(target: &str) -> (&str, &str) {
    target.split_at(target.find('?').unwrap_or(target.len()))
}

fn without_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            other => kept.push(other),
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_as_users_mean_them() {
        let read = |text| normalise_target(text, false).map(|b| b.to_string());
        for (text, expected) in [
            ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
            ("HTTPS://Registry.Example/", "https://registry.example"),
            ("https://registry.example:443/v2/", "https://registry.example"),
            ("registry.example:8443", "https://registry.example:8443"),
            ("localhost", "http://localhost"),
            ("[::1]:5000", "http://[::1]:5000"),
            ("https://localhost:5000", "https://localhost:5000"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(expected));
        }
        assert!(normalise_target("127.0.0.1:1", false).unwrap().note.is_some());
        assert_eq!(
            normalise_target("a.example", true).unwrap().to_string(),
            "http://a.example"
        );
    }

    #[test]
    fn other_targets_are_refused_with_advice() {
        for (text, part) in [
            ("", "empty"),
            ("https://", "empty"),
            ("oci://a.example", "scheme `oci`"),
            ("https://u:p@a.example", "--username"),
            ("https://a.example?x=1", "no query"),
            ("https://a.example/team", "--repo-prefix"),
            ("a.example/team", "--repo-prefix"),
            ("a.example:port", "`port` is not a port"),
            ("a.example:99999", "not a port"),
            ("https://:5000", "not a host"),
            ("https://a b", "not a host"),
        ] {
            let message = normalise_target(text, false).unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    #[test]
    fn locations_resolve_without_a_change() {
        let base = "https://a.example:8443/v2/x/blobs/uploads/?mount=1";
        for (location, expected) in [
            (
                "https://b.example/up?_state=a%2Fb==&c",
                "https://b.example/up?_state=a%2Fb==&c",
            ),
            ("http://a.example:8443", "http://a.example:8443/"),
            ("//b.example/p", "https://b.example/p"),
            ("/v2/x/../y", "https://a.example:8443/v2/y"),
            ("/v2/x/..a/.b/y?c=/../d", "https://a.example:8443/v2/x/..a/.b/y?c=/../d"),
            ("https://b.example/v2/x/.././y//z/", "https://b.example/v2/y//z/"),
            ("?n=1", "https://a.example:8443/v2/x/blobs/uploads/?n=1"),
            ("uuid-1", "https://a.example:8443/v2/x/blobs/uploads/uuid-1"),
            ("../../z?a=../b", "https://a.example:8443/v2/x/z?a=../b"),
            ("./", "https://a.example:8443/v2/x/blobs/uploads/"),
            ("../../../../../..", "https://a.example:8443/"),
            ("/p#f", "https://a.example:8443/p"),
            (" /p ", "https://a.example:8443/p"),
            ("https://u:p@b.example/", "https://b.example/"),
            ("/a:b", "https://a.example:8443/a:b"),
        ] {
            assert_eq!(
                resolve_location(base, location, &[]).as_deref(),
                Ok(expected),
                "{location}"
            );
        }
        for location in [
            "",
            " ",
            "file:///etc/passwd",
            "http://",
            "https:///x",
            "/a\r\nb",
            "javascript:1",
            "http:x",
        ] {
            assert!(resolve_location(base, location, &[]).is_err(), "{location}");
        }
    }

    #[test]
    fn parameters_are_appended_as_given() {
        let append =
            |location| resolve_location("http://a.example/", location, &[("digest", "sha256:0"), ("x", "%zz")]);
        assert_eq!(append("/u").unwrap(), "http://a.example/u?digest=sha256:0&x=%zz");
        assert_eq!(
            append("/u?s=a%20b+").unwrap(),
            "http://a.example/u?s=a%20b+&digest=sha256:0&x=%zz"
        );
        assert_eq!(append("/u?").unwrap(), "http://a.example/u?digest=sha256:0&x=%zz");
        assert_eq!(append("/u?a&").unwrap(), "http://a.example/u?a&digest=sha256:0&x=%zz");
    }

    #[test]
    fn addresses_are_seen_through_their_spellings() {
        let origin = |url| Place::parse(url).unwrap().origin;
        for url in [
            "http://169.254.169.254/",
            "http://[fe80::1]/",
            "http://[::ffff:169.254.1.1]/",
            "http://0xa9fea9fe/",
        ] {
            assert!(origin(url).is_link_local(), "{url}");
        }
        for url in [
            "http://127.1/",
            "http://[::1]/",
            "http://LOCALHOST/",
            "http://2130706433/",
        ] {
            assert!(origin(url).is_loopback(), "{url}");
        }
        assert!(!origin("http://127.0.0.1.example/").is_loopback());
    }
}
