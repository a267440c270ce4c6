use std::fmt;
use std::sync::Arc;

use scim_core::transport::{Answer, BaseUrl, Deadline, Operation, Transport};
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::call::Call;
use crate::envelope::Envelope;
use crate::page::Entry;
use crate::{AccountId, Error, Token};

/// The real API.
const BASE: &str = "https://api.cloudflare.com/client/v4";

/// The client of one account: its SCIM endpoint and the v4 API around it. Cheap to clone.
///
/// The SCIM endpoint is called with the SCIM token, everything else with the API token; one of them
/// stands in for the other where only one is given.
#[derive(Clone)]
pub struct Cloudflare {
    inner: Arc<Inner>,
    deadline: Option<Instant>,
}

struct Inner {
    account: AccountId,
    base: BaseUrl,
    api_token: Token,
    scim_token: Token,
    transport: Arc<dyn Transport>,
}

/// Builds a [`Cloudflare`] client.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct CloudflareBuilder {
    account: AccountId,
    base: Option<BaseUrl>,
    api_token: Option<Token>,
    scim_token: Option<Token>,
    transport: Option<Arc<dyn Transport>>,
}

impl CloudflareBuilder {
    /// The token for v4. It needs `Account Settings: Read` for audit logs.
    pub fn api_token(mut self, token: impl Into<Token>) -> Self {
        self.api_token = Some(token.into());
        self
    }

    /// The token for SCIM: an account token with `SCIM Provisioning: Edit`.
    pub fn scim_token(mut self, token: impl Into<Token>) -> Self {
        self.scim_token = Some(token.into());
        self
    }

    /// Another place than `https://api.cloudflare.com/client/v4`; `/client/v4` is added where it is
    /// missing.
    pub fn base_url(mut self, base: BaseUrl) -> Self {
        self.base = Some(base);
        self
    }

    /// What sends the requests. Without it (feature `reqwest`): HTTPS that keeps
    /// to the rate limits ([`Pace`](crate::Pace)) and repeats what may be repeated.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    /// `Request` if no token is given, a token cannot stand in a header, or no transport is given
    /// and none can be made.
    pub fn build(self) -> Result<Cloudflare, Error> {
        let operation = Operation::new("set up the client", format!("accounts/{}", self.account));
        let invalid = |why: &str| Error::request(&operation, why.to_owned());
        for (token, name) in [(&self.api_token, "API"), (&self.scim_token, "SCIM")] {
            if token.as_ref().is_some_and(|token| token.header().is_none()) {
                return Err(invalid(&format!("the {name} token is empty or holds characters that no token has")));
            }
        }
        let (api_token, scim_token) = match (self.api_token, self.scim_token) {
            (Some(api), Some(scim)) => (api, scim),
            (Some(token), None) | (None, Some(token)) => (token.clone(), token),
            (None, None) => return Err(invalid("no token is given")),
        };
        let base = match self.base {
            Some(base) if base.as_str().ends_with("/client/v4") => base,
            Some(base) => base.join(&["client", "v4"]).map_err(|error| invalid(&error.to_string()))?,
            None => BASE.parse().map_err(|_| invalid("no base URL"))?,
        };
        let transport = match self.transport {
            Some(transport) => transport,
            None => default_transport(&operation)?,
        };
        Ok(Cloudflare {
            inner: Arc::new(Inner { account: self.account, base, api_token, scim_token, transport }),
            deadline: None,
        })
    }
}

#[cfg(feature = "reqwest")]
fn default_transport(operation: &Operation) -> Result<Arc<dyn Transport>, Error> {
    use scim_core::transport::{ReqwestTransport, RetryPolicy, TransportExt};
    let leaf = ReqwestTransport::new().map_err(|error| Error::transport_error(operation, &http::Method::GET, error))?;
    Ok(crate::Pace::new(leaf, crate::RateLimit::cloudflare()).retry(RetryPolicy::default()).trace().shared())
}

#[cfg(not(feature = "reqwest"))]
fn default_transport(operation: &Operation) -> Result<Arc<dyn Transport>, Error> {
    Err(Error::request(operation, "no transport is given, and the feature `reqwest` is off"))
}

impl Cloudflare {
    /// Begins to build the client of an account.
    pub fn builder(account: AccountId) -> CloudflareBuilder {
        CloudflareBuilder { account, base: None, api_token: None, scim_token: None, transport: None }
    }

    /// The account.
    pub fn account_id(&self) -> &AccountId {
        &self.inner.account
    }

    /// Where v4 lives: ends with `/client/v4`.
    pub fn base_url(&self) -> &BaseUrl {
        &self.inner.base
    }

    /// Where the account's SCIM endpoint lives: what an identity provider is configured with.
    pub fn scim_base_url(&self) -> BaseUrl {
        let segments = ["accounts", self.inner.account.as_str(), "scim", "v2"];
        // The segments are fixed or hexadecimal: joining them cannot fail.
        self.inner.base.join(&segments).unwrap_or_else(|_| self.inner.base.clone())
    }

    /// The same client, whose calls give up at `deadline`: no retry or wait goes beyond it.
    #[must_use]
    pub fn with_deadline(&self, deadline: Instant) -> Self {
        Self { inner: Arc::clone(&self.inner), deadline: Some(deadline) }
    }

    /// The token for v4.
    pub fn api_token(&self) -> &Token {
        &self.inner.api_token
    }

    /// The token for SCIM.
    pub fn scim_token(&self) -> &Token {
        &self.inner.scim_token
    }

    pub(crate) fn transport(&self) -> &Arc<dyn Transport> {
        &self.inner.transport
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    pub(crate) fn scim_error(&self, method: &http::Method, error: scim_core::client::Error) -> Error {
        Error::from_scim(method, error, &|text| self.redact(text))
    }

    pub(crate) fn account(&self) -> &str {
        self.inner.account.as_str()
    }

    pub(crate) fn redact(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for token in [&self.inner.api_token, &self.inner.scim_token] {
            out = out.replace(token.expose(), "[redacted]");
        }
        out
    }

    pub(crate) async fn send(&self, call: &Call) -> Result<Answer, Error> {
        self.send_as(call, self.api_token()).await
    }

    pub(crate) async fn send_as(&self, call: &Call, token: &Token) -> Result<Answer, Error> {
        let mut request = call.request(&self.inner.base, token)?;
        if let Some(deadline) = self.deadline {
            request.extensions_mut().insert(Deadline(deadline));
        }
        match self.inner.transport.send(request).await {
            Ok(response) => Ok(Answer::from(response)),
            Err(error) => Err(Error::transport_error(&call.operation, &call.method, error)),
        }
    }

    /// The result of a call that has one.
    pub(crate) async fn result<T: DeserializeOwned>(&self, call: &Call) -> Result<T, Error> {
        let answer = self.send(call).await?;
        call.result(&answer, &|text| self.redact(text))
    }

    /// The result of a call about one resource, which must be that one: `id`.
    pub(crate) async fn one<T: Entry>(&self, call: &Call, id: &str) -> Result<T, Error> {
        let answer = self.send(call).await?;
        let result: T = call.result(&answer, &|text| self.redact(text))?;
        match result.key() {
            Some(own) if !own.eq_ignore_ascii_case(id) => {
                Err(Error::unreadable(&call.operation, &call.method, &answer, another(&own)))
            }
            _ => Ok(result),
        }
    }

    /// The resource, or `None` where it does not exist.
    pub(crate) async fn one_opt<T: Entry>(&self, call: &Call, id: &str) -> Result<Option<T>, Error> {
        match self.one(call, id).await {
            Ok(result) => Ok(Some(result)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The envelope of a call.
    pub(crate) async fn envelope<T: DeserializeOwned>(&self, call: &Call) -> Result<Envelope<T>, Error> {
        let answer = self.send(call).await?;
        call.envelope(&answer, &|text| self.redact(text))
    }

    /// A call whose result says nothing (a removal).
    pub(crate) async fn done(&self, call: &Call) -> Result<(), Error> {
        let answer = self.send(call).await?;
        if answer.status.is_success() && answer.body.is_empty() {
            return Ok(());
        }
        call.envelope::<serde::de::IgnoredAny>(&answer, &|text| self.redact(text)).map(|_| ())
    }
}

/// The outcome of a POST; where it is open, what was made is looked for instead of sending it again.
pub(crate) async fn settled<T>(
    outcome: Result<T, Error>,
    look: impl AsyncFnOnce() -> Result<Option<T>, Error>,
) -> Result<T, Error> {
    match outcome {
        Err(error) if error.may_have_been_applied() => match look().await {
            Ok(Some(found)) => Ok(found),
            // The first failure tells more: that nothing was found does not mean that nothing will be.
            Ok(None) | Err(_) => Err(error),
        },
        outcome => outcome,
    }
}

/// Why an answer is refused that shows another resource than was asked for.
pub(crate) fn another(shown: &str) -> String {
    let shown: String = shown.chars().filter(|c| !c.is_control()).take(64).collect();
    format!("the answer is about another resource than was asked for: {shown}")
}

impl fmt::Debug for Cloudflare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cloudflare")
            .field("account", &self.inner.account)
            .field("base", &self.inner.base)
            .field("api_token", &self.inner.api_token)
            .field("scim_token", &self.inner.scim_token)
            .finish_non_exhaustive()
    }
}
