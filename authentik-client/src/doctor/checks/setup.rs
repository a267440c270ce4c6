//! How the provider is set up.

use super::super::chart::Chart;
use super::super::code::Code;
use super::super::cure::Step;
use super::super::finding::Finding;
use super::super::remote::RemoteView;
use crate::id::MappingUuid;
use crate::mapping::{MANAGED_GROUP, attached_defaults};
use crate::model::{Application, SchedulePatch, ScimProviderPatch};
use crate::profile::Discovery;
use crate::scope::Reason;

/// So many requests for nothing but looking are worth a word.
const DEAR: usize = 100;

pub(super) fn check(chart: &Chart, remote: &RemoteView, found: &mut Vec<Finding>) {
    version(chart, found);
    assignment(chart, found);
    scope(chart, found);
    mappings(chart, found);
    same_url(chart, found);
    discovery_cost(chart, remote, found);
    schedule(chart, found);
}

fn version(chart: &Chart, found: &mut Vec<Finding>) {
    if !chart.profile.known {
        found.push(
            Finding::new(
                Code::UnknownVersion,
                "authentik",
                format!(
                    "its version {} is not one that this program knows; it is treated as the newest known one",
                    chart.profile.version
                ),
            )
            .evidence(format!("GET admin/version/ says {:?}", chart.profile.version))
            .advice("Watch the first sync after an upgrade, and look for a newer version of this program."),
        );
    }
}

fn assignment(chart: &Chart, found: &mut Vec<Finding>) {
    if chart.provider.assigned_backchannel_application_slug.is_none() {
        let finding = Finding::new(
            Code::NotAssigned,
            chart.name(),
            "is no application's backchannel provider: its syncs end with \"done\" and send nothing",
        );
        let status = chart.status.last_sync_status.as_deref().unwrap_or("nothing yet");
        found.push(
            finding
                .evidence("assigned_backchannel_application_slug is null")
                .evidence(format!("sync/status says {status}"))
                .advice("Add the provider to the backchannel providers of its application, after the application has its bindings."),
        );
    }
    if chart.provider.dry_run {
        found.push(
            Finding::new(
                Code::DryRun,
                chart.name(),
                "is in dry run: no write is sent, although its syncs end with \"done\"; what the clean-up would delete is not shown either",
            )
            .evidence("dry_run is true")
            .advice("Look at what the first real sync would adopt and delete (would_be_deleted), then leave dry run."),
        );
    }
}

fn scope(chart: &Chart, found: &mut Vec<Finding>) {
    let patch = ScimProviderPatch::default;
    if !chart.profile.group_filters {
        filter_group(chart, found);
    } else if let (Some(application), Some(bindings)) = (&chart.application, &chart.bindings)
        && !bindings.iter().any(|binding| binding.enabled)
    {
        let why = match bindings.len() {
            0 => "has no bindings".to_owned(),
            n => format!("has {n} bindings and none of them is enabled"),
        };
        let sent = chart.scope.values().filter(|reason| reason.is_in()).count();
        if chart.scope.values().any(|reason| *reason == Reason::NoDefaultAccess) {
            return found.push(nobody(chart, application, &why));
        }
        found.push(
            Finding::new(
                Code::EverybodyInScope,
                format!("application {:?}", application.slug.as_str()),
                format!("{why}, which means everybody: {sent} users are sent"),
            )
            .evidence(format!("GET policies/bindings/?target={} lists no enabled one", application.pk))
            .advice("Bind the groups that are to be sent to the application, before the provider leaves dry run."),
        );
    }
    if chart.provider.group_filters.as_deref().is_some_and(<[_]>::is_empty) {
        let groups = chart.groups.len();
        found.push(
            Finding::new(
                Code::AllGroupsInScope,
                chart.name(),
                format!("has no group_filters: all {groups} groups of authentik are sent, whatever the bindings say"),
            )
            .evidence("group_filters is []")
            .advice("Set group_filters to the groups that are to be sent. What is sent already is deleted on the server then."),
        );
    }
    if !chart.provider.exclude_users_service_account {
        let sent: Vec<&str> = chart
            .users
            .values()
            .filter(|user| user.user_type.is_service_account())
            .filter(|user| chart.scope.get(&user.pk).is_some_and(Reason::is_in))
            .map(|user| user.username.as_str())
            .collect();
        if !sent.is_empty() {
            let changes = ScimProviderPatch { exclude_users_service_account: Some(true), ..patch() };
            found.push(
                Finding::new(
                    Code::ServiceAccountsInScope,
                    chart.name(),
                    format!("sends {} service accounts as if they were people", sent.len()),
                )
                .evidence(format!("exclude_users_service_account is false; in scope: {}", some(&sent)))
                .advice("Exclude them; the next sync deletes them on the server.")
                .steps(vec![Step::Provider(chart.provider.pk, Box::new(changes))]),
            );
        }
    }
}

/// No enabled binding, and a flag of the installation that lets nobody pass by default.
fn nobody(chart: &Chart, application: &Application, why: &str) -> Finding {
    let linked = chart.user_links.len();
    Finding::new(
        Code::NobodyInScope,
        format!("application {:?}", application.slug.as_str()),
        format!("{why}, and the flag core_default_app_access is off: nobody is sent, and the {linked} users that are linked are deleted by the next full sync"),
    )
    .evidence(format!("GET policies/bindings/?target={} lists no enabled one", application.pk))
    .evidence(format!("GET core/applications/{}/check_access/ says that the caller does not pass", application.slug))
    .advice("Bind the groups that are to be sent to the application, before the provider syncs again.")
}

/// Before 2026.2 bindings limit nobody.
fn filter_group(chart: &Chart, found: &mut Vec<Finding>) {
    if chart.provider.filter_group().is_some() {
        return;
    }
    let sent = chart.scope.values().filter(|reason| reason.is_in()).count();
    found.push(
        Finding::new(
            Code::EverybodyInScope,
            chart.name(),
            format!("has no filter_group, which means everybody before 2026.2, whatever the bindings say: {sent} users are sent"),
        )
        .evidence("filter_group is null")
        .advice("Set filter_group to the group whose members are to be sent."),
    );
}

fn some(names: &[&str]) -> String {
    let shown = names.iter().take(5).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    if names.len() > 5 { format!("{shown} and {} more", names.len() - 5) } else { shown }
}

fn mappings(chart: &Chart, found: &mut Vec<Finding>) {
    let patch = ScimProviderPatch::default;
    let provider = &chart.provider;
    if provider.property_mappings.is_empty() {
        found.push(
            Finding::new(
                Code::NoMappings,
                chart.name(),
                "has no mapping of users: every page of users ends at its first one, with the status \"done\"",
            )
            .evidence("property_mappings is []; empty is not \"the default\"")
            .advice("Attach a mapping of users."),
        );
    }
    if provider.property_mappings_group.is_empty() {
        let default = chart.mappings.iter().find(|mapping| mapping.managed.as_deref() == Some(MANAGED_GROUP));
        let steps = default.map(|mapping| {
            let changes = ScimProviderPatch { property_mappings_group: Some(vec![mapping.pk.clone()]), ..patch() };
            Step::Provider(provider.pk, Box::new(changes))
        });
        found.push(
            Finding::new(
                Code::NoMappings,
                chart.name(),
                "has no mapping of groups: every page of groups ends at its first one, with the status \"done\"",
            )
            .evidence("property_mappings_group is []; empty is not \"the default\"")
            .advice("Attach authentik's default mapping of groups.")
            .steps(steps.into_iter().collect()),
        );
    }
    let defaults = attached_defaults(provider, &chart.mappings);
    if !defaults.is_empty() {
        let is_default = |pk: &MappingUuid| defaults.iter().any(|mapping| mapping.pk == *pk);
        let left: Vec<_> = provider.property_mappings.iter().filter(|pk| !is_default(pk)).cloned().collect();
        let names: Vec<&str> = defaults.iter().map(|mapping| mapping.name.as_str()).collect();
        let changes = ScimProviderPatch { property_mappings: Some(left), ..patch() };
        found.push(
            Finding::new(
                Code::DefaultMappingAttached,
                chart.name(),
                "has authentik's default mapping of users besides its own: they merge, and what its own leaves out or replaces comes back",
            )
            .evidence(format!("property_mappings holds {} and {} more", some(&names), provider.property_mappings.len() - defaults.len()))
            .advice("Detach the default mapping.")
            .steps(vec![Step::Provider(provider.pk, Box::new(changes))]),
        );
    }
}

fn same_url(chart: &Chart, found: &mut Vec<Finding>) {
    let plain = |url: &str| url.trim_end_matches('/').to_lowercase();
    let url = plain(&chart.provider.url);
    let others: Vec<String> = chart
        .providers
        .iter()
        .filter(|other| other.pk != chart.provider.pk && plain(&other.url) == url)
        .map(|other| format!("{:?} (pk {})", other.name, other.pk))
        .collect();
    if !others.is_empty() {
        found.push(
            Finding::new(
                Code::SameUrl,
                chart.name(),
                "is not the only provider of its URL: each deletes and overwrites what the others bring",
            )
            .evidence(format!("the same url: {}", others.join(", ")))
            .advice(
                "Keep one. Deleting a provider deletes nothing on the server; never delete one whose sync is running.",
            ),
        );
    }
}

fn discovery_cost(chart: &Chart, remote: &RemoteView, found: &mut Vec<Finding>) {
    // Later versions look once per sync, earlier ones not at all.
    if chart.profile.discovery != Discovery::Strict || chart.provider.discovery_enabled == Some(false) {
        return;
    }
    let (Some(size), Some(listed)) = (chart.provider.sync_page_size, remote.page_size) else { return };
    let (size, listed) = (usize::try_from(size).unwrap_or(usize::MAX).max(1), listed.max(1));
    let users = chart.scope.values().filter(|reason| reason.is_in()).count();
    let pages = users.div_ceil(size);
    let cost = pages * remote.users.len().div_ceil(listed).max(1);
    if cost < DEAR || pages < 2 {
        return;
    }
    let wanted = u32::try_from(users.div_ceil(100) * 100).unwrap_or(u32::MAX);
    let changes = ScimProviderPatch { sync_page_size: Some(wanted), ..ScimProviderPatch::default() };
    found.push(
        Finding::new(
            Code::DiscoveryCost,
            chart.name(),
            format!("reads the whole list of remote users in each of its {pages} pages of users: {cost} requests per sync that bring nothing"),
        )
        .evidence(format!(
            "{users} users in scope at sync_page_size {size}; {} remote users at {listed} per page",
            remote.users.len()
        ))
        .advice("Make the pages of the sync larger, or upgrade to 2026.5.5 or later, which look once per sync.")
        .steps(vec![Step::Provider(chart.provider.pk, Box::new(changes))]),
    );
}

fn schedule(chart: &Chart, found: &mut Vec<Finding>) {
    let Some(schedule) = chart.schedule.as_ref().filter(|schedule| schedule.paused) else { return };
    let changes = SchedulePatch { paused: Some(false), ..SchedulePatch::default() };
    found.push(
        Finding::new(
            Code::SchedulePaused,
            chart.name(),
            "syncs only when it is saved or told to: leavers stay on the server until then",
        )
        .evidence(format!("the schedule is {}", schedule.describe()))
        .advice("Start the periodic sync again; one follows within a minute.")
        .steps(vec![Step::Schedule(schedule.id.clone(), changes)]),
    );
}
