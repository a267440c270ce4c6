//! Any bytes: a PatchOp that writes and reads back by the letter, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scim_core::patch::{PatchOp, PatchOptions};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(patch) = PatchOp::from_json(bytes, &PatchOptions::lenient()) {
        if let Ok(text) = serde_json::to_vec(&patch) {
            let again = PatchOp::from_json(&text, &PatchOptions::strict());
            assert_eq!(again.map(|again| again.operations).as_ref(), Ok(&patch.operations));
        }
    }
});
