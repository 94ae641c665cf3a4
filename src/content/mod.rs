//! Content nodes to bytes, and templates to text.
//!
//! Owns the building of a case's content graph: deterministic from a seed, unlike the content of any other case or
//! run. It refuses to know HTTP: what is pushed, and in which order, is read off the graph by [`crate::runner`], and
//! what comes back is compared by [`crate::expect`].

mod build;
mod data;
mod scope;
mod signed;

pub use build::{BuildError, Built, Graph, Role, Setting};
pub use data::{Data, mix};
pub use scope::{ATTRIBUTES, Scope, ScopeError};
