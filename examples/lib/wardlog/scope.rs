//! What a case is about, and which inputs and events belong to it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use wardline_core::event::{EpisodeId, Event};
use wardline_core::ids::OrderId;
use wardline_core::input::{Demand, Input, Place, PutOrder, Record};
use wardline_core::time::Timestamp;

/// What a case is about: orders, and all that they are judged by.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Scope {
    /// The incident, of a bundle.
    pub episode: Option<String>,
    /// The orders.
    pub orders: BTreeSet<u64>,
    /// Both parties of all of them.
    pub persons: BTreeSet<u64>,
    /// The devices that a party ever had.
    pub devices: BTreeSet<u64>,
    /// The zones that the orders ever named, those of their layers included.
    pub zones: BTreeSet<u64>,
    /// The layers that the orders ever named.
    pub layers: BTreeSet<u64>,
    /// Fixes and events received before are left out, in milliseconds since 1970.
    pub from_ms: Option<i64>,
    /// All that was received from then on is left out.
    pub until_ms: Option<i64>,
    /// Inputs from this number on are left out: they were not under the checkpoint yet.
    pub until_input: Option<u64>,
}

impl Scope {
    /// Adds what an input says of the orders; `wanted` says which orders are meant. True if the
    /// scope grew, so that earlier inputs must be looked at again.
    pub fn learn(&mut self, record: &Record, wanted: impl Fn(&PutOrder) -> bool) -> bool {
        match &record.input {
            Input::PutOrder(put) if self.orders.contains(&put.order.number()) || wanted(put) => {
                let before = self.size();
                self.orders.insert(put.order.number());
                self.learn_order(put);
                self.size() > before
            }
            Input::AssignDevice(assign) if self.persons.contains(&assign.person.number()) => {
                self.devices.insert(assign.device.number())
            }
            Input::PutZone(put) => {
                let of_layer = |layer: &_| self.layers.contains(layer);
                let layer = put.layer.map(|layer| layer.number());
                layer.as_ref().is_some_and(of_layer) && self.zones.insert(put.zone.number())
            }
            _ => false,
        }
    }

    fn size(&self) -> usize {
        let Self { orders, persons, devices, zones, layers, .. } = self;
        [orders, persons, devices, zones, layers].iter().map(|set| set.len()).sum()
    }

    fn learn_order(&mut self, put: &PutOrder) {
        self.persons.insert(put.person.number());
        for rule in &put.rules {
            match &rule.demand {
                Demand::KeepOut { place: Place::Zone(zone), .. } => {
                    self.zones.insert(zone.number());
                }
                Demand::KeepOut { place: Place::Layer(layer), .. } => {
                    self.layers.insert(layer.number());
                }
                Demand::KeepAway { person, .. } => {
                    self.persons.insert(person.number());
                }
                Demand::StayIn { zones, .. } => {
                    self.zones.extend(zones.iter().map(|zone| zone.number()));
                }
                Demand::Report { .. } => {}
            }
        }
        self.zones.extend(put.permits.iter().map(|permit| permit.zone.number()));
    }

    /// Whether an input belongs to the case.
    pub fn holds(&self, record: &Record) -> bool {
        let device = |id: u64| self.devices.contains(&id) && self.is_after_start(record.at);
        self.is_before_end(record.at)
            && match &record.input {
                Input::PutZone(put) => self.zones.contains(&put.zone.number()),
                Input::RemoveZone(zone) => self.zones.contains(&zone.number()),
                Input::PutOrder(put) => self.orders.contains(&put.order.number()),
                Input::EndOrder(order) => self.orders.contains(&order.number()),
                Input::AssignDevice(assign) => self.devices.contains(&assign.device.number()),
                Input::ReleaseDevice(id) => self.devices.contains(&id.number()),
                Input::Fix(fix) => device(fix.device.number()),
                Input::Status(report) => device(report.device.number()),
                Input::Operator(act) => EpisodeId::parse(&act.episode)
                    .is_some_and(|episode| self.orders.contains(&episode.order.number())),
                Input::Tick | Input::Invalid(_) => false,
            }
    }

    /// Whether an event belongs to the case: it is of one of its orders and within its time.
    pub fn compares(&self, event: &Event) -> bool {
        event.order != OrderId::NONE
            && self.orders.contains(&event.order.number())
            && self.until_input.is_none_or(|end| event.input < end)
            && self.is_after_start(Some(event.at))
            && self.is_before_end(Some(event.at))
    }

    /// Whether nothing of what was received then is left out for being too late.
    pub fn is_before_end(&self, at: Option<Timestamp>) -> bool {
        let ms = at.unwrap_or_default().ms();
        self.until_ms.is_none_or(|until| ms < until)
    }

    fn is_after_start(&self, at: Option<Timestamp>) -> bool {
        self.from_ms.is_none_or(|from| at.is_some_and(|at| at.ms() >= from))
    }
}
