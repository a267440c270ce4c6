use jiff::Timestamp;

use super::Direction;

/// What an audit log query can select by (audit logs v2). Each field may be asked for several times,
/// and each has a twin that excludes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuditField {
    /// The account's name.
    AccountName,
    /// `success` or `failure`.
    ActionResult,
    /// `create`, `delete`, `view` or `update`.
    ActionType,
    /// `api_key`, `api_token`, `dash`, `oauth` or `origin_ca_key`.
    ActorContext,
    /// The actor's e-mail address.
    ActorEmail,
    /// The actor's id.
    ActorId,
    /// Where the actor's request came from.
    ActorIpAddress,
    /// The id of the actor's token.
    ActorTokenId,
    /// The name of the actor's token.
    ActorTokenName,
    /// `account`, `cloudflare_admin`, `system` or `user`.
    ActorType,
    /// The entry's id.
    AuditLogId,
    /// The entry's id, by its older name.
    Id,
    /// The ray id of the request.
    RawCfRayId,
    /// The method of the request.
    RawMethod,
    /// The status of the answer.
    RawStatusCode,
    /// The path of the request.
    RawUri,
    /// The id of what was acted on.
    ResourceId,
    /// The product it belongs to.
    ResourceProduct,
    /// Its kind.
    ResourceType,
    /// `accounts`, `user`, `zones` or `memberships`.
    ResourceScope,
    /// The zone's id.
    ZoneId,
    /// The zone's name.
    ZoneName,
}

impl AuditField {
    /// Every field.
    pub const ALL: [Self; 22] = [
        Self::AccountName,
        Self::ActionResult,
        Self::ActionType,
        Self::ActorContext,
        Self::ActorEmail,
        Self::ActorId,
        Self::ActorIpAddress,
        Self::ActorTokenId,
        Self::ActorTokenName,
        Self::ActorType,
        Self::AuditLogId,
        Self::Id,
        Self::RawCfRayId,
        Self::RawMethod,
        Self::RawStatusCode,
        Self::RawUri,
        Self::ResourceId,
        Self::ResourceProduct,
        Self::ResourceType,
        Self::ResourceScope,
        Self::ZoneId,
        Self::ZoneName,
    ];

    /// The names of the query parameters: selecting and excluding.
    fn names(self) -> (&'static str, &'static str) {
        macro_rules! pair {
            ($name:literal) => {
                ($name, concat!($name, ".not"))
            };
        }
        match self {
            Self::AccountName => pair!("account_name"),
            Self::ActionResult => pair!("action_result"),
            Self::ActionType => pair!("action_type"),
            Self::ActorContext => pair!("actor_context"),
            Self::ActorEmail => pair!("actor_email"),
            Self::ActorId => pair!("actor_id"),
            Self::ActorIpAddress => pair!("actor_ip_address"),
            Self::ActorTokenId => pair!("actor_token_id"),
            Self::ActorTokenName => pair!("actor_token_name"),
            Self::ActorType => pair!("actor_type"),
            Self::AuditLogId => pair!("audit_log_id"),
            Self::Id => pair!("id"),
            Self::RawCfRayId => pair!("raw_cf_ray_id"),
            Self::RawMethod => pair!("raw_method"),
            Self::RawStatusCode => pair!("raw_status_code"),
            Self::RawUri => pair!("raw_uri"),
            Self::ResourceId => pair!("resource_id"),
            Self::ResourceProduct => pair!("resource_product"),
            Self::ResourceType => pair!("resource_type"),
            Self::ResourceScope => pair!("resource_scope"),
            Self::ZoneId => pair!("zone_id"),
            Self::ZoneName => pair!("zone_name"),
        }
    }

    /// The name of the query parameter: `action_type`.
    pub fn name(self) -> &'static str {
        self.names().0
    }

    /// The name of its twin that excludes: `action_type.not`.
    pub fn excluding_name(self) -> &'static str {
        self.names().1
    }
}

/// Which entries of the audit log: a span of time, which the API demands, and what else they have to
/// be.
///
/// ```
/// use cloudflare_scim::{AuditField, AuditQuery, Direction};
///
/// let query = AuditQuery::between("2026-08-01T00:00:00Z".parse()?, "2026-08-02T00:00:00Z".parse()?)
///     .only(AuditField::ActionType, "create")
///     .only(AuditField::ActionType, "update")
///     .without(AuditField::ActorContext, "dash")
///     .direction(Direction::Ascending);
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditQuery {
    pub(super) since: Timestamp,
    pub(super) before: Timestamp,
    pub(super) filters: Vec<(&'static str, String)>,
    pub(super) direction: Option<Direction>,
    pub(super) limit: u32,
}

impl AuditQuery {
    /// The entries from `since` (inclusive) to `before`.
    pub fn between(since: Timestamp, before: Timestamp) -> Self {
        Self { since, before, filters: Vec::new(), direction: None, limit: 1000 }
    }

    /// Only entries with this value; several values of one field are alternatives.
    #[must_use]
    pub fn only(mut self, field: AuditField, value: impl Into<String>) -> Self {
        self.filters.push((field.name(), value.into()));
        self
    }

    /// No entry with this value.
    #[must_use]
    pub fn without(mut self, field: AuditField, value: impl Into<String>) -> Self {
        self.filters.push((field.excluding_name(), value.into()));
        self
    }

    /// Only entries of this category of products; several are alternatives. The one filter without a
    /// twin that excludes.
    #[must_use]
    pub fn product_category(mut self, category: impl Into<String>) -> Self {
        self.filters.push(("product_category", category.into()));
        self
    }

    /// Oldest or newest first. The API's default is newest first.
    #[must_use]
    pub fn direction(mut self, direction: Direction) -> Self {
        self.direction = Some(direction);
        self
    }

    /// Entries a page, 1 to 1,000. Default 1,000.
    #[must_use]
    pub fn limit(mut self, entries: u32) -> Self {
        self.limit = entries.clamp(1, 1000);
        self
    }
}
