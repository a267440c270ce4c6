//! v4 around an account's identities: user groups and their members, account members, permission
//! and resource groups, roles, audit logs, tokens. Reached from [`Cloudflare`](crate::Cloudflare).

mod audit;
mod audit_history;
mod audit_query;
mod audit_v1;
mod group_members;
mod members;
mod permission_groups;
mod policy;
mod policy_parts;
mod resource_groups;
mod roles;
mod tokens;
mod user_groups;

pub use audit::{AuditAction, AuditActor, AuditDeed, AuditEntry, AuditLogs, AuditRaw, AuditResource};
pub use audit_history::{AuditHistory, AuditHistoryQuery, HistoryStatus};
pub use audit_query::{AuditField, AuditQuery};
pub use audit_v1::{AuditActorV1, AuditDeedV1, AuditEntryV1, AuditLogsV1};
pub use group_members::{GroupMember, GroupMembers};
pub use members::{Member, MemberPatch, MemberStatus, MemberUser, Members, NewMember};
pub use permission_groups::{GroupMeta, PermissionGroup, PermissionGroups};
pub use policy::{Access, NewPolicy, Policy, same_policies};
pub use policy_parts::{PolicyParts, UnknownPermission};
pub use resource_groups::{ResourceGroup, ResourceGroups, Scope, ScopeObject, Scopes};
pub use roles::{Role, Roles};
pub use tokens::{TokenCheck, TokenOwner, TokenStatus, Tokens};
pub use user_groups::{NewUserGroup, UserGroup, UserGroupPatch, UserGroups};

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Smallest or oldest first.
    Ascending,
    /// Largest or newest first.
    Descending,
}

impl Direction {
    /// As it stands on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
        }
    }
}
