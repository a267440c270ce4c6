//! How long one request takes on a server, over loopback, one after the other: client, HTTP and server
//! together. The same requests for every server.

use std::time::{Duration, Instant};

use scim_core::filter::attr;
use scim_core::patch::PatchOp;
use scim_core::path::PatchPath;
use scim_core::resource::{Email, Group, Member, Name, ResourceId, User};
use serde_json::{Map, Value};

use crate::{Failure, Peer};

/// Requests of one sort; their median counts.
const CALLS: usize = 60;

struct Times(Map<String, Value>);

impl Times {
    fn keep(&mut self, what: &str, mut times: Vec<Duration>) {
        times.sort_unstable();
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        let micros = u64::try_from(median.as_micros()).unwrap_or(u64::MAX);
        self.0.insert(what.to_owned(), micros.into());
    }
}

/// Median times in microseconds, by what was done.
pub(crate) async fn run(peer: &Peer, users: usize) -> Result<Value, Failure> {
    let scim = peer.client()?;
    let mut times = Times(Map::new());
    let mut ids: Vec<ResourceId> = Vec::with_capacity(users);
    let mut taken = Vec::with_capacity(users);
    for n in 0..users {
        let mut user = User::new(format!("user{n}@example.com"));
        user.display_name = Some(format!("User {n}").into());
        user.active = Some(true);
        let mut name = Name::default();
        name.family_name = Some(format!("Family{n}").into());
        user.name = Some(name);
        user.emails.push(Email::new(format!("user{n}@example.com")).with_type("work").primary());
        let begin = Instant::now();
        let made = scim.users().create(&user).await?;
        taken.push(begin.elapsed());
        ids.push(made.id.ok_or("the server gave no id")?);
    }
    times.keep("create a user", taken.split_off(users.saturating_sub(CALLS)));
    let at = |n: usize| ids.get(n * 7919 % users.max(1)).ok_or("no user");

    let mut taken = Vec::new();
    for n in 0..CALLS {
        let begin = Instant::now();
        scim.users().get(at(n)?).await?;
        taken.push(begin.elapsed());
    }
    times.keep("get a user by id", taken);

    let mut taken = Vec::new();
    for n in 0..CALLS {
        let name = format!("user{}@example.com", n * 7919 % users.max(1));
        let begin = Instant::now();
        let found = scim.users().find(attr("userName").eq(name)).await?;
        taken.push(begin.elapsed());
        if found.len() != 1 {
            return Err(format!("{} users of one name", found.len()).into());
        }
    }
    times.keep("find a user by userName", taken);

    let mut taken = Vec::new();
    for _ in 0..3 {
        let begin = Instant::now();
        let all = scim.users().list().count(100).all().await?;
        taken.push(begin.elapsed());
        if all.len() != users {
            return Err(format!("{} users of {users}", all.len()).into());
        }
    }
    times.keep("list all users, pages of 100", taken);

    let mut taken = Vec::new();
    for n in 0..CALLS {
        let patch = PatchOp::new().replace(attr("displayName"), format!("Renamed {n}"));
        let begin = Instant::now();
        scim.users().patch(at(n)?, &patch).await?;
        taken.push(begin.elapsed());
    }
    times.keep("patch an attribute of a user", taken);

    let half = users / 2;
    let mut group = Group::new("Half");
    group.members = Some(ids.iter().take(half).cloned().map(Member::new).collect());
    let group = scim.groups().create(&group).await?.id.ok_or("the server gave no id")?;
    let (mut adds, mut removals) = (Vec::new(), Vec::new());
    for n in 0..CALLS.min(users - half) {
        let member = ids.get(half + n).ok_or("no user")?;
        let add = PatchOp::new().add(attr("members"), serde_json::json!([{"value": member}]));
        let begin = Instant::now();
        scim.groups().patch(&group, &add).await?;
        adds.push(begin.elapsed());
        let path = PatchPath::parse(&format!("members[value eq \"{member}\"]"))?;
        let begin = Instant::now();
        scim.groups().patch(&group, &PatchOp::new().remove(path)).await?;
        removals.push(begin.elapsed());
    }
    times.keep("add a member to a group of half of them", adds);
    times.keep("remove a member from it", removals);
    Ok(Value::Object(times.0))
}
