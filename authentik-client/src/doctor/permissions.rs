//! Whether a token may do what the job needs, one permission after the other (facts/authentik.md §9,
//! recorded in G20 and G21).

use std::fmt;

use http::Method;
use scim_core::transport::Operation;
use serde_json::json;

use crate::api::Authentik;
use crate::call::Call;
use crate::error::Error;
use crate::permission::SUPERUSER;

/// What a call of the job needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Permission {
    /// The name as authentik's roles have it; `superuser` for what no role gives.
    pub name: &'static str,
    /// What breaks without it.
    pub needed_for: &'static str,
}

/// What is known about a permission.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The token's owner has it.
    Granted,
    /// authentik refused the call.
    Missing,
    /// authentik answered something that tells nothing: the text says what.
    Unknown(String),
}

/// A permission and whether the token has it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PermissionCheck {
    /// The permission.
    pub permission: Permission,
    /// Whether the token has it.
    pub verdict: Verdict,
}

impl fmt::Display for PermissionCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Permission { name, needed_for } = self.permission;
        match &self.verdict {
            Verdict::Granted => write!(f, "{name}: granted"),
            Verdict::Missing => write!(f, "{name}: missing, without it no {needed_for}"),
            Verdict::Unknown(why) => write!(f, "{name}: unknown, {why}"),
        }
    }
}

/// A call that is refused without the permission and changes nothing with it.
struct Probe {
    permission: Permission,
    method: Method,
    path: &'static str,
}

const fn probe(name: &'static str, needed_for: &'static str, method: Method, path: &'static str) -> Probe {
    Probe { permission: Permission { name, needed_for }, method, path }
}

/// authentik asks for the permission first and looks at body and object afterwards: an empty body is a
/// 400 and an unknown id a 404, but only to those who may.
fn probes() -> Vec<Probe> {
    use Method as M;
    const SCIM: &str = "providers/scim/";
    const NO_PROVIDER: &str = "providers/scim/2147483647/";
    const MAPPINGS: &str = "propertymappings/provider/scim/";
    const NO_MAPPING: &str = "propertymappings/provider/scim/00000000-0000-4000-8000-000000000000/";
    const USER_LINKS: &str = "providers/scim_users/";
    const NO_USER_LINK: &str = "providers/scim_users/00000000-0000-4000-8000-000000000000/";
    const GROUP_LINKS: &str = "providers/scim_groups/";
    const NO_GROUP_LINK: &str = "providers/scim_groups/00000000-0000-4000-8000-000000000000/";
    const USERS: &str = "core/users/";
    const NO_USER: &str = "core/users/2147483647/";
    const GROUPS: &str = "core/groups/";
    const NO_GROUP: &str = "core/groups/00000000-0000-4000-8000-000000000000/";
    const APPLICATIONS: &str = "core/applications/";
    const NO_APPLICATION: &str = "core/applications/no-such-application-of-the-doctor/";
    const BINDINGS: &str = "policies/bindings/";
    const NO_BINDING: &str = "policies/bindings/00000000-0000-4000-8000-000000000000/";
    const TEST: &str = "propertymappings/all/00000000-0000-4000-8000-000000000000/test/";
    const NO_SCHEDULE: &str = "tasks/schedules/00000000-0000-4000-8000-000000000000/";
    vec![
        probe("authentik_providers_scim.view_scimprovider", "look at providers", M::GET, SCIM),
        probe("authentik_providers_scim.add_scimprovider", "new provider, and no object sent by itself", M::POST, SCIM),
        probe(
            "authentik_providers_scim.change_scimprovider",
            "change of a provider, and no start of a sync",
            M::PATCH,
            NO_PROVIDER,
        ),
        probe("authentik_providers_scim.delete_scimprovider", "removal of a provider", M::DELETE, NO_PROVIDER),
        probe("authentik_providers_scim.view_scimmapping", "look at mappings", M::GET, MAPPINGS),
        probe("authentik_providers_scim.add_scimmapping", "new mapping", M::POST, MAPPINGS),
        probe("authentik_providers_scim.change_scimmapping", "change of a mapping", M::PATCH, NO_MAPPING),
        probe("authentik_providers_scim.delete_scimmapping", "removal of a mapping", M::DELETE, NO_MAPPING),
        probe("authentik_providers_scim.view_scimprovideruser", "look at linked users", M::GET, USER_LINKS),
        probe("authentik_providers_scim.add_scimprovideruser", "rewrite of a user", M::POST, USER_LINKS),
        probe("authentik_providers_scim.delete_scimprovideruser", "rewrite of a user", M::DELETE, NO_USER_LINK),
        probe("authentik_providers_scim.view_scimprovidergroup", "look at linked groups", M::GET, GROUP_LINKS),
        probe("authentik_providers_scim.add_scimprovidergroup", "rewrite of a group", M::POST, GROUP_LINKS),
        probe("authentik_providers_scim.delete_scimprovidergroup", "rewrite of a group", M::DELETE, NO_GROUP_LINK),
        probe("authentik_core.view_user", "look at users", M::GET, USERS),
        probe("authentik_core.add_user", "new user", M::POST, USERS),
        probe("authentik_core.change_user", "change of a user", M::PATCH, NO_USER),
        probe("authentik_core.delete_user", "removal of a user", M::DELETE, NO_USER),
        probe("authentik_core.view_group", "look at groups", M::GET, GROUPS),
        probe("authentik_core.add_group", "new group", M::POST, GROUPS),
        probe("authentik_core.change_group", "change of a group", M::PATCH, NO_GROUP),
        probe("authentik_core.delete_group", "removal of a group", M::DELETE, NO_GROUP),
        probe(
            "authentik_core.add_user_to_group",
            "new membership",
            M::POST,
            "core/groups/00000000-0000-4000-8000-000000000000/add_user/",
        ),
        probe(
            "authentik_core.remove_user_from_group",
            "end of a membership",
            M::POST,
            "core/groups/00000000-0000-4000-8000-000000000000/remove_user/",
        ),
        probe("authentik_core.view_application", "look at applications", M::GET, NO_APPLICATION),
        probe("authentik_core.add_application", "new application", M::POST, APPLICATIONS),
        probe("authentik_core.change_application", "change of an application", M::PATCH, NO_APPLICATION),
        probe("authentik_core.delete_application", "removal of an application", M::DELETE, NO_APPLICATION),
        probe("authentik_policies.view_policybinding", "look at bindings", M::GET, BINDINGS),
        probe("authentik_policies.add_policybinding", "new binding", M::POST, BINDINGS),
        probe("authentik_policies.change_policybinding", "change of a binding", M::PATCH, NO_BINDING),
        probe("authentik_policies.delete_policybinding", "removal of a binding", M::DELETE, NO_BINDING),
        probe("authentik_core.view_propertymapping", "test of a mapping", M::POST, TEST),
        probe("authentik_core.add_propertymapping", "test of a mapping", M::POST, TEST),
        probe(
            "authentik_tasks_schedules.view_schedule",
            "look at schedules, and no watched sync",
            M::GET,
            "tasks/schedules/",
        ),
        probe("authentik_tasks_schedules.change_schedule", "pause or change of a schedule", M::PATCH, NO_SCHEDULE),
        probe("authentik_tasks.view_task", "look at tasks, and no watched sync", M::GET, "tasks/tasks/"),
        probe(
            "authentik_tasks.retry_task",
            "second try of a rejected task",
            M::POST,
            "tasks/tasks/00000000-0000-4000-8000-000000000000/retry/",
        ),
        probe("authentik_events.view_event", "look at mapping failures", M::GET, "events/events/"),
    ]
}

impl Authentik {
    /// Checks what the token may do, one permission after the other: everything that provisioning takes
    /// (facts/authentik.md §9), in a fixed order. Nothing is changed: bodies are empty and ids those of nobody, which
    /// authentik notices only after it has looked at the permission (G11).
    ///
    /// Some forty requests.
    ///
    /// # Errors
    /// See [`Error`]; a bad token is an error, a missing permission is not.
    pub async fn check_permissions(&self) -> Result<Vec<PermissionCheck>, Error> {
        let superuser = self.me().await?.user.is_superuser;
        let mut found = Vec::new();
        for Probe { permission, method, path } in probes() {
            let verdict = if superuser { Verdict::Granted } else { self.probe(method, path).await? };
            found.push(PermissionCheck { permission, verdict });
        }
        found.push(PermissionCheck {
            permission: Permission {
                name: SUPERUSER,
                needed_for: "start of a sync by its schedule; a change of the provider starts one as well",
            },
            verdict: if superuser { Verdict::Granted } else { Verdict::Missing },
        });
        Ok(found)
    }

    async fn probe(&self, method: Method, path: &str) -> Result<Verdict, Error> {
        let segments = path.split('/').filter(|segment| !segment.is_empty());
        let operation = Operation::new("check a permission", path.trim_end_matches('/').to_owned());
        let mut call = Call::new(operation, method.clone(), segments);
        if method == Method::GET {
            call = call.query(&[("page_size".to_owned(), "1".to_owned())]);
        } else {
            call = call.body(&json!({}));
        }
        let crashes = path.ends_with("/test/");
        match self.core().send(call).await {
            Ok(_) => Ok(Verdict::Granted),
            Err(error) if error.is_forbidden() => Ok(Verdict::Missing),
            Err(error) if error.is_unauthenticated() => Err(error),
            // This one view crashes instead of refusing (G11), whichever of the two permissions is missing.
            Err(error) if crashes && error.is_server_error() => Ok(Verdict::Unknown(
                "authentik crashed, as it does where one of authentik_core.view_propertymapping and \
                 authentik_core.add_propertymapping is missing"
                    .to_owned(),
            )),
            Err(error) => match error.status() {
                Some(status) if matches!(status.as_u16(), 400 | 404 | 405) => Ok(Verdict::Granted),
                Some(status) => Ok(Verdict::Unknown(format!("authentik answered {}", status.as_u16()))),
                None => Err(error),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_a_probe_names_the_permission_that_the_probe_is_for() {
        for Probe { permission, method, path } in probes() {
            let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
            let named = crate::permission::needed(&method, &segments);
            // The mapping test takes two.
            let both = permission.name == "authentik_core.add_propertymapping";
            assert_eq!(named == Some(permission.name), !both, "{method} {path}: {named:?}");
        }
    }
}
