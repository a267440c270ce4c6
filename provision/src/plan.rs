//! Spec + what is → changes as data, each with its reason. No IO.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;

use authentik_client::ensure::{provider_patch, user_patch};
use authentik_client::id::UserPk;
use authentik_client::mapping::CLOUDFLARE_USER;
use authentik_client::model::{NewScimProvider, NewUser, ScimUserLink, UserType};
use authentik_client::profile::Discovery;
use cloudflare_scim::Cloudflare;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::finding::Finding;
use crate::guard::{self, Danger};
use crate::observe::Observed;
use crate::spec::{Person, Spec};
use crate::verify::{self, Verification};
use crate::world::{Wanted, World};

/// One change to one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// Create a user in authentik.
    CreateUser {
        /// The username.
        username: String,
    },
    /// Change a user in authentik.
    UpdateUser {
        /// The username.
        username: String,
    },
    /// Create a group in authentik.
    CreateGroup {
        /// The name.
        group: String,
    },
    /// Make a user a member of a group in authentik.
    AddMember {
        /// The group's name.
        group: String,
        /// The username.
        username: String,
    },
    /// Create the application in authentik.
    CreateApplication,
    /// Rename the application in authentik.
    UpdateApplication,
    /// Let a group pass the application.
    BindGroup {
        /// The group's name.
        group: String,
    },
    /// Create the property mapping in authentik.
    CreateMapping,
    /// Change the property mapping's expression.
    UpdateMapping,
    /// Create the SCIM provider in authentik, in dry run.
    CreateProvider,
    /// Change the SCIM provider.
    UpdateProvider {
        /// Which members of it.
        members: Vec<String>,
    },
    /// Make the provider a backchannel provider of the application.
    LinkProvider,
    /// Take the provider out of dry run, which starts the sync.
    LeaveDryRun,
    /// Start authentik's sync.
    Sync,
    /// Take away authentik's link to a SCIM user that is gone: only then the sync creates it anew. Nothing is
    /// deleted in Cloudflare.
    DropDeadLink {
        /// The username.
        username: String,
    },
    /// Replace the policies of a user group in Cloudflare.
    SetPolicies {
        /// The group's name.
        group: String,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateUser { username } => write!(f, "create the user {username:?}"),
            Self::UpdateUser { username } => write!(f, "update the user {username:?}"),
            Self::CreateGroup { group } => write!(f, "create the group {group:?}"),
            Self::AddMember { group, username } => write!(f, "add {username:?} to the group {group:?}"),
            Self::CreateApplication => f.write_str("create the application"),
            Self::UpdateApplication => f.write_str("rename the application"),
            Self::BindGroup { group } => write!(f, "bind the group {group:?} to the application"),
            Self::CreateMapping => f.write_str("create the property mapping"),
            Self::UpdateMapping => f.write_str("update the property mapping"),
            Self::CreateProvider => f.write_str("create the SCIM provider"),
            Self::UpdateProvider { members } => write!(f, "update the SCIM provider: {}", members.join(", ")),
            Self::LinkProvider => f.write_str("link the provider to the application"),
            Self::LeaveDryRun => f.write_str("leave dry run"),
            Self::Sync => f.write_str("start the sync"),
            Self::DropDeadLink { username } => write!(f, "drop the dead link of the user {username:?}"),
            Self::SetPolicies { group } => write!(f, "set the policies of the group {group:?}"),
        }
    }
}

/// A change and why it is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlannedChange {
    /// What.
    #[serde(flatten)]
    pub change: Change,
    /// Why.
    pub reason: String,
}

/// What a run would do, as data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// The changes, in the order in which they are made.
    pub changes: Vec<PlannedChange>,
    /// What a person should know before; a finding with severity `stop` forbids the run.
    pub findings: Vec<Finding>,
    /// People of this job who would lose their access, by userName.
    pub leavers: Vec<String>,
    /// What a sync leaves alone.
    pub untouched: Vec<String>,
    /// SHA-256 over all of the above: the same plan has the same checksum.
    pub checksum: String,
}

impl Plan {
    /// Whether nothing is to be changed.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    pub(crate) fn has(&self, is_it: impl Fn(&Change) -> bool) -> bool {
        self.changes.iter().any(|planned| is_it(&planned.change))
    }
}

/// The plan with what it was computed from.
#[derive(Debug, Clone)]
pub(crate) struct Outlook {
    pub(crate) plan: Plan,
    pub(crate) wanted: Wanted,
    pub(crate) verification: Verification,
}

pub(crate) fn new_user(person: &Person) -> NewUser {
    let user_type = if person.service_account { UserType::ServiceAccount } else { UserType::Internal };
    NewUser::new(&person.username, &person.name).email(&person.email).active(person.active).user_type(user_type)
}

/// The provider as it should be. Mappings and filters are ids of what may not exist yet, in which case the
/// provider does not exist either.
pub(crate) fn new_provider(spec: &Spec, cloudflare: &Cloudflare, observed: &Observed) -> NewScimProvider {
    let side = &observed.authentik;
    let mut provider =
        NewScimProvider::new(&spec.name, cloudflare.scim_base_url().to_string(), cloudflare.scim_token().secret());
    provider.property_mappings = side.user_mapping.iter().map(|mapping| mapping.pk.clone()).collect();
    provider.property_mappings_group = vec![side.group_mapping.pk.clone()];
    provider.group_filters =
        side.groups.iter().filter(|group| spec.groups.contains(&group.name)).map(|group| group.pk.clone()).collect();
    provider
}

pub(crate) fn outlook(spec: &Spec, cloudflare: &Cloudflare, observed: &Observed) -> Outlook {
    let world = World::of(&observed.authentik).with(spec);
    let wanted = world.wanted(spec);
    let url = cloudflare.scim_base_url().to_string();
    let danger = guard::judge(spec, &world, &wanted, &observed.authentik, &observed.cloudflare, &url);
    let verification = verify::verify(spec, &wanted, &observed.authentik, &observed.cloudflare);
    let mut plan = Planner { spec, cloudflare, observed, changes: Vec::new() };
    plan.directory();
    plan.application();
    plan.provider();
    plan.dead_links(&wanted);
    plan.sync(&verification, &danger);
    plan.policies(&wanted);
    let changes = plan.changes;
    let mut findings = danger.stops;
    findings.extend(danger.warnings);
    let sends = |planned: &PlannedChange| {
        matches!(
            planned.change,
            Change::LeaveDryRun | Change::Sync | Change::CreateProvider | Change::UpdateProvider { .. }
        )
    };
    findings.extend(surroundings(spec, observed, changes.iter().any(sends)));
    let leavers: Vec<String> = danger.leavers.into_iter().collect();
    let mut plan = Plan { changes, findings, leavers, untouched: danger.untouched, checksum: String::new() };
    plan.checksum = checksum(&plan);
    Outlook { plan, wanted, verification }
}

fn checksum(plan: &Plan) -> String {
    let mut hasher = Sha256::new();
    // A plan is made of strings and lists: serialising it cannot fail.
    hasher.update(serde_json::to_vec(plan).unwrap_or_default());
    hasher.finalize().iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// What a person should know of the two servers themselves.
fn surroundings(spec: &Spec, observed: &Observed, pending: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    let side = &observed.authentik;
    if !side.profile.known {
        found.push(Finding::warning(
            "unknown_version",
            side.profile.to_string(),
            "is newer than what this program knows, and is treated as the newest version that it knows",
            "Look for a newer version of this program.",
        ));
    }
    if !side.profile.group_filters {
        found.push(Finding::stop(
            "version_too_old",
            side.profile.to_string(),
            "cannot limit a SCIM provider to chosen groups (that came with 2026.2), so every group would be sent",
            "Update authentik.",
        ));
    }
    if side.profile.discovery == Discovery::Strict {
        let now = observed.cloudflare.shows_groups_as_strings();
        let resource = format!("{}, Cloudflare's list of users", side.profile);
        let cure = "Update authentik to 2026.5.4 or newer, or to 2026.8.";
        let what = "this authentik cannot read users whose groups are plain strings, as Cloudflare documents them";
        found.push(if now && pending {
            Finding::difference(
                "groups_as_strings",
                resource,
                format!("{what}: every sync would stop before it sends anything"),
                cure,
            )
        } else {
            Finding::warning(
                "groups_as_strings",
                resource,
                format!("{what}: every sync stops as soon as a listed user is in a group"),
                cure,
            )
        });
    }
    for rival in &side.rivals {
        found.push(Finding::warning(
            "second_provider",
            format!("SCIM provider {rival:?}"),
            format!("sends to the same Cloudflare account as {:?}; the two undo each other's work", spec.name),
            "Delete one of the two.",
        ));
    }
    if let Some(provider) = &side.provider
        && provider.property_mappings.contains(&side.default_user_mapping.pk)
    {
        found.push(Finding::warning(
            "default_mapping_attached",
            format!("SCIM provider {:?}", provider.name),
            "has authentik's default mapping of users, which Cloudflare refuses",
            "Run the job: it attaches its own mapping instead.",
        ));
    }
    found
}

/// authentik's links to SCIM users that Cloudflare does not hold.
pub(crate) fn dead_links(observed: &Observed) -> Vec<&ScimUserLink> {
    let ids = observed.cloudflare.user_ids();
    observed.authentik.user_links.iter().filter(|link| !ids.contains(&link.scim_id)).collect()
}

struct Planner<'a> {
    spec: &'a Spec,
    cloudflare: &'a Cloudflare,
    observed: &'a Observed,
    changes: Vec<PlannedChange>,
}

impl Planner<'_> {
    fn add(&mut self, change: Change, reason: impl Into<String>) {
        self.changes.push(PlannedChange { change, reason: reason.into() });
    }

    fn directory(&mut self) {
        let side = &self.observed.authentik;
        for person in &self.spec.directory.users {
            let username = person.username.clone();
            match side.users.iter().find(|user| user.username == username) {
                None => self.add(Change::CreateUser { username }, "the directory of the spec has it"),
                Some(user) if user_patch(user, &new_user(person)).is_some() => {
                    self.add(Change::UpdateUser { username }, "differs from the directory of the spec");
                }
                Some(_) => {}
            }
        }
        for team in &self.spec.directory.groups {
            let group = side.groups.iter().find(|group| group.name == team.name);
            if group.is_none() {
                self.add(Change::CreateGroup { group: team.name.clone() }, "the directory of the spec has it");
            }
            for username in &team.members {
                let pk = side.users.iter().find(|user| user.username == *username).map(|user| user.pk);
                let member = group.zip(pk).is_some_and(|(group, pk)| group.users.contains(&pk));
                if !member {
                    let change = Change::AddMember { group: team.name.clone(), username: username.clone() };
                    self.add(change, "the directory of the spec has it");
                }
            }
        }
    }

    fn application(&mut self) {
        let side = &self.observed.authentik;
        match &side.application {
            None => self.add(Change::CreateApplication, "authentik has no application with this slug"),
            Some(application) if application.name != self.spec.name => {
                self.add(Change::UpdateApplication, "has another name");
            }
            Some(_) => {}
        }
        for name in &self.spec.groups {
            let group = side.groups.iter().find(|group| group.name == *name);
            let bound = group.is_some_and(|group| {
                side.bindings.iter().any(|it| it.group.as_ref() == Some(&group.pk) && it.enabled && !it.negate)
            });
            if !bound {
                self.add(Change::BindGroup { group: name.clone() }, "puts its members into scope");
            }
        }
    }

    fn provider(&mut self) {
        let side = &self.observed.authentik;
        match &side.user_mapping {
            None => self.add(Change::CreateMapping, "Cloudflare refuses what the default mapping makes"),
            Some(mapping) if mapping.expression.trim() != CLOUDFLARE_USER.trim() => {
                self.add(Change::UpdateMapping, "has another expression");
            }
            Some(_) => {}
        }
        let Some(provider) = &side.provider else {
            self.add(Change::CreateProvider, "authentik has no SCIM provider of this name");
            self.add(Change::LinkProvider, "without an application a provider sends nothing");
            return;
        };
        let patch = provider_patch(provider, &new_provider(self.spec, self.cloudflare, self.observed));
        let new_groups = self.spec.groups.iter().any(|name| !side.groups.iter().any(|group| group.name == *name));
        let mut members: Vec<String> = patch.members().into_iter().map(str::to_owned).collect();
        if new_groups && !members.iter().any(|it| it == "group_filters") {
            members.push("group_filters".to_owned());
        }
        if side.user_mapping.is_none() && !members.iter().any(|it| it == "property_mappings") {
            members.push("property_mappings".to_owned());
        }
        if !members.is_empty() {
            self.add(Change::UpdateProvider { members }, "differs from what the job needs");
        }
        let linked = side.application.as_ref().is_some_and(|it| it.backchannel_providers.contains(&provider.pk));
        if !linked {
            self.add(Change::LinkProvider, "without an application a provider sends nothing");
        }
    }

    fn dead_links(&mut self, wanted: &Wanted) {
        let people: BTreeMap<UserPk, &str> =
            wanted.people.values().map(|person| (person.pk, person.username.as_str())).collect();
        for link in dead_links(self.observed) {
            if let Some(username) = people.get(&link.user) {
                let change = Change::DropDeadLink { username: (*username).to_owned() };
                self.add(change, "Cloudflare does not hold the user that authentik believes it has sent");
            }
        }
    }

    fn sync(&mut self, verification: &Verification, danger: &Danger) {
        let dry = self.observed.authentik.provider.as_ref().is_none_or(|provider| provider.dry_run);
        let left = verification.users.wanted - verification.users.present + verification.groups.wanted
            - verification.groups.present
            + verification.memberships.wanted
            - verification.memberships.present;
        let reason = match (left, danger.leavers.len()) {
            (0, 0) => "brings Cloudflare in line".to_owned(),
            (left, 0) => format!("{left} users, groups and memberships are to arrive or change"),
            (left, leavers) => {
                format!("{left} users, groups and memberships are to arrive or change, {leavers} people are to go")
            }
        };
        if dry {
            self.add(Change::LeaveDryRun, reason);
        } else if !verification.synced() || !danger.leavers.is_empty() || !danger.leaving_groups.is_empty() {
            self.add(Change::Sync, reason);
        }
    }

    fn policies(&mut self, wanted: &Wanted) {
        let side = &self.observed.cloudflare;
        for policy in &self.spec.policies {
            // A policy that Cloudflare cannot express is a finding, not a change.
            let Ok(new) = verify::wanted_policies(self.spec, side, &policy.group) else { continue };
            let same = verify::user_group(side, &policy.group)
                .is_some_and(|group| cloudflare_scim::same_policies(&group.policies, &new, &side.resource_groups));
            if !same && wanted.groups.contains(&policy.group) {
                let names = policy.permissions.iter().cloned().collect::<Vec<_>>().join(", ");
                self.add(Change::SetPolicies { group: policy.group.clone() }, format!("may do: {names}"));
            }
        }
    }
}
