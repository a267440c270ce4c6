//! What the next sync would do to what the server holds and authentik has not linked.

use std::collections::{BTreeMap, BTreeSet};

use scim_core::resource;

use super::super::chart::Chart;
use super::super::code::Code;
use super::super::cure::Step;
use super::super::finding::Finding;
use super::super::remote::RemoteView;
use crate::id::UserPk;
use crate::model::{Group, ScimProviderPatch, User};
use crate::scope::{self, Reason, RemoteGroup, RemoteUser, ScopeGroup, ScopeUser, Verdict};

const RESTORE: &str = "Restore the link and start the sync, which deletes it again; or delete it on the server.";

pub(super) fn check(chart: &Chart, remote: &RemoteView, found: &mut Vec<Finding>) {
    if chart.bindings.is_none() {
        return;
    }
    users(chart, remote, found);
    groups(chart, remote, found);
}

/// Discovery off, where the version has the switch: what is not linked stays as it is.
fn off(chart: &Chart) -> (Vec<Step>, &'static str) {
    if chart.provider.discovery_enabled.is_none() {
        let advice = "Put it in scope, or rename one of the two, before the next sync. authentik's dry run does not \
                      show this.";
        return (Vec::new(), advice);
    }
    let changes = ScimProviderPatch { discovery_enabled: Some(false), ..ScimProviderPatch::default() };
    let advice = "Switch discovery off, or put it in scope. Any change of a provider starts a sync: switch it off \
                  before the provider leaves dry run.";
    (vec![Step::Provider(chart.provider.pk, Box::new(changes))], advice)
}

fn users(chart: &Chart, remote: &RemoteView, found: &mut Vec<Finding>) {
    let linked: BTreeSet<&str> = chart.user_links.iter().map(|link| link.scim_id.as_str()).collect();
    let by_uid: BTreeMap<&str, &User> = chart.users.values().map(|user| (user.uid.as_str(), user)).collect();
    let is_open = |user: &&resource::User| !linked.contains(user.id.as_ref().map_or("", |id| id.as_str()));
    let open: Vec<&resource::User> = remote.users.iter().filter(is_open).collect();
    let all: Vec<ScopeUser> = chart.users.values().map(ScopeUser::from).collect();
    let seen: Vec<RemoteUser> = open.iter().map(|user| RemoteUser::from(*user)).collect();
    let verdicts = scope::first_sync_users(&seen, &all, &chart.scope);
    let discovers = scope::discovers(&chart.profile, &chart.provider);
    let is_out = |pk: &UserPk| chart.scope.get(pk).is_some_and(|reason| !reason.is_in());
    for ((there, seen), verdict) in open.iter().zip(&seen).zip(&verdicts) {
        let own = there.external_id.as_deref().and_then(|mark| by_uid.get(mark));
        if let Some(user) = own.filter(|user| is_out(&user.pk)) {
            left_behind(chart, user, seen, found);
            continue;
        }
        let (twin, message) = match verdict {
            Verdict::Deleted { twin } => (
                twin,
                "is taken for one of authentik's users that is not in scope: the next sync adopts and then deletes it",
            ),
            Verdict::Uncertain { twin } => (
                twin,
                "is taken for one of authentik's users of whom only a policy says whether it is in scope: the next \
                 sync may delete it",
            ),
            _ => continue,
        };
        if !discovers {
            continue;
        }
        let why = match chart.scope.get(twin) {
            Some(Reason::ServiceAccount) => "a service account, and those are excluded",
            Some(Reason::Policy) => "a policy decides",
            _ => "not in scope",
        };
        let (steps, advice) = off(chart);
        found.push(
            Finding::new(Code::WouldBeDeleted, format!("remote user {:?} ({})", seen.user_name, seen.id), message)
                .evidence(format!("it matches {} by userName or e-mail; {why}", chart.user_name(*twin)))
                .advice(advice)
                .steps(steps),
        );
    }
}

fn left_behind(chart: &Chart, user: &User, there: &RemoteUser, found: &mut Vec<Finding>) {
    let link = Step::LinkUser { provider: chart.provider.pk, user: user.pk, scim_id: there.id.clone() };
    found.push(
        Finding::new(
            Code::LeaverLeftBehind,
            chart.user_name(user.pk),
            "has left the scope, is no longer linked and is still on the server: its deletion failed, and authentik \
             has forgotten it",
        )
        .evidence(format!("the server's {} bears its uid as externalId; no link", there.id))
        .advice(RESTORE)
        .steps(vec![link, super::sync::start(chart)]),
    );
}

fn groups(chart: &Chart, remote: &RemoteView, found: &mut Vec<Finding>) {
    let linked: BTreeSet<&str> = chart.group_links.iter().map(|link| link.scim_id.as_str()).collect();
    let is_open = |group: &&resource::Group| !linked.contains(group.id.as_ref().map_or("", |id| id.as_str()));
    let open: Vec<&resource::Group> = remote.groups.iter().filter(is_open).collect();
    let all: Vec<ScopeGroup> = chart.groups.values().map(ScopeGroup::from).collect();
    let seen: Vec<RemoteGroup> = open.iter().map(|group| RemoteGroup::from(*group)).collect();
    let filters = chart.provider.group_filters.iter().flatten().cloned().collect();
    let verdicts = scope::first_sync_groups(&seen, &all, &filters);
    let discovers = scope::discovers(&chart.profile, &chart.provider);
    for ((there, seen), verdict) in open.iter().zip(&seen).zip(verdicts) {
        let mark = there.external_id.as_deref();
        let own = mark.and_then(|mark| chart.groups.values().find(|group| group.pk.as_str() == mark));
        if let Some(group) = own.filter(|group| !chart.sends(&group.pk)) {
            group_left_behind(chart, group, seen, found);
            continue;
        }
        if !discovers {
            continue;
        }
        let name = format!("remote group {:?} ({})", seen.display_name, seen.id);
        let show = mark.map_or_else(|| "no externalId".to_owned(), |mark| format!("externalId {mark:?}"));
        let (steps, advice) = off(chart);
        match verdict {
            Verdict::Deleted { twin } | Verdict::Uncertain { twin } => found.push(
                Finding::new(
                    Code::WouldBeDeleted,
                    name,
                    "has the name of one of authentik's groups that is not to be sent: the next sync adopts and then \
                     deletes it",
                )
                .evidence(format!("{} is not in group_filters; the server's has {show}", chart.group_name(&twin)))
                .advice(advice)
                .steps(steps),
            ),
            Verdict::Adopted { twin } if mark != Some(twin.as_str()) => found.push(
                Finding::new(
                    Code::GroupTakenOver,
                    name,
                    "has the name of one of authentik's groups: the next sync takes it over and replaces its members",
                )
                .evidence(format!("matches {}; the server's has {show}", chart.group_name(&twin)))
                .advice(
                    "If it is meant to become authentik's, all is well. Else rename one of the two before the next \
                     sync.",
                )
                .steps(steps),
            ),
            _ => {}
        }
    }
}

fn group_left_behind(chart: &Chart, group: &Group, there: &RemoteGroup, found: &mut Vec<Finding>) {
    let link = Step::LinkGroup { provider: chart.provider.pk, group: group.pk.clone(), scim_id: there.id.clone() };
    found.push(
        Finding::new(
            Code::LeaverLeftBehind,
            chart.group_name(&group.pk),
            "is no longer to be sent, is not linked and is still on the server: its deletion failed",
        )
        .evidence(format!("the server's {} bears its uuid as externalId; no link", there.id))
        .advice(RESTORE)
        .steps(vec![link, super::sync::start(chart)]),
    );
}
