//! Comparing what the engine says again with what stands in the evidence.

use std::collections::BTreeMap;
use std::fmt;
use wardline_core::event::Event;
use wardline_wire::jsonl::event_value;

/// The id of an event: input, order, index.
type Id = (u64, u64, u32);

/// What the evidence says of an event.
enum Said {
    Event(Box<Event>),
    /// Its key was destroyed, so only that there was one is known.
    Forgotten,
}

/// Compares events by their ids, in any order. What is the same is let go at once.
#[derive(Default)]
pub struct Comparison {
    /// What the evidence says and was not judged again so far.
    said: BTreeMap<Id, Said>,
    /// What was judged again and the evidence did not say so far.
    judged: BTreeMap<Id, Box<Event>>,
    /// How far it went.
    pub result: Compared,
}

/// What a comparison found.
#[derive(Default)]
pub struct Compared {
    /// Events that are the same.
    pub equal: u64,
    /// Events whose content was forgotten, so that they cannot be compared.
    pub forgotten: u64,
    /// Events of the evidence that occur twice.
    pub repeated: u64,
    /// What is not the same.
    pub differences: Vec<Difference>,
}

/// An event that is not the same. It names no positions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    id: Id,
    kind: &'static str,
    how: How,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum How {
    /// It is not in the evidence.
    Unsaid,
    /// It is in the evidence and was not judged again.
    NotAgain,
    /// A member is not the same.
    Member(String),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (input, order, index) = self.id;
        write!(f, "event {input}.{order}.{index} ({}): ", self.kind)?;
        match &self.how {
            How::Unsaid => f.write_str("judged now, but not in the evidence"),
            How::NotAgain => f.write_str("in the evidence, but not judged now"),
            How::Member(member) => write!(f, "'{member}' is not what the evidence says"),
        }
    }
}

impl Comparison {
    /// Takes an event of the evidence.
    pub fn expect(&mut self, event: Event) {
        self.said(id(&event), Said::Event(Box::new(event)));
    }

    /// Takes an event of the evidence that cannot be read any more.
    pub fn expect_forgotten(&mut self, input: u64, order: u64, index: u32) {
        self.said((input, order, index), Said::Forgotten);
    }

    fn said(&mut self, id: Id, said: Said) {
        match self.judged.remove(&id) {
            Some(judged) => self.compare(&said, &judged),
            None if self.said.insert(id, said).is_some() => self.result.repeated += 1,
            None => {}
        }
    }

    /// Takes what the engine says.
    pub fn take(&mut self, event: &Event) {
        match self.said.remove(&id(event)) {
            Some(said) => self.compare(&said, event),
            None => {
                self.judged.insert(id(event), Box::new(event.clone()));
            }
        }
    }

    fn compare(&mut self, said: &Said, judged: &Event) {
        match said {
            Said::Event(said) if **said == *judged => self.result.equal += 1,
            Said::Forgotten => self.result.forgotten += 1,
            Said::Event(said) => {
                self.differ(judged, How::Member(first_difference(said, judged)));
            }
        }
    }

    fn differ(&mut self, event: &Event, how: How) {
        let difference = Difference { id: id(event), kind: event.kind.word(), how };
        self.result.differences.push(difference);
    }

    /// Whether the evidence says anything that was not judged again.
    pub fn has_rest(&self) -> bool {
        !self.said.is_empty()
    }

    /// To count how often that stands there.
    pub fn count_rest(&self) -> Counted {
        Counted(self.said.keys().map(|id| (*id, 0)).collect())
    }

    /// What stands there more than once was compared when it came first.
    pub fn take_out_repeats(&mut self, counted: Counted) {
        for (id, _) in counted.0.into_iter().filter(|(_, times)| *times > 1) {
            self.said.remove(&id);
            self.result.repeated += 1;
        }
    }

    /// What was found, once the engine has said all.
    pub fn finish(mut self) -> Compared {
        for event in std::mem::take(&mut self.judged).into_values() {
            self.differ(&event, How::Unsaid);
        }
        for (id, said) in self.said {
            match said {
                Said::Event(event) => self.result.differences.push(Difference {
                    id,
                    kind: event.kind.word(),
                    how: How::NotAgain,
                }),
                Said::Forgotten => self.result.forgotten += 1,
            }
        }
        self.result.differences.sort_by_key(|difference| difference.id);
        self.result
    }
}

/// How often events stand in the evidence.
pub struct Counted(BTreeMap<Id, u64>);

impl Counted {
    /// One of them, or another, stands there.
    pub fn see(&mut self, id: (u64, u64, u32)) {
        if let Some(times) = self.0.get_mut(&id) {
            *times += 1;
        }
    }
}

fn id(event: &Event) -> Id {
    (event.input, event.order.number(), event.index)
}

fn first_difference(said: &Event, now: &Event) -> String {
    let (said, now) = (event_value(said), event_value(now));
    let members = [&said, &now].into_iter().filter_map(|value| value.as_object());
    let mut names = members.flat_map(|object| object.keys());
    names.find(|name| said[*name] != now[*name]).map_or("a number".to_owned(), String::clone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardline_core::input::{Input, Record, Refusal};
    use wardline_core::{Config, Engine};

    /// Events of inputs 1, 2, 3 …
    fn events(many: u64) -> Vec<Event> {
        let (mut engine, mut events) = (Engine::new(Config::default()), Vec::new());
        for value in 0..many {
            let input = Input::Invalid(Refusal::new("a_test", value));
            engine.apply(&Record { at: None, input }, &mut |event| events.push(event));
        }
        events
    }

    #[test]
    fn it_does_not_matter_who_comes_first() {
        let events = events(6);
        let mut comparison = Comparison::default();
        comparison.expect(events[0].clone());
        comparison.take(&events[0]);
        comparison.take(&events[1]);
        comparison.expect(events[1].clone());
        comparison.take(&events[2]);
        comparison.expect_forgotten(3, 0, 0);
        // Said twice, judged never, judged and not said, said otherwise.
        comparison.expect(events[0].clone());
        comparison.expect(events[3].clone());
        comparison.take(&events[4]);
        comparison.take(&events[5]);
        let mut other = events[5].clone();
        other.refusal = events[4].refusal.clone();
        comparison.expect(other);
        assert!(comparison.has_rest());
        let mut counted = comparison.count_rest();
        [1, 1, 2, 3, 4, 6].into_iter().for_each(|input| counted.see((input, 0, 0)));
        comparison.take_out_repeats(counted);
        let found = comparison.finish();
        assert_eq!((found.equal, found.forgotten, found.repeated), (2, 1, 1));
        let hows: Vec<_> = found.differences.iter().map(|d| (d.id.0, &d.how)).collect();
        let member = How::Member("value".to_owned());
        assert_eq!(hows, [(4, &How::NotAgain), (5, &How::Unsaid), (6, &member)]);
    }
}
