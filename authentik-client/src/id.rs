//! Identifiers, each its own type: an integer pk of a user is not one of a provider, and a group's
//! uuid is not an application's.
//!
//! ```
//! use authentik_client::id::{ApplicationPk, GroupUuid, ProviderPk, UserPk, UserUid};
//! let uuid = "09e8b9d9-8d7b-4075-a90c-9ff885f4d8a6";
//! let (group, application): (GroupUuid, ApplicationPk) = (uuid.parse()?, uuid.parse()?);
//! assert!(uuid.parse::<UserUid>().is_err() && uuid.parse::<UserPk>().is_err());
//! # Ok::<(), authentik_client::id::InvalidId>(())
//! ```
//!
//! A number is not any number:
//!
//! ```compile_fail,E0308
//! use authentik_client::id::{ProviderPk, UserPk};
//! let provider: ProviderPk = UserPk::new(7);
//! ```
//!
//! A uuid is not any uuid (a binding takes the application's `pk`, then the group):
//!
//! ```compile_fail,E0308
//! # use authentik_client::{id::{ApplicationPk, GroupUuid}, model::NewPolicyBinding};
//! fn bind(application: ApplicationPk, group: GroupUuid) -> NewPolicyBinding {
//!     NewPolicyBinding::group(group, application)
//! }
//! ```
//!
//! An application's slug is not its `pk`, and a user's `uid` is not a `pk`:
//!
//! ```compile_fail,E0308
//! # use authentik_client::{id::{ApplicationPk, ApplicationSlug}, Authentik, model::Application};
//! async fn read(authentik: &Authentik, pk: &ApplicationPk) -> Result<Application, authentik_client::Error> {
//!     authentik.applications().get(pk).await
//! }
//! ```
//!
//! ```compile_fail,E0308
//! # use authentik_client::{id::UserUid, Authentik, model::User};
//! async fn read(authentik: &Authentik, uid: &UserUid) -> Result<User, authentik_client::Error> {
//!     authentik.users().get(uid).await
//! }
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! integer_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// The id with this number.
            pub const fn new(number: i64) -> Self {
                Self(number)
            }

            /// The number.
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.parse().map(Self).map_err(|_| InvalidId(stringify!($name)))
            }
        }
    };
}

macro_rules! text_id {
    ($(#[$meta:meta])* $name:ident, $valid:expr) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id as authentik writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) { Ok(Self(text.to_owned())) } else { Err(InvalidId(stringify!($name))) }
            }
        }
    };
}

/// A text is not an id of the kind named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {0}")]
pub struct InvalidId(&'static str);

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_slug(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn is_application_slug(text: &str) -> bool {
    // authentik's own URLs use these (facts/authentik.md §2).
    const RESERVED: [&str; 6] = ["authorize", "token", "device", "userinfo", "introspect", "revoke"];
    is_slug(text) && !RESERVED.contains(&text)
}

fn is_uid(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

integer_id! {
    /// A SCIM provider's `pk`.
    ProviderPk
}
integer_id! {
    /// A user's `pk`.
    UserPk
}
text_id! {
    /// A group's `pk`: a uuid. What authentik sends as the group's `externalId`.
    GroupUuid, is_uuid
}
text_id! {
    /// A user's `uid`: 64 hexadecimal digits. What authentik sends as the user's `externalId`.
    UserUid, is_uid
}
text_id! {
    /// An application's `pk`: a uuid. What a policy binding targets.
    ApplicationPk, is_uuid
}
text_id! {
    /// An application's slug: letters, digits, `-` and `_`. What an application is found by.
    ApplicationSlug, is_application_slug
}
text_id! {
    /// A property mapping's `pk`: a uuid.
    MappingUuid, is_uuid
}
text_id! {
    /// A policy binding's `pk`: a uuid.
    BindingUuid, is_uuid
}
text_id! {
    /// A schedule's id: a uuid.
    ScheduleUuid, is_uuid
}
text_id! {
    /// A task's `message_id`: a uuid.
    TaskUuid, is_uuid
}
text_id! {
    /// The id of a link between an authentik object and a SCIM resource: a uuid.
    LinkUuid, is_uuid
}
text_id! {
    /// An event's `pk`: a uuid.
    EventUuid, is_uuid
}

text_id! {
    /// A token's identifier: letters, digits, `-` and `_`. What a token is found by; not its key.
    TokenIdentifier, is_slug
}

impl GroupUuid {
    /// The uuid that logs write without hyphens.
    pub(crate) fn from_hex(hex: &str) -> Option<Self> {
        if hex.len() != 32 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return hex.parse().ok();
        }
        let bits = u128::from_str_radix(hex, 16).ok()?;
        let text = format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            bits >> 96,
            (bits >> 80) & 0xffff,
            (bits >> 64) & 0xffff,
            (bits >> 48) & 0xffff,
            bits & 0xffff_ffff_ffff
        );
        Some(Self(text))
    }

    /// A uuid of zeros that ends in a number: for a group that does not exist yet. authentik's own are
    /// random.
    pub fn from_number(number: u64) -> Self {
        Self(format!("00000000-0000-0000-0000-{:012x}", number & 0xffff_ffff_ffff))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked() {
        assert!("8335dd14-b316-4ba8-8967-0e3be6011698".parse::<GroupUuid>().is_ok());
        assert!("8335dd14b3164ba889670e3be6011698".parse::<GroupUuid>().is_err());
        for odd in ["a/b", "", "a b", "ä", "token", "authorize"] {
            assert!(odd.parse::<ApplicationSlug>().is_err(), "{odd:?}");
        }
        assert!("cloudflare-lab_2".parse::<ApplicationSlug>().is_ok());
        let hex = "09e8b9d98d7b4075a90c9ff885f4d8a6";
        assert_eq!(GroupUuid::from_hex(hex).unwrap().as_str(), "09e8b9d9-8d7b-4075-a90c-9ff885f4d8a6");
        assert!(GroupUuid::from_hex("09e8").is_none());
        assert!("12".parse::<UserPk>().is_ok());
        assert!("x".parse::<ProviderPk>().is_err());
    }
}
