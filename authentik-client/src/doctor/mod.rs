//! Finds out what is wrong with SCIM provisioning out of authentik, and how to put it right.
//!
//! authentik says "done" when a task ran, not when it succeeded; it compares what it would send with the
//! server's last answer, not with the server; it sends nothing for values that were emptied. What the
//! two sides hold therefore drifts apart without a word. [`Authentik::doctor`] reads authentik's side of
//! one provider whole, takes what the caller has read from the SCIM server, and says what does not agree:
//! each [`Finding`] with its evidence, what can be done, and, where authentik's API can do it, a [`Cure`]
//! that first shows the calls it would make.
//!
//! It writes nothing. `docs/doctor.md` lists every code with the surprise behind it.
//!
//! ```
//! use authentik_client::Authentik;
//! use authentik_client::doctor::RemoteView;
//! use authentik_client::id::ProviderPk;
//! use scim_core::resource::{Group, User};
//!
//! async fn look(authentik: &Authentik, provider: ProviderPk, users: Vec<User>, groups: Vec<Group>)
//! -> Result<(), authentik_client::Error> {
//!     for finding in authentik.doctor(provider, &RemoteView::new(users, groups)).await? {
//!         println!("{finding}");
//!         if let Some(cure) = finding.cure() {
//!             for call in cure.plan() {
//!                 println!("  would send {call}");
//!             }
//!             // let report = cure.run().await;
//!         }
//!     }
//!     Ok(())
//! }
//! ```

mod chart;
mod checks;
mod code;
mod cure;
mod expected;
mod finding;
mod permissions;
mod remote;

pub use code::{Code, Severity};
pub use cure::{Cure, CureReport, PlannedCall};
pub use finding::Finding;
pub use permissions::{Permission, PermissionCheck, Verdict as PermissionVerdict};
pub use remote::RemoteView;

use crate::api::Authentik;
use crate::error::Error;
use crate::id::ProviderPk;
use chart::Chart;

impl Authentik {
    /// Everything that is wrong, doubtful or dangerous about one provider, the worst first.
    ///
    /// It costs one request per hundred users, groups, links and recent tasks, and about ten more.
    ///
    /// # Errors
    /// See [`Error`]. What the token may not read besides provider, users, groups and links is a finding
    /// ([`Code::NotAllowedToLook`]), not an error.
    pub async fn doctor(&self, provider: ProviderPk, remote: &RemoteView) -> Result<Vec<Finding>, Error> {
        let chart = Chart::read(self, provider).await?;
        let mut findings = checks::all(&chart, remote);
        findings.sort_by(|a, b| {
            b.severity.cmp(&a.severity).then_with(|| a.code.cmp(&b.code)).then_with(|| a.resource.cmp(&b.resource))
        });
        Ok(findings.into_iter().map(|finding| finding.for_client(self)).collect())
    }
}
