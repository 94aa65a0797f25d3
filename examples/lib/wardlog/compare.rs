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

/// Compares events by their ids, in any order.
#[derive(Default)]
pub struct Comparison {
    said: BTreeMap<Id, Said>,
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
        if self.said.insert(id(&event), Said::Event(Box::new(event))).is_some() {
            self.result.repeated += 1;
        }
    }

    /// Takes an event of the evidence that cannot be read any more.
    pub fn expect_forgotten(&mut self, input: u64, order: u64, index: u32) {
        self.said.insert((input, order, index), Said::Forgotten);
    }

    /// Takes what the engine says.
    pub fn take(&mut self, event: &Event) {
        let how = match self.said.remove(&id(event)) {
            Some(Said::Event(said)) if *said == *event => return self.result.equal += 1,
            Some(Said::Forgotten) => return self.result.forgotten += 1,
            Some(Said::Event(said)) => How::Member(first_difference(&said, event)),
            None => How::Unsaid,
        };
        let difference = Difference { id: id(event), kind: event.kind.word(), how };
        self.result.differences.push(difference);
    }

    /// What was found, once the engine has said all.
    pub fn finish(mut self) -> Compared {
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

fn id(event: &Event) -> Id {
    (event.input, event.order.number(), event.index)
}

fn first_difference(said: &Event, now: &Event) -> String {
    let (said, now) = (event_value(said), event_value(now));
    let members = [&said, &now].into_iter().filter_map(|value| value.as_object());
    let mut names = members.flat_map(|object| object.keys());
    names.find(|name| said[*name] != now[*name]).map_or("a number".to_owned(), String::clone)
}
