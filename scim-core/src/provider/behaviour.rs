use std::time::Duration;

use crate::limits::Limits;
use crate::quirk::Quirks;
use crate::schema::AuthenticationScheme;

/// How a service provider behaves where the RFC leaves a choice, or where a real one leaves the RFC.
///
/// [`Behaviour::default`] is the letter of the RFC with everything switched on that it makes
/// optional, `/Me` apart. Fields are public so that a table of switches can be laid over it:
///
/// ```
/// use scim_core::provider::{Behaviour, PatchAnswer};
/// use scim_core::quirk::Quirks;
/// let mut behaviour = Behaviour::default();
/// behaviour.quirks = Quirks::ENTRA;
/// behaviour.patch_answer = PatchAnswer::NoContent;
/// behaviour.max_page_size = 50;
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Behaviour {
    /// Which deviations of clients are tolerated in bodies, PATCH and filters. Default: none.
    pub quirks: Quirks,
    /// Whether a resource in POST or PUT must name its schemas (RFC 7643 §3). Default: yes.
    pub require_schemas: bool,
    /// Whether a PATCH, bulk or search message must name its schema (RFC 7644 §3.5.2). Default: yes.
    pub require_message_schemas: bool,
    /// What happens to attributes that no schema knows. Default: they are ignored.
    pub unknown_attributes: UnknownAttributes,
    /// Whether members of groups must exist, where the store cares: [`MemoryStore`](super::MemoryStore) does.
    /// Default: no; the RFC asks for no such check, and clients that send a group before its members
    /// would fail on it.
    pub known_members: bool,
    /// What PUT does with readWrite attributes that its body leaves out (RFC 7644 §3.5.1). Default: it clears them.
    pub put_omitted: Omitted,
    /// How a successful PATCH is answered (RFC 7644 §3.5.2). Default: 200 with the resource.
    pub patch_answer: PatchAnswer,
    /// Whether PATCH is there; if not, it is answered 501. Default: yes.
    pub patch: bool,
    /// Whether `filter` is there; if not, it is answered 400 `invalidFilter`. Default: yes.
    pub filter: bool,
    /// Whether `sortBy` is obeyed (RFC 7644 §3.4.2.3); if not, it is ignored. Default: yes.
    pub sort: bool,
    /// Whether versions are sent and preconditions obeyed (RFC 7644 §3.14). Default: yes.
    pub etag: bool,
    /// Whether `POST …/.search` is there (RFC 7644 §3.4.3); if not, it is answered 404. Default: yes.
    pub search: bool,
    /// Whether the base URL itself can be searched over all resource types (RFC 7644 §3.4.2.1). Default: yes.
    pub root_query: bool,
    /// Whether `/Me` is served (RFC 7644 §3.11) for requests that carry a [`Subject`](super::Subject);
    /// if not, it is answered 501. Default: no.
    pub me: bool,
    /// Limits of bulk operations (RFC 7644 §3.7); `None`: `/Bulk` is answered 501.
    /// Default: 1,000 operations, 16 MiB.
    pub bulk: Option<BulkLimits>,
    /// Whether pages by cursor are there (RFC 9865). Default: yes.
    pub cursor: bool,
    /// How long a cursor lives. Default: 1 hour; `None`: for ever.
    pub cursor_lifetime: Option<Duration>,
    /// Resources in a page if the request does not say. Default: 100.
    pub default_page_size: usize,
    /// Most resources in a page; a larger `count` is cut to it. Default: 1,000.
    pub max_page_size: usize,
    /// Whether lists show what is expensive to show: the members of groups. Default: yes.
    pub members_in_lists: bool,
    /// What `meta` shows. Default: everything.
    pub meta: MetaShown,
    /// What discovery endpoints do with query parameters (RFC 7644 §4). Default: 403 for `filter`,
    /// the others ignored.
    pub discovery_query: DiscoveryQuery,
    /// Whether `/Schemas` also shows the schemas of the discovery documents themselves (RFC 7643
    /// §8.7.2). Default: yes.
    pub service_schemas: bool,
    /// Ways to authenticate, as `/ServiceProviderConfig` lists them. Default: OAuth bearer token.
    pub authentication_schemes: Vec<AuthenticationScheme>,
    /// Where people read about the service.
    pub documentation_uri: Option<String>,
    /// Longest body of a request other than `/Bulk`, in bytes; a longer one is answered 413. Default: 16 MiB.
    pub max_body: usize,
    /// Bounds on filters, paths and PATCH messages.
    pub limits: Limits,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            quirks: Quirks::STRICT,
            require_schemas: true,
            require_message_schemas: true,
            unknown_attributes: UnknownAttributes::Ignore,
            known_members: false,
            put_omitted: Omitted::Clear,
            patch_answer: PatchAnswer::Resource,
            patch: true,
            filter: true,
            sort: true,
            etag: true,
            search: true,
            root_query: true,
            me: false,
            bulk: Some(BulkLimits::default()),
            cursor: true,
            cursor_lifetime: Some(Duration::from_secs(3600)),
            default_page_size: 100,
            max_page_size: 1000,
            members_in_lists: true,
            meta: MetaShown::default(),
            discovery_query: DiscoveryQuery::ForbidFilter,
            service_schemas: true,
            authentication_schemes: vec![bearer_scheme()],
            documentation_uri: None,
            max_body: 16 * 1024 * 1024,
            limits: Limits::default(),
        }
    }
}

fn bearer_scheme() -> AuthenticationScheme {
    let text = |text: &str| Some(text.into());
    AuthenticationScheme {
        r#type: text("oauthbearertoken"),
        name: text("OAuth Bearer Token"),
        description: text("The token goes into the Authorization header of every request."),
        spec_uri: text("https://www.rfc-editor.org/info/rfc6750"),
        primary: Some(true),
        ..AuthenticationScheme::default()
    }
}

/// What happens to attributes that no schema knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum UnknownAttributes {
    /// They are dropped without a word: what most services do.
    #[default]
    Ignore,
    /// The request is refused, 400 `invalidSyntax`.
    Refuse,
}

/// What PUT does with readWrite attributes that its body leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Omitted {
    /// They are cleared: the resource becomes what the body says.
    #[default]
    Clear,
    /// They stay; `null` or `[]` clears them.
    Keep,
}

/// How a successful PATCH is answered. With `attributes` or `excludedAttributes` in the request the
/// answer is 200 either way, as RFC 7644 §3.5.2 demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum PatchAnswer {
    /// 200 with the whole resource.
    #[default]
    Resource,
    /// 204.
    NoContent,
}

/// What a discovery endpoint does with query parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum DiscoveryQuery {
    /// 403 for `filter` (RFC 7644 §4), everything else ignored.
    #[default]
    ForbidFilter,
    /// Everything ignored.
    Ignore,
    /// 400 for any parameter.
    Refuse,
}

/// Which members of `meta` an answer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetaShown {
    /// `created` and `lastModified`.
    pub dates: bool,
    /// `location`, and the `Location` header.
    pub location: bool,
    /// `version`; the `ETag` header hangs on [`Behaviour::etag`] alone.
    pub version: bool,
}

impl Default for MetaShown {
    fn default() -> Self {
        Self { dates: true, location: true, version: true }
    }
}

impl MetaShown {
    /// `resourceType` alone.
    pub const TYPE_ONLY: Self = Self { dates: false, location: false, version: false };
}

/// Limits of one bulk request (RFC 7644 §3.7.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkLimits {
    /// Most operations; more are answered 413.
    pub max_operations: usize,
    /// Most bytes of body; more are answered 413.
    pub max_payload: usize,
}

impl Default for BulkLimits {
    fn default() -> Self {
        Self { max_operations: 1000, max_payload: 16 * 1024 * 1024 }
    }
}
