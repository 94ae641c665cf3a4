//! Descriptors: what a document says about content that it refers to.
//!
//! Follows [the descriptor section of the image specification](https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md).
//! It does not know in which role a document refers to the content, nor whether a registry has it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::oci::digest::{Algorithm, Digest};
use crate::oci::json::{self, Limits};
use crate::oci::media_type::MediaType;
use crate::oci::violation::{At, Collector, Fault, Violation};

/// The largest size that a descriptor can state, in bytes.
pub const MAX_CONTENT_SIZE: u64 = i64::MAX as u64;

/// A reference to content, with what is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// What the content is.
    pub media_type: MediaType,
    /// Which bytes it is made of.
    pub digest: Digest,
    /// Its length in bytes, at most [`MAX_CONTENT_SIZE`].
    pub size: u64,
    /// Where else the content can be had.
    pub urls: Vec<String>,
    /// Anything else, for programs and people. `None` and an empty map mean the same.
    pub annotations: Option<BTreeMap<String, String>>,
    /// The content itself, embedded.
    pub data: Option<Vec<u8>>,
    /// Where an image runs.
    pub platform: Option<Platform>,
    /// What kind of artifact it is, if the content is a manifest of one.
    pub artifact_type: Option<MediaType>,
}

/// Where an image runs, after
/// [the index section of the image specification](https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md#image-index-property-descriptions).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Platform {
    /// The processor, by Go's names.
    pub architecture: String,
    /// The operating system, by Go's names.
    pub os: String,
    /// Its version.
    pub os_version: Option<String>,
    /// What it has to have.
    pub os_features: Vec<String>,
    /// The variant of the processor.
    pub variant: Option<String>,
}

impl Descriptor {
    /// A descriptor with the three things that every descriptor has.
    pub fn new(media_type: MediaType, digest: Digest, size: u64) -> Self {
        Self {
            media_type,
            digest,
            size,
            urls: Vec::new(),
            annotations: None,
            data: None,
            platform: None,
            artifact_type: None,
        }
    }

    /// The descriptor of `content`.
    pub fn of(media_type: MediaType, algorithm: Algorithm, content: &[u8]) -> Self {
        Self::new(media_type, Digest::of(algorithm, content), content.len() as u64)
    }

    /// Parses a document that is one descriptor.
    ///
    /// # Errors
    /// All violations, up to [`MAX_VIOLATIONS`](crate::oci::violation::MAX_VIOLATIONS).
    pub fn parse(bytes: &[u8], limits: Limits) -> Result<Self, Vec<Violation>> {
        let (root, duplicates) = json::read(bytes, limits).map_err(|error| vec![error.into()])?;
        let mut collector = Collector::new(bytes);
        for duplicate in duplicates {
            collector.add(duplicate);
        }
        let read = Self::read(&mut collector, &At::root(&root));
        collector.finish(read)
    }

    /// The descriptor as JSON.
    pub fn to_json(&self) -> Value {
        let mut members = Map::new();
        members.insert("mediaType".to_owned(), self.media_type.as_written().into());
        members.insert("digest".to_owned(), self.digest.as_str().into());
        members.insert("size".to_owned(), self.size.into());
        if !self.urls.is_empty() {
            members.insert("urls".to_owned(), self.urls.clone().into());
        }
        if let Some(annotations) = &self.annotations {
            members.insert("annotations".to_owned(), annotations_to_json(annotations));
        }
        if let Some(data) = &self.data {
            members.insert("data".to_owned(), STANDARD.encode(data).into());
        }
        if let Some(platform) = &self.platform {
            members.insert("platform".to_owned(), platform.to_json());
        }
        if let Some(artifact_type) = &self.artifact_type {
            members.insert("artifactType".to_owned(), artifact_type.as_written().into());
        }
        Value::Object(members)
    }

    pub(super) fn read(collector: &mut Collector<'_>, at: &At<'_>) -> Option<Self> {
        collector.object(at)?;
        let media_type = collector.required(at, "mediaType", Collector::media_type);
        let digest = collector.required(at, "digest", Collector::digest);
        let size = collector.required(at, "size", Collector::size);
        let urls = collector.optional(at, "urls", |collector, at| collector.array(at, read_url));
        let annotations = collector.optional(at, "annotations", Collector::annotations);
        let data = collector.optional(at, "data", read_data);
        let platform = collector.optional(at, "platform", Platform::read);
        let artifact_type = collector.optional(at, "artifactType", Collector::media_type);
        let descriptor = Self {
            media_type: media_type?,
            digest: digest?,
            size: size?,
            urls: urls?.unwrap_or_default(),
            annotations: annotations?,
            data: data?,
            platform: platform?,
            artifact_type: artifact_type?,
        };
        if let (Some(data), Some(place)) = (&descriptor.data, at.member("data")) {
            let checked = descriptor.check_data(data);
            collector.check(&place, checked)?;
        }
        Some(descriptor)
    }

    fn check_data(&self, data: &[u8]) -> Result<(), Fault> {
        let actual = data.len() as u64;
        if actual != self.size {
            return Err(Fault::DataSize {
                expected: self.size,
                actual,
            });
        }
        // Nothing can be said against data whose digest cannot be computed here.
        let confirmed = self
            .digest
            .algorithm()
            .is_none_or(|algorithm| Digest::of(algorithm, data) == self.digest);
        if confirmed { Ok(()) } else { Err(Fault::DataDigest) }
    }
}

impl Platform {
    fn read(collector: &mut Collector<'_>, at: &At<'_>) -> Option<Self> {
        collector.object(at)?;
        let architecture = collector.required(at, "architecture", Collector::text);
        let os = collector.required(at, "os", Collector::text);
        let os_version = collector.optional(at, "os.version", Collector::text);
        let os_features = collector.optional(at, "os.features", |collector, at| collector.array(at, Collector::text));
        let variant = collector.optional(at, "variant", Collector::text);
        Some(Self {
            architecture: architecture?,
            os: os?,
            os_version: os_version?,
            os_features: os_features?.unwrap_or_default(),
            variant: variant?,
        })
    }

    fn to_json(&self) -> Value {
        let mut members = Map::new();
        members.insert("architecture".to_owned(), self.architecture.as_str().into());
        members.insert("os".to_owned(), self.os.as_str().into());
        if let Some(version) = &self.os_version {
            members.insert("os.version".to_owned(), version.as_str().into());
        }
        if !self.os_features.is_empty() {
            members.insert("os.features".to_owned(), self.os_features.clone().into());
        }
        if let Some(variant) = &self.variant {
            members.insert("variant".to_owned(), variant.as_str().into());
        }
        Value::Object(members)
    }
}

pub(super) fn annotations_to_json(annotations: &BTreeMap<String, String>) -> Value {
    annotations
        .iter()
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
        .collect::<Map<_, _>>()
        .into()
}

fn read_url(collector: &mut Collector<'_>, at: &At<'_>) -> Option<String> {
    let text = collector.string(at)?;
    collector.check(
        at,
        if is_uri(text) {
            Ok(text.to_owned())
        } else {
            Err(Fault::Uri)
        },
    )
}

fn read_data(collector: &mut Collector<'_>, at: &At<'_>) -> Option<Vec<u8>> {
    let text = collector.string(at)?;
    collector.check(at, STANDARD.decode(text).map_err(|_| Fault::Base64))
}

/// Whether `text` has a scheme and only characters of a URI
/// ([RFC 3986, appendix A](https://www.rfc-editor.org/rfc/rfc3986#appendix-A)). Its parts are not looked into.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let mut letters = scheme.bytes();
    let is_scheme = letters.next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && letters.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let is_character = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    let escapes_are_whole = rest.split('%').skip(1).all(|after| {
        let digits = after.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    is_scheme && rest.bytes().all(is_character) && escapes_are_whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::digest::DigestError;
    use crate::oci::media_type::{MediaTypeError, OCI_EMPTY};
    use proptest::prelude::*;

    const EMPTY: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    fn parse(value: &Value) -> Result<Descriptor, Vec<Violation>> {
        Descriptor::parse(value.to_string().as_bytes(), Limits::default())
    }

    /// The violations of the empty descriptor with one member replaced, or left out if `value` is a null pointer.
    fn with(name: &str, value: Value) -> Vec<(String, Fault)> {
        let mut document = serde_json::json!({"mediaType": OCI_EMPTY, "digest": EMPTY, "size": 2});
        document[name] = value;
        let violations = parse(&document).err().unwrap_or_default();
        violations
            .into_iter()
            .map(|violation| (violation.pointer, violation.fault))
            .collect()
    }

    fn one(name: &str, value: Value) -> Fault {
        let mut violations = with(name, value);
        assert_eq!(violations.len(), 1, "{violations:?}");
        let (pointer, fault) = violations.remove(0);
        assert!(pointer.starts_with(&format!("/{name}")), "{pointer}");
        fault
    }

    #[test]
    fn a_descriptor_with_everything_is_read() {
        let document = serde_json::json!({
            "mediaType": OCI_EMPTY, "digest": EMPTY, "size": 2, "data": "e30=", "urls": ["https://a.example/%7Bb?c"],
            "annotations": {"": "", "a": "b"}, "artifactType": "application/x", "unknown": [null],
            "platform": {"architecture": "arm64", "os": "linux", "os.version": "1", "os.features": ["x"],
                "variant": "v8", "features": []},
        });
        let descriptor = parse(&document).unwrap();
        assert_eq!(descriptor.data.as_deref(), Some(b"{}".as_slice()));
        assert_eq!(descriptor.platform.as_ref().unwrap().variant.as_deref(), Some("v8"));
        assert_eq!(parse(&descriptor.to_json()), Ok(descriptor));
    }

    #[test]
    fn each_mistake_has_its_own_fault() {
        let found = |expected, found| Fault::Type { expected, found };
        assert_eq!(one("mediaType", "".into()), Fault::MediaType(MediaTypeError::Empty));
        assert_eq!(
            one("mediaType", "a/b; c=d".into()),
            Fault::MediaType(MediaTypeError::Parameter { at: 3 })
        );
        assert_eq!(one("digest", "sha256".into()), Fault::Digest(DigestError::NoColon));
        assert_eq!(one("digest", Value::Null), found("a string", "null"));
        assert_eq!(one("size", (-1).into()), Fault::NegativeSize);
        assert_eq!(one("size", "2".into()), found("a number", "a string"));
        assert_eq!(one("size", 2.5.into()), Fault::NotInteger);
        assert_eq!(one("size", (1u64 << 63).into()), Fault::TooLargeNumber);
        assert_eq!(one("urls", serde_json::json!(["a b:"])), Fault::Uri);
        assert_eq!(one("urls", "https://a".into()), found("an array", "a string"));
        assert_eq!(one("annotations", Value::Null), found("an object", "null"));
        assert_eq!(
            one("annotations", serde_json::json!({"a/b": 1})),
            found("a string", "a number")
        );
        assert_eq!(one("data", "e30".into()), Fault::Base64);
        assert_eq!(one("data", "e31=".into()), Fault::Base64);
        assert_eq!(one("data", "e30K".into()), Fault::DataSize { expected: 2, actual: 3 });
        assert_eq!(one("data", "e3w=".into()), Fault::DataDigest);
        assert_eq!(one("platform", serde_json::json!([])), found("an object", "an array"));
        assert_eq!(
            one("artifactType", "x".into()),
            Fault::MediaType(MediaTypeError::NoSlash)
        );
        assert_eq!(with("size", i64::MAX.into()), []);
    }

    #[test]
    fn all_mistakes_are_found_with_their_places() {
        let text = "{\"size\":\n -0.0, \"platform\":{}, \"urls\":[1,\"x\"]}";
        let violations = Descriptor::parse(text.as_bytes(), Limits::default()).unwrap_err();
        let places: Vec<_> = violations
            .iter()
            .map(|violation| format!("{} {}", violation.pointer, violation.position))
            .collect();
        let expected = [
            "/mediaType 1:1",
            "/digest 1:1",
            "/size 2:2",
            "/urls/0 2:31",
            "/urls/1 2:33",
            "/platform/architecture 2:19",
            "/platform/os 2:19",
        ];
        assert_eq!(places, expected);
        let many = format!("{{\"urls\":[{}1]}}", "1,".repeat(1000));
        let violations = Descriptor::parse(many.as_bytes(), Limits::default()).unwrap_err();
        assert_eq!(violations.len(), crate::oci::violation::MAX_VIOLATIONS);
    }

    #[test]
    fn numbers_at_the_edge_are_judged_by_their_text() {
        let fault = |size: &str| {
            let text = format!("{{\"mediaType\":\"a/b\",\"digest\":\"x:y\",\"size\":{size}}}");
            Descriptor::parse(text.as_bytes(), Limits::default()).map_err(|mut all| all.remove(0).fault)
        };
        assert_eq!(fault("-0").unwrap().size, 0);
        assert_eq!(fault("9007199254740993").unwrap().size, 9_007_199_254_740_993);
        assert_eq!(fault("9223372036854775808"), Err(Fault::TooLargeNumber));
        assert_eq!(fault("99999999999999999999999"), Err(Fault::TooLargeNumber));
        assert_eq!(fault("-99999999999999999999999"), Err(Fault::NegativeSize));
        assert_eq!(fault("2.0"), Err(Fault::NotInteger));
        assert_eq!(fault("1e400"), Err(Fault::NotInteger));
        assert!(matches!(fault("02"), Err(Fault::Json(_))));
    }

    #[test]
    fn a_uri_has_a_scheme_and_no_stray_characters() {
        for text in ["https://a.example/b?c=d#e", "file:///x", "urn:a", "http://[::1]/%20"] {
            assert!(is_uri(text), "{text}");
        }
        for text in [
            "",
            "a",
            "//a",
            "1a:b",
            "http://a b",
            "http://a\r\n",
            "http://é",
            "http://a/%2",
            "http://%zz",
        ] {
            assert!(!is_uri(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn printing_parses_back(
            content in proptest::collection::vec(any::<u8>(), 0..40),
            embedded in any::<bool>(),
            annotations in proptest::option::of(proptest::collection::btree_map(any::<String>(), any::<String>(), 0..4)),
            platform in proptest::option::of((any::<String>(), any::<String>(), proptest::option::of(any::<String>()))),
        ) {
            let mut descriptor = Descriptor::of("Application/x".parse().unwrap(), Algorithm::Sha512, &content);
            descriptor.data = embedded.then_some(content);
            descriptor.annotations = annotations;
            descriptor.platform = platform.map(|(os, architecture, variant)| Platform {
                architecture, os, os_features: variant.iter().cloned().collect(), variant, ..Platform::default()
            });
            prop_assert_eq!(parse(&descriptor.to_json()), Ok(descriptor));
        }
    }
}
