//! One user or group, sent by itself (`sync/object`).

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use scim_core::transport::Operation;
use tokio::time::Instant;

use super::WatchOptions;
use super::judge::{PAGE, synced};
use super::objects::ObjectOutcome;
use super::pace::Pace;
use super::report::{Complaint, DROPPED, complaint, reason};
use crate::api::Authentik;
use crate::error::{Error, ErrorKind};
use crate::id::{GroupUuid, LinkUuid, ProviderPk, TaskUuid, UserPk};
use crate::model::{LogLine, Task, TaskState};

/// A user or group to be sent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SyncTarget {
    /// A user.
    User(UserPk),
    /// A group, with its members as far as these are linked.
    Group(GroupUuid),
}

impl From<UserPk> for SyncTarget {
    fn from(pk: UserPk) -> Self {
        Self::User(pk)
    }
}

impl From<GroupUuid> for SyncTarget {
    fn from(uuid: GroupUuid) -> Self {
        Self::Group(uuid)
    }
}

impl fmt::Display for SyncTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(pk) => write!(f, "user:{pk}"),
            Self::Group(uuid) => write!(f, "group:{uuid}"),
        }
    }
}

/// What came of sending one user or group.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectReport {
    /// What was to be sent.
    pub target: SyncTarget,
    /// What became of it.
    pub outcome: ObjectOutcome,
    /// The id that the SCIM server gave; `None` if it is not linked.
    pub scim_id: Option<String>,
    /// What authentik complained about in the last try.
    pub complaints: Vec<Complaint>,
    /// How many tries failed before.
    pub retries: u32,
}

/// The links of the one object: the id of the link, the id on the server and the stored answer.
type Linked = Vec<(LinkUuid, String, String)>;

impl Authentik {
    /// Sends one user or group and waits for what comes of it. `override_dry_run` sends it although the
    /// provider is in dry run.
    ///
    /// authentik's own answer to this call says nothing (it is the same for an object that does not
    /// exist, G31), and after ten seconds it is an empty 405 while the work goes on (G32): the task and
    /// the link are read instead.
    ///
    /// A user that has become a member is not linked by its group's sync: send the user first.
    ///
    /// # Errors
    /// See [`Error`]; kind [`ErrorKind::DeadlineExceeded`] when it is not over within `limit`. A failed
    /// try is repeated by authentik after 15 s at the earliest, the last one after ten minutes or more.
    pub async fn sync_object(
        &self,
        provider: ProviderPk,
        target: impl Into<SyncTarget> + Send,
        override_dry_run: bool,
        options: WatchOptions,
        limit: Duration,
    ) -> Result<ObjectReport, Error> {
        let target = target.into();
        let deadline = Instant::now() + limit;
        let before: BTreeSet<TaskUuid> =
            self.manual_tasks(provider, &target).await?.into_iter().map(|task| task.message_id).collect();
        let linked = self.linked(provider, &target).await?;
        let sent = match &target {
            SyncTarget::User(pk) => self.scim_providers().sync_user(&provider, *pk, override_dry_run).await,
            SyncTarget::Group(uuid) => self.scim_providers().sync_group(&provider, uuid, override_dry_run).await,
        };
        match sent {
            Ok(()) => {}
            // It goes on: a worker that takes longer than ten seconds, a failed try, a cut connection.
            Err(error) if error.may_have_been_applied() => {}
            Err(error) => return Err(error),
        }
        let operation = || Operation::new("send one object", format!("providers/scim/{provider} {target}"));
        let mut pace = Pace::new(options.interval);
        let mut last: Option<(TaskState, u32)> = None;
        loop {
            let tasks = self.manual_tasks(provider, &target).await?;
            let own = tasks.into_iter().find(|task| !before.contains(&task.message_id));
            if let Some(task) = own.as_ref().filter(|task| task.state.is_final()) {
                let now = self.linked(provider, &target).await?;
                return Ok(report(target, task, &linked, &now));
            }
            let stands = own.as_ref().map(|task| (task.state.clone(), task.retries));
            if stands == last {
                pace.nothing_new();
            } else {
                pace.news();
            }
            last = stands;
            if Instant::now() + pace.pause() > deadline {
                let detail = match own {
                    None => "authentik has made no task of it".to_owned(),
                    Some(task) if task.retries > 0 => {
                        let lines = task.previous_logs.iter().filter(|line| line.log_level.is_complaint());
                        let why = lines.max_by_key(|line| line.at()).map(reason).unwrap_or_default();
                        format!("it failed {} times and is tried again: {why}", task.retries)
                    }
                    Some(task) => format!("its task is {}", task.state.as_str()),
                };
                let detail = format!("not over after {} s: {detail}", limit.as_secs());
                return Err(Error::new(operation(), ErrorKind::DeadlineExceeded).with_detail(detail));
            }
            tokio::time::sleep(pace.pause()).await;
        }
    }

    /// The tasks that sent this object by hand, newest first.
    async fn manual_tasks(&self, provider: ProviderPk, target: &SyncTarget) -> Result<Vec<Task>, Error> {
        let page = self.tasks().of_provider(provider).actor(PAGE).page(1).await?;
        let end = format!(":{target}:manual");
        Ok(page.results.into_iter().filter(|task| task.uid.as_deref().is_some_and(|uid| uid.ends_with(&end))).collect())
    }

    async fn linked(&self, provider: ProviderPk, target: &SyncTarget) -> Result<Linked, Error> {
        Ok(match target {
            SyncTarget::User(pk) => {
                let links = self.scim_user_links().of(provider).of_user(*pk).all().await?;
                links.into_iter().map(|link| (link.id, link.scim_id, link.attributes.to_string())).collect()
            }
            SyncTarget::Group(uuid) => {
                let links = self.scim_group_links().of(provider).of_group(uuid).all().await?;
                links.into_iter().map(|link| (link.id, link.scim_id, link.attributes.to_string())).collect()
            }
        })
    }
}

fn report(target: SyncTarget, task: &Task, before: &Linked, after: &Linked) -> ObjectReport {
    let mut complaints: Vec<Complaint> =
        task.logs.iter().filter(|line| line.log_level.is_complaint()).map(|line| complaint(task, line)).collect();
    if complaints.is_empty() && task.state == TaskState::Rejected {
        let mut lines: Vec<&LogLine> = task.previous_logs.iter().filter(|line| line.log_level.is_complaint()).collect();
        lines.sort_by_key(|line| line.at());
        complaints.extend(lines.last().map(|line| complaint(task, line)));
    }
    let dropped = task.logs.iter().any(|line| line.event.starts_with(DROPPED));
    let outcome = match (complaints.last(), before.first(), after.first()) {
        (Some(it), _, _) => ObjectOutcome::Failed { status: it.scim_status(), text: it.text.clone() },
        _ if task.state == TaskState::Rejected => ObjectOutcome::Failed { status: None, text: String::new() },
        _ if !synced(task) => {
            let text = "ended without writing anything: the SCIM server's ServiceProviderConfig may have been answered \
                        429 or 503";
            ObjectOutcome::Failed { status: None, text: text.to_owned() }
        }
        _ if dropped => ObjectOutcome::Dropped,
        (None, None, None) => ObjectOutcome::Skipped,
        (None, Some(_), None) => ObjectOutcome::Deleted,
        (None, None, Some(_)) => ObjectOutcome::Created,
        (None, Some(_), Some((_, scim_id, _))) if !before.iter().any(|(_, known, _)| known == scim_id) => {
            ObjectOutcome::Created
        }
        (None, Some(_), Some(_)) if before == after => ObjectOutcome::Unchanged,
        (None, Some(_), Some(_)) => ObjectOutcome::Updated,
    };
    let scim_id = after.first().map(|(_, scim_id, _)| scim_id.clone());
    ObjectReport { target, outcome, scim_id, complaints, retries: task.retries }
}
