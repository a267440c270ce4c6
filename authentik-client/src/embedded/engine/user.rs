//! Writing users: authentik's `SCIMUserClient`.

use std::sync::Arc;

use http::Method;
use serde_json::Value;

use super::super::json::Json;
use super::super::state::{Kind, Link, ObjectPk};
use super::session::{Session, SyncError};
use super::{group, mapped, payload};

impl Session {
    /// Creates or updates the remote copy of an object.
    pub(crate) async fn write(&self, object: &ObjectPk) -> Result<(), SyncError> {
        let link = self.first_link(object);
        let Some(link) = link else { return self.create(object).await };
        let updated = match object {
            ObjectPk::User(_) => self.update_user(object, &link).await,
            ObjectPk::Group(_) => group::update(self, object, &link).await,
        };
        match updated {
            // Gone remotely: the link is dropped and the object created anew.
            Err(SyncError::NotFound(_)) => {
                self.inner.with(|state| state.links.remove(&link.id));
                self.create(object).await
            }
            other => other,
        }
    }

    async fn create(&self, object: &ObjectPk) -> Result<(), SyncError> {
        match object {
            ObjectPk::User(_) => self.create_user(object).await,
            ObjectPk::Group(_) => group::create(self, object).await,
        }
    }

    /// The first link of an object by id, as a query without an order gives it.
    pub(crate) fn first_link(&self, object: &ObjectPk) -> Option<Link> {
        self.inner.with(|state| state.links.of_object(self.provider, object).min_by(|a, b| a.id.cmp(&b.id)).cloned())
    }

    /// Stores a new link, unless the same one is there.
    pub(crate) fn link(&self, object: &ObjectPk, scim_id: String, attributes: Value) -> Link {
        self.inner.with(|state| {
            let known = state.links.of_object(self.provider, object).find(|link| link.scim_id == scim_id).cloned();
            known.unwrap_or_else(|| {
                let id = state.ids.uuid();
                let attributes = Arc::new(attributes);
                let link = Link { id, provider: self.provider, object: object.clone(), scim_id, attributes };
                state.links.insert(link.clone());
                link
            })
        })
    }

    pub(crate) fn body_of_user(&self, object: &ObjectPk, link: Option<&Link>) -> Result<Json, SyncError> {
        let mapped = mapped::map(&self.inner, self.provider, object, link.is_some())?;
        let uid = self.inner.with(|state| match object {
            ObjectPk::User(pk) => state.users.get(pk).map(|user| user.uid.clone()),
            ObjectPk::Group(_) => None,
        });
        Ok(payload::user_body(&mapped, &uid.unwrap_or_default(), link.map(|link| link.scim_id.as_str())))
    }

    async fn create_user(&self, object: &ObjectPk) -> Result<(), SyncError> {
        let body = self.body_of_user(object, None)?;
        match self.request(Method::POST, "/Users", Some(&body)).await {
            Ok(answer) => {
                let answer = answer.to_value();
                let id = id_of(&answer)?;
                self.link(object, id, answer);
                Ok(())
            }
            Err(error @ SyncError::Exists(_)) if self.config.filter => {
                let name =
                    body.to_value().get("userName").and_then(Value::as_str).map(str::to_owned).unwrap_or_default();
                let (id, found) = self.find(Kind::User, "userName", &name).await?.ok_or(error)?;
                self.link(object, id, found);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn update_user(&self, object: &ObjectPk, link: &Link) -> Result<(), SyncError> {
        let body = self.body_of_user(object, Some(link))?;
        let blind = self.inner.with(|state| state.switches.on("nested_diff_blind"));
        if !payload::differs(&link.attributes, &body.to_value(), blind) {
            return Ok(());
        }
        let path = format!("/Users/{}", link.scim_id);
        let answer = self.request(Method::PUT, &path, Some(&body)).await?;
        self.inner.with(|state| state.links.store(&link.id, answer.to_value()));
        Ok(())
    }

    /// Deletes a remote object; the link goes first, so that a failed DELETE leaves none.
    pub(crate) async fn delete(&self, kind: Kind, scim_id: &str) -> Result<(), SyncError> {
        self.inner.with(|state| state.links.remove_scim_id(self.provider, kind, scim_id));
        let path = format!("{}/{scim_id}", Self::endpoint(kind));
        self.request(Method::DELETE, &path, None).await.map(|_| ())
    }
}

/// The `id` of a created resource.
pub(crate) fn id_of(answer: &Value) -> Result<String, SyncError> {
    let id = answer.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
    id.map(str::to_owned).ok_or_else(|| SyncError::Stop("Error SCIM Response with missing or invalid `id`".to_owned()))
}
