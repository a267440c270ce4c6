//! What a sync would take away, and what stops a run before it does harm. No IO.
//!
//! authentik adopts a remote user whose userName or e-mail equals that of ANY of its users, and a
//! remote group named like ANY of its groups; then its clean-up deletes what it adopted out of scope.
//! Its own dry run shows nothing of that (facts/authentik.md trap 16, H10, H11).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use authentik_client::id::UserPk;
use authentik_client::mapping::cloudflare_user;
use authentik_client::model::PolicyEngineMode;
use authentik_client::profile::{Discovery, Profile};
use authentik_client::scope::{self, Reason, RemoteUser, ScopeUser, Verdict};
use cloudflare_scim::{Member, PermissionGroupId, RoleId};
use scim_core::resource;

use crate::finding::Finding;
use crate::observe::{AuthentikSide, CloudflareSide};
use crate::spec::Spec;
use crate::world::{Account, Wanted, World};

/// What the next sync would take from Cloudflare, and what is left alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Danger {
    /// People whom the job brought and who go: leavers. By userName.
    pub(crate) leavers: BTreeSet<String>,
    /// The same by user tag.
    leaver_tags: BTreeSet<String>,
    /// Groups that the job brought and that left its scope.
    pub(crate) leaving_groups: BTreeSet<String>,
    /// What stops the run.
    pub(crate) stops: Vec<Finding>,
    /// What a person should know.
    pub(crate) warnings: Vec<Finding>,
    /// What Cloudflare holds and a sync does not touch.
    pub(crate) untouched: Vec<String>,
}

const ALLOW: &str = "or allow it by name (Safety::allow_deletion, --allow-deletion)";

pub(crate) fn judge(
    spec: &Spec,
    world: &World,
    wanted: &Wanted,
    authentik: &AuthentikSide,
    cloudflare: &CloudflareSide,
    url: &str,
) -> Danger {
    let mut danger = Danger::default();
    provider(&mut danger, spec, authentik, url);
    bindings(&mut danger, spec, world, authentik);
    users(&mut danger, spec, world, authentik, cloudflare);
    groups(&mut danger, spec, world, wanted, authentik, cloudflare);
    limits(&mut danger, spec, wanted, cloudflare);
    danger.stops.sort();
    danger.warnings.sort();
    danger
}

/// A provider or an application of the same name that is somebody else's.
fn provider(danger: &mut Danger, spec: &Spec, authentik: &AuthentikSide, url: &str) {
    if let Some(provider) = &authentik.provider {
        let what = format!("SCIM provider {:?}", provider.name);
        let elsewhere = provider.url.trim_end_matches('/') != url;
        if elsewhere && !(authentik.user_links.is_empty() && authentik.group_links.is_empty()) {
            danger.stops.push(Finding::stop(
                "provider_of_another_server",
                what.clone(),
                format!("sends to {} already, and has brought people there", provider.url),
                "Give the job another name, or delete that provider first.",
            ));
        } else if elsewhere {
            danger.warnings.push(Finding::warning(
                "provider_redirected",
                what.clone(),
                format!("sends to {} until now, and is turned to Cloudflare", provider.url),
                "Give the job another name if that provider is still needed.",
            ));
        }
        let other = provider.assigned_backchannel_application_slug.as_ref().filter(|it| it.as_str() != spec.slug);
        if let Some(other) = other {
            danger.warnings.push(Finding::warning(
                "provider_moved",
                what,
                format!("belongs to the application {:?}, and is taken from it", other.as_str()),
                "Give the job another name if that is not meant.",
            ));
        }
    }
    let Some(application) = &authentik.application else { return };
    let ours =
        authentik.provider.as_ref().is_some_and(|provider| application.backchannel_providers.contains(&provider.pk));
    let what = format!("application {:?}", spec.slug);
    if !ours && application.provider.is_some() && !authentik.bindings.iter().any(|binding| binding.enabled) {
        danger.stops.push(Finding::stop(
            "application_open_to_all",
            what.clone(),
            "is one that everybody signs in by; binding groups to it would lock all others out",
            "Give the job another slug.",
        ));
    } else if !ours && application.provider.is_some() {
        danger.warnings.push(Finding::warning(
            "application_shared",
            what.clone(),
            "is one that people sign in by; the groups of the job are let in there as well",
            "Give the job another slug if that is not meant.",
        ));
    }
    let enabled = authentik.bindings.iter().filter(|binding| binding.enabled).count();
    if application.policy_engine_mode != PolicyEngineMode::Any && enabled.max(spec.groups.len()) > 1 {
        danger.stops.push(Finding::stop(
            "policy_mode_all",
            what,
            "lets in only who passes every one of its bindings, so members of a single group would be left out or removed",
            "Set its policy engine mode to \"any\" in authentik.",
        ));
    }
}

/// Bindings that let more people in than the groups of the spec do.
fn bindings(danger: &mut Danger, spec: &Spec, world: &World, authentik: &AuthentikSide) {
    for binding in authentik.bindings.iter().filter(|binding| binding.enabled) {
        let group = binding.group.as_ref().and_then(|pk| world.groups.iter().find(|group| group.pk == *pk));
        let expected = !binding.negate && group.is_some_and(|group| spec.groups.contains(&group.name));
        if expected {
            continue;
        }
        let whom = match (group, binding.user) {
            (Some(group), _) => format!("group {:?}", group.name),
            (None, Some(user)) => {
                let name = world.account(user).map_or_else(|| user.to_string(), |it| it.scope.username.clone());
                format!("user {name:?}")
            }
            (None, None) => "a policy".to_owned(),
        };
        let how = if binding.negate { "everybody but" } else { "also" };
        danger.warnings.push(Finding::warning(
            "other_binding",
            format!("application {:?}, {whom}", spec.slug),
            format!("a binding lets {how} these into scope, beyond the groups of the job"),
            "Delete the binding in authentik if that is not meant, or put the group into the job.",
        ));
    }
}

/// Whether the provider will look for what Cloudflare holds already; one that is yet to be created will
/// if its version can.
fn discovers(authentik: &AuthentikSide) -> bool {
    match &authentik.provider {
        Some(provider) => scope::discovers(&authentik.profile, provider),
        None => authentik.profile.discovery != Discovery::Absent,
    }
}

/// A tolerant discovery passes over users whose groups are plain strings: they are never adopted.
fn passed_over(profile: &Profile, user: &resource::User) -> bool {
    profile.discovery == Discovery::Tolerant && user.groups.iter().any(resource::GroupRef::is_plain)
}

fn users(danger: &mut Danger, spec: &Spec, world: &World, authentik: &AuthentikSide, cloudflare: &CloudflareSide) {
    let scope = world.scope();
    let is_in = |user: &ScopeUser| scope.get(&user.pk).is_some_and(Reason::is_in);
    // Two accounts can be linked to one SCIM user: somebody who came back under a new account (G14).
    let mut links: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for link in &authentik.user_links {
        links.entry(link.scim_id.as_str()).or_default().push(link.user);
    }
    let allowed = |name: &str| spec.safety.allow_deletion.iter().any(|it| it.eq_ignore_ascii_case(name));
    let everybody: Vec<ScopeUser> = world.accounts.iter().map(|account| account.scope.clone()).collect();
    let (mut strangers, mut remotes) = (Vec::new(), Vec::new());
    for user in &cloudflare.users {
        let (Some(id), Some(user_name)) = (&user.id, user.user_name.as_deref()) else { continue };
        let Some(owners) = links.get(id.as_str()) else {
            strangers.push((user, user_name));
            remotes.push(RemoteUser {
                id: id.to_string(),
                user_name: user_name.to_owned(),
                emails: user.emails.iter().filter_map(|email| email.value.as_deref().map(str::to_owned)).collect(),
            });
            continue;
        };
        let stays = |pk: &UserPk| world.account(*pk).is_some_and(|it| is_in(&it.scope) && it.active);
        let out = |pk: &UserPk| !world.account(*pk).is_some_and(|it| is_in(&it.scope));
        if !owners.iter().any(stays) {
            // Inactive, gone or out of scope: one of this job's leavers.
            danger.leavers.insert(user_name.to_owned());
            danger.leaver_tags.insert(id.to_string());
        } else if owners.iter().any(out) && !allowed(user_name) {
            danger.stops.push(Finding::stop(
                "shared_link",
                format!("user {user_name:?}"),
                "is linked to two users of authentik, one of them out of scope: the sync would delete the member of both",
                "Delete the link of the one out of scope (DELETE /api/v3/providers/scim_users/{id}/ removes only the link).",
            ));
        }
    }
    let verdicts = scope::first_sync_users(&remotes, &everybody, &scope);
    let alike = |remote: &RemoteUser| {
        let twins = scope::matches(remote, &everybody);
        twins.into_iter().filter_map(|twin| world.account(twin.pk)).collect::<Vec<_>>().into_iter()
    };
    let becomes = |account: &Account, user_name: &str| {
        cloudflare_user(&account.name, &account.scope.email).is_none_or(|it| it.user_name == user_name.to_lowercase())
    };
    for (((user, user_name), remote), verdict) in strangers.iter().zip(&remotes).zip(verdicts) {
        let who = format!("user {user_name:?}");
        let allowed = allowed(user_name);
        let name = |pk| world.account(pk).map_or_else(String::new, |account| account.scope.username.clone());
        match verdict {
            Verdict::Untouched => {
                let alike = |it: &&ScopeUser| {
                    it.username.eq_ignore_ascii_case(user_name) || it.email.eq_ignore_ascii_case(user_name)
                };
                let twins: Vec<&ScopeUser> = everybody.iter().filter(alike).collect();
                stays(danger, &who, &twins, &is_in, world);
            }
            _ if !discovers(authentik) || passed_over(&authentik.profile, user) => {
                stays(danger, &who, &scope::matches(remote, &everybody), &is_in, world);
            }
            // Which of several that are alike authentik takes is not known: each one has to do.
            Verdict::Adopted { twin } if !allowed && alike(remote).any(|it| !it.active) => {
                danger.stops.push(Finding::stop(
                    "would_be_deactivated",
                    who,
                    format!(
                        "the sync would take this Cloudflare member for authentik's inactive user {:?} and remove it",
                        name(twin)
                    ),
                    format!("Activate the user in authentik, take it out of every group in scope, {ALLOW}."),
                ));
            }
            Verdict::Adopted { twin } if !allowed && alike(remote).any(|it| !becomes(it, user_name)) => {
                danger.stops.push(Finding::stop(
                    "would_be_renamed",
                    who,
                    format!(
                        "the sync would take this Cloudflare member for authentik's user {:?}, who has another e-mail address, and rename it",
                        name(twin)
                    ),
                    format!("Correct one of the two addresses, {ALLOW}."),
                ));
            }
            Verdict::Deleted { twin } | Verdict::Uncertain { twin } if !allowed => danger.stops.push(Finding::stop(
                "would_be_deleted",
                who,
                format!(
                    "the sync would take this Cloudflare member for authentik's user {:?}, who is out of scope, and delete it",
                    name(twin)
                ),
                format!("Put the user into a group in scope, change one of the two addresses, {ALLOW}."),
            )),
            _ => {}
        }
    }
}

/// A member whom the sync leaves alone; that somebody stays whom authentik knows to be gone is worth a word.
fn stays(danger: &mut Danger, who: &str, twins: &[&ScopeUser], is_in: &dyn Fn(&ScopeUser) -> bool, world: &World) {
    let gone = |twin: &&&ScopeUser| !is_in(twin) || !world.account(twin.pk).is_some_and(|it| it.active);
    if let Some(twin) = twins.iter().find(gone) {
        danger.warnings.push(Finding::warning(
            "unmanaged_twin",
            who,
            format!(
                "is a Cloudflare member although authentik's user {:?} is inactive or out of scope, and no sync will remove it",
                twin.username
            ),
            "Remove the member in Cloudflare if the access is not meant to stay.",
        ));
    }
    danger.untouched.push(who.to_owned());
}

fn groups(
    danger: &mut Danger,
    spec: &Spec,
    world: &World,
    wanted: &Wanted,
    authentik: &AuthentikSide,
    cloudflare: &CloudflareSide,
) {
    let links: BTreeMap<&str, _> = authentik.group_links.iter().map(|it| (it.scim_id.as_str(), &it.group)).collect();
    let names: BTreeMap<&str, &str> = cloudflare
        .users
        .iter()
        .filter_map(|user| Some((user.id.as_ref()?.as_str(), user.user_name.as_deref()?)))
        .collect();
    for group in cloudflare.custom_groups() {
        let (Some(id), Some(name)) = (&group.id, group.display_name.as_deref()) else { continue };
        let what = format!("group {name:?}");
        let allowed = spec.safety.allow_deletion.iter().any(|it| it == name);
        if let Some(uuid) = links.get(id.as_str()) {
            let in_scope = world.groups.iter().any(|it| it.pk == **uuid && wanted.groups.contains(&it.name));
            if !in_scope {
                danger.leaving_groups.insert(name.to_owned());
                // A group that comes back has another id, and every policy is lost.
                if !allowed {
                    danger.stops.push(Finding::stop(
                        "group_would_be_deleted",
                        what,
                        "left the scope, so the sync would delete it together with its policies",
                        format!("Put it back into scope, {ALLOW}."),
                    ));
                }
            }
            continue;
        }
        let twin = world.group(name).is_some();
        if !twin || !discovers(authentik) {
            // Without discovery a group of the same name is adopted when creating it is answered 409, and
            // only then.
            if !wanted.groups.contains(name) {
                danger.untouched.push(what);
                continue;
            }
        } else if !wanted.groups.contains(name) {
            if !allowed {
                danger.stops.push(Finding::stop(
                    "would_be_deleted",
                    what,
                    "the sync would take this Cloudflare group for authentik's group of the same name, which is out of scope, and delete it",
                    format!("Put the group into scope, rename one of the two, {ALLOW}."),
                ));
            }
            continue;
        }
        let lost: Vec<&str> = group
            .members
            .iter()
            .flatten()
            .filter_map(|member| names.get(member.value.as_ref()?.as_str()).copied())
            .filter(|user_name| !wanted.memberships.contains(&(user_name.to_lowercase(), name.to_owned())))
            .collect();
        if !lost.is_empty() && !allowed {
            danger.stops.push(Finding::stop(
                "members_would_be_removed",
                what,
                format!(
                    "exists in Cloudflare already; the sync would take it over and remove {} of its members: {}",
                    lost.len(),
                    some(&lost)
                ),
                format!("Make them members of authentik's group, rename one of the two groups, {ALLOW}."),
            ));
        }
    }
}

fn limits(danger: &mut Danger, spec: &Spec, wanted: &Wanted, cloudflare: &CloudflareSide) {
    let leavers: Vec<&str> = danger.leavers.iter().map(String::as_str).collect();
    let all = wanted.people.len() + leavers.len();
    if let Some(rule) = spec.safety.limit_passed(leavers.len(), all) {
        danger.stops.push(Finding::stop(
            "too_many_removals",
            some(&leavers),
            rule,
            "If that is meant, raise the limits for this run (Safety::max_removals, --max-removals).",
        ));
    }
    let protected = |name: &&String| spec.safety.protect.iter().any(|it| it.eq_ignore_ascii_case(name));
    for user_name in danger.leavers.iter().filter(protected) {
        danger.stops.push(Finding::stop(
            "protected_user_would_be_removed",
            format!("user {user_name:?}"),
            "is protected, but the sync would remove the account's member",
            "Put the user back into scope, or take the protection away.",
        ));
    }
    for member in cloudflare.members.iter().filter(|member| is_administrator(member, cloudflare)) {
        let is_leaver = member.user_tag().is_some_and(|tag| danger.leaver_tags.contains(tag.as_str()));
        if let Some(email) = member.email().filter(|_| is_leaver) {
            danger.stops.push(Finding::stop(
                "super_administrator_would_be_removed",
                format!("user {email:?}"),
                "is a Super Administrator of the account, and the sync would remove it",
                "Put the user back into scope, or take the role away first.",
            ));
        }
    }
}

/// Whether a member is a Super Administrator by a role or policy of its own.
fn is_administrator(member: &Member, cloudflare: &CloudflareSide) -> bool {
    let role = RoleId::super_administrator();
    let named = |id: &PermissionGroupId| {
        let known = cloudflare.permission_groups.iter().find(|it| it.id == *id);
        known.and_then(|it| it.name.as_deref()).is_some_and(|name| name.starts_with("Super Administrator"))
    };
    let grants = |id: &PermissionGroupId| id.as_str() == role.as_str() || named(id);
    let mut granted = member.policies.iter().flat_map(|policy| &policy.permission_groups);
    member.has_role(&role) || granted.any(|group| grants(&group.id))
}

/// At most ten names, and how many more.
pub(crate) fn some(names: &[&str]) -> String {
    const SHOWN: usize = 10;
    let mut text = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        // Writing to a String cannot fail.
        let _infallible = write!(text, " and {} more", names.len() - SHOWN);
    }
    text
}
