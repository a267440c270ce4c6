//! `/ServiceProviderConfig`, `/Schemas` and `/ResourceTypes` (RFC 7644 §4, RFC 9865 §4).

use http::{Method, StatusCode};
use serde_json::Value;

use crate::Text;
use crate::message::{ListResponse, ScimError};
use crate::provider::engine::Incoming;
use crate::provider::query::Parameters;
use crate::provider::refusal::{invalid_value, plain, quote};
use crate::provider::reply::Reply;
use crate::provider::route::{Route, segment};
use crate::provider::{DiscoveryQuery, Engine};
use crate::resource::Meta;
use crate::schema::{
    BulkSupport, FilterSupport, Pagination, RESOURCE_TYPE, ResourceType, SCHEMA, SERVICE_PROVIDER_CONFIG, Schema,
    SchemaRegistry, ServiceProviderConfig, Supported,
};
use crate::text::same_name;

impl Engine {
    pub(super) fn discover(&self, route: &Route, incoming: &Incoming<'_>) -> Result<Reply, ScimError> {
        let parameters = Parameters::of_url(incoming.query)?;
        match self.behaviour().discovery_query {
            DiscoveryQuery::ForbidFilter if parameters.filter.is_some() => {
                return Err(plain(403, "discovery endpoints cannot be filtered (RFC 7644 section 4)"));
            }
            DiscoveryQuery::Refuse if parameters.any => {
                return Err(invalid_value("discovery endpoints take no query parameters"));
            }
            _ => {}
        }
        let base = &incoming.base;
        let not_found = |what: &str, name: &str| plain(404, format_args!("there is no {what} `{}`", quote(name)));
        let (location, body) = match route {
            Route::Schemas => (None, list(self.schemas().map(|schema| self.schema(schema, base)))),
            Route::Schema(urn) => {
                let schema = self.schemas().find(|schema| same_name(schema.id(), urn));
                let schema = schema.ok_or_else(|| not_found("schema", urn))?;
                (self.at(base, "Schemas", schema.id()), value(&self.schema(schema, base)))
            }
            Route::ResourceTypes => {
                (None, list(self.kinds().iter().map(|kind| self.resource_type(kind.resource_type(), base))))
            }
            Route::ResourceType(name) => {
                let kind = self.kinds().iter().find(|kind| kind.name() == name);
                let kind = kind.ok_or_else(|| not_found("resource type", name))?;
                let document = self.resource_type(kind.resource_type(), base);
                (self.at(base, "ResourceTypes", kind.name()), value(&document))
            }
            _ => (self.config_location(base), value(&self.config(base))),
        };
        Ok(Reply { location, ..Reply::json(StatusCode::OK, &body) })
    }

    /// The schemas of all kinds, each once, and those of the discovery documents.
    fn schemas(&self) -> impl Iterator<Item = &Schema> {
        let service = [SERVICE_PROVIDER_CONFIG, RESOURCE_TYPE, SCHEMA].into_iter();
        let service = service.filter(|_| self.behaviour().service_schemas);
        let service = service.filter_map(|urn| SchemaRegistry::built_in().get(urn));
        let mut seen: Vec<&str> = Vec::new();
        self.kinds().iter().flat_map(super::Kind::documents).chain(service).filter(move |schema| {
            let new = !seen.iter().any(|urn| same_name(urn, schema.id()));
            if new {
                seen.push(schema.id());
            }
            new
        })
    }

    fn at(&self, base: &str, endpoint: &str, id: &str) -> Option<String> {
        self.behaviour().meta.location.then(|| format!("{base}/{endpoint}/{}", segment(id)))
    }

    fn config_location(&self, base: &str) -> Option<String> {
        self.behaviour().meta.location.then(|| format!("{base}/ServiceProviderConfig"))
    }

    fn schema(&self, schema: &Schema, base: &str) -> Schema {
        let meta = meta("Schema", self.at(base, "Schemas", schema.id()));
        Schema { schemas: vec![SCHEMA.into()], meta: Some(meta), ..schema.clone() }
    }

    fn resource_type(&self, document: &ResourceType, base: &str) -> ResourceType {
        let location = document.name.as_deref().and_then(|name| self.at(base, "ResourceTypes", name));
        let schemas = vec![RESOURCE_TYPE.into()];
        ResourceType { schemas, meta: Some(meta("ResourceType", location)), ..document.clone() }
    }

    /// What the service announces.
    fn config(&self, base: &str) -> ServiceProviderConfig {
        let behaviour = self.behaviour();
        let supported = |yes: bool| Some(Supported { supported: Some(yes), ..Supported::default() });
        let limits = behaviour.bulk;
        let size = |size: usize| Some(size as u64);
        ServiceProviderConfig {
            schemas: vec![SERVICE_PROVIDER_CONFIG.into()],
            documentation_uri: behaviour.documentation_uri.as_deref().map(Text::from),
            patch: supported(behaviour.patch && self.kinds().iter().any(|kind| kind.allows(&Method::PATCH))),
            bulk: Some(BulkSupport {
                supported: Some(limits.is_some()),
                max_operations: size(limits.map_or(0, |limits| limits.max_operations)),
                max_payload_size: size(limits.map_or(0, |limits| limits.max_payload)),
                ..BulkSupport::default()
            }),
            filter: Some(FilterSupport {
                supported: Some(behaviour.filter),
                max_results: size(behaviour.max_page_size),
                ..FilterSupport::default()
            }),
            change_password: supported(false),
            sort: supported(behaviour.sort),
            etag: supported(behaviour.etag),
            authentication_schemes: behaviour.authentication_schemes.clone(),
            pagination: behaviour.cursor.then(|| Pagination {
                cursor: Some(true),
                index: Some(true),
                default_pagination_method: Some("index".into()),
                default_page_size: size(behaviour.default_page_size),
                max_page_size: size(behaviour.max_page_size),
                cursor_timeout: behaviour.cursor_lifetime.map(|lifetime| lifetime.as_secs()),
                ..Pagination::default()
            }),
            meta: Some(meta("ServiceProviderConfig", self.config_location(base))),
            ..ServiceProviderConfig::default()
        }
    }
}

fn meta(resource_type: &str, location: Option<String>) -> Meta {
    Meta { resource_type: Some(resource_type.into()), location: location.map(Text::from), ..Meta::default() }
}

fn value(document: &impl serde::Serialize) -> Value {
    serde_json::to_value(document).unwrap_or_default()
}

fn list<T: serde::Serialize>(documents: impl Iterator<Item = T>) -> Value {
    value(&ListResponse::complete(documents.collect()))
}
