#![doc = include_str!("../README.md")]

mod apply;
mod error;
mod event;
mod finding;
mod guard;
mod observe;
mod plan;
mod report;
mod run;
mod spec;
mod verify;
mod world;

pub use error::Error;
pub use event::Event;
pub use finding::{Finding, Severity};
pub use observe::{AuthentikSide, CloudflareSide, Observed};
pub use plan::{Change, Plan, PlannedChange};
pub use report::{Count, Outcome, Report, Requests, StepReport, Verdict};
pub use run::{Counters, Mode, Provisioner};
pub use spec::{Directory, GroupPolicy, Person, Safety, Spec, Team, Timing};
pub use verify::Verification;
pub use world::{Wanted, WantedPerson};

/// The workspace's front page: its sample is run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct FrontPage;
