use serde::de::Deserializer;
use serde_json::Value;

use super::error::status_of;
use crate::Text;
use crate::resource::is_unassigned;
use crate::resource::wire::{Node, Wire, wire_struct};

wire_struct! {
    /// One operation of a bulk request (RFC 7644 §3.7).
    pub struct BulkOperation {
        /// `POST`, `PUT`, `PATCH` or `DELETE`.
        method: Option<Text> = "method",
        /// Path relative to the base URL, for example `/Users/2819c223`.
        path: Option<Text> = "path",
        /// Client's name for a resource that is being made; required on POST. Blanks, control characters, `/`, `?`, `"` and
        /// `\` do not work wherever a `bulkId:` stands; the provider here refuses them.
        bulk_id: Option<Text> = "bulkId",
        /// Version that the resource must have.
        version: Option<Text> = "version",
        /// Body of the operation.
        data: Option<Value> = "data",
    }
}

wire_struct! {
    /// Several operations in one request (RFC 7644 §3.7).
    pub struct BulkRequest as BULK_REQUEST with ["Operations"] {
        /// Schema URIs of the message; without any it is written with its own.
        schemas: Vec<Text> = "schemas",
        /// Errors after which the server stops; absent: it does not stop.
        fail_on_errors: Option<u64> = "failOnErrors",
        /// The operations.
        operations: Vec<BulkOperation> = "Operations",
    }
}

wire_struct! {
    /// What became of one operation (RFC 7644 §3.7.3).
    pub struct BulkResult {
        /// URI of the resource; absent if a POST failed.
        location: Option<Text> = "location",
        /// Method of the operation.
        method: Option<Text> = "method",
        /// The client's name, as sent.
        bulk_id: Option<Text> = "bulkId",
        /// Version of the resource.
        version: Option<Text> = "version",
        /// HTTP status as text; [`BulkResult::code`] has it as a number.
        status: Option<BulkStatus> = "status",
        /// Body, required if the operation failed.
        response: Option<Value> = "response",
    }
}

/// HTTP status of a bulk operation: text on the wire, read as number, text or RFC 7644's printed object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkStatus(pub u16);

impl serde::Serialize for BulkStatus {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A status that says nothing is no reason to lose the rest.
impl Wire for BulkStatus {
    const LEAVES: bool = true;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Self::read_or_leave(deserializer, &mut None)
    }
    fn read_or_leave<'de, D: Deserializer<'de>>(
        deserializer: D,
        left: &mut Option<Value>,
    ) -> Result<Option<Self>, D::Error> {
        let Some(value) = Value::read(deserializer)? else { return Ok(None) };
        let status = status_of(&value).map(BulkStatus);
        *left = Some(value).filter(|value| status.is_none() && !is_unassigned(value));
        Ok(status)
    }
    fn node(&self) -> Node<'_> {
        Node::Number(self.0.into())
    }
}

impl BulkResult {
    /// HTTP status of the operation.
    pub fn code(&self) -> Option<u16> {
        self.status.map(|status| status.0)
    }
}

wire_struct! {
    /// The answer to a bulk request (RFC 7644 §3.7), one result per operation.
    pub struct BulkResponse as BULK_RESPONSE with ["Operations"] {
        /// Schema URIs of the message; without any it is written with its own.
        schemas: Vec<Text> = "schemas",
        /// The results, in the order of the operations.
        operations: Vec<BulkResult> = "Operations",
    }
}

impl BulkRequest {
    /// A request of those operations, which does not stop at errors.
    pub fn new(operations: Vec<BulkOperation>) -> Self {
        Self { schemas: vec![Text::constant(super::BULK_REQUEST)], operations, ..Self::default() }
    }
}

impl BulkResponse {
    /// An answer of those results.
    pub fn new(operations: Vec<BulkResult>) -> Self {
        Self { schemas: vec![Text::constant(super::BULK_RESPONSE)], operations, ..Self::default() }
    }
}
