//! The client and its handles: one per kind of object, all made of the same four verbs.

use std::marker::PhantomData;
use std::sync::Arc;

use futures_core::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::Method;
use jiff::Timestamp;
use scim_core::transport::{BaseUrl, InvalidBaseUrl, Operation, Transport};
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::call::{Call, Core};
use crate::error::{Error, ErrorKind};
use crate::id::{
    ApplicationPk, ApplicationSlug, BindingUuid, GroupUuid, LinkUuid, MappingUuid, ProviderPk, ScheduleUuid, TaskUuid,
    UserPk,
};
use crate::model::{
    Application, ApplicationPatch, CheckAccess, Event, Group, GroupPatch, MappingTest, Me, NewApplication, NewGroup,
    NewPolicyBinding, NewScimGroupLink, NewScimMapping, NewScimProvider, NewScimUserLink, NewUser, Page, PolicyBinding,
    Schedule, SchedulePatch, ScimGroupLink, ScimMapping, ScimMappingPatch, ScimProvider, ScimProviderPatch,
    ScimUserLink, SyncStatus, Task, User, UserPatch, Version,
};

/// authentik clamps larger pages to this (G15).
const PAGE_SIZE: u32 = 100;
/// No list has more pages than this.
const MAX_PAGES: u64 = 100_000;

/// A client of one authentik. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Authentik {
    core: Core,
}

/// Builds an [`Authentik`].
#[derive(Debug)]
pub struct AuthentikBuilder {
    base: BaseUrl,
    token: SecretString,
    transport: Option<Arc<dyn Transport>>,
}

impl AuthentikBuilder {
    /// How requests are sent. Default (feature `reqwest`): a [`ReqwestTransport`] with retries.
    ///
    /// [`ReqwestTransport`]: scim_core::transport::Transport
    #[must_use]
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    /// If the base URL cannot hold `/api/v3`, or no transport was given and none can be made.
    pub fn build(self) -> Result<Authentik, Error> {
        let operation = || Operation::new("set up the client", "authentik");
        let base = with_api_path(&self.base)
            .map_err(|error| Error::new(operation(), ErrorKind::InvalidRequest).with_detail(error.to_string()))?;
        let transport = match self.transport {
            Some(transport) => transport,
            None => default_transport(&operation)?,
        };
        Ok(Authentik { core: Core { base, token: self.token, transport } })
    }
}

#[cfg(feature = "reqwest")]
fn default_transport(operation: &dyn Fn() -> Operation) -> Result<Arc<dyn Transport>, Error> {
    use scim_core::transport::{ReqwestTransport, RetryPolicy, TransportExt};
    let leaf = ReqwestTransport::new().map_err(|error| Error::transport(operation(), error))?;
    Ok(leaf.retry(RetryPolicy::default()).shared())
}

#[cfg(not(feature = "reqwest"))]
fn default_transport(operation: &dyn Fn() -> Operation) -> Result<Arc<dyn Transport>, Error> {
    Err(Error::new(operation(), ErrorKind::InvalidRequest).with_detail("no transport was given"))
}

fn with_api_path(base: &BaseUrl) -> Result<BaseUrl, InvalidBaseUrl> {
    if base.as_str().ends_with("/api/v3") { Ok(base.clone()) } else { base.join(&["api", "v3"]) }
}

impl Authentik {
    /// A client of the authentik at `base` (with or without `/api/v3`), with a token of intent "API".
    pub fn builder(base: BaseUrl, token: SecretString) -> AuthentikBuilder {
        AuthentikBuilder { base, token, transport: None }
    }

    /// Where the API lives: ends in `/api/v3`.
    pub fn base_url(&self) -> &BaseUrl {
        &self.core.base
    }

    /// Which authentik this is.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn version(&self) -> Result<Version, Error> {
        self.core
            .read(Call::new(Operation::new("read the version", "admin/version"), Method::GET, ["admin", "version"]))
            .await
    }

    /// Whose token this client uses: the check of a token.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::is_unauthenticated`] for a bad token.
    pub async fn me(&self) -> Result<Me, Error> {
        let operation = Operation::new("check the token", "core/users/me");
        self.core.read(Call::new(operation, Method::GET, ["core", "users", "me"])).await
    }

    /// SCIM providers.
    pub fn scim_providers(&self) -> ScimProviders {
        ScimProviders(Objects::new(self, &["providers", "scim"]))
    }

    /// SCIM property mappings.
    pub fn scim_mappings(&self) -> ScimMappings {
        ScimMappings(Objects::new(self, &["propertymappings", "provider", "scim"]))
    }

    /// Applications.
    pub fn applications(&self) -> Applications {
        Applications(Objects::new(self, &["core", "applications"]))
    }

    /// Policy bindings.
    pub fn policy_bindings(&self) -> PolicyBindings {
        PolicyBindings(Objects::new(self, &["policies", "bindings"]))
    }

    /// Groups.
    pub fn groups(&self) -> Groups {
        Groups(Objects::new(self, &["core", "groups"]))
    }

    /// Users.
    pub fn users(&self) -> Users {
        Users(Objects::new(self, &["core", "users"]))
    }

    /// Schedules.
    pub fn schedules(&self) -> Schedules {
        Schedules(Objects::new(self, &["tasks", "schedules"]))
    }

    /// Tasks.
    pub fn tasks(&self) -> Tasks {
        Tasks(Objects::new(self, &["tasks", "tasks"]))
    }

    /// Links between users and SCIM resources.
    pub fn scim_user_links(&self) -> ScimUserLinks {
        ScimUserLinks(Objects::new(self, &["providers", "scim_users"]))
    }

    /// Links between groups and SCIM resources.
    pub fn scim_group_links(&self) -> ScimGroupLinks {
        ScimGroupLinks(Objects::new(self, &["providers", "scim_groups"]))
    }

    /// Events.
    pub fn events(&self) -> Events {
        Events(Objects::new(self, &["events", "events"]))
    }
}

/// A list to be read: filters, order, and then pages or everything.
///
/// A list is complete or an error.
#[derive(Debug, Clone)]
#[must_use]
pub struct List<T> {
    core: Core,
    path: Vec<String>,
    query: Vec<(String, String)>,
    page_size: u32,
    item: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + Send + 'static> List<T> {
    /// Adds a filter of the API by its name. authentik ignores parameters that it does not know.
    pub fn filter(mut self, name: &str, value: impl ToString) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// Orders by a member; `-` in front for descending.
    pub fn ordering(self, member: &str) -> Self {
        self.filter("ordering", member)
    }

    /// How many objects a page has; authentik clamps it to 100. Default 100.
    pub fn page_size(mut self, size: u32) -> Self {
        self.page_size = size;
        self
    }

    /// One page, from 1.
    ///
    /// # Errors
    /// See [`Error`]; a page beyond the end is "not found".
    pub async fn page(&self, number: u64) -> Result<Page<T>, Error> {
        let mut query = self.query.clone();
        query.push(("page".to_owned(), number.to_string()));
        query.push(("page_size".to_owned(), self.page_size.to_string()));
        self.core.read(Call::new(self.operation(), Method::GET, self.path.clone()).query(&query)).await
    }

    /// Every object, page after page.
    pub fn stream(self) -> BoxStream<'static, Result<T, Error>> {
        stream::try_unfold((self, Some(1)), |(list, number)| async move {
            let Some(number) = number else { return Ok(None) };
            let page = list.page(number).await?;
            let next = match page.pagination.next {
                0 => None,
                next if next == number + 1 && next <= MAX_PAGES => Some(next),
                next => {
                    let detail = format!("page {number} names page {next} as the next one");
                    return Err(Error::new(list.operation(), ErrorKind::InconsistentList).with_detail(detail));
                }
            };
            if next.is_some() && page.results.is_empty() {
                let detail = format!("page {number} is empty but not the last one");
                return Err(Error::new(list.operation(), ErrorKind::InconsistentList).with_detail(detail));
            }
            Ok(Some((stream::iter(page.results.into_iter().map(Ok)), (list, next))))
        })
        .try_flatten()
        .boxed()
    }

    /// Every object, in one vector.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn all(self) -> Result<Vec<T>, Error> {
        self.stream().try_collect().await
    }

    /// The only object, or none.
    async fn only(self, is_it: impl Fn(&T) -> bool) -> Result<Option<T>, Error> {
        Ok(self.all().await?.into_iter().find(is_it))
    }

    fn operation(&self) -> Operation {
        Operation::new("list", self.path.join("/"))
    }
}

/// The objects of one kind.
#[derive(Debug, Clone)]
struct Objects {
    core: Core,
    path: Vec<String>,
}

impl Objects {
    fn new(authentik: &Authentik, path: &[&str]) -> Self {
        let path = path.iter().map(|segment| (*segment).to_owned()).collect();
        Self { core: authentik.core.clone(), path }
    }

    fn list<T>(&self) -> List<T> {
        List {
            core: self.core.clone(),
            path: self.path.clone(),
            query: Vec::new(),
            page_size: PAGE_SIZE,
            item: PhantomData,
        }
    }

    fn call(&self, name: &'static str, method: Method, more: &[String]) -> Call {
        let segments: Vec<String> = self.path.iter().chain(more).cloned().collect();
        Call::new(Operation::new(name, segments.join("/")), method, segments)
    }

    async fn get<T: DeserializeOwned>(&self, id: &impl ToString) -> Result<T, Error> {
        self.core.read(self.call("read", Method::GET, &[id.to_string()])).await
    }

    async fn create<T: DeserializeOwned>(&self, body: &impl Serialize) -> Result<T, Error> {
        self.core.read(self.call("create", Method::POST, &[]).body(body)).await
    }

    async fn update<T: DeserializeOwned>(&self, id: &impl ToString, body: &impl Serialize) -> Result<T, Error> {
        // A PATCH here sets members to values: sending it twice changes nothing more.
        let mut call = self.call("update", Method::PATCH, &[id.to_string()]).body(body);
        call.operation = call.operation.idempotent(true);
        self.core.read(call).await
    }

    async fn delete(&self, id: &impl ToString) -> Result<(), Error> {
        self.core.send(self.call("delete", Method::DELETE, &[id.to_string()])).await.map(drop)
    }

    async fn act(&self, name: &'static str, id: &impl ToString, action: &str, body: &Value) -> Result<(), Error> {
        let mut call = self.call(name, Method::POST, &[id.to_string(), action.to_owned()]).body(body);
        call.operation = call.operation.idempotent(true);
        self.core.send(call).await.map(drop)
    }
}

macro_rules! handle {
    ($(#[$meta:meta])* $name:ident, $object:ty, $id:ty, [$($verb:ident),*]) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        pub struct $name(Objects);

        impl $name {
            /// All of them, or those that filters select.
            pub fn list(&self) -> List<$object> {
                self.0.list()
            }

            $(handle!(@$verb $object, $id);)*
        }
    };
    (@get $object:ty, $id:ty) => {
        /// Reads one.
        ///
        /// # Errors
        /// See [`Error`]; [`Error::is_not_found`] when there is none that the caller may see.
        pub async fn get(&self, id: &$id) -> Result<$object, Error> {
            self.0.get(id).await
        }

        /// Reads one, or `None` where there is none that the caller may see.
        ///
        /// # Errors
        /// See [`Error`].
        pub async fn get_opt(&self, id: &$id) -> Result<Option<$object>, Error> {
            match self.get(id).await {
                Ok(object) => Ok(Some(object)),
                Err(error) if error.is_not_found() => Ok(None),
                Err(error) => Err(error),
            }
        }
    };
    (@delete $object:ty, $id:ty) => {
        /// Deletes one. Nothing is deleted on any SCIM server by it, except for users and groups, whose
        /// deletion authentik pushes.
        ///
        /// # Errors
        /// See [`Error`].
        pub async fn delete(&self, id: &$id) -> Result<(), Error> {
            self.0.delete(id).await
        }
    };
}

handle! {
    /// SCIM providers (`/providers/scim/`).
    ScimProviders, ScimProvider, ProviderPk, [get, delete]
}
handle! {
    /// SCIM property mappings (`/propertymappings/provider/scim/`).
    ScimMappings, ScimMapping, MappingUuid, [get, delete]
}
handle! {
    /// Applications (`/core/applications/`). Deleting one takes its SCIM providers along (G36).
    Applications, Application, ApplicationSlug, [get, delete]
}
handle! {
    /// Policy bindings (`/policies/bindings/`).
    PolicyBindings, PolicyBinding, BindingUuid, [get, delete]
}
handle! {
    /// Groups (`/core/groups/`).
    Groups, Group, GroupUuid, [get, delete]
}
handle! {
    /// Users (`/core/users/`).
    Users, User, UserPk, [get, delete]
}
handle! {
    /// Schedules (`/tasks/schedules/`).
    Schedules, Schedule, ScheduleUuid, [get]
}
handle! {
    /// Tasks (`/tasks/tasks/`).
    Tasks, Task, TaskUuid, [get]
}
handle! {
    /// Links between users and SCIM resources (`/providers/scim_users/`). Deleting one changes nothing
    /// on the SCIM server.
    ScimUserLinks, ScimUserLink, LinkUuid, [get, delete]
}
handle! {
    /// Links between groups and SCIM resources (`/providers/scim_groups/`).
    ScimGroupLinks, ScimGroupLink, LinkUuid, [get, delete]
}
handle! {
    /// Events (`/events/events/`).
    Events, Event, String, []
}

impl ScimProviders {
    /// The provider of this name.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn find(&self, name: &str) -> Result<Option<ScimProvider>, Error> {
        self.list().filter("name", name).only(|provider| provider.name == name).await
    }

    /// Creates one. That starts a full sync at once: see [`NewScimProvider`].
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn create(&self, provider: &NewScimProvider) -> Result<ScimProvider, Error> {
        self.0.create(provider).await
    }

    /// Changes one. Any change, even of nothing, starts a full sync.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn update(&self, pk: &ProviderPk, patch: &ScimProviderPatch) -> Result<ScimProvider, Error> {
        self.0.update(pk, patch).await
    }

    /// Its sync status. Read it at most once a second: a look holds the provider's lock for a moment.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn sync_status(&self, pk: &ProviderPk) -> Result<SyncStatus, Error> {
        let more = [pk.to_string(), "sync".to_owned(), "status".to_owned()];
        self.0.core.read(self.0.call("read the sync status", Method::GET, &more)).await
    }

    /// Sends one user again. The answer says nothing of the outcome, and after ten seconds it is an empty
    /// 405 while the work goes on (G32): read the task `<name>:user:<pk>:manual`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn sync_user(&self, pk: &ProviderPk, user: UserPk, override_dry_run: bool) -> Result<(), Error> {
        self.sync_object(pk, "authentik.core.models.User", user.to_string(), override_dry_run).await
    }

    /// Sends one group again; see [`sync_user`](Self::sync_user).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn sync_group(&self, pk: &ProviderPk, group: &GroupUuid, override_dry_run: bool) -> Result<(), Error> {
        self.sync_object(pk, "authentik.core.models.Group", group.to_string(), override_dry_run).await
    }

    async fn sync_object(&self, pk: &ProviderPk, model: &str, id: String, override_dry_run: bool) -> Result<(), Error> {
        let more = [pk.to_string(), "sync".to_owned(), "object".to_owned()];
        let body = json!({"sync_object_model": model, "sync_object_id": id, "override_dry_run": override_dry_run});
        self.0.core.send(self.0.call("sync one object", Method::POST, &more).body(&body)).await.map(drop)
    }
}

impl ScimMappings {
    /// The mapping of this name.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn find(&self, name: &str) -> Result<Option<ScimMapping>, Error> {
        self.list().filter("name", name).only(|mapping| mapping.name == name).await
    }

    /// The mapping that authentik's blueprints manage under this name.
    ///
    /// # Errors
    /// See [`Error`]; kind [`ErrorKind::Missing`] when there is none.
    pub async fn managed(&self, name: &str) -> Result<ScimMapping, Error> {
        let all = self.list().filter("managed__isnull", false).all().await?;
        all.into_iter().find(|mapping| mapping.managed.as_deref() == Some(name)).ok_or_else(|| {
            Error::new(Operation::new("find a managed mapping", self.0.path.join("/")), ErrorKind::Missing)
                .with_detail(format!("authentik has no mapping managed as {name}"))
        })
    }

    /// Creates one.
    ///
    /// # Errors
    /// See [`Error`]; a syntax error in the expression is a field error of `expression`.
    pub async fn create(&self, mapping: &NewScimMapping) -> Result<ScimMapping, Error> {
        self.0.create(mapping).await
    }

    /// Changes one.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn update(&self, id: &MappingUuid, patch: &ScimMappingPatch) -> Result<ScimMapping, Error> {
        self.0.update(id, patch).await
    }

    /// Runs the expression for a user. `provider` and `connection` are undefined there (H592).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn test(&self, id: &MappingUuid, user: UserPk) -> Result<MappingTest, Error> {
        let segments = ["propertymappings".to_owned(), "all".to_owned(), id.to_string(), "test".to_owned()];
        let operation = Operation::new("test a mapping", segments.join("/")).idempotent(true);
        self.0.core.read(Call::new(operation, Method::POST, segments).body(&json!({"user": user}))).await
    }
}

impl Applications {
    /// Creates one.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn create(&self, application: &NewApplication) -> Result<Application, Error> {
        self.0.create(application).await
    }

    /// Changes one.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn update(&self, slug: &ApplicationSlug, patch: &ApplicationPatch) -> Result<Application, Error> {
        self.0.update(slug, patch).await
    }

    /// Whether a user passes the application's bindings. authentik ignores `user` unless the caller is a
    /// superuser, and answers about the caller (G11).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn check_access(&self, slug: &ApplicationSlug, user: UserPk) -> Result<CheckAccess, Error> {
        let more = [slug.to_string(), "check_access".to_owned()];
        let query = [("for_user".to_owned(), user.to_string())];
        self.0.core.read(self.0.call("check access", Method::GET, &more).query(&query)).await
    }
}

impl PolicyBindings {
    /// The bindings of one application.
    pub fn of(&self, application: &ApplicationPk) -> List<PolicyBinding> {
        self.list().filter("target", application)
    }

    /// Creates one. Two equal ones are accepted: look before.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn create(&self, binding: &NewPolicyBinding) -> Result<PolicyBinding, Error> {
        self.0.create(binding).await
    }
}

impl Groups {
    /// The group of this name.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn find(&self, name: &str) -> Result<Option<Group>, Error> {
        self.list().filter("name", name).filter("include_users", true).only(|group| group.name == name).await
    }

    /// Creates one.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::is_conflict`] when the name is taken.
    pub async fn create(&self, group: &NewGroup) -> Result<Group, Error> {
        self.0.create(group).await
    }

    /// Changes one.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn update(&self, id: &GroupUuid, patch: &GroupPatch) -> Result<Group, Error> {
        self.0.update(id, patch).await
    }

    /// Makes a user a member; fine if it is one already.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn add_user(&self, id: &GroupUuid, user: UserPk) -> Result<(), Error> {
        self.0.act("add a user", id, "add_user", &json!({"pk": user})).await
    }

    /// Ends a user's membership; fine if there is none.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn remove_user(&self, id: &GroupUuid, user: UserPk) -> Result<(), Error> {
        self.0.act("remove a user", id, "remove_user", &json!({"pk": user})).await
    }
}

impl Users {
    /// The user of this name.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn find(&self, username: &str) -> Result<Option<User>, Error> {
        self.list().filter("username", username).only(|user| user.username == username).await
    }

    /// Creates one.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::is_conflict`] when the username is taken.
    pub async fn create(&self, user: &NewUser) -> Result<User, Error> {
        self.0.create(user).await
    }

    /// Changes one.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn update(&self, pk: &UserPk, patch: &UserPatch) -> Result<User, Error> {
        self.0.update(pk, patch).await
    }
}

impl Schedules {
    /// The schedule of a provider's periodic full sync.
    ///
    /// # Errors
    /// See [`Error`]; kind [`ErrorKind::Missing`] when authentik has made none.
    pub async fn of_provider(&self, provider: ProviderPk) -> Result<Schedule, Error> {
        let list = self
            .list()
            .filter("rel_obj_content_type__app_label", "authentik_providers_scim")
            .filter("rel_obj_content_type__model", "scimprovider")
            .filter("rel_obj_id", provider);
        let pk = provider.to_string();
        list.only(|schedule| schedule.rel_obj_id.as_deref() == Some(pk.as_str())).await?.ok_or_else(|| {
            Error::new(Operation::new("find the schedule of a provider", self.0.path.join("/")), ErrorKind::Missing)
                .with_detail(format!("authentik has no schedule for the SCIM provider {provider}"))
        })
    }

    /// Changes when it runs.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn update(&self, id: &ScheduleUuid, patch: &SchedulePatch) -> Result<Schedule, Error> {
        self.0.update(id, patch).await
    }

    /// Queues its task now. Answers the time of authentik's clock, if it sent one: what the task can be
    /// told from older ones by.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::is_forbidden`] for everybody but superusers (facts/authentik.md §9).
    pub async fn send(&self, id: &ScheduleUuid) -> Result<Option<Timestamp>, Error> {
        let call = self.0.call("start the sync", Method::POST, &[id.to_string(), "send".to_owned()]);
        let answer = self.0.core.send(call).await?;
        let date = answer.headers.get(http::header::DATE).and_then(|value| value.to_str().ok());
        Ok(date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()).map(|zoned| zoned.timestamp()))
    }
}

impl Tasks {
    /// The tasks that hang on a schedule, newest first: full syncs and their pages.
    pub fn of_schedule(&self, schedule: &ScheduleUuid) -> List<Task> {
        self.list()
            .filter("rel_obj_content_type__app_label", "authentik_tasks_schedules")
            .filter("rel_obj_content_type__model", "schedule")
            .filter("rel_obj_id", schedule)
            .ordering("-mtime")
    }

    /// The tasks that hang on a provider, newest first: single changes.
    pub fn of_provider(&self, provider: ProviderPk) -> List<Task> {
        self.list()
            .filter("rel_obj_content_type__app_label", "authentik_providers_scim")
            .filter("rel_obj_content_type__model", "scimprovider")
            .filter("rel_obj_id", provider)
            .ordering("-mtime")
    }

    /// Runs a rejected task again; an empty 400 for any other state (G35).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn retry(&self, id: &TaskUuid) -> Result<(), Error> {
        self.0.core.send(self.0.call("retry", Method::POST, &[id.to_string(), "retry".to_owned()])).await.map(drop)
    }
}

impl ScimUserLinks {
    /// The links of a provider.
    pub fn of(&self, provider: ProviderPk) -> List<ScimUserLink> {
        self.list().filter("provider__id", provider)
    }

    /// Links a user to a SCIM resource. One user can have two links: look before (G14).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn create(&self, link: &NewScimUserLink) -> Result<ScimUserLink, Error> {
        self.0.create(link).await
    }
}

impl ScimGroupLinks {
    /// The links of a provider.
    pub fn of(&self, provider: ProviderPk) -> List<ScimGroupLink> {
        self.list().filter("provider__id", provider)
    }

    /// Links a group to a SCIM resource.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn create(&self, link: &NewScimGroupLink) -> Result<ScimGroupLink, Error> {
        self.0.create(link).await
    }
}
