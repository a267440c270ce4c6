//! Which step comes after which.
//!
//! The order is the safe one (facts/authentik.md §9): directory → application without provider →
//! bindings → mapping → provider in dry run → link → who would be sent and who deleted → leave dry run
//! → watch → verify → policies.

use std::fmt::Write as _;

use cloudflare_scim::TokenStatus;

use super::{Mode, Provisioner, Run};
use crate::error::Error;
use crate::event::Event;
use crate::finding::{Finding, Severity};
use crate::guard;
use crate::observe::Observed;
use crate::plan::{self, Change, Outlook};
use crate::report::{Outcome, Requests};
use crate::verify::Verification;

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
        self.compare_views(&outlook.wanted, &observed.cloudflare).await?;
        self.audit(&before.cloudflare, &observed.cloudflare, seen_writes).await?;
        let differs = |finding: &Finding| finding.severity != Severity::Warning;
        self.report.verified = verification.agrees() && !self.report.findings.iter().any(differs);
        Ok(())
    }

    pub(super) async fn check_access(&mut self) -> Result<(), Error> {
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
        // The findings are computed anew each time: what is mended by now is none any more.
        self.report.findings.clear();
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
