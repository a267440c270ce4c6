use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use super::request::Request;
use super::{Error, ErrorKind, ScimClient};
use crate::message::ListResponse;
use crate::resource::get_folded;
use crate::schema::{ResourceType, Schema, ServiceProviderConfig};
use crate::transport::Operation;

/// How long what a server told about itself counts, if the client is not told otherwise.
const LIFETIME: Duration = Duration::from_secs(3600);

/// What the server told about itself, and since when that counts. Shared by the clones of a client.
#[derive(Debug)]
pub(super) struct Cache {
    pub(super) lifetime: Duration,
    config: Slot<Option<ServiceProviderConfig>>,
    schemas: Slot<Vec<Schema>>,
    resource_types: Slot<Vec<ResourceType>>,
}

#[derive(Debug)]
struct Slot<T>(Mutex<Option<(Instant, Arc<T>)>>);

impl<T> Slot<T> {
    fn new() -> Self {
        Self(Mutex::new(None))
    }

    fn get(&self, lifetime: Duration) -> Option<Arc<T>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().filter(|(since, _)| since.elapsed() < lifetime).map(|(_, value)| Arc::clone(value))
    }

    fn put(&self, value: T) -> Arc<T> {
        let value = Arc::new(value);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), Arc::clone(&value)));
        value
    }

    fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Cache {
    pub(super) fn new(lifetime: Option<Duration>) -> Self {
        Self {
            lifetime: lifetime.unwrap_or(LIFETIME),
            config: Slot::new(),
            schemas: Slot::new(),
            resource_types: Slot::new(),
        }
    }
}

/// What a server says it can do, in the terms in which the client decides. Unknown is not "no":
/// discovery is missing on many servers, and claims are no proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Capabilities {
    /// PATCH.
    pub patch: Option<bool>,
    /// Versions: `ETag` and `If-Match`.
    pub etag: Option<bool>,
    /// Sorting.
    pub sort: Option<bool>,
    /// Filters.
    pub filter: Option<bool>,
    /// Most resources in one answer.
    pub max_results: Option<u64>,
    /// Bulk requests.
    pub bulk: Option<bool>,
    /// Most operations in one bulk request.
    pub bulk_max_operations: Option<u64>,
    /// Most bytes in one bulk request.
    pub bulk_max_payload: Option<u64>,
    /// Pages by cursor (RFC 9865).
    pub cursor: Option<bool>,
}

impl Capabilities {
    /// What a configuration says.
    pub fn of(config: &ServiceProviderConfig) -> Self {
        let supported = |it: Option<&crate::schema::Supported>| it.and_then(|it| it.supported);
        let bulk = config.bulk.as_ref();
        let filter = config.filter.as_ref();
        Self {
            patch: supported(config.patch.as_ref()),
            etag: supported(config.etag.as_ref()),
            sort: supported(config.sort.as_ref()),
            filter: filter.and_then(|it| it.supported),
            max_results: filter.and_then(|it| it.max_results),
            bulk: bulk.and_then(|it| it.supported),
            bulk_max_operations: bulk.and_then(|it| it.max_operations),
            bulk_max_payload: bulk.and_then(|it| it.max_payload_size),
            cursor: config.pagination.as_ref().and_then(|it| it.cursor),
        }
    }
}

/// Discovery (RFC 7644 §4): read once, then remembered for an hour or
/// [as long as is set](ScimClient::with_discovery_lifetime).
impl ScimClient {
    /// What the provider says it can do.
    ///
    /// # Errors
    /// See [`Error`]; [`ErrorKind::NotFound`] if the server has no such document.
    pub async fn service_provider_config(&self) -> Result<ServiceProviderConfig, Error> {
        let operation = Self::discovery("read the service provider configuration", "ServiceProviderConfig");
        if let Some(known) = self.cache().config.get(self.cache().lifetime)
            && let Some(config) = &*known
        {
            return Ok(config.clone());
        }
        let reply = self.call(Request::get(operation, &["ServiceProviderConfig"])).await?;
        // Some servers wrap the one document in a list.
        let config: ServiceProviderConfig = match reply.decode::<ListResponse<ServiceProviderConfig>>() {
            Ok(mut list) if list.resources.len() == 1 => list.resources.remove(0),
            _ => reply.decode()?,
        };
        self.cache().config.put(Some(config.clone()));
        Ok(config)
    }

    /// What the provider can do as far as it says so; all unknown where discovery is missing,
    /// forbidden or unreadable.
    ///
    /// # Errors
    /// If no answer arrived, or the server failed or wants the client to wait or to authenticate.
    pub async fn capabilities(&self) -> Result<Capabilities, Error> {
        if let Some(known) = self.cache().config.get(self.cache().lifetime) {
            return Ok(known.as_ref().as_ref().map(Capabilities::of).unwrap_or_default());
        }
        match self.service_provider_config().await {
            Ok(config) => Ok(Capabilities::of(&config)),
            Err(error) => match error.kind() {
                ErrorKind::NotFound
                | ErrorKind::Forbidden
                | ErrorKind::Unsupported
                | ErrorKind::Refused
                | ErrorKind::UnexpectedStatus
                | ErrorKind::UnreadableBody => {
                    self.cache().config.put(None);
                    Ok(Capabilities::default())
                }
                _ => Err(error),
            },
        }
    }

    /// The schemas that the provider serves (`/Schemas`).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn schemas(&self) -> Result<Arc<Vec<Schema>>, Error> {
        if let Some(known) = self.cache().schemas.get(self.cache().lifetime) {
            return Ok(known);
        }
        let schemas = self.documents("read the schemas", "Schemas").await?;
        Ok(self.cache().schemas.put(schemas))
    }

    /// The resource types that the provider serves (`/ResourceTypes`).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn resource_types(&self) -> Result<Arc<Vec<ResourceType>>, Error> {
        if let Some(known) = self.cache().resource_types.get(self.cache().lifetime) {
            return Ok(known);
        }
        let types = self.documents("read the resource types", "ResourceTypes").await?;
        Ok(self.cache().resource_types.put(types))
    }

    /// Forgets what the provider told about itself: the next call reads it again.
    pub fn forget_discovery(&self) {
        self.cache().config.clear();
        self.cache().schemas.clear();
        self.cache().resource_types.clear();
    }

    fn discovery(name: &'static str, endpoint: &'static str) -> Operation {
        Operation::new(name, endpoint)
    }

    /// Discovery has no pages (RFC 7644 §4). Some servers answer a bare array.
    async fn documents<T: DeserializeOwned>(
        &self,
        name: &'static str,
        endpoint: &'static str,
    ) -> Result<Vec<T>, Error> {
        let reply = self.call(Request::get(Self::discovery(name, endpoint), &[endpoint])).await?;
        let body: Value = reply.decode()?;
        match body {
            Value::Array(_) => reply.decode(),
            Value::Object(map) if get_folded(&map, "Resources").is_some() => {
                reply.decode::<ListResponse<T>>().map(|list| list.resources)
            }
            _ => Err(reply.unreadable("the answer is no list".to_owned())),
        }
    }
}
