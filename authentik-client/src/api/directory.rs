use serde_json::json;

use super::list::List;
use super::objects::{Objects, handle};
use crate::error::Error;
use crate::id::{GroupUuid, UserPk};
use crate::model::{Group, GroupPatch, NewGroup, NewUser, User, UserPatch, UserType};

handle! {
    /// Groups (`/core/groups/`).
    Groups, Group, GroupUuid, [get, delete]
}
handle! {
    /// Users (`/core/users/`).
    Users, User, UserPk, [get, delete]
}

impl Groups {
    /// The group of this name.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn find(&self, name: &str) -> Result<Option<Group>, Error> {
        self.list().filter("name", name).filter("include_users", true).only(|group| group.name == name).await
    }

    /// Creates one.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::is_conflict`] when the name is taken.
    pub async fn create(&self, group: &NewGroup) -> Result<Group, Error> {
        self.0.create(group).await
    }

    /// Changes one.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn update(&self, id: &GroupUuid, patch: &GroupPatch) -> Result<Group, Error> {
        self.0.update(id, patch).await
    }

    /// Makes a user a member; fine if it is one already.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn add_user(&self, id: &GroupUuid, user: UserPk) -> Result<(), Error> {
        self.0.act("add a user", id, "add_user", &json!({"pk": user})).await
    }

    /// Ends a user's membership; fine if there is none.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn remove_user(&self, id: &GroupUuid, user: UserPk) -> Result<(), Error> {
        self.0.act("remove a user", id, "remove_user", &json!({"pk": user})).await
    }
}

impl Users {
    /// The user of this name.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn find(&self, username: &str) -> Result<Option<User>, Error> {
        self.list().filter("username", username).only(|user| user.username == username).await
    }

    /// Creates one.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::is_conflict`] when the username is taken.
    pub async fn create(&self, user: &NewUser) -> Result<User, Error> {
        self.0.create(user).await
    }

    /// Changes one.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn update(&self, pk: &UserPk, patch: &UserPatch) -> Result<User, Error> {
        self.0.update(pk, patch).await
    }
}

impl List<User> {
    /// Direct members of this group; an unknown one is a 400 (G15).
    pub fn in_group(self, group: &GroupUuid) -> Self {
        self.filter("groups_by_pk", group)
    }

    /// The user of this name, with case.
    pub fn username(self, username: &str) -> Self {
        self.filter("username", username)
    }

    /// Users with this e-mail address, with case; there may be several.
    pub fn email(self, email: &str) -> Self {
        self.filter("email", email)
    }

    /// Active users, or inactive ones.
    pub fn active(self, active: bool) -> Self {
        self.filter("is_active", active)
    }

    /// Users of this kind.
    pub fn of_type(self, user_type: &UserType) -> Self {
        self.filter("type", user_type.as_str())
    }

    /// Without `groups_obj`, which makes pages much smaller; `groups` stays.
    pub fn without_group_objects(self) -> Self {
        self.filter("include_groups", false)
    }
}

impl List<Group> {
    /// The group of this name, with case.
    pub fn name(self, name: &str) -> Self {
        self.filter("name", name)
    }

    /// Groups that this user is a direct member of; an unknown one is a 400 (G15).
    pub fn with_member(self, user: UserPk) -> Self {
        self.filter("members_by_pk", user)
    }

    /// Without `users_obj`, which makes pages much smaller; `users` stays.
    pub fn without_user_objects(self) -> Self {
        self.filter("include_users", false)
    }
}
