//! Validation of bodies by what they are for: every violation with its path (RFC 7643 §2, §7).
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
#![allow(clippy::needless_pass_by_value, reason = "`json!` literals as arguments read best without `&`")]

use scim_core::message::PATCH_OP;
use scim_core::patch::{PatchOp, PatchOptions};
use scim_core::schema::{
    Attribute, AttributeType, Direction, GROUP, Mutability, RESOURCE_TYPE, ResourceSchemas, ResourceType, SCHEMA,
    SERVICE_PROVIDER_CONFIG, Schema, SchemaRegistry, USER, ViolationKind,
};
use serde_json::{Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

#[track_caller]
fn check(schemas: &ResourceSchemas, direction: Direction, body: Value, expected: &[&str]) {
    let found: Vec<String> = schemas.validate(&body, direction).iter().map(ToString::to_string).collect();
    assert_eq!(found, expected, "{direction:?} {body}");
}

#[track_caller]
fn user(direction: Direction, body: Value, expected: &[&str]) {
    check(&ResourceSchemas::user(), direction, body, expected);
}

#[test]
fn each_direction_asks_for_its_own() {
    let whole = json!({"schemas": [USER], "userName": "a", "id": "1", "meta": {"resourceType": "User"}});
    // A client may send back what it read: readOnly is ignored in POST and PUT (RFC 7644 §3.3, §3.5.1).
    user(Direction::Create, whole.clone(), &[]);
    user(Direction::Replace, whole.clone(), &[]);
    user(Direction::Patch, whole.clone(), &["`id` is readOnly", "`meta` is readOnly"]);
    user(Direction::Answer, whole, &[]);

    let nothing = json!({});
    user(Direction::Create, nothing.clone(), &["`schemas` is required", "`userName` is required"]);
    user(Direction::Replace, nothing.clone(), &["`schemas` is required", "`userName` is required"]);
    user(Direction::Patch, nothing.clone(), &[]);
    user(Direction::Answer, nothing, &["`schemas` is required", "`id` is required"]);

    let secret = json!({"schemas": [USER], "id": "1", "userName": "a", "password": "t1meMa$heen"});
    user(Direction::Create, secret.clone(), &[]);
    user(Direction::Answer, secret, &["`password` must never be returned"]);

    user(
        Direction::Patch,
        json!({"id": null, "title": null, "userName": null}),
        &["`id` is readOnly", "`userName` is required"],
    );

    // Whatever can only be written is never returned, said so or not (RFC 7643 §7).
    let mut code = Attribute::new("code", AttributeType::String);
    code.mutability = Some(Mutability::WriteOnly);
    let schemas = ResourceSchemas::user().with_extension(Schema::new("urn:example:Door", vec![code]));
    let found = schemas.validate(
        &json!({"schemas": [USER, "urn:example:Door"], "id": "1", "urn:example:Door": {"code": "7"}}),
        Direction::Answer,
    );
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found, ["`urn:example:Door:code` must never be returned"]);
}

/// RFC 7643 §3.
#[test]
fn schemas_list_what_the_resource_has() {
    let body = json!({"schemas": [GROUP, "urn:x"], "userName": "a", "id": "1", ENTERPRISE: {"department": "d"}});
    for direction in [Direction::Create, Direction::Replace, Direction::Answer] {
        let core = format!("`{USER}` is not listed in `schemas`");
        let extension = format!("`{ENTERPRISE}` is not listed in `schemas`");
        user(direction, body.clone(), &["`schemas[0]` is unknown", "`schemas[1]` is unknown", &core, &extension]);
        let twice = json!({"schemas": [USER, ENTERPRISE, USER.to_uppercase()], "userName": "a", "id": "1"});
        user(direction, twice, &["`schemas[2]` is named twice"]);
    }
    user(Direction::Patch, json!({"schemas": ["urn:x"]}), &[]);
}

#[test]
fn every_violation_is_named_with_its_path() {
    let body = json!({
        "active": "true", "colour": "red",
        "emails": [{"value": "a", "primary": true}, {"value": 1, "PRIMARY": true}, "bare", {"value": "b", "shape": {}}],
        "meta": {"created": "yesterday"},
        "name": {"familyName": ["F"], "givenName": "G", "middle": "M"}, "nickname": null, "schemas": USER, "title": 7,
        ENTERPRISE: {"Floor": "3", "department": true, "manager": {"value": ["m"]}}, "userName": ["a"],
    });
    user(
        Direction::Create,
        body,
        &[
            "`active` is of the wrong type",
            "`colour` is unknown",
            "`emails[1].value` is of the wrong type",
            "`emails[2]` is of the wrong type",
            "`emails[3].shape` is unknown",
            "`emails` has two primary values",
            "`meta.created` is of the wrong type",
            "`name.familyName` is a list where one value belongs, or the reverse",
            "`name.middle` is unknown",
            "`schemas` is a list where one value belongs, or the reverse",
            "`title` is of the wrong type",
            &format!("`{ENTERPRISE}:Floor` is unknown"),
            &format!("`{ENTERPRISE}:department` is of the wrong type"),
            &format!("`{ENTERPRISE}:manager.value` is a list where one value belongs, or the reverse"),
            "`userName` is a list where one value belongs, or the reverse",
        ],
    );
    user(Direction::Create, json!(["no object"]), &["`` is of the wrong type"]);
}

#[test]
fn two_spellings_are_a_violation_at_every_depth() {
    let body = json!({
        "schemas": [USER], "userName": "a", "USERNAME": "b", "name": {"givenName": "a", "GivenName": "b"},
        ENTERPRISE: {"division": "a", "Division": "b"},
    });
    user(
        Direction::Patch,
        body,
        &[
            "`userName` is named twice",
            "`name.givenName` is named twice",
            &format!("`{ENTERPRISE}:division` is named twice"),
        ],
    );
}

#[test]
fn absent_null_and_empty_are_one_state() {
    for nothing in [json!(null), json!([]), json!({})] {
        let body = json!({"schemas": [USER], "userName": nothing, "emails": nothing, "name": nothing, "active": null});
        user(Direction::Create, body, &["`userName` is required"]);
    }
    // Empty text and `false` are values.
    user(Direction::Create, json!({"schemas": [USER], "userName": "a", "title": "", "active": false}), &[]);
}

/// RFC 7643 §4.1.1, "MUST include a non-empty userName value", and §3.1, "a non-empty \"id\" value".
#[test]
fn empty_text_is_no_value_of_what_is_required() {
    let body = json!({"id": "", "schemas": [USER], "title": "", "userName": ""});
    user(Direction::Create, body.clone(), &["`userName` is required"]);
    user(Direction::Replace, body.clone(), &["`userName` is required"]);
    user(Direction::Answer, body, &["`id` is required", "`userName` is required"]);
    user(
        Direction::Answer,
        json!({"schemas": [USER], "ID": "", "id": "1"}),
        &["`id` is named twice", "`ID` is required"],
    );

    // As part of something else just the same; what a client cannot set is not asked of it.
    let required = |name: &str| {
        let mut attribute = Attribute::new(name, AttributeType::String);
        attribute.required = Some(true);
        attribute
    };
    let mut part = Attribute::new("part", AttributeType::Complex);
    let mut given = required("given");
    given.mutability = Some(Mutability::ReadOnly);
    part.sub_attributes = vec![required("serial"), given];
    let schemas = ResourceSchemas::user().with_extension(Schema::new("urn:example:Device", vec![part]));
    let body = json!({"schemas": [USER, "urn:example:Device"], "userName": "a",
        "urn:example:Device": {"part": {"serial": "", "given": ""}}});
    check(&schemas, Direction::Create, body, &["`urn:example:Device:part.serial` is required"]);
}

#[test]
fn an_extension_that_holds_nothing_is_not_there() {
    let mut must = Attribute::new("must", AttributeType::String);
    must.required = Some(true);
    let may = Attribute::new("may", AttributeType::String);
    let schemas = ResourceSchemas::user().with_extension(Schema::new("urn:x:E", vec![must, may]));
    for direction in [Direction::Create, Direction::Replace] {
        for nothing in [json!(null), json!([]), json!({}), json!({"must": null}), json!({"may": []})] {
            check(&schemas, direction, json!({"schemas": [USER], "userName": "a", "urn:x:E": nothing}), &[]);
        }
        let half = json!({"schemas": [USER, "urn:x:E"], "userName": "a", "urn:x:E": {"may": ""}});
        check(&schemas, direction, half, &["`urn:x:E:must` is required"]);
        let unknown = json!({"schemas": [USER], "userName": "a", "urn:x:E": {"other": null}});
        check(&schemas, direction, unknown, &["`urn:x:E:other` is unknown"]);
    }
    check(&schemas, Direction::Patch, json!({"urn:x:E": {"must": null}}), &["`urn:x:E:must` is required"]);
}

/// RFC 7643 §3.1: a schema may list the common attributes; what the RFC says of them takes precedence.
#[test]
fn common_attributes_that_a_schema_lists_are_asked_for_once() {
    let mut core = SchemaRegistry::new().get(USER).unwrap().clone();
    for (name, mutability) in [
        ("schemas", Mutability::ReadWrite),
        ("ID", Mutability::ReadWrite),
        ("externalId", Mutability::ReadWrite),
        ("meta", Mutability::ReadOnly),
    ] {
        let kind = if name == "meta" { AttributeType::Complex } else { AttributeType::String };
        let mut attribute = Attribute::new(name, kind);
        attribute.mutability = Some(mutability);
        attribute.multi_valued = Some(name == "schemas");
        attribute.required = Some(true);
        core.attributes.push(attribute);
    }
    let schemas = ResourceSchemas::new(core);
    let missing = ["`schemas` is required", "`id` is required"];
    check(&schemas, Direction::Answer, json!({"userName": "a"}), &missing);
    check(&schemas, Direction::Create, json!({"userName": "a"}), &missing[..1]);
    check(&schemas, Direction::Patch, json!({"id": "1"}), &["`id` is readOnly"]);
    let whole = json!({"schemas": [USER], "id": "1", "userName": "a", "meta": {"version": "1"}});
    check(&schemas, Direction::Answer, whole, &[]);
    assert!(schemas.attribute("meta.version").is_some() && schemas.attribute("id").unwrap().is_case_exact());
}

#[test]
fn numbers_dates_and_binary_are_checked_by_the_letter() {
    let mut required = Attribute::new("serial", AttributeType::Integer);
    required.required = Some(true);
    let mut part = Attribute::new("part", AttributeType::Complex);
    part.sub_attributes = vec![required, Attribute::new("weight", AttributeType::Decimal)];
    let mut registry = SchemaRegistry::new();
    let attributes = vec![
        part,
        Attribute::new("made", AttributeType::DateTime),
        Attribute::new("key", AttributeType::Binary),
        Attribute::new("shelf", AttributeType::Integer),
    ];
    registry.register(Schema::new("urn:example:Device", attributes));
    let schemas = registry.resource_schemas("urn:example:Device", []).unwrap();
    let found = |body: Value, direction| -> Vec<String> {
        schemas.validate(&body, direction).iter().map(ToString::to_string).collect()
    };
    let base = |name: &str, value: Value| json!({"schemas": ["urn:example:Device"], name: value});
    for (name, right) in [
        ("shelf", json!(-3)),
        ("made", json!("2011-05-13T04:42:34.123456Z")),
        ("made", json!("2011-05-13T04:42:34")),
        ("key", json!("AQID")),
        ("key", json!("AQ==")),
        ("key", json!("AQ")),
        ("part", json!({"serial": 1, "weight": 2})),
    ] {
        assert!(found(base(name, right.clone()), Direction::Create).is_empty(), "{name} {right}");
    }
    for (name, wrong) in [
        ("shelf", json!(1.0)),
        ("shelf", json!("1")),
        ("made", json!("2011-05-13")),
        ("key", json!("no base64!")),
        ("key", json!("A===")),
    ] {
        let violations = found(base(name, wrong.clone()), Direction::Create);
        assert_eq!(violations, [format!("`{name}` is of the wrong type")], "{wrong}");
    }
    // A required sub-attribute is missing only where its parent is there.
    let half = base("part", json!({"weight": 0.5}));
    assert_eq!(found(half.clone(), Direction::Replace), ["`part.serial` is required"]);
    assert!(found(half, Direction::Patch).is_empty());
}

#[test]
fn the_bodies_of_the_rfcs_are_valid() {
    let figures: Vec<Value> = serde_json::from_str(include_str!("../../testdata/rfc/bodies.json")).unwrap();
    let mut seen = 0;
    for figure in &figures {
        let body = &figure["body"];
        let schemas = match body["schemas"][0].as_str() {
            Some(USER) => ResourceSchemas::user(),
            Some(GROUP) => ResourceSchemas::group(),
            _ => continue,
        };
        seen += 1;
        let direction = if body.get("id").is_some() { Direction::Answer } else { Direction::Create };
        let found: Vec<String> = schemas.validate(body, direction).iter().map(ToString::to_string).collect();
        // §8.2 of RFC 7643 shows a password in a representation, for the sake of the example.
        let expected: &[&str] =
            if body.get("password").is_some() { &["`password` must never be returned"] } else { &[] };
        assert_eq!(found, expected, "RFC {} section {}", figure["rfc"], figure["section"]);
    }
    assert!(seen >= 12, "{seen}");
}

#[test]
fn a_large_body_is_checked_in_linear_time() {
    let members: Vec<Value> = (0..20_000).map(|at| json!({"value": at.to_string(), "primary": 1})).collect();
    let found = ResourceSchemas::group().validate(&json!({"members": members}), Direction::Patch);
    assert_eq!(found.len(), 20_000);
}

/// RFC 7643 §6: "a resource of this type MUST include this schema extension".
#[test]
fn a_required_extension_is_required() {
    let described = json!({"schema": USER, "schemaExtensions": [{"schema": ENTERPRISE, "required": true}]});
    let resource_type: ResourceType = serde_json::from_value(described).unwrap();
    let by_type = SchemaRegistry::new().of_type(&resource_type).unwrap();
    let enterprise = by_type.extension(ENTERPRISE).unwrap().clone();
    let by_hand = ResourceSchemas::user().with_required_extension(enterprise.clone());
    let missing = format!("`{ENTERPRISE}` is required");
    for schemas in [&by_type, &by_hand] {
        assert!(schemas.requires_extension(&ENTERPRISE.to_uppercase()) && !schemas.requires_extension(USER));
        for direction in [Direction::Create, Direction::Replace, Direction::Answer] {
            let without = json!({"schemas": [USER], "userName": "a", "id": "1"});
            check(schemas, direction, without, &[&missing]);
            for nothing in [json!(null), json!({}), json!({"department": null})] {
                let body = json!({"schemas": [USER, ENTERPRISE], "userName": "a", "id": "1", ENTERPRISE: nothing});
                check(schemas, direction, body, &[&missing]);
            }
            let body = json!({"schemas": [USER, ENTERPRISE], "userName": "a", "id": "1",
                ENTERPRISE.to_uppercase(): {"department": "d"}});
            check(schemas, direction, body, &[]);
        }
        check(schemas, Direction::Patch, json!({"title": "t"}), &[]);
        check(schemas, Direction::Patch, json!({ENTERPRISE: null}), &[&missing]);
        check(schemas, Direction::Patch, json!({ENTERPRISE: []}), &[&missing]);
        check(schemas, Direction::Patch, json!({ENTERPRISE: {}}), &[]);
    }
    // What takes the place of an extension says anew whether it is required.
    let schemas = by_hand.with_extension(enterprise);
    assert!(!schemas.requires_extension(ENTERPRISE) && !ResourceSchemas::user().requires_extension(ENTERPRISE));
    user(Direction::Create, json!({"schemas": [USER], "userName": "a"}), &[]);
}

/// A path-less value is asked for what strict application asks for, no more and no less.
#[test]
fn what_a_patch_may_hold_is_what_strict_application_takes() {
    let department = format!("{ENTERPRISE}:department");
    let shouted = format!("{}:TITLE", USER.to_uppercase());
    let manager = format!("{ENTERPRISE}:manager");
    let sub = format!("{USER}:name.givenName");
    let core_id = format!("{USER}:id");
    let refused = |at: &str, what: &str| Some(format!("`{at}` {what}"));
    for (body, expected) in [
        (json!({&department: "x"}), None),
        (json!({&shouted: "x"}), None),
        (json!({&manager: {"value": "1", "displayName": "x"}}), None),
        (json!({ENTERPRISE: {"manager": {"value": "1", "displayName": "x", "$ref": null}}}), None),
        (json!({ENTERPRISE: null}), None),
        (json!({"emails": {"value": "a"}}), None),
        (json!({"emails": [{"value": "a"}, null]}), None),
        (json!({"emails": null, "name": {}, "title": null, "active": []}), None),
        (json!({"name": {"givenName": "a"}, &department: null}), None),
        (json!({"schemas": ENTERPRISE}), None),
        (json!({&department: 1}), refused(&department, "is of the wrong type")),
        (json!({&sub: "x"}), refused(&sub, "is unknown")),
        (json!({"name.givenName": "x"}), refused("name.givenName", "is unknown")),
        (json!({&core_id: "x"}), refused(&core_id, "is readOnly")),
        (json!({"groups": [{"value": "1"}]}), refused("groups", "is readOnly")),
        (json!({USER: {"title": "x"}}), refused(USER, "is unknown")),
        (json!({&shouted: "x", "title": "x"}), refused(&shouted, "is named twice")),
        (json!({&department: "x", ENTERPRISE: {"department": "y"}}), refused(&department, "is named twice")),
        (json!({"emails": "a"}), refused("emails", "is of the wrong type")),
        (json!({"emails": {"value": 1}}), refused("emails.value", "is of the wrong type")),
        (json!({"userName": null}), refused("userName", "is required")),
        (json!({"title": ["a"]}), refused("title", "is a list where one value belongs, or the reverse")),
    ] {
        let mut resource = json!({"schemas": [USER], "userName": "a", "id": "1"});
        let patch = PatchOp::new().replace_all(body.clone());
        let applied = patch.apply(&mut resource, &ResourceSchemas::user(), &PatchOptions::strict());
        assert_eq!(applied.is_ok(), expected.is_none(), "{body} {applied:?}");
        let expected: Vec<&str> = expected.as_deref().into_iter().collect();
        user(Direction::Patch, body, &expected);
    }
    // Elsewhere an attribute has no other name than its own, and a list is a list.
    let missing = "`schemas` is required";
    let body = json!({"emails": {"value": "a"}, &department: "x", "userName": "a"});
    let unknown = format!("`{department}` is unknown");
    let list = "`emails` is a list where one value belongs, or the reverse";
    user(Direction::Create, body, &[list, &unknown, missing]);
}

fn of_core(uri: &str) -> ResourceSchemas {
    SchemaRegistry::new().resource_schemas(uri, []).unwrap()
}

/// RFC 7643 §8.5 and §8.7, and the documents that are built in.
#[test]
fn what_a_service_says_about_itself_is_valid() {
    let figures: Vec<Value> = serde_json::from_str(include_str!("../../testdata/rfc/bodies.json")).unwrap();
    let mut seen = 0;
    for figure in &figures {
        let (section, body) = (figure["section"].as_str().unwrap(), &figure["body"]);
        let uri = match section {
            "8.5" => SERVICE_PROVIDER_CONFIG,
            section if section.starts_with("8.7.") => SCHEMA,
            _ => continue,
        };
        for document in body.as_array().map_or(std::slice::from_ref(body), Vec::as_slice) {
            seen += 1;
            let found = of_core(uri).validate(document, Direction::Answer);
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            // The figures of §8.7 leave away what every resource has.
            let expected: &[&str] = if document.get("schemas").is_some() { &[] } else { &["`schemas` is required"] };
            assert_eq!(found, expected, "section {section} {}", document["id"]);
        }
    }
    assert_eq!(seen, 7);
    for document in SchemaRegistry::new().iter() {
        check(&of_core(SCHEMA), Direction::Answer, serde_json::to_value(document).unwrap(), &[]);
    }
}

/// RFC 7643 §5 and §6: `id` is not required there. Everywhere else it is.
#[test]
fn a_configuration_and_a_resource_type_need_no_id() {
    // §8.6.
    let printed = json!({"schemas": [RESOURCE_TYPE], "id": "User", "name": "User", "endpoint": "/Users",
        "description": "User Account", "schema": USER,
        "schemaExtensions": [{"schema": ENTERPRISE, "required": true}],
        "meta": {"location": "https://example.com/v2/ResourceTypes/User", "resourceType": "ResourceType"}});
    check(&of_core(RESOURCE_TYPE), Direction::Answer, printed, &[]);
    let own = json!({"schemas": [RESOURCE_TYPE], "name": "User", "endpoint": "/Users", "schema": USER});
    check(&of_core(RESOURCE_TYPE), Direction::Answer, own, &[]);
    check(&of_core(SCHEMA), Direction::Answer, json!({"schemas": [SCHEMA], "name": "x"}), &["`id` is required"]);
}

/// RFC 7643 §7: sub-attributes are described as attributes are, and so on.
#[test]
fn sub_attributes_nest_in_a_schema_alone() {
    let nested = |inner: Value| {
        json!({"schemas": [SCHEMA], "id": "urn:x", "attributes": [{"name": "a",
        "subAttributes": [{"name": "b", "subAttributes": [{"name": "c", "subAttributes": [inner]}]}]}]})
    };
    check(&of_core(SCHEMA), Direction::Answer, nested(json!({"name": "d", "type": "string"})), &[]);
    let at = "attributes[0].subAttributes[0].subAttributes[0].subAttributes[0]";
    let wrong = nested(json!({"colour": "red", "name": 1}));
    let expected = [format!("`{at}.colour` is unknown"), format!("`{at}.name` is of the wrong type")];
    check(&of_core(SCHEMA), Direction::Answer, wrong, &[&expected[0], &expected[1]]);

    let mut deep = json!({"name": "a"});
    for _ in 0..100 {
        deep = json!({"name": "a", "subAttributes": [deep]});
    }
    let body = json!({"schemas": [SCHEMA], "id": "urn:x", "attributes": [deep]});
    let found = of_core(SCHEMA).validate(&body, Direction::Answer);
    assert!(found.iter().any(|one| one.kind == ViolationKind::TooDeep), "{}", found.len());
    assert!(found.len() == 1, "{}", found.len());
}

/// Values have two levels (RFC 7643 §2.3.8); only a schema document describes itself at any depth (§7).
#[test]
fn nothing_but_a_schema_document_nests() {
    let part = json!({"name": "part", "type": "string"});
    let of_thing = json!({"id": "urn:example:Thing", "attributes": [
        {"name": "subAttributes", "type": "complex", "multiValued": true, "subAttributes": [part]}]});
    let schemas = ResourceSchemas::new(serde_json::from_value(of_thing).unwrap());
    let body = json!({"subAttributes": [{"part": "a", "subAttributes": [{"part": "b"}]}]});
    check(&schemas, Direction::Patch, body, &["`subAttributes[0].subAttributes` is unknown"]);
}

/// What strict application of a PATCH value refuses is a violation, what it takes is none.
#[test]
fn a_patch_value_is_valid_where_it_is_taken() {
    let subs = json!([{"name": "a", "type": "string"}, {"name": "list", "type": "string", "multiValued": true},
        {"name": "given", "type": "string", "mutability": "readOnly"}]);
    let of_thing = json!({"id": "urn:example:Thing", "attributes": [
        {"name": "one", "type": "complex", "required": true, "subAttributes": subs},
        {"name": "many", "type": "complex", "required": true, "multiValued": true, "subAttributes": subs},
        {"name": "words", "type": "string", "multiValued": true}]});
    let schemas = ResourceSchemas::new(serde_json::from_value(of_thing).unwrap());
    let held = json!({"schemas": ["urn:example:Thing"], "one": {"a": "1"}, "many": [{"a": "1"}], "words": ["w"]});
    for (value, violations) in [
        (json!({"one": {}}), &[][..]),
        (json!({"one": null}), &["`one` is required"]),
        (json!({"one": {"a": []}}), &["`one` is required"]),
        (json!({"one": {"a": "2", "list": {}}}), &[]),
        (json!({"many": [{}]}), &["`many` is required"]),
        (json!({"many": []}), &["`many` is required"]),
        (json!({"many": {}}), &["`many` is required"]),
        (json!({"many": {"given": "x"}}), &["`many` is readOnly"]),
        (json!({"many": [{"a": [], "list": ["x"]}]}), &[]),
        (json!({"many": [{"given": "x"}]}), &["`many[0]` is readOnly"]),
        (json!({"many": [{"other": "x"}]}), &["`many[0].other` is unknown"]),
        (json!({"many": [{"given": "x", "a": "1"}]}), &[]),
        (json!({"one": {"given": "x"}}), &[]),
        (json!({"words": {}}), &[]),
        (json!({"schemas": []}), &[]),
        (json!({"schemas": null}), &[]),
        (json!({"schemas": ["urn:example:Thing"]}), &[]),
    ] {
        check(&schemas, Direction::Patch, value.clone(), violations);
        let body = json!({"schemas": [PATCH_OP], "Operations": [{"op": "replace", "value": value}]});
        let patch = PatchOp::read(&body, &PatchOptions::strict()).unwrap();
        let taken = patch.apply(&mut held.clone(), &schemas, &PatchOptions::strict());
        assert_eq!(taken.is_ok(), violations.is_empty(), "{value} {taken:?}");
    }
}
