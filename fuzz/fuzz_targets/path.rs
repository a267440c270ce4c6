//! Any text: a PATCH path that prints and reads back, or an error with a place inside.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scim_core::filter::ParseOptions;
use scim_core::path::PatchPath;

fuzz_target!(|text: &str| {
    for options in [ParseOptions::strict(), ParseOptions::lenient()] {
        match PatchPath::parse_with(text, &options) {
            Ok(parsed) => assert_eq!(PatchPath::parse(&parsed.value.to_string()).as_ref(), Ok(&parsed.value)),
            Err(error) => assert!(error.span().start <= text.len() && !error.render().is_empty()),
        }
    }
});
