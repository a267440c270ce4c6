//! SCIM 2.0 (RFC 7643, RFC 7644) for Rust.

#[cfg(feature = "serve")]
pub mod serve;
#[cfg(feature = "client")]
pub mod transport;
