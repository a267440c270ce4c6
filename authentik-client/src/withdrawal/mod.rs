//! Takes back what a provider has brought to its SCIM server, before the provider is deleted.
//!
//! Deleting a provider or its application deletes nothing at the server (G36), and what is there is nobody's
//! from then on. A full sync deletes who is linked and out of scope, so [`Authentik::withdrawal`] brings the
//! scope to nobody, syncs, makes sure of everybody, and only then lets go of the provider:
//!
//! 1. An application of its own, `scim-withdrawal-<pk>`, is bound to conditions that nobody meets at once, and
//!    then the provider is moved to it, in one call (G14). No membership changes, no group is made (a
//!    provider without `group_filters` would send it), the application that people use keeps its bindings, and at
//!    no time does the provider belong to an application without an enabled binding, which would mean everybody
//!    (H40, H42).
//! 2. A sync is started and watched. Whom authentik's log does not name as deleted is not believed to be: authentik
//!    drops a link before it sends the DELETE, and forgets whom the server refused (H59). Such users are linked again
//!    and tried again; if they stay, it stops, and they stay linked.
//! 3. The provider is left without an application, where it sends nothing, or is deleted: [`Afterwards`].
//!
//! The groups stay on the server; the [report](WithdrawalReport::groups_left) names them.
//!
//! ```
//! use authentik_client::withdrawal::{Afterwards, WithdrawalOptions};
//! # use std::sync::Arc;
//! # use std::time::Duration;
//! # use authentik_client::Authentik;
//! # use authentik_client::embedded::EmbeddedAuthentik;
//! # use authentik_client::mapping::{MANAGED_GROUP, MANAGED_USER};
//! # use authentik_client::model::{NewApplication, NewGroup, NewPolicyBinding, NewScimProvider, NewUser};
//! # use scim_core::provider::ServiceProvider;
//! # use scim_core::transport::TransportExt;
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?;
//! # runtime.block_on(async {
//! # let server = EmbeddedAuthentik::builder(ServiceProvider::in_memory("/scim/v2").shared()).build();
//! # let authentik = Authentik::builder("http://authentik.test".parse()?, server.token().to_owned().into())
//! #     .transport(Arc::new(server.clone())).build()?;
//! # let staff = authentik.groups().create(&NewGroup::new("staff")).await?;
//! # let ada = authentik.users().create(&NewUser::new("ada", "Ada Lovelace").email("ada@example.com")).await?;
//! # authentik.ensure_member(&staff, ada.pk).await?;
//! # let application = NewApplication::new("Wiki", "wiki".parse()?);
//! # let application = authentik.ensure_application(&application).await?.value;
//! # authentik.ensure_binding(&NewPolicyBinding::group(application.pk.clone(), staff.pk.clone())).await?;
//! # let mut provider = NewScimProvider::new("Wiki", "https://wiki.test/scim/v2", "token".to_owned().into());
//! # provider.property_mappings = vec![authentik.scim_mappings().managed(MANAGED_USER).await?.pk];
//! # provider.property_mappings_group = vec![authentik.scim_mappings().managed(MANAGED_GROUP).await?.pk];
//! # provider.group_filters = vec![staff.pk];
//! # let provider = authentik.ensure_scim_provider(&provider).await?.value.pk;
//! # authentik.ensure_attached(&application, provider).await?;
//! # authentik.leave_dry_run(provider).await?;
//! # assert!(server.idle(Duration::from_secs(60)).await);
//! // A provider that has sent Ada and her group.
//! let options = WithdrawalOptions::default().afterwards(Afterwards::DeleteProvider);
//! let withdrawal = authentik.withdrawal(provider, options).await?;
//! assert_eq!(withdrawal.users().len(), 1);
//! for call in withdrawal.plan() {
//!     println!("would send {call}");
//! }
//! let report = withdrawal.run().await;
//! assert!(report.is_complete(), "{report}");
//! assert_eq!((report.removed.len(), report.groups_left.len()), (1, 1));
//! assert!(authentik.scim_providers().get_opt(&provider).await?.is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).map_err(|error: Box<dyn std::error::Error>| error.to_string())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod plan;
mod report;
mod run;

use std::time::Duration;

use scim_core::transport::Operation;

pub use report::WithdrawalReport;

use crate::api::Authentik;
use crate::doctor::{PlannedCall, RemoteView};
use crate::error::{Error, ErrorKind};
use crate::id::{ApplicationSlug, ProviderPk, UserPk};
use crate::model::{Application, PolicyBinding, Schedule, ScimGroupLink, ScimUserLink};
use crate::scope::Reason;
use crate::survey::{FirstSync, Survey};
use crate::sync::WatchOptions;
use plan::Condition;
use run::Run;

/// What becomes of the provider when nobody is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Afterwards {
    /// It stays, as it was, and belongs to no application: it sends nothing until it is attached again.
    #[default]
    KeepProvider,
    /// It is deleted; the application that it belonged to stays as it is.
    DeleteProvider,
    /// Both are deleted. Refused where the application has other providers, signing in among them.
    DeleteApplication,
}

/// How a withdrawal is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WithdrawalOptions {
    /// How the syncs are watched.
    pub watch: WatchOptions,
    /// How long each sync, and each wait for older ones, may take. Default half an hour: what a server refuses
    /// is tried six times, within about eleven minutes.
    pub limit: Duration,
    /// Whether a provider in dry run may leave it, once nobody is in scope: what it has linked cannot be deleted
    /// otherwise. Default no. Look at [`Withdrawal::first_sync`] before. It is put back when nobody is left; a
    /// withdrawal that stops leaves it out of dry run.
    pub leave_dry_run: bool,
    /// What becomes of the provider. Default: it stays.
    pub afterwards: Afterwards,
}

impl Default for WithdrawalOptions {
    fn default() -> Self {
        Self {
            watch: WatchOptions::default(),
            limit: Duration::from_secs(1800),
            leave_dry_run: false,
            afterwards: Afterwards::default(),
        }
    }
}

impl WithdrawalOptions {
    /// Says how the syncs are watched.
    #[must_use]
    pub fn watch(mut self, watch: WatchOptions) -> Self {
        self.watch = watch;
        self
    }

    /// Says how long each wait may take.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Lets a provider leave dry run.
    #[must_use]
    pub fn leave_dry_run(mut self, leave: bool) -> Self {
        self.leave_dry_run = leave;
        self
    }

    /// Says what becomes of the provider.
    #[must_use]
    pub fn afterwards(mut self, afterwards: Afterwards) -> Self {
        self.afterwards = afterwards;
        self
    }
}

/// What is to be taken back, and how; nothing is sent before [`run`](Self::run).
#[derive(Debug, Clone)]
#[must_use = "a withdrawal does nothing until it is run"]
pub struct Withdrawal {
    client: Authentik,
    options: WithdrawalOptions,
    survey: Survey,
    schedule: Schedule,
    /// The application that the provider is taken from; `None` if it has none, or if that one is gone.
    origin: Option<Application>,
    /// The application that lets nobody pass: its slug, and what is there of it.
    slug: ApplicationSlug,
    own: Option<Application>,
    own_bindings: Vec<PolicyBinding>,
    /// Whose token it is.
    caller: UserPk,
    conditions: Vec<Condition>,
    obstacles: Vec<String>,
}

impl Authentik {
    /// Reads what a provider has brought to its SCIM server, and plans to take it back. Writes nothing.
    ///
    /// A service account's role needs, of `authentik_core`, `view_user`, `view_group` and view, add, change and
    /// delete of `application`; `authentik_policies` view and add of `policybinding`; `authentik_providers_scim` view
    /// and change of `scimprovider`, view and add of `scimprovideruser`, `view_scimprovidergroup`;
    /// `authentik_tasks_schedules.view_schedule` (and `change_schedule` where it is paused) and
    /// `authentik_tasks.view_task`.
    ///
    /// It costs what a [`survey`](Self::survey) costs, and four more requests.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::is_not_found`] for a provider that is gone, with it as after a withdrawal that
    /// deleted it.
    pub async fn withdrawal(&self, provider: ProviderPk, options: WithdrawalOptions) -> Result<Withdrawal, Error> {
        let survey = self.survey(provider).await?;
        let schedule = self.schedules().of_provider(provider).await?;
        let caller = self.me().await?.user.pk;
        let other = survey.users.iter().map(|user| user.pk).find(|pk| *pk != caller);
        let slug: ApplicationSlug = format!("scim-withdrawal-{provider}").parse().map_err(|_| {
            Error::new(
                Operation::new("plan a withdrawal", format!("providers/scim/{provider}")),
                ErrorKind::InvalidRequest,
            )
        })?;
        let attached = survey.application.as_ref().filter(|application| application.slug == slug);
        let (own, origin) = match attached {
            // One that stopped: the name says where the provider came from.
            Some(own) => {
                let origin = own.name.strip_prefix(&name_of(provider, None)).and_then(|rest| rest.strip_prefix(FROM));
                let origin = match origin.and_then(|slug| slug.parse().ok()) {
                    Some(slug) => self.applications().get_opt(&slug).await?,
                    None => None,
                };
                (Some(own.clone()), origin)
            }
            None => (self.applications().get_opt(&slug).await?, survey.application.clone()),
        };
        let own_bindings = match &own {
            Some(own) => self.policy_bindings().of(&own.pk).all().await?,
            None => Vec::new(),
        };
        let obstacles = obstacles(&survey, origin.as_ref(), &options);
        let conditions = Condition::unmeetable(caller, other);
        let client = self.clone();
        Ok(Withdrawal {
            client,
            options,
            survey,
            schedule,
            origin,
            slug,
            own,
            own_bindings,
            caller,
            conditions,
            obstacles,
        })
    }
}

const FROM: &str = " from ";

/// The name of the application that lets nobody pass.
fn name_of(provider: ProviderPk, origin: Option<&ApplicationSlug>) -> String {
    let name = format!("Withdrawal of SCIM provider {provider}");
    origin.map_or_else(|| name.clone(), |origin| format!("{name}{FROM}{origin}"))
}

fn obstacles(survey: &Survey, origin: Option<&Application>, options: &WithdrawalOptions) -> Vec<String> {
    let mut found = Vec::new();
    let provider = &survey.provider;
    if !survey.user_links.is_empty() {
        if !survey.profile.cleans_up {
            found.push(format!("{} deletes nobody who leaves the scope: that begins with 2026.2.1", survey.profile));
        }
        if provider.dry_run && !options.leave_dry_run {
            found.push(
                "the provider is in dry run, in which a sync forgets whom it has linked and deletes nobody \
                (H10): allow it to leave dry run (leave_dry_run)"
                    .to_owned(),
            );
        }
    }
    if let (Afterwards::DeleteApplication, Some(origin)) = (options.afterwards, origin) {
        let others = origin.backchannel_providers.iter().any(|pk| *pk != provider.pk);
        if others || origin.provider.is_some() {
            found.push(format!(
                "the application {} has other providers, which its deletion would take along: keep it \
                (Afterwards::DeleteProvider)",
                origin.slug
            ));
        }
    }
    found
}

impl Withdrawal {
    /// Provider, application, bindings, users, groups and links as they were read.
    pub fn survey(&self) -> &Survey {
        &self.survey
    }

    /// Who would be deleted at the SCIM server: everybody whom the provider has linked, whoever made them
    /// there.
    pub fn users(&self) -> &[ScimUserLink] {
        &self.survey.user_links
    }

    /// The groups that the provider has linked. They stay on the server, without the members that go.
    pub fn groups(&self) -> &[ScimGroupLink] {
        &self.survey.group_links
    }

    /// The application that the provider would be taken from. It is not touched unless it is to be deleted.
    pub fn application(&self) -> Option<&Application> {
        self.origin.as_ref()
    }

    /// Why it would not be begun, each with what can be done; empty if nothing is in the way.
    pub fn obstacles(&self) -> &[String] {
        &self.obstacles
    }

    /// What its sync would do besides to what the server holds. With nobody in scope, everybody whom discovery
    /// takes for somebody of authentik is deleted (facts/authentik.md §0.2): expect
    /// [`FirstSync::is_safe`]. Since 2026.8.0 it is, as discovery is turned off for the while.
    pub fn first_sync(&self, remote: &RemoteView) -> FirstSync {
        let mut survey = self.survey.clone();
        survey.scope = survey.users.iter().map(|user| (user.pk, Reason::NotBound)).collect();
        if let Some(enabled) = self.opening().discovery_enabled {
            survey.provider.discovery_enabled = Some(enabled);
        }
        survey.first_sync(remote)
    }

    /// The writes that [`run`](Self::run) would make if all goes well, in order. Where a user turns out not to be
    /// deleted, links are made again and another sync is started.
    pub fn plan(&self) -> Vec<PlannedCall> {
        let mut steps = self.closing();
        let syncs = !self.users().is_empty();
        if syncs {
            steps.extend(self.starting());
        }
        steps.extend(self.ending(syncs));
        steps.iter().map(|step| step.planned(self)).collect()
    }

    /// Carries it out, and stops at the first thing that fails. Then it can be planned and run again.
    pub async fn run(self) -> WithdrawalReport {
        Run::of(self).await
    }
}
