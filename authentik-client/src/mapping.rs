//! Property mappings: what authentik makes of a user before it sends it.

/// The name under which authentik manages its default mapping of users. Cloudflare refuses what it
/// makes: userName is the username there, not the e-mail address.
pub const MANAGED_USER: &str = "goauthentik.io/providers/scim/user";

/// The name under which authentik manages its default mapping of groups. It suits Cloudflare.
pub const MANAGED_GROUP: &str = "goauthentik.io/providers/scim/group";

/// A mapping of users that Cloudflare accepts (facts/authentik.md §6, recorded in H50 to H59 and H594).
///
/// userName is the lower-cased e-mail address and equals the only, primary, work e-mail; nothing is
/// sent that Cloudflare does not echo, so that a sync without changes writes nothing. Users without an
/// e-mail address are left out, and inactive users too unless Cloudflare holds them: a POST with
/// `active: false` would be refused at every sync. It must replace the default mapping: mappings of
/// one provider merge.
pub const CLOUDFLARE_USER: &str = r#"if connection is None and not request.user.is_active:
    raise SkipObject
email = request.user.email.lower()
if "@" not in email:
    raise SkipObject
name = request.user.name.strip() or email
given, _, family = name.partition(" ")
return {
    "userName": email,
    "name": {"givenName": given, "familyName": family or given, "formatted": name},
    "displayName": name,
    "active": request.user.is_active,
    "emails": [{"value": email, "type": "work", "primary": True}],
}
"#;

/// What [`CLOUDFLARE_USER`] makes of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloudflareUser {
    /// The lower-cased e-mail address: userName and only e-mail.
    pub user_name: String,
    /// The full name, or the address where there is none: displayName and name.formatted.
    pub display_name: String,
    /// What stands before the first blank.
    pub given_name: String,
    /// What stands after it; the given name again where nothing does.
    pub family_name: String,
}

/// Evaluates [`CLOUDFLARE_USER`] for a user's name and e-mail address; `None` where it skips the user
/// for lack of an address. Whether an inactive user is skipped is the caller's question.
pub fn cloudflare_user(name: &str, email: &str) -> Option<CloudflareUser> {
    let email = email.to_lowercase();
    if !email.contains('@') {
        return None;
    }
    let name = match name.trim() {
        "" => email.clone(),
        name => name.to_owned(),
    };
    let (given, family) = name.split_once(' ').unwrap_or((name.as_str(), ""));
    let family = if family.is_empty() { given } else { family };
    Some(CloudflareUser {
        user_name: email,
        given_name: given.to_owned(),
        family_name: family.to_owned(),
        display_name: name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mapping_is_evaluated_as_python_would() {
        let user = cloudflare_user("  Siobhán O'Brien Kelly ", "S.OBrien@Example.com").unwrap();
        assert_eq!(user.user_name, "s.obrien@example.com");
        assert_eq!(user.display_name, "Siobhán O'Brien Kelly");
        assert_eq!((user.given_name.as_str(), user.family_name.as_str()), ("Siobhán", "O'Brien Kelly"));
        let single = cloudflare_user("Madonna", "m@x").unwrap();
        assert_eq!((single.given_name.as_str(), single.family_name.as_str()), ("Madonna", "Madonna"));
        assert_eq!(cloudflare_user("", "m@x").unwrap().display_name, "m@x");
        assert_eq!(cloudflare_user("No Mail", ""), None);
    }
}
