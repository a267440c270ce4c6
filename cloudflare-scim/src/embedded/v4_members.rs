//! `…/members` (rule 24).

use http::StatusCode;
use serde_json::{Value, json};

use super::catalogue;
use super::http::{Incoming, PageOf, Reply};
use super::people::NewPerson;
use super::state::{Membership, Refusal, State, StoredPolicy};
use super::switches::MembersTotalPages;
use crate::{MemberStatus, MembershipId, PermissionGroupId};

type Outcome = Result<Reply, Reply>;

pub(super) fn answer(state: &mut State, request: &Incoming, path: &[&str]) -> Reply {
    let outcome = match (request.method.as_str(), path) {
        ("GET", []) => list(state, request),
        ("POST", []) => invite(state, request),
        ("GET", [id]) => get(state, id),
        ("PUT", [id]) => update(state, request, id),
        ("DELETE", [id]) => delete(state, id),
        (_, []) => Err(Reply::no_method(&request.method, "GET, POST")),
        (_, [_]) => Err(Reply::no_method(&request.method, "GET, PUT, DELETE")),
        _ => Err(Reply::no_route(&request.path)),
    };
    outcome.unwrap_or_else(|reply| reply)
}

fn refused(state: &State, refusal: &Refusal) -> Reply {
    Reply::refused(refusal, state.switches)
}

fn list(state: &State, request: &Incoming) -> Outcome {
    let page = PageOf::read(request, state.switches, 20, 5, 50)?;
    let asked = request.param("status");
    let mut members: Vec<&Membership> =
        state.members.values().filter(|member| asked.is_none_or(|asked| member.status.as_str() == asked)).collect();
    let person = |member: &&Membership| state.person(&member.tag);
    match request.param("order") {
        Some("user.email") => members.sort_by_key(|member| person(member).map(|person| &person.email)),
        Some("user.first_name") => members.sort_by_key(|member| person(member).map(|person| &person.given_name)),
        Some("user.last_name") => members.sort_by_key(|member| person(member).map(|person| &person.family_name)),
        Some("status") => members.sort_by(|a, b| a.status.cmp(&b.status)),
        None | Some("") => {}
        Some(_) => return Err(refused(state, &Refusal::Invalid("unknown order".into()))),
    }
    if request.param("direction") == Some("desc") {
        members.reverse();
    }
    let (members, mut info) = page.cut(members, state.switches);
    if state.switches.members_total_pages == MembersTotalPages::Omitted
        && let Some(info) = info.as_object_mut()
    {
        info.remove("total_pages");
    }
    let members: Vec<_> = members.into_iter().filter_map(|member| state.show_member(member)).collect();
    Ok(Reply::page(&members, &info))
}

fn get(state: &State, id: &str) -> Outcome {
    let shown = state.membership(id).and_then(|member| state.show_member(member));
    let shown = shown.ok_or_else(|| refused(state, &Refusal::NotFound))?;
    Ok(Reply::ok(&shown).about(id))
}

/// What a body says of rights: roles (objects or bare ids) or policies; `None` if it says nothing.
fn read_rights(state: &mut State, body: &Value) -> Result<Option<Vec<StoredPolicy>>, Reply> {
    if let Some(policies) = body.get("policies").filter(|value| !value.is_null()) {
        return state.read_policies(policies).map(Some).map_err(|refusal| refused(state, &refusal));
    }
    let Some(roles) = body.get("roles").filter(|value| !value.is_null()) else { return Ok(None) };
    let invalid = |why: String| refused(state, &Refusal::Invalid(why));
    let roles = roles.as_array().ok_or_else(|| invalid("roles must be a list".into()))?;
    let mut ids = std::collections::BTreeSet::new();
    for role in roles {
        let id = role.as_str().or_else(|| role.get("id")?.as_str()).unwrap_or_default();
        let known = catalogue::find(id).filter(|known| known.account);
        let known = known.ok_or_else(|| invalid(format!("unknown role: {id}")))?;
        ids.extend(known.id.parse::<PermissionGroupId>());
    }
    if ids.is_empty() {
        return Err(invalid("at least one role is needed".into()));
    }
    Ok(Some(vec![StoredPolicy { permission_groups: ids, ..state.account_policy([]) }]))
}

fn invite(state: &mut State, request: &Incoming) -> Outcome {
    let body = request.json()?;
    let email = body.get("email").and_then(Value::as_str).unwrap_or_default();
    if !is_email(email) {
        return Err(refused(state, &Refusal::Invalid("email must be an e-mail address".into())));
    }
    let status = match body.get("status").and_then(Value::as_str) {
        None | Some("pending") => MemberStatus::Pending,
        Some("accepted") => MemberStatus::Accepted,
        Some(_) => return Err(refused(state, &Refusal::Invalid("status must be accepted or pending".into()))),
    };
    let Some(policies) = read_rights(state, &body)? else {
        return Err(refused(state, &Refusal::Invalid("roles or policies are needed".into())));
    };
    let person = NewPerson { email: email.to_owned(), ..NewPerson::default() };
    let tag = state.enrol(person, status).map_err(|refusal| refused(state, &refusal))?;
    let Some(membership) = state.membership_of_mut(&tag) else {
        return Err(Reply::fail(StatusCode::INTERNAL_SERVER_ERROR, 1000, "Internal error"));
    };
    membership.policies = policies;
    let id = membership.id.clone();
    get(state, id.as_str())
}

fn update(state: &mut State, request: &Incoming, id: &str) -> Outcome {
    let body = request.json()?;
    let tag = state.membership(id).map(|member| member.tag.clone());
    let tag = tag.ok_or_else(|| refused(state, &Refusal::NotFound))?;
    let rights = read_rights(state, &body)?;
    if let (Some(rights), Some(member)) = (rights, state.membership_of_mut(&tag)) {
        member.policies = rights;
    }
    get(state, id)
}

fn delete(state: &mut State, id: &str) -> Outcome {
    let tag = state.membership(id).map(|member| member.tag.clone());
    let tag = tag.ok_or_else(|| refused(state, &Refusal::NotFound))?;
    state.expel(&tag).map_err(|refusal| refused(state, &refusal))?;
    let id: Option<MembershipId> = id.parse().ok();
    Ok(Reply::ok(&json!({ "id": id })).about(id.map(String::from).unwrap_or_default()))
}

/// Something before an `@`, something with a dot behind it, no blank and no second `@`.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let label = |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
    !local.is_empty()
        && text.len() <= 254
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
        && !domain.contains('@')
        && domain.contains('.')
        && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::is_email;

    #[test]
    fn addresses() {
        for good in ["a@b.c", "o'neil+x@example.com", "jürgen@münchen.example"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "a", "a@", "@b.c", "a@b", "a b@c.d", "a@b@c.d", "a@.c", "a@b..c", "a@-b.c"] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
