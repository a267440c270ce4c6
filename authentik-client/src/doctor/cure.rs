//! What the API can put right (facts/authentik.md §10): steps as data, shown before they are sent.

use std::fmt;
use std::time::Duration;

use http::Method;
use scim_core::transport::Operation;
use serde_json::{Value, json};

use crate::api::Authentik;
use crate::call::Call;
use crate::error::{Error, ErrorKind};
use crate::id::{GroupUuid, LinkUuid, ProviderPk, ScheduleUuid, TaskUuid, UserPk};
use crate::model::{SchedulePatch, ScimProviderPatch};
use crate::sync::{ObjectOutcome, SyncTarget, WatchOptions};

/// How long one object's sync is waited for: two tries of a server that refuses the first.
const OBJECT_LIMIT: Duration = Duration::from_secs(180);

/// One thing to do.
#[derive(Debug, Clone)]
pub(super) enum Step {
    DropUserLink(LinkUuid),
    DropGroupLink(LinkUuid),
    LinkUser { provider: ProviderPk, user: UserPk, scim_id: String },
    LinkGroup { provider: ProviderPk, group: GroupUuid, scim_id: String },
    Send { provider: ProviderPk, target: SyncTarget },
    StartSync { provider: ProviderPk, name: String, schedule: Option<ScheduleUuid> },
    RetryTask(TaskUuid),
    Provider(ProviderPk, Box<ScimProviderPatch>),
    Schedule(ScheduleUuid, SchedulePatch),
}

/// A call that a cure or a [withdrawal](crate::withdrawal) would make.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PlannedCall {
    /// The method.
    pub method: Method,
    /// The path below `/api/v3/`.
    pub path: String,
    /// The body; `None` for none.
    pub body: Option<Value>,
    /// What is called instead where authentik forbids this.
    pub instead: Option<Box<PlannedCall>>,
}

impl PlannedCall {
    pub(crate) fn new(method: Method, path: String, body: Option<Value>) -> Self {
        Self { method, path, body, instead: None }
    }

    /// A call that starts a provider's full sync by its schedule or, where that is forbidden, by saving it.
    pub(crate) fn start_sync(provider: ProviderPk, name: &str, schedule: &ScheduleUuid) -> Self {
        let save = Self::new(Method::PATCH, format!("providers/scim/{provider}/"), Some(json!({"name": name})));
        let send = Self::new(Method::POST, format!("tasks/schedules/{schedule}/send/"), None);
        Self { instead: Some(Box::new(save)), ..send }
    }

    /// `name` says in errors what is being done.
    pub(crate) fn call(&self, name: &'static str) -> Call {
        let operation = Operation::new(name, self.path.trim_end_matches('/').to_owned());
        let segments = self.path.split('/').filter(|segment| !segment.is_empty());
        let call = Call::new(operation, self.method.clone(), segments);
        match &self.body {
            Some(body) => call.body(body),
            None => call,
        }
    }
}

impl fmt::Display for PlannedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        if let Some(body) = &self.body {
            write!(f, " {body}")?;
        }
        if let Some(instead) = &self.instead {
            write!(f, " (where that is forbidden: {instead})")?;
        }
        Ok(())
    }
}

impl Step {
    /// Whether it may un-pause the provider's schedule: saving a provider does (G34).
    pub(super) fn unpauses(&self) -> bool {
        matches!(self, Self::StartSync { .. } | Self::Provider(..))
    }

    fn planned(&self) -> PlannedCall {
        let post = |path: String, body| PlannedCall::new(Method::POST, path, body);
        let patch = |path: String, body| PlannedCall::new(Method::PATCH, path, Some(body));
        let delete = |path: String| PlannedCall::new(Method::DELETE, path, None);
        match self {
            Self::DropUserLink(id) => delete(format!("providers/scim_users/{id}/")),
            Self::DropGroupLink(id) => delete(format!("providers/scim_groups/{id}/")),
            Self::LinkUser { provider, user, scim_id } => post(
                "providers/scim_users/".to_owned(),
                Some(json!({"provider": provider, "user": user, "scim_id": scim_id})),
            ),
            Self::LinkGroup { provider, group, scim_id } => post(
                "providers/scim_groups/".to_owned(),
                Some(json!({"provider": provider, "group": group, "scim_id": scim_id})),
            ),
            Self::Send { provider, target } => {
                let (model, id) = match target {
                    SyncTarget::User(pk) => ("authentik.core.models.User", pk.to_string()),
                    SyncTarget::Group(uuid) => ("authentik.core.models.Group", uuid.to_string()),
                };
                let body = json!({"sync_object_model": model, "sync_object_id": id, "override_dry_run": false});
                post(format!("providers/scim/{provider}/sync/object/"), Some(body))
            }
            Self::StartSync { provider, name, schedule } => match schedule {
                Some(schedule) => PlannedCall::start_sync(*provider, name, schedule),
                None => patch(format!("providers/scim/{provider}/"), json!({"name": name})),
            },
            Self::RetryTask(id) => post(format!("tasks/tasks/{id}/retry/"), None),
            // What these patches hold is data of this crate: it has a JSON form.
            Self::Provider(pk, changes) => {
                patch(format!("providers/scim/{pk}/"), serde_json::to_value(changes).unwrap_or_default())
            }
            Self::Schedule(id, changes) => {
                patch(format!("tasks/schedules/{id}/"), serde_json::to_value(changes).unwrap_or_default())
            }
        }
    }

    async fn run(&self, authentik: &Authentik) -> Result<(), Error> {
        let planned = self.planned();
        if let Self::Send { provider, target } = self {
            // The next step may need what this one brings: it is waited for.
            let sent =
                authentik.sync_object(*provider, target.clone(), false, WatchOptions::default(), OBJECT_LIMIT).await?;
            let not_written = |why: String| {
                let operation = Operation::new("cure", planned.path.trim_end_matches('/').to_owned());
                Err(Error::new(operation, ErrorKind::NotWritten).with_detail(why))
            };
            return match sent.outcome {
                ObjectOutcome::Failed { text, .. } => not_written(text),
                ObjectOutcome::Skipped => {
                    not_written(format!("{target} is out of scope, or its mapping leaves it out"))
                }
                ObjectOutcome::Dropped => not_written("the provider is in dry run".to_owned()),
                _ => Ok(()),
            };
        }
        match (self, authentik.core().send(planned.call("cure")).await) {
            (_, Ok(_)) => Ok(()),
            // A sync in between has been quicker: the link is gone, or there again.
            (Self::DropUserLink(_) | Self::DropGroupLink(_), Err(error)) if error.is_not_found() => Ok(()),
            (Self::LinkUser { .. } | Self::LinkGroup { .. }, Err(error)) if error.is_conflict() => Ok(()),
            (_, Err(error)) if error.is_forbidden() && planned.instead.is_some() => match planned.instead {
                Some(instead) => authentik.core().send(instead.call("cure")).await.map(drop),
                None => Err(error),
            },
            (_, Err(error)) => Err(error),
        }
    }
}

/// What authentik's API can do about a finding.
#[derive(Debug, Clone)]
#[must_use = "a cure does nothing until it is run"]
pub struct Cure {
    client: Authentik,
    steps: Vec<Step>,
}

impl Cure {
    pub(super) fn new(client: Authentik, steps: Vec<Step>) -> Self {
        Self { client, steps }
    }

    /// The writes that [`run`](Self::run) would send, in order. Reads that wait for the outcome of one
    /// are not among them.
    pub fn plan(&self) -> Vec<PlannedCall> {
        self.steps.iter().map(Step::planned).collect()
    }

    /// Sends them one by one, and stops at the first that fails.
    ///
    /// Sending one object waits until it is written; starting a full sync does not wait for its end.
    pub async fn run(self) -> CureReport {
        let mut report = CureReport::default();
        let mut steps = self.steps.iter();
        for step in steps.by_ref() {
            match step.run(&self.client).await {
                Ok(()) => report.done.push(step.planned()),
                Err(error) => {
                    report.failed = Some((step.planned(), error));
                    break;
                }
            }
        }
        report.left = steps.map(Step::planned).collect();
        report
    }
}

/// How far a cure came.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct CureReport {
    /// What was sent and took effect.
    pub done: Vec<PlannedCall>,
    /// What failed, and why; it may have taken effect: [`Error::may_have_been_applied`].
    pub failed: Option<(PlannedCall, Error)>,
    /// What was not sent because of that.
    pub left: Vec<PlannedCall>,
}

impl CureReport {
    /// Whether everything was done.
    pub fn is_complete(&self) -> bool {
        self.failed.is_none()
    }
}
