//! authentik's objects as its API shows them, members in the recorded order.

use super::super::clock::text;
use super::super::engine::task::{Line, Task};
use super::super::json::{Json, object};
use super::super::state::{
    Application, Binding, Event, Group, Link, Mapping, ObjectPk, Provider, Role, Schedule, State, Subject, Token, User,
};
use super::super::switches::Profile;

/// Every user's picture: initials as a data URI, in authentik a longer one.
const AVATAR: &str = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHdpZHRoPSI2NHB4IiBoZWlnaHQ9IjY0cHgiIHZpZXdCb3g9IjAgMCA2NCA2NCI+PHJlY3QgZmlsbD0iIzU1NSIgd2lkdGg9IjY0IiBoZWlnaHQ9IjY0Ii8+PC9zdmc+";

pub(crate) fn user_short(user: &User) -> Json {
    object! {
        "pk" => user.pk,
        "username" => &user.username,
        "name" => &user.name,
        "is_active" => user.is_active,
        "last_login" => Json::NULL,
        "email" => &user.email,
        "attributes" => &user.attributes,
        "uid" => &user.uid,
    }
}

pub(crate) fn group_short(group: &Group) -> Json {
    object! {
        "pk" => &group.pk,
        "num_pk" => group.num_pk,
        "name" => &group.name,
        "is_superuser" => group.is_superuser,
        "attributes" => &group.attributes,
    }
}

fn role_short(role: &Role) -> Json {
    object! { "pk" => &role.pk, "name" => &role.name }
}

pub(crate) fn user(state: &State, user: &User, include_groups: bool) -> Json {
    let groups = state.groups_of(user.pk);
    let roles: Vec<&Role> = state.roles.values().filter(|role| role.users.contains(&user.pk)).collect();
    object! {
        "pk" => user.pk,
        "username" => &user.username,
        "name" => &user.name,
        "is_active" => user.is_active,
        "last_login" => Json::NULL,
        "date_joined" => text(user.date_joined),
        "is_superuser" => state.is_superuser(user.pk),
        "groups" => Json::list(groups.iter().map(|group| &group.pk)),
        "groups_obj" => if include_groups {
            Json::list(groups.iter().map(|group| group_short(group)))
        } else {
            Json::NULL
        },
        "roles" => Json::list(roles.iter().map(|role| &role.pk)),
        "roles_obj" => Json::list(roles.iter().map(|role| role_short(role))),
        "email" => &user.email,
        "avatar" => AVATAR,
        "attributes" => &user.attributes,
        "uid" => &user.uid,
        "path" => &user.path,
        "type" => &user.kind,
        "uuid" => &user.uuid,
        "password_change_date" => text(user.password_change_date),
        "last_updated" => text(user.last_updated),
    }
}

/// `GET /core/users/me/`.
pub(crate) fn me(state: &State, user: &User) -> Json {
    const SYSTEM: [&str; 16] = [
        "assign_role_permissions",
        "view_media_files",
        "add_role",
        "unassign_role_permissions",
        "edit_system_settings",
        "view_role",
        "add_initialpermissions",
        "view_initialpermissions",
        "view_system_info",
        "view_system_settings",
        "delete_role",
        "change_role",
        "manage_media_files",
        "change_initialpermissions",
        "access_admin_interface",
        "delete_initialpermissions",
    ];
    let named = |name: &String, pk: &String| object! { "name" => name, "pk" => pk };
    let superuser = state.is_superuser(user.pk);
    let roles = state.roles.values().filter(|role| role.users.contains(&user.pk));
    let user = object! {
        "pk" => user.pk,
        "username" => &user.username,
        "name" => &user.name,
        "is_active" => user.is_active,
        "is_superuser" => superuser,
        "groups" => Json::list(state.groups_of(user.pk).iter().map(|group| named(&group.name, &group.pk))),
        "roles" => Json::list(roles.map(|role| named(&role.name, &role.pk))),
        "email" => &user.email,
        "avatar" => AVATAR,
        "uid" => &user.uid,
        "settings" => Json::Object(Vec::new()),
        "type" => &user.kind,
        "system_permissions" => if superuser { Json::list(SYSTEM) } else { Json::List(Vec::new()) },
    };
    object! { "user" => user }
}

/// What a group's answer holds besides itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GroupParts {
    pub(crate) users: bool,
    pub(crate) children: bool,
    pub(crate) parents: bool,
}

pub(crate) fn group(state: &State, group: &Group, parts: GroupParts) -> Json {
    let children: Vec<&Group> = state.groups.values().filter(|child| child.parents.contains(&group.pk)).collect();
    let parents = group.parents.iter().filter_map(|pk| state.groups.get(pk));
    let relative = |group: &Group| {
        object! {
            "pk" => &group.pk,
            "name" => &group.name,
            "is_superuser" => group.is_superuser,
            "attributes" => &group.attributes,
            "group_uuid" => &group.pk,
        }
    };
    let users = group.users.iter().filter_map(|pk| state.users.get(pk));
    object! {
        "pk" => &group.pk,
        "num_pk" => group.num_pk,
        "name" => &group.name,
        "is_superuser" => group.is_superuser,
        "parents" => Json::list(&group.parents),
        "parents_obj" => if parts.parents { Json::list(parents.map(relative)) } else { Json::NULL },
        "users" => Json::list(group.users.iter().copied()),
        "users_obj" => if parts.users { Json::list(users.map(user_short)) } else { Json::NULL },
        "attributes" => &group.attributes,
        "roles" => Json::List(Vec::new()),
        "roles_obj" => Json::List(Vec::new()),
        "inherited_roles_obj" => Json::NULL,
        "children" => Json::list(children.iter().map(|child| &child.pk)),
        "children_obj" => if parts.children {
            Json::list(children.iter().map(|child| relative(child)))
        } else {
            Json::NULL
        },
    }
}

pub(crate) fn provider(state: &State, provider: &Provider) -> Json {
    let application =
        state.applications.iter().find(|application| Some(&application.pk) == provider.backchannel.as_ref());
    let mut body = object! {
        "pk" => provider.pk,
        "name" => &provider.name,
        "property_mappings" => Json::list(&provider.user_mappings),
        "property_mappings_group" => Json::list(&provider.group_mappings),
        "component" => "ak-provider-scim-form",
        "assigned_backchannel_application_slug" => Json::or_null(application.map(|known| &known.slug)),
        "assigned_backchannel_application_name" => Json::or_null(application.map(|known| &known.name)),
        "verbose_name" => "SCIM Provider",
        "verbose_name_plural" => "SCIM Providers",
        "meta_model_name" => "authentik_providers_scim.scimprovider",
        "url" => &provider.url,
        "verify_certificates" => provider.verify_certificates,
    };
    if state.switches.on("token_echo") {
        body.push("token", &provider.token);
    }
    for (name, value) in [
        ("auth_mode", Json::from("token")),
        ("auth_oauth", Json::NULL),
        ("auth_oauth_params", Json::from(&provider.auth_oauth_params)),
        ("auth_oauth_token_last_updated", Json::NULL),
        ("auth_oauth_token_expires", Json::NULL),
        ("auth_oauth_url_callback", Json::NULL),
        ("auth_oauth_url_start", Json::NULL),
        ("compatibility_mode", Json::from(&provider.compatibility_mode)),
        ("service_provider_config_cache_timeout", Json::from(&provider.config_cache_timeout)),
        ("exclude_users_service_account", Json::from(provider.exclude_service_accounts)),
        ("sync_page_size", Json::from(provider.page_size)),
        ("sync_page_timeout", Json::from(&provider.page_timeout)),
        ("group_filters", Json::list(&provider.group_filters)),
    ] {
        body.push(name, value);
    }
    if state.switches.profile() == Profile::V2026_8 {
        body.push("discovery_enabled", provider.discovery_enabled);
    }
    body.push("dry_run", provider.dry_run);
    body
}

/// A provider inside an application's answer. `full`: as `provider_obj`, else as backchannel one.
fn provider_inside(state: &State, provider: &Provider, full: bool) -> Json {
    let main = state.applications.iter().find(|application| application.provider == Some(provider.pk));
    let back = state.applications.iter().find(|application| Some(&application.pk) == provider.backchannel.as_ref());
    object! {
        "pk" => provider.pk,
        "name" => &provider.name,
        "authentication_flow" => Json::NULL,
        "authorization_flow" => Json::NULL,
        "invalidation_flow" => Json::NULL,
        "property_mappings" => Json::list(&provider.user_mappings),
        "component" => if full { "ak-provider-scim-form" } else { "" },
        "assigned_application_slug" => Json::or_null(main.map(|known| &known.slug)),
        "assigned_application_name" => Json::or_null(main.map(|known| &known.name)),
        "assigned_backchannel_application_slug" => Json::or_null(back.map(|known| &known.slug)),
        "assigned_backchannel_application_name" => Json::or_null(back.map(|known| &known.name)),
        "verbose_name" => if full { "SCIM Provider" } else { "provider" },
        "verbose_name_plural" => if full { "SCIM Providers" } else { "providers" },
        "meta_model_name" => if full { "authentik_providers_scim.scimprovider" } else { "authentik_core.provider" },
    }
}

pub(crate) fn application(state: &State, application: &Application) -> Json {
    let back: Vec<&Provider> =
        state.providers.values().filter(|provider| provider.backchannel.as_ref() == Some(&application.pk)).collect();
    let main = application.provider.and_then(|pk| state.providers.get(&pk));
    object! {
        "pk" => &application.pk,
        "name" => &application.name,
        "slug" => &application.slug,
        "provider" => Json::or_null(application.provider),
        "provider_obj" => Json::or_null(main.map(|provider| provider_inside(state, provider, true))),
        "backchannel_providers" => Json::list(back.iter().map(|provider| provider.pk)),
        "backchannel_providers_obj" => Json::list(back.iter().map(|provider| provider_inside(state, provider, false))),
        "launch_url" => Json::or_null(Some(&application.meta_launch_url).filter(|url| !url.is_empty())),
        "open_in_new_tab" => application.open_in_new_tab,
        "meta_launch_url" => &application.meta_launch_url,
        "meta_icon" => "",
        "meta_icon_url" => Json::NULL,
        "meta_icon_themed_urls" => Json::NULL,
        "meta_description" => &application.meta_description,
        "meta_publisher" => &application.meta_publisher,
        "policy_engine_mode" => &application.policy_engine_mode,
        "group" => &application.group,
        "meta_hide" => application.meta_hide,
    }
}

pub(crate) fn binding(state: &State, binding: &Binding) -> Json {
    let group = match &binding.subject {
        Subject::Group(pk) => state.groups.get(pk),
        Subject::User(_) => None,
    };
    let user = match &binding.subject {
        Subject::User(pk) => state.users.get(pk),
        Subject::Group(_) => None,
    };
    object! {
        "pk" => &binding.pk,
        "policy" => Json::NULL,
        "group" => Json::or_null(group.map(|group| &group.pk)),
        "user" => Json::or_null(user.map(|user| user.pk)),
        "policy_obj" => Json::NULL,
        "group_obj" => Json::or_null(group.map(group_short)),
        "user_obj" => Json::or_null(user.map(user_short)),
        "target" => &binding.target,
        "negate" => binding.negate,
        "enabled" => binding.enabled,
        "order" => binding.order,
        "timeout" => binding.timeout,
        "failure_result" => binding.failure_result,
    }
}

pub(crate) fn mapping(mapping: &Mapping) -> Json {
    object! {
        "pk" => &mapping.pk,
        "managed" => Json::or_null(mapping.managed.as_ref()),
        "name" => &mapping.name,
        "expression" => &mapping.expression,
        "component" => "ak-property-mapping-provider-scim-form",
        "verbose_name" => "SCIM Provider Mapping",
        "verbose_name_plural" => "SCIM Provider Mappings",
        "meta_model_name" => "authentik_providers_scim.scimmapping",
    }
}

pub(crate) fn link(state: &State, link: &Link) -> Json {
    let mut body = object! { "id" => &link.id, "scim_id" => &link.scim_id };
    match &link.object {
        ObjectPk::User(pk) => {
            body.push("user", *pk);
            body.push("user_obj", Json::or_null(state.users.get(pk).map(user_short)));
        }
        ObjectPk::Group(pk) => {
            body.push("group", pk);
            body.push("group_obj", Json::or_null(state.groups.get(pk).map(group_short)));
        }
    }
    body.push("provider", link.provider);
    body.push("attributes", Json::jsonb(&link.attributes));
    body
}

pub(crate) fn schedule(state: &State, schedule: &Schedule) -> Json {
    let name = state.providers.get(&schedule.provider).map_or("", |provider| provider.name.as_str());
    let from_logs = state.switches.on("status_from_logs");
    let last = state.tasks.iter().rev().find(|task| task.provider == schedule.provider && task.on_schedule);
    object! {
        "id" => &schedule.id,
        "identifier" => schedule.provider.to_string(),
        "uid" => format!("authentik.providers.scim.tasks.scim_sync:{name}"),
        "actor_name" => "authentik.providers.scim.tasks.scim_sync",
        "rel_obj_app_label" => "authentik_providers_scim",
        "rel_obj_model" => "scimprovider",
        "rel_obj_id" => schedule.provider.to_string(),
        "crontab" => &schedule.crontab,
        "paused" => schedule.paused,
        "next_run" => text(schedule.next_run),
        "description" => "Full sync for SCIM provider.",
        "last_task_status" => Json::or_null(last.map(|task| task.aggregated_status(from_logs))),
    }
}

/// What a task hangs on: app, model, id.
pub(crate) fn related(state: &State, task: &Task) -> (&'static str, &'static str, String) {
    if task.on_schedule {
        let id = state.schedule_of(task.provider).map_or_else(String::new, |schedule| schedule.id.clone());
        ("authentik_tasks_schedules", "schedule", id)
    } else {
        ("authentik_providers_scim", "scimprovider", task.provider.to_string())
    }
}

pub(crate) fn task(state: &State, task: &Task) -> Json {
    let line = |line: &Line| {
        object! {
            "timestamp" => text(line.at),
            "log_level" => line.level,
            "logger" => &line.logger,
            "event" => &line.event,
            "attributes" => Json::jsonb(&line.attributes.to_value()),
        }
    };
    let (app, model, id) = related(state, task);
    object! {
        "message_id" => &task.id,
        "queue_name" => "default",
        "actor_name" => task.actor,
        "state" => task.state.name(),
        "mtime" => text(task.mtime),
        "retries" => i64::from(task.retries),
        "eta" => Json::or_null(task.eta.map(text)),
        "rel_obj_app_label" => app,
        "rel_obj_model" => model,
        "rel_obj_id" => id,
        "uid" => &task.uid,
        "logs" => Json::list(task.logs.iter().map(line)),
        "previous_logs" => Json::list(task.previous_logs.iter().map(line)),
        "aggregated_status" => task.aggregated_status(state.switches.on("status_from_logs")),
        "description" => task.description,
    }
}

pub(crate) fn event(event: &Event) -> Json {
    let expires = event.created.checked_add(jiff::SignedDuration::from_hours(24 * 365)).unwrap_or(event.created);
    object! {
        "pk" => &event.pk,
        "user" => Json::Object(Vec::new()),
        "action" => &event.action,
        "app" => &event.app,
        "context" => event.context.clone(),
        "client_ip" => Json::NULL,
        "created" => text(event.created),
        "expires" => text(expires),
        "brand" => object! {
            "pk" => "f634284980af41419264dda3cbb3ab9c",
            "app" => "authentik_brands",
            "name" => "Brand fallback",
            "model_name" => "brand",
        },
    }
}

pub(crate) fn token(state: &State, token: &Token) -> Json {
    let owner = state.users.get(&token.user);
    object! {
        "pk" => &token.pk,
        "managed" => Json::NULL,
        "identifier" => &token.identifier,
        "intent" => &token.intent,
        "user" => token.user,
        "user_obj" => Json::or_null(owner.map(|owner| user(state, owner, true))),
        "description" => &token.description,
        "expires" => text(token.expires),
        "expiring" => token.expiring,
    }
}
