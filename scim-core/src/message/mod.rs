//! Messages: the bodies that are no resources, and what a server does to resources before it answers.
//!
//! | type | message | section |
//! |---|---|---|
//! | [`ListResponse`] | a page of resources: typed, mixed or borrowed | RFC 7644 §3.4.2, RFC 9865 §2 |
//! | [`SearchRequest`] | a query as a body | RFC 7644 §3.4.3 |
//! | [`ScimError`], [`ScimType`] | an error | RFC 7644 §3.12, RFC 9865 §3 |
//! | [`BulkRequest`], [`BulkResponse`] | several operations; [`BulkOrder`] resolves their references | RFC 7644 §3.7 |
//! | [`Projection`] | `attributes`, `excludedAttributes`, `returned` | RFC 7644 §3.9, RFC 7643 §7 |
//! | [`Sort`] | `sortBy`, `sortOrder` | RFC 7644 §3.4.2.3 |
//!
//! PATCH has a [module of its own](crate::patch). Like resources, messages are read leniently and written by the
//! letter:
//!
//! ```
//! use scim_core::message::{ListResponse, ScimError, ScimType};
//! use scim_core::resource::User;
//! let page: ListResponse<User> = serde_json::from_str(r#"{"totalResults":"1","resources":[{"userName":"a"}]}"#)?;
//! assert_eq!((page.total_results, page.resources.len()), (Some(1), 1));
//!
//! let taken = ScimError::new(409, "userName is taken").with_type(ScimType::Uniqueness);
//! assert_eq!(serde_json::to_value(&taken)?["status"], "409");
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! References between the operations of a bulk request are resolved in any order, and circles are reported, not
//! followed:
//!
//! ```
//! use scim_core::message::{BulkRequest, resolve_bulk_ids};
//! let request: BulkRequest = serde_json::from_str(r#"{"Operations": [
//!     {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"members": [{"value": "bulkId:u"}]}},
//!     {"method": "POST", "path": "/Users", "bulkId": "u", "data": {"userName": "a"}}
//! ]}"#)?;
//! let order = request.order();
//! assert_eq!((order.order, order.cyclic), (vec![1, 0], vec![]));
//! let mut group = request.operations[0].data.clone().unwrap_or_default();
//! let missing = resolve_bulk_ids(&mut group, &|name| (name == "u").then_some("2819c223"));
//! assert!(missing.is_empty() && group["members"][0]["value"] == "2819c223");
//! # Ok::<(), serde_json::Error>(())
//! ```

mod bulk;
pub(crate) mod bulk_id;
pub(crate) mod bulk_order;
mod error;
mod list;
pub(crate) mod projection;
mod search;
mod sort;

pub use bulk::{BulkOperation, BulkRequest, BulkResponse, BulkResult, BulkStatus};
pub use bulk_id::resolve_bulk_ids;
pub use bulk_order::BulkOrder;
pub use error::{ScimError, ScimType};
pub use list::ListResponse;
pub use projection::Projection;
pub use search::{SearchRequest, SortOrder};
pub use sort::Sort;

/// URI of [`ListResponse`].
pub const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// URI of [`SearchRequest`].
pub const SEARCH_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
/// URI of [`PatchOp`](crate::patch::PatchOp).
pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// URI of [`BulkRequest`].
pub const BULK_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
/// URI of [`BulkResponse`].
pub const BULK_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";
/// URI of [`ScimError`].
pub const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
