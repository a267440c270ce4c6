mod outcome;
mod run;

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::{Error, Request, ScimClient, Version};
use crate::message::BulkOperation;
use crate::patch::PatchOp;
use crate::resource::{ResourceId, ScimResource};
use crate::transport::Operation;

pub use outcome::{BulkOutcome, BulkState};

/// Several writes in as few requests as the server's limits allow (RFC 7644 §3.7): made by
/// [`ScimClient::bulk`].
///
/// A resource that is still to be made is named by what [`create`](Self::create) returns; the server
/// puts its id in place. Operations that others refer to go first; otherwise the order stays.
///
#[cfg_attr(feature = "provider", doc = "```")]
#[cfg_attr(not(feature = "provider"), doc = "```ignore")]
/// # use scim_core::{client::ScimClient, provider::ServiceProvider, transport::TransportExt};
/// use scim_core::client::BulkState;
/// use scim_core::resource::{Group, Member, User};
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
/// # runtime.block_on(async {
/// # let transport = ServiceProvider::in_memory("/scim/v2").shared();
/// # let scim = ScimClient::new("https://scim.example.com/scim/v2".parse()?, None, transport);
/// let mut bulk = scim.bulk();
/// let user = bulk.create(&User::new("bjensen"));
/// let mut guides = Group::new("Guides");
/// guides.members = Some(vec![Member::new(user.parse()?)]);
/// bulk.create(&guides);
/// let outcome = bulk.send().await?;
/// assert!(outcome.is_complete());
/// assert!(matches!(outcome.states[1], BulkState::Done { status: 201, .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[must_use = "a bulk does nothing until it is sent"]
pub struct Bulk {
    client: ScimClient,
    operations: Vec<BulkOperation>,
    /// Endpoint of each operation, by which the id in its answer's `location` is recognised.
    endpoints: Vec<&'static str>,
    fail_on_errors: Option<u64>,
    invalid: Option<serde_json::Error>,
}

impl fmt::Debug for Bulk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk").field("operations", &self.operations.len()).finish_non_exhaustive()
    }
}

impl Bulk {
    pub(super) fn new(client: ScimClient) -> Self {
        Self { client, operations: Vec::new(), endpoints: Vec::new(), fail_on_errors: None, invalid: None }
    }

    /// Stops after so many failed operations, in this request or one before. Default: does not stop.
    pub fn fail_on_errors(mut self, errors: u64) -> Self {
        self.fail_on_errors = Some(errors);
        self
    }

    /// How many operations there are.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Creates a resource. What is returned (`bulkId:…`) stands for its id in operations of this bulk.
    pub fn create<R: ScimResource>(&mut self, resource: &R) -> String {
        let bulk_id = format!("b{}", self.operations.len() + 1);
        self.push::<R>("POST", None, None, Some(resource));
        if let Some(operation) = self.operations.last_mut() {
            operation.bulk_id = Some(bulk_id.as_str().into());
        }
        format!("bulkId:{bulk_id}")
    }

    /// Replaces a resource whole, if it has that version.
    pub fn replace<R: ScimResource>(&mut self, id: &ResourceId, resource: &R, version: Option<&Version>) {
        self.push::<R>("PUT", Some(id), version, Some(resource));
    }

    /// Changes a resource, if it has that version.
    pub fn patch<R: ScimResource>(&mut self, id: &ResourceId, patch: &PatchOp, version: Option<&Version>) {
        self.push::<R>("PATCH", Some(id), version, Some(patch));
    }

    /// Deletes a resource, if it has that version.
    pub fn delete<R: ScimResource>(&mut self, id: &ResourceId, version: Option<&Version>) {
        self.push::<R>("DELETE", Some(id), version, None::<&()>);
    }

    fn push<R: ScimResource>(
        &mut self,
        method: &str,
        id: Option<&ResourceId>,
        version: Option<&Version>,
        data: Option<&impl Serialize>,
    ) {
        let data: Option<Value> = match data.map(serde_json::to_value) {
            Some(Ok(data)) => Some(data),
            Some(Err(error)) => {
                self.invalid.get_or_insert(error);
                None
            }
            None => None,
        };
        let operation = BulkOperation {
            method: Some(method.into()),
            path: Some(path(R::ENDPOINT, id).as_str().into()),
            version: version.map(|version| version.as_str().into()),
            data,
            ..BulkOperation::default()
        };
        self.endpoints.push(R::ENDPOINT);
        self.operations.push(operation);
    }

    /// Sends the operations, in as many requests as the server's `maxOperations` and
    /// `maxPayloadSize` ask for (unknown: 100 operations, 1 MiB); smaller ones after a 413.
    ///
    /// # Errors
    /// If nothing was sent: the server says that it has no bulk, or an operation cannot be written.
    /// What goes wrong later is in the [`BulkOutcome`], next to what was done.
    pub async fn send(self) -> Result<BulkOutcome, Error> {
        let operation = || Operation::new("send a bulk request", "Bulk");
        if let Some(error) = self.invalid {
            return Err(Error::invalid_request(operation(), error));
        }
        run::run(&self.client, &self.operations, &self.endpoints, self.fail_on_errors).await
    }
}

/// `/Users/id`, the id encoded; a reference to an operation stays as it is.
fn path(endpoint: &str, id: Option<&ResourceId>) -> String {
    match id.map(ResourceId::as_str) {
        None => format!("/{endpoint}"),
        Some(id) if id.starts_with("bulkId:") => format!("/{endpoint}/{id}"),
        Some(id) => {
            let encoded = percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC);
            // Unreserved characters stay: servers compare the path as text.
            let encoded = encoded.to_string().replace("%2D", "-").replace("%2E", ".").replace("%5F", "_");
            format!("/{endpoint}/{}", encoded.replace("%7E", "~"))
        }
    }
}
