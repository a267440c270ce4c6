//! PATCH: changing a resource in place (RFC 7644 §3.5.2).
//!
//! A [`PatchOp`] is built in code or read from a body, strictly or with the tolerance that a peer needs, and
//! applied to a resource: all of it or nothing. [`Applied`] says whether anything changed (if not, version and
//! `lastModified` must not move) and which quirks were relied on.
//!
//! ```
//! use scim_core::patch::{PatchOp, PatchOptions};
//! use scim_core::quirk::Quirk;
//! use scim_core::schema::ResourceSchemas;
//! use serde_json::json;
//!
//! let mut user = json!({"userName": "bjensen", "active": true});
//! let body = json!({
//!     "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
//!     "Operations": [{"op": "Replace", "path": "active", "value": "False"}]
//! });
//! let patch = PatchOp::read(&body, &PatchOptions::lenient())?;
//! let applied = patch.apply(&mut user, &ResourceSchemas::user(), &PatchOptions::lenient())?;
//! assert_eq!(user["active"], false);
//! assert!(applied.changed && applied.quirks.contains(Quirk::OpCase));
//! assert!(PatchOp::read(&body, &PatchOptions::strict()).is_err());
//! # Ok::<(), scim_core::patch::PatchError>(())
//! ```

mod apply;
mod conform;
mod diff;
mod diff_options;
mod diff_unknown;
mod elements;
mod equal;
mod error;
mod members;
mod merge;
mod message;
mod options;
mod read;
mod scan;
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
