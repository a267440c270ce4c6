//! Every recorded answer of authentik's API reads into the client's types and loses nothing.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use authentik_client::model::{
    Application, CheckAccess, Event, Group, MappingTest, Me, Page, PolicyBinding, Schedule, ScimGroupLink, ScimMapping,
    ScimProvider, ScimUserLink, SyncStatus, Task, User, Version,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

struct Exchange {
    file: String,
    method: String,
    path: String,
    status: u64,
    body: Value,
}

fn exchanges() -> Vec<Exchange> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../testdata/authentik/recordings");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut found = Vec::new();
    for file in files {
        let recording: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        for exchange in recording["exchanges"].as_array().unwrap() {
            if exchange["side"] != "api" {
                continue;
            }
            let target = exchange["target"].as_str().unwrap();
            found.push(Exchange {
                file: file.file_stem().unwrap().to_string_lossy().into_owned(),
                method: exchange["method"].as_str().unwrap().to_owned(),
                path: target.split('?').next().unwrap().trim_start_matches("/api/v3/").to_owned(),
                status: exchange["status"].as_u64().unwrap(),
                body: exchange["response_body"].clone(),
            });
        }
    }
    found
}

/// Reads and writes again; the two documents must be equal.
fn lossless<T: Serialize + DeserializeOwned>(body: &Value) -> Result<(), String> {
    let value: T = serde_json::from_value(body.clone()).map_err(|error| error.to_string())?;
    let again = serde_json::to_value(&value).map_err(|error| error.to_string())?;
    if again == *body { Ok(()) } else { Err(format!("became {again}")) }
}

fn object_or_list<T: Serialize + DeserializeOwned>(body: &Value) -> Result<(), String> {
    if body.get("pagination").is_some() { lossless::<Page<T>>(body) } else { lossless::<T>(body) }
}

/// The type that an answer reads into; `None` for paths that are not the client's.
fn check(path: &str, body: &Value) -> Option<Result<(), String>> {
    let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    Some(match parts.as_slice() {
        ["admin", "version"] => lossless::<Version>(body),
        ["core", "users", "me"] => lossless::<Me>(body),
        ["core", "users"] => object_or_list::<User>(body),
        ["core", "users", pk] if pk.parse::<i64>().is_ok() => lossless::<User>(body),
        ["core", "groups"] | ["core", "groups", _] => object_or_list::<Group>(body),
        ["core", "applications", _, "check_access"] => lossless::<CheckAccess>(body),
        ["core", "applications"] | ["core", "applications", _] => object_or_list::<Application>(body),
        ["policies", "bindings"] | ["policies", "bindings", _] => object_or_list::<PolicyBinding>(body),
        ["propertymappings", "all", _, "test"] => lossless::<MappingTest>(body),
        ["propertymappings", "provider", "scim", ..] => object_or_list::<ScimMapping>(body),
        ["providers", "scim", _, "sync", "status"] => lossless::<SyncStatus>(body),
        ["providers", "scim", _, "sync", "object"] | ["tasks", "schedules", _, "send"] => lossless::<Value>(body),
        ["providers", "scim"] | ["providers", "scim", _] => object_or_list::<ScimProvider>(body),
        ["providers", "scim_users", ..] => object_or_list::<ScimUserLink>(body),
        ["providers", "scim_groups", ..] => object_or_list::<ScimGroupLink>(body),
        ["tasks", "schedules", ..] => object_or_list::<Schedule>(body),
        ["tasks", "tasks", ..] => object_or_list::<Task>(body),
        ["events", "events"] => object_or_list::<Event>(body),
        _ => return None,
    })
}

#[test]
fn every_recorded_answer_reads_and_loses_nothing() {
    let mut read = BTreeMap::<String, usize>::new();
    let mut others = BTreeMap::<String, usize>::new();
    let mut wrong = Vec::new();
    for exchange in exchanges() {
        // Long bodies of no interest were left out when the recordings were scrubbed.
        if !(200..300).contains(&exchange.status) || exchange.body.is_null() || exchange.body == "<left out>" {
            continue;
        }
        let kind = exchange.path.split('/').take(2).collect::<Vec<_>>().join("/");
        match check(&exchange.path, &exchange.body) {
            None => *others.entry(kind).or_default() += 1,
            Some(Ok(())) => *read.entry(kind).or_default() += 1,
            Some(Err(error)) => wrong.push(format!(
                "{} {} {}: {}",
                exchange.file,
                exchange.method,
                exchange.path,
                error.chars().take(600).collect::<String>()
            )),
        }
    }
    assert!(wrong.is_empty(), "{} answers:\n{}", wrong.len(), wrong.join("\n"));
    // What is not the client's: tokens and roles of the recording's own set-up, the site's settings.
    let others: Vec<&str> = others.keys().map(String::as_str).collect();
    assert_eq!(others, ["core/tokens", "core/users", "rbac/permissions", "rbac/roles", "tasks/workers"]);
    assert!(read.values().sum::<usize>() > 300, "{read:?}");
    for kind in ["core/users", "core/groups", "providers/scim", "tasks/tasks", "tasks/schedules", "policies/bindings"] {
        assert!(read.contains_key(kind), "{kind}");
    }
}
