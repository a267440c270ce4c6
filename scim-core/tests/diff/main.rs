//! From two states to the PATCH between them.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod forms;
mod limits;
mod members;
mod required;
mod support;
mod unknown;
