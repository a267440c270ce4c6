//! The order of it all, as a stream of events.
//!
//! The order is the safe one (facts/authentik.md §9): directory → application without provider →
//! bindings → mapping → provider in dry run → link → who would be sent and who deleted → leave dry run
//! → watch → verify → policies.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use authentik_client::Authentik;
use authentik_client::ensure::Change as Made;
use authentik_client::model::ScimProviderPatch;
use authentik_client::sync::{SyncOutcome, SyncReport, WatchOptions};
use cloudflare_scim::{AuditQuery, Cloudflare, TokenStatus};
use futures_core::stream::BoxStream;
use futures_util::stream::{self, PollNext};
use futures_util::{FutureExt, StreamExt};
use jiff::{SignedDuration, Timestamp};
use scim_core::transport::Counter;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::apply::{self, Tally};
use crate::error::Error;
use crate::event::Event;
use crate::finding::{Finding, Severity};
use crate::observe::{self, CloudflareSide, Observed};
use crate::plan::{self, Change, Outlook, Plan};
use crate::report::{Outcome, Report, Requests, StepReport};
use crate::spec::Spec;
use crate::sync;
use crate::verify::{self, Verification};

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
        let run = Run { with: self.clone(), spec, events: sender, report: Report::default(), began: Timestamp::now() };
        let work = run.to_the_end(mode).into_stream().filter_map(|()| async { None });
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
}

struct Step {
    name: String,
    began: Instant,
}

impl Run {
    fn tell(&self, event: Event) {
        // Nobody listens any more: the work goes on all the same as long as it is polled.
        let _unheard = self.events.send(event);
    }

    /// Begins a step once everything that happened before has been heard.
    async fn begin(&self, name: &str) -> Step {
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

    fn end(&mut self, step: Step, outcome: Outcome, detail: impl Into<String>) {
        let seconds = step.began.elapsed().as_secs_f64();
        let report = StepReport { name: step.name, outcome, seconds, detail: detail.into() };
        self.tell(Event::StepFinished(report.clone()));
        self.report.steps.push(report);
    }

    /// Ends a step that may have failed.
    fn settle<T>(
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

    fn find(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            if !self.report.findings.contains(&finding) {
                self.tell(Event::Found(finding.clone()));
                self.report.findings.push(finding);
            }
        }
    }

    fn stopped(&self) -> bool {
        self.report.findings.iter().any(|finding| finding.severity == Severity::Stop)
    }

    fn count(&mut self, verification: &Verification) {
        self.report.users = verification.users;
        self.report.groups = verification.groups;
        self.report.memberships = verification.memberships;
        self.report.policies = verification.policies;
    }

    async fn to_the_end(mut self, mode: Mode) {
        self.report.dry_run = mode == Mode::Plan;
        let mut seen_writes = 0;
        if let Err(error) = self.work(mode, &mut seen_writes).await {
            self.report.error = Some(error.to_string());
            self.report.verified = false;
        }
        let counters = &self.with.counters;
        self.report.requests = Requests {
            authentik: counters.authentik.all(),
            cloudflare: counters.cloudflare.all() + counters.sync.as_ref().map_or(seen_writes, |count| count()),
        };
        self.report.findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.cmp(b)));
        let report = std::mem::take(&mut self.report);
        self.tell(Event::Finished(Box::new(report)));
    }

    async fn work(&mut self, mode: Mode, seen_writes: &mut u64) -> Result<(), Error> {
        let problems = self.spec.problems();
        if !problems.is_empty() {
            return Err(Error::Spec(problems));
        }
        self.check_access().await?;
        let before = self.read("read both sides").await?;
        let outlook = self.compare(&before).await;
        if mode == Mode::Plan {
            self.show(outlook).await;
            return Ok(());
        }
        if self.stopped() {
            return Ok(());
        }
        let changed = self.set_up(&outlook.plan, &before).await?;
        // What was computed before the set-up is computed again on what is there now.
        let (observed, outlook) = if changed {
            let observed = self.read("read both sides again").await?;
            let outlook = self.compare(&observed).await;
            (observed, outlook)
        } else {
            (before.clone(), outlook)
        };
        if self.stopped() {
            return Ok(());
        }
        self.check_link(&observed).await?;
        let needs_sync = outlook.plan.has(|change| matches!(change, Change::LeaveDryRun | Change::Sync));
        let impossible = outlook.plan.findings.iter().any(|finding| finding.severity == Severity::Difference);
        let (observed, outlook) = if needs_sync && !impossible {
            self.sync(&observed, &outlook.plan).await?;
            let observed = self.read("read both sides after the sync").await?;
            let outlook = plan::outlook(&self.spec, &self.with.cloudflare, &observed);
            (observed, outlook)
        } else {
            (observed, outlook)
        };
        let step = self.begin("verify that both sides agree").await;
        self.count(&outlook.verification);
        let synced = outlook.verification.synced();
        let text = counts(&outlook.verification);
        self.end(step, if synced { Outcome::Done } else { Outcome::Found }, text);

        let observed = self.assign_policies(observed, &outlook).await?;
        let verification = plan::outlook(&self.spec, &self.with.cloudflare, &observed).verification;
        self.count(&verification);
        self.report.untouched = outlook.plan.untouched;
        self.find(verification.findings.iter().cloned());
        self.audit(&before.cloudflare, &observed.cloudflare, seen_writes).await?;
        let differs = |finding: &Finding| finding.severity != Severity::Warning;
        self.report.verified = verification.agrees() && !self.report.findings.iter().any(differs);
        Ok(())
    }

    async fn check_access(&mut self) -> Result<(), Error> {
        let step = self.begin("check access to both sides").await;
        let Provisioner { authentik, cloudflare, .. } = self.with.clone();
        let result = async {
            let me = authentik.me().await?.user;
            for (name, check) in [
                ("CLOUDFLARE_API_TOKEN", cloudflare.tokens().verify_api_token().await?),
                ("CLOUDFLARE_SCIM_TOKEN", cloudflare.tokens().verify_scim_token().await?),
            ] {
                if check.status != TokenStatus::Active {
                    return Err(Error::Precondition(format!(
                        "Cloudflare says that the token in {name} is {}: make a new one",
                        check.status
                    )));
                }
            }
            Ok(me)
        };
        let result = result.await;
        self.settle(step, result, |me| {
            let rights = if me.is_superuser { "a superuser" } else { "no superuser" };
            (Outcome::Done, format!("authentik as {:?}, {rights}", me.username))
        })?;
        Ok(())
    }

    async fn read(&mut self, name: &str) -> Result<Observed, Error> {
        let step = self.begin(name).await;
        let result = self.with.observe(&self.spec).await;
        self.settle(step, result, |observed| {
            let (authentik, cloudflare) = (&observed.authentik, &observed.cloudflare);
            let text = format!(
                "authentik: {} users, {} groups; Cloudflare: {} members, {} SCIM users, {} groups",
                authentik.users.len(),
                authentik.groups.len(),
                cloudflare.members.len(),
                cloudflare.users.len(),
                cloudflare.custom_groups().count()
            );
            (Outcome::Done, text)
        })
    }

    /// Who would be sent, and who would be deleted.
    async fn compare(&mut self, observed: &Observed) -> Outlook {
        let step = self.begin("compare who would be sent and who would be deleted").await;
        let outlook = plan::outlook(&self.spec, &self.with.cloudflare, observed);
        self.count(&outlook.verification);
        self.report.untouched.clone_from(&outlook.plan.untouched);
        let stops = outlook.plan.findings.iter().filter(|finding| finding.severity == Severity::Stop).count();
        let mut text = format!("{} people and {} groups", outlook.wanted.people.len(), outlook.wanted.groups.len());
        if !outlook.plan.leavers.is_empty() {
            let leavers: Vec<&str> = outlook.plan.leavers.iter().map(String::as_str).collect();
            text.push_str(&format!("; to be removed: {}", crate::guard::some(&leavers)));
        }
        if stops > 0 {
            text.push_str("; stopped");
        }
        self.end(step, if stops > 0 { Outcome::Found } else { Outcome::Done }, text);
        // The findings are computed anew each time: what is mended by now is none any more.
        self.report.findings.clear();
        self.find(outlook.plan.findings.iter().cloned());
        outlook
    }

    /// A dry run's end: what would be done.
    async fn show(&mut self, outlook: Outlook) {
        for planned in &outlook.plan.changes {
            let step = self.begin(&planned.change.to_string()).await;
            self.end(step, Outcome::Planned, planned.reason.clone());
        }
        self.find(outlook.verification.findings.iter().cloned());
        self.report.verified = outlook.plan.is_empty() && outlook.verification.agrees() && !self.stopped();
    }

    /// authentik's side, up to the provider that is linked and still in dry run. Says whether anything was
    /// written.
    async fn set_up(&mut self, plan: &Plan, before: &Observed) -> Result<bool, Error> {
        let authentik = self.with.authentik.clone();
        let spec = self.spec.clone();
        let side = &before.authentik;
        let mut writes = 0;

        let step = self.begin("create the users in authentik").await;
        let result = apply::users(&authentik, &spec, plan, &side.users).await;
        let (tally, pks) = self.settle(step, result, |(tally, _)| tally_words(*tally, "users"))?;
        writes += tally.created + tally.updated;

        let step = self.begin("create the groups in authentik").await;
        let result = apply::groups(&authentik, &spec, &side.groups).await;
        let (tally, groups) = self.settle(step, result, |(tally, _)| tally_words(*tally, "groups"))?;
        writes += tally.created;

        let step = self.begin("put the users into the groups").await;
        let result = apply::memberships(&authentik, &spec, &pks, &groups).await;
        let tally = self.settle(step, result, |tally| tally_words(*tally, "memberships"))?;
        writes += tally.created;

        let step = self.begin("create the application").await;
        let result = apply::application(&authentik, &spec, side.application.as_ref()).await;
        let (made, application) = self.settle(step, result, |(made, it)| (outcome(*made), it.slug.to_string()))?;
        writes += usize::from(made != Made::Unchanged);

        let step = self.begin("bind the groups to the application").await;
        let needed = plan.has(|change| matches!(change, Change::BindGroup { .. }));
        let result =
            if needed { apply::bindings(&authentik, &spec, &application, &groups).await } else { Ok(Tally::default()) };
        let tally = self.settle(step, result, |tally| tally_words(*tally, "bindings"))?;
        writes += tally.created;

        let step = self.begin("create the property mapping").await;
        let result = apply::mapping(&authentik, &spec, side.user_mapping.as_ref()).await;
        let (made, mapping) = self.settle(step, result, |(made, it)| (outcome(*made), it.name.clone()))?;
        writes += usize::from(made != Made::Unchanged);

        let step = self.begin("create the SCIM provider").await;
        let needed = plan.has(|change| matches!(change, Change::CreateProvider | Change::UpdateProvider { .. }));
        let result = match &side.provider {
            Some(provider) if !needed => Ok((Made::Unchanged, provider.clone())),
            _ => {
                let mut now = before.clone();
                now.authentik.groups = groups;
                now.authentik.user_mapping = Some(mapping);
                let wanted = plan::new_provider(&spec, &self.with.cloudflare, &now);
                let made = authentik.ensure_scim_provider(&wanted).await;
                made.map(|made| (made.change, made.value)).map_err(Error::from)
            }
        };
        let (made, provider) = self.settle(step, result, |(made, it)| {
            let state = if it.dry_run { ", in dry run" } else { "" };
            (outcome(*made), format!("{} to {}{state}", it.name, it.url))
        })?;
        writes += usize::from(made != Made::Unchanged);

        let step = self.begin("link the provider to the application").await;
        let result = authentik.ensure_attached(&application, provider.pk).await.map_err(Error::from);
        let made = self.settle(step, result, |made| (outcome(*made), String::new()))?;
        writes += usize::from(made != Made::Unchanged);
        Ok(writes > 0)
    }

    /// A provider that no application has sends nothing, and says "done".
    async fn check_link(&mut self, observed: &Observed) -> Result<(), Error> {
        let step = self.begin("check the link between provider and application").await;
        let side = &observed.authentik;
        let linked = side.provider.as_ref().zip(side.application.as_ref());
        let linked = linked.is_some_and(|(provider, it)| it.backchannel_providers.contains(&provider.pk));
        if linked {
            self.end(step, Outcome::Done, "");
            return Ok(());
        }
        self.end(step, Outcome::Found, "missing");
        let name = self.spec.name.clone();
        self.find([Finding::difference(
            "not_linked",
            format!("SCIM provider {name:?}"),
            "is no backchannel provider of the application, so authentik would send nothing and say \"done\"",
            "Name the provider as a backchannel provider of the application; a provider belongs to one application only.",
        )]);
        Err(Error::Precondition(format!(
            "the SCIM provider {name:?} is not linked to its application: somebody took the link away while this ran"
        )))
    }

    async fn sync(&mut self, observed: &Observed, plan: &Plan) -> Result<(), Error> {
        let Some(provider) = observed.authentik.provider.clone() else {
            return Err(Error::Precondition("the SCIM provider is gone".to_owned()));
        };
        let Provisioner { authentik, cloudflare, .. } = self.with.clone();
        let timing = self.spec.timing.clone();
        let mut options = WatchOptions::default();
        options.interval = timing.poll_interval;

        let step = self.begin("find the periodic sync").await;
        let schedule = authentik.schedules().of_provider(provider.pk).await.map_err(Error::from);
        self.settle(step, schedule, |schedule| {
            let paused = if schedule.paused { ", paused" } else { "" };
            (Outcome::Done, format!("crontab {:?} (UTC){paused}, next run {}", schedule.crontab, schedule.next_run))
        })?;

        let leave = plan.has(|change| *change == Change::LeaveDryRun);
        let step = self.begin(if leave { "leave dry run, which starts the sync" } else { "start the sync" }).await;
        let watch = async {
            if leave {
                // The syncs of the set-up run in dry run; the real one must not be taken for one of them.
                authentik.sync_quiet(provider.pk, &options, timing.sync_deadline).await?;
                let watch = authentik.watch_sync(provider.pk, options.clone()).await?;
                let mut patch = ScimProviderPatch::default();
                patch.dry_run = Some(false);
                authentik.scim_providers().update(&provider.pk, &patch).await?;
                Ok(watch)
            } else {
                authentik.start_sync(provider.pk, options.clone()).await.map_err(Error::from)
            }
        };
        let watch = watch.await;
        let watch =
            self.settle(step, watch, |_| (if leave { Outcome::Updated } else { Outcome::Done }, String::new()))?;

        let mut watch = Some(watch);
        for round in 0..2 {
            let step = self.begin("watch the sync").await;
            let started = match watch.take() {
                Some(watch) => Ok(watch),
                None => authentik.start_sync(provider.pk, options.clone()).await.map_err(Error::from),
            };
            let events = self.events.clone();
            let news = move |text: String| {
                let _unheard = events.send(Event::Progress { text });
            };
            let result = match started {
                Ok(watch) => sync::to_the_end(watch, &cloudflare, &timing, &news).await,
                Err(error) => Err(error),
            };
            let report = self.settle(step, result, |report| {
                let outcome = if report.outcome == SyncOutcome::Succeeded { Outcome::Done } else { Outcome::Found };
                (outcome, sync_words(report))
            })?;
            if report.outcome == SyncOutcome::NotAssigned {
                return Err(Error::SyncFailed(
                    "authentik says that the provider is assigned to no application: link it, then start the sync again"
                        .to_owned(),
                ));
            }
            // Writes that a dry run dropped, or that failed, come with the next sync; one more is worth it.
            let again = report.dropped > 0 || report.outcome != SyncOutcome::Succeeded;
            if !again || round == 1 {
                self.find(sync_findings(&report));
                break;
            }
        }
        let step = self.begin("read authentik's own status of the sync").await;
        let status = authentik.scim_providers().sync_status(&provider.pk).await.map_err(Error::from);
        self.settle(step, status, |status| {
            let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "never".to_owned());
            let last = text(&status.last_successful_sync);
            (Outcome::Done, format!("{}, last successful {last}", text(&status.last_sync_status)))
        })?;
        Ok(())
    }

    async fn assign_policies(&mut self, mut observed: Observed, outlook: &Outlook) -> Result<Observed, Error> {
        let step = self.begin("assign the policies").await;
        let cloudflare = self.with.cloudflare.clone();
        let mut written = 0;
        let mut held = Vec::new();
        for planned in &outlook.plan.changes {
            let Change::SetPolicies { group } = &planned.change else { continue };
            // Rights for a group with people in it who should not be there would be theirs too.
            let quoted = format!("group {group:?}");
            let extra = |it: &Finding| it.code.starts_with("extra_") && it.resource.ends_with(&quoted);
            if outlook.verification.findings.iter().any(extra) {
                held.push(group.clone());
                continue;
            }
            let Some(user_group) = verify::user_group(&observed.cloudflare, group) else { continue };
            let Ok(policies) = verify::wanted_policies(&self.spec, &observed.cloudflare, group) else { continue };
            match cloudflare.user_groups().set_policies(&user_group.id, &policies).await {
                Ok(now) => {
                    written += 1;
                    let known = observed.cloudflare.user_groups.iter_mut().find(|it| it.id == now.id);
                    if let Some(known) = known {
                        *known = now;
                    }
                }
                Err(error) => {
                    let error = Error::from(error);
                    self.end(step, Outcome::Failed, error.to_string());
                    return Err(error);
                }
            }
        }
        let (outcome, text) = match (written, held.is_empty()) {
            (_, false) => (Outcome::Found, format!("held back while others are in the group: {}", held.join(", "))),
            (0, true) => (Outcome::Unchanged, String::new()),
            (n, true) => (Outcome::Updated, format!("{n} groups")),
        };
        self.end(step, outcome, text);
        Ok(observed)
    }

    /// Finds the writes of this run in Cloudflare's audit log.
    async fn audit(
        &mut self,
        before: &CloudflareSide,
        after: &CloudflareSide,
        seen_writes: &mut u64,
    ) -> Result<(), Error> {
        let new = |after: BTreeSet<String>, before: BTreeSet<String>| after.difference(&before).count();
        let users = new(after.user_ids(), before.user_ids());
        let groups = new(after.group_ids(), before.group_ids());
        let gone = new(before.user_ids(), after.user_ids());
        if users + groups + gone == 0 {
            return Ok(());
        }
        let step = self.begin("find the writes in the audit log").await;
        let deadline = Instant::now() + self.spec.timing.audit_deadline;
        // Two clocks: a minute of grace on either side.
        let grace = SignedDuration::from_secs(60);
        let since = self.began.checked_sub(grace).unwrap_or(self.began);
        let pause = self.spec.timing.poll_interval.max(Duration::from_millis(100));
        loop {
            let now = Timestamp::now();
            let query = AuditQuery::between(since, now.checked_add(grace).unwrap_or(now)).limit(1000);
            let entries = match self.with.cloudflare.audit_logs().list(&query).all().await {
                Ok(entries) => entries,
                Err(error) => {
                    let error = Error::from(error);
                    self.end(step, Outcome::Failed, error.to_string());
                    return Err(error);
                }
            };
            let scim: Vec<_> = entries.iter().filter(|it| it.is_scim() && it.succeeded() != Some(false)).collect();
            *seen_writes = entries.iter().filter(|it| it.is_scim()).count() as u64;
            let count = |words: &[&str]| {
                scim.iter().filter(|it| it.description().is_some_and(|text| words.contains(&text))).count()
            };
            let found = (
                count(&["Create SCIM User"]),
                count(&["Create SCIM Group"]),
                count(&["Delete SCIM User", "Replace SCIM User", "Update SCIM User"]),
            );
            if found.0 >= users && found.1 >= groups && found.2 >= gone {
                self.end(step, Outcome::Done, format!("{} entries of SCIM writes", scim.len()));
                return Ok(());
            }
            if Instant::now() + pause > deadline {
                self.end(step, Outcome::Found, format!("{} entries of SCIM writes", scim.len()));
                let missing = format!(
                    "shows {} of {users} created users, {} of {groups} created groups and {} of {gone} removals after {} s",
                    found.0.min(users),
                    found.1.min(groups),
                    found.2.min(gone),
                    self.spec.timing.audit_deadline.as_secs()
                );
                self.find([Finding::warning(
                    "audit_incomplete",
                    "audit log",
                    missing,
                    "Entries can come late: look at the audit log again in a while.",
                )]);
                return Ok(());
            }
            tokio::time::sleep(pause).await;
        }
    }
}

fn outcome(made: Made) -> Outcome {
    match made {
        Made::Created => Outcome::Created,
        Made::Updated => Outcome::Updated,
        Made::Unchanged => Outcome::Unchanged,
    }
}

fn tally_words(tally: Tally, what: &str) -> (Outcome, String) {
    match (tally.created, tally.updated) {
        (0, 0) => (Outcome::Unchanged, String::new()),
        (0, updated) => (Outcome::Updated, format!("{updated} {what} updated")),
        (created, 0) => (Outcome::Created, format!("{created} {what}")),
        (created, updated) => (Outcome::Created, format!("{created} {what}, {updated} updated")),
    }
}

fn counts(verification: &Verification) -> String {
    format!(
        "{} of {} users, {} of {} groups, {} of {} memberships",
        verification.users.present,
        verification.users.wanted,
        verification.groups.present,
        verification.groups.wanted,
        verification.memberships.present,
        verification.memberships.wanted
    )
}

fn sync_words(report: &SyncReport) -> String {
    let mut text = match report.outcome {
        SyncOutcome::Succeeded => format!("{} pages", report.pages),
        SyncOutcome::SucceededInPart => format!("{} pages, {} complaints", report.pages, report.complaints.len()),
        SyncOutcome::NotAssigned => "the provider is assigned to no application".to_owned(),
        SyncOutcome::NothingDone => "authentik says done, but no page was synced".to_owned(),
        SyncOutcome::Rejected => "a task was given up after all its tries".to_owned(),
        _ => "ended".to_owned(),
    };
    if !report.deleted.is_empty() {
        text.push_str(&format!(", {} deleted", report.deleted.len()));
    }
    text
}

fn sync_findings(report: &SyncReport) -> Vec<Finding> {
    let mut found: Vec<Finding> = report
        .complaints
        .iter()
        .map(|complaint| {
            let page =
                if complaint.page.is_empty() { "the sync".to_owned() } else { format!("page {}", complaint.page) };
            let text: String = complaint.text.chars().take(500).collect();
            let message = if text.is_empty() { "authentik logged an error without a text".to_owned() } else { text };
            Finding::warning(
                "sync_complaint",
                page,
                format!("authentik's log says: {message}"),
                "Look at the sync's task in authentik (System > Tasks).",
            )
        })
        .collect();
    if report.outcome == SyncOutcome::NothingDone {
        found.push(Finding::warning(
            "sync_did_nothing",
            "the sync",
            "authentik says done, but no page was synced: Cloudflare may have answered 429 or 503 to the first request",
            "Start the sync again in a few minutes.",
        ));
    }
    found
}
