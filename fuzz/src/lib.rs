//! What must hold for any bytes, one function per fuzz target.
//!
//! `fuzz_targets/` calls these functions from libFuzzer; `scim-core/tests/fuzz_regressions.rs` includes this very
//! file and calls them with every seed and every input that once failed. A broken promise is a panic.

mod generate;
#[cfg(feature = "client")]
mod header;
mod json;
mod language;
mod patch;
mod resources;

#[cfg(feature = "client")]
pub use header::retry_after;
pub use language::{filter, path};
pub use patch::{apply, patch_op};
pub use resources::{list_response, user};

/// A target: what must hold for those bytes.
pub type Target = fn(&[u8]);

/// Every target by its name: that of the binary and of its folders in `seeds/` and `regressions/`.
pub const TARGETS: &[(&str, Target)] = &[
    ("filter", filter),
    ("path", path),
    ("patch_op", patch_op),
    ("user", user),
    ("list_response", list_response),
    ("apply", apply),
    #[cfg(feature = "client")]
    ("retry_after", retry_after),
];
