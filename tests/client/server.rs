//! A server that replies with prepared bytes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What to send, and what to do then.
#[derive(Clone)]
pub struct Reply {
    bytes: Vec<u8>,
    then: Then,
}

#[derive(Clone, Copy)]
enum Then {
    Keep,
    Close,
    Hang,
    Drip,
    Endless(&'static [u8]),
}

/// A 200 with a body.
pub fn ok(body: &str) -> Reply {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    Reply {
        bytes: [head.as_bytes(), body.as_bytes()].concat(),
        then: Then::Keep,
    }
}

impl Reply {
    /// An empty response.
    pub fn status(line: &str) -> Reply {
        Reply {
            bytes: format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n").into_bytes(),
            then: Then::Keep,
        }
    }

    /// The same with one more header field.
    pub fn header(mut self, name: &str, value: &str) -> Reply {
        let end = self.bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        self.bytes.splice(end..end, format!("\r\n{name}: {value}").into_bytes());
        self
    }

    /// These bytes, then the end of the connection.
    pub fn bytes(bytes: &[u8]) -> Reply {
        Reply {
            bytes: bytes.to_vec(),
            then: Then::Close,
        }
    }

    #[allow(
        dead_code,
        reason = "shared by several test programs, not all of which use all of it"
    )]
    /// These bytes, and the connection stays.
    pub fn kept(bytes: &[u8]) -> Reply {
        Reply {
            bytes: bytes.to_vec(),
            then: Then::Keep,
        }
    }

    /// Nothing but the end of the connection.
    pub fn nothing() -> Reply {
        Reply::bytes(b"")
    }

    /// These bytes, then silence.
    pub fn hang(bytes: &[u8]) -> Reply {
        Reply {
            bytes: bytes.to_vec(),
            then: Then::Hang,
        }
    }

    #[allow(
        dead_code,
        reason = "shared by several test programs, not all of which use all of it"
    )]
    /// These bytes, then others over and over, as fast as they are taken.
    pub fn endless(bytes: &[u8], more: &'static [u8]) -> Reply {
        Reply {
            bytes: bytes.to_vec(),
            then: Then::Endless(more),
        }
    }

    /// These bytes, then an endless trickle.
    pub fn drip(bytes: &[u8]) -> Reply {
        Reply {
            bytes: bytes.to_vec(),
            then: Then::Drip,
        }
    }
}

/// Listens until dropped.
pub struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub async fn start(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Server {
        Server::start_counting(move |_, request| reply(request)).await
    }

    /// The handler sees how many requests there were before.
    pub async fn start_counting(reply: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> Server {
        Server::listen(reply, None, false).await
    }

    #[allow(
        dead_code,
        reason = "shared by several test programs, not all of which use all of it"
    )]
    /// The same, and a request that came along with another one is answered too; other servers here lose it.
    pub async fn start_in_row(reply: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> Server {
        Server::listen(reply, None, true).await
    }

    pub async fn start_tls(tls: rustls::ServerConfig, reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Server {
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(tls));
        Server::listen(move |_, request| reply(request), Some(acceptor), false).await
    }

    /// Replies after the first bytes and closes at once, with the rest of the request unread.
    pub async fn start_refusing(bytes: &'static [u8]) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut start = [0; 64];
                let _ = stream.read(&mut start).await;
                let _ = stream.write_all(bytes).await;
            }
        });
        Server {
            port,
            requests: Arc::default(),
            connections: Arc::default(),
            task,
        }
    }

    async fn listen(
        reply: impl Fn(usize, &str) -> Reply + Send + Sync + 'static,
        tls: Option<tokio_rustls::TlsAcceptor>,
        in_row: bool,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let connections: Arc<AtomicUsize> = Arc::default();
        let (seen, reply, count) = (requests.clone(), Arc::new(reply), connections.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                let (seen, reply, tls) = (seen.clone(), reply.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, &seen, &*reply, in_row).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, &seen, &*reply, in_row).await;
                            }
                        }
                    }
                });
            }
        });
        Server {
            port,
            requests,
            connections,
            task,
        }
    }

    pub fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.authority())
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    #[allow(
        dead_code,
        reason = "shared by several test programs, not all of which use all of it"
    )]
    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// The requests so far, as they were on the wire.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    seen: &Mutex<Vec<String>>,
    reply: &(impl Fn(usize, &str) -> Reply + Sync),
    in_row: bool,
) {
    let mut rest = Vec::new();
    while let Some(request) = request(&mut stream, &mut rest).await {
        if !in_row {
            rest.clear();
        }
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(request.clone());
            seen.len() - 1
        };
        let reply = reply(number, &request);
        if stream.write_all(&reply.bytes).await.is_err() || stream.flush().await.is_err() {
            return;
        }
        match reply.then {
            Then::Keep if request.to_ascii_lowercase().contains("\r\nconnection: close") => break,
            Then::Keep => {}
            Then::Close => break,
            Then::Hang => tokio::time::sleep(Duration::from_secs(5)).await,
            Then::Endless(more) => while stream.write_all(more).await.is_ok() {},
            Then::Drip => {
                for _ in 0..500 {
                    if stream.write_all(b"x").await.is_err() {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        }
    }
    let _ = stream.shutdown().await;
}

/// One request with its body, as text; in `bytes` is what was read already, and then what was read beyond it.
async fn request<S: AsyncRead + Unpin>(stream: &mut S, bytes: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let body = &bytes[end + 4..];
            let value = |name: &str| head.lines().find_map(|l| l.strip_prefix(name)).map(str::trim);
            let len = match value("content-length:").and_then(|v| v.parse::<usize>().ok()) {
                Some(len) => Some(len).filter(|len| body.len() >= *len),
                None if value("transfer-encoding:").is_some() && !body.ends_with(b"0\r\n\r\n") => None,
                None if value("transfer-encoding:").is_some() => Some(body.len()),
                None => Some(0),
            };
            if let Some(len) = len {
                let request: Vec<u8> = bytes.drain(..end + 4 + len).collect();
                return Some(String::from_utf8_lossy(&request).into_owned());
            }
        }
        let mut piece = vec![0; 64 * 1024];
        match stream.read(&mut piece).await {
            Ok(n) if n > 0 => bytes.extend_from_slice(&piece[..n]),
            _ => return None,
        }
    }
}
