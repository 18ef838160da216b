//! The way to a server, with an end: what it sends is bounded before anybody puts it together.

use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use super::Place;

/// What can be read and written.
trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A connection of one kind or the other.
pub(super) struct Wire(Box<dyn Duplex>);

impl Wire {
    pub(super) async fn open(place: &Place) -> io::Result<Self> {
        let tcp = |stream: TcpStream| {
            stream.set_nodelay(true)?;
            Ok(Self(Box::new(stream)))
        };
        match place {
            // Whatever anybody calls by that name.
            Place::Tcp(host, port) if host == "localhost" => {
                tcp(TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).await?)
            }
            Place::Tcp(host, port) => tcp(TcpStream::connect((host.as_str(), *port)).await?),
            Place::Socket(path) => Ok(Self(Box::new(UnixStream::connect(path).await?))),
        }
    }
}

/// A connection that gives out so many bytes and then fails.
pub(super) struct Bounded {
    wire: Wire,
    left: u64,
    flooded: Arc<AtomicBool>,
}

impl Bounded {
    pub(super) fn new(wire: Wire, left: u64, flooded: Arc<AtomicBool>) -> Self {
        Self { wire, left, flooded }
    }
}

impl AsyncRead for Bounded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        std::task::ready!(Pin::new(&mut self.wire.0).poll_read(cx, buf))?;
        let read = (buf.filled().len() - before) as u64;
        match self.left.checked_sub(read) {
            Some(left) => self.left = left,
            None => {
                self.flooded.store(true, Ordering::Relaxed);
                return Poll::Ready(Err(io::Error::other("the server sends too much")));
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire.0).poll_shutdown(cx)
    }
}
