//! Paths: how filters, PATCH operations, `attributes` and `sortBy` name an attribute (RFC 7644 §3.5.2 and §3.10).
//!
//! An [`AttributePath`] names an attribute, `userName`, or one part of a complex one, `name.givenName`. A schema URN in
//! front tells attributes of one name apart: `urn:…:enterprise:2.0:User:manager.displayName`; it ends at the last colon.
//! Names and URNs compare without case and keep their spelling.
//!
//! A [`PatchPath`] is the target of a PATCH operation (RFC 7644 Figure 7). It may select some elements of a list by a
//! [filter](crate::filter) between brackets, and of these one sub-attribute:
//!
//! ```
//! use scim_core::path::PatchPath;
//! let path = PatchPath::parse(r#"emails[type eq "work"].value"#)?;
//! assert_eq!(path.attribute().name(), "emails");
//! assert_eq!(path.filter().unwrap().to_string(), r#"type eq "work""#);
//! assert_eq!(path.sub(), Some("value"));
//! assert_eq!(path.to_string(), r#"emails[type eq "work"].value"#);
//!
//! let error = PatchPath::parse("emails[0]").unwrap_err();
//! assert_eq!(error.scim_type().as_str(), "invalidFilter");
//! println!("{}", error.render()); // the text with a caret under the 0
//! # Ok::<(), scim_core::error::ParseError>(())
//! ```
//!
//! The same path in code: `PatchPath::select(attr("emails"), attr("type").eq("work"))`. A path without name, the URN of an
//! extension alone, means the extension as a whole.
//!
//! Erratum 7122 to RFC 7644 (reported, not verified) would let a PATCH path be a bare comparison such as
//! `attribute eq "x"`, to select a value of a list without sub-attributes. It is not taken: no sender is known to use it, and
//! `attribute[value eq "x"]` says the same within the grammar.

mod attribute_path;
mod patch_path;

pub use attribute_path::AttributePath;
pub(crate) use attribute_path::is_name;
pub use patch_path::PatchPath;
