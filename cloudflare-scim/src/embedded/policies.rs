//! Policies and resource groups: read from requests, checked, shown.

use std::collections::BTreeSet;

use serde_json::Value;

use super::catalogue::{self, Known};
use super::state::{Group, Membership, Person, Refusal, State, StoredPolicy, StoredResourceGroup};
use super::switches::{PolicyIds, ScopeShape};
use crate::{
    Access, GroupMember, GroupMeta, Member, MemberStatus, MemberUser, PermissionGroup, PermissionGroupId, Policy,
    ResourceGroup, ResourceGroupId, Role, Scope, Scopes, UserGroup,
};

impl State {
    /// A policy that grants these permission groups on the whole account.
    pub(super) fn account_policy<const N: usize>(&mut self, permissions: [&str; N]) -> StoredPolicy {
        StoredPolicy {
            id: self.new_id(),
            access: Access::Allow,
            permission_groups: permissions.iter().filter_map(|id| id.parse().ok()).collect(),
            resource_groups: BTreeSet::from([self.account_wide.clone()]),
        }
    }

    /// Reads the policies of a request. Each names permission groups by id, and resource groups by id
    /// (OpenAPI) or by an inline scope (documents).
    pub(super) fn read_policies(&mut self, value: &Value) -> Result<Vec<StoredPolicy>, Refusal> {
        let invalid = |why: String| Refusal::Invalid(why);
        let list = value.as_array().ok_or_else(|| invalid("policies must be a list".into()))?;
        let mut policies = Vec::new();
        for item in list {
            let access = match item.get("access").and_then(Value::as_str) {
                Some("allow") => Access::Allow,
                Some("deny") => Access::Deny,
                _ => return Err(invalid("access must be allow or deny".into())),
            };
            let mut permission_groups = BTreeSet::new();
            for group in items(item, "permission_groups")? {
                let id = group.get("id").and_then(Value::as_str).unwrap_or_default();
                let known = catalogue::find(id).ok_or_else(|| invalid(format!("unknown permission group: {id}")))?;
                permission_groups.extend(known.id.parse::<PermissionGroupId>());
            }
            let mut resource_groups = BTreeSet::new();
            for group in items(item, "resource_groups")? {
                resource_groups.insert(self.resolve_resource_group(group)?);
            }
            if permission_groups.is_empty() || resource_groups.is_empty() {
                return Err(invalid("a policy needs permission_groups and resource_groups".into()));
            }
            let sent = item.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
            let id = match (sent, self.switches.policy_ids) {
                (Some(id), PolicyIds::Kept) => id,
                _ => self.new_id(),
            };
            policies.push(StoredPolicy { id, access, permission_groups, resource_groups });
        }
        Ok(policies)
    }

    fn resolve_resource_group(&mut self, value: &Value) -> Result<ResourceGroupId, Refusal> {
        if let Some(id) = value.get("id").and_then(Value::as_str) {
            return self
                .resource_group(id)
                .map(|group| group.id.clone())
                .ok_or_else(|| Refusal::Invalid(format!("unknown resource group: {id}")));
        }
        let scope = read_scope(value.get("scope"))?;
        if let Some(group) = self.resource_groups.iter().find(|group| group.scope == scope) {
            return Ok(group.id.clone());
        }
        Ok(self.put_resource_group(scope.key.clone(), scope))
    }

    pub(super) fn put_resource_group(&mut self, name: String, scope: Scope) -> ResourceGroupId {
        let id: ResourceGroupId = self.new_id();
        self.resource_groups.push(StoredResourceGroup { id: id.clone(), name, scope, editable: true });
        id
    }

    pub(super) fn resource_group(&self, id: &str) -> Option<&StoredResourceGroup> {
        self.resource_groups.iter().find(|group| group.id.as_str() == id)
    }

    // What is shown: the client's own types.

    pub(super) fn show_resource_group(&self, group: &StoredResourceGroup) -> ResourceGroup {
        let scope = match self.switches.scope_shape {
            ScopeShape::Array => Scopes::Many(vec![group.scope.clone()]),
            ScopeShape::Object => Scopes::One(group.scope.clone()),
        };
        ResourceGroup {
            id: Some(group.id.clone()),
            name: Some(group.name.clone()),
            // A text, not a boolean: seen so.
            meta: Some(GroupMeta::from_iter([("editable".to_owned(), group.editable.to_string())])),
            scope: Some(scope),
            extra: serde_json::Map::new(),
        }
    }

    pub(super) fn show_policy(&self, policy: &StoredPolicy) -> Policy {
        Policy {
            id: Some(policy.id.clone()),
            access: policy.access.clone(),
            permission_groups: policy
                .permission_groups
                .iter()
                .filter_map(|id| catalogue::find(id.as_str()))
                .filter_map(show_permission_group)
                .collect(),
            resource_groups: policy
                .resource_groups
                .iter()
                .filter_map(|id| self.resource_group(id.as_str()))
                .map(|group| self.show_resource_group(group))
                .collect(),
            extra: serde_json::Map::new(),
        }
    }

    pub(super) fn show_group(&self, group: &Group) -> UserGroup {
        UserGroup {
            id: group.id.clone(),
            name: group.name.clone(),
            created_on: Some(time(group.created)),
            modified_on: Some(time(group.modified)),
            policies: group.policies.iter().map(|policy| self.show_policy(policy)).collect(),
            extra: serde_json::Map::from_iter([("status".to_owned(), Value::from("V"))]),
        }
    }

    pub(super) fn show_member(&self, member: &Membership) -> Option<Member> {
        let person = self.person(&member.tag)?;
        let roles = catalogue::ALL.iter().filter(|known| known.account && self.holds(member, known));
        Some(Member {
            id: member.id.clone(),
            email: Some(person.email.clone()),
            status: Some(member.status.clone()),
            user: Some(show_person(person, &member.status)),
            roles: roles.filter_map(show_role).collect(),
            policies: member.policies.iter().map(|policy| self.show_policy(policy)).collect(),
            extra: serde_json::Map::new(),
        })
    }

    pub(super) fn show_group_member(
        &self,
        member: &Membership,
        joined: Option<jiff::Timestamp>,
    ) -> Option<GroupMember> {
        let person = self.person(&member.tag)?;
        Some(GroupMember {
            id: member.id.clone(),
            email: Some(person.email.clone()),
            status: Some(member.status.clone()),
            created_at: joined.map(time),
            user: joined
                .map(|_| MemberUser { two_factor_authentication_enabled: None, ..show_person(person, &member.status) }),
            extra: serde_json::Map::new(),
        })
    }
}

fn show_person(person: &Person, status: &MemberStatus) -> MemberUser {
    MemberUser {
        // Seen: invitations that nobody has taken up have no user id yet.
        id: (*status != MemberStatus::Pending).then(|| person.tag.clone()),
        email: Some(person.email.clone()),
        first_name: person.given_name.clone(),
        last_name: person.family_name.clone(),
        two_factor_authentication_enabled: Some(false),
        extra: serde_json::Map::new(),
    }
}

pub(super) fn show_permission_group(known: &Known) -> Option<PermissionGroup> {
    let scope = if known.account { "com.cloudflare.api.account" } else { "com.cloudflare.api.account.zone" };
    let meta = [
        ("label", known.label),
        ("scopes", scope),
        ("description", known.description),
        // A text, not a boolean: seen so.
        ("editable", "false"),
    ];
    Some(PermissionGroup {
        id: known.id.parse().ok()?,
        name: Some(known.name.to_owned()),
        meta: Some(meta.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()),
        extra: serde_json::Map::new(),
    })
}

pub(super) fn show_role(known: &Known) -> Option<Role> {
    let all = known.id == catalogue::SUPER_ADMINISTRATOR || known.label == "account_admin";
    let kinds = [
        "analytics",
        "billing",
        "cache_purge",
        "dns",
        "dns_records",
        "lb",
        "logs",
        "organization",
        "ssl",
        "waf",
        "zone_settings",
        "zones",
    ];
    let grants = |kind: &str| {
        let read = all || known.label.starts_with(kind);
        (kind.to_owned(), serde_json::json!({ "read": read, "write": all }))
    };
    Some(Role {
        id: known.id.parse().ok()?,
        name: Some(known.name.to_owned()),
        description: Some(known.description.to_owned()),
        permissions: kinds.iter().map(|kind| grants(kind)).collect(),
        extra: serde_json::Map::new(),
    })
}

fn items<'a>(value: &'a Value, name: &str) -> Result<&'a [Value], Refusal> {
    let list = value.get(name).and_then(Value::as_array);
    list.map(Vec::as_slice).ok_or_else(|| Refusal::Invalid(format!("{name} must be a list")))
}

/// A scope in either shape: one object, or a list of one.
pub(super) fn read_scope(value: Option<&Value>) -> Result<Scope, Refusal> {
    let invalid = || Refusal::Invalid("scope must have a key and objects".into());
    let value = value.ok_or_else(invalid)?;
    let scope = match value.as_array() {
        Some(list) => list.first().ok_or_else(invalid)?,
        None => value,
    };
    let scope: Scope = serde_json::from_value(scope.clone()).map_err(|_| invalid())?;
    if scope.key.is_empty() || scope.objects.is_empty() { Err(invalid()) } else { Ok(scope) }
}

/// A time as v4 writes it.
pub(super) fn time(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}
