use crate::Text;
use crate::resource::wire::wire_struct;
use crate::resource::{
    Address, Email, EnterpriseUser, Entitlement, GroupRef, Im, Meta, Name, Password, PhoneNumber, Photo, ResourceId,
    Role, X509Certificate,
};

wire_struct! {
    /// A user account (RFC 7643 §4.1) with the enterprise extension (§4.3).
    ///
    /// Partial resources, as answers with `attributes` give them, have `None` and empty lists where
    /// nothing was said.
    pub struct User {
        /// Schema URIs of the resource.
        schemas: Vec<Text> = "schemas",
        /// Id given by the service provider.
        id: Option<ResourceId> = "id",
        /// Id given by the client; no key into the server's own ids.
        external_id: Option<Text> = "externalId",
        /// The unique name, compared without case.
        user_name: Option<Text> = "userName",
        /// The parts of the name.
        name: Option<Name> = "name",
        /// Name for display.
        display_name: Option<Text> = "displayName",
        /// Casual name.
        nick_name: Option<Text> = "nickName",
        /// URI of the profile.
        profile_url: Option<Text> = "profileUrl",
        /// Title, for example "Vice President".
        title: Option<Text> = "title",
        /// Relation to the organisation, for example "Contractor".
        user_type: Option<Text> = "userType",
        /// Preferred language, as in `Accept-Language`.
        preferred_language: Option<Text> = "preferredLanguage",
        /// Locale, for example `en-US`.
        locale: Option<Text> = "locale",
        /// Time zone, an IANA name.
        timezone: Option<Text> = "timezone",
        /// Whether the account may be used.
        active: Option<bool> = "active",
        /// Password; written only, never returned.
        password: Option<Password> = "password",
        /// E-mail addresses.
        emails: Vec<Email> = "emails",
        /// Phone numbers.
        phone_numbers: Vec<PhoneNumber> = "phoneNumbers",
        /// Instant-messaging addresses.
        ims: Vec<Im> = "ims",
        /// Pictures.
        photos: Vec<Photo> = "photos",
        /// Postal addresses.
        addresses: Vec<Address> = "addresses",
        /// Groups; set by the service provider.
        groups: Vec<GroupRef> = "groups",
        /// Entitlements.
        entitlements: Vec<Entitlement> = "entitlements",
        /// Roles.
        roles: Vec<Role> = "roles",
        /// Certificates.
        x509_certificates: Vec<X509Certificate> = "x509Certificates",
        /// The enterprise extension.
        enterprise: Option<EnterpriseUser> = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        /// What the service provider says about the resource.
        meta: Option<Meta> = "meta",
    }
}

impl User {
    /// A user with that name, ready to be created.
    ///
    /// ```
    /// use scim_core::resource::{Email, User};
    /// let mut user = User::new("alice@example.com");
    /// user.emails.push(Email::new("alice@example.com").with_type("work").primary());
    /// assert_eq!(
    ///     serde_json::to_value(&user)?,
    ///     serde_json::json!({
    ///         "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    ///         "userName": "alice@example.com",
    ///         "emails": [{"value": "alice@example.com", "type": "work", "primary": true}],
    ///     })
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn new(user_name: impl Into<Text>) -> Self {
        Self {
            schemas: vec![Text::constant(crate::schema::USER)],
            user_name: Some(user_name.into()),
            ..Self::default()
        }
    }

    /// The primary e-mail address, else the first.
    pub fn email(&self) -> Option<&str> {
        let primary = self.emails.iter().find(|e| e.primary == Some(true));
        primary.or_else(|| self.emails.first())?.value.as_deref()
    }
}
