//! The faults of the matrix, and how each looks in one of its variants.

/// What goes wrong between client and server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    ConnectRefused,
    TlsFailure,
    TimeoutBeforeAnswer,
    ResetBeforeStatus,
    ResetMidBody,
    ShortContentLength,
    CutChunk,
    TruncatedByEof,
    GarbageStatusLine,
    TooManyRequests,
    ServerErrorBurst,
    Unauthorized,
    Forbidden,
    HtmlBody,
    ScimErrorBody,
    PreviousAnswer,
    AnswerLostAfterEffect,
    ClockSkew,
}

use Fault as F;

impl Fault {
    pub const ALL: [Self; 18] = [
        F::ConnectRefused,
        F::TlsFailure,
        F::TimeoutBeforeAnswer,
        F::ResetBeforeStatus,
        F::ResetMidBody,
        F::ShortContentLength,
        F::CutChunk,
        F::TruncatedByEof,
        F::GarbageStatusLine,
        F::TooManyRequests,
        F::ServerErrorBurst,
        F::Unauthorized,
        F::Forbidden,
        F::HtmlBody,
        F::ScimErrorBody,
        F::PreviousAnswer,
        F::AnswerLostAfterEffect,
        F::ClockSkew,
    ];

    pub fn name(self) -> &'static str {
        match self {
            F::ConnectRefused => "connection refused (1×, 2×, always)",
            F::TlsFailure => "TLS failure (1×, 2×, always)",
            F::TimeoutBeforeAnswer => "time-out before the answer (before the effect, after it, after it 2×)",
            F::ResetBeforeStatus => "reset before the status (before the effect, after it, after it 2×)",
            F::ResetMidBody => "reset in mid-body (1×, 2×, 3×)",
            F::ShortContentLength => "body shorter than Content-Length (1×, 2×, 3×)",
            F::CutChunk => "chunk cut off (1×, 2×, 3×)",
            F::TruncatedByEof => "JSON truncated by end of file (1×, 2×, 3×)",
            F::GarbageStatusLine => "garbage as status line (before the effect, after it, after it 2×)",
            F::TooManyRequests => "429 (seconds; three HTTP dates; none, absurd, malformed)",
            F::ServerErrorBurst => "500, 502, 503 (1× after the effect, 3×, 10×)",
            F::Unauthorized => "401, token revoked",
            F::Forbidden => "403",
            F::HtmlBody => "200 with HTML (before the effect, after it, after it 2×)",
            F::ScimErrorBody => "200 with a SCIM error (before the effect, after it, after it 2×)",
            F::PreviousAnswer => "the previous answer again, after the effect (1×, 1×, 2×)",
            F::AnswerLostAfterEffect => "answer lost after the effect (1×, 2×, always)",
            F::ClockSkew => "server's clock off by an hour (429 with a date, fast and slow; dates in the answer)",
        }
    }

    /// How many requests in a row it hits.
    pub fn hits(self, seed: u32) -> u32 {
        match self {
            F::Unauthorized | F::Forbidden => u32::MAX,
            F::ConnectRefused | F::TlsFailure | F::AnswerLostAfterEffect if seed == 2 => u32::MAX,
            F::ServerErrorBurst => [1, 3, 10][seed as usize],
            F::TooManyRequests | F::ClockSkew => 1,
            F::ConnectRefused
            | F::TlsFailure
            | F::AnswerLostAfterEffect
            | F::ResetMidBody
            | F::ShortContentLength
            | F::CutChunk
            | F::TruncatedByEof => seed + 1,
            _ if seed == 2 => 2,
            _ => 1,
        }
    }

    /// Whether the server acts before it goes wrong.
    pub fn takes_effect(self, seed: u32) -> bool {
        match self {
            F::TimeoutBeforeAnswer | F::ResetBeforeStatus | F::GarbageStatusLine | F::HtmlBody | F::ScimErrorBody => {
                seed > 0
            }
            F::ServerErrorBurst => seed == 0,
            F::ClockSkew => seed == 2,
            F::ResetMidBody
            | F::ShortContentLength
            | F::CutChunk
            | F::TruncatedByEof
            | F::PreviousAnswer
            | F::AnswerLostAfterEffect => true,
            F::ConnectRefused | F::TlsFailure | F::TooManyRequests | F::Unauthorized | F::Forbidden => false,
        }
    }

    /// Whether it ends by itself, so that a client that goes on must succeed.
    pub fn hits_once(self, seed: u32) -> bool {
        self.hits(seed) == 1
    }
}

/// Status, headers and body.
pub type Answer = (u16, Vec<(&'static str, String)>, &'static str);

/// A fault that waits for its requests.
#[derive(Debug, Clone, Copy)]
pub struct Armed {
    pub fault: Fault,
    pub position: u32,
    pub seed: u32,
    pub hits_left: u32,
}

impl Armed {
    pub fn new(fault: Fault, position: u32, seed: u32) -> Self {
        Self { fault, position, seed, hits_left: fault.hits(seed) }
    }

    pub fn takes_effect(&self) -> bool {
        self.fault.takes_effect(self.seed)
    }

    /// The status and headers of a fault that is an answer; `None`: the server's own.
    pub fn answer(&self, wait: u64) -> Option<Answer> {
        let seen = 1_800_000_000_u64;
        let date = |at: u64| httpdate(at);
        Some(match self.fault {
            F::TooManyRequests => {
                let value = match (self.seed, self.position) {
                    (0, _) => Some(wait.to_string()),
                    (1, 0) => Some(date(seen + wait)),
                    (1, 1) => Some(rfc850(seen + wait)),
                    (1, _) => Some(asctime(seen + wait)),
                    (_, 0) => None,
                    (_, 1) => Some("99999999999999999999".to_owned()),
                    _ => Some("1.5".to_owned()),
                };
                let mut headers = vec![("date", date(seen))];
                headers.extend(value.map(|value| ("retry-after", value)));
                (429, headers, "")
            }
            F::ClockSkew if self.seed < 2 => {
                let now = if self.seed == 0 { seen + 3600 } else { seen - 3600 };
                (429, vec![("date", date(now)), ("retry-after", date(now + wait))], "")
            }
            F::ServerErrorBurst => ([500, 502, 503][self.position as usize], Vec::new(), "<html>upstream</html>"),
            F::Unauthorized => (401, vec![("www-authenticate", "Bearer".to_owned())], ""),
            F::Forbidden => (403, Vec::new(), ERROR_403),
            F::HtmlBody => (200, vec![("content-type", "text/html".to_owned())], "<html>Sign in</html>"),
            F::ScimErrorBody => (200, Vec::new(), ERROR_500),
            _ => return None,
        })
    }
}

const ERROR_403: &str =
    r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"403","detail":"not for this token"}"#;
const ERROR_500: &str =
    r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"500","detail":"try later"}"#;

// 1_800_000_000 is Fri, 15 Jan 2027 08:00:00 GMT; the three forms of RFC 9110 §5.6.7.
fn parts(at: u64) -> (u64, u64, u64, u64) {
    let since = at - 1_799_971_200; // midnight of that Friday
    (15 + since / 86_400, since / 3600 % 24, since / 60 % 60, since % 60)
}

fn httpdate(at: u64) -> String {
    let (day, hour, minute, second) = parts(at);
    format!("Fri, {day:02} Jan 2027 {hour:02}:{minute:02}:{second:02} GMT")
}

fn rfc850(at: u64) -> String {
    let (day, hour, minute, second) = parts(at);
    format!("Friday, {day:02}-Jan-27 {hour:02}:{minute:02}:{second:02} GMT")
}

fn asctime(at: u64) -> String {
    let (day, hour, minute, second) = parts(at);
    format!("Fri Jan {day:2} {hour:02}:{minute:02}:{second:02} 2027")
}
