//! Inputs that once broke a fuzz target, as ordinary tests.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::fs;
use std::path::Path;

use scim_core::filter::{Filter, ParseOptions};
use scim_core::message::ListResponse;
use scim_core::patch::{PatchOp, PatchOptions};
use scim_core::path::PatchPath;
use scim_core::resource::{Group, Resource, User};

#[test]
fn findings_stay_fixed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/regressions");
    for folder in fs::read_dir(root).unwrap().filter_map(Result::ok).filter(|entry| entry.path().is_dir()) {
        for file in fs::read_dir(folder.path()).unwrap().filter_map(Result::ok) {
            let bytes = fs::read(file.path()).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            drop(Filter::parse_with(&text, &ParseOptions::lenient()));
            drop(PatchPath::parse_with(&text, &ParseOptions::lenient()));
            drop(PatchOp::from_json(&bytes, &PatchOptions::lenient()));
            drop(serde_json::from_slice::<User>(&bytes));
            drop(serde_json::from_slice::<Group>(&bytes));
            drop(serde_json::from_slice::<Resource>(&bytes));
            drop(serde_json::from_slice::<ListResponse<User>>(&bytes));
        }
    }
}
