//! Which step comes after which.
//!
//! The order is the safe one (facts/authentik.md §9): directory → application without provider →
//! bindings → mapping → provider in dry run → link → who would be sent and who deleted → leave dry run
//! → watch → verify → policies.

use std::fmt::Write as _;

use cloudflare_scim::{AuditQuery, TokenStatus};
use jiff::SignedDuration;

use super::{Mode, Provisioner, Run};
use crate::error::Error;
use crate::event::Event;
use crate::finding::{Finding, Severity};
use crate::guard;
use crate::observe::Observed;
use crate::plan::{self, Change, Outlook};
use crate::report::{Outcome, Requests};
use crate::verify::Verification;

const TOKEN_EXPIRES_SOON: &str = "token_expires_soon";

/// How long a token must still hold not to be told about.
const EXPIRES_SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

impl Run {
    pub(super) async fn whole(mut self, mode: Mode) {
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

    pub(super) async fn work(&mut self, mode: Mode, seen_writes: &mut u64) -> Result<(), Error> {
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
        if let Some(group) = outlook.wanted.missing_groups.first() {
            return Err(Error::Precondition(format!(
                "authentik has no group {group:?}: create it, or take it out of the job"
            )));
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
        let mut synced = false;
        let (observed, outlook) = if needs_sync && !impossible {
            synced = true;
            self.sync(&observed, &outlook.plan).await?;
            let observed = self.read("read both sides after the sync").await?;
            let outlook = plan::outlook(&self.spec, &self.with.cloudflare, &observed);
            (observed, outlook)
        } else {
            (observed, outlook)
        };
        self.own_status(&observed).await?;
        let step = self.begin("verify that both sides agree").await;
        self.count(&outlook.verification);
        let outcome = if outlook.verification.synced() { Outcome::Done } else { Outcome::Found };
        self.end(step, outcome, counts(&outlook.verification));
        // Rights follow the groups: who is in them has to be known first.
        self.find(outlook.verification.findings.iter().filter(|it| it.code.ends_with("_membership")).cloned());
        self.compare_views(&outlook.wanted, &observed.cloudflare).await?;
        let observed = self.assign_policies(observed, &outlook).await?;
        let verification = plan::outlook(&self.spec, &self.with.cloudflare, &observed).verification;
        self.count(&verification);
        self.report.untouched = outlook.plan.untouched;
        self.find(verification.findings.iter().cloned());
        self.diagnose(&observed, &verification).await;
        if synced {
            self.audit(&before.cloudflare, &observed.cloudflare, seen_writes).await?;
        }
        let differs = |finding: &Finding| finding.severity != Severity::Warning;
        self.report.verified = verification.agrees() && !self.report.findings.iter().any(differs);
        Ok(())
    }

    pub(super) async fn check_access(&mut self) -> Result<(), Error> {
        let step = self.begin("check access to both sides").await;
        let Provisioner { authentik, cloudflare, .. } = self.with.clone();
        let result = async {
            let me = authentik.me().await?.user;
            let api = cloudflare.tokens().verify_api_token().await?;
            let scim = cloudflare.tokens().verify_scim_token().await?;
            for (name, status) in [("CLOUDFLARE_API_TOKEN", &api.status), ("CLOUDFLARE_SCIM_TOKEN", &scim.status)] {
                if *status != TokenStatus::Active {
                    return Err(Error::Precondition(format!(
                        "Cloudflare says that the token in {name} is {status}: make a new one"
                    )));
                }
            }
            // Better now than after all the work: a token for SCIM alone may not read the audit log.
            let minute = SignedDuration::from_secs(60);
            let since = self.began.checked_sub(minute).unwrap_or(self.began);
            cloudflare.audit_logs().list(&AuditQuery::between(since, self.began).limit(1)).first_page().await?;
            Ok((me, api, scim))
        };
        let result = result.await;
        let (_, api, scim) = self.settle(step, result, |(me, ..)| {
            let rights = if me.is_superuser { "a superuser" } else { "no superuser" };
            (Outcome::Done, format!("authentik as {:?}, {rights}", me.username))
        })?;
        for (name, token) in [("CLOUDFLARE_API_TOKEN", &api), ("CLOUDFLARE_SCIM_TOKEN", &scim)] {
            let soon = self.began.checked_add(EXPIRES_SOON).unwrap_or(self.began);
            if let Some(end) = token.expires_at().filter(|end| *end <= soon) {
                self.find([Finding::warning(
                    TOKEN_EXPIRES_SOON,
                    format!("the token in {name}"),
                    format!("expires at {end}; from then on leavers stay in the account"),
                    "Renew it under Manage Account > Account API Tokens, and run the job again with the new one.",
                )]);
            }
        }
        self.scim_token = Some(scim.id);
        Ok(())
    }

    /// The periodic sync and what authentik itself says of the last one.
    async fn own_status(&mut self, observed: &Observed) -> Result<(), Error> {
        let Some(provider) = observed.authentik.provider.as_ref().map(|provider| provider.pk) else { return Ok(()) };
        let authentik = self.with.authentik.clone();
        let step = self.begin("find the periodic sync").await;
        let schedule = authentik.schedules().of_provider(provider).await.map_err(Error::from);
        let schedule = self.settle(step, schedule, |schedule| {
            let paused = if schedule.paused { ", paused" } else { "" };
            (Outcome::Done, format!("crontab {:?} (UTC){paused}, next run {}", schedule.crontab, schedule.next_run))
        })?;
        let what = format!("SCIM provider {:?}", self.spec.name);
        if schedule.paused {
            self.find([Finding::warning(
                "schedule_paused",
                what.clone(),
                "is never synced by itself: its schedule is paused",
                "Resume the schedule in authentik (System > Tasks).",
            )]);
        }
        let step = self.begin("read authentik's own status of the sync").await;
        let status = authentik.scim_providers().sync_status(&provider).await.map_err(Error::from);
        let status = self.settle(step, status, |status| {
            let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "never".to_owned());
            let last = text(&status.last_successful_sync);
            (Outcome::Done, format!("{}, last successful {last}", text(&status.last_sync_status)))
        })?;
        let bad = status.last_sync_status.filter(|it| matches!(it.as_str(), "error" | "warning" | "rejected"));
        if let Some(bad) = bad {
            self.find([Finding::warning(
                "last_sync_status",
                what,
                format!("authentik's own status of the last sync is {bad:?}"),
                "Look at the sync's task in authentik (System > Tasks).",
            )]);
        }
        Ok(())
    }

    pub(super) async fn read(&mut self, name: &str) -> Result<Observed, Error> {
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
    pub(super) async fn compare(&mut self, observed: &Observed) -> Outlook {
        let step = self.begin("compare who would be sent and who would be deleted").await;
        let outlook = plan::outlook(&self.spec, &self.with.cloudflare, observed);
        self.count(&outlook.verification);
        self.report.untouched.clone_from(&outlook.plan.untouched);
        let stops = outlook.plan.findings.iter().filter(|finding| finding.severity == Severity::Stop).count();
        let mut text = format!("{} people and {} groups", outlook.wanted.people.len(), outlook.wanted.groups.len());
        if !outlook.plan.leavers.is_empty() {
            let leavers: Vec<&str> = outlook.plan.leavers.iter().map(String::as_str).collect();
            // Writing to a String cannot fail.
            let _infallible = write!(text, "; to be removed: {}", guard::some(&leavers));
        }
        if stops > 0 {
            text.push_str("; stopped");
        }
        self.end(step, if stops > 0 { Outcome::Found } else { Outcome::Done }, text);
        // The findings are computed anew each time: what is mended by now is none any more. The tokens stay what they are.
        self.report.findings.retain(|finding| finding.code == TOKEN_EXPIRES_SOON);
        self.find(outlook.plan.findings.iter().cloned());
        outlook
    }

    /// A dry run's end: what would be done.
    pub(super) async fn show(&mut self, outlook: Outlook) {
        for planned in &outlook.plan.changes {
            let step = self.begin(&planned.change.to_string()).await;
            self.end(step, Outcome::Planned, planned.reason.clone());
        }
        self.find(outlook.verification.findings.iter().cloned());
        self.report.verified = outlook.plan.is_empty() && outlook.verification.agrees() && !self.stopped();
    }

    /// A provider that no application has sends nothing, and says "done".
    pub(super) async fn check_link(&mut self, observed: &Observed) -> Result<(), Error> {
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
