//! Wanted against present: counts, and every difference by name. No IO.

use std::collections::{BTreeMap, BTreeSet};

use authentik_client::id::UserPk;
use cloudflare_scim::{Member, NewPolicy, PermissionGroupId, UserGroup, UserTag, same_policies};
use scim_core::resource;

use crate::finding::Finding;
use crate::observe::{AuthentikSide, CloudflareSide};
use crate::report::Count;
use crate::spec::{Spec, policies_by_group};
use crate::world::{Wanted, WantedPerson};

/// How far Cloudflare holds what it should.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// People.
    pub users: Count,
    /// Groups.
    pub groups: Count,
    /// Memberships.
    pub memberships: Count,
    /// Groups with policies.
    pub policies: Count,
    /// Every difference, and warnings.
    pub findings: Vec<Finding>,
}

impl Verification {
    /// Whether the sync has brought everything that a sync can bring.
    pub fn synced(&self) -> bool {
        let equal = |count: Count| count.wanted == count.present;
        equal(self.users)
            && equal(self.groups)
            && equal(self.memberships)
            && !self.findings.iter().any(|finding| MENDED_BY_A_SYNC.contains(&finding.code.as_str()))
    }

    /// Whether both sides agree in everything.
    pub fn agrees(&self) -> bool {
        self.synced()
            && self.policies.wanted == self.policies.present
            && self.findings.iter().all(|finding| finding.severity == crate::finding::Severity::Warning)
    }
}

/// Differences besides missing things that a sync takes away.
const MENDED_BY_A_SYNC: [&str; 4] = ["extra_user", "extra_membership", "inactive_user_present", "unknown_member"];
const SYNC: &str = "Start the sync again; if it stays, look at the sync's task in authentik.";

pub(crate) fn verify(
    spec: &Spec,
    wanted: &Wanted,
    authentik: &AuthentikSide,
    cloudflare: &CloudflareSide,
) -> Verification {
    let mut out = Verification::default();
    spec_findings(&mut out, wanted);
    users(&mut out, wanted, authentik, cloudflare);
    groups(&mut out, wanted, authentik, cloudflare);
    memberships(&mut out, wanted, authentik, cloudflare);
    policies(&mut out, spec, wanted, cloudflare);
    out.findings.sort();
    out
}

/// What cannot be sent at all.
fn spec_findings(out: &mut Verification, wanted: &Wanted) {
    for group in &wanted.missing_groups {
        out.findings.push(Finding::difference(
            "missing_in_authentik",
            format!("group {group:?}"),
            "is named in the job but does not exist in authentik",
            "Create the group in authentik, or take it out of the job.",
        ));
    }
    for (username, why) in &wanted.unsendable {
        out.findings.push(Finding::difference(
            "cannot_be_sent",
            format!("user {username:?}"),
            format!("is in scope but {why}, and Cloudflare knows people by it"),
            "Give the user an own e-mail address in authentik, or take it out of the groups in scope.",
        ));
    }
    for username in &wanted.uncertain {
        out.findings.push(Finding::warning(
            "scope_uncertain",
            format!("user {username:?}"),
            "is let in or kept out by a policy, which only authentik can evaluate; counted as in scope",
            "Bind groups to the application instead of policies.",
        ));
    }
}

fn by_name(cloudflare: &CloudflareSide) -> BTreeMap<String, &resource::User> {
    let named = |user: &resource::User| user.user_name.as_ref().map(|name| name.to_lowercase());
    cloudflare.users.iter().filter_map(|user| Some((named(user)?, user))).collect()
}

/// Which SCIM users authentik has linked to which of its own.
fn links(authentik: &AuthentikSide) -> BTreeMap<UserPk, Vec<&str>> {
    let mut links: BTreeMap<UserPk, Vec<&str>> = BTreeMap::new();
    for link in &authentik.user_links {
        links.entry(link.user).or_default().push(&link.scim_id);
    }
    links
}

fn users(out: &mut Verification, wanted: &Wanted, authentik: &AuthentikSide, cloudflare: &CloudflareSide) {
    let present = by_name(cloudflare);
    let by_id: BTreeMap<&str, &resource::User> =
        cloudflare.users.iter().filter_map(|user| Some((user.id.as_ref()?.as_str(), user))).collect();
    let links = links(authentik);
    let tags: BTreeSet<&str> =
        cloudflare.members.iter().filter_map(|member| member.user_tag()).map(UserTag::as_str).collect();
    // An invitation that is not yet taken up has no tag: the address joins it.
    let addresses: BTreeSet<String> =
        cloudflare.members.iter().filter_map(Member::email).map(str::to_lowercase).collect();
    out.users.wanted = wanted.people.len();
    // Who stands for somebody wanted, under whatever address.
    let mut accounted: BTreeSet<&str> = BTreeSet::new();
    for (user_name, person) in &wanted.people {
        let who = format!("user {user_name:?}");
        let linked = links.get(&person.pk).map(Vec::as_slice).unwrap_or_default();
        let user = present.get(user_name).copied().or_else(|| linked.iter().find_map(|id| by_id.get(id).copied()));
        let Some(user) = user else {
            out.findings.push(Finding::difference(
                "missing_user",
                who,
                format!("authentik's user {:?} is in scope but Cloudflare does not hold it", person.username),
                SYNC,
            ));
            continue;
        };
        let id = user.id.as_ref().map(resource::ResourceId::as_str).unwrap_or_default();
        accounted.insert(id);
        let differences = differences(user, person);
        if !differences.is_empty() {
            out.findings.push(Finding::difference(
                "different_user",
                who,
                format!("differs in {}", differences.join(", ")),
                "Cloudflare may not take changes after the creation: deactivate the user in authentik, sync, activate it, sync.",
            ));
        } else if !tags.contains(id) && !addresses.contains(user_name) {
            out.findings.push(Finding::difference(
                "not_a_member",
                who,
                "is a SCIM user but no member of the account",
                "Look at the member in Cloudflare's dashboard.",
            ));
        } else {
            out.users.present += 1;
        }
    }
    // Nothing is sent about these, so nothing of theirs changes.
    for pk in &wanted.kept {
        accounted.extend(links.get(pk).into_iter().flatten());
    }
    // Who is there and should not be: linked by this job, or carrying the id of one of authentik's users.
    let linked: BTreeSet<&str> = authentik.user_links.iter().map(|link| link.scim_id.as_str()).collect();
    let uids: BTreeSet<&str> = authentik.users.iter().map(|user| user.uid.as_str()).collect();
    for (user_name, user) in &present {
        let id = user.id.as_ref().map(resource::ResourceId::as_str).unwrap_or_default();
        if accounted.contains(id) || user.active == Some(false) {
            continue;
        }
        let ours = linked.contains(id) || user.external_id.as_deref().is_some_and(|id| uids.contains(id));
        if ours {
            out.findings.push(Finding::difference(
                "extra_user",
                format!("user {user_name:?}"),
                "was brought by this job and should be gone: inactive or out of scope in authentik",
                "Start the sync again; if it stays, remove the member in Cloudflare.",
            ));
        } else if wanted.inactive.contains(user_name) {
            out.findings.push(Finding::difference(
                "inactive_user_present",
                format!("user {user_name:?}"),
                "is a member although the account in authentik is inactive",
                "Start the sync again; if it stays, remove the member in Cloudflare.",
            ));
        }
    }
}

/// The attributes in which a Cloudflare user differs from what authentik's mapping makes. What Cloudflare
/// does not show is not compared.
fn differences(user: &resource::User, person: &WantedPerson) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut compare = |name, shown: Option<&str>, wanted: &str| {
        if shown.is_some_and(|shown| shown != wanted) {
            found.push(name);
        }
    };
    let mapped = &person.mapped;
    compare("userName", user.user_name.as_ref().map(|name| name.to_lowercase()).as_deref(), &mapped.user_name);
    compare("displayName", user.display_name.as_deref(), &mapped.display_name);
    let name = user.name.as_ref();
    compare("name.givenName", name.and_then(|it| it.given_name.as_deref()), &mapped.given_name);
    compare("name.familyName", name.and_then(|it| it.family_name.as_deref()), &mapped.family_name);
    if let Some(uid) = &person.uid {
        compare("externalId", user.external_id.as_deref(), uid);
    }
    if user.active == Some(false) {
        found.push("active");
    }
    found
}

fn groups(out: &mut Verification, wanted: &Wanted, authentik: &AuthentikSide, cloudflare: &CloudflareSide) {
    out.groups.wanted = wanted.groups.len();
    for name in &wanted.groups {
        let what = format!("group {name:?}");
        match (scim_group(cloudflare, name), user_group(cloudflare, name)) {
            (None, _) => out.findings.push(Finding::difference(
                "missing_group",
                what,
                "is in scope but Cloudflare does not hold it",
                SYNC,
            )),
            (Some(_), None) => out.findings.push(Finding::difference(
                "no_user_group",
                what,
                "is a SCIM group but no user group of the account, so it cannot be given rights",
                "Look at the group in Cloudflare's dashboard.",
            )),
            (Some(_), Some(_)) => out.groups.present += 1,
        }
    }
    let linked: BTreeSet<&str> = authentik.group_links.iter().map(|link| link.scim_id.as_str()).collect();
    for group in cloudflare.custom_groups() {
        let ours = group.id.as_ref().is_some_and(|id| linked.contains(id.as_str()));
        if let Some(name) = group.display_name.as_deref().filter(|name| ours && !wanted.groups.contains(*name)) {
            out.findings.push(Finding::difference(
                "extra_group",
                format!("group {name:?}"),
                "was brought by this job and is not in its scope",
                "Put the group back into scope, or delete it in Cloudflare once nobody depends on its policies.",
            ));
        }
    }
}

/// The SCIM group that a group of authentik is: the one that it is linked to, else the one of its name.
pub(crate) fn scim_group<'a>(cloudflare: &'a CloudflareSide, name: &str) -> Option<&'a resource::Group> {
    let linked = cloudflare.linked_groups.get(name);
    let is = |group: &&resource::Group| group.id.as_ref().is_some_and(|id| linked.is_some_and(|it| it == id.as_str()));
    cloudflare
        .custom_groups()
        .find(is)
        .or_else(|| cloudflare.custom_groups().find(|group| group.display_name.as_deref() == Some(name)))
}

/// The user group that a SCIM group of this name is: by its id, else by its name.
pub(crate) fn user_group<'a>(cloudflare: &'a CloudflareSide, name: &str) -> Option<&'a UserGroup> {
    let id = scim_group(cloudflare, name).and_then(|group| group.id.as_ref());
    let groups = &cloudflare.user_groups;
    groups
        .iter()
        .find(|group| id.is_some_and(|id| group.id.as_str() == id.as_str()))
        .or_else(|| groups.iter().find(|group| group.name == name))
}

fn memberships(out: &mut Verification, wanted: &Wanted, authentik: &AuthentikSide, cloudflare: &CloudflareSide) {
    let mut names: BTreeMap<&str, String> = cloudflare
        .users
        .iter()
        .filter_map(|user| Some((user.id.as_ref()?.as_str(), user.user_name.as_ref()?.to_lowercase())))
        .collect();
    // Somebody whose address changed is still the same person.
    let links = links(authentik);
    for (user_name, person) in &wanted.people {
        for id in links.get(&person.pk).into_iter().flatten() {
            if names.get(id).is_some_and(|shown| !wanted.people.contains_key(shown)) {
                names.insert(id, user_name.clone());
            }
        }
    }
    let kept: BTreeSet<&str> = wanted.kept.iter().filter_map(|pk| links.get(pk)).flatten().copied().collect();
    out.memberships.wanted = wanted.memberships.len();
    let mut present = BTreeSet::new();
    for name in &wanted.groups {
        let Some(group) = scim_group(cloudflare, name) else { continue };
        for tag in group.members.iter().flatten().filter_map(|member| member.value.as_ref()) {
            match names.get(tag.as_str()) {
                _ if kept.contains(tag.as_str()) => {}
                Some(user_name) => {
                    present.insert((user_name.clone(), name.clone()));
                }
                None => out.findings.push(Finding::difference(
                    "unknown_member",
                    format!("group {name:?}"),
                    format!("has the member {tag}, who is no user of the account"),
                    SYNC,
                )),
            }
        }
    }
    for (user_name, group) in wanted.memberships.difference(&present) {
        out.findings.push(Finding::difference(
            "missing_membership",
            format!("user {user_name:?}, group {group:?}"),
            "the user is a member of the group in authentik, but not in Cloudflare",
            SYNC,
        ));
    }
    for (user_name, group) in present.difference(&wanted.memberships) {
        out.findings.push(Finding::difference(
            "extra_membership",
            format!("user {user_name:?}, group {group:?}"),
            "the user is a member of the group in Cloudflare, but not in authentik",
            SYNC,
        ));
    }
    out.memberships.present = wanted.memberships.intersection(&present).count();
}

/// A permission of the spec by label, name or id.
fn permission_id(cloudflare: &CloudflareSide, permission: &str) -> Result<PermissionGroupId, String> {
    let groups = &cloudflare.permission_groups;
    if let Some(group) = groups.iter().find(|it| it.id.as_str() == permission) {
        return Ok(group.id.clone());
    }
    let same = |text: Option<&str>| text.is_some_and(|text| text.eq_ignore_ascii_case(permission));
    let ids: BTreeSet<&PermissionGroupId> =
        groups.iter().filter(|it| same(it.name.as_deref()) || same(it.label())).map(|it| &it.id).collect();
    match ids.iter().collect::<Vec<_>>().as_slice() {
        [] => Err(format!("{permission:?} is no permission group of this account")),
        [id] => Ok((**id).clone()),
        several => {
            let several: Vec<&str> = several.iter().map(|id| id.as_str()).collect();
            Err(format!("{permission:?} is the name of several permission groups: {}", several.join(", ")))
        }
    }
}

/// What a group of the spec may do, in Cloudflare's terms.
///
/// # Errors
/// A sentence that says what Cloudflare does not have.
pub(crate) fn wanted_policies(spec: &Spec, cloudflare: &CloudflareSide, group: &str) -> Result<Vec<NewPolicy>, String> {
    let Some(policy) = policies_by_group(spec).get(group).copied() else { return Ok(Vec::new()) };
    let Some(resource) = &cloudflare.account_wide else {
        return Err("the account lists no resource group that stands for the whole account".to_owned());
    };
    let ids: Result<Vec<_>, String> = policy.permissions.iter().map(|it| permission_id(cloudflare, it)).collect();
    Ok(vec![NewPolicy::allow(ids?, [resource.clone()])])
}

fn policies(out: &mut Verification, spec: &Spec, wanted: &Wanted, cloudflare: &CloudflareSide) {
    let by_group = policies_by_group(spec);
    out.policies.wanted = by_group.len();
    for name in &wanted.groups {
        let Some(group) = user_group(cloudflare, name) else { continue };
        let what = format!("group {name:?}");
        if !by_group.contains_key(name.as_str()) {
            if group.policies.is_empty() {
                out.findings.push(Finding::warning(
                    "group_without_policy",
                    what,
                    "has no policy, so its members can do nothing by it and may be unable to log in",
                    "Give the group a policy.",
                ));
            }
            continue;
        }
        let wanted = match wanted_policies(spec, cloudflare, name) {
            Ok(wanted) => wanted,
            Err(why) => {
                out.findings.push(Finding::difference(
                    "impossible_policy",
                    what,
                    format!("cannot be given its policy: {why}"),
                    "Use a label, name or id that the account's permission groups have.",
                ));
                continue;
            }
        };
        if same_policies(&group.policies, &wanted, &cloudflare.resource_groups) {
            out.policies.present += 1;
        } else {
            out.findings.push(Finding::difference(
                "different_policies",
                what,
                "has other policies than the job gives it",
                "Run the job: it replaces them.",
            ));
        }
    }
}
