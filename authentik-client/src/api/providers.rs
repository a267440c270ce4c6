use http::Method;
use jiff::Timestamp;
use scim_core::transport::Operation;
use serde_json::json;

use super::list::List;
use super::objects::{Objects, handle};
use crate::call::Call;
use crate::error::{Error, ErrorKind};
use crate::id::{GroupUuid, MappingUuid, ProviderPk, UserPk};
use crate::model::{
    MappingTest, NewScimMapping, NewScimProvider, ScimMapping, ScimMappingPatch, ScimProvider, ScimProviderPatch,
    SyncStatus,
};

handle! {
    /// SCIM providers (`/providers/scim/`).
    ScimProviders, ScimProvider, ProviderPk, [get, delete]
}
handle! {
    /// SCIM property mappings (`/propertymappings/provider/scim/`).
    ScimMappings, ScimMapping, MappingUuid, [get, delete]
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
        Ok(self.sync_status_at(pk).await?.0)
    }

    /// The same, with the time of authentik's clock; this machine's where authentik sent none.
    pub(crate) async fn sync_status_at(&self, pk: &ProviderPk) -> Result<(SyncStatus, Timestamp), Error> {
        let more = [pk.to_string(), "sync".to_owned(), "status".to_owned()];
        let call = self.0.call("read the sync status", Method::GET, &more);
        let (status, at) = self.0.core.read_at(call).await?;
        Ok((status, at.unwrap_or_else(Timestamp::now)))
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

    /// Starts a full sync without touching the schedule: saves the provider under its own name, which
    /// un-pauses the schedule too (G34).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn save(&self, pk: &ProviderPk) -> Result<ScimProvider, Error> {
        let provider = self.get(pk).await?;
        let patch = ScimProviderPatch { name: Some(provider.name), ..ScimProviderPatch::default() };
        self.update(pk, &patch).await
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
        self.run(id, &json!({"user": user})).await
    }

    /// Runs the expression for a group; see [`test`](Self::test).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn test_group(&self, id: &MappingUuid, group: &GroupUuid) -> Result<MappingTest, Error> {
        self.run(id, &json!({"group": group})).await
    }

    async fn run(&self, id: &MappingUuid, body: &serde_json::Value) -> Result<MappingTest, Error> {
        let segments = ["propertymappings".to_owned(), "all".to_owned(), id.to_string(), "test".to_owned()];
        let operation = Operation::new("test a mapping", segments.join("/")).idempotent(true);
        let tested = self.0.core.read(Call::new(operation, Method::POST, segments).body(body).read_only()).await;
        tested.map_err(|error: Error| match error.status() {
            // This view does not refuse, it crashes (G11).
            Some(http::StatusCode::METHOD_NOT_ALLOWED) if error.is_server_error() => error.with_detail(
                "it does so where the token's owner lacks authentik_core.view_propertymapping or \
                 authentik_core.add_propertymapping",
            ),
            _ => error,
        })
    }
}
