//! Faults on the API's side and in the worker, for tests of those who talk to authentik (facts §11.25).

use std::time::Duration;

use http::{Method, StatusCode};

/// What happens to a request instead of, or besides, its normal answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// This status with an empty `text/html` body; nothing is done. 405 is authentik's own crash.
    Status(StatusCode),
    /// The request is carried out, its answer comes so much later.
    Slow(Duration),
    /// The request is carried out and the connection ends without an answer.
    LostAnswer,
    /// The connection ends and nothing is done.
    NoAnswer,
}

/// A fault for the next requests that match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    method: Option<Method>,
    path: String,
    times: u32,
    kind: FaultKind,
}

impl Fault {
    /// For the next request whose path below `/api/v3/` begins with `path`, whatever its method.
    pub fn new(path: impl Into<String>, kind: FaultKind) -> Self {
        Self { method: None, path: path.into(), times: 1, kind }
    }

    /// For this method only.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// For so many requests instead of one.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }
}

/// The faults that are still to come.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// Takes the first fault that matches.
    pub(crate) fn take(&mut self, method: &Method, path: &str) -> Option<FaultKind> {
        let rest = path.strip_prefix("/api/v3/").unwrap_or(path);
        let index = self.0.iter().position(|fault| {
            fault.method.as_ref().is_none_or(|wanted| wanted == method) && rest.starts_with(&fault.path)
        })?;
        let fault = self.0.get_mut(index)?;
        let kind = fault.kind;
        fault.times = fault.times.saturating_sub(1);
        if fault.times == 0 {
            self.0.remove(index);
        }
        Some(kind)
    }
}
