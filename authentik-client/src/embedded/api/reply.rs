//! Answers as authentik gives them.

use http::StatusCode;

use super::super::engine::task::TaskId;
use super::super::json::{Json, object};

/// An answer before it is written.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Body,
    pub(crate) location: Option<String>,
}

/// Its body.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    Json(Json),
    /// Empty without a content type.
    Empty,
    /// Empty with `text/html`: what a crash looks like.
    EmptyHtml,
    /// The page for unknown paths.
    Html,
}

/// A finished answer, or one that waits for a task of `sync/object`.
#[derive(Debug)]
pub(crate) enum Reply {
    Now(Answer),
    WaitFor(TaskId),
}

/// A handler's outcome: both sides are answers.
pub(crate) type Outcome = Result<Answer, Answer>;

impl Answer {
    fn new(status: StatusCode, body: Body) -> Self {
        Self { status, body, location: None }
    }

    pub(crate) fn ok(body: Json) -> Self {
        Self::new(StatusCode::OK, Body::Json(body))
    }

    pub(crate) fn created(body: Json) -> Self {
        Self::new(StatusCode::CREATED, Body::Json(body))
    }

    pub(crate) fn no_content() -> Self {
        Self::new(StatusCode::NO_CONTENT, Body::Empty)
    }

    /// `{"detail": text}`.
    pub(crate) fn detail(status: StatusCode, text: &str) -> Self {
        Self::new(status, Body::Json(object! { "detail" => text }))
    }

    /// 400 with one field's message.
    pub(crate) fn field(name: &str, message: impl Into<String>) -> Self {
        let messages = Json::list([message.into()]);
        Self::new(StatusCode::BAD_REQUEST, Body::Json(Json::Object(vec![(name.to_owned(), messages)])))
    }

    pub(crate) fn bad_request(body: Json) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Body::Json(body))
    }

    pub(crate) fn empty_bad_request() -> Self {
        Self::new(StatusCode::BAD_REQUEST, Body::Empty)
    }

    /// `No User matches the given query.`
    pub(crate) fn no_match(model: &str) -> Self {
        Self::detail(StatusCode::NOT_FOUND, &format!("No {model} matches the given query."))
    }

    /// For a malformed id.
    pub(crate) fn not_found() -> Self {
        Self::detail(StatusCode::NOT_FOUND, "Not found.")
    }

    pub(crate) fn forbidden() -> Self {
        Self::detail(StatusCode::FORBIDDEN, "You do not have permission to perform this action.")
    }

    pub(crate) fn method(method: &http::Method) -> Self {
        Self::detail(StatusCode::METHOD_NOT_ALLOWED, &format!("Method \"{method}\" not allowed."))
    }

    /// A crash inside authentik, on every method but GET and HEAD.
    pub(crate) fn crash() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, Body::EmptyHtml)
    }

    /// An unknown path.
    pub(crate) fn page_not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, Body::Html)
    }
}

/// What an unknown path shows; authentik's own page is longer.
pub(crate) const NOT_FOUND_PAGE: &str = "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"UTF-8\"><title>Not \
     Found - authentik</title></head>\n<body><h1>Not Found</h1></body>\n</html>\n";
