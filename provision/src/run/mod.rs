//! The job as a stream of events: `order` says which step comes after which, one file per step that is
//! more than a call, `step` how a step is told.

mod audit;
mod doctor;
mod order;
mod policies;
mod set_up;
mod step;
mod sync;
mod views;
mod watch;

use std::fmt;
use std::sync::Arc;

use authentik_client::Authentik;
use cloudflare_scim::{Cloudflare, TokenId};
use futures_core::stream::BoxStream;
use futures_util::stream::{self, PollNext};
use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use scim_core::transport::Counter;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::error::Error;
use crate::event::Event;
use crate::observe::{self, Observed};
use crate::plan::{self, Plan};
use crate::report::Report;
use crate::spec::Spec;
use crate::verify::Verification;

/// Whether a run writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Looks, and says what it would change.
    Plan,
    /// Makes it so.
    Apply,
}

/// Where the requests of a run are counted.
#[derive(Clone, Default)]
pub struct Counters {
    /// Requests to authentik.
    pub authentik: Arc<Counter>,
    /// This program's requests to Cloudflare.
    pub cloudflare: Arc<Counter>,
    /// The requests of authentik's own sync to Cloudflare, where something can count them; otherwise the
    /// audit log's writes are counted.
    pub sync: Option<Arc<dyn Fn() -> u64 + Send + Sync>>,
}

impl fmt::Debug for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counters").finish_non_exhaustive()
    }
}

/// Does the job with one authentik and one Cloudflare account. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Provisioner {
    authentik: Authentik,
    cloudflare: Cloudflare,
    counters: Counters,
}

impl Provisioner {
    /// For these two.
    pub fn new(authentik: Authentik, cloudflare: Cloudflare) -> Self {
        Self { authentik, cloudflare, counters: Counters::default() }
    }

    /// Reports the requests that these counters have counted when a run ends.
    #[must_use]
    pub fn with_counters(mut self, counters: Counters) -> Self {
        self.counters = counters;
        self
    }

    /// Reads both sides, whole.
    ///
    /// # Errors
    /// If a call fails or a list cannot be read to its end.
    pub async fn observe(&self, spec: &Spec) -> Result<Observed, Error> {
        observe::both(&self.authentik, &self.cloudflare, spec).await
    }

    /// What a run would do, computed from what was observed.
    pub fn plan(&self, spec: &Spec, observed: &Observed) -> Plan {
        plan::outlook(spec, &self.cloudflare, observed).plan
    }

    /// How far Cloudflare holds what it should, computed from what was observed.
    pub fn verify(&self, spec: &Spec, observed: &Observed) -> Verification {
        plan::outlook(spec, &self.cloudflare, observed).verification
    }

    /// Does the job: a stream of events that ends with [`Event::Finished`]. It works while it is polled, and
    /// stops where it stands when it is dropped; the next run goes on from there.
    pub fn run(&self, spec: Spec, mode: Mode) -> BoxStream<'static, Event> {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let events = stream::poll_fn(move |context| receiver.poll_recv(context));
        let run = Run {
            with: self.clone(),
            spec,
            events: sender,
            report: Report::default(),
            began: Timestamp::now(),
            scim_token: None,
        };
        let work = run.whole(mode).into_stream().filter_map(|()| async { None });
        // Events first: what has happened is told before the work goes on.
        stream::select_with_strategy(events, work, |(): &mut ()| PollNext::Left).boxed()
    }

    /// Does the job and returns the report.
    pub async fn finish(&self, spec: Spec, mode: Mode) -> Report {
        let mut events = self.run(spec, mode);
        let mut report = Report::default();
        while let Some(event) = events.next().await {
            if let Event::Finished(finished) = event {
                report = *finished;
            }
        }
        report
    }
}

struct Run {
    with: Provisioner,
    spec: Spec,
    events: mpsc::UnboundedSender<Event>,
    report: Report,
    began: Timestamp,
    /// The id of the SCIM token: the audit log names authentik's writes by it.
    scim_token: Option<TokenId>,
}

struct Step {
    name: String,
    began: Instant,
}
