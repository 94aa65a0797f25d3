//! A pipeline with its journal: started again, without power, on bad disks.

mod devices;
mod faults;
mod panics;
mod restart;
mod support;
