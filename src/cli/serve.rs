//! `referee serve`.

use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use clap::Args;

use super::{Exit, Failure, did_you_mean, print};
use crate::registry::{self, Auth, Collector, Config, Mutant, Variant};

const EXAMPLES: &str = "\
Examples:
  referee serve                                   a registry to try things on, at http://127.0.0.1:5000
  referee serve --listen 127.0.0.1:0 --mutant range-end-exclusive
  referee serve --variant tags-paged --variant no-sha-512 --auth token";

/// Which registry is served.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ServeArguments {
    /// The address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:5000", value_parser = address)]
    listen: SocketAddr,
    /// Serve it with this defect; `referee list mutants` names them
    #[arg(long, value_name = "MUTANT", value_parser = mutant)]
    mutant: Option<Mutant>,
    /// Serve it with this allowed choice; `referee list variants` names them (repeatable)
    #[arg(long, value_name = "VARIANT", value_parser = variant)]
    variant: Vec<Variant>,
    /// Ask for a login: `basic` or `token`, with the user `referee` and the password `let-me-in`
    #[arg(long, value_enum)]
    auth: Option<AuthKind>,
    /// Collect garbage this often; `POST /api/v2.0/system/gc/schedule` collects it at any time
    #[arg(long, value_name = "TIME", value_parser = super::connect::duration)]
    gc_interval: Option<Duration>,
    /// Leave content alone that is younger than this
    #[arg(long, value_name = "TIME", value_parser = super::connect::duration)]
    gc_grace: Option<Duration>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum AuthKind {
    Basic,
    Token,
}

/// `127.0.0.1:5000`, `[::1]:5000` or `localhost:5000`.
fn address(text: &str) -> Result<SocketAddr, String> {
    let mut addresses = text.to_socket_addrs().into_iter().flatten();
    let first = addresses.next();
    first.ok_or_else(|| "an address with a port is needed, such as 127.0.0.1:5000".to_string())
}

fn mutant(name: &str) -> Result<Mutant, String> {
    let names = Mutant::ALL.iter().map(|mutant| mutant.name());
    name.parse().map_err(|error| {
        format!(
            "{error}; {}",
            did_you_mean(name, names, "`referee list mutants` names them")
        )
    })
}

fn variant(name: &str) -> Result<Variant, String> {
    let names = Variant::ALL.iter().map(|variant| variant.name());
    name.parse().map_err(|error| {
        format!(
            "{error}; {}",
            did_you_mean(name, names, "`referee list variants` names them")
        )
    })
}

/// Serves the reference registry until it is interrupted. Content is in memory and gone afterwards.
pub fn serve(arguments: ServeArguments) -> Result<Exit, Failure> {
    let (user, password) = ("referee".to_string(), "let-me-in".to_string());
    let auth = match arguments.auth {
        None => Auth::None,
        Some(AuthKind::Basic) => Auth::Basic { user, password },
        Some(AuthKind::Token) => Auth::Token { user, password },
    };
    let config = Config {
        listen: arguments.listen,
        mutant: arguments.mutant,
        variants: arguments.variant,
        auth,
        collector: Collector {
            grace: arguments.gc_grace.unwrap_or_default(),
            interval: arguments.gc_interval,
            ..Collector::default()
        },
        ..Config::default()
    };
    super::run::runtime()?.block_on(async {
        let running = registry::start(config)
            .await
            .map_err(|error| Failure::new(Exit::Failed, format!("cannot listen on {}: {error}", arguments.listen)))?;
        print(&format!("serving the reference registry on {}\n", running.url()));
        super::run::interrupted().await;
        running.stop().await;
        Ok(Exit::Conforms)
    })
}
