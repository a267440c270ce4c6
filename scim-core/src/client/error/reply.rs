use serde::de::DeserializeOwned;
use serde_json::Value;

use super::redact::Sent;
use super::{Error, ErrorKind};
use crate::client::versions::Version;
use crate::message::ScimError;
use crate::resource::{ResourceId, ScimResource};
use crate::transport::{Answer, Operation};

/// A 2xx together with what was asked: decodes, and tells failures without repeating personal data.
pub(in crate::client) struct Reply {
    pub(in crate::client) operation: Operation,
    pub(in crate::client) answer: Answer,
    sent: Sent,
}

impl Reply {
    /// Lets a 2xx pass; everything else is an error with what the server said.
    pub(in crate::client) fn check(operation: Operation, sent: Sent, answer: Answer) -> Result<Self, Error> {
        let Some(kind) = ErrorKind::of_status(answer.status.as_u16()) else {
            return Ok(Self { operation, answer, sent });
        };
        let mut error = Error::new(operation, kind, sent.is_write);
        error.0.scim = read_scim_error(&answer.body);
        error.0.detail = said(error.0.scim.as_ref(), &answer, &sent);
        error.0.answer = Some(answer);
        Err(error)
    }

    /// No body, or `{}` (Google): done, and nothing to read.
    pub(in crate::client) fn is_blank(&self) -> bool {
        let body = self.answer.body.iter().filter(|byte| !byte.is_ascii_whitespace());
        let mut first = [0; 3];
        let came = first.iter_mut().zip(body).map(|(to, from)| *to = *from).count();
        matches!((came, first), (0, _) | (2, [b'{', b'}', _]))
    }

    /// The version that the answer's `ETag` names.
    pub(in crate::client) fn etag(&self) -> Option<Version> {
        Version::of_header(self.answer.headers.get(http::header::ETAG)?)
    }

    /// Reads the body.
    pub(in crate::client) fn decode<T: DeserializeOwned>(&self) -> Result<T, Error> {
        if is_error_in_disguise(&self.answer.body) {
            let mut out = self.unreadable("the status says success, the body is a SCIM error".to_owned());
            out.0.scim = read_scim_error(&self.answer.body);
            return Err(out);
        }
        if !self.answer.is_json() {
            let detail = match self.answer.excerpt() {
                excerpt if excerpt.is_empty() => "the body is empty".to_owned(),
                excerpt => format!("the body is not JSON: {}", self.sent.redact(&excerpt)),
            };
            return Err(self.unreadable(detail));
        }
        match serde_json::from_slice(&self.answer.body) {
            Ok(value) => Ok(value),
            Err(source) => {
                let detail = format!(
                    "the body is not what was asked for: {}",
                    super::redact::without_values(&source.to_string())
                );
                Err(self.unreadable(self.sent.redact(&detail)))
            }
        }
    }

    /// Reads the one resource that was asked for; `{}` or another resource is none.
    pub(in crate::client) fn resource<R: ScimResource>(&self, asked: Option<&ResourceId>) -> Result<R, Error> {
        if self.is_blank() && !self.answer.body.is_empty() {
            return Err(self.unreadable("the body is an object without members".to_owned()));
        }
        let resource: R = self.decode()?;
        match (asked, resource.id()) {
            (Some(asked), Some(came)) if came != asked => Err(self.wrong(format!("the answer is about {came}"))),
            _ => Ok(resource),
        }
    }

    /// The answer to a write on one resource: the resource, or `None` for 204, an empty body or `{}`.
    pub(in crate::client) fn written<R: ScimResource>(&self, asked: &ResourceId) -> Result<Option<R>, Error> {
        if self.is_blank() { Ok(None) } else { self.resource(Some(asked)).map(Some) }
    }

    /// A write whose answer says nothing: a body is let pass if it can be one of SCIM's.
    pub(in crate::client) fn done(&self) -> Result<(), Error> {
        if self.is_blank() { Ok(()) } else { self.decode::<serde::de::IgnoredAny>().map(drop) }
    }

    pub(in crate::client) fn unreadable(&self, detail: String) -> Error {
        let mut error = Error::new(self.operation.clone(), ErrorKind::UnreadableBody, self.sent.is_write);
        error.0.detail = Some(detail);
        error.0.answer = Some(self.answer.clone());
        error
    }

    /// What came is no list: an empty one it must not pass for.
    pub(in crate::client) fn no_list(&self) -> Error {
        let mut error = self.unreadable("the answer is no list".to_owned());
        error.0.kind = ErrorKind::InconsistentList;
        error
    }

    pub(in crate::client) fn wrong(&self, detail: String) -> Error {
        let mut error = self.unreadable(detail);
        error.0.kind = ErrorKind::WrongResource;
        error
    }
}

/// What the server said, in one line without what the request held.
fn said(scim: Option<&ScimError>, answer: &Answer, sent: &Sent) -> Option<String> {
    let text = match scim.and_then(|scim| scim.detail.as_deref()) {
        Some(detail) => detail.chars().take(500).map(|c| if c.is_control() { ' ' } else { c }).collect(),
        None => answer.excerpt(),
    };
    Some(sent.redact(&text)).filter(|text| !text.is_empty())
}

/// A SCIM error under a 2xx. Looked for in small bodies only: resources are not to be parsed twice.
fn is_error_in_disguise(body: &[u8]) -> bool {
    const LARGEST: usize = 8 * 1024;
    const MARK: &[u8] = b":Error\"";
    body.len() <= LARGEST
        && body.windows(MARK.len()).any(|window| window == MARK)
        && read_scim_error(body).is_some_and(|error| error.status >= 400 || error.status == 0)
}

/// A body is a SCIM error if it says so or carries one of its members beside no resource's; a v4
/// envelope, a page of HTML or an empty body is none.
fn read_scim_error(body: &[u8]) -> Option<ScimError> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let object = value.as_object()?;
    let names_it = object.get("schemas").is_some_and(|schemas| schemas.to_string().contains(":Error"));
    let has_members = ["scimType", "detail"].iter().any(|name| object.get(*name).is_some_and(Value::is_string));
    let is_resource =
        object.contains_key("id") || object.contains_key("Resources") || object.contains_key("Operations");
    (names_it || (has_members && !is_resource)).then(|| serde_json::from_value(value).ok())?
}
