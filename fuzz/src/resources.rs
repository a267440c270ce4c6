//! Typed resources and lists: what is read is written, what is written reads back equal, and views see what owned
//! types see.

use std::fmt::Debug;

use scim_core::message::{LIST_RESPONSE, ListResponse};
use scim_core::resource::view::{GroupView, UserView};
use scim_core::resource::{Group, Resource, User};
use scim_core::schema::{Direction, ResourceSchemas};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::json::is_carried;

/// The value that the bytes hold, after it came through a round trip.
fn round_trip<T: DeserializeOwned + Serialize + PartialEq + Debug>(data: &[u8]) -> Option<T> {
    let value: T = serde_json::from_slice(data).ok()?;
    let text = match serde_json::to_string(&value) {
        Ok(text) => text,
        Err(error) => panic!("{value:?} does not write: {error}"),
    };
    match serde_json::from_str::<T>(&text) {
        Ok(again) => {
            assert_eq!(again, value, "{text} reads back as another one");
            assert_eq!(serde_json::to_string(&again).ok().as_ref(), Some(&text), "written differently");
        }
        Err(error) => panic!("{text} does not read back: {error}"),
    }
    if let (Ok(mut read), Ok(written)) = (serde_json::from_slice::<Value>(data), serde_json::from_str::<Value>(&text)) {
        // The `schemas` of a message are written by the letter, whatever was read.
        if let Some(map) = read.as_object_mut().filter(|_| written["schemas"] == json!([LIST_RESPONSE])) {
            map.retain(|name, _| !name.eq_ignore_ascii_case("schemas"));
        }
        assert!(is_carried(&read, &written), "lost something:\n{read}\n{written}");
    }
    Some(value)
}

/// Target `user`: the body of a resource, read as each type.
pub fn user(data: &[u8]) {
    let user = round_trip::<User>(data);
    round_trip::<Group>(data);
    round_trip::<Resource>(data);
    if let Some(user) = user {
        let _ = (user.email(), user.meta.as_ref().map(|meta| (meta.created_at(), meta.last_modified_at())));
    }
    if let Ok(value) = serde_json::from_slice::<Value>(data) {
        for schemas in [ResourceSchemas::user(), ResourceSchemas::group()] {
            for direction in [Direction::Create, Direction::Replace, Direction::Patch, Direction::Answer] {
                for violation in schemas.validate(&value, direction) {
                    assert!(violation.to_string().len() > 2, "{violation:?} says nothing");
                }
            }
        }
    }
}

/// Target `list_response`: the body of a list.
pub fn list_response(data: &[u8]) {
    round_trip::<ListResponse<Resource>>(data);
    let users = round_trip::<ListResponse<User>>(data);
    let groups = round_trip::<ListResponse<Group>>(data);
    // The head of a list does not depend on what is in it.
    let mixed = round_trip::<ListResponse<Value>>(data);
    if let Some(users) = users {
        let mixed = mixed.unwrap_or_else(|| panic!("a list of users is no list"));
        assert_eq!(users.resources.len(), mixed.resources.len());
        assert_eq!((users.total_results, &users.next_cursor), (mixed.total_results, &mixed.next_cursor));
        let view: ListResponse<UserView<'_>> =
            serde_json::from_slice(data).unwrap_or_else(|error| panic!("owned reads, the view does not: {error}"));
        assert_eq!(view.resources.len(), users.resources.len());
        for (seen, user) in view.resources.iter().zip(&users.resources) {
            assert_eq!(seen.user_name.as_deref(), user.user_name.as_deref());
            assert_eq!(seen.active, user.active);
            let emails = seen.emails.read().unwrap_or_else(|error| panic!("owned reads, the view does not: {error}"));
            assert_eq!(emails.len(), user.emails.len());
        }
    }
    if let Some(groups) = groups {
        let view: ListResponse<GroupView<'_>> =
            serde_json::from_slice(data).unwrap_or_else(|error| panic!("owned reads, the view does not: {error}"));
        for (seen, group) in view.resources.iter().zip(&groups.resources) {
            assert_eq!(seen.display_name.as_deref(), group.display_name.as_deref());
            let members = seen.members.read().unwrap_or_else(|error| panic!("owned reads, the view does not: {error}"));
            assert_eq!(members.len(), group.members.as_deref().unwrap_or_default().len());
        }
    }
}
