//! OwnTracks: the JSON messages of a free app for phones, in the clear or encrypted.
//!
//! The members are those of the app's own page on its JSON. What carries a message also says whose
//! it is: the topic `owntracks/user/device` of MQTT, or user and device of HTTP. Since that is not
//! in an encrypted message, the bytes given here are the topic, a line feed and the message; see
//! [`frame`]. A message is at most [`MESSAGE_BYTES_MAX`] long.
//!
//! An encrypted message is `{"_type":"encrypted","data":…}`; the data is base64 of a nonce of 24
//! bytes and a `crypto_secretbox` of libsodium (XSalsa20-Poly1305), inside of which is the plain
//! message. The key is a passphrase of at most 32 bytes, filled up with zeros. Once a device has a
//! key, nothing in the clear is taken from it.
//!
//! A fix out of a secretbox has the assurance of a device, one in the clear that of its
//! [`Channel`]. There is no counter: who records an encrypted message can send it again, and it
//! will be known as a repeat or judged where it belongs, by its own time. `seq` is the time of the
//! fix in seconds, the finest there is. Members that are not judged are passed over, as the app
//! gets new ones every year.

mod location;

use crate::datagram::{SECRET_BYTES, Secret, refusal};
use crate::protocol::{Channel, DeviceKey, DeviceProtocol};
use crate::refusal::{Reason, Refusals, Refused};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crypto_secretbox::aead::{AeadInPlace, KeyInit};
use crypto_secretbox::{Nonce, Tag, XSalsa20Poly1305};
use location::Message;
use std::collections::HashMap;
use wardline_core::ids::DeviceId;
use wardline_core::input::{Assurance, Input};
use wardline_core::time::Timestamp;

/// The longest message that is read, in bytes, with its topic.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// What a server answers by HTTP to a message that was taken; MQTT has no use for it.
pub const ANSWER: &[u8] = b"[]";
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// The receiver of messages of OwnTracks.
pub struct OwnTracks {
    channel: Channel,
    devices: HashMap<String, Phone>,
    refusals: Refusals,
}

struct Phone {
    device: DeviceId,
    key: Option<Secret>,
}

/// A message whose fix was handed on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Opened {
    /// The device.
    pub device: DeviceId,
    /// The message was encrypted.
    pub encrypted: bool,
}

/// The key that the app makes of a passphrase; nothing if that is longer than 32 bytes, or empty.
pub fn key_of_passphrase(passphrase: &str) -> Option<Secret> {
    let mut bytes = [0; SECRET_BYTES];
    let place = bytes.get_mut(..passphrase.len()).filter(|place| !place.is_empty())?;
    place.copy_from_slice(passphrase.as_bytes());
    Some(Secret::new(bytes))
}

/// A topic and a message as [`OwnTracks`] takes them.
pub fn frame(topic: &str, message: &[u8]) -> Vec<u8> {
    [topic.as_bytes(), b"\n", message].concat()
}

impl OwnTracks {
    /// A receiver that knows no device.
    pub fn new(channel: Channel) -> Self {
        Self { channel, devices: HashMap::new(), refusals: Refusals::new() }
    }

    /// Takes what comes under this topic for this device's, and with a key only what is encrypted.
    pub fn insert(&mut self, topic: &str, device: DeviceId, key: Option<Secret>) {
        self.devices.insert(topic.to_owned(), Phone { device, key });
    }

    /// Forgets a topic.
    pub fn remove(&mut self, topic: &str) -> Option<DeviceId> {
        self.devices.remove(topic).map(|phone| phone.device)
    }

    /// Whose the message is, and the message.
    fn split<'m>(&self, framed: &'m [u8]) -> Result<(&Phone, &'m [u8]), Reason> {
        if framed.len() > MESSAGE_BYTES_MAX {
            return Err(Reason::TooLong);
        }
        let end = framed.iter().position(|byte| *byte == b'\n').ok_or(Reason::Malformed)?;
        let (topic, message) = framed.split_at(end);
        let phone = std::str::from_utf8(topic).ok().and_then(|topic| self.devices.get(topic));
        Ok((phone.ok_or(Reason::UnknownDevice)?, message.get(1..).unwrap_or_default()))
    }

    fn read(&self, framed: &[u8]) -> Result<(Opened, Result<Input, Reason>, Message), Reason> {
        let (Phone { device, key }, text) = self.split(framed)?;
        let (message, assurance) = match key {
            None => (Message::parse(text)?, self.channel.assurance()),
            Some(key) => (Message::parse(&decrypt(text, key)?)?, Assurance::Device),
        };
        let fix = message.fix(*device, assurance).map(Input::Fix);
        Ok((Opened { device: *device, encrypted: key.is_some() }, fix, message))
    }
}

/// What is in an encrypted message.
fn decrypt(text: &[u8], key: &Secret) -> Result<Vec<u8>, Reason> {
    let data = location::encrypted_data(text)?;
    let mut data = STANDARD.decode(data.as_bytes()).map_err(|_| Reason::Malformed)?;
    let (nonce, sealed) = data.split_first_chunk_mut::<NONCE_BYTES>().ok_or(Reason::Malformed)?;
    let (tag, text) = sealed.split_first_chunk_mut::<TAG_BYTES>().ok_or(Reason::Malformed)?;
    let (nonce, tag) = (Nonce::from(*nonce), Tag::from(*tag));
    let cipher = XSalsa20Poly1305::new(key.bytes().into());
    let opened = cipher.decrypt_in_place_detached(&nonce, b"", text, &tag);
    opened.map_err(|_| Reason::Forged)?;
    data.drain(..NONCE_BYTES + TAG_BYTES);
    Ok(data)
}

impl DeviceProtocol for OwnTracks {
    type Opened = Opened;

    /// The key is the id of the device.
    fn peek(&self, message: &[u8]) -> Result<DeviceKey, Refused> {
        let (phone, _) = self.split(message)?;
        Ok(DeviceKey::new(phone.device.number()))
    }

    fn open(
        &mut self,
        message: &mut [u8],
        _: Timestamp,
        sink: &mut dyn FnMut(DeviceId, Input),
    ) -> Result<Opened, Refused> {
        let read = self.read(message).inspect_err(|reason| self.refusals.count(*reason))?;
        let (opened, input, message) = read;
        let input = input.unwrap_or_else(|reason| {
            self.refusals.count(reason);
            refusal(opened.device, reason, message)
        });
        sink(opened.device, input);
        Ok(opened)
    }

    fn ack(&mut self, _: &Opened, _: Timestamp, out: &mut [u8]) -> usize {
        let Some(place) = out.get_mut(..ANSWER.len()) else {
            return 0;
        };
        place.copy_from_slice(ANSWER);
        ANSWER.len()
    }

    fn refusals(&self) -> &Refusals {
        &self.refusals
    }
}

#[cfg(test)]
mod tests;
