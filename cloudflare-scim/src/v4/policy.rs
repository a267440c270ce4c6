use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{PermissionGroup, ResourceGroup};
use crate::{PermissionGroupId, PolicyId, ResourceGroupId, lenient};

words! {
    /// What a policy does with its permissions.
    Access {
        /// Grants them.
        Allow = "allow",
        /// Takes them away, whatever other policies grant.
        Deny = "deny",
    }
}

/// A policy as Cloudflare shows it: which permissions on which resources.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Policy {
    /// The policy's id; a new one after every write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<PolicyId>,
    /// Allow or deny.
    #[serde(default = "allow")]
    pub access: Access,
    /// The permissions.
    #[serde(default, deserialize_with = "lenient::null_default")]
    pub permission_groups: Vec<PermissionGroup>,
    /// The resources.
    #[serde(default, deserialize_with = "lenient::null_default")]
    pub resource_groups: Vec<ResourceGroup>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

fn allow() -> Access {
    Access::Allow
}

/// A policy to be written. Two are equal if they say the same, in whatever order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NewPolicy {
    access: Access,
    permission_groups: BTreeSet<PermissionGroupId>,
    resource_groups: BTreeSet<ResourceGroupId>,
}

impl NewPolicy {
    /// Grants these permissions on these resources: see
    /// [`ResourceGroups::account_wide`](super::ResourceGroups::account_wide).
    pub fn allow(
        permission_groups: impl IntoIterator<Item = PermissionGroupId>,
        resource_groups: impl IntoIterator<Item = ResourceGroupId>,
    ) -> Self {
        Self {
            access: Access::Allow,
            permission_groups: permission_groups.into_iter().collect(),
            resource_groups: resource_groups.into_iter().collect(),
        }
    }

    /// Takes these permissions on these resources away.
    pub fn deny(
        permission_groups: impl IntoIterator<Item = PermissionGroupId>,
        resource_groups: impl IntoIterator<Item = ResourceGroupId>,
    ) -> Self {
        Self { access: Access::Deny, ..Self::allow(permission_groups, resource_groups) }
    }

    /// Allow or deny.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// The permissions.
    pub fn permission_groups(&self) -> &BTreeSet<PermissionGroupId> {
        &self.permission_groups
    }

    /// The resources.
    pub fn resource_groups(&self) -> &BTreeSet<ResourceGroupId> {
        &self.resource_groups
    }
}

/// The reference by which a write names something: `{"id": …}`.
#[derive(Serialize)]
pub(super) struct Ref<'a> {
    pub(super) id: &'a str,
}

impl Serialize for NewPolicy {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Body<'a> {
            access: &'a Access,
            permission_groups: Vec<Ref<'a>>,
            resource_groups: Vec<Ref<'a>>,
        }
        Body {
            access: &self.access,
            permission_groups: self.permission_groups.iter().map(|id| Ref { id: id.as_str() }).collect(),
            resource_groups: self.resource_groups.iter().map(|id| Ref { id: id.as_str() }).collect(),
        }
        .serialize(serializer)
    }
}

impl Policy {
    /// Whether this is the policy that `wanted` asks for. Ids of policies do not matter; a resource
    /// group that is shown without its id (as the documents do) is known by its name or scope.
    pub fn matches(&self, wanted: &NewPolicy, known: &[ResourceGroup]) -> bool {
        let permissions: BTreeSet<&PermissionGroupId> = self.permission_groups.iter().map(|group| &group.id).collect();
        let resources: Option<BTreeSet<&ResourceGroupId>> =
            self.resource_groups.iter().map(|group| group.identify(known)).collect();
        self.access == wanted.access
            && permissions.iter().copied().eq(wanted.permission_groups.iter())
            && resources.is_some_and(|resources| resources.iter().copied().eq(wanted.resource_groups.iter()))
    }

    /// The policy to write that says the same; `None` if a resource group is shown without its id
    /// and is not among `known`.
    pub fn to_new(&self, known: &[ResourceGroup]) -> Option<NewPolicy> {
        let resources: Option<BTreeSet<ResourceGroupId>> =
            self.resource_groups.iter().map(|group| group.identify(known).cloned()).collect();
        Some(NewPolicy {
            access: self.access.clone(),
            permission_groups: self.permission_groups.iter().map(|group| group.id.clone()).collect(),
            resource_groups: resources?,
        })
    }
}

/// Whether what an account `shows` is what was `wanted`, compared as sets: order, repetitions and
/// policy ids do not matter. `known` resolves resource groups that are shown without their id.
pub fn same_policies(shown: &[Policy], wanted: &[NewPolicy], known: &[ResourceGroup]) -> bool {
    let shown: Option<BTreeSet<NewPolicy>> = shown.iter().map(|policy| policy.to_new(known)).collect();
    shown.is_some_and(|shown| shown.iter().eq(wanted.iter().collect::<BTreeSet<_>>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(value: Value) -> Policy {
        serde_json::from_value(value).unwrap()
    }

    fn wanted(permissions: &[&str], resources: &[&str]) -> NewPolicy {
        NewPolicy::allow(
            permissions.iter().map(|id| id.parse().unwrap()),
            resources.iter().map(|id| id.parse().unwrap()),
        )
    }

    #[test]
    fn order_repetition_and_ids_do_not_matter() {
        let a = shown(json!({"id":"1","access":"allow","permission_groups":[{"id":"p2"},{"id":"p1"}],
            "resource_groups":[{"id":"r","scope":[]}]}));
        let b =
            shown(json!({"id":"2","access":"allow","permission_groups":[{"id":"p3"}],"resource_groups":[{"id":"r"}]}));
        let want = [wanted(&["p3"], &["r"]), wanted(&["p1", "p2"], &["r"]), wanted(&["p3"], &["r"])];
        assert!(same_policies(&[a.clone(), b.clone()], &want, &[]));
        assert!(same_policies(&[b, a.clone()], &want, &[]));
        assert!(!same_policies(&[a], &want, &[]));
        assert!(same_policies(&[], &[], &[]));
    }

    #[test]
    fn access_and_resources_matter() {
        let policy = shown(json!({"access":"deny","permission_groups":[{"id":"p"}],"resource_groups":[{"id":"r"}]}));
        assert!(!policy.matches(&wanted(&["p"], &["r"]), &[]));
        assert!(policy.matches(&NewPolicy::deny(["p".parse().unwrap()], ["r".parse().unwrap()]), &[]));
        let other = shown(json!({"access":"allow","permission_groups":[{"id":"p"}],"resource_groups":[{"id":"s"}]}));
        assert!(!other.matches(&wanted(&["p"], &["r"]), &[]));
    }

    #[test]
    fn a_resource_group_without_id_is_known_by_its_scope() {
        let known: ResourceGroup = serde_json::from_value(json!({"id":"r","name":"com.cloudflare.api.account.x",
            "scope":[{"key":"com.cloudflare.api.account.x","objects":[{"key":"*"}]}]}))
        .unwrap();
        let policy = shown(json!({"access":"allow","permission_groups":[{"id":"p"}],
            "resource_groups":[{"scope":{"key":"com.cloudflare.api.account.x","objects":[{"key":"*"}]}}]}));
        assert!(policy.matches(&wanted(&["p"], &["r"]), std::slice::from_ref(&known)));
        assert!(!policy.matches(&wanted(&["p"], &["r"]), &[]));
        assert!(!same_policies(&[policy], &[wanted(&["p"], &["q"])], &[known]));
    }

    #[test]
    fn what_is_written_is_what_is_documented() {
        assert_eq!(
            serde_json::to_value(wanted(&["p"], &["r"])).unwrap(),
            json!({"access":"allow","permission_groups":[{"id":"p"}],"resource_groups":[{"id":"r"}]})
        );
    }
}
