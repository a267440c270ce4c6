//! Filters: which resources, or which values of an attribute (RFC 7644 §3.4.2.2).
//!
//! [`Filter::parse`] reads by the letter, with the grammar errata; [`Filter::parse_with`] takes
//! [quirks](crate::quirk) and [limits](crate::limits). `Display` prints text that parses back to the
//! same tree. [`attr`] builds filters in code, so that values need no escaping:
//!
//! ```
//! use scim_core::filter::{Filter, attr};
//! use scim_core::schema::ResourceSchemas;
//! let filter = attr("userName").eq("bjensen").and(attr("emails.value").co("example.com"));
//! assert_eq!(filter.to_string(), r#"userName eq "bjensen" and emails.value co "example.com""#);
//! assert_eq!(Filter::parse(&filter.to_string())?, filter);
//!
//! let user = serde_json::json!({"userName": "BJensen", "emails": [{"value": "b@example.com"}]});
//! assert!(filter.matches(&user, &ResourceSchemas::user())?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! To ask the same of many resources, [`compile`](Filter::compile) once; typed users and groups are read in place with
//! [`compile_for`](Filter::compile_for). Comparison follows the schema: `caseExact`, instants, numbers by value, any
//! element of a list; absent, `null` and `[]` are one state. A store that has a query language of its own translates
//! the tree with a [`Visitor`] (`examples/filter_to_sql.rs` makes parameterised SQL), and refuses what must stay secret
//! with [`check_searchable`](Filter::check_searchable).
//!
//! A text that is no filter is an error at a byte:
//!
//! ```
//! use scim_core::filter::Filter;
//! let error = Filter::parse("userName eq bjensen").unwrap_err();
//! assert_eq!(error.span(), 12..19);
//! ```

mod ast;
mod build;
mod check;
mod compile;
mod display;
mod error;
mod literal;
mod matcher;
mod meant;
pub(crate) mod parse;
mod place;
pub(crate) mod typed;
mod visit;

pub use crate::text::Text;
pub use ast::{CompareOp, Comparison, Filter, ValuePath};
pub use build::attr;
pub(crate) use check::is_present;
pub use error::FilterError;
pub use literal::{Literal, Number};
pub(crate) use literal::{Numeric, is_json_number};
pub(crate) use matcher::ElementMatcher;
pub use matcher::Matcher;
pub use parse::{ParseOptions, Parsed};
pub use typed::{TypedMatcher, TypedResource};
pub use visit::Visitor;
