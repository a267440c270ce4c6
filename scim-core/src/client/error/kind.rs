use crate::transport::TransportErrorKind;

/// What went wrong, coarsely: what a program decides by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request could not be built: an empty id, a token that is no header value. Not sent.
    InvalidRequest,
    /// No complete answer arrived.
    Transport(TransportErrorKind),
    /// 401: token missing, wrong, revoked or expired.
    Unauthorized,
    /// 403: the token is good, but not for this.
    Forbidden,
    /// 404: no such resource, or no such endpoint.
    NotFound,
    /// 409: the value is taken, or somebody else changed the resource.
    Conflict,
    /// 412: the resource has another version by now.
    PreconditionFailed,
    /// 429: too many requests.
    RateLimited,
    /// 405 or 501: the server has no such feature.
    Unsupported,
    /// Another 4xx: the server refuses the request as it is.
    Refused,
    /// Another 5xx: the server failed.
    Server,
    /// 202 where an outcome was expected: accepted, result unknown (RFC 9967); see
    /// [`Error::accepted`](super::Error::accepted).
    Accepted,
    /// 1xx or 3xx: redirects are not followed, because a token must not follow them.
    UnexpectedStatus,
    /// A 2xx whose body is not what was asked for.
    UnreadableBody,
    /// A 2xx about another resource than the one asked for: a proxy's mix-up, never to be believed.
    WrongResource,
    /// The pages of a list contradict each other: the list would not be complete.
    InconsistentList,
    /// More than one resource where one was expected.
    Ambiguous,
}

impl ErrorKind {
    pub(super) fn of_status(status: u16) -> Option<Self> {
        Some(match status {
            202 => Self::Accepted,
            200..=299 => return None,
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            405 | 501 => Self::Unsupported,
            409 => Self::Conflict,
            412 => Self::PreconditionFailed,
            429 => Self::RateLimited,
            400..=499 => Self::Refused,
            500..=599 => Self::Server,
            _ => Self::UnexpectedStatus,
        })
    }

    /// Whether a write may have taken effect although it ended so.
    pub(super) fn leaves_open(self) -> bool {
        match self {
            Self::Transport(kind) => kind.may_have_been_applied(),
            Self::Server | Self::Accepted | Self::UnreadableBody | Self::WrongResource => true,
            _ => false,
        }
    }

    pub(super) fn is_transient(self) -> bool {
        match self {
            Self::Transport(kind) => kind.is_transient(),
            Self::RateLimited | Self::Server => true,
            _ => false,
        }
    }

    /// What the user can do about it. `open`: a write that may have taken effect.
    pub(super) fn advice(self, open: bool) -> &'static str {
        match self {
            Self::InvalidRequest | Self::Transport(TransportErrorKind::Request) => "correct the call",
            Self::Transport(TransportErrorKind::Connect) => "check the base URL and that the server is reachable",
            Self::Transport(TransportErrorKind::Tls) => "check the server's certificate and the system's trusted roots",
            Self::Transport(_) | Self::Server if open => "look whether it took effect before you try again",
            Self::Transport(_) | Self::Server => "try again",
            Self::Unauthorized => "check the token: it is missing, wrong, revoked or expired",
            Self::Forbidden => "give the token the permission for this call",
            Self::NotFound => "check the base URL and the id",
            Self::Conflict => "another resource has this value, or somebody changed it: read and decide",
            Self::PreconditionFailed => "read the resource again and repeat the change",
            Self::RateLimited => "wait, then try again",
            Self::Unsupported => "do without: the server does not offer this",
            Self::Refused => "correct the request",
            Self::Accepted => "look later whether it took effect",
            Self::UnexpectedStatus => "check the base URL: redirects are not followed",
            Self::UnreadableBody if open => "look whether it took effect; check that the base URL is a SCIM service's",
            Self::UnreadableBody => "check that the base URL is that of a SCIM service",
            Self::WrongResource => "read the resource again; something between here and the server mixes answers up",
            Self::InconsistentList => "try again; if it stays, the server's paging is broken",
            Self::Ambiguous => "narrow the filter",
        }
    }
}
