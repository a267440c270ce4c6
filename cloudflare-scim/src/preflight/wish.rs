use std::time::Duration;

use jiff::Timestamp;

/// What to check before provisioning.
///
/// ```
/// use cloudflare_scim::PreflightRequest;
///
/// let request = PreflightRequest::new().audit(true).group("DNS team").user("alice@example.com", "alice@example.com");
/// ```
#[derive(Debug, Clone)]
#[must_use = "a request does nothing until `Cloudflare::preflight`"]
pub struct PreflightRequest {
    pub(super) audit: bool,
    pub(super) probe_writes: bool,
    pub(super) groups: Vec<String>,
    pub(super) users: Vec<(String, String)>,
    pub(super) now: Option<Timestamp>,
    pub(super) soon: Duration,
}

impl PreflightRequest {
    /// SCIM and policies; writes probed; nobody planned.
    pub fn new() -> Self {
        Self {
            audit: false,
            probe_writes: true,
            groups: Vec::new(),
            users: Vec::new(),
            now: None,
            soon: Duration::from_secs(14 * 24 * 3600),
        }
    }

    /// Whether the audit log is to be read too, which needs a permission of its own.
    pub fn audit(mut self, wanted: bool) -> Self {
        self.audit = wanted;
        self
    }

    /// Whether to find out if writes are allowed (default), by two writes that cannot take effect: they
    /// change a group of an id that no group has. They stand in the audit log as refused.
    pub fn probe_writes(mut self, wanted: bool) -> Self {
        self.probe_writes = wanted;
        self
    }

    /// A group that is to be provisioned. With one or more, only their policies are looked at; else those
    /// of every group of the account.
    pub fn group(mut self, name: impl Into<String>) -> Self {
        self.groups.push(name.into());
        self
    }

    /// Somebody who is to be provisioned: the userName that the identity provider sends, and the e-mail
    /// address.
    pub fn user(mut self, user_name: impl Into<String>, email: impl Into<String>) -> Self {
        self.users.push((user_name.into(), email.into()));
        self
    }

    /// What time it is. Default: the machine's clock.
    pub fn now(mut self, now: Timestamp) -> Self {
        self.now = Some(now);
        self
    }

    /// How long a token must still hold not to be a finding. Default 14 days.
    pub fn expiry_margin(mut self, margin: Duration) -> Self {
        self.soon = margin;
        self
    }
}

impl Default for PreflightRequest {
    fn default() -> Self {
        Self::new()
    }
}
