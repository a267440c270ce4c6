//! The behaviours of authentik that differ by version, are inferred, or are worth turning off in a
//! test: each by its name, with its values and its default per profile.
//!
//! The table is printed by `embedded -- authentik --switches` and explained in
//! `docs/embedded-authentik.md`.

use std::fmt;

/// Which authentik the embedded one behaves as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Profile {
    /// 2026.5.3: no discovery.
    V2026_5_3,
    /// 2026.8.0-rc1 as recorded, the default.
    #[default]
    Rc1,
    /// 2026.5.6: RFC member removal, tolerant discovery once per full sync.
    V2026_5_6,
    /// 2026.8: status from the logs, nested changes seen, group answers stored.
    V2026_8,
}

impl Profile {
    /// All profiles, oldest behaviour first.
    pub const ALL: [Self; 4] = [Self::V2026_5_3, Self::Rc1, Self::V2026_5_6, Self::V2026_8];

    /// The name used by `--switch profile=…`.
    pub fn name(self) -> &'static str {
        match self {
            Self::V2026_5_3 => "2026.5.3",
            Self::Rc1 => "rc1",
            Self::V2026_5_6 => "2026.5.6",
            Self::V2026_8 => "2026.8",
        }
    }

    /// What `GET /admin/version/` and the `User-Agent` say.
    pub fn version(self) -> &'static str {
        match self {
            Self::V2026_5_3 => "2026.5.3",
            Self::Rc1 => "2026.8.0-rc1",
            Self::V2026_5_6 => "2026.5.6",
            Self::V2026_8 => "2026.8.3",
        }
    }

    fn index(self) -> usize {
        match self {
            Self::V2026_5_3 => 0,
            Self::Rc1 => 1,
            Self::V2026_5_6 => 2,
            Self::V2026_8 => 3,
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One row of the table: a behaviour, its values, its default in each profile.
struct Row {
    name: &'static str,
    values: &'static [&'static str],
    /// In the order of [`Profile::ALL`].
    defaults: [&'static str; 4],
    about: &'static str,
}

const ON_OFF: &[&str] = &["on", "off"];

const TABLE: &[Row] = &[
    Row {
        name: "empty_list_is_403",
        values: ON_OFF,
        defaults: ["on"; 4],
        about: "a list of which the caller may see nothing is 403, not an empty list",
    },
    Row {
        name: "send_status",
        values: &["200", "204"],
        defaults: ["200"; 4],
        about: "answer of a schedule's send: 200 {} as recorded, 204 as in the OpenAPI document",
    },
    Row {
        name: "send_needs_superuser",
        values: ON_OFF,
        defaults: ["on"; 4],
        about: "send is 403 for everybody but superusers",
    },
    Row {
        name: "token_echo",
        values: ON_OFF,
        defaults: ["on", "on", "on", "off"],
        about: "answers about a SCIM provider hold its token in clear",
    },
    Row {
        name: "status_from_logs",
        values: ON_OFF,
        defaults: ["off", "off", "off", "on"],
        about: "a done task's aggregated_status is its worst log line",
    },
    Row {
        name: "threads",
        values: &["1", "2", "3", "4", "8"],
        defaults: ["2"; 4],
        about: "worker threads; a waiting full sync occupies one",
    },
    Row {
        name: "first_sync",
        values: &["blind", "late", "now"],
        defaults: ["blind"; 4],
        about: "the full sync of a creation: 1 s later and blind to an application attached meanwhile (E03, D10), 1 s later (H50), at once",
    },
    Row {
        name: "delete_while_running_fails",
        values: ON_OFF,
        defaults: ["on"; 4],
        about: "deleting an application or provider while its tasks run is an empty 405 and deletes nothing",
    },
    Row {
        name: "deleted_provider_blocks",
        values: ON_OFF,
        defaults: ["on"; 4],
        about: "a full sync whose provider is deleted under it keeps its worker thread",
    },
    Row {
        name: "default_app_access",
        values: ON_OFF,
        defaults: ["on"; 4],
        about: "an application without an enabled binding means everybody",
    },
    Row {
        name: "discovery",
        values: &["page", "once", "off"],
        defaults: ["off", "page", "once", "once"],
        about: "when remote resources are listed: in each page task, once per full sync, never",
    },
    Row {
        name: "discovery_strict",
        values: ON_OFF,
        defaults: ["off", "on", "off", "off"],
        about: "a listed resource of an unexpected shape fails the page task (H100)",
    },
    Row {
        name: "discovery_count",
        values: ON_OFF,
        defaults: ["off", "off", "off", "on"],
        about: "discovery asks for pages of sync_page_size by count",
    },
    Row {
        name: "nested_diff_blind",
        values: ON_OFF,
        defaults: ["on", "on", "on", "off"],
        about: "a change only inside a nested object is not seen",
    },
    Row {
        name: "remove_form",
        values: &["value", "path"],
        defaults: ["value", "value", "path", "path"],
        about: "member removal by a value array or by a path with a filter",
    },
    Row {
        name: "rename_has_id",
        values: ON_OFF,
        defaults: ["on", "on", "off", "off"],
        about: "the PATCH that renames a group holds its id",
    },
    Row {
        name: "rename_has_schemas",
        values: ON_OFF,
        defaults: ["off"; 4],
        about: "the PATCH that renames a group holds the PatchOp schema",
    },
    Row {
        name: "add_when_members_absent",
        values: ON_OFF,
        defaults: ["off", "off", "on", "on"],
        about: "a full sync adds members to a group whose answer has no members",
    },
    Row {
        name: "store_group_answers",
        values: ON_OFF,
        defaults: ["off", "off", "off", "on"],
        about: "the answer of a group write becomes the link's attributes",
    },
    Row {
        name: "membership_races",
        values: ON_OFF,
        defaults: ["on"; 4],
        about: "a membership given in the call that creates the user is not sent (3 of 4 recorded tries)",
    },
    Row {
        name: "event_scope",
        values: &["commit", "run"],
        defaults: ["commit"; 4],
        about: "an event's object must be in scope when it was saved (E02, G21, H62), or when a busy worker comes to it (H60, H64)",
    },
    Row {
        name: "group_saved_first",
        values: ON_OFF,
        defaults: ["off"; 4],
        about: "a group's own event is worked off before the members given in the same call are stored (4 of 5 recorded tries)",
    },
    Row {
        name: "accept_encoding",
        values: ON_OFF,
        defaults: ["on"; 4],
        about: "SCIM requests offer gzip, deflate and zstd as recorded; off for servers that would compress",
    },
];

/// The switches of one embedded authentik: a profile and what was set on top of it.
#[derive(Debug, Clone, Default)]
pub struct Switches {
    profile: Profile,
    set: Vec<(&'static str, &'static str)>,
}

/// One switch as it stands, for a table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SwitchInfo {
    /// The name, as in `--switch NAME=VALUE`.
    pub name: &'static str,
    /// Every value it may have.
    pub values: Vec<&'static str>,
    /// The default of the chosen profile.
    pub default: &'static str,
    /// The value now.
    pub value: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
}

/// The name or the value is not in the table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown switch {given}; valid: {}", .valid.join(", "))]
#[non_exhaustive]
pub struct UnknownSwitch {
    /// What was given.
    pub given: String,
    /// What would have been accepted: names, or `name=value` pairs of the named switch.
    pub valid: Vec<String>,
}

impl Switches {
    /// The defaults of `profile`.
    pub fn new(profile: Profile) -> Self {
        Self { profile, set: Vec::new() }
    }

    /// The profile.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Sets one switch. `profile` changes the defaults of all others and leaves alone what was set.
    ///
    /// # Errors
    /// If the name or the value is unknown; the error lists the valid ones.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), UnknownSwitch> {
        if name == "profile" {
            let found = Profile::ALL.into_iter().find(|profile| profile.name() == value);
            self.profile = found.ok_or_else(|| UnknownSwitch {
                given: format!("profile={value}"),
                valid: Profile::ALL.iter().map(|profile| format!("profile={profile}")).collect(),
            })?;
            return Ok(());
        }
        let row = TABLE.iter().find(|row| row.name == name).ok_or_else(|| UnknownSwitch {
            given: name.to_owned(),
            valid: std::iter::once("profile").chain(TABLE.iter().map(|row| row.name)).map(str::to_owned).collect(),
        })?;
        let given = match value {
            "true" => "on",
            "false" => "off",
            other => other,
        };
        let value = row.values.iter().find(|known| **known == given).ok_or_else(|| UnknownSwitch {
            given: format!("{name}={value}"),
            valid: row.values.iter().map(|value| format!("{name}={value}")).collect(),
        })?;
        self.set.retain(|(known, _)| *known != row.name);
        self.set.push((row.name, value));
        Ok(())
    }

    /// Every switch with its values, default and present value.
    pub fn all(&self) -> Vec<SwitchInfo> {
        let profile = SwitchInfo {
            name: "profile",
            values: Profile::ALL.iter().map(|profile| profile.name()).collect(),
            default: Profile::default().name(),
            value: self.profile.name(),
            about: "which authentik this is; sets the defaults of the others",
        };
        std::iter::once(profile)
            .chain(TABLE.iter().map(|row| SwitchInfo {
                name: row.name,
                values: row.values.to_vec(),
                default: self.default_of(row),
                value: self.value(row.name),
                about: row.about,
            }))
            .collect()
    }

    fn default_of(&self, row: &Row) -> &'static str {
        row.defaults.get(self.profile.index()).copied().unwrap_or_default()
    }

    pub(crate) fn value(&self, name: &str) -> &'static str {
        if let Some((_, value)) = self.set.iter().find(|(known, _)| *known == name) {
            return value;
        }
        TABLE.iter().find(|row| row.name == name).map_or("", |row| self.default_of(row))
    }

    pub(crate) fn on(&self, name: &str) -> bool {
        self.value(name) == "on"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_outlives_a_change_of_profile() {
        let mut switches = Switches::default();
        assert_eq!(switches.value("remove_form"), "value");
        switches.set("discovery_strict", "off").unwrap();
        switches.set("profile", "2026.8").unwrap();
        assert_eq!(switches.value("remove_form"), "path");
        assert!(!switches.on("discovery_strict"));
        assert!(!switches.on("token_echo"));
    }

    #[test]
    fn an_unknown_name_or_value_lists_the_valid_ones() {
        let mut switches = Switches::default();
        let error = switches.set("nosuch", "on").unwrap_err();
        assert!(error.valid.contains(&"send_needs_superuser".to_owned()), "{error}");
        let error = switches.set("remove_form", "x").unwrap_err();
        assert_eq!(error.to_string(), "unknown switch remove_form=x; valid: remove_form=value, remove_form=path");
        assert!(switches.set("profile", "1").is_err());
    }

    #[test]
    fn every_default_is_one_of_the_values() {
        for row in TABLE {
            for default in row.defaults {
                assert!(row.values.contains(&default), "{}", row.name);
            }
        }
    }
}
