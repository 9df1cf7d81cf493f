#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| immutag_fuzz::edits::check(data));
