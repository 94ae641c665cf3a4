//! What a registry is told when it starts.
//!
//! Plain data; nothing here acts.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::{Mutant, Variant};

/// How a registry is to behave and where it is to listen. The default is the plain registry on a free port of the
/// loopback interface, open to everybody.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The defect, if it is to have one.
    pub mutant: Option<Mutant>,
    /// The choices in which it differs from the plain registry.
    pub variants: Vec<Variant>,
    /// Who may do what.
    pub auth: Auth,
    /// Another account, which may only pull.
    pub reader: Option<Account>,
    /// Bounds on what it takes.
    pub limits: Limits,
    /// How it collects garbage.
    pub collector: Collector,
    /// Whether it has content from the start, in the repository `referee/given`.
    pub seeded: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            mutant: None,
            variants: Vec::new(),
            auth: Auth::None,
            reader: None,
            limits: Limits::default(),
            collector: Collector::default(),
            seeded: false,
        }
    }
}

/// How clients say who they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Auth {
    /// Everybody may do everything.
    #[default]
    None,
    /// Name and password with every request ([RFC 7617](https://www.rfc-editor.org/rfc/rfc7617)).
    Basic {
        /// The name of the one user who may do everything.
        user: String,
        /// That user's password.
        password: String,
    },
    /// Name and password at the token endpoint `/token` of the same host, and the token with every request
    /// ([RFC 6750](https://www.rfc-editor.org/rfc/rfc6750)).
    Token {
        /// The name of the one user who may do everything.
        user: String,
        /// That user's password.
        password: String,
    },
}

/// A name and a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
}

/// Bounds on what a registry takes from its clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The largest manifest, in bytes. The specification expects at least 4,000,000.
    pub manifest: usize,
    /// The largest blob, in bytes.
    pub blob: usize,
    /// How many uploads may be open at once; the one that was idle longest makes room for another.
    pub uploads: usize,
    /// How long an upload may be idle before it is forgotten.
    pub upload_idle: Duration,
    /// The largest list of referrers that is answered in one page, in bytes.
    pub referrers_page: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            manifest: 8 << 20,
            blob: 1 << 30,
            uploads: 10_000,
            upload_idle: Duration::from_secs(3600),
            referrers_page: 4 << 20,
        }
    }
}

/// When garbage is collected, and what is still too young for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collector {
    /// Content and uploads that are younger than this when a collection starts are left alone.
    pub grace: Duration,
    /// What is garbage is removed when no request came for this long since it was found; a busy registry waits for at most
    /// twenty times as long.
    pub quiet: Duration,
    /// How often a collection starts by itself; never where `None`.
    pub interval: Option<Duration>,
}

impl Default for Collector {
    fn default() -> Self {
        Self {
            grace: Duration::ZERO,
            quiet: Duration::from_millis(20),
            interval: None,
        }
    }
}
