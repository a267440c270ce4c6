//! Comparing what was recorded with what was seen, up to the order that is free.

use serde_json::{Map, Value};

/// The order of members in a group is free: sort the operations.
pub(crate) fn free_order(body: &Value) -> Value {
    match body {
        Value::Object(members) => {
            let mut sorted = Map::new();
            for (name, value) in members {
                let mut value = free_order(value);
                if let (true, Value::Array(items)) = (name == "Operations" || name == "members", &mut value) {
                    items.sort_by_key(ToString::to_string);
                }
                sorted.insert(name.clone(), value);
            }
            Value::Object(sorted)
        }
        Value::Array(items) => Value::Array(items.iter().map(free_order).collect()),
        other => other.clone(),
    }
}

/// A request without its id.
pub(crate) fn kind(method: &str, target: &str) -> String {
    let path = target.split('?').next().unwrap();
    let parts: Vec<&str> = path.split('/').collect();
    format!("{method} {}", parts.get(2).unwrap_or(&""))
}

/// The requests about groups that follow each other, sorted.
pub(crate) fn groups_sorted(kinds: &mut [String]) {
    for run in kinds.chunk_by_mut(|a, b| a.ends_with(" Groups") && b.ends_with(" Groups")) {
        run.sort();
    }
}

/// Members whose values are another run's: times, random numbers, counters, what depends on speed.
const FREE: &[&str] = &[
    "pk",
    "user",
    "users",
    "provider",
    "backchannel_providers",
    "user_pk",
    "num_pk",
    "identifier",
    "rel_obj_id",
    "uid",
    "message_id",
    "key",
    "avatar",
    "timestamp",
    "mtime",
    "eta",
    "date_joined",
    "last_updated",
    "last_login",
    "created",
    "password_change_date",
    "expires",
    "next_run",
    "crontab",
    "is_running",
    "last_successful_sync",
    "last_sync_status",
    "last_task_status",
    "delay",
    "logs",
    "previous_logs",
    "pagination",
    "attributes",
    "log_messages",
    "frames",
    "members",
    "url",
    "retries",
    "state",
    "aggregated_status",
    "token",
    "id",
    "scim_id",
    "client_ip",
    "build_hash",
    "event",
    "email",
    "groups_obj",
    "users_obj",
    "expression",
];

/// Compares two API answers: same members, same kinds of value, and the same values where they are not
/// another run's.
pub(crate) fn shape(recorded: &Value, ours: &Value, place: &str, tell: &mut dyn FnMut(String)) {
    match (recorded, ours) {
        (Value::Object(recorded), Value::Object(ours)) => {
            if place.ends_with("attributes") || place.ends_with("log_messages") {
                return;
            }
            for (name, value) in recorded {
                match ours.get(name) {
                    Some(other) => {
                        shape(value, other, &format!("{place}.{name}"), tell);
                        let scalar = |value: &Value| value.is_boolean() || value.is_number() || value.is_string();
                        // Counts are those of the whole laboratory, nested lists in Postgres' order.
                        let free = FREE.contains(&name.as_str()) || place.contains("_obj") || place == ".pagination";
                        if scalar(value) && scalar(other) && said(value) != said(other) && !free {
                            tell(format!("{place}.{name} is {other}, recorded {value}"));
                        }
                    }
                    None => tell(format!("{place}.{name} is missing")),
                }
            }
            // Our worker is faster than a real one: a task may have finished already.
            let early = |name: &&String| matches!(name.as_str(), "last_successful_sync" | "last_sync_status");
            for name in ours.keys().filter(|name| !recorded.contains_key(*name) && !early(name)) {
                tell(format!("{place}.{name} is not recorded"));
            }
        }
        (Value::Array(recorded), Value::Array(ours)) => {
            for item in recorded {
                let twin = twin(item, ours);
                if let Some(twin) = twin {
                    shape(item, twin, &format!("{place}[]"), tell);
                }
            }
        }
        (a, b) => {
            let kind = |value: &Value| match value {
                Value::Null => 0,
                Value::Bool(_) => 1,
                Value::Number(_) => 2,
                Value::String(_) => 3,
                Value::Array(_) => 4,
                Value::Object(_) => 5,
            };
            if kind(a) != kind(b) {
                tell(format!("{place}: {b}, recorded {a}"));
            }
        }
    }
}

/// What a value says: JSON within a text without its order, of a traceback what was raised.
fn said(value: &Value) -> Value {
    let Some(text) = value.as_str() else { return value.clone() };
    if text.starts_with("Traceback") {
        return text.lines().last().unwrap_or("").into();
    }
    serde_json::from_str::<Value>(text).ok().filter(Value::is_object).unwrap_or_else(|| value.clone())
}

/// The item of ours that is the recorded one, by what names it.
fn twin<'a>(item: &Value, ours: &'a [Value]) -> Option<&'a Value> {
    for keys in [
        &["uid", "state"][..],
        &["identifier"],
        &["exc_type"],
        &["scim_id"],
        &["event", "log_level"],
        &["username"],
        &["slug"],
        &["name"],
    ] {
        if keys.iter().all(|key| item[*key].is_string()) {
            return ours.iter().find(|other| keys.iter().all(|key| other[*key] == item[*key]));
        }
    }
    ours.first()
}

/// Compares what finished tasks say in their logs: each recorded line, by level and event, is one of
/// ours too. Recorded lists of lines are sometimes shortened, so ours may have more.
pub(crate) fn logs(
    recorded: &Value,
    ours: &Value,
    recorded_uid: &dyn Fn(&str) -> String,
    known: &dyn Fn(&str) -> bool,
    tell: &mut dyn FnMut(String),
) {
    let tasks = |body: &Value| body["results"].as_array().cloned().unwrap_or_default();
    let lines = |task: &Value| -> Vec<String> {
        let all = ["previous_logs", "logs"].into_iter().filter_map(|name| task[name].as_array());
        all.flatten().map(|line| format!("{} {}", line["log_level"].as_str().unwrap_or(""), event(line))).collect()
    };
    let mut candidates = tasks(ours);
    for task in &mut candidates {
        task["uid"] = recorded_uid(task["uid"].as_str().unwrap_or("")).into();
    }
    for task in tasks(recorded) {
        if task["uid"].is_null() || task["state"] != "done" {
            continue;
        }
        // Of tasks of one name the newest stands first on both sides.
        let Some(index) =
            candidates.iter().position(|ours| ours["uid"] == task["uid"] && ours["state"] == task["state"])
        else {
            if !known(task["uid"].as_str().unwrap_or("")) {
                // About an object of another laboratory on the same authentik.
                continue;
            }
            let uids: Vec<Value> = candidates.iter().map(|task| task["uid"].clone()).collect();
            tell(format!("task {} is not among {uids:?}", task["uid"]));
            continue;
        };
        let twin = candidates.remove(index);
        let mut open = lines(&twin);
        for line in lines(&task) {
            match open.iter().position(|ours| *ours == line) {
                Some(index) => {
                    open.remove(index);
                }
                None => tell(format!("{}: no line {line:?}, ours: {:?}", task["uid"], lines(&twin))),
            }
        }
    }
}

/// A line's event; of a request that was dropped also about whom.
fn event(line: &Value) -> String {
    let body = &line["attributes"]["body"];
    let who = body["userName"].as_str().or(body["displayName"].as_str()).unwrap_or("");
    // The members of a Python dictionary stand in the order of its source, which a parsed one has lost.
    let text = line["event"].as_str().unwrap_or("");
    let parts = text.split_once("{'").and_then(|(head, rest)| Some((head, rest.rsplit_once('}')?)));
    let text = match parts {
        Some((head, (members, tail))) => {
            let mut members: Vec<&str> = members.split(", '").collect();
            members.sort_unstable();
            format!("{head}{{'{}}}{tail}", members.join(", '"))
        }
        None => text.to_owned(),
    };
    format!("{text} {who}")
}
