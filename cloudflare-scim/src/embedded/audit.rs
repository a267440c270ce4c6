//! The audit log (rule 25): entries show after a delay and are read by cursor.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::switches::{AuditLastCursor, Switches};
use crate::{AuditEntry, AuditField, HistoryStatus};

/// Entries beyond this number push the oldest out.
const MAX: usize = 100_000;

#[derive(Debug, Clone)]
struct Record {
    sequence: u64,
    at: Timestamp,
    entry: AuditEntry,
}

#[derive(Debug, Default)]
pub(super) struct AuditLog {
    records: VecDeque<Record>,
    next: u64,
}

/// What a query asks for.
#[derive(Debug)]
pub(super) struct Query<'a> {
    pub(super) since: Timestamp,
    pub(super) before: Timestamp,
    pub(super) ascending: bool,
    pub(super) limit: usize,
    pub(super) cursor: Option<u64>,
    pub(super) pairs: &'a [(String, String)],
}

impl AuditLog {
    pub(super) fn push(&mut self, at: Timestamp, entry: AuditEntry) {
        if self.records.len() >= MAX {
            self.records.pop_front();
        }
        self.next += 1;
        self.records.push_back(Record { sequence: self.next, at, entry });
    }

    /// One page, and the cursor of the next. Entries that came after the first page was read do not
    /// shift what a cursor means.
    pub(super) fn page(
        &self,
        query: &Query<'_>,
        now: Timestamp,
        switches: Switches,
    ) -> (Vec<&AuditEntry>, Option<u64>) {
        let visible = now.saturating_sub(switches.audit_delay()).unwrap_or(now);
        let wanted = |record: &&Record| {
            let after = query
                .cursor
                .is_none_or(|cursor| if query.ascending { record.sequence > cursor } else { record.sequence < cursor });
            after
                && record.at >= query.since
                && record.at < query.before
                && record.at <= visible
                && matches(&record.entry, query.pairs)
        };
        let mut records: Box<dyn Iterator<Item = &Record>> = if query.ascending {
            Box::new(self.records.iter().filter(wanted))
        } else {
            Box::new(self.records.iter().rev().filter(wanted))
        };
        let page: Vec<&Record> = records.by_ref().take(query.limit).collect();
        let more = records.next().is_some();
        let cursor = page.last().filter(|_| more).map(|record| record.sequence);
        (page.into_iter().map(|record| &record.entry).collect(), cursor)
    }
}

impl AuditLog {
    /// The entry of this id, if it may be seen and was done within a second of `at`.
    pub(super) fn find(&self, id: &str, at: Timestamp, now: Timestamp, switches: Switches) -> Option<&AuditEntry> {
        let visible = now.saturating_sub(switches.audit_delay()).unwrap_or(now);
        let near = |record: &&Record| record.at.duration_since(at).abs().as_secs() <= 1 && record.at <= visible;
        let own = |record: &&Record| record.entry.id.as_ref().is_some_and(|own| own.as_str() == id);
        self.records.iter().filter(near).find(own).map(|record| &record.entry)
    }
}

/// How well the resource of an entry can be told, and the filters that select its history.
pub(super) fn history_of(entry: &AuditEntry) -> (HistoryStatus, Vec<(String, String)>) {
    let resource = entry.resource.as_ref();
    let Some(id) = resource.and_then(|resource| resource.id.clone()) else {
        return (HistoryStatus::Unavailable, Vec::new());
    };
    let uri = entry.raw.as_ref().and_then(|raw| raw.uri.as_deref()).unwrap_or_default();
    let status = if uri.contains(&id) { HistoryStatus::Exact } else { HistoryStatus::Approximate };
    let mut pairs = vec![(AuditField::ResourceId.name().to_owned(), id)];
    let kind = resource.and_then(|resource| resource.kind.clone());
    pairs.extend(kind.map(|kind| (AuditField::ResourceType.name().to_owned(), kind)));
    (status, pairs)
}

/// `result_info` of a page: the count is a text.
pub(super) fn result_info(count: usize, cursor: Option<u64>, switches: Switches) -> Value {
    let mut info = json!({ "count": count.to_string() });
    let text = match (cursor, switches.audit_last_cursor) {
        (Some(cursor), _) => Some(write_cursor(cursor)),
        (None, AuditLastCursor::Empty) => Some(String::new()),
        (None, AuditLastCursor::Absent) => None,
    };
    if let (Some(text), Some(info)) = (text, info.as_object_mut()) {
        info.insert("cursor".into(), text.into());
    }
    info
}

fn write_cursor(sequence: u64) -> String {
    format!("AS{sequence:016x}")
}

pub(super) fn read_cursor(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("AS")?, 16).ok()
}

/// Whether an entry passes every filter: values of one field are alternatives, `.not` excludes.
fn matches(entry: &AuditEntry, pairs: &[(String, String)]) -> bool {
    AuditField::ALL.iter().all(|field| {
        let values =
            |name: &'static str| pairs.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str());
        let mut only = values(field.name()).peekable();
        let mut without = values(field.excluding_name()).peekable();
        if only.peek().is_none() && without.peek().is_none() {
            return true;
        }
        let own = value_of(entry, *field);
        let is = |value: &str| own.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(value));
        let selected = only.peek().is_none() || only.any(is);
        selected && !without.any(is)
    })
}

fn value_of(entry: &AuditEntry, field: AuditField) -> Option<String> {
    let action = entry.action.as_ref();
    let actor = entry.actor.as_ref();
    let raw = entry.raw.as_ref();
    let resource = entry.resource.as_ref();
    let account = |name: &str| entry.account.as_ref()?.get(name)?.as_str().map(str::to_owned);
    match field {
        AuditField::AccountName => account("name"),
        AuditField::ActionResult => action?.result.clone(),
        AuditField::ActionType => Some(action?.kind.as_ref()?.as_str().to_owned()),
        AuditField::ActorContext => actor?.context.clone(),
        AuditField::ActorEmail => actor?.email.clone(),
        AuditField::ActorId => actor?.id.clone(),
        AuditField::ActorIpAddress => actor?.ip_address.clone(),
        AuditField::ActorTokenId => Some(actor?.token_id.as_ref()?.as_str().to_owned()),
        AuditField::ActorTokenName => actor?.token_name.clone(),
        AuditField::ActorType => actor?.kind.clone(),
        AuditField::AuditLogId | AuditField::Id => Some(entry.id.as_ref()?.as_str().to_owned()),
        AuditField::RawCfRayId => raw?.cf_ray_id.clone(),
        AuditField::RawMethod => raw?.method.clone(),
        AuditField::RawStatusCode => Some(raw?.status_code?.to_string()),
        AuditField::RawUri => raw?.uri.clone(),
        AuditField::ResourceId => resource?.id.clone(),
        AuditField::ResourceProduct => resource?.product.clone(),
        AuditField::ResourceType => resource?.kind.clone(),
        AuditField::ResourceScope => Some("accounts".to_owned()),
        AuditField::ZoneId | AuditField::ZoneName => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(entries: u32) -> AuditLog {
        let mut log = AuditLog::default();
        for n in 0..entries {
            let entry = serde_json::from_value(json!({ "id": n.to_string(), "action": { "type":
                if n % 2 == 0 { "create" } else { "update" } } }));
            log.push(Timestamp::from_second(100 + i64::from(n)).unwrap(), entry.unwrap());
        }
        log
    }

    fn ids(log: &AuditLog, query: &Query<'_>, now: i64) -> (Vec<String>, Option<u64>) {
        let (page, cursor) = log.page(query, Timestamp::from_second(now).unwrap(), Switches::default());
        (page.iter().map(|entry| entry.id.as_ref().unwrap().to_string()).collect(), cursor)
    }

    fn query(pairs: &[(String, String)]) -> Query<'_> {
        Query { since: Timestamp::UNIX_EPOCH, before: Timestamp::MAX, ascending: false, limit: 2, cursor: None, pairs }
    }

    #[test]
    fn cursors_walk_to_the_end_although_new_entries_come() {
        let mut log = log(5);
        let (page, cursor) = ids(&log, &query(&[]), 1000);
        assert_eq!(page, ["4", "3"]);
        log.push(Timestamp::from_second(200).unwrap(), serde_json::from_value(json!({"id":"new"})).unwrap());
        let (page, cursor) = ids(&log, &Query { cursor, ..query(&[]) }, 1000);
        assert_eq!(page, ["2", "1"]);
        assert_eq!(ids(&log, &Query { cursor, ..query(&[]) }, 1000), (vec!["0".to_owned()], None));
    }

    #[test]
    fn entries_show_after_the_delay_and_within_the_span() {
        let log = log(3);
        assert!(ids(&log, &query(&[]), 100).0.is_empty());
        assert_eq!(ids(&log, &query(&[]), 101).0, ["0"]);
        let since = Timestamp::from_second(101).unwrap();
        let before = Timestamp::from_second(102).unwrap();
        assert_eq!(ids(&log, &Query { since, before, ..query(&[]) }, 1000).0, ["1"]);
    }

    #[test]
    fn filters_and_their_twins() {
        let log = log(4);
        let only = [("action_type".to_owned(), "create".to_owned())];
        assert_eq!(ids(&log, &query(&only), 1000).0, ["2", "0"]);
        let without = [("action_type.not".to_owned(), "create".to_owned()), ("id.not".to_owned(), "1".to_owned())];
        assert_eq!(ids(&log, &query(&without), 1000).0, ["3"]);
        let both = [only[0].clone(), ("action_type".to_owned(), "update".to_owned())];
        assert_eq!(ids(&log, &Query { ascending: true, ..query(&both) }, 1000).0, ["0", "1"]);
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        assert_eq!(read_cursor(&write_cursor(77)), Some(77));
        assert_eq!(read_cursor("x"), None);
    }
}
