//! Digests: their grammar, the algorithms that can be computed here, and the check of content against them.
//!
//! Follows [the digest section of the image specification](https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests).
//! A digest whose algorithm is not known here but whose spelling obeys the grammar is a digest all the same: that is what
//! the specification demands of every reader, and a caller can tell it by [`Digest::algorithm`] being `None`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use sha2::Digest as _;

/// An algorithm that this crate can compute.
///
/// `blake3` is registered too, but optional for everybody, so it is treated like any other unknown name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256, which every implementation has to support.
    Sha256,
    /// SHA-512, which implementations may support.
    Sha512,
}

impl Algorithm {
    /// All algorithms, the mandatory one first.
    pub const ALL: [Self; 2] = [Self::Sha256, Self::Sha512];

    /// The name as it stands before the colon of a digest.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// The number of hexadecimal digits of an encoded digest.
    pub fn hex_len(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }

    /// The algorithm of this name, spelled exactly; `None` for any other.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A digest that obeys the grammar and, if its algorithm is known here, the length and alphabet of that algorithm.
///
/// Cheap to clone. Ordered and compared by its text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    text: Arc<str>,
    colon: usize,
    algorithm: Option<Algorithm>,
}

impl Digest {
    /// The digest of `content`.
    pub fn of(algorithm: Algorithm, content: &[u8]) -> Self {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(content);
        hasher.finish()
    }

    /// The algorithm, if it is one that can be computed here.
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    /// What stands before the colon.
    pub fn algorithm_name(&self) -> &str {
        self.text.get(..self.colon).unwrap_or_default()
    }

    /// What stands after the colon.
    pub fn encoded(&self) -> &str {
        self.text.get(self.colon + 1..).unwrap_or_default()
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Compares `content` with this digest.
    ///
    /// # Errors
    /// [`VerifyError::Mismatch`] if the content is another one, [`VerifyError::UnknownAlgorithm`] if nobody can tell.
    pub fn verify(&self, content: &[u8]) -> Result<(), VerifyError> {
        let algorithm = self
            .algorithm
            .ok_or_else(|| VerifyError::UnknownAlgorithm(self.algorithm_name().to_owned()))?;
        let actual = Self::of(algorithm, content);
        if actual == *self {
            Ok(())
        } else {
            Err(VerifyError::Mismatch {
                expected: self.clone(),
                actual,
            })
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl serde::Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        if text.is_empty() {
            return Err(DigestError::Empty);
        }
        let (name, encoded) = text.split_once(':').ok_or(DigestError::NoColon)?;
        check_algorithm_name(name)?;
        if encoded.is_empty() {
            return Err(DigestError::EmptyEncoded);
        }
        let start = name.len() + 1;
        if let Some(offset) = encoded
            .bytes()
            .position(|b| !(b.is_ascii_alphanumeric() || b"=_-".contains(&b)))
        {
            return Err(DigestError::EncodedCharacter { at: start + offset });
        }
        let algorithm = Algorithm::parse(name);
        if let Some(algorithm) = algorithm {
            if let Some(offset) = encoded.bytes().position(|b| !matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
                return Err(DigestError::NotLowerHex {
                    algorithm,
                    at: start + offset,
                });
            }
            if encoded.len() != algorithm.hex_len() {
                return Err(DigestError::Length {
                    algorithm,
                    actual: encoded.len(),
                });
            }
        }
        Ok(Self {
            text: text.into(),
            colon: name.len(),
            algorithm,
        })
    }
}

/// Why a text is not a digest. Positions are byte offsets into the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Nothing is there.
    #[error("the digest is empty")]
    Empty,
    /// No colon separates algorithm and value.
    #[error("the digest has no colon after its algorithm")]
    NoColon,
    /// A component of the algorithm's name is empty.
    #[error("the algorithm of the digest has an empty component at byte {at}")]
    AlgorithmComponent {
        /// Where a character was expected.
        at: usize,
    },
    /// A character stands in the algorithm's name that the grammar has no room for.
    #[error("byte {at} may not stand in the algorithm of a digest")]
    AlgorithmCharacter {
        /// Where it stands.
        at: usize,
    },
    /// Nothing follows the colon.
    #[error("the digest has nothing after its colon")]
    EmptyEncoded,
    /// A character stands in the encoded part that the grammar has no room for, whatever the algorithm.
    #[error("byte {at} may not stand in a digest")]
    EncodedCharacter {
        /// Where it stands.
        at: usize,
    },
    /// The algorithm is known and wants lower-case hexadecimal digits only.
    #[error("byte {at} is not a lower-case hexadecimal digit, which {algorithm} demands")]
    NotLowerHex {
        /// The algorithm.
        algorithm: Algorithm,
        /// Where the other character stands.
        at: usize,
    },
    /// The algorithm is known and wants another number of digits.
    #[error("{algorithm} demands {} digits, not {actual}", algorithm.hex_len())]
    Length {
        /// The algorithm.
        algorithm: Algorithm,
        /// The number of digits found.
        actual: usize,
    },
}

/// Why content could not be confirmed by a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The content has another digest.
    #[error("the content has the digest {actual}, not {expected}")]
    Mismatch {
        /// The digest that was to be confirmed.
        expected: Digest,
        /// The digest of the content, by the same algorithm.
        actual: Digest,
    },
    /// The algorithm cannot be computed here, so nothing is known about the content.
    #[error("the algorithm {0} cannot be computed here")]
    UnknownAlgorithm(String),
}

/// Computes a digest piece by piece, so that content of any size takes constant memory.
#[derive(Debug, Clone)]
pub struct Hasher {
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    Sha256(sha2::Sha256),
    Sha512(sha2::Sha512),
}

impl Hasher {
    /// A hasher that has seen nothing.
    pub fn new(algorithm: Algorithm) -> Self {
        let state = match algorithm {
            Algorithm::Sha256 => State::Sha256(sha2::Sha256::new()),
            Algorithm::Sha512 => State::Sha512(sha2::Sha512::new()),
        };
        Self { state }
    }

    /// Takes in the next piece of the content.
    pub fn update(&mut self, piece: &[u8]) {
        match &mut self.state {
            State::Sha256(state) => state.update(piece),
            State::Sha512(state) => state.update(piece),
        }
    }

    /// The digest of all pieces in their order.
    pub fn finish(self) -> Digest {
        let (algorithm, encoded) = match self.state {
            State::Sha256(state) => (Algorithm::Sha256, hex::encode(state.finalize())),
            State::Sha512(state) => (Algorithm::Sha512, hex::encode(state.finalize())),
        };
        let name = algorithm.name();
        Digest {
            text: format!("{name}:{encoded}").into(),
            colon: name.len(),
            algorithm: Some(algorithm),
        }
    }
}

/// Lower-case letters and digits in components, with one of `+._-` between two components.
fn check_algorithm_name(name: &str) -> Result<(), DigestError> {
    let mut component_is_empty = true;
    for (at, byte) in name.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' => component_is_empty = false,
            b'+' | b'.' | b'_' | b'-' if component_is_empty => return Err(DigestError::AlgorithmComponent { at }),
            b'+' | b'.' | b'_' | b'-' => component_is_empty = true,
            _ => return Err(DigestError::AlgorithmCharacter { at }),
        }
    }
    if component_is_empty {
        Err(DigestError::AlgorithmComponent { at: name.len() })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EMPTY_OBJECT: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    #[test]
    fn content_has_its_well_known_digest() {
        assert_eq!(Digest::of(Algorithm::Sha256, b"{}").as_str(), EMPTY_OBJECT);
        let sha512 = Digest::of(Algorithm::Sha512, b"");
        assert!(sha512.encoded().starts_with("cf83e1357eefb8bd"));
        assert_eq!(sha512.encoded().len(), 128);
        assert_eq!(sha512.as_str().parse(), Ok(sha512));
    }

    #[test]
    fn pieces_hash_like_the_whole() {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        hasher.update(b"{");
        hasher.update(b"");
        hasher.update(b"}");
        assert_eq!(hasher.finish().as_str(), EMPTY_OBJECT);
    }

    #[test]
    fn verification_tells_other_content_from_other_algorithms() {
        let digest: Digest = EMPTY_OBJECT.parse().unwrap();
        assert_eq!(digest.verify(b"{}"), Ok(()));
        assert!(matches!(digest.verify(b"{ }"), Err(VerifyError::Mismatch { .. })));
        let unknown: Digest = "blake3:00".parse().unwrap();
        assert_eq!(
            unknown.verify(b"{}"),
            Err(VerifyError::UnknownAlgorithm("blake3".to_owned()))
        );
    }

    #[test]
    fn an_unknown_algorithm_within_the_grammar_is_a_digest() {
        for text in [
            "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8",
            "sha384:x=_-",
            "a+b.c_d-e:Z",
        ] {
            let digest: Digest = text.parse().unwrap();
            assert_eq!(digest.algorithm(), None);
            assert_eq!(format!("{}:{}", digest.algorithm_name(), digest.encoded()), text);
        }
    }

    #[test]
    fn each_mistake_has_its_own_error() {
        let sha = |rest: &str| format!("sha256:{rest}").parse::<Digest>().unwrap_err();
        assert_eq!("".parse::<Digest>(), Err(DigestError::Empty));
        assert_eq!("sha256".parse::<Digest>(), Err(DigestError::NoColon));
        assert_eq!(":abc".parse::<Digest>(), Err(DigestError::AlgorithmComponent { at: 0 }));
        assert_eq!(
            "a++b:c".parse::<Digest>(),
            Err(DigestError::AlgorithmComponent { at: 2 })
        );
        assert_eq!("a+:c".parse::<Digest>(), Err(DigestError::AlgorithmComponent { at: 2 }));
        assert_eq!(
            "SHA256:c".parse::<Digest>(),
            Err(DigestError::AlgorithmCharacter { at: 0 })
        );
        assert_eq!("x:".parse::<Digest>(), Err(DigestError::EmptyEncoded));
        assert_eq!("x:a/b".parse::<Digest>(), Err(DigestError::EncodedCharacter { at: 3 }));
        assert_eq!("x:a:b".parse::<Digest>(), Err(DigestError::EncodedCharacter { at: 3 }));
        assert_eq!(
            "x:\u{663}".parse::<Digest>(),
            Err(DigestError::EncodedCharacter { at: 2 })
        );
        assert_eq!(
            sha("ab"),
            DigestError::Length {
                algorithm: Algorithm::Sha256,
                actual: 2
            }
        );
        assert_eq!(
            sha(&"a".repeat(65)),
            DigestError::Length {
                algorithm: Algorithm::Sha256,
                actual: 65
            }
        );
        assert_eq!(
            sha(&"A".repeat(64)),
            DigestError::NotLowerHex {
                algorithm: Algorithm::Sha256,
                at: 7
            }
        );
        assert_eq!(
            sha(&"g".repeat(64)),
            DigestError::NotLowerHex {
                algorithm: Algorithm::Sha256,
                at: 7
            }
        );
    }

    proptest! {
        #[test]
        fn never_panics(text in ".*") {
            let _ = text.parse::<Digest>();
        }

        #[test]
        fn printing_parses_back(text in "[a-z0-9]{1,8}([+._-][a-z0-9]{1,8}){0,3}:[a-zA-Z0-9=_-]{1,80}") {
            if let Ok(digest) = text.parse::<Digest>() {
                prop_assert_eq!(digest.to_string(), text.clone());
                prop_assert_eq!(digest.to_string().parse(), Ok(digest));
            } else {
                prop_assert!(text.starts_with("sha256:") || text.starts_with("sha512:"));
            }
        }

        #[test]
        fn content_is_confirmed_by_its_digest(content in proptest::collection::vec(any::<u8>(), 0..300)) {
            for algorithm in Algorithm::ALL {
                prop_assert_eq!(Digest::of(algorithm, &content).verify(&content), Ok(()));
            }
        }
    }
}
