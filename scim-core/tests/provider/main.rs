//! The service provider by the letter of the RFC, request by request. `docs/conformance.md` says which
//! requirement each test holds.
#![cfg(feature = "provider")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::similar_names,
    clippy::needless_pass_by_value,
    reason = "helpers of tests fail by panicking"
)]

mod bulk;
mod conformance;
mod discovery;
mod groups;
mod kept;
mod lifecycle;
mod okta;
mod patch;
mod query;
mod schemas;
mod support;
mod tenants;
mod total;
mod vendor;
mod versions;
