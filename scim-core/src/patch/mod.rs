//! PATCH: changing a resource in place (RFC 7644 §3.5.2).
//!
//! A PATCH is a list of operations, `add`, `replace` and `remove`, each with a [path](crate::path) that says where. They
//! are made in order, each on what the ones before it left, and all or none: a receiver that refuses one has changed
//! nothing. What an operation does depends on what the schema says about its target: a list grows by `add` and is put in
//! place by `replace`, a complex value is merged by both, an equal value is no change.
//!
//! # A group gets a member and loses one
//!
//! ```
//! use scim_core::filter::attr;
//! use scim_core::patch::{PatchOp, PatchOptions};
//! use scim_core::path::PatchPath;
//! use scim_core::schema::ResourceSchemas;
//! use serde_json::json;
//!
//! let mut group = json!({"displayName": "Editors", "members": [{"value": "u1"}]});
//! let patch = PatchOp::new()
//!     .add(attr("members"), json!([{"value": "u2"}]))
//!     .remove(PatchPath::select(attr("members"), attr("value").eq("u1")));
//! let applied = patch.apply(&mut group, &ResourceSchemas::group(), &PatchOptions::strict())?;
//! assert!(applied.changed);
//! assert_eq!(group, json!({"displayName": "Editors", "members": [{"value": "u2"}]}));
//! # Ok::<(), scim_core::patch::PatchError>(())
//! ```
//!
//! [`Applied`] says whether anything changed; if not, `meta.version` and `meta.lastModified` must not move.
//! [`PatchError`] has the keyword of RFC 7644 Table 9 for the answer, the operation and the path.
//!
//! # What peers really send
//!
//! [`PatchOp::from_json`] reads a body strictly or with the tolerance that a peer needs, and `Applied` tells which
//! [quirks](crate::quirk) were relied on. What strict accepts means the same in every mode.
//!
//! ```
//! use scim_core::patch::{PatchOp, PatchOptions};
//! use scim_core::quirk::{Quirk, Quirks};
//! use scim_core::schema::ResourceSchemas;
//! use serde_json::json;
//!
//! let mut user = json!({"userName": "bjensen", "active": true});
//! let body = br#"{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
//!     "Operations": [{"op": "Replace", "path": "active", "value": "False"}]}"#;
//! let entra = PatchOptions::new(Quirks::ENTRA);
//! let applied = PatchOp::from_json(body, &entra)?.apply(&mut user, &ResourceSchemas::user(), &entra)?;
//! assert_eq!(user["active"], false);
//! assert_eq!(applied.quirks, Quirks::STRICT.with(Quirk::OpCase).with(Quirk::BoolString));
//! assert!(PatchOp::from_json(body, &PatchOptions::strict()).is_err());
//! # Ok::<(), scim_core::patch::PatchError>(())
//! ```
//!
//! # The way back
//!
//! [`diff`](fn@diff) makes the PATCH between two states of a resource, in the forms and within the limits that
//! [`DiffOptions`] gives its receiver. Typed resources take a PATCH by
//! [`ScimResource::apply`](crate::resource::ScimResource::apply), with the extensions of a service by
//! [`apply_with`](crate::resource::ScimResource::apply_with).

mod apply;
mod conform;
mod diff;
mod diff_members;
mod diff_options;
mod diff_unknown;
mod diff_written;
mod draft;
mod elements;
mod equal;
mod error;
mod members;
mod merge;
mod message;
mod names;
mod options;
mod read;
mod scan;
mod schemas;
mod select;
mod split;
mod store;
mod target;
mod write;

pub use apply::Applied;
pub use diff::diff;
pub use diff_options::DiffOptions;
pub use error::PatchError;
pub use message::{Op, Operation, PatchOp};
pub use options::PatchOptions;
