//! The pipeline with its threads: what it must say, keep, lose and survive.

mod equality;
mod faults;
mod flood;
mod keeping;
mod lanes;
mod queries;
mod shedding;
mod sinks;
mod support;
