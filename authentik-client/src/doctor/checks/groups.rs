//! Group by group: filter, link, members and what the server holds.

use std::collections::{BTreeMap, BTreeSet};

use scim_core::resource;

use super::super::chart::Chart;
use super::super::code::Code;
use super::super::cure::Step;
use super::super::finding::Finding;
use super::super::remote::RemoteView;
use crate::id::{GroupUuid, UserPk};
use crate::model::{Group, ScimGroupLink};
use crate::sync::SyncTarget;

/// How many members a finding names.
const NAMED: usize = 5;

pub(super) fn check(chart: &Chart, remote: &RemoteView, found: &mut Vec<Finding>) {
    let mut links: BTreeMap<&GroupUuid, Vec<&ScimGroupLink>> = BTreeMap::new();
    for link in &chart.group_links {
        links.entry(&link.group).or_default().push(link);
    }
    let by_id = remote.groups_by_id();
    double(chart, &by_id, &links, found);
    taken_over(chart, remote, &by_id, found);
    if !chart.writes() {
        return;
    }
    let mut scim_ids: BTreeMap<UserPk, &str> = BTreeMap::new();
    let alive = remote.users_by_id();
    // Who is gone from the server is a finding of its own.
    for link in chart.user_links.iter().filter(|link| alive.contains_key(link.scim_id.as_str())) {
        scim_ids.entry(link.user).or_insert(&link.scim_id);
    }
    let lives = |id: &str| alive.contains_key(id) || by_id.contains_key(id);
    for (uuid, group) in &chart.groups {
        let link = links.get(uuid).and_then(|links| links.first().copied());
        match link {
            None if chart.sends(uuid) => not_provisioned(chart, group, found),
            None => {}
            Some(link) if !chart.sends(uuid) => leaver(chart, group, link, found),
            Some(link) => match by_id.get(link.scim_id.as_str()) {
                None => gone(chart, group, link, found),
                Some(there) => {
                    name(chart, group, link, there, found);
                    members(chart, &scim_ids, &lives, group, there, found);
                }
            },
        }
    }
}

fn send(chart: &Chart, group: &GroupUuid) -> Step {
    Step::Send { provider: chart.provider.pk, target: SyncTarget::Group(group.clone()) }
}

/// The forced rewrite F of facts/authentik.md §10.
fn rewrite(chart: &Chart, link: &ScimGroupLink) -> Vec<Step> {
    let provider = chart.provider.pk;
    vec![
        Step::DropGroupLink(link.id.clone()),
        Step::LinkGroup { provider, group: link.group.clone(), scim_id: link.scim_id.clone() },
        send(chart, &link.group),
    ]
}

fn double(
    chart: &Chart,
    by_id: &BTreeMap<&str, &resource::Group>,
    links: &BTreeMap<&GroupUuid, Vec<&ScimGroupLink>>,
    found: &mut Vec<Finding>,
) {
    for (uuid, links) in links.iter().filter(|(_, links)| links.len() > 1) {
        let ids: Vec<&str> = links.iter().map(|link| link.scim_id.as_str()).collect();
        let (alive, dead): (Vec<&&ScimGroupLink>, Vec<&&ScimGroupLink>) =
            links.iter().partition(|link| by_id.contains_key(link.scim_id.as_str()));
        let drop = |link: &&&ScimGroupLink| Step::DropGroupLink(link.id.clone());
        let steps = if alive.is_empty() { Vec::new() } else { dead.iter().map(drop).collect() };
        found.push(
            Finding::new(
                Code::DoubleLink,
                chart.group_name(uuid),
                format!("has {} links: changes go to each of them", links.len()),
            )
            .evidence(format!("scim_id {}; on the server: {}", ids.join(", "), alive.len()))
            .advice(super::DOUBLE)
            .steps(steps),
        );
    }
}

fn not_provisioned(chart: &Chart, group: &Group, found: &mut Vec<Finding>) {
    found.push(
        Finding::new(Code::GroupNotProvisioned, chart.group_name(&group.pk), "is to be sent and was never sent")
            .evidence("no link of the provider")
            .advice("Send the group; see what the last sync complained about.")
            .steps(vec![send(chart, &group.pk)]),
    );
}

fn leaver(chart: &Chart, group: &Group, link: &ScimGroupLink, found: &mut Vec<Finding>) {
    found.push(
        Finding::new(
            Code::LeaverPending,
            chart.group_name(&group.pk),
            "is no longer to be sent and is still on the server: the next full sync deletes it",
        )
        .evidence(format!("linked to {}; not in group_filters", link.scim_id))
        .advice("Start the sync, or put the group back into group_filters.")
        .steps(vec![super::sync::start(chart)]),
    );
}

fn gone(chart: &Chart, group: &Group, link: &ScimGroupLink, found: &mut Vec<Finding>) {
    found.push(
        Finding::new(
            Code::GoneRemotely,
            chart.group_name(&group.pk),
            "is linked to a group that the server does not hold",
        )
        .evidence(format!("scim_id {} is not among what the server lists", link.scim_id))
        .advice("Delete the link and send the group, which creates it anew.")
        .steps(vec![Step::DropGroupLink(link.id.clone()), send(chart, &group.pk)]),
    );
}

fn name(chart: &Chart, group: &Group, link: &ScimGroupLink, there: &resource::Group, found: &mut Vec<Finding>) {
    let Some(name) = there.display_name.as_deref().filter(|name| *name != group.name) else { return };
    let believed = link.attributes.get("displayName").and_then(serde_json::Value::as_str);
    let (code, message, advice) = if believed == Some(group.name.as_str()) {
        (Code::Drift, "was renamed on the server: authentik will not notice", "Rewrite the group.")
    } else {
        (
            Code::ChangeNotSent,
            "was renamed in authentik and not on the server",
            "Rewrite the group. A server that insists on schemas in a PATCH refuses authentik's: let it take them, or \
             rename the group there by hand and rewrite it then.",
        )
    };
    found.push(
        Finding::new(code, chart.group_name(&group.pk), message)
            .evidence(format!("the server calls it {name:?}"))
            .advice(advice)
            .steps(rewrite(chart, link)),
    );
}

fn members(
    chart: &Chart,
    scim_ids: &BTreeMap<UserPk, &str>,
    lives: &dyn Fn(&str) -> bool,
    group: &Group,
    there: &resource::Group,
    found: &mut Vec<Finding>,
) {
    let wanted: BTreeMap<&str, UserPk> = group.users.iter().filter_map(|pk| Some((*scim_ids.get(pk)?, *pk))).collect();
    let Some(listed) = &there.members else {
        // H112.
        if !chart.profile.removes_members_by_path && !wanted.is_empty() {
            found.push(
                Finding::new(
                    Code::MembersNotListed,
                    chart.group_name(&group.pk),
                    "comes without members from the server: until 2026.5.6 a full sync adds nobody to such a group",
                )
                .evidence(format!("the answer has no member \"members\"; {} should be in it", wanted.len()))
                .advice("Have the server answer with \"members\": [], or upgrade authentik to 2026.5.6 or later."),
            );
        }
        return;
    };
    let there: BTreeSet<&str> = listed.iter().filter_map(|member| Some(member.value.as_ref()?.as_str())).collect();
    let missing: Vec<String> =
        wanted.iter().filter(|(id, _)| !there.contains(*id)).map(|(_, pk)| chart.user_name(*pk)).collect();
    // Ids of what is gone mean nobody: some servers keep them.
    let surplus: Vec<&str> = there.iter().filter(|id| !wanted.contains_key(*id) && lives(id)).copied().collect();
    if missing.is_empty() && surplus.is_empty() {
        return;
    }
    let mut finding = Finding::new(
        Code::MembersDiffer,
        chart.group_name(&group.pk),
        format!("has {} members too few and {} too many on the server", missing.len(), surplus.len()),
    );
    if !missing.is_empty() {
        finding = finding.evidence(format!("missing: {}", some(&missing)));
    }
    if !surplus.is_empty() {
        finding = finding.evidence(format!("not authentik's: {}", some(&surplus)));
    }
    found.push(
        finding
            .advice("Send the group: what is missing is added, what is not authentik's is removed.")
            .steps(vec![send(chart, &group.pk)]),
    );
}

fn some<T: AsRef<str>>(names: &[T]) -> String {
    let shown = names.iter().take(NAMED).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    if names.len() > NAMED { format!("{shown} and {} more", names.len() - NAMED) } else { shown }
}

/// Groups that were taken for authentik's by their name and bear somebody else's mark.
fn taken_over(chart: &Chart, remote: &RemoteView, by_id: &BTreeMap<&str, &resource::Group>, found: &mut Vec<Finding>) {
    fn mark(link: &ScimGroupLink) -> Option<&str> {
        link.attributes.get("externalId")?.as_str()
    }
    // Some servers never give the externalId back: its absence means something only where others have it.
    let echoed = chart.group_links.iter().any(|link| mark(link) == Some(link.group.as_str()))
        || remote.groups.iter().any(|group| group.external_id.is_some());
    for link in &chart.group_links {
        let there = by_id.get(link.scim_id.as_str()).and_then(|group| group.external_id.as_deref());
        let foreign = |mark: Option<&str>| mark.is_some_and(|mark| mark != link.group.as_str());
        // A link made by hand has no answer; one made by authentik has what the server said.
        let answered = link.attributes.get("displayName").is_some();
        let unmarked = answered && echoed && mark(link).is_none();
        if !(foreign(mark(link)) || foreign(there) || unmarked) {
            continue;
        }
        let show = |mark: Option<&str>| mark.map_or_else(|| "absent".to_owned(), |mark| format!("{mark:?}"));
        found.push(
            Finding::new(
                Code::GroupTakenOver,
                chart.group_name(&link.group),
                "was not made by authentik: a group of the same name was there and was taken over, members included",
            )
            .evidence(format!("its externalId was {} when it was found, is {} now", show(mark(link)), show(there)))
            .advice(
                "If it is somebody else's: rename authentik's group, delete the link (the group stays), and send again.",
            ),
        );
    }
}
