//! `/core/applications/` and `/policies/bindings/`.

use http::Method;

use super::super::ids;
use super::super::json::{Json, object};
use super::super::scope::Access;
use super::super::state::{Application, Binding, Subject};
use super::fields::Fields;
use super::lists::{self, Key};
use super::reply::{Answer, Outcome};
use super::{Call, render};

const RESERVED: &[&str] = &["authorize", "token", "device", "userinfo", "introspect", "revoke"];

pub(crate) fn list_or_create(call: &mut Call<'_>) -> Outcome {
    if call.method == Method::POST { write(call, None).map(Answer::created) } else { list(call) }
}

/// Whether the caller may see one application: by permission, or because he may open it.
fn visible(call: &Call<'_>, application: &Application) -> bool {
    let full = call.query.flag("superuser_full_list").unwrap_or(false) && call.caller.superuser;
    // Without a launch URL or a provider that is opened by users nothing is offered to open.
    full || (Access::of_application(call.state, &application.pk).allows(call.caller.pk))
}

fn list(call: &Call<'_>) -> Outcome {
    let query = &call.query;
    let matching: Vec<&Application> = call
        .state
        .applications
        .iter()
        .filter(|application| {
            query.get("slug").is_none_or(|slug| application.slug == slug)
                && query.get("name").is_none_or(|name| application.name == name)
                && query.get("group").is_none_or(|group| application.group == group)
                && query.search_matches(&[("name", &application.name), ("slug", &application.slug)])
        })
        .collect();
    let key = |application: &&Application, name: &str| {
        Some(match name {
            "name" => application.name.as_str().into(),
            "slug" => application.slug.as_str().into(),
            "group" => application.group.as_str().into(),
            _ => return None,
        })
    };
    // Hidden ones are counted: the page is cut first, then filtered (recording G11).
    let shown = |application: &&Application| {
        if visible(call, application) { render::application(call.state, application) } else { Json::NULL }
    };
    let mut answer = lists::page(query, matching, "name", key, shown, lists::nothing())?;
    if let super::reply::Body::Json(Json::Object(members)) = &mut answer.body {
        for (name, value) in members {
            if let (true, Json::List(results)) = (name == "results", value) {
                results.retain(|result| *result != Json::NULL);
            }
        }
    }
    Ok(answer)
}

fn find(call: &Call<'_>, slug: &str) -> Result<usize, Answer> {
    let found = call.state.applications.iter().position(|application| application.slug == slug);
    found.ok_or_else(|| Answer::no_match("Application"))
}

fn write(call: &mut Call<'_>, own: Option<usize>) -> Result<Json, Answer> {
    let own_pk = own.and_then(|index| call.state.applications.get(index)).map(|known| known.pk.clone());
    let mut fields = Fields::new(&call.body, call.is_patch());
    let name = fields.text("name", true, false, 10_000);
    let slug = fields.text("slug", true, false, 10_000);
    if let Some(slug) = &slug {
        let valid = slug.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        let taken = call.state.application(slug).is_some_and(|known| Some(&known.pk) != own_pk.as_ref());
        if !valid {
            fields.error("slug", "Enter a valid “slug” consisting of letters, numbers, underscores or hyphens.");
        } else if taken {
            fields.error("slug", "Application with this slug already exists.");
        } else if RESERVED.contains(&slug.as_str()) {
            let message = format!("The slug '{slug}' is reserved and cannot be used for applications.");
            fields.error("slug", message);
        }
    }
    let exists = |pk: i64| call.state.providers.contains_key(&pk);
    let provider = fields.pk("provider", false, exists);
    let backchannel = fields.pks("backchannel_providers", exists)?;
    let open_in_new_tab = fields.flag("open_in_new_tab");
    let launch_url = fields.text("meta_launch_url", false, true, 10_000);
    let description = fields.text("meta_description", false, true, 10_000);
    let publisher = fields.text("meta_publisher", false, true, 10_000);
    let mode = fields.choice("policy_engine_mode", false, &["all", "any"]);
    let group = fields.text("group", false, true, 10_000);
    let hide = fields.flag("meta_hide");
    fields.finish()?;
    let index = own.unwrap_or_else(|| {
        let pk = call.state.ids.uuid();
        call.state.applications.push(Application {
            pk,
            name: String::new(),
            slug: String::new(),
            provider: None,
            policy_engine_mode: "any".to_owned(),
            group: String::new(),
            open_in_new_tab: false,
            meta_launch_url: String::new(),
            meta_description: String::new(),
            meta_publisher: String::new(),
            meta_hide: false,
        });
        call.state.applications.len() - 1
    });
    let Some(application) = call.state.applications.get_mut(index) else {
        return Err(Answer::no_match("Application"));
    };
    let set = |field: &mut String, value: Option<String>| {
        if let Some(value) = value {
            *field = value;
        }
    };
    set(&mut application.name, name);
    set(&mut application.slug, slug);
    set(&mut application.meta_launch_url, launch_url);
    set(&mut application.meta_description, description);
    set(&mut application.meta_publisher, publisher);
    set(&mut application.policy_engine_mode, mode);
    set(&mut application.group, group);
    application.open_in_new_tab = open_in_new_tab.unwrap_or(application.open_in_new_tab);
    application.meta_hide = hide.unwrap_or(application.meta_hide);
    if let Some(provider) = provider {
        application.provider = provider;
    }
    let pk = application.pk.clone();
    if let Some(backchannel) = backchannel {
        // A provider named here is silently taken from the application that had it.
        for provider in call.state.providers.values_mut() {
            if backchannel.contains(&provider.pk) {
                provider.backchannel = Some(pk.clone());
            } else if provider.backchannel.as_ref() == Some(&pk) {
                provider.backchannel = None;
            }
        }
    }
    let application = call.state.applications.get(index).ok_or_else(|| Answer::no_match("Application"))?;
    Ok(render::application(call.state, application))
}

pub(crate) fn one(call: &mut Call<'_>, slug: &str) -> Outcome {
    let index = find(call, slug)?;
    match call.method {
        Method::GET => {
            let application = call.state.applications.get(index).ok_or_else(|| Answer::no_match("Application"))?;
            Ok(Answer::ok(render::application(call.state, application)))
        }
        Method::DELETE => delete(call, index),
        _ => write(call, Some(index)).map(Answer::ok),
    }
}

/// Takes the attached SCIM providers, their links, schedules and tasks with it (recording G36).
fn delete(call: &mut Call<'_>, index: usize) -> Outcome {
    let Some(application) = call.state.applications.get(index) else { return Err(Answer::no_match("Application")) };
    let pk = application.pk.clone();
    let main = application.provider;
    let attached: Vec<i64> = call
        .state
        .providers
        .values()
        .filter(|provider| provider.backchannel.as_ref() == Some(&pk) || main == Some(provider.pk))
        .map(|provider| provider.pk)
        .collect();
    let busy = attached.iter().any(|provider| call.state.is_busy(*provider));
    if busy && call.state.switches.on("delete_while_running_fails") {
        return Err(Answer::crash());
    }
    for provider in attached {
        call.state.provider_deleted(provider);
    }
    call.state.applications.retain(|application| application.pk != pk);
    call.state.bindings.retain(|binding| binding.target != pk);
    Ok(Answer::no_content())
}

/// Is this user in scope? For callers without superuser rights `for_user` is ignored.
pub(crate) fn check_access(call: &mut Call<'_>, slug: &str) -> Outcome {
    let index = find(call, slug)?;
    let asked = if call.caller.superuser { call.query.number("for_user")? } else { None };
    let user = asked.unwrap_or(call.caller.pk);
    if !call.state.users.contains_key(&user) {
        return Err(Answer::field("for_user", "User not found"));
    }
    let application = call.state.applications.get(index).ok_or_else(|| Answer::no_match("Application"))?;
    let passing = Access::of_application(call.state, &application.pk).allows(user);
    Ok(Answer::ok(object! {
        "passing" => passing,
        "messages" => Json::List(Vec::new()),
        "log_messages" => Json::List(Vec::new()),
    }))
}

pub(crate) fn bindings(call: &mut Call<'_>) -> Outcome {
    if call.method == Method::POST {
        return write_binding(call, None).map(Answer::created);
    }
    let query = &call.query;
    let target = match query.get("target") {
        None => None,
        Some(text) if !ids::is_uuid(text) => {
            return Err(Answer::field("target", format!("“{text}” is not a valid UUID.")));
        }
        Some(text) => Some(ids::canonical_uuid(text)),
    };
    if target.as_ref().is_some_and(|target| !call.state.applications.iter().any(|known| known.pk == *target)) {
        return Err(Answer::field("target", "Select a valid choice. That choice is not one of the available choices."));
    }
    let found: Vec<&Binding> = call
        .state
        .bindings
        .iter()
        .filter(|binding| {
            target.as_ref().is_none_or(|target| binding.target == *target)
                && query.flag("enabled").is_none_or(|enabled| binding.enabled == enabled)
        })
        .collect();
    let key = |binding: &&Binding, name: &str| {
        Some(match name {
            "order" => Key::Number(binding.order),
            "pk" => binding.pk.as_str().into(),
            "enabled" => Key::Flag(binding.enabled),
            "target" => binding.target.as_str().into(),
            _ => return None,
        })
    };
    lists::page(query, found, "order", key, |binding| render::binding(call.state, binding), lists::nothing())
}

fn write_binding(call: &mut Call<'_>, own: Option<usize>) -> Result<Json, Answer> {
    // authentik's own code reads these members before its checks and crashes without them.
    let subject_given = ["group", "user", "policy"].iter().any(|name| call.body.contains_key(*name));
    if call.is_patch() && !(call.body.contains_key("target") && subject_given) {
        return Err(Answer::crash());
    }
    let state = &*call.state;
    let mut fields = Fields::new(&call.body, call.is_patch());
    let policy = fields.uuid("policy", false, |_| false);
    let group = fields.uuid("group", false, |pk| state.groups.contains_key(pk));
    let user = fields.pk("user", false, |pk| state.users.contains_key(&pk));
    let target = fields.uuid("target", true, |pk| state.applications.iter().any(|known| known.pk == pk));
    let negate = fields.flag("negate");
    let enabled = fields.flag("enabled");
    let order = fields.integer("order", true, None);
    let timeout = fields.integer("timeout", false, Some(0));
    let failure_result = fields.flag("failure_result");
    fields.finish()?;
    let given = [group.clone().flatten().map(Subject::Group), user.flatten().map(Subject::User)];
    let mut given = given.into_iter().flatten();
    let subject = match (given.next(), given.next(), policy.flatten()) {
        (Some(subject), None, None) => subject,
        (None, None, _) => {
            return Err(Answer::field("non_field_errors", "One of 'group', 'policy', 'user' must be set."));
        }
        _ => return Err(Answer::field("non_field_errors", "Only one of 'group', 'policy', 'user' can be set.")),
    };
    let index = own.unwrap_or_else(|| {
        let pk = call.state.ids.uuid();
        call.state.bindings.push(Binding {
            pk,
            target: String::new(),
            subject: subject.clone(),
            negate: false,
            enabled: true,
            order: 0,
            timeout: 30,
            failure_result: false,
        });
        call.state.bindings.len() - 1
    });
    let Some(binding) = call.state.bindings.get_mut(index) else { return Err(Answer::no_match("PolicyBinding")) };
    if let Some(target) = target.flatten() {
        binding.target = target;
    }
    binding.subject = subject;
    binding.negate = negate.unwrap_or(binding.negate);
    binding.enabled = enabled.unwrap_or(binding.enabled);
    binding.order = order.unwrap_or(binding.order);
    binding.timeout = timeout.unwrap_or(binding.timeout);
    binding.failure_result = failure_result.unwrap_or(binding.failure_result);
    let binding = call.state.bindings.get(index).ok_or_else(|| Answer::no_match("PolicyBinding"))?;
    Ok(render::binding(call.state, binding))
}

pub(crate) fn binding(call: &mut Call<'_>, id: &str) -> Outcome {
    if !ids::is_uuid(id) {
        return Err(Answer::not_found());
    }
    let pk = ids::canonical_uuid(id);
    let found = call.state.bindings.iter().position(|binding| binding.pk == pk);
    let index = found.ok_or_else(|| Answer::no_match("PolicyBinding"))?;
    match call.method {
        Method::GET => {
            let binding = call.state.bindings.get(index).ok_or_else(|| Answer::no_match("PolicyBinding"))?;
            Ok(Answer::ok(render::binding(call.state, binding)))
        }
        Method::DELETE => {
            call.state.bindings.retain(|binding| binding.pk != pk);
            Ok(Answer::no_content())
        }
        _ => write_binding(call, Some(index)).map(Answer::ok),
    }
}
