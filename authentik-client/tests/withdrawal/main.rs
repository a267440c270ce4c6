//! What a provider has brought is taken back before it goes: against the embedded authentik with scim-core's
//! service provider behind it.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../lab/mod.rs"]
mod lab;

mod scene;
mod trouble;
mod way;
