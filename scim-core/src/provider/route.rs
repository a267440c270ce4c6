//! Which of the endpoints of RFC 7644 §3.2 a path names.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::message::{ScimError, ScimType};
use crate::provider::Kind;
use crate::provider::refusal::{bad, plain};

/// Everything that RFC 3986 does not allow in a path segment, and `%` itself.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The text as one segment of a path.
pub(super) fn segment(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, SEGMENT)
}

/// An endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// The base URL, for queries over all types.
    Root,
    /// `/.search`
    RootSearch,
    /// `/Users`; the index of the kind.
    Endpoint(usize),
    /// `/Users/.search`
    Search(usize),
    /// `/Users/{id}`
    Resource(usize, String),
    /// `/Me`
    Me,
    /// `/Bulk`
    Bulk,
    /// `/ServiceProviderConfig`
    Config,
    /// `/Schemas`
    Schemas,
    /// `/Schemas/{urn}`
    Schema(String),
    /// `/ResourceTypes`
    ResourceTypes,
    /// `/ResourceTypes/{name}`
    ResourceType(String),
}

/// Finds the endpoint of a path below `base`, which has no slash at its end.
pub(super) fn route(base: &str, kinds: &[Kind], path: &str) -> Result<Route, ScimError> {
    let Some(rest) = path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/')) else {
        return Err(other_version(base, path).unwrap_or_else(nothing_there));
    };
    relative(kinds, rest)
}

/// Finds the endpoint of a path relative to the base URL, as bulk operations name it.
pub(super) fn relative(kinds: &[Kind], path: &str) -> Result<Route, ScimError> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Ok(Route::Root);
    }
    let mut segments = path.split('/');
    let first = decode(segments.next().unwrap_or_default())?;
    let second = segments.next().map(decode).transpose()?;
    if segments.next().is_some() || second.as_deref() == Some("") {
        return Err(nothing_there());
    }
    if let Some(kind) = kinds.iter().position(|kind| kind.endpoint() == first) {
        return Ok(match second {
            None => Route::Endpoint(kind),
            Some(search) if search == ".search" => Route::Search(kind),
            Some(id) => Route::Resource(kind, id),
        });
    }
    match (first.as_str(), second) {
        (".search", None) => Ok(Route::RootSearch),
        ("Me", None) => Ok(Route::Me),
        ("Bulk", None) => Ok(Route::Bulk),
        ("ServiceProviderConfig", None) => Ok(Route::Config),
        ("Schemas", None) => Ok(Route::Schemas),
        ("Schemas", Some(urn)) => Ok(Route::Schema(urn)),
        ("ResourceTypes", None) => Ok(Route::ResourceTypes),
        ("ResourceTypes", Some(name)) => Ok(Route::ResourceType(name)),
        _ => Err(nothing_there()),
    }
}

fn decode(segment: &str) -> Result<String, ScimError> {
    let text = percent_decode_str(segment).decode_utf8().map_err(|_| nothing_there())?;
    Ok(text.into_owned())
}

fn nothing_there() -> ScimError {
    plain(404, "there is no such endpoint; /ResourceTypes lists the ones for resources")
}

/// `/scim/v1/Users` on a service at `/scim/v2` (RFC 7644 §3.13).
fn other_version(base: &str, path: &str) -> Option<ScimError> {
    let (stem, ours) = base.rsplit_once("/v")?;
    let theirs = path.strip_prefix(stem)?.strip_prefix("/v")?;
    let theirs = theirs.split('/').next()?;
    let version = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (version(ours) && version(theirs)).then(|| {
        bad(ScimType::InvalidVers, format_args!("SCIM version {theirs} is not served here; version {ours} is"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(path: &str) -> Result<Route, u16> {
        let kinds = [Kind::user(), Kind::group()];
        route("/scim/v2", &kinds, path).map_err(|error| error.status)
    }

    #[test]
    fn finds_endpoints() {
        assert_eq!(find("/scim/v2"), Ok(Route::Root));
        assert_eq!(find("/scim/v2/"), Ok(Route::Root));
        assert_eq!(find("/scim/v2/Users/"), Ok(Route::Endpoint(0)));
        assert_eq!(find("/scim/v2/Groups/.search"), Ok(Route::Search(1)));
        assert_eq!(find("/scim/v2/Users/a%2Fb%20c"), Ok(Route::Resource(0, "a/b c".to_owned())));
        assert_eq!(find("/scim/v2/Me"), Ok(Route::Me));
        assert_eq!(find("/scim/v2/Schemas/urn:x"), Ok(Route::Schema("urn:x".to_owned())));
        for nowhere in [
            "/scim/v2/users",
            "/scim/v2/Users/1/2",
            "/scim/v2x/Users",
            "/",
            "",
            "/scim/v2/Users//",
            "/scim/v2/Users/%ff",
        ] {
            assert_eq!(find(nowhere), Err(404), "{nowhere}");
        }
        assert_eq!(find("/scim/v1/Users"), Err(400));
    }
}
