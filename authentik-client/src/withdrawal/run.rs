//! Carries a withdrawal out.

use std::collections::{BTreeMap, BTreeSet};

use scim_core::transport::Operation;
use tokio::time::Instant;

use super::plan::Step;
use super::report::named;
use super::{Afterwards, Withdrawal, WithdrawalReport};
use crate::doctor::PlannedCall;
use crate::error::{Error, ErrorKind};
use crate::id::UserPk;
use crate::model::{NewScimUserLink, ScimUserLink};
use crate::sync::{SyncOutcome, SyncReport};

/// How often a sync is started for those whom the one before left. A retry within a sync is authentik's own.
const ROUNDS: usize = 3;

/// A user at the server: one can have two links, and two can have the same id.
type Key = (UserPk, String);

fn key(link: &ScimUserLink) -> Key {
    (link.user, link.scim_id.clone())
}

pub(super) struct Run {
    it: Withdrawal,
    report: WithdrawalReport,
    /// Whether the provider was changed so that its sync writes.
    opened: bool,
}

impl Run {
    pub(super) async fn of(it: Withdrawal) -> WithdrawalReport {
        let left = it.users().to_vec();
        let mut run = Self { it, report: WithdrawalReport { left, ..WithdrawalReport::default() }, opened: false };
        let outcome = run.all().await;
        run.report.failed = outcome.err();
        run.report
    }

    async fn all(&mut self) -> Result<(), Error> {
        if !self.it.obstacles().is_empty() {
            return Err(self.error(ErrorKind::InvalidRequest, self.it.obstacles().join("; ")));
        }
        for step in self.it.closing() {
            if matches!(step, Step::Attach) {
                self.nobody_passes().await?;
            }
            self.step(&step).await?;
        }
        self.nobody_in_scope().await?;
        let mut wanted: BTreeMap<Key, ScimUserLink> =
            self.it.users().iter().map(|link| (key(link), link.clone())).collect();
        let removed = self.remove(&mut wanted).await;
        self.report.left = wanted.into_values().collect();
        removed?;
        let provider = self.it.survey.provider.pk;
        self.report.groups_left = self.it.client.scim_group_links().of(provider).all().await?;
        if self.it.options.afterwards != Afterwards::KeepProvider {
            // A provider that is deleted while it syncs can hold a worker for ever.
            self.quiet().await?;
        }
        for step in self.it.ending(self.opened) {
            self.step(&step).await?;
        }
        Ok(())
    }

    /// Has authentik itself evaluate the bindings before they count: whom it asks about meets the most of them.
    async fn nobody_passes(&self) -> Result<(), Error> {
        let Withdrawal { client, slug, caller, .. } = &self.it;
        if client.applications().check_access(slug, *caller).await?.passing {
            let detail =
                format!("the application {slug} is bound so that nobody passes, and authentik lets user {caller} pass");
            return Err(self.error(ErrorKind::InvalidRequest, detail));
        }
        Ok(())
    }

    /// Not only what this has bound counts, but what is there afterwards.
    async fn nobody_in_scope(&self) -> Result<(), Error> {
        let survey = self.it.client.survey(self.it.survey.provider.pk).await?;
        let own = survey.application.as_ref().is_some_and(|application| application.slug == self.it.slug);
        let sent = survey.scope.values().filter(|reason| reason.is_in()).count();
        if own && sent == 0 {
            return Ok(());
        }
        let slug = &self.it.slug;
        let detail = if own {
            format!(
                "the bindings of the application {slug} let {sent} users pass: delete those that are not the \
                 withdrawal's own, then run it again"
            )
        } else {
            format!("the provider was taken from the application {slug} meanwhile: run it again")
        };
        Err(self.error(ErrorKind::InvalidRequest, detail))
    }

    /// Has everybody deleted at the server; takes out of `wanted` who is.
    ///
    /// A link that is gone proves nothing: authentik drops it before it sends the DELETE, and forgets whom the
    /// server refused to delete (H59), or whom a dry run did not even send (H10). So only whom its log names
    /// counts, and everybody else is linked again.
    async fn remove(&mut self, wanted: &mut BTreeMap<Key, ScimUserLink>) -> Result<(), Error> {
        // A user whose creation is still queued would come after the others are gone.
        self.events_over().await?;
        let (mut missed, mut last) = (BTreeSet::new(), None);
        for _ in 0..ROUNDS {
            self.quiet().await?;
            let before = self.link_again(wanted).await?;
            if wanted.is_empty() {
                return Ok(());
            }
            let report = match self.sync().await {
                Ok(report) => report,
                Err(error) => {
                    // Also while that sync goes on: the next withdrawal knows only who is linked. The first error is
                    // the one to tell.
                    let _ = self.link_again(wanted).await;
                    return Err(error);
                }
            };
            let after: BTreeSet<Key> = self.links().await?.iter().map(key).collect();
            let worked = matches!(report.outcome, SyncOutcome::Succeeded | SyncOutcome::SucceededInPart);
            let clean = worked && report.retries == 0;
            let (removed, gone) = (&mut self.report.removed, &mut self.report.gone);
            wanted.retain(|key, link| {
                if after.contains(key) {
                    return true;
                }
                if report.deleted.contains(&key.1) {
                    removed.push(link.clone());
                    return false;
                }
                // authentik logs nothing where the server answered 404: twice in a row, it has nobody there.
                if clean && before.contains(key) && !missed.insert(key.clone()) {
                    gone.push(link.clone());
                    return false;
                }
                true
            });
            self.report.complaints = report.complaints;
            last = Some(report.outcome);
            if wanted.is_empty() && after.is_empty() {
                return Ok(());
            }
            if report.outcome == SyncOutcome::Rejected {
                break;
            }
        }
        self.quiet().await?;
        self.link_again(wanted).await?;
        let left: Vec<ScimUserLink> = wanted.values().cloned().collect();
        let said: Vec<String> = self.report.complaints.iter().map(ToString::to_string).collect();
        let why = match (last, said.is_empty()) {
            (Some(SyncOutcome::NothingDone), _) => {
                "the sync did nothing: the server's ServiceProviderConfig may have been answered 429 or 503".to_owned()
            }
            // A refused DELETE is logged without a word of what the server said.
            (_, true) => "authentik's log gives no reason".to_owned(),
            (_, false) => format!("authentik's log says: {}", said.join(", ")),
        };
        let detail = format!(
            "{} users may still be there: {}; {why}. The provider stays at the application {}, whose bindings let nobody \
             pass, and the users stay linked: run the withdrawal again, or delete them at the server and then run it. A \
             server that deletes nobody (Cloudflare answers 405) needs another way: deactivate them in authentik before, \
             and delete the provider by hand",
            left.len(),
            named(&left),
            self.it.slug
        );
        Err(self.error(ErrorKind::NotWritten, detail))
    }

    async fn links(&self) -> Result<Vec<ScimUserLink>, Error> {
        self.it.client.scim_user_links().of(self.it.survey.provider.pk).all().await
    }

    /// Adds to `wanted` who is linked, and links who is wanted. Answers who is linked now.
    async fn link_again(&mut self, wanted: &mut BTreeMap<Key, ScimUserLink>) -> Result<BTreeSet<Key>, Error> {
        let links = self.links().await?;
        let mut linked: BTreeSet<Key> = links.iter().map(key).collect();
        wanted.extend(links.into_iter().map(|link| (key(&link), link)));
        let provider = self.it.survey.provider.pk;
        for (key, link) in wanted.iter().filter(|(key, _)| !linked.contains(*key)).collect::<Vec<_>>() {
            let new = NewScimUserLink { provider, user: link.user, scim_id: link.scim_id.clone() };
            match self.it.client.scim_user_links().create(&new).await {
                Ok(_) => {
                    let body = serde_json::to_value(&new).unwrap_or_default();
                    let path = "providers/scim_users/".to_owned();
                    self.report.done.push(PlannedCall::new(http::Method::POST, path, Some(body)));
                    linked.insert(key.clone());
                }
                // A sync has been quicker.
                Err(error) if error.is_conflict() => {
                    linked.insert(key.clone());
                }
                // The user is gone from authentik, too: nothing can be linked.
                Err(error) if error.kind() == ErrorKind::Invalid => {}
                Err(error) => return Err(error),
            }
        }
        Ok(linked)
    }

    async fn sync(&mut self) -> Result<SyncReport, Error> {
        let provider = self.it.survey.provider.pk;
        let options = self.it.options.watch.clone();
        let watch = if self.opened || self.it.opening().is_empty() {
            let watch = self.it.client.start_sync(provider, options).await?;
            self.report.done.push(Step::Send.planned(&self.it));
            watch
        } else {
            if self.it.survey.provider.dry_run && !self.it.options.leave_dry_run {
                let detail = "somebody was linked meanwhile, and the provider may not leave dry run (leave_dry_run)";
                return Err(self.error(ErrorKind::InvalidRequest, detail.to_owned()));
            }
            let watch = self.it.client.watch_sync(provider, options).await?;
            for step in self.it.starting() {
                self.step(&step).await?;
            }
            watch
        };
        self.opened = true;
        watch.finished(self.it.options.limit).await
    }

    async fn quiet(&self) -> Result<(), Error> {
        let options = &self.it.options;
        self.it.client.sync_quiet(self.it.survey.provider.pk, &options.watch, options.limit).await
    }

    async fn events_over(&self) -> Result<(), Error> {
        let deadline = Instant::now() + self.it.options.limit;
        loop {
            let newest = self.it.client.tasks().of_provider(self.it.survey.provider.pk).page(1).await?.results;
            if newest.iter().all(|task| task.state.is_final()) {
                return Ok(());
            }
            if Instant::now() + self.it.options.watch.interval > deadline {
                let detail = "changes of single users and groups that were queued before are not written yet";
                return Err(self.error(ErrorKind::DeadlineExceeded, detail.to_owned()));
            }
            tokio::time::sleep(self.it.options.watch.interval).await;
        }
    }

    async fn step(&mut self, step: &Step) -> Result<(), Error> {
        let planned = step.planned(&self.it);
        let deadline = Instant::now() + self.it.options.limit;
        loop {
            let Err(error) = self.it.client.core().send(planned.call("withdraw")).await else { break };
            match step {
                Step::DeleteOrigin(_) | Step::DeleteOwn if error.is_not_found() => break,
                // It deletes nothing while a task of the provider runs (facts/authentik.md §2).
                Step::DeleteOrigin(_) | Step::DeleteOwn
                    if error.is_server_error() && Instant::now() + self.it.options.watch.interval <= deadline =>
                {
                    tokio::time::sleep(self.it.options.watch.interval).await;
                }
                _ => return Err(error),
            }
        }
        self.report.done.push(planned);
        if matches!(step, Step::CreateApplication | Step::AdaptApplication) {
            self.it.own = Some(self.it.client.applications().get(&self.it.slug).await?);
        }
        Ok(())
    }

    fn error(&self, kind: ErrorKind, detail: String) -> Error {
        let operation = Operation::new("withdraw", format!("providers/scim/{}", self.it.survey.provider.pk));
        Error::new(operation, kind).with_detail(detail)
    }
}
