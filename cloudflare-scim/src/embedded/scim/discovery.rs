//! What the endpoint says of itself (rules 4 and 5): the examples of Cloudflare's OpenAPI document.

use http::{Method, StatusCode};
use scim_core::message::{ListResponse, ScimError, ScimType};
use scim_core::schema::{GROUP, USER};
use serde_json::{Value, json};

use super::super::http::{Incoming, Reply, SCIM};
use super::super::state::State;
use super::super::switches::{DiscoveryQuery, UnknownDocument, UnnamedFeatures};
use super::{bad, not_found, refuse};

pub(super) fn answer(state: &State, request: &Incoming, path: &[&str]) -> Result<Reply, ScimError> {
    if request.method != Method::GET && request.method != Method::HEAD {
        let error = ScimError::new(405, format!("{} is not supported here", request.method));
        return Ok(Reply { allow: Some("GET".into()), ..refuse(&error) });
    }
    if state.switches.discovery_query == DiscoveryQuery::Refuse && !request.pairs.is_empty() {
        return Err(bad(ScimType::InvalidValue, "query parameters are not supported here"));
    }
    let found = match path {
        ["ServiceProviderConfig"] => Some(config(state)),
        ["ResourceTypes"] => Some(list(vec![resource_type(state, "User"), resource_type(state, "Group")])),
        ["ResourceTypes", name @ ("User" | "Group")] => Some(resource_type(state, name)),
        ["Schemas"] => Some(list([USER, GROUP].into_iter().filter_map(|urn| schema(state, urn)).collect())),
        ["Schemas", urn] => schema(state, urn),
        _ => None,
    };
    match found {
        Some(document) => Ok(Reply::json(StatusCode::OK, SCIM, &document)),
        None if state.switches.unknown_document == UnknownDocument::Envelope => Ok(Reply::no_route(&request.path)),
        None => Err(not_found("discovery document", path.last().copied().unwrap_or_default())),
    }
}

fn list(documents: Vec<Value>) -> Value {
    json!(ListResponse::complete(documents))
}

/// Where Cloudflare's examples say that a document lives. They leave `/client/v4` out.
fn location(state: &State, path: &str) -> String {
    format!("https://api.cloudflare.com/accounts/{}/scim/v2/{path}", state.account)
}

fn config(state: &State) -> Value {
    let mut config = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "documentationUri": "https://developers.cloudflare.com/fundamentals/account/account-security/scim-setup/",
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": state.switches.scim_page() },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "OAuth Bearer Token",
            "description": "Authentication via OAuth 2.0 Bearer Token",
            "specUri": "http://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
    });
    if state.switches.unnamed_features == UnnamedFeatures::False {
        for feature in ["changePassword", "sort", "etag"] {
            config[feature] = json!({ "supported": false });
        }
    }
    config
}

fn resource_type(state: &State, name: &str) -> Value {
    let (schema, description) = if name == "User" { (USER, "User Account") } else { (GROUP, "Group") };
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": name,
        "name": name,
        "description": description,
        "endpoint": format!("/{name}s"),
        "schema": schema,
        "schemaExtensions": [],
        "meta": { "resourceType": "ResourceType", "location": location(state, &format!("ResourceTypes/{name}")) },
    })
}

fn schema(state: &State, urn: &str) -> Option<Value> {
    let schema = super::engine::schema(urn)?;
    let location = location(state, &format!("Schemas/{}", schema.id()));
    let mut document = serde_json::to_value(schema).ok()?;
    let meta = json!({ "resourceType": "Schema", "location": location });
    document.as_object_mut()?.insert("meta".into(), meta);
    Some(document)
}
