use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::TokenCheck;

/// What the checks before provisioning found.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Preflight {
    /// What stands in the way or deserves a look, in the order of the checks.
    pub findings: Vec<Finding>,
    /// For each step whether the token that it is called with may do it.
    pub steps: BTreeMap<Step, StepState>,
    /// What Cloudflare says of the token that SCIM is called with; `None` if it does not know it.
    pub scim_token: Option<TokenCheck>,
    /// What Cloudflare says of the token that v4 is called with; `None` if it does not know it.
    pub api_token: Option<TokenCheck>,
}

impl Preflight {
    /// Whether nothing stands in the way.
    pub fn passed(&self) -> bool {
        !self.findings.iter().any(|finding| finding.severity == Severity::Blocker)
    }

    /// The findings of one kind.
    pub fn of(&self, code: FindingCode) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.code == code)
    }
}

/// One thing that was found. `Display` is one line: what, about whom, and the cure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The kind, for programs.
    pub code: FindingCode,
    /// Whether provisioning can begin all the same.
    pub severity: Severity,
    /// Which token, step, group or person; a person by the e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What was found.
    pub message: String,
    /// What to do.
    pub cure: String,
}

impl Finding {
    pub(super) fn new(code: FindingCode, message: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { code, severity: code.severity(), subject: None, message: message.into(), cure: cure.into() }
    }

    pub(super) fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        if let Some(subject) = &self.subject {
            write!(f, " ({subject})")?;
        }
        write!(f, "; {}", self.cure)
    }
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Provisioning will fail, or lock people out.
    Blocker,
    /// Provisioning works; somebody should look.
    Warning,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $word:literal $severity:ident),+ $(,)?) => {
        /// The kinds of [`Finding`]. `Display` is a word for programs: `token-expired`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum FindingCode {
            $($(#[$doc])* $variant,)+
        }

        impl FindingCode {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word for programs.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// How much it matters.
            pub fn severity(self) -> Severity {
                match self {
                    $(Self::$variant => Severity::$severity,)+
                }
            }
        }
    };
}

codes! {
    /// Cloudflare does not know the token, or it is expired or disabled.
    TokenUnknown = "token-unknown" Blocker,
    /// The token was switched off.
    TokenDisabled = "token-disabled" Blocker,
    /// The token's time is over.
    TokenExpired = "token-expired" Blocker,
    /// The token's time has not begun.
    TokenNotYetValid = "token-not-yet-valid" Blocker,
    /// The token's time is over soon.
    TokenExpiresSoon = "token-expires-soon" Warning,
    /// The token belongs to a user, with whose access it ends.
    TokenOfUser = "token-of-user" Warning,
    /// A user's global API key: the SCIM endpoint does not take it.
    TokenIsGlobalKey = "token-is-global-key" Blocker,
    /// The token may not do a step.
    PermissionMissing = "permission-missing" Blocker,
    /// Whether the token may do a step could not be told.
    PermissionUnclear = "permission-unclear" Warning,
    /// The account may not write through SCIM: it is not on the Enterprise plan.
    PlanWithoutScim = "plan-without-scim" Blocker,
    /// There is no such account, or the base URL is another API's.
    AccountUnknown = "account-unknown" Blocker,
    /// Nobody is Super Administrator.
    NoSuperAdministrator = "no-super-administrator" Blocker,
    /// One person alone is Super Administrator: Cloudflare refuses to deprovision that one.
    LastSuperAdministrator = "last-super-administrator" Warning,
    /// A group's name begins with `CF`, which is reserved.
    GroupNameReserved = "group-name-reserved" Blocker,
    /// A group has no policy: it gives no rights, and its members may not get in.
    GroupWithoutPolicy = "group-without-policy" Warning,
    /// A userName is no e-mail address.
    UserNameNoEmail = "user-name-no-email" Blocker,
    /// A person's e-mail address differs from the userName.
    EmailDiffersFromUserName = "email-differs-from-user-name" Blocker,
    /// Two people have the same userName.
    UserNameTwice = "user-name-twice" Blocker,
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for FindingCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A step of provisioning, by what a token must be allowed for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Step {
    /// Reading through SCIM, with the SCIM token.
    ScimRead,
    /// Writing through SCIM, with the SCIM token; needs the Enterprise plan too.
    ScimWrite,
    /// Reading members, user groups and policies, with the API token.
    PoliciesRead,
    /// Writing policies, with the API token.
    PoliciesWrite,
    /// Reading the audit log, with the API token: a token for SCIM alone may not.
    AuditRead,
}

impl Step {
    /// The token permission that Cloudflare's documents ask for.
    pub fn permission(self) -> &'static str {
        match self {
            Self::ScimRead | Self::PoliciesRead => "`SCIM Provisioning: Edit` (or `Account Settings: Read`)",
            Self::ScimWrite | Self::PoliciesWrite => "`SCIM Provisioning: Edit` (or `Account Settings: Edit`)",
            Self::AuditRead => "`Account Settings: Read`",
        }
    }

    /// What it is, in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ScimRead => "reading through SCIM",
            Self::ScimWrite => "writing through SCIM",
            Self::PoliciesRead => "reading members, groups and policies",
            Self::PoliciesWrite => "writing policies",
            Self::AuditRead => "reading the audit log",
        }
    }
}

/// Whether a token may do a [`Step`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum StepState {
    /// It may.
    Allowed,
    /// It may not.
    Refused,
    /// It could not be told.
    Unclear,
}
