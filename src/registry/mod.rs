//! The reference registry: the whole of the OCI distribution specification in memory, over real HTTP/1.1.
//!
//! It follows every *must* and every *should* of [the distribution specification][dist] (the version after 1.1.1) and of
//! [the image specification 1.1][image], so that nothing said against it can be justified. A [`Mutant`] is the same
//! registry with one deliberate defect, a [`Variant`] the same registry making one other choice that the
//! specifications leave open: the first are there to be caught, the second to be left in peace.
//!
//! It uses [`oci`](crate::oci) and nothing else of this crate. What checks registries must not share code with what is
//! checked, or one error would cancel itself.
//!
//! [dist]: https://github.com/opencontainers/distribution-spec/blob/main/spec.md
//! [image]: https://github.com/opencontainers/image-spec/blob/v1.1.1/spec.md

mod config;
mod mutant;
mod variant;

mod server;

mod request;
mod respond;
mod routes;

mod auth;
mod blobs;
mod document;
mod drafts;
mod first_schema;
mod manifests;
mod oras;
mod range;
mod referrers;
mod tags;
mod upload;

mod identifier;
mod seed;
mod store;

mod collect;
mod collections;
mod retention;

mod choices;
mod defects;
mod delayed;
mod gzip;
mod redirect;

pub use config::{Account, Auth, Collector, Config, Limits};
pub use mutant::{Mutant, UnknownMutant};
pub use server::{Running, start};
pub use variant::{UnknownVariant, Variant};

#[cfg(test)]
mod tests;
