//! The table of users, with an index on the two names by which one is looked for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Deref;

use super::state::User;

/// Users by pk. Reads go to the map; changes come through here, so that the index follows them.
#[derive(Debug, Default)]
pub(crate) struct Users {
    rows: BTreeMap<i64, User>,
    /// User names and e-mail addresses.
    by_word: HashMap<String, BTreeSet<i64>>,
}

impl Users {
    pub(crate) fn insert(&mut self, user: User) {
        self.remove(user.pk);
        for word in [&user.username, &user.email] {
            self.by_word.entry(word.clone()).or_default().insert(user.pk);
        }
        self.rows.insert(user.pk, user);
    }

    pub(crate) fn remove(&mut self, pk: i64) -> Option<User> {
        let user = self.rows.remove(&pk)?;
        for word in [&user.username, &user.email] {
            if let Some(pks) = self.by_word.get_mut(word) {
                pks.remove(&pk);
                if pks.is_empty() {
                    self.by_word.remove(word);
                }
            }
        }
        Some(user)
    }

    /// Changes a user, if there is one of that pk.
    pub(crate) fn change(&mut self, pk: i64, change: impl FnOnce(&mut User)) {
        if let Some(mut user) = self.remove(pk) {
            change(&mut user);
            self.insert(user);
        }
    }

    /// The user of that name.
    pub(crate) fn named(&self, username: &str) -> Option<&User> {
        self.worded(username).find(|user| user.username == username)
    }

    /// The first user by pk with that name, or with one of those words as name or address.
    pub(crate) fn first(&self, username: &str, words: &[&str]) -> Option<&User> {
        let named = self.worded(username).filter(|user| user.username == username);
        let worded = words.iter().flat_map(|word| self.worded(word));
        named.chain(worded).min_by_key(|user| user.pk)
    }

    fn worded(&self, word: &str) -> impl Iterator<Item = &User> {
        self.by_word.get(word).into_iter().flatten().filter_map(|pk| self.rows.get(pk))
    }
}

impl Deref for Users {
    type Target = BTreeMap<i64, User>;

    fn deref(&self) -> &Self::Target {
        &self.rows
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn user(pk: i64, username: &str, email: &str) -> User {
        User {
            pk,
            username: username.to_owned(),
            name: String::new(),
            email: email.to_owned(),
            is_active: true,
            kind: "internal".to_owned(),
            path: "users".to_owned(),
            attributes: serde_json::Map::new(),
            uid: String::new(),
            uuid: String::new(),
            date_joined: Timestamp::UNIX_EPOCH,
            password_change_date: Timestamp::UNIX_EPOCH,
            last_updated: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_index_follows_every_change() {
        let mut users = Users::default();
        for one in [user(7, "b", "a@x.test"), user(5, "a", "a@x.test"), user(9, "a@x.test", "")] {
            users.insert(one);
        }
        let first = |users: &Users, name: &str, words: &[&str]| users.first(name, words).map(|user| user.pk);
        assert_eq!(first(&users, "a@x.test", &[]), Some(9), "a userName is no address");
        assert_eq!(first(&users, "a@x.test", &["nobody", "a@x.test"]), Some(5), "the first by pk");
        users.change(5, |user| "c@x.test".clone_into(&mut user.email));
        assert_eq!(first(&users, "", &["a@x.test"]), Some(7));
        users.remove(7);
        assert_eq!(first(&users, "b", &["a@x.test"]), Some(9));
        users.change(9, |user| "z".clone_into(&mut user.username));
        assert_eq!(first(&users, "b", &["a@x.test"]), None);
        assert_eq!((users.named("z").map(|user| user.pk), users.named("c@x.test").is_none()), (Some(9), true));
    }
}
