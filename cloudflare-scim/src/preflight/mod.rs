//! What can be known before provisioning begins: tokens, permissions, plan, names, administrators.

mod directory;
mod finding;
mod run;
mod wish;

pub use finding::{Finding, FindingCode, Preflight, Severity, Step, StepState};
pub use wish::PreflightRequest;
