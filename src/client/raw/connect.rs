//! Opening a connection for the raw transport: name resolution, TCP, a proxy's tunnel, TLS.

use std::io;
use std::sync::Arc;

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::lost;
use crate::client::exchange::{TransportError, escape};
use crate::client::resolve::Resolver;
use crate::client::target::Origin;

/// Bytes of a proxy's answer at most.
const ANSWER: usize = 8 * 1024;

/// Opens connections.
pub(in crate::client) struct Dialer {
    tls: TlsConnector,
    proxies: Option<Matcher>,
    resolver: Resolver,
}

impl Dialer {
    /// With the TLS settings of the run; HTTP/1.1 is the only protocol offered. `direct` leaves out any proxy.
    pub fn new(mut tls: ClientConfig, direct: bool, resolver: Resolver) -> Dialer {
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Dialer {
            tls: TlsConnector::from(Arc::new(tls)),
            proxies: (!direct).then(Matcher::from_system),
            resolver,
        }
    }

    /// Whether a proxy stands between us and the origin, as the environment says.
    pub fn proxied(&self, origin: &Origin) -> bool {
        self.proxy(origin).is_some()
    }

    /// A TCP connection to the first address that takes one, or a tunnel through the proxy.
    pub async fn connect(&self, origin: &Origin) -> Result<TcpStream, TransportError> {
        let Some(proxy) = self.proxy(origin) else {
            let open = async {
                let addresses = self.resolver.lookup(origin.bare_host(), origin.port).await?;
                open(addresses.as_slice()).await
            };
            return open.await.map_err(|e| unreachable(origin, e.to_string()));
        };
        let uri = proxy.uri();
        let (Some("http"), Some(host)) = (uri.scheme_str(), uri.host()) else {
            return Err(unreachable(
                origin,
                "only http:// proxies can carry a raw request".to_owned(),
            ));
        };
        let host = host.trim_matches(['[', ']']);
        let tunnel = async {
            let tcp = open((host, uri.port_u16().unwrap_or(80))).await?;
            tunnel(tcp, origin, &proxy).await
        };
        tunnel
            .await
            .map_err(|e| unreachable(origin, format!("the proxy {host}: {e}")))
    }

    /// TLS over a connection.
    pub async fn secure(&self, origin: &Origin, tcp: TcpStream) -> Result<TlsStream<TcpStream>, TransportError> {
        let failed = |reason: String| TransportError::Tls {
            host: origin.authority(),
            reason,
        };
        let name = ServerName::try_from(origin.bare_host().to_owned()).map_err(|e| failed(e.to_string()))?;
        self.tls
            .connect(name, tcp)
            .await
            .map_err(|e| match lost(&e, &origin.authority()) {
                TransportError::Reset { reason, .. } => failed(format!("the handshake was broken off: {reason}")),
                other => other,
            })
    }

    fn proxy(&self, origin: &Origin) -> Option<Intercept> {
        let proxies = self.proxies.as_ref()?;
        proxies.intercept(&origin.to_string().parse().ok()?)
    }
}

async fn open(to: impl ToSocketAddrs) -> io::Result<TcpStream> {
    let tcp = TcpStream::connect(to).await?;
    tcp.set_nodelay(true)?;
    Ok(tcp)
}

/// Asks the proxy for a tunnel, [RFC 9110 section 9.3.6](https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6).
async fn tunnel(mut tcp: TcpStream, origin: &Origin, proxy: &Intercept) -> io::Result<TcpStream> {
    let to = format!("{}:{}", origin.host, origin.port);
    let mut request = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n").into_bytes();
    if let Some(value) = proxy.basic_auth() {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(value.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    tcp.write_all(&request).await?;
    // Byte by byte, for what follows belongs to the target.
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() >= ANSWER {
            return Err(io::Error::other("its answer is too long"));
        }
        answer.push(tcp.read_u8().await?);
    }
    let line = answer.split(|b| *b == b'\r').next().unwrap_or_default();
    match line.split(|b| *b == b' ').nth(1) {
        Some([b'2', _, _]) => Ok(tcp),
        _ => Err(io::Error::other(format!("it refused the tunnel: {}", escape(line).0))),
    }
}

fn unreachable(origin: &Origin, reason: String) -> TransportError {
    TransportError::Connect {
        host: origin.authority(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::client::target::normalise_target;
    use crate::client::tls::{TlsOptions, configure};

    /// Connects through a proxy that gives this answer; what it was asked comes back too.
    async fn through(answer: &'static [u8]) -> (Result<TcpStream, TransportError>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://u:p@{}", listener.local_addr().unwrap());
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 1024];
            let n = stream.read(&mut request).await.unwrap();
            stream.write_all(answer).await.unwrap();
            String::from_utf8_lossy(&request[..n]).into_owned()
        });
        let mut dialer = Dialer::new(
            configure(&TlsOptions::default()).unwrap(),
            true,
            Resolver::new("registry.example"),
        );
        dialer.proxies = Some(Matcher::builder().all(url).build());
        let origin = normalise_target("http://registry.example", false).unwrap().origin;
        assert!(dialer.proxied(&origin));
        let result = dialer.connect(&origin).await;
        (result, asked.await.unwrap())
    }

    #[tokio::test]
    async fn a_proxy_is_asked_for_a_tunnel() {
        let (result, asked) = through(b"HTTP/1.1 200 Connection established\r\nX: y\r\n\r\nHTTP").await;
        let mut rest = String::new();
        result.unwrap().read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "HTTP", "what follows belongs to the target");
        let expected = "CONNECT registry.example:80 HTTP/1.1\r\nHost: registry.example:80\r\n\
            Proxy-Authorization: Basic dTpw\r\n\r\n";
        assert_eq!(asked, expected);
    }

    #[tokio::test]
    async fn a_proxy_may_refuse() {
        let (result, _) = through(b"HTTP/1.1 403 Forbidden\r\n\r\n").await;
        assert!(
            result
                .unwrap_err()
                .to_string()
                .contains("refused the tunnel: HTTP/1.1 403 Forbidden")
        );
        let (result, _) = through(b"SSH-2.0").await;
        assert!(matches!(result, Err(TransportError::Connect { .. })));
    }
}
