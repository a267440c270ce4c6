//! Starts one embedded server alone on loopback: a Cloudflare account, an authentik, or a SCIM service
//! provider by the letter of the RFC.
//!
//! ```text
//! cargo run --release --example embedded -- cloudflare --listen 127.0.0.1:8080
//! ```
//!
//! The first line on standard output is a JSON object with base URL and tokens. It serves until SIGTERM or
//! SIGINT.

use std::net::SocketAddr;
use std::process::ExitCode;

use authentik_client::embedded::{self as authentik, EmbeddedAuthentik};
use clap::{Parser, ValueEnum};
use cloudflare_scim::embedded::{EmbeddedAccount, Switches};
use examples::{log, parse, print, say};
use scim_core::provider::{BearerAuth, Behaviour, Engine, MemoryStore, ServiceProvider, Tenants};
use scim_core::serve::{ServeOptions, Server, serve};
use scim_core::transport::{ReqwestTransport, TransportExt};
use serde_json::json;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A Cloudflare account: SCIM endpoint and v4 API.
    Cloudflare,
    /// An authentik: API v3, and a sync engine that calls the provider's URL for real.
    Authentik,
    /// A SCIM service provider by the letter of the RFC: User, Group, Enterprise User.
    Scim,
}

/// An embedded server, alone on loopback.
#[derive(Debug, Parser)]
#[command(name = "embedded", version)]
struct Options {
    /// Which server.
    kind: Kind,
    /// Where to listen; port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Sets a named behaviour; may be given several times.
    #[arg(long, value_name = "NAME=VALUE")]
    switch: Vec<String>,
    /// Prints every switch with its values and default, one a line, and ends.
    #[arg(long)]
    switches: bool,
    /// The documented limits of the real service.
    #[arg(long, value_name = "off|on", default_value = "off", value_parser = ["off", "on"])]
    rate_limit: String,
    /// authentik: timers run this many times faster.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    time_scale: u32,
    /// scim: how many tenants there are, each with a token and a store of its own.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    tenants: u16,
}

/// Why it did not start: the code to end with, and the words.
struct Failure(u8, String);

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self(1, error.to_string())
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    log();
    let options = match parse::<Options>() {
        Ok(options) => options,
        Err(code) => return code,
    };
    match run(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(code, text)) => {
            say(&text);
            ExitCode::from(code)
        }
    }
}

async fn run(options: &Options) -> Result<(), Failure> {
    // Before the first line is printed: whoever reads it may send the signal at once.
    let stopped = stopped()?;
    let server = match options.kind {
        Kind::Cloudflare => cloudflare(options).await?,
        Kind::Authentik => authentik(options).await?,
        Kind::Scim => scim(options).await?,
    };
    let Some(server) = server else { return Ok(()) };
    stopped.await;
    server.shutdown().await;
    Ok(())
}

/// A switch and its value.
fn pair(text: &str) -> Result<(&str, &str), Failure> {
    text.split_once('=').ok_or_else(|| Failure(2, format!("--switch {text}: write NAME=VALUE; --switches lists them")))
}

async fn cloudflare(options: &Options) -> Result<Option<Server>, Failure> {
    if options.switches {
        for switch in Switches::all() {
            print(&format!("{}={} (default {})", switch.name, switch.values.join("|"), switch.default))?;
        }
        return Ok(None);
    }
    let mut switches = Switches::default();
    for text in &options.switch {
        let (name, value) = pair(text)?;
        switches.set(name, value).map_err(|error| Failure(2, error.to_string()))?;
    }
    let account = EmbeddedAccount::builder().switches(switches).build();
    account.set_rate_limit(options.rate_limit == "on");
    let server = account.serve(options.listen).await?;
    let base = format!("{}/client/v4", server.origin());
    let id = account.account_id();
    let line = json!({
        "kind": "cloudflare",
        "base_url": base,
        "account_id": id.as_str(),
        "scim_base_url": format!("{base}/accounts/{id}/scim/v2"),
        "scim_token": account.tokens().scim.expose(),
        "api_token": account.tokens().api.expose(),
    });
    print(&line.to_string())?;
    Ok(Some(server))
}

async fn authentik(options: &Options) -> Result<Option<Server>, Failure> {
    let mut switches = authentik::Switches::default();
    // The profile first: it sets the defaults of all others.
    let (profile, others): (Vec<_>, Vec<_>) = options.switch.iter().partition(|text| text.starts_with("profile="));
    for text in profile.into_iter().chain(others) {
        let (name, value) = pair(text)?;
        switches.set(name, value).map_err(|error| Failure(2, error.to_string()))?;
    }
    if options.switches {
        for switch in switches.all() {
            print(&format!("{}={} (default {})", switch.name, switch.values.join("|"), switch.default))?;
        }
        return Ok(None);
    }
    let transport = ReqwestTransport::builder()
        .timeout(std::time::Duration::from_secs(30))
        .build()
        .map_err(|error| Failure(1, error.to_string()))?;
    let server =
        EmbeddedAuthentik::builder(transport.shared()).switches(switches).time_scale(options.time_scale).build();
    let token = server.token().to_owned();
    let listening = server.serve(options.listen).await?;
    let line = json!({
        "kind": "authentik",
        "base_url": format!("{}/api/v3", listening.origin()),
        "token": token,
    });
    print(&line.to_string())?;
    Ok(Some(listening))
}

async fn scim(options: &Options) -> Result<Option<Server>, Failure> {
    if options.switches {
        for switch in Behaviour::switches() {
            print(&format!("{}={} (default {})", switch.name, switch.values.join("|"), switch.default_value()))?;
        }
        return Ok(None);
    }
    let mut behaviour = Behaviour::default();
    for text in &options.switch {
        let (name, value) = pair(text)?;
        behaviour.set(name, value).map_err(|error| Failure(2, error.to_string()))?;
    }
    let engine = Engine::new("/scim/v2").with_behaviour(behaviour);
    let tenant = || ServiceProvider::new(engine.clone(), MemoryStore::new());
    // Enough for a token that nobody guesses; nothing outlives the process.
    let token = || std::iter::repeat_with(fastrand::alphanumeric).take(40).collect::<String>();
    let tokens: Vec<String> = (0..options.tenants).map(|_| token()).collect();
    let service = match tokens.as_slice() {
        [only] => BearerAuth::new(tenant()).with_token(only.clone().into()).shared(),
        several => {
            let mut tenants = Tenants::new();
            for token in several {
                let added = tenants.with_tenant(tenant(), [token.clone().into()]);
                tenants = added.map_err(|error| Failure(1, error.to_string()))?;
            }
            tenants.shared()
        }
    };
    let server = serve(options.listen, service, ServeOptions::default()).await?;
    let mut line = json!({"kind": "scim", "base_url": format!("{}/scim/v2", server.origin()), "token": tokens.first()});
    if tokens.len() > 1 {
        line["tokens"] = json!(tokens);
    }
    print(&line.to_string())?;
    Ok(Some(server))
}

/// Listens for SIGTERM and SIGINT from now on; the future ends with the first.
fn stopped() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
