//! A pipeline with its journal: started again, without power, on bad disks.

mod faults;
mod restart;
mod support;
