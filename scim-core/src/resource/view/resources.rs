//! The views of users, groups and their parts.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, DeserializeSeed, Deserializer, Visitor};

use super::{LazyList, Part, PartSeed, Seen};
use crate::resource::wire::locate;

macro_rules! view_struct {
    (
        $(#[$meta:meta])*
        pub struct $name:ident<'a> $([$plain:ident])? {
            $( $(#[$fmeta:meta])* $field:ident : $ty:ty = $wire:literal, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $name<'a> {
            $( $(#[$fmeta])* pub $field: $ty, )*
            #[doc(hidden)]
            pub borrows: PhantomData<&'a str>,
        }

        const _: () = {
            use serde::de::{MapAccess, SeqAccess};
            use $crate::resource::wire::{named_twice, no_value};

            #[allow(non_camel_case_types)]
            #[derive(Clone, Copy)]
            enum MemberName { $($field,)* Unknown }

            struct NameSeed;
            impl<'de> DeserializeSeed<'de> for NameSeed {
                type Value = MemberName;
                #[inline]
                fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<MemberName, D::Error> {
                    deserializer.deserialize_identifier(self)
                }
            }
            impl Visitor<'_> for NameSeed {
                type Value = MemberName;
                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("an attribute name")
                }
                #[inline]
                fn visit_str<E: de::Error>(self, name: &str) -> Result<MemberName, E> {
                    match name {
                        $($wire => Ok(MemberName::$field),)*
                        other => {
                            $( if other.eq_ignore_ascii_case($wire) { return Ok(MemberName::$field); } )*
                            $crate::resource::wire::refuse_number(other)?;
                            Ok(MemberName::Unknown)
                        }
                    }
                }
            }

            /// Fills the object where it stands; says whether there was one.
            struct Fill<'a, 'de>(&'a mut $name<'de>);
            impl<'de> Visitor<'de> for Fill<'_, 'de> {
                type Value = bool;
                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("an object")
                }
                fn visit_unit<E: de::Error>(self) -> Result<bool, E> {
                    Ok(false)
                }
                fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<bool, A::Error> {
                    no_value(seq, &self).map(|()| false)
                }
                $(
                    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<bool, E> {
                        self.0.$plain = Some(Cow::Borrowed(text));
                        Ok(true)
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<bool, E> {
                        self.0.$plain = Some(Cow::Owned(text.to_owned()));
                        Ok(true)
                    }
                )?
                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
                    let out = self.0;
                    let mut seen = 0_u64;
                    while let Some(member) = map.next_key_seed(NameSeed)? {
                        let bit = 1_u64 << member as u32;
                        match member {
                            $( MemberName::$field => {
                                if seen & bit != 0 {
                                    return Err(named_twice($wire));
                                }
                                let value = map.next_value_seed(PartSeed(PhantomData)).map_err(|e| locate(&e, $wire))?;
                                out.$field = Part::named(value, $wire);
                            } )*
                            MemberName::Unknown => drop(map.next_value::<de::IgnoredAny>()?),
                        }
                        seen |= bit;
                    }
                    Ok(true)
                }
            }

            impl<'de> Seen<'de> for $name<'de> {
                fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
                    let mut out = $name::default();
                    let there = deserializer.deserialize_any(Fill(&mut out))?;
                    Ok(if there { Some(out) } else { None })
                }
            }

            impl<'de> serde::Deserialize<'de> for $name<'de> {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let mut out = $name::default();
                    if deserializer.deserialize_any(Fill(&mut out))? {
                        return Ok(out);
                    }
                    Err(de::Error::invalid_type(de::Unexpected::Unit, &"an object"))
                }
            }
        };
    };
}

view_struct! {
    /// An element of a multi-valued attribute with the usual sub-attributes (RFC 7643 §2.4).
    pub struct ValueView<'a> [value] {
        /// The value.
        value: Option<Cow<'a, str>> = "value",
        /// Text for display.
        display: Option<Cow<'a, str>> = "display",
        /// A label; for members `User` or `Group`.
        r#type: Option<Cow<'a, str>> = "type",
        /// URI of what is referred to.
        r#ref: Option<Cow<'a, str>> = "$ref",
        /// The preferred one.
        primary: Option<bool> = "primary",
    }
}

view_struct! {
    /// The parts of a name.
    pub struct NameView<'a> {
        /// The whole name.
        formatted: Option<Cow<'a, str>> = "formatted",
        /// Family name.
        family_name: Option<Cow<'a, str>> = "familyName",
        /// Given name.
        given_name: Option<Cow<'a, str>> = "givenName",
        /// Middle names.
        middle_name: Option<Cow<'a, str>> = "middleName",
        /// "Ms.", "Dr."
        honorific_prefix: Option<Cow<'a, str>> = "honorificPrefix",
        /// "III", "Jr."
        honorific_suffix: Option<Cow<'a, str>> = "honorificSuffix",
    }
}

view_struct! {
    /// A postal address.
    pub struct AddressView<'a> {
        /// The whole address.
        formatted: Option<Cow<'a, str>> = "formatted",
        /// Street and number.
        street_address: Option<Cow<'a, str>> = "streetAddress",
        /// City.
        locality: Option<Cow<'a, str>> = "locality",
        /// State or region.
        region: Option<Cow<'a, str>> = "region",
        /// Postal code.
        postal_code: Option<Cow<'a, str>> = "postalCode",
        /// Country.
        country: Option<Cow<'a, str>> = "country",
        /// A label.
        r#type: Option<Cow<'a, str>> = "type",
        /// The preferred one.
        primary: Option<bool> = "primary",
    }
}

view_struct! {
    /// What the service provider says about a resource.
    pub struct MetaView<'a> {
        /// Name of the resource type.
        resource_type: Option<Cow<'a, str>> = "resourceType",
        /// When the resource was made.
        created: Option<Cow<'a, str>> = "created",
        /// When it last changed.
        last_modified: Option<Cow<'a, str>> = "lastModified",
        /// URI of the resource.
        location: Option<Cow<'a, str>> = "location",
        /// Version.
        version: Option<Cow<'a, str>> = "version",
    }
}

view_struct! {
    /// The manager of a user.
    pub struct ManagerView<'a> [value] {
        /// Id of the manager's user.
        value: Option<Cow<'a, str>> = "value",
        /// URI of the manager's user.
        r#ref: Option<Cow<'a, str>> = "$ref",
        /// Name of the manager.
        display_name: Option<Cow<'a, str>> = "displayName",
    }
}

view_struct! {
    /// The enterprise extension.
    pub struct EnterpriseUserView<'a> {
        /// Number of the employee.
        employee_number: Option<Cow<'a, str>> = "employeeNumber",
        /// Cost centre.
        cost_center: Option<Cow<'a, str>> = "costCenter",
        /// Organisation.
        organization: Option<Cow<'a, str>> = "organization",
        /// Division.
        division: Option<Cow<'a, str>> = "division",
        /// Department.
        department: Option<Cow<'a, str>> = "department",
        /// The manager.
        manager: Option<ManagerView<'a>> = "manager",
    }
}

view_struct! {
    /// A user, see [`User`](crate::resource::User).
    pub struct UserView<'a> {
        /// Schema URIs.
        schemas: Vec<Cow<'a, str>> = "schemas",
        /// Id given by the service provider.
        id: Option<Cow<'a, str>> = "id",
        /// Id given by the client.
        external_id: Option<Cow<'a, str>> = "externalId",
        /// The unique name.
        user_name: Option<Cow<'a, str>> = "userName",
        /// The parts of the name.
        name: Option<NameView<'a>> = "name",
        /// Name for display.
        display_name: Option<Cow<'a, str>> = "displayName",
        /// Casual name.
        nick_name: Option<Cow<'a, str>> = "nickName",
        /// URI of the profile.
        profile_url: Option<Cow<'a, str>> = "profileUrl",
        /// Title.
        title: Option<Cow<'a, str>> = "title",
        /// Relation to the organisation.
        user_type: Option<Cow<'a, str>> = "userType",
        /// Preferred language.
        preferred_language: Option<Cow<'a, str>> = "preferredLanguage",
        /// Locale.
        locale: Option<Cow<'a, str>> = "locale",
        /// Time zone.
        timezone: Option<Cow<'a, str>> = "timezone",
        /// Whether the account may be used.
        active: Option<bool> = "active",
        /// E-mail addresses.
        emails: LazyList<'a, ValueView<'a>> = "emails",
        /// Phone numbers.
        phone_numbers: LazyList<'a, ValueView<'a>> = "phoneNumbers",
        /// Instant-messaging addresses.
        ims: LazyList<'a, ValueView<'a>> = "ims",
        /// Pictures.
        photos: LazyList<'a, ValueView<'a>> = "photos",
        /// Postal addresses.
        addresses: LazyList<'a, AddressView<'a>> = "addresses",
        /// Groups.
        groups: LazyList<'a, ValueView<'a>> = "groups",
        /// Entitlements.
        entitlements: LazyList<'a, ValueView<'a>> = "entitlements",
        /// Roles.
        roles: LazyList<'a, ValueView<'a>> = "roles",
        /// Certificates.
        x509_certificates: LazyList<'a, ValueView<'a>> = "x509Certificates",
        /// The enterprise extension.
        enterprise: Option<EnterpriseUserView<'a>> = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        /// What the service provider says.
        meta: Option<MetaView<'a>> = "meta",
    }
}

view_struct! {
    /// A group, see [`Group`](crate::resource::Group).
    pub struct GroupView<'a> {
        /// Schema URIs.
        schemas: Vec<Cow<'a, str>> = "schemas",
        /// Id given by the service provider.
        id: Option<Cow<'a, str>> = "id",
        /// Id given by the client.
        external_id: Option<Cow<'a, str>> = "externalId",
        /// Name of the group.
        display_name: Option<Cow<'a, str>> = "displayName",
        /// Members.
        members: LazyList<'a, ValueView<'a>> = "members",
        /// What the service provider says.
        meta: Option<MetaView<'a>> = "meta",
    }
}
