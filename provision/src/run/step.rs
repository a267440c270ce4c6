//! A step of a run: begun, ended, told.

use std::task::Poll;

use tokio::time::Instant;

use super::{Run, Step};
use crate::error::Error;
use crate::event::Event;
use crate::finding::{Finding, Severity};
use crate::report::{Outcome, StepReport};
use crate::verify::Verification;

impl Run {
    pub(super) fn tell(&self, event: Event) {
        // Nobody listens any more: the work goes on all the same as long as it is polled.
        let _unheard = self.events.send(event);
    }

    /// Begins a step once everything that happened before has been heard.
    pub(super) async fn begin(&self, name: &str) -> Step {
        self.tell(Event::StepStarted { name: name.to_owned() });
        let mut heard = false;
        std::future::poll_fn(|context| {
            if std::mem::replace(&mut heard, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        Step { name: name.to_owned(), began: Instant::now() }
    }

    pub(super) fn end(&mut self, step: Step, outcome: Outcome, detail: impl Into<String>) {
        let seconds = step.began.elapsed().as_secs_f64();
        let report = StepReport { name: step.name, outcome, seconds, detail: detail.into() };
        self.tell(Event::StepFinished(report.clone()));
        self.report.steps.push(report);
    }

    /// Ends a step that may have failed.
    pub(super) fn settle<T>(
        &mut self,
        step: Step,
        result: Result<T, Error>,
        words: impl FnOnce(&T) -> (Outcome, String),
    ) -> Result<T, Error> {
        match &result {
            Ok(value) => {
                let (outcome, detail) = words(value);
                self.end(step, outcome, detail);
            }
            Err(error) => self.end(step, Outcome::Failed, error.to_string()),
        }
        result
    }

    pub(super) fn find(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            if !self.report.findings.contains(&finding) {
                self.tell(Event::Found(finding.clone()));
                self.report.findings.push(finding);
            }
        }
    }

    pub(super) fn stopped(&self) -> bool {
        self.report.findings.iter().any(|finding| finding.severity == Severity::Stop)
    }

    pub(super) fn count(&mut self, verification: &Verification) {
        self.report.users = verification.users;
        self.report.groups = verification.groups;
        self.report.memberships = verification.memberships;
        self.report.policies = verification.policies;
    }
}
