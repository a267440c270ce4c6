//! The verbs that every kind of object has.

use http::Method;
use scim_core::transport::Operation;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Authentik;
use super::list::List;
use crate::call::{Call, Core};
use crate::error::Error;

/// The objects of one kind.
#[derive(Debug, Clone)]
pub(super) struct Objects {
    pub(super) core: Core,
    pub(super) path: Vec<String>,
}

impl Objects {
    pub(super) fn new(authentik: &Authentik, path: &[&str]) -> Self {
        let path = path.iter().map(|segment| (*segment).to_owned()).collect();
        Self { core: authentik.core.clone(), path }
    }

    pub(super) fn list<T: DeserializeOwned + Send + 'static>(&self) -> List<T> {
        List::new(self.core.clone(), self.path.clone())
    }

    pub(super) fn call(&self, name: &'static str, method: Method, more: &[String]) -> Call {
        let segments: Vec<String> = self.path.iter().chain(more).cloned().collect();
        Call::new(Operation::new(name, segments.join("/")), method, segments)
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, id: &impl ToString) -> Result<T, Error> {
        self.core.read(self.call("read", Method::GET, &[id.to_string()])).await
    }

    pub(super) async fn create<T: DeserializeOwned>(&self, body: &impl Serialize) -> Result<T, Error> {
        self.core.read(self.call("create", Method::POST, &[]).body(body)).await
    }

    pub(super) async fn update<T: DeserializeOwned>(
        &self,
        id: &impl ToString,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        // A PATCH here sets members to values: sending it twice changes nothing more.
        let mut call = self.call("update", Method::PATCH, &[id.to_string()]).body(body);
        call.operation = call.operation.idempotent(true);
        self.core.read(call).await
    }

    pub(super) async fn delete(&self, id: &impl ToString) -> Result<(), Error> {
        self.core.send(self.call("delete", Method::DELETE, &[id.to_string()])).await.map(drop)
    }

    pub(super) async fn act(
        &self,
        name: &'static str,
        id: &impl ToString,
        action: &str,
        body: &Value,
    ) -> Result<(), Error> {
        let mut call = self.call(name, Method::POST, &[id.to_string(), action.to_owned()]).body(body);
        call.operation = call.operation.idempotent(true);
        self.core.send(call).await.map(drop)
    }
}

macro_rules! handle {
    ($(#[$meta:meta])* $name:ident, $object:ty, $id:ty, [$($verb:ident),*]) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        pub struct $name(pub(super) Objects);

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
        /// deletion authentik pushes; [`withdrawal`](crate::withdrawal) takes back what a provider has
        /// brought there.
        ///
        /// # Errors
        /// See [`Error`].
        pub async fn delete(&self, id: &$id) -> Result<(), Error> {
            self.0.delete(id).await
        }
    };
}

pub(super) use handle;
