//! What is signed when content is signed, and what signatures come in: documents beside manifests, kept as blobs.
//!
//! They are read to the letter but not verified: who may have signed what is a question of policy and of keys.

mod bundle;
mod notation;
mod simple;
#[cfg(test)]
mod tests;

pub use bundle::{Bundle, BundleContent, BundleKey};
pub use notation::NotationPayload;
pub use simple::{SimpleKind, SimpleSigning};

pub(super) use notation::check_manifest as check_notation_manifest;
