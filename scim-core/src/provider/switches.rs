//! [`Behaviour`] by name, for configuration files and command lines.

use std::fmt;

use crate::provider::{Behaviour, BulkLimits, DiscoveryQuery, MetaShown, Omitted, PatchAnswer, UnknownAttributes};
use crate::quirk::Quirks;

/// One switch of a [`Behaviour`]: its name, its values and what it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Switch {
    /// The name.
    pub name: &'static str,
    /// The values, the default first; `1..N` is a number.
    pub values: &'static [&'static str],
    /// What it decides.
    pub about: &'static str,
}

impl Switch {
    /// The value that [`Behaviour::default`] has.
    pub fn default_value(&self) -> &'static str {
        self.values.first().copied().unwrap_or_default()
    }
}

/// There is no such switch, or it has no such value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownSwitch {
    /// What was asked for: the name, or `name=value`.
    pub asked: String,
    /// What there is: every name, or the values of that switch.
    pub valid: Vec<&'static str>,
}

impl fmt::Display for UnknownSwitch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown switch `{}`; valid: {}", self.asked, self.valid.join(", "))
    }
}

impl std::error::Error for UnknownSwitch {}

const ON_OFF: &[&str] = &["on", "off"];
const OFF_ON: &[&str] = &["off", "on"];
/// Numbers above it make no sense for a page.
const LARGEST_PAGE: usize = 100_000;

const fn switch(name: &'static str, values: &'static [&'static str], about: &'static str) -> Switch {
    Switch { name, values, about }
}

const SWITCHES: &[Switch] = &[
    switch(
        "quirks",
        &[
            "strict",
            "lenient",
            "entra",
            "entra-rfc",
            "okta",
            "authentik",
            "salesforce",
            "jumpcloud",
            "onelogin",
            "cloudflare",
        ],
        "which deviations of clients are tolerated",
    ),
    switch("schemas", &["required", "optional"], "whether resources must name their schemas"),
    switch(
        "message_schemas",
        &["required", "optional"],
        "whether PATCH, bulk and search messages must name their schema",
    ),
    switch("unknown_attributes", &["ignore", "refuse"], "what happens to attributes that no schema knows"),
    switch("known_members", OFF_ON, "whether members of groups must exist"),
    switch("put_omitted", &["clear", "keep"], "what PUT does with attributes that its body leaves out"),
    switch("patch", ON_OFF, "whether PATCH is there"),
    switch("patch_answer", &["resource", "no_content"], "how a successful PATCH is answered"),
    switch("filter", ON_OFF, "whether filters are there"),
    switch("sort", ON_OFF, "whether sortBy is obeyed"),
    switch("etag", ON_OFF, "whether versions are there"),
    switch("search", ON_OFF, "whether POST .search is there"),
    switch("root_query", ON_OFF, "whether the base URL can be searched"),
    switch("me", OFF_ON, "whether /Me is served"),
    switch("bulk", ON_OFF, "whether /Bulk is there"),
    switch("cursor", ON_OFF, "whether pages by cursor are there"),
    switch("members_in_lists", ON_OFF, "whether lists show the members of groups"),
    switch("meta", &["full", "type_only"], "what meta shows"),
    switch("discovery_query", &["forbid_filter", "ignore", "refuse"], "what discovery does with query parameters"),
    switch("service_schemas", ON_OFF, "whether /Schemas shows the schemas of the discovery documents"),
    switch("default_page_size", &["100", "1..100000"], "resources in a page if the request does not say"),
    switch("max_page_size", &["1000", "1..100000"], "most resources in a page"),
];

impl Behaviour {
    /// Every switch.
    pub fn switches() -> &'static [Switch] {
        SWITCHES
    }

    /// Sets one switch by its name.
    ///
    /// ```
    /// use scim_core::provider::Behaviour;
    /// let mut behaviour = Behaviour::default();
    /// behaviour.set("patch_answer", "no_content")?;
    /// assert!(behaviour.set("patch_answer", "maybe").unwrap_err().to_string().ends_with("valid: resource, no_content"));
    /// # Ok::<(), scim_core::provider::UnknownSwitch>(())
    /// ```
    ///
    /// # Errors
    /// There is no such switch, or it has no such value; what there is is named.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), UnknownSwitch> {
        let Some(switch) = SWITCHES.iter().find(|switch| switch.name == name) else {
            let valid = SWITCHES.iter().map(|switch| switch.name).collect();
            return Err(UnknownSwitch { asked: name.to_owned(), valid });
        };
        let unknown = || UnknownSwitch { asked: format!("{name}={value}"), valid: switch.values.to_vec() };
        let size = || value.parse().ok().filter(|size| (1..=LARGEST_PAGE).contains(size)).ok_or_else(unknown);
        let is_size = matches!(name, "default_page_size" | "max_page_size");
        if !is_size && !switch.values.contains(&value) {
            return Err(unknown());
        }
        let on = value == "on";
        match name {
            "quirks" => self.quirks = Quirks::preset(value).ok_or_else(unknown)?,
            "schemas" => self.require_schemas = value == "required",
            "message_schemas" => self.require_message_schemas = value == "required",
            "unknown_attributes" => {
                self.unknown_attributes =
                    if value == "refuse" { UnknownAttributes::Refuse } else { UnknownAttributes::Ignore };
            }
            "known_members" => self.known_members = on,
            "put_omitted" => self.put_omitted = if value == "keep" { Omitted::Keep } else { Omitted::Clear },
            "patch" => self.patch = on,
            "patch_answer" => {
                self.patch_answer = if value == "no_content" { PatchAnswer::NoContent } else { PatchAnswer::Resource };
            }
            "filter" => self.filter = on,
            "sort" => self.sort = on,
            "etag" => self.etag = on,
            "search" => self.search = on,
            "root_query" => self.root_query = on,
            "me" => self.me = on,
            "bulk" => self.bulk = on.then(BulkLimits::default),
            "cursor" => self.cursor = on,
            "members_in_lists" => self.members_in_lists = on,
            "meta" => self.meta = if value == "full" { MetaShown::default() } else { MetaShown::TYPE_ONLY },
            "discovery_query" => {
                self.discovery_query = match value {
                    "ignore" => DiscoveryQuery::Ignore,
                    "refuse" => DiscoveryQuery::Refuse,
                    _ => DiscoveryQuery::ForbidFilter,
                };
            }
            "service_schemas" => self.service_schemas = on,
            "default_page_size" => self.default_page_size = size()?,
            "max_page_size" => self.max_page_size = size()?,
            _ => return Err(unknown()),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_switch_takes_every_value_and_begins_with_its_default() {
        for switch in Behaviour::switches() {
            let default = format!("{:?}", Behaviour::default());
            for value in switch.values.iter().filter(|value| !value.contains("..")) {
                let mut behaviour = Behaviour::default();
                behaviour.set(switch.name, value).unwrap();
                let is_default = *value == switch.default_value();
                assert_eq!(format!("{behaviour:?}") == default, is_default, "{}={value}", switch.name);
            }
            assert!(Behaviour::default().set(switch.name, "no such value").is_err(), "{}", switch.name);
        }
        assert!(Behaviour::default().set("no_such_switch", "on").is_err());
    }
}
