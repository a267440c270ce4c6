//! Messages: the bodies that are no resources (RFC 7644 §3.4.2, §3.4.3, §3.7, §3.12).
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

mod bulk;
mod bulk_order;
mod error;
mod list;
mod projection;
mod search;
mod sort;

pub use bulk::{BulkOperation, BulkRequest, BulkResponse, BulkResult, BulkStatus};
pub use bulk_order::{BulkOrder, resolve_bulk_ids};
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
