//! The SCIM client at its boundary: against servers that behave oddly (closures, no socket) and a real
//! provider.
#![cfg(all(feature = "client", feature = "provider"))]
#![allow(clippy::unwrap_used, clippy::panic)] // a failing set-up is a failing test
#![allow(unreachable_pub)] // the modules of one test

mod answers;
mod bulk;
mod discovery;
mod edit;
mod hostile;
mod lists;
mod reading;
mod settle;
mod support;
