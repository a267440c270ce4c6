//! Property mappings without Python: expressions that are known as text are evaluated by Rust, any
//! other by a closure that the user of the server supplies, or not at all.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::json::{Json, object};

/// The managed user mapping, as `GET /propertymappings/provider/scim/` prints it (recording E01).
const DEFAULT_USER: &str = include_str!("data/default-user-mapping.py");
/// The managed group mapping (recording E01).
const DEFAULT_GROUP: &str = "return {\n    \"displayName\": group.name,\n}";
/// The mapping for Cloudflare that facts §6 prints (recordings H50 to H59).
const CLOUDFLARE_USER: &str = include_str!("data/cloudflare-user-mapping.py");
/// The line in front of it that leaves out inactive users without a link (recording H594).
const SKIP_INACTIVE: &str = "if connection is None and not request.user.is_active: raise SkipObject";

/// The mappings of a fresh installation: managed id, name, expression.
pub(crate) const MANAGED: [(&str, &str, &str); 2] = [
    ("goauthentik.io/providers/scim/group", "authentik default SCIM Mapping: Group", DEFAULT_GROUP),
    ("goauthentik.io/providers/scim/user", "authentik default SCIM Mapping: User", DEFAULT_USER),
];

/// What an expression sees.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct MappingInput {
    /// `request.user` and `user`; of a group's mapping the anonymous user, here `None`.
    pub user: Option<MappingUser>,
    /// `group.name`, where a group is mapped.
    pub group: Option<String>,
    /// `provider.name`; `None` in the mapping test endpoint, where `provider` is undefined.
    pub provider: Option<String>,
    /// Whether the object is linked (`connection is not None`); `None` where `connection` is
    /// undefined.
    pub connected: Option<bool>,
}

/// The user that an expression sees.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct MappingUser {
    /// `username`
    pub username: String,
    /// `name`
    pub name: String,
    /// `email`, may be empty
    pub email: String,
    /// `is_active`
    pub is_active: bool,
    /// `attributes`
    pub attributes: serde_json::Map<String, Value>,
}

/// How an evaluation ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum MappingOutcome {
    /// The returned value; anything but a non-empty object counts as "no mapping".
    Value(Value),
    /// `raise SkipObject`: the object is left out, its link stays.
    Skip,
    /// An exception: its Python name (`KeyError`) and text.
    Raise(String, String),
}

/// A Rust stand-in for one expression.
pub type MappingFn = Arc<dyn Fn(&MappingInput) -> MappingOutcome + Send + Sync>;

/// The stand-ins by the text of their expression, and the known texts in the form in which they are
/// compared.
#[derive(Clone)]
pub(crate) struct Closures {
    stand_ins: HashMap<String, MappingFn>,
    default_user: String,
    default_group: String,
    cloudflare_user: String,
}

impl Default for Closures {
    fn default() -> Self {
        Self {
            stand_ins: HashMap::new(),
            default_user: normal(DEFAULT_USER),
            default_group: normal(DEFAULT_GROUP),
            cloudflare_user: normal(CLOUDFLARE_USER),
        }
    }
}

impl Closures {
    pub(crate) fn insert(&mut self, expression: &str, stand_in: MappingFn) {
        self.stand_ins.insert(normal(expression), stand_in);
    }
}

impl fmt::Debug for Closures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Closures({})", self.stand_ins.len())
    }
}

/// The outcome with the members in the order of the expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    Value(Json),
    Skip,
    Raise { class: String, text: String },
}

/// Evaluates one expression.
pub(crate) fn evaluate(expression: &str, closures: &Closures, input: &MappingInput) -> Outcome {
    let text = normal(expression);
    if let Some(stand_in) = closures.stand_ins.get(&text) {
        return match stand_in(input) {
            MappingOutcome::Value(value) => Outcome::Value(value.into()),
            MappingOutcome::Skip => Outcome::Skip,
            MappingOutcome::Raise(class, text) => Outcome::Raise { class, text },
        };
    }
    if text == closures.default_group {
        return match &input.group {
            Some(name) => Outcome::Value(object! { "displayName" => name }),
            None => name_error("group"),
        };
    }
    let anonymous = MappingUser::default();
    let user = input.user.as_ref().unwrap_or(&anonymous);
    if text == closures.default_user {
        return Outcome::Value(default_user(user));
    }
    if text == closures.cloudflare_user {
        return cloudflare_user(user);
    }
    if text.strip_prefix(SKIP_INACTIVE).is_some_and(|rest| rest.trim_start() == closures.cloudflare_user) {
        return match input.connected {
            None => name_error("connection"),
            Some(false) if !user.is_active => Outcome::Skip,
            Some(_) => cloudflare_user(user),
        };
    }
    Outcome::Raise {
        class: "NotImplementedError".to_owned(),
        text: "the embedded authentik runs no Python: it knows the two managed mappings and the Cloudflare ones; \
               give others as a Rust closure with EmbeddedAuthentikBuilder::mapping"
            .to_owned(),
    }
}

/// The text with every run of white space as one blank: layout does not matter to recognition.
fn normal(expression: &str) -> String {
    let mut out = String::with_capacity(expression.len());
    for line in expression.lines().map(str::trim_start).filter(|line| !line.starts_with('#')) {
        for word in line.split_whitespace() {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
        }
    }
    out
}

fn name_error(name: &str) -> Outcome {
    Outcome::Raise { class: "NameError".to_owned(), text: format!("name '{name}' is not defined") }
}

fn default_user(user: &MappingUser) -> Json {
    let (given, family, formatted) = match user.name.split_once(' ') {
        Some((given, family)) => (given.to_owned(), family.to_owned(), user.name.clone()),
        None => (user.name.clone(), " ".to_owned(), format!("{} ", user.name)),
    };
    let emails = if user.email.is_empty() {
        Vec::new()
    } else {
        vec![object! { "value" => &user.email, "type" => "other", "primary" => true }]
    };
    let locale = user.attributes.get("settings").and_then(|settings| settings.get("locale")?.as_str());
    object! {
        "userName" => &user.username,
        "name" => object! { "formatted" => formatted, "givenName" => given, "familyName" => family },
        "displayName" => &user.name,
        "photos" => Json::NULL,
        "locale" => Json::or_null(locale.filter(|locale| !locale.is_empty())),
        "active" => user.is_active,
        "emails" => emails,
    }
}

fn cloudflare_user(user: &MappingUser) -> Outcome {
    let email = user.email.to_lowercase();
    if !email.contains('@') {
        return Outcome::Skip;
    }
    let name = match user.name.trim() {
        "" => email.as_str(),
        name => name,
    };
    let (given, family) = name.split_once(' ').unwrap_or((name, ""));
    let family = if family.is_empty() { given } else { family };
    Outcome::Value(object! {
        "userName" => email.as_str(),
        "name" => object! { "givenName" => given, "familyName" => family, "formatted" => name },
        "displayName" => name,
        "active" => user.is_active,
        "emails" => vec![object! { "value" => email.as_str(), "type" => "work", "primary" => true }],
    })
}

/// Checks what `POST /propertymappings/provider/scim/` checks: an obvious syntax error. Returns
/// authentik's message for it.
pub(crate) fn syntax_error(expression: &str) -> Option<String> {
    let mut open: Vec<char> = Vec::new();
    let mut quote: Option<char> = None;
    let mut escaped = false;
    let mut comment = false;
    for c in expression.chars() {
        if c == '\n' {
            comment = false;
        }
        if comment {
            continue;
        }
        if let Some(mark) = quote {
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == mark {
                quote = None;
            }
            continue;
        }
        match c {
            '#' => comment = true,
            '"' | '\'' => quote = Some(c),
            '(' | '[' | '{' => open.push(c),
            ')' | ']' | '}' => {
                let expected = match c {
                    ')' => '(',
                    ']' => '[',
                    _ => '{',
                };
                match open.pop() {
                    Some(found) if found == expected => {}
                    Some(found) => {
                        return Some(format!(
                            "closing parenthesis '{c}' does not match opening parenthesis '{found}' (None, line 2)"
                        ));
                    }
                    None => return Some(format!("unmatched '{c}' (None, line 2)")),
                }
            }
            _ => {}
        }
    }
    if let Some(left) = open.pop() {
        return Some(format!("'{left}' was never closed (None, line 2)"));
    }
    let blocks = ["if ", "for ", "while ", "elif ", "else", "with ", "def ", "try"];
    for (index, line) in expression.lines().enumerate() {
        let code = line.trim();
        let begins_block = blocks.iter().any(|word| code.starts_with(word));
        if begins_block && !code.contains(':') && !code.ends_with(['(', '[', '{', ',', '\\']) {
            return Some(format!("expected ':' (None, line {})", index + 2));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str, email: &str, is_active: bool) -> MappingInput {
        let user = MappingUser {
            username: "u".to_owned(),
            name: name.to_owned(),
            email: email.to_owned(),
            is_active,
            ..MappingUser::default()
        };
        MappingInput { user: Some(user), provider: Some("p".to_owned()), connected: Some(false), group: None }
    }

    #[test]
    fn the_default_mapping_splits_names_at_the_first_blank() {
        let Outcome::Value(got) = evaluate(DEFAULT_USER, &Closures::default(), &user("x", "", true)) else {
            panic!("a value")
        };
        assert_eq!(
            got.dumps(),
            r#"{"userName": "u", "name": {"formatted": "x ", "givenName": "x", "familyName": " "}, "displayName": "x", "photos": null, "locale": null, "active": true, "emails": []}"#
        );
    }

    #[test]
    fn the_cloudflare_mapping_skips_users_without_email_and_with_the_line_inactive_ones() {
        let none = Closures::default();
        assert_eq!(evaluate(CLOUDFLARE_USER, &none, &user("A", "", true)), Outcome::Skip);
        let front = format!("{SKIP_INACTIVE}\n{CLOUDFLARE_USER}");
        assert_eq!(evaluate(&front, &none, &user("A", "a@b.c", false)), Outcome::Skip);
        let block = front.replace(": raise", ":\n    raise");
        assert_eq!(evaluate(&block, &none, &user("A", "a@b.c", false)), Outcome::Skip);
        assert!(matches!(evaluate(&front, &none, &user("A", "a@b.c", true)), Outcome::Value(_)));
    }

    #[test]
    fn the_mapping_that_the_client_offers_is_one_of_the_known_ones() {
        let offered = evaluate(crate::mapping::CLOUDFLARE_USER, &Closures::default(), &user("A", "A@b.test", true));
        assert!(matches!(offered, Outcome::Value(_)), "{offered:?}");
        let skipped = evaluate(crate::mapping::CLOUDFLARE_USER, &Closures::default(), &user("A", "A@b.test", false));
        assert_eq!(skipped, Outcome::Skip);
    }

    #[test]
    fn an_unknown_expression_is_an_exception_that_says_what_to_do() {
        let outcome = evaluate("return {}", &Closures::default(), &user("A", "", true));
        assert!(matches!(outcome, Outcome::Raise { text, .. } if text.contains("closure")));
    }

    #[test]
    fn syntax_errors_read_as_recorded() {
        assert_eq!(syntax_error("return {").unwrap(), "'{' was never closed (None, line 2)");
        assert_eq!(syntax_error("if True\n  return 1").unwrap(), "expected ':' (None, line 2)");
        assert_eq!(syntax_error(DEFAULT_USER), None);
        assert_eq!(syntax_error(CLOUDFLARE_USER), None);
    }
}
