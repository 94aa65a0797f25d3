//! Fuzz target; its body is `wardline_fuzz::journal_inputs`.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| wardline_fuzz::journal_inputs(data));

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("build with cargo-fuzz: cargo +nightly fuzz run journal_inputs");
}
