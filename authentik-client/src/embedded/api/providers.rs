//! `/providers/scim/`.

use http::Method;
use serde_json::Map;

use super::super::clock::text;
use super::super::engine::task::Job;
use super::super::json::{Json, object};
use super::super::state::{Kind, Provider};
use super::super::switches::Profile;
use super::fields::Fields;
use super::lists::{self, Key};
use super::reply::{Answer, Outcome, Reply};
use super::{Call, render};

const MODES: &[&str] = &["default", "aws", "slack", "sfdc", "vcenter", "gitlab", "webex"];

pub(crate) fn list_or_create(call: &mut Call<'_>) -> Outcome {
    if call.method == Method::POST {
        let (pk, body) = write(call, None)?;
        let mut answer = Answer::created(body);
        // Django REST framework takes the member `url` for the resource's own.
        answer.location = call.state.providers.get(&pk).map(|provider| provider.url.clone());
        return Ok(answer);
    }
    let query = &call.query;
    let found: Vec<&Provider> = call
        .state
        .providers
        .values()
        .filter(|provider| {
            query.get("name").is_none_or(|name| provider.name == name)
                && query.get("url").is_none_or(|url| provider.url == url)
                && query
                    .flag("exclude_users_service_account")
                    .is_none_or(|flag| provider.exclude_service_accounts == flag)
                && query.search_matches(&[("name", &provider.name), ("url", &provider.url)])
        })
        .collect();
    let key = |provider: &&Provider, name: &str| match name {
        "name" => Some(Key::from(provider.name.as_str())),
        "url" => Some(Key::from(provider.url.as_str())),
        "pk" | "id" => Some(Key::Number(provider.pk)),
        _ => None,
    };
    lists::page(query, found, "name", key, |provider| render::provider(call.state, provider), lists::nothing())
}

fn find(call: &Call<'_>, id: &str) -> Result<i64, Answer> {
    let pk: i64 = id.parse().map_err(|_| Answer::not_found())?;
    if call.state.providers.contains_key(&pk) { Ok(pk) } else { Err(Answer::no_match("SCIMProvider")) }
}

fn write(call: &mut Call<'_>, own: Option<i64>) -> Result<(i64, Json), Answer> {
    let state = &*call.state;
    let mut fields = Fields::new(&call.body, call.is_patch());
    let name = fields.text("name", true, false, 10_000);
    if let Some(name) = &name {
        let taken = state.providers.values().any(|known| known.name == *name && Some(known.pk) != own);
        if taken {
            fields.error("name", "provider with this name already exists.");
        }
    }
    let mapping = |pk: &str| state.mappings.iter().any(|known| known.pk == pk);
    let user_mappings = fields.uuids("property_mappings", mapping);
    let group_mappings = fields.uuids("property_mappings_group", mapping);
    let url = fields.text("url", true, false, 10_000);
    let verify_certificates = fields.flag("verify_certificates");
    let token = fields.text("token", false, true, 10_000);
    let auth_mode = fields.choice("auth_mode", false, &["token", "oauth", "oauth_interactive"]);
    if auth_mode.is_some_and(|mode| mode != "token") {
        fields.error("auth_mode", "Enterprise is required to use the OAuth mode.");
    }
    let auth_oauth_params = fields.dictionary("auth_oauth_params");
    let compatibility_mode = fields.choice("compatibility_mode", false, MODES);
    let config_cache_timeout = fields.duration("service_provider_config_cache_timeout");
    let exclude_service_accounts = fields.flag("exclude_users_service_account");
    let page_size = fields.integer("sync_page_size", false, Some(1));
    let page_timeout = fields.duration("sync_page_timeout");
    let group_filters = fields.uuids("group_filters", |pk| state.groups.contains_key(pk));
    // Older versions ignore it as they ignore every unknown member.
    let knows_discovery = state.switches.profile() == Profile::V2026_8;
    let discovery_enabled = if knows_discovery { fields.flag("discovery_enabled") } else { None };
    let dry_run = fields.flag("dry_run");
    fields.finish()?;
    let pk = own.unwrap_or(call.state.next_provider);
    if own.is_none() {
        call.state.next_provider += 1;
        call.state.providers.insert(pk, fresh(pk));
    }
    let Some(provider) = call.state.providers.get_mut(&pk) else { return Err(Answer::no_match("SCIMProvider")) };
    macro_rules! set {
        ($($field:ident),*) => {$(if let Some(value) = $field { provider.$field = value; })*};
    }
    set!(
        name,
        url,
        token,
        verify_certificates,
        auth_oauth_params,
        compatibility_mode,
        config_cache_timeout,
        exclude_service_accounts,
        page_size,
        page_timeout,
        group_filters,
        user_mappings,
        group_mappings,
        dry_run,
        discovery_enabled
    );
    call.state.provider_saved(call.clock, pk, own.is_none());
    let provider = call.state.providers.get(&pk).ok_or_else(|| Answer::no_match("SCIMProvider"))?;
    Ok((pk, render::provider(call.state, provider)))
}

fn fresh(pk: i64) -> Provider {
    Provider {
        pk,
        name: String::new(),
        url: String::new(),
        token: String::new(),
        verify_certificates: true,
        auth_oauth_params: Map::new(),
        compatibility_mode: "default".to_owned(),
        config_cache_timeout: "hours=1".to_owned(),
        exclude_service_accounts: false,
        page_size: 100,
        page_timeout: "minutes=30".to_owned(),
        group_filters: Vec::new(),
        user_mappings: Vec::new(),
        group_mappings: Vec::new(),
        dry_run: false,
        discovery_enabled: true,
        backchannel: None,
        config: None,
        lock: None,
    }
}

pub(crate) fn one(call: &mut Call<'_>, id: &str) -> Outcome {
    let pk = find(call, id)?;
    match call.method {
        Method::GET => {
            let provider = call.state.providers.get(&pk).ok_or_else(|| Answer::no_match("SCIMProvider"))?;
            Ok(Answer::ok(render::provider(call.state, provider)))
        }
        Method::DELETE => {
            if call.state.is_busy(pk) && call.state.switches.on("delete_while_running_fails") {
                return Err(Answer::crash());
            }
            call.state.provider_deleted(pk);
            Ok(Answer::no_content())
        }
        _ => write(call, Some(pk)).map(|(_, body)| Answer::ok(body)),
    }
}

/// What refers to a provider: the applications that name it.
pub(crate) fn used_by(call: &mut Call<'_>, id: &str) -> Outcome {
    let pk = find(call, id)?;
    let backchannel = call.state.providers.get(&pk).and_then(|provider| provider.backchannel.clone());
    let users = call
        .state
        .applications
        .iter()
        .filter(|application| application.provider == Some(pk) || Some(&application.pk) == backchannel.as_ref());
    let shown = users.map(|application| {
        object! {
            "app" => "authentik_core",
            "model_name" => "application",
            "pk" => &application.pk,
            "name" => &application.name,
            "action" => "set_null",
        }
    });
    Ok(Answer::ok(Json::list(shown)))
}

/// `is_running` is the lock; the other two are absent before the first finished task.
pub(crate) fn sync_status(call: &mut Call<'_>, id: &str) -> Outcome {
    let pk = find(call, id)?;
    let state = &*call.state;
    let from_logs = state.switches.on("status_from_logs");
    let running = state.providers.get(&pk).is_some_and(|provider| provider.lock.is_some());
    let finished =
        || state.tasks.iter().filter(|task| task.provider == pk && task.on_schedule && task.state.is_final());
    let good = finished().filter(|task| matches!(task.aggregated_status(from_logs), "done" | "info"));
    let last_good = good.max_by_key(|task| task.mtime);
    let mut body = object! { "is_running" => running };
    if let Some(task) = last_good {
        body.push("last_successful_sync", text(task.mtime));
    }
    if let Some(task) = finished().max_by_key(|task| task.mtime) {
        body.push("last_sync_status", task.aggregated_status(from_logs));
    }
    Ok(Answer::ok(body))
}

pub(crate) fn sync_object(call: &mut Call<'_>, id: &str) -> Result<Reply, Answer> {
    let pk = find(call, id)?;
    let mut fields = Fields::new(&call.body, false);
    let models = ["authentik.core.models.User", "authentik.core.models.Group"];
    let model = fields.choice("sync_object_model", true, &models);
    let object = fields.id_text("sync_object_id");
    let override_dry_run = fields.flag("override_dry_run").unwrap_or(false);
    fields.finish()?;
    let kind = if model.as_deref() == Some("authentik.core.models.Group") { Kind::Group } else { Kind::User };
    let job = Job::Manual { kind, id: object.unwrap_or_default(), override_dry_run };
    let task = call.state.enqueue(call.clock, pk, job).ok_or_else(|| Answer::no_match("SCIMProvider"))?;
    Ok(Reply::WaitFor(task))
}
