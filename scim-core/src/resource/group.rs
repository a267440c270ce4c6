use crate::Text;
use crate::resource::wire::wire_struct;
use crate::resource::{Member, Meta, ResourceId};

wire_struct! {
    /// A group (RFC 7643 §4.2).
    pub struct Group {
        /// Schema URIs of the resource.
        schemas: Vec<Text> = "schemas",
        /// Id given by the service provider.
        id: Option<ResourceId> = "id",
        /// Id given by the client.
        external_id: Option<Text> = "externalId",
        /// Name of the group.
        display_name: Option<Text> = "displayName",
        /// Members. `None`: the answer did not say, which is no empty group; `Some` of an empty list:
        /// the answer had `[]` or `null`.
        members: Option<Vec<Member>> = "members",
        /// What the service provider says about the resource.
        meta: Option<Meta> = "meta",
    }
}

impl Group {
    /// A group with that name and without members, ready to be created.
    pub fn new(display_name: impl Into<Text>) -> Self {
        Self {
            schemas: vec![Text::constant(crate::schema::GROUP)],
            display_name: Some(display_name.into()),
            ..Self::default()
        }
    }
}
