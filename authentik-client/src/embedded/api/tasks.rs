//! `/tasks/schedules/` and `/tasks/tasks/`.

use http::{Method, StatusCode};
use jiff::Timestamp;

use super::super::engine::schedule::Crontab;
use super::super::engine::task::{Job, Task};
use super::super::ids;
use super::super::json::Json;
use super::super::state::Schedule;
use super::fields::Fields;
use super::lists::{self, Key};
use super::reply::{Answer, Outcome};
use super::{Call, render};

const STATES: &[&str] = &["queued", "consumed", "preprocess", "running", "postprocess", "rejected", "done"];
const STATUSES: &[&str] =
    &["queued", "consumed", "preprocess", "running", "postprocess", "rejected", "done", "info", "warning", "error"];

pub(crate) fn schedules(call: &mut Call<'_>) -> Outcome {
    let query = &call.query;
    let is = |name: &str, value: &str| query.get(name).is_none_or(|wanted| wanted == value);
    let found: Vec<&Schedule> = call
        .state
        .schedules
        .iter()
        .filter(|schedule| {
            is("rel_obj_content_type__app_label", "authentik_providers_scim")
                && is("rel_obj_content_type__model", "scimprovider")
                && is("rel_obj_id", &schedule.provider.to_string())
                && is("actor_name", "authentik.providers.scim.tasks.scim_sync")
                && query.flag("paused").is_none_or(|paused| schedule.paused == paused)
        })
        .collect();
    let key = |schedule: &&Schedule, name: &str| match name {
        "next_run" => Some(Key::Number(schedule.next_run.as_microsecond())),
        "crontab" => Some(Key::from(schedule.crontab.as_str())),
        "paused" => Some(Key::Flag(schedule.paused)),
        _ => None,
    };
    lists::page(query, found, "", key, |schedule| render::schedule(call.state, schedule), lists::nothing())
}

fn find(call: &Call<'_>, id: &str) -> Result<usize, Answer> {
    if !ids::is_uuid(id) {
        return Err(Answer::not_found());
    }
    let id = ids::canonical_uuid(id);
    let found = call.state.schedules.iter().position(|schedule| schedule.id == id);
    found.ok_or_else(|| Answer::no_match("Schedule"))
}

pub(crate) fn schedule(call: &mut Call<'_>, id: &str) -> Outcome {
    let index = find(call, id)?;
    let mut pause = false;
    if call.method != Method::GET {
        let mut fields = Fields::new(&call.body, call.is_patch());
        let crontab = fields.text("crontab", false, false, 1000);
        let valid = crontab.as_deref().and_then(Crontab::parse);
        if let Some(text) = &crontab
            && valid.is_none()
        {
            fields.error("crontab", format!("{text} is not a valid crontab"));
        }
        let paused = fields.flag("paused");
        fields.finish()?;
        let now = call.clock.now();
        let Some(schedule) = call.state.schedules.get_mut(index) else { return Err(Answer::no_match("Schedule")) };
        if let Some((text, parsed)) = crontab.zip(valid)
            && text != schedule.crontab
        {
            schedule.crontab = text;
            schedule.next_run = parsed.next(now).unwrap_or(schedule.next_run);
        }
        pause = paused == Some(true) && !schedule.paused;
        schedule.paused = paused.unwrap_or(schedule.paused);
    }
    let schedule = call.state.schedules.get(index).ok_or_else(|| Answer::no_match("Schedule"))?;
    let body = render::schedule(call.state, schedule);
    if pause && let Some(schedule) = call.state.schedules.get_mut(index) {
        // The answer still shows the old time; from then on it is 1970, so that an un-paused
        // schedule is due at once (recording G34).
        schedule.next_run = Timestamp::UNIX_EPOCH;
    }
    Ok(Answer::ok(body))
}

/// `POST …/send/`: queues a full sync, paused or not.
pub(crate) fn send(call: &mut Call<'_>, id: &str) -> Outcome {
    let index = find(call, id)?;
    let provider = call.state.schedules.get(index).map(|schedule| schedule.provider);
    if let Some(provider) = provider {
        call.state.enqueue(call.clock, provider, Job::Full);
    }
    let mut answer = Answer::ok(Json::Object(Vec::new()));
    if call.state.switches.value("send_status") == "204" {
        answer = Answer::no_content();
        answer.status = StatusCode::NO_CONTENT;
    }
    Ok(answer)
}

pub(crate) fn tasks(call: &mut Call<'_>) -> Outcome {
    let query = &call.query;
    let states = query.choices("state", STATES)?;
    let statuses = query.choices("aggregated_status", STATUSES)?;
    let from_logs = call.state.switches.on("status_from_logs");
    let is = |name: &str, value: &str| query.get(name).is_none_or(|wanted| wanted == value);
    let found: Vec<&Task> = call
        .state
        .tasks
        .iter()
        .filter(|task| {
            let (app, model, id) = render::related(call.state, task);
            is("rel_obj_content_type__app_label", app)
                && is("rel_obj_content_type__model", model)
                && is("rel_obj_id", &id)
                && is("actor_name", task.actor)
                && is("queue_name", "default")
                && (states.is_empty() || states.iter().any(|state| state == task.state.name()))
                && (statuses.is_empty() || statuses.iter().any(|status| status == task.aggregated_status(from_logs)))
                && query.search_matches(&[("actor_name", task.actor), ("uid", &task.uid)])
        })
        .collect();
    let key = |task: &&Task, name: &str| match name {
        "mtime" => Some(Key::Number(task.mtime.as_microsecond())),
        "actor_name" => Some(Key::from(task.actor)),
        "state" => Some(Key::from(task.state.name())),
        "retries" => Some(Key::Number(i64::from(task.retries))),
        "eta" => Some(Key::Number(task.eta.map_or(i64::MAX, Timestamp::as_microsecond))),
        _ => None,
    };
    lists::page(query, found, "-mtime", key, |task| render::task(call.state, task), lists::nothing())
}

fn find_task(call: &Call<'_>, id: &str) -> Result<String, Answer> {
    if !ids::is_uuid(id) {
        return Err(Answer::not_found());
    }
    let id = ids::canonical_uuid(id);
    if call.state.task(&id).is_some() { Ok(id) } else { Err(Answer::no_match("Task")) }
}

pub(crate) fn task(call: &mut Call<'_>, id: &str) -> Outcome {
    let id = find_task(call, id)?;
    let task = call.state.task(&id).ok_or_else(|| Answer::no_match("Task"))?;
    Ok(Answer::ok(render::task(call.state, task)))
}

/// Only a rejected task can be tried again.
pub(crate) fn retry(call: &mut Call<'_>, id: &str) -> Outcome {
    let id = find_task(call, id)?;
    if call.state.requeue(call.clock, &id) { Ok(Answer::no_content()) } else { Err(Answer::empty_bad_request()) }
}

/// `GET /tasks/tasks/status/`: how many tasks there are by aggregated status.
pub(crate) fn status(call: &Call<'_>) -> Answer {
    let from_logs = call.state.switches.on("status_from_logs");
    let count =
        |status: &str| call.state.tasks.iter().filter(|task| task.aggregated_status(from_logs) == status).count();
    let names =
        ["queued", "consumed", "preprocess", "running", "postprocess", "rejected", "done", "info", "warning", "error"];
    Answer::ok(Json::Object(names.iter().map(|name| ((*name).to_owned(), Json::from(count(name)))).collect()))
}

pub(crate) fn workers() -> Answer {
    Answer::ok(Json::List(Vec::new()))
}
