//! How much outside data the parsers and the PATCH engine take before they refuse it.
//!
//! Every limit has a safe default and can be set; a text or message beyond a limit is an error of
//! its own kind, never a panic, an abort or an endless loop. A service answers it with a
//! scimType of RFC 7644 §3.12, as any other filter, path or PATCH that it cannot take.
//!
//! Resources, lists and bulk messages are read by serde_json, which takes 127 levels of nesting. How many bytes a body may
//! have is for whoever takes it off the wire to say, as the client and the service provider here do; how many operations
//! a bulk request may have stands in the `ServiceProviderConfig`.
//!
//! ```
//! use scim_core::error::ParseErrorKind;
//! use scim_core::filter::{Filter, ParseOptions};
//! use scim_core::limits::Limits;
//! let deep = "(".repeat(100) + "title pr" + &")".repeat(100);
//! assert_eq!(Filter::parse(&deep).unwrap_err().kind(), ParseErrorKind::TooDeep);
//! let options = ParseOptions::strict().with_limits(Limits::default().with_depth(100));
//! assert!(Filter::parse_with(&deep, &options).is_ok());
//! ```

use serde_json::Value;

/// Deepest nesting that can be allowed: filters of this depth can still be resolved, evaluated, printed and dropped in a
/// stack of 512 KiB, in an optimised build (`cargo test --release -p scim-core --test hostile`).
pub(crate) const MAX_DEPTH: usize = 256;

/// Whether lists and objects nest deeper than `limit`; looks no deeper than that.
pub(crate) fn too_deep(value: &Value, limit: usize) -> bool {
    match value {
        Value::Array(list) => limit == 0 || list.iter().any(|v| too_deep(v, limit - 1)),
        Value::Object(map) => limit == 0 || map.values().any(|v| too_deep(v, limit - 1)),
        _ => false,
    }
}

/// Bounds on outside data, all settable, safe by default.
///
/// ```
/// use scim_core::limits::Limits;
/// let limits = Limits::default().with_terms(100);
/// assert_eq!(limits.terms(), 100);
/// assert_eq!(limits.depth(), 64);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    bytes: usize,
    depth: usize,
    terms: usize,
    operations: usize,
    growth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 * 1024, depth: 64, terms: 1024, operations: 10_000, growth: 16 * 1024 * 1024 }
    }
}

impl Limits {
    /// Longest filter or path text, in bytes; 65,536 by default.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Deepest nesting of parentheses, `not` and JSON values; 64 by default, 256 at most. JSON text is read down to 127
    /// levels whatever is allowed.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Most comparisons in one filter; 1,024 by default.
    pub fn terms(&self) -> usize {
        self.terms
    }

    /// Most operations in one PATCH; 10,000 by default.
    pub fn operations(&self) -> usize {
        self.operations
    }

    /// Most bytes of text that one PATCH may write beyond those of the message itself; 16 MiB by default. A small
    /// message with a filter that matches many elements writes its value once per match, and every copy after the first
    /// counts.
    pub fn growth(&self) -> usize {
        self.growth
    }

    /// Sets [`bytes`](Self::bytes).
    pub fn with_bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// Sets [`depth`](Self::depth); more than 256 counts as 256.
    pub fn with_depth(mut self, depth: usize) -> Self {
        self.depth = depth.min(MAX_DEPTH);
        self
    }

    /// Sets [`terms`](Self::terms).
    pub fn with_terms(mut self, terms: usize) -> Self {
        self.terms = terms;
        self
    }

    /// Sets [`operations`](Self::operations).
    pub fn with_operations(mut self, operations: usize) -> Self {
        self.operations = operations;
        self
    }

    /// Sets [`growth`](Self::growth).
    pub fn with_growth(mut self, growth: usize) -> Self {
        self.growth = growth;
        self
    }
}
