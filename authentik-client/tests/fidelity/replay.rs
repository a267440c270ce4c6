//! The replay: recorded files as a script for the embedded authentik.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use authentik_client::embedded::{EmbeddedAuthentik, Switches};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use scim_core::transport::Transport;
use serde_json::Value;

use super::compare::{free_order, groups_sorted, kind};
use super::expressions;
use super::known::Known;
use super::recording::{exchanges, starts_of};
use super::server::{Open, RecordedServer};

/// How long before the first file the set-up begins: enough for a new provider's spare full sync, and for
/// a token to expire.
const LEAD: SignedDuration = SignedDuration::from_mins(40);

/// How long after its last exchange a file still counts as being recorded.
const TAIL: SignedDuration = SignedDuration::from_secs(3);

/// By how many seconds a request may come before and after its recorded time: the real worker took its
/// time, and the delays of its retries are random.
const EARLY: f64 = 20.0;
const LATE: f64 = 6.0;

/// What one file showed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Report {
    pub(crate) file: String,
    pub(crate) scim: usize,
    pub(crate) api: usize,
    pub(crate) differences: Vec<String>,
    /// What was done besides the calls, in words.
    pub(crate) besides: Vec<String>,
    /// The seconds by which requests came before (negative) and after their recorded times.
    pub(crate) early: f64,
    pub(crate) late: f64,
}

/// What the laboratory did besides calling the API; no file shows it, notes and effects do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    /// The race that a switch decides went this way.
    Switch(&'static str, &'static str),
    /// The SCIM server goes down or comes up.
    Down(bool),
    /// Another laboratory on the same authentik changed a user who is out of scope here.
    Noise,
    /// An event was worked off late: this group is saved once more, unchanged.
    Resave(&'static str),
    /// The whole laboratory was overloaded: the next answers took so many milliseconds.
    Slow(&'static [u64]),
    /// The worker was busy: it takes nothing for so many milliseconds.
    Busy(u64),
    /// The caller is the owner of this token from now on.
    As(&'static str),
    /// The caller has the key that was shown last.
    AsShown,
    /// Calls without a note of their credentials have none.
    Credentials(bool),
    /// The file names the newest task of an actor that no list shows.
    Newest(&'static str, &'static str),
}

impl Step {
    fn words(self) -> String {
        match self {
            Self::Switch(name, value) => format!("switch {name} {value}"),
            Self::Down(true) => "the SCIM server goes down".to_owned(),
            Self::Down(false) => "the SCIM server comes up".to_owned(),
            Self::Noise => "changes of users out of scope".to_owned(),
            Self::Busy(_) => "a busy worker".to_owned(),
            Self::Resave(_) => "a late event".to_owned(),
            Self::Slow(_) => "slow answers".to_owned(),
            Self::As(_) | Self::AsShown => "another caller".to_owned(),
            Self::Credentials(_) => "credentials by their case".to_owned(),
            Self::Newest(..) => "a task's id".to_owned(),
        }
    }
}

#[derive(Debug)]
enum Act {
    Call(usize, Value),
    Step(Step),
}

/// A running replay.
pub(crate) struct Replay {
    pub(crate) authentik: EmbeddedAuthentik,
    pub(crate) server: RecordedServer,
    pub(crate) files: Vec<String>,
    /// Whether counts in lists are compared too.
    pub(crate) exact_lists: bool,
    /// Who calls; the superuser unless set.
    pub(crate) token: Option<String>,
    /// The last key that `view_key` showed.
    pub(crate) key: Mutex<Option<String>>,
    /// Credentials by the name that a call gives its case.
    pub(crate) cases: Vec<(&'static str, Option<String>)>,
    steps: Vec<(usize, Timestamp, Step)>,
    starts: Vec<Timestamp>,
    /// Files in which two worker threads sent at the same time.
    pub(crate) two_threads: Vec<&'static str>,
    pub(crate) bystander: i64,
    pub(crate) bad_tokens: Vec<String>,
}

fn seconds(at: f64) -> SignedDuration {
    SignedDuration::from_millis((at * 1000.0) as i64)
}

impl Replay {
    /// A fresh authentik a while before the time at which the first of `files` begins, so that its
    /// scheduler looks at second `tick` of each minute. `seed`: of ids and retry delays.
    pub(crate) async fn start(files: &[&str], set: &[(&str, &str)], tick: f64, seed: u64) -> Self {
        let mut switches = Switches::default();
        for (name, value) in set {
            switches.set(name, value).unwrap();
        }
        let starts = starts_of(files);
        let start = starts[0].as_millisecond();
        let back = (start - (tick * 1000.0) as i64).rem_euclid(60_000);
        let origin = Timestamp::from_millisecond(start - back).unwrap() - LEAD;
        let server = RecordedServer::new(origin);
        {
            let mut server = server.lock();
            server.known = Known::of(files);
            server.moment = Duration::from_millis(30);
            for (file, start) in files.iter().zip(&starts) {
                let start = *start;
                let last = exchanges(file).last().unwrap()["at_s"].as_f64().unwrap();
                server.windows.push((start - SignedDuration::from_millis(500), start + seconds(last) + TAIL));
            }
            // What happens between two files that follow each other at once belongs to the first.
            for index in 1..server.windows.len() {
                let next = server.windows[index].0;
                let end = &mut server.windows[index - 1].1;
                if next - SignedDuration::from_secs(5) < *end {
                    *end = next;
                }
            }
        }
        let builder = EmbeddedAuthentik::builder(Arc::new(server.clone())).switches(switches);
        let authentik = expressions::recorded(builder.start_at(origin).seed(seed)).build();
        let replay = Self {
            authentik,
            server,
            files: files.iter().map(|file| (*file).to_owned()).collect(),
            exact_lists: false,
            token: None,
            key: Mutex::new(None),
            cases: Vec::new(),
            steps: Vec::new(),
            starts,
            two_threads: Vec::new(),
            bystander: 0,
            bad_tokens: Vec::new(),
        };
        // The managed mappings of the second laboratory; E01 lists those of the first.
        replay.managed("a708568d-3f6c-46bc-b98f-255a39d5f718", "goauthentik.io/providers/scim/user").await;
        replay.managed("c14f71b7-8473-4be3-9d50-2471179ed522", "goauthentik.io/providers/scim/group").await;
        replay
    }

    /// Tells which recorded mapping is one of the managed ones.
    async fn managed(&self, recorded: &str, managed: &str) {
        let answer = self.get(&format!("propertymappings/provider/scim/?managed={managed}")).await;
        let ours = answer["results"][0]["pk"].as_str().unwrap();
        self.server.lock().ids.learn_text(recorded, ours);
    }

    pub(crate) async fn raw(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("http://authentik/api/v3/{path}"))
            .header("authorization", format!("Bearer {}", self.authentik.token()));
        let mut bytes = Bytes::new();
        if !body.is_null() {
            request = request.header("content-type", "application/json");
            bytes = Bytes::from(body.to_string());
        }
        let answer = self.authentik.send(request.body(bytes).unwrap()).await.unwrap();
        (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or(Value::Null))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.raw("GET", path, &Value::Null).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Creates something that the recordings presuppose; `recorded` names the ids it has there.
    pub(crate) async fn create(&self, path: &str, body: Value, recorded: &Value) -> Value {
        let (status, ours) = self.raw("POST", path, &body).await;
        assert!(status < 300, "{path}: {ours}");
        self.server.lock().ids.learn(recorded, &ours, "");
        ours
    }

    /// Adds something that the laboratory did at second `at` of a file.
    pub(crate) fn at(&mut self, file: &str, at: f64, step: Step) {
        let index = self.files.iter().position(|known| known == file).unwrap();
        self.steps.push((index, self.starts[index] + seconds(at), step));
    }

    /// Waits for what the set-up set off.
    pub(crate) async fn settle(&self) {
        let idle = self.authentik.idle(Duration::from_secs(300)).await;
        assert!(idle, "the set-up never became idle");
    }

    /// The time of the first file has come: what happens from now on is compared.
    pub(crate) async fn run(&mut self) -> Vec<Report> {
        self.settle().await;
        let mut acts = Vec::new();
        let mut wanted = Vec::new();
        let mut reports: Vec<Report> = Vec::new();
        for (file, name) in self.files.iter().enumerate() {
            let start = self.starts[file];
            let mut report = Report { file: name.clone(), ..Report::default() };
            for exchange in exchanges(name) {
                let at = start + seconds(exchange["at_s"].as_f64().unwrap());
                if exchange["side"] == "scim" {
                    report.scim += 1;
                    wanted.push(Open { file, at, exchange });
                } else {
                    report.api += 1;
                    acts.push((at, Act::Call(file, exchange)));
                }
            }
            reports.push(report);
        }
        self.server.lock().open.clone_from(&wanted);
        for (file, at, step) in self.steps.drain(..) {
            let words = step.words();
            if !reports[file].besides.contains(&words) {
                reports[file].besides.push(words);
            }
            acts.push((at, Act::Step(step)));
        }
        acts.sort_by_key(|(at, _)| *at);
        for (at, act) in acts {
            self.server.until(at).await;
            match act {
                Act::Step(step) => self.step(step).await,
                Act::Call(file, exchange) => {
                    let differences = self.call(&exchange).await;
                    reports[file].differences.extend(differences);
                }
            }
        }
        let end = self.server.lock().windows.last().unwrap().1;
        self.server.until(end).await;
        self.compare(&wanted, &mut reports);
        reports
    }

    /// The API side of the files alone, one call after the other.
    pub(crate) async fn api_only(&mut self) -> Vec<Report> {
        self.settle().await;
        let mut reports = Vec::new();
        for (file, name) in self.files.clone().into_iter().enumerate() {
            let mut report = Report { file: name.clone(), ..Report::default() };
            {
                let mut server = self.server.lock();
                server.windows = vec![(Timestamp::MIN, Timestamp::MAX); file + 1];
                let at = server.windows[0].0;
                let scim = exchanges(&name).into_iter().filter(|exchange| exchange["side"] == "scim");
                server.open = scim.map(|exchange| Open { file, at, exchange }).collect();
            }
            for exchange in exchanges(&name).iter().filter(|exchange| exchange["side"] == "api") {
                report.api += 1;
                report.differences.extend(self.call(exchange).await);
            }
            reports.push(report);
        }
        reports
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Switch(name, value) => self.authentik.set_switch(name, value).unwrap(),
            Step::Down(down) => self.server.lock().down = down,
            Step::Resave(name) => {
                let pk = self.get(&format!("core/groups/?name={name}")).await["results"][0]["pk"].clone();
                self.raw("PATCH", &format!("core/groups/{}/", pk.as_str().unwrap()), &serde_json::json!({})).await;
            }
            Step::Slow(millis) => self.server.lock().slow.extend(millis),
            Step::Noise => {
                let path = format!("core/users/{}/", self.bystander);
                self.raw("PATCH", &path, &serde_json::json!({"attributes": {"noise": true}})).await;
            }
            Step::Busy(millis) => self.authentik.hold_worker(Duration::from_millis(millis)),
            Step::As(identifier) => {
                let answer = self.get(&format!("core/tokens/{identifier}/view_key/")).await;
                self.token = Some(answer["key"].as_str().unwrap().to_owned());
            }
            Step::AsShown => self.token.clone_from(&self.key.lock().unwrap()),
            Step::Credentials(on) => self.cases = if on { self.bad_credentials().await } else { Vec::new() },
            Step::Newest(recorded, actor) => {
                let list =
                    self.get(&format!("tasks/tasks/?state=done&ordering=-mtime&page_size=1&actor_name={actor}")).await;
                self.server.lock().ids.learn_text(recorded, list["results"][0]["message_id"].as_str().unwrap());
            }
        }
    }

    fn compare(&self, wanted: &[Open], reports: &mut [Report]) {
        let server = self.server.lock();
        for (file, surplus) in &server.surplus {
            reports[*file].differences.push(format!("sent, not recorded: {surplus}"));
        }
        for missing in &server.open {
            let (exchange, body) = (&missing.exchange, &missing.exchange["request_body"]);
            let what = format!("recorded, not sent: {} {} {body}", exchange["method"], exchange["target"]);
            reports[missing.file].differences.push(what);
        }
        for (file, header) in &server.headers {
            reports[*file].differences.push(header.clone());
        }
        for sent in &server.sent {
            let report = &mut reports[sent.file];
            let late = sent.late.unwrap_or(0) as f64 / 1000.0;
            report.early = report.early.min(late);
            report.late = report.late.max(late);
            if !(-EARLY..=LATE).contains(&late) {
                report.differences.push(format!("{} {}: {late} s beside its time", sent.method, sent.target));
            }
            let Ok(body) = serde_json::from_str::<Value>(&sent.body) else { continue };
            let twin = wanted.iter().map(|open| &open.exchange).find(|exchange| {
                exchange["method"] == sent.method
                    && exchange["target"] == sent.target
                    && free_order(&exchange["request_body"]) == free_order(&body)
            });
            match twin {
                None => report.differences.push(format!("body of {} {}: {}", sent.method, sent.target, sent.body)),
                Some(exchange) => {
                    let length = exchange["request_headers"]["content-length"].as_str().map(str::to_owned);
                    if let Some(length) = length
                        && length != sent.body.len().to_string()
                    {
                        let what =
                            format!("{} {} has {} bytes, recorded {length}", sent.method, sent.target, sent.body.len());
                        report.differences.push(what);
                    }
                }
            }
        }
        // Which of two groups comes first depends on their random uuids.
        for (file, report) in reports.iter_mut().enumerate() {
            let mut order: Vec<String> = server
                .sent
                .iter()
                .filter(|sent| sent.file == file)
                .map(|sent| kind(&sent.method, &sent.target))
                .collect();
            let mut recorded: Vec<String> = wanted
                .iter()
                .filter(|open| open.file == file)
                .map(|open| kind(open.exchange["method"].as_str().unwrap(), open.exchange["target"].as_str().unwrap()))
                .collect();
            for kinds in [&mut order, &mut recorded] {
                groups_sorted(kinds);
                if self.two_threads.contains(&report.file.as_str()) {
                    kinds.sort();
                }
            }
            if report.differences.is_empty() && order != recorded {
                report.differences.push(format!("order: sent {order:?}, recorded {recorded:?}"));
            }
        }
    }
}
