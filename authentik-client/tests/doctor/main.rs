//! The doctor against the embedded authentik with a SCIM server behind: every finding comes about as it
//! does with the real one, is found with its evidence, and is gone when its cure has run.
//!
//! `docs/doctor.md` names a test of this binary for every code.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../lab/mod.rs"]
mod lab;

mod clinic;
mod cures;
mod groups;
mod large;
mod page;
mod permissions;
mod setup;
mod sync;
mod users;
