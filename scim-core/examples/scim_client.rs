//! What a program does with the client: learn, get or create, edit, members, lists, bulk.
//!
//! ```text
//! cargo run -p scim-core --features client,provider,reqwest --example scim_client
//! SCIM_URL=http://127.0.0.1:8080/scim/v2 SCIM_TOKEN=secret cargo run … --example scim_client
//! ```
//!
//! Without `SCIM_URL` it talks to a provider in its own process. It leaves nothing behind.

use std::error::Error;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use scim_core::client::ScimClient;
use scim_core::filter::attr;
use scim_core::message::SortOrder;
use scim_core::provider::ServiceProvider;
use scim_core::resource::{Group, Member, User};
use scim_core::transport::{ReqwestTransport, RetryPolicy, Transport, TransportExt as _};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    let (url, transport): (String, Arc<dyn Transport>) = match std::env::var("SCIM_URL") {
        Ok(url) => {
            let leaf = ReqwestTransport::new()?.timeout(Duration::from_secs(30));
            (url, leaf.retry(RetryPolicy::default()).shared())
        }
        Err(_) => ("https://in-process/scim/v2".to_owned(), ServiceProvider::in_memory("/scim/v2").shared()),
    };
    let token = std::env::var("SCIM_TOKEN").ok().map(Into::into);
    let scim = ScimClient::new(url.parse()?, token, transport).with_call_deadline(Duration::from_secs(60));

    let can = scim.capabilities().await?;
    writeln!(out, "PATCH {:?}, versions {:?}, bulk {:?}", can.patch, can.etag, can.bulk)?;

    let users = scim.users();
    let mut ids = Vec::new();
    for name in ["guide-a@example.com", "guide-b@example.com"] {
        let entry = users.entry(attr("userName").eq(name)).or_create(|| User::new(name)).await?;
        ids.push(entry.into_resource().id.ok_or("a user without id")?);
    }
    for id in &ids {
        let edited = users.edit(id, |user| user.title = Some("Guide".into())).await?;
        writeln!(out, "{id}: {}", if edited.changed { "became a guide" } else { "was a guide" })?;
    }

    let group = scim.groups().create(&Group::new("example guides")).await?.id.ok_or("a group without id")?;
    scim.members(&group).add(&ids).await?;
    scim.members(&group).remove(ids.iter().take(1)).await?;

    let mut guides = users.list().filter(attr("title").eq("Guide")).sort_by("userName", SortOrder::Ascending).stream();
    while let Some(guide) = guides.try_next().await? {
        writeln!(out, "guide: {}", guide.user_name.as_deref().unwrap_or_default())?;
    }

    if can.bulk == Some(true) {
        let mut bulk = scim.bulk();
        let reference = bulk.create(&User::new("guide-c@example.com"));
        let mut more = Group::new("more example guides");
        more.members = Some(vec![Member::new(reference.parse()?)]);
        bulk.create(&more);
        let outcome = bulk.send().await?;
        writeln!(out, "bulk: {}", if outcome.is_complete() { "all done" } else { "not all done" })?;
        scim.groups().ensure_deleted(&one(&scim, "more example guides").await?).await?;
        ids.push(
            users.entry(attr("userName").eq("guide-c@example.com")).get().await?.and_then(|it| it.id).ok_or("c?")?,
        );
    }

    scim.groups().ensure_deleted(&group).await?;
    for id in &ids {
        users.ensure_deleted(id).await?;
    }
    writeln!(out, "nothing left behind")?;
    Ok(())
}

async fn one(scim: &ScimClient, name: &str) -> Result<scim_core::resource::ResourceId, Box<dyn Error>> {
    let found = scim.groups().entry(attr("displayName").eq(name)).get().await?;
    Ok(found.and_then(|group| group.id).ok_or("the group is not there")?)
}
