//! The recorded mapping expressions that the embedded authentik does not know, as closures.

use authentik_client::embedded::{EmbeddedAuthentikBuilder, MappingInput, MappingOutcome};
use serde_json::{Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn username(input: &MappingInput) -> String {
    input.user.as_ref().map(|user| user.username.clone()).unwrap_or_default()
}

fn undefined(name: &str) -> MappingOutcome {
    MappingOutcome::Raise("NameError".to_owned(), format!("name '{name}' is not defined"))
}

fn raises(input: &MappingInput) -> MappingOutcome {
    let user = input.user.clone().unwrap_or_default();
    if user.username.ends_with("u1") {
        return MappingOutcome::Raise("KeyError".to_owned(), "'missing'".to_owned());
    }
    let name = format!("{} v2", user.name);
    MappingOutcome::Value(json!({"userName": user.username, "displayName": name, "emails": []}))
}

/// Those of H591, H592 and H593.
pub(crate) fn recorded(builder: EmbeddedAuthentikBuilder) -> EmbeddedAuthentikBuilder {
    let user = |extra: Value| {
        move |input: &MappingInput| {
            let mut body = json!({"userName": username(input)});
            body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            MappingOutcome::Value(body)
        }
    };
    let fixed = |value: Value| move |_: &MappingInput| MappingOutcome::Value(value.clone());
    let schemas = json!(["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE]);
    let extended = json!({"schemas": schemas, ENTERPRISE: {"department": "x"}, "title": "t"});
    builder
        .mapping(
            "if request.user.username.endswith(\"u1\"):\n    return {\"userName\": {}[\"missing\"]}\n\
             return {\"userName\": request.user.username, \"displayName\": request.user.name + \" v2\", \"emails\": []}",
            raises,
        )
        .mapping("return {\"a\": provider.name}", |input| match &input.provider {
            Some(name) => MappingOutcome::Value(json!({"a": name})),
            None => undefined("provider"),
        })
        .mapping("raise SkipObject", |_| MappingOutcome::Skip)
        .mapping("return connection", |_| undefined("connection"))
        .mapping("return {\"u\": user.username, \"r\": request.user.username}", |input| {
            MappingOutcome::Value(json!({"u": username(input), "r": username(input)}))
        })
        .mapping("return {\"u\": request.user.username}", |input| {
            MappingOutcome::Value(json!({"u": username(input)}))
        })
        .mapping("return {\"g\": group.name}", |input| MappingOutcome::Value(json!({"g": input.group})))
        .mapping("return 1/0", |_| {
            MappingOutcome::Raise("ZeroDivisionError".to_owned(), "division by zero".to_owned())
        })
        .mapping("return {\"userName\": request.user.username, \"emails\": []}", user(json!({"emails": []})))
        .mapping("return \"text\"", fixed(json!("text")))
        .mapping("return None", fixed(Value::Null))
        .mapping("return {}", fixed(json!({})))
        .mapping(
            "return {\"userName\": request.user.username, \"emails\": [{\"value\": \"nope\", \"type\": \"work\"}]}",
            user(json!({"emails": [{"value": "nope", "type": "work"}]})),
        )
        .mapping(
            "return {\"userName\": request.user.username, \"emails\": [{\"value\": \"a@b.test\", \"type\": \"private\"}]}",
            user(json!({"emails": [{"value": "a@b.test", "type": "private"}]})),
        )
        .mapping("return {\"displayName\": \"x\"}", fixed(json!({"displayName": "x"})))
        .mapping(
            "return {\"userName\": request.user.username, \"nosuch\": 1, \"emails\": []}",
            user(json!({"nosuch": 1, "emails": []})),
        )
        .mapping(
            &format!(
                "return {{\"userName\": request.user.username, \"schemas\": \
                 [\"urn:ietf:params:scim:schemas:core:2.0:User\", \"{ENTERPRISE}\"], \
                 \"{ENTERPRISE}\": {{\"department\": \"x\"}}, \"title\": \"t\"}}"
            ),
            user(extended),
        )
}
