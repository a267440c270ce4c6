//! What a SCIM server's ServiceProviderConfig lets authentik do (facts §5; recordings H60, H61,
//! H80, H81).

use serde_json::Value;

/// The part of a ServiceProviderConfig that authentik uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ProviderConfig {
    pub(crate) patch: bool,
    pub(crate) filter: bool,
    /// Operations per PATCH, whatever `bulk.supported` says; below 1: no limit.
    pub(crate) max_operations: i64,
}

impl ProviderConfig {
    /// Reads a document as authentik's model does: `None` where a required member is missing or of
    /// the wrong type, and then nothing is supported.
    pub(crate) fn read(document: &Value) -> Option<Self> {
        let supported = |name: &str| boolean(document.get(name)?.get("supported")?);
        let patch = supported("patch")?;
        let filter = supported("filter")?;
        supported("changePassword")?;
        supported("sort")?;
        let bulk = document.get("bulk")?;
        boolean(bulk.get("supported")?)?;
        let max_operations = integer(bulk.get("maxOperations")?)?;
        if bulk.get("maxPayloadSize").is_some_and(|size| !size.is_null() && integer(size).is_none()) {
            return None;
        }
        let schemes = document.get("authenticationSchemes")?.as_array()?;
        if !schemes.iter().all(Value::is_object) {
            return None;
        }
        match document.get("documentationUri") {
            None | Some(Value::Null) => {}
            Some(Value::String(uri)) if is_url(uri) => {}
            Some(_) => return None,
        }
        Some(Self { patch, filter, max_operations })
    }

    /// The corrections of a compatibility mode.
    pub(crate) fn adapted(mut self, mode: &str) -> Self {
        match mode {
            "aws" => self.patch = false,
            "slack" => self.filter = true,
            "gitlab" => self = Self::default(),
            _ => {}
        }
        self
    }

    /// How many operations one PATCH may hold, of `all`.
    pub(crate) fn chunk(self, all: usize) -> usize {
        usize::try_from(self.max_operations).ok().filter(|limit| *limit > 0).unwrap_or(all).max(1)
    }
}

/// A boolean as pydantic takes it: also as text or number.
fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => match number.as_f64() {
            Some(1.0) => Some(true),
            Some(0.0) => Some(false),
            _ => None,
        },
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "1" | "on" | "t" | "true" | "y" | "yes" => Some(true),
            "0" | "off" | "f" | "false" | "n" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let float = number.as_f64()?;
            #[expect(clippy::cast_possible_truncation, reason = "a whole number far below the limit")]
            (float.fract() == 0.0 && float.abs() < 1e15).then_some(float as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn is_url(text: &str) -> bool {
    text.split_once("://")
        .is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty() && !rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn full() -> Value {
        json!({
            "patch": {"supported": true},
            "bulk": {"supported": false, "maxOperations": 2, "maxPayloadSize": 0},
            "filter": {"supported": true, "maxResults": 100},
            "changePassword": {"supported": false},
            "sort": {"supported": false},
            "etag": {"supported": false},
            "authenticationSchemes": [],
        })
    }

    #[test]
    fn a_missing_required_member_means_nothing_is_supported() {
        assert_eq!(
            ProviderConfig::read(&full()),
            Some(ProviderConfig { patch: true, filter: true, max_operations: 2 })
        );
        for name in ["patch", "bulk", "filter", "changePassword", "sort", "authenticationSchemes"] {
            let mut document = full();
            document.as_object_mut().unwrap().remove(name);
            assert_eq!(ProviderConfig::read(&document), None, "{name}");
        }
        let mut document = full();
        document.as_object_mut().unwrap().remove("etag");
        document["patch"]["supported"] = json!("true");
        document["filter"] = json!({"supported": true});
        assert!(ProviderConfig::read(&document).is_some_and(|config| config.patch));
        document["documentationUri"] = json!("no url");
        assert_eq!(ProviderConfig::read(&document), None);
    }

    #[test]
    fn chunks_follow_max_operations_alone() {
        for (max, chunk) in [(0, 5), (-1, 5), (100, 100), (1, 1), (2, 2)] {
            assert_eq!(ProviderConfig { max_operations: max, ..ProviderConfig::default() }.chunk(5), chunk, "{max}");
        }
    }
}
