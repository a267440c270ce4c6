use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::resource::secret::show_members;

/// Members that a type does not know, as they came (RFC 7643 §3.3 lets a server have any): a JSON object that takes one
/// word while there are none, which is the ordinary case.
///
/// ```
/// use scim_core::resource::User;
/// let mut user = User::new("alice");
/// assert!(user.extra.is_empty());
/// user.extra.insert("favouriteColour".to_owned(), "red".into());
/// assert_eq!(user.extra["favouriteColour"], "red");
/// ```
#[derive(Clone, Default)]
pub struct Extra(Option<Box<Map<String, Value>>>);

static NOTHING: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

impl Extra {
    /// The members, if there ever were any.
    pub(crate) fn held(&self) -> Option<&Map<String, Value>> {
        self.0.as_deref()
    }

    pub(crate) fn members(&mut self) -> &mut Map<String, Value> {
        self.0.get_or_insert_default()
    }
}

impl Deref for Extra {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        self.held().unwrap_or(&NOTHING)
    }
}

impl DerefMut for Extra {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.members()
    }
}

impl From<Map<String, Value>> for Extra {
    fn from(members: Map<String, Value>) -> Self {
        Self((!members.is_empty()).then(|| Box::new(members)))
    }
}

impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_members(self, f)
    }
}
