use std::fmt;
use std::str::FromStr;

use http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

/// Everything but the unreserved characters of RFC 3986 §2.3.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where a service lives: scheme, host and a path prefix.
///
/// Every URL that a client requests is built from it, one encoded segment at a time, and never from
/// a URL that a server sent (`meta.location`, `$ref`, `next`). Printed without a trailing slash.
///
/// ```
/// use scim_core::transport::BaseUrl;
///
/// let base: BaseUrl = "https://scim.example.com/scim/v2/".parse()?;
/// let url = base.url(&["Users", "a/b"], &[("filter", "userName eq \"x\"")])?;
/// assert_eq!(url.to_string(), "https://scim.example.com/scim/v2/Users/a%2Fb?filter=userName%20eq%20%22x%22");
/// # Ok::<(), scim_core::transport::InvalidBaseUrl>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BaseUrl(String);

/// A text is no base URL, or a URL could not be built from it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct InvalidBaseUrl {
    reason: &'static str,
}

impl BaseUrl {
    /// The URL of `segments` below the base, each percent-encoded, with the query `pairs`.
    ///
    /// # Errors
    /// If a segment is empty, `.` or `..` (it would name another resource), or if the URL is longer
    /// than HTTP allows (64 KiB).
    pub fn url(&self, segments: &[&str], pairs: &[(&str, &str)]) -> Result<Uri, InvalidBaseUrl> {
        let mut url = self.0.clone();
        for segment in segments {
            if matches!(*segment, "" | "." | "..") {
                return Err(InvalidBaseUrl { reason: "an id in the path is empty, `.` or `..`" });
            }
            url.push('/');
            url.extend(utf8_percent_encode(segment, SEGMENT));
        }
        push_query(&mut url, pairs);
        url.parse().map_err(|_| InvalidBaseUrl { reason: "the URL is too long" })
    }

    /// As [`url`](Self::url), with the trailing slash that some services demand (authentik).
    ///
    /// # Errors
    /// As [`url`](Self::url).
    pub fn url_with_slash(&self, segments: &[&str], pairs: &[(&str, &str)]) -> Result<Uri, InvalidBaseUrl> {
        let mut url = self.url(segments, &[])?.to_string();
        if !url.ends_with('/') {
            url.push('/');
        }
        push_query(&mut url, pairs);
        url.parse().map_err(|_| InvalidBaseUrl { reason: "the URL is too long" })
    }

    /// A base below this one.
    ///
    /// # Errors
    /// As [`url`](Self::url).
    pub fn join(&self, segments: &[&str]) -> Result<Self, InvalidBaseUrl> {
        self.url(segments, &[])?.to_string().parse()
    }

    /// The base as text, without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Host and port, as in `Host`.
    pub fn authority(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default()
    }
}

fn push_query(url: &mut String, pairs: &[(&str, &str)]) {
    for (index, (name, value)) in pairs.iter().enumerate() {
        url.push(if index == 0 { '?' } else { '&' });
        url.extend(utf8_percent_encode(name, SEGMENT));
        url.push('=');
        url.extend(utf8_percent_encode(value, SEGMENT));
    }
}

impl FromStr for BaseUrl {
    type Err = InvalidBaseUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |reason| InvalidBaseUrl { reason };
        let url = Url::parse(text.trim()).map_err(|error| match error {
            url::ParseError::RelativeUrlWithoutBase => invalid("the URL needs a scheme: https://…"),
            url::ParseError::EmptyHost => invalid("the URL names no host"),
            _ => invalid("not a URL"),
        })?;
        if url.scheme() != "http" && url.scheme() != "https" {
            return Err(invalid("the URL's scheme must be https or http"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("the URL must not hold a user name or password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("the URL must have neither query nor fragment"));
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_ids_arrive_encoded_or_are_refused() {
        let base: BaseUrl = "http://127.0.0.1:8080/scim/v2".parse().unwrap();
        for (id, path) in [
            ("../x", "/scim/v2/Users/..%2Fx"),
            ("a%2Fb", "/scim/v2/Users/a%252Fb"),
            ("?", "/scim/v2/Users/%3F"),
            ("\0", "/scim/v2/Users/%00"),
            ("é#", "/scim/v2/Users/%C3%A9%23"),
        ] {
            let url = base.url(&["Users", id], &[]).unwrap();
            assert_eq!(url.path(), path);
            assert_eq!(url.query(), None);
        }
        for id in ["", ".", ".."] {
            assert!(base.url(&["Users", id], &[]).is_err(), "{id:?}");
        }
    }

    #[test]
    fn a_base_without_host_or_with_credentials_is_refused() {
        for text in ["", "x", "/scim", "ftp://h/", "https://u:p@h/", "https://h/?a=b", "https://h/#f", "http://"] {
            assert!(text.parse::<BaseUrl>().is_err(), "{text:?}");
        }
        assert_eq!("https://h//".parse::<BaseUrl>().unwrap().as_str(), "https://h");
        assert_eq!("https://Bücher.example".parse::<BaseUrl>().unwrap().authority(), "xn--bcher-kva.example");
        assert_eq!("https://h:1/a/".parse::<BaseUrl>().unwrap().authority(), "h:1");
    }

    #[test]
    fn a_slash_is_added_where_asked_for() {
        let base: BaseUrl = "http://h/api/v3".parse().unwrap();
        let url = base.url_with_slash(&["core", "users"], &[("page", "2")]).unwrap();
        assert_eq!(url.to_string(), "http://h/api/v3/core/users/?page=2");
    }
}
