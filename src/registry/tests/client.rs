//! A client for the tests of the registry: one connection per request, bytes as they are.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::oci::digest::{Algorithm, Digest};
use crate::registry::{Config, Running, start};

/// A registry and how to talk to it.
pub(super) struct Client {
    registry: Running,
    /// Sent with every request.
    pub(super) headers: Vec<(String, String)>,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// Status and first error code.
    pub(super) fn error(&self) -> (u16, String) {
        (
            self.status,
            self.json()["errors"][0]["code"].as_str().unwrap_or_default().to_owned(),
        )
    }

    /// The path and query of the location.
    pub(super) fn location(&self) -> String {
        let location = self.header("location").expect("a location");
        match location.split_once("://") {
            Some((_, rest)) => rest[rest.find('/').unwrap()..].to_owned(),
            None => location.to_owned(),
        }
    }

    /// The path and query of the next link.
    pub(super) fn next(&self) -> Option<String> {
        let link = self.header("link")?;
        assert!(link.ends_with("; rel=\"next\""), "{link}");
        Some(link[1..link.find('>').unwrap()].to_owned())
    }
}

impl Client {
    pub(super) async fn plain() -> Self {
        Self::with(Config::default()).await
    }

    pub(super) async fn with(config: Config) -> Self {
        Self {
            registry: start(config).await.unwrap(),
            headers: Vec::new(),
        }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"").await
    }

    pub(super) async fn head(&self, path: &str) -> Answer {
        self.send("HEAD", path, &[], b"").await
    }

    pub(super) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], b"").await
    }

    pub(super) async fn post(&self, path: &str) -> Answer {
        self.send("POST", path, &[], b"").await
    }

    pub(super) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let address = self.registry.address();
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
        let chunked = headers.iter().any(|(name, _)| *name == "transfer-encoding");
        if !chunked && !matches!(method, "GET" | "HEAD") {
            head += &format!("content-length: {}\r\n", body.len());
        }
        let own = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in own.chain(headers.iter().copied()) {
            head += &format!("{name}: {value}\r\n");
        }
        let body = if chunked {
            [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n0\r\n\r\n"].concat()
        } else {
            body.to_vec()
        };
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(&[head.as_bytes(), b"\r\n", &body].concat())
            .await
            .unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        parse(&bytes)
    }

    /// Pushes a blob and gives its digest.
    pub(super) async fn push_blob(&self, repository: &str, content: &[u8]) -> Digest {
        let digest = Digest::of(Algorithm::Sha256, content);
        let opened = self.post(&format!("/v2/{repository}/blobs/uploads/")).await;
        assert_eq!(opened.status, 202);
        let closed = self
            .send("PUT", &with_digest(&opened.location(), &digest), &[], content)
            .await;
        assert_eq!(closed.status, 201, "{closed:?}");
        digest
    }

    /// Pushes a manifest.
    pub(super) async fn push(&self, repository: &str, reference: &str, media_type: &str, body: &str) -> Answer {
        let path = format!("/v2/{repository}/manifests/{reference}");
        self.send("PUT", &path, &[("content-type", media_type)], body.as_bytes())
            .await
    }
}

/// A location with a digest added to its query.
pub(super) fn with_digest(location: &str, digest: &Digest) -> String {
    format!(
        "{location}{}digest={digest}",
        if location.contains('?') { '&' } else { '?' }
    )
}

fn parse(bytes: &[u8]) -> Answer {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut fields);
    let Ok(httparse::Status::Complete(end)) = head.parse(bytes) else {
        panic!("no response: {:?}", String::from_utf8_lossy(bytes));
    };
    let text =
        |field: &httparse::Header<'_>| (field.name.to_owned(), String::from_utf8_lossy(field.value).into_owned());
    let mut answer = Answer {
        status: head.code.unwrap(),
        headers: head.headers.iter().map(text).collect(),
        body: bytes[end..].to_vec(),
    };
    if answer.header("transfer-encoding") == Some("chunked") {
        let mut rest = answer.body.as_slice();
        let mut whole = Vec::new();
        while let Ok(httparse::Status::Complete((start, size))) = httparse::parse_chunk_size(rest) {
            let end = start + size as usize;
            whole.extend_from_slice(&rest[start..end]);
            rest = &rest[(end + 2).min(rest.len())..];
            if size == 0 {
                break;
            }
        }
        answer.body = whole;
    }
    answer
}
