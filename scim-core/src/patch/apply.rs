//! stub
use serde_json::Value;

use crate::patch::{PatchError, PatchOp, PatchOptions};
use crate::quirk::Quirks;
use crate::schema::ResourceSchemas;

/// What became of a PATCH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// Whether the resource is another one than before; if not, version and `lastModified` stay.
    pub changed: bool,
    /// The quirks that reading and applying relied on.
    pub quirks: Quirks,
}

impl PatchOp {
    /// Applies the changes to a resource: all of them, or none and an error.
    ///
    /// # Errors
    /// With the keyword that RFC 7644 Table 9 has for it.
    pub fn apply(&self, _resource: &mut Value, _schemas: &ResourceSchemas, _options: &PatchOptions) -> Result<Applied, PatchError> {
        Ok(Applied { changed: false, quirks: self.quirks })
    }
}
