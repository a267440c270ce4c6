//! The conformance cases of `testdata/corpus` and `testdata/examined` against the crate: every *must* case in strict mode, every stated
//! lenient expectation, and that printed text reads back.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what went wrong by panicking")]

use std::fs;
use std::path::PathBuf;

use scim_core::filter::{Filter, Literal, ParseOptions};
use scim_core::message::{BulkRequest, BulkResponse, ListResponse, PATCH_OP, ScimError, SearchRequest};
use scim_core::patch::{PatchError, PatchOp, PatchOptions};
use scim_core::path::PatchPath;
use scim_core::quirk::Quirk;
use scim_core::resource::{Group, Resource, User};
use scim_core::schema::{GROUP, ResourceSchemas, ResourceType, Schema, ServiceProviderConfig};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn load_from(directory: &str, name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../testdata").join(directory).join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn load(name: &str) -> Value {
    load_from("corpus", name)
}

/// The file of that name in both collections.
fn both(name: &str) -> [Value; 2] {
    [load(name), load_from("examined", name)]
}

fn cases(data: &Value) -> &[Value] {
    data["cases"].as_array().unwrap()
}

fn user_schemas() -> ResourceSchemas {
    let list: ListResponse<Schema> = serde_json::from_value(load("schemas.json")).unwrap();
    list.resources.into_iter().fold(ResourceSchemas::user(), ResourceSchemas::with_extension)
}

/// JSON equality with unordered lists, where absent, null and [] are one state.
fn same(a: &Value, b: &Value) -> bool {
    let empty = |v: &Value| v.is_null() || v.as_array().is_some_and(Vec::is_empty);
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let held = |m: &serde_json::Map<String, Value>| m.iter().filter(|(_, v)| !empty(v)).count();
            held(a) == held(b) && a.iter().all(|(k, v)| empty(v) || b.get(k).is_some_and(|w| same(v, w)))
        }
        (Value::Array(a), Value::Array(b)) => {
            let mut left: Vec<&Value> = b.iter().collect();
            a.len() == b.len()
                && a.iter().all(|v| left.iter().position(|w| same(v, w)).map(|at| left.swap_remove(at)).is_some())
        }
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    }
}

fn without(value: &Value, names: &[&str]) -> Value {
    let mut value = value.clone();
    for name in names {
        value.as_object_mut().unwrap().remove(*name);
    }
    value
}

fn s_expression(filter: &Filter) -> String {
    let chain = |word: &str, list: &[Filter]| {
        format!("({word} {})", list.iter().map(s_expression).collect::<Vec<_>>().join(" "))
    };
    match filter {
        Filter::And(list) => chain("and", list),
        Filter::Or(list) => chain("or", list),
        Filter::Not(inner) => format!("(not {})", s_expression(inner)),
        Filter::Present(path) => format!("(pr {path})"),
        Filter::ValuePath(v) => format!("(vp {} {})", v.path, s_expression(&v.filter)),
        Filter::Compare(c) => {
            let value = match &c.value {
                Literal::String(text) => json!(text.as_str()).to_string(),
                Literal::Number(n) => format!("{:?}", n.as_str().parse::<f64>().unwrap()),
                other => other.to_string(),
            };
            format!("({} {} {value})", c.op.as_str(), c.path)
        }
    }
}

/// The expected text with its numbers in the same spelling.
fn normal(expected: &str) -> String {
    let mut out = String::new();
    let mut rest = expected;
    while let Some(at) = rest.find(|c: char| c == '"' || c.is_ascii_digit() || c == '-') {
        let boundary = rest[..at].ends_with(' ');
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with('"') {
            let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<String>();
            let text = stream.next().unwrap().unwrap();
            rest = &rest[stream.byte_offset()..];
            out.push_str(&json!(text).to_string());
            continue;
        }
        let word = &rest[..rest.find([' ', ')']).unwrap_or(rest.len())];
        match word.parse::<f64>() {
            Ok(number) if boundary => out.push_str(&number_text(number)),
            _ => out.push_str(word),
        }
        rest = &rest[word.len()..];
    }
    out + rest
}

fn number_text(number: f64) -> String {
    format!("{number:?}")
}

/// What a mode is held to: the verdict and the tree, if the case states one for the mode.
fn expectation<'c>(case: &'c Value, lenient: bool, tree: &str) -> Option<(bool, Option<&'c Value>)> {
    let strict = case["verdict"] == "accept";
    let known = |name: &str| case.get(name);
    if !lenient {
        return (case["level"] == "must").then(|| (strict, known(tree)));
    }
    let stated = case.get("lenient").map(|verdict| verdict == "accept");
    let verdict = stated.or_else(|| (case["level"] == "must" || strict).then_some(strict))?;
    Some((verdict, known(&format!("lenient_{tree}")).or_else(|| known(tree))))
}

fn allowed(case: &Value) -> Vec<&str> {
    match &case["scimType"] {
        Value::String(one) => vec![one],
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn filters_parse() {
    let mut checked = 0;
    for case in both("filter-parse.json").iter().flat_map(cases) {
        let text = case["input"].as_str().unwrap();
        for (lenient, options) in [(false, ParseOptions::strict()), (true, ParseOptions::lenient())] {
            let Some((accept, tree)) = expectation(case, lenient, "ast") else {
                continue;
            };
            checked += 1;
            let at = format!("{} lenient={lenient}: {text}", case["id"]);
            match Filter::parse_with(text, &options) {
                Ok(parsed) => {
                    assert!(accept, "{at}: accepted");
                    if let Some(tree) = tree.and_then(Value::as_str) {
                        assert_eq!(s_expression(&parsed.value), normal(tree), "{at}");
                    }
                    assert_eq!(
                        Filter::parse(&parsed.value.to_string()),
                        Ok(parsed.value),
                        "{at}: printed text reads back"
                    );
                }
                Err(error) => {
                    assert!(!accept, "{at}: {}", error.render());
                    assert!(
                        error.span().start <= text.len() && error.span().end <= text.len() + 1,
                        "{at}: {:?}",
                        error.span()
                    );
                    assert_eq!(error.scim_type().as_str(), "invalidFilter", "{at}");
                }
            }
        }
    }
    assert!(checked > 600, "{checked}");
}

#[test]
fn paths_parse() {
    for case in both("path-parse.json").iter().flat_map(cases) {
        let text = case["input"].as_str().unwrap();
        for (lenient, options) in [(false, ParseOptions::strict()), (true, ParseOptions::lenient())] {
            let Some((accept, tree)) = expectation(case, lenient, "path") else {
                continue;
            };
            let at = format!("{} lenient={lenient}: {text}", case["id"]);
            match PatchPath::parse_with(text, &options) {
                Ok(parsed) => {
                    assert!(accept, "{at}: accepted");
                    let path = parsed.value;
                    assert_eq!(
                        PatchPath::parse(&path.to_string()).as_ref(),
                        Ok(&path),
                        "{at}: printed text reads back"
                    );
                    if let Some(tree) = tree {
                        let part = |name: &str| tree.get(name).and_then(Value::as_str);
                        assert_eq!(Some(path.attribute().name()), part("attr"), "{at}");
                        assert_eq!(path.attribute().urn(), part("urn"), "{at}");
                        assert_eq!(path.sub(), part("sub"), "{at}");
                        assert_eq!(path.filter().map(s_expression), part("filter").map(normal), "{at}");
                    }
                }
                Err(error) => {
                    assert!(!accept, "{at}: {}", error.render());
                    assert!(
                        allowed(case).is_empty() || allowed(case).contains(&error.scim_type().as_str()),
                        "{at}: {error}"
                    );
                }
            }
        }
    }
}

#[test]
fn filters_evaluate_on_json_and_on_typed_users() {
    let data = both("filter-eval.json");
    let schemas = user_schemas();
    for (data, case) in data.iter().flat_map(|data| cases(data).iter().map(move |case| (data, case))) {
        let text = case["filter"].as_str().unwrap();
        let filter = Filter::parse(text).unwrap();
        for (name, want) in case["expect"].as_object().unwrap() {
            let resource = &data["resources"][name];
            let is_group = resource["schemas"].as_array().is_some_and(|uris| uris.contains(&json!(GROUP)));
            let own = if is_group { ResourceSchemas::group() } else { schemas.clone() };
            let got = filter.check_searchable(&own).and_then(|()| filter.matches(resource, &own));
            let at = format!("{} {text} on {name}", case["id"]);
            match want {
                Value::Bool(want) => {
                    assert_eq!(got.as_ref(), Ok(want), "{at}");
                    let typed = if is_group {
                        let group: Group = serde_json::from_value(resource.clone()).unwrap();
                        filter.compile_for::<Group>().unwrap().matches(&group)
                    } else {
                        let user: User = serde_json::from_value(resource.clone()).unwrap();
                        filter.compile_for_with::<User>(&schemas).unwrap().matches(&user)
                    };
                    assert_eq!(typed, *want, "{at}, typed");
                }
                other => assert_eq!(
                    ScimError::from(&got.unwrap_err()).scim_type.unwrap().as_str(),
                    other.as_str().unwrap(),
                    "{at}"
                ),
            }
        }
    }
}

fn fits(outcome: &Result<(Value, bool), PatchError>, want: &Value, case: &Value, changed: Option<bool>) -> bool {
    match outcome {
        Ok((after, did)) => {
            let mut ignored: Vec<&str> =
                case["ignore"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            ignored.push("meta");
            want.get("after").is_some_and(|want| same(&without(want, &ignored), &without(after, &ignored)))
                && changed.is_none_or(|changed| changed == *did)
        }
        Err(error) => want.get("error").is_some_and(|want| {
            let types = allowed(want);
            types.is_empty() || types.contains(&error.scim_type().as_str())
        }),
    }
}

#[test]
fn patches_apply() {
    let users = user_schemas();
    for case in both("patch-apply.json").iter().flat_map(cases) {
        let schemas = if case["resourceType"] == "Group" { ResourceSchemas::group() } else { users.clone() };
        let body = json!({"schemas": [PATCH_OP], "Operations": case["operations"]});
        for lenient in [false, true] {
            let options = if lenient { PatchOptions::lenient() } else { PatchOptions::strict() };
            let want = match (lenient, case.get("lenient")) {
                (true, Some(Value::String(_))) => continue,
                (true, Some(want)) => want,
                (false, _) | (true, None) => &case["strict"],
            };
            if case["level"] != "must" && (!lenient || case.get("lenient").is_none()) {
                continue;
            }
            let mut resource = case["before"].clone();
            let applied =
                PatchOp::read(&body, &options).and_then(|patch| patch.apply(&mut resource, &schemas, &options));
            let at = format!("{} lenient={lenient} {}", case["id"], case["title"]);
            if let Ok(applied) = &applied {
                if lenient {
                    let wanted = match &case["quirk"] {
                        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
                        Value::String(one) => vec![one.as_str()],
                        _ => Vec::new(),
                    };
                    for quirk in wanted {
                        let quirk: Quirk = quirk.parse().unwrap();
                        assert!(applied.quirks.contains(quirk), "{at}: {quirk} not reported, only {}", applied.quirks);
                    }
                } else {
                    assert!(applied.quirks.is_empty(), "{at}: {}", applied.quirks);
                }
            } else {
                assert_eq!(resource, case["before"], "{at}: changed although refused");
            }
            let changed =
                case.get("changed").and_then(Value::as_bool).filter(|_| !lenient || case.get("lenient").is_none());
            let outcome = applied.map(|applied| (resource, applied.changed));
            let options =
                want.get("any_of").and_then(Value::as_array).map_or_else(|| vec![want], |list| list.iter().collect());
            assert!(options.iter().any(|want| fits(&outcome, want, case, changed)), "{at}: {outcome:?}\nwanted {want}");
        }
    }
}

#[test]
fn patch_messages_read() {
    for case in both("patch-message.json").iter().flat_map(cases) {
        for (lenient, options) in [(false, PatchOptions::strict()), (true, PatchOptions::lenient())] {
            let Some((accept, _)) = expectation(case, lenient, "") else {
                continue;
            };
            match PatchOp::read(&case["body"], &options) {
                Ok(_) => assert!(accept, "{} lenient={lenient}", case["id"]),
                Err(error) => {
                    assert!(!accept, "{} lenient={lenient}: {error}", case["id"]);
                    assert!(allowed(case).contains(&error.scim_type().as_str()), "{}", case["id"]);
                }
            }
        }
    }
}

#[test]
fn bodies_come_back_equal() {
    fn through<T: DeserializeOwned + Serialize>(body: &Value) -> Value {
        let value: T = serde_json::from_str(&body.to_string()).unwrap();
        serde_json::to_value(value).unwrap()
    }
    for case in both("wire-samples.json").iter().flat_map(cases) {
        let body = &case["body"];
        let out = match case["kind"].as_str().unwrap() {
            "User" => through::<User>(body),
            "Group" => through::<Group>(body),
            "ListResponse" => through::<ListResponse<Resource>>(body),
            "Error" => through::<ScimError>(body),
            "Schema" => through::<Schema>(body),
            "ResourceType" => through::<ResourceType>(body),
            "ServiceProviderConfig" => through::<ServiceProviderConfig>(body),
            "SearchRequest" => through::<SearchRequest>(body),
            "BulkRequest" => through::<BulkRequest>(body),
            "BulkResponse" => through::<BulkResponse>(body),
            "PatchOp" => {
                let patch = PatchOp::from_json(body.to_string().as_bytes(), &PatchOptions::lenient()).unwrap();
                let out = serde_json::to_string(&patch).unwrap();
                // One figure prints `eq"x"`; it is written by the letter.
                assert!(
                    same(
                        &serde_json::from_str(&body.to_string().replace("eq\\\"", "eq \\\"")).unwrap(),
                        &serde_json::from_str(&out).unwrap()
                    ),
                    "{}",
                    case["id"]
                );
                continue;
            }
            other => panic!("unknown kind {other}"),
        };
        assert!(same(body, &out), "{}: {body}\nbecame {out}", case["id"]);
    }
}

#[test]
fn hostile_texts_end_in_a_small_stack() {
    let data = load("hostile.json");
    let build = |case: &Value| {
        let n = usize::try_from(case["n"].as_u64().unwrap()).unwrap();
        let part = |name: &str| case[name].as_str().unwrap_or_default();
        let Some(join) = case["join"].as_str() else {
            let core =
                part("core").replace("{x*1048576}", &"x".repeat(1 << 20)).replace("{a*1048576}", &"a".repeat(1 << 20));
            return part("prefix").repeat(n) + &core + &part("suffix").repeat(n);
        };
        let items: Vec<_> = (0..n).map(|i| part("item").replace("{i:032x}", &format!("{i:032x}"))).collect();
        let text = items.join(join);
        case["wrap"].as_str().map_or(text.clone(), |wrap| wrap.replace("{}", &text))
    };
    for section in ["filter", "path"] {
        for (at, case) in data[section].as_array().unwrap().iter().enumerate() {
            let text = build(case);
            let job = move || match section {
                "filter" => Filter::parse(&text).map(|f| f.to_string()).is_ok(),
                _ => PatchPath::parse(&text).map(|p| p.to_string()).is_ok(),
            };
            let accepted = std::thread::Builder::new().stack_size(512 * 1024).spawn(job).unwrap().join().unwrap();
            let verdict = case["verdict"].as_str().unwrap();
            assert!(verdict == "either" || accepted == (verdict == "accept"), "{section}-{at}");
        }
    }
}
