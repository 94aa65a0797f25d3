//! Fuzz target; its body is `wardline_fuzz::owntracks`.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| wardline_fuzz::owntracks(data));

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("build with cargo-fuzz: cargo +nightly fuzz run owntracks");
}
