//! The methods of HTTP, as far as it matters which one it is.

/// The methods that change nothing ([RFC 9110, section 9.2.1](https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1)), of those
/// that a registry has. The case of letters matters.
pub const READING: [&str; 3] = ["GET", "HEAD", "OPTIONS"];
