//! Messages at the wire.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod bulk;
mod errors;
mod lists;
mod projection;
mod secrets;
mod support;
