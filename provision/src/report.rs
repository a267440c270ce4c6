//! What came of it: verified facts and findings.

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Severity};

/// How a run ended: the exit code of a program that does the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Both sides agree (0).
    Agree,
    /// An error ended the run (1).
    Failed,
    /// Changes are pending, or differences are left (2).
    Differ,
    /// Going on would have done harm (3).
    Stopped,
}

impl Verdict {
    /// 0, 1, 2 or 3.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Agree => 0,
            Self::Failed => 1,
            Self::Differ => 2,
            Self::Stopped => 3,
        }
    }
}

/// How many of a kind there should be, and how many were read back and match.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// What authentik's side (for policies: the spec) asks for.
    pub wanted: usize,
    /// What was read back from Cloudflare and matches.
    pub present: usize,
}

/// How many HTTP requests went to each side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requests {
    /// To authentik's API.
    pub authentik: u64,
    /// To Cloudflare: this run's own, and those of authentik's sync as far as they can be known.
    pub cloudflare: u64,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Outcome {
    /// Something came into being.
    Created,
    /// Something was changed.
    Updated,
    /// Everything was as it should be; nothing was written.
    Unchanged,
    /// A step that reads or waits is through.
    Done,
    /// A dry run: this would be done.
    Planned,
    /// The step found a difference or a danger.
    Found,
    /// An error ended the step, and with it the run.
    Failed,
}

/// One step of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepReport {
    /// What was to be done.
    pub name: String,
    /// What came of it.
    pub outcome: Outcome,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// What a person may want to know: what was created, the sync's crontab.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// What came of a run. Its JSON form is described in `docs/report.md`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// Whether both sides were read to the end and agree.
    pub verified: bool,
    /// People.
    pub users: Count,
    /// Groups.
    pub groups: Count,
    /// Memberships: pairs of person and group.
    pub memberships: Count,
    /// Groups with policies.
    pub policies: Count,
    /// Differences, warnings and dangers.
    pub findings: Vec<Finding>,
    /// HTTP requests.
    pub requests: Requests,
    /// What was done, in order.
    pub steps: Vec<StepReport>,
    /// What Cloudflare holds and the job neither brought nor touches: names only.
    #[serde(default)]
    pub untouched: Vec<String>,
    /// Whether the run only looked.
    #[serde(default)]
    pub dry_run: bool,
    /// The error that ended the run: one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Report {
    /// How the run ended.
    pub fn verdict(&self) -> Verdict {
        if self.findings.iter().any(|finding| finding.severity == Severity::Stop) {
            Verdict::Stopped
        } else if self.error.is_some() {
            Verdict::Failed
        } else if self.verified {
            Verdict::Agree
        } else {
            Verdict::Differ
        }
    }
}
