use std::fmt;

use http::HeaderValue;

/// The version of a resource (RFC 7644 §3.14): an entity tag as `ETag` and `meta.version` print it.
///
/// Compared weakly, by the opaque text alone, because SCIM wants weak tags to be usable.
///
/// ```
/// use scim_core::client::Version;
/// let weak: Version = "W/\"a330bc54f0671c9\"".into();
/// assert_eq!(weak, Version::from("\"a330bc54f0671c9\""));
/// assert_ne!(weak, Version::from("\"b\""));
/// ```
#[derive(Clone)]
pub struct Version(String);

impl Version {
    /// Any version: `If-Match: *` asks only that the resource exists (RFC 9110 §13.1.1).
    pub fn any() -> Self {
        Self("*".to_owned())
    }

    /// The tag as it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn of_header(value: &HeaderValue) -> Option<Self> {
        value.to_str().ok().map(str::trim).filter(|text| !text.is_empty()).map(Self::from)
    }

    fn opaque(&self) -> &str {
        let text = self.0.strip_prefix("W/").or_else(|| self.0.strip_prefix("w/")).unwrap_or(&self.0);
        text.trim_matches('"')
    }
}

impl From<&str> for Version {
    fn from(tag: &str) -> Self {
        Self(tag.to_owned())
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.opaque() == other.opaque()
    }
}

impl Eq for Version {}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Version({})", self.0)
    }
}

/// A resource with the version under which it was read: the `ETag` of the answer, else its
/// `meta.version` (where the two differ, the header is what the server compares with).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Versioned<R> {
    /// The resource.
    pub resource: R,
    /// Its version, if the server told one.
    pub version: Option<Version>,
}
