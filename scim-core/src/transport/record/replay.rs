use std::fmt::{self, Write as _};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::super::{Transport, TransportError, TransportErrorKind};
use super::exchange::{Body, Exchange, Head, Outcome, RecordedRequest, RecordedResponse, VERSION};
use super::template::{Bindings, Template};

/// A text is no recording.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the recording: {reason}")]
pub struct InvalidRecording {
    line: usize,
    reason: String,
}

impl InvalidRecording {
    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }
}

/// Answers from a recording: see [the module](super).
///
/// A request is answered by the first exchange that has not answered yet and has the same method, path,
/// query and body. Hosts and headers are not compared, nor the order of query parameters and of JSON
/// members. A request that matches none fails with [`TransportErrorKind::Request`]; the error names
/// the line that comes closest and where it differs.
pub struct Replay {
    exchanges: Vec<(usize, Exchange)>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    used: Vec<bool>,
    bound: Bindings,
}

/// How far a recorded request is like a real one.
enum Likeness {
    Same,
    /// The greater, the closer; and where they differ.
    Differs(u8, String),
}

impl Replay {
    /// Reads a recording.
    ///
    /// # Errors
    /// Where a line is none of a recording.
    pub fn parse(text: &str) -> Result<Self, InvalidRecording> {
        let mut exchanges = Vec::new();
        let mut begun = false;
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let invalid = |reason: String| InvalidRecording { line: index + 1, reason };
            if !begun {
                let head: Head = serde_json::from_str(line)
                    .map_err(|_| invalid(format!("it must begin with {{\"exchanges\":{VERSION}}}")))?;
                if head.exchanges != VERSION {
                    return Err(invalid(format!("version {} is not read here, only {VERSION}", head.exchanges)));
                }
                begun = true;
                continue;
            }
            let exchange = serde_json::from_str(line).map_err(|error| invalid(error.to_string()))?;
            exchanges.push((index + 1, exchange));
        }
        if !begun {
            return Err(InvalidRecording { line: 1, reason: "it is empty".to_owned() });
        }
        let state = State { used: vec![false; exchanges.len()], bound: Bindings::default() };
        Ok(Self { exchanges, state: Mutex::new(state) })
    }

    /// The lines of the exchanges that have not answered yet: empty when a test has played all.
    pub fn unused(&self) -> Vec<usize> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.exchanges.iter().zip(&state.used).filter(|(_, used)| !**used).map(|((line, _), _)| *line).collect()
    }

    fn find(&self, request: &http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { used, bound } = &mut *state;
        let mut closest: Option<(u8, usize, String)> = None;
        let mut spent = Vec::new();
        for (index, (line, exchange)) in self.exchanges.iter().enumerate() {
            let likeness = compare(&exchange.request, request, bound);
            let is_used = used.get(index).copied().unwrap_or(true);
            match likeness {
                Likeness::Same if is_used => {
                    bound.rollback();
                    spent.push(*line);
                }
                Likeness::Same => {
                    bound.commit();
                    if let Some(used) = used.get_mut(index) {
                        *used = true;
                    }
                    return play(&exchange.outcome, bound);
                }
                Likeness::Differs(how_close, at) => {
                    bound.rollback();
                    if !is_used && closest.as_ref().is_none_or(|(best, ..)| how_close > *best) {
                        closest = Some((how_close, *line, at));
                    }
                }
            }
        }
        let mut detail = format!("the recording answers no such {}", request.method());
        if let Some(line) = spent.last() {
            let _ = write!(detail, "; line {line} does, but has been used ({} in all)", spent.len());
        }
        if let Some((_, line, at)) = closest {
            let _ = write!(detail, "; of those left line {line} comes closest, but {at}");
        }
        let left = used.iter().filter(|used| !**used).count();
        let _ = write!(detail, "; {left} of {} exchanges are left", used.len());
        Err(TransportError::new(TransportErrorKind::Request).with_detail(detail))
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay").field("exchanges", &self.exchanges.len()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for Replay {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        self.find(&request)
    }
}

fn compare(recorded: &RecordedRequest, request: &http::Request<Bytes>, bound: &mut Bindings) -> Likeness {
    if recorded.method != request.method().as_str() {
        return Likeness::Differs(0, "its method differs".to_owned());
    }
    if !same_path(&recorded.path, request.uri().path(), bound) {
        return Likeness::Differs(1, "its path differs".to_owned());
    }
    let query = request.uri().query().unwrap_or_default();
    if let Err(name) = same_pairs(&recorded.query, query.as_bytes(), bound) {
        return Likeness::Differs(2, format!("its query differs at `{name}`"));
    }
    match same_body(&recorded.body, request.body(), bound) {
        Ok(()) => Likeness::Same,
        Err(at) => Likeness::Differs(3, format!("its body differs at {at}")),
    }
}

fn same_path(recorded: &str, actual: &str, bound: &mut Bindings) -> bool {
    let decode = |segment: &str| percent_decode_str(segment).decode_utf8_lossy().into_owned();
    let (recorded, actual): (Vec<_>, Vec<_>) = (recorded.split('/').collect(), actual.split('/').collect());
    recorded.len() == actual.len()
        && recorded
            .into_iter()
            .zip(actual)
            .all(|(recorded, actual)| Template::parse(&decode(recorded)).matches(&decode(actual), bound))
}

/// The name of the first pair that differs. Names of parameters are no personal data.
fn same_pairs(recorded: &[(String, String)], actual: &[u8], bound: &mut Bindings) -> Result<(), String> {
    let mut actual: Vec<(String, String)> =
        url::form_urlencoded::parse(actual).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let mut recorded: Vec<&(String, String)> = recorded.iter().collect();
    // Only by name: two values of one name stay in their order.
    actual.sort_by(|a, b| a.0.cmp(&b.0));
    recorded.sort_by(|a, b| a.0.cmp(&b.0));
    for at in 0..recorded.len().max(actual.len()) {
        match (recorded.get(at), actual.get(at)) {
            (Some((name, value)), Some((actual_name, actual_value))) => {
                let same = Template::parse(name).matches(actual_name, bound)
                    && Template::parse(value).matches(actual_value, bound);
                if !same {
                    return Err(name.clone());
                }
            }
            (Some((name, _)), None) | (None, Some((name, _))) => return Err(name.clone()),
            (None, None) => {}
        }
    }
    Ok(())
}

fn same_body(recorded: &Body, actual: &Bytes, bound: &mut Bindings) -> Result<(), String> {
    let whole = |same: bool| if same { Ok(()) } else { Err("its text".to_owned()) };
    match recorded {
        Body::Empty => whole(actual.is_empty()),
        Body::Bytes(length) => whole(actual.len() == *length),
        Body::Text(text) => whole(std::str::from_utf8(actual).is_ok_and(|it| Template::parse(text).matches(it, bound))),
        Body::Form(pairs) => same_pairs(pairs, actual, bound).map_err(|name| format!("`{name}`")),
        Body::Json(value) => match serde_json::from_slice(actual) {
            Ok(actual) => same_json(value, &actual, bound, &mut "$".to_owned()),
            Err(_) => Err("$: no JSON came".to_owned()),
        },
    }
}

/// The JSON path of the first difference. `at` is put together on the way down.
fn same_json(recorded: &Value, actual: &Value, bound: &mut Bindings, at: &mut String) -> Result<(), String> {
    let length = at.len();
    match (recorded, actual) {
        (Value::Object(recorded), Value::Object(actual)) => {
            let mut found = 0;
            for (written, value) in recorded {
                let name = Template::parse(written).fill(bound);
                at.push('.');
                at.push_str(written);
                let Some(actual) = actual.get(&name) else { return Err(format!("{at}: not there")) };
                same_json(value, actual, bound, at)?;
                found += 1;
                at.truncate(length);
            }
            // The name of a member that came could be anything: it is not told.
            if actual.len() > found { Err(format!("{at}: a member too many came")) } else { Ok(()) }
        }
        (Value::Array(recorded), Value::Array(actual)) => {
            if recorded.len() != actual.len() {
                return Err(format!("{at}: {} elements came instead of {}", actual.len(), recorded.len()));
            }
            for (index, (recorded, actual)) in recorded.iter().zip(actual).enumerate() {
                let _ = write!(at, "[{index}]");
                same_json(recorded, actual, bound, at)?;
                at.truncate(length);
            }
            Ok(())
        }
        (Value::String(text), Value::String(actual)) if Template::parse(text).matches(actual, bound) => Ok(()),
        (Value::String(text), Value::Number(number)) => match Template::parse(text).only_hole() {
            Some(name) if bound.bind_number(name, number) => Ok(()),
            _ => Err(at.clone()),
        },
        (recorded, actual) if !recorded.is_string() && recorded == actual => Ok(()),
        _ => Err(at.clone()),
    }
}

fn play(outcome: &Outcome, bound: &Bindings) -> Result<http::Response<Bytes>, TransportError> {
    let response = match outcome {
        Outcome::Response(response) => response,
        Outcome::Error(kind) => return Err(TransportError::new((*kind).into()).with_detail("as recorded")),
    };
    let RecordedResponse { status, headers, body } = response;
    let invalid =
        |what: &str| TransportError::new(TransportErrorKind::Protocol).with_detail(format!("the recorded {what}"));
    let mut out = http::Response::new(fill_body(body, bound));
    *out.status_mut() = StatusCode::from_u16(*status).map_err(|_| invalid("status is none"))?;
    for (name, value) in headers {
        let filled = Template::parse(value).fill(bound);
        let name = HeaderName::try_from(name.as_str()).map_err(|_| invalid("header name is none"))?;
        let value = HeaderValue::try_from(filled).map_err(|_| invalid("header value is none"))?;
        out.headers_mut().append(name, value);
    }
    Ok(out)
}

fn fill_body(body: &Body, bound: &Bindings) -> Bytes {
    match body {
        Body::Empty => Bytes::new(),
        Body::Json(value) => Bytes::from(fill_json(value, bound).to_string()),
        Body::Text(text) => Bytes::from(Template::parse(text).fill(bound)),
        Body::Form(pairs) => {
            let mut out = url::form_urlencoded::Serializer::new(String::new());
            for (name, value) in pairs {
                out.append_pair(&Template::parse(name).fill(bound), &Template::parse(value).fill(bound));
            }
            Bytes::from(out.finish())
        }
        Body::Bytes(length) => Bytes::from(vec![0xff; (*length).min(16 * 1024 * 1024)]),
    }
}

fn fill_json(value: &Value, bound: &Bindings) -> Value {
    match value {
        Value::String(text) => {
            let template = Template::parse(text);
            let whole = template.only_hole().and_then(|name| bound.value(name));
            whole.unwrap_or_else(|| Value::String(template.fill(bound)))
        }
        Value::Array(list) => list.iter().map(|value| fill_json(value, bound)).collect(),
        Value::Object(object) => {
            let fill = |(name, value): (&String, &Value)| (Template::parse(name).fill(bound), fill_json(value, bound));
            Value::Object(object.iter().map(fill).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}
