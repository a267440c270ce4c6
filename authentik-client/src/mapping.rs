//! Property mappings: what authentik makes of a user before it sends it.

use crate::model::{ScimMapping, ScimProvider};

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

/// Those of authentik's default user mappings that a provider has besides another one: mappings of one
/// provider merge in the order of their names, so a default one brings back what the other one means
/// to leave out. `mappings` are all SCIM mappings.
pub fn attached_defaults<'a>(provider: &ScimProvider, mappings: &'a [ScimMapping]) -> Vec<&'a ScimMapping> {
    let attached = |mapping: &&ScimMapping| provider.property_mappings.contains(&mapping.pk);
    let (defaults, others): (Vec<_>, Vec<_>) =
        mappings.iter().filter(attached).partition(|mapping| mapping.managed.as_deref() == Some(MANAGED_USER));
    if others.is_empty() { Vec::new() } else { defaults }
}

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
    use serde_json::json;

    use super::*;

    #[test]
    fn the_default_mapping_beside_another_one_is_found() {
        let id = |number: u8| format!("00000000-0000-0000-0000-0000000000{number:02x}");
        let mapping = |number: u8, managed: Option<&str>| -> ScimMapping {
            serde_json::from_value(json!({"pk": id(number), "name": "m", "expression": "", "managed": managed}))
                .unwrap()
        };
        let all = [mapping(1, Some(MANAGED_USER)), mapping(2, None), mapping(3, Some(MANAGED_GROUP))];
        let found = |mappings: &[u8]| {
            let mappings: Vec<String> = mappings.iter().map(|number| id(*number)).collect();
            let provider = json!({"pk": 1, "name": "p", "url": "http://x", "property_mappings": mappings});
            attached_defaults(&serde_json::from_value(provider).unwrap(), &all).len()
        };
        assert_eq!((found(&[1, 2]), found(&[2]), found(&[1]), found(&[])), (1, 0, 0, 0));
    }

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
