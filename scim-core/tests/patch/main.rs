//! PATCH by name: every scimType, every mutability, names, lists, all or nothing.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
#![allow(clippy::needless_pass_by_value, reason = "`json!` literals as arguments read best without `&`")]

mod lists;
mod mutability;
mod names;
mod read;
mod refusals;
mod support;
mod whole;
