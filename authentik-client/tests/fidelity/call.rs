//! One recorded call of the API, made again, and its answer compared.

use bytes::Bytes;
use scim_core::transport::Transport;
use serde_json::Value;

use super::compare::{logs, shape};
use super::replay::Replay;

impl Replay {
    /// Makes the call; what differs in the answer.
    pub(crate) async fn call(&self, exchange: &Value) -> Vec<String> {
        let mut differences = Vec::new();
        let recorded_target = exchange["target"].as_str().unwrap();
        self.learn_schedule(recorded_target).await;
        let (target, body) = {
            let server = self.server.lock();
            (server.ids.target(recorded_target), server.ids.body(&exchange["request_body"], ""))
        };
        let method = exchange["method"].as_str().unwrap();
        let place = format!("{method} {recorded_target}");
        let request = self.request(exchange, &target, &body);
        let response = self.authentik.send(request).await.unwrap();
        let status = u64::from(response.status().as_u16());
        let text = String::from_utf8_lossy(response.body()).into_owned();
        if std::env::var_os("REPLAY_TRACE").is_some() {
            println!(
                "{} {place} {body} -> {status} {}",
                self.server.now(),
                text.chars().take(2000).collect::<String>()
            );
        }
        if exchange["status"] != status {
            return vec![format!("{place}: {status}, recorded {} {text}", exchange["status"])];
        }
        for name in ["allow", "content-type", "location"] {
            let recorded = &exchange["response_headers"][name];
            let ours = response.headers().get(name).map(|value| value.to_str().unwrap());
            if recorded.is_string() && ours != recorded.as_str() {
                differences.push(format!("{place}: {name} is {ours:?}, recorded {recorded}"));
            }
        }
        let recorded = &exchange["response_body"];
        let ours = serde_json::from_str::<Value>(&text).unwrap_or(Value::Null);
        if let Some(key) = ours["key"].as_str() {
            *self.key.lock().unwrap() = Some(key.to_owned());
        }
        let back = serde_json::from_str(&self.server.lock().ids.to_recorded(&text)).unwrap_or(Value::Null);
        if status >= 400 {
            if recorded.is_object() && back != *recorded || recorded.is_null() && !text.is_empty() {
                differences.push(format!("{place}: {back}, recorded {recorded}"));
            }
        } else if recorded.is_object() {
            self.server.lock().ids.learn(recorded, &ours, "");
            let back = serde_json::from_str(&self.server.lock().ids.to_recorded(&text)).unwrap_or(Value::Null);
            let mut tell = |what| differences.push(format!("{place}: {what}"));
            shape(recorded, &back, "", &mut tell);
            let uid = |uid: &str| self.server.lock().ids.task_uid(uid);
            let known = |uid: &str| self.server.lock().ids.knows_task(uid);
            logs(recorded, &back, &uid, &known, &mut tell);
            let count = |body: &Value| body["pagination"].clone();
            if recorded["pagination"].is_object() && self.exact_lists && count(recorded) != count(&ours) {
                tell(format!("{}, recorded {}", count(&ours), count(recorded)));
            }
        }
        differences
    }

    /// A schedule that no recorded list shows is our latest one.
    async fn learn_schedule(&self, target: &str) {
        let id = match target.split_once("/tasks/schedules/").and_then(|(_, rest)| rest.split_once('/')) {
            Some((id, _)) => id,
            None => match target.split_once("rel_obj_id=") {
                Some((_, rest)) => rest.split('&').next().unwrap_or(rest),
                None => return,
            },
        };
        if id.len() != 36 || id.starts_with("00000000") || self.server.lock().ids.text.contains_key(id) {
            return;
        }
        let list = self.get("tasks/schedules/?page_size=100").await;
        if let Some(ours) = list["results"].as_array().and_then(|all| all.last()?["id"].as_str()) {
            self.server.lock().ids.learn_text(id, ours);
        }
    }

    fn request(&self, exchange: &Value, target: &str, body: &Value) -> http::Request<Bytes> {
        let header = |name: &str| exchange["request_headers"][name].as_str().unwrap_or("application/json").to_owned();
        let mut request = http::Request::builder()
            .method(exchange["method"].as_str().unwrap())
            .uri(format!("http://authentik{target}"))
            .header("accept", header("accept"));
        if let Some(credentials) = self.credentials(exchange) {
            request = request.header("authorization", credentials);
        }
        let bytes = match body {
            Value::Null => Bytes::new(),
            // Recorded as text: what is not JSON.
            Value::String(text) => Bytes::from(text.clone()),
            json => Bytes::from(json.to_string()),
        };
        if !bytes.is_empty() {
            request = request.header("content-type", header("content-type"));
        }
        request.body(bytes).unwrap()
    }

    fn credentials(&self, exchange: &Value) -> Option<String> {
        if self.cases.is_empty() {
            return Some(format!("Bearer {}", self.token.as_deref().unwrap_or(self.authentik.token())));
        }
        // A file about credentials: its calls name their case, or show that they had none.
        let scrubbed = exchange["request_headers"]["authorization"].as_str()?;
        let case = exchange["request_headers"]["x-case"].as_str();
        let known = self.cases.iter().find(|(name, _)| Some(*name) == case);
        known.map_or_else(|| Some(scrubbed.to_owned()), |(_, credentials)| credentials.clone())
    }
}
