//! Every call over HTTP: the request as authentik documents it, its answer as recorded.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod calls;
mod directory;
mod lists;
mod running;
mod setting_up;
