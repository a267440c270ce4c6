//! From tasks and their logs to where a sync stands. No IO.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::SyncState;
use super::report::{DROPPED, SyncOutcome, SyncReport, reason, report};
use crate::id::TaskUuid;
use crate::model::{LogLine, Task, TaskState};

pub(super) const FULL: &str = "authentik.providers.scim.tasks.scim_sync";
pub(super) const PAGE: &str = "authentik.providers.scim.tasks.scim_sync_objects";
/// A sync that finds the lock held logs the start all the same, then this (H10).
const SKIPPED: &str = "already running";
const NOT_ASSIGNED: &str = "Is it assigned to an application";
const SYNCING: &str = "Syncing page";
const PROCESSED: &str = "Task is being processed";

pub(crate) fn is_full(task: &Task) -> bool {
    task.actor_name == FULL
}

fn is_page(task: &Task) -> bool {
    task.actor_name == PAGE
}

/// Whether the page got so far as to write.
pub(super) fn synced(page: &Task) -> bool {
    page.logs.iter().any(|line| line.event.starts_with(SYNCING))
}

/// When the present try began; `None` while it waits for one.
fn began(task: &Task) -> Option<Timestamp> {
    task.logs.iter().filter(|line| line.event == PROCESSED).filter_map(LogLine::at).max()
}

fn says_now(task: &Task, text: &str) -> bool {
    task.logs.iter().any(|line| line.event.contains(text))
}

pub(super) enum Verdict {
    State(SyncState),
    /// It did nothing, and nothing is running any more.
    SendAgain,
}

/// `before` are the full syncs that are not one's own.
pub(super) fn judge(tasks: &[Task], before: &BTreeSet<TaskUuid>) -> Verdict {
    let own: Vec<&Task> = tasks.iter().filter(|task| is_full(task) && !before.contains(&task.message_id)).collect();
    let open = |task: &&Task| !task.state.is_final();
    if own.iter().any(open) {
        return Verdict::State(under_way(tasks, &own));
    }
    let (skipped, worked): (Vec<&Task>, Vec<&Task>) = own.iter().partition(|task| says_now(task, SKIPPED));
    let last = worked.into_iter().max_by_key(|task| began(task));
    let asked = skipped.iter().filter_map(|task| task.queued_at()).max();
    // What was skipped had been asked for before: only a sync that began afterwards has seen it.
    let last = last.filter(|task| asked.is_none_or(|asked| began(task).is_some_and(|began| began >= asked)));
    match last {
        Some(full) => {
            let pages = pages_of(tasks, full);
            if pages.iter().any(open) {
                return Verdict::State(under_way(tasks, &[full]));
            }
            let outcome = outcome(full, &pages);
            Verdict::State(SyncState::Ended(report(outcome, full, &pages, tasks)))
        }
        None if own.is_empty() => Verdict::State(SyncState::Waiting),
        None if tasks.iter().any(|task| !task.state.is_final()) => Verdict::State(SyncState::Held),
        None => Verdict::SendAgain,
    }
}

/// The pages of the sync's present try: what was queued after it began. One lock per provider lets
/// no other sync run meanwhile.
fn pages_of<'a>(tasks: &'a [Task], full: &Task) -> Vec<&'a Task> {
    let Some(began) = began(full) else { return Vec::new() };
    tasks.iter().filter(|task| is_page(task) && task.queued_at().is_some_and(|at| at >= began)).collect()
}

/// The last full sync that is over and did not skip itself, with what came of it.
pub(crate) fn latest(tasks: &[Task]) -> Option<(SyncReport, Task)> {
    let over = tasks.iter().filter(|task| is_full(task) && task.state.is_final() && !says_now(task, SKIPPED));
    let full = over.max_by_key(|task| began(task).or_else(|| task.changed_at()))?;
    let next = tasks.iter().filter(|task| is_full(task)).filter_map(began).filter(|at| Some(*at) > began(full)).min();
    let mut pages = pages_of(tasks, full);
    pages.retain(|page| next.is_none_or(|next| page.queued_at().is_some_and(|at| at < next)));
    Some((report(outcome(full, &pages), full, &pages, tasks), full.clone()))
}

fn under_way(tasks: &[Task], own: &[&Task]) -> SyncState {
    let mut pages: Vec<&Task> = own.iter().flat_map(|full| pages_of(tasks, full)).collect();
    pages.sort_by_key(|page| &page.message_id);
    pages.dedup_by_key(|page| &page.message_id);
    let waits_for_a_try = |task: &&&Task| task.state == TaskState::Queued && task.retries > 0;
    let retried = own.iter().chain(&pages).filter(waits_for_a_try).max_by_key(|task| task.retries);
    if let Some(task) = retried {
        let complaints = task.previous_logs.iter().filter(|line| line.log_level.is_complaint());
        let error = complaints.max_by_key(|line| line.at()).map(reason).unwrap_or_default();
        return SyncState::Retrying { retry: task.retries, error };
    }
    if pages.is_empty() && own.iter().all(|task| task.state == TaskState::Queued) {
        let held = tasks.iter().any(|task| is_full(task) && task.state != TaskState::Queued && !task.state.is_final());
        return if held { SyncState::Held } else { SyncState::Waiting };
    }
    let pages_done = pages.iter().filter(|task| task.state.is_final()).count();
    let mut open = pages.iter().filter(|task| !task.state.is_final()).peekable();
    if open.peek().is_some() && open.all(|task| task.state == TaskState::Queued) {
        return SyncState::PagesWaiting { pages_done, pages: pages.len() };
    }
    SyncState::Running { pages_done, pages: pages.len() }
}

fn outcome(full: &Task, pages: &[&Task]) -> SyncOutcome {
    if says_now(full, NOT_ASSIGNED) {
        return SyncOutcome::NotAssigned;
    }
    if full.state == TaskState::Rejected || pages.iter().any(|page| page.state == TaskState::Rejected) {
        return SyncOutcome::Rejected;
    }
    if !pages.iter().any(|page| synced(page)) {
        return SyncOutcome::NothingDone;
    }
    let complained = |task: &&Task| task.logs.iter().any(|line| line.log_level.is_complaint());
    if complained(&full) || pages.iter().any(|page| complained(page) || !synced(page)) {
        return SyncOutcome::SucceededInPart;
    }
    if pages.iter().any(|page| says_now(page, DROPPED)) {
        return SyncOutcome::DryRun;
    }
    SyncOutcome::Succeeded
}
