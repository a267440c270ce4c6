//! User by user: scope, link and what the server holds.

use std::collections::{BTreeMap, BTreeSet};

use scim_core::resource;
use serde_json::{Map, Value};

use super::super::chart::Chart;
use super::super::code::Code;
use super::super::cure::Step;
use super::super::expected::{self, Known, Stands};
use super::super::finding::Finding;
use super::super::remote::RemoteView;
use super::shown;
use crate::id::{GroupUuid, UserPk};
use crate::model::{ScimUserLink, User};
use crate::scope::Reason;
use crate::sync::SyncTarget;

/// What a server gives back about an object besides what a client sent.
const THE_SERVERS_OWN: [&str; 5] = ["id", "meta", "schemas", "groups", "password"];

pub(super) fn check(chart: &Chart, remote: &RemoteView, found: &mut Vec<Finding>) {
    let mut links: BTreeMap<UserPk, Vec<&ScimUserLink>> = BTreeMap::new();
    for link in &chart.user_links {
        links.entry(link.user).or_default().push(link);
    }
    double(chart, remote, &links, found);
    if !chart.writes() {
        return;
    }
    let known = expected::known(&chart.provider, &chart.mappings);
    let by_id = remote.users_by_id();
    // What a server's list leaves out for everybody is no difference.
    let listed: BTreeSet<String> =
        remote.users.iter().flat_map(|user| members(user).into_iter().map(|(name, _)| name)).collect();
    for (pk, user) in &chart.users {
        let Some(reason) = chart.scope.get(pk) else { continue };
        let link = links.get(pk).and_then(|links| links.first().copied());
        match link {
            None if reason.is_in() && reason.is_certain() => not_provisioned(chart, user, known, found),
            Some(link) if !reason.is_in() => leaver(chart, user, link, reason, found),
            Some(link) => match by_id.get(link.scim_id.as_str()) {
                None => gone(chart, user, link, found),
                Some(there) => compare(chart, user, link, there, known, &listed, found),
            },
            None => {}
        }
    }
}

/// The groups of a user that are sent, in a fixed order.
fn sent_groups(chart: &Chart, user: &User) -> Vec<GroupUuid> {
    let groups: BTreeSet<&GroupUuid> = user.groups.iter().filter(|group| chart.sends(group)).collect();
    groups.into_iter().cloned().collect()
}

fn send_groups(chart: &Chart, user: &User) -> Vec<Step> {
    let send = |group| Step::Send { provider: chart.provider.pk, target: SyncTarget::Group(group) };
    sent_groups(chart, user).into_iter().map(send).collect()
}

/// The forced rewrite F of facts/authentik.md §10.
fn rewrite(chart: &Chart, link: &ScimUserLink) -> Vec<Step> {
    let provider = chart.provider.pk;
    vec![
        Step::DropUserLink(link.id.clone()),
        Step::LinkUser { provider, user: link.user, scim_id: link.scim_id.clone() },
        Step::Send { provider, target: SyncTarget::User(link.user) },
    ]
}

fn double(chart: &Chart, remote: &RemoteView, links: &BTreeMap<UserPk, Vec<&ScimUserLink>>, found: &mut Vec<Finding>) {
    let by_id = remote.users_by_id();
    for (pk, links) in links.iter().filter(|(_, links)| links.len() > 1) {
        let ids: Vec<&str> = links.iter().map(|link| link.scim_id.as_str()).collect();
        let (alive, dead): (Vec<&&ScimUserLink>, Vec<&&ScimUserLink>) =
            links.iter().partition(|link| by_id.contains_key(link.scim_id.as_str()));
        // Which of two living ones is right only a person can say.
        let steps = if alive.is_empty() {
            Vec::new()
        } else {
            dead.iter().map(|link| Step::DropUserLink(link.id.clone())).collect()
        };
        found.push(
            Finding::new(
                Code::DoubleLink,
                chart.user_name(*pk),
                format!("has {} links: changes go to each of them", links.len()),
            )
            .evidence(format!("scim_id {}; on the server: {}", ids.join(", "), alive.len()))
            .advice(super::DOUBLE)
            .steps(steps),
        );
    }
}

fn not_provisioned(chart: &Chart, user: &User, known: Option<Known>, found: &mut Vec<Finding>) {
    if known.is_some_and(|known| expected::payload(known, user, false).is_none()) {
        return;
    }
    let unknown = if known.is_none() { ", unless its mapping leaves it out" } else { "" };
    let groups: Vec<String> = sent_groups(chart, user).iter().map(|group| chart.group_name(group)).collect();
    let mut steps = vec![Step::Send { provider: chart.provider.pk, target: SyncTarget::User(user.pk) }];
    steps.extend(send_groups(chart, user));
    found.push(
        Finding::new(
            Code::UserNotProvisioned,
            chart.user_name(user.pk),
            format!(
                "is in scope and was never sent: joining a bound group sends nobody before the next full sync{unknown}"
            ),
        )
        .evidence(format!("no link of the provider; in scope by {}", why(chart, user)))
        .evidence(if groups.is_empty() {
            "in no group that is sent".to_owned()
        } else {
            format!("in {}", groups.join(", "))
        })
        .advice("Send the user, then its groups; or wait for the next full sync.")
        .steps(steps),
    );
}

fn why(chart: &Chart, user: &User) -> &'static str {
    match chart.scope.get(&user.pk) {
        Some(Reason::NoBindings) => "an application without enabled bindings",
        _ => "a binding",
    }
}

fn leaver(chart: &Chart, user: &User, link: &ScimUserLink, reason: &Reason, found: &mut Vec<Finding>) {
    let why = match reason {
        Reason::ServiceAccount => "a service account, and those are excluded",
        _ => "no binding lets it pass",
    };
    let finding = |message: &str| {
        Finding::new(Code::LeaverPending, chart.user_name(user.pk), message)
            .evidence(format!("linked to {}; {why}", link.scim_id))
    };
    found.push(if chart.profile.cleans_up {
        finding(
            "has left the scope and is still on the server: leaving a bound group deletes nobody before the next full \
             sync",
        )
        .advice("Start the sync. On Cloudflare deactivate the user first: it refuses to delete.")
        .steps(vec![super::sync::start(chart)])
    } else {
        finding("has left the scope and is still on the server: before 2026.2.1 no sync deletes it")
            .advice("Delete it on the server, or upgrade authentik.")
    });
}

fn gone(chart: &Chart, user: &User, link: &ScimUserLink, found: &mut Vec<Finding>) {
    let mut steps = rewrite(chart, link);
    steps.extend(send_groups(chart, user));
    found.push(
        Finding::new(
            Code::GoneRemotely,
            chart.user_name(user.pk),
            "is linked to a user that the server does not hold: authentik does not notice, and writes the dead id into groups",
        )
        .evidence(format!("scim_id {} is not among what the server lists", link.scim_id))
        .advice("Rewrite the user, which creates it anew, then send its groups.")
        .steps(steps),
    );
}

fn members(user: &resource::User) -> Map<String, Value> {
    match serde_json::to_value(user) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

fn compare(
    chart: &Chart,
    user: &User,
    link: &ScimUserLink,
    there: &resource::User,
    known: Option<Known>,
    listed: &BTreeSet<String>,
    found: &mut Vec<Finding>,
) {
    let stored: resource::User = serde_json::from_value(link.attributes.clone()).unwrap_or_default();
    let (stored, there) = (members(&stored), members(there));
    // A link without an answer, made by hand: everything is written at the next occasion.
    let fresh = stored.keys().all(|name| THE_SERVERS_OWN.contains(&name.as_str()));
    let sent = known.and_then(|known| expected::payload(known, user, true));
    if let Some(sent) = sent.as_ref().filter(|_| !fresh) {
        unsent(chart, user, link, sent, &stored, &there, found);
    } else if known.is_none() && user.email.is_empty() {
        // Whatever the mapping is: an e-mail address that authentik does not have any more.
        let old = stored.get("emails").filter(|emails| !expected::is_empty(emails));
        if let Some(old) = old {
            cleared(chart, user, link, &[("emails", old)], found);
        }
    }
    let mut drifted = Vec::new();
    for (name, answered) in &stored {
        let sends = sent.as_ref().is_none_or(|sent| sent.contains_key(name));
        if THE_SERVERS_OWN.contains(&name.as_str()) || !sends || !listed.contains(name) {
            continue;
        }
        let now = there.get(name);
        let as_wanted = sent
            .as_ref()
            .and_then(|sent| sent.get(name))
            .is_some_and(|sent| matches!(expected::stands(sent, now), Stands::Same));
        if now != Some(answered) && !as_wanted {
            drifted.push(format!(
                "{name}: authentik believes {}, the server holds {}",
                shown(Some(answered)),
                shown(now)
            ));
        }
    }
    if !drifted.is_empty() {
        let mut finding = Finding::new(
            Code::Drift,
            chart.user_name(user.pk),
            "was changed on the server: authentik compares with the server's last answer and will not notice",
        );
        for difference in drifted {
            finding = finding.evidence(difference);
        }
        found.push(finding.advice("Rewrite the user.").steps(rewrite(chart, link)));
    }
}

/// What authentik would send against what the server last answered.
fn unsent(
    chart: &Chart,
    user: &User,
    link: &ScimUserLink,
    sent: &Map<String, Value>,
    stored: &Map<String, Value>,
    there: &Map<String, Value>,
    found: &mut Vec<Finding>,
) {
    let mut emptied = Vec::new();
    let (mut nested, mut differing, mut silent) = (Vec::new(), Vec::new(), Vec::new());
    for (name, value) in sent {
        let answered = stored.get(name);
        let told =
            || format!("{name}: authentik has {}, the server last answered {}", shown(Some(value)), shown(answered));
        match expected::stands(value, answered) {
            Stands::Same => {}
            Stands::Cleared => emptied.extend(answered.map(|answered| (name.as_str(), answered))),
            Stands::Nested if chart.profile.sees_nested_changes => differing.push(told()),
            Stands::Nested => nested.push(told()),
            Stands::NotEchoed => silent.push(told()),
            Stands::Differs => differing.push(told()),
        }
    }
    // Somebody has emptied it on the server as well.
    emptied.retain(|(name, _)| there.get(*name).is_some_and(|now| !expected::is_empty(now)));
    cleared(chart, user, link, &emptied, found);
    let all = |mut finding: Finding, lines: Vec<String>| {
        for line in lines {
            finding = finding.evidence(line);
        }
        finding
    };
    // A change of the whole user takes the nested ones along.
    if !differing.is_empty() {
        differing.append(&mut nested);
        let finding = Finding::new(
            Code::ChangeNotSent,
            chart.user_name(user.pk),
            "was changed in authentik and not on the server",
        );
        let steps = vec![Step::Send { provider: chart.provider.pk, target: SyncTarget::User(user.pk) }];
        found.push(
            all(finding, differing).advice("Send the user; see what the last sync complained about.").steps(steps),
        );
    }
    if !nested.is_empty() {
        let finding = Finding::new(
            Code::NestedChangeUnseen,
            chart.user_name(user.pk),
            "was changed in authentik only inside a nested attribute, which versions before 2026.8.0 do not see",
        );
        found.push(
            all(finding, nested)
                .advice("Rewrite the user; keep displayName in the mapping.")
                .steps(rewrite(chart, link)),
        );
    }
    if !silent.is_empty() {
        let finding = Finding::new(
            Code::NotEchoed,
            chart.user_name(user.pk),
            "is written again at every sync: the server does not give back what was sent",
        );
        found.push(all(finding, silent).advice("Limit the mapping to what the server gives back."));
    }
}

fn cleared(chart: &Chart, user: &User, link: &ScimUserLink, emptied: &[(&str, &Value)], found: &mut Vec<Finding>) {
    if emptied.is_empty() {
        return;
    }
    let mut finding = Finding::new(
        Code::ClearedValue,
        chart.user_name(user.pk),
        "has a value on the server that was emptied in authentik: emptied values are never sent",
    );
    for (name, old) in emptied {
        finding =
            finding.evidence(format!("{name} is empty in authentik, the server last answered {}", shown(Some(old))));
    }
    found.push(finding.advice("Rewrite the user.").steps(rewrite(chart, link)));
}
