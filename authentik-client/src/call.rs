//! From a call to a request and from an answer to a value, without IO; and the one place that sends.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use jiff::Timestamp;
use scim_core::transport::{Answer, BaseUrl, Operation, Transport};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, check};
use crate::permission;

/// A request before it meets base URL and token.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) operation: Operation,
    method: Method,
    segments: Vec<String>,
    query: Vec<(String, String)>,
    body: Option<Result<Vec<u8>, serde_json::Error>>,
    read: bool,
}

impl Call {
    pub(crate) fn new<S: Into<String>>(
        operation: Operation,
        method: Method,
        segments: impl IntoIterator<Item = S>,
    ) -> Self {
        let segments = segments.into_iter().map(Into::into).collect();
        let read = method.is_safe();
        Self { operation, method, segments, query: Vec::new(), body: None, read }
    }

    pub(crate) fn query(mut self, pairs: &[(String, String)]) -> Self {
        self.query.extend_from_slice(pairs);
        self
    }

    pub(crate) fn body<T: Serialize>(mut self, body: &T) -> Self {
        self.body = Some(serde_json::to_vec(body));
        self
    }

    /// Says that it changes nothing, whatever its method.
    pub(crate) fn read_only(mut self) -> Self {
        self.read = true;
        self
    }

    pub(crate) fn build(self, base: &BaseUrl, token: &SecretString) -> Result<http::Request<Bytes>, Error> {
        let invalid = |operation: &Operation, detail: String| {
            Error::new(operation.clone(), ErrorKind::InvalidRequest).with_detail(detail)
        };
        let segments: Vec<&str> = self.segments.iter().map(String::as_str).collect();
        let query: Vec<(&str, &str)> = self.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let url =
            base.url_with_slash(&segments, &query).map_err(|error| invalid(&self.operation, error.to_string()))?;
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", token.expose_secret())).map_err(|_| {
            invalid(&self.operation, "the token holds a line break or another character that no header carries".into())
        })?;
        authorization.set_sensitive(true);
        let mut builder = http::Request::builder()
            .method(self.method)
            .uri(url)
            .header(header::ACCEPT, "application/json")
            .header(header::AUTHORIZATION, authorization);
        let body = match self.body {
            None => Bytes::new(),
            Some(Ok(body)) => {
                builder = builder.header(header::CONTENT_TYPE, "application/json");
                body.into()
            }
            Some(Err(error)) => return Err(invalid(&self.operation, error.to_string())),
        };
        let operation = self.operation.clone();
        builder.extension(self.operation).body(body).map_err(|error| invalid(&operation, error.to_string()))
    }
}

/// Reads the body of a 2xx.
fn decode<T: DeserializeOwned>(operation: Operation, answer: Answer) -> Result<T, Error> {
    let detail = match serde_json::from_slice(&answer.body) {
        Ok(value) => return Ok(value),
        Err(_) if answer.body.is_empty() => "the body is empty".to_owned(),
        Err(_) if !answer.is_json() => format!("the body is not JSON: {}", answer.excerpt()),
        Err(error) => format!("the body is not what was asked for: {error}"),
    };
    Err(Error::new(operation, ErrorKind::UnreadableBody).with_detail(detail).with_answer(answer))
}

/// The time of authentik's clock, if it sent one.
pub(crate) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let date = headers.get(header::DATE)?.to_str().ok()?;
    jiff::fmt::rfc2822::parse(date).ok().map(|zoned| zoned.timestamp())
}

/// What every handle holds: where to send, as whom, and how.
#[derive(Clone)]
pub(crate) struct Core {
    pub(crate) base: BaseUrl,
    pub(crate) token: SecretString,
    pub(crate) transport: Arc<dyn Transport>,
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Core {
    pub(crate) async fn send(&self, call: Call) -> Result<Answer, Error> {
        let operation = call.operation.clone();
        let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
        let permission = permission::needed(&call.method, &segments);
        let read = call.read;
        let request = call.build(&self.base, &self.token)?;
        let answer = match self.transport.send(request).await {
            // Some proxies show the headers that they did not like.
            Ok(response) => check(operation, response.into(), permission).map_err(|error| error.without(&self.token)),
            Err(error) => Err(Error::transport(operation, error)),
        };
        answer.map_err(|error| error.of_read(read))
    }

    pub(crate) async fn read<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        Ok(self.read_at(call).await?.0)
    }

    /// The value with the time of authentik's clock, if it sent one.
    pub(crate) async fn read_at<T: DeserializeOwned>(&self, call: Call) -> Result<(T, Option<Timestamp>), Error> {
        let (operation, read) = (call.operation.clone(), call.read);
        let answer = self.send(call).await?;
        let at = date(&answer.headers);
        Ok((decode(operation, answer).map_err(|error| error.of_read(read))?, at))
    }
}
