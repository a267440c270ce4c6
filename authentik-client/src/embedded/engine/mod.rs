//! The sync engine: scheduler, queue, worker, and what is sent to SCIM servers (facts §5 and §6).

pub(crate) mod config;
mod discovery;
mod emit;
mod glance;
mod group;
mod mapped;
pub(crate) mod payload;
pub(crate) mod queue;
mod run;
pub(crate) mod schedule;
mod session;
pub(crate) mod task;
mod user;
pub(crate) mod worker;

pub(crate) use mapped::mapping_user as mapped_user;
