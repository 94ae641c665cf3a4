//! Fuzzing: what to feed to parsers, and what must hold whatever they are fed.
//!
//! Generators and oracles are kept apart. [`document`] makes manifests out of a sequence of choices, [`words`] are the
//! pieces that both it and the dictionary of libFuzzer draw on, and [`targets`] are the bodies of the fuzz targets: each
//! takes bytes and asserts what holds for all bytes; [`differential`] compares with other readers, [`reference`] plays
//! requests against the reference registry, and [`live`] does that to any registry. The crate in `fuzz/` wraps each body in three lines; here, every one
//! of them also runs on seeds and a bounded number of random inputs as an ordinary test.

pub mod differential;
pub mod document;
pub mod live;
pub mod reference;
pub mod targets;
pub mod words;

#[cfg(test)]
mod seeds;
#[cfg(test)]
mod smoke;
