//! Starts authentik's sync, watches it to its end, and says what it did.

use std::fmt::Write as _;

use authentik_client::model::ScimProviderPatch;
use authentik_client::sync::{Complaint, SyncOutcome, SyncReport, WatchOptions};

use super::{Provisioner, Run, watch};
use crate::error::Error;
use crate::event::Event;
use crate::finding::Finding;
use crate::observe::Observed;
use crate::plan::{self, Change, Plan};
use crate::report::Outcome;

impl Run {
    pub(super) async fn sync(&mut self, observed: &Observed, plan: &Plan) -> Result<(), Error> {
        let Some(provider) = observed.authentik.provider.clone() else {
            return Err(Error::Precondition("the SCIM provider is gone".to_owned()));
        };
        let Provisioner { authentik, cloudflare, .. } = self.with.clone();
        let timing = self.spec.timing.clone();
        let mut options = WatchOptions::default();
        options.interval = timing.poll_interval;

        let leave = plan.has(|change| *change == Change::LeaveDryRun);
        let step = self.begin(if leave { "leave dry run, which starts the sync" } else { "start the sync" }).await;
        let events = self.events.clone();
        let news = move |text: String| {
            let _unheard = events.send(Event::Progress { text });
        };
        // Only without its link a user whom Cloudflare lost is created anew; nothing remote is deleted by it.
        let dead: Vec<_> = plan::dead_links(observed).into_iter().map(|link| link.id.clone()).collect();
        let drops = plan.has(|change| matches!(change, Change::DropDeadLink { .. }));
        let watch = async {
            if drops {
                for link in &dead {
                    authentik.scim_user_links().delete(link).await?;
                }
            }
            // The syncs of the set-up are not the one that is watched.
            watch::quiet(&authentik, provider.pk, &cloudflare, &timing, &news).await?;
            let watch = authentik.watch_sync(provider.pk, options.clone()).await?;
            let mut patch = ScimProviderPatch::default();
            patch.dry_run = leave.then_some(false);
            // A token that authentik does not show may be an old one; saving it starts the sync as well.
            patch.token = provider.token.is_none().then(|| cloudflare.scim_token().secret());
            if patch.is_empty() {
                return authentik.start_sync(provider.pk, options.clone()).await.map_err(Error::from);
            }
            authentik.scim_providers().update(&provider.pk, &patch).await?;
            Ok(watch)
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
            let result = match started {
                Ok(watch) => watch::to_the_end(watch, &cloudflare, &timing, &news).await,
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
        Ok(())
    }
}

fn sync_words(report: &SyncReport) -> String {
    let mut text = match report.outcome {
        SyncOutcome::Succeeded => format!("{} pages", report.pages),
        SyncOutcome::SucceededInPart => format!("{} pages, {} complaints", report.pages, report.complaints.len()),
        SyncOutcome::DryRun => format!("{} pages in dry run, {} writes not sent", report.pages, report.dropped),
        SyncOutcome::NotAssigned => "the provider is assigned to no application".to_owned(),
        SyncOutcome::NothingDone => "authentik says done, but no page was synced".to_owned(),
        SyncOutcome::Rejected => "a task was given up after all its tries".to_owned(),
        _ => "ended".to_owned(),
    };
    if !report.deleted.is_empty() {
        // Writing to a String cannot fail.
        let _infallible = write!(text, ", {} deleted", report.deleted.len());
    }
    text
}

fn sync_findings(report: &SyncReport) -> Vec<Finding> {
    /// How many complaints stand for themselves; a dead server makes one per person.
    const SHOWN: usize = 20;
    const CURE: &str = "Look at the sync's task in authentik (System > Tasks).";
    let complaint = |complaint: &Complaint| {
        let page = if complaint.page.is_empty() { "the sync".to_owned() } else { format!("page {}", complaint.page) };
        let text: String = complaint.text.chars().take(500).collect();
        let text = if text.is_empty() { "an error without a text" } else { &text };
        Finding::warning("sync_complaint", page, format!("authentik's log says: {text}"), CURE)
    };
    let mut found: Vec<Finding> = report.complaints.iter().take(SHOWN).map(complaint).collect();
    if let Some(more) = report.complaints.len().checked_sub(SHOWN + 1) {
        let message = format!("authentik's log complains about {} objects more", more + 1);
        found.push(Finding::warning("sync_complaint", "the sync", message, CURE));
    }
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
