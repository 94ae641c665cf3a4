//! The words that fuzzers put together: names of members, media types, digests, and values at the edge of what a
//! document or a header field can hold.
//!
//! One list serves the generator and the dictionary of libFuzzer, so that both know the same corners.

use crate::oci::media_type;

/// Names of members, right ones and ones that some readers take for right ones.
pub const NAMES: &[&str] = &[
    "schemaVersion",
    "mediaType",
    "artifactType",
    "config",
    "layers",
    "manifests",
    "subject",
    "annotations",
    "digest",
    "size",
    "urls",
    "data",
    "platform",
    "architecture",
    "os",
    "os.version",
    "os.features",
    "variant",
    "features",
    "blobs",
    "refers",
    "subjectManifest",
    "objects",
    "components",
    "rtype",
    "type",
    "descriptor",
    "errors",
    "code",
    "message",
    "detail",
    "fsLayers",
    "history",
    "signatures",
    "MediaType",
    "MEDIATYPE",
    "Layers",
    "schemaversion",
    "",
];

/// Media types of everything that is stored in registries, and texts that are almost media types.
pub const MEDIA_TYPES: &[&str] = &[
    media_type::OCI_MANIFEST,
    media_type::OCI_INDEX,
    media_type::OCI_CONFIG,
    media_type::OCI_EMPTY,
    media_type::OCI_LAYER,
    media_type::OCI_LAYER_GZIP,
    media_type::OCI_LAYER_ZSTD,
    media_type::OCI_LAYER_NONDISTRIBUTABLE_GZIP,
    media_type::OCI_ARTIFACT_WITHDRAWN,
    media_type::OCI_OBJECT_DRAFT,
    media_type::ORAS_ARTIFACT,
    media_type::DOCKER_SCHEMA1_SIGNED,
    media_type::DOCKER_MANIFEST,
    media_type::DOCKER_LIST,
    media_type::DOCKER_CONFIG,
    media_type::DOCKER_LAYER_FOREIGN,
    media_type::JSON,
    "application/vnd.example+json; charset=\"utf-8\"",
    "APPLICATION/X",
    "text/",
    "/",
    "text/plain\r\nX: y",
];

/// Digests: of `{}`, of unknown algorithms, and broken ones.
pub const DIGESTS: &[&str] = &[
    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
    "blake3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
    "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8",
    "md5:d41d8cd98f00b204e9800998ecf8427e",
    "sha256:44136FA355B3678A1146AD16F7E8649E94FB4FC21FE77E8310C060F61CAAFF8A",
    "SHA256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    "sha256:",
    "sha256:../../etc/passwd",
    "sha256:a:b",
    "a++b:c",
];

/// Numbers as JSON or a header field could have them.
pub const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "-1",
    "1",
    "2",
    "3",
    "2.0",
    "2e0",
    "258",
    "1e3",
    "1e400",
    "2147483648",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "02",
    "+2",
    "0x2",
];

/// Strings, as they stand in JSON between the quotes.
pub const STRINGS: &[&str] = &[
    "",
    "a",
    "\\u0000",
    "\\ud800",
    "\\ud83d\\ude00",
    "\\u006dediaType",
    "\u{feff}",
    "\u{202e}",
    "\\r\\nX: y",
    "%2e%2e",
    "e30=",
    "e30",
    "https://example.com/a",
    "file:///etc/passwd",
    "linux",
    "amd64",
    "BLOB_UNKNOWN",
    "TOOMANYREQUESTS",
];

/// What JSON is built of.
pub const TOKENS: &[&str] = &[
    "null", "true", "false", "[]", "{}", "[", "]", "{", "}", ",", ":", "\"", "\\u", "//", "[{}]",
];

/// Pieces of references and paths.
pub const PATHS: &[&str] = &[
    "latest",
    "library/a",
    "a__b",
    "a--b",
    "..",
    "//",
    "..%2f",
    "%00",
    "_",
    "@",
    "a.b/c-d",
];

/// Tags, and texts that are almost tags.
pub const TAGS: &[&str] = &[
    "a", "latest", "v1.0", "_", "A-b", "sha256-0", "-", ".", "..", ".a", "a~", "a+b", "a,b", "a:b",
];

/// Names below a repository, and texts that are almost names.
pub const REPOSITORIES: &[&str] = &[
    "a", "a/b", "a.b", "a__b", "a--b", "A", "a..b", "a_", "-a", "a._b", "a~", "a/B",
];

/// Ranges of bytes, with and without sense.
pub const RANGES: &[&str] = &[
    "0-0",
    "0-9",
    "5-",
    "-5",
    "0-18446744073709551615",
    "18446744073709551615-0",
    "18446744073709551616-1",
    "-1-5",
    "9-5",
    "abc",
    "0-",
    "-",
    "",
    "0-1,3-4",
    "1e3-2e3",
    "0x0-0x9",
];

/// Names of header fields that mean something to a registry or to what stands before it.
pub const FIELDS: &[&str] = &[
    "Accept",
    "Content-Type",
    "Range",
    "If-None-Match",
    "If-Match",
    "If-Modified-Since",
    "Accept-Encoding",
    "Content-Encoding",
    "Content-Range",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "Forwarded",
    "Docker-Content-Digest",
    "OCI-Subject",
    "Cookie",
    "Expect",
];

/// Pieces of header fields.
pub const HEADERS: &[&str] = &[
    "bytes=",
    "bytes ",
    "0-",
    "-5",
    "0-0",
    "0-1023",
    "*/",
    "/*",
    "0-9,20-",
    "rel=\"next\"",
    "; rel=next",
    "</v2/>",
    "<",
    ">",
    ";",
    "=",
    "Basic ",
    "Bearer ",
    "Negotiate ",
    "realm=\"",
    "service=\"a\"",
    "scope=\"repository:a:pull,push\"",
    "error=\"invalid_token\"",
    "\\\"",
];

/// All lists.
pub const ALL: &[&[&str]] = &[
    NAMES,
    MEDIA_TYPES,
    DIGESTS,
    NUMBERS,
    STRINGS,
    TOKENS,
    PATHS,
    TAGS,
    REPOSITORIES,
    RANGES,
    FIELDS,
    HEADERS,
];

/// The words in the format of
/// [libFuzzer's dictionaries](https://llvm.org/docs/LibFuzzer.html#dictionaries).
pub fn dictionary() -> String {
    let mut text = String::from("# The words of src/fuzzing/words.rs, written by its test with BLESS=1.\n");
    for word in ALL.iter().copied().flatten().filter(|word| !word.is_empty()) {
        text.push('"');
        for byte in word.bytes() {
            match byte {
                b'"' | b'\\' => text.extend(['\\', char::from(byte)]),
                b' '..=b'~' => text.push(char::from(byte)),
                _ => text.push_str(&format!("\\x{byte:02X}")),
            }
        }
        text.push_str("\"\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dictionary_of_libfuzzer_has_these_words() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/dictionaries/oci.dict");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(path, dictionary()).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(path).unwrap(),
            dictionary(),
            "run this test with BLESS=1"
        );
    }
}
