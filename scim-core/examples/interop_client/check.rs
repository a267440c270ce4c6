//! The life of users and groups on a foreign server, check by check.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::process::ExitCode;

use bytes::Bytes;
use http::{Method, StatusCode};
use scim_core::client::{Error, ErrorKind, ScimClient};
use scim_core::filter::attr;
use scim_core::message::ScimType;
use scim_core::patch::{DiffOptions, PatchOp, diff};
use scim_core::path::PatchPath;
use scim_core::resource::{Email, EnterpriseUser, Group, Member, Name, ResourceId, ScimResource, User};
use scim_core::transport::{BaseUrl, Transport as _};

use crate::{Failure, Peer, line};

const USERS: usize = 1_000;

/// What has been checked so far.
struct Book<'a> {
    but: &'a BTreeSet<&'a str>,
    seen: BTreeSet<&'static str>,
    passed: usize,
    deviates: usize,
    failed: usize,
}

impl Book<'_> {
    fn note(&mut self, name: &'static str, outcome: Result<(), Failure>) -> std::io::Result<()> {
        self.seen.insert(name);
        match (outcome, self.but.contains(name)) {
            (Ok(()), false) => self.passed += 1,
            (Err(error), true) => {
                self.deviates += 1;
                line(&format!("deviates  {name}: {error}"))?;
            }
            (Err(error), false) => {
                self.failed += 1;
                line(&format!("FAILED    {name}: {error}"))?;
            }
            (Ok(()), true) => {
                self.failed += 1;
                line(&format!("FAILED    {name}: passes now; take it off the list of deviations"))?;
            }
        }
        Ok(())
    }
}

pub(crate) async fn run(peer: &Peer, but: &BTreeSet<&str>) -> Result<ExitCode, Failure> {
    let mut book = Book { but, seen: BTreeSet::new(), passed: 0, deviates: 0, failed: 0 };
    let scim = peer.client()?;
    let config = scim.service_provider_config().await?;
    let versions = config.etag.as_ref().and_then(|etag| etag.supported) == Some(true);

    book.note("wrong token", wrong_token(peer).await)?;
    let users = create(&scim).await?;
    book.note("lists of 1,000", lists(&scim, &users).await)?;
    book.note("find", find(&scim, &users).await)?;
    book.note("find in another case", find_in_another_case(&scim, &users).await)?;
    book.note("absent", absent(&scim).await)?;
    book.note("conflict", conflict(&scim).await)?;
    book.note("refused filter", refused_filter(&scim).await)?;
    book.note("refused path", refused_path(&scim, first(&users)?).await)?;
    book.note("patch by diff", patch_by_diff(&scim, first(&users)?).await)?;
    book.note("patch that changes nothing", patch_nothing(&scim, first(&users)?).await)?;
    book.note("replace", replace(&scim, first(&users)?).await)?;
    if versions {
        book.note("versions", stale_version(peer, first(&users)?).await)?;
        book.note("not modified", not_modified(peer, first(&users)?).await)?;
    }
    book.note("group of 1,000", group(&scim, &users).await)?;
    book.note("group without members", group_without_members(&scim).await)?;
    book.note("deactivate", deactivate(&scim, first(&users)?).await)?;
    book.note("delete", delete(&scim, &users).await)?;

    for unknown in but.iter().filter(|name| !book.seen.contains(*name)) {
        book.failed += 1;
        line(&format!("FAILED    {unknown}: no such check ran"))?;
    }
    let skipped = if versions { "" } else { ", versions not announced" };
    line(&format!(
        "{} checks passed, {} deviate as known, {} failed{skipped}",
        book.passed, book.deviates, book.failed
    ))?;
    Ok(if book.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn first(users: &[User]) -> Result<&User, Failure> {
    users.first().ok_or_else(|| "no user".into())
}

fn equal<T: PartialEq + Debug>(what: &str, got: &T, wanted: &T) -> Result<(), Failure> {
    let cut = |value: &T| format!("{value:?}").chars().take(300).collect::<String>();
    if got == wanted { Ok(()) } else { Err(format!("{what}: {}, not {}", cut(got), cut(wanted)).into()) }
}

fn id<R: ScimResource>(resource: &R) -> Result<&ResourceId, Failure> {
    resource.id().ok_or_else(|| "the server gave no id".into())
}

fn ids<R: ScimResource>(resources: &[R]) -> BTreeSet<String> {
    resources.iter().filter_map(|resource| resource.id().map(|id| id.as_str().to_owned())).collect()
}

/// The call must fail in that way.
fn refused<T>(outcome: Result<T, Error>, right: impl Fn(&Error) -> bool) -> Result<(), Failure> {
    match outcome {
        Ok(_) => Err("succeeded".into()),
        Err(error) if right(&error) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn person(n: usize) -> User {
    let mut user = User::new(format!("User{n}@example.com"));
    user.external_id = Some(format!("external-{n}").into());
    user.display_name = Some(format!("Üser {n} \"quoted\"").into());
    user.active = Some(true);
    user.title = Some("Tester".into());
    let mut name = Name::default();
    name.given_name = Some(format!("Given{n}").into());
    name.family_name = Some(format!("Family{n}").into());
    user.name = Some(name);
    user.emails.push(Email::new(format!("user{n}@example.com")).with_type("work").primary());
    user.schemas.push(EnterpriseUser::SCHEMA.into());
    let mut enterprise = EnterpriseUser::default();
    enterprise.department = Some(format!("D{}", n % 7).into());
    user.enterprise = Some(enterprise);
    user
}

async fn create(scim: &ScimClient) -> Result<Vec<User>, Failure> {
    let mut users = Vec::with_capacity(USERS);
    for n in 0..USERS {
        let sent = person(n);
        let made = scim.users().create(&sent).await?;
        equal("userName", &made.user_name, &sent.user_name)?;
        equal("displayName", &made.display_name, &sent.display_name)?;
        equal("the extension", &made.enterprise, &sent.enterprise)?;
        users.push(made);
    }
    Ok(users)
}

async fn wrong_token(peer: &Peer) -> Result<(), Failure> {
    let wrong = peer.client_with("not-the-token")?;
    refused(wrong.users().list().all().await, Error::is_unauthorized)
}

async fn lists(scim: &ScimClient, users: &[User]) -> Result<(), Failure> {
    let wanted = ids(users);
    equal("users of the list in pages of 100", &ids(&scim.users().list().count(100).all().await?), &wanted)?;
    equal("users of the list in the server's pages", &ids(&scim.users().list().all().await?), &wanted)?;
    let names = scim.users().list().count(250).attributes(["userName"]).all().await?;
    equal("users of the list of names", &ids(&names), &wanted)?;
    let shown = names.iter().find(|user| user.user_name.is_none() || user.emails != Vec::new());
    equal("a user who shows more or less than asked", &shown, &None)
}

async fn find(scim: &ScimClient, users: &[User]) -> Result<(), Failure> {
    let user = users.get(500).ok_or("no user")?;
    let name = user.user_name.as_deref().unwrap_or_default();
    let found = scim.users().find(attr("userName").eq(name)).await?;
    equal("the user of that name", &ids(&found), &ids(std::slice::from_ref(user)))?;
    let both = attr("externalId").eq("external-7").and(attr("name.familyName").sw("Family"));
    equal("users by two conditions", &scim.users().find(both).await?.len(), &1)?;
    let found = scim.users().find(attr("emails").any(attr("value").eq("user9@example.com"))).await?;
    equal("users by e-mail", &found.len(), &1)?;
    equal("users of no name", &scim.users().find(attr("userName").eq("nobody")).await?.len(), &0)
}

async fn find_in_another_case(scim: &ScimClient, users: &[User]) -> Result<(), Failure> {
    let user = users.get(501).ok_or("no user")?;
    let name = user.user_name.as_deref().unwrap_or_default().to_uppercase();
    let found = scim.users().find(attr("userName").eq(name)).await?;
    equal("the user of that name", &ids(&found), &ids(std::slice::from_ref(user)))
}

async fn absent(scim: &ScimClient) -> Result<(), Failure> {
    let nobody: ResourceId = "00000000-0000-4000-8000-000000000000".parse()?;
    equal("nobody", &scim.users().get_opt(&nobody).await?, &None)?;
    refused(scim.users().delete(&nobody).await, Error::is_not_found)?;
    let patch = PatchOp::new().replace(attr("displayName"), "x");
    refused(scim.groups().patch(&nobody, &patch).await, Error::is_not_found)
}

async fn conflict(scim: &ScimClient) -> Result<(), Failure> {
    let mut again = person(1);
    again.external_id = Some("another".into());
    let taken = |error: &Error| error.is_conflict() && error.scim_type() == Some(&ScimType::Uniqueness);
    refused(scim.users().create(&again).await, taken)
}

async fn refused_filter(scim: &ScimClient) -> Result<(), Failure> {
    let password = scim.users().find(attr("password").sw("a")).await;
    refused(password, |error| matches!(error.kind(), ErrorKind::Refused | ErrorKind::Forbidden))
}

async fn refused_path(scim: &ScimClient, user: &User) -> Result<(), Failure> {
    let nowhere = PatchPath::parse("emails[type eq \"nosuch\"].value")?;
    let patch = PatchOp::new().replace(nowhere, "x@example.com");
    refused(scim.users().patch(id(user)?, &patch).await, |error| error.scim_type() == Some(&ScimType::NoTarget))
}

async fn patch_by_diff(scim: &ScimClient, user: &User) -> Result<(), Failure> {
    let before = scim.users().get(id(user)?).await?;
    let mut after = before.clone();
    after.display_name = Some("Renamed".into());
    after.title = None;
    after.nick_name = Some("Nick".into());
    after.emails.push(Email::new("second@example.com").with_type("home"));
    after.enterprise.get_or_insert_default().cost_center = Some("4711".into());
    after.name.get_or_insert_default().given_name = Some("Other".into());
    apply(scim, &before, &after).await?;
    let now = scim.users().get(id(user)?).await?;
    let left = diff(
        &serde_json::to_value(&now)?,
        &serde_json::to_value(&after)?,
        &User::resource_schemas(),
        &DiffOptions::new(),
    )?;
    equal("what is left to do", &serde_json::to_value(&left)?, &serde_json::json!([]))
}

async fn apply<R: ScimResource>(scim: &ScimClient, before: &R, after: &R) -> Result<usize, Failure> {
    let options = DiffOptions::new().with_max_values(100);
    let (from, to) = (serde_json::to_value(before)?, serde_json::to_value(after)?);
    let patches = diff(&from, &to, &R::resource_schemas(), &options)?;
    for patch in &patches {
        scim.endpoint::<R>().patch(id(before)?, patch).await?;
    }
    Ok(patches.len())
}

async fn patch_nothing(scim: &ScimClient, user: &User) -> Result<(), Failure> {
    let before = scim.users().get(id(user)?).await?;
    let patch = PatchOp::new().replace(attr("displayName"), before.display_name.clone().unwrap_or_default());
    scim.users().patch(id(user)?, &patch).await?;
    let after = scim.users().get(id(user)?).await?;
    equal("the version", &after.version(), &before.version())?;
    equal("the user", &after, &before)
}

async fn replace(scim: &ScimClient, user: &User) -> Result<(), Failure> {
    let mut user = scim.users().get(id(user)?).await?;
    user.display_name = Some("Replaced".into());
    user.emails.retain(|email| email.r#type.as_deref() != Some("home"));
    scim.users().replace(id(&user)?, &user).await?;
    let now = scim.users().get(id(&user)?).await?;
    equal("displayName", &now.display_name, &user.display_name)?;
    equal("emails", &now.emails, &user.emails)?;
    equal("the extension", &now.enterprise, &user.enterprise)
}

/// A request with a precondition, which the client of today does not send by itself.
async fn with_version(
    peer: &Peer,
    method: Method,
    user: &User,
    header: &str,
    version: &str,
) -> Result<StatusCode, Failure> {
    let body = if method == Method::PUT { serde_json::to_vec(user)? } else { Vec::new() };
    let url = peer.base.parse::<BaseUrl>()?.url(&["Users", id(user)?.as_str()], &[])?;
    let request = http::Request::builder()
        .method(method)
        .uri(url)
        .header("authorization", format!("Bearer {}", peer.token))
        .header("content-type", "application/scim+json")
        .header(header, version);
    Ok(peer.transport.send(request.body(Bytes::from(body))?).await?.status())
}

async fn stale_version(peer: &Peer, user: &User) -> Result<(), Failure> {
    let scim = peer.client()?;
    let old = scim.users().get(id(user)?).await?;
    let stale = old.version().ok_or("no version")?.to_owned();
    scim.users().patch(id(user)?, &PatchOp::new().replace(attr("title"), "Changed")).await?;
    let new = scim.users().get(id(user)?).await?;
    let fresh = new.version().ok_or("no version")?.to_owned();
    let refused = with_version(peer, Method::PUT, &new, "if-match", &stale).await?;
    equal("the answer to a stale version", &refused, &StatusCode::PRECONDITION_FAILED)?;
    let taken = with_version(peer, Method::PUT, &new, "if-match", &fresh).await?;
    equal("the answer to the right version", &taken, &StatusCode::OK)
}

async fn not_modified(peer: &Peer, user: &User) -> Result<(), Failure> {
    let user = peer.client()?.users().get(id(user)?).await?;
    let version = user.version().ok_or("no version")?.to_owned();
    let same = with_version(peer, Method::GET, &user, "if-none-match", &version).await?;
    equal("the answer to the version that is there", &same, &StatusCode::NOT_MODIFIED)
}

fn members(group: &Group) -> BTreeSet<String> {
    let members = group.members.iter().flatten().filter_map(|member| member.value.as_ref());
    members.map(|id| id.as_str().to_owned()).collect()
}

async fn group(scim: &ScimClient, users: &[User]) -> Result<(), Failure> {
    let everybody: Vec<Member> = users.iter().filter_map(|user| user.id.clone()).map(Member::new).collect();
    let mut new = Group::new("Everybody");
    new.members = Some(everybody.iter().take(2).cloned().collect());
    let made = scim.groups().create(&new).await?;
    let before = scim.groups().get(id(&made)?).await?;
    equal("members at first", &members(&before).len(), &2)?;

    // Who is there stays as the server shows it.
    let mut all = before.clone();
    all.members.get_or_insert_default().extend(everybody.iter().skip(2).cloned());
    equal("messages", &apply(scim, &before, &all).await?, &10)?;
    let full = scim.groups().get(id(&made)?).await?;
    equal("members", &members(&full), &ids(users))?;

    let mut half = full.clone();
    half.members = Some(full.members.iter().flatten().step_by(2).cloned().collect());
    apply(scim, &full, &half).await?;
    let now = scim.groups().get(id(&made)?).await?;
    equal("members", &members(&now), &members(&half))?;

    // A rename must not touch the members.
    scim.groups().patch(id(&made)?, &PatchOp::new().replace(attr("displayName"), "Half")).await?;
    let found = scim.groups().find(attr("displayName").eq("Half")).await?;
    equal("groups of that name", &ids(&found), &ids(std::slice::from_ref(&made)))?;
    let renamed = scim.groups().get(id(&made)?).await?;
    equal("members after the rename", &members(&renamed), &members(&half))
}

async fn group_without_members(scim: &ScimClient) -> Result<(), Failure> {
    let groups = scim.groups().list().excluded_attributes(["members"]).all().await?;
    equal("groups", &groups.len(), &1)?;
    equal("members where none were asked for", &groups.iter().map(|group| members(group).len()).sum::<usize>(), &0)
}

async fn deactivate(scim: &ScimClient, user: &User) -> Result<(), Failure> {
    scim.users().patch(id(user)?, &PatchOp::new().replace(attr("active"), false)).await?;
    equal("active", &scim.users().get(id(user)?).await?.active, &Some(false))
}

async fn delete(scim: &ScimClient, users: &[User]) -> Result<(), Failure> {
    for group in scim.groups().list().all().await? {
        scim.groups().delete(id(&group)?).await?;
    }
    for user in users {
        scim.users().delete(id(user)?).await?;
    }
    equal("users left", &scim.users().list().all().await?.len(), &0)?;
    equal("groups left", &scim.groups().list().all().await?.len(), &0)?;
    let gone = id(first(users)?)?;
    equal("a deleted user", &scim.users().get_opt(gone).await?, &None)?;
    // The name is free again.
    let again = scim.users().create(&person(0)).await?;
    scim.users().delete(id(&again)?).await.map_err(Failure::from)
}
