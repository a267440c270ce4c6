//! Faults (rule 28), by switch or one by one.

use std::time::Duration;

use http::Method;

use super::switches::{FaultSwitch, Switches};

/// What goes wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// An answer of this status; the request takes no effect. 429 and 5xx are what real servers send.
    Refuse {
        /// The status.
        status: u16,
        /// The `retry-after`, in seconds.
        retry_after: Option<u64>,
        /// An HTML page as its body, else an envelope.
        html: bool,
    },
    /// An answer of this status, although the request took effect.
    FailAfter {
        /// The status.
        status: u16,
        /// An HTML page as its body, else an envelope.
        html: bool,
    },
    /// The right answer, late.
    Slow(Duration),
    /// The right answer, its body cut in the middle.
    Truncated,
    /// The right status without a body.
    Empty,
    /// 200 with an HTML page; the request takes no effect.
    Html,
    /// The connection ends without an answer; the request takes no effect.
    CutBefore,
    /// The connection ends without an answer, although the request took effect.
    CutAfter,
}

/// A fault and the requests that it hits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultRule {
    fault: Fault,
    method: Option<Method>,
    path: Option<String>,
    skip: u64,
    times: u64,
}

impl FaultRule {
    /// Hits the next request, once.
    pub fn once(fault: Fault) -> Self {
        Self { fault, method: None, path: None, skip: 0, times: 1 }
    }

    /// Hits that many requests.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }

    /// Only requests of this method.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// Only requests whose path holds this text.
    #[must_use]
    pub fn path(mut self, part: impl Into<String>) -> Self {
        self.path = Some(part.into());
        self
    }

    /// Lets that many requests pass first.
    #[must_use]
    pub fn after(mut self, requests: u64) -> Self {
        self.skip = requests;
        self
    }

    fn hits(&mut self, method: &Method, path: &str) -> bool {
        let meant = self.method.as_ref().is_none_or(|it| it == method)
            && self.path.as_ref().is_none_or(|it| path.contains(it.as_str()));
        if !meant || self.times == 0 {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times -= 1;
        true
    }
}

#[derive(Debug, Default)]
pub(super) struct Faults {
    rules: Vec<FaultRule>,
    requests: u64,
}

impl Faults {
    pub(super) fn add(&mut self, rule: FaultRule) {
        self.rules.push(rule);
    }

    pub(super) fn clear(&mut self) {
        self.rules.clear();
    }

    /// The fault that hits this request, if any.
    pub(super) fn next(&mut self, method: &Method, path: &str, switches: Switches) -> Option<Fault> {
        self.requests += 1;
        let hit = self.rules.iter_mut().find_map(|rule| rule.hits(method, path).then(|| rule.fault.clone()));
        self.rules.retain(|rule| rule.times > 0);
        if hit.is_some() {
            return hit;
        }
        let fault = by_switch(switches.fault)?;
        self.requests.is_multiple_of(switches.fault_every()).then_some(fault)
    }
}

fn by_switch(switch: FaultSwitch) -> Option<Fault> {
    let refuse = |status, html| Fault::Refuse { status, retry_after: None, html };
    Some(match switch {
        FaultSwitch::None => return None,
        FaultSwitch::Burst429 => refuse(429, false),
        FaultSwitch::Error500Before => refuse(500, false),
        FaultSwitch::Error502Before => refuse(502, true),
        FaultSwitch::Error504Before => refuse(504, true),
        FaultSwitch::Error500After => Fault::FailAfter { status: 500, html: false },
        FaultSwitch::Error502After => Fault::FailAfter { status: 502, html: true },
        FaultSwitch::Error504After => Fault::FailAfter { status: 504, html: true },
        FaultSwitch::Slow => Fault::Slow(Duration::from_secs(2)),
        FaultSwitch::Truncated => Fault::Truncated,
        FaultSwitch::Html => Fault::Html,
        FaultSwitch::Empty => Fault::Empty,
        FaultSwitch::Cut => Fault::CutBefore,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_hits_what_it_names_and_no_more() {
        let mut faults = Faults::default();
        faults.add(FaultRule::once(Fault::Empty).method(Method::POST).path("/Users").after(1).times(2));
        let mut hit = |method, path| faults.next(&method, path, Switches::default()).is_some();
        assert!(!hit(Method::GET, "/Users") && !hit(Method::POST, "/Groups"));
        assert!(!hit(Method::POST, "/Users"));
        assert!(hit(Method::POST, "/Users") && hit(Method::POST, "/Users"));
        assert!(!hit(Method::POST, "/Users"));
    }

    #[test]
    fn the_switch_hits_every_nth() {
        let mut switches = Switches::default();
        switches.set("fault", "500_before").unwrap();
        switches.set("fault_every", "2").unwrap();
        let mut faults = Faults::default();
        let hits: Vec<bool> = (0..4).map(|_| faults.next(&Method::GET, "/", switches).is_some()).collect();
        assert_eq!(hits, [false, true, false, true]);
    }
}
