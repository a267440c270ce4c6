//! A SCIM service provider (RFC 7644): a synchronous, total function from a request to a response.
//!
//! A [`ServiceProvider`] is an [`Engine`] over a [`Store`]. The engine knows the protocol: endpoints,
//! schemas, PATCH, filters, order, pages by index and cursor, attributes, searches, bulk, versions,
//! discovery, and the right error for everything else. The store knows the resources and has the last
//! word on every write. [`Behaviour`] and [`Kind`] say how a service differs from the RFC. HTTP and
//! authentication stay outside: with the feature `client` a provider is a
//! [`Transport`](crate::transport::Transport), and [`BearerAuth`] checks tokens in front of it.
//!
//! ```
//! use bytes::Bytes;
//! use http::Request;
//! use scim_core::provider::ServiceProvider;
//!
//! let provider = ServiceProvider::in_memory("/scim/v2");
//! let body = r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Admins"}"#;
//! let made = provider.handle(Request::post("/scim/v2/Groups").body(Bytes::from(body))?);
//! assert_eq!(made.status(), 201);
//!
//! let url = "/scim/v2/Groups?filter=displayName%20eq%20%22admins%22&attributes=displayName";
//! let found = provider.handle(Request::get(url).body(Bytes::new())?);
//! let found: serde_json::Value = serde_json::from_slice(found.body())?;
//! assert_eq!(found["totalResults"], 1);
//! assert_eq!(found["Resources"][0]["displayName"], "Admins");
//!
//! let refused = provider.handle(Request::get("/scim/v2/Groups?filter=displayName").body(Bytes::new())?);
//! let refused: serde_json::Value = serde_json::from_slice(refused.body())?;
//! assert_eq!(refused["scimType"], "invalidFilter");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A service with a state of its own
//!
//! A service whose users and groups live in something larger implements [`Store`] over a view of that
//! and calls [`Engine::handle`] while it holds its own lock. What it demands beyond the schemas it
//! refuses in [`Store::insert`], [`Store::replace`], [`Store::patch`] and [`Store::remove`] with the
//! [`ScimError`](crate::message::ScimError) that the client is to read; how its resources look on the
//! wire it says in [`Store::show`].
#![cfg_attr(feature = "serve", doc = include_str!("serving.md"))]

#[cfg(feature = "client")]
mod bearer;
mod behaviour;
mod bulk;
mod clock;
mod context;
mod cursor;
mod discovery;
mod engine;
mod json;
mod kept;
#[cfg(feature = "client")]
mod keys;
mod kind;
mod list;
mod memory;
mod normalize;
mod project;
mod query;
mod refusal;
mod reply;
mod route;
mod shown;
mod sort;
mod store;
mod switches;
#[cfg(feature = "client")]
mod tenants;
mod write;

#[cfg(feature = "client")]
pub use bearer::BearerAuth;
pub use behaviour::{Behaviour, BulkLimits, DiscoveryQuery, MetaShown, Omitted, PatchAnswer, UnknownAttributes};
pub use clock::Clock;
pub use context::{Context, Subject, View};
pub use engine::{Engine, ServiceProvider};
pub use kept::KeptText;
pub use kind::Kind;
pub use memory::MemoryStore;
pub use store::{Entry, Lent, Need, Store, Written};
pub use switches::{Switch, UnknownSwitch};
#[cfg(feature = "client")]
pub use tenants::{InvalidToken, Tenants};

impl ServiceProvider<MemoryStore> {
    /// A provider by the letter of the RFC at that path, for example `/scim/v2`: users with the
    /// enterprise extension, and groups, none of either yet.
    pub fn in_memory(base_path: &str) -> Self {
        Self::new(Engine::new(base_path), MemoryStore::new())
    }
}
