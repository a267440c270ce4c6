//! Resources: what a service provider keeps (RFC 7643 §3 and §4).
//!
//! [`User`] (§4.1) with [`EnterpriseUser`] (§4.3) and [`Group`] (§4.2) are typed, [`Resource`] is any resource of any
//! schema, [`view`] borrows from the body of a long list. All of them read leniently (names in any case, booleans as
//! text, ids as numbers, `null` and `[]` as absent, §2.5) and write by the letter; what they do not know stays in
//! [`Extra`] and is written back as it came. Two spellings of one attribute in one object are an error at every depth,
//! because which of them is meant nobody can know (§2.1). What servers send, and what becomes of it, is listed in
//! `docs/deviations.md`.
//!
//! ```
//! use scim_core::resource::User;
//! let body = r#"{"userName":"bjensen","ACTIVE":"True","groups":["g1"],"favouriteColour":"red"}"#;
//! let user: User = serde_json::from_str(body)?;
//! assert_eq!(user.active, Some(true));
//! assert_eq!(user.extra["favouriteColour"], "red");
//! assert_eq!(
//!     serde_json::to_string(&user)?,
//!     r#"{"userName":"bjensen","active":true,"groups":["g1"],"favouriteColour":"red"}"#
//! );
//! assert!(serde_json::from_str::<User>(r#"{"active":true,"Active":false}"#).is_err());
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! An error says where:
//!
//! ```
//! use scim_core::resource::User;
//! let error = serde_json::from_str::<User>(r#"{"emails":[{"value":"a"},{"primary":"perhaps"}]}"#).unwrap_err();
//! assert!(error.to_string().starts_with("in `emails[1].primary`: "));
//! ```
//!
//! Text is [`Text`](crate::Text): up to 23 bytes stand in the resource itself, so that most attributes need no
//! allocation. It is made with `.into()` and read as `&str`.

mod common;
mod dynamic;
mod extra;
mod folded;
mod group;
mod id;
pub(crate) mod secret;
mod user;
pub mod view;
pub(crate) mod wire;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::patch::{Applied, PatchError, PatchOp, PatchOptions};
use crate::schema::ResourceSchemas;

pub use common::{
    Address, Email, EnterpriseUser, Entitlement, GroupRef, Im, Manager, Member, Membership, Meta, Name, PhoneNumber,
    Photo, Role, X509Certificate,
};
pub use dynamic::{NotAResource, Resource};
pub(crate) use dynamic::{holds_nothing, is_unassigned};
pub use extra::Extra;
pub(crate) use folded::{FoldedNames, entry, get_folded, spelling};
pub use group::Group;
pub use id::{EmptyId, Password, ResourceId};
pub use user::User;

/// A typed resource: where it lives and what every resource has (RFC 7643 §3.1).
pub trait ScimResource: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// URI of its core schema.
    const SCHEMA: &'static str;
    /// Last segment of its endpoint, for example `Users`.
    const ENDPOINT: &'static str;
    /// Name of its resource type, for example `User`.
    const RESOURCE_TYPE: &'static str;

    /// The schemas that its resources have.
    fn resource_schemas() -> ResourceSchemas;

    /// Id given by the service provider.
    fn id(&self) -> Option<&ResourceId>;
    /// Id given by the client.
    fn external_id(&self) -> Option<&str>;
    /// What the service provider says about it.
    fn meta(&self) -> Option<&Meta>;

    /// Version for `If-Match`, from `meta.version`.
    fn version(&self) -> Option<&str> {
        self.meta().and_then(|meta| meta.version.as_deref())
    }

    /// Applies a PATCH: all of it, or nothing and an error. Service providers that keep JSON do better with
    /// [`PatchOp::apply`], which copies nothing.
    ///
    /// ```
    /// use scim_core::filter::attr;
    /// use scim_core::patch::{PatchOp, PatchOptions};
    /// use scim_core::resource::{ScimResource, User};
    /// let mut user = User::new("alice@example.com");
    /// let applied = user.apply(&PatchOp::new().replace(attr("active"), false), &PatchOptions::strict())?;
    /// assert!(applied.changed && user.active == Some(false));
    /// # Ok::<(), scim_core::patch::PatchError>(())
    /// ```
    ///
    /// # Errors
    /// As [`PatchOp::apply`].
    fn apply(&mut self, patch: &PatchOp, options: &PatchOptions) -> Result<Applied, PatchError> {
        self.apply_with(patch, &Self::resource_schemas(), options)
    }

    /// As [`apply`](Self::apply), with other schemas than [`resource_schemas`](Self::resource_schemas): those and the
    /// extensions of a service. Users and groups hold in `extra`, under its URI, what an extension of a service has;
    /// another type must have a place for it.
    ///
    /// ```
    /// use scim_core::patch::{PatchOp, PatchOptions};
    /// use scim_core::path::PatchPath;
    /// use scim_core::resource::{ScimResource, User};
    /// use scim_core::schema::{Attribute, AttributeType, Schema};
    /// let badge = Schema::new("urn:example:Badge", vec![Attribute::new("number", AttributeType::String)]);
    /// let schemas = User::resource_schemas().with_extension(badge);
    /// let mut user = User::new("alice@example.com");
    /// let patch = PatchOp::new().add(PatchPath::parse("urn:example:Badge:number")?, "17");
    /// user.apply_with(&patch, &schemas, &PatchOptions::strict())?;
    /// assert_eq!(user.extra["urn:example:Badge"]["number"], "17");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`PatchOp::apply`].
    fn apply_with(
        &mut self,
        patch: &PatchOp,
        schemas: &ResourceSchemas,
        options: &PatchOptions,
    ) -> Result<Applied, PatchError> {
        let unreadable =
            |error: serde_json::Error| PatchError::value(format!("the resource cannot be read back: {error}"));
        let mut value = serde_json::to_value(&*self).map_err(unreadable)?;
        let applied = patch.apply(&mut value, schemas, options)?;
        if applied.changed {
            *self = serde_json::from_value(value).map_err(unreadable)?;
        }
        Ok(applied)
    }
}

macro_rules! scim_resource {
    ($type:ty, $schema:expr, $endpoint:literal, $name:literal, $schemas:expr) => {
        impl ScimResource for $type {
            const SCHEMA: &'static str = $schema;
            const ENDPOINT: &'static str = $endpoint;
            const RESOURCE_TYPE: &'static str = $name;

            fn resource_schemas() -> ResourceSchemas {
                $schemas
            }

            fn id(&self) -> Option<&ResourceId> {
                self.id.as_ref()
            }
            fn external_id(&self) -> Option<&str> {
                self.external_id.as_deref()
            }
            fn meta(&self) -> Option<&Meta> {
                self.meta.as_ref()
            }
        }
    };
}

scim_resource!(User, crate::schema::USER, "Users", "User", ResourceSchemas::user());
scim_resource!(Group, crate::schema::GROUP, "Groups", "Group", ResourceSchemas::group());
