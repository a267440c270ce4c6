use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest id that is believed, in bytes. Cloudflare's are 32 to 46 characters.
const MAX: usize = 256;

/// A text cannot be an id of the named kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not {what}: {reason}")]
pub struct InvalidId {
    what: &'static str,
    reason: &'static str,
}

impl InvalidId {
    pub(crate) fn empty(what: &'static str) -> Self {
        Self { what, reason: "it is empty" }
    }
}

fn check(what: &'static str, text: &str) -> Result<(), InvalidId> {
    let reason = if text.is_empty() {
        "it is empty"
    } else if text.len() > MAX {
        "it is longer than 256 bytes"
    } else if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        "it holds a blank or a control character"
    } else {
        return Ok(());
    };
    Err(InvalidId { what, reason })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal $(, $extra:path)?) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The id as it stands on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::try_from(text.to_owned())
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                check($what, &text)?;
                $(let text = $extra($what, &text)?;)?
                Ok(Self(text))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

fn hex32(what: &'static str, text: &str) -> Result<String, InvalidId> {
    if text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(InvalidId { what, reason: "it must be 32 hexadecimal digits" })
    }
}

id! {
    /// An account: 32 hexadecimal digits, kept in lower case.
    ///
    /// ```
    /// use cloudflare_scim::AccountId;
    ///
    /// let account: AccountId = "023E105F4ECEF8AD9CA31A8372D0C353".parse()?;
    /// assert_eq!(account.as_str(), "023e105f4ecef8ad9ca31a8372d0c353");
    /// assert!("my account".parse::<AccountId>().is_err());
    /// # Ok::<(), cloudflare_scim::InvalidId>(())
    /// ```
    AccountId, "an account id", hex32
}
id! {
    /// A person: the SCIM user's `id`, the `value` of a SCIM group's member, `user.id` of an account
    /// member. Not the id that `/members` and `/iam/user_groups/…/members` go by: that is a
    /// [`MembershipId`].
    UserTag, "a user tag"
}
id! {
    /// A person's membership of one account: what `/members` and `/iam/user_groups/…/members` go by.
    /// Ends with the membership; the [`UserTag`] stays.
    MembershipId, "a membership id"
}
id! {
    /// A user group, in v4 and (for groups that are no system groups) in SCIM alike.
    UserGroupId, "a user group id"
}
id! {
    /// A permission group. Its system group in SCIM is `cloudflare-v1-<this id>`.
    PermissionGroupId, "a permission group id"
}
id! {
    /// A resource group: the scope of a policy.
    ResourceGroupId, "a resource group id"
}
id! {
    /// A policy of a user group or member. Given anew by every write that replaces policies.
    PolicyId, "a policy id"
}
id! {
    /// A role of an account (deprecated by Cloudflare on 2026-07-21 in favour of permission groups).
    RoleId, "a role id"
}
id! {
    /// An API token's id (not its secret).
    TokenId, "a token id"
}
id! {
    /// An Access identity provider (Zero Trust): a UUID.
    IdentityProviderId, "an identity provider id"
}
id! {
    /// A person of Zero Trust: a UUID. No [`UserTag`], and no way to one but the e-mail address.
    AccessUserId, "an Access user id"
}
id! {
    /// An entry of the audit log.
    AuditLogId, "an audit log id"
}

impl RoleId {
    /// "Super Administrator - All Privileges": the role that repairs an account whose
    /// administrators were all deprovisioned (Cloudflare's SCIM troubleshooting page).
    pub fn super_administrator() -> Self {
        Self("33666b9c79b9a5273fc7344ff42f953d".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_an_id_is_refused_with_its_reason() {
        assert_eq!("".parse::<UserTag>().unwrap_err().to_string(), "not a user tag: it is empty");
        assert!("a b".parse::<UserTag>().is_err());
        assert!("a\n".parse::<MembershipId>().is_err());
        assert!("x".repeat(257).parse::<UserGroupId>().is_err());
        assert!("023e105f4ecef8ad9ca31a8372d0c35".parse::<AccountId>().is_err());
        assert!(serde_json::from_str::<UserTag>("\"\"").is_err());
        assert_eq!(format!("{:?}", "abc".parse::<UserTag>().unwrap()), "UserTag(abc)");
    }
}
