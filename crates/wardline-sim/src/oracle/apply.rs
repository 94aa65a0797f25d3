//! Inputs take their place: configuration, devices and acts.

use super::Oracle;
use super::device::Stint;
use super::emit::{Event, Step, bare};
use super::kinds::REFUSED;
use super::parse::Input;
use super::parse_order::OrderVersion;
use super::readers::Bad;
use serde_json::json;

/// The events of an input, or why it is refused, with the device if one is known.
pub type Applied = Result<Vec<Event>, (Bad, Option<u64>)>;

fn no(reason: &'static str, value: u64) -> Applied {
    Err(((reason, value.to_string()), None))
}

/// The event of a refusal (D17).
pub fn refused(step: &Step, bad: &Bad, device: Option<u64>) -> Event {
    let mut e = bare(step, REFUSED, device.unwrap_or(0));
    if device.is_none() {
        e.body.remove("device");
    }
    e.body.insert("reason".into(), json!(bad.0));
    e.body.insert("value".into(), json!(bad.1));
    e
}

impl Oracle {
    /// The last step of an input.
    pub(super) fn apply(&mut self, step: &mut Step, input: Input) -> Applied {
        let (at, line) = (step.at, self.line);
        match input {
            Input::Tick => Ok(Vec::new()),
            Input::PutZone(id, layer, shape) => {
                step.cause = "zone_changed";
                self.log.put_zone(at, line, id, layer, shape);
                Ok(self.differences(step, &self.log.orders()))
            }
            Input::RemoveZone(id) => self.remove_zone(step, id),
            Input::PutOrder(id, v) => self.put_order(step, id, v),
            Input::EndOrder(id) => self.end_order(step, id),
            Input::Assign(device, person) => Ok(self.assign(step, device, person)),
            Input::Release(device) => {
                if !self.assigned.contains_key(&device) {
                    return no("unknown_device", device);
                }
                step.cause = "device_released";
                let mut events = self.release(step, device);
                events.extend(self.sync_all(step));
                Ok(events)
            }
            Input::Status(device, word) => self.status(step, device, word),
            Input::Fix(device, fix) => self.fix(step, device, fix),
            Input::Operator(act) => self.act(step, &act).map_err(|bad| (bad, None)),
        }
    }

    fn remove_zone(&mut self, step: &mut Step, id: u64) -> Applied {
        if self.log.zone_now(id).is_none() {
            return no("unknown_zone", id);
        }
        step.cause = "zone_removed";
        self.log.remove_zone(step.at, self.line, id);
        Ok(self.differences(step, &self.log.orders()))
    }

    fn end_order(&mut self, step: &mut Step, id: u64) -> Applied {
        if self.log.order_now(id).is_none() {
            return no("unknown_order", id);
        }
        step.cause = "rule_ended";
        self.log.end_order(step.at, self.line, id);
        Ok(self.changed_order(step, id))
    }

    fn put_order(&mut self, step: &mut Step, id: u64, v: OrderVersion) -> Applied {
        if let Some(z) = v.zones().into_iter().find(|z| self.log.zone_now(*z).is_none()) {
            return no("unknown_zone", z);
        }
        step.cause = "order_changed";
        self.log.put_order(step.at, self.line, id, v);
        Ok(self.changed_order(step, id))
    }

    fn changed_order(&mut self, step: &Step, id: u64) -> Vec<Event> {
        // The boundaries up to here are those of a new version, too.
        self.fired.insert(id, step.at);
        let mut events = self.differences(step, &[id]);
        events.extend(self.sync(step, id));
        events
    }

    fn sync_all(&mut self, step: &Step) -> Vec<Event> {
        self.log.orders().into_iter().flat_map(|o| self.sync(step, o)).collect()
    }

    /// Assignment clears everything known of a device (J-FIX-1); to another person it is a
    /// release before (D21).
    fn assign(&mut self, step: &mut Step, device: u64, person: u64) -> Vec<Event> {
        step.cause = "device_released";
        if self.assigned.get(&device).is_some_and(|i| self.stints[*i].person == person) {
            return Vec::new();
        }
        let mut events = self.release(step, device);
        self.unassigned.remove(&device);
        let assigned = (step.at, 1, self.line, 0);
        self.assigned.insert(device, self.stints.len());
        self.stints.push(Stint { device, person, assigned, ..Stint::default() });
        self.idle.remove(&person);
        events.extend(self.sync_all(step));
        events
    }

    /// Ends a device's time with its person, if it has one.
    fn release(&mut self, step: &Step, device: u64) -> Vec<Event> {
        let Some(&i) = self.assigned.get(&device) else {
            return Vec::new();
        };
        let person = self.stints[i].person;
        self.stints[i].released = Some((step.at, 1, self.line, 0));
        // On her side nothing ends (E17); but the release comes before fixes of its instant (D1).
        let events = self.differences(step, &self.log.ever_concern(person));
        self.assigned.remove(&device);
        if !self.assigned.values().any(|i| self.stints[*i].person == person) {
            self.idle.insert(person, step.at);
        }
        events
    }
}
