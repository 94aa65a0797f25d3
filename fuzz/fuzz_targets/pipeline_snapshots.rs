//! Fuzz target; its body is `wardline_fuzz::pipeline_snapshots`.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| wardline_fuzz::pipeline_snapshots(data));

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("build with cargo-fuzz: cargo +nightly fuzz run pipeline_snapshots");
}
