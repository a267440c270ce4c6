//! The recorded SCIM server: answers what it answered to the same request.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use scim_core::transport::{Transport, TransportError, TransportErrorKind};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::compare::free_order;
use super::ids::Ids;
use super::known::Known;

/// How much earlier than recorded a request may be when the recorded one is in the next file.
const LOOK_AHEAD: SignedDuration = SignedDuration::from_secs(3);

/// A SCIM request that authentik sent, with its ids as recorded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sent {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) body: String,
    /// In which file's time it was sent.
    pub(crate) file: usize,
    /// Milliseconds after (before) the recorded request that it matches.
    pub(crate) late: Option<i64>,
}

/// A recorded exchange that nobody asked for yet.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    pub(crate) file: usize,
    pub(crate) at: Timestamp,
    pub(crate) exchange: Value,
}

/// What is recorded at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Now {
    /// Before the first file: objects and links are made that the recordings presuppose.
    Rehearsal,
    File(usize),
    /// Between two files, or after the last: what happened then nobody recorded.
    Gap,
}

#[derive(Debug, Default)]
pub(crate) struct Server {
    pub(crate) ids: Ids,
    pub(crate) known: Known,
    pub(crate) open: Vec<Open>,
    /// First and last second of each file.
    pub(crate) windows: Vec<(Timestamp, Timestamp)>,
    /// The last answer to each GET, for a request more than recorded.
    last: HashMap<String, (u16, Value)>,
    pub(crate) sent: Vec<Sent>,
    pub(crate) surplus: Vec<(usize, String)>,
    pub(crate) headers: Vec<(usize, String)>,
    /// The next answers take so many milliseconds.
    pub(crate) slow: VecDeque<u64>,
    /// Connections are refused.
    pub(crate) down: bool,
    /// How long an answer takes at least: the real worker is slower than ours between its requests.
    pub(crate) moment: Duration,
    /// The rehearsal answers with what is listed later, not with what was sent.
    pub(crate) echoes_little: bool,
    /// Made while rehearsing.
    made: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct RecordedServer {
    server: Arc<Mutex<Server>>,
    origin: Timestamp,
    begun: Instant,
}

impl RecordedServer {
    pub(crate) fn new(origin: Timestamp) -> Self {
        Self { server: Arc::default(), origin, begun: Instant::now() }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Server> {
        self.server.lock().unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        let millis = i64::try_from(self.begun.elapsed().as_millis()).unwrap();
        Timestamp::from_millisecond(self.origin.as_millisecond() + millis).unwrap()
    }

    pub(crate) async fn until(&self, at: Timestamp) {
        let millis = at.as_millisecond() - self.origin.as_millisecond();
        let at = self.begun + Duration::from_millis(u64::try_from(millis).unwrap_or(0));
        tokio::time::sleep_until(at).await;
    }
}

/// What the server does with a request.
enum Answer {
    Refuse,
    Cut,
    Say(u16, Value),
}

impl Server {
    fn window(&self, now: Timestamp) -> Now {
        match self.windows.iter().rposition(|(start, _)| *start <= now) {
            None if self.windows.is_empty() || self.windows[0].0 > now => Now::Rehearsal,
            Some(file) if now <= self.windows[file].1 => Now::File(file),
            _ => Now::Gap,
        }
    }

    fn answer(&mut self, now: Timestamp, method: &str, target: &str, body: &str) -> (Answer, u64) {
        if self.down {
            return (Answer::Refuse, 0);
        }
        let parsed: Value = serde_json::from_str(body).unwrap_or(Value::Null);
        let file = match self.window(now) {
            Now::File(file) => file,
            Now::Rehearsal => return (self.rehearse(method, target, parsed), 0),
            Now::Gap => {
                let answer = match self.last.get(target) {
                    Some((status, answer)) if method == "GET" => Answer::Say(*status, answer.clone()),
                    _ => self.rehearse(method, target, parsed),
                };
                return (answer, 0);
            }
        };
        // An event may be quicker than the real one was, whose request is in the next file.
        let soon = now + LOOK_AHEAD;
        let same = |open: &Open| {
            (open.file <= file || open.at <= soon)
                && open.exchange["method"] == method
                && open.exchange["target"] == target
        };
        let exact = |open: &Open| same(open) && free_order(&open.exchange["request_body"]) == free_order(&parsed);
        let best = self.open.iter().position(exact).or_else(|| self.open.iter().position(same));
        let mut sent =
            Sent { method: method.to_owned(), target: target.to_owned(), body: body.to_owned(), file, late: None };
        let Some(index) = best else {
            self.surplus.push((file, format!("{method} {target} {body}")));
            self.sent.push(sent);
            let answer = match self.last.get(target) {
                Some((status, answer)) if method == "GET" => Answer::Say(*status, answer.clone()),
                _ => Answer::Say(404, json!({"status": "404", "detail": "not recorded"})),
            };
            return (answer, 0);
        };
        let open = self.open.remove(index);
        sent.file = open.file;
        sent.late = Some(now.as_millisecond() - open.at.as_millisecond());
        self.sent.push(sent);
        let status = open.exchange["status"].as_u64().unwrap_or(0) as u16;
        let answer = open.exchange["response_body"].clone();
        if method == "GET" && answer != "<left out>" {
            self.last.insert(target.to_owned(), (status, answer.clone()));
        }
        let cut = open.exchange["note"].as_str().is_some_and(|note| note.contains("closed"));
        let ms = open.exchange["ms"].as_f64().unwrap_or(0.0) as u64;
        if cut || status == 0 {
            return (Answer::Cut, ms);
        }
        // A body left out of the recording is the one before.
        let answer = match self.last.get(target) {
            Some((_, answer)) if open.exchange["response_body"] == "<left out>" => answer.clone(),
            _ => answer,
        };
        (Answer::Say(status, self.known.whole(answer)), ms)
    }

    /// What a server says that echoes and gives out the recorded ids.
    fn rehearse(&mut self, method: &str, target: &str, mut body: Value) -> Answer {
        let path = target.split('?').next().unwrap();
        let parts: Vec<&str> = path.split('/').skip(2).collect();
        match (method, parts.as_slice()) {
            ("GET", ["ServiceProviderConfig"]) => Answer::Say(200, self.known.config.clone()),
            ("GET", ["Users" | "Groups"]) => Answer::Say(
                200,
                json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
                    "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": []}),
            ),
            ("POST", [kind]) => {
                self.made += 1;
                let listed = self.known.remote(kind, &body).cloned();
                if let (true, Some(listed)) = (self.echoes_little, &listed) {
                    return Answer::Say(201, listed.clone());
                }
                let made = json!(format!("rehearsed-{}", self.made));
                body["id"] = listed.map_or(made, |listed| listed["id"].clone());
                Answer::Say(201, body)
            }
            ("GET", [_, id]) => Answer::Say(200, json!({"id": id, "displayName": "rehearsed", "members": []})),
            ("DELETE", _) => Answer::Say(204, Value::Null),
            _ => Answer::Say(200, body),
        }
    }
}

#[async_trait]
impl Transport for RecordedServer {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let method = request.method().as_str().to_owned();
        let target = request.uri().path_and_query().unwrap().as_str().to_owned();
        let text = String::from_utf8(request.body().to_vec()).unwrap();
        let (answer, pause) = {
            let mut server = self.lock();
            let body = server.ids.to_recorded(&text);
            let now = self.now();
            if std::env::var_os("REPLAY_TRACE").is_some() {
                println!("{now} {:?} {method} {target} {body}", server.window(now));
            }
            let answer = server.answer(now, &method, &target, &body);
            if let Now::File(file) = server.window(now) {
                let agent = request.headers()["user-agent"].to_str().unwrap() == "authentik@2026.8.0-rc1";
                let bearer = request.headers()["authorization"].to_str().unwrap().starts_with("Bearer ");
                let media =
                    ["accept", "content-type"].iter().all(|name| request.headers()[*name] == "application/scim+json");
                if !(agent && bearer && media) {
                    server.headers.push((file, format!("headers of {method} {target}: {:?}", request.headers())));
                }
            }
            let millis = server.slow.pop_front().unwrap_or(answer.1);
            (answer.0, server.moment.max(Duration::from_millis(millis)))
        };
        tokio::time::sleep(pause).await;
        match answer {
            Answer::Refuse => Err(TransportError::new(TransportErrorKind::Connect)),
            Answer::Cut => Err(TransportError::new(TransportErrorKind::Interrupted)),
            Answer::Say(status, body) => {
                let text = match &body {
                    Value::Null => String::new(),
                    Value::String(text) => text.clone(),
                    json => self.lock().ids.to_ours(&json.to_string()),
                };
                let mut response = http::Response::new(Bytes::from(text));
                *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
                Ok(response)
            }
        }
    }
}
