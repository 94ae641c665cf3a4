//! What may not happen, whatever a registry is sent.
//!
//! Each oracle stands on a requirement of the catalogue and needs no model of the registry: only what the registry itself
//! has just said. A *must* that is broken is a failure; what is only advised, or follows from no sentence, is suspicious.

use std::fmt;

/// How much a violation weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// A must is broken.
    Failure,
    /// Advice is not followed, or no sentence forbids it and yet it cannot be right.
    Suspicious,
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Weight::Failure => "failure",
            Weight::Suspicious => "suspicious",
        })
    }
}

/// Declares the oracles: name, weight, requirement, and a sentence for the case that comes of it.
macro_rules! oracles {
    ($($name:ident $word:literal $weight:ident $requirement:literal $says:literal;)+) => {
        /// Something that may not happen.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Oracle {
            $(#[doc = $says] $name,)+
        }

        impl Oracle {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its name in reports and file names.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// How much it weighs.
            pub fn weight(self) -> Weight {
                match self { $(Self::$name => Weight::$weight,)+ }
            }

            /// The requirement of the catalogue on which it stands.
            pub fn requirement(self) -> &'static str {
                match self { $(Self::$name => $requirement,)+ }
            }

            /// What a conforming registry does instead, in one sentence.
            pub fn says(self) -> &'static str {
                match self { $(Self::$name => $says,)+ }
            }
        }
    };
}

oracles! {
    ServerError "server-error" Suspicious "dist-http-no-5xx" "The registry answers without failing itself.";
    Lost "connection-lost" Suspicious "dist-http-answers" "The registry answers and does not drop the connection.";
    Hang "hang" Suspicious "dist-http-answers" "The registry answers in time.";
    Garbled "garbled" Suspicious "dist-http-answers" "The answer of the registry is HTTP.";
    Dead "dead" Suspicious "dist-http-answers" "The registry goes on answering.";
    NotReturned "accepted-not-returned" Failure "dist-pull-manifest-digest-200"
        "A manifest that was accepted can be pulled.";
    BytesChanged "bytes-changed" Failure "dist-push-manifest-exact-bytes"
        "A manifest comes back byte for byte.";
    TypeChanged "type-changed" Suspicious "dist-pull-manifest-content-type-as-pushed"
        "A manifest comes back under the type that it was pushed with.";
    DigestHeader "digest-header" Failure "dist-pull-manifest-digest-header-value"
        "The digest header of a manifest is that of its bytes.";
    RefusedStored "refused-but-stored" Failure "dist-pull-manifest-404-digest"
        "A manifest that was refused is not found.";
    RefusedTagged "refused-but-tagged" Failure "dist-pull-manifest-404-tag"
        "A push that was refused sets no tag.";
    WrongDigestTaken "wrong-digest-taken" Failure "dist-push-manifest-digest-mismatch"
        "A manifest is refused under the digest of something else.";
    BlobAsManifest "blob-as-manifest" Suspicious "dist-error-manifest-unknown"
        "Content that was only pushed as a blob is no manifest.";
    HeadDiffers "head-differs" Suspicious "dist-head-matches-get" "HEAD of a manifest answers as GET does.";
    ErrorBody "error-body" Failure "dist-error-json-shape" "An error that is JSON has the form of the specification.";
    Repush "repush" Suspicious "dist-push-manifest-idempotent" "Pushing the same manifest again has the same answer.";
    DeletedManifest "deleted-manifest-stays" Failure "dist-delete-manifest-then-404"
        "A manifest whose deletion was accepted is not found.";
    DeletedTag "deleted-tag-stays" Failure "dist-delete-tag-then-404"
        "A tag whose deletion was accepted is not found.";
    TagsIncomplete "tags-incomplete" Failure "dist-tags-complete" "The list of tags has every tag.";
    TagsRepeated "tags-repeated" Failure "dist-tags-link-walk" "No tag is listed twice.";
    TagsZero "tags-zero" Failure "dist-tags-n-zero-empty" "Nobody who asks for no tags gets any.";
    ReferrerMissing "referrer-missing" Failure "dist-referrers-new-pushes"
        "A manifest whose subject was confirmed is listed among the referrers.";
    ReferrerRepeated "referrer-repeated" Suspicious "dist-referrers-no-duplicates" "No referrer is listed twice.";
    ReferrerStranger "referrer-stranger" Failure "dist-referrers-only-direct"
        "Nothing is listed among the referrers that was not accepted.";
    BadTag "bad-tag-taken" Suspicious "dist-tag-grammar-reject" "A push by something that is no tag is refused.";
    BadName "bad-name-taken" Suspicious "dist-name-grammar-reject" "A push to something that is no name is refused.";
    BlobLost "blob-lost" Failure "dist-pull-blob-200" "A blob that was accepted can be pulled byte for byte.";
    CloseRefused "close-refused" Failure "dist-upload-put-201"
        "An upload is completed under the digest of the chunks that were accepted.";
    BlobWrongDigest "blob-wrong-digest" Failure "dist-push-bad-digest-not-stored"
        "Content cannot be pulled under the digest of something else.";
    ChunkGap "chunk-gap" Failure "dist-chunk-gap-416" "A chunk that does not follow the last one is refused.";
    ChunkGarbage "chunk-garbage" Suspicious "dist-chunk-malformed-content-range"
        "A chunk with a malformed range is refused.";
    SessionForeign "session-foreign" Suspicious "dist-upload-put-unknown-session-404"
        "An upload is unknown in another repository.";
    SessionReused "session-reused" Suspicious "dist-upload-session-closed-after-put" "A completed upload is over.";
    RangeWrong "range-wrong" Failure "dist-range-closed-206" "A part of a blob is the part that was asked for.";
    Slower "slower-and-slower" Suspicious "dist-http-no-5xx" "Answers do not take longer and longer.";
    Larger "larger-and-larger" Suspicious "dist-http-no-5xx" "Memory does not grow without what is stored.";
}

impl fmt::Display for Oracle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Something that happened though it may not.
#[derive(Debug, Clone)]
pub struct Violation {
    /// What.
    pub oracle: Oracle,
    /// The call whose answer shows it, by its place in the log.
    pub call: usize,
    /// The demand on that answer, as a matcher of the case format in one line of YAML.
    pub matcher: String,
    /// What was seen instead.
    pub seen: String,
    /// What tells it from other violations: the same for all occurrences of one cause, as far as can be told from outside.
    pub signature: String,
}

/// The first words of a message, without what differs from one occurrence to the next: digits, quoted texts, names.
pub fn words(message: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in message.split_whitespace() {
        // What is quoted, and what has digits or escapes in it, is what was sent, or where it went.
        if word.contains(|c: char| c.is_ascii_digit() || "\"'`%".contains(c)) {
            continue;
        }
        let word: String = word.chars().filter(|c| c.is_ascii_alphabetic()).collect();
        if (2..=16).contains(&word.len()) {
            words.push(word.to_ascii_lowercase());
        }
        if words.len() == 5 {
            break;
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Weight as Level;
    use crate::load;

    #[test]
    fn an_oracle_fails_nobody_by_what_is_no_must() {
        let suite = load::load(&load::builtin()).unwrap_or_else(|errors| panic!("{}", errors.render(false)));
        let newest = suite.profile("oci-dev").unwrap();
        for oracle in Oracle::ALL {
            let requirement = suite.requirement(oracle.requirement());
            let requirement = requirement.unwrap_or_else(|| panic!("{oracle}: no such requirement"));
            let level = newest.level(requirement).map(|level| level.weight());
            assert!(
                oracle.weight() == Weight::Suspicious || level == Some(Level::Fail),
                "{oracle} fails by {}, which weighs {level:?}",
                oracle.requirement()
            );
        }
    }

    #[test]
    fn words_leave_out_what_differs() {
        assert_eq!(words("unknown blob sha256:ab12 \"x\" at 17"), "unknown blob at");
        assert_eq!(words("parsing \"abc1e3\": invalid syntax"), "parsing invalid syntax");
        assert_eq!(words(""), "");
    }
}
