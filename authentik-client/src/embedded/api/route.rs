//! Which path is which view, with the methods it allows and the permissions it needs (facts §9).

use http::Method;

use super::super::state::{Kind, State};
use super::reply::{Answer, Reply};
use super::{Call, access, applications, groups, links, mappings, providers, tasks, users};

/// A view, with the ids of its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    Me,
    Version,
    Users,
    User(String),
    ServiceAccount,
    Groups,
    Group(String),
    GroupAddUser(String),
    GroupRemoveUser(String),
    Applications,
    Application(String),
    CheckAccess(String),
    Tokens,
    Token(String),
    TokenKey(String),
    Bindings,
    Binding(String),
    Mappings,
    Mapping(String),
    MappingTest(String),
    Providers,
    Provider(String),
    SyncStatus(String),
    SyncObject(String),
    UsedBy(String),
    Links(Kind),
    Link(Kind, String),
    Schedules,
    Schedule(String),
    Send(String),
    Tasks,
    Task(String),
    RetryTask(String),
    Workers,
    TaskStatus,
    RootConfig,
    Events,
    Event(String),
    Roles,
    Role(String),
    RoleAddUser(String),
    RoleRemoveUser(String),
    AssignPermissions(String),
}

/// What a caller needs.
pub(crate) enum Need {
    /// Not even a token.
    Nobody,
    /// Any valid token.
    Caller,
    /// All of these, else 403.
    Permission(Vec<String>),
    /// All of these, else a crash (recording G11: the mapping test).
    CrashWithout(Vec<String>),
    Superuser,
}

impl Route {
    pub(crate) fn find(segments: &[String]) -> Option<Self> {
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        let own = |id: &str| id.to_owned();
        Some(match parts.as_slice() {
            ["core", "users", "me"] => Self::Me,
            ["core", "users", "service_account"] => Self::ServiceAccount,
            ["core", "users"] => Self::Users,
            ["core", "users", id] => Self::User(own(id)),
            ["core", "groups"] => Self::Groups,
            ["core", "groups", id] => Self::Group(own(id)),
            ["core", "groups", id, "add_user"] => Self::GroupAddUser(own(id)),
            ["core", "groups", id, "remove_user"] => Self::GroupRemoveUser(own(id)),
            ["core", "applications"] => Self::Applications,
            ["core", "applications", slug] => Self::Application(own(slug)),
            ["core", "applications", slug, "check_access"] => Self::CheckAccess(own(slug)),
            ["core", "tokens"] => Self::Tokens,
            ["core", "tokens", id] => Self::Token(own(id)),
            ["core", "tokens", id, "view_key"] => Self::TokenKey(own(id)),
            ["admin", "version"] => Self::Version,
            ["policies", "bindings"] => Self::Bindings,
            ["policies", "bindings", id] => Self::Binding(own(id)),
            ["propertymappings", "provider", "scim"] => Self::Mappings,
            ["propertymappings", "provider", "scim", id] => Self::Mapping(own(id)),
            ["propertymappings", "all", id, "test"] => Self::MappingTest(own(id)),
            ["providers", "scim"] => Self::Providers,
            ["providers", "scim", id] => Self::Provider(own(id)),
            ["providers", "scim", id, "sync", "status"] => Self::SyncStatus(own(id)),
            ["providers", "scim", id, "sync", "object"] => Self::SyncObject(own(id)),
            ["providers", "scim", id, "used_by"] => Self::UsedBy(own(id)),
            ["providers", "scim_users"] => Self::Links(Kind::User),
            ["providers", "scim_users", id] => Self::Link(Kind::User, own(id)),
            ["providers", "scim_groups"] => Self::Links(Kind::Group),
            ["providers", "scim_groups", id] => Self::Link(Kind::Group, own(id)),
            ["tasks", "schedules"] => Self::Schedules,
            ["tasks", "schedules", id] => Self::Schedule(own(id)),
            ["tasks", "schedules", id, "send"] => Self::Send(own(id)),
            ["tasks", "tasks"] => Self::Tasks,
            ["tasks", "tasks", "status"] => Self::TaskStatus,
            ["tasks", "tasks", id] => Self::Task(own(id)),
            ["tasks", "tasks", id, "retry"] => Self::RetryTask(own(id)),
            ["root", "config"] => Self::RootConfig,
            ["tasks", "workers"] => Self::Workers,
            ["events", "events"] => Self::Events,
            ["events", "events", id] => Self::Event(own(id)),
            ["rbac", "roles"] => Self::Roles,
            ["rbac", "roles", id] => Self::Role(own(id)),
            ["rbac", "roles", id, "add_user"] => Self::RoleAddUser(own(id)),
            ["rbac", "roles", id, "remove_user"] => Self::RoleRemoveUser(own(id)),
            ["rbac", "permissions", "assigned_by_roles", id, "assign"] => Self::AssignPermissions(own(id)),
            _ => return None,
        })
    }

    /// The `Allow` header.
    pub(crate) fn allow(&self) -> &'static str {
        match self {
            Self::Me
            | Self::Version
            | Self::SyncStatus(_)
            | Self::CheckAccess(_)
            | Self::TokenKey(_)
            | Self::Schedules
            | Self::Tasks
            | Self::Task(_)
            | Self::UsedBy(_)
            | Self::TaskStatus
            | Self::RootConfig
            | Self::Workers => "GET, HEAD, OPTIONS",
            Self::Users
            | Self::Groups
            | Self::Applications
            | Self::Tokens
            | Self::Bindings
            | Self::Mappings
            | Self::Providers
            | Self::Links(_)
            | Self::Events
            | Self::Roles => "GET, POST, HEAD, OPTIONS",
            Self::User(_)
            | Self::Group(_)
            | Self::Application(_)
            | Self::Token(_)
            | Self::Binding(_)
            | Self::Mapping(_)
            | Self::Provider(_)
            | Self::Event(_)
            | Self::Role(_) => "GET, PUT, PATCH, DELETE, HEAD, OPTIONS",
            Self::Link(..) => "GET, DELETE, HEAD, OPTIONS",
            Self::Schedule(_) => "GET, PUT, PATCH, HEAD, OPTIONS",
            Self::ServiceAccount
            | Self::GroupAddUser(_)
            | Self::GroupRemoveUser(_)
            | Self::MappingTest(_)
            | Self::SyncObject(_)
            | Self::Send(_)
            | Self::RetryTask(_)
            | Self::RoleAddUser(_)
            | Self::RoleRemoveUser(_)
            | Self::AssignPermissions(_) => "POST, OPTIONS",
        }
    }

    pub(crate) fn is_list(&self) -> bool {
        matches!(
            self,
            Self::Users
                | Self::Groups
                | Self::Bindings
                | Self::Mappings
                | Self::Providers
                | Self::Links(_)
                | Self::Schedules
                | Self::Tasks
                | Self::Events
                | Self::Roles
        )
    }

    /// The model whose `view_`, `add_`, `change_` and `delete_` permissions guard a view.
    fn model(&self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::Users | Self::User(_) | Self::ServiceAccount => ("authentik_core", "user"),
            Self::Groups | Self::Group(_) => ("authentik_core", "group"),
            Self::Applications | Self::Application(_) => ("authentik_core", "application"),
            Self::Bindings | Self::Binding(_) => ("authentik_policies", "policybinding"),
            Self::Mappings | Self::Mapping(_) => ("authentik_providers_scim", "scimmapping"),
            Self::Providers | Self::Provider(_) | Self::SyncStatus(_) | Self::UsedBy(_) => {
                ("authentik_providers_scim", "scimprovider")
            }
            Self::Links(Kind::User) | Self::Link(Kind::User, _) => ("authentik_providers_scim", "scimprovideruser"),
            Self::Links(Kind::Group) | Self::Link(Kind::Group, _) => ("authentik_providers_scim", "scimprovidergroup"),
            Self::Schedules | Self::Schedule(_) => ("authentik_tasks_schedules", "schedule"),
            Self::Tasks | Self::Task(_) | Self::Workers | Self::TaskStatus => ("authentik_tasks", "task"),
            Self::Events | Self::Event(_) => ("authentik_events", "event"),
            _ => return None,
        })
    }

    pub(crate) fn need(&self, method: &Method, state: &State) -> Need {
        let one = |permission: &str| Need::Permission(vec![permission.to_owned()]);
        match self {
            Self::RootConfig => return Need::Nobody,
            Self::Me | Self::Version | Self::CheckAccess(_) | Self::Tokens | Self::Token(_) | Self::TokenKey(_) => {
                return Need::Caller;
            }
            // Everybody sees the list of what is his own.
            Self::Applications if *method == Method::GET => return Need::Caller,
            Self::GroupAddUser(_) => return one("authentik_core.add_user_to_group"),
            Self::GroupRemoveUser(_) => return one("authentik_core.remove_user_from_group"),
            Self::MappingTest(_) => {
                return Need::CrashWithout(vec![
                    "authentik_core.view_propertymapping".to_owned(),
                    "authentik_core.add_propertymapping".to_owned(),
                ]);
            }
            Self::SyncObject(_) => return one("authentik_providers_scim.add_scimprovider"),
            Self::Send(_) if state.switches.on("send_needs_superuser") => return Need::Superuser,
            Self::Send(_) => return one("authentik_tasks_schedules.send_schedule"),
            Self::RetryTask(_) => return one("authentik_tasks.retry_task"),
            Self::Roles
            | Self::Role(_)
            | Self::RoleAddUser(_)
            | Self::RoleRemoveUser(_)
            | Self::AssignPermissions(_) => return Need::Superuser,
            _ => {}
        }
        let Some((app, model)) = self.model() else { return Need::Superuser };
        let verb = match *method {
            Method::POST => "add",
            Method::PUT | Method::PATCH => "change",
            Method::DELETE => "delete",
            _ => "view",
        };
        let mut permissions = vec![format!("{app}.{verb}_{model}")];
        if matches!(verb, "change" | "delete") {
            permissions.push(format!("{app}.view_{model}"));
        }
        Need::Permission(permissions)
    }

    pub(crate) fn dispatch(&self, call: &mut Call<'_>) -> Result<Reply, Answer> {
        let now = |answer: Answer| Ok(Reply::Now(answer));
        match self {
            Self::Me => now(users::me(call)?),
            Self::Version => now(access::version(call)),
            Self::Users => now(users::list_or_create(call)?),
            Self::User(id) => now(users::one(call, id)?),
            Self::ServiceAccount => now(users::service_account(call)?),
            Self::Groups => now(groups::list_or_create(call)?),
            Self::Group(id) => now(groups::one(call, id)?),
            Self::GroupAddUser(id) => now(groups::add_user(call, id)?),
            Self::GroupRemoveUser(id) => now(groups::remove_user(call, id)?),
            Self::Applications => now(applications::list_or_create(call)?),
            Self::Application(slug) => now(applications::one(call, slug)?),
            Self::CheckAccess(slug) => now(applications::check_access(call, slug)?),
            Self::Tokens => now(access::tokens(call)?),
            Self::Token(id) => now(access::token(call, id)?),
            Self::TokenKey(id) => now(access::token_key(call, id)?),
            Self::Bindings => now(applications::bindings(call)?),
            Self::Binding(id) => now(applications::binding(call, id)?),
            Self::Mappings => now(mappings::list_or_create(call)?),
            Self::Mapping(id) => now(mappings::one(call, id)?),
            Self::MappingTest(id) => now(mappings::test(call, id)?),
            Self::Providers => now(providers::list_or_create(call)?),
            Self::Provider(id) => now(providers::one(call, id)?),
            Self::SyncStatus(id) => now(providers::sync_status(call, id)?),
            Self::UsedBy(id) => now(providers::used_by(call, id)?),
            Self::TaskStatus => now(tasks::status(call)),
            Self::RootConfig => now(access::root_config()),
            Self::SyncObject(id) => providers::sync_object(call, id),
            Self::Links(kind) => now(links::list_or_create(call, *kind)?),
            Self::Link(kind, id) => now(links::one(call, *kind, id)?),
            Self::Schedules => now(tasks::schedules(call)?),
            Self::Schedule(id) => now(tasks::schedule(call, id)?),
            Self::Send(id) => now(tasks::send(call, id)?),
            Self::Tasks => now(tasks::tasks(call)?),
            Self::Task(id) => now(tasks::task(call, id)?),
            Self::RetryTask(id) => now(tasks::retry(call, id)?),
            Self::Workers => now(tasks::workers()),
            Self::Events => now(access::events(call)?),
            Self::Event(id) => now(access::event(call, id)?),
            Self::Roles => now(access::roles(call)?),
            Self::Role(id) => now(access::role(call, id)?),
            Self::RoleAddUser(id) => now(access::role_add_user(call, id, true)?),
            Self::RoleRemoveUser(id) => now(access::role_add_user(call, id, false)?),
            Self::AssignPermissions(id) => now(access::assign(call, id)?),
        }
    }
}
