use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use crate::message::PATCH_OP;
use crate::path::PatchPath;
use crate::quirk::Quirks;
use crate::resource::secret::{Shown, Stars, is_secret};

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// Adds or sets.
    Add,
    /// Puts in place of what is there.
    Replace,
    /// Takes away.
    Remove,
}

impl Op {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Replace => "replace",
            Self::Remove => "remove",
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One change (RFC 7644 §3.5.2).
#[derive(Clone, PartialEq)]
pub struct Operation {
    /// What to do.
    pub op: Op,
    /// Where; `None`: the value is an object of attributes.
    pub path: Option<PatchPath>,
    /// With what; `None` for most removals.
    pub value: Option<Value>,
}

/// Without passwords, which a message may hold by path and by name.
impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.as_ref();
        let is_secret =
            path.is_some_and(|path| is_secret(path.attribute().name()) || path.sub().is_some_and(is_secret));
        let shown = self.value.as_ref().map(Shown);
        let value: &dyn fmt::Debug = if is_secret && shown.is_some() { &Some(Stars) } else { &shown };
        f.debug_struct("Operation").field("op", &self.op).field("path", &self.path).field("value", value).finish()
    }
}

impl Serialize for Operation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("op", self.op.as_str())?;
        if let Some(path) = &self.path {
            map.serialize_entry("path", &path.to_string())?;
        }
        if let Some(value) = &self.value {
            map.serialize_entry("value", value)?;
        }
        map.end()
    }
}

/// A PATCH body: changes that are made in order, all or none.
///
/// ```
/// use scim_core::filter::attr;
/// use scim_core::patch::PatchOp;
/// use scim_core::path::PatchPath;
/// let patch = PatchOp::new()
///     .add(attr("members"), serde_json::json!([{"value": "u2"}]))
///     .remove(PatchPath::select(attr("members"), attr("value").eq("u1")));
/// assert_eq!(
///     serde_json::to_value(&patch)?["Operations"][1],
///     serde_json::json!({"op": "remove", "path": "members[value eq \"u1\"]"})
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PatchOp {
    /// The changes.
    pub operations: Vec<Operation>,
    /// What reading the message tolerated.
    pub(crate) quirks: Quirks,
}

impl PatchOp {
    /// No change yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn with(mut self, op: Op, path: Option<PatchPath>, value: Option<Value>) -> Self {
        self.operations.push(Operation { op, path, value });
        self
    }

    /// Adds a value or sets an attribute.
    pub fn add(self, path: impl Into<PatchPath>, value: impl Into<Value>) -> Self {
        self.with(Op::Add, Some(path.into()), Some(value.into()))
    }

    /// Replaces an attribute or the selected values.
    pub fn replace(self, path: impl Into<PatchPath>, value: impl Into<Value>) -> Self {
        self.with(Op::Replace, Some(path.into()), Some(value.into()))
    }

    /// Removes an attribute or the selected values.
    pub fn remove(self, path: impl Into<PatchPath>) -> Self {
        self.with(Op::Remove, Some(path.into()), None)
    }

    /// Adds an object of attributes, without path.
    pub fn add_all(self, attributes: impl Into<Value>) -> Self {
        self.with(Op::Add, None, Some(attributes.into()))
    }

    /// Replaces the attributes that an object names, without path.
    pub fn replace_all(self, attributes: impl Into<Value>) -> Self {
        self.with(Op::Replace, None, Some(attributes.into()))
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// The quirks that reading the message relied on.
    pub fn quirks(&self) -> Quirks {
        self.quirks
    }
}

/// Written by the letter, whatever the message looked like that was read.
impl Serialize for PatchOp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("schemas", &[PATCH_OP])?;
        map.serialize_entry("Operations", &self.operations)?;
        map.end()
    }
}
