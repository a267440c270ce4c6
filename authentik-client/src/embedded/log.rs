//! Counts and lists of the requests on both sides, for tests and reports.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use http::{Method, StatusCode};

/// Entries that are kept.
const KEPT: usize = 50_000;

/// On which side a request was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// To authentik's API.
    Api,
    /// By authentik's sync to a SCIM server.
    Scim,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoggedRequest {
    /// The side.
    pub side: Side,
    /// The method.
    pub method: Method,
    /// Path and query as sent.
    pub target: String,
    /// The answer's status; `None` where none arrived.
    pub status: Option<StatusCode>,
}

/// How many requests there were on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RequestCount {
    /// All.
    pub all: u64,
    /// Those that are neither GET nor HEAD nor OPTIONS.
    pub writes: u64,
}

#[derive(Debug, Default)]
struct Entries {
    kept: VecDeque<LoggedRequest>,
    api: RequestCount,
    scim: RequestCount,
}

#[derive(Debug, Default)]
pub(crate) struct RequestLog(Mutex<Entries>);

impl RequestLog {
    pub(crate) fn api(&self, method: &Method, target: &str, status: StatusCode) {
        self.add(Side::Api, method, target, Some(status));
    }

    pub(crate) fn scim(&self, method: &Method, target: &str, status: Option<StatusCode>) {
        self.add(Side::Scim, method, target, status);
    }

    fn add(&self, side: Side, method: &Method, target: &str, status: Option<StatusCode>) {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = match side {
            Side::Api => &mut log.api,
            Side::Scim => &mut log.scim,
        };
        count.all += 1;
        count.writes += u64::from(!method.is_safe());
        if log.kept.len() >= KEPT {
            log.kept.pop_front();
        }
        log.kept.push_back(LoggedRequest { side, method: method.clone(), target: target.to_owned(), status });
    }

    pub(crate) fn count(&self, side: Side) -> RequestCount {
        let log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match side {
            Side::Api => log.api,
            Side::Scim => log.scim,
        }
    }

    pub(crate) fn entries(&self) -> Vec<LoggedRequest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).kept.iter().cloned().collect()
    }
}
