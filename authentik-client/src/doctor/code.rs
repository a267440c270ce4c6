use std::fmt;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing; may be meant so.
    Note,
    /// The two sides do not agree, or will not.
    Fault,
    /// Going on can delete people or groups, or hand them to others.
    Danger,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Fault => "fault",
            Self::Danger => "danger",
        })
    }
}

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident = $text:literal, $severity:ident;)+) => {
        /// What a finding is about: a stable word for programs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$meta])* $name,)+
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The word: `false_done`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            pub(super) fn severity(self) -> Severity {
                match self {
                    $(Self::$name => Severity::$severity,)+
                }
            }
        }
    };
}

codes! {
    /// The provider is no application's backchannel provider: its syncs say done and send nothing.
    NotAssigned = "not_assigned", Fault;
    /// The provider is in dry run: nothing is written.
    DryRun = "dry_run", Note;
    /// The application has no enabled binding: everybody is sent.
    EverybodyInScope = "everybody_in_scope", Danger;
    /// The application has no enabled binding, and this authentik lets nobody pass then: nobody is sent, and
    /// whoever is linked is deleted.
    NobodyInScope = "nobody_in_scope", Danger;
    /// The provider has no `group_filters`: every group of authentik is sent.
    AllGroupsInScope = "all_groups_in_scope", Note;
    /// Service accounts are sent.
    ServiceAccountsInScope = "service_accounts_in_scope", Note;
    /// A list of mappings is empty, which is an error at sync time and not "the default".
    NoMappings = "no_mappings", Fault;
    /// authentik's default mapping is attached besides another one: they merge.
    DefaultMappingAttached = "default_mapping_attached", Fault;
    /// Another provider writes to the same URL: each deletes and overwrites what the other brings.
    SameUrl = "same_url", Danger;
    /// Every page task lists all remote users: many requests per sync.
    DiscoveryCost = "discovery_cost", Note;
    /// The periodic sync is paused.
    SchedulePaused = "schedule_paused", Note;
    /// authentik is of a version that this crate does not know; it is treated as the newest known one.
    UnknownVersion = "unknown_version", Note;
    /// The token may not read something: that part was not examined.
    NotAllowedToLook = "not_allowed_to_look", Note;
    /// The last sync says done although objects were not written.
    FalseDone = "false_done", Fault;
    /// The last sync failed and says so.
    SyncFailed = "sync_failed", Fault;
    /// The last sync says done, and no page wrote anything.
    SyncDidNothing = "sync_did_nothing", Fault;
    /// A sync holds the provider's lock and does not move.
    StuckRunning = "stuck_running", Fault;
    /// The look at what the SCIM server holds fails, and with it every sync.
    DiscoveryBroken = "discovery_broken", Fault;
    /// A task was given up after all its tries.
    RejectedTask = "rejected_task", Fault;
    /// A task failed and waits for another try.
    Retrying = "retrying", Note;
    /// A mapping fails; the rest of its page is skipped.
    MappingFails = "mapping_fails", Fault;
    /// The SCIM server holds another value than authentik believes.
    Drift = "drift", Fault;
    /// A value was emptied in authentik; that is never sent.
    ClearedValue = "cleared_value", Fault;
    /// A change inside a nested attribute, which versions before 2026.8.0 do not see.
    NestedChangeUnseen = "nested_change_unseen", Fault;
    /// A change has not been sent.
    ChangeNotSent = "change_not_sent", Fault;
    /// The server does not echo an attribute: it is written again at every sync.
    NotEchoed = "not_echoed", Note;
    /// A user is in scope and not linked.
    UserNotProvisioned = "user_not_provisioned", Fault;
    /// A group is in scope and not linked.
    GroupNotProvisioned = "group_not_provisioned", Fault;
    /// A group's members on the server are not those of authentik.
    MembersDiffer = "members_differ", Fault;
    /// The server's groups come without members: a full sync adds nobody to them (until 2026.5.6).
    MembersNotListed = "members_not_listed", Fault;
    /// What is linked is gone from the server.
    GoneRemotely = "gone_remotely", Fault;
    /// One user or group has two links.
    DoubleLink = "double_link", Fault;
    /// A user or group has left the scope and is still on the server; the next full sync deletes it.
    LeaverPending = "leaver_pending", Note;
    /// A user or group has left the scope, is no longer linked, and is still on the server.
    LeaverLeftBehind = "leaver_left_behind", Fault;
    /// A group of the server that somebody else made is taken, or will be taken, for one of authentik's.
    GroupTakenOver = "group_taken_over", Danger;
    /// The next sync would adopt a remote user or group and then delete it.
    WouldBeDeleted = "would_be_deleted", Danger;
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
