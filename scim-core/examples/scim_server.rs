//! A SCIM service provider on loopback in a few lines: what conformance suites are run against.
//!
//! ```text
//! cargo run -p scim-core --features provider,serve --example scim_server -- 127.0.0.1:8080 TOKEN
//! ```

use std::io::Write as _;

use scim_core::provider::{BearerAuth, ServiceProvider};
use scim_core::serve::{ServeOptions, serve};
use scim_core::transport::TransportExt as _;

#[tokio::main(flavor = "multi_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:0".to_owned()).parse()?;
    let token = arguments.next().unwrap_or_else(|| "secret".to_owned());
    let service = BearerAuth::new(ServiceProvider::in_memory("/scim/v2")).with_token(token.into());
    let server = serve(address, service.shared(), ServeOptions::default()).await?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}/scim/v2", server.origin())?;
    out.flush()?;
    drop(out);
    std::future::pending::<()>().await;
    Ok(())
}
