//! What a run says, in the forms that people and machines read.
//!
//! Owns the looks: every form is a pure function of the [`Report`], so that any of them can be made later from the
//! JSON form, which is the master. Only [`progress`] and [`journal`] take part in a run
//! while it goes on. Refuses to judge: what
//! counts against a target was decided in [`crate::outcome`].

pub mod badge;
pub mod comparison;
mod evidence;
pub mod github;
pub mod har;
pub mod html;
pub mod journal;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod official;
pub(crate) mod printable;
pub mod progress;
pub mod terminal;
mod unjudged;
mod words;
mod write;

pub use words::plural;
pub use write::{Format, RenderError, UnknownFormat, WriteError, each_once, prepare, render, write_files};

#[cfg(doc)]
use crate::outcome::Report;
