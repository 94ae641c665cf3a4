//! Ranges of bytes, in the two notations that must not be mixed up.
//!
//! - [`UploadRange`] is what uploads speak: `first-last`, inclusive, without a unit, in `Range` answers and in the
//!   `Content-Range` of chunks ([pushing a blob in chunks](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks)).
//! - [`ByteRanges`] and [`ContentRange`] are what downloads speak: the notation of HTTP
//!   ([RFC 9110, section 14](https://www.rfc-editor.org/rfc/rfc9110#section-14)).
//!
//! It does not know how long a blob is until told, nor which status an unsatisfiable range deserves.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// The most ranges that one request may ask for here; more are refused as [`RangeError::TooMany`].
pub const MAX_RANGES: usize = 256;

/// The unit of ranges of bytes.
const UNIT: &str = "bytes";

/// The bytes `first..=last` of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UploadRange {
    first: u64,
    last: u64,
}

impl UploadRange {
    /// The range of these bytes, both ends included.
    ///
    /// # Errors
    /// [`RangeError::Reversed`] if it would end before it starts, [`RangeError::Overflow`] if its length is not a `u64`.
    pub fn new(first: u64, last: u64) -> Result<Self, RangeError> {
        if last < first {
            return Err(RangeError::Reversed);
        }
        if last == u64::MAX {
            return Err(RangeError::Overflow);
        }
        Ok(Self { first, last })
    }

    /// The first byte, counted from 0.
    pub fn first(self) -> u64 {
        self.first
    }

    /// The last byte, which belongs to the range.
    pub fn last(self) -> u64 {
        self.last
    }

    /// The number of bytes, at least 1: this notation cannot say that there are none.
    #[expect(clippy::len_without_is_empty, reason = "a range in this notation is never empty")]
    pub fn len(self) -> u64 {
        // Cannot overflow: `new` refuses a range that ends at the largest number.
        self.last - self.first + 1
    }
}

impl FromStr for UploadRange {
    type Err = RangeError;

    /// Parses digits, a hyphen, digits, and nothing else.
    fn from_str(text: &str) -> Result<Self, RangeError> {
        if text.to_ascii_lowercase().starts_with(UNIT) {
            return Err(RangeError::Unit);
        }
        let (first, last) = text.split_once('-').ok_or(RangeError::Syntax)?;
        Self::new(number(first)?, number(last)?)
    }
}

impl fmt::Display for UploadRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// One of the ranges that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ByteRange {
    /// `first-last`, both included, `first <= last`.
    Closed {
        /// The first byte.
        first: u64,
        /// The last byte.
        last: u64,
    },
    /// `first-`: everything from there.
    From {
        /// The first byte.
        first: u64,
    },
    /// `-length`: so many bytes at the end.
    Suffix {
        /// How many.
        length: u64,
    },
}

impl ByteRange {
    /// What the range means for content of `length` bytes; `None` if it cannot be satisfied.
    ///
    /// A range that goes beyond the end is cut there, a suffix longer than the content is all of it.
    pub fn resolve(self, length: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::Closed { first, last } => first..last.saturating_add(1).min(length),
            Self::From { first } => first..length,
            Self::Suffix { length: wanted } => length.saturating_sub(wanted)..length,
        };
        Some(range).filter(|range| range.start < range.end)
    }
}

/// The value of a `Range` header field in the unit `bytes`: one range or more.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ByteRanges(Vec<ByteRange>);

impl ByteRanges {
    /// The ranges in their order, never none.
    pub fn as_slice(&self) -> &[ByteRange] {
        &self.0
    }

    /// The range, if it is the only one.
    pub fn single(&self) -> Option<ByteRange> {
        match self.0.as_slice() {
            [range] => Some(*range),
            _ => None,
        }
    }

    /// The ranges that content of `length` bytes can satisfy. If there are none, the request is unsatisfiable.
    pub fn resolve(&self, length: u64) -> Vec<Range<u64>> {
        self.0.iter().filter_map(|range| range.resolve(length)).collect()
    }
}

impl From<ByteRange> for ByteRanges {
    fn from(range: ByteRange) -> Self {
        Self(vec![range])
    }
}

impl FromStr for ByteRanges {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        let (unit, set) = text.split_once('=').ok_or(RangeError::Syntax)?;
        if !unit.eq_ignore_ascii_case(UNIT) {
            return Err(RangeError::Unit);
        }
        let mut ranges = Vec::new();
        for element in set.split(',').map(|element| element.trim_matches([' ', '\t'])) {
            if element.is_empty() {
                continue;
            }
            if ranges.len() == MAX_RANGES {
                return Err(RangeError::TooMany);
            }
            ranges.push(element.parse()?);
        }
        if ranges.is_empty() {
            Err(RangeError::Syntax)
        } else {
            Ok(Self(ranges))
        }
    }
}

impl FromStr for ByteRange {
    type Err = RangeError;

    /// Parses one range, without the unit.
    fn from_str(text: &str) -> Result<Self, RangeError> {
        match text.split_once('-').ok_or(RangeError::Syntax)? {
            ("", length) => Ok(Self::Suffix {
                length: number(length)?,
            }),
            (first, "") => Ok(Self::From { first: number(first)? }),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                if last < first {
                    Err(RangeError::Reversed)
                } else {
                    Ok(Self::Closed { first, last })
                }
            }
        }
    }
}

impl fmt::Display for ByteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed { first, last } => write!(f, "{first}-{last}"),
            Self::From { first } => write!(f, "{first}-"),
            Self::Suffix { length } => write!(f, "-{length}"),
        }
    }
}

impl fmt::Display for ByteRanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{UNIT}=")?;
        for (at, range) in self.0.iter().enumerate() {
            write!(f, "{}{range}", if at > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

/// The value of a `Content-Range` header field in the unit `bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContentRange {
    /// `bytes first-last/complete`: the body is these bytes.
    Part {
        /// The first byte.
        first: u64,
        /// The last byte, which belongs to the range.
        last: u64,
        /// The length of the whole, if it is said (`*` if not).
        complete: Option<u64>,
    },
    /// `bytes */complete`: no such range; the whole has this length.
    Unsatisfied {
        /// The length of the whole.
        complete: u64,
    },
}

impl FromStr for ContentRange {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        let (unit, rest) = text.split_once(' ').ok_or(RangeError::Syntax)?;
        if !unit.eq_ignore_ascii_case(UNIT) {
            return Err(RangeError::Unit);
        }
        let (range, complete) = rest.split_once('/').ok_or(RangeError::Syntax)?;
        if range == "*" {
            return Ok(Self::Unsatisfied {
                complete: number(complete)?,
            });
        }
        let (first, last) = range.split_once('-').ok_or(RangeError::Syntax)?;
        let (first, last) = (number(first)?, number(last)?);
        let complete = if complete == "*" { None } else { Some(number(complete)?) };
        if last < first {
            return Err(RangeError::Reversed);
        }
        if complete.is_some_and(|complete| complete <= last) {
            return Err(RangeError::BeyondEnd);
        }
        Ok(Self::Part { first, last, complete })
    }
}

impl fmt::Display for ContentRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part {
                first,
                last,
                complete: Some(complete),
            } => write!(f, "{UNIT} {first}-{last}/{complete}"),
            Self::Part {
                first,
                last,
                complete: None,
            } => write!(f, "{UNIT} {first}-{last}/*"),
            Self::Unsatisfied { complete } => write!(f, "{UNIT} */{complete}"),
        }
    }
}

/// Why a text is no range of the notation it was read in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum RangeError {
    /// It is not made of numbers and hyphens as the notation wants.
    #[error("the range is not written in this notation")]
    Syntax,
    /// A unit stands where none may, or another than `bytes`.
    #[error("the range has a unit that may not stand there")]
    Unit,
    /// It ends before it starts.
    #[error("the range ends before it starts")]
    Reversed,
    /// It ends beyond the length that it states itself.
    #[error("the range ends beyond the length that it states")]
    BeyondEnd,
    /// A number, or the length, is larger than 64 bits can hold.
    #[error("a number in the range is too large")]
    Overflow,
    /// More than [`MAX_RANGES`] ranges.
    #[error("there are more than {MAX_RANGES} ranges")]
    TooMany,
}

/// A number of ASCII digits only: `u64`'s own parser would let a plus sign pass.
fn number(text: &str) -> Result<u64, RangeError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(RangeError::Syntax);
    }
    text.parse().map_err(|_| RangeError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_upload_range_has_no_unit() {
        let range: UploadRange = "0-1023".parse().unwrap();
        assert_eq!((range.first(), range.last(), range.len()), (0, 1023, 1024));
        assert_eq!("0-0".parse::<UploadRange>().unwrap().len(), 1);
        let error = |text: &str| text.parse::<UploadRange>().unwrap_err();
        assert_eq!(error("bytes=0-1023"), RangeError::Unit);
        assert_eq!(error("bytes 0-1023/*"), RangeError::Unit);
        for text in [
            "",
            "-",
            "0-",
            "-5",
            "0-1-2",
            "+0-1",
            "0- 1",
            " 0-1",
            "0-1/2",
            "a-b",
            "\u{663}-4",
            "0..1",
        ] {
            assert_eq!(error(text), RangeError::Syntax, "{text}");
        }
        assert_eq!(error("2-1"), RangeError::Reversed);
        assert_eq!(error("0-18446744073709551615"), RangeError::Overflow);
        assert_eq!(error("0-18446744073709551616"), RangeError::Overflow);
        assert_eq!(
            "1-18446744073709551614".parse::<UploadRange>().unwrap().len(),
            u64::MAX - 1
        );
    }

    #[test]
    fn byte_ranges_resolve_against_a_length() {
        let resolve = |text: &str, length| {
            let resolved = text.parse::<ByteRanges>().unwrap().resolve(length);
            resolved
                .into_iter()
                .map(|range| (range.start, range.end))
                .collect::<Vec<_>>()
        };
        assert_eq!(resolve("bytes=0-9,20-", 30), [(0, 10), (20, 30)]);
        assert_eq!(resolve("Bytes=0-0 , ,-5,", 3), [(0, 1), (0, 3)]);
        assert_eq!(resolve("bytes=5-100", 10), [(5, 10)]);
        assert_eq!(resolve("bytes=10-", 10), []);
        assert_eq!(resolve("bytes=-0", 10), []);
        assert_eq!(resolve("bytes=-5", 0), []);
        assert_eq!(resolve("bytes=0-18446744073709551615", 10), [(0, 10)]);
    }

    #[test]
    fn byte_ranges_say_how_they_are_broken() {
        let error = |text: &str| text.parse::<ByteRanges>().unwrap_err();
        assert_eq!(error("0-9"), RangeError::Syntax);
        assert_eq!(error("bytes=9-0"), RangeError::Reversed);
        assert_eq!(error("lines=0-9"), RangeError::Unit);
        assert_eq!(error("bytes=-"), RangeError::Syntax);
        assert_eq!(error("bytes="), RangeError::Syntax);
        assert_eq!(error("bytes=-1-5"), RangeError::Syntax);
        assert_eq!(error("bytes=0-99999999999999999999"), RangeError::Overflow);
        assert_eq!(
            error(&format!("bytes={}", "0-,".repeat(MAX_RANGES + 1))),
            RangeError::TooMany
        );
        assert!(
            format!("bytes={}", "0-,".repeat(MAX_RANGES))
                .parse::<ByteRanges>()
                .is_ok()
        );
    }

    #[test]
    fn a_content_range_is_whole_or_unsatisfied() {
        let parse = |text: &str| text.parse::<ContentRange>();
        assert_eq!(
            parse("bytes 0-9/100"),
            Ok(ContentRange::Part {
                first: 0,
                last: 9,
                complete: Some(100)
            })
        );
        assert_eq!(
            parse("bytes 0-9/*"),
            Ok(ContentRange::Part {
                first: 0,
                last: 9,
                complete: None
            })
        );
        assert_eq!(parse("bytes */100"), Ok(ContentRange::Unsatisfied { complete: 100 }));
        assert_eq!(parse("bytes */*"), Err(RangeError::Syntax));
        assert_eq!(parse("bytes 0-9"), Err(RangeError::Syntax));
        assert_eq!(parse("0-9/100"), Err(RangeError::Syntax));
        assert_eq!(parse("bytes=0-9/100"), Err(RangeError::Syntax));
        assert_eq!(parse("lines 0-9/100"), Err(RangeError::Unit));
        assert_eq!(parse("bytes 9-0/100"), Err(RangeError::Reversed));
        assert_eq!(parse("bytes 0-9/9"), Err(RangeError::BeyondEnd));
    }

    proptest! {
        #[test]
        fn printing_parses_back(text in "(bytes[= ])?([0-9]{0,3}-[0-9]{0,3}[,/]?|\\*/){1,3}[0-9*]{0,2}") {
            if let Ok(range) = text.parse::<UploadRange>() {
                prop_assert_eq!(range.to_string().parse(), Ok(range));
                prop_assert_eq!(range.len(), range.last() - range.first() + 1);
            }
            if let Ok(ranges) = text.parse::<ByteRanges>() {
                prop_assert_eq!(ranges.to_string().parse(), Ok(ranges));
            }
            if let Ok(range) = text.parse::<ContentRange>() {
                prop_assert_eq!(range.to_string().parse(), Ok(range));
            }
        }

        #[test]
        fn what_is_resolved_is_inside(first in 0u64..50, last in 0u64..50, length in 0u64..50) {
            let ranges = [ByteRange::From { first }, ByteRange::Suffix { length: last }];
            for range in ranges.into_iter().chain((first <= last).then_some(ByteRange::Closed { first, last })) {
                if let Some(bytes) = range.resolve(length) {
                    prop_assert!(bytes.start < bytes.end && bytes.end <= length);
                }
            }
        }

        #[test]
        fn never_panics(text in ".*") {
            let _ = (text.parse::<UploadRange>(), text.parse::<ByteRanges>(), text.parse::<ContentRange>());
        }
    }
}
