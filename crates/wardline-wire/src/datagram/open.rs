//! From a datagram to inputs: the checks, the cheapest first.

use super::keys::DirectionKey;
use super::record::Record;
use super::table::{DeviceTable, Generation, Line};
use super::{HEADER_BYTES, Peek, RECORD_BYTES, judged, peek};
use crate::refusal::{Reason, Refusals, Refused};
use wardline_core::ids::DeviceId;
use wardline_core::input::Input;
use wardline_core::time::Timestamp;

/// A datagram that was authenticated and whose records were handed on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Opened {
    /// The device.
    pub device: DeviceId,
    /// Its index in the table.
    pub index: u32,
    /// The key epoch of the datagram.
    pub epoch: u8,
    /// The number of the transmission; the highest of a device must be logged with its records.
    pub counter: u64,
    /// The device asks for an acknowledgement.
    pub ack_wanted: bool,
    /// The header says that the records were kept while there was no connection.
    pub backlog: bool,
    /// The records in the datagram.
    pub records: u8,
    /// Those that were handed on; the others are known already.
    pub fresh: u8,
    /// All records up to this one are durable once those handed on so far are.
    pub(super) seen_through: u64,
}

impl DeviceTable {
    /// Opens a datagram, decrypting it where it lies, and gives the sink an input for each record
    /// that was not seen before. A record whose values are absurd gives an [`Input::Invalid`] with
    /// the reason, which takes its place in the log: it counts as taken in.
    ///
    /// Whatever is given to the sink must become durable, in the order in which it is given.
    ///
    /// # Errors
    ///
    /// The first check that fails; it is counted. Nothing of the device has changed, unless the
    /// reason is `over_rate`: then the counter is used up, and a new epoch has begun. Nobody may be
    /// answered.
    pub fn open(
        &mut self,
        datagram: &mut [u8],
        now: Timestamp,
        mut sink: impl FnMut(DeviceId, Input),
    ) -> Result<Opened, Refused> {
        let opened = self.open_uncounted(datagram, now, &mut sink);
        if let Err(refused) = opened {
            self.refusals.count(refused.reason);
        }
        opened
    }

    fn open_uncounted(
        &mut self,
        datagram: &mut [u8],
        now: Timestamp,
        sink: &mut impl FnMut(DeviceId, Input),
    ) -> Result<Opened, Refused> {
        let peek = peek(datagram)?;
        let (generation, key) = self.admit(&peek, now)?;
        let (header, sealed) = datagram.split_at_mut_checked(HEADER_BYTES).ok_or(Reason::Length)?;
        let plain = key.open(peek.suite, peek.counter, header, sealed).ok_or(Reason::Forged)?;

        let place = peek.index as usize;
        self.lines[place].window.commit(peek.counter);
        if generation == Generation::Next {
            self.rotate(place, now);
        }
        let line = &mut self.lines[place];
        if !line.bucket.take(peek.records, now, &self.config.rate) {
            return Err(Reason::OverRate.into());
        }
        let fresh = take_in(line, &mut self.refusals, plain, now, sink);
        Ok(Opened {
            device: line.device,
            index: peek.index,
            epoch: peek.epoch,
            counter: peek.counter,
            ack_wanted: peek.ack_wanted,
            backlog: peek.backlog,
            records: peek.records,
            fresh,
            seen_through: line.progress.seen_through,
        })
    }

    /// What can be checked without the key, and the key.
    fn admit(&self, peek: &Peek, now: Timestamp) -> Result<(Generation, DirectionKey), Reason> {
        let line = self.line(peek.index).ok_or(Reason::UnknownDevice)?;
        let place = peek.index as usize;
        let Peek { suite, epoch, .. } = *peek;
        if line.suite != suite {
            return Err(Reason::WrongSuite);
        }
        let generation = line.generation(epoch).ok_or(Reason::WrongEpoch)?;
        let key = match generation {
            Generation::Current => self.keys[place].0,
            Generation::Next => self.cold[place].next_data,
            Generation::Previous => {
                let cold = &self.cold[place];
                if !cold.has_previous() {
                    return Err(Reason::WrongEpoch);
                }
                if !cold.previous_is_good(now) {
                    return Err(Reason::ExpiredEpoch);
                }
                cold.previous_data
            }
        };
        line.window.check(peek.counter)?;
        Ok((generation, key))
    }
}

/// Hands on the records that are new, and gives how many these are.
fn take_in(
    line: &mut Line,
    refusals: &mut Refusals,
    plain: &[u8],
    now: Timestamp,
    sink: &mut impl FnMut(DeviceId, Input),
) -> u8 {
    let mut fresh = 0;
    let (records, _) = plain.as_chunks::<RECORD_BYTES>();
    for bytes in records {
        let record = Record::read(bytes);
        let seq = line.progress.widen(record.rec_seq);
        let Some(seq) = seq.filter(|seq| line.progress.take(*seq)) else {
            continue;
        };
        fresh += 1;
        let input = judged::input(&record, line.device, seq, now).unwrap_or_else(|reason| {
            refusals.count(reason);
            judged::refusal(line.device, reason, judged::offending(&record, reason))
        });
        sink(line.device, input);
    }
    fresh
}
