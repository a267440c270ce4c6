//! The same conditions by hand, once on JSON values and once on plain structs: what a careful programmer writes who
//! needs exactly these eight filters and nothing else.

use scim_core::date::DateTime;
use serde::Deserialize;
use serde_json::Value;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name)?.as_str()
}

fn is(value: Option<&str>, wanted: &str) -> bool {
    value.is_some_and(|value| value.eq_ignore_ascii_case(wanted))
}

fn contains(value: Option<&str>, wanted: &str) -> bool {
    value.is_some_and(|value| value.to_ascii_lowercase().contains(wanted))
}

fn elements<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// A condition on a JSON value.
pub type OnValue = Box<dyn Fn(&Value) -> bool>;
/// A condition on a plain struct.
pub type OnStruct = Box<dyn Fn(&PlainUser) -> bool>;

/// The ids that `or20` asks for.
fn ids(filter: &str) -> Vec<String> {
    filter.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

pub fn on_value(case: &str, filter: &str) -> Option<OnValue> {
    Some(match case {
        "short" => Box::new(|u| is(text(u, "userName"), "user0500@example.com")),
        "pr_and" => {
            Box::new(|u| text(u, "title").is_some_and(|t| !t.is_empty()) && is(text(u, "userType"), "Employee"))
        }
        "rfc_not" => Box::new(|u| {
            let any = |domain: &str| elements(u, "emails").iter().any(|e| contains(text(e, "value"), domain));
            !is(text(u, "userType"), "Employee") && !(any("example.com") || any("example.org"))
        }),
        "rfc_vp" => Box::new(|u| {
            is(text(u, "userType"), "Employee")
                && elements(u, "emails")
                    .iter()
                    .any(|e| is(text(e, "type"), "work") && contains(text(e, "value"), "@example.com"))
        }),
        "rfc_vp_or" => Box::new(|u| {
            let any = |name: &str, kind: &str, domain: &str| {
                elements(u, name).iter().any(|e| is(text(e, "type"), kind) && contains(text(e, "value"), domain))
            };
            any("emails", "work", "@example.com") || any("ims", "xmpp", "@foo.com")
        }),
        "urn" => Box::new(|u| u.get(ENTERPRISE).is_some_and(|e| is(text(e, "department"), "Engineering"))),
        "date" => {
            let limit: Option<DateTime> = "2026-06-13T04:42:34Z".parse().ok();
            Box::new(move |u| {
                let date = u.get("meta").and_then(|meta| text(meta, "lastModified")).and_then(|date| date.parse().ok());
                date > limit
            })
        }
        "or20" => {
            let ids = ids(filter);
            Box::new(move |u| text(u, "id").is_some_and(|id| ids.iter().any(|wanted| wanted == id)))
        }
        _ => return None,
    })
}

pub fn on_struct(case: &str, filter: &str) -> Option<OnStruct> {
    Some(match case {
        "short" => Box::new(|u| is(u.user_name.as_deref(), "user0500@example.com")),
        "pr_and" => {
            Box::new(|u| u.title.as_deref().is_some_and(|t| !t.is_empty()) && is(u.user_type.as_deref(), "Employee"))
        }
        "rfc_not" => Box::new(|u| {
            let any = |domain: &str| u.emails.iter().any(|e| contains(e.value.as_deref(), domain));
            !is(u.user_type.as_deref(), "Employee") && !(any("example.com") || any("example.org"))
        }),
        "rfc_vp" => Box::new(|u| {
            is(u.user_type.as_deref(), "Employee")
                && u.emails
                    .iter()
                    .any(|e| is(e.r#type.as_deref(), "work") && contains(e.value.as_deref(), "@example.com"))
        }),
        "rfc_vp_or" => Box::new(|u| {
            let any = |list: &[PlainValue], kind: &str, domain: &str| {
                list.iter().any(|e| is(e.r#type.as_deref(), kind) && contains(e.value.as_deref(), domain))
            };
            any(&u.emails, "work", "@example.com") || any(&u.ims, "xmpp", "@foo.com")
        }),
        "urn" => Box::new(|u| u.enterprise.as_ref().is_some_and(|e| is(e.department.as_deref(), "Engineering"))),
        "date" => {
            let limit: Option<DateTime> = "2026-06-13T04:42:34Z".parse().ok();
            Box::new(move |u| {
                u.meta.as_ref().and_then(|m| m.last_modified.as_deref()).and_then(|d| d.parse().ok()) > limit
            })
        }
        "or20" => {
            let ids = ids(filter);
            Box::new(move |u| u.id.as_deref().is_some_and(|id| ids.iter().any(|wanted| wanted == id)))
        }
        _ => return None,
    })
}

/// A user as `derive` reads it: no folding, no unknown members, no second spelling.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not looked at")]
pub struct PlainUser {
    #[serde(default)]
    pub schemas: Vec<String>,
    pub id: Option<String>,
    pub external_id: Option<String>,
    pub user_name: Option<String>,
    pub name: Option<PlainName>,
    pub display_name: Option<String>,
    pub nick_name: Option<String>,
    pub profile_url: Option<String>,
    pub title: Option<String>,
    pub user_type: Option<String>,
    pub preferred_language: Option<String>,
    pub locale: Option<String>,
    pub timezone: Option<String>,
    pub active: Option<bool>,
    pub password: Option<String>,
    #[serde(default)]
    pub emails: Vec<PlainValue>,
    #[serde(default)]
    pub phone_numbers: Vec<PlainValue>,
    #[serde(default)]
    pub ims: Vec<PlainValue>,
    #[serde(default)]
    pub photos: Vec<PlainValue>,
    #[serde(default)]
    pub addresses: Vec<PlainAddress>,
    #[serde(default)]
    pub groups: Vec<PlainValue>,
    #[serde(default)]
    pub entitlements: Vec<PlainValue>,
    #[serde(default)]
    pub roles: Vec<PlainValue>,
    #[serde(default, rename = "x509Certificates")]
    pub certificates: Vec<PlainValue>,
    #[serde(rename = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")]
    pub enterprise: Option<PlainEnterprise>,
    pub meta: Option<PlainMeta>,
}

#[derive(Debug, Clone, Deserialize)]
#[expect(dead_code, reason = "read, not looked at")]
pub struct PlainValue {
    pub value: Option<String>,
    pub display: Option<String>,
    pub r#type: Option<String>,
    pub primary: Option<bool>,
    #[serde(rename = "$ref")]
    pub r#ref: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not looked at")]
pub struct PlainName {
    pub formatted: Option<String>,
    pub family_name: Option<String>,
    pub given_name: Option<String>,
    pub middle_name: Option<String>,
    pub honorific_prefix: Option<String>,
    pub honorific_suffix: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not looked at")]
pub struct PlainAddress {
    pub formatted: Option<String>,
    pub street_address: Option<String>,
    pub locality: Option<String>,
    pub region: Option<String>,
    pub postal_code: Option<String>,
    pub country: Option<String>,
    pub r#type: Option<String>,
    pub primary: Option<bool>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not looked at")]
pub struct PlainEnterprise {
    pub employee_number: Option<String>,
    pub cost_center: Option<String>,
    pub organization: Option<String>,
    pub division: Option<String>,
    pub department: Option<String>,
    pub manager: Option<PlainManager>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not looked at")]
pub struct PlainManager {
    pub value: Option<String>,
    #[serde(rename = "$ref")]
    pub r#ref: Option<String>,
    pub display_name: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not looked at")]
pub struct PlainMeta {
    pub resource_type: Option<String>,
    pub created: Option<String>,
    pub last_modified: Option<String>,
    pub location: Option<String>,
    pub version: Option<String>,
}

/// A list as `derive` reads it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not looked at")]
pub struct PlainList {
    pub total_results: u64,
    pub start_index: Option<u64>,
    pub items_per_page: Option<u64>,
    #[serde(rename = "Resources")]
    pub resources: Vec<PlainUser>,
}
