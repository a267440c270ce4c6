//! The two sides: real servers by the environment, embedded ones otherwise.

use std::env;
use std::sync::Arc;
use std::time::Duration;

use authentik_client::Authentik;
use authentik_client::embedded::{EmbeddedAuthentik, Profile};
use cloudflare_scim::embedded::EmbeddedAccount;
use cloudflare_scim::{Cloudflare, Pace, RateLimit, Token};
use provision::{Counters, Timing};
use scim_core::serve::Server;
use scim_core::transport::{BaseUrl, Counter, ReqwestTransport, RetryPolicy, Transport, TransportExt};

/// Both clients, and the embedded servers behind them as long as they are needed.
pub(crate) struct Sides {
    pub(crate) authentik: Authentik,
    pub(crate) cloudflare: Cloudflare,
    pub(crate) counters: Counters,
    embedded_authentik: Option<(EmbeddedAuthentik, Server)>,
    _embedded_cloudflare: Option<Server>,
}

const LISTEN: &str = "127.0.0.1:0";

impl Sides {
    pub(crate) async fn start() -> Result<Self, String> {
        let leaf = ReqwestTransport::new().map_err(|error| error.to_string())?;
        let mut counters = Counters::default();
        let to_authentik = |counter: &Arc<Counter>| -> Arc<dyn Transport> {
            leaf.clone().counted(Arc::clone(counter)).retry(RetryPolicy::default()).trace().shared()
        };

        // The real service blocks a token for five minutes once it has sent too much.
        let real = variable("CLOUDFLARE_URL").is_none_or(|url| url.contains("api.cloudflare.com"));
        let to_cloudflare = |counter: &Arc<Counter>| -> Arc<dyn Transport> {
            let leaf = leaf.clone().counted(Arc::clone(counter));
            if real && variable("CLOUDFLARE_ACCOUNT_ID").is_some() {
                Pace::new(leaf, RateLimit::cloudflare()).retry(RetryPolicy::default()).trace().shared()
            } else {
                leaf.retry(RetryPolicy::default()).trace().shared()
            }
        };

        let names = ["CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_SCIM_TOKEN"];
        let (cloudflare, embedded_cloudflare) = if let Some([id, api, scim]) = variables(names, &["CLOUDFLARE_URL"])? {
            let account = id.parse().map_err(|error| format!("CLOUDFLARE_ACCOUNT_ID: {error}"))?;
            let mut builder = Cloudflare::builder(account)
                .api_token(Token::new(api))
                .scim_token(Token::new(scim))
                .transport(to_cloudflare(&counters.cloudflare));
            if let Some(url) = variable("CLOUDFLARE_URL") {
                builder = builder.base_url(base_url("CLOUDFLARE_URL", &url)?);
            }
            (builder.build().map_err(|error| error.to_string())?, None)
        } else {
            let account = EmbeddedAccount::builder().administrator("founder@acme.example").build();
            let server = account.serve(listen()?).await.map_err(|error| error.to_string())?;
            let cloudflare = Cloudflare::builder(account.account_id().clone())
                .api_token(account.tokens().api.clone())
                .scim_token(account.tokens().scim.clone())
                .base_url(base_url("the embedded account", &server.origin())?)
                .transport(to_cloudflare(&counters.cloudflare))
                .build()
                .map_err(|error| error.to_string())?;
            let own = Arc::clone(&counters.cloudflare);
            counters.sync = Some(Arc::new(move || account.request_count().saturating_sub(own.all())));
            (cloudflare, Some(server))
        };

        let names = ["AUTHENTIK_URL", "AUTHENTIK_TOKEN"];
        let (authentik, embedded_authentik) = if let Some([url, token]) = variables(names, &[])? {
            let builder = Authentik::builder(base_url("AUTHENTIK_URL", &url)?, token.into());
            let client = builder.transport(to_authentik(&counters.authentik)).build();
            (client.map_err(|error| error.to_string())?, None)
        } else {
            // authentik's own HTTP client waits half a minute (facts/authentik.md §6).
            let scim = ReqwestTransport::builder().timeout(Duration::from_secs(30)).build();
            let sent = Arc::new(Counter::default());
            let scim = scim.map_err(|error| error.to_string())?.counted(Arc::clone(&sent)).shared();
            // The embedded account counts for itself; for any other the sender does.
            counters.sync.get_or_insert_with(|| Arc::new(move || sent.all()));
            let embedded = EmbeddedAuthentik::builder(scim).profile(Profile::V2026_8).build();
            let server = embedded.serve(listen()?).await.map_err(|error| error.to_string())?;
            let base = base_url("the embedded authentik", &server.origin())?;
            let client = Authentik::builder(base, embedded.token().to_owned().into())
                .transport(to_authentik(&counters.authentik))
                .build()
                .map_err(|error| error.to_string())?;
            (client, Some((embedded, server)))
        };
        Ok(Self { authentik, cloudflare, counters, embedded_authentik, _embedded_cloudflare: embedded_cloudflare })
    }

    pub(crate) fn authentik_is_embedded(&self) -> bool {
        self.embedded_authentik.is_some()
    }

    /// An embedded authentik may be asked more often than a real one, and is quicker.
    pub(crate) fn timing(&self) -> Timing {
        let mut timing = Timing::default();
        if self.authentik_is_embedded() {
            timing.poll_interval = Duration::from_millis(100);
            timing.sync_deadline = Duration::from_secs(300);
        }
        timing
    }
}

fn listen() -> Result<std::net::SocketAddr, String> {
    LISTEN.parse().map_err(|_| format!("{LISTEN} is no address"))
}

fn base_url(name: &str, url: &str) -> Result<BaseUrl, String> {
    url.parse().map_err(|error| format!("{name}: {error}"))
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// The values of `names`; `None` when none of them, nor of `options`, is set.
fn variables<const N: usize>(names: [&str; N], options: &[&str]) -> Result<Option<[String; N]>, String> {
    let values = names.map(variable);
    if values.iter().all(Option::is_none) && options.iter().all(|name| variable(name).is_none()) {
        return Ok(None);
    }
    let missing: Vec<&str> =
        names.iter().zip(&values).filter(|(_, value)| value.is_none()).map(|(name, _)| *name).collect();
    if missing.is_empty() {
        return Ok(Some(values.map(Option::unwrap_or_default)));
    }
    Err(format!("the environment is incomplete: set {} as well, or none of them", missing.join(", ")))
}
