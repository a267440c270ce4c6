//! PATCH on a group of ten thousand members and on one user.

use std::hint::black_box;
use std::time::{Duration, Instant};

use scim_core::patch::{PatchOp, PatchOptions};
use scim_core::schema::ResourceSchemas;
use serde_json::{Value, json};

use crate::{Contender, Problem, load};

/// How the resource gets back to the state in which the next PATCH does the same work.
#[derive(Clone, Copy)]
pub(crate) enum Reset {
    /// The members beyond the first 10,000 go.
    Truncate,
    /// Member 7777 comes back.
    Insert,
    /// Nothing to do: the bodies alternate between two values.
    Alternate,
}

pub(crate) fn patches(bodies: &Value, all: &mut Vec<Contender>) -> Result<(), Problem> {
    let group: Value = serde_json::from_str(&load("group-10k.json")?)?;
    let list: Value = serde_json::from_str(&load("users-1000.json")?)?;
    let user = list["Resources"][0].clone();
    let cases = [
        ("add_member", Reset::Truncate),
        ("remove_member", Reset::Insert),
        ("add_100_members", Reset::Truncate),
        ("replace_nested", Reset::Alternate),
        ("replace_name", Reset::Alternate),
    ];
    for (name, reset) in cases {
        let body = bodies[name].clone();
        let mut other = body.clone();
        if let Reset::Alternate = reset {
            other["Operations"][0]["value"] = json!("another value");
        }
        let (resource, schemas) = match reset {
            Reset::Alternate => (&user, ResourceSchemas::user()),
            _ => (&group, ResourceSchemas::group()),
        };
        let options = PatchOptions::strict();
        let mut push = |who, run| all.push(Contender::new("patch", name, who, run));
        let mut check = resource.clone();
        let applied = PatchOp::read(&body, &options)?.apply(&mut check, &schemas, &options)?;
        if !applied.changed {
            return Err(format!("{name} changes nothing").into());
        }

        // From the body as JSON value: the message is read, paths are parsed, the change is made.
        let read = [body.clone(), other.clone()];
        let of = schemas.clone();
        push(
            "scim-core",
            patching(resource.clone(), reset, move |resource, turn| {
                let patch = PatchOp::read(&read[turn % 2], &options);
                patch.is_ok_and(|patch| patch.apply(resource, &of, &options).is_ok())
            }),
        );
        let texts = [body.to_string(), other.to_string()];
        let of = schemas.clone();
        push(
            "scim-core from JSON text",
            patching(resource.clone(), reset, move |resource, turn| {
                let patch = PatchOp::from_json(texts[turn % 2].as_bytes(), &options);
                patch.is_ok_and(|patch| patch.apply(resource, &of, &options).is_ok())
            }),
        );
        let parsed = [PatchOp::read(&body, &options)?, PatchOp::read(&other, &options)?];
        let of = schemas.clone();
        push(
            "scim-core read before",
            patching(resource.clone(), reset, move |resource, turn| {
                parsed[turn % 2].apply(resource, &of, &options).is_ok()
            }),
        );
        let value = bodies[name]["Operations"][0]["value"].clone();
        push("floor value", by_hand(name, resource.clone(), reset, value));
    }
    Ok(())
}

pub(crate) fn patching(
    mut resource: Value,
    reset: Reset,
    mut job: impl FnMut(&mut Value, usize) -> bool + 'static,
) -> Option<Box<dyn FnMut(u32) -> Duration>> {
    let original = resource["members"].as_array().cloned().unwrap_or_default();
    let removed = original.get(7777).cloned();
    let mut turn = 0;
    Some(Box::new(move |times| {
        let mut spent = Duration::ZERO;
        if let Reset::Alternate = reset {
            let start = Instant::now();
            for _ in 0..times {
                turn += 1;
                black_box(job(&mut resource, turn));
            }
            return start.elapsed();
        }
        for _ in 0..times {
            turn += 1;
            let start = Instant::now();
            black_box(job(&mut resource, turn));
            spent += start.elapsed();
            if let Some(members) = resource["members"].as_array_mut() {
                match reset {
                    Reset::Truncate => members.truncate(original.len()),
                    Reset::Insert if members.len() < original.len() => {
                        members.insert(7777, removed.clone().unwrap_or_default());
                    }
                    _ => {}
                }
            }
        }
        spent
    }))
}

/// The bare scan of the members, or the two steps down to one value.
fn by_hand(name: &str, resource: Value, reset: Reset, value: Value) -> Option<Box<dyn FnMut(u32) -> Duration>> {
    let is = |member: &Value, id: &str| member.get("value").and_then(Value::as_str) == Some(id);
    match name {
        "add_member" => patching(resource, reset, move |resource, _| {
            let id = value[0]["value"].as_str().unwrap_or_default();
            let Some(members) = resource.get_mut("members").and_then(Value::as_array_mut) else {
                return false;
            };
            if !members.iter().any(|member| is(member, id)) {
                members.push(value[0].clone());
            }
            true
        }),
        "remove_member" => patching(resource, reset, move |resource, _| {
            let Some(members) = resource.get_mut("members").and_then(Value::as_array_mut) else {
                return false;
            };
            let at = members.iter().position(|member| is(member, "864a31d7-9545-4c4a-b2c7-e09f764ba011"));
            at.map(|at| members.remove(at)).is_some()
        }),
        "replace_nested" => patching(resource, reset, move |resource, turn| {
            let new = if turn % 2 == 0 { value.clone() } else { json!("another value") };
            let emails = resource.get_mut("emails").and_then(Value::as_array_mut);
            let work =
                emails.and_then(|list| list.iter_mut().find(|e| e.get("type").and_then(Value::as_str) == Some("work")));
            work.map(|email| email["value"] = new).is_some()
        }),
        _ => None,
    }
}
