//! Discovery: linking remote users and groups that authentik knows by name (facts §0.2 and §5;
//! recordings H10, H11, H100 to H106).

use http::Method;

use super::super::json::Json;
use super::super::state::{Kind, ObjectPk};
use super::session::{Session, SyncError, parsed};
use super::{glance, payload};

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
            let page = self.exchange(Method::GET, &path, None).await?;
            if let Some((total, resources)) = self.nothing_new(kind, &page) {
                let expected = *expected.get_or_insert(total);
                seen += resources;
                if seen >= expected {
                    return Ok(());
                }
                idle = 0;
                path = Self::next_path(endpoint, count, seen);
                continue;
            }
            let page = parsed(&page)?;
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
            path = Self::next_path(endpoint, count, seen);
        }
        let text = "the list never delivers its totalResults: authentik would ask for ever, the embedded one stops";
        Err(SyncError::crash("RuntimeError", text, ("discover", 130, USERS)))
    }

    fn next_path(endpoint: &str, count: Option<i64>, seen: u64) -> String {
        match count {
            Some(count) => format!("{endpoint}?count={count}&startIndex={}", seen + 1),
            None => format!("{endpoint}?startIndex={}", seen + 1),
        }
    }

    /// The total and the length of a page on which everything is valid and linked, the ordinary case
    /// after the first sync.
    fn nothing_new(&self, kind: Kind, page: &[u8]) -> Option<(u64, u64)> {
        let page = glance::page(kind, page).filter(|page| !page.ids.is_empty())?;
        let linked = self.inner.with(|state| page.ids.iter().all(|id| state.links.knows(self.provider, kind, id)));
        linked.then_some((page.total, page.ids.len() as u64))
    }

    fn discover_one(&self, kind: Kind, resource: &Json) -> Result<(), SyncError> {
        let valid = match kind {
            Kind::User => payload::check_user(resource),
            Kind::Group => payload::check_group(resource),
        };
        valid.map_err(|invalid| SyncError::crash("ValidationError", invalid.0, ("model_validate", 732, PYDANTIC)))?;
        let text = |name: &str| resource.get(name).and_then(Json::as_str).unwrap_or_default();
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
                let emails = match resource.get("emails") {
                    Some(Json::List(emails)) => Some(emails),
                    _ => None,
                };
                let strict = self.inner.with(|state| state.switches.on("discovery_strict"));
                if emails.is_none() && strict {
                    let text = "'NoneType' object is not iterable";
                    return Err(SyncError::crash("TypeError", text, ("_discover_user_single", 140, USERS)));
                }
                let emails = emails.into_iter().flatten();
                let emails: Vec<&str> = emails.filter_map(|email| email.get("value").and_then(Json::as_str)).collect();
                let name = text("userName");
                self.inner.with(|state| state.users.first(name, &emails).map(|user| ObjectPk::User(user.pk)))
            }
        };
        if let Some(object) = found {
            self.link(&object, id, resource.to_value());
        }
        Ok(())
    }
}
