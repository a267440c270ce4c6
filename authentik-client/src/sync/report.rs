use std::fmt;

use serde_json::Value;

use super::judge::synced;
use super::objects::{self, ObjectResult};
use crate::id::{GroupUuid, UserPk};
use crate::model::{LogLine, Task, TaskState};

const STOPPED: &str = "Stopping sync due to error";
pub(super) const DROPPED: &str = "Dropping mutating request";

/// How a sync ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SyncOutcome {
    /// Every page ran and nothing was complained about.
    Succeeded,
    /// Pages ran; single objects or pages were not written: see [`SyncReport::complaints`].
    SucceededInPart,
    /// The provider is no application's backchannel provider: nothing was sent.
    NotAssigned,
    /// It says done, but no page wrote anything: the SCIM server's `ServiceProviderConfig` was answered
    /// 429 or 503 (H60).
    NothingDone,
    /// It says done, but the provider is in dry run: [`SyncReport::dropped`] writes were not sent (H10).
    DryRun,
    /// A task was given up after all its tries.
    Rejected,
}

/// What a complaint is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SyncedObject {
    /// A user.
    User {
        /// The user.
        pk: UserPk,
        /// The username.
        username: String,
    },
    /// A group.
    Group {
        /// The group.
        uuid: GroupUuid,
        /// Its name.
        name: String,
    },
}

impl fmt::Display for SyncedObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User { username, .. } => write!(f, "user {username:?}"),
            Self::Group { name, .. } => write!(f, "group {name:?}"),
        }
    }
}

/// What authentik logged against one object or page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Complaint {
    /// The page: `user:1`, `group:1`; empty for the sync as a whole.
    pub page: String,
    /// The user or group, where authentik names one.
    pub object: Option<SyncedObject>,
    /// Whether the page ended here: what came after this object was not written either, and nothing
    /// says what that was.
    pub rest_of_page_skipped: bool,
    /// The text as authentik logged it. May hold names and what the SCIM server answered.
    pub text: String,
}

impl Complaint {
    /// A complaint of which only the text is known.
    pub(crate) fn of_text(text: &str) -> Self {
        Self { page: String::new(), object: None, rest_of_page_skipped: false, text: text.to_owned() }
    }

    /// The status that the SCIM server's error stated; `None` for failures without one (a mapping that
    /// fails, a connection that breaks, 429 and 503).
    pub fn scim_status(&self) -> Option<u16> {
        quoted(&self.text, "status")?.parse().ok()
    }

    /// The scimType that the SCIM server's error stated.
    pub fn scim_type(&self) -> Option<&str> {
        quoted(&self.text, "scimType")
    }

    /// Whether it was the look at what the SCIM server holds that failed (discovery): one odd resource in
    /// the server's lists stops every sync of 2026.8.0-rc1, that of users without odd resources too (H100,
    /// H104 to H106).
    pub fn is_discovery(&self) -> bool {
        is_discovery(&self.text)
    }
}

/// See [`Complaint::is_discovery`].
pub(crate) fn is_discovery(text: &str) -> bool {
    let text = text.trim_start();
    let invalid = text.starts_with(|c: char| c.is_ascii_digit()) && text.contains("validation error");
    invalid || ["'NoneType' object is not iterable", "'Resources'", "'totalResults'"].contains(&text)
}

/// authentik logs the server's error as Python prints a dict: `{'status': '400', 'detail': "it's"}`.
fn quoted<'a>(text: &'a str, member: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("'{member}': "))?;
    let quote = rest.chars().next().filter(|quote| matches!(quote, '\'' | '"'));
    match quote {
        Some(quote) => rest.get(1..)?.split(quote).next(),
        None => rest.split([',', '}']).next(),
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(object) = &self.object {
            write!(f, "{object}: ")?;
        } else if !self.page.is_empty() {
            write!(f, "page {}: ", self.page)?;
        }
        // pydantic explains itself over several lines.
        let mut words = self.text.split_whitespace();
        f.write_str(words.next().unwrap_or("failed, and authentik does not say why"))?;
        words.try_for_each(|word| write!(f, " {word}"))?;
        if self.rest_of_page_skipped {
            f.write_str(" (the rest of the page was skipped)")?;
        }
        Ok(())
    }
}

/// What came of one page of users or groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PageOutcome {
    /// Everybody on it was compared, and written where that was needed.
    Written,
    /// Some of it was not written.
    WrittenInPart,
    /// It ended at an object that could not be mapped; who came after it was not written.
    CutShort,
    /// A dry run: writes were dropped.
    DryRun,
    /// Nothing was written or compared.
    NothingDone,
    /// Given up after all its tries.
    Rejected,
}

/// A page task and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageResult {
    /// `user:1`, `group:1`.
    pub page: String,
    /// What came of it.
    pub outcome: PageOutcome,
    /// How many tries failed before.
    pub retries: u32,
}

fn page_result(page: &Task) -> PageResult {
    let complains = |line: &&LogLine| line.log_level.is_complaint();
    let outcome = if page.state == TaskState::Rejected {
        PageOutcome::Rejected
    } else if !synced(page) {
        PageOutcome::NothingDone
    } else if page.logs.iter().any(|line| line.event.starts_with(STOPPED)) {
        PageOutcome::CutShort
    } else if page.logs.iter().any(|line| complains(&line)) {
        PageOutcome::WrittenInPart
    } else if page.logs.iter().any(|line| line.event.starts_with(DROPPED)) {
        PageOutcome::DryRun
    } else {
        PageOutcome::Written
    };
    PageResult { page: name(page), outcome, retries: page.retries }
}

/// What came of a sync, from its tasks' logs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyncReport {
    /// How it ended.
    pub outcome: SyncOutcome,
    /// How many page tasks there were.
    pub pages: usize,
    /// Page by page, users first.
    pub page_results: Vec<PageResult>,
    /// What was not written, and why.
    pub complaints: Vec<Complaint>,
    /// What failed first and was mended by another try.
    pub mended: Vec<Complaint>,
    /// The SCIM ids that the clean-up deleted.
    pub deleted: Vec<String>,
    /// How many writes a dry run dropped.
    pub dropped: usize,
    /// How many tries failed and were repeated.
    pub retries: u32,
    /// Object by object. What failed is always here; who was created, updated, left alone or deleted only
    /// with [`WatchOptions::objects`](super::WatchOptions::objects), as authentik logs no success.
    pub objects: Vec<ObjectResult>,
}

impl SyncReport {
    /// Whether the look at what the SCIM server holds failed: see [`Complaint::is_discovery`].
    pub fn discovery_failed(&self) -> bool {
        self.complaints.iter().any(Complaint::is_discovery)
    }
}

/// `full` is the sync that counts, `pages` those of its last try, `tasks` all there are.
pub(super) fn report(outcome: SyncOutcome, full: &Task, pages: &[&Task], tasks: &[Task]) -> SyncReport {
    let mut report = SyncReport {
        outcome,
        pages: pages.len(),
        page_results: Vec::new(),
        complaints: Vec::new(),
        mended: Vec::new(),
        deleted: Vec::new(),
        dropped: 0,
        retries: 0,
        objects: Vec::new(),
    };
    for task in std::iter::once(full).chain(pages.iter().copied()) {
        let complaints = |lines: &[LogLine]| {
            let mut found: Vec<&LogLine> = lines.iter().filter(|line| line.log_level.is_complaint()).collect();
            found.sort_by_key(|line| line.at());
            found.into_iter().map(|line| complaint(task, line)).collect::<Vec<_>>()
        };
        report.complaints.extend(complaints(&task.logs));
        report.mended.extend(complaints(&task.previous_logs));
        report.dropped += task.logs.iter().filter(|line| line.event.starts_with(DROPPED)).count();
        // The clean-up of a failed try has deleted all the same.
        let deleted = task.lines().into_iter().filter(|line| line.event.starts_with("Deleted out-of-scope"));
        report.deleted.extend(deleted.filter_map(|line| Some(line.attributes.get("scim_id")?.as_str()?.to_owned())));
    }
    for page in pages.iter().filter(|page| outcome != SyncOutcome::NothingDone && !synced(page)) {
        report.complaints.push(Complaint {
            page: name(page),
            object: None,
            rest_of_page_skipped: true,
            text: "ended without writing anything: the SCIM server's ServiceProviderConfig may have been answered \
                   429 or 503"
                .to_owned(),
        });
    }
    for list in [&mut report.complaints, &mut report.mended] {
        list.sort();
        list.dedup();
    }
    // A try that failed differently from the last one is no news.
    if outcome == SyncOutcome::Rejected {
        report.complaints.append(&mut report.mended);
        report.complaints.sort();
        report.complaints.dedup();
    }
    let asked = full.queued_at();
    let since =
        |task: &&Task| task.message_id == full.message_id || asked.is_none_or(|asked| task.queued_at() >= Some(asked));
    report.retries = tasks.iter().filter(since).map(|task| task.retries).fold(0, u32::saturating_add);
    report.page_results = pages.iter().map(|page| page_result(page)).collect();
    report.page_results.sort_by_key(|result| page_order(&result.page));
    report.objects = objects::from_logs(&report.complaints, pages);
    report
}

/// Users come before groups, page 2 before page 10.
fn page_order(page: &str) -> (bool, u64) {
    let (kind, number) = page.split_once(':').unwrap_or((page, ""));
    (kind != "user", number.parse().unwrap_or(0))
}

/// `…scim_sync_objects:<provider name>:user:1` → `user:1`
fn name(task: &Task) -> String {
    let uid = task.uid.as_deref().unwrap_or_default();
    let mut parts = uid.rsplitn(3, ':');
    match (parts.next(), parts.next()) {
        (Some(number), Some(kind @ ("user" | "group"))) => format!("{kind}:{number}"),
        _ => String::new(),
    }
}

pub(super) fn complaint(task: &Task, line: &LogLine) -> Complaint {
    Complaint {
        page: name(task),
        object: line.attributes.get("obj").and_then(object),
        rest_of_page_skipped: line.event.starts_with(STOPPED),
        text: reason(line),
    }
}

/// The text of a line; where authentik logged none (`''`), what the innermost exception says.
pub(crate) fn reason(line: &LogLine) -> String {
    if !matches!(line.event.trim(), "" | "''") {
        return line.event.clone();
    }
    let exceptions = line.attributes.get("exception").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut values = exceptions.iter().filter_map(|exception| exception.get("exc_value")?.as_str());
    values.rfind(|value| !matches!(value.trim(), "" | "''")).unwrap_or_default().to_owned()
}

/// A user is logged with `username`, a group with `model_name` and its uuid without hyphens.
pub(super) fn object(value: &Value) -> Option<SyncedObject> {
    let pk = value.get("pk")?;
    if let Some(username) = value.get("username").and_then(Value::as_str) {
        return Some(SyncedObject::User { pk: UserPk::new(pk.as_i64()?), username: username.to_owned() });
    }
    let name = value.get("name")?.as_str()?.to_owned();
    Some(SyncedObject::Group { uuid: GroupUuid::from_hex(pk.as_str()?)?, name })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(text: &str) -> Complaint {
        Complaint { page: "user:1".to_owned(), object: None, rest_of_page_skipped: false, text: text.to_owned() }
    }

    #[test]
    fn the_servers_error_is_read_out_of_pythons_print() {
        let it =
            says("Failed to sync x: Network error: {'schemas': ['u'], 'status': '400', 'scimType': 'invalidValue'}");
        assert_eq!((it.scim_status(), it.scim_type()), (Some(400), Some("invalidValue")));
        assert_eq!(says("{'status': 409}").scim_status(), Some(409));
        assert_eq!(says("Network error communicating with remote system").scim_status(), None);
        assert_eq!(says("'status': '").scim_status(), None);
        assert_eq!(says("'status': ").scim_type(), None);
    }

    #[test]
    fn a_complaint_prints_on_one_line() {
        let it = Complaint { rest_of_page_skipped: true, ..says("1 validation error\n  emails.0") };
        assert_eq!(it.to_string(), "page user:1: 1 validation error emails.0 (the rest of the page was skipped)");
    }
}
