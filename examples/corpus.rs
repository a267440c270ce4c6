//! Reads case files of the format in `testdata/corpus` and prints what scim-core makes of each case: one JSON
//! object per line. Outside checks compare the lines with expectations that this program never looks at.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use scim_core::error::ParseError;
use scim_core::filter::{Filter, Literal, ParseOptions, Parsed};
use scim_core::message::{BulkRequest, BulkResponse, ListResponse, PATCH_OP, ScimError, SearchRequest};
use scim_core::patch::{PatchError, PatchOp, PatchOptions};
use scim_core::path::PatchPath;
use scim_core::resource::{Group, Resource, User};
use scim_core::schema::{GROUP, ResourceSchemas, ResourceType, Schema, ServiceProviderConfig};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

const KINDS: [&str; 7] =
    ["filter-parse", "path-parse", "filter-eval", "patch-apply", "patch-message", "wire-samples", "hostile"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage =
        format!("usage: corpus FILE.json...\nThe stem of a file says its kind: {}.\nOptions: --help", KINDS.join(", "));
    if arguments.iter().any(|a| a == "--help" || a == "-h") {
        return say(&mut io::stdout(), &usage, ExitCode::SUCCESS);
    }
    if let Some(option) = arguments.iter().find(|a| a.starts_with('-')) {
        return say(&mut io::stderr(), &format!("unknown option `{option}`\n{usage}"), ExitCode::from(2));
    }
    let unknown = arguments.iter().find(|a| stem(a).is_none_or(|stem| !KINDS.contains(&stem)));
    if let Some(file) = unknown {
        return say(&mut io::stderr(), &format!("`{file}` is of no known kind\n{usage}"), ExitCode::from(2));
    }
    if arguments.is_empty() {
        return say(&mut io::stderr(), &usage, ExitCode::from(2));
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    for file in &arguments {
        let outcome = read(Path::new(file)).and_then(|data| print_cases(file, &data, &mut out));
        if let Err(problem) = outcome {
            drop(out);
            return say(&mut io::stderr(), &format!("{file}: {problem}"), ExitCode::FAILURE);
        }
    }
    match out.flush() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn say(to: &mut impl Write, text: &str, code: ExitCode) -> ExitCode {
    let written = writeln!(to, "{text}");
    if written.is_err() { ExitCode::FAILURE } else { code }
}

fn stem(file: &str) -> Option<&str> {
    Path::new(file).file_stem()?.to_str()
}

fn read(file: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(file).map_err(|e| e.to_string())?;
    serde_json::from_str(&text).map_err(|e| e.to_string())
}

fn print_cases(file: &str, data: &Value, out: &mut impl Write) -> Result<(), String> {
    let kind = stem(file).unwrap_or_default();
    let cases = data["cases"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut line = |id: &Value, answer: Map<String, Value>| -> Result<(), String> {
        let mut text = format!("{{\"file\":{},\"id\":{id}", json!(kind));
        for (name, value) in answer {
            // Writing to a String cannot fail.
            let _infallible = write!(text, ",{}:{value}", json!(name));
        }
        // Line ends in JSON text that some readers of lines take for theirs.
        for end in ['\u{85}', '\u{2028}', '\u{2029}'] {
            text = text.replace(end, &format!("\\u{:04x}", u32::from(end)));
        }
        writeln!(out, "{text}}}").map_err(|e| e.to_string())
    };
    match kind {
        "filter-parse" => cases.iter().try_for_each(|c| line(&c["id"], both(&c["input"], parse_filter))),
        "path-parse" => cases.iter().try_for_each(|c| line(&c["id"], both(&c["input"], parse_path))),
        "filter-eval" => {
            let schemas = user_schemas(Path::new(file))?;
            cases.iter().try_for_each(|c| line(&c["id"], evaluate(c, &data["resources"], &schemas)))
        }
        "patch-apply" => {
            let user = user_schemas(Path::new(file))?;
            cases.iter().try_for_each(|c| {
                let schemas = if c["resourceType"] == "Group" { ResourceSchemas::group() } else { user.clone() };
                line(&c["id"], modes(|options| apply(c, &schemas, &options)))
            })
        }
        "patch-message" => cases.iter().try_for_each(|c| {
            let read = |options| match PatchOp::read(&c["body"], &options) {
                Ok(_) => json!({"ok": true}),
                Err(error) => json!({"error": patch_error(&error)}),
            };
            line(&c["id"], modes(read))
        }),
        "wire-samples" => cases.iter().try_for_each(|c| line(&c["id"], round_trip(c))),
        _ => hostile::cases(data).into_iter().try_for_each(|(id, answer)| line(&json!(id), answer?)),
    }
}

/// The schemas of users: those of RFC 7643 and the extension of `schemas.json` beside the file, if there is one.
fn user_schemas(file: &Path) -> Result<ResourceSchemas, String> {
    let mut schemas = ResourceSchemas::user();
    let beside = file.with_file_name("schemas.json");
    if beside.exists() {
        let list: ListResponse<Schema> = serde_json::from_value(read(&beside)?).map_err(|e| e.to_string())?;
        for schema in list.resources {
            schemas = schemas.with_extension(schema);
        }
    }
    Ok(schemas)
}

/// The schemas of groups for what says that it is one, else those of users.
fn schemas_of(resource: &Value, users: &ResourceSchemas) -> ResourceSchemas {
    let mut uris = resource["schemas"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if uris.any(|uri| uri.eq_ignore_ascii_case(GROUP)) { ResourceSchemas::group() } else { users.clone() }
}

fn modes(answer: impl Fn(PatchOptions) -> Value) -> Map<String, Value> {
    Map::from_iter([
        ("strict".to_owned(), answer(PatchOptions::strict())),
        ("lenient".to_owned(), answer(PatchOptions::lenient())),
    ])
}

fn both(input: &Value, parse: impl Fn(&str, &ParseOptions) -> Value) -> Map<String, Value> {
    let text = input.as_str().unwrap_or_default();
    Map::from_iter([
        ("strict".to_owned(), parse(text, &ParseOptions::strict())),
        ("lenient".to_owned(), parse(text, &ParseOptions::lenient())),
    ])
}

fn parse_filter(text: &str, options: &ParseOptions) -> Value {
    match Filter::parse_with(text, options) {
        Ok(Parsed { value, .. }) => json!({"ast": s_expression(&value), "printed": value.to_string()}),
        Err(error) => json!({"error": parse_error(&error)}),
    }
}

fn parse_path(text: &str, options: &ParseOptions) -> Value {
    let path = match PatchPath::parse_with(text, options) {
        Ok(parsed) => parsed.value,
        Err(error) => return json!({"error": parse_error(&error)}),
    };
    let attribute = path.attribute();
    let mut parts = Map::from_iter([("attr".to_owned(), json!(attribute.name()))]);
    let mut part = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            parts.insert(name.to_owned(), Value::from(value));
        }
    };
    part("urn", attribute.urn().map(str::to_owned));
    part("filter", path.filter().map(s_expression));
    part("sub", path.sub().map(str::to_owned));
    part("sub_before_filter", path.filter().and(attribute.sub()).map(str::to_owned));
    json!({"path": parts, "printed": path.to_string()})
}

fn s_expression(filter: &Filter) -> String {
    let chain = |word: &str, list: &[Filter]| {
        let inner: Vec<String> = list.iter().map(s_expression).collect();
        format!("({word} {})", inner.join(" "))
    };
    match filter {
        Filter::And(list) => chain("and", list),
        Filter::Or(list) => chain("or", list),
        Filter::Not(inner) => format!("(not {})", s_expression(inner)),
        Filter::Present(path) => format!("(pr {path})"),
        Filter::ValuePath(value_path) => format!("(vp {} {})", value_path.path, s_expression(&value_path.filter)),
        Filter::Compare(comparison) => {
            let value = match &comparison.value {
                Literal::String(text) => json!(text.as_str()).to_string(),
                other => other.to_string(),
            };
            format!("({} {} {value})", comparison.op.as_str(), comparison.path)
        }
    }
}

fn parse_error(error: &ParseError) -> Value {
    let scim = ScimError::from(error);
    json!({"status": scim.status, "scimType": scim.scim_type, "offset": error.span().start, "message": error.to_string()})
}

fn patch_error(error: &PatchError) -> Value {
    let scim = ScimError::from(error);
    let mut out = json!({"status": scim.status, "scimType": scim.scim_type, "message": error.to_string()});
    if let Some(parse) = error.parse_error() {
        out["offset"] = json!(parse.span().start);
    }
    out
}

fn evaluate(case: &Value, resources: &Value, users: &ResourceSchemas) -> Map<String, Value> {
    let filter = Filter::parse(case["filter"].as_str().unwrap_or_default());
    let mut got = Map::new();
    for name in case["expect"].as_object().into_iter().flat_map(Map::keys) {
        let answer = match &filter {
            Err(error) => json!({"error": parse_error(error)}),
            Ok(filter) => {
                let resource = &resources[name];
                let schemas = schemas_of(resource, users);
                // A filter on a password would tell it letter by letter.
                match filter.check_searchable(&schemas).and_then(|()| filter.matches(resource, &schemas)) {
                    Ok(met) => json!(met),
                    Err(error) => {
                        let scim = ScimError::from(&error);
                        let (status, scim_type) = (scim.status, scim.scim_type);
                        json!({"error": {"status": status, "scimType": scim_type, "message": error.to_string()}})
                    }
                }
            }
        };
        got.insert(name.clone(), answer);
    }
    Map::from_iter([("got".to_owned(), Value::Object(got))])
}

fn apply(case: &Value, schemas: &ResourceSchemas, options: &PatchOptions) -> Value {
    let mut resource = case["before"].clone();
    let body = json!({"schemas": [PATCH_OP], "Operations": case["operations"]});
    let outcome = PatchOp::read(&body, options).and_then(|patch| patch.apply(&mut resource, schemas, options));
    match outcome {
        Ok(applied) => {
            let quirks: Vec<&str> = applied.quirks.iter().map(scim_core::quirk::Quirk::name).collect();
            json!({"after": resource, "changed": applied.changed, "quirks": quirks})
        }
        Err(error) => json!({"error": patch_error(&error), "after": resource}),
    }
}

fn round_trip(case: &Value) -> Map<String, Value> {
    fn through<T: DeserializeOwned + Serialize>(body: &Value) -> Result<Value, String> {
        let value: T = serde_json::from_str(&body.to_string()).map_err(|e| e.to_string())?;
        serde_json::to_value(&value).map_err(|e| e.to_string())
    }
    let body = &case["body"];
    let out = match case["kind"].as_str().unwrap_or_default() {
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
        "PatchOp" => match PatchOp::from_json(body.to_string().as_bytes(), &PatchOptions::lenient()) {
            Ok(patch) => serde_json::to_value(&patch).map_err(|e| e.to_string()),
            Err(error) => {
                return Map::from_iter([("error".to_owned(), patch_error(&error))]);
            }
        },
        _ => through::<Resource>(body),
    };
    match out {
        Ok(out) => Map::from_iter([("out".to_owned(), out)]),
        Err(message) => {
            let error = json!({"status": 400, "scimType": "invalidSyntax", "message": message});
            Map::from_iter([("error".to_owned(), error)])
        }
    }
}

/// Inputs that are built to break parsers, each in a thread with a small stack.
mod hostile {
    use super::{Filter, Instant, Map, PatchOp, PatchOptions, PatchPath, ResourceSchemas, Value, json};

    type Answer = Result<Map<String, Value>, String>;

    pub(crate) fn cases(data: &Value) -> Vec<(String, Answer)> {
        let mut answers = Vec::new();
        for section in ["filter", "path", "patch"] {
            let list = data[section].as_array().map(Vec::as_slice).unwrap_or_default();
            for (at, case) in list.iter().enumerate() {
                let answer = if section == "patch" { patch(at, case) } else { text(section, case) };
                answers.push((format!("{section}-{at}"), answer));
            }
        }
        answers
    }

    fn in_small_stack(bytes: usize, job: impl FnOnce() -> bool + Send + 'static) -> Answer {
        let timed = move || {
            let start = Instant::now();
            let accepted = job();
            (accepted, start.elapsed())
        };
        let thread = std::thread::Builder::new().stack_size(512 * 1024).spawn(timed).map_err(|e| e.to_string())?;
        let (accepted, elapsed) = thread.join().map_err(|_| "the thread panicked".to_owned())?;
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        Ok(Map::from_iter([
            ("verdict".to_owned(), json!(if accepted { "accept" } else { "reject" })),
            ("micros".to_owned(), json!(micros)),
            ("bytes".to_owned(), json!(bytes)),
        ]))
    }

    fn text(section: &str, case: &Value) -> Answer {
        let text = build(case)?;
        let bytes = text.len();
        if section == "filter" {
            return in_small_stack(bytes, move || match Filter::parse(&text) {
                Ok(filter) => !filter.to_string().is_empty(),
                Err(error) => error.to_string().is_empty(),
            });
        }
        in_small_stack(bytes, move || match PatchPath::parse(&text) {
            Ok(path) => !path.to_string().is_empty(),
            Err(error) => error.to_string().is_empty(),
        })
    }

    fn build(case: &Value) -> Result<String, String> {
        let part = |name: &str| case[name].as_str().unwrap_or_default();
        let n = case["n"].as_u64().and_then(|n| usize::try_from(n).ok()).ok_or("`n` is missing")?;
        if case["join"].is_string() {
            let item = part("item");
            let items: Vec<String> = (0..n).map(|i| item.replace("{i:032x}", &format!("{i:032x}"))).collect();
            let joined = items.join(part("join"));
            return Ok(match case["wrap"].as_str() {
                Some(wrap) => wrap.replacen("{}", &joined, 1),
                None => joined,
            });
        }
        Ok(part("prefix").repeat(n) + &repeated(part("core")) + &part("suffix").repeat(n))
    }

    /// `{x*1048576}` is the character so many times.
    fn repeated(core: &str) -> String {
        let parts = core.split_once('{').and_then(|(before, rest)| {
            let (pattern, after) = rest.split_once('}')?;
            let (character, count) = pattern.split_once('*')?;
            let count: usize = count.parse().ok()?;
            (character.chars().count() == 1).then(|| format!("{before}{}{after}", character.repeat(count)))
        });
        parts.unwrap_or_else(|| core.to_owned())
    }

    fn patch(at: usize, case: &Value) -> Answer {
        let group = |members: Vec<Value>| json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "g", "members": members});
        let member = |i: usize| json!({"value": format!("{i:032x}")});
        let body = |operations: Value| json!({"schemas": [super::PATCH_OP], "Operations": operations}).to_string();
        match at {
            0 => {
                let operations: Vec<Value> =
                    (0..10_000).map(|i| json!({"op": "add", "path": "members", "value": [member(i)]})).collect();
                run(group(Vec::new()), body(json!(operations)))
            }
            1 => {
                let known: Vec<Value> = (0..100_000).map(member).collect();
                let new: Vec<Value> = (50_000..150_000).map(member).collect();
                run(group(known), body(json!([{"op": "add", "path": "members", "value": new}])))
            }
            2 => {
                let nested = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
                let text = body(json!([{"op": "add", "path": "displayName", "value": "NESTED"}]));
                run(group(Vec::new()), text.replacen("\"NESTED\"", &nested, 1))
            }
            _ => Err(format!("no such PATCH case: {case}")),
        }
    }

    fn run(mut resource: Value, text: String) -> Answer {
        let bytes = text.len();
        in_small_stack(bytes, move || {
            let options = PatchOptions::strict();
            let patch = PatchOp::from_json(text.as_bytes(), &options);
            let applied = patch.and_then(|patch| patch.apply(&mut resource, &ResourceSchemas::group(), &options));
            let accepted = applied.is_ok();
            if accepted {
                drop(resource.to_string());
            }
            accepted
        })
    }
}
