//! What authentik would send for a user, as far as its mappings are known, and how it compares that
//! with the server's last answer.

use serde_json::{Map, Value, json};

use crate::mapping::{CLOUDFLARE_USER, MANAGED_USER, cloudflare_user};
use crate::model::{ScimMapping, ScimProvider, User};

/// The mappings of users that this crate evaluates itself. Any other one is Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Default,
    Cloudflare,
}

/// Which one a provider has; `None` for another one and for several.
pub(super) fn known(provider: &ScimProvider, mappings: &[ScimMapping]) -> Option<Known> {
    let [only] = provider.property_mappings.as_slice() else { return None };
    let mapping = mappings.iter().find(|mapping| mapping.pk == *only)?;
    if mapping.managed.as_deref() == Some(MANAGED_USER) {
        return Some(Known::Default);
    }
    (mapping.expression.trim() == CLOUDFLARE_USER.trim()).then_some(Known::Cloudflare)
}

/// The members of the user's payload; `None` where the mapping leaves the user out.
pub(super) fn payload(known: Known, user: &User, linked: bool) -> Option<Map<String, Value>> {
    let body = match known {
        Known::Default => {
            let (given, family) = user.name.split_once(' ').unwrap_or((user.name.as_str(), " "));
            let formatted = if user.name.contains(' ') { user.name.clone() } else { format!("{} ", user.name) };
            let emails = match user.email.as_str() {
                "" => json!([]),
                email => json!([{"value": email, "type": "other", "primary": true}]),
            };
            json!({
                "userName": user.username,
                "name": {"formatted": formatted, "givenName": given, "familyName": family},
                "displayName": user.name,
                "active": user.is_active,
                "emails": emails,
                "externalId": user.uid,
            })
        }
        Known::Cloudflare => {
            if !linked && !user.is_active {
                return None;
            }
            let made = cloudflare_user(&user.name, &user.email)?;
            json!({
                "userName": made.user_name,
                "name": {"formatted": made.display_name, "givenName": made.given_name, "familyName": made.family_name},
                "displayName": made.display_name,
                "active": user.is_active,
                "emails": [{"value": made.user_name, "type": "work", "primary": true}],
                "externalId": user.uid,
            })
        }
    };
    match body {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

/// How a value that would be sent stands to the one that the server answered last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stands {
    /// Nothing to send.
    Same,
    /// Emptied: authentik's comparison only ever adds.
    Cleared,
    /// Differs only inside an object.
    Nested,
    /// The server does not give it back, or not as it was sent.
    NotEchoed,
    /// Differs: it should have been sent.
    Differs,
}

pub(super) fn stands(sent: &Value, answered: Option<&Value>) -> Stands {
    let Some(answered) = answered else {
        return if is_empty(sent) { Stands::Same } else { Stands::NotEchoed };
    };
    if sent == answered {
        return Stands::Same;
    }
    if is_empty(sent) {
        return if is_empty(answered) { Stands::Same } else { Stands::Cleared };
    }
    match (sent, answered) {
        (Value::Object(sent), Value::Object(answered)) => {
            let differs = |(name, value): (&String, &Value)| match answered.get(name) {
                None => !is_empty(value),
                Some(answered) => blank(value) != blank(answered),
            };
            if sent.iter().any(differs) { Stands::Nested } else { Stands::Same }
        }
        (Value::Array(sent), Value::Array(answered)) => {
            let values = |items: &[Value]| -> Vec<String> {
                items.iter().filter_map(|item| Some(item.get("value")?.as_str()?.to_lowercase())).collect()
            };
            let has = values(answered);
            if sent.iter().all(|item| answered.contains(item)) {
                Stands::Same
            } else if values(sent).iter().all(|value| has.contains(value)) {
                Stands::NotEchoed
            } else {
                Stands::Differs
            }
        }
        _ => Stands::Differs,
    }
}

/// The blank family name of the default mapping is trimmed by some servers.
fn blank(value: &Value) -> Value {
    value.as_str().map_or_else(|| value.clone(), |text| Value::from(text.trim()))
}

pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_compared_as_authentik_compares_it() {
        let of = |sent: Value, answered: Value| stands(&sent, Some(&answered));
        assert_eq!(of(json!("a"), json!("a")), Stands::Same);
        assert_eq!(of(json!("a"), json!("b")), Stands::Differs);
        assert_eq!(of(json!(""), json!("b")), Stands::Cleared);
        assert_eq!(of(json!([]), json!([{"value": "a@x"}])), Stands::Cleared);
        assert_eq!(of(json!([]), json!([])), Stands::Same);
        let email = |kind: &str| json!([{"value": "a@x", "type": kind}]);
        assert_eq!(of(email("work"), email("work")), Stands::Same);
        assert_eq!(of(email("work"), email("other")), Stands::NotEchoed);
        assert_eq!(of(email("work"), json!([{"value": "b@x"}])), Stands::Differs);
        assert_eq!(of(json!({"a": "1"}), json!({"a": "2", "b": "3"})), Stands::Nested);
        assert_eq!(of(json!({"a": " "}), json!({"b": "3"})), Stands::Same);
        assert_eq!(of(json!({"a": "x "}), json!({"a": "x"})), Stands::Same);
        assert_eq!(stands(&json!("a"), None), Stands::NotEchoed);
        assert_eq!(stands(&json!([]), None), Stands::Same);
    }
}
