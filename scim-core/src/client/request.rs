use bytes::Bytes;
use http::{HeaderValue, Method, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::error::Sent;
use super::{Error, MEDIA_TYPE, Version};
use crate::transport::{BaseUrl, Operation};

/// A request before it meets base URL and token: built and tested without IO.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) operation: Operation,
    method: Method,
    segments: Vec<&'a str>,
    query: Vec<(&'a str, String)>,
    body: Option<Result<Bytes, serde_json::Error>>,
    condition: Option<(header::HeaderName, Version)>,
    is_write: bool,
}

impl<'a> Request<'a> {
    pub(super) fn new(operation: Operation, method: Method, segments: &[&'a str]) -> Self {
        let is_write = !method.is_safe();
        Self {
            operation,
            method,
            segments: segments.to_vec(),
            query: Vec::new(),
            body: None,
            condition: None,
            is_write,
        }
    }

    pub(super) fn get(operation: Operation, segments: &[&'a str]) -> Self {
        Self::new(operation, Method::GET, segments)
    }

    pub(super) fn query(mut self, pairs: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        self.query.extend(pairs);
        self
    }

    pub(super) fn body<T: Serialize + ?Sized>(mut self, body: &T) -> Self {
        self.body = Some(serde_json::to_vec(body).map(Bytes::from));
        self
    }

    /// A POST that only asks (`/.search`): it may be repeated, and changes nothing.
    pub(super) fn reading(mut self) -> Self {
        self.is_write = false;
        self.operation = self.operation.idempotent(true);
        self
    }

    /// Only if the resource still has that version (RFC 7644 §3.14).
    pub(super) fn if_match(mut self, version: Option<&Version>) -> Self {
        if let Some(version) = version {
            self.condition = Some((header::IF_MATCH, version.clone()));
        }
        self
    }

    /// Only if the resource has another version by now.
    pub(super) fn if_none_match(mut self, version: &Version) -> Self {
        self.condition = Some((header::IF_NONE_MATCH, version.clone()));
        self
    }

    pub(super) fn sent(&self) -> Sent {
        let body = match &self.body {
            Some(Ok(body)) => body.clone(),
            _ => Bytes::new(),
        };
        Sent { body, query: self.query.iter().map(|(_, value)| value.clone()).collect(), is_write: self.is_write }
    }

    pub(super) fn build(self, base: &BaseUrl, token: Option<&SecretString>) -> Result<http::Request<Bytes>, Error> {
        let query: Vec<(&str, &str)> = self.query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let url = match base.url(&self.segments, &query) {
            Ok(url) => url,
            Err(error) => return Err(Error::invalid_request(self.operation, error)),
        };
        let is_delete = self.method == Method::DELETE;
        let mut builder = http::Request::builder().method(self.method).uri(url);
        // Some servers answer plain JSON and insist on being asked for it; of a DELETE nothing is
        // wanted, and Entra's own SCIM server refuses the header there.
        if !is_delete {
            builder = builder.header(header::ACCEPT, "application/scim+json, application/json;q=0.9");
        }
        if let Some(token) = token {
            let value = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()));
            let Ok(mut value) = value else {
                return Err(Error::invalid_request(self.operation, InvalidToken));
            };
            value.set_sensitive(true);
            builder = builder.header(header::AUTHORIZATION, value);
        }
        if let Some((name, version)) = self.condition {
            let Ok(value) = HeaderValue::try_from(version.as_str()) else {
                return Err(Error::invalid_request(self.operation, InvalidVersion));
            };
            builder = builder.header(name, value);
        }
        let body = match self.body {
            None => Bytes::new(),
            Some(Ok(body)) => {
                builder = builder.header(header::CONTENT_TYPE, MEDIA_TYPE);
                body
            }
            Some(Err(error)) => return Err(Error::invalid_request(self.operation, error)),
        };
        match builder.extension(self.operation.clone()).body(body) {
            Ok(request) => Ok(request),
            Err(error) => Err(Error::invalid_request(self.operation, error)),
        }
    }
}

/// The token holds a character that no header can carry (a line break from a file, most often).
#[derive(Debug, thiserror::Error)]
#[error("the token holds a line break or another character that no HTTP header can carry")]
struct InvalidToken;

#[derive(Debug, thiserror::Error)]
#[error("the version holds a character that no HTTP header can carry")]
struct InvalidVersion;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_encoded_and_its_token_is_sensitive() {
        let base: BaseUrl = "https://h/scim/v2".parse().unwrap();
        let operation = Operation::new("list users", "Users");
        let filter = "userName eq \"o'b&x\"".to_owned();
        let request = Request::get(operation, &["Users"]).query([("filter", filter), ("startIndex", "1".to_owned())]);
        let request = request.build(&base, Some(&"planted-secret".into())).unwrap();
        assert_eq!(
            request.uri().to_string(),
            "https://h/scim/v2/Users?filter=userName%20eq%20%22o%27b%26x%22&startIndex=1"
        );
        assert_eq!(request.headers()["authorization"], "Bearer planted-secret");
        assert!(!format!("{request:?}").contains("planted-secret"));
    }

    #[test]
    fn what_no_header_carries_is_refused_without_printing_it() {
        let base: BaseUrl = "https://h/scim/v2".parse().unwrap();
        let request = || Request::get(Operation::new("list users", "Users"), &["Users"]);
        let error = request().build(&base, Some(&"planted\nsecret".into())).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("planted"));
        let versioned = request().if_match(Some(&Version::from("W/\"1\r\nx: y\"")));
        assert!(versioned.build(&base, None).unwrap_err().to_string().contains("version"));
    }
}
