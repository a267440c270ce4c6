use std::error::Error as StdError;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use rustls_platform_verifier::BuilderVerifierExt;

use super::{Transport, TransportError, TransportErrorKind};

/// The transport to real servers: reqwest, TLS by rustls with ring and the system's trusted roots.
///
/// Redirects are off (a 3xx is an answer: a token cannot follow a `Location`), a body is read up to
/// a limit, and proxies from the environment are used except for loopback addresses.
#[derive(Clone)]
pub struct ReqwestTransport {
    direct: ::reqwest::Client,
    proxied: ::reqwest::Client,
    max_body: usize,
}

impl ReqwestTransport {
    /// A transport with the defaults of [`ReqwestTransportBuilder`].
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub fn new() -> Result<Self, TransportError> {
        Self::builder().build()
    }

    /// Other limits than the defaults.
    pub fn builder() -> ReqwestTransportBuilder {
        ReqwestTransportBuilder::default()
    }

    /// Uses a client that the caller has configured. It must not follow redirects
    /// (`redirect::Policy::none()`): a followed one repeats a body and drops the token.
    pub fn from_client(client: ::reqwest::Client) -> Self {
        Self { direct: client.clone(), proxied: client, max_body: ReqwestTransportBuilder::default().max_body }
    }
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestTransport").field("max_body", &self.max_body).finish_non_exhaustive()
    }
}

/// Limits of a [`ReqwestTransport`].
#[derive(Debug, Clone)]
pub struct ReqwestTransportBuilder {
    connect_timeout: Duration,
    timeout: Duration,
    max_body: usize,
    user_agent: String,
}

impl Default for ReqwestTransportBuilder {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(60),
            max_body: 16 * 1024 * 1024,
            user_agent: concat!("scim-core/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

impl ReqwestTransportBuilder {
    /// How long a connection may take to come about. Default 10 s.
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// How long one exchange may take, body included. Default 60 s.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// The largest body that is read, in bytes after decompression. Default 16 MiB.
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// The `User-Agent`. Default `scim-core/<version>`.
    #[must_use]
    pub fn user_agent(mut self, value: impl Into<String>) -> Self {
        self.user_agent = value.into();
        self
    }

    /// Builds the transport.
    ///
    /// # Errors
    /// If TLS cannot be set up or the user agent is no header value.
    pub fn build(self) -> Result<ReqwestTransport, TransportError> {
        let request =
            |error: ::reqwest::Error| TransportError::new(TransportErrorKind::Request).with_source(error.without_url());
        let tls = tls_config()?;
        let builder = || {
            ::reqwest::Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .redirect(::reqwest::redirect::Policy::none())
                .referer(false)
                .connect_timeout(self.connect_timeout)
                .timeout(self.timeout)
                .user_agent(&self.user_agent)
        };
        Ok(ReqwestTransport {
            direct: builder().no_proxy().build().map_err(request)?,
            proxied: builder().build().map_err(request)?,
            max_body: self.max_body,
        })
    }
}

fn tls_config() -> Result<rustls::ClientConfig, TransportError> {
    let tls = |error: rustls::Error| TransportError::new(TransportErrorKind::Tls).with_source(error);
    // An own provider instead of the process-wide one: no global state, no panic if none is installed.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = || {
        rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(tls)
    };
    let config = match builder()?.with_platform_verifier() {
        Ok(verified) => verified.with_no_client_auth(),
        Err(error) => {
            // A machine without trusted roots still talks to loopback; https then fails with a
            // certificate error instead of here.
            tracing::warn!(%error, "the system has no trusted root certificates: https will fail");
            builder()?.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()
        }
    };
    Ok(config)
}

fn is_loopback(uri: &http::Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The kind of a reqwest error; its URL (with filters: personal data) is cut off.
fn classify(error: ::reqwest::Error) -> TransportError {
    let mut kind = if error.is_builder() {
        TransportErrorKind::Request
    } else if error.is_timeout() {
        if error.is_connect() { TransportErrorKind::Connect } else { TransportErrorKind::Timeout }
    } else if error.is_connect() {
        TransportErrorKind::Connect
    } else {
        // Reset before a status, a cut body and a body that does not decode arrive in several
        // classes; all mean: sent, and no whole answer.
        TransportErrorKind::Interrupted
    };
    // The innermost cause says what happened ("connection refused"); reqwest's own text is the URL.
    let mut detail = None;
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if is_tls(inner) || text.contains("certificate") {
            kind = TransportErrorKind::Tls;
        } else if text.starts_with("invalid HTTP") {
            kind = TransportErrorKind::Protocol;
        }
        detail = Some(text);
        cause = inner.source();
    }
    let out = TransportError::new(kind);
    let out = match detail {
        Some(detail) => out.with_detail(detail),
        None => out,
    };
    out.with_source(error.without_url())
}

/// Whether TLS itself refused. An `io::Error` does not name what it wraps as its source, and may wrap another one.
fn is_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut error = error;
    while let Some(inner) = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        error = inner;
    }
    error.is::<rustls::Error>()
}

/// How much room for a body is made before any of it has come, in bytes.
const EAGER: usize = 128 * 1024;

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let client = if is_loopback(request.uri()) { &self.direct } else { &self.proxied };
        let request = ::reqwest::Request::try_from(request).map_err(classify)?;
        let mut response = client.execute(request).await.map_err(classify)?;
        let too_large = || {
            TransportError::new(TransportErrorKind::TooLarge).with_detail(format!("more than {} bytes", self.max_body))
        };
        if response.content_length().is_some_and(|length| length > self.max_body as u64) {
            return Err(too_large());
        }
        // What the server says of the length is believed only as far as it is cheap.
        let announced = usize::try_from(response.content_length().unwrap_or_default()).unwrap_or_default();
        let mut body = BytesMut::with_capacity(announced.min(EAGER));
        while let Some(chunk) = response.chunk().await.map_err(classify)? {
            if body.len() + chunk.len() > self.max_body {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        let mut out = http::Response::new(body.freeze());
        *out.status_mut() = response.status();
        *out.version_mut() = response.version();
        *out.headers_mut() = std::mem::take(response.headers_mut());
        Ok(out)
    }
}
