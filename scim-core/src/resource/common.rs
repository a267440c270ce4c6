use crate::date::DateTime;
use crate::resource::ResourceId;
use crate::resource::wire::{wire_enum, wire_struct};

wire_struct! {
    /// What the service provider says about a resource (RFC 7643 §3.1). Clients never set it.
    pub struct Meta {
        /// Name of the resource type, for example `User`.
        resource_type: Option<String> = "resourceType",
        /// When the resource was made, as text of `xsd:dateTime`.
        created: Option<String> = "created",
        /// When the resource last changed, as text of `xsd:dateTime`.
        last_modified: Option<String> = "lastModified",
        /// URI of the resource. Not to be followed to another origin.
        location: Option<String> = "location",
        /// Version, the value of the `ETag` header (RFC 7644 §3.14), with `W/` and quotes.
        version: Option<String> = "version",
    }
}

impl Meta {
    /// `created` as an instant; `None` when absent or no date-time.
    pub fn created_at(&self) -> Option<DateTime> {
        self.created.as_deref()?.parse().ok()
    }

    /// `lastModified` as an instant; `None` when absent or no date-time.
    pub fn last_modified_at(&self) -> Option<DateTime> {
        self.last_modified.as_deref()?.parse().ok()
    }
}

wire_struct! {
    /// The parts of a person's name (RFC 7643 §4.1.1).
    pub struct Name {
        /// The whole name as it is to be shown.
        formatted: Option<String> = "formatted",
        /// Family name.
        family_name: Option<String> = "familyName",
        /// Given name.
        given_name: Option<String> = "givenName",
        /// Middle names.
        middle_name: Option<String> = "middleName",
        /// "Ms.", "Dr."
        honorific_prefix: Option<String> = "honorificPrefix",
        /// "III", "Jr."
        honorific_suffix: Option<String> = "honorificSuffix",
    }
}

/// Declares one of the multi-valued attributes that have the four usual sub-attributes of RFC 7643 §2.4.
macro_rules! multi_value {
    ($(#[$meta:meta])* $name:ident, $what:literal) => {
        wire_struct! {
            $(#[$meta])*
            pub struct $name [plain] {
                #[doc = $what]
                value: Option<String> = "value",
                /// Text for display; set by the service provider.
                display: Option<String> = "display",
                /// A label, for example `work` or `home`.
                r#type: Option<String> = "type",
                /// The preferred one; at most one element has `true`.
                primary: Option<bool> = "primary",
            }
        }

        impl $name {
            /// An element with that value and nothing else.
            pub fn new(value: impl Into<String>) -> Self {
                Self { value: Some(value.into()), ..Self::default() }
            }

            /// Sets the label.
            pub fn with_type(mut self, label: impl Into<String>) -> Self {
                self.r#type = Some(label.into());
                self
            }

            /// Marks the element as the preferred one.
            pub fn primary(mut self) -> Self {
                self.primary = Some(true);
                self
            }
        }
    };
}

multi_value!(
    /// An e-mail address of a user (RFC 7643 §4.1.2).
    Email, "The address.");
multi_value!(
    /// A phone number of a user (RFC 7643 §4.1.2).
    PhoneNumber, "The number, best as a `tel:` URI (RFC 3966).");
multi_value!(
    /// An instant-messaging address of a user (RFC 7643 §4.1.2).
    Im, "The address.");
multi_value!(
    /// A picture of a user (RFC 7643 §4.1.2).
    Photo, "The URI of the picture.");
multi_value!(
    /// An entitlement of a user (RFC 7643 §4.1.2).
    Entitlement, "The entitlement.");
multi_value!(
    /// A role of a user (RFC 7643 §4.1.2).
    Role, "The role. Entra ID sends JSON text here; it is kept as text.");
multi_value!(
    /// A certificate of a user (RFC 7643 §4.1.2).
    X509Certificate, "The DER encoding in base64.");

wire_struct! {
    /// A postal address of a user (RFC 7643 §4.1.2).
    pub struct Address {
        /// The whole address as it is to be shown.
        formatted: Option<String> = "formatted",
        /// Street, house number, P.O. box.
        street_address: Option<String> = "streetAddress",
        /// City.
        locality: Option<String> = "locality",
        /// State or region.
        region: Option<String> = "region",
        /// Postal code.
        postal_code: Option<String> = "postalCode",
        /// Country, ISO 3166-1 alpha-2.
        country: Option<String> = "country",
        /// A label, for example `work` or `home`.
        r#type: Option<String> = "type",
        /// The preferred one; at most one element has `true`.
        primary: Option<bool> = "primary",
    }
}

wire_struct! {
    /// A group that a user belongs to (RFC 7643 §4.1.2); readOnly, changed through the group.
    ///
    /// Cloudflare sends plain strings here; they are read as `value` and written as they came.
    pub struct GroupRef [plain] {
        /// Id of the group.
        value: Option<ResourceId> = "value",
        /// URI of the group.
        r#ref: Option<String> = "$ref",
        /// Name of the group.
        display: Option<String> = "display",
        /// `direct` or `indirect`.
        r#type: Option<String> = "type",
    }
}

wire_struct! {
    /// A member of a group (RFC 7643 §4.2). Members are identified by `value`.
    pub struct Member [plain] {
        /// Id of the user or group.
        value: Option<ResourceId> = "value",
        /// URI of the user or group.
        r#ref: Option<String> = "$ref",
        /// `User` or `Group`.
        r#type: Option<String> = "type",
        /// Name for display.
        display: Option<String> = "display",
    }
}

impl Member {
    /// The member with that id.
    pub fn new(id: ResourceId) -> Self {
        Self { value: Some(id), ..Self::default() }
    }
}

impl GroupRef {
    /// A reference to the group with that id.
    pub fn new(id: ResourceId) -> Self {
        Self { value: Some(id), ..Self::default() }
    }

    /// Whether the server sent plain text instead of an object.
    pub fn is_plain(&self) -> bool {
        self.plain.0
    }
}

wire_struct! {
    /// The manager of a user (RFC 7643 §4.3).
    pub struct Manager [plain] {
        /// Id of the manager's user.
        value: Option<ResourceId> = "value",
        /// URI of the manager's user.
        r#ref: Option<String> = "$ref",
        /// Name of the manager; set by the service provider.
        display_name: Option<String> = "displayName",
    }
}

wire_struct! {
    /// The enterprise extension of a user (RFC 7643 §4.3).
    pub struct EnterpriseUser {
        /// Number of the employee.
        employee_number: Option<String> = "employeeNumber",
        /// Cost centre.
        cost_center: Option<String> = "costCenter",
        /// Organisation.
        organization: Option<String> = "organization",
        /// Division.
        division: Option<String> = "division",
        /// Department.
        department: Option<String> = "department",
        /// The manager.
        manager: Option<Manager> = "manager",
    }
}

impl EnterpriseUser {
    /// Schema URI of the extension.
    pub const SCHEMA: &'static str = crate::schema::ENTERPRISE_USER;
}

wire_enum! {
    /// How a member belongs to a group (RFC 7643 §4.1.2, `groups.type`).
    pub enum Membership {
        /// Named in the group itself.
        Direct = "direct",
        /// Through a group in the group.
        Indirect = "indirect",
    }
}
