//! authentik's objects as its API writes them, one file per kind.
//!
//! Every object has the members that SCIM provisioning needs as fields and keeps all others in
//! `extra`, so that an object read and written again loses nothing. The embedded authentik uses the
//! same types.

mod application;
mod binding;
mod directory;
mod instance;
mod link;
mod mapping;
mod page;
mod provider;
mod schedule;
mod task;
mod token;

pub use application::{Application, ApplicationPatch, CheckAccess, NewApplication, PolicyEngineMode};
pub use binding::{BindingSubject, NewPolicyBinding, PolicyBinding};
pub use directory::{Group, GroupPatch, NewGroup, NewUser, User, UserPatch, UserType};
pub use instance::{Event, Me, Version, Whoami};
pub use link::{NewScimGroupLink, NewScimUserLink, ScimGroupLink, ScimUserLink};
pub use mapping::{MappingTest, NewScimMapping, ScimMapping, ScimMappingPatch};
pub use page::{Page, Pagination};
pub use provider::{AuthMode, CompatibilityMode, NewScimProvider, ScimProvider, ScimProviderPatch, SyncStatus};
pub use schedule::{Schedule, SchedulePatch};
pub use task::{LogLevel, LogLine, Task, TaskState};
pub use token::{NewToken, Token, TokenIntent};

/// A string enum of the wire that keeps values which it does not know.
macro_rules! open_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$vmeta])* $variant,)+
            /// A value of a newer authentik.
            Other(String),
        }

        impl $name {
            /// The value as authentik writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)+
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Ok(Self::from(text.as_ref()))
            }
        }
    };
}
pub(crate) use open_enum;

/// The members of an object that have no field of their own.
pub type Extra = serde_json::Map<String, serde_json::Value>;
