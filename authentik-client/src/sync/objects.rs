//! What became of each user and group: failures from the logs, everything else from the links.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use super::report::{Complaint, DROPPED, PageOutcome, SyncOutcome, SyncReport, SyncedObject, object};
use crate::api::Authentik;
use crate::error::Error;
use crate::id::ProviderPk;
use crate::model::{Extra, ScimGroupLink, ScimUserLink, Task};
use crate::survey::Survey;

/// What became of a user or group.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ObjectOutcome {
    /// It has a link that it had not before: created on the SCIM server, or adopted there.
    Created,
    /// It was written: the server's answer that authentik keeps is another one.
    Updated,
    /// Its link is as before. Before 2026.8.0 authentik keeps no answers about groups: a group whose
    /// members or name were written reads like this too.
    Unchanged,
    /// It was deleted on the SCIM server.
    Deleted,
    /// It has no link, and nothing was complained about: its mapping leaves it out (`SkipObject`); of one that
    /// was sent by itself, it may be out of scope too.
    Skipped,
    /// It is in scope and has no link, and its page ended before everybody on it was looked at, or never
    /// began.
    NotReached,
    /// A dry run dropped a write of it.
    Dropped,
    /// It was not written.
    Failed {
        /// The status that the SCIM server's error stated; see [`Complaint::scim_status`].
        status: Option<u16>,
        /// The text as authentik logged it.
        text: String,
    },
}

/// A user or group with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectResult {
    /// The user or group.
    pub object: SyncedObject,
    /// The id that the SCIM server gave, as far as it is known.
    pub scim_id: Option<String>,
    /// What became of it.
    pub outcome: ObjectOutcome,
}

/// What the logs say: failures, and what a dry run dropped.
pub(super) fn from_logs(complaints: &[Complaint], pages: &[&Task]) -> Vec<ObjectResult> {
    let failed = complaints.iter().filter_map(|complaint| {
        let outcome = ObjectOutcome::Failed { status: complaint.scim_status(), text: complaint.text.clone() };
        Some(ObjectResult { object: complaint.object.clone()?, scim_id: None, outcome })
    });
    let lines = pages.iter().flat_map(|page| &page.logs).filter(|line| line.event.starts_with(DROPPED));
    let dropped = lines.filter_map(|line| {
        let object = line.attributes.get("obj").and_then(object)?;
        Some(ObjectResult { object, scim_id: None, outcome: ObjectOutcome::Dropped })
    });
    let mut seen = BTreeSet::new();
    failed.chain(dropped).filter(|result| seen.insert(result.object.clone())).collect()
}

/// What a provider has linked, as small as can be compared.
#[derive(Debug, Clone, Default)]
pub(super) struct Links(BTreeMap<SyncedObject, Link>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Link {
    scim_id: String,
    stored: u64,
}

impl Links {
    pub(super) async fn read(authentik: &Authentik, provider: ProviderPk) -> Result<Self, Error> {
        let users = authentik.scim_user_links().of(provider).all().await?;
        let groups = authentik.scim_group_links().of(provider).all().await?;
        Ok(Self::new(&users, &groups))
    }

    pub(super) fn of(survey: &Survey) -> Self {
        Self::new(&survey.user_links, &survey.group_links)
    }

    fn new(users: &[ScimUserLink], groups: &[ScimGroupLink]) -> Self {
        Self(users.iter().map(of_user).chain(groups.iter().map(of_group)).collect())
    }

    /// Adds what the links show to what the logs say; a failure that was logged stays one.
    pub(super) fn compare(&self, after: &Self, results: &mut Vec<ObjectResult>) {
        let logged: BTreeSet<SyncedObject> = results.iter().map(|result| result.object.clone()).collect();
        let all: BTreeSet<&SyncedObject> = self.0.keys().chain(after.0.keys()).collect();
        let mut add = |object: &SyncedObject, link: &Link, outcome| {
            results.push(ObjectResult { object: object.clone(), scim_id: Some(link.scim_id.clone()), outcome });
        };
        for object in all.into_iter().filter(|object| !logged.contains(*object)) {
            match (self.0.get(object), after.0.get(object)) {
                (Some(before), None) => add(object, before, ObjectOutcome::Deleted),
                (Some(before), Some(after)) if before.scim_id == after.scim_id => {
                    let same = before.stored == after.stored;
                    add(object, after, if same { ObjectOutcome::Unchanged } else { ObjectOutcome::Updated });
                }
                (_, Some(after)) => add(object, after, ObjectOutcome::Created),
                (None, None) => {}
            }
        }
        for result in results.iter_mut().filter(|result| result.scim_id.is_none()) {
            let link = after.0.get(&result.object).or_else(|| self.0.get(&result.object));
            result.scim_id = link.map(|link| link.scim_id.clone());
        }
        results.sort_by(|a, b| a.object.cmp(&b.object));
    }
}

/// Adds who is in scope, has no link, and is not heard of in the logs.
pub(super) fn add_unlinked(survey: &Survey, report: &mut SyncReport) {
    // Nobody is linked in a dry run; what would have been written is in its logs.
    if report.outcome == SyncOutcome::DryRun {
        return;
    }
    let whole = |kind: &str| {
        let mut pages = report.page_results.iter().filter(|page| page.page.starts_with(kind)).peekable();
        let whole = |outcome| matches!(outcome, PageOutcome::Written | PageOutcome::WrittenInPart);
        pages.peek().is_some() && pages.all(|page| whole(page.outcome))
    };
    let outcome = |kind: &str| if whole(kind) { ObjectOutcome::Skipped } else { ObjectOutcome::NotReached };
    let (user_outcome, group_outcome) = (outcome("user"), outcome("group"));
    let unlinked: BTreeSet<_> = survey.to_be_linked().into_iter().collect();
    let certain = |pk| survey.scope.get(pk).is_some_and(crate::scope::Reason::is_certain);
    let users = survey
        .users
        .iter()
        .filter(|user| unlinked.contains(&user.pk) && certain(&user.pk))
        .map(|user| (SyncedObject::User { pk: user.pk, username: user.username.clone() }, user_outcome.clone()));
    let unlinked: BTreeSet<_> = survey.groups_to_be_linked().into_iter().collect();
    let sent = survey.groups.iter().filter(|group| unlinked.contains(&group.pk));
    let groups = sent
        .map(|group| (SyncedObject::Group { uuid: group.pk.clone(), name: group.name.clone() }, group_outcome.clone()));
    let told: BTreeSet<SyncedObject> = report.objects.iter().map(|result| result.object.clone()).collect();
    let news = users.chain(groups).filter(|(object, _)| !told.contains(object));
    let news: Vec<_> = news.map(|(object, outcome)| ObjectResult { object, scim_id: None, outcome }).collect();
    report.objects.extend(news);
    report.objects.sort_by(|a, b| a.object.cmp(&b.object));
}

fn of_user(link: &ScimUserLink) -> (SyncedObject, Link) {
    let username = text(&link.extra, "user_obj", "username");
    let entry = Link { scim_id: link.scim_id.clone(), stored: digest(&link.attributes) };
    (SyncedObject::User { pk: link.user, username }, entry)
}

fn of_group(link: &ScimGroupLink) -> (SyncedObject, Link) {
    let name = text(&link.extra, "group_obj", "name");
    let entry = Link { scim_id: link.scim_id.clone(), stored: digest(&link.attributes) };
    (SyncedObject::Group { uuid: link.group.clone(), name }, entry)
}

fn text(extra: &Extra, object: &str, member: &str) -> String {
    extra.get(object).and_then(|object| object.get(member)?.as_str()).unwrap_or_default().to_owned()
}

/// Two answers are compared within one process only.
fn digest(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.to_string().hash(&mut hasher);
    hasher.finish()
}
