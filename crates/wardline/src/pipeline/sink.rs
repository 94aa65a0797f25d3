//! Where events go.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;
use wardline_core::event::Event;
use wardline_wire::jsonl::write_event;

/// Takes the events, on a thread of its own. Those of one order come in the order in which they
/// were given out; those of different orders in any.
///
/// A closure that takes an [`Event`] is a sink.
pub trait Sink: Send {
    /// Takes all these events; what is left in the list is thrown away.
    ///
    /// # Errors
    ///
    /// If they could not be taken; they then count as lost. But an error of the kind
    /// [`io::ErrorKind::StorageFull`] means that there is no room yet: what is left in the list is
    /// offered again until there is, and all wait for it.
    fn take(&mut self, events: &mut Vec<Event>) -> io::Result<()>;

    /// Called when no event waits, and at the end.
    ///
    /// # Errors
    ///
    /// If what was taken before could not be brought where it belongs.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// How long [`Sink::flush`] may go uncalled, if no event comes. Default: for ever.
    fn flush_in(&self) -> Option<Duration> {
        None
    }
}

impl<F: FnMut(Event) + Send> Sink for F {
    fn take(&mut self, events: &mut Vec<Event>) -> io::Result<()> {
        events.drain(..).for_each(self);
        Ok(())
    }
}

/// What happens to events for which a slow sink leaves no room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Overflow {
    /// The shards wait, then whoever submits: nothing is lost.
    #[default]
    Wait,
    /// They are lost, counted and told as [`Notice::EventsLost`](super::Notice::EventsLost); the
    /// judgement goes on.
    Lose,
}

/// Writes each event as a line of JSON.
pub struct JsonLines<W>(W);

impl<W: Write + Send> JsonLines<W> {
    /// Writes to `out`, which should be buffered.
    pub fn new(out: W) -> Self {
        Self(out)
    }
}

impl<W: Write + Send> Sink for JsonLines<W> {
    fn take(&mut self, events: &mut Vec<Event>) -> io::Result<()> {
        events.iter().try_for_each(|event| write_event(event, &mut self.0))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The sending end of a channel.
pub struct ChannelSink(SyncSender<Event>);

/// A sink that hands events to whoever holds the other end, and waits while `capacity` are there.
pub fn channel(capacity: usize) -> (ChannelSink, Receiver<Event>) {
    let (sender, receiver) = sync_channel(capacity);
    (ChannelSink(sender), receiver)
}

impl Sink for ChannelSink {
    fn take(&mut self, events: &mut Vec<Event>) -> io::Result<()> {
        events.drain(..).try_for_each(|event| {
            self.0.send(event).map_err(|_| io::Error::other("nobody receives events any more"))
        })
    }
}
