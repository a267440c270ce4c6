use super::{NewPolicy, PermissionGroup};
use crate::{Cloudflare, Error, PermissionGroupId, ResourceGroupId};

/// What policies are made of, read once: the permission groups by label, and the scope of the whole account.
///
/// ```
/// use cloudflare_scim::embedded::EmbeddedAccount;
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let cloudflare = EmbeddedAccount::new().client()?;
/// let parts = cloudflare.policy_parts().await?;
/// let policy = parts.allow(["dns", "analytics"])?;
/// assert_eq!(policy.permission_groups().len(), 2);
/// assert!(parts.allow(["dsn"]).unwrap_err().to_string().contains("no permission group"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct PolicyParts {
    permission_groups: Vec<PermissionGroup>,
    account_wide: ResourceGroupId,
}

/// No permission group has a label or an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("no permission group of the account has the label or id `{asked}`{}", alike(.similar))]
pub struct UnknownPermission {
    /// What was asked for.
    pub asked: String,
    /// Labels that begin alike; at most five.
    pub similar: Vec<String>,
}

fn alike(labels: &[String]) -> String {
    if labels.is_empty() { String::new() } else { format!("; there are {}", labels.join(", ")) }
}

impl Cloudflare {
    /// Reads what policies are made of: two lists, two or three requests.
    ///
    /// # Errors
    /// If a call fails; `Incomplete` if no resource group stands for the whole account.
    pub async fn policy_parts(&self) -> Result<PolicyParts, Error> {
        let permission_groups = self.permission_groups().list().all().await?;
        let group = self.resource_groups().account_wide().await?;
        let no_id = || {
            let operation = scim_core::transport::Operation::new("read what policies are made of", "iam");
            Error::incomplete(&operation, "the account-wide resource group has no id")
        };
        Ok(PolicyParts { permission_groups, account_wide: group.id.ok_or_else(no_id)? })
    }
}

impl PolicyParts {
    /// Every permission group, in no particular order.
    pub fn permission_groups(&self) -> &[PermissionGroup] {
        &self.permission_groups
    }

    /// The scope of the whole account.
    pub fn account_wide(&self) -> &ResourceGroupId {
        &self.account_wide
    }

    /// The permission group of this label, or of this id.
    ///
    /// # Errors
    /// If there is none.
    pub fn permission(&self, label: &str) -> Result<&PermissionGroup, UnknownPermission> {
        let known = |group: &&PermissionGroup| group.label() == Some(label) || group.id.as_str() == label;
        self.permission_groups.iter().find(known).ok_or_else(|| {
            let start: String = label.chars().take(1).collect();
            let labels = self.permission_groups.iter().filter_map(PermissionGroup::label);
            let mut similar: Vec<String> =
                labels.filter(|it| !start.is_empty() && it.starts_with(&start)).map(str::to_owned).collect();
            similar.sort();
            similar.truncate(5);
            UnknownPermission { asked: label.chars().take(100).collect(), similar }
        })
    }

    fn ids<'a>(&self, labels: impl IntoIterator<Item = &'a str>) -> Result<Vec<PermissionGroupId>, UnknownPermission> {
        labels.into_iter().map(|label| Ok(self.permission(label)?.id.clone())).collect()
    }

    /// A policy that grants these permission groups, by label or id, on the whole account.
    ///
    /// # Errors
    /// If there is no such permission group.
    pub fn allow<'a>(&self, labels: impl IntoIterator<Item = &'a str>) -> Result<NewPolicy, UnknownPermission> {
        Ok(NewPolicy::allow(self.ids(labels)?, [self.account_wide.clone()]))
    }

    /// A policy that takes these permission groups, by label or id, away on the whole account.
    ///
    /// # Errors
    /// If there is no such permission group.
    pub fn deny<'a>(&self, labels: impl IntoIterator<Item = &'a str>) -> Result<NewPolicy, UnknownPermission> {
        Ok(NewPolicy::deny(self.ids(labels)?, [self.account_wide.clone()]))
    }
}
