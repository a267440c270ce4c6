use std::fmt;

/// Why a run could not go on.
///
/// `Display` is one line: what was tried where, what the server answered, and what helps. No variant
/// holds a secret.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The spec contradicts itself: each problem as a sentence.
    Spec(Vec<String>),
    /// A call to authentik failed.
    Authentik(authentik_client::Error),
    /// A call to Cloudflare failed.
    Cloudflare(cloudflare_scim::Error),
    /// What the job needs does not exist, or is not as it must be.
    Precondition(String),
    /// Cloudflare stopped answering while authentik was syncing.
    LostCloudflare(cloudflare_scim::Error),
    /// The sync did not end in time; the text says where it stood.
    SyncNotOver(String),
    /// The sync ended without having done its work.
    SyncFailed(String),
}

impl Error {
    /// Whether the same run may succeed later without any change.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Authentik(error) => error.is_transient(),
            Self::Cloudflare(error) | Self::LostCloudflare(error) => error.is_transient(),
            Self::SyncNotOver(_) => true,
            Self::Spec(_) | Self::Precondition(_) | Self::SyncFailed(_) => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spec(problems) => write!(f, "the spec contradicts itself: {}", problems.join("; ")),
            Self::Authentik(error) => error.fmt(f),
            Self::Cloudflare(error) => write!(f, "Cloudflare: {error}"),
            Self::Precondition(text) | Self::SyncFailed(text) => f.write_str(text),
            Self::LostCloudflare(error) => {
                write!(f, "Cloudflare stopped answering while authentik was syncing: {error}")
            }
            Self::SyncNotOver(text) => write!(f, "the sync did not end in time: {text}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The two client errors print themselves whole; their own sources follow them.
        match self {
            Self::Authentik(error) => error.source(),
            Self::Cloudflare(error) | Self::LostCloudflare(error) => error.source(),
            _ => None,
        }
    }
}

impl From<authentik_client::Error> for Error {
    fn from(error: authentik_client::Error) -> Self {
        Self::Authentik(error)
    }
}

impl From<cloudflare_scim::Error> for Error {
    fn from(error: cloudflare_scim::Error) -> Self {
        Self::Cloudflare(error)
    }
}
