//! The worlds by name: how many people there are, where, what is forbidden to them, how they move.

/// How people move.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pace {
    /// A third stands, a third walks, a third drives, each near home.
    Roam,
    /// Everybody walks along the edge of a zone, just outside.
    Edge,
}

/// What a world consists of.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Plan {
    /// People, each with a device.
    pub people: u64,
    /// Groups of zones that lie together; person n is kept out of the zones of the group n modulo
    /// this.
    pub groups: u64,
    /// Zones of a group.
    pub zones_in_group: u64,
    /// Zones of layers.
    pub shared_zones: u64,
    /// Layers that they are shared out to.
    pub layers: u64,
    /// One person in so many is kept out of all layers.
    pub subject_one_in: u64,
    /// Whether persons 2 n and 2 n + 1 are a pair: the first is kept away from the second and out
    /// of the group's zones.
    pub pairs: bool,
    /// Whether each order has a report rule: 20 minutes of silence, 30 without a fix.
    pub reports: bool,
    /// How people move.
    pub pace: Pace,
    /// North to south and west to east, in degrees.
    pub side_deg: f64,
    /// Between two fixes of a device, in milliseconds.
    pub interval_ms: i64,
}

impl Plan {
    /// A city: people with four zones each that overlap everybody else's.
    #[must_use]
    pub fn city(people: u64) -> Self {
        Self {
            people,
            groups: people,
            zones_in_group: 4,
            shared_zones: 0,
            layers: 1,
            subject_one_in: 100,
            pairs: false,
            reports: false,
            pace: Pace::Roam,
            side_deg: 0.2,
            interval_ms: 15_000,
        }
    }

    /// The city in which two timers run for everybody.
    #[must_use]
    pub fn timed(people: u64) -> Self {
        Self { reports: true, ..Self::city(people) }
    }

    /// The city in which everybody is a party of a pair, and each pair has four zones.
    #[must_use]
    pub fn paired(people: u64) -> Self {
        Self { pairs: true, ..Self::city(people) }
    }

    /// The city with 10,000 zones in a layer besides (fewer with fewer people), which one person in
    /// a hundred is kept out of.
    #[must_use]
    pub fn dense_city(people: u64) -> Self {
        Self { shared_zones: (people / 10).max(10), ..Self::city(people) }
    }

    /// People in pairs all over a country, each pair with two fixed zones and the moving one round
    /// the protected person; a fix every 25 seconds.
    #[must_use]
    pub fn national(people: u64) -> Self {
        let pairs = (people / 2).max(1);
        Self {
            people: 2 * pairs,
            groups: pairs,
            zones_in_group: 2,
            pairs: true,
            side_deg: 7.0,
            interval_ms: 25_000,
            ..Self::city(people)
        }
    }

    /// The city's density of zones for each person, all over a country.
    #[must_use]
    pub fn nation(people: u64) -> Self {
        Self { side_deg: 6.0, ..Self::city(people) }
    }

    /// Nobody has zones of their own, everybody is kept out of all zones of ten layers.
    #[must_use]
    pub fn shared(people: u64, zones: u64) -> Self {
        Self {
            groups: 0,
            shared_zones: zones,
            layers: 10,
            subject_one_in: 1,
            side_deg: 6.0,
            ..Self::city(people)
        }
    }

    /// Everybody walks along a zone of their own.
    #[must_use]
    pub fn border(people: u64) -> Self {
        Self { zones_in_group: 1, pace: Pace::Edge, ..Self::city(people) }
    }

    /// The city with so many zones for the same people, who have four each all the same: they
    /// share them if there are few, and most belong to nobody if there are many.
    #[must_use]
    pub fn with_zones(people: u64, zones: u64) -> Self {
        Self { groups: (zones / 4).max(1), ..Self::city(people) }
    }

    /// All zones.
    #[must_use]
    pub fn zones(&self) -> u64 {
        self.groups * self.zones_in_group + self.shared_zones
    }
}
