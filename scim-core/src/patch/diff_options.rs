use crate::quirk::{Quirk, Quirks};

/// What the receiver of a [`diff`](fn@crate::patch::diff) takes.
///
/// ```
/// use scim_core::patch::DiffOptions;
/// use scim_core::quirk::Quirks;
/// // AWS IAM Identity Center: a hundred members in one request, nothing beyond the schemas.
/// let aws = DiffOptions::new().with_max_values(100).with_only_known();
/// // An account at Cloudflare takes many removals as one list.
/// let cloudflare = DiffOptions::for_target(Quirks::CLOUDFLARE);
/// assert_eq!(cloudflare, DiffOptions::new().with_removal_by_value());
/// assert_ne!(aws, DiffOptions::new());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DiffOptions {
    pub(crate) removal_by_value: bool,
    pub(crate) only_known: bool,
    pub(crate) operations: Option<usize>,
    pub(crate) values: Option<usize>,
    pub(crate) bytes: Option<usize>,
}

impl DiffOptions {
    /// The forms that every peer and the IPSIE profile accept, without limits: members are added by `add` with path
    /// `members`, removed by `members[value eq "id"]`.
    pub fn new() -> Self {
        Self::default()
    }

    /// The forms for a receiver that has those quirks: where [`Quirk::RemoveWithValue`] is among them members are
    /// removed by one list instead of one operation each.
    pub fn for_target(quirks: Quirks) -> Self {
        Self { removal_by_value: quirks.contains(Quirk::RemoveWithValue), ..Self::default() }
    }

    /// Removes members by `remove` with a value list, for peers that know no other form.
    pub fn with_removal_by_value(mut self) -> Self {
        self.removal_by_value = true;
        self
    }

    /// Leaves out what no schema knows: attributes, sub-attributes, extensions. For receivers that refuse them.
    pub fn with_only_known(mut self) -> Self {
        self.only_known = true;
        self
    }

    /// At most so many operations in one PATCH (Google: 20); 1 at least. Without it as many as
    /// [`Limits`](crate::limits::Limits::operations) take by default.
    pub fn with_max_operations(mut self, operations: usize) -> Self {
        self.operations = Some(operations.max(1));
        self
    }

    /// At most so many values of lists in one PATCH (AWS: 100); 1 at least.
    pub fn with_max_values(mut self, values: usize) -> Self {
        self.values = Some(values.max(1));
        self
    }

    /// At most so many bytes of JSON, without blanks, in one PATCH: what a receiver says in `maxPayloadSize`, or
    /// refuses by 413.
    pub fn with_max_bytes(mut self, bytes: usize) -> Self {
        self.bytes = Some(bytes);
        self
    }
}
