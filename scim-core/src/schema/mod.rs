//! Schemas: which attributes a resource has and what may be done with them (RFC 7643 §2, §7 and §8.7).
//!
//! The schemas of User, Group and Enterprise User are built in, as the documents that a service
//! provider serves at `/Schemas`, corrected by the verified errata. Others are added at run time:
//!
//! ```
//! use scim_core::schema::{Schema, SchemaRegistry, USER};
//! let badge: Schema = serde_json::from_str(r#"{
//!     "id": "urn:example:Badge", "name": "Badge",
//!     "attributes": [{"name": "number", "type": "string", "multiValued": false, "mutability": "immutable"}]
//! }"#)?;
//! let mut registry = SchemaRegistry::new();
//! registry.register(badge);
//! let schemas = registry.resource_schemas(USER, ["urn:example:Badge"]).unwrap();
//! let number = schemas.attribute("urn:example:Badge:NUMBER").unwrap();
//! assert_eq!(number.name(), "number");
//! assert!(schemas.attribute("userName").unwrap().is_required());
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! [`ResourceSchemas::validate`] names everything that is wrong with a body, by what the body is for: a
//! [`Direction`] (RFC 7644 §3.3, §3.5.1, §3.5.2 and RFC 7643 §7):
//!
//! ```
//! use scim_core::schema::{Direction, ResourceSchemas, USER};
//! let body = serde_json::json!({"schemas": [USER], "id": "1", "userName": "a", "password": "secret"});
//! let wrong = |direction| ResourceSchemas::user().validate(&body, direction).len();
//! assert_eq!(wrong(Direction::Create), 0, "a client may send a password; its `id` is ignored");
//! assert_eq!(wrong(Direction::Answer), 1, "a server must never return one");
//! assert_eq!(wrong(Direction::Patch), 1, "`id` is readOnly");
//! ```
//!
//! [`ServiceProviderConfig`] (RFC 7643 §5) knows the paging of RFC 9865 and the events of RFC 9967 as well.

mod attribute;
mod config;
mod registry;
mod resource_schemas;
mod resource_type;
mod validate;
mod values;

pub use attribute::{Attribute, AttributeType, Mutability, Returned, Schema, Uniqueness};
pub use config::{
    AuthenticationScheme, BulkSupport, FilterSupport, Pagination, SecurityEvents, ServiceProviderConfig, Supported,
};
pub use registry::SchemaRegistry;
pub(crate) use resource_schemas::{Home, Located};
pub use resource_schemas::{ResourceSchemas, UnknownSchema};
pub use resource_type::{ResourceType, SchemaExtension};
pub use validate::{Direction, Violation, ViolationKind};
pub(crate) use values::{boolean_in, is_base64, is_integer, is_primary};

/// URI of the User schema (RFC 7643 §4.1).
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// URI of the Group schema (RFC 7643 §4.2).
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// URI of the enterprise extension of users (RFC 7643 §4.3).
pub const ENTERPRISE_USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// URI of the schema of schemas (RFC 7643 §7).
pub const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";
/// URI of the schema of resource types (RFC 7643 §6).
pub const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
/// URI of the schema of the service provider's configuration (RFC 7643 §5).
pub const SERVICE_PROVIDER_CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
