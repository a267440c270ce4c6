//! Cloudflare's account SCIM endpoint and the v4 API around it.
//!
//! [`Cloudflare`] is the client of one account. It holds a [`Transport`], so the same code talks to
//! the real API, to a server in a test, or to the account that feature `embedded` brings along.
//!
//! [`Transport`]: scim_core::transport::Transport

mod call;
mod client;
#[cfg(feature = "embedded")]
pub mod embedded;
mod envelope;
mod error;
mod id;
mod lenient;
mod page;
mod scim;
mod token;
mod v4;

pub use client::{Cloudflare, CloudflareBuilder};
pub use envelope::{ApiMessage, Cursors, Envelope, ResultInfo};
pub use error::{Error, ErrorKind};
pub use id::{
    AccountId, AuditLogId, InvalidId, MembershipId, PermissionGroupId, PolicyId, ResourceGroupId, RoleId, TokenId,
    UserGroupId, UserTag,
};
pub use page::{Entries, Entry, List};
pub use scim::{
    GroupId, GroupKey, GroupPatch, NewGroup, NewUser, Scim, ScimGroups, ScimList, ScimUsers, UserKey, UserPatch,
};
pub use token::{Token, TokenKind};
pub use v4::*;

/// What this crate calls itself.
const USER_AGENT: &str = concat!("cloudflare-scim/", env!("CARGO_PKG_VERSION"));
