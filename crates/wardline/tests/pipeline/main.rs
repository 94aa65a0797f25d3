//! The pipeline with its threads: what it must say, keep, lose and survive.

mod durability;
mod equality;
mod faults;
mod flood;
mod lanes;
mod panics;
mod queries;
mod shedding;
mod sinks;
mod support;
