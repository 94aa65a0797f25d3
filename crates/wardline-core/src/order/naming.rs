//! Which orders name a zone. There are as many zones as there are of nothing else, and nearly all
//! are named by one order.

use crate::few::Few;
use crate::ids::{OrderId, ZoneId};
use crate::table::Table;

/// The orders that name each zone, sorted.
pub(crate) struct Naming {
    by_zone: Table<ZoneId, Few<OrderId>>,
}

impl Default for Naming {
    /// A zone with a great id takes no more than others, whoever names it.
    fn default() -> Self {
        Self { by_zone: Table::of(Vec::new()) }
    }
}

const _: () = assert!(size_of::<(ZoneId, Few<OrderId>)>() == 24);

impl Naming {
    /// Notes that an order names a zone.
    pub fn insert(&mut self, zone: ZoneId, order: OrderId) {
        self.by_zone.get_or_insert_with(zone, Few::default).insert_sorted(order);
    }

    /// The orders that name the zone, sorted.
    pub fn of(&self, zone: ZoneId) -> &[OrderId] {
        self.by_zone.get(zone).map_or(&[], |orders| orders)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_that_name_a_zone_are_sorted_and_not_repeated() {
        let [zone, other] = [7, 8].map(|number| ZoneId::new(number).expect("not 0"));
        let order = |number| OrderId::new(number).expect("not 0");
        let mut naming = Naming::default();
        assert_eq!(naming.of(zone), []);
        for (number, expected) in
            [(5, &[5][..]), (5, &[5]), (9, &[5, 9]), (2, &[2, 5, 9]), (9, &[2, 5, 9])]
        {
            naming.insert(zone, order(number));
            assert_eq!(naming.of(zone), expected.iter().map(|n| order(*n)).collect::<Vec<_>>());
        }
        assert_eq!(naming.of(other), []);
    }
}
