//! Identifiers: `u64` from 1, one type per kind of thing, so that none is taken for another.

/// An id as a snapshot has it: any number, 0 included.
pub(crate) trait Id {
    fn from_number(number: u64) -> Self;
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        pub struct $name(u64);

        impl $name {
            /// The id with this number, or nothing for 0, which stands for "none".
            pub const fn new(number: u64) -> Option<Self> {
                if number == 0 { None } else { Some(Self(number)) }
            }

            /// The number; 0 stands for "none".
            pub const fn number(self) -> u64 {
                self.0
            }

            /// The id that stands for "none".
            pub const NONE: Self = Self(0);

            /// The greatest id.
            pub const MAX: Self = Self(u64::MAX);
        }

        impl Id for $name {
            fn from_number(number: u64) -> Self {
                Self(number)
            }
        }

        impl From<$name> for u64 {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

id!(
    /// A geofence zone.
    ZoneId
);
id!(
    /// A layer: a set of zones that rules share, such as all schools.
    LayerId
);
id!(
    /// A protective order.
    OrderId
);
id!(
    /// A rule; unique within its order.
    RuleId
);
id!(
    /// A restrained or protected person.
    PersonId
);
id!(
    /// A bracelet, phone or other device that sends fixes.
    DeviceId
);
