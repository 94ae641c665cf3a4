//! How a client is set up: target, login, TLS and limits.

use std::time::Duration;

use super::credentials::Login;
use super::target::{BaseUrl, Origin};
use super::tls::{TlsError, TlsOptions};

/// What a [`super::Client`] needs to know.
#[derive(Clone)]
pub struct Options {
    /// The target.
    pub base: BaseUrl,
    /// Who we are, from [`super::credentials::find`].
    pub login: Login,
    /// TLS settings.
    pub tls: TlsOptions,
    /// Time limits.
    pub limits: Limits,
    /// The value of `User-Agent`.
    pub user_agent: String,
    /// Whether nothing is sent that could change what the target holds: any method but GET, HEAD and OPTIONS is refused,
    /// whoever asks for it. The request for a token is none that does, though some token services want a POST for it.
    pub reads_only: bool,
    /// Whether nothing is sent to another machine than this one, wherever the target leads. A token is asked for elsewhere
    /// all the same.
    pub only_this_machine: bool,
    /// Bytes of a response body kept in memory; a larger one is known by its length and hashes.
    pub keep: usize,
}

/// Time limits of one exchange. Each applies by itself; whichever passes first ends the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Name resolution, TCP and TLS.
    pub connect: Duration,
    /// Without a byte written or read.
    pub read: Duration,
    /// The whole exchange: redirects, logins, waiting and repetitions included.
    pub total: Duration,
    /// The longest `Retry-After` that is obeyed.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(30),
            total: Duration::from_secs(120),
            patience: Duration::from_secs(30),
        }
    }
}

impl Options {
    /// Why no request goes to an origin that the target leads to, if none does.
    pub(super) fn forbids(&self, to: &Origin) -> Option<String> {
        let away = self.only_this_machine && !to.is_loopback();
        let away = away.then(|| format!("{} is another machine", to.authority()));
        to.off_limits(&self.base.origin).or(away)
    }

    /// The usual settings for a target, without a login.
    pub fn new(base: BaseUrl) -> Options {
        Options {
            base,
            login: Login::Anonymous,
            tls: TlsOptions::default(),
            limits: Limits::default(),
            user_agent: concat!("referee/", env!("CARGO_PKG_VERSION")).to_owned(),
            reads_only: false,
            only_this_machine: false,
            keep: 8 * 1024 * 1024,
        }
    }
}

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A certificate or key that cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The HTTP library refused its settings.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
}
