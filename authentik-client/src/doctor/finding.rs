use std::fmt;

use super::code::{Code, Severity};
use super::cure::{Cure, Step};
use crate::api::Authentik;
use crate::id::ScheduleUuid;
use crate::model::SchedulePatch;

/// Something that is wrong, doubtful or dangerous.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Finding {
    /// What it is about.
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// The user, group or other object: `user "ada"`, `provider "cloudflare"`.
    pub resource: String,
    /// What is the case, in a sentence without its full stop.
    pub message: String,
    /// What was seen, and where. May hold names and values, never a token.
    pub evidence: Vec<String>,
    /// What a person can do about it.
    pub advice: String,
    steps: Vec<Step>,
    client: Option<Authentik>,
}

impl Finding {
    pub(super) fn new(code: Code, resource: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            resource: resource.into(),
            message: message.into(),
            evidence: Vec::new(),
            advice: String::new(),
            steps: Vec::new(),
            client: None,
        }
    }

    pub(super) fn evidence(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }

    pub(super) fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }

    pub(super) fn steps(mut self, steps: Vec<Step>) -> Self {
        self.steps = steps;
        self
    }

    /// Pauses the schedule again behind steps that un-pause it: nobody asked for that.
    pub(super) fn keeping_paused(mut self, schedule: &ScheduleUuid) -> Self {
        if self.steps.iter().any(Step::unpauses) {
            let pause = SchedulePatch { paused: Some(true), ..SchedulePatch::default() };
            self.steps.push(Step::Schedule(schedule.clone(), pause));
        }
        self
    }

    pub(super) fn for_client(mut self, client: &Authentik) -> Self {
        self.client = Some(client.clone());
        self
    }

    /// What authentik's API can do about it; `None` where only a person can. Nothing is sent before
    /// [`Cure::run`].
    pub fn cure(&self) -> Option<Cure> {
        let client = self.client.as_ref().filter(|_| !self.steps.is_empty())?;
        Some(Cure::new(client.clone(), self.steps.clone()))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}: {}", self.severity, self.code, self.resource, self.message)?;
        for (index, evidence) in self.evidence.iter().enumerate() {
            write!(f, "{}{evidence}", if index == 0 { " (" } else { "; " })?;
        }
        if !self.evidence.is_empty() {
            f.write_str(")")?;
        }
        write!(f, ". {}", self.advice)
    }
}
