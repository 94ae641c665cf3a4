//! From names to addresses, without those to which only the user may send us.
//!
//! A name in a redirect or a realm is the registry's choice, and so is what it resolves to: the metadata service of a cloud
//! is not out of reach merely because it was not written as an address.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

use super::target::is_link_local;

/// Resolves names with the means of the system.
#[derive(Clone)]
pub(super) struct Resolver {
    /// The host that the user named: its addresses are nobody else's choice.
    trusted: Arc<str>,
}

impl Resolver {
    pub fn new(trusted: &str) -> Resolver {
        Resolver {
            trusted: trusted.into(),
        }
    }

    /// The addresses of a host, at least one.
    pub async fn lookup(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let found: Vec<SocketAddr> = lookup_host((host, port)).await?.collect();
        if host.eq_ignore_ascii_case(&self.trusted) {
            return Ok(found);
        }
        permitted(found)
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let addresses = resolver.lookup(name.as_str(), 0).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

fn permitted(mut addresses: Vec<SocketAddr>) -> io::Result<Vec<SocketAddr>> {
    addresses.retain(|address| !is_link_local(address.ip()));
    if addresses.is_empty() {
        return Err(io::Error::other("the name has no address, or link-local ones only"));
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_does_not_hide_an_address() {
        let addresses = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| text.parse().unwrap())
                .collect::<Vec<SocketAddr>>()
        };
        let good = addresses(&["192.0.2.1:80", "[2001:db8::1]:80", "127.0.0.1:80"]);
        let bad = addresses(&[
            "169.254.169.254:80",
            "[fe80::1]:80",
            "0.0.0.0:80",
            "[::ffff:169.254.169.254]:80",
            "[fd00:ec2::254]:80",
        ]);
        assert_eq!(permitted([good.clone(), bad.clone()].concat()).unwrap(), good);
        assert!(permitted(bad).is_err() && permitted(Vec::new()).is_err());
    }

    #[tokio::test]
    async fn the_host_of_the_user_is_reached_wherever_it_is() {
        let resolver = Resolver::new("169.254.1.1");
        assert!(resolver.lookup("169.254.1.1", 80).await.is_ok());
        assert!(resolver.lookup("169.254.1.2", 80).await.is_err());
    }
}
