use crate::filter::ParseOptions;
use crate::limits::Limits;
use crate::quirk::Quirks;

/// How to read and apply a PATCH.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PatchOptions {
    quirks: Quirks,
    limits: Limits,
    unknown: bool,
}

impl PatchOptions {
    /// By the letter, with the default limits.
    pub fn strict() -> Self {
        Self::default()
    }

    /// With every tolerance of [`Quirks::LENIENT`].
    pub fn lenient() -> Self {
        Self::new(Quirks::LENIENT)
    }

    /// With those tolerances.
    pub fn new(quirks: Quirks) -> Self {
        Self { quirks, limits: Limits::default(), unknown: false }
    }

    /// Sets the limits.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Also writes attributes and sub-attributes that no schema knows, as the JSON that they come as; without it they
    /// are an error by the letter, and dropped where [`Quirk::UnknownSubattr`](crate::quirk::Quirk::UnknownSubattr) is
    /// tolerated. For receivers that keep what they do not know, and for applying a [`diff`](fn@crate::patch::diff) of it.
    /// Where anything is tolerated, a name without URN that an extension has is that attribute and none that is unknown.
    pub fn with_unknown_attributes(mut self) -> Self {
        self.unknown = true;
        self
    }

    /// Whether attributes that no schema knows are written.
    pub fn takes_unknown_attributes(&self) -> bool {
        self.unknown
    }

    /// What is tolerated.
    pub fn quirks(&self) -> Quirks {
        self.quirks
    }

    /// The limits.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    pub(crate) fn parse(&self) -> ParseOptions {
        ParseOptions::new(self.quirks).with_limits(self.limits)
    }
}
