#![doc = include_str!("../README.md")]
//!
//! # Map
//!
//! | what | where |
//! |---|---|
//! | the client of one account | [`Cloudflare`], [`CloudflareBuilder`] |
//! | SCIM: users, groups, discovery | [`Scim`], [`ScimUsers`], [`ScimGroups`] |
//! | v4: what gives rights | [`UserGroups`], [`GroupMembers`], [`NewPolicy`], [`PolicyParts`], [`PermissionGroups`], [`ResourceGroups`] |
//! | v4: who is there, who did what | [`Members`], [`Roles`], [`AuditLogs`], [`AuditLogsV1`], [`Tokens`] |
//! | Zero Trust's SCIM, which is another thing | [`zero_trust`] |
//! | people joined over both id spaces | [`Directory`] |
//! | what to know before provisioning | [`Preflight`], [`Finding`] |
//! | pace | [`Pace`] |
//! | lists | [`List`], [`ScimList`] |
//! | failures | [`Error`], [`ErrorKind`] |
//!
//! [`Cloudflare`] holds a [`Transport`](scim_core::transport::Transport), so the same code talks to the
//! real API, to a server in a test, or to the embedded account.

#[macro_use]
mod words;

mod call;
mod client;
mod directory;
#[cfg(feature = "embedded")]
pub mod embedded;
mod envelope;
mod error;
mod id;
mod lenient;
mod pace;
mod page;
mod preflight;
mod scim;
mod token;
mod v4;
pub mod zero_trust;

pub use client::{Cloudflare, CloudflareBuilder};
pub use directory::{Directory, DirectoryPerson, PolicySource};
pub use envelope::{ApiMessage, Cursors, Envelope, ResultInfo};
pub use error::{Error, ErrorKind};
pub use id::{
    AccessUserId, AccountId, AuditLogId, IdentityProviderId, InvalidId, MembershipId, PermissionGroupId, PolicyId,
    ResourceGroupId, RoleId, TokenId, UserGroupId, UserTag,
};
pub use pace::{Pace, RateLimit};
pub use page::{Entries, Entry, List};
pub use preflight::{Finding, FindingCode, Preflight, PreflightRequest, Severity, Step, StepState};
pub use scim::{
    GroupId, GroupKey, GroupPatch, NewGroup, NewUser, Scim, ScimGroups, ScimList, ScimUsers, UserKey, UserPatch,
};
pub use token::{Token, TokenKind};
pub use v4::*;

/// What this crate calls itself.
const USER_AGENT: &str = concat!("cloudflare-scim/", env!("CARGO_PKG_VERSION"));
