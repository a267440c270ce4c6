use std::collections::BTreeSet;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// Members, form fields and query parameters whose values are secrets, in lower case.
const SECRETS: &[&str] = &[
    "password",
    "token",
    "access_token",
    "refresh_token",
    "id_token",
    "client_secret",
    "client_assertion",
    "secret",
    "api_key",
    "apikey",
    "api_token",
    "private_key",
    "authorization",
    "assertion",
];

/// Attributes whose values name or describe a person, in lower case: RFC 7643 §4.1 and §4.3 without what
/// only classifies, and the words of the APIs around SCIM.
const PERSONAL: &[&str] = &[
    "username",
    "displayname",
    "nickname",
    "name",
    "formatted",
    "familyname",
    "givenname",
    "middlename",
    "honorificprefix",
    "honorificsuffix",
    "profileurl",
    "title",
    "emails",
    "phonenumbers",
    "ims",
    "photos",
    "addresses",
    "x509certificates",
    "employeenumber",
    "externalid",
    "display",
    "email",
    "mail",
    "upn",
    "first_name",
    "last_name",
    "full_name",
    "phone",
    "avatar",
    "actor_email",
    "actor_ip_address",
    "ip_address",
    "birthdate",
];

/// Headers that are recorded. All others may hold anything, so they are not.
const HEADERS: &[&str] = &[
    "accept",
    "authorization",
    "content-type",
    "date",
    "etag",
    "if-match",
    "if-none-match",
    "location",
    "prefer",
    "preference-applied",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "www-authenticate",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "cf-ray",
    "x-authentik-id",
    "x-request-id",
    "request-id",
    "x-correlation-id",
];

/// What a recording must not hold.
///
/// Secrets are always replaced: the credentials of `Authorization` and of every header marked
/// sensitive, the values of members such as `password` or `client_secret`, and what the caller names.
/// Personal data is replaced after [`personal_data`](Self::personal_data). Once a value is known it is
/// replaced wherever it occurs, in URLs, headers, keys and bodies, and by the same placeholder each
/// time; text that looks like an e-mail address is replaced anywhere.
///
/// What cannot be known: a name in free text, or in a path, before any exchange has called it somebody's
/// name. Read a recording of real people before you pass it on.
#[derive(Clone)]
pub struct Redaction {
    pub(super) personal: bool,
    pub(super) secrets: Vec<SecretString>,
    secret_names: BTreeSet<String>,
    personal_names: BTreeSet<String>,
    headers: BTreeSet<String>,
}

impl Redaction {
    /// Replaces secrets; keeps personal data.
    pub fn secrets() -> Self {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            personal: false,
            secrets: Vec::new(),
            secret_names: set(SECRETS),
            personal_names: set(PERSONAL),
            headers: set(HEADERS),
        }
    }

    /// Replaces personal data too, each value by one placeholder of its own: `{{person-1}}`.
    #[must_use]
    pub fn personal_data(mut self) -> Self {
        self.personal = true;
        self
    }

    /// Replaces this secret, whatever member it stands in.
    #[must_use]
    pub fn secret(mut self, secret: SecretString) -> Self {
        if !secret.expose_secret().is_empty() {
            self.secrets.push(secret);
        }
        self
    }

    /// Takes the values of this member, form field or query parameter (in any case) for secrets.
    #[must_use]
    pub fn secret_name(mut self, name: &str) -> Self {
        self.secret_names.insert(name.to_ascii_lowercase());
        self
    }

    /// Takes the values of this attribute (in any case) for personal data.
    #[must_use]
    pub fn personal_name(mut self, name: &str) -> Self {
        self.personal_names.insert(name.to_ascii_lowercase());
        self
    }

    /// Records this header too. Its value is searched for known values like any other text.
    #[must_use]
    pub fn header(mut self, name: &str) -> Self {
        self.headers.insert(name.to_ascii_lowercase());
        self
    }

    pub(super) fn is_secret(&self, name: &str) -> bool {
        self.secret_names.contains(&name.to_ascii_lowercase())
    }

    pub(super) fn is_personal(&self, name: &str) -> bool {
        self.personal && self.personal_names.contains(&name.to_ascii_lowercase())
    }

    /// Whether one of the names in a path (`name.givenName`, `urn:…:User:userName`) is personal.
    pub(super) fn is_personal_path(&self, path: &str) -> bool {
        path.split(['.', ':', '[', '(']).any(|name| self.is_personal(name))
    }

    pub(super) fn keeps_header(&self, name: &str) -> bool {
        self.headers.contains(name)
    }
}

impl Default for Redaction {
    fn default() -> Self {
        Self::secrets()
    }
}

impl fmt::Debug for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redaction").field("personal", &self.personal).finish_non_exhaustive()
    }
}
