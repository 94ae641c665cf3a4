//! The `Range` header of downloads, and the `Content-Range` header of uploads, which is another thing.
//!
//! It knows lengths, not content.

use std::ops::Range;

/// What a `Range` header asks of content of a known length
/// ([RFC 9110, section 14](https://www.rfc-editor.org/rfc/rfc9110#section-14)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Everything: the header is in another unit.
    Whole,
    /// Nothing that could be told: the header is not well formed.
    Invalid,
    /// These parts, in the order asked for; none is empty.
    Parts(Vec<Range<usize>>),
    /// Nothing that is there.
    Nothing,
}

/// Reads a `Range` header.
pub(super) fn wanted(header: &str, length: usize) -> Wanted {
    let Some(ranges) = header
        .split_once('=')
        .filter(|(unit, _)| unit.eq_ignore_ascii_case("bytes"))
        .map(|(_, r)| r)
    else {
        return Wanted::Whole;
    };
    let mut parts = Vec::new();
    for range in ranges.split(',').map(str::trim).filter(|range| !range.is_empty()) {
        match one_range(range, length) {
            Some(part) if part.is_empty() => {}
            Some(part) => parts.push(part),
            None => return Wanted::Invalid,
        }
    }
    if parts.is_empty() {
        Wanted::Nothing
    } else {
        Wanted::Parts(parts)
    }
}

/// One range, cut to the length; empty if it selects nothing, `None` if it is not one.
fn one_range(range: &str, length: usize) -> Option<Range<usize>> {
    let (first, last) = range.split_once('-')?;
    match (first, last) {
        ("", suffix) => Some(length.saturating_sub(number(suffix)?)..length),
        (first, "") => Some(number(first)?.min(length)..length),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then(|| first.min(length)..last.saturating_add(1).min(length))
        }
    }
}

/// A number of digits only; one that is too big for anything is as big as can be.
fn number(text: &str) -> Option<usize> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(usize::MAX))
}

/// The place of a chunk, first and last byte, both inclusive and without a unit
/// ([Pushing a blob in chunks](https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-a-blob-in-chunks)).
/// `None` if it is anything else, ends before it starts or is beyond 64 bits.
pub(super) fn chunk(header: &str) -> Option<(u64, u64)> {
    let (first, last) = header.split_once('-')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(first) || !digits(last) {
        return None;
    }
    let (first, last) = (first.parse().ok()?, last.parse::<u64>().ok()?);
    (first <= last && last < u64::MAX).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::single_range_in_vec_init, reason = "a list of one part is meant")]
    fn download_ranges() {
        let parts = |header: &str| match wanted(header, 2048) {
            Wanted::Parts(parts) => parts,
            other => panic!("{header}: {other:?}"),
        };
        assert_eq!(parts("bytes=500-1499"), [500..1500]);
        assert_eq!(parts("bytes=500-"), [500..2048]);
        assert_eq!(parts("bytes=-500"), [1548..2048]);
        assert_eq!(parts("bytes=-5000"), [0..2048]);
        assert_eq!(parts("bytes=2000-5000"), [2000..2048]);
        assert_eq!(parts("bytes=2000-99999999999999999999999"), [2000..2048]);
        assert_eq!(parts("Bytes=0-0, -1 ,5000-"), [0..1, 2047..2048]);
        for whole in ["chunks=0-1", "bytes 0-1"] {
            assert_eq!(wanted(whole, 2048), Wanted::Whole, "{whole}");
        }
        for invalid in ["bytes=5-2", "bytes=a-b", "bytes=-", "bytes=1-2-3", "bytes=--1"] {
            assert_eq!(wanted(invalid, 2048), Wanted::Invalid, "{invalid}");
        }
        for nothing in ["bytes=2048-", "bytes=5000-10000", "bytes=-0", "bytes="] {
            assert_eq!(wanted(nothing, 2048), Wanted::Nothing, "{nothing}");
        }
        assert_eq!(wanted("bytes=0-", 0), Wanted::Nothing);
    }

    #[test]
    fn chunk_ranges() {
        assert_eq!(chunk("0-1023"), Some((0, 1023)));
        for bad in [
            "",
            "-",
            "5-2",
            "bytes=0-9",
            "bytes 0-9/10",
            "0-",
            "+1-2",
            "0-18446744073709551616",
            "1 - 2",
        ] {
            assert_eq!(chunk(bad), None, "{bad}");
        }
    }
}
