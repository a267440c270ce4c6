//! The embedded pair: an embedded authentik provisions a large directory into an embedded Cloudflare
//! account, both over HTTP on loopback, and what that costs.
//!
//! authentik sends one request after the other: of its two worker threads one waits in the full sync. So the time of a
//! sync divides into three parts without overlap, each reported per request:
//!
//! - *account*: from the moment when the account has the whole request until it has the whole answer, in memory;
//! - *wire*: the rest of the time from a request's leave of authentik until the answer is back there: HTTP on both
//!   sides, the sockets, the change of threads;
//! - *authentik*: what is left: reading answers, discovery, mappings, comparison, queue and logs.
//!
//! The pair's own part is *authentik* and *account* together. Processor time, of which the wire has its share, bounds it
//! on a machine that has nothing else to do. Should requests overlap after all (more threads, another
//! profile), the parts would not add up, and the program says so and fails.
//!
//! ```text
//! cargo run --release -p benches --bin pair -- [USERS] [GROUPS] [MEMBERS] [PROFILE]
//! ```

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use authentik_client::embedded::{EmbeddedAuthentik, Side, Switches};
use bytes::Bytes;
use cloudflare_scim::embedded::EmbeddedAccount;
use scim_core::serve::{ServeOptions, serve};
use scim_core::transport::{ReqwestTransport, Transport, TransportError};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

/// The largest resident memory of this process so far, in MiB.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}

/// Processor time of this process so far, all threads, in seconds: what other programs on the machine take away does not
/// count, as it does in times by the clock.
fn processor() -> f64 {
    // In ticks, which Linux counts at 100 a second for programs on every architecture that Rust's tier 1 names.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Measures how long what is inside takes.
#[derive(Debug)]
struct Timed<T> {
    inner: T,
    nanos: AtomicU64,
    under_way: AtomicU64,
    /// Whether requests overlapped: their times must not be added up then.
    overlapped: AtomicBool,
}

impl<T> Timed<T> {
    fn new(inner: T) -> Arc<Self> {
        let (nanos, under_way) = (AtomicU64::new(0), AtomicU64::new(0));
        Arc::new(Self { inner, nanos, under_way, overlapped: AtomicBool::new(false) })
    }

    /// Seconds since the last call.
    fn take(&self) -> f64 {
        Duration::from_nanos(self.nanos.swap(0, Ordering::Relaxed)).as_secs_f64()
    }
}

#[async_trait]
impl<T: Transport> Transport for Timed<T> {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        if self.under_way.fetch_add(1, Ordering::Relaxed) > 0 {
            self.overlapped.store(true, Ordering::Relaxed);
        }
        let before = Instant::now();
        let answer = self.inner.send(request).await;
        let nanos = u64::try_from(before.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        answer
    }
}

/// Calls of authentik's API over HTTP.
struct Api {
    http: ReqwestTransport,
    base: String,
    token: String,
}

impl Api {
    async fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value, Failure> {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}/api/v3/{path}", self.base))
            .header("authorization", format!("Bearer {}", self.token))
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .body(if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) })?;
        let answer = self.http.send(request).await?;
        let text = String::from_utf8_lossy(answer.body());
        if !answer.status().is_success() {
            return Err(format!("{method} {path}: {} {text}", answer.status()).into());
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value, Failure> {
        self.call("POST", path, &body).await
    }
}

fn number(index: usize, default: usize) -> Result<usize, Failure> {
    std::env::args().nth(index).map_or(Ok(default), |text| Ok(text.parse()?))
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let (users, groups, members) = (number(1, 10_000)?, number(2, 500)?, number(3, 40)?);
    let profile = std::env::args().nth(4).unwrap_or_else(|| "rc1".to_owned());
    let mut switches = Switches::default();
    switches.set("profile", &profile)?;
    let any = SocketAddr::from(([127, 0, 0, 1], 0));

    let account = EmbeddedAccount::builder().build();
    account.set_rate_limit(false);
    // With `groups` as texts a sync after the first stops at discovery (facts of H100): nothing to measure there.
    account.set_switch("user_groups_shape", "objects")?;
    let inside = Timed::new(account.clone());
    let cloudflare = serve(any, Arc::clone(&inside) as Arc<dyn Transport>, ServeOptions::default()).await?;
    let scim = format!("{}/client/v4/accounts/{}/scim/v2", cloudflare.origin(), account.account_id());
    let outside = Timed::new(ReqwestTransport::builder().build()?);
    let authentik = EmbeddedAuthentik::builder(Arc::clone(&outside) as Arc<dyn Transport>).switches(switches).build();
    let served = authentik.serve(any).await?;
    let api = Api {
        http: ReqwestTransport::builder().build()?,
        base: served.origin().clone(),
        token: authentik.token().to_owned(),
    };
    writeln!(
        std::io::stdout(),
        "{users} users, {groups} groups of {members}, authentik {profile}, {:.0} MiB at the start",
        peak()
    )?;

    let begun = Instant::now();
    let mut pks = Vec::new();
    for index in 0..users {
        let body = json!({"username": format!("user{index}"), "name": format!("First{index} Last{index}"),
            "email": format!("user{index}@example.test")});
        pks.push(api.post("core/users/", body).await?["pk"].clone());
    }
    let everybody = api.post("core/groups/", json!({"name": "everybody", "users": pks})).await?;
    let mut filters = Vec::new();
    for index in 0..groups {
        let some: Vec<&Value> = pks.iter().cycle().skip(index * members).take(members).collect();
        let body = json!({"name": format!("group{index}"), "users": some});
        filters.push(api.post("core/groups/", body).await?["pk"].clone());
    }
    let mapping = json!({"name": "cloudflare", "expression": authentik_client::mapping::CLOUDFLARE_USER});
    let mapping = api.post("propertymappings/provider/scim/", mapping).await?;
    let managed = "propertymappings/provider/scim/?managed=goauthentik.io/providers/scim/group";
    let group_mapping = api.call("GET", managed, &Value::Null).await?;
    let application = api.post("core/applications/", json!({"name": "cf", "slug": "cf"})).await?;
    let binding = json!({"target": application["pk"], "group": everybody["pk"], "order": 0});
    api.post("policies/bindings/", binding).await?;
    let provider = json!({"name": "cf", "url": scim, "token": account.tokens().scim.expose(),
        "property_mappings": [mapping["pk"]], "property_mappings_group": [group_mapping["results"][0]["pk"]],
        "group_filters": filters, "exclude_users_service_account": true});
    let calls = authentik.requests(Side::Api).all;
    writeln!(
        std::io::stdout(),
        "made in authentik: {calls} API calls in {:.1} s, peak {:.0} MiB",
        begun.elapsed().as_secs_f64(),
        peak()
    )?;
    let provider = api.post("providers/scim/", provider).await?["pk"].clone();
    api.call("PATCH", "core/applications/cf/", &json!({"backchannel_providers": [provider]})).await?;
    while !authentik.idle(Duration::from_secs(5)).await {}

    let schedules = api.call("GET", "tasks/schedules/", &Value::Null).await?;
    let send = format!("tasks/schedules/{}/send/", schedules["results"][0]["id"].as_str().unwrap_or_default());
    for run in ["first sync", "second sync"] {
        let before = authentik.requests(Side::Scim);
        let _spent_before = (outside.take(), inside.take());
        let (begun, busy) = (Instant::now(), processor());
        api.post(&send, Value::Null).await?;
        while !authentik.idle(Duration::from_mins(10)).await {}
        let (took, busy) = (begun.elapsed().as_secs_f64(), processor() - busy);
        let after = authentik.requests(Side::Scim);
        let (all, writes) = (after.all - before.all, after.writes - before.writes);
        let (outer, inner) = (outside.take(), inside.take());
        let each = |seconds: f64| 1000.0 / to_float(all.max(1)) * seconds;
        writeln!(
            std::io::stdout(),
            "{run}: {took:.1} s, {all} SCIM requests of which {writes} writes, {:.3} ms each: authentik {:.3}, wire \
             {:.3}, account {:.3}; the pair's own {:.3}; processor {:.3} ms in all; peak {:.0} MiB",
            each(took),
            each(took - outer),
            each(outer - inner),
            each(inner),
            each(took - outer + inner),
            each(busy),
            peak()
        )?;
        if outside.overlapped.load(Ordering::Relaxed) {
            return Err("requests overlapped: the parts of their time do not add up".into());
        }
    }
    let list = format!("providers/scim_users/?provider__id={provider}&page_size=1");
    let linked = api.call("GET", &list, &Value::Null).await?["pagination"]["count"].clone();
    let list = format!("providers/scim_groups/?provider__id={provider}&page_size=1");
    let groups = api.call("GET", &list, &Value::Null).await?["pagination"]["count"].clone();
    writeln!(std::io::stdout(), "linked: {linked} users, {groups} groups")?;
    served.shutdown().await;
    cloudflare.shutdown().await;
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a count of requests")]
fn to_float(count: u64) -> f64 {
    count as f64
}
