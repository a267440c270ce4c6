//! One conversation with a SCIM server: authentik's `SCIMClient._request` (facts §6).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{Method, StatusCode};
use serde_json::Value;
use tokio::time::Instant;

use super::super::clock::parse_duration;
use super::super::inner::Inner;
use super::super::json::{Json, python_repr_ordered};
use super::super::state::Kind;
use super::config::ProviderConfig;
use super::task::Failure;

/// authentik's limit for one SCIM request.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Longer than any of these servers runs.
const FOR_EVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
const BASE: &str = "authentik/providers/scim/clients/base.py";

/// Why an object was not written.
#[derive(Debug, Clone)]
pub(crate) enum SyncError {
    /// 404.
    NotFound(Failure),
    /// 409.
    Exists(Failure),
    /// 429, 502, 503, 504.
    Transient(Failure),
    /// Any other refusal, or no usable answer.
    Request(Failure),
    /// `StopSync`: the mapping or the answer is unusable; the rest of the page is skipped.
    Stop(String),
    /// `SkipObject`.
    Skip,
    /// A write under dry run.
    DryRun { method: &'static str, url: String, body: Json },
    /// An exception that nothing catches: the task fails and is retried.
    Crash(Failure),
}

impl SyncError {
    pub(crate) fn crash(class: &str, text: impl Into<String>, place: (&'static str, i64, &'static str)) -> Self {
        Self::Crash(Failure { class: class.to_owned(), text: text.into(), place })
    }

    /// The failure of a task that lets the error out.
    pub(crate) fn into_failure(self) -> Failure {
        match self {
            Self::NotFound(failure)
            | Self::Exists(failure)
            | Self::Transient(failure)
            | Self::Request(failure)
            | Self::Crash(failure) => failure,
            Self::Stop(text) => Failure {
                class: "StopSync".to_owned(),
                text,
                place: ("write", 75, "authentik/lib/sync/outgoing/base.py"),
            },
            Self::Skip => Failure {
                class: "SkipObjectException".to_owned(),
                text: String::new(),
                place: ("write", 75, "authentik/lib/sync/outgoing/base.py"),
            },
            Self::DryRun { .. } => {
                Failure { class: "DryRunRejected".to_owned(), text: String::new(), place: ("_request", 68, BASE) }
            }
        }
    }
}

/// A provider's client: its address, its credentials, and what the server says it can do.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) inner: Arc<Inner>,
    pub(crate) provider: i64,
    pub(crate) config: ProviderConfig,
    /// A group's members, where they are not those that are stored.
    pub(crate) members: Option<Vec<i64>>,
    url: String,
    token: String,
    dry_run: bool,
    page_size: i64,
}

impl Session {
    /// Builds the client, reading the ServiceProviderConfig unless it is cached. `None`: the provider
    /// is gone.
    pub(crate) async fn open(
        inner: &Arc<Inner>,
        provider: i64,
        override_dry_run: bool,
    ) -> Result<Option<Self>, SyncError> {
        let found = inner.with(|state| {
            let provider = state.providers.get(&provider)?;
            let cached = provider.config.filter(|(_, until)| Instant::now() < *until).map(|(config, _)| config);
            let session = Self {
                inner: Arc::clone(inner),
                provider: provider.pk,
                config: ProviderConfig::default(),
                members: None,
                url: provider.url.strip_suffix('/').unwrap_or(&provider.url).to_owned(),
                token: provider.token.clone(),
                dry_run: provider.dry_run && !override_dry_run,
                page_size: provider.page_size,
            };
            Some((session, cached, provider.compatibility_mode.clone(), provider.config_cache_timeout.clone()))
        });
        let Some((mut session, cached, mode, timeout)) = found else { return Ok(None) };
        if let Some(config) = cached {
            session.config = config;
            return Ok(Some(session));
        }
        let path = if mode == "sfdc" { "/ServiceProviderConfigs" } else { "/ServiceProviderConfig" };
        let document = match session.request(Method::GET, path, None).await {
            Ok(document) => Some(document),
            Err(error @ SyncError::Transient(_)) => return Err(error),
            Err(_) => None,
        };
        let read = document.and_then(|document| ProviderConfig::read(&document.to_value()));
        session.config = read.unwrap_or_default().adapted(&mode);
        let keep = parse_duration(&timeout).unwrap_or_default();
        if !keep.is_zero() {
            // A time too far away to be counted is for ever.
            let now = Instant::now();
            let until = now.checked_add(keep).unwrap_or(now + FOR_EVER);
            inner.with(|state| {
                if let Some(provider) = state.providers.get_mut(&session.provider) {
                    provider.config = Some((session.config, until));
                }
            });
        }
        Ok(Some(session))
    }

    /// One request; the parsed answer, empty for 204.
    pub(crate) async fn request(&self, method: Method, path: &str, body: Option<&Json>) -> Result<Json, SyncError> {
        parsed(&self.exchange(method, path, body).await?)
    }

    /// One request; the text of the answer, `{}` for 204.
    pub(crate) async fn exchange(&self, method: Method, path: &str, body: Option<&Json>) -> Result<Bytes, SyncError> {
        let url = format!("{}{path}", self.url);
        if self.dry_run && method != Method::GET {
            let method = match method {
                Method::POST => "POST",
                Method::PUT => "PUT",
                Method::PATCH => "PATCH",
                _ => "DELETE",
            };
            return Err(SyncError::DryRun { method, url, body: body.cloned().unwrap_or(Json::NULL) });
        }
        let Some(request) = self.build(&method, &url, body) else { return Err(network(74)) };
        let target = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
        let sent = tokio::time::timeout(TIMEOUT, self.inner.transport.send(request)).await;
        let Ok(Ok(answer)) = sent else {
            self.inner.log.scim(&method, &target, None);
            return Err(network(74));
        };
        let status = answer.status();
        self.inner.log.scim(&method, &target, Some(status));
        if status == StatusCode::NO_CONTENT {
            return Ok(Bytes::from_static(b"{}"));
        }
        if status.is_client_error() || status.is_server_error() {
            let text = String::from_utf8_lossy(answer.body());
            let failure = |class: &str| Failure {
                class: class.to_owned(),
                text: format!("Network error: {}", error_text(&text)),
                place: ("_request", 86, BASE),
            };
            return Err(match status.as_u16() {
                404 => SyncError::NotFound(failure("NotFoundSyncException")),
                409 => SyncError::Exists(failure("ObjectExistsSyncException")),
                429 | 502 | 503 | 504 => SyncError::Transient(Failure {
                    class: "TransientSyncException".to_owned(),
                    ..network(80).into_failure()
                }),
                _ => SyncError::Request(failure("SCIMRequestException")),
            });
        }
        Ok(answer.into_body())
    }

    fn build(&self, method: &Method, url: &str, body: Option<&Json>) -> Option<http::Request<Bytes>> {
        let uri: http::Uri = requoted(url).parse().ok()?;
        uri.scheme()?;
        uri.host().filter(|host| !host.is_empty())?;
        let bytes = body.map(|body| Bytes::from(body.dumps())).unwrap_or_default();
        let mut request = http::Request::builder().method(method).uri(uri).body(bytes).ok()?;
        let media = HeaderValue::from_static("application/scim+json");
        let (profile, accept_encoding) =
            self.inner.with(|state| (state.switches.profile(), state.switches.on("accept_encoding")));
        let headers = request.headers_mut();
        let agent = format!("authentik@{}", profile.version());
        headers.insert(USER_AGENT, HeaderValue::from_str(&agent).ok()?);
        if accept_encoding {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, deflate, zstd"));
        }
        headers.insert(ACCEPT, media.clone());
        headers.insert(CONTENT_TYPE, media);
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", self.token)).ok()?;
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
        Some(request)
    }

    /// The page size by which discovery asks, where it does.
    pub(crate) fn count(&self) -> Option<i64> {
        self.inner.with(|state| state.switches.on("discovery_count")).then_some(self.page_size)
    }

    /// The endpoint of a kind.
    pub(crate) fn endpoint(kind: Kind) -> &'static str {
        match kind {
            Kind::User => "/Users",
            Kind::Group => "/Groups",
        }
    }

    /// Looks up what a 409 says exists: the first match's id and body.
    pub(crate) async fn find(
        &self,
        kind: Kind,
        attribute: &str,
        value: &str,
    ) -> Result<Option<(String, Value)>, SyncError> {
        let filter = format!("{attribute} eq \"{value}\"");
        let path = format!("{}?filter={}", Self::endpoint(kind), quote_plus(&filter));
        let answer = self.request(Method::GET, &path, None).await?.to_value();
        let first = answer.get("Resources").and_then(|resources| resources.get(0)).cloned();
        Ok(first.and_then(|first| Some((first.get("id")?.as_str()?.to_owned(), first))))
    }
}

/// The document of an answer.
pub(super) fn parsed(answer: &Bytes) -> Result<Json, SyncError> {
    match std::str::from_utf8(answer) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_str(&String::from_utf8_lossy(answer)),
    }
    .map_err(|_| network(92))
}

/// No answer, or one that cannot be read; `line` tells which in authentik's code.
fn network(line: i64) -> SyncError {
    SyncError::Request(Failure {
        class: "SCIMRequestException".to_owned(),
        text: "Network error communicating with remote system".to_owned(),
        place: ("_request", line, BASE),
    })
}

/// A body in an error text: JSON as Python shows it, other text as it is.
fn error_text(body: &str) -> String {
    match serde_json::from_str::<Json>(body) {
        Ok(document) => python_repr_ordered(&document),
        Err(_) => body.to_owned(),
    }
}

/// A URL with what may not stand in one escaped, as `requests` does with ids of odd servers.
fn requoted(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    for byte in url.bytes() {
        if matches!(byte, b'!'..=b'~') && !b"\"<>\\^`{|}".contains(&byte) {
            out.push(char::from(byte));
        } else {
            use std::fmt::Write as _;
            let _infallible = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Python's `urlencode` of one value.
fn quote_plus(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => out.push(char::from(byte)),
            other => {
                use std::fmt::Write as _;
                let _infallible = write!(out, "%{other:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_ids_and_names_make_valid_urls() {
        assert_eq!(requoted("http://h/v2/Users/a b|é"), "http://h/v2/Users/a%20b%7C%C3%A9");
        assert_eq!(quote_plus("userName eq \"o'x+é\""), "userName+eq+%22o%27x%2B%C3%A9%22");
    }

    #[test]
    fn error_bodies_are_shown_as_python_shows_them() {
        assert_eq!(error_text(r#"{"status":"400","detail":"x"}"#), "{'status': '400', 'detail': 'x'}");
        assert_eq!(error_text("upstream broke"), "upstream broke");
    }
}
