//! What the facts leave open, each as a named switch with a default.

use std::fmt;

/// No switch of that name, or no such value.
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

/// One switch: its name, values, default and reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SwitchInfo {
    /// The name.
    pub name: &'static str,
    /// The values, the default first.
    pub values: &'static [&'static str],
    /// The default.
    pub default: &'static str,
    /// The rule of the facts page (`facts/cloudflare.md` §11) that it belongs to.
    pub rule: &'static str,
    /// How sure the default is: `doc`, `obs`, `inf`, `doc vs doc`.
    pub mark: &'static str,
    /// What it decides.
    pub about: &'static str,
}

macro_rules! switches {
    ($(
        $(#[$doc:meta])*
        $field:ident: $type:ident { $($(#[$vdoc:meta])* $variant:ident = $value:literal),+ $(,)? }
        rule $rule:literal mark $mark:literal about $about:literal;
    )+) => {
        $(
            $(#[$doc])*
            ///
            /// The first value is the default.
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
            pub enum $type {
                $($(#[$vdoc])* $variant,)+
            }

            impl $type {
                const VALUES: &'static [(&'static str, Self)] = &[$(($value, Self::$variant)),+];
                const NAMES: &'static [&'static str] = &[$($value),+];

                /// The value's name.
                pub fn as_str(self) -> &'static str {
                    match self {
                        $(Self::$variant => $value,)+
                    }
                }
            }

            impl Default for $type {
                fn default() -> Self {
                    Self::VALUES[0].1
                }
            }
        )+

        /// How an embedded account behaves where the facts leave it open.
        ///
        /// ```
        /// use cloudflare_scim::embedded::{DeleteUser, Switches};
        ///
        /// let mut switches = Switches::default();
        /// assert_eq!(switches.delete_user, DeleteUser::Deprovision);
        /// switches.set("delete_user", "reject")?;
        /// assert_eq!(switches.delete_user, DeleteUser::Reject);
        /// assert!(switches.set("delete_user", "maybe").unwrap_err().to_string().contains("deprovision, reject"));
        /// # Ok::<(), cloudflare_scim::embedded::UnknownSwitch>(())
        /// ```
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Switches {
            $($(#[$doc])* pub $field: $type,)+
        }

        impl Switches {
            /// Every switch.
            pub fn all() -> &'static [SwitchInfo] {
                const ALL: &[SwitchInfo] = &[$(SwitchInfo {
                    name: stringify!($field),
                    values: $type::NAMES,
                    default: $type::NAMES[0],
                    rule: $rule,
                    mark: $mark,
                    about: $about,
                }),+];
                ALL
            }

            /// Sets one by name.
            ///
            /// # Errors
            /// If there is no such switch or value: the valid ones are named.
            pub fn set(&mut self, name: &str, value: &str) -> Result<(), UnknownSwitch> {
                $(
                    if name == stringify!($field) {
                        let found = $type::VALUES.iter().find(|(known, _)| *known == value);
                        let Some((_, value)) = found else {
                            return Err(UnknownSwitch {
                                asked: format!("{name}={value}"),
                                valid: $type::NAMES.to_vec(),
                            });
                        };
                        self.$field = *value;
                        return Ok(());
                    }
                )+
                Err(UnknownSwitch { asked: name.to_owned(), valid: Self::all().iter().map(|it| it.name).collect() })
            }

            /// The value of one by name.
            pub fn get(&self, name: &str) -> Option<&'static str> {
                match name {
                    $(stringify!($field) => Some(self.$field.as_str()),)+
                    _ => None,
                }
            }
        }
    };
}

switches! {
    /// The account's plan.
    plan: Plan {
        /// SCIM writes work.
        Enterprise = "enterprise",
        /// SCIM writes are refused with 403.
        Free = "free",
    } rule "8" mark "doc" about "whether the account may write through SCIM";

    /// What a refusal for want of the plan looks like.
    plan_error: PlanError {
        /// A SCIM error.
        Scim = "scim",
        /// The envelope of v4, code 10000.
        Envelope = "envelope",
    } rule "8" mark "inf" about "shape of the 403 to SCIM writes without the Enterprise plan";

    /// What ServiceProviderConfig says of `sort`, `etag` and `changePassword`, which no document shows.
    unnamed_features: UnnamedFeatures {
        /// Not supported.
        False = "false",
        /// Nothing.
        Absent = "absent",
    } rule "4" mark "inf" about "`sort`, `etag` and `changePassword` in ServiceProviderConfig";

    /// A discovery document that is not there.
    unknown_document: UnknownDocument {
        /// A SCIM error.
        Scim = "scim",
        /// The envelope of v4, code 7003.
        Envelope = "envelope",
    } rule "5" mark "inf" about "shape of the 404 to an unknown resource type or schema";

    /// A PATCH of a group of which one operation is refused.
    group_patch: GroupPatch {
        /// Nothing is done (RFC 7644 §3.5.2).
        Atomic = "atomic",
        /// What stood before it is done.
        Partial = "partial",
    } rule "18" mark "inf" about "operations of a group's PATCH before one that is refused";

    /// What is said of an account that is not this one.
    unknown_account: UnknownAccount {
        /// 404, code 7003.
        Status404 = "404",
        /// 403, code 10000: the token has no access to it.
        Status403 = "403",
    } rule "1" mark "inf" about "another account id in the path";

    /// Filters that Cloudflare has not.
    unsupported_filter: UnsupportedFilter {
        /// 400 `invalidFilter`.
        Refuse = "refuse",
        /// Not looked at: everything is listed.
        Ignore = "ignore",
    } rule "7" mark "inf" about "other filters than `userName eq` and `displayName eq`";

    /// The shape of `groups` in SCIM users.
    user_groups_shape: UserGroupsShape {
        /// A list of texts (Cloudflare's OpenAPI).
        Strings = "strings",
        /// A list of objects (RFC 7643 §4.1.2).
        Objects = "objects",
    } rule "6" mark "doc, not observed" about "`groups` of a SCIM user";

    /// Whether PUT and PATCH change names and userName.
    profile_updates: ProfileUpdates {
        /// They do (OpenAPI).
        Apply = "apply",
        /// Accepted without effect (the pages for Okta and authentik).
        Ignore = "ignore",
    } rule "10, 11" mark "doc vs doc" about "effect of PUT and PATCH on names, userName, displayName, externalId";

    /// What DELETE does to a user.
    delete_user: DeleteUser {
        /// The membership ends: 204.
        Deprovision = "deprovision",
        /// 405: the OpenAPI document has no such operation.
        Reject = "reject",
    } rule "14" mark "inf" about "DELETE /Users/{id}";

    /// Whether groups can be replaced.
    group_put: GroupPut {
        /// They can (since 2026-08-21).
        On = "on",
        /// 405, as before.
        Off = "off",
    } rule "19" mark "doc" about "PUT /Groups/{id}";

    /// Whether SCIM shows system groups.
    system_groups: SystemGroups {
        /// It does (OpenAPI).
        On = "on",
        /// It does not (end of life of virtual groups, 2025-12-02).
        Off = "off",
    } rule "15" mark "doc vs doc" about "system groups in /Groups and in `groups` of users";

    /// POST of a group whose name a dashboard group bears.
    group_adoption: GroupAdoption {
        /// That group becomes SCIM-managed and is the answer: 201.
        Adopt = "adopt",
        /// 409.
        Conflict = "conflict",
    } rule "16" mark "doc, inf status" about "POST /Groups with the name of a dashboard group";

    /// `members` in the body of a POST of a group.
    group_create_members: GroupCreateMembers {
        /// They become members.
        Honour = "honour",
        /// They are not looked at (not in the OpenAPI body).
        Ignore = "ignore",
    } rule "16" mark "inf" about "members in POST /Groups";

    /// Which names are reserved for system groups.
    reserved_prefix: ReservedPrefix {
        /// Those that begin with `CF`.
        Exact = "exact",
        /// Those that begin with `cf` in any case.
        AnyCase = "any_case",
    } rule "16" mark "inf" about "case of the reserved prefix CF of group names";

    /// A member whose user tag no account member has.
    unknown_member: UnknownMember {
        /// 400 `invalidValue`.
        Status400 = "400",
        /// 404.
        Status404 = "404",
    } rule "18" mark "inf" about "unknown user tag as a group's member";

    /// Removing somebody who is no member.
    absent_member: AbsentMember {
        /// 200: nothing changes.
        Accept = "accept",
        /// 400 `noTarget`.
        Refuse = "refuse",
    } rule "18" mark "inf" about "removing from a custom group somebody who is not in it";

    /// A PATCH body without the PatchOp `schemas`.
    patch_schemas: PatchSchemas {
        /// Accepted (authentik sends such).
        Lenient = "lenient",
        /// 400 `invalidSyntax` (OpenAPI: required).
        Strict = "strict",
    } rule "18" mark "inf" about "PATCH without `schemas`";

    /// The comparison of userName.
    username_case: UsernameCase {
        /// Case does not matter.
        Insensitive = "insensitive",
        /// It does (the notes for Entra).
        Sensitive = "sensitive",
    } rule "7, 9" mark "inf" about "comparison of userName in filters, of e-mails with userName, and for duplicates";

    /// Query parameters on discovery.
    discovery_query: DiscoveryQuery {
        /// Not looked at.
        Ignore = "ignore",
        /// 400.
        Refuse = "refuse",
    } rule "5" mark "doc" about "query parameters on /ResourceTypes and /Schemas";

    /// Request bodies of type `application/json` on SCIM.
    json_requests: JsonRequests {
        /// Accepted.
        Accept = "accept",
        /// 415: `application/scim+json` alone.
        Refuse = "refuse",
    } rule "3" mark "inf" about "application/json on SCIM requests";

    /// The body of what the gateway in front of SCIM answers (token, route, rate).
    gateway_errors: GatewayErrors {
        /// A v4 envelope.
        Envelope = "envelope",
        /// A SCIM error.
        Scim = "scim",
    } rule "2" mark "inf" about "shape of gateway errors on SCIM paths";

    /// The status for a userName that is a member already.
    duplicate_user: DuplicateUser {
        /// 409.
        Status409 = "409",
        /// 400.
        Status400 = "400",
    } rule "8" mark "doc type, inf status" about "status of a duplicate user (scimType uniqueness)";

    /// The status for a name that a SCIM group bears.
    duplicate_group: DuplicateGroup {
        /// 409.
        Status409 = "409",
        /// 400.
        Status400 = "400",
    } rule "16" mark "inf" about "status of a duplicate SCIM group (scimType uniqueness)";

    /// Attributes of a user that Cloudflare does not know.
    unknown_attributes: UnknownAttributes {
        /// Not looked at.
        Ignore = "ignore",
        /// 400 `invalidSyntax`.
        Refuse = "refuse",
    } rule "8" mark "inf" about "photos, locale, title, ... in POST and PUT of a user";

    /// `"True"` and `"False"` as `active`.
    active_strings: ActiveStrings {
        /// Read as booleans.
        Accept = "accept",
        /// 400 `invalidValue`.
        Refuse = "refuse",
    } rule "11" mark "inf" about "texts in place of a boolean for active";

    /// The user tag of a person who comes back.
    returning_user: ReturningUser {
        /// The old one.
        SameTag = "same_tag",
        /// A new one.
        NewTag = "new_tag",
    } rule "12" mark "inf" about "user tag after deprovisioning and a new POST";

    /// A write with `active: true` on somebody whose membership has ended.
    reactivation: Reactivation {
        /// 404: a new POST is needed.
        NotFound = "not_found",
        /// The membership comes back (Okta's page lists "Reactivate Users").
        Restore = "restore",
    } rule "12" mark "doc vs inf" about "PUT or PATCH active true on a deprovisioned user";

    /// System groups of people who hold their permission group directly, not through SCIM.
    direct_rights: DirectRights {
        /// Not among the user's `groups`.
        Hidden = "hidden",
        /// Among them.
        Shown = "shown",
    } rule "6, 15" mark "inf" about "system tags in `groups` for rights given by role or policy";

    /// The status when the last Super Administrator is to be deprovisioned.
    last_admin: LastAdmin {
        /// 403.
        Status403 = "403",
        /// 400.
        Status400 = "400",
        /// 409.
        Status409 = "409",
    } rule "13" mark "doc, inf status" about "deprovisioning the last Super Administrator";

    /// The status when a system group is to be deleted or renamed.
    system_group_change: SystemGroupChange {
        /// 403.
        Status403 = "403",
        /// 400.
        Status400 = "400",
    } rule "18, 20" mark "doc, inf status" about "deleting or renaming a system group";

    /// The status when v4 is to change name or members of a group that SCIM manages.
    managed_group: ManagedGroup {
        /// 403.
        Status403 = "403",
        /// 400.
        Status400 = "400",
        /// 409.
        Status409 = "409",
    } rule "21" mark "doc, inf status" about "v4 writes to name, members or existence of a SCIM-managed group";

    /// Ids of policies after a PUT.
    policy_ids: PolicyIds {
        /// New ones.
        New = "new",
        /// A policy sent with its id keeps it.
        Kept = "kept",
    } rule "21" mark "inf" about "policy ids after PUT of a user group";

    /// The `scope` of resource groups.
    scope_shape: ScopeShape {
        /// A list (OpenAPI).
        Array = "array",
        /// One object (documents).
        Object = "object",
    } rule "23" mark "doc vs doc" about "`scope` of a resource group";

    /// A list of members without members.
    empty_members: EmptyMembers {
        /// `[]`.
        List = "list",
        /// `null`.
        Null = "null",
    } rule "22" mark "obs" about "members of an empty user group";

    /// Whether the list of resource groups has pages.
    resource_groups_paging: ResourceGroupsPaging {
        /// It has not, and ignores being asked.
        Ignored = "ignored",
        /// It has.
        Honoured = "honoured",
    } rule "23" mark "obs" about "page and per_page on resource groups";

    /// `total_pages` on the list of members.
    members_total_pages: MembersTotalPages {
        /// Absent.
        Omitted = "omitted",
        /// Present.
        Sent = "sent",
    } rule "24" mark "obs" about "total_pages in /members";

    /// The status of members that SCIM makes.
    scim_member_status: ScimMemberStatus {
        /// `accepted`.
        Accepted = "accepted",
        /// `pending`.
        Pending = "pending",
    } rule "24" mark "inf" about "status of a member made by SCIM";

    /// How long until an audit entry shows.
    audit_delay: AuditDelay {
        /// One second.
        Seconds1 = "1",
        /// At once.
        Seconds0 = "0",
        /// Five seconds.
        Seconds5 = "5",
        /// Half a minute.
        Seconds30 = "30",
        /// Five minutes.
        Seconds300 = "300",
    } rule "25" mark "inf" about "seconds until an audit entry shows";

    /// The cursor on the last page of the audit log.
    audit_last_cursor: AuditLastCursor {
        /// Absent.
        Absent = "absent",
        /// Empty.
        Empty = "empty",
    } rule "25" mark "inf" about "cursor on the audit log's last page";

    /// Whether refused writes are in the audit log.
    audit_failures: AuditFailures {
        /// They are, with result `failure`.
        Logged = "logged",
        /// They are not.
        Silent = "silent",
    } rule "25" mark "inf" about "refused SCIM writes in the audit log";

    /// `raw.uri` of audit entries.
    audit_uri: AuditUri {
        /// Without `/client/v4` (the documents' examples).
        Short = "short",
        /// The whole path.
        Full = "full",
    } rule "25" mark "doc" about "raw.uri of audit entries";

    /// Whether the documented rate limits hold.
    rate_limit: RateLimitSwitch {
        /// They do not; the headers are sent all the same.
        Off = "off",
        /// 1,200 requests per 300 s and token, 200 per second in all.
        On = "on",
    } rule "27" mark "doc" about "the documented rate limits";

    /// The names of the rate limit headers.
    ratelimit_headers: RatelimitHeaders {
        /// `Ratelimit` and `Ratelimit-Policy`.
        Current = "current",
        /// Also `x-ratelimit-limit`, `-remaining` and `-reset` (an older page).
        Both = "both",
    } rule "27" mark "doc vs doc" about "rate limit headers";

    /// The largest page of SCIM lists, which is also the default `count`.
    scim_page: ScimPage {
        /// 100 (the example of ServiceProviderConfig).
        Max100 = "100",
        /// 20.
        Max20 = "20",
        /// 5.
        Max5 = "5",
    } rule "6" mark "doc, inf" about "largest page and default count of SCIM lists";

    /// Whether v4 lists honour `page`.
    paging: Paging {
        /// They do.
        Honour = "honour",
        /// They send the first page whatever is asked.
        Ignore = "ignore",
    } rule "28" mark "obs" about "page on the v4 lists that have pages";

    /// `page` and `per_page` out of bounds on v4 lists.
    page_bounds: PageBounds {
        /// The nearest number that is allowed counts.
        Clamp = "clamp",
        /// 400.
        Refuse = "refuse",
    } rule "24" mark "inf" about "page and per_page beyond the documented bounds";

    /// A fault that hits every n-th request (see `fault_every`).
    fault: FaultSwitch {
        /// None.
        None = "none",
        /// 429 without `retry-after`, nothing done.
        Burst429 = "429",
        /// 500, nothing done.
        Error500Before = "500_before",
        /// 500 after the request took effect.
        Error500After = "500_after",
        /// 502 with an HTML page, nothing done.
        Error502Before = "502_before",
        /// 502 with an HTML page after the request took effect.
        Error502After = "502_after",
        /// 504, nothing done.
        Error504Before = "504_before",
        /// 504 after the request took effect.
        Error504After = "504_after",
        /// The right answer after two seconds.
        Slow = "slow",
        /// The right answer, its body cut in the middle.
        Truncated = "truncated",
        /// 200 with an HTML page, nothing done.
        Html = "html",
        /// The right status without a body.
        Empty = "empty",
        /// The connection ends without an answer, nothing done.
        Cut = "cut",
    } rule "28" mark "–" about "a fault on every n-th request";

    /// How often the `fault` hits.
    fault_every: FaultEvery {
        /// Every fifth request.
        Nth5 = "5",
        /// Every request.
        Nth1 = "1",
        /// Every second.
        Nth2 = "2",
        /// Every twentieth.
        Nth20 = "20",
    } rule "28" mark "–" about "which requests the fault hits";
}

impl Switches {
    pub(super) fn audit_delay(self) -> std::time::Duration {
        std::time::Duration::from_secs(number(self.audit_delay.as_str()))
    }

    pub(super) fn fault_every(self) -> u64 {
        number(self.fault_every.as_str()).max(1)
    }

    pub(super) fn scim_page(self) -> u64 {
        number(self.scim_page.as_str())
    }
}

fn number(value: &str) -> u64 {
    // The values are literals above; a test reads them all.
    value.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_every_switch_can_be_set_and_read() {
        for info in Switches::all() {
            assert_eq!(info.values[0], info.default);
            assert_eq!(Switches::default().get(info.name), Some(info.default));
            for value in info.values {
                let mut switches = Switches::default();
                switches.set(info.name, value).unwrap();
                assert_eq!(switches.get(info.name), Some(*value));
            }
            let refused = Switches::default().set(info.name, "no such value").unwrap_err();
            assert_eq!(refused.valid, info.values);
        }
        let refused = Switches::default().set("no_such_switch", "on").unwrap_err();
        assert!(refused.valid.contains(&"profile_updates"));
    }

    #[test]
    fn numbers_are_numbers() {
        for name in ["audit_delay", "fault_every", "scim_page"] {
            let info = Switches::all().iter().find(|info| info.name == name).unwrap();
            assert!(info.values.iter().all(|value| value.parse::<u64>().is_ok()), "{name}");
        }
    }
}
