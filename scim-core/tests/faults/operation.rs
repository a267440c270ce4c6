//! The operations of the matrix: what the client is asked, and how the server's state shows it done.

use futures_util::TryStreamExt;
use http::Method;
use scim_core::client::{Error, ScimClient};
use scim_core::filter::attr;
use scim_core::patch::PatchOp;
use scim_core::resource::{Group, ResourceId, User};
use serde_json::Value;

use crate::fault::Armed;
use crate::world::{World, person};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    PostUser,
    PostGroup,
    Put,
    PatchReplace,
    PatchAddMember,
    PatchRemoveMember,
    Delete,
    ListPage,
}

impl Op {
    pub const ALL: [Self; 8] = [
        Self::PostUser,
        Self::PostGroup,
        Self::Put,
        Self::PatchReplace,
        Self::PatchAddMember,
        Self::PatchRemoveMember,
        Self::Delete,
        Self::ListPage,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::PostUser => "POST user",
            Self::PostGroup => "POST group",
            Self::Put => "PUT",
            Self::PatchReplace => "PATCH replace",
            Self::PatchAddMember => "PATCH add member",
            Self::PatchRemoveMember => "PATCH remove member",
            Self::Delete => "DELETE",
            Self::ListPage => "list page",
        }
    }

    /// Puts the server into the state before.
    pub fn prepare(self, world: &World) {
        if self == Self::PatchRemoveMember {
            let members: Vec<Value> = world.people.iter().take(3).map(|id| serde_json::json!({"value": id})).collect();
            let add = serde_json::json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{"op": "add", "path": "members", "value": members}]});
            world.direct(Method::PATCH, &format!("Groups/{}", world.group), Some(&add));
        }
    }

    /// Asks the client for the `n`th of three.
    pub async fn run(self, world: &World, scim: &ScimClient, n: u32) -> Result<(), Error> {
        let id: ResourceId = world.people[n as usize].parse().unwrap();
        let group: ResourceId = world.group.parse().unwrap();
        match self {
            Self::PostUser => {
                let user: User = serde_json::from_value(person(100 + n)).unwrap();
                let made = scim.users().create(&user).await?;
                assert_eq!(made.user_name, user.user_name, "the answer is about the one that was sent");
                assert!(made.id.is_some());
            }
            Self::PostGroup => {
                let mut team = Group::new(format!("Team {n}"));
                team.external_id = Some(format!("ext-{n}").into());
                let made = scim.groups().create(&team).await?;
                assert_eq!(made.display_name, team.display_name);
                assert!(made.id.is_some());
            }
            Self::Put => {
                let mut user: User = serde_json::from_value(person(n)).unwrap();
                user.title = Some("Guide".into());
                if let Some(shown) = scim.users().replace(&id, &user).await? {
                    assert_eq!(shown.id.as_ref(), Some(&id));
                }
            }
            Self::PatchReplace => {
                let shown = scim.users().patch(&id, &PatchOp::new().replace(attr("title"), "Guide")).await?;
                assert!(shown.is_none_or(|shown| shown.id.as_ref() == Some(&id)));
            }
            Self::PatchAddMember => scim.members(&group).add([&id]).await?,
            Self::PatchRemoveMember => scim.members(&group).remove([&id]).await?,
            Self::Delete => drop(scim.users().ensure_deleted(&id).await?),
            Self::ListPage => unreachable!("pages are read in one go"),
        }
        Ok(())
    }

    /// Reads a list of three pages; the fault waits for page `armed.position`. Complete, or an error.
    pub async fn read_list(world: &World, scim: &ScimClient, armed: Armed) -> Result<(), Error> {
        let mut pages = scim.users().list().count(4).pages();
        let mut seen = Vec::new();
        for page in 0..=u32::MAX {
            if page == armed.position {
                world.arm(armed);
            }
            let Some(users) = pages.try_next().await? else { break };
            seen.extend(users.into_iter().filter_map(|user| user.id).map(ResourceId::into_string));
        }
        seen.sort();
        let mut people = world.people.clone();
        people.sort();
        assert_eq!(seen, people, "a list without an error is complete");
        Ok(())
    }

    /// Whether the server's state is as the `n`th call wants it.
    pub fn is_done(self, world: &World, n: u32) -> bool {
        let id = &world.people[n as usize];
        let user = || world.direct(Method::GET, &format!("Users/{id}"), None);
        let members = || {
            let group = world.direct(Method::GET, &format!("Groups/{}", world.group), None);
            group["members"].as_array().cloned().unwrap_or_default()
        };
        match self {
            Self::PostUser => named(world, "Users", "userName", &format!("person-{}@example.com", 100 + n)) > 0,
            Self::PostGroup => named(world, "Groups", "displayName", &format!("Team {n}")) > 0,
            Self::Put | Self::PatchReplace => user()["title"] == "Guide",
            Self::PatchAddMember => members().iter().any(|member| member["value"] == **id),
            Self::PatchRemoveMember => !members().iter().any(|member| member["value"] == **id),
            Self::Delete => user()["status"] == "404",
            Self::ListPage => false,
        }
    }

    pub fn is_write(self) -> bool {
        self != Self::ListPage
    }
}

fn named(world: &World, endpoint: &str, attribute: &str, name: &str) -> usize {
    world.all(endpoint).iter().filter(|resource| resource[attribute] == *name).count()
}

/// Names that the server has more than once.
pub fn duplicates(world: &World) -> Vec<String> {
    let mut names: Vec<String> = [("Users", "userName"), ("Groups", "displayName")]
        .iter()
        .flat_map(|(endpoint, name)| world.all(endpoint).into_iter().map(move |it| it[*name].to_string()))
        .collect();
    names.sort();
    names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0].clone()).collect()
}
