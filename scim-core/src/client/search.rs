use http::Method;

use super::request::Request;
use super::{Error, ScimClient};
use crate::message::{ListResponse, SearchRequest};
use crate::resource::Resource;
use crate::transport::Operation;

impl ScimClient {
    /// One page of a search over resources of every type (`POST /.search`, RFC 7644 §3.4.3). Lists of
    /// one type, read to their end, are better asked for by
    /// [`ListRequest::by_post`](super::ListRequest::by_post).
    ///
    /// # Errors
    /// See [`Error`]; [`ErrorKind::Unsupported`](super::ErrorKind::Unsupported) or
    /// [`ErrorKind::NotFound`](super::ErrorKind::NotFound) if the server has no such endpoint.
    pub async fn search(&self, search: &SearchRequest) -> Result<ListResponse<Resource>, Error> {
        let operation = Operation::new("search resources", ".search");
        let request = Request::new(operation, Method::POST, &[".search"]).body(search).reading();
        self.call(request).await?.decode()
    }
}
