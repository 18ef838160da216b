//! One end of the socket between the host and its executor.

use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;

/// A head and what follows it, each at most this long.
const BYTES_MAX: u32 = 1 << 30;
/// Read at once.
const CHUNK: usize = 64 << 10;

/// Whole messages in, whole messages out, from any thread.
///
/// The socket is watched for what comes, and for room only while something waits for it: watched
/// for both, it would wake a thread each time the other side has read.
pub(super) struct Pipe {
    incoming: AsyncFd<UnixStream>,
    outgoing: UnixStream,
    /// What the socket did not take at once, oldest first.
    queue: Mutex<VecDeque<Vec<u8>>>,
    queued: Notify,
}

impl Pipe {
    /// To be called on the runtime that will read.
    pub(super) fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let outgoing = stream.try_clone()?;
        let incoming = watched(stream, Interest::READABLE)?;
        Ok(Self { incoming, outgoing, queue: Mutex::default(), queued: Notify::new() })
    }

    /// Sends a message, or leaves it to [`Pipe::flush`]. Never waits. A broken socket is for the one
    /// who reads to find.
    pub(super) fn send(&self, head: &impl Serialize, raw: &[u8]) {
        let mut bytes = vec![0; 8];
        if serde_json::to_writer(&mut bytes, head).is_err() {
            return;
        }
        let lengths = [bytes.len() - 8, raw.len()].map(|length| u32::try_from(length).ok());
        let [Some(head), Some(tail)] = lengths else { return };
        let lengths = head.to_le_bytes().into_iter().chain(tail.to_le_bytes());
        bytes.iter_mut().zip(lengths).for_each(|(byte, length)| *byte = length);
        bytes.extend(raw);
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.is_empty() {
            match (&self.outgoing).write(&bytes) {
                Ok(count) if count == bytes.len() => return,
                Ok(count) => drop(bytes.drain(..count)),
                Err(_) => {}
            }
        }
        queue.push_back(bytes);
        drop(queue);
        self.queued.notify_one();
    }

    /// Writes what was left, for ever.
    pub(super) async fn flush(&self) -> io::Error {
        loop {
            self.queued.notified().await;
            if let Err(error) = self.flush_once().await {
                return error;
            }
        }
    }

    async fn flush_once(&self) -> io::Result<()> {
        let room = watched(self.outgoing.try_clone()?, Interest::WRITABLE)?;
        loop {
            let mut ready = room.writable().await?;
            match ready.try_io(|_| self.write_some()) {
                Ok(Ok(true)) | Err(_) => {}
                Ok(Ok(false)) => return Ok(()),
                Ok(Err(error)) => return Err(error),
            }
        }
    }

    /// Whether there was something to write.
    fn write_some(&self) -> io::Result<bool> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(first) = queue.front_mut() else { return Ok(false) };
        let count = (&self.outgoing).write(first)?;
        if count == first.len() {
            queue.pop_front();
        } else {
            first.drain(..count);
        }
        Ok(true)
    }

    /// The next message: its head and what follows. There is one reader.
    pub(super) async fn read(&self, buffer: &mut Buffer) -> io::Result<(Vec<u8>, Vec<u8>)> {
        let head = u32::from_le_bytes(buffer.number(&self.incoming).await?);
        let tail = u32::from_le_bytes(buffer.number(&self.incoming).await?);
        if head > BYTES_MAX || tail > BYTES_MAX {
            return Err(io::Error::other("a message that is too long"));
        }
        let head = buffer.take(&self.incoming, head as usize).await?;
        Ok((head, buffer.take(&self.incoming, tail as usize).await?))
    }
}

/// What was read and not yet taken.
#[derive(Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    taken: usize,
}

impl Buffer {
    async fn number(&mut self, stream: &AsyncFd<UnixStream>) -> io::Result<[u8; 4]> {
        let bytes = self.take(stream, 4).await?;
        bytes.try_into().map_err(|_| io::ErrorKind::UnexpectedEof.into())
    }

    async fn take(&mut self, stream: &AsyncFd<UnixStream>, count: usize) -> io::Result<Vec<u8>> {
        while self.bytes.len() - self.taken < count {
            if self.taken > 0 {
                self.bytes.drain(..self.taken);
                self.taken = 0;
            }
            // Room for a piece, not for all that is announced.
            let wanted = (count - self.bytes.len()).clamp(CHUNK, 16 * CHUNK);
            self.bytes.reserve(wanted);
            let mut ready = stream.readable().await?;
            let room = self.bytes.capacity() - self.bytes.len();
            match ready.try_io(|stream| read(stream.get_ref(), &mut self.bytes)) {
                Ok(Ok(0)) => return Err(io::ErrorKind::UnexpectedEof.into()),
                // There was no more, and no need to ask for it.
                Ok(Ok(count)) if count < room => ready.clear_ready(),
                Ok(Ok(_)) | Err(_) => {}
                Ok(Err(error)) => return Err(error),
            }
        }
        let end = self.taken + count;
        let taken = self.bytes.get(self.taken..end).unwrap_or_default().to_vec();
        self.taken = end;
        Ok(taken)
    }
}

/// Reads what there is, as far as there is room for it.
fn read(stream: &UnixStream, bytes: &mut Vec<u8>) -> io::Result<usize> {
    let read = || rustix::io::read(stream, rustix::buffer::spare_capacity(bytes));
    Ok(rustix::io::retry_on_intr(read)?)
}

fn watched(stream: UnixStream, interest: Interest) -> io::Result<AsyncFd<UnixStream>> {
    #[expect(unsafe_code, reason = "there is no safe way to watch for one direction only")]
    // SAFETY: a stream always names the same file, and has it open as long as it lives.
    let watched = unsafe { AsyncFd::register_with_interest(stream, interest) };
    Ok(watched?)
}
