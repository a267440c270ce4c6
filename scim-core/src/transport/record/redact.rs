//! Takes secrets and personal data out of one exchange.

use http::{HeaderMap, Method, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

use super::exchange::{Body, RecordedRequest, RecordedResponse};
use super::known::Known;
use super::redaction::Redaction;

/// What stays as it is in a recorded path: unreserved characters (RFC 3986 §2.3) and braces of holes.
const SEGMENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'{').remove(b'}');
/// Query parameters that only steer a list.
const STEERING: &[&str] = &[
    "startindex",
    "count",
    "sortby",
    "sortorder",
    "attributes",
    "excludedattributes",
    "page",
    "per_page",
    "page_size",
    "limit",
    "cursor",
    "direction",
    "order",
    "ordering",
];
/// Segments of paths below which `key` and `value` hold a token (authentik, Cloudflare).
const TOKEN_PATHS: &[&str] = &["tokens", "token", "view_key", "credentials"];
/// Members of a personal structure that only classify.
const CLASSES: &[&str] = &["type", "primary", "$ref"];

/// What applies to the value that is being looked at.
#[derive(Debug, Clone, Copy, Default)]
struct Sort {
    secret: bool,
    personal: bool,
}

/// The rules with what they have found so far.
#[derive(Debug)]
pub(super) struct Redactor {
    rules: Redaction,
    known: Known,
    /// Whether the exchange is about tokens, whose text stands in members of everyday names.
    about_tokens: bool,
}

impl Redactor {
    pub(super) fn new(rules: Redaction) -> Self {
        let mut known = Known::default();
        for secret in &rules.secrets {
            known.secret(secret.expose_secret());
        }
        Self { rules, known, about_tokens: false }
    }

    /// A request, without what must not be recorded.
    pub(super) fn request(&mut self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> RecordedRequest {
        // First, so that a token is known before the texts that may repeat it.
        let headers = self.headers(headers);
        self.about_tokens = uri.path().split('/').any(|segment| TOKEN_PATHS.contains(&segment));
        let query = uri.query().unwrap_or_default();
        RecordedRequest {
            method: method.as_str().to_owned(),
            host: uri.authority().map(|authority| self.text(authority.as_str())).unwrap_or_default(),
            path: self.path(uri.path()),
            query: self.pairs(url::form_urlencoded::parse(query.as_bytes())),
            body: self.body(&headers, body),
            headers,
        }
    }

    /// An answer, without what must not be recorded.
    pub(super) fn response(&mut self, status: u16, headers: &HeaderMap, body: &[u8]) -> RecordedResponse {
        let headers = self.headers(headers);
        RecordedResponse { status, body: self.body(&headers, body), headers }
    }

    fn text(&mut self, text: &str) -> String {
        self.known.replace(text, self.rules.personal)
    }

    fn headers(&mut self, headers: &HeaderMap) -> BTreeMap<String, String> {
        let mut out = BTreeMap::new();
        for (name, value) in headers {
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            if matches!(*name, http::header::COOKIE | http::header::SET_COOKIE) {
                // Not recorded; but a body may repeat the session.
                for (_, value) in text.split(';').filter_map(|pair| pair.split_once('=')).filter(|(_, v)| v.len() > 15)
                {
                    self.known.secret(value.trim());
                }
                continue;
            }
            let credentials = matches!(*name, http::header::AUTHORIZATION | http::header::PROXY_AUTHORIZATION);
            let written = if credentials || value.is_sensitive() {
                match text.split_once(' ') {
                    Some((scheme, secret)) if credentials => format!("{scheme} {}", self.known.secret(secret.trim())),
                    _ => self.known.secret(&text),
                }
            } else if name == http::header::LOCATION {
                self.url(&text)
            } else {
                self.text(&text)
            };
            if self.rules.keeps_header(name.as_str()) {
                out.insert(name.as_str().to_owned(), written);
            }
        }
        out
    }

    /// A path, segment by segment: what is known may stand in it percent-encoded.
    fn path(&mut self, path: &str) -> String {
        let segments = path.split('/').map(|segment| {
            let decoded = percent_decode_str(segment).decode_utf8_lossy();
            utf8_percent_encode(&self.text(&decoded), SEGMENT).to_string()
        });
        segments.collect::<Vec<_>>().join("/")
    }

    fn pairs<'a>(
        &mut self,
        pairs: impl Iterator<Item = (std::borrow::Cow<'a, str>, std::borrow::Cow<'a, str>)>,
    ) -> Vec<(String, String)> {
        pairs
            .map(|(name, value)| {
                let written = self.pair(&name, &value);
                (self.text(&name), written)
            })
            .collect()
    }

    fn pair(&mut self, name: &str, value: &str) -> String {
        if value.is_empty() {
            String::new()
        } else if self.rules.is_secret(name) {
            self.known.secret(value)
        } else if name.eq_ignore_ascii_case("filter") {
            self.filter(value)
        } else if STEERING.contains(&name.to_ascii_lowercase().as_str()) {
            self.known.replace(value, false)
        } else if self.rules.is_personal_path(&name.replace("__", ".")) || self.rules.personal && name == "search" {
            self.known.person(value)
        } else {
            self.text(value)
        }
    }

    fn body(&mut self, headers: &BTreeMap<String, String>, body: &[u8]) -> Body {
        if body.is_empty() {
            return Body::Empty;
        }
        let Ok(text) = std::str::from_utf8(body) else { return Body::Bytes(body.len()) };
        if let Ok(value) = serde_json::from_str(text) {
            return Body::Json(self.value(value, Sort::default()));
        }
        let media = headers.get("content-type").map(String::as_str).unwrap_or_default();
        if media.starts_with("application/x-www-form-urlencoded") {
            return Body::Form(self.pairs(url::form_urlencoded::parse(body)));
        }
        Body::Text(self.text(text))
    }

    fn value(&mut self, value: Value, sort: Sort) -> Value {
        match value {
            Value::String(text) => Value::String(self.string(&text, sort)),
            Value::Number(number) if sort.secret || sort.personal => {
                Value::String(self.string(&number.to_string(), sort))
            }
            Value::Array(list) => list.into_iter().map(|value| self.value(value, sort)).collect(),
            Value::Object(object) => Value::Object(self.object(object, sort)),
            other => other,
        }
    }

    fn string(&mut self, text: &str, sort: Sort) -> String {
        if text.is_empty() {
            String::new()
        } else if sort.secret {
            self.known.secret(text)
        } else if sort.personal {
            self.known.person(text)
        } else {
            self.text(text)
        }
    }

    fn object(&mut self, object: Map<String, Value>, outer: Sort) -> Map<String, Value> {
        let patched = object.get("path").and_then(Value::as_str).filter(|_| object.contains_key("op"));
        let patched = patched.map(|path| Sort {
            secret: path.split(['.', ':']).any(|name| self.rules.is_secret(name)),
            personal: self.rules.is_personal_path(path),
        });
        let about_person = ["username", "userName", "email", "emails"].iter().any(|name| object.contains_key(*name));
        object
            .into_iter()
            .map(|(name, value)| {
                let mut sort = outer;
                sort.secret |= self.rules.is_secret(&name);
                sort.secret |= self.about_tokens && matches!(name.as_str(), "key" | "value") && value.is_string();
                // A `name` with parts is a person's; a plain one also belongs to schemas, roles and rules.
                let whose = name != "name" || value.is_object() || about_person;
                sort.personal |= self.rules.is_personal(&name) && whose;
                if CLASSES.contains(&name.as_str()) {
                    sort.personal = false;
                }
                if let ("value", Some(patched)) = (name.as_str(), patched) {
                    sort = Sort { secret: sort.secret || patched.secret, personal: sort.personal || patched.personal };
                }
                let value = match (name.as_str(), &value) {
                    ("path", Value::String(path)) if patched.is_some() => Value::String(self.filter(path)),
                    ("filter", Value::String(filter)) => Value::String(self.filter(filter)),
                    ("$ref" | "location" | "href" | "next" | "previous", Value::String(url)) if !sort.secret => {
                        Value::String(self.url(url))
                    }
                    _ => self.value(value, sort),
                };
                (self.text(&name), value)
            })
            .collect()
    }

    /// A URL within a text: what is known may stand in it percent-encoded.
    fn url(&mut self, url: &str) -> String {
        if !url.contains('%') {
            return self.text(url);
        }
        let decoded = percent_decode_str(url).decode_utf8_lossy().into_owned();
        let mut plain = String::new();
        super::template::escape(&decoded, &mut plain);
        let redacted = self.text(&decoded);
        // Where nothing had to be replaced, the encoding is worth keeping.
        if redacted == plain { self.text(url) } else { redacted }
    }

    /// A filter or a PATCH path: the quoted values that are compared with something personal. By the
    /// look of it and not by the parser, so that a malformed one gives nothing away either.
    fn filter(&mut self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('"') {
            let end = closing_quote(after);
            let (quoted, closed) = (after.get(..end).unwrap_or_default(), end < after.len());
            let mut words = before.split_whitespace().rev();
            let (_operator, attribute) = (words.next(), words.next());
            // The attribute may stand in front of a bracket: `emails[value eq "…"]`.
            let outer = text.split('[').next().filter(|_| text.contains('['));
            let personal = match attribute {
                Some(name) if CLASSES.contains(&name.rsplit(['[', '(', '.']).next().unwrap_or_default()) => false,
                Some(name) => [Some(name), outer].into_iter().flatten().any(|path| self.rules.is_personal_path(path)),
                None => self.rules.personal,
            };
            out.push_str(&self.text(before));
            out.push('"');
            out.push_str(&self.string(quoted, Sort { secret: false, personal }));
            if closed {
                out.push('"');
            }
            rest = after.get(end + 1..).unwrap_or_default();
        }
        out.push_str(&self.text(rest));
        out
    }
}

/// Where a JSON string ends; the length of the text if it does not.
fn closing_quote(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if !escaped => return at,
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}
