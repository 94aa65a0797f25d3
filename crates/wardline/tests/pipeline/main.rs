//! The pipeline with its threads: what it must say, keep, lose and survive.

mod equality;
mod support;
