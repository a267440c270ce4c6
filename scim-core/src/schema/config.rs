use crate::Text;
use crate::resource::Meta;
use crate::resource::wire::wire_struct;

wire_struct! {
    /// Whether a feature is there.
    pub struct Supported {
        /// Whether it is.
        supported: Option<bool> = "supported",
    }
}

wire_struct! {
    /// Bulk operations (RFC 7644 §3.7).
    pub struct BulkSupport {
        /// Whether they are there.
        supported: Option<bool> = "supported",
        /// Most operations in one request.
        max_operations: Option<u64> = "maxOperations",
        /// Most bytes in one request.
        max_payload_size: Option<u64> = "maxPayloadSize",
    }
}

wire_struct! {
    /// Filters (RFC 7644 §3.4.2.2).
    pub struct FilterSupport {
        /// Whether they are there.
        supported: Option<bool> = "supported",
        /// Most resources in one answer.
        max_results: Option<u64> = "maxResults",
    }
}

wire_struct! {
    /// A way to authenticate (RFC 7643 §5).
    pub struct AuthenticationScheme {
        /// `oauth`, `oauth2`, `oauthbearertoken`, `httpbasic` or `httpdigest`.
        r#type: Option<Text> = "type",
        /// Name for people.
        name: Option<Text> = "name",
        /// Text for people.
        description: Option<Text> = "description",
        /// URI of its specification.
        spec_uri: Option<Text> = "specUri",
        /// URI of its documentation.
        documentation_uri: Option<Text> = "documentationUri",
        /// The preferred one.
        primary: Option<bool> = "primary",
    }
}

wire_struct! {
    /// Paging (RFC 9865 §4).
    pub struct Pagination {
        /// Whether `cursor` works.
        cursor: Option<bool> = "cursor",
        /// Whether `startIndex` works.
        index: Option<bool> = "index",
        /// `cursor` or `index`: what an answer without either parameter uses.
        default_pagination_method: Option<Text> = "defaultPaginationMethod",
        /// Resources in a page if the request does not say.
        default_page_size: Option<u64> = "defaultPageSize",
        /// Most resources in a page.
        max_page_size: Option<u64> = "maxPageSize",
        /// Seconds that a cursor lives.
        cursor_timeout: Option<u64> = "cursorTimeout",
    }
}

wire_struct! {
    /// Security events (RFC 9967).
    pub struct SecurityEvents {
        /// `none`, `long` or `request`.
        async_request: Option<Text> = "asyncRequest",
        /// URIs of the events that are sent.
        event_uris: Vec<Text> = "eventUris",
    }
}

wire_struct! {
    /// What a service provider can do (RFC 7643 §5), served at `/ServiceProviderConfig`.
    ///
    /// Claims, not proof: several servers announce what they do not have.
    pub struct ServiceProviderConfig {
        /// Schema URIs of the document.
        schemas: Vec<Text> = "schemas",
        /// Documentation for people.
        documentation_uri: Option<Text> = "documentationUri",
        /// PATCH.
        patch: Option<Supported> = "patch",
        /// Bulk.
        bulk: Option<BulkSupport> = "bulk",
        /// Filters.
        filter: Option<FilterSupport> = "filter",
        /// Changing one's own password.
        change_password: Option<Supported> = "changePassword",
        /// Sorting.
        sort: Option<Supported> = "sort",
        /// Versions.
        etag: Option<Supported> = "etag",
        /// Ways to authenticate.
        authentication_schemes: Vec<AuthenticationScheme> = "authenticationSchemes",
        /// Paging, RFC 9865.
        pagination: Option<Pagination> = "pagination",
        /// Security events, RFC 9967.
        security_events: Option<SecurityEvents> = "securityEvents",
        /// What the service provider says about the document.
        meta: Option<Meta> = "meta",
    }
}

impl ServiceProviderConfig {
    /// Whether PATCH is announced.
    pub fn supports_patch(&self) -> bool {
        self.patch.as_ref().and_then(|s| s.supported) == Some(true)
    }

    /// Whether filters are announced.
    pub fn supports_filter(&self) -> bool {
        self.filter.as_ref().and_then(|s| s.supported) == Some(true)
    }

    /// Whether bulk is announced.
    pub fn supports_bulk(&self) -> bool {
        self.bulk.as_ref().and_then(|s| s.supported) == Some(true)
    }

    /// Whether versions are announced.
    pub fn supports_etag(&self) -> bool {
        self.etag.as_ref().and_then(|s| s.supported) == Some(true)
    }
}
