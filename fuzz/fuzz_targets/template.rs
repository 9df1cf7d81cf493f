#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| immutag_fuzz::template::check(data));
