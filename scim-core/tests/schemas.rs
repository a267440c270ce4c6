//! The schema documents against the RFC as printed, and against the typed structs, both ways.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what went wrong by panicking")]

use std::collections::BTreeSet;

use scim_core::resource::{Group, User};
use scim_core::schema::{
    Attribute, AttributeType, ENTERPRISE_USER, GROUP, RESOURCE_TYPE, ResourceSchemas, ResourceType, SCHEMA,
    SERVICE_PROVIDER_CONFIG, Schema, SchemaRegistry, ServiceProviderConfig, USER,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

fn sample(attribute: &Attribute) -> Value {
    let one = match attribute.attribute_type() {
        AttributeType::Boolean => json!(true),
        AttributeType::Integer => json!(7),
        AttributeType::Decimal => json!(1.5),
        AttributeType::DateTime => json!("2011-05-13T04:42:34Z"),
        AttributeType::Binary => json!("AQID"),
        AttributeType::Complex => filled(&attribute.sub_attributes).into(),
        _ => json!(format!("text of {}", attribute.name())),
    };
    if attribute.is_multi_valued() { json!([one]) } else { one }
}

fn filled(attributes: &[Attribute]) -> Map<String, Value> {
    attributes.iter().map(|a| (a.name().to_owned(), sample(a))).collect()
}

/// The common attributes of that name, and the attributes of the documents.
fn body(uri: &str, common: &[&str]) -> Map<String, Value> {
    let mut body = filled(&SchemaRegistry::new().get(uri).unwrap().attributes);
    let wanted = ResourceSchemas::common().iter().filter(|attribute| common.contains(&attribute.name()));
    body.extend(wanted.map(|attribute| (attribute.name().to_owned(), sample(attribute))));
    body
}

/// Sends a body that has every attribute through the type: nothing may land in `extra` (each attribute has a field of
/// its type and multiplicity), and no field may stay empty (each field has an attribute), but for the innermost
/// `subAttributes` of a schema.
fn walk<T: DeserializeOwned + Serialize + std::fmt::Debug>(body: impl Into<Value>, empty_lists: usize) {
    let body = body.into();
    let typed: T = serde_json::from_value(body.clone()).unwrap_or_else(|e| panic!("{e}: {body}"));
    let debug = format!("{typed:?}");
    for part in debug.split("extra: ").skip(1) {
        assert!(part.starts_with("{}"), "an attribute has no field: {}", &part[..part.len().min(200)]);
    }
    assert!(!debug.contains("None"), "a field has no attribute: {debug}");
    assert_eq!(debug.matches(": []").count(), empty_lists, "a list has no attribute: {debug}");
    assert_eq!(serde_json::to_value(&typed).unwrap(), body);
}

#[test]
fn every_attribute_has_a_field_and_every_field_an_attribute() {
    let mut user = body(USER, &["schemas", "id", "externalId", "meta"]);
    user.insert(ENTERPRISE_USER.to_owned(), body(ENTERPRISE_USER, &[]).into());
    walk::<User>(user, 0);
    walk::<Group>(body(GROUP, &["schemas", "id", "externalId", "meta"]), 0);
    walk::<ServiceProviderConfig>(body(SERVICE_PROVIDER_CONFIG, &["schemas", "meta"]), 0);
    walk::<ResourceType>(body(RESOURCE_TYPE, &["schemas", "meta"]), 0);
    let mut schema = body(SCHEMA, &["schemas", "meta"]);
    // An attribute of a document is of a data type, not of just any text; the sub-attributes say so as well.
    schema["attributes"][0]["subAttributes"][0]["subAttributes"] = json!([]);
    schema["attributes"][0]["subAttributes"][0].as_object_mut().unwrap().remove("subAttributes");
    walk::<Schema>(schema, 1);
}

#[test]
fn a_field_without_an_attribute_would_be_seen() {
    let mut body = body(GROUP, &["schemas", "id", "externalId", "meta"]);
    body.remove("displayName");
    let outcome = std::panic::catch_unwind(|| walk::<Group>(body, 0));
    assert!(outcome.is_err());
}

/// Path, type, multiplicity, mutability and `returned` of every attribute.
fn lines(prefix: &str, attributes: &[Attribute], out: &mut BTreeSet<String>) {
    for attribute in attributes {
        let path = format!("{prefix}{}", attribute.name());
        let many = if attribute.is_multi_valued() { "[]" } else { "" };
        let (kind, mutability) = (attribute.attribute_type(), attribute.mutability());
        out.insert(format!("{path}: {kind}{many} {mutability} {}", attribute.returned()));
        lines(&format!("{path}."), &attribute.sub_attributes, out);
    }
}

/// What is built in differs from the documents that RFC 7643 §8.7 prints in nothing but this.
#[test]
fn the_documents_are_those_of_the_rfc_but_for_the_corrections() {
    let figures: Vec<Value> = serde_json::from_str(include_str!("../../testdata/rfc/bodies.json")).unwrap();
    let printed = figures.iter().filter(|figure| figure["section"].as_str().unwrap().starts_with("8.7."));
    let printed: Vec<Schema> =
        printed.flat_map(|figure| serde_json::from_value::<Vec<Schema>>(figure["body"].clone()).unwrap()).collect();
    assert_eq!(printed.len(), 6);
    let mut changes = Vec::new();
    for document in &printed {
        let (mut theirs, mut ours) = (BTreeSet::new(), BTreeSet::new());
        lines("", &document.attributes, &mut theirs);
        lines("", &SchemaRegistry::new().get(document.id()).unwrap().attributes, &mut ours);
        let name = document.name.as_deref().unwrap_or_default();
        changes.extend(theirs.difference(&ours).map(|line| format!("- {name} {line}")));
        changes.extend(ours.difference(&theirs).map(|line| format!("+ {name} {line}")));
    }
    insta::assert_snapshot!(changes.join("\n"));
}

#[test]
fn names_are_found_in_any_case_and_form() {
    let user = ResourceSchemas::user();
    for (path, name) in [
        ("USERNAME", "userName"),
        ("name.GIVENname", "givenName"),
        ("urn:ietf:params:scim:schemas:core:2.0:user:emails.value", "value"),
        ("URN:ietf:params:scim:schemas:extension:enterprise:2.0:User:Manager.displayName", "displayName"),
        ("meta.lastmodified", "lastModified"),
        ("members", ""),
        ("urn:example:Badge:number", ""),
        ("userName.value", ""),
        ("", ""),
    ] {
        assert_eq!(user.attribute(path).map_or("", Attribute::name), name, "{path}");
    }
    let number = user.attribute("x509Certificates.value").unwrap();
    assert_eq!(*number.attribute_type(), AttributeType::Binary);
    assert!(number.is_case_exact() && !user.attribute("userName").unwrap().is_case_exact());
}

#[test]
fn a_schema_is_registered_in_place_of_the_one_with_its_uri() {
    let mut registry = SchemaRegistry::new();
    let before = registry.iter().count();
    registry.register(Schema::new("urn:example:Badge", vec![Attribute::new("number", AttributeType::Integer)]));
    registry.register(Schema::new("URN:EXAMPLE:badge", vec![Attribute::new("colour", AttributeType::String)]));
    assert_eq!(registry.iter().count(), before + 1);
    let schemas = registry.resource_schemas(GROUP, ["urn:example:Badge"]).unwrap();
    assert!(schemas.attribute("urn:example:badge:colour").is_some());
    assert!(schemas.attribute("urn:example:badge:number").is_none());
    let error = registry.resource_schemas(GROUP, ["urn:example:None"]).unwrap_err().to_string();
    assert_eq!(error, "no schema `urn:example:None` is registered");
}

/// RFC 9865 §4 and RFC 9967.
#[test]
fn an_extension_takes_the_place_of_the_one_with_its_uri() {
    let named = |uri: &str, name| Schema::new(uri, vec![Attribute::new(name, AttributeType::String)]);
    let count = ResourceSchemas::user().extensions().len();
    let schemas = ResourceSchemas::user()
        .with_extension(named("urn:example:Badge", "number"))
        .with_extension(named("URN:example:badge", "colour"));
    assert_eq!(schemas.extensions().len(), count + 1);
    let badge = schemas.extension("urn:example:Badge").unwrap();
    assert!(badge.attribute("number").is_none() && badge.attribute("colour").is_some());
}

#[test]
fn the_configuration_has_paging_and_events() {
    let body = json!({
        "schemas": [SERVICE_PROVIDER_CONFIG],
        "pagination": {
            "cursor": true, "index": false, "defaultPaginationMethod": "cursor", "defaultPageSize": 100,
            "maxPageSize": 250, "cursorTimeout": 3600
        },
        "securityEvents": {
            "asyncRequest": "request", "eventUris": ["urn:ietf:params:scim:event:prov:create:full"]
        },
        "etag": {"supported": "True"}
    });
    let config: ServiceProviderConfig = serde_json::from_value(body.clone()).unwrap();
    let paging = config.pagination.as_ref().unwrap();
    assert_eq!((paging.cursor, paging.index, paging.cursor_timeout), (Some(true), Some(false), Some(3600)));
    let events = config.security_events.as_ref().unwrap();
    assert_eq!(events.async_request.as_deref(), Some("request"));
    assert_eq!(events.event_uris, ["urn:ietf:params:scim:event:prov:create:full"]);
    assert!(config.supports_etag() && !config.supports_patch() && !config.supports_bulk() && !config.supports_filter());
    let written = serde_json::to_value(&config).unwrap();
    assert_eq!(written["pagination"], body["pagination"]);
    assert_eq!(written["etag"], json!({"supported": true}), "what was read leniently is written by the letter");
}

#[test]
fn the_registry_finds_attributes_by_their_full_name() {
    let mut registry = SchemaRegistry::new();
    registry.register(Schema::new("urn:example:Badge", vec![Attribute::new("number", AttributeType::String)]));
    let found = |path: &str| registry.attribute(path).map(|attribute| attribute.name().to_owned());
    for (path, name) in [
        (format!("{USER}:name.givenName"), "givenName"),
        (format!("{}:NAME.GIVENNAME", USER.to_uppercase()), "givenName"),
        (format!("{ENTERPRISE_USER}:manager.displayName"), "displayName"),
        ("urn:example:badge:Number".to_owned(), "number"),
    ] {
        assert_eq!(found(&path).as_deref(), Some(name), "{path}");
    }
    for path in [
        "userName",
        "urn:ietf:params:scim:schemas:core:2.0:User:id",
        "urn:example:None:number",
        "urn:example:Badge:userName",
        "urn:example:Badge:number.x",
        "[",
    ] {
        assert_eq!(found(path), None, "{path}");
    }
}
