//! `wasi:io`, watched: what was ready first, and how much a stream gave without waiting, does not
//! follow from the guest's input. It goes onto the call's tape, or comes from it.
//!
//! Everything else is what `wasmtime-wasi-io` does with a table of resources.

use wasmtime::Result;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi_io::bindings::wasi::io::poll::{self, HostPollable};
use wasmtime_wasi_io::bindings::wasi::io::streams::{self, HostInputStream, HostOutputStream};
use wasmtime_wasi_io::poll::DynPollable;
use wasmtime_wasi_io::streams::{DynInputStream, DynOutputStream, StreamError, StreamResult};

use coldframe_engine::tape::Observed;

use crate::state::CallState;
use crate::tape::Deck;

/// Adds `wasi:io/poll`.
pub(crate) fn add_poll(linker: &mut Linker<CallState>) -> Result<()> {
    poll::add_to_linker::<_, Watched>(linker, |state| Watch(state))
}

/// Adds `wasi:io/streams`.
pub(crate) fn add_streams(linker: &mut Linker<CallState>) -> Result<()> {
    streams::add_to_linker::<_, Watched>(linker, |state| Watch(state))
}

struct Watched;

impl HasData for Watched {
    type Data<'a> = Watch<'a>;
}

/// A call that waits, reads or writes.
struct Watch<'a>(&'a mut CallState);

impl Watch<'_> {
    fn table(&mut self) -> &mut ResourceTable {
        self.0.table()
    }

    /// The tape, if streams of this call depend on anything. Those of a call without a network are
    /// always ready and lead nowhere.
    fn deck(&mut self) -> Option<Deck> {
        self.0.has_http().then(|| self.0.deck())
    }
}

impl poll::Host for Watch<'_> {
    async fn poll(&mut self, list: Vec<Resource<DynPollable>>) -> Result<Vec<u32>> {
        let deck = self.0.deck();
        if let Some(ready) = deck.played_poll()? {
            // They are made ready in fact: a response counts as come only once it was waited for.
            let table = self.table();
            for index in &ready {
                if let Some(one) = usize::try_from(*index).ok().and_then(|index| list.get(index)) {
                    table.block(Resource::new_borrow(one.rep())).await?;
                }
            }
            return Ok(ready);
        }
        let ready = poll::Host::poll(self.table(), list).await?;
        deck.note_poll(&ready);
        Ok(ready)
    }
}

impl HostPollable for Watch<'_> {
    async fn block(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        self.table().block(pollable).await
    }

    async fn ready(&mut self, pollable: Resource<DynPollable>) -> Result<bool> {
        let deck = self.0.deck();
        match deck.played_number(Observed::Ready)? {
            Some(0) => {
                self.0.host_calls += 1;
                Ok(false)
            }
            Some(_) => self.table().block(pollable).await.map(|()| true),
            None => {
                let ready = self.table().ready(pollable).await?;
                deck.note(Observed::Ready, u64::from(ready));
                Ok(ready)
            }
        }
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        HostPollable::drop(self.table(), pollable)
    }
}

impl streams::Host for Watch<'_> {
    fn convert_stream_error(&mut self, error: StreamError) -> Result<streams::StreamError> {
        self.table().convert_stream_error(error)
    }
}

impl HostInputStream for Watch<'_> {
    async fn drop(&mut self, stream: Resource<DynInputStream>) -> Result<()> {
        HostInputStream::drop(self.table(), stream).await
    }

    fn read(&mut self, stream: Resource<DynInputStream>, len: u64) -> StreamResult<Vec<u8>> {
        let deck = self.deck();
        if was_empty(deck.as_ref())? {
            self.0.host_calls += 1;
            return Ok(Vec::new());
        }
        let bytes = self.table().read(stream, len)?;
        note_found(deck.as_ref(), !bytes.is_empty());
        Ok(bytes)
    }

    async fn blocking_read(
        &mut self,
        stream: Resource<DynInputStream>,
        len: u64,
    ) -> StreamResult<Vec<u8>> {
        self.table().blocking_read(stream, len).await
    }

    fn skip(&mut self, stream: Resource<DynInputStream>, len: u64) -> StreamResult<u64> {
        let deck = self.deck();
        if was_empty(deck.as_ref())? {
            self.0.host_calls += 1;
            return Ok(0);
        }
        let bytes = self.table().skip(stream, len)?;
        note_found(deck.as_ref(), bytes > 0);
        Ok(bytes)
    }

    async fn blocking_skip(
        &mut self,
        stream: Resource<DynInputStream>,
        len: u64,
    ) -> StreamResult<u64> {
        self.table().blocking_skip(stream, len).await
    }

    fn subscribe(&mut self, stream: Resource<DynInputStream>) -> Result<Resource<DynPollable>> {
        HostInputStream::subscribe(self.table(), stream)
    }
}

/// Whether a read that did not wait found nothing then.
fn was_empty(deck: Option<&Deck>) -> StreamResult<bool> {
    let known = deck.map(|deck| deck.played_number(Observed::Readable)).transpose();
    Ok(known.map_err(StreamError::Trap)?.flatten() == Some(0))
}

fn note_found(deck: Option<&Deck>, found: bool) {
    if let Some(deck) = deck {
        deck.note(Observed::Readable, u64::from(found));
    }
}

impl HostOutputStream for Watch<'_> {
    async fn drop(&mut self, stream: Resource<DynOutputStream>) -> Result<()> {
        HostOutputStream::drop(self.table(), stream).await
    }

    fn check_write(&mut self, stream: Resource<DynOutputStream>) -> StreamResult<u64> {
        let Some(deck) = self.deck() else { return self.table().check_write(stream) };
        let known = deck.played_number(Observed::Room).map_err(StreamError::Trap)?;
        let room = self.table().check_write(stream)?;
        match known {
            // More than there was is no more than was asked for then.
            Some(known) if known <= room => Ok(known),
            Some(_) => Err(StreamError::Trap(deck.differing())),
            None => {
                deck.note(Observed::Room, room);
                Ok(room)
            }
        }
    }

    fn write(&mut self, stream: Resource<DynOutputStream>, bytes: Vec<u8>) -> StreamResult<()> {
        self.table().write(stream, bytes)
    }

    fn subscribe(&mut self, stream: Resource<DynOutputStream>) -> Result<Resource<DynPollable>> {
        HostOutputStream::subscribe(self.table(), stream)
    }

    async fn blocking_write_and_flush(
        &mut self,
        stream: Resource<DynOutputStream>,
        bytes: Vec<u8>,
    ) -> StreamResult<()> {
        self.table().blocking_write_and_flush(stream, bytes).await
    }

    async fn blocking_write_zeroes_and_flush(
        &mut self,
        stream: Resource<DynOutputStream>,
        len: u64,
    ) -> StreamResult<()> {
        self.table().blocking_write_zeroes_and_flush(stream, len).await
    }

    fn write_zeroes(&mut self, stream: Resource<DynOutputStream>, len: u64) -> StreamResult<()> {
        self.table().write_zeroes(stream, len)
    }

    fn flush(&mut self, stream: Resource<DynOutputStream>) -> StreamResult<()> {
        self.table().flush(stream)
    }

    async fn blocking_flush(&mut self, stream: Resource<DynOutputStream>) -> StreamResult<()> {
        self.table().blocking_flush(stream).await
    }

    fn splice(
        &mut self,
        to: Resource<DynOutputStream>,
        from: Resource<DynInputStream>,
        len: u64,
    ) -> StreamResult<u64> {
        let Some(deck) = self.deck() else { return self.table().splice(to, from, len) };
        let known = deck.played_number(Observed::Room).map_err(StreamError::Trap)?;
        let moved = self.table().splice(to, from, known.map_or(len, |known| known.min(len)))?;
        match known {
            Some(known) if known != moved => Err(StreamError::Trap(deck.differing())),
            Some(_) => Ok(moved),
            None => {
                deck.note(Observed::Room, moved);
                Ok(moved)
            }
        }
    }

    async fn blocking_splice(
        &mut self,
        to: Resource<DynOutputStream>,
        from: Resource<DynInputStream>,
        len: u64,
    ) -> StreamResult<u64> {
        self.table().blocking_splice(to, from, len).await
    }
}
