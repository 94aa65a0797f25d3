//! Acts: changes of configuration and what operators do, which belong into the evidence.

use std::collections::HashMap;
use wardline_core::ids::{DeviceId, OrderId, ZoneId};
use wardline_core::input::{Input, Record};
use wardline_journal::input_to_bytes;

/// Whether an input belongs into the evidence.
pub(super) fn is_act(input: &Input) -> bool {
    matches!(input, Input::Operator(_)) || Key::of(input).is_some()
}

/// What an input has the last word on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Zone(ZoneId),
    Order(OrderId),
    Device(DeviceId),
}

impl Key {
    fn of(input: &Input) -> Option<Self> {
        Some(match input {
            Input::PutZone(put) => Self::Zone(put.zone),
            Input::RemoveZone(zone) => Self::Zone(*zone),
            Input::PutOrder(put) => Self::Order(put.order),
            Input::EndOrder(order) => Self::Order(*order),
            Input::AssignDevice(assign) => Self::Device(assign.device),
            Input::ReleaseDevice(device) => Self::Device(*device),
            _ => return None,
        })
    }
}

/// The last word on each zone, order and device.
#[derive(Default)]
pub(super) struct Standing(HashMap<Key, Vec<u8>>);

impl Standing {
    pub fn take(&mut self, input: &Input) {
        if let Some(key) = Key::of(input) {
            self.0.insert(key, in_clear(input));
        }
    }

    pub fn has(&self, input: &Input) -> bool {
        let last = Key::of(input).and_then(|key| self.0.get(&key));
        last.is_some_and(|last| *last == in_clear(input))
    }
}

/// What an input says, whenever it was received.
fn in_clear(input: &Input) -> Vec<u8> {
    input_to_bytes(&Record { at: None, input: input.clone() })
}
