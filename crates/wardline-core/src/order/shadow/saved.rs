//! The part of a snapshot that holds orders that another engine judges.

use super::{Shadow, Shadows};
use crate::ids::OrderId;
use crate::order::Orders;
use crate::snapshot::{Read, Reader, Sink};
use crate::time::Interval;

const SHADOW_BYTES_MIN: usize = 18;
const ID_BYTES: usize = 8;

impl Shadows {
    pub(crate) fn write(&self, out: &mut impl Sink) {
        for (id, shadow) in &self.by_id {
            out.id(*id);
            out.count(shadow.parties.len());
            shadow.parties.iter().for_each(|party| out.id(*party));
            out.option(shadow.term, |out, term| term.write(out));
            out.flag(shadow.has_ended);
            out.u32(shadow.versions);
        }
    }

    /// Reads so many, none of which is among the orders that are judged here.
    pub(crate) fn read(from: &mut Reader<'_>, count: usize, orders: &Orders) -> Read<Self> {
        let read = |from: &mut Reader<'_>| {
            let offset = from.offset();
            let id: OrderId = from.id("the id of an order elsewhere")?;
            from.check(!orders.by_id.contains(id), offset, "an order elsewhere", id.number())?;
            Ok((id, Shadow::read(from)?))
        };
        let item = (count, SHADOW_BYTES_MIN);
        let shadows = from.ascending("orders elsewhere", item, read, |(id, _)| *id)?;
        let mut found = Self::default();
        for (id, shadow) in shadows {
            found.put(id, shadow);
        }
        Ok(found)
    }
}

impl Shadow {
    fn read(from: &mut Reader<'_>) -> Read<Self> {
        let count = from.count("parties of an order elsewhere", ID_BYTES, usize::MAX)?;
        let item = (count, ID_BYTES);
        Ok(Self {
            parties: from.ascending("parties", item, |from| from.id("a party"), |id| *id)?,
            term: from.option("whether an order elsewhere has a term", Interval::read)?,
            has_ended: from.flag("whether an order elsewhere has ended")?,
            versions: from.u32("the versions of an order elsewhere")?,
        })
    }
}
