use std::fmt;

use serde_json::Value;

use crate::doctor::PlannedCall;
use crate::error::Error;
use crate::model::{ScimGroupLink, ScimUserLink};
use crate::sync::Complaint;

/// So many are named in a text; the lists have them all.
const NAMED: usize = 10;

/// How far a withdrawal came.
#[derive(Debug, Default)]
#[must_use = "it may have stopped"]
#[non_exhaustive]
pub struct WithdrawalReport {
    /// Whom authentik says that it deleted at the SCIM server.
    pub removed: Vec<ScimUserLink>,
    /// Who was not there any more: authentik's DELETE was answered 404.
    pub gone: Vec<ScimUserLink>,
    /// Who is, or may be, still there. They are linked, as far as authentik lets them be, so that the next
    /// try deletes them.
    pub left: Vec<ScimUserLink>,
    /// The groups that stay on the server. With the provider their links go: this is the last to know their
    /// ids.
    pub groups_left: Vec<ScimGroupLink>,
    /// What authentik complained about in the last sync.
    pub complaints: Vec<Complaint>,
    /// The writes that took effect, in order; links that were made again included.
    pub done: Vec<PlannedCall>,
    /// Why it stopped; `None` if it did all.
    pub failed: Option<Error>,
}

impl WithdrawalReport {
    /// Whether everything was done.
    pub fn is_complete(&self) -> bool {
        self.failed.is_none()
    }
}

impl fmt::Display for WithdrawalReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(error) = &self.failed {
            write!(f, "stopped: {error}. ")?;
        }
        write!(f, "{} users removed", self.removed.len())?;
        if !self.gone.is_empty() {
            write!(f, ", {} were gone already", self.gone.len())?;
        }
        if !self.left.is_empty() {
            write!(f, "; left: {}", named(&self.left))?;
        }
        if !self.groups_left.is_empty() {
            write!(f, "; {} groups stay on the server", self.groups_left.len())?;
        }
        Ok(())
    }
}

/// `"ada" (user-1), "ben" (user-2) and 3 more`
pub(super) fn named(links: &[ScimUserLink]) -> String {
    let name = |link: &ScimUserLink| {
        let known = link.extra.get("user_obj").and_then(|user| user.get("username")).and_then(Value::as_str);
        let name = known.map_or_else(|| format!("user {}", link.user), |name| format!("{name:?}"));
        format!("{name} ({})", link.scim_id)
    };
    let text = links.iter().take(NAMED).map(name).collect::<Vec<_>>().join(", ");
    if links.len() > NAMED { format!("{text} and {} more", links.len() - NAMED) } else { text }
}
