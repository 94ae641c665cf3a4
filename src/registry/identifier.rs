//! Names that nobody can guess: for uploads and tokens.
//!
//! It does not know what they name.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes identifiers, each another one, from keys that the operating system chose at random.
#[derive(Debug, Default)]
pub(super) struct Identifiers {
    keys: [RandomState; 2],
    counter: AtomicU64,
}

impl Identifiers {
    /// The next identifier, in the form of a random UUID
    /// ([RFC 9562, section 5.4](https://www.rfc-editor.org/rfc/rfc9562#section-5.4)).
    pub(super) fn next(&self) -> String {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let [high, low] = [&self.keys[0], &self.keys[1]].map(|key| key.hash_one(number));
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            (low >> 48) & 0x3fff | 0x8000,
            low & 0xffff_ffff_ffff
        )
    }
}
