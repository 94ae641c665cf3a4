//! What a case is: plain data.
//!
//! Owns the words that case files and the catalogue are made of: documents, requirements, profiles, capabilities,
//! cases, content nodes, steps, expectations, matchers and templates. It refuses to know YAML ([`crate::load`] makes
//! these values), HTTP and verdicts.

mod capability;
mod content;
mod glob;
mod known;
mod matcher;
mod model;
mod requirement;
mod step;
mod template;

pub use capability::{Always, Capability};
pub use content::{BlobSource, Child, GivenPart, ManifestFields, Node, NodeKind, Patch, Size, SizeUnit};
pub use glob::glob;
pub use known::Known;
pub use matcher::{
    BodyMatcher, ErrorMatcher, HeaderMatcher, HeaderOp, JsonOp, LinkMatcher, Matcher, SortOrder, StatusSet,
};
pub use model::{Case, CaseId, GIVEN, Origin, ParseCheck, ParseVerdict, Suite};
pub use requirement::{Binds, Document, Level, Profile, Requirement, Weight};
pub use step::{
    Action, Body, Busy, Capture, CaptureFrom, DeleteWhat, Expectation, Fact, Redirects, Send, SendAuth, Step,
    UploadHow, Via, Wire,
};
pub use template::{Json, Part, Template, TemplateError};
