use bytes::Bytes;
use http::{HeaderValue, Method, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::{Error, MEDIA_TYPE};
use crate::transport::{BaseUrl, Operation};

/// A request before it meets base URL and token: built and tested without IO.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) operation: Operation,
    method: Method,
    segments: Vec<&'a str>,
    query: Vec<(&'a str, String)>,
    body: Option<Result<Vec<u8>, serde_json::Error>>,
}

impl<'a> Request<'a> {
    fn new(operation: Operation, method: Method, segments: &[&'a str]) -> Self {
        Self { operation, method, segments: segments.to_vec(), query: Vec::new(), body: None }
    }

    pub(super) fn get(operation: Operation, segments: &[&'a str], query: &[(&'a str, String)]) -> Self {
        Self { query: query.to_vec(), ..Self::new(operation, Method::GET, segments) }
    }

    pub(super) fn delete(operation: Operation, segments: &[&'a str]) -> Self {
        Self::new(operation, Method::DELETE, segments)
    }

    pub(super) fn with_body<T: Serialize>(
        operation: Operation,
        method: Method,
        segments: &[&'a str],
        body: &T,
    ) -> Self {
        Self { body: Some(serde_json::to_vec(body)), ..Self::new(operation, method, segments) }
    }

    pub(super) fn build(self, base: &BaseUrl, token: Option<&SecretString>) -> Result<http::Request<Bytes>, Error> {
        let query: Vec<(&str, &str)> = self.query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let url = match base.url(&self.segments, &query) {
            Ok(url) => url,
            Err(error) => return Err(Error::invalid_request(self.operation, error)),
        };
        let mut builder = http::Request::builder()
            .method(self.method)
            .uri(url)
            // Some servers answer plain JSON and insist on being asked for it.
            .header(header::ACCEPT, "application/scim+json, application/json;q=0.9");
        if let Some(token) = token {
            let value = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()));
            let Ok(mut value) = value else {
                return Err(Error::invalid_request(self.operation, InvalidToken));
            };
            value.set_sensitive(true);
            builder = builder.header(header::AUTHORIZATION, value);
        }
        let body = match self.body {
            None => Bytes::new(),
            Some(Ok(body)) => {
                builder = builder.header(header::CONTENT_TYPE, MEDIA_TYPE);
                body.into()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_encoded_and_its_token_is_sensitive() {
        let base: BaseUrl = "https://h/scim/v2".parse().unwrap();
        let operation = Operation::new("list users", "Users");
        let filter = "userName eq \"o'b&x\"".to_owned();
        let request = Request::get(operation, &["Users"], &[("filter", filter), ("startIndex", "1".to_owned())]);
        let request = request.build(&base, Some(&"planted-secret".into())).unwrap();
        assert_eq!(
            request.uri().to_string(),
            "https://h/scim/v2/Users?filter=userName%20eq%20%22o%27b%26x%22&startIndex=1"
        );
        assert_eq!(request.headers()["authorization"], "Bearer planted-secret");
        assert!(!format!("{request:?}").contains("planted-secret"));
    }

    #[test]
    fn a_token_with_a_line_break_is_refused_without_printing_it() {
        let base: BaseUrl = "https://h/scim/v2".parse().unwrap();
        let request = Request::get(Operation::new("list users", "Users"), &["Users"], &[]);
        let error = request.build(&base, Some(&"planted\nsecret".into())).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("planted"));
    }
}
