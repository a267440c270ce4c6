//! SCIM 2.0 (RFC 7643, RFC 7644 and the RFCs around them) for Rust.
//!
//! | module | what |
//! |---|---|
//! | [`schema`] | schemas, attribute definitions, resource types, service provider configuration |
//! | [`resource`] | typed `User`, `Group` and their parts; `Resource` for any schema |
//! | [`filter`], [`path`] | the filter language and the paths of PATCH |
//! | [`patch`] | PATCH: read, apply, compare |
//! | [`message`] | list responses, searches, errors, bulk |
//! | [`quirk`] | named deviations of real peers, and which of them to tolerate |
//! | [`limits`] | how much outside data is taken |

pub mod date;
pub mod error;
pub mod filter;
pub mod limits;
pub mod message;
pub mod patch;
pub mod path;
pub mod quirk;
pub mod resource;
pub mod schema;
mod text;

pub use text::Text;

#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "provider")]
pub mod provider;
#[cfg(feature = "serve")]
pub mod serve;
#[cfg(feature = "client")]
pub mod transport;

// The README's examples run with the other doc tests.
#[cfg(all(doctest, feature = "client", feature = "provider", feature = "test-util"))]
#[doc = include_str!("../README.md")]
mod readme {}
