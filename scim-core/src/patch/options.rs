use crate::filter::ParseOptions;
use crate::limits::Limits;
use crate::quirk::Quirks;

/// How to read and apply a PATCH.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PatchOptions {
    quirks: Quirks,
    limits: Limits,
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
        Self { quirks, limits: Limits::default() }
    }

    /// Sets the limits.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
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
