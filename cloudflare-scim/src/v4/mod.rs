//! v4 around an account's identities: user groups and their members, account members, permission
//! and resource groups, roles, audit logs, tokens. Reached from [`Cloudflare`](crate::Cloudflare).

/// An enumeration on the wire that may grow: known words, and any other kept as it is.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(from = "String", into = "String")]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
            /// A word that this crate does not know.
            Other(String),
        }

        impl $name {
            /// As it stands on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                match word.as_str() {
                    $($word => Self::$variant,)+
                    _ => Self::Other(word),
                }
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.as_str().to_owned()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

mod audit;
mod audit_query;
mod group_members;
mod members;
mod permission_groups;
mod policy;
mod resource_groups;
mod roles;
mod tokens;
mod user_groups;

pub use audit::{AuditAction, AuditActor, AuditDeed, AuditEntry, AuditLogs, AuditRaw, AuditResource};
pub use audit_query::{AuditField, AuditQuery};
pub use group_members::{GroupMember, GroupMembers};
pub use members::{Member, MemberPatch, MemberStatus, MemberUser, Members, NewMember};
pub use permission_groups::{GroupMeta, PermissionGroup, PermissionGroups};
pub use policy::{Access, NewPolicy, Policy, same_policies};
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
