//! Which permission a call needs (facts/authentik.md §9, recorded in G20 and G21): authentik's 403
//! never says.

use http::Method;

/// The permission without which authentik answers a call 403, as its roles name it; `None` where it
/// is not known.
pub(crate) fn needed(method: &Method, segments: &[&str]) -> Option<&'static str> {
    let verbs = |names: [&'static str; 4]| match *method {
        Method::GET => Some(names[0]),
        Method::POST => Some(names[1]),
        Method::PATCH | Method::PUT => Some(names[2]),
        Method::DELETE => Some(names[3]),
        _ => None,
    };
    match segments {
        ["tasks", "schedules", _, "send"] => Some(SUPERUSER),
        ["tasks", "schedules", ..] if *method == Method::GET => Some("authentik_tasks_schedules.view_schedule"),
        ["tasks", "schedules", ..] => Some("authentik_tasks_schedules.change_schedule"),
        ["tasks", "tasks", _, "retry"] => Some("authentik_tasks.retry_task"),
        ["tasks", "tasks", ..] => Some("authentik_tasks.view_task"),
        ["events", "events", ..] => Some("authentik_events.view_event"),
        ["providers", "scim", _, "sync", "object"] => Some("authentik_providers_scim.add_scimprovider"),
        ["providers", "scim", ..] => verbs([
            "authentik_providers_scim.view_scimprovider",
            "authentik_providers_scim.add_scimprovider",
            "authentik_providers_scim.change_scimprovider",
            "authentik_providers_scim.delete_scimprovider",
        ]),
        ["providers", "scim_users", ..] => verbs([
            "authentik_providers_scim.view_scimprovideruser",
            "authentik_providers_scim.add_scimprovideruser",
            "authentik_providers_scim.change_scimprovideruser",
            "authentik_providers_scim.delete_scimprovideruser",
        ]),
        ["providers", "scim_groups", ..] => verbs([
            "authentik_providers_scim.view_scimprovidergroup",
            "authentik_providers_scim.add_scimprovidergroup",
            "authentik_providers_scim.change_scimprovidergroup",
            "authentik_providers_scim.delete_scimprovidergroup",
        ]),
        ["propertymappings", "all", _, "test"] => Some("authentik_core.view_propertymapping"),
        ["propertymappings", "provider", "scim", ..] => verbs([
            "authentik_providers_scim.view_scimmapping",
            "authentik_providers_scim.add_scimmapping",
            "authentik_providers_scim.change_scimmapping",
            "authentik_providers_scim.delete_scimmapping",
        ]),
        ["core", "groups", _, "add_user"] => Some("authentik_core.add_user_to_group"),
        ["core", "groups", _, "remove_user"] => Some("authentik_core.remove_user_from_group"),
        ["core", "groups", ..] => verbs([
            "authentik_core.view_group",
            "authentik_core.add_group",
            "authentik_core.change_group",
            "authentik_core.delete_group",
        ]),
        ["core", "users", "me"] => None,
        ["core", "users", ..] => verbs([
            "authentik_core.view_user",
            "authentik_core.add_user",
            "authentik_core.change_user",
            "authentik_core.delete_user",
        ]),
        ["core", "applications", ..] => verbs([
            "authentik_core.view_application",
            "authentik_core.add_application",
            "authentik_core.change_application",
            "authentik_core.delete_application",
        ]),
        ["core", "tokens", _, "view_key"] => Some("authentik_core.view_token_key"),
        ["core", "tokens", ..] => verbs([
            "authentik_core.view_token",
            "authentik_core.add_token",
            "authentik_core.change_token",
            "authentik_core.delete_token",
        ]),
        ["policies", "bindings", ..] => verbs([
            "authentik_policies.view_policybinding",
            "authentik_policies.add_policybinding",
            "authentik_policies.change_policybinding",
            "authentik_policies.delete_policybinding",
        ]),
        _ => None,
    }
}

/// What no role can give: `send` asks for `add_schedule`, which cannot be granted.
pub(crate) const SUPERUSER: &str = "superuser";
