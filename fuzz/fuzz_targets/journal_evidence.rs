//! Fuzz target; its body is `wardline_fuzz::journal_evidence`.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| wardline_fuzz::journal_evidence(data));

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("build with cargo-fuzz: cargo +nightly fuzz run journal_evidence");
}
