use crate::Text;
use crate::date::DateTime;
use crate::resource::ResourceId;
use crate::resource::wire::{wire_enum, wire_struct};

wire_struct! {
    /// What the service provider says about a resource (RFC 7643 §3.1). Clients never set it.
    pub struct Meta {
        /// Name of the resource type, for example `User`.
        resource_type: Option<Text> = "resourceType",
        /// When the resource was made, as text of `xsd:dateTime`.
        created: Option<Text> = "created",
        /// When the resource last changed, as text of `xsd:dateTime`.
        last_modified: Option<Text> = "lastModified",
        /// URI of the resource. Not to be followed to another origin.
        location: Option<Text> = "location",
        /// Version, the value of the `ETag` header (RFC 7644 §3.14), with `W/` and quotes.
        version: Option<Text> = "version",
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
        formatted: Option<Text> = "formatted",
        /// Family name.
        family_name: Option<Text> = "familyName",
        /// Given name.
        given_name: Option<Text> = "givenName",
        /// Middle names.
        middle_name: Option<Text> = "middleName",
        /// "Ms.", "Dr."
        honorific_prefix: Option<Text> = "honorificPrefix",
        /// "III", "Jr."
        honorific_suffix: Option<Text> = "honorificSuffix",
    }
}

/// Declares one of the multi-valued attributes that have the four usual sub-attributes of RFC 7643 §2.4.
macro_rules! multi_value {
    ($(#[$meta:meta])* $name:ident, $what:literal) => {
        wire_struct! {
            $(#[$meta])*
            pub struct $name [plain] {
                #[doc = $what]
                value: Option<Text> = "value",
                /// Text for display; set by the service provider.
                display: Option<Text> = "display",
                /// A label, for example `work` or `home`.
                r#type: Option<Text> = "type",
                /// The preferred one; at most one element has `true`.
                primary: Option<bool> = "primary",
            }
        }

        impl $name {
            /// An element with that value and nothing else.
            pub fn new(value: impl Into<Text>) -> Self {
                Self { value: Some(value.into()), ..Self::default() }
            }

            /// Sets the label.
            pub fn with_type(mut self, label: impl Into<Text>) -> Self {
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
        formatted: Option<Text> = "formatted",
        /// Street, house number, P.O. box.
        street_address: Option<Text> = "streetAddress",
        /// City.
        locality: Option<Text> = "locality",
        /// State or region.
        region: Option<Text> = "region",
        /// Postal code.
        postal_code: Option<Text> = "postalCode",
        /// Country, ISO 3166-1 alpha-2.
        country: Option<Text> = "country",
        /// A label, for example `work` or `home`.
        r#type: Option<Text> = "type",
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
        r#ref: Option<Text> = "$ref",
        /// Name of the group.
        display: Option<Text> = "display",
        /// `direct` or `indirect`.
        r#type: Option<Text> = "type",
    }
}

wire_struct! {
    /// A member of a group (RFC 7643 §4.2). Members are identified by `value`.
    pub struct Member [plain] {
        /// Id of the user or group.
        value: Option<ResourceId> = "value",
        /// URI of the user or group.
        r#ref: Option<Text> = "$ref",
        /// `User` or `Group`.
        r#type: Option<Text> = "type",
        /// Name for display.
        display: Option<Text> = "display",
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
        r#ref: Option<Text> = "$ref",
        /// Name of the manager; set by the service provider.
        display_name: Option<Text> = "displayName",
    }
}

wire_struct! {
    /// The enterprise extension of a user (RFC 7643 §4.3).
    pub struct EnterpriseUser {
        /// Number of the employee.
        employee_number: Option<Text> = "employeeNumber",
        /// Cost centre.
        cost_center: Option<Text> = "costCenter",
        /// Organisation.
        organization: Option<Text> = "organization",
        /// Division.
        division: Option<Text> = "division",
        /// Department.
        department: Option<Text> = "department",
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
