//! What a person should know: differences, dangers, and what to do about each.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Both sides agree; something may hurt later.
    Warning,
    /// The two sides differ, or would.
    Difference,
    /// Going on would harm: the run stops.
    Stop,
}

/// One difference or warning.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// A stable word for programs: `missing_membership`, `would_be_deleted`.
    pub code: String,
    /// The resource: `user "jane@example.com"`, `group "Ops"`; several separated by commas.
    pub resource: String,
    /// What is the case.
    pub message: String,
    /// What to do about it.
    pub cure: String,
}

impl Finding {
    /// A finding.
    pub fn new(
        severity: Severity,
        code: &str,
        resource: impl Into<String>,
        message: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self { severity, code: code.to_owned(), resource: resource.into(), message: message.into(), cure: cure.into() }
    }

    pub(crate) fn warning(
        code: &str,
        resource: impl Into<String>,
        message: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Warning, code, resource, message, cure)
    }

    pub(crate) fn difference(
        code: &str,
        resource: impl Into<String>,
        message: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Difference, code, resource, message, cure)
    }

    pub(crate) fn stop(
        code: &str,
        resource: impl Into<String>,
        message: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Stop, code, resource, message, cure)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}. {}", self.resource, self.message, self.cure)
    }
}
