//! The words of the protocol: one file per word, each a type, a strict parser and a `Display` that parses back.
//!
//! Everything here is pure: bytes in, values or errors out. It knows no network, no registry, no case and no verdict, and
//! nothing that a registry sends can make it panic, loop or use memory out of proportion to the bytes it was given.

pub mod digest;
pub mod reference;

pub mod media_type;

pub mod json;
pub mod violation;

pub mod descriptor;
pub mod manifest;

pub mod encryption;
pub mod signature;

pub mod advice;
pub mod any;

pub mod error_body;

pub mod challenge;
pub mod link;
pub mod method;
pub mod range;

mod header_syntax;
