//! The embedded account's SCIM side (rules 3 to 20), by hand where the request matters, through the
//! client where the outcome does; every switch with both readings.
#![allow(clippy::unwrap_used, clippy::panic, clippy::similar_names, clippy::unnecessary_wraps)]

mod groups;
mod kept;
mod protocol;
mod support;
mod users;
