//! What authentik's models make of a mapping's result or of a listed resource: member order,
//! required members, and the texts of pydantic's complaints (recordings H100 to H106, H593).

use serde_json::Value;

use super::super::json::{Json, object, python_repr, python_repr_ordered};

/// The schema of users.
pub(crate) const USER_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The schema of groups.
pub(crate) const GROUP_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The schema of PATCH bodies.
pub(crate) const PATCH_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// The members of a user in the order in which the model writes them; unknown ones follow.
const USER_ORDER: &[&str] = &[
    "userName",
    "id",
    "name",
    "displayName",
    "nickName",
    "profileUrl",
    "title",
    "userType",
    "preferredLanguage",
    "locale",
    "timezone",
    "active",
    "password",
    "emails",
    "phoneNumbers",
    "ims",
    "photos",
    "addresses",
    "groups",
    "entitlements",
    "roles",
    "x509Certificates",
    "schemas",
    "externalId",
];
const NAME_ORDER: &[&str] =
    &["formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix"];
const PLURAL_ORDER: &[&str] = &["value", "display", "type", "primary"];
const GROUP_ORDER: &[&str] = &["id", "displayName", "members", "schemas", "externalId"];

/// A complaint of the model, as Python prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invalid(pub(crate) String);

struct Complaints {
    model: &'static str,
    lines: Vec<String>,
}

impl Complaints {
    fn add(&mut self, place: &str, message: &str, kind: &str, input: &str, input_type: &str) {
        self.lines.push(format!(
            "{place}\n  {message} [type={kind}, input_value={input}, input_type={input_type}]\n    For further \
             information visit https://errors.pydantic.dev/2.13/v/{kind}"
        ));
    }

    fn finish(self) -> Result<(), Invalid> {
        if self.lines.is_empty() {
            return Ok(());
        }
        let plural = if self.lines.len() == 1 { "" } else { "s" };
        let head = format!("{} validation error{plural} for {}", self.lines.len(), self.model);
        Err(Invalid(format!("{head}\n{}", self.lines.join("\n"))))
    }
}

fn type_name(json: &Json) -> &'static str {
    let value = match json {
        Json::Object(_) => return "dict",
        Json::List(_) => return "list",
        Json::Plain(value) => value,
    };
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// Validates a user, from a mapping (without nulls) or from a list (with): objects and lists are
/// [`Json::Object`] and [`Json::List`] in both.
pub(crate) fn check_user(user: &Json) -> Result<(), Invalid> {
    let mut complaints = Complaints { model: "User", lines: Vec::new() };
    required_text(&mut complaints, user, "userName");
    if let Some(name) = user.get("name").filter(|name| !name.is_null() && !name.is_object()) {
        model_type(&mut complaints, "name", "Name", name);
    }
    for (index, email) in items(&mut complaints, user, "emails").iter().enumerate() {
        check_email(&mut complaints, index, email);
    }
    for (index, group) in items(&mut complaints, user, "groups").iter().enumerate() {
        if !group.is_object() {
            model_type(&mut complaints, &format!("groups.{index}"), "GroupMember", group);
        }
    }
    complaints.finish()
}

/// Validates a group.
pub(crate) fn check_group(group: &Json) -> Result<(), Invalid> {
    let mut complaints = Complaints { model: "Group", lines: Vec::new() };
    required_text(&mut complaints, group, "displayName");
    for (index, member) in items(&mut complaints, group, "members").iter().enumerate() {
        if !member.is_object() {
            model_type(&mut complaints, &format!("members.{index}"), "GroupMember", member);
        }
    }
    complaints.finish()
}

fn required_text(complaints: &mut Complaints, whole: &Json, name: &str) {
    match whole.get(name) {
        None => complaints.add(name, "Field required", "missing", &python_repr_ordered(whole), "dict"),
        Some(Json::Plain(Value::String(_))) => {}
        Some(other) => {
            let message = "Input should be a valid string";
            complaints.add(name, message, "string_type", &sorted_repr(other), type_name(other));
        }
    }
}

fn sorted_repr(json: &Json) -> String {
    python_repr(&json.to_value())
}

fn items<'a>(complaints: &mut Complaints, whole: &'a Json, name: &str) -> &'a [Json] {
    match whole.get(name) {
        None | Some(Json::Plain(Value::Null)) => &[],
        Some(Json::List(items)) => items,
        Some(other) => {
            complaints.add(name, "Input should be a valid list", "list_type", &sorted_repr(other), type_name(other));
            &[]
        }
    }
}

fn model_type(complaints: &mut Complaints, place: &str, model: &str, input: &Json) {
    let message = format!("Input should be a valid dictionary or instance of {model}");
    complaints.add(place, &message, "model_type", &sorted_repr(input), type_name(input));
}

fn check_email(complaints: &mut Complaints, index: usize, email: &Json) {
    if !email.is_object() {
        model_type(complaints, &format!("emails.{index}"), "Email", email);
        return;
    }
    match email.get("type") {
        None | Some(Json::Plain(Value::Null)) => {}
        Some(kind) if kind.as_str().is_some_and(is_email_type) => {}
        Some(other) => {
            let place = format!("emails.{index}.type");
            let message = "Input should be 'work', 'home' or 'other'";
            complaints.add(&place, message, "enum", &sorted_repr(other), type_name(other));
            return;
        }
    }
    let valid = email.get("value").is_none_or(|value| value.as_str().is_some_and(is_email));
    if !valid {
        let message = "Value error, ['Enter a valid email address.']";
        complaints.add(&format!("emails.{index}"), message, "value_error", &sorted_repr(email), "dict");
    }
}

/// The types that the model has.
pub(crate) fn is_email_type(text: &str) -> bool {
    matches!(text, "work" | "home" | "other")
}

/// Whether Django takes `text` for an e-mail address.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let labels: Vec<&str> = domain.split('.').collect();
    let atom = |c: char| c.is_alphanumeric() || "!#$%&'*+/=?^_`{}|~-.".contains(c);
    let dotted = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    text.len() <= 320
        && !local.is_empty()
        && (quoted || (dotted && local.chars().all(atom)))
        && (domain == "localhost" || (labels.len() > 1 && labels.iter().all(|part| label(part))))
}

/// Drops members that are null, at every depth: `delete_none_values`.
pub(crate) fn without_nulls(document: &Json) -> Json {
    let null = |value: &Json| matches!(value, Json::Plain(Value::Null));
    match document {
        Json::Object(members) => Json::Object(
            members
                .iter()
                .filter(|(_, value)| !null(value))
                .map(|(name, value)| (name.clone(), without_nulls(value)))
                .collect(),
        ),
        Json::List(items) => Json::List(items.iter().map(without_nulls).collect()),
        Json::Plain(Value::Object(members)) => {
            without_nulls(&Json::Object(members.iter().map(|(k, v)| (k.clone(), v.clone().into())).collect()))
        }
        Json::Plain(Value::Array(items)) => {
            Json::List(items.iter().map(|item| without_nulls(&item.clone().into())).collect())
        }
        plain @ Json::Plain(_) => plain.clone(),
    }
}

/// A user's body: mapped members in the model's order, `schemas` and `externalId` filled in, `id`
/// where it is a PUT.
pub(crate) fn user_body(mapped: &Json, uid: &str, id: Option<&str>) -> Json {
    let mut body = filled(mapped, USER_SCHEMA, uid, id);
    if let Json::Object(members) = &mut body {
        for (name, value) in members.iter_mut() {
            match name.as_str() {
                "name" => *value = only(value, NAME_ORDER),
                "emails" | "phoneNumbers" | "ims" | "photos" | "entitlements" | "roles" | "x509Certificates" => {
                    if let Json::List(items) = value {
                        for item in items.iter_mut() {
                            *item = only(item, PLURAL_ORDER);
                        }
                    }
                }
                _ => {}
            }
        }
    }
    ordered(body, USER_ORDER)
}

/// A group's body; `members` is `None` where PATCH is supported.
pub(crate) fn group_body(mapped: &Json, pk: &str, id: Option<&str>, members: Option<&[String]>) -> Json {
    let mut body = filled(mapped, GROUP_SCHEMA, pk, id);
    if let Json::Object(all) = &mut body {
        all.retain(|(name, _)| name != "members");
    }
    if let Some(members) = members.filter(|members| !members.is_empty()) {
        body.push("members", Json::list(members.iter().map(|id| object! { "value" => id })));
    }
    ordered(body, GROUP_ORDER)
}

fn filled(mapped: &Json, schema: &str, external_id: &str, id: Option<&str>) -> Json {
    let Json::Object(mut members) = mapped.clone() else { return mapped.clone() };
    let listed = members.iter().position(|(name, _)| name == "schemas");
    let mut schemas = match listed.and_then(|index| members.get(index)) {
        Some((_, value)) => value.to_value().as_array().cloned().unwrap_or_default(),
        None => Vec::new(),
    };
    if !schemas.iter().any(|known| known == schema) {
        schemas.insert(0, schema.into());
    }
    members.retain(|(name, _)| name != "schemas" && name != "id");
    members.push(("schemas".to_owned(), Value::Array(schemas).into()));
    let own_id = members.iter().any(|(name, value)| name == "externalId" && *value != Json::from(""));
    if !own_id {
        members.retain(|(name, _)| name != "externalId");
        members.push(("externalId".to_owned(), external_id.into()));
    }
    if let Some(id) = id {
        members.push(("id".to_owned(), id.into()));
    }
    Json::Object(members)
}

fn ordered(body: Json, order: &[&str]) -> Json {
    let Json::Object(mut members) = body else { return body };
    // Stable: unknown members keep their order behind the known ones.
    members.sort_by_key(|(name, _)| order.iter().position(|known| known == name).unwrap_or(order.len()));
    Json::Object(members)
}

/// The known members alone, in their order: nested models drop the others.
fn only(value: &Json, order: &[&str]) -> Json {
    let Json::Object(members) = value.clone() else { return value.clone() };
    let known = members.into_iter().filter(|(name, _)| order.contains(&name.as_str())).collect();
    ordered(Json::Object(known), order)
}

/// The body of a PATCH of members.
pub(crate) fn member_patch(operations: &[Json]) -> Json {
    object! { "Operations" => operations.to_vec(), "schemas" => vec![Json::from(PATCH_SCHEMA)] }
}

/// One `add` of one member.
pub(crate) fn add_member(id: &str) -> Json {
    object! { "op" => "add", "path" => "members", "value" => vec![object! { "value" => id }] }
}

/// One `remove` of one member, by value (rc1) or by path (from 2026.5.6).
pub(crate) fn remove_member(id: &str, by_path: bool) -> Json {
    if by_path {
        object! { "op" => "remove", "path" => format!("members[value eq \"{id}\"]") }
    } else {
        object! { "op" => "remove", "path" => "members", "value" => vec![object! { "value" => id }] }
    }
}

/// The body of the PATCH that writes a group's own members: no path.
pub(crate) fn replace_patch(body: &Json, has_id: bool, has_schemas: bool) -> Json {
    let mut value = body.clone();
    if let Json::Object(members) = &mut value {
        members.retain(|(name, _)| has_id || name != "id");
    }
    let mut patch = object! { "Operations" => vec![object! { "op" => "replace", "value" => value }] };
    if has_schemas {
        patch.push("schemas", vec![Json::from(PATCH_SCHEMA)]);
    }
    patch
}

/// Whether writing `payload` over what the server last answered would change anything, as
/// authentik's additive merge sees it. With `nested_blind` (before 2026.8.0) the inside of an object
/// that both hold is not looked at.
pub(crate) fn differs(known: &Value, payload: &Value, nested_blind: bool) -> bool {
    match (known, payload) {
        (Value::Object(known), Value::Object(payload)) => payload.iter().any(|(name, new)| match known.get(name) {
            None => true,
            Some(Value::Object(_)) if nested_blind && new.is_object() => false,
            Some(old) => differs(old, new, nested_blind),
        }),
        (Value::Array(known), Value::Array(payload)) => payload.iter().any(|new| !known.contains(new)),
        (known, payload) => known != payload,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mapped(text: &str) -> Json {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_user_is_written_in_the_recorded_order() {
        let mapped = mapped(
            r#"{"userName":"u","name":{"givenName":"g","formatted":"f","familyName":"x"},"nosuch":1,"emails":[{"primary":true,"value":"a@b.test","type":"work"}],"active":true,"displayName":"d"}"#,
        );
        assert_eq!(
            user_body(&mapped, "uid", Some("1")).dumps(),
            r#"{"userName": "u", "id": "1", "name": {"formatted": "f", "familyName": "x", "givenName": "g"}, "displayName": "d", "active": true, "emails": [{"value": "a@b.test", "type": "work", "primary": true}], "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "externalId": "uid", "nosuch": 1}"#
        );
    }

    #[test]
    fn complaints_read_as_pydantic_writes_them() {
        assert_eq!(
            check_user(&mapped(r#"{"displayName":"x"}"#)),
            Err(Invalid(
                "1 validation error for User\nuserName\n  Field required [type=missing, input_value={'displayName': \
                 'x'}, input_type=dict]\n    For further information visit https://errors.pydantic.dev/2.13/v/missing"
                    .to_owned()
            ))
        );
        let strings = check_user(&mapped(r#"{"userName":"x","groups":["a","b"]}"#)).unwrap_err();
        assert!(strings.0.starts_with(
            "2 validation errors for User\ngroups.0\n  Input should be a valid dictionary or instance of GroupMember \
             [type=model_type, input_value='a', input_type=str]"
        ));
        assert!(check_user(&mapped(r#"{"userName":"x","name":null,"emails":[],"externalId":null}"#)).is_ok());
    }

    #[test]
    fn the_merge_is_additive_and_blind_inside_objects_before_2026_8() {
        let known = json!({"a": [1, 2], "name": {"formatted": "x"}, "b": true});
        assert!(!differs(&known, &json!({"a": [1]}), true), "removed values are never sent");
        assert!(differs(&known, &json!({"a": [3]}), true));
        assert!(!differs(&known, &json!({"name": {"formatted": "y"}}), true));
        assert!(differs(&known, &json!({"name": {"formatted": "y"}}), false));
        assert!(differs(&known, &json!({"new": {"z": 1}}), true));
        assert!(differs(&json!({}), &json!({"emails": []}), true));
    }
}
