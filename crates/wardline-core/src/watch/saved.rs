//! The part of a snapshot that holds the watches of a device. The present state is that of the
//! last checkpoint, and sentries are posted again, so neither is written.

use super::{
    About, Active, Checkpoints, Episode, Judged, Limits, Machine, MachineId, Mode, Proof, State,
    Target, Watch,
};
use crate::event::{Cause, Certainty};
use crate::ids::OrderId;
use crate::key::Key;
use crate::order::{Orders, TermsKind};
use crate::snapshot::{Read, Reader, Sink};
use crate::time::Timestamp;
use crate::track::Sample;
use std::sync::Arc;

const WATCH_BYTES_MIN: usize = 57;
const KEYS_BYTES_MIN: usize = 18;
const CHECKPOINT_BYTES_MIN: usize = 17;
const ACTIVE_BYTES: usize = 17;
const MACHINE_BYTES_MIN: usize = 13;
const EPISODE_BYTES_MIN: usize = 60;
/// A row that no device sends fixes enough for; counting on cannot overflow.
const ROW_MAX: u32 = i32::MAX as u32;

impl Watch {
    pub fn write(&self, out: &mut impl Sink) {
        out.id(self.order);
        self.about.write(out);
        self.last.write(out);
        self.frozen().write(out);
        out.count(self.hidden().len());
        for (fix, until) in self.hidden() {
            fix.write(out);
            until.write(out);
        }
        let nothing = &State::default();
        out.count(self.checkpoints.all().count());
        for (key, state) in self.checkpoints.all() {
            key.write(out);
            state.unwrap_or(nothing).write(out);
        }
        out.count(self.episodes.len());
        self.episodes.iter().for_each(|episode| episode.write(out));
        out.flag(self.has_sentries());
    }

    /// The watches of a device, each of an order that there is.
    pub fn read_all(from: &mut Reader<'_>, orders: &Orders) -> Read<Vec<Self>> {
        let count = from.count("watches of a device", WATCH_BYTES_MIN, usize::MAX)?;
        let item = (count, WATCH_BYTES_MIN);
        let read = |from: &mut Reader<'_>| Self::read(from, orders);
        from.ascending("watches", item, read, |watch| (watch.order, watch.about))
    }

    fn read(from: &mut Reader<'_>, orders: &Orders) -> Read<Self> {
        let offset = from.offset();
        let order: OrderId = from.id("the order of a watch")?;
        let known = orders.by_id.contains(order);
        from.check(known, offset, "the order of a watch", order.number())?;
        let mut watch = Self::new(order, About::read(from)?, Key::FIRST);
        watch.last = Key::read(from)?;
        let frozen = Key::read(from)?;
        let hidden = from.list("hidden fixes", KEYS_BYTES_MIN, |from| {
            Ok((Key::read(from)?, Key::read(from)?))
        })?;
        watch.limits = Limits { frozen, hidden }.if_any();
        let offset = from.offset();
        let mut active = Arc::default();
        let checkpoints = from.list("checkpoints", CHECKPOINT_BYTES_MIN, |from| {
            let (key, state) = (Key::read(from)?, State::read(from, &active)?);
            active = Arc::clone(&state.active);
            Ok((key, state))
        })?;
        from.check(!checkpoints.is_empty(), offset, "the number of checkpoints", 0)?;
        watch.checkpoints = Checkpoints::of(checkpoints);
        watch.now = watch.checkpoints.newest().cloned().unwrap_or_default();
        watch.episodes = from.list("episodes", EPISODE_BYTES_MIN, Episode::read)?.into();
        let offset = from.offset();
        let has_sentries = from.flag("whether sentries are posted")?;
        let may_have = !has_sentries || watch.about == About::Places;
        from.check(may_have, offset, "whether sentries are posted", 1)?;
        watch.sentries = has_sentries.then(Default::default);
        Ok(watch)
    }

    /// Whether sentries are posted.
    pub fn has_sentries(&self) -> bool {
        self.sentries.is_some()
    }

    /// Posts the sentries of a watch that was read.
    pub fn post_sentries_again(&mut self, scene: super::Scene<'_>) {
        self.post_sentries(scene, self.last);
    }
}

impl About {
    fn write(self, out: &mut impl Sink) {
        match self {
            Self::Conditions => out.u8(0),
            Self::Places => out.u8(1),
            Self::Person(person) => {
                out.u8(2);
                out.id(person);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Read<Self> {
        Ok(match from.code("what a watch is about", 3)? {
            0 => Self::Conditions,
            1 => Self::Places,
            _ => Self::Person(from.id("the person of a watch")?),
        })
    }
}

impl State {
    fn write(&self, out: &mut impl Sink) {
        out.count(self.active.len());
        for active in self.active.iter() {
            out.id(active.rule);
            out.u8(active.kind.map_or(0, |kind| 1 + kind as u8));
            active.since.write(out);
        }
        out.count(self.machines.len());
        for machine in self.machines.iter() {
            machine.id.write(out);
            machine.mode.write(out);
        }
    }

    /// Shares the active rules with the state before if they are the same.
    fn read(from: &mut Reader<'_>, before: &Arc<[Active]>) -> Read<Self> {
        let active = from.list("active rules", ACTIVE_BYTES, |from| {
            Ok(Active {
                rule: from.id("an active rule")?,
                kind: read_kind(from)?,
                since: Timestamp::read(from, "the start of an active rule")?,
            })
        })?;
        let count = from.count("machines", MACHINE_BYTES_MIN, usize::MAX)?;
        let read = |from: &mut Reader<'_>| {
            Ok(Machine { id: MachineId::read(from)?, mode: Mode::read(from)? })
        };
        let machines =
            from.ascending("machines", (count, MACHINE_BYTES_MIN), read, |machine| machine.id)?;
        let active = if *active == **before { Arc::clone(before) } else { active.into() };
        Ok(Self { active, machines: machines.into() })
    }
}

fn read_kind(from: &mut Reader<'_>) -> Read<Option<TermsKind>> {
    let code = from.code("the kind of an active rule", 1 + TermsKind::ALL.len())?;
    Ok(code.checked_sub(1).map(|code| TermsKind::ALL[code]))
}

impl MachineId {
    fn write(self, out: &mut impl Sink) {
        out.id(self.rule);
        out.u8(self.kind as u8);
        match self.target {
            Target::None => out.u8(0),
            Target::Zone(zone) => {
                out.u8(1);
                out.id(zone);
            }
            Target::Person(person) => {
                out.u8(2);
                out.id(person);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Read<Self> {
        let rule = from.id("the rule of a machine")?;
        let kind = from.event_kind()?;
        let target = match from.code("the target of a machine", 3)? {
            0 => Target::None,
            1 => Target::Zone(from.id("the zone of a machine")?),
            _ => Target::Person(from.id("the person of a machine")?),
        };
        Ok(Self { rule, kind, target })
    }
}

impl Mode {
    fn write(&self, out: &mut impl Sink) {
        match self {
            Self::Row { count, first, last } => {
                out.u8(0);
                out.u32(*count);
                first.write(out);
                last.write(out);
            }
            Self::Open { permitted, threshold_m } => {
                out.u8(1 + u8::from(*permitted));
                out.option(*threshold_m, Sink::f64);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Read<Self> {
        let code = from.code("the mode of a machine", 3)?;
        if code > 0 {
            let threshold_m = read_threshold(from)?;
            return Ok(Self::Open { permitted: code == 2, threshold_m });
        }
        let offset = from.offset();
        let count = from.u32("the length of a row")?;
        from.check(count <= ROW_MAX, offset, "the length of a row", u64::from(count))?;
        let first = Timestamp::read(from, "the start of a row")?;
        Ok(Self::Row { count, first, last: Key::read(from)? })
    }
}

fn read_threshold(from: &mut Reader<'_>) -> Read<Option<f64>> {
    from.option("whether there is a threshold", |from| from.f64("a threshold"))
}

impl Episode {
    fn write(&self, out: &mut impl Sink) {
        self.id.write(out);
        out.u64(self.number);
        self.start.write(out);
        out.u8(self.certainty.map_or(0, |certainty| 1 + certainty as u8));
        out.flag(self.permitted);
        self.opening.write(out);
        self.opened_by.write(out);
        out.flag(self.end_told);
        let closing = self.end.zip(self.closing.as_ref()).zip(self.closed_by);
        out.option(closing, |out, ((end, closing), closed_by)| {
            end.write(out);
            closing.write(out);
            closed_by.write(out);
        });
    }

    fn read(from: &mut Reader<'_>) -> Read<Self> {
        let id = MachineId::read(from)?;
        let number = from.counter("the number of an episode")?;
        let start = Timestamp::read(from, "the start of an episode")?;
        let certainty = from.code("the certainty of an episode", 1 + Certainty::ALL.len())?;
        let certainty = certainty.checked_sub(1).map(|code| Certainty::ALL[code]);
        let permitted = from.flag("whether an episode is permitted")?;
        let (opening, opened_by) = (Proof::read(from)?, Key::read(from)?);
        let end_told = from.flag("whether an end was told of")?;
        let closing = from.option("whether an episode has ended", |from| {
            let end = Timestamp::read(from, "the end of an episode")?;
            Ok((end, Proof::read(from)?, Key::read(from)?))
        })?;
        Ok(Self {
            id,
            number,
            start,
            end: closing.map(|(end, ..)| end),
            certainty,
            permitted,
            opening: opening.into(),
            closing: closing.map(|(_, closing, _)| closing.into()),
            end_told,
            opened_by,
            closed_by: closing.map(|(.., closed_by)| closed_by),
        })
    }
}

impl Proof {
    fn write(&self, out: &mut impl Sink) {
        out.u8(self.cause as u8);
        out.u64(self.order_version);
        out.option(self.zone, |out, (zone, version)| {
            out.id(zone);
            out.u64(version);
        });
        out.option(self.threshold_m, Sink::f64);
        out.option(self.judged, |out, judged| {
            out.f64(judged.distance_m);
            judged.sample.write(out);
            out.option(judged.other, |out, (device, sample)| {
                out.id(device);
                sample.write(out);
            });
        });
    }

    fn read(from: &mut Reader<'_>) -> Read<Self> {
        Ok(Self {
            cause: Cause::ALL[from.code("the cause of a judgement", Cause::ALL.len())?],
            order_version: from.u64("the version of an order")?,
            zone: from.option("whether a judgement is about a zone", |from| {
                Ok((from.id("the zone of a judgement")?, from.u64("the version of a zone")?))
            })?,
            threshold_m: read_threshold(from)?,
            judged: from.option("whether a judgement has a fix", Judged::read)?,
        })
    }
}

impl Judged {
    fn read(from: &mut Reader<'_>) -> Read<Self> {
        Ok(Self {
            distance_m: from.f64("a distance")?,
            sample: Sample::read(from)?,
            other: from.option("whether a judgement has another fix", |from| {
                Ok((from.id("the device of another fix")?, Sample::read(from)?))
            })?,
        })
    }
}
