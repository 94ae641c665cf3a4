//! Demands on header fields.

use url::Url;

use super::{Mismatch, pattern};
use crate::case::{HeaderMatcher, HeaderOp, LinkMatcher};
use crate::client::Answer;
use crate::content::{Scope, ScopeError};
use crate::oci::digest::{Algorithm, Digest};
use crate::oci::link::Links;
use crate::oci::media_type::MediaType;

pub(super) fn compare(matcher: &HeaderMatcher, answer: &Answer, scope: &Scope) -> Result<Option<Mismatch>, ScopeError> {
    let values = values_of(matcher, answer);
    let subject = format!("header {}", matcher.name);
    if values.is_empty() {
        let fine = matcher.optional || matches!(matcher.op, HeaderOp::Absent | HeaderOp::ListLacks(_));
        let missing = || {
            Ok(Mismatch::new(
                subject,
                expected(&matcher.op, answer, scope)?,
                "no such header",
            ))
        };
        return if fine { Ok(None) } else { missing().map(Some) };
    }
    if holds(&matcher.op, &values, answer, scope)? {
        return Ok(None);
    }
    Ok(Some(Mismatch::new(
        subject,
        expected(&matcher.op, answer, scope)?,
        values.join(", "),
    )))
}

/// A link of a relation is there, or is not.
pub(super) fn link(matcher: &LinkMatcher, answer: &Answer) -> Option<Mismatch> {
    let text = answer.headers_all("Link").collect::<Vec<_>>().join(", ");
    let (links, _) = Links::tolerant(&text);
    let found = links.find(&matcher.rel).is_some();
    (found != matcher.present).then(|| {
        let expected = if matcher.present { "a link" } else { "no link" };
        let actual = if text.is_empty() {
            "no Link header".to_string()
        } else {
            text.clone()
        };
        Mismatch::new("header Link", format!("{expected} with rel={}", matcher.rel), actual)
    })
}

/// The values of the field. A digest header that the last answer lacks may stand on a redirect that led to it: storage
/// behind a registry does not know the header, and the text does not say which of the answers has to carry it.
fn values_of<'a>(matcher: &'a HeaderMatcher, answer: &'a Answer) -> Vec<&'a str> {
    let values: Vec<&str> = answer.headers_all(&matcher.name).collect();
    let digest = matches!(matcher.op, HeaderOp::DigestOf(_) | HeaderOp::DigestOfBody)
        || (matches!(matcher.op, HeaderOp::Present) && matcher.name.eq_ignore_ascii_case("Docker-Content-Digest"));
    if values.is_empty() && digest {
        return answer
            .exchange
            .hops
            .iter()
            .filter_map(|hop| hop.response.header(&matcher.name))
            .collect();
    }
    values
}

fn holds(op: &HeaderOp, values: &[&str], answer: &Answer, scope: &Scope) -> Result<bool, ScopeError> {
    let every = |test: &dyn Fn(&str) -> bool| values.iter().all(|value| test(value));
    Ok(match op {
        HeaderOp::Equals(template) => {
            let wanted = scope.text(template)?;
            every(&|value| value == wanted)
        }
        HeaderOp::OneOf(templates) => {
            let wanted = templates.iter().map(|t| scope.text(t)).collect::<Result<Vec<_>, _>>()?;
            every(&|value| wanted.iter().any(|w| w == value))
        }
        HeaderOp::Present => true,
        HeaderOp::Absent => false,
        // The loader refuses expressions that do not compile.
        HeaderOp::Matches(pattern) => every(&|value| pattern::finds(pattern, value.as_bytes())),
        HeaderOp::ListContains(template) => {
            let wanted = scope.text(template)?;
            elements(values).any(|element| element == wanted)
        }
        HeaderOp::ListLacks(template) => {
            let unwanted = scope.text(template)?;
            !elements(values).any(|element| element == unwanted)
        }
        HeaderOp::MediaType(template) => {
            let wanted = scope.text(template)?;
            every(&|value| {
                value
                    .parse::<MediaType>()
                    .is_ok_and(|t| t.essence().eq_ignore_ascii_case(&wanted))
            })
        }
        HeaderOp::DigestOf(node) => {
            let data = &scope.node(node)?.data;
            every(&|value| {
                names(value, |algorithm| {
                    let digest = data.digest(algorithm);
                    // Content that is not at hand has one known digest only.
                    match digest.algorithm() == Some(algorithm) {
                        true => digest.to_string(),
                        false => value.to_string(),
                    }
                })
            })
        }
        // Of a body that broke off nobody knows the digest.
        HeaderOp::DigestOfBody if answer.error().is_some() => true,
        HeaderOp::DigestOfBody => {
            let body = &answer.body;
            every(&|value| {
                names(value, |algorithm| match algorithm {
                    Algorithm::Sha256 => format!("sha256:{}", body.sha256),
                    Algorithm::Sha512 => format!("sha512:{}", body.sha512()),
                })
            })
        }
        HeaderOp::DigestOfSent => {
            let request = &answer.exchange.request;
            let is_signed = request
                .header("Content-Type")
                .is_some_and(|value| value.contains("distribution.manifest.v1"));
            is_signed
                || every(&|value| {
                    let is_other = |digest: &Digest| digest.algorithm() != Some(Algorithm::Sha256);
                    value
                        .parse::<Digest>()
                        .is_ok_and(|digest| is_other(&digest) || digest.encoded() == request.body.sha256)
                })
        }
        HeaderOp::EndOfSent => match end_of_sent(answer) {
            Some(end) => every(&|value| value.strip_prefix("0-") == Some(end)),
            None => true,
        },
        HeaderOp::Url => {
            let base = Url::parse(&answer.url).ok();
            every(&|value| {
                !value.is_empty()
                    && base
                        .as_ref()
                        .and_then(|base| base.join(value).ok())
                        .is_some_and(|url| matches!(url.scheme(), "http" | "https"))
            })
        }
        HeaderOp::Part(template) => {
            let wanted = scope.text(template)?;
            every(&|value| is_part(value, &wanted))
        }
        HeaderOp::QuotedAtMost(most) => values.iter().map(|value| quoted(value)).sum::<u64>() <= *most,
        HeaderOp::LengthOf(node) => {
            let wanted = scope.node(node)?.data.len();
            let is_number = |value: &str| !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
            every(&|value| is_number(value) && value.parse() == Ok(wanted))
        }
    })
}

/// Whether `value` is a digest that `digest_in` yields too. A digest in an algorithm that cannot be computed here is
/// given the benefit of the doubt.
fn names(value: &str, digest_in: impl Fn(Algorithm) -> String) -> bool {
    match value.parse::<Digest>() {
        Ok(digest) => digest
            .algorithm()
            .is_none_or(|algorithm| digest_in(algorithm) == digest.as_str()),
        Err(_) => false,
    }
}

/// Whether a `Content-Range` is about these bytes of a whole. The length may be left open.
fn is_part(value: &str, wanted: &str) -> bool {
    let Some((unit, range)) = value.trim().split_once(' ') else {
        return false;
    };
    let open = wanted.split_once('/').map(|(part, _)| format!("{part}/*"));
    unit.eq_ignore_ascii_case("bytes") && (range.trim() == wanted || Some(range.trim()) == open.as_deref())
}

fn elements<'a>(values: &'a [&str]) -> impl Iterator<Item = &'a str> {
    values.iter().flat_map(|value| value.split(',')).map(str::trim)
}

/// The last byte of the range that was sent, if it is one.
fn end_of_sent(answer: &Answer) -> Option<&str> {
    let request = &answer.exchange.request;
    let (start, end) = request.header("Content-Range")?.split_once('-')?;
    let length = end.parse::<u64>().ok()?.checked_sub(start.parse().ok()?)?;
    (length.checked_add(1) == Some(request.body.len)).then_some(end)
}

fn expected(op: &HeaderOp, answer: &Answer, scope: &Scope) -> Result<String, ScopeError> {
    Ok(match op {
        HeaderOp::Equals(template) => scope.text(template)?,
        HeaderOp::OneOf(templates) => templates
            .iter()
            .map(|t| scope.text(t))
            .collect::<Result<Vec<_>, _>>()?
            .join(" or "),
        HeaderOp::Present => "any value".to_string(),
        HeaderOp::Absent => "no such header".to_string(),
        HeaderOp::Matches(pattern) => format!("a value like /{pattern}/"),
        HeaderOp::ListContains(template) => format!("a list with {}", scope.text(template)?),
        HeaderOp::ListLacks(template) => format!("a list without {}", scope.text(template)?),
        HeaderOp::MediaType(template) => scope.text(template)?,
        HeaderOp::DigestOf(node) => format!("a digest of {node}: {}", scope.node(node)?.digest),
        HeaderOp::DigestOfBody => "a digest of the body".to_string(),
        HeaderOp::DigestOfSent => format!(
            "a digest of what was sent: sha256:{}",
            answer.exchange.request.body.sha256
        ),
        HeaderOp::EndOfSent => format!("0-{}", end_of_sent(answer).unwrap_or_default()),
        HeaderOp::Part(template) => format!("bytes {}", scope.text(template)?),
        HeaderOp::Url => "a URL, absolute (http or https) or relative".to_string(),
        HeaderOp::LengthOf(node) => scope.node(node)?.data.len().to_string(),
        HeaderOp::QuotedAtMost(most) => format!("at most {most} bytes in double quotes"),
    })
}

/// How many bytes of a value stand in double quotes, escapes as they are written.
fn quoted(value: &str) -> u64 {
    let (mut inside, mut escaped, mut count) = (false, false, 0);
    for byte in value.bytes() {
        if byte == b'"' && !escaped {
            inside = !inside;
            continue;
        }
        escaped = inside && byte == b'\\' && !escaped;
        count += u64::from(inside);
    }
    count
}
