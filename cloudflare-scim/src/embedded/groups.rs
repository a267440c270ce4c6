//! Rules about user groups, whichever API asks, and the system groups that SCIM shows.

use super::catalogue::{self, Known};
use super::state::{Group, Membership, Refusal, State, StoredPolicy};
use super::switches::{GroupAdoption, ReservedPrefix, SystemGroups};
use crate::{Access, UserGroupId, UserTag};

/// What the ids of system groups begin with.
pub(super) const SYSTEM_PREFIX: &str = "cloudflare-v1-";

impl State {
    /// Makes a group for the dashboard's or v4's sake.
    pub(super) fn create_group(&mut self, name: &str, policies: Vec<StoredPolicy>) -> Result<UserGroupId, Refusal> {
        if name.trim().is_empty() {
            return Err(Refusal::Invalid("name must not be empty".into()));
        }
        if self.group_by_name(name).is_some() {
            return Err(Refusal::NameTaken);
        }
        Ok(self.new_group(name, policies, false))
    }

    /// Makes a group for SCIM's sake. A dashboard group of that name is taken over (by switch).
    pub(super) fn provision_group(&mut self, name: &str, external_id: Option<String>) -> Result<UserGroupId, Refusal> {
        self.check_scim_name(name)?;
        let id = match self.group_by_name(name) {
            Some(group) if group.managed || self.switches.group_adoption == GroupAdoption::Conflict => {
                return Err(Refusal::NameTaken);
            }
            Some(group) => group.id.clone(),
            None => self.new_group(name, Vec::new(), true),
        };
        let now = self.now();
        if let Some(group) = self.group_mut(&id) {
            group.managed = true;
            group.external_id = external_id;
            group.modified = now;
        }
        Ok(id)
    }

    /// A name that SCIM may give.
    pub(super) fn check_scim_name(&self, name: &str) -> Result<(), Refusal> {
        if name.trim().is_empty() {
            return Err(Refusal::Invalid("displayName must not be empty".into()));
        }
        let reserved = match self.switches.reserved_prefix {
            ReservedPrefix::Exact => name.starts_with("CF"),
            ReservedPrefix::AnyCase => name.get(..2).is_some_and(|head| head.eq_ignore_ascii_case("CF")),
        };
        if reserved {
            return Err(Refusal::Invalid(
                "displayName must not begin with CF: that is reserved for system groups".into(),
            ));
        }
        Ok(())
    }

    fn new_group(&mut self, name: &str, policies: Vec<StoredPolicy>, managed: bool) -> UserGroupId {
        let id: UserGroupId = self.new_id();
        let now = self.now();
        self.put_group(Group {
            id: id.clone(),
            name: name.to_owned(),
            external_id: None,
            managed,
            created: now,
            modified: now,
            policies,
            members: std::collections::BTreeMap::new(),
        });
        id
    }

    /// Makes these the members of a group, and nobody else.
    pub(super) fn replace_members(&mut self, id: &UserGroupId, tags: &[UserTag]) {
        let now = self.now();
        let wanted: std::collections::BTreeSet<&UserTag> = tags.iter().collect();
        let gone: Vec<UserTag> = match self.group_mut(id) {
            Some(group) => {
                group.modified = now;
                group.members.keys().filter(|tag| !wanted.contains(tag)).cloned().collect()
            }
            None => return,
        };
        for tag in &gone {
            self.leave(id, tag);
        }
        for tag in tags {
            self.join(id, tag, now);
        }
    }

    // System groups: one for each permission group about the whole account. Its members are the
    // people who hold that permission group directly.

    /// The permission groups that have a system group, by the switch.
    pub(super) fn system_groups(&self) -> impl Iterator<Item = &'static Known> + use<> {
        let shown = self.switches.system_groups == SystemGroups::On;
        catalogue::ALL.iter().filter(move |known| shown && known.account)
    }

    /// The system group of this id.
    pub(super) fn system_group(&self, id: &str) -> Option<&'static Known> {
        let tag = id.strip_prefix(SYSTEM_PREFIX)?;
        self.system_groups().find(|known| known.id == tag)
    }

    /// The name of a system group: `CF-<account id> - <role>`.
    pub(super) fn system_group_name(&self, known: &Known) -> String {
        format!("CF-{} - {}", self.account, known.name)
    }

    /// Whether somebody holds a permission group directly and for the whole account.
    pub(super) fn holds(&self, membership: &Membership, known: &Known) -> bool {
        membership.policies.iter().any(|policy| {
            policy.access == Access::Allow
                && policy.permission_groups.iter().any(|id| id.as_str() == known.id)
                && policy.resource_groups.contains(&self.account_wide)
        })
    }

    /// Gives or takes a permission group directly: what adding to or removing from its system group means.
    pub(super) fn set_held(&mut self, tag: &UserTag, known: &'static Known, held: bool) {
        let Some(membership) = self.membership_of(tag) else { return };
        let holds = self.holds(membership, known);
        let account = self.account_wide.clone();
        let policy = self.account_policy([known.id]);
        let Some(membership) = self.membership_of_mut(tag) else { return };
        if held {
            membership.granted.insert(known.id);
            membership.policies.extend(Some(policy).filter(|_| !holds));
            return;
        }
        membership.granted.remove(known.id);
        for policy in &mut membership.policies {
            if policy.access == Access::Allow && policy.resource_groups.contains(&account) {
                policy.permission_groups.retain(|id| id.as_str() != known.id);
            }
        }
        membership.policies.retain(|policy| !policy.permission_groups.is_empty());
    }
}
