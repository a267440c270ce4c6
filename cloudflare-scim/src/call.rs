//! Requests built and answers read without IO.

use bytes::Bytes;
use http::{HeaderValue, Method, header};
use scim_core::transport::{Answer, BaseUrl, Operation};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::envelope::Envelope;
use crate::{Error, Token};

/// Which token permissions Cloudflare asks for on a call ("API token permissions", and the
/// `x-api-token-group` of each operation in its OpenAPI document).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    Nothing,
    Read,
    Write,
    Audit,
    AccessRead,
    AccessScimLogs,
    AccessAudit,
}

impl Needs {
    pub(crate) fn permissions(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Read => Some("`SCIM Provisioning: Edit` (or `Account Settings: Read`)"),
            Self::Write => Some("`SCIM Provisioning: Edit` (or `Account Settings: Edit`)"),
            // `SCIM Provisioning` is not enough here.
            Self::Audit => Some("`Account Settings: Read`"),
            Self::AccessRead => Some("`Access: Organizations, Identity Providers, and Groups: Read`"),
            Self::AccessScimLogs => Some("`Access: SCIM Logs: Read`"),
            Self::AccessAudit => Some("`Access: Audit Logs: Read`"),
        }
    }
}

/// One v4 call as data.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) operation: Operation,
    pub(crate) needs: Needs,
    segments: Vec<String>,
    query: Vec<(&'static str, String)>,
    body: Option<Result<Bytes, String>>,
}

impl Call {
    pub(crate) fn new(method: Method, name: &'static str, needs: Needs, segments: &[&str]) -> Self {
        Self {
            method,
            operation: Operation::new(name, segments.join("/")),
            needs,
            segments: segments.iter().map(|segment| (*segment).to_owned()).collect(),
            query: Vec::new(),
            body: None,
        }
    }

    /// Adds a query pair; a name may stand several times.
    pub(crate) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// Replaces every pair of that name.
    pub(crate) fn set_query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.retain(|(other, _)| *other != name);
        self.query(name, value)
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        self.body = Some(serde_json::to_vec(body).map(Bytes::from).map_err(|error| error.to_string()));
        self
    }

    /// States that sending it twice does no more than sending it once.
    pub(crate) fn idempotent(mut self) -> Self {
        self.operation = self.operation.idempotent(true);
        self
    }

    /// The request to send.
    pub(crate) fn request(&self, base: &BaseUrl, token: &Token) -> Result<http::Request<Bytes>, Error> {
        let invalid = |why: String| Error::request(&self.operation, why);
        let segments: Vec<&str> = self.segments.iter().map(String::as_str).collect();
        let pairs: Vec<(&str, &str)> = self.query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let uri = base.url(&segments, &pairs).map_err(|error| invalid(error.to_string()))?;
        let body = match &self.body {
            None => Bytes::new(),
            Some(Ok(body)) => body.clone(),
            Some(Err(why)) => return Err(invalid(format!("the body cannot be written: {why}"))),
        };
        let authorization =
            token.header().ok_or_else(|| invalid("the token is empty or holds characters that no token has".into()))?;
        let mut request = http::Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.insert(header::AUTHORIZATION, authorization);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(crate::USER_AGENT));
        if self.body.is_some() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        request.extensions_mut().insert(self.operation.clone());
        Ok(request)
    }

    /// The envelope of an answer that is a success, else the error that it is.
    pub(crate) fn envelope<T: DeserializeOwned>(
        &self,
        answer: &Answer,
        redact: &dyn Fn(&str) -> String,
    ) -> Result<Envelope<T>, Error> {
        if !answer.status.is_success() || !answer.is_json() {
            return Err(Error::answer(&self.operation, &self.method, self.needs, answer, redact));
        }
        let envelope: Envelope<T> = serde_json::from_slice(&answer.body).map_err(|error| {
            let why = redact(&format!("the body cannot be read: {error}"));
            Error::unreadable(&self.operation, &self.method, answer, why)
        })?;
        if envelope.success == Some(false) {
            return Err(Error::answer(&self.operation, &self.method, self.needs, answer, redact));
        }
        Ok(envelope)
    }

    /// The result of an answer that has one.
    pub(crate) fn result<T: DeserializeOwned>(
        &self,
        answer: &Answer,
        redact: &dyn Fn(&str) -> String,
    ) -> Result<T, Error> {
        self.envelope(answer, redact)?
            .result
            .ok_or_else(|| Error::unreadable(&self.operation, &self.method, answer, "the answer has no result"))
    }

    /// The body of an answer that is no envelope (SCIM).
    pub(crate) fn plain<T: DeserializeOwned>(
        &self,
        answer: &Answer,
        redact: &dyn Fn(&str) -> String,
    ) -> Result<T, Error> {
        if !answer.status.is_success() || !answer.is_json() {
            return Err(Error::answer(&self.operation, &self.method, self.needs, answer, redact));
        }
        serde_json::from_slice(&answer.body).map_err(|error| {
            let why = redact(&format!("the body cannot be read: {error}"));
            Error::unreadable(&self.operation, &self.method, answer, why)
        })
    }
}
