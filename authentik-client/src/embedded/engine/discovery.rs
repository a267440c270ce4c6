//! Discovery: linking remote users and groups that authentik knows by name (facts §0.2 and §5;
//! recordings H10, H11, H100 to H106).

use http::Method;
use serde_json::Value;

use super::super::json::Json;
use super::super::state::{Kind, ObjectPk};
use super::payload;
use super::session::{Session, SyncError};

const USERS: &str = "authentik/providers/scim/clients/users.py";
const PYDANTIC: &str = "site-packages/pydantic/main.py";

/// authentik loops for ever on a server whose pages deliver less than its total promises; here a
/// list ends after this many pages.
const MAX_PAGES: usize = 100_000;

impl Session {
    /// Lists all remote objects of a kind and links those that match.
    pub(crate) async fn discover(&self, kind: Kind) -> Result<(), SyncError> {
        let (strict, enabled) = self.inner.with(|state| {
            let enabled = state.providers.get(&self.provider).is_some_and(|provider| provider.discovery_enabled);
            (state.switches.on("discovery_strict"), enabled)
        });
        if !enabled {
            return Ok(());
        }
        match self.discover_pages(kind, strict).await {
            Err(_) if !strict => Ok(()),
            other => other,
        }
    }

    async fn discover_pages(&self, kind: Kind, strict: bool) -> Result<(), SyncError> {
        let endpoint = Self::endpoint(kind);
        let count = self.count();
        let mut path = match count {
            Some(count) => format!("{endpoint}?count={count}"),
            None => endpoint.to_owned(),
        };
        let mut expected = None;
        let mut seen = 0_u64;
        let mut idle = 0;
        for _ in 0..MAX_PAGES {
            let page = self.request(Method::GET, &path, None).await?;
            let total = page.get("totalResults").map(Json::to_value);
            let total = total.as_ref().and_then(|total| total.as_u64().or_else(|| total.as_str()?.parse().ok()));
            let expected = *expected.get_or_insert(
                total.ok_or_else(|| SyncError::crash("KeyError", "'totalResults'", ("discover", 124, USERS)))?,
            );
            let Some(Json::List(resources)) = page.get("Resources") else {
                return Err(SyncError::crash("KeyError", "'Resources'", ("discover", 128, USERS)));
            };
            for resource in resources {
                match self.discover_one(kind, resource) {
                    Err(_) if !strict => {}
                    other => other?,
                }
            }
            seen += u64::try_from(resources.len()).unwrap_or(u64::MAX);
            if seen >= expected {
                return Ok(());
            }
            idle = if resources.is_empty() { idle + 1 } else { 0 };
            if idle >= 100 {
                break;
            }
            path = match count {
                Some(count) => format!("{endpoint}?count={count}&startIndex={}", seen + 1),
                None => format!("{endpoint}?startIndex={}", seen + 1),
            };
        }
        let text = "the list never delivers its totalResults: authentik would ask for ever, the embedded one stops";
        Err(SyncError::crash("RuntimeError", text, ("discover", 130, USERS)))
    }

    fn discover_one(&self, kind: Kind, resource: &Json) -> Result<(), SyncError> {
        let valid = match kind {
            Kind::User => payload::check_user(resource),
            Kind::Group => payload::check_group(resource),
        };
        valid.map_err(|invalid| SyncError::crash("ValidationError", invalid.0, ("model_validate", 732, PYDANTIC)))?;
        let value = resource.to_value();
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
        let id = text("id").to_owned();
        if self.inner.with(|state| state.links.knows(self.provider, kind, &id)) {
            return Ok(());
        }
        let found = match kind {
            Kind::Group => {
                let name = text("displayName");
                self.inner.with(|state| {
                    let group = state.groups.values().find(|group| group.name == name);
                    group.map(|group| ObjectPk::Group(group.pk.clone()))
                })
            }
            Kind::User => {
                let emails = value.get("emails").and_then(Value::as_array);
                let strict = self.inner.with(|state| state.switches.on("discovery_strict"));
                if emails.is_none() && strict {
                    let text = "'NoneType' object is not iterable";
                    return Err(SyncError::crash("TypeError", text, ("_discover_user_single", 140, USERS)));
                }
                let emails: Vec<&str> = emails
                    .into_iter()
                    .flatten()
                    .filter_map(|email| email.get("value").and_then(Value::as_str))
                    .collect();
                let name = text("userName");
                self.inner.with(|state| {
                    let user = state.users.values().find(|user| {
                        user.username == name
                            || emails.iter().any(|email| user.username == *email || user.email == *email)
                    });
                    user.map(|user| ObjectPk::User(user.pk))
                })
            }
        };
        if let Some(object) = found {
            self.link(&object, id, value);
        }
        Ok(())
    }
}
