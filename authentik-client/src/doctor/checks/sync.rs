//! What the last sync did, and whether one is stuck.

use jiff::{SignedDuration, Timestamp};

use super::super::chart::Chart;
use super::super::code::Code;
use super::super::cure::Step;
use super::super::finding::Finding;
use crate::model::{ScimProviderPatch, Task, TaskState};
use crate::sync::{Complaint, SyncOutcome, SyncReport, is_full};

/// Pages that no worker takes for so long wait for ever; normal is less than a second.
const WAITING: SignedDuration = SignedDuration::from_secs(60);
/// authentik's own limit for one page (`sync_page_timeout`, default).
const RUNNING: SignedDuration = SignedDuration::from_mins(30);
/// How many complaints a finding quotes.
const QUOTED: usize = 5;

pub(super) fn check(chart: &Chart, found: &mut Vec<Finding>) {
    if let Some((report, _)) = &chart.last {
        last_sync(chart, report, found);
    }
    mapping(chart, found);
    open(chart, found);
    rejected(chart, found);
}

/// Starts the sync again.
pub(super) fn start(chart: &Chart) -> Step {
    Step::StartSync {
        provider: chart.provider.pk,
        name: chart.provider.name.clone(),
        schedule: chart.schedule.as_ref().map(|schedule| schedule.id.clone()),
    }
}

fn last_sync(chart: &Chart, report: &SyncReport, found: &mut Vec<Finding>) {
    let status = chart.status.last_sync_status.as_deref().unwrap_or("nothing");
    let said = format!("sync/status says {status}");
    if report.discovery_failed() {
        broken(chart, &report.complaints, found);
        return;
    }
    match report.outcome {
        SyncOutcome::NothingDone => found.push(
            Finding::new(Code::SyncDidNothing, chart.name(), "its last sync ended without writing or comparing anything")
                .evidence(said)
                .evidence(format!("none of its {} page tasks logged \"Syncing page\"", report.pages))
                .advice("The SCIM server's ServiceProviderConfig was answered 429 or 503. Start the sync again in a few minutes.")
                .steps(vec![start(chart)]),
        ),
        SyncOutcome::SucceededInPart | SyncOutcome::Rejected => {
            let honest = !matches!(status, "done" | "info");
            let code = if honest { Code::SyncFailed } else { Code::FalseDone };
            let count = report.complaints.len();
            let message = format!("its last sync left {count} things undone{}", if honest { "" } else { " and says it succeeded" });
            let mut finding = Finding::new(code, chart.name(), message).evidence(said);
            if let Some(at) = &chart.status.last_successful_sync {
                finding = finding.evidence(format!("last_successful_sync is {at}"));
            }
            for complaint in report.complaints.iter().take(QUOTED) {
                finding = finding.evidence(quoted(complaint));
            }
            found.push(finding.advice(advice(chart, &report.complaints)).steps(vec![start(chart)]));
        }
        _ => {}
    }
}

fn quoted(complaint: &Complaint) -> String {
    let text = complaint.to_string();
    if text.chars().count() <= 300 { text } else { text.chars().take(297).chain("...".chars()).collect() }
}

fn advice(chart: &Chart, complaints: &[Complaint]) -> String {
    let about_a_group =
        |complaint: &&Complaint| complaint.page.starts_with("group") && complaint.scim_status() == Some(400);
    if complaints.iter().any(|complaint| about_a_group(&complaint)) && !chart.profile.removes_members_by_path {
        // Traps 1 and 2.
        return "Before 2026.5.6 authentik removes members by a list of values and renames groups by a PATCH without \
                schemas; strict servers refuse both. Upgrade authentik or let the server take them, then start the sync \
                again."
            .to_owned();
    }
    "See what the SCIM server says, put that right, then start the sync again: a full sync tries no object twice."
        .to_owned()
}

fn broken(chart: &Chart, complaints: &[Complaint], found: &mut Vec<Finding>) {
    let mut finding = Finding::new(
        Code::DiscoveryBroken,
        chart.name(),
        "one odd resource in the SCIM server's lists stops every sync before it writes anything",
    );
    for complaint in complaints.iter().filter(|complaint| complaint.is_discovery()).take(QUOTED) {
        finding = finding.evidence(quoted(complaint));
    }
    let mut steps = Vec::new();
    let advice = if chart.provider.discovery_enabled.is_some() {
        let changes = ScimProviderPatch { discovery_enabled: Some(false), ..ScimProviderPatch::default() };
        steps.push(Step::Provider(chart.provider.pk, Box::new(changes)));
        "Switch discovery off, or have the server list what authentik expects."
    } else {
        "Upgrade authentik to 2026.5.4 or later, which passes over such resources, or have the server list what it \
         expects: groups of a user as objects, e-mails of type work, home or other, an e-mail for everybody."
    };
    found.push(finding.advice(advice).steps(steps));
}

/// Mappings that fail are named by events and by nothing else (H591).
fn mapping(chart: &Chart, found: &mut Vec<Finding>) {
    let Some((report, full)) = &chart.last else { return };
    let stopped: Vec<&Complaint> =
        report.complaints.iter().filter(|it| it.rest_of_page_skipped && it.text.starts_with("Stopping")).collect();
    if stopped.is_empty() {
        return;
    }
    let since = full.queued_at().unwrap_or(Timestamp::MIN);
    let mut finding = Finding::new(
        Code::MappingFails,
        chart.name(),
        format!(
            "{} pages of its last sync ended early: what came after an object that could not be mapped was not sent",
            stopped.len()
        ),
    );
    for complaint in stopped.iter().take(QUOTED) {
        finding = finding.evidence(quoted(complaint));
    }
    let of_this_sync = chart.events.iter().filter(|event| {
        event.created.as_deref().and_then(|at| at.parse::<Timestamp>().ok()).is_some_and(|at| at >= since)
    });
    for event in of_this_sync.take(QUOTED) {
        let name = event.context.pointer("/mapping/name").and_then(serde_json::Value::as_str).unwrap_or("?");
        let last = event.context.get("exception").and_then(serde_json::Value::as_array).and_then(|all| all.last());
        let text = |member: &str| last.and_then(|it| it.get(member)?.as_str()).unwrap_or_default().to_owned();
        finding =
            finding.evidence(format!("event: mapping {name:?} raised {} {}", text("exc_type"), text("exc_value")));
    }
    found.push(
        finding.advice(
            "Correct the mapping; a user that it cannot map should raise SkipObject. Then start the sync again.",
        ),
    );
}

/// Tasks that wait or do not move.
fn open(chart: &Chart, found: &mut Vec<Finding>) {
    for task in chart.open_tasks().filter(|task| task.state == TaskState::Queued && task.retries > 0) {
        let lines = task.previous_logs.iter().filter(|line| line.log_level.is_complaint());
        let why = lines.max_by_key(|line| line.at()).map(crate::sync::reason).unwrap_or_default();
        let discovery = Complaint::of_text(&why).is_discovery();
        if discovery {
            broken(chart, &[Complaint::of_text(&why)], found);
        }
        let eta = task.eta.as_deref().unwrap_or("an unknown time");
        found.push(
            Finding::new(
                Code::Retrying,
                task_name(task),
                format!("failed {} times and waits for its next try", task.retries),
            )
            .evidence(format!("tried again at {eta}, and only when no other task was queued for 30 s"))
            .evidence(if why.is_empty() { "authentik logged no text".to_owned() } else { why })
            .advice("Wait: after the sixth try it is given up."),
        );
    }
    found.dedup_by(|a, b| a.code == Code::DiscoveryBroken && b.code == Code::DiscoveryBroken);
    if !chart.status.is_running {
        return;
    }
    let open: Vec<&Task> = chart.tasks.iter().filter(|task| !task.state.is_final()).collect();
    let moved = open.iter().filter_map(|task| task.changed_at()).max();
    let still = moved.map(|moved| chart.now.duration_since(moved));
    let (full, pages): (Vec<&&Task>, Vec<&&Task>) = open.iter().partition(|task| is_full(task));
    let fresh = |task: &&&Task| task.state == TaskState::Queued && task.retries == 0;
    let stuck = match still {
        // The lock is held by a sync that no task stands for: a killed worker's.
        None => Some("no task of the provider is open".to_owned()),
        Some(still) if still >= WAITING && !full.is_empty() && pages.iter().all(fresh) && !pages.is_empty() => {
            Some(format!("its {} page tasks have waited {} s for a worker", pages.len(), still.as_secs()))
        }
        Some(still) if still >= RUNNING && pages.iter().all(|task| task.retries == 0) => {
            Some(format!("nothing of it has moved for {} minutes", still.as_mins()))
        }
        _ => None,
    };
    if let Some(evidence) = stuck {
        found.push(
            Finding::new(
                Code::StuckRunning,
                chart.name(),
                "holds its lock and does not move: every further sync skips itself",
            )
            .evidence("sync/status says is_running")
            .evidence(evidence)
            .advice(
                "Nothing in authentik's API cancels a sync: wait, or restart the worker. Two providers that sync at \
                     once hold both of the worker's threads; give it more threads or their schedules other minutes. \
                     Never delete a provider whose sync is running.",
            ),
        );
    }
}

fn task_name(task: &Task) -> String {
    let uid = task.uid.as_deref().unwrap_or(task.actor_name.as_str());
    format!("task {:?}", uid.rsplit_once("tasks.").map_or(uid, |(_, name)| name))
}

fn rejected(chart: &Chart, found: &mut Vec<Finding>) {
    for task in chart.rejected() {
        let lines = task.lines();
        let last = lines.iter().rfind(|line| line.log_level.is_complaint()).map(|line| crate::sync::reason(line));
        let why = last.filter(|text| !text.is_empty()).unwrap_or_else(|| "authentik logged no text".to_owned());
        found.push(
            Finding::new(Code::RejectedTask, task_name(task), "was given up after all its tries: what it was to do is not done")
                .evidence(format!("state rejected since {}, {} retries", task.mtime, task.retries))
                .evidence(why)
                .advice("See that the SCIM server is there and takes it, then try the task again. A user that was deleted in authentik has no other way to the server.")
                .steps(vec![Step::RetryTask(task.message_id.clone())]),
        );
    }
}
