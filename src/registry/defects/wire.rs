//! The one defect that a correct HTTP implementation cannot have: a body after HEAD.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The method that HEAD becomes, as long as it and without a special meaning.
pub(in crate::registry) const HEAD_WITH_BODY: &str = "BODY";

/// A connection on which every HEAD at the start of what was read becomes [`HEAD_WITH_BODY`].
#[derive(Debug)]
pub(in crate::registry) struct Relabel(pub(in crate::registry) TcpStream);

impl AsyncRead for Relabel {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.0).poll_read(cx, buffer);
        let new = buffer.filled_mut().get_mut(before..).unwrap_or_default();
        if new.starts_with(b"HEAD ")
            && let Some(method) = new.get_mut(..HEAD_WITH_BODY.len())
        {
            method.copy_from_slice(HEAD_WITH_BODY.as_bytes());
        }
        result
    }
}

impl AsyncWrite for Relabel {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
