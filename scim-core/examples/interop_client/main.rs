//! Our client against a SCIM server that others wrote: what `scripts/interop/clients` and
//! `scripts/interop/compare-providers` run.
//!
//! ```text
//! interop_client check   URL TOKEN [--but CHECK]...   every check; ends with 1 if one fails
//! interop_client measure URL TOKEN USERS              median times of one request, as JSON
//! ```
//!
//! `--but` names a check in which the server is known to leave the RFC: then it must fail, so that the list
//! of deviations stays true.

mod check;
mod measure;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use scim_core::client::ScimClient;
use scim_core::transport::{ReqwestTransport, Transport, TransportExt as _};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A server: where it is and who we are there.
struct Peer {
    base: String,
    token: String,
    transport: Arc<dyn Transport>,
}

impl Peer {
    fn new(base: &str, token: &str) -> Result<Self, Failure> {
        let transport = ReqwestTransport::new()?.shared();
        Ok(Self { base: base.to_owned(), token: token.to_owned(), transport })
    }

    fn client(&self) -> Result<ScimClient, Failure> {
        self.client_with(&self.token)
    }

    fn client_with(&self, token: &str) -> Result<ScimClient, Failure> {
        Ok(ScimClient::new(self.base.parse()?, Some(token.into()), Arc::clone(&self.transport)))
    }
}

fn line(text: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{text}")
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["check", base, token, but @ ..] => {
            let but: BTreeSet<&str> = but.iter().filter(|text| **text != "--but").copied().collect();
            check::run(&Peer::new(base, token)?, &but).await
        }
        ["measure", base, token, users] => {
            line(&measure::run(&Peer::new(base, token)?, users.parse()?).await?.to_string())?;
            Ok(ExitCode::SUCCESS)
        }
        _ => Err("usage: interop_client check URL TOKEN [--but CHECK]... | measure URL TOKEN USERS".into()),
    }
}
