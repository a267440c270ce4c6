//! PATCH bodies and filters made to hurt: each ends with its verdict, in a small stack and in time. How time grows with the input is
//! measured by `compare --only hostile` in `benches`.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use scim_core::error::ParseErrorKind;
use scim_core::filter::{Filter, FilterError, ParseOptions, attr};
use scim_core::limits::Limits;
use scim_core::message::PATCH_OP;
use scim_core::patch::{PatchOp, PatchOptions};
use scim_core::resource::User;
use scim_core::schema::{Attribute, AttributeType, Direction, ResourceSchemas, Schema};
use serde_json::{Value, json};

fn in_small_stack<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> T {
    // Without optimisation the frames of the JSON reader take several times the room.
    let stack = if cfg!(debug_assertions) { 2048 } else { 512 };
    std::thread::Builder::new().stack_size(stack * 1024).spawn(job).unwrap().join().unwrap()
}

/// The keyword of the refusal, or the resource afterwards; everything is printed and dropped in the small stack.
fn run(mut resource: Value, body: String, options: PatchOptions) -> Result<usize, String> {
    in_small_stack(move || {
        let patch = PatchOp::from_json(body.as_bytes(), &options).map_err(|error| error.scim_type().to_string())?;
        drop(serde_json::to_string(&patch).unwrap());
        let applied = patch.apply(&mut resource, &ResourceSchemas::group(), &options);
        drop(resource.to_string());
        applied.map_err(|error| error.scim_type().to_string())?;
        Ok(resource["members"].as_array().map_or(0, Vec::len))
    })
}

fn body(operations: &Value) -> String {
    json!({"schemas": [PATCH_OP], "Operations": operations}).to_string()
}

fn members(range: std::ops::Range<usize>) -> Vec<Value> {
    range.map(|i| json!({"value": format!("{i:032x}")})).collect()
}

fn group(count: usize) -> Value {
    json!({"displayName": "g", "members": members(0..count)})
}

#[test]
fn ten_thousand_operations_of_one_member_each() {
    let one = |member: &Value| json!({"op": "add", "path": "members", "value": [member]});
    let operations: Value = members(0..10_000).iter().map(one).collect();
    assert_eq!(run(group(0), body(&operations), PatchOptions::strict()), Ok(10_000));
    let more: Value = members(0..10_001).iter().map(one).collect();
    assert_eq!(run(group(0), body(&more), PatchOptions::strict()), Err("invalidValue".to_owned()));
}

#[test]
fn many_members_half_of_them_known() {
    // As many as the corpus has, where the program is not slowed down by its checks.
    let half = if cfg!(debug_assertions) { 10_000 } else { 50_000 };
    let add = json!([{"op": "add", "path": "members", "value": members(half..half * 3)}]);
    assert_eq!(run(group(half * 2), body(&add), PatchOptions::strict()), Ok(half * 3));
}

/// 256 parentheses are the most that can be allowed: such a filter is read, printed, copied, resolved, evaluated and
/// dropped. The last form has three levels of the tree for each.
#[test]
fn filters_as_deep_as_can_be_allowed() {
    let options = ParseOptions::strict().with_limits(Limits::default().with_depth(usize::MAX));
    for (open, levels, close) in [
        ("not (", 1, ")"),
        ("(title pr or (nickName pr and ", 2, "))"),
        ("(not (title pr) and not (", 2, "))"),
        ("nickName pr or title pr and not (", 1, ")"),
    ] {
        let text = |times: usize| format!("{}title pr{}", open.repeat(times), close.repeat(times));
        let (deepest, deeper) = (text(256 / levels), text(256 / levels + 1));
        let (on_value, on_typed) = in_small_stack(move || {
            let filter = Filter::parse_with(&deepest, &options).unwrap().value;
            assert!(Filter::parse_with(&filter.to_string(), &options).unwrap().value == filter.clone());
            drop(format!("{filter:?}"));
            let schemas = ResourceSchemas::user();
            filter.check_searchable(&schemas).unwrap();
            let matcher = filter.compile(&schemas).unwrap();
            drop(format!("{:?}", matcher.clone()));
            let mut user = User::new("u");
            user.title = Some("t".into());
            let typed = filter.compile_for::<User>().unwrap();
            (matcher.matches(&json!({"userName": "u", "title": "t"})), typed.matches(&user))
        });
        assert_eq!(on_value, on_typed, "{open}");
        assert_eq!(Filter::parse_with(&deeper, &options).unwrap_err().kind(), ParseErrorKind::TooDeep, "{open}");
    }
    // The tolerant reading makes one term more of a condition behind brackets.
    let open = "title pr or title pr and not (";
    let core = r#"title pr or title pr and emails[type eq "1" or type eq "2" and type eq "3"].value eq "x""#;
    let text = format!("{}{core}{}", open.repeat(255), ")".repeat(255));
    let options = ParseOptions::lenient().with_limits(Limits::default().with_depth(usize::MAX));
    in_small_stack(move || {
        let filter = Filter::parse_with(&text, &options).unwrap().value;
        filter.and(attr("userName").pr()).not().compile_for::<User>().unwrap();
    });
    // No parser bounds what a program nests by itself.
    let by_hand = (0..1000).fold(attr("title").pr(), |inner, _| inner.not());
    assert_eq!(by_hand.compile(&ResourceSchemas::user()).unwrap_err(), FilterError::TooDeep);
    assert_eq!(by_hand.compile_for::<User>().unwrap_err(), FilterError::TooDeep);
}

#[test]
fn values_that_nest() {
    for depth in [100, 127, 10_000, 1_000_000] {
        for (open, close) in [("{\"a\":", "}"), ("[", "]")] {
            let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            for text in [
                body(&json!([{"op": "add", "path": "displayName", "value": "NEST"}])),
                body(&json!([{"op": "add", "path": "displayName", "value": "x", "zz": "NEST"}])),
                body(&json!([{"op": "add", "value": {"displayName": "NEST"}}])),
            ] {
                let text = text.replacen("\"NEST\"", &nested, 1);
                for options in
                    [PatchOptions::strict(), PatchOptions::strict().with_limits(Limits::default().with_depth(256))]
                {
                    assert_eq!(run(group(1), text.clone(), options), Err("invalidValue".to_owned()), "{depth}");
                }
            }
        }
    }
}

#[test]
fn selections_and_values_that_multiply() {
    // Each with each: elements without a key against wanted ones without a key.
    let emails: Vec<Value> = (0..20_000).map(|i| json!({"type": format!("{i}")})).collect();
    let wanted: Vec<Value> = (0..20_000).map(|i| json!({"type": format!("x{i}")})).collect();
    let options = PatchOptions::lenient();
    for path in ["emails", "emails[type pr]"] {
        let text = body(&json!([{"op": "remove", "path": path, "value": wanted}]));
        let patch = PatchOp::from_json(text.as_bytes(), &options).unwrap();
        let mut user = json!({"userName": "u", "emails": emails});
        let error = patch.apply(&mut user, &ResourceSchemas::user(), &options).unwrap_err();
        assert_eq!(error.scim_type().as_str(), "invalidValue", "{path}");
    }
    // With keys it is one pass.
    let wanted = members(20_000..60_000);
    for path in ["members", "members[value pr]"] {
        let text = body(&json!([{"op": "remove", "path": path, "value": wanted}]));
        assert_eq!(run(group(40_000), text, options), Ok(20_000), "{path}");
    }
}

#[test]
fn names_by_the_thousand() {
    let names: serde_json::Map<String, Value> = (0..12_000).map(|i| (format!("n{i}"), json!(i))).collect();
    let text = body(&json!([{"op": "add", "value": names}]));
    assert_eq!(run(group(1), text.clone(), PatchOptions::strict()), Err("invalidPath".to_owned()));
    assert_eq!(run(group(1), text.clone(), PatchOptions::lenient()), Ok(1));
    let open = PatchOptions::strict().with_unknown_attributes();
    assert_eq!(run(group(1), text, open), Err("invalidValue".to_owned()));
    // Each names a known attribute, whose object is not there.
    let core = "urn:ietf:params:scim:schemas:core:2.0:User:name";
    let user = || json!({"userName": "u"});
    let many = |name: &dyn Fn(usize) -> String| {
        let names: serde_json::Map<String, Value> = (0..12_000).map(|i| (name(i), json!("x"))).collect();
        body(&json!([{"op": "add", "value": names}]))
    };
    let schemas = ResourceSchemas::user();
    let on_user = |text: String, options: PatchOptions| {
        let patch = PatchOp::from_json(text.as_bytes(), &options).unwrap();
        patch.apply(&mut user(), &schemas, &options).map(|_| ()).map_err(|error| error.scim_type().to_string())
    };
    let full = many(&|i| format!("{core}.x{i}"));
    assert_eq!(on_user(full, PatchOptions::strict()), Err("invalidPath".to_owned()));
    let short = many(&|i| format!("department.x{i}"));
    assert_eq!(on_user(short, PatchOptions::lenient()), Err("invalidPath".to_owned()));
    // One attribute in so many spellings.
    let spelling = |i: usize| (0..15).map(|at| if i >> at & 1 == 1 { 'A' } else { 'a' }).collect::<String>();
    let spelt: serde_json::Map<String, Value> =
        (0..20_000).map(|i| (format!("urn:{}:User:userName", spelling(i)), json!("x"))).collect();
    let core =
        Schema::new(format!("urn:{}:User", spelling(0)), vec![Attribute::new("userName", AttributeType::String)]);
    let found = ResourceSchemas::new(core).validate(&Value::Object(spelt), Direction::Patch);
    assert_eq!(found.len(), 19_999, "each is one name twice");
    // Paths for keys are operations, and as many are allowed.
    let paths = many(&|i| format!("emails[type eq \"{i}\"].value"));
    let hundred = PatchOptions::lenient().with_limits(Limits::default().with_operations(100));
    assert_eq!(on_user(paths, hundred), Err("invalidValue".to_owned()));
    let few = PatchOptions::lenient().with_limits(Limits::default().with_operations(2));
    for (operations, is_taken) in [(2, true), (3, false)] {
        let names: serde_json::Map<String, Value> =
            (0..operations).map(|i| (format!("emails[type eq \"{i}\"].value"), json!("x"))).collect();
        assert_eq!(on_user(body(&json!([{"op": "add", "value": names}])), few).is_ok(), is_taken);
    }
    let mut operation = names;
    operation.insert("op".to_owned(), json!("remove"));
    operation.insert("path".to_owned(), json!("members"));
    let text = body(&json!([operation]));
    assert_eq!(run(group(1), text.clone(), PatchOptions::strict()), Err("invalidValue".to_owned()));
    assert_eq!(run(group(1), text, PatchOptions::lenient()), Ok(0));
}

/// Foreign URIs and names that differ in case alone: each is looked up, not looked for.
#[test]
fn names_and_uris_by_the_thousand_on_both_sides() {
    let open = PatchOptions::lenient().with_unknown_attributes();
    let uris = |name: &str| (0..40_000).map(|i| format!("urn:example:{name}{i}")).collect::<Vec<_>>();
    let text = body(&json!([
        {"op": "add", "path": "schemas", "value": uris("a")},
        {"op": "replace", "path": "schemas", "value": uris("b")},
    ]));
    assert!(run(group(1), text, open).is_ok());
    let members = |name: &str| (0..40_000).map(|i| (format!("{name}{i}"), json!(i))).collect::<serde_json::Map<_, _>>();
    let text = body(&json!([
        {"op": "add", "path": "foo", "value": members("a")},
        {"op": "replace", "path": "foo", "value": members("A")},
    ]));
    assert!(run(group(1), text, open).is_ok());
    let schemas = ResourceSchemas::user();
    let options = scim_core::patch::DiffOptions::new().with_max_operations(100_000);
    let (before, after) = (Value::Object(members("a")), Value::Object(members("b")));
    let count = |patches: Vec<PatchOp>| patches.iter().map(|patch| patch.operations.len()).sum::<usize>();
    assert_eq!(count(scim_core::patch::diff(&before, &after, &schemas, &options).unwrap()), 80_000);
    let (before, after) = (json!({"schemas": uris("a")}), json!({"schemas": uris("b")}));
    assert_eq!(count(scim_core::patch::diff(&before, &after, &schemas, &options).unwrap()), 40_001);
}
