//! HTTP to the target.
//!
//! Owns how a request reaches the wire and how a response comes back: connections, TLS, redirects, logins, time limits
//! and redaction. Knows nothing of cases, requirements or verdicts: whatever happens on the network is recorded in an
//! [`Exchange`] and handed on.
//!
//! A [`RequestSpec`] says what to send, [`Client::send`] gives the [`Answer`]. There are two transports below: a pooled
//! one for speed, and a raw one for requests that a general HTTP library would change or refuse, and for replies that it
//! would hide. The client picks by itself.

pub mod exchange;
mod request;
mod resolve;
mod target;

mod handshake;
mod options;
mod record;
mod row;
mod send;

mod auth;
pub mod credentials;
mod login;
mod tls;

mod pooled;
mod raw;
mod wire;

mod curl;
mod redact;

mod counts;

pub use counts::RequestCounts;
pub(crate) use curl::quote;
pub use exchange::{Answer, Exchange, Purpose, Received, TransportError};
pub use handshake::{Handshake, Tls};
pub use login::Asking;
pub use options::{Limits, Options, SetupError};
pub use redact::Redactor;
pub use request::{Auth, Body, Fill, Redirects, RequestSpec, Target, Via, encode_query};
pub use send::{Client, is_repeatable};
pub use target::{BaseUrl, Origin, Scheme, TargetError, normalise_target, resolve_location};
pub use tls::{TlsError, TlsOptions};
