//! The bytes of a node: at hand, or made anew from a seed wherever they are needed.

use bytes::Bytes;

use crate::oci::digest::{Algorithm, Digest, Hasher};

/// Content larger than this is never held in memory whole.
pub const IN_MEMORY: u64 = 8 << 20;

/// Padding longer than this is not held in memory either: there is much of it, and it says nothing.
const SMALL_PADDING: u64 = 64 << 10;

/// How much of generated content is made at a time.
const PIECE: u64 = 64 << 10;

/// Bytes, at hand or generated.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// At hand.
    Bytes(Bytes),
    /// `len` bytes of what `source` makes, starting at `offset`.
    Generated {
        /// Makes them.
        source: Generator,
        /// Where it starts.
        offset: u64,
        /// How many bytes.
        len: u64,
    },
    /// Not at hand: known by what a registry that is only read says of it.
    Named {
        /// Its digest, unless it is a part of something.
        digest: Option<Digest>,
        /// How many bytes.
        len: u64,
    },
}

/// What makes bytes, any part of them alone.
#[derive(Debug, Clone, PartialEq)]
pub enum Generator {
    /// The endless sequence of a seed.
    Random(u64),
    /// A text with padding in it.
    Padded {
        /// The text.
        text: Bytes,
        /// Where the padding is.
        at: usize,
        /// How long it is.
        padding: u64,
    },
}

impl Generator {
    fn part(&self, offset: u64, len: u64) -> Bytes {
        match self {
            Generator::Random(seed) => sequence(*seed, offset, len),
            Generator::Padded { text, at, padding } => {
                let (head, rest) = text.split_at(*at);
                let mut out = Vec::with_capacity(len as usize);
                // Where each of the three begins and ends within the part.
                let mut begin = 0;
                for (piece, length) in [(head, head.len() as u64), (&[], *padding), (rest, rest.len() as u64)] {
                    let within =
                        |place: u64| (place.clamp(offset, offset + len).max(begin) - begin).min(length) as usize;
                    let (from, to) = (within(offset), within(offset + len));
                    match piece.get(from..to) {
                        Some(bytes) => out.extend_from_slice(bytes),
                        None => out.resize(out.len() + (to - from), b'x'),
                    }
                    begin += length;
                }
                Bytes::from(out)
            }
        }
    }
}

impl Data {
    /// Pseudo-random bytes: the same for the same seed, in every release.
    pub fn random(seed: u64, len: u64) -> Self {
        if len <= IN_MEMORY {
            Data::Bytes(sequence(seed, 0, len))
        } else {
            Data::Generated {
                source: Generator::Random(seed),
                offset: 0,
                len,
            }
        }
    }

    /// A text with so much padding at a place in it.
    pub fn padded(text: Vec<u8>, at: usize, padding: u64) -> Self {
        let len = text.len() as u64 + padding;
        let source = Generator::Padded {
            text: text.into(),
            at,
            padding,
        };
        let data = Data::Generated { source, offset: 0, len };
        if padding > SMALL_PADDING {
            data
        } else {
            data.slice(0, len)
        }
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Data::Bytes(bytes) => bytes.len() as u64,
            Data::Generated { len, .. } | Data::Named { len, .. } => *len,
        }
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes from `from` to `to` (exclusive), cut at the end.
    pub fn slice(&self, from: u64, to: u64) -> Self {
        let to = to.min(self.len());
        let from = from.min(to);
        match self {
            // Both bounds are at most the length of bytes in memory, so they fit a usize.
            Data::Bytes(bytes) => Data::Bytes(bytes.slice(from as usize..to as usize)),
            Data::Generated { source, offset, .. } => {
                let (source, offset, len) = (source.clone(), offset + from, to - from);
                if len <= IN_MEMORY {
                    Data::Bytes(source.part(offset, len))
                } else {
                    Data::Generated { source, offset, len }
                }
            }
            Data::Named { digest, len } => Data::Named {
                digest: digest.clone().filter(|_| (from, to) == (0, *len)),
                len: to - from,
            },
        }
    }

    /// The bytes, if they are few enough to be held in memory.
    pub fn bytes(&self) -> Option<Bytes> {
        match self {
            Data::Bytes(bytes) => Some(bytes.clone()),
            Data::Generated { source, offset, len } => (*len <= IN_MEMORY).then(|| source.part(*offset, *len)),
            Data::Named { .. } => None,
        }
    }

    /// The content in pieces, each made when it is asked for.
    pub fn pieces(&self) -> impl Iterator<Item = Bytes> + std::marker::Send + 'static {
        let data = self.clone();
        let mut at = 0;
        std::iter::from_fn(move || {
            if at >= data.len() {
                return None;
            }
            let piece = match &data {
                Data::Named { .. } => return None,
                Data::Bytes(bytes) => bytes.clone(),
                Data::Generated { source, offset, len } => source.part(offset + at, PIECE.min(len - at)),
            };
            at += piece.len() as u64;
            Some(piece)
        })
    }

    /// Fills `buffer` with the bytes from `from` on; the content must reach that far.
    pub fn fill(&self, from: u64, buffer: &mut [u8]) {
        let part = match self.slice(from, from.saturating_add(buffer.len() as u64)) {
            Data::Bytes(bytes) => bytes,
            Data::Generated { source, offset, len } => source.part(offset, len),
            Data::Named { .. } => Bytes::new(),
        };
        let filled = part.len().min(buffer.len());
        buffer[..filled].copy_from_slice(&part[..filled]);
    }

    /// Its digest; that of content which is not at hand has the algorithm by which it is known.
    pub fn digest(&self, algorithm: Algorithm) -> Digest {
        if let Data::Named {
            digest: Some(digest), ..
        } = self
        {
            return digest.clone();
        }
        let mut hasher = Hasher::new(algorithm);
        self.pieces().for_each(|piece| hasher.update(&piece));
        hasher.finish()
    }

    /// The same, given up as soon as `stopped`: much content takes minutes.
    pub fn digest_unless(&self, algorithm: Algorithm, stopped: impl Fn() -> bool) -> Option<Digest> {
        if let Data::Named { .. } | Data::Bytes(_) = self {
            return Some(self.digest(algorithm));
        }
        let mut hasher = Hasher::new(algorithm);
        for piece in self.pieces() {
            if stopped() {
                return None;
            }
            hasher.update(&piece);
        }
        Some(hasher.finish())
    }

    /// Whether so many bytes with these hashes, in hexadecimal, are this content, as far as can be known.
    pub fn is(&self, len: u64, sha256: &str, sha512: impl Fn() -> String) -> bool {
        let same = |digest: &Digest| match digest.algorithm() {
            Some(Algorithm::Sha256) => digest.encoded() == sha256,
            Some(Algorithm::Sha512) => digest.encoded() == sha512(),
            None => true,
        };
        len == self.len()
            && match self {
                Data::Named { digest, .. } => digest.as_ref().is_none_or(same),
                Data::Bytes(_) | Data::Generated { .. } => same(&self.digest(Algorithm::Sha256)),
            }
    }
}

/// `len` bytes of the sequence of `seed` from `offset` on: SplitMix64 over a counter, so any part can be made alone.
fn sequence(seed: u64, offset: u64, len: u64) -> Bytes {
    let first = offset / 8;
    let skip = (offset % 8) as usize;
    let words = (skip as u64 + len).div_ceil(8);
    let mut out = Vec::with_capacity(words as usize * 8);
    for index in first..first + words {
        out.extend_from_slice(&mix(seed.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15))).to_le_bytes());
    }
    Bytes::from(out).slice(skip..skip + len as usize)
}

/// The finaliser of SplitMix64.
pub fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_part_of_a_sequence_can_be_made_alone() {
        let whole = sequence(7, 0, 1000);
        for (from, to) in [(0, 1), (3, 17), (8, 16), (999, 1000), (500, 500)] {
            assert_eq!(sequence(7, from, to - from), whole.slice(from as usize..to as usize));
        }
        assert_ne!(sequence(8, 0, 100), whole.slice(0..100));
    }

    #[test]
    fn content_that_is_not_at_hand_is_known_by_its_digest() {
        let at_hand = Data::Bytes(Bytes::from_static(b"abc"));
        let [sha256, sha512] = Algorithm::ALL.map(|algorithm| at_hand.digest(algorithm));
        let long = || sha512.encoded().to_string();
        for digest in [&sha256, &sha512] {
            let named = Data::Named {
                digest: Some(digest.clone()),
                len: 3,
            };
            let other = || "00".to_string();
            assert!(named.is(3, sha256.encoded(), long));
            assert!(!named.is(2, sha256.encoded(), long));
            assert!(!named.is(3, "00", other));
            assert!(named.slice(1, 2).is(1, "00", other) && named.slice(0, 9) == named);
            assert!(named.bytes().is_none() && named.pieces().next().is_none());
        }
        assert!(at_hand.is(3, sha256.encoded(), String::new) && !at_hand.is(3, "00", long));
    }

    #[test]
    fn generated_content_hashes_like_content_at_hand() {
        let large = Data::random(3, IN_MEMORY + 13);
        assert!(large.bytes().is_none());
        let at_hand = Data::Bytes(sequence(3, 0, IN_MEMORY + 13));
        assert_eq!(large.digest(Algorithm::Sha256), at_hand.digest(Algorithm::Sha256));
        assert_eq!(large.slice(5, 25), at_hand.slice(5, 25));
        assert_eq!(large.slice(IN_MEMORY, u64::MAX).len(), 13);
        assert_eq!(large.slice(9, 3).len(), 0);
    }

    #[test]
    fn any_part_of_padded_text_can_be_made_alone() {
        let padded = |padding| Data::padded(b"{\"a\":\"\"}".to_vec(), 6, padding);
        let small = padded(5);
        assert_eq!(small.bytes().unwrap(), &b"{\"a\":\"xxxxx\"}"[..]);
        let source = Generator::Padded {
            text: Bytes::from_static(b"{\"a\":\"\"}"),
            at: 6,
            padding: 5,
        };
        for (from, to) in [
            (0, 13),
            (0, 3),
            (4, 6),
            (4, 8),
            (7, 9),
            (3, 12),
            (6, 11),
            (11, 13),
            (12, 12),
        ] {
            assert_eq!(Data::Bytes(source.part(from, to - from)), small.slice(from, to));
        }
        let large = padded(IN_MEMORY);
        assert!(large.bytes().is_none());
        assert_eq!(large.slice(0, 8).bytes().unwrap(), &b"{\"a\":\"xx"[..]);
        assert_eq!(large.slice(large.len() - 3, u64::MAX).bytes().unwrap(), &b"x\"}"[..]);
    }
}
