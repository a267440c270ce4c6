//! What happens while a run goes on.

use serde::Serialize;

use crate::finding::Finding;
use crate::report::{Report, StepReport};

/// One thing that happened. A run is a stream of these; the last one is [`Event::Finished`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A step began.
    StepStarted {
        /// What is to be done.
        name: String,
    },
    /// A step has news.
    Progress {
        /// One line.
        text: String,
    },
    /// A step ended.
    StepFinished(StepReport),
    /// Something that a person should know, as soon as it is known; the report holds it again.
    Found(Finding),
    /// The run is over.
    Finished(Box<Report>),
}
