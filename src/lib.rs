//! Referee certifies OCI registries.
//!
//! A run is one path, and one plain value is handed on at each step:
//! the case files under `cases/` are loaded into a suite ([`load`], [`case`]); a plan is made of it, the target is
//! probed for its capabilities and the cases are run against it over HTTP ([`runner`], [`client`]); each response is
//! compared with what its requirements expect ([`expect`]) and judged ([`outcome`]); the report value that results is
//! rendered ([`report`]). The reference registry ([`registry`]) knows nothing of all that, which is what makes its
//! mutants evidence.

pub mod oci;

pub mod case;
pub mod content;
pub mod load;

pub mod client;
pub mod expect;
pub mod outcome;
pub mod runner;

pub mod report;

pub mod registry;

pub mod fuzzing;

pub mod cli;
