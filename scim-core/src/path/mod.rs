//! Paths: how filters, PATCH operations and `attributes` name an attribute (RFC 7644 §3.5.2 and §3.10).
//!
//! An [`AttributePath`] is `userName`, `name.givenName` or `urn:…:User:manager.displayName`. A
//! [`PatchPath`] may also select elements: `emails[type eq "work"].value`.
//!
//! ```
//! use scim_core::path::PatchPath;
//! let path = PatchPath::parse(r#"emails[type eq "work"].value"#)?;
//! assert_eq!(path.attribute().name(), "emails");
//! assert_eq!(path.sub(), Some("value"));
//! assert_eq!(path.to_string(), r#"emails[type eq "work"].value"#);
//! assert!(PatchPath::parse("emails[0]").is_err());
//! # Ok::<(), scim_core::error::ParseError>(())
//! ```

mod attribute_path;
mod patch_path;

pub use attribute_path::AttributePath;
pub(crate) use attribute_path::is_name;
pub use patch_path::PatchPath;
