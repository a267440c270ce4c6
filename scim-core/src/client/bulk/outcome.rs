use serde_json::Value;

use crate::client::{Error, Version};
use crate::message::ScimError;
use crate::resource::ResourceId;

/// What became of one operation of a bulk.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum BulkState {
    /// The server did it.
    #[non_exhaustive]
    Done {
        /// The status that the operation had.
        status: u16,
        /// The id of the resource, if the answer told it.
        id: Option<ResourceId>,
        /// Its version by now, if the answer told it.
        version: Option<Version>,
        /// The body of the operation's answer, if there was one.
        response: Option<Value>,
    },
    /// The server refused it.
    #[non_exhaustive]
    Refused {
        /// The status that the operation had.
        status: u16,
        /// The error that the server gave.
        error: Option<ScimError>,
    },
    /// It was not sent, or the server stopped before it: what it refers to failed, or something
    /// before it did.
    NotSent,
    /// It was sent, and no answer tells what became of it: look.
    Open,
}

/// What became of a bulk.
#[derive(Debug)]
#[must_use = "operations may have failed"]
#[non_exhaustive]
pub struct BulkOutcome {
    /// What became of each operation, in the order in which they were added.
    pub states: Vec<BulkState>,
    /// Why the bulk ended early, if it did. `Error::completed` counts the operations that are decided.
    pub error: Option<Error>,
}

impl BulkOutcome {
    /// Whether the server did every operation.
    pub fn is_complete(&self) -> bool {
        self.states.iter().all(|state| matches!(state, BulkState::Done { .. }))
    }

    /// Positions of the operations whose outcome only a look tells.
    pub fn open(&self) -> Vec<usize> {
        let states = self.states.iter().enumerate();
        states.filter(|(_, state)| matches!(state, BulkState::Open)).map(|(at, _)| at).collect()
    }
}
