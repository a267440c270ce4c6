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
//! use authentik_client::doctor::{Code, RemoteView};
//! use scim_core::resource::User;
//! # use std::sync::Arc;
//! # use authentik_client::Authentik;
//! # use authentik_client::embedded::EmbeddedAuthentik;
//! # use authentik_client::model::{NewApplication, NewGroup, NewPolicyBinding, NewScimProvider, NewUser};
//! # use authentik_client::mapping::{MANAGED_GROUP, MANAGED_USER};
//! # use bytes::Bytes;
//! # use scim_core::transport::{from_fn, TransportExt};
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?;
//! # runtime.block_on(async {
//! # let scim = from_fn(|_| async { Ok(http::Response::new(Bytes::from("{}"))) });
//! # let server = EmbeddedAuthentik::builder(scim.shared()).build();
//! # let authentik = Authentik::builder("http://authentik.test".parse()?, server.token().to_owned().into())
//! #     .transport(Arc::new(server.clone())).build()?;
//! # let staff = authentik.groups().create(&NewGroup::new("staff")).await?;
//! # let user = authentik.users().create(&NewUser::new("mallory", "Mallory").email("m@example.com")).await?;
//! # let application = NewApplication::new("Cloudflare", "cloudflare".parse()?);
//! # let application = authentik.ensure_application(&application).await?.value;
//! # authentik.ensure_binding(&NewPolicyBinding::group(application.pk.clone(), staff.pk.clone())).await?;
//! # let mut provider = NewScimProvider::new("Cloudflare", "https://scim.test/scim/v2", "token".to_owned().into());
//! # provider.property_mappings = vec![authentik.scim_mappings().managed(MANAGED_USER).await?.pk];
//! # provider.property_mappings_group = vec![authentik.scim_mappings().managed(MANAGED_GROUP).await?.pk];
//! # provider.group_filters = vec![staff.pk];
//! # let provider = authentik.ensure_scim_provider(&provider).await?.value.pk;
//! # let application = authentik.applications().get(&application.slug).await?;
//! # authentik.ensure_attached(&application, provider).await?;
//! // A provider in dry run; the server holds somebody whom authentik knows and does not mean to send.
//! let mut there = User::new("mallory");
//! there.id = Some("2819c223".parse()?);
//! let remote = RemoteView::new(vec![there], Vec::new());
//!
//! let findings = authentik.doctor(provider, &remote).await?;
//! let danger = &findings[0];
//! assert_eq!(danger.code, Code::WouldBeDeleted);
//! println!("{danger}");
//! // Where the API can do something about it, the calls are shown before they are sent.
//! if let Some(cure) = danger.cure() {
//!     for call in cure.plan() {
//!         println!("would send {call}");
//!     }
//!     let report = cure.run().await;
//!     assert!(report.is_complete());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).map_err(|error: Box<dyn std::error::Error>| error.to_string())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
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
        let paused = chart.schedule.as_ref().filter(|schedule| schedule.paused);
        let kept = findings.into_iter().map(|finding| match paused {
            Some(schedule) => finding.keeping_paused(&schedule.id),
            None => finding,
        });
        Ok(kept.map(|finding| finding.for_client(self)).collect())
    }
}
