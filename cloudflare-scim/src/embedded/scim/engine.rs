//! How Cloudflare's SCIM differs from the RFC's, as the engine's behaviour.

use std::sync::Arc;

use http::Method;
use scim_core::provider::{Behaviour, DiscoveryQuery, Engine, Kind, MetaShown, Omitted, UnknownAttributes};
use scim_core::quirk::{Quirk, Quirks};
use scim_core::schema::{GROUP, ResourceSchemas, ResourceType, Schema, SchemaRegistry, USER};

use super::super::state::State;
use super::super::switches::{
    ActiveStrings, DeleteUser, GroupPut, PatchSchemas, Switches, UnknownAttributes as Unknown,
};

/// One engine for `/Users`, one for `/Groups`: only a user's body must name its schema.
#[derive(Debug)]
pub(in super::super) struct Engines {
    pub(super) users: Engine,
    pub(super) groups: Engine,
}

impl State {
    /// The engines for the switches as they are.
    pub(super) fn engines(&mut self) -> Arc<Engines> {
        let switches = self.switches;
        if let Some((made_for, engines)) = &self.engines
            && *made_for == switches
        {
            return Arc::clone(engines);
        }
        let path = format!("/client/v4/accounts/{}/scim/v2", self.account);
        let engine = |require_schemas| {
            Engine::new(&path).with_kinds(kinds(switches)).with_behaviour(behaviour(switches, require_schemas))
        };
        let engines = Arc::new(Engines { users: engine(true), groups: engine(false) });
        // What users look like may depend on a switch.
        self.all_shown_anew();
        self.engines = Some((switches, Arc::clone(&engines)));
        engines
    }
}

fn behaviour(switches: Switches, require_schemas: bool) -> Behaviour {
    let mut quirks = Quirks::CLOUDFLARE;
    if switches.active_strings == ActiveStrings::Refuse {
        quirks = quirks.without(Quirk::BoolString);
    }
    let page = usize::try_from(switches.scim_page()).unwrap_or(usize::MAX);
    let mut it = Behaviour::default();
    it.quirks = quirks;
    it.require_schemas = require_schemas;
    it.require_message_schemas = switches.patch_schemas == PatchSchemas::Strict;
    it.unknown_attributes = match switches.unknown_attributes {
        Unknown::Ignore => UnknownAttributes::Ignore,
        Unknown::Refuse => UnknownAttributes::Refuse,
    };
    it.put_omitted = Omitted::Clear;
    it.sort = false;
    it.etag = false;
    it.search = false;
    it.root_query = false;
    it.bulk = None;
    it.cursor = false;
    it.default_page_size = page;
    it.max_page_size = page;
    it.members_in_lists = false;
    it.meta = MetaShown::TYPE_ONLY;
    it.discovery_query = DiscoveryQuery::Ignore;
    it
}

fn kinds(switches: Switches) -> Vec<Kind> {
    let kind = |resource_type: ResourceType, urn: &str| {
        let core = schema(urn).unwrap_or_else(|| Schema::new(urn, Vec::new()));
        Kind::from_parts(resource_type, ResourceSchemas::new(core))
    };
    let mut users = kind(without_extensions(ResourceType::user()), USER).with_filters_on(["userName"]);
    if switches.delete_user == DeleteUser::Reject {
        users = users.without_method(Method::DELETE);
    }
    let mut groups = kind(ResourceType::group(), GROUP).with_filters_on(["displayName"]);
    if switches.group_put == GroupPut::Off {
        groups = groups.without_method(Method::PUT);
    }
    vec![users, groups]
}

fn without_extensions(resource_type: ResourceType) -> ResourceType {
    let mut resource_type = resource_type;
    resource_type.schema_extensions.clear();
    resource_type
}

/// The core schema, cut to the attributes that Cloudflare has.
pub(super) fn schema(urn: &str) -> Option<Schema> {
    let (urn, kept): (_, &[&str]) = match urn {
        _ if urn.eq_ignore_ascii_case(USER) => {
            (USER, &["userName", "name", "displayName", "active", "emails", "groups"])
        }
        _ if urn.eq_ignore_ascii_case(GROUP) => (GROUP, &["displayName", "members"]),
        _ => return None,
    };
    let mut schema = SchemaRegistry::new().get(urn)?.clone();
    schema.attributes.retain(|attribute| kept.contains(&attribute.name()));
    Some(schema)
}
