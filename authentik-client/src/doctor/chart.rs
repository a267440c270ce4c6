//! Authentik's side of one provider, read whole.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Code;
use super::finding::Finding;
use crate::api::Authentik;
use crate::error::Error;
use crate::id::{GroupUuid, ProviderPk, UserPk};
use crate::model::{
    Application, Event, Group, PolicyBinding, Schedule, ScimGroupLink, ScimMapping, ScimProvider, ScimUserLink,
    SyncStatus, Task, TaskState, User,
};
use crate::profile::Profile;
use crate::scope::{self, Reason};
use crate::sync::{self, SyncReport};

/// How many pages of the schedule's tasks are read to find the last sync: 2,000 tasks.
const TASK_PAGES: u64 = 20;

/// What was read.
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) profile: Profile,
    pub(super) provider: ScimProvider,
    /// All of them, to find those with the same URL.
    pub(super) providers: Vec<ScimProvider>,
    pub(super) application: Option<Application>,
    pub(super) bindings: Option<Vec<PolicyBinding>>,
    pub(super) mappings: Vec<ScimMapping>,
    pub(super) users: BTreeMap<UserPk, User>,
    pub(super) groups: BTreeMap<GroupUuid, Group>,
    pub(super) user_links: Vec<ScimUserLink>,
    pub(super) group_links: Vec<ScimGroupLink>,
    pub(super) status: SyncStatus,
    pub(super) schedule: Option<Schedule>,
    /// The newest tasks of the schedule, back to the last full sync that is over.
    pub(super) tasks: Vec<Task>,
    /// The newest tasks that hang on the provider.
    pub(super) single: Vec<Task>,
    pub(super) events: Vec<Event>,
    /// Authentik's clock.
    pub(super) now: Timestamp,
    /// The last full sync that is over.
    pub(super) last: Option<(SyncReport, Task)>,
    /// Who is sent, with the reason; empty where the application is unknown.
    pub(super) scope: BTreeMap<UserPk, Reason>,
    /// What could not be read.
    pub(super) unseen: Vec<Finding>,
}

impl Chart {
    pub(super) async fn read(authentik: &Authentik, pk: ProviderPk) -> Result<Self, Error> {
        let mut unseen = Vec::new();
        let profile = Profile::of(&authentik.version().await?.version_current);
        let provider = authentik.scim_providers().get(&pk).await?;
        let (status, now) = authentik.scim_providers().sync_status_at(&pk).await?;
        let user_links = authentik.scim_user_links().of(pk).all().await?;
        let group_links = authentik.scim_group_links().of(pk).all().await?;
        let users = authentik.users().list().ordering("pk").without_group_objects().all().await?;
        let groups = authentik.groups().list().without_user_objects().all().await?;
        let providers = seen(authentik.scim_providers().list().all().await, "the other providers", &mut unseen)?;
        let mappings = seen(authentik.scim_mappings().list().all().await, "the mappings", &mut unseen)?;
        let application = match &provider.assigned_backchannel_application_slug {
            Some(slug) => seen(authentik.applications().get_opt(slug).await, "the application", &mut unseen)?.flatten(),
            None => None,
        };
        let bindings = match &application {
            Some(application) => {
                seen(authentik.policy_bindings().of(&application.pk).all().await, "the bindings", &mut unseen)?
            }
            None => None,
        };
        let schedule = seen(authentik.schedules().of_provider(pk).await, "the schedule", &mut unseen)?;
        let tasks = match &schedule {
            Some(schedule) => seen(tasks(authentik, schedule).await, "the tasks of syncs", &mut unseen)?,
            None => None,
        };
        let single = authentik.tasks().of_provider(pk).page(1).await.map(|page| page.results);
        let single = seen(single, "the tasks of single changes", &mut unseen)?.unwrap_or_default();
        let events = authentik.events().configuration_errors().page(1).await.map(|page| page.results);
        let events = seen(events, "the events", &mut unseen)?.unwrap_or_default();
        let scope = match (&application, &bindings) {
            (Some(application), Some(bindings)) => {
                let scope = scope::of_provider(&profile, &provider, application, bindings, &users, &groups);
                scope::with_default_access(authentik, &profile, application, scope).await?
            }
            _ => BTreeMap::new(),
        };
        let tasks = tasks.unwrap_or_default();
        Ok(Self {
            last: sync::latest(&tasks),
            profile,
            provider,
            providers: providers.unwrap_or_default(),
            application,
            bindings,
            mappings: mappings.unwrap_or_default(),
            users: users.into_iter().map(|user| (user.pk, user)).collect(),
            groups: groups.into_iter().map(|group| (group.pk.clone(), group)).collect(),
            user_links,
            group_links,
            status,
            schedule,
            tasks,
            single,
            events,
            now,
            scope,
            unseen,
        })
    }

    /// `provider "cloudflare"`
    pub(super) fn name(&self) -> String {
        format!("provider {:?}", self.provider.name)
    }

    /// Whether a group is sent.
    pub(super) fn sends(&self, group: &GroupUuid) -> bool {
        let filters = self.provider.group_filters.as_deref().unwrap_or_default();
        filters.is_empty() || filters.contains(group)
    }

    /// Whether objects are written at all: who is in scope is known, and it is no dry run.
    pub(super) fn writes(&self) -> bool {
        self.bindings.is_some() && !self.provider.dry_run
    }

    pub(super) fn user_name(&self, pk: UserPk) -> String {
        match self.users.get(&pk) {
            Some(user) => format!("user {:?}", user.username),
            None => format!("user {pk}"),
        }
    }

    pub(super) fn group_name(&self, uuid: &GroupUuid) -> String {
        match self.groups.get(uuid) {
            Some(group) => format!("group {:?}", group.name),
            None => format!("group {uuid}"),
        }
    }

    /// Every task that is not over, of syncs and of single changes.
    pub(super) fn open_tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().chain(&self.single).filter(|task| !task.state.is_final())
    }

    /// Tasks that were given up.
    pub(super) fn rejected(&self) -> impl Iterator<Item = &Task> {
        self.single.iter().filter(|task| task.state == TaskState::Rejected)
    }
}

/// Passes what was read; what may not be read, or does not exist, is noted.
fn seen<T>(result: Result<T, Error>, what: &str, unseen: &mut Vec<Finding>) -> Result<Option<T>, Error> {
    let error = match result {
        Ok(value) => return Ok(Some(value)),
        Err(error) => error,
    };
    let missing = error.kind() == crate::ErrorKind::Missing;
    if !error.is_forbidden() && !missing {
        return Err(error);
    }
    let advice = match error.missing_permission() {
        Some(permission) => format!("Give the token's owner the permission {permission}, then look again."),
        None => "Give the token's owner the permission, then look again.".to_owned(),
    };
    let message = format!("{what} could not be read: that part was not examined");
    unseen.push(Finding::new(Code::NotAllowedToLook, what, message).evidence(error.to_string()).advice(advice));
    Ok(None)
}

async fn tasks(authentik: &Authentik, schedule: &Schedule) -> Result<Vec<Task>, Error> {
    let list = authentik.tasks().of_schedule(&schedule.id);
    let mut found: Vec<Task> = Vec::new();
    for number in 1..=TASK_PAGES {
        let page = list.page(number).await?;
        found.extend(page.results);
        // Two full syncs that are over: everything of the newer one is there.
        let over = found.iter().filter(|task| sync::is_full(task) && task.state.is_final()).count();
        if over >= 2 || page.pagination.next != number + 1 {
            break;
        }
    }
    Ok(found)
}
