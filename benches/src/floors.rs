//! The same conditions by hand, once on JSON values and once on plain structs: what a careful programmer writes who
//! needs exactly these eight filters and nothing else.

#![allow(clippy::nonminimal_bool, reason = "the conditions are written as the filters are")]

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
pub(crate) type OnValue = Box<dyn Fn(&Value) -> bool>;
/// A condition on a plain struct.
pub(crate) type OnStruct = Box<dyn Fn(&PlainUser) -> bool>;

/// The ids that `or20` asks for.
fn ids(filter: &str) -> Vec<String> {
    filter.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

pub(crate) fn on_value(case: &str, filter: &str) -> Option<OnValue> {
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

pub(crate) fn on_struct(case: &str, filter: &str) -> Option<OnStruct> {
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
pub(crate) struct PlainUser {
    #[serde(default)]
    pub(crate) schemas: Vec<String>,
    pub(crate) id: Option<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) user_name: Option<String>,
    pub(crate) name: Option<PlainName>,
    pub(crate) display_name: Option<String>,
    pub(crate) nick_name: Option<String>,
    pub(crate) profile_url: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) user_type: Option<String>,
    pub(crate) preferred_language: Option<String>,
    pub(crate) locale: Option<String>,
    pub(crate) timezone: Option<String>,
    pub(crate) active: Option<bool>,
    pub(crate) password: Option<String>,
    #[serde(default)]
    pub(crate) emails: Vec<PlainValue>,
    #[serde(default)]
    pub(crate) phone_numbers: Vec<PlainValue>,
    #[serde(default)]
    pub(crate) ims: Vec<PlainValue>,
    #[serde(default)]
    pub(crate) photos: Vec<PlainValue>,
    #[serde(default)]
    pub(crate) addresses: Vec<PlainAddress>,
    #[serde(default)]
    pub(crate) groups: Vec<PlainValue>,
    #[serde(default)]
    pub(crate) entitlements: Vec<PlainValue>,
    #[serde(default)]
    pub(crate) roles: Vec<PlainValue>,
    #[serde(default, rename = "x509Certificates")]
    pub(crate) certificates: Vec<PlainValue>,
    #[serde(rename = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")]
    pub(crate) enterprise: Option<PlainEnterprise>,
    pub(crate) meta: Option<PlainMeta>,
}

#[derive(Debug, Clone, Deserialize)]
#[expect(dead_code, reason = "read, not looked at")]
pub(crate) struct PlainValue {
    pub(crate) value: Option<String>,
    pub(crate) display: Option<String>,
    pub(crate) r#type: Option<String>,
    pub(crate) primary: Option<bool>,
    #[serde(rename = "$ref")]
    pub(crate) r#ref: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not looked at")]
pub(crate) struct PlainName {
    pub(crate) formatted: Option<String>,
    pub(crate) family_name: Option<String>,
    pub(crate) given_name: Option<String>,
    pub(crate) middle_name: Option<String>,
    pub(crate) honorific_prefix: Option<String>,
    pub(crate) honorific_suffix: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not looked at")]
pub(crate) struct PlainAddress {
    pub(crate) formatted: Option<String>,
    pub(crate) street_address: Option<String>,
    pub(crate) locality: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) postal_code: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) r#type: Option<String>,
    pub(crate) primary: Option<bool>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not looked at")]
pub(crate) struct PlainEnterprise {
    pub(crate) employee_number: Option<String>,
    pub(crate) cost_center: Option<String>,
    pub(crate) organization: Option<String>,
    pub(crate) division: Option<String>,
    pub(crate) department: Option<String>,
    pub(crate) manager: Option<PlainManager>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not looked at")]
pub(crate) struct PlainManager {
    pub(crate) value: Option<String>,
    #[serde(rename = "$ref")]
    pub(crate) r#ref: Option<String>,
    pub(crate) display_name: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not looked at")]
pub(crate) struct PlainMeta {
    pub(crate) resource_type: Option<String>,
    pub(crate) created: Option<String>,
    pub(crate) last_modified: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) version: Option<String>,
}

/// A list as `derive` reads it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not looked at")]
pub(crate) struct PlainList {
    pub(crate) total_results: u64,
    pub(crate) start_index: Option<u64>,
    pub(crate) items_per_page: Option<u64>,
    #[serde(rename = "Resources")]
    pub(crate) resources: Vec<PlainUser>,
}
