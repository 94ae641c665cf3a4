//! The JSON that a registry says errors in: its shape, its codes, a strict parser and a builder.
//!
//! Follows [the section on error codes](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes).
//! It does not know which status goes with which code, nor whether an answer had to have a body at all.

use std::fmt;

use serde_json::{Map, Value};

use crate::oci::json::{self, JsonError, Limits};

/// A code as it stands in an error: one of the specification's table, one that is in wide use without being there, or
/// any other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorCode {
    /// `BLOB_UNKNOWN` (code-1): the registry does not have the blob.
    BlobUnknown,
    /// `BLOB_UPLOAD_INVALID` (code-2): the upload cannot go on.
    BlobUploadInvalid,
    /// `BLOB_UPLOAD_UNKNOWN` (code-3): the registry does not have the upload.
    BlobUploadUnknown,
    /// `DIGEST_INVALID` (code-4): the digest is not that of the content.
    DigestInvalid,
    /// `MANIFEST_BLOB_UNKNOWN` (code-5): a manifest or blob that the manifest refers to is missing.
    ManifestBlobUnknown,
    /// `MANIFEST_INVALID` (code-6): the manifest is not valid.
    ManifestInvalid,
    /// `MANIFEST_UNKNOWN` (code-7): the registry does not have the manifest.
    ManifestUnknown,
    /// `NAME_INVALID` (code-8): the repository's name is not valid.
    NameInvalid,
    /// `NAME_UNKNOWN` (code-9): the registry does not have the repository.
    NameUnknown,
    /// `SIZE_INVALID` (code-10): the length is not that of the content.
    SizeInvalid,
    /// `UNAUTHORIZED` (code-11): the client has to say who it is.
    Unauthorized,
    /// `DENIED` (code-12): the client may not do that.
    Denied,
    /// `UNSUPPORTED` (code-13): the registry does not do that.
    Unsupported,
    /// `TOOMANYREQUESTS` (code-14): the client asks too often.
    TooManyRequests,
    /// A code of the older registry API that is still in wide use.
    Legacy(LegacyCode),
    /// Any other.
    Other(String),
}

/// Codes that registries use and the specification's table does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LegacyCode {
    /// `UNKNOWN`: an error of no further kind.
    Unknown,
    /// `TAG_INVALID`: the tag in the path is not that of the manifest.
    TagInvalid,
    /// `MANIFEST_UNVERIFIED`: a signature of the manifest does not hold.
    ManifestUnverified,
    /// `MANIFEST_REFERENCED`: the manifest is still referred to.
    ManifestReferenced,
    /// `RANGE_INVALID`: the content range of a chunk does not fit.
    RangeInvalid,
    /// `PAGINATION_NUMBER_INVALID`: the page size is not one.
    PaginationNumberInvalid,
    /// `UNAVAILABLE`: the registry cannot serve now.
    Unavailable,
    /// `NOT_FOUND`: something is not there.
    NotFound,
    /// `METHOD_NOT_ALLOWED`: the resource has no such method.
    MethodNotAllowed,
}

impl ErrorCode {
    /// The codes of the specification's table, in its order.
    pub const SPECIFIED: [Self; 14] = [
        Self::BlobUnknown,
        Self::BlobUploadInvalid,
        Self::BlobUploadUnknown,
        Self::DigestInvalid,
        Self::ManifestBlobUnknown,
        Self::ManifestInvalid,
        Self::ManifestUnknown,
        Self::NameInvalid,
        Self::NameUnknown,
        Self::SizeInvalid,
        Self::Unauthorized,
        Self::Denied,
        Self::Unsupported,
        Self::TooManyRequests,
    ];

    /// The code as it is written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::BlobUnknown => "BLOB_UNKNOWN",
            Self::BlobUploadInvalid => "BLOB_UPLOAD_INVALID",
            Self::BlobUploadUnknown => "BLOB_UPLOAD_UNKNOWN",
            Self::DigestInvalid => "DIGEST_INVALID",
            Self::ManifestBlobUnknown => "MANIFEST_BLOB_UNKNOWN",
            Self::ManifestInvalid => "MANIFEST_INVALID",
            Self::ManifestUnknown => "MANIFEST_UNKNOWN",
            Self::NameInvalid => "NAME_INVALID",
            Self::NameUnknown => "NAME_UNKNOWN",
            Self::SizeInvalid => "SIZE_INVALID",
            Self::Unauthorized => "UNAUTHORIZED",
            Self::Denied => "DENIED",
            Self::Unsupported => "UNSUPPORTED",
            Self::TooManyRequests => "TOOMANYREQUESTS",
            Self::Legacy(code) => code.as_str(),
            Self::Other(text) => text,
        }
    }

    /// The code of this text; any text is one.
    pub fn parse(text: &str) -> Self {
        let specified = Self::SPECIFIED.into_iter().find(|code| code.as_str() == text);
        let legacy = || {
            LegacyCode::ALL
                .into_iter()
                .find(|code| code.as_str() == text)
                .map(Self::Legacy)
        };
        specified
            .or_else(legacy)
            .unwrap_or_else(|| Self::Other(text.to_owned()))
    }

    /// Whether the specification's table has it.
    pub fn is_specified(&self) -> bool {
        !matches!(self, Self::Legacy(_) | Self::Other(_))
    }

    /// Whether it is made of capital letters and underscores only, as the specification demands of every code.
    pub fn is_well_formed(&self) -> bool {
        let text = self.as_str();
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    }
}

impl LegacyCode {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Unknown,
        Self::TagInvalid,
        Self::ManifestUnverified,
        Self::ManifestReferenced,
        Self::RangeInvalid,
        Self::PaginationNumberInvalid,
        Self::Unavailable,
        Self::NotFound,
        Self::MethodNotAllowed,
    ];

    /// Whether version 1.1 of the specification mentions it, as one that registries for old Docker clients may use.
    pub fn is_documented(self) -> bool {
        matches!(self, Self::TagInvalid | Self::ManifestUnverified)
    }

    /// The code as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::TagInvalid => "TAG_INVALID",
            Self::ManifestUnverified => "MANIFEST_UNVERIFIED",
            Self::ManifestReferenced => "MANIFEST_REFERENCED",
            Self::RangeInvalid => "RANGE_INVALID",
            Self::PaginationNumberInvalid => "PAGINATION_NUMBER_INVALID",
            Self::Unavailable => "UNAVAILABLE",
            Self::NotFound => "NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One error of a body.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorEntry {
    /// What went wrong.
    pub code: ErrorCode,
    /// The same for people.
    pub message: Option<String>,
    /// Anything else, of any shape.
    pub detail: Option<Value>,
}

/// The errors of one answer, never none.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorBody {
    errors: Vec<ErrorEntry>,
}

impl ErrorBody {
    /// A body with one error.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            errors: vec![ErrorEntry {
                code,
                message: Some(message.into()),
                detail: None,
            }],
        }
    }

    /// The same body with another error at its end.
    #[must_use]
    pub fn and(mut self, code: ErrorCode, message: impl Into<String>) -> Self {
        self.errors.push(ErrorEntry {
            code,
            message: Some(message.into()),
            detail: None,
        });
        self
    }

    /// The same body with `detail` on its last error.
    #[must_use]
    pub fn with_detail(mut self, detail: Value) -> Self {
        if let Some(last) = self.errors.last_mut() {
            last.detail = Some(detail);
        }
        self
    }

    /// Parses a body. Members that the specification does not name are stepped over.
    ///
    /// # Errors
    /// If it is not JSON, or not of the demanded shape.
    pub fn parse(bytes: &[u8]) -> Result<Self, ErrorBodyError> {
        json::parse(bytes, Limits::default())?;
        // What the strict reader lets pass can still fail here: a number that no float can hold.
        let value: Value = serde_json::from_slice(bytes).map_err(|error| ErrorBodyError::Value(error.to_string()))?;
        let object = value.as_object().ok_or_else(|| shape("", "an object"))?;
        let entries = object
            .get("errors")
            .and_then(Value::as_array)
            .ok_or_else(|| shape("/errors", "an array"))?;
        if entries.is_empty() {
            return Err(shape("/errors/0", "an error"));
        }
        let errors = entries
            .iter()
            .enumerate()
            .map(|(at, entry)| parse_entry(at, entry))
            .collect::<Result<_, _>>()?;
        Ok(Self { errors })
    }

    /// The errors in their order.
    pub fn errors(&self) -> &[ErrorEntry] {
        &self.errors
    }

    /// The codes in their order.
    pub fn codes(&self) -> impl Iterator<Item = &ErrorCode> {
        self.errors.iter().map(|entry| &entry.code)
    }

    /// Whether one of the errors has this code.
    pub fn has(&self, code: &ErrorCode) -> bool {
        self.codes().any(|known| known == code)
    }

    /// The body as JSON.
    pub fn to_json(&self) -> Value {
        let entry = |entry: &ErrorEntry| {
            let mut members = Map::new();
            members.insert("code".to_owned(), entry.code.as_str().into());
            if let Some(message) = &entry.message {
                members.insert("message".to_owned(), message.as_str().into());
            }
            if let Some(detail) = &entry.detail {
                members.insert("detail".to_owned(), detail.clone());
            }
            Value::Object(members)
        };
        serde_json::json!({ "errors": self.errors.iter().map(entry).collect::<Vec<_>>() })
    }
}

impl fmt::Display for ErrorBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_json())
    }
}

/// Why bytes are no error body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ErrorBodyError {
    /// They are not JSON, or JSON that readers disagree about.
    #[error("the error body is not JSON: {0}")]
    Json(#[from] JsonError),
    /// They are JSON with a value that cannot be represented.
    #[error("the error body has a value that cannot be represented: {0}")]
    Value(String),
    /// They are JSON of another shape.
    #[error("the error body lacks {expected} at {pointer:?}")]
    Shape {
        /// Where, as a JSON pointer.
        pointer: String,
        /// What was expected there.
        expected: &'static str,
    },
}

fn parse_entry(at: usize, value: &Value) -> Result<ErrorEntry, ErrorBodyError> {
    let object = value
        .as_object()
        .ok_or_else(|| shape(format!("/errors/{at}"), "an object"))?;
    let code = object.get("code").and_then(Value::as_str);
    let code = code.ok_or_else(|| shape(format!("/errors/{at}/code"), "a string"))?;
    let message = match object.get("message") {
        None => None,
        Some(Value::String(message)) => Some(message.clone()),
        Some(_) => return Err(shape(format!("/errors/{at}/message"), "a string")),
    };
    Ok(ErrorEntry {
        code: ErrorCode::parse(code),
        message,
        detail: object.get("detail").cloned(),
    })
}

fn shape(pointer: impl Into<String>, expected: &'static str) -> ErrorBodyError {
    ErrorBodyError::Shape {
        pointer: pointer.into(),
        expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lacks(text: &str) -> (String, &'static str) {
        match ErrorBody::parse(text.as_bytes()) {
            Err(ErrorBodyError::Shape { pointer, expected }) => (pointer, expected),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_body_is_read_with_its_details() {
        let text = r#"{"errors":[{"code":"BLOB_UNKNOWN","message":"m","detail":{"a":[1]}},{"code":"X"}],"extra":1}"#;
        let body = ErrorBody::parse(text.as_bytes()).unwrap();
        assert!(body.has(&ErrorCode::BlobUnknown));
        assert_eq!(body.errors()[0].detail, Some(serde_json::json!({"a": [1]})));
        assert_eq!(body.errors()[1].code, ErrorCode::Other("X".to_owned()));
        assert_eq!(body.errors()[1].message, None);
    }

    #[test]
    fn another_shape_is_named_by_its_place() {
        assert_eq!(lacks("[]"), (String::new(), "an object"));
        assert_eq!(lacks("{}"), ("/errors".to_owned(), "an array"));
        assert_eq!(lacks(r#"{"errors":null}"#), ("/errors".to_owned(), "an array"));
        assert_eq!(lacks(r#"{"errors":[]}"#), ("/errors/0".to_owned(), "an error"));
        assert_eq!(lacks(r#"{"errors":[null]}"#), ("/errors/0".to_owned(), "an object"));
        assert_eq!(
            lacks(r#"{"errors":[{"code":"A"},{}]}"#),
            ("/errors/1/code".to_owned(), "a string")
        );
        assert_eq!(
            lacks(r#"{"errors":[{"code":"A","message":1}]}"#),
            ("/errors/0/message".to_owned(), "a string")
        );
        assert!(matches!(ErrorBody::parse(b"<html>"), Err(ErrorBodyError::Json(_))));
        assert!(matches!(ErrorBody::parse(b""), Err(ErrorBodyError::Json(_))));
        assert!(matches!(
            ErrorBody::parse(br#"{"errors":[],"errors":[]}"#),
            Err(ErrorBodyError::Json(_))
        ));
        let huge = br#"{"errors":[{"code":"A","detail":1e400}]}"#;
        assert!(matches!(ErrorBody::parse(huge), Err(ErrorBodyError::Value(_))));
    }

    #[test]
    fn every_code_is_found_by_its_text() {
        for code in ErrorCode::SPECIFIED {
            assert!(code.is_specified() && code.is_well_formed());
            assert_eq!(ErrorCode::parse(code.as_str()), code);
        }
        for code in LegacyCode::ALL.map(ErrorCode::Legacy) {
            assert!(!code.is_specified() && code.is_well_formed());
            assert_eq!(ErrorCode::parse(code.as_str()), code);
        }
        assert!(!ErrorCode::parse("blob_unknown").is_well_formed());
        assert!(!ErrorCode::parse("").is_well_formed());
    }

    proptest! {
        #[test]
        fn printing_parses_back(codes in proptest::collection::vec(("[A-Z_]{0,20}", ".*"), 1..4)) {
            let mut entries = codes.into_iter();
            let (code, message) = entries.next().unwrap_or_default();
            let mut body = ErrorBody::new(ErrorCode::parse(&code), message).with_detail(serde_json::json!([1, {"a": null}]));
            for (code, message) in entries {
                body = body.and(ErrorCode::parse(&code), message);
            }
            prop_assert_eq!(ErrorBody::parse(body.to_string().as_bytes()), Ok(body));
        }

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = ErrorBody::parse(&bytes);
        }
    }
}
