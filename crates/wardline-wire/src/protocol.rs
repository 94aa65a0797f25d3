//! What all protocols of devices have in common, without IO.
//!
//! A driver receives bytes and owns the socket and the clock. It may [`DeviceProtocol::peek`] to
//! learn which device speaks; it gives the bytes to [`DeviceProtocol::open`], which hands on the
//! inputs; once these are durable, it sends what [`DeviceProtocol::ack`] writes. What was refused
//! is counted, and answered by nothing.

use crate::datagram::{self, Advice, DeviceTable, Heard};
use crate::refusal::{Refusals, Refused};
use wardline_core::ids::DeviceId;
use wardline_core::input::{Assurance, Input};
use wardline_core::time::Timestamp;

/// A protocol that devices speak, with all that its receiver must remember.
pub trait DeviceProtocol {
    /// What is known of a message once its inputs have been handed on.
    type Opened;

    /// Which device a message claims to be from. Nothing is checked that could be forged.
    ///
    /// # Errors
    ///
    /// If the message is visibly none of this protocol, or from no known device. It is not counted:
    /// [`Self::open`] would say the same, and does count.
    fn peek(&self, message: &[u8]) -> Result<DeviceKey, Refused>;

    /// Reads a message, possibly changing it, and hands its inputs on. These must become durable,
    /// in this order.
    ///
    /// # Errors
    ///
    /// If the message is refused as a whole; it is counted, and nothing was handed on.
    fn open(
        &mut self,
        message: &mut [u8],
        now: Timestamp,
        sink: &mut dyn FnMut(DeviceId, Input),
    ) -> Result<Self::Opened, Refused>;

    /// Writes the answer to a message all of whose inputs are durable, and gives its length; 0 if
    /// there is nothing to send or no room for it.
    fn ack(&mut self, opened: &Self::Opened, now: Timestamp, out: &mut [u8]) -> usize;

    /// What must be known of the device after a restart, to be written with the inputs of this
    /// message. Default: nothing, as where nothing but the inputs tells a message from a repeat.
    fn heard(&self, opened: &Self::Opened, now: Timestamp) -> Option<Heard> {
        let _ = (opened, now);
        None
    }

    /// Why messages and records were refused so far, and how often.
    fn refusals(&self) -> &Refusals;
}

/// A number that is the same in all messages of one device: to find a queue, or to fetch memory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DeviceKey(u64);

impl DeviceKey {
    /// A key with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// The way by which messages come that authenticate nobody by themselves.
///
/// Closed on purpose: no such way can vouch for the device.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Channel {
    /// Anybody can send.
    #[default]
    Open,
    /// Only known parties can send: TLS with passwords, a private network of the operator.
    Authenticated,
}

impl Channel {
    /// How far the sender of a fix is known that came this way.
    pub const fn assurance(self) -> Assurance {
        match self {
            Self::Open => Assurance::None,
            Self::Authenticated => Assurance::Channel,
        }
    }
}

/// The key is the index; no advice is given to the device.
impl DeviceProtocol for DeviceTable {
    type Opened = datagram::Opened;

    fn peek(&self, message: &[u8]) -> Result<DeviceKey, Refused> {
        let peek = datagram::peek(message)?;
        Ok(DeviceKey::new(peek.index.into()))
    }

    fn open(
        &mut self,
        message: &mut [u8],
        now: Timestamp,
        sink: &mut dyn FnMut(DeviceId, Input),
    ) -> Result<Self::Opened, Refused> {
        Self::open(self, message, now, sink)
    }

    fn ack(&mut self, opened: &Self::Opened, now: Timestamp, out: &mut [u8]) -> usize {
        Self::ack(self, opened, now, Advice::default(), out)
    }

    fn heard(&self, opened: &Self::Opened, now: Timestamp) -> Option<Heard> {
        Self::heard(self, opened.index, now)
    }

    fn refusals(&self) -> &Refusals {
        Self::refusals(self)
    }
}
